"""A night's learning: killed anywhere it goes on, and what it leaves is what an undisturbed night leaves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import boto3
import pytest

from chalicelib import clock, outside
from chalicelib.domain import rules
from chalicelib.domain.ledger import Ledger
from chalicelib.domain.order import Buyer
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.functions import learn as function
from chalicelib.table import base, customers, learnt, orders, products, shops, sync
from chalicelib.thin import Trouble
from chalicelib.work import dispatch, learn, learn_model, learn_reading, learn_timer, privacy
from chalicelib.work.learn_run import LEASE
from infra import resources
from tests import acme
from tests.fake_dynamo import FakeDynamo
from tests.learning import NIGHT, Learning, hint, rows_of, sold, tea_shop


class Killed(BaseException):
    """The process is gone: nothing of it catches that."""


@pytest.fixture
def dynamo(table: str) -> FakeDynamo:
    found = FakeDynamo()
    found.install()
    return found


@pytest.fixture(autouse=True)
def _parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is learnt is tested elsewhere; here three parts stand for all: one with much to tell, one with nothing, and
    the products' usual gaps."""

    def gaps(ledger: Ledger, now: int) -> dict[str, Any]:
        return {"shop": [30.4, 3], "products": {"tea": 30}}

    def value(ledger: Ledger, now: int) -> dict[str, Any]:
        return {"orders": len(ledger), "customers": len(ledger.customers), "now": now}

    def second(ledger: Ledger, now: int) -> Any:
        return learn_model.NotEnough("few_buyers")

    parts = {"rule": learn_model.PARTS["rule"], "value": value, "second": second, "gaps": gaps}
    monkeypatch.setattr(learn_model, "PARTS", parts)
    monkeypatch.setattr("chalicelib.work.learn_stages.STAGES", (*parts, "products", "model", "catalogue"))


def opened(customers: int = 12, **fields: Any) -> Learning:
    shop, _ = acme.open_shop(**fields)
    tea_shop(shop, customers)
    return Learning(shop)


# --- a night ---------------------------------------------------------------------------------------------------------


def test_a_night_leaves_a_model_lists_and_the_names_of_products_only_orders_know(dynamo: FakeDynamo) -> None:
    night = opened()
    night.learns()
    told = learnt.model("acme")
    assert told
    assert (told["orders"], told["customers"], told["products"]) == (36, 12, 3)
    assert (told["state"], told["learned_at"], told["rule"]["name"]) == ("learnt", stamp(NIGHT), rules.DEFAULT)
    assert told["parts"]["value"]["orders"] == 36
    assert told["withheld"] == [{"part": "second", "reason": "few_buyers"}]
    found = learnt.recs("acme", ["tea", "cup", "pot", "jam"])
    assert [(pick.product, pick.buyers) for pick in found["tea"].together] == [("cup", 12), ("pot", 6)]
    assert (found["tea"].consumable, found["tea"].gap_days) == (True, 30)
    assert (found["cup"].consumable, found["cup"].gap_days) == (False, None)
    assert "jam" not in found
    assert products.of_ids("acme", ["pot"])["pot"].title == "Tea pot"


def test_nothing_of_the_night_stays_in_the_bucket_but_the_book(dynamo: FakeDynamo) -> None:
    night = opened()
    night.learns()
    assert set(night.objects) == {"learnt/acme/book"}


def test_a_shop_with_nothing_gets_a_model_that_says_so(dynamo: FakeDynamo) -> None:
    shop, _ = acme.open_shop()
    Learning(shop).learns()
    told = learnt.model("acme")
    assert told
    assert (told["state"], told["orders"], told["popular"], told["parts"]) == ("not_enough", 0, {"*": []}, {})
    assert {one["reason"] for one in told["withheld"]} == {"no_orders"}


def test_the_next_night_begins_by_itself_at_the_shops_own_night(dynamo: FakeDynamo) -> None:
    night = opened(timezone="Asia/Tehran")
    night.learns()
    held = sync.read("acme", learn_timer.LEARN)
    assert held
    assert held.until
    assert "2026-11-22T23:30:00Z" <= held.until < "2026-11-23T00:30:00Z"  # three o'clock in Tehran, and some minutes
    night.works()
    assert sync.read("acme", learn_timer.LEARN) == held, "a hint that came too early changes nothing"


