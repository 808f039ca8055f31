"""Talking with shops, as a second pair of eyes saw it go wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.directory import Absent
from chalicelib.domain.events import OrderGone, OrderSeen, PrivacyAsked, ShopGone
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.platforms.shop_api import Denied, Found, Trouble
from chalicelib.safe_http import Unreachable
from chalicelib.table import base, customers, due, orders, shops
from chalicelib.table import sync as rows
from chalicelib.work import dispatch, ingest, read_account, refetch, sync, take_order
from tests import acme
from tests.pretend_api import PretendShop, Worker, bought
from tests.test_sync import acme_shop, dynamo, held, looked_at, marked, refetched, works, works_until_done

__all__ = ["acme_shop", "dynamo"]


def hints(now: Any) -> list[tuple[str, str]]:
    asked: list[tuple[str, str]] = []
    dispatch.tick(now, dispatch.Outside(lambda _: None, lambda: 0, 14.0, asked.extend))
    return asked


@pytest.mark.parametrize("how", ["off", "gone from the table"])
def test_a_shop_that_is_no_more_does_not_hold_up_the_clock(acme_shop: Shop, how: str) -> None:
    shop = PretendShop()
    sync.start_timer("acme", shop.now())
    sync.begin_import("acme", "api", None, shop.now())
    if how == "off":
        shops.put(replace(acme_shop, state="off"))
    else:
        base.commit([base.remove(shops.ShopRow(base.partition("acme"), "CONFIG"))])
    worker = Worker(shop)
    for _ in range(5):
        shop.passes(hours=3)
        for _, body in hints(shop.now()):
            works(worker, json.loads(body)["task"])
    assert due.cursor(shop.now()) >= stamp(shop.now() - timedelta(hours=4))[:13]
    assert shop.asked == []


def test_an_erased_shop_leaves_nothing_that_waits(acme_shop: Shop) -> None:
    shop = PretendShop()
    sync.start_timer("acme", shop.now())
    sync.begin_import("acme", "api", None, shop.now())
    ingest.take(acme_shop, ShopGone("erase", stamp(shop.now())), shop.now())
    works(Worker(shop), "erase-shop")
    shop.passes(days=1)
    assert hints(shop.now()) == []
    assert not shops.get("acme").importing  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "trouble", [Denied("frozen", "pay the bill"), Denied("blocked", "a firewall"), Trouble("busy")]
)
def test_a_shop_that_does_not_answer_is_not_one_that_removed_us(acme_shop: Shop, trouble: Exception) -> None:
    shop = PretendShop()
    shops.put(replace(acme_shop, access="sealed"))
    acme.see(acme_shop, bought(1))
    ingest.take(acme_shop, ShopGone("erase", stamp(shop.now())), shop.now())
    shop.fails = [trouble]
    works(Worker(shop), "erase-shop")
    assert shops.get("acme").state == "on"  # type: ignore[union-attr]
    assert orders.read("acme", "1").told.buyer.email  # type: ignore[union-attr]
    assert rows.read("acme", "erase-shop"), "and it is asked again"


def test_what_a_shop_will_not_count_is_fetched_all_the_same(acme_shop: Shop) -> None:
    class Slow(PretendShop):
        def count(self, link: Any) -> int:
            raise Unreachable("too slow")

    shop = Slow(bought(350))
    report = looked_at(shop)
    assert (held(350), report["orders_seen"], report.get("orders_in_shop")) == ({"350"}, 1, None)
    shop.passes(hours=2)
    shop.held["351"] = replace(bought(351), updated_at=stamp(shop.now()))
    looked_at(shop)
    assert held(351) == {"351"}
    assert sync.report("acme")["trouble"]["code"] == "unreachable"  # type: ignore[index]


def test_a_key_that_may_only_read_still_reads_what_was_missed(acme_shop: Shop) -> None:
    class ReadOnly(PretendShop):
        def add_hook(self, *given: Any) -> None:
            raise Denied("read_only", "make a key that may write")

    report = looked_at(ReadOnly(bought(350)))
    assert held(350) == {"350"}
    assert report["trouble"]["remedy"] == "make a key that may write"


def test_a_page_that_is_a_puzzle_ends_the_import_and_says_so(acme_shop: Shop) -> None:
    class Odd(PretendShop):
        def page(self, *given: Any) -> Any:
            raise KeyError("cursor of another version")

    shop = Odd()
    sync.begin_import("acme", "api", None, shop.now())
    for _ in range(10):
        works(Worker(shop), "import")
        shop.passes(hours=1)
    found = sync.progress("acme")
    assert found
    assert (found["state"], found["trouble"]["code"]) == ("failed", "internal")
    assert "another version" not in str(found)
    assert not shops.get("acme").importing  # type: ignore[union-attr]
    good = PretendShop(bought(1))
    good.time = shop.time
    sync.begin_import("acme", "api", None, shop.now())
    works_until_done(Worker(good))
    assert held(1) == {"1"}


def test_a_look_that_is_a_puzzle_begins_anew(acme_shop: Shop) -> None:
    class Odd(PretendShop):
        odd = True

        def page(self, *given: Any) -> Any:
            if self.odd:
                raise KeyError("cursor")
            return super().page(*given)

    shop = Odd(bought(350))
    sync.start_timer("acme", shop.now())
    for _ in range(8):
        shop.passes(hours=1)
        works(Worker(shop), "reconcile")
    shop.odd = False
    shop.passes(hours=2)
    works(Worker(shop), "reconcile")
    assert held(350) == {"350"}


def test_a_file_that_is_no_longer_there_says_so(acme_shop: Shop) -> None:
    worker = Worker(PretendShop())

    def gone(key: str) -> int:
        raise Absent(key)

    real = worker.outside
    worker.outside = lambda: replace(real(), file_size=gone)  # type: ignore[method-assign]
    sync.begin_import("acme", "csv:imports/acme/1/a.csv", None, acme.NOW)
    works(worker, "import")
    found = sync.progress("acme")
    assert found
    assert (found["state"], found["trouble"]["code"]) == ("failed", "no_file")


def test_one_order_that_is_a_puzzle_does_not_keep_the_others_from_being_asked(
    acme_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, real = PretendShop(*(bought(n) for n in range(1, 6))), take_order.asked

    def asked(of: Shop, order_id: str, *given: Any) -> str:
        if order_id == "2":
            raise base.Refused("too large")
        return real(of, order_id, *given)

    monkeypatch.setattr(take_order, "asked", asked)
    sync.refetch(acme_shop, [str(n) for n in range(1, 6)], shop.now())
    for _ in range(3):
        refetched(shop, *(str(n) for n in range(1, 6)))
    assert held(1, 3, 4, 5) == {"1", "3", "4", "5"}
    assert marked(acme_shop, "2")
    assert orders.read("acme", "2").refetch.tries == 2, "asked less and less often"  # type: ignore[union-attr]


def test_whoever_dies_over_a_question_has_put_it_off(acme_shop: Shop) -> None:
    class Deadly(PretendShop):
        def orders(self, *given: Any) -> Found:
            raise KeyboardInterrupt

    shop = Deadly()
    sync.refetch(acme_shop, ["350"], shop.now())
    shop.passes(minutes=2)
    with pytest.raises(KeyboardInterrupt):
        works(Worker(shop), "refetch", orders=["350"])
    other = PretendShop(bought(350))
    other.time = shop.time
    works(Worker(other), "refetch", orders=["350"])
    assert other.asked == [], "it is in somebody's hands"
    refetched(other, "350")
    other.passes(minutes=3)
    refetched(other, "350")
    assert held(350) == {"350"}


def test_a_platform_that_can_never_be_asked_keeps_no_marks(acme_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = PretendShop()
    monkeypatch.setattr(refetch.platforms, "load_api", lambda _: None)
    sync.refetch(acme_shop, ["350"], shop.now())
    refetched(shop, "350")
    assert not marked(acme_shop, "350")


def test_keys_that_were_fetched_and_not_published_are_published_the_next_time(acme_shop: Shop) -> None:
    shop, worker = PretendShop(), Worker(PretendShop())
    shops.put(replace(acme_shop, jwks=shop.jwks(None)))  # type: ignore[arg-type]
    works(worker, "keys")
    assert b"new" in worker.stored["directory.json"]


def test_an_import_stopped_while_a_page_failed_stays_stopped(acme_shop: Shop) -> None:
    shop = PretendShop(*map(bought, range(9)))
    sync.begin_import("acme", "api", None, shop.now())

    class Stopped(PretendShop):
        def page(self, *given: Any) -> Any:
            sync.stop_import("acme", shop.now())
            raise Unreachable("down")

    works(Worker(Stopped()), "import")
    shop.passes(hours=1)
    works(Worker(shop), "import")
    found = sync.progress("acme")
    assert found
    assert (found["state"], found["counts"]) == ("stopped", {})
    assert not shops.get("acme").importing  # type: ignore[union-attr]


def test_an_import_stopped_before_its_first_page_leaves_no_flag(
    acme_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, real = PretendShop(bought(1)), shops.set_importing
    sync.begin_import("acme", "api", None, shop.now())

    def stopped_first(slug: str, importing: bool) -> None:
        if importing and sync.progress(slug)["state"] == "running":  # type: ignore[index]
            sync.stop_import(slug, shop.now())
        real(slug, importing)

    monkeypatch.setattr(shops, "set_importing", stopped_first)
    works(Worker(shop), "import")
    assert not shops.get("acme").importing  # type: ignore[union-attr]


def test_a_shop_whose_clock_is_ahead_can_still_say_that_an_order_is_gone(acme_shop: Shop) -> None:
    shop = PretendShop()
    acme.see(acme_shop, replace(bought(350), updated_at="2026-11-21T12:05:00Z"))
    sync.refetch(acme_shop, ["350"], shop.now())
    refetched(shop, "350")
    assert orders.read("acme", "350").order.status == "deleted"  # type: ignore[union-attr]


@pytest.mark.parametrize("arrival", [("gone", "miss", "seen"), ("gone", "seen", "miss"), ("seen", "gone", "miss")])
def test_a_deletion_that_the_shop_confirmed_ends_alike_in_any_order(acme_shop: Shop, arrival: tuple[str, ...]) -> None:
    changed = replace(bought(350), updated_at="2026-11-21T11:55:00Z")
    tell = {
        "gone": lambda: take_order.gone(acme_shop, OrderGone("350", "2026-11-21T11:50:00Z"), acme.NOW),
        "seen": lambda: take_order.see(acme_shop, OrderSeen(changed), acme.NOW),
        "miss": lambda: take_order.asked(acme_shop, "350", None, None, stamp(acme.NOW), acme.NOW),
    }
    for one in arrival:
        tell[one]()
    assert orders.read("acme", "350").order.status == "deleted"  # type: ignore[union-attr]


def test_a_mark_set_anew_is_not_taken_for_the_old_one(acme_shop: Shop) -> None:
    sync.refetch(acme_shop, ["350"], acme.NOW)
    old = orders.read("acme", "350").refetch
    assert old
    base.commit([orders.answered(old)])
    sync.refetch(acme_shop, ["350"], acme.NOW + timedelta(seconds=30))
    take_order.asked(acme_shop, "350", bought(350), old, stamp(acme.NOW), acme.NOW)
    assert marked(acme_shop, "350"), "what was heard since is still to be asked for"


def test_whom_the_platform_asks_us_to_forget_before_we_knew_her_stays_unknown(acme_shop: Shop) -> None:
    ingest.take(acme_shop, PrivacyAsked("erase", "7", "buyer350@example.test", None, stamp(acme.NOW)), acme.NOW)
    acme.see(acme_shop, bought(350), replace(bought(351), buyer=replace(acme.SARA, account="7")))
    for order_id in ("350", "351"):
        told = orders.read("acme", order_id).told
        assert told
        assert (told.buyer.email, told.buyer.account, told.total) == (None, None, 2500)


def test_whoever_comes_back_after_that_is_somebody_new(acme_shop: Shop) -> None:
    ingest.take(acme_shop, PrivacyAsked("erase", None, "buyer350@example.test", None, stamp(acme.NOW)), acme.NOW)
    later = stamp(acme.NOW + timedelta(days=3))
    acme.see(acme_shop, replace(bought(350), placed_at=later, updated_at=later))
    assert orders.read("acme", "350").told.buyer.email == "buyer350@example.test"  # type: ignore[union-attr]
    assert customers.look_up(acme_shop, "email:buyer350@example.test")


def test_a_shop_that_never_sent_anything_is_silent_too(acme_shop: Shop) -> None:
    shop = PretendShop(*(bought(number) for number in range(300, 360)))
    acme.see(acme_shop, *shop.held.values())
    shop.passes(days=2)
    silent = looked_at(shop)["silent"]
    assert silent
    assert silent["since"] == acme_shop.connected_at


def test_an_account_sees_its_newest_order_first(acme_shop: Shop) -> None:
    mine = replace(acme.SARA, account="7")
    acme.see(acme_shop, *(replace(bought(n), buyer=mine) for n in (3, 11, 7)))
    assert [one["id"] for one in read_account.orders_of(acme_shop, "7", acme.NOW)] == ["11", "7", "3"]


def test_an_import_from_another_moment_begins_there(acme_shop: Shop) -> None:
    shop = PretendShop(*map(bought, range(9)))
    sync.begin_import("acme", "api", None, shop.now())
    works(Worker(shop, pages=1), "import")
    sync.stop_import("acme", shop.now())
    since = bought(7).updated_at
    sync.begin_import("acme", "api", since, shop.now())
    works_until_done(Worker(shop))
    found = sync.progress("acme")
    assert found
    assert found["counts"]["orders"]["read"] == 2
