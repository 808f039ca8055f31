"""What somebody meets who puts several slots into one page from the documents alone: who gets a product that two slots
could show, how many each draws, what a preview shows, and what a refusal says."""

from __future__ import annotations

import logging
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from chalicelib import clock, keys
from chalicelib.domain.shop import Shop
from chalicelib.domain.slot import SLOTS
from chalicelib.domain.times import stamp
from chalicelib.routes import slots as door
from chalicelib.table import customers, shelf, shops
from chalicelib.work import page_words
from chalicelib.work.about import Pick
from chalicelib.work.compose import leads_to
from tests import letters
from tests.acme import MASTER, NOW
from tests.gateway import Answered, ask
from tests.storefront import PAGE, asks, bought, ids, items, learn, open_storefront, product, tea_shop
from tests.visiting import LAPTOP, Queue, tells

TEST_KEY = keys.test_key(MASTER, "acme")


@pytest.fixture
def shop(table: str) -> Shop:
    return tea_shop()


def on_page(answer: Answered) -> dict[str, list[str]]:
    assert answer.status == 200, answer.text
    return {slot["name"]: [item.get("product_id", "") for item in slot["items"]] for slot in answer.json["slots"]}


# --- a product that several slots could show ---


def test_what_is_hers_stands_in_her_slot_and_not_among_what_is_popular(shop: Shop) -> None:
    bought(shop, "1", 200, "cup", "honey")
    for slots in permutations(("buy-again", "popular")):
        found = on_page(asks(shop, ",".join(slots), "7"))
        assert found["buy-again"] == ["cup", "honey"]
        assert found["popular"] == ["tea", "biscuits"]


def test_who_gets_a_product_does_not_depend_on_the_order_asked_for(shop: Shop) -> None:
    bought(shop, "1", 60, "tea", "cup")
    bought(shop, "2", 200, "biscuits")
    asked = ("goes-with", "replenish", "buy-again", "new-for-you", "popular")
    found = [on_page(asks(shop, ",".join(some), "7", product="cup")) for some in list(permutations(asked))[::17]]
    assert all(one == found[0] for one in found)
    assert found[0] == {
        "goes-with": ["pot"],  # with the cup that the page shows
        "replenish": ["tea"],
        "buy-again": ["biscuits"],
        "new-for-you": ["honey"],
        "popular": [],
    }


def test_what_only_fills_a_slot_up_takes_nothing_from_a_slot_that_chose_it(shop: Shop) -> None:
    """Nothing goes with honey: what is popular fills that slot up, after her own and after `popular` itself."""
    bought(shop, "1", 200, "cup")
    found = on_page(asks(shop, "goes-with:2,buy-again,popular:1", "7", product="honey"))
    assert found == {"goes-with": ["biscuits"], "buy-again": ["cup"], "popular": ["tea"]}


def test_the_held_out_and_guests_see_popular_products_as_if_there_were_no_personal_slot(shop: Shop) -> None:
    bought(shop, "1", 200, "cup", "honey")
    guests = on_page(asks(shop, "buy-again,popular"))
    assert guests == {"buy-again": [], "popular": ["tea", "cup", "biscuits"]}


# --- how many each slot draws ---


@pytest.mark.parametrize(
    ("slots", "limit", "drawn"),
    [
        ("popular:1,buy-again", None, {"popular": 1, "buy-again": 2}),
        ("popular:1,buy-again:1", None, {"popular": 1, "buy-again": 1}),
        ("popular,buy-again:1", 2, {"popular": 2, "buy-again": 1}),
        (" popular : 24 , buy-again ", 1, {"popular": 2, "buy-again": 1}),
        ("popular:2,popular:2", None, {"popular": 2}),
        ("popular:1,buy-again:1,popular:2", None, {"popular": 2, "buy-again": 1}),
        ("popular:1,popular", 2, {"popular": 2}),
    ],
)
def test_each_slot_may_say_how_many_it_draws(shop: Shop, slots: str, limit: int | None, drawn: dict[str, int]) -> None:
    bought(shop, "1", 200, "pot", "biscuits")
    found = on_page(asks(shop, slots, "7", **({"limit": limit} if limit else {})))
    assert {name: len(found[name]) for name in found} == drawn