def test_the_second_night_writes_only_what_is_new(dynamo: FakeDynamo) -> None:
    night = opened()
    night.learns()
    written: list[str] = []
    dynamo.before = lambda operation, asked: written.extend(_keys(operation, asked))
    night.now += timedelta(days=1)
    night.learns()
    assert not [key for key in written if key.endswith("REC")]
    acme.see(night.shop, *[sold(100 + n, f"new{n}", ["cup", "jam"], NIGHT) for n in range(3)], now=NIGHT)
    written.clear()
    night.now += timedelta(days=1)
    night.learns()
    assert sorted(key for key in written if key.endswith("REC")) == [
        f"S#acme#P#{p}|REC" for p in ("cup", "jam", "pot", "tea")
    ]


def test_a_product_that_nobody_buys_with_others_any_more_loses_its_list(dynamo: FakeDynamo) -> None:
    night = opened()
    orders = [sold(100 + n, f"new{n}", ["cup", "jam"], NIGHT) for n in range(3)]
    acme.see(night.shop, *orders, now=NIGHT)
    night.learns()
    assert learnt.recs("acme", ["jam"])
    later = stamp(NIGHT + timedelta(hours=1))
    acme.see(
        night.shop,
        *[replace(o, status="cancelled", payment="voided", paid_at=None, updated_at=later) for o in orders],
        now=NIGHT,
    )
    night.now += timedelta(days=1)
    night.learns()
    assert not learnt.recs("acme", ["jam"])
    assert "jam" not in str(learnt.recs("acme", ["cup"]))


def test_orders_of_nobody_are_counted_and_left_out(dynamo: FakeDynamo) -> None:
    night = opened()
    acme.see(night.shop, sold(99, "x", ["mat"], NIGHT, buyer=Buyer()), now=NIGHT)
    night.learns()
    held = sync.read("acme", learn_timer.LEARN)
    assert held
    assert held.sync.counts["orders"] == {"read": 37, "taken": 36}


def test_who_has_an_account_and_an_address_counts_once(dynamo: FakeDynamo) -> None:
    """Else three orders of two people could tell what one of them bought."""
    shop, _ = acme.open_shop()
    guest, account = Buyer(email="sara@example.test"), Buyer(account="u-1", email="sara@example.test")
    acme.see_account(shop, account, "2026-05-01T00:00:00Z")
    for number, buyer in enumerate([guest, account, Buyer(email="mina@example.test")]):
        acme.see(shop, sold(number, "x", ["tea", "cup"], NIGHT - timedelta(days=9 - number), buyer=buyer))
    Learning(shop).learns()
    told = learnt.model("acme")
    assert told
    assert told["customers"] == 2
    assert not learnt.recs("acme", ["tea", "cup"])["tea"].together


def test_who_was_erased_counts_for_nobody(dynamo: FakeDynamo) -> None:
    """Nothing links her account and her address any more: she would count twice, and one other with her as three."""
    shop, _ = acme.open_shop()
    guest, account = Buyer(email="sara@example.test"), Buyer(account="u-1", email="sara@example.test")
    acme.see_account(shop, account, "2026-05-01T00:00:00Z")
    for number, buyer in enumerate([guest, account, Buyer(email="mina@example.test")]):
        acme.see(shop, sold(number, "x", ["tea", "cup"], NIGHT - timedelta(days=9 - number), buyer=buyer))
    (sara,) = customers.look_up(shop, "account:u-1")
    privacy.erase(shop, sara, NIGHT)
    Learning(shop).learns()
    told = learnt.model("acme")
    assert told
    assert (told["orders"], told["customers"]) == (1, 1)
    assert not learnt.recs("acme", ["tea", "cup"])["tea"].together


def test_an_amount_beyond_all_reason_stops_no_night(dynamo: FakeDynamo) -> None:
    """It does not fit into what holds a million orders: every night of the shop would end there."""
    night = opened()
    acme.see(night.shop, sold(99, "x", ["mat"], NIGHT - timedelta(days=1), total=10**20), now=NIGHT)
    night.learns()
    told, held = learnt.model("acme"), sync.read("acme", learn_timer.LEARN)
    assert told
    assert held
    assert (told["orders"], held.sync.trouble) == (36, None)
    assert held.sync.counts["orders"] == {"read": 37, "taken": 36}


def test_samples_of_a_small_shop_tell_of_no_single_buyer(dynamo: FakeDynamo) -> None:
    """They are shown to whoever has the test key, where nothing is popular."""
    shop, _ = acme.open_shop()
    acme.see(shop, *[sold(n, f"b{n}", ["tea"], NIGHT - timedelta(days=200)) for n in range(3)], now=NIGHT)
    acme.see(shop, *[sold(9 + n, f"n{n}", ["ring"], NIGHT - timedelta(days=2)) for n in range(2)], now=NIGHT)
    Learning(shop).learns()
    told = learnt.model("acme")
    assert told
    assert (told["popular"], told["catalogue"]) == ({"*": []}, ["tea"])


