"""Where the storefront's answers could go wrong: many messages, linked accounts, long carts, odd callers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest

from chalicelib import clock, keys
from chalicelib.domain.browsing import Recent
from chalicelib.domain.order import Buyer
from chalicelib.domain.shop import Shop
from chalicelib.domain.slot import SLOTS, Ask
from chalicelib.domain.times import stamp
from chalicelib.routes import limits, storefront
from chalicelib.routes.problems import Problem
from chalicelib.table import base, customers, lean, learnt, shelf, shops, visits
from chalicelib.thin import Thin, Trouble
from chalicelib.work import remembered
from chalicelib.work import slots as work
from chalicelib.work.slot_sources import Model
from tests.acme import MASTER, NOW, see_account
from tests.gateway import ask
from tests.storefront import MINA, PAGE, asks, bought, ids, items, learn, open_storefront, product, reads, token

GUEST = Buyer(email="mina@example.test")


@pytest.fixture
def shop(table: str) -> Shop:
    clock.use(lambda: NOW)
    found = open_storefront()
    for id in ("tea", "cup", "ring", "card"):
        product(found, id)
    learn(found, popular={"tea": 40, "cup": 9}, together={"tea": [("cup", 12)]})
    return found


def with_share(shop: Shop, share: str) -> Shop:
    changed = replace(shop, treated_share=share)
    shops.put(changed)
    remembered.forget_everything()
    return changed


# --- what is shown ---------------------------------------------------------------------------------------------------


def test_what_a_country_buys_comes_in_that_countrys_order(shop: Shop) -> None:
    """Nearly everything popular in a country is popular in the shop too, in another order."""
    popular = {"*": [["tea", 90], ["cup", 50], ["ring", 20], ["card", 5]], "IR": [["card", 4], ["ring", 3]]}
    learnt.put_model("acme", {"learned_at": stamp(NOW), "popular": popular})
    answer = asks(shop, "popular", country="IR")
    assert ids(answer, "popular") == ["card", "ring", "tea", "cup"]
    assert items(answer, "popular")[1]["why"]["params"] == {"buyers": "3+"}


def test_a_category_shows_what_its_country_buys_however_little_that_is_elsewhere(shop: Shop) -> None:
    product(shop, "ring", categories=("Gifts",), updated_at="2026-11-20T10:00:00Z")
    many = [[f"p{n}", 900 - n] for n in range(400)]
    learnt.put_model("acme", {"learned_at": stamp(NOW), "popular": {"*": many, "IR": [["ring", 3]]}})
    assert ids(asks(shop, "popular", category="Gifts", country="IR"), "popular") == ["ring"]


def test_slots_beside_it_leave_something_for_the_last(shop: Shop) -> None:
    many = {f"p{n}": 100 - n for n in range(12)}
    for id in many:
        product(shop, id)
    learn(shop, popular=many)
    bought(shop, "1", 40, "ring")
    answer = asks(shop, "popular,goes-with,new-for-you", "7", limit=2)
    assert [len(slot["items"]) for slot in answer.json["slots"]] == [2, 2, 2]


def test_many_messages_hide_neither_her_nor_her_orders(shop: Shop) -> None:
    bought(shop, "1", 40, "ring")
    node = customers.resolve(shop, "account:7", stamp(NOW)).node
    for n in range(120):
        shelf.put("acme", node.id, shelf.Shown(f"f_{n:03d}", "Hello", stamp(NOW - timedelta(minutes=n))))
    answer = asks(shop, "messages,buy-again", "7")
    assert ids(answer, "buy-again") == ["ring"]
    assert len(items(answer, "messages")) == 8


def test_looks_older_than_what_is_kept_of_them_are_not_shown(shop: Shop) -> None:
    bought(shop, "1", 40, "ring")
    node = customers.resolve(shop, "account:7", stamp(NOW)).node
    old, late = stamp(NOW - timedelta(days=91)), stamp(NOW - timedelta(days=89))
    looked = Recent((("cup", late), ("tea", old)))
    base.commit([visits.write_recent("acme", node.id, visits.Held(Recent(), None), looked, NOW)])
    assert ids(asks(shop, "viewed", "7"), "viewed") == ["cup"]


def test_samples_for_a_theme_do_not_read_the_whole_shop(shop: Shop) -> None:
    learn(shop, popular={f"p{n}": 2000 - n for n in range(1000)})
    remembered.forget_everything()
    with reads() as found:
        asks(shop, ",".join(SLOTS), key=keys.test_key(MASTER, "acme"))
    assert found.count("BatchGetItem") <= 2


# --- arms ------------------------------------------------------------------------------------------------------------


def test_an_account_has_the_arm_that_its_address_was_given(shop: Shop) -> None:
    """She bought as a guest, and was treated. Since then the shop treats nobody; she registers."""
    bought(shop, "1", 1, "cup", buyer=GUEST)
    shop = with_share(shop, "0")
    see_account(shop, MINA, "2026-11-20T00:00:00Z")
    assert asks(shop, "buy-again", "7").json["arm"] == "treated"
    assert asks(shop, "buy-again", "8").json["arm"] == "control"


def test_an_arm_given_to_the_address_of_an_account_is_the_accounts_too(shop: Shop) -> None:
    see_account(shop, MINA, "2026-11-20T00:00:00Z")
    shop = with_share(shop, "0")
    bought(shop, "1", 0, "cup", buyer=GUEST)
    shop = with_share(shop, "1")
    assert asks(shop, "viewed", "7").json["arm"] == "control"


def test_a_unit_taken_over_without_its_share_keeps_its_arm(shop: Shop) -> None:
    bought(shop, "1", 1, "cup")
    known = customers.resolve(shop, "account:7", stamp(NOW))
    base.commit([customers.write("acme", known, replace(known.node, share=None))])
    assert asks(with_share(shop, "0"), "viewed", "7").json["arm"] == "treated"


# --- who asks --------------------------------------------------------------------------------------------------------


def test_a_key_that_is_wrong_reads_nothing(shop: Shop) -> None:
    """Else anybody could make us pay for names that he makes up, and have the shops that we know forgotten."""
    wrong = [f"{kind}_{slug}_{'0' * 22}" for kind in ("pk", "tk", "sk") for slug in ("acme", "never-there")]
    with reads() as found:
        answers = [ask("GET", f"/v1/slots?key={key}&slots=popular", {"Origin": PAGE}) for key in wrong]
    assert {answer.status for answer in answers} == {401}
    assert found == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),  # one home's
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("203.0.113.7", "203.0.113.8", False),
        ("::ffff:203.0.113.7", "::ffff:203.0.113.8", False),
        ("::ffff:203.0.113.7", "203.0.113.7", True),
    ],
)
def test_a_home_with_more_addresses_than_there_are_stars_is_one_place(one: str, other: str, same: bool) -> None:
    limiter = limits.Limiter(limits.Limit(1, 1))
    limiter.take(NOW, storefront.place(one))
    try:
        limiter.take(NOW, storefront.place(other))
    except Problem:
        assert same
    else:
        assert not same


@pytest.mark.parametrize("account", ["\ud800", "7\udc00"])
def test_half_a_character_is_nobodys_id(shop: Shop, account: str) -> None:
    answer = asks(shop, "viewed", headers={"Authorization": f"Bearer {token(shop, account)}"})
    assert (answer.status, answer.json["field"]) == (401, "token")


def test_a_file_on_the_disk_of_who_makes_a_theme_can_read_its_samples(shop: Shop) -> None:
    """Its origin is called null; with another key it is refused as before."""
    allowed = "access-control-allow-origin"
    answer = asks(shop, "popular", key=keys.test_key(MASTER, "acme"), headers={"Origin": "null"})
    assert (answer.status, answer.headers[allowed]) == (200, "null")
    assert asks(shop, "popular", headers={"Origin": "null"}).status == 403


def test_whatever_is_there_matches_a_star(shop: Shop) -> None:
    assert asks(shop, "popular", headers={"If-None-Match": "*"}).status == 304


def test_what_is_remembered_of_answers_fits_into_the_function(shop: Shop) -> None:
    """Products with the longest addresses, and letters that take four bytes each in memory once one of them does."""
    from chalicelib.routes import slots

    for n in range(48):
        product(shop, f"p{n}", "😀" + "x" * 200, url=f"{PAGE}/{'u' * 1900}", image=f"{PAGE}/{'i' * 1900}")
    learn(shop, popular={f"p{n}": 100 - n for n in range(48)})
    remembered.forget_everything()
    for n in range(3):
        asks(shop, "popular,goes-with", limit=24, product=quote(f"x{n}"))
    held = [len(text) for _, (text, _) in slots._answers._kept.values()]
    assert all(isinstance(text, bytes) for _, (text, _) in slots._answers._kept.values())
    assert max(held) * slots._answers._most < 100_000_000


def test_a_page_that_waits_for_the_table_gives_up_before_its_visitor_does(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    at, ask_table = 0.0, Thin.dynamodb

    def slowly(self: Thin, operation: str, asked: dict[str, Any]) -> Any:
        nonlocal at
        at += 1.0
        return ask_table(self, operation, asked)

    monkeypatch.setattr(Thin, "dynamodb", slowly)
    monkeypatch.setattr(lean, "time", SimpleNamespace(monotonic=lambda: at, sleep=lambda seconds: None))
    answer = asks(shop, "popular,goes-with,buy-again", account="7", product="tea", category="teas")
    assert (answer.status, answer.headers["retry-after"], at) == (503, "5", 4.0), "the door asks first, for the shop"


def test_of_much_that_was_just_bought_what_she_needs_most_is_looked_up(shop: Shop) -> None:
    weekly = [f"p{n:03}" for n in range(90)]
    for id in ("zwieback", *weekly):
        product(shop, id)
    learn(shop, popular={"zwieback": 90}, consumable={"zwieback": 7})
    for week in (1, 2, 3):
        bought(shop, f"w{week}", 7 * week, "zwieback", *weekly[30 * (week - 1) : 30 * week])
    assert ids(asks(shop, "buy-again", account="7"), "buy-again") == ["zwieback"]


def test_countries_share_what_is_popular_everywhere() -> None:
    popular = {"*": [[f"p{n}", 100 - n] for n in range(50)], "GB": [["p7", 9]], "IR": [["p8", 4]]}
    model = Model({"learned_at": "2026-11-22T02:10:00Z", "popular": popular})
    assert [choice.product for choice in model.popular("GB")[:3]] == ["p7", "p0", "p1"]
    assert model.popular("GB")[0].params == {"buyers": "5+"}
    assert len(model.popular("GB")) == len(model.popular("IR")) == 50
    everywhere = {id(choice) for choice in model.popular("FR")}
    assert len({id(choice) for choice in model.popular("GB")} - everywhere) == 1


def test_a_page_that_changes_a_price_changes_no_other_pages(shop: Shop) -> None:
    ask_for = Ask(("popular",))
    first = work.answer(shop, ask_for, work.Who(), MASTER, NOW)["slots"][0]["items"]
    right = dict(first[0]["price"])
    first[0]["price"]["text"] = "free"
    assert work.answer(shop, ask_for, work.Who(), MASTER, NOW)["slots"][0]["items"][0]["price"] == right


def test_a_door_that_waits_for_its_shop_gives_up_after_one_question(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def hangs(self: Thin, operation: str, arguments: dict[str, Any]) -> Any:
        asked.append(arguments["Key"]["sk"]["S"])
        raise Trouble("dynamodb", 0, "TimeoutError")

    monkeypatch.setattr(Thin, "dynamodb", hangs)
    assert (asks(shop, "popular").status, asked) == (503, ["CONFIG"])


@pytest.mark.parametrize("importing", [False, True])
def test_the_door_knows_the_shop_that_is_stored(shop: Shop, importing: bool) -> None:
    shops.put(replace(shop, flows_on=("welcome",), timezone="Asia/Tehran"))
    shops.set_importing(shop.slug, importing)
    assert shops.lately("acme") == shops.get("acme")
    assert shops.lately("nobody") is None