def test_a_message_slot_may_say_it_too(shop: Shop) -> None:
    bought(shop, "1", 40, "cup")
    node = customers.resolve(shop, "account:7", stamp(NOW)).node
    for name in ("f_1", "f_2"):
        shelf.put("acme", node.id, shelf.Shown(name, "Hello", stamp(NOW)))
    assert len(items(asks(shop, "messages:1,popular", "7"), "messages")) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        "popular:",
        "popular:0",
        "popular:25",
        "popular:-1",
        "popular:4.0",
        "popular:four",
        "popular:%D9%A3",
        "popular:4:5",
        "popular:" + "9" * 3000,
        ":4",
    ],
)
def test_a_number_that_is_none_is_refused_by_the_name_of_its_parameter(shop: Shop, wrong: str) -> None:
    answer = ask("GET", f"/v1/slots?key={shop.publishable_key}&slots={wrong}", {"Origin": PAGE})
    assert (answer.status, answer.json["field"]) == (400, "slots")
    assert "9" * 100 not in answer.text


def test_equal_questions_are_one_however_the_number_is_written(shop: Shop) -> None:
    asked = [
        ("popular,goes-with", {"limit": 4}),
        ("popular:4,goes-with:4", {}),
        ("popular:4,goes-with:4", {"limit": 20}),
        ("popular:04, goes-with", {"limit": 4}),
    ]
    assert len({asks(shop, slots, product="tea", **more).headers["etag"] for slots, more in asked}) == 1
    assert len({door._ask({"slots": slots, **{k: str(v) for k, v in more.items()}}) for slots, more in asked}) == 1


# --- preview ---


def preview(shop: Shop, slots: str, account: str | None = None, **more: Any) -> Answered:
    return asks(shop, slots, account, key=TEST_KEY, headers={"Origin": "http://localhost:3000"}, **more)


def test_samples_of_one_page_are_different_products_and_not_the_one_it_shows(shop: Shop) -> None:
    found = on_page(preview(shop, ",".join(SLOTS), product="tea", cart="cup", limit=4))
    products = [id for name, some in found.items() if name != "messages" for id in some]
    assert len(products) == len(set(products))
    assert not {"tea", "cup"} & set(products)
    assert {name: len(some) for name, some in found.items()} == {
        **dict.fromkeys(SLOTS, 4),
        "goes-with": 2,
        "popular": 1,
        "messages": 1,
    }


def test_where_no_sample_is_left_for_a_slot_it_gets_some_that_are_made_up(shop: Shop) -> None:
    names = [f"mug{n}" for n in range(10)]
    for name in names:
        product(shop, name)
    learn(shop, popular=dict.fromkeys(names, 20))
    found = on_page(preview(shop, "goes-with,buy-again,viewed"))
    assert {name: len(some) for name, some in found.items()} == {"goes-with": 8, "buy-again": 2, "viewed": 8}
    assert {*found["buy-again"]} < {*names}
    assert not {*found["viewed"]} & {*names}


def test_before_the_first_learning_too_no_sample_stands_twice(table: str) -> None:
    clock.use(lambda: NOW)
    shop = open_storefront()
    product(shop, "pot")
    found = on_page(preview(shop, "buy-again,goes-with,popular", product="pot"))
    products = [id for some in found.values() for id in some]
    assert [len(some) for some in found.values()] == [8, 8, 8]
    assert len(set(products)) == 24
    assert "pot" in products, "nothing else is known that has a picture"


def test_what_a_slot_chose_is_no_other_ones_sample(shop: Shop) -> None:
    found = preview(shop, "viewed:2,popular", product="honey")
    assert ids(found, "popular") == ["tea", "cup", "biscuits"]
    assert [item["why"]["code"] for item in items(found, "viewed")] == ["sample"] * 2
    assert not set(ids(found, "viewed")) & {"tea", "cup", "biscuits", "honey"}


@pytest.mark.parametrize("language", page_words.languages())
def test_a_preview_shows_a_message_that_says_it_is_a_sample(shop: Shop, language: str) -> None:
    (message,) = items(preview(shop, "messages", language=language), "messages")
    words = page_words.section(language, "slots")
    assert message == {
        "id": "sample",
        "title": words["sample_message_title"],
        "text": words["sample_message"],
        "url": "http://localhost:3000/",
        "rid": None,
    }
    assert "{" not in words["sample_message_title"] + words["sample_message"]


def test_her_own_messages_take_the_samples_place_and_nobody_else_sees_one(shop: Shop) -> None:
    bought(shop, "1", 40, "cup")
    assert [one["id"] for one in items(preview(shop, "messages", "7"), "messages")] == ["sample"]
    node = customers.resolve(shop, "account:7", stamp(NOW)).node
    shelf.put("acme", node.id, shelf.Shown("f_1", "The cup is back", stamp(NOW)))
    assert [one["id"] for one in items(preview(shop, "messages", "7"), "messages")] == ["f_1"]
    assert items(asks(shop, "messages"), "messages") == []


