"""My orders, my data, erase me: behind a link that goes to the stored address alone and works for fifteen minutes."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from chalice.test import Client

from app import app
from chalicelib import channels, clock, keys
from chalicelib.channels import Message, Receipt
from chalicelib.domain.events import AccountSeen
from chalicelib.domain.order import Buyer, Line
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.settings import settings
from chalicelib.table import access_asked, audit, base, customers, shops, suppression
from chalicelib.work import aws, page_words, read_mine, self_service, take_account
from tests.post_office import NOON, PostOffice, open_office, order

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
MINUTE = timedelta(minutes=1)
URL = "https://ecrm.acme.test"
LANGUAGES = ("ar", "de", "en", "es", "fa", "fr")
SAME = "If we have an e-mail address for you"


@pytest.fixture
def office(table: str, monkeypatch: pytest.MonkeyPatch) -> PostOffice:
    office = open_office()
    monkeypatch.setattr(aws, "journal", lambda: office.journal.__setitem__)
    monkeypatch.setattr(aws, "outbox", lambda: office.queue.extend)
    office.sell(order())
    clock.use(lambda: office.now)
    return office


def her(office: PostOffice, email: str = "sara@example.test") -> str:
    return customers.look_up(office.shop, f"email:{email}")[0]


def ask(office: PostOffice, node: str = "") -> str:
    """She presses the button of the preference page that a mail links to; what it says."""
    link = keys.Link("acme", node or her(office), "f_x")
    token = keys.link_token(settings().master, "preferences", link, office.now + timedelta(days=30))
    return str(post(f"/m/{token}", do="mine").body.decode())


def mailed(office: PostOffice) -> list[Message]:
    """What goes out for the requests that wait on the outbox."""
    taken: list[Message] = []

    def deliver(shop: Shop, kind: str, message: Message) -> Receipt:
        taken.append(message)
        return Receipt("ses-1")

    while office.queue:
        send(office, json.loads(office.queue.pop(0)[1]), deliver)
    return taken


def send(office: PostOffice, told: Any, deliver: Any) -> str:
    asked = told["access"]
    return self_service.send_access(
        office.shop, asked["customer"], asked["at"], office.now, deliver, URL, settings().master
    )


def path_of(message: Message) -> str:
    found = re.search(r"https://ecrm\.acme\.test(/my/[\w.-]+)", message.text)
    assert found
    return found[1]


def mine(office: PostOffice, node: str = "") -> str:
    """The address of her own page, as it stands in the mail she gets."""
    ask(office, node)
    (message,) = mailed(office)
    return path_of(message)


def get(path: str) -> Any:
    with Client(app) as client:
        return client.http.get(path)


def post(path: str, **fields: str) -> Any:
    with Client(app) as client:
        return client.http.post(path, headers=FORM, body=urlencode(fields).encode())


# --- asking for the link ---------------------------------------------------------------------------------------------


def test_the_link_goes_to_the_stored_address_and_to_no_other(office: PostOffice) -> None:
    link = keys.link_token(settings().master, "preferences", keys.Link("acme", her(office), "f_x"), office.now + MINUTE)
    post(f"/m/{link}", do="mine", email="thief@example.test", address="thief@example.test", to="thief@example.test")
    (message,) = mailed(office)
    assert message.to == "sara@example.test"
    assert message.sender == "Acme <shop@acme.test>"
    assert "thief" not in message.html + message.text
    assert message.headers == {"Content-Language": "en", "Auto-Submitted": "auto-generated"}
    assert path_of(message) in message.html


def test_the_answer_is_the_same_whether_there_is_an_address_or_not(office: PostOffice) -> None:
    office.sell(order(2, buyer=Buyer(phone="+4915112345678", name="Ava")))
    by_phone = customers.look_up(office.shop, "phone:+4915112345678")[0]
    heard = [ask(office), ask(office, by_phone), ask(office, "c_nobody")]
    assert all(SAME in said for said in heard)
    assert len(mailed(office)) == 1


def test_she_gets_three_links_an_hour_at_most_and_is_told_nothing_of_it(office: PostOffice) -> None:
    assert [SAME in ask(office) for _ in range(5) if not _a_minute_later(office)] == [True] * 5
    assert len(mailed(office)) == 3
    office.now += timedelta(minutes=58)
    ask(office)
    assert len(mailed(office)) == 1


def _a_minute_later(office: PostOffice) -> None:
    office.now += MINUTE


def test_two_names_of_one_person_count_as_one(office: PostOffice) -> None:
    account = Buyer(account="7", email="sara@example.test")
    office.sell(order(3, buyer=account))
    take_account.see(office.shop, AccountSeen(account, "2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z", ()), NOON)
    nodes = [*customers.look_up(office.shop, "email:sara@example.test"), her(office)]
    assert len(set(nodes)) == 2
    for _ in range(3):
        for node in set(nodes):
            _a_minute_later(office)
            ask(office, node)
    assert len(mailed(office)) == 3


def test_a_request_is_answered_once_however_often_the_queue_brings_it(office: PostOffice) -> None:
    ask(office)
    told = json.loads(office.queue.pop()[1])
    sent: list[Message] = []
    deliver = lambda shop, kind, message: sent.append(message) or Receipt("ses-1")  # noqa: E731
    assert [send(office, told, deliver) for _ in range(3)] == ["sent", "ignored", "ignored"]
    assert len(sent) == 1


def test_a_message_that_nobody_asked_for_on_the_page_sends_nothing(office: PostOffice) -> None:
    told = {"access": {"customer": her(office), "at": stamp(office.now)}}
    assert send(office, told, None) == "ignored"


def test_what_the_provider_could_not_take_is_tried_again_what_may_have_gone_out_is_not(office: PostOffice) -> None:
    ask(office)
    told = json.loads(office.queue.pop()[1])

    def raising(error: Exception) -> Any:
        def deliver(*args: Any) -> Receipt:
            raise error

        return deliver

    with pytest.raises(channels.Trouble):
        send(office, told, raising(channels.Trouble("throttled")))
    assert send(office, told, raising(channels.Unclear("timeout"))) == "unclear"
    assert send(office, told, None) == "ignored"


def test_no_link_goes_to_an_address_that_bounced_or_to_somebody_erased(office: PostOffice) -> None:
    ask(office)
    suppression.add(office.shop, "email:sara@example.test", "bounce", stamp(NOON))
    assert mailed(office) == []


def test_a_friends_address_left_with_an_order_gets_no_link(office: PostOffice) -> None:
    """Her account ordered a gift with the friend's address; the account's own address is where the link goes."""
    account = Buyer(account="7", email="leyla@example.test", name="Leyla")
    office.sell(order(4, buyer=account))
    office.sell(order(5, at=NOON + MINUTE, buyer=replace(account, email="friend@example.test")))
    node = her(office, "friend@example.test")
    assert her(office, "leyla@example.test") == node
    ask(office, node)
    assert mailed(office) == []
    seen = AccountSeen(replace(account), "2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z", ())
    take_account.see(office.shop, seen, NOON)
    ask(office, node)
    assert [message.to for message in mailed(office)] == ["leyla@example.test"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_mail_with_the_link_is_written_in_her_language(office: PostOffice, language: str) -> None:
    shops.put(replace(office.shop, locale=language))
    office.shop = replace(office.shop, locale=language)
    ask(office)
    (message,) = mailed(office)
    assert message.headers["Content-Language"] == language
    assert path_of(message)
    assert message.subject
    assert get(path_of(message)).status_code == 200


def test_the_function_that_sends_follow_ups_sends_the_link(office: PostOffice) -> None:
    shop = replace(office.shop, importing=True)  # waits for no marketing rule
    shops.put(shop)
    ask(office)
    office.work_off()
    (message,) = office.taken
    assert (message.to, message.id.startswith("access_")) == ("sara@example.test", True)


def test_a_link_that_could_not_be_sent_stays_on_the_queue(office: PostOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    from chalicelib.work import send as work

    ask(office)
    body = office.queue.pop()[1]

    def throttled(*_: Any) -> Receipt:
        raise channels.Trouble("throttled")

    for deliver, failed in ((throttled, [{"itemIdentifier": "m"}]), (office.deliver, [])):
        monkeypatch.setattr(office, "deliver", deliver)
        told = work.handle({"Records": [{"messageId": "m", "body": body}]}, office.now, office.sending())
        assert told == {"batchItemFailures": failed}
    assert len(office.taken) == 1


# --- the page --------------------------------------------------------------------------------------------------------


def test_the_page_shows_her_orders_and_nobody_elses(office: PostOffice) -> None:
    office.sell(order(2, at=NOON + MINUTE, total=1234567, lines=(Line("p2", None, "L", "Lamp", 2, 1, 1),)))
    office.sell(order(3, email="zahra@example.test", lines=(Line("p3", None, "S", "Secret", 1, 1, 1),)))
    shown = get(mine(office)).body.decode()
    assert re.findall(r"Order (\d)", shown) == ["2", "1"]
    assert "€12,345.67" in shown
    assert "2 × Lamp" in shown
    assert "State: paid" in shown
    assert "November 2, 2026" in shown
    assert "Secret" not in shown


def test_the_link_works_for_fifteen_minutes_and_nothing_on_the_page_longer(office: PostOffice) -> None:
    path = mine(office)
    shown = get(path).body.decode()
    assert set(re.findall(r'(?:href|action)="([^"]*)"', shown)) == {"?show=erase"}
    office.now += timedelta(minutes=14, seconds=59)
    assert get(path).status_code == 200
    office.now += timedelta(seconds=1)
    for answer in (get(path), get(path + "?show=erase"), post(path, do="data"), post(path, do="erase", sure="yes")):
        assert answer.status_code == 404
    assert customers.read("acme", her(office)).node.erased_at is None


def test_a_preference_link_opens_no_orders(office: PostOffice) -> None:
    link = keys.Link("acme", her(office), "f_x")
    for purpose in ("preferences", "unsubscribe", "rating"):
        token = keys.link_token(settings().master, purpose, link, office.now + MINUTE)
        assert get(f"/my/{token}").status_code == 404
    stretched = mine(office)[:-3] + "abc"
    assert get(stretched).status_code == 404


def test_the_link_ends_when_the_address_is_no_longer_hers(office: PostOffice) -> None:
    account = Buyer(account="7", email="leyla@example.test", name="Leyla")
    office.sell(order(4, buyer=account))
    take_account.see(office.shop, AccountSeen(account, "2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z", ()), NOON)
    path = mine(office, her(office, "leyla@example.test"))
    assert get(path).status_code == 200
    moved = replace(account, email="new@example.test")
    take_account.see(office.shop, AccountSeen(moved, "2026-01-02T00:00:00Z", "2026-11-02T00:00:00Z", ()), NOON)
    assert get(path).status_code == 404


def test_her_data_comes_as_a_file_and_is_noted(office: PostOffice) -> None:
    path = mine(office)
    answer = post(path, do="data")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="acme-my-data.json"'
    assert answer.headers["Cache-Control"] == "no-store"
    told = json.loads(answer.body)
    assert told["customer"]["emails"] == ["sara@example.test"]
    assert [one["who"] for one in _audited()] == ["customer"]


def _audited() -> list[dict[str, str]]:
    return [{"who": entry.who, "what": entry.what} for entry in audit.of_month("acme", "2026-11")]


def test_data_beyond_what_an_answer_may_hold_is_said_so(office: PostOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    from chalicelib.routes import my_pages

    monkeypatch.setattr(my_pages, "LARGEST_ANSWER", 100)
    assert b"more than can be sent here" in post(mine(office), do="data").body


def test_erasing_says_what_goes_and_what_stays_and_wants_a_tick(office: PostOffice) -> None:
    path = mine(office)
    asked = get(path + "?show=erase").body.decode()
    assert "What goes" in asked
    assert "What stays" in asked
    assert "Please tick the box first" in post(path, do="erase").body.decode()
    assert customers.read("acme", her(office)).node.erased_at is None


def test_erasing_shows_a_receipt_and_the_same_one_again(office: PostOffice) -> None:
    node = her(office)
    path = mine(office)
    first = post(path, do="erase", sure="yes").body.decode()
    assert "Your data is erased" in first
    assert node in first
    assert customers.read("acme", node).node.erased_at
    office.now += MINUTE
    assert post(path, do="erase", sure="yes").body.decode() == first
    for answer in (get(path), get(path + "?show=erase"), post(path, do="data")):
        assert b"We no longer know you" in answer.body
    assert base.first(access_asked.AccessRow, base.partition("acme", "C", node), access_asked.KEY) is None


def test_a_name_or_title_from_outside_is_text(office: PostOffice) -> None:
    line = Line("p", None, "x", "<script>alert(1)</script>", 1, 1, 1)
    office.sell(replace(order(2), number="<b>2", lines=(line,)))
    shown = get(mine(office)).body.decode()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


def test_who_bought_for_years_sees_the_newest(office: PostOffice) -> None:
    for number in range(2, 40):
        office.sell(order(number, at=NOON - timedelta(days=40 - number)))
    shown = get(mine(office)).body.decode()
    assert shown.count("<article") == read_mine.MOST_ORDERS
    assert "The newest 30 are shown" in shown


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "paid"),
        ({"status": "pending", "payment": "none"}, "waiting"),
        ({"payment": "none", "paid_at": None}, "placed"),
        ({"fulfilment": "fulfilled"}, "fulfilled"),
        ({"status": "completed", "fulfilment": "delivered"}, "delivered"),
        ({"status": "completed"}, "completed"),
        ({"status": "cancelled", "fulfilment": "fulfilled"}, "cancelled"),
        ({"payment": "refunded", "fulfilment": "fulfilled"}, "refunded"),
        ({"status": "failed"}, "failed"),
    ],
)
def test_an_orders_state_is_the_word_that_says_most(changes: dict[str, Any], state: str) -> None:
    assert read_mine.state_of(order(**changes)) == state
    assert all(f"state_{state}" in page_words.section(language, "mine") for language in LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_of_hers_stands_in_every_language(office: PostOffice, language: str) -> None:
    shops.put(replace(office.shop, locale=language))
    office.shop = replace(office.shop, locale=language)
    path = mine(office)
    pages = [get(path), get(path + "?show=erase"), post(path, do="erase"), post(path, do="erase", sure="yes")]
    for answer in pages:
        shown = answer.body.decode()
        assert f'<html lang="{language}"' in shown
        assert not re.search(r"\{\w*\}|\{\{|\{%|None", shown.split("</style>")[1])
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_no_log_holds_the_token(office: PostOffice, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    path = mine(office)
    get(path)
    office.now += timedelta(hours=1)
    get(path)
    assert path.rpartition("/")[2] not in caplog.text