def test_an_order_of_tomorrow_is_learnt_from_tomorrow(dynamo: FakeDynamo) -> None:
    """A shop's clock that is ahead would make everything else look old."""
    night = opened()
    acme.see(night.shop, sold(900, "sara", ["jam"], NIGHT + timedelta(days=20)), now=NIGHT)
    night.learns()
    told = learnt.model("acme")
    assert told
    assert (told["orders"], told["products"]) == (36, 3)
    night.now += timedelta(days=21)
    night.learns()
    assert (learnt.model("acme") or {})["orders"] == 37


@pytest.mark.parametrize("name", ["a#b", "100%", "%23", "چای", "a b/c?d&e", "x" * 128, "S#acme#P#cup"])
def test_any_product_id_gets_its_list(dynamo: FakeDynamo, name: str) -> None:
    shop, _ = acme.open_shop()
    for number in range(4):
        acme.see(shop, sold(number, f"b{number}", [name, "tea"], NIGHT - timedelta(days=9)), now=NIGHT)
    Learning(shop).learns()
    found = learnt.recs("acme", [name, "tea"])
    assert [pick.product for pick in found["tea"].together] == [name]
    assert [pick.product for pick in found[name].together] == ["tea"]


def test_a_night_of_a_small_shop_asks_for_little(dynamo: FakeDynamo) -> None:
    """Half a year of orders, nothing new: two hundredths of a cent."""
    night = opened()
    night.learns()
    night.now += timedelta(days=1)
    asked: Counter[str] = Counter()
    night.before = lambda what, about: asked.update([what])
    dynamo.before = lambda operation, _: asked.update([operation])
    night.learns()
    assert asked["Query"] <= 85
    assert asked["PutItem"] <= 22
    assert asked["put"] <= 12
    assert asked.total() <= 145