# --- what a message on the page leads to ---


@pytest.mark.parametrize(
    ("purpose", "urls", "leads"),
    [
        ("marketing", ["https://shop.acme.test/p/tea"], "https://shop.acme.test/p/tea"),
        ("transactional", ["https://shop.acme.test/p/tea"], "https://shop.acme.test/p/tea"),
        ("marketing", ["https://shop.acme.test/p/tea", "https://shop.acme.test/p/cup"], "https://toranj.test/"),
        ("marketing", ["javascript:alert(1)"], "https://toranj.test/"),
        ("marketing", [None], "https://toranj.test/"),
        ("marketing", [], "https://toranj.test/"),
        ("transactional", [], None),
    ],
)
def test_a_message_leads_to_its_one_product_else_to_the_shop_where_it_sells(
    purpose: str, urls: list[str | None], leads: str | None
) -> None:
    picks = tuple(Pick(str(number), "Tea", url) for number, url in enumerate(urls))
    assert leads_to(letters.about("en", purpose, picks=picks)) == leads


def test_without_an_address_of_the_shop_it_leads_nowhere() -> None:
    assert leads_to(letters.about("en", "marketing", picks=(), links={})) is None


# --- refusals ---


@pytest.mark.parametrize("key", ["pk_acme_" + "0" * 22, "pk_nobody_" + "0" * 22, "tk_acme_" + "0" * 22, "pk_acme_cut"])
def test_a_key_that_was_sent_and_opens_nothing_is_not_asked_for_again(shop: Shop, queue: Queue, key: str) -> None:
    for answer in (asks(shop, "popular", key=key), tells(shop, {"type": "forget"}, visitor=LAPTOP, key=key)):
        assert (answer.status, answer.json["field"]) == (401, "key")
        assert answer.json["detail"] == (
            "This key opens no shop here: it is cut off, mistyped or of another installation. "
            "`add-shop --dry-run` prints the right one."
        )


@pytest.mark.parametrize("key", ["", "acme", "AIzaSy", "\u2603"])
def test_what_is_no_key_at_all_is_told_what_one_looks_like(shop: Shop, key: str) -> None:
    assert asks(shop, "popular", key=key).json["detail"] == "Send the shop's publishable key: key=pk_…"


def test_a_shop_that_is_gone_answers_as_one_that_never_was(shop: Shop, queue: Queue) -> None:
    never = asks(shop, "popular", key="pk_nobody_" + "0" * 22)
    gone = asks(shop, "popular", key=keys.publishable_key(MASTER, "nobody"))
    assert (gone.status, gone.text) == (never.status, never.text)


@pytest.mark.parametrize(
    ("origin", "told"),
    [
        ("http://localhost:8470", "http://localhost:8470 is none of this shop's origins"),
        ("https://" + "a" * 200 + ".test", "https://" + "a" * 52 + " is none of this shop's origins"),
        ("null", "This page has no origin"),
        ("gopher://x", "This origin is none of this shop's origins"),
        ("https://x.test\u202e<b>", "This origin is none of this shop's origins"),
    ],
)
def test_a_page_that_may_not_ask_is_told_which_origin_came(
    shop: Shop, queue: Queue, origin: str, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        answers = [
            asks(shop, "popular", headers={"Origin": origin}),
            tells(shop, {"type": "forget"}, visitor=LAPTOP, headers={"Origin": origin}),
        ]
    for answer in answers:
        assert answer.status == 403
        assert answer.json["detail"].startswith(told)
        assert "add-shop --origin" in answer.json["detail"]
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["cache-control"] == "no-store"
        reflected = [name for name, value in answer.headers.items() if origin in value]
        assert set(reflected) <= {"access-control-allow-origin"}
    assert origin not in " ".join(repr(record.__dict__) for record in caplog.records)


def test_a_server_that_tells_events_hears_that_only_pages_do(shop: Shop, queue: Queue) -> None:
    answer = tells(shop, {"type": "forget"}, visitor=LAPTOP, headers={"Origin": None})
    assert answer.status == 403
    assert answer.json["detail"].startswith("No Origin came with it: events are told by pages")
    assert asks(shop, "popular", headers={"Origin": ""}).status == 200


def test_that_the_shop_is_off_comes_before_where_the_page_is(shop: Shop) -> None:
    shops.put(replace(shop, state="off"))
    assert asks(shop, "popular", headers={"Origin": "https://evil.test"}).json["detail"] == "This shop is switched off."
