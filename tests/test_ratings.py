"""How it was: one click and perhaps a sentence. What a scanner follows stores nothing; few stars end selling for a
while and give the owner something to do."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from chalice.test import Client

from app import app
from chalicelib import clock, keys
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.settings import settings
from chalicelib.table import base, customers, follow_ups, ratings, shops, tasks
from chalicelib.work import aws, privacy, read_tasks
from chalicelib.work import ratings as work
from chalicelib.work.export import export
from tests.gateway import Answered, ask, partner
from tests.post_office import MASTER, NOON, PostOffice, open_office, order

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
DAY = timedelta(days=1)
LANGUAGES = ("ar", "de", "en", "es", "fa", "fr")


@pytest.fixture
def office(table: str, monkeypatch: pytest.MonkeyPatch) -> PostOffice:
    office = open_office()
    monkeypatch.setattr(aws, "journal", lambda: office.journal.__setitem__)
    office.sell(order(18))
    clock.use(lambda: office.now)
    return office


def her(office: PostOffice) -> str:
    return customers.look_up(office.shop, "email:sara@example.test")[0]


def path(office: PostOffice, number: str = "18", follow_up: str = "", days: int = 400) -> str:
    link = keys.Link("acme", her(office), follow_up or follow_ups.follow_up_id(number, "how-was-it", "mail"))
    return f"/r/{keys.link_token(settings().master, 'rating', link, NOON + timedelta(days=days))}"


def get(target: str) -> Any:
    with Client(app) as client:
        return client.http.get(target)


def rate(office: PostOffice, stars: object, words: str = "", number: str = "18") -> str:
    with Client(app) as client:
        body = urlencode({"stars": stars, "words": words}).encode()
        return str(client.http.post(path(office, number), headers=FORM, body=body).body.decode())


def row(number: str = "18") -> Any:
    return ratings.read("acme", number)


def note(office: PostOffice, name: str) -> str | None:
    return customers.read("acme", her(office)).node.contact.note(name)


def open_tasks(state: str = "open") -> list[dict[str, Any]]:
    shop = shops.get("acme")
    assert shop
    return read_tasks.listed(shop, state, 10, None).items


# --- the page --------------------------------------------------------------------------------------------------------


def test_following_the_five_links_stores_nothing(office: PostOffice) -> None:
    for stars in (1, 2, 3, 4, 5):
        shown = get(f"{path(office)}?stars={stars}").body.decode()
        assert re.findall(r'value="(\d)"[^>]* checked', shown) == [str(stars)]
    assert row() is None
    assert open_tasks() == []


@pytest.mark.parametrize("query", ["", "?stars=0", "?stars=6", "?stars=%D9%A3", "?stars=<b>", "?x=1"])
def test_without_a_star_that_counts_none_is_chosen_and_nothing_is_sent(office: PostOffice, query: str) -> None:
    answer = get(path(office) + query)
    assert answer.status_code == 200
    assert b" checked" not in answer.body.partition(b"</style>")[2]
    assert b"<script" not in answer.body


def test_the_page_sends_itself_where_nothing_is_stored_yet_and_only_this_script_may_run(office: PostOffice) -> None:
    answer = get(path(office) + "?stars=4")
    script = re.search(r"<script>(.*?)</script>", answer.body.decode(), re.DOTALL)
    assert script
    assert _digest(script[1]) in answer.headers["Content-Security-Policy"]
    rate(office, 4)
    assert b"<script" not in get(path(office) + "?stars=4").body
    changing = get(path(office) + "?stars=1").body.decode()
    assert "<script" not in changing
    assert "Save the change" in changing
    assert row().stars == 4


def _digest(text: str) -> str:
    import base64
    import hashlib

    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_one_click_is_kept_with_the_order(office: PostOffice) -> None:
    said = rate(office, 5)
    assert "How nice that you like it" in said
    held = row()
    assert (held.stars, held.words, held.at, held.first_at, held.customer, held.language) == (
        *(5, None, stamp(NOON), stamp(NOON)),
        *(her(office), "en"),
    )
    assert note(office, "answered:email") == stamp(NOON)
    assert note(office, "no_selling_until") is None
    assert open_tasks() == []


def test_rating_brings_the_orders_follow_ups_in_line(office: PostOffice) -> None:
    told: list[tuple[str, str]] = []
    opened = work.open_rating(path(office).removeprefix("/r/"), NOON, settings().master)

    def replan(shop: Shop, order_id: str, now: Any) -> None:
        assert row(order_id).stars == 5  # what is planned rests on what is stored
        told.append((shop.slug, order_id))

    assert [work.rate(opened, 5, "", NOON, replan) for _ in range(2)] == ["stored", "duplicate"]
    assert told == [("acme", "18")] * 2  # again, should the first try have died in between


def test_a_sentence_is_added_and_stars_are_changed_for_thirty_days(office: PostOffice) -> None:
    rate(office, 3)
    office.now = NOON + 29 * DAY
    rate(office, 4, "  Lovely\r\nbowl‮ ☕  ")
    assert (row().stars, row().words, row().at, row().first_at) == (
        *(4, "Lovely bowl ☕", stamp(NOON + 29 * DAY)),
        stamp(NOON),
    )
    assert b"already written something" in get(path(office)).body
    rate(office, 4)
    assert row().words == "Lovely bowl ☕"
    office.now = NOON + 30 * DAY
    assert "can no longer be changed" in rate(office, 1, "Broken")
    assert (row().stars, row().words) == (4, "Lovely bowl ☕")
    assert open_tasks() == []


def test_whoever_has_the_mail_does_not_read_what_she_wrote(office: PostOffice) -> None:
    said = rate(office, 4, "My mother is ill")
    assert "mother" not in said + get(path(office)).body.decode()


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("x" * 2000, "x" * 1000),
        ("می‌خواهم", "می‌خواهم"),
        ("بسيار جيد", "بسيار جيد"),
        ("a\x00b\x1bc", "a b c"),
        ("\ud800 ok", "? ok"),
        ("<b>", "<b>"),
        ("   ", ""),
        ("😀" * 1200, "😀" * 1000),
    ],
)
def test_a_sentence_is_plain_text_of_a_bounded_length(said: str, kept: str) -> None:
    assert work.cleaned(said) == kept


@pytest.mark.parametrize("stars", ["", "0", "6", "1.5", "-1", "٣", "five", "1" * 50])
def test_what_is_no_number_of_stars_stores_nothing(office: PostOffice, stars: str) -> None:
    assert "How was it?" in rate(office, stars)
    assert row() is None


@pytest.mark.parametrize("follow_up", ["f_x", "", follow_ups.follow_up_id("77", "how-was-it", "mail")])
def test_a_link_about_no_order_of_the_shop_opens_nothing(office: PostOffice, follow_up: str) -> None:
    link = keys.Link("acme", her(office), follow_up)
    token = keys.link_token(settings().master, "rating", link, NOON + DAY)
    assert get(f"/r/{token}?stars=5").status_code == 404


def test_an_old_or_foreign_link_opens_nothing(office: PostOffice) -> None:
    assert get(path(office, days=-1)).status_code == 404
    foreign = keys.link_token(MASTER, "rating", keys.Link("acme", her(office), "f_x"), NOON + DAY)
    assert get(f"/r/{foreign}").status_code == 404
    assert get(path(office).replace("/r/", "/m/")).status_code == 404


def test_who_likes_it_may_be_shown_where_to_say_so(office: PostOffice) -> None:
    shops.put(replace(office.shop, review_url="https://reviews.test/acme?a=1&b=2"))
    assert "reviews.test" not in rate(office, 3)
    assert 'href="https://reviews.test/acme?a=1&amp;b=2"' in rate(office, 4)
    shops.put(replace(office.shop, review_url="javascript:alert(1)"))
    assert "javascript:" not in rate(office, 5)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_stands_in_every_language_for_every_number_of_stars(office: PostOffice, language: str) -> None:
    shops.put(replace(office.shop, locale=language))
    for shown in (get(path(office) + "?stars=2").body.decode(), *(rate(office, stars) for stars in range(1, 6))):
        assert f'<html lang="{language}"' in shown
        assert not re.search(r"\{\w*\}|\{\{|\{%|None", shown.split("</style>")[1])


# --- few stars -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stars", [1, 2])
def test_few_stars_end_selling_for_sixty_days_and_open_one_task(office: PostOffice, stars: int) -> None:
    rate(office, stars)
    assert note(office, "no_selling_until") == stamp(NOON + 60 * DAY)
    office.now += DAY
    rate(office, stars, "It came broken")
    (task,) = open_tasks()
    assert (task["kind"], task["order_id"], task["at"]) == ("rating", "18", stamp(NOON))
    assert task["text"].startswith(f"Order 18 was rated {stars} of 5")
    assert task["rating"]["words"] == "It came broken"
    assert note(office, "no_selling_until") == stamp(NOON + 60 * DAY)


def test_better_stars_end_what_few_had_begun_and_the_task_says_so(office: PostOffice) -> None:
    rate(office, 1)
    office.now += DAY
    rate(office, 5)
    assert note(office, "no_selling_until") == stamp(NOON + DAY)
    (task,) = open_tasks()
    assert task["text"] == "Order 18 was rated low at first, now 5 of 5."


def test_better_stars_for_one_order_do_not_end_what_another_began(office: PostOffice) -> None:
    office.sell(order(19))
    rate(office, 1)
    office.now += DAY
    rate(office, 2, number="19")
    office.now += DAY
    rate(office, 5)
    assert note(office, "no_selling_until") == stamp(NOON + DAY + 60 * DAY)


def test_a_task_that_is_done_is_not_opened_again_by_a_repeat(office: PostOffice) -> None:
    rate(office, 1)
    (task,) = open_tasks()
    assert read_tasks.put(office.shop, task["id"], "done", NOON)
    office.now += DAY
    rate(office, 2)
    assert open_tasks() == []


def test_the_task_is_told_in_the_shops_language(office: PostOffice) -> None:
    shops.put(replace(office.shop, locale="fa-IR"))
    rate(office, 1)
    (task,) = open_tasks()
    assert "۱۸" in task["text"]


# --- tasks in the partner API ----------------------------------------------------------------------------------------


@pytest.fixture
def key(office: PostOffice) -> str:
    secret = keys.secret_key(settings().master, "acme")
    shops.put(replace(office.shop, secret_key_hash=keys.hash_secret_key(secret)))
    return secret


def tell(key: str, task: str, body: bytes, kind: str = "application/json") -> Answered:
    return ask("POST", f"/v1/tasks/{task}", {"Authorization": f"Bearer {key}", "Content-Type": kind}, body)


def test_tasks_are_listed_by_the_page_and_closed(office: PostOffice, key: str) -> None:
    office.shop = shops.get("acme") or office.shop
    for number in ("19", "20"):
        office.sell(order(number))
    for number in ("18", "19", "20"):
        office.now += DAY
        rate(office, 1, number=number)
    get_ = partner(key)
    first = get_("/v1/tasks", state="open", limit=2).json
    assert [task["order_id"] for task in first["items"]] == ["18", "19"]
    rest = get_("/v1/tasks", state="open", limit=2, cursor=first["next"]).json
    assert ([task["order_id"] for task in rest["items"]], rest["next"]) == (["20"], None)
    closed = tell(key, first["items"][0]["id"], b'{"state": "done"}')
    assert (closed.status, closed.json["state"], closed.json["done_at"]) == (200, "done", stamp(office.now))
    assert tell(key, first["items"][0]["id"], b'{"state": "done"}').json == closed.json
    assert [task["order_id"] for task in get_("/v1/tasks").json["items"]] == ["19", "20"]
    assert [task["order_id"] for task in get_("/v1/tasks", state="done").json["items"]] == ["18"]
    assert tell(key, first["items"][0]["id"], b'{"state": "open"}').json["done_at"] is None
    assert len(get_("/v1/tasks").json["items"]) == 3


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (b'{"state": "gone"}', 400, "state"),
        (b"{}", 400, "state"),
        (b'{"state": "done", "text": "x"}', 400, "text"),
        (b"[]", 400, "body"),
        (b"", 400, "body"),
        (b"[" * 60_000, 400, "body"),
        (b'{"state": ["done"]}', 400, "state"),
        (b"x" * 70_000, 413, None),
    ],
)
def test_a_body_that_says_something_else_changes_nothing(
    office: PostOffice, key: str, body: bytes, status: int, field: str | None
) -> None:
    rate(office, 1)
    (task,) = open_tasks()
    answer = tell(key, task["id"], body)
    assert (answer.status, answer.json.get("field")) == (status, field)
    assert open_tasks() == [task]


def test_a_task_of_another_shop_or_of_none_is_not_found(office: PostOffice, key: str) -> None:
    for unknown in ("t_x", "x", read_tasks.shown("c_1", "rating-1"), "t_", "%F0%9F%98%80"):
        assert tell(key, unknown, b'{"state": "done"}').status == 404
    assert partner(key)("/v1/tasks", state="all").json["field"] == "state"


def test_ids_with_signs_of_their_own_stay_apart(office: PostOffice) -> None:
    """An order may be called what it likes: a `#` in it must not point elsewhere."""
    for name in ("a#b", "a%23b", "ü/1"):
        task = tasks.new("acme", "c_1", name)
        task.about, task.text, task.state, task.at = "flow", name, "open", stamp(NOON)
        base.commit(tasks.writes(task, None))
    shop = shops.get("acme")
    assert shop
    listed = read_tasks.listed(shop, "open", 10, None).items
    assert sorted(one["text"] for one in listed) == sorted(("a#b", "a%23b", "ü/1"))
    for one in listed:
        assert (read_tasks.put(shop, one["id"], "done", NOON) or {})["text"] == one["text"]
    assert open_tasks() == []


# --- her rights ------------------------------------------------------------------------------------------------------


def test_her_data_holds_what_she_said(office: PostOffice) -> None:
    rate(office, 1, "It came broken")
    told = export(office.shop, her(office), office.now)
    assert told["ratings"] == [{"order_id": "18", "stars": 1, "words": "It came broken", "at": stamp(NOON)}]
    assert [task["order_id"] for task in told["tasks"]] == ["18"]
    assert told["contacts"][0]["notes"]["no_selling_until"]["value"] == stamp(NOON + 60 * DAY)


def test_erased_the_stars_stay_with_the_order_and_what_she_wrote_goes(office: PostOffice) -> None:
    rate(office, 1, "It came broken")
    link, node = path(office), her(office)
    privacy.erase(office.shop, node, office.now, lambda key, data: None)
    assert (row().stars, row().words, row().customer) == (1, None, None)
    assert open_tasks() == []
    assert tasks.of_customer("acme", node) == []
    assert customers.read("acme", node).node.contact.notes == {}
    with Client(app) as client:
        assert client.http.post(link, headers=FORM, body=b"stars=5").status_code == 404
    assert row().stars == 1


def test_a_reader_of_the_order_sees_its_rating(office: PostOffice) -> None:
    """The row lies in the order's partition: whoever reads the order must know the row's kind."""
    from chalicelib.table import orders

    rate(office, 4, "Nice")
    held = orders.read("acme", "18").rating
    assert held
    assert (held.stars, held.words) == (4, "Nice")


def test_her_story_tells_how_it_was(office: PostOffice, key: str) -> None:
    rate(office, 4, "Lovely <b>")
    told = partner(key)(f"/v1/customers/{her(office)}/timeline").json["items"]
    assert [one["text"] for one in told if one["kind"] == "order_rated"] == ["Order 18 rated 4 of 5: “Lovely <b>”"]