def test_a_large_catalogue_writes_its_book_a_hundred_times_and_no_more(
    dynamo: FakeDynamo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names every product: written after every few hundred of them, half a million took twenty minutes."""
    monkeypatch.setattr("chalicelib.work.learn_products.CHUNK", 1)
    shop, _ = acme.open_shop()
    for number in range(13):
        names = [f"p{number * 20 + line}" for line in range(20)]
        acme.see(shop, sold(number, f"b{number}", names, NIGHT - timedelta(days=9)), now=NIGHT)
    night, books = Learning(shop), list[str]()
    night.before = lambda what, about: books.append(what) if (what, about) == ("put", "learnt/acme/book") else None
    night.learns()
    assert (learnt.model("acme") or {})["products"] == 260
    assert len(books) <= 131


# --- the catalogue ---------------------------------------------------------------------------------------------------


def test_whatever_the_shop_tells_of_a_product_counts_for_more(dynamo: FakeDynamo) -> None:
    night = opened()
    told = products.Product("pot", "Pot, blue", "2020-01-01T00:00:00Z", price=4500, currency="EUR")
    products.see("acme", told)
    night.learns()
    assert products.of_ids("acme", ["pot"])["pot"] == told
    products.see("acme", replace(told, id="cup", title="Cup, blue", available=False))
    night.now += timedelta(days=1)
    night.learns()
    assert products.of_ids("acme", ["cup"])["cup"].available is False
    products.gone("acme", "tea", "2026-11-23T00:00:00Z")
    night.now += timedelta(days=1)
    night.learns()
    assert "tea" not in products.of_ids("acme", ["tea"])


def test_a_newer_order_knows_the_newer_price(dynamo: FakeDynamo) -> None:
    night = opened()
    night.learns()
    assert products.of_ids("acme", ["tea"])["tea"].price == 900
    line = replace(sold(1, "x", ["tea"], NIGHT).lines[0], unit_price=950, total=950)
    acme.see(night.shop, sold(99, "buyer1", ["tea"], NIGHT, lines=(line,)), now=NIGHT)
    night.now += timedelta(days=1)
    night.learns()
    assert products.of_ids("acme", ["tea"])["tea"].price == 950


def test_a_product_is_what_its_newest_order_says_whichever_came_in_first(
    dynamo: FakeDynamo, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_pieces(monkeypatch):
        night = opened()
        line = sold(1, "x", ["tea"], NIGHT).lines[0]
        told = [(NIGHT - timedelta(days=1), "Assam, new harvest", 950), (NIGHT - timedelta(days=200), "Old tea", 500)]
        for number, (at, title, price) in enumerate(told):
            lines = (replace(line, title=title, unit_price=price, total=price),)
            acme.see(night.shop, sold(900 + number, "buyer1", ["tea"], at, lines=lines), now=NIGHT)
        night.learns()
    found = products.of_ids("acme", ["tea"])["tea"]
    assert (found.title, found.price, found.url, found.image) == ("Assam, new harvest", 950, None, None)


def newest_tea(night: Learning, *lines: tuple[int, int, str], **fields: Any) -> products.Product:
    """What a night knows of tea once an order of it is there; lines as quantity, price of one, title."""
    line = sold(1, "x", ["tea"], NIGHT).lines[0]
    told = [
        replace(line, quantity=quantity, unit_price=price, total=quantity * price, title=title)
        for quantity, price, title in lines
    ]
    acme.see(night.shop, sold(900, "buyer1", ["tea"], NIGHT, lines=tuple(told), **fields), now=NIGHT)
    night.learns()
    return products.of_ids("acme", ["tea"])["tea"]


def test_a_price_is_that_of_one_piece(dynamo: FakeDynamo) -> None:
    assert newest_tea(opened(), (6, 850, "Assam tea")).price == 850


def test_of_several_variants_the_cheapest_is_told(dynamo: FakeDynamo) -> None:
    found = newest_tea(opened(), (1, 2400, "Assam tea, tin"), (1, 0, "Assam tea, a sample"), (1, 850, "Assam tea, bag"))
    assert (found.title, found.price) == ("Assam tea, bag", 850)


def test_what_was_given_on_top_is_not_free(dynamo: FakeDynamo) -> None:
    assert newest_tea(opened(), (1, 0, "Assam tea")).price is None


def test_an_order_in_another_currency_does_not_change_the_shops_own_price(dynamo: FakeDynamo) -> None:
    found = newest_tea(opened(), (1, 1100, "Assam tea"), currency="USD", currency_original="USD")
    assert (found.price, found.currency) == (900, "EUR")


def test_where_all_orders_are_in_another_currency_that_one_is_told(dynamo: FakeDynamo) -> None:
    found = newest_tea(opened(currency="GBP"), (1, 950, "Assam tea"))
    assert (found.price, found.currency) == (950, "EUR")


# --- dying -----------------------------------------------------------------------------------------------------------


def _keys(operation: str, asked: dict[str, Any]) -> Iterator[str]:
    """What a call writes."""
    if operation in ("PutItem", "DeleteItem"):
        key = asked.get("Item") or asked["Key"]
        yield f"{key['pk']['S']}|{key['sk']['S']}"


@contextmanager
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """So that even a small shop has several of everything."""
    with monkeypatch.context() as patch:
        patch.setattr(learn_reading, "PIECE", 10)
        patch.setattr(learn_reading, "PAGE", 4)
        patch.setattr("chalicelib.work.learn_products.CHUNK", 2)
        patch.setattr("chalicelib.work.learn_products.THREADS", 1)
        patch.setattr("chalicelib.work.learn_catalogue.CHUNK", 2)
        yield


def test_killed_at_any_call_it_goes_on_and_leaves_the_same(dynamo: FakeDynamo, monkeypatch: pytest.MonkeyPatch) -> None:
    with small_pieces(monkeypatch):
        night = opened(6)
        before = {pk: dict(rows) for pk, rows in dynamo.rows.items()}
        calls = _counting(dynamo, night)
        night.learns()
        undisturbed, steps = _result(dynamo), len(calls)
        assert steps > 80
        for number in range(steps):
            _restore(dynamo, before)
            night = Learning(night.shop)
            _dies_at(dynamo, night, number)
            _begins_and_ends(dynamo, night)
            assert _result(dynamo) == undisturbed, f"killed at {calls[number]}"
            assert set(night.objects) == {"learnt/acme/book"}, f"killed at {calls[number]}"


def _result(dynamo: FakeDynamo) -> dict[Any, Any]:
    """A run's name, and the moment it began, are its own: a dead beginner is followed by another."""
    told = learnt.model("acme")
    assert told
    model = {name: value for name, value in told.items() if name not in ("generation", "learned_at")}
    model["parts"]["value"].pop("now", None)
    return {"model": model, **rows_of(dynamo, ("rec", "product"))}


def _counting(dynamo: FakeDynamo, night: Learning) -> list[str]:
    calls: list[str] = []
    dynamo.before = lambda operation, asked: calls.append(operation)
    night.before = lambda what, about: calls.append(f"{what} {about}")
    return calls


def _dies_at(dynamo: FakeDynamo, night: Learning, number: int) -> None:
    """At the call of this number, once: after it was made where it is an odd one (the answer is lost)."""
    count = iter(range(1_000_000))

    def call(what: str, about: Any) -> None:
        if next(count) == number:
            raise Killed

    night.before = call
    dynamo.before = call


def _begins_and_ends(dynamo: FakeDynamo, night: Learning) -> None:
    for _ in range(20):
        try:
            if night.state() in ("none",):
                learn_timer.soon("acme", night.now)
            night.works()
            if night.state() == "waiting" and learnt.model("acme"):
                dynamo.before = lambda operation, asked: None
                return
        except Killed:
            night.now += LEASE + timedelta(seconds=1)
    raise AssertionError("it never ended")


def _restore(dynamo: FakeDynamo, rows: dict[str, Any]) -> None:
    dynamo.before = lambda operation, asked: None
    for item in list(dynamo.all()):
        key = item["pk"]["S"], item["sk"]["S"]
        if key[1] not in rows.get(key[0], {}):
            dynamo._DeleteItem({"Key": {"pk": item["pk"], "sk": item["sk"]}})


def test_an_answer_that_is_lost_does_no_harm(dynamo: FakeDynamo, monkeypatch: pytest.MonkeyPatch) -> None:
    """DynamoDB did what it was asked, and nobody heard of it."""
    with small_pieces(monkeypatch):
        night = opened(6)
        before = {pk: dict(rows) for pk, rows in dynamo.rows.items()}
        writes: list[str] = []
        dynamo.before = lambda operation, asked: writes.extend(_keys(operation, asked))
        night.learns()
        undisturbed = _result(dynamo)
        for number in range(0, len(writes), 3):
            _restore(dynamo, before)
            night, count = Learning(night.shop), iter(range(1_000_000))

            def lost(operation: str, asked: Any, number: int = number, count: Iterator[int] = count) -> None:
                if any(True for _ in _keys(operation, asked)) and next(count) == number:
                    raise Killed

            dynamo.after = lost
            _begins_and_ends(dynamo, night)
            dynamo.after = lambda operation, asked: None
            assert _result(dynamo) == undisturbed, writes[number]


def test_little_time_is_enough_for_a_step_and_the_next_call_goes_on(
    dynamo: FakeDynamo, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_pieces(monkeypatch):
        night = opened(6)
        night.left = 3.0
        learn_timer.soon("acme", night.now)
        stages = []
        for _ in range(100):
            assert night.works()
            held = sync.read("acme", learn_timer.LEARN)
            assert held
            stages.append(held.sync.kind)
            if held.sync.state == "waiting":
                break
        assert len(set(stages)) > 6
        assert night.asked, "the next call is asked for at once"
        assert learnt.recs("acme", ["tea"])["tea"].gap_days == 30


def test_two_workers_at_once_are_one(dynamo: FakeDynamo) -> None:
    night = opened()
    other = Learning(night.shop, objects=night.objects)
    tried: list[bool] = []
    night.before = lambda what, about: tried.append(other.works())
    night.learns()
    assert len(tried) > 5
    assert not other.asked
    told = sync.read("acme", learn_timer.LEARN)
    assert told
    assert told.sync.counts["orders"]["read"] == 36


def test_who_is_begun_anew_under_his_hands_stops(dynamo: FakeDynamo) -> None:
    """A history has come in meanwhile."""
    night = opened()
    begun: list[Any] = []

    def meanwhile(what: str, about: str) -> None:
        if "rule" in about and not begun:
            acme.see(night.shop, *[sold(100 + n, f"new{n}", ["cup", "jam"], NIGHT) for n in range(3)], now=NIGHT)
            begun.append(learn_timer.anew("acme", night.now))

    night.before = meanwhile
    learn_timer.soon("acme", night.now)
    assert night.works()
    assert learnt.model("acme") is None
    assert night.state() == "waiting"
    night.now += timedelta(minutes=2)
    assert night.works()
    told = learnt.model("acme")
    assert told
    assert told["orders"] == 39
    assert set(night.objects) == {"learnt/acme/book"}


def test_a_shop_that_asks_twice_is_learnt_from_once(dynamo: FakeDynamo) -> None:
    night = opened()
    night.before = lambda what, about: learn_timer.soon("acme", night.now) and None
    night.learns()
    held = sync.read("acme", learn_timer.LEARN)
    assert held
    assert held.until
    assert held.until > "2026-11-23"


def test_pieces_that_are_gone_after_days_are_read_anew(dynamo: FakeDynamo) -> None:
    night = opened()

    def dies(what: str, about: str) -> None:
        if about.endswith("/value"):
            raise Killed

    night.before = dies
    with pytest.raises(Killed):
        night.learns()
    night.before, night.now = lambda what, about: None, night.now + timedelta(days=9)
    night.objects.clear()
    night.works()
    night.works()
    assert learnt.model("acme")


def test_a_run_that_an_older_version_began_is_begun_anew(dynamo: FakeDynamo, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it put into the bucket may be written otherwise."""
    night = opened()

    def dies(what: str, about: str) -> None:
        if about.endswith("/value"):
            raise Killed

    night.before = dies
    with pytest.raises(Killed):
        night.learns()
    first = sync.read("acme", learn_timer.LEARN)
    monkeypatch.setattr("chalicelib.work.learn_stages.FORMAT", "next")
    night.before, night.now = lambda what, about: None, night.now + LEASE + timedelta(seconds=1)
    assert night.works()
    told = learnt.model("acme")
    assert told
    assert first
    assert told["generation"] != first.sync.report["generation"]
    assert set(night.objects) == {"learnt/acme/book"}


# --- what fails ------------------------------------------------------------------------------------------------------


def test_one_part_that_fails_keeps_no_other_from_being_published(
    dynamo: FakeDynamo, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = opened()
    for part in ("rule", "gaps"):
        monkeypatch.setitem(learn_model.PARTS, part, _breaks)
    night.learns()
    told = learnt.model("acme")
    assert told
    assert {one["part"]: one["reason"] for one in told["withheld"]} == {
        "rule": "internal",
        "second": "few_buyers",
        "gaps": "internal",
    }
    assert told["parts"].keys() == {"value"}
    assert learnt.recs("acme", ["tea"])["tea"].together


def _breaks(ledger: Ledger, now: int) -> Any:
    raise ZeroDivisionError


def test_a_part_over_which_everybody_dies_is_withheld(dynamo: FakeDynamo, monkeypatch: pytest.MonkeyPatch) -> None:
    night = opened()

    def dies(ledger: Ledger, now: int) -> Any:
        raise Killed

    monkeypatch.setitem(learn_model.PARTS, "value", dies)
    for _ in range(6):
        try:
            night.learns()
        except Killed:
            night.now += LEASE + timedelta(seconds=1)
    told = learnt.model("acme")
    assert told
    assert {"part": "value", "reason": "too_large"} in told["withheld"]


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_part_that_comes_to_no_number_is_withheld(dynamo: FakeDynamo, number: float) -> None:
    """JSON has no word for it: whoever reads the model could not."""
    ledger = Ledger()
    ledger.add("c_1", 0, ["tea"])
    assert learn_model.attempt("value", lambda ledger, now: {"told": [number]}, ledger, 0) == {"withheld": "internal"}


@pytest.mark.parametrize("broken", ["put", "get", "forget"])
def test_a_bucket_that_is_down_brings_the_message_again(dynamo: FakeDynamo, broken: str) -> None:
    night = opened()

    def down(what: str, about: str) -> None:
        if what == broken:
            raise Trouble("s3", 503, "SlowDown")

    night.before = down
    learn_timer.soon("acme", night.now)
    assert not night.works()
    assert night.state() == "running"
    night.before, night.now = lambda what, about: None, night.now + LEASE + timedelta(seconds=1)
    assert night.works()
    assert learnt.model("acme")


def test_a_fault_of_ours_is_told_and_in_the_end_the_next_night_is_tried(
    dynamo: FakeDynamo, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = opened()
    monkeypatch.setattr("chalicelib.work.learn_model.publish", lambda run, ledger: _breaks(ledger, 0))
    learn_timer.soon("acme", night.now)
    for _ in range(learn.MOST_TRIES):
        assert night.works()
        held = sync.read("acme", learn_timer.LEARN)
        assert held
        assert (held.sync.trouble or {})["code"] == "internal"
        night.now += timedelta(hours=2)
    assert held.sync.state == "waiting"
    assert held.until
    assert held.until > stamp(night.now)


def test_a_model_that_is_too_large_loses_the_smallest_countries_first(
    dynamo: FakeDynamo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learnt, "LARGEST", 3_000)
    popular = {f"c{n}": [[f"product-{n}-{m}-{n * m}", n] for m in range(20)] for n in range(1, 60)}
    told = {"learned_at": stamp(NIGHT), "popular": {"*": [["tea", 9]], **popular}, "parts": {}, "withheld": []}
    small = told
    while True:
        try:
            learnt.put_model("acme", small)
            break
        except learnt.TooLarge:
            small = learn_model.smaller(small)
    assert small["popular"].keys() < told["popular"].keys()
    assert "*" in small["popular"]
    assert "c59" in small["popular"]


# --- readers ---------------------------------------------------------------------------------------------------------


def test_readers_see_whole_models_and_whole_rows_at_any_moment(
    dynamo: FakeDynamo, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_pieces(monkeypatch):
        night = opened(6)
        night.learns()
        first = learnt.model("acme")
        seen: list[Any] = []

        def looks(what: str, about: str) -> None:
            model, recs = learnt.model("acme"), learnt.recs("acme", ["tea", "cup", "pot"])
            assert model
            seen.append(model["generation"])
            assert model["parts"]["value"]["orders"] == model["orders"]
            assert all(pick.buyers >= 3 for rec in recs.values() for pick in rec.together)
            assert recs.keys() == {"tea", "cup", "pot"}

        acme.see(night.shop, *[sold(100 + n, f"new{n}", ["cup", "pot"], NIGHT) for n in range(3)], now=NIGHT)
        night.now, night.before = night.now + timedelta(days=1), looks
        night.learns()
        assert first
        assert seen[0] == first["generation"]
        assert learnt.model("acme") != first


# --- shops that are off, gone, erased --------------------------------------------------------------------------------


def test_a_shop_that_is_off_is_not_learnt_from(dynamo: FakeDynamo) -> None:
    night = opened()
    shops.put(replace(night.shop, state="off"))
    learn_timer.soon("acme", night.now)
    assert night.works()
    assert learnt.model("acme") is None
    held = sync.read("acme", learn_timer.LEARN)
    assert held
    assert held.until == stamp(night.now + timedelta(hours=6))


def test_a_shop_that_is_not_there_leaves_no_work_behind(dynamo: FakeDynamo) -> None:
    learn_timer.soon("nobody", NIGHT)
    night = Learning(Shop("nobody", "standard", "2026-01-01T00:00:00Z"))
    assert night.works()
    assert sync.read("nobody", learn_timer.LEARN) is None


def test_an_erased_shop_leaves_nothing_that_was_learnt(dynamo: FakeDynamo) -> None:
    night = opened()
    night.learns()
    shops.put(replace(night.shop, state="off"))
    learn_timer.erase("acme", night.now)
    assert night.works()
    assert rows_of(dynamo, ("rec", "model")) == {}
    assert night.objects == {}
    assert sync.read("acme", learn_timer.LEARN) is None


def test_a_shop_that_is_erased_in_the_middle_of_a_night_leaves_nothing_either(dynamo: FakeDynamo) -> None:
    night = opened()
    night.learns()
    night.now += timedelta(days=1)
    erased: list[bool] = []

    def meanwhile(what: str, about: str) -> None:
        if about.endswith("/value") and not erased:
            erased.append(True)
            learn_timer.erase("acme", night.now)

    night.before = meanwhile
    learn_timer.soon("acme", night.now)
    assert night.works()
    assert learnt.model("acme"), "it is gone within two minutes, not under readers' hands"
    night.now += timedelta(minutes=2)
    assert night.works()
    assert rows_of(dynamo, ("rec", "model")) == {}
    assert night.objects == {}


@pytest.mark.parametrize("stage", ["products", "model"])
def test_who_comes_late_writes_nothing_behind_an_erasure(dynamo: FakeDynamo, stage: str) -> None:
    """All of it was gone already, while a worker still held the last piece that it had to read."""
    night, erased = opened(), list[str]()

    class Bucket(dict[str, bytes]):
        def get(self, key: str, default: Any = None) -> Any:
            found, held = super().get(key, default), sync.read("acme", learn_timer.LEARN)
            if key.endswith("/gaps") and held and held.sync.kind == stage and not erased:
                erased.append(key)
                learn_timer.erase("acme", night.now)
                assert Learning(night.shop, objects=self).works()
                assert not self
            return found

    night.left, night.objects = 0.0, Bucket()
    learn_timer.soon("acme", night.now)
    while night.state() != "none":
        assert night.works()
    assert erased
    assert rows_of(dynamo, ("rec", "model")) == {}
    assert night.objects == {}


@pytest.mark.parametrize("by", [learn_timer.soon, learn_timer.anew])
def test_nobody_who_asks_for_learning_keeps_what_was_to_be_erased(dynamo: FakeDynamo, by: Any) -> None:
    """The last page of an import may come after the shop asked to be forgotten."""
    night = opened()
    night.learns()
    learn_timer.erase("acme", night.now)
    by("acme", night.now)
    assert night.works()
    assert rows_of(dynamo, ("rec", "model")) == {}
    assert night.objects == {}
    assert sync.read("acme", learn_timer.LEARN) is None


def test_an_erasure_over_which_something_fails_stays_one(dynamo: FakeDynamo, monkeypatch: pytest.MonkeyPatch) -> None:
    night = opened()
    night.learns()
    learn_timer.erase("acme", night.now)
    with monkeypatch.context() as broken:
        broken.setattr("chalicelib.table.learnt.forget_model", lambda shop: _breaks(Ledger(), 0))
        for _ in range(learn.MOST_TRIES):
            assert night.works()
            night.now += timedelta(hours=2)
    night.now += timedelta(days=1)
    assert night.works()
    assert learnt.model("acme") is None
    assert night.objects == {}


def test_an_erasure_goes_on_where_its_time_was_up(dynamo: FakeDynamo, monkeypatch: pytest.MonkeyPatch) -> None:
    night = opened()
    night.learns()
    monkeypatch.setattr("chalicelib.work.learn_products.CHUNK", 1)
    learn_timer.erase("acme", night.now)
    night.left = 0.0
    left = [len(rows_of(dynamo, ("rec",)))]
    while left[-1]:
        assert night.works()
        left.append(len(rows_of(dynamo, ("rec",))))
    assert left == [3, 2, 1, 0]
    while night.state() != "none":
        assert night.works()
    assert rows_of(dynamo, ("rec", "model")) == {}
    assert night.objects == {}


# --- how it is set going ---------------------------------------------------------------------------------------------


def test_the_clock_sends_it_to_its_own_queue(dynamo: FakeDynamo) -> None:
    acme.open_shop()
    learn_timer.ensure("acme", NIGHT)
    fetched, learning = list[Any](), list[Any]()
    later = NIGHT + learn_timer.AFTER_CONNECTING
    dispatch.tick(later, dispatch.Outside(lambda _: None, lambda: 0, 14.0, fetched.extend, learning.extend))
    assert (fetched, learning) == ([], [("acme", hint("acme"))])


def test_who_is_known_already_is_not_put_up_again(dynamo: FakeDynamo) -> None:
    learn_timer.ensure("acme", NIGHT)
    held = sync.read("acme", learn_timer.LEARN)
    learn_timer.ensure("acme", NIGHT + timedelta(hours=5))
    assert sync.read("acme", learn_timer.LEARN) == held


def test_a_thousand_orders_through_real_rows_and_bucket(ministack: resources.Resources, rights_watch: Any) -> None:
    """The emulator's table, queue and bucket, the function's handler, its role watched."""
    acme.open_shop()
    start = NIGHT - timedelta(days=340)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(_store, range(1_000), [start + timedelta(hours=8 * number) for number in range(1_000)]))
    outside.aws.cache_clear()
    clock.use(lambda: NIGHT)
    learn_timer.soon("acme", NIGHT)
    event = {"Records": [{"messageId": "m", "body": hint("acme")}]}
    for left in (0, 0, 900_000):
        assert function.handler(event, _Context(left)) == {"batchItemFailures": []}
    told = learnt.model("acme")
    assert told
    assert (told["orders"], told["customers"], told["products"]) == (1_000, 150, 4)
    assert {pick.product for pick in learnt.recs("acme", ["tea"])["tea"].together} == {"cup", "jam", "pot"}
    assert products.of_ids("acme", ["jam"])["jam"].title == "Fig jam"
    listed = boto3.client("s3").list_objects_v2(Bucket=ministack.bucket, Prefix="learn")
    assert [one["Key"] for one in listed["Contents"]] == ["learnt/acme/book"]
    assert rights_watch.made["learn"] >= {
        ("sqs:SendMessage", "${LearnQueue.Arn}"),
        ("dynamodb:Query", "${Table.Arn}/index/feed"),
    }
    shops.change("acme", lambda shop: replace(shop or acme.open_shop()[0], state="off"))
    learn_timer.erase("acme", NIGHT)
    assert function.handler(event, _Context(900_000)) == {"batchItemFailures": []}
    assert learnt.model("acme") is None
    assert learnt.recs("acme", ["tea", "jam"]) == {}
    assert not boto3.client("s3").list_objects_v2(Bucket=ministack.bucket, Prefix="learn").get("Contents")


def _store(number: int, at: datetime) -> None:
    """The order's row as it is stored with everything else."""
    told = sold(number, f"b{number % 150}", ["tea", "cup"] if number % 2 else ["tea", "jam", "pot"], at)
    base.commit([orders.write("acme", told.id, orders.Held(), told, f"c_{number % 150}", None)])


class _Context:
    def __init__(self, left: int) -> None:
        self.left = left

    def get_remaining_time_in_millis(self) -> int:
        return self.left
