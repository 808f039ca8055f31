"""Imports, the hourly look, and single orders asked for: nothing left out, nothing twice, whatever stops in between."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import platforms
from chalicelib.domain.events import AccountsMerged, OrderGone, PrivacyAsked, ShopGone
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import moment, stamp
from chalicelib.platforms.shop_api import Denied, Trouble
from chalicelib.safe_http import Unreachable
from chalicelib.table import audit, base, customers, orders, quarantine, shops
from chalicelib.work import dispatch, fetch, ingest, read_quarantine, sync, take_order
from tests import acme
from tests.fake_dynamo import FakeDynamo, instead_of_dynamodb
from tests.pretend_api import URL, PretendShop, Worker, bought


@pytest.fixture
def dynamo() -> Iterator[FakeDynamo]:
    with instead_of_dynamodb() as fake:
        yield fake


@pytest.fixture
def acme_shop(dynamo: FakeDynamo, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(platforms, "load_api", lambda _: PretendShop)
    return acme.open_shop(connected_at="2026-11-20T00:00:00Z", api_url=URL, source_url=URL)[0]


def works(worker: Worker, task: str, **more: Any) -> list[dict[str, str]]:
    """The worker reads one message; returns what failed."""
    body = json.dumps({"shop": "acme", "task": task, **more})
    return fetch.handle({"Records": [{"messageId": "1", "body": body}]}, worker.outside())["batchItemFailures"]


def held(*ids: int) -> set[str]:
    return {str(number) for number in ids if orders.read("acme", str(number)).told}


def works_until_done(worker: Worker, task: str = "import", most: int = 50) -> None:
    for _ in range(most):
        assert works(worker, task) == []
        if not worker.queue:
            return
        worker.queue.clear()
    raise AssertionError("never done")


# --- import ----------------------------------------------------------------------------------------------------------


def test_an_import_takes_everything_in_and_says_how_far_it_is(acme_shop: Shop) -> None:
    shop = PretendShop(*map(bought, range(10)))
    worker = Worker(shop, pages=2)
    sync.begin_import("acme", "api", None, shop.now())
    works(worker, "import")
    half = sync.progress("acme")
    assert half
    assert (half["state"], half["counts"]["orders"]["new"], half["totals"]) == ("running", 6, {"orders": 10})
    works_until_done(worker)
    done = sync.progress("acme")
    assert done
    assert (done["state"], done["counts"]["orders"]["read"], done["kind"]) == ("done", 10, None)
    assert held(*range(10)) == {str(n) for n in range(10)}


@pytest.mark.parametrize("death", range(1, 40, 3))
def test_a_worker_that_dies_anywhere_leaves_work_that_another_ends(
    acme_shop: Shop, dynamo: FakeDynamo, death: int
) -> None:
    shop = PretendShop(*map(bought, range(8)))
    sync.begin_import("acme", "api", None, shop.now())
    calls = iter(range(10_000))

    def killed(operation: str, arguments: dict[str, Any]) -> None:
        if next(calls) == death:
            raise KeyboardInterrupt

    dynamo.after = killed
    with pytest.raises(KeyboardInterrupt):
        works(Worker(shop), "import")
    dynamo.after = lambda *_: None
    shop.passes(minutes=3)
    works_until_done(Worker(shop))
    found = sync.progress("acme")
    assert found
    assert found["state"] == "done"
    assert held(*range(8)) == {str(n) for n in range(8)}
    people = [
        customers.person("acme", customers.resolve(acme_shop, f"email:buyer{n}@example.test", "").node.id)
        for n in range(8)
    ]
    assert [person.totals["EUR"].placed for person in people if person] == [1] * 8


def test_two_workers_do_not_do_the_same(acme_shop: Shop) -> None:
    shop = PretendShop(*map(bought, range(8)))
    sync.begin_import("acme", "api", None, shop.now())
    slow = Worker(shop, pages=1)
    works(slow, "import")
    first = len(shop.asked)
    shop_row = sync.progress("acme")
    works(slow, "import")
    works(Worker(shop), "reconcile")
    assert len(shop.asked) == first + 1, "one page each; there is no timer"
    assert shop_row != sync.progress("acme")


def test_while_one_is_at_it_nobody_else_touches_it(acme_shop: Shop) -> None:
    shop = PretendShop(*map(bought, range(8)))
    sync.begin_import("acme", "api", None, shop.now())

    class Nosy(PretendShop):
        def page(self, *args: Any) -> Any:
            works(Worker(shop), "import")
            return shop.page(*args)

    works(Worker(Nosy()), "import")
    assert shop.asked.count("page") == 3


def test_marketing_waits_for_an_import_and_no_longer(acme_shop: Shop) -> None:
    shop = PretendShop(*map(bought, range(4)))
    sync.begin_import("acme", "api", None, shop.now())
    works(Worker(shop, pages=1), "import")
    assert shops.get("acme").importing  # type: ignore[union-attr]
    works_until_done(Worker(shop))
    assert not shops.get("acme").importing  # type: ignore[union-attr]


def test_what_an_owner_says_of_the_shop_meanwhile_does_not_end_the_waiting(acme_shop: Shop) -> None:
    shops.set_importing("acme", True)
    shops.put(replace(acme_shop, name="Acme & Sons"))
    found = shops.get("acme")
    assert found
    assert (found.importing, found.name) == (True, "Acme & Sons")


def test_history_is_not_followed_up_and_what_is_new_is(acme_shop: Shop) -> None:
    shop = PretendShop(bought(1), replace(bought(2), placed_at="2026-11-21T10:00:00Z", paid_at="2026-11-21T10:00:00Z"))
    sync.begin_import("acme", "api", None, shop.now())
    works_until_done(Worker(shop))
    assert not orders.read("acme", "1").follow_ups
    assert orders.read("acme", "2").follow_ups


def test_a_stopped_import_rests_and_goes_on_from_there(acme_shop: Shop) -> None:
    shop = PretendShop(*map(bought, range(9)))
    sync.begin_import("acme", "api", None, shop.now())
    works(Worker(shop, pages=1), "import")
    assert sync.stop_import("acme", shop.now())["state"] == "stopped"  # type: ignore[index]
    works(Worker(shop), "import")
    assert len(held(*range(9))) == 3
    assert not shops.get("acme").importing  # type: ignore[union-attr]
    sync.begin_import("acme", "api", None, shop.now())
    works_until_done(Worker(shop))
    assert (len(held(*range(9))), shop.asked.count("page")) == (9, 3)


def test_an_import_stopped_under_a_workers_hands_stays_stopped(acme_shop: Shop) -> None:
    shop = PretendShop(*map(bought, range(9)))
    sync.begin_import("acme", "api", None, shop.now())

    class Stopped(PretendShop):
        def page(self, *args: Any) -> Any:
            sync.stop_import("acme", shop.now())
            return shop.page(*args)

    works(Worker(Stopped()), "import")
    found = sync.progress("acme")
    assert found
    assert (found["state"], found["counts"]) == ("stopped", {})


def test_an_unreachable_shop_is_asked_again_ever_more_rarely(acme_shop: Shop) -> None:
    shop = PretendShop(*map(bought, range(3)))
    shop.fails = [Unreachable("nobody answers at acme.test"), Trouble("busy", 600)]
    sync.begin_import("acme", "api", None, shop.now())
    works(Worker(shop), "import")
    found = sync.progress("acme")
    assert found
    assert found["state"] == "running"
    assert found["trouble"]["code"] == "unreachable"
    works(Worker(shop), "import")
    assert len(shop.asked) == 1, "not before half a minute is over"
    shop.passes(seconds=31)
    works(Worker(shop), "import")
    shop.passes(seconds=599)
    works(Worker(shop), "import")
    assert len(shop.asked) == 2, "the shop asked for ten minutes"
    shop.passes(seconds=2)
    works_until_done(Worker(shop))
    assert sync.progress("acme")["trouble"] is None  # type: ignore[index]


def test_a_refused_key_ends_an_import_and_says_what_to_do(acme_shop: Shop) -> None:
    shop = PretendShop(*map(bought, range(3)))
    shop.fails = [Denied("bad_key", "make a new key")]
    sync.begin_import("acme", "api", None, shop.now())
    works(Worker(shop), "import")
    found = sync.progress("acme")
    assert found
    assert found["state"] == "failed"
    assert {"code": "bad_key", "remedy": "make a new key"}.items() <= found["trouble"].items()
    assert not shops.get("acme").importing  # type: ignore[union-attr]


def test_what_cannot_be_read_is_shown_and_the_rest_is_taken_in(acme_shop: Shop) -> None:
    shop = PretendShop(*map(bought, range(5)))
    shop.unreadable = {"2"}
    sync.begin_import("acme", "api", None, shop.now())
    works_until_done(Worker(shop))
    found = sync.progress("acme")
    assert found
    assert (found["state"], found["counts"]["orders"]["unread"]) == ("done", 1)
    assert found["rejected"] == [{"kind": "orders", "id": "2", "field": "total", "reason": "has no total"}]
    shown = read_quarantine.listed(acme_shop, 10, None).items
    assert [(one["reason"], one["topic"]) for one in shown] == [("has no total", "api.orders")]
    assert read_quarantine.replay(acme_shop, shown[0]["id"], shop.now(), lambda *_: None)
    shop.unreadable.clear()
    works(Worker(shop), "refetch", orders=["2"])
    shop.passes(minutes=5)
    works(Worker(shop), "refetch", orders=["2"])
    assert held(2) == {"2"}
    assert quarantine.listed("acme") == []


def test_an_order_that_nobody_foresaw_is_shown_and_ends_nothing(
    acme_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, real = PretendShop(*map(bought, range(3))), take_order.see

    def see(*args: Any) -> str:
        if args[1].order.id == "1":
            raise ZeroDivisionError
        return real(*args)

    monkeypatch.setitem(ingest._TAKERS, type(acme_event()), see)
    sync.begin_import("acme", "api", None, shop.now())
    works_until_done(Worker(shop))
    assert sync.progress("acme")["rejected"][0]["id"] == "1"  # type: ignore[index]
    assert held(0, 1, 2) == {"0", "2"}


def acme_event() -> Any:
    from chalicelib.domain.events import OrderSeen

    return OrderSeen(bought(1))


def test_a_table_in_trouble_takes_the_page_again(acme_shop: Shop, dynamo: FakeDynamo) -> None:
    shop = PretendShop(*map(bought, range(4)))
    sync.begin_import("acme", "api", None, shop.now())
    troubled = iter([True, False, False])

    def refuses(operation: str, arguments: dict[str, Any]) -> None:
        from tests.dynamo_expressions import error

        if operation == "TransactWriteItems" and next(troubled, False):
            raise error("ProvisionedThroughputExceededException", "slow down")

    dynamo.before = refuses
    assert works(Worker(shop), "import") == [{"itemIdentifier": "1"}]
    dynamo.before = lambda *_: None
    shop.passes(minutes=3)
    works_until_done(Worker(shop))
    assert len(held(*range(4))) == 4


def test_an_import_may_run_on_several_threads(acme_shop: Shop) -> None:
    shop = PretendShop(*map(bought, range(40)), per_page=20)
    sync.begin_import("acme", "api", None, shop.now())
    works_until_done(Worker(shop, threads=4))
    assert len(held(*range(40))) == 40


def test_a_second_import_from_elsewhere_has_to_wait(acme_shop: Shop) -> None:
    sync.begin_import("acme", "api", None, acme.NOW)
    with pytest.raises(sync.Running):
        sync.begin_import("acme", "csv:imports/acme/1.csv", None, acme.NOW)


# --- the hourly look -------------------------------------------------------------------------------------------------


def looked_at(shop: PretendShop, worker: Worker | None = None) -> dict[str, Any]:
    """The report after the next look."""
    sync.reconcile_soon("acme", None, shop.now())
    shop.passes(minutes=2)
    works_until_done(worker or Worker(shop), "reconcile")
    report = sync.report("acme")
    assert report
    return report


def test_what_no_webhook_told_us_of_is_found_and_counted(acme_shop: Shop) -> None:
    shop = PretendShop(bought(350), bought(351))
    acme.see(acme_shop, bought(350))
    report = looked_at(shop)
    assert (report["orders_seen"], report["orders_in_shop"]) == (2, 2)
    assert report["found"]["orders"] == {"read": 2, "new": 1, "duplicate": 1, "missed": 1}


def test_only_what_changed_since_the_last_look_is_read_again_with_some_overlap(acme_shop: Shop) -> None:
    shop = PretendShop(bought(350))
    looked_at(shop)
    shop.passes(hours=1)
    shop.held["352"] = replace(bought(352), updated_at=stamp(shop.now()))
    report = looked_at(shop)
    assert report["found"]["orders"] == {"read": 1, "new": 1}, "a minute old: its webhook may be under way"


def test_webhooks_that_the_shop_switched_off_are_mended_and_told_of(acme_shop: Shop) -> None:
    shop = PretendShop()
    looked_at(shop)
    assert sorted(hook.topic for hook in shop.webhooks.values()) == ["order.created", "order.updated"]
    shop.webhooks["1"] = replace(shop.webhooks["1"], state="disabled")
    del shop.webhooks["2"]
    report = looked_at(shop)
    assert report["hooks"] == {"order.created": "active", "order.updated": "active"}
    assert [(one["action"], one["topic"]) for one in report["repairs"][2:]] == [
        ("mend", "order.created"),
        ("add", "order.updated"),
    ]


def test_a_webhook_that_somebody_paused_is_left_alone_and_shown(acme_shop: Shop) -> None:
    shop = PretendShop()
    looked_at(shop)
    shop.webhooks["1"] = replace(shop.webhooks["1"], state="paused")
    assert looked_at(shop)["hooks"]["order.created"] == "paused"


def test_a_copy_of_the_shop_is_not_believed(acme_shop: Shop) -> None:
    shop = PretendShop(bought(350))
    shop.address = "https://staging.acme.test"
    report = looked_at(shop)
    assert report["trouble"]["code"] == "elsewhere"
    assert "staging.acme.test" in report["trouble"]["remedy"]
    assert held(350) == set()
    assert not shop.webhooks


def test_a_shop_that_lives_at_the_same_place_with_another_case_is_believed(acme_shop: Shop) -> None:
    shop = PretendShop(bought(350))
    shop.address = "http://ACME.test/"
    assert looked_at(shop)["trouble"] is None


def test_silence_is_told_by_the_shops_own_rhythm(acme_shop: Shop) -> None:
    shop = PretendShop(*(bought(number) for number in range(300, 360)))
    acme.see(acme_shop, *shop.held.values())
    from chalicelib.table import counters

    counters.add("acme", "2026-11-21", {"received": 1}, stamp(shop.now()))
    assert looked_at(shop)["silent"] is None
    shop.passes(hours=2)
    assert looked_at(shop)["silent"] is None
    shop.passes(hours=2)
    silent = looked_at(shop)["silent"]
    assert silent == {"since": "2026-11-21T12:00:00Z", "usual_seconds": 3600}


def test_after_a_look_comes_the_next_one_within_the_hour_or_so(acme_shop: Shop) -> None:
    shop = PretendShop()
    report = looked_at(shop)
    assert timedelta(minutes=30) <= moment(report["next_at"]) - shop.now() <= timedelta(minutes=90)


def test_a_dead_shop_is_looked_at_again_every_hour_and_says_why(acme_shop: Shop) -> None:
    shop = PretendShop()
    shop.fails = [Denied("bad_key", "make a new key")]
    report = looked_at(shop)
    assert report["trouble"]["remedy"] == "make a new key"
    assert moment(report["next_at"]) - shop.now() >= timedelta(minutes=30)
    shop.passes(hours=2)
    assert looked_at(shop)["trouble"] is None


def test_a_shop_that_was_switched_off_is_not_asked(acme_shop: Shop) -> None:
    shop = PretendShop()
    sync.start_timer("acme", shop.now())
    shops.put(replace(acme_shop, state="off"))
    works(Worker(shop), "reconcile")
    assert shop.asked == []


def test_the_clock_comes_by_for_what_is_due(acme_shop: Shop) -> None:
    sync.begin_import("acme", "api", None, acme.NOW)
    sync.start_timer("acme", acme.NOW)
    take_order.gone(acme_shop, OrderGone("77", stamp(acme.NOW)), acme.NOW)
    asked: list[tuple[str, str]] = []
    later = acme.NOW + timedelta(minutes=3)
    dispatch.tick(later, dispatch.Outside(lambda _: None, lambda: 0, 14.0, asked.extend))
    assert sorted(json.loads(body)["task"] for _, body in asked) == ["import", "reconcile", "refetch"]
    assert {shop for shop, _ in asked} == {"acme"}


# --- single orders ---------------------------------------------------------------------------------------------------


def marked(shop: Shop, order_id: str) -> bool:
    return orders.read(shop.slug, order_id).refetch is not None


def refetched(shop: PretendShop, *ids: str, worker: Worker | None = None) -> None:
    shop.passes(minutes=2)
    works(worker or Worker(shop), "refetch", orders=list(ids))


def test_a_marked_order_is_asked_for_and_the_mark_goes(acme_shop: Shop) -> None:
    shop = PretendShop(bought(350))
    sync.refetch(acme_shop, ["350"], shop.now())
    refetched(shop, "350")
    assert held(350) == {"350"}
    assert not marked(acme_shop, "350")
    assert orders.read("acme", "350").told.settled  # type: ignore[union-attr]


def test_a_deletion_is_confirmed_by_the_shop(acme_shop: Shop) -> None:
    shop = PretendShop()
    acme.see(acme_shop, bought(350))
    take_order.gone(acme_shop, OrderGone("350", stamp(shop.now())), shop.now())
    refetched(shop, "350")
    assert orders.read("acme", "350").order.status == "deleted"  # type: ignore[union-attr]
    assert not marked(acme_shop, "350")


def test_an_order_that_is_still_there_was_never_deleted(acme_shop: Shop) -> None:
    shop = PretendShop(bought(350))
    acme.see(acme_shop, bought(350))
    take_order.gone(acme_shop, OrderGone("350", stamp(shop.now())), shop.now())
    node = customers.resolve(acme_shop, "email:buyer350@example.test", "").node
    assert "EUR" not in node.totals or node.totals["EUR"].placed == 0
    refetched(shop, "350")
    assert orders.read("acme", "350").order.status == "placed"  # type: ignore[union-attr]
    assert customers.resolve(acme_shop, "email:buyer350@example.test", "").node.totals["EUR"].placed == 1
    assert not marked(acme_shop, "350")


def test_a_settled_order_with_a_tie_that_is_deleted_is_asked_for_once_more(acme_shop: Shop) -> None:
    """Its deletion settles nothing and asks anew: one write to the mark, not two."""
    told = replace(bought(350), settled=True)
    acme.see(acme_shop, told)
    base.commit(orders.refetch("acme", "350", "tie", told.updated_at, acme.NOW, orders.Held()))
    take_order.gone(acme_shop, OrderGone("350", stamp(acme.NOW)), acme.NOW)
    mark = orders.read("acme", "350").refetch
    assert mark
    assert mark.reason == "deleted"


def test_an_order_the_shop_no_longer_has_is_deleted_though_nobody_said_so(acme_shop: Shop) -> None:
    shop = PretendShop()
    acme.see(acme_shop, bought(350))
    sync.refetch(acme_shop, ["350"], shop.now())
    refetched(shop, "350")
    assert orders.read("acme", "350").order.status == "deleted"  # type: ignore[union-attr]


def test_an_order_of_which_we_know_nothing_and_the_shop_neither_stays_gone(acme_shop: Shop) -> None:
    """Whether its creation or its end is heard first."""
    shop = PretendShop()
    sync.refetch(acme_shop, ["350"], shop.now())
    refetched(shop, "350")
    assert not marked(acme_shop, "350")
    acme.see(acme_shop, bought(350))
    assert orders.read("acme", "350").order.status == "deleted"  # type: ignore[union-attr]
    assert orders.count("acme", shop.now()) == 0


def test_a_mark_that_was_set_while_we_asked_stays(acme_shop: Shop) -> None:
    shop = PretendShop(bought(350))
    sync.refetch(acme_shop, ["350"], shop.now())

    class Busy(PretendShop):
        def orders(self, *args: Any) -> Any:
            sync.refetch(acme_shop, ["350"], shop.now() + timedelta(seconds=1))
            return shop.orders(*args)

    busy = Busy()
    shop.passes(minutes=2)
    busy.time = shop.time
    works(Worker(busy), "refetch", orders=["350"])
    assert held(350) == {"350"}
    assert marked(acme_shop, "350")


def test_a_shop_is_asked_no_faster_than_its_bucket_fills(acme_shop: Shop) -> None:
    shop = PretendShop()
    ids = [str(number) for number in range(150)]
    sync.refetch(acme_shop, ids, shop.now())
    shop.passes(minutes=2)
    for start in range(0, 150, 50):
        works(Worker(shop), "refetch", orders=ids[start : start + 50])
    assert sum(not marked(acme_shop, order_id) for order_id in ids) == 100, "the burst"
    shop.passes(seconds=30)
    works(Worker(shop), "refetch", orders=ids[100:])
    assert sum(not marked(acme_shop, order_id) for order_id in ids) == 130, "one a second after it"


def test_a_shop_that_cannot_be_asked_keeps_its_marks_for_another_day(acme_shop: Shop) -> None:
    shop = PretendShop(bought(350))
    sync.refetch(acme_shop, ["350"], shop.now())
    refetched(shop, "350", worker=Worker(shop, connected=False))
    assert marked(acme_shop, "350")
    assert held(350) == set()
    refetched(shop, "350")
    assert marked(acme_shop, "350"), "not before a day is over"
    shop.passes(days=1)
    refetched(shop, "350")
    assert not marked(acme_shop, "350")


def test_a_shop_in_trouble_is_asked_again_ever_more_rarely_for_an_order(acme_shop: Shop) -> None:
    shop = PretendShop(bought(350))
    sync.refetch(acme_shop, ["350"], shop.now())
    shop.fails = [Unreachable("down"), Unreachable("down")]
    asked = []
    for _ in range(12):
        refetched(shop, "350")
        asked.append(len(shop.asked))
    assert asked[-1] == 3
    assert not marked(acme_shop, "350")


# --- what else a platform tells of -----------------------------------------------------------------------------------


def test_accounts_that_the_platform_merged_bring_their_orders_to_the_one_that_stays(acme_shop: Shop) -> None:
    old, kept = (
        replace(acme.SARA, account="7", email=None, phone=None),
        replace(acme.SARA, account="8", email=None, phone=None),
    )
    acme.see(acme_shop, replace(bought(350), buyer=old))
    shop = PretendShop(replace(bought(350), buyer=kept, updated_at=stamp(acme.NOW)))
    ingest.take(acme_shop, AccountsMerged("8", "7", stamp(acme.NOW)), acme.NOW)
    refetched(shop, "350")
    assert orders.read("acme", "350").customer == customers.resolve(acme_shop, "account:8", "").node.id


def test_a_person_whom_the_platform_asks_us_to_erase_is_erased(acme_shop: Shop) -> None:
    shop = PretendShop()
    acme.see(acme_shop, bought(350))
    asked = PrivacyAsked("erase", None, "buyer350@example.test", None, stamp(shop.now()))
    assert ingest.take(acme_shop, asked, shop.now()) == "stored"
    node = customers.resolve(acme_shop, "email:buyer350@example.test", "").node
    worker = Worker(shop)
    works(worker, f"erase:{node.id}")
    assert customers.person("acme", node.id).erased  # type: ignore[union-attr]
    assert [key for key in worker.stored if key.startswith("journal/")]
    assert ingest.take(acme_shop, asked, shop.now()) == "ignored", "nobody is left to be erased"


def test_an_export_that_a_platform_asks_for_is_noted_for_the_owner(acme_shop: Shop) -> None:
    acme.see(acme_shop, bought(350))
    asked = PrivacyAsked("export", None, "buyer350@example.test", None, "2026-11-21T09:00:00Z")
    assert ingest.take(acme_shop, asked, acme.NOW) == "stored"
    assert [entry.what for entry in audit.of_month("acme", "2026-11")] == ["export_asked"]


def test_a_shop_that_still_lets_us_in_is_not_erased_whatever_was_signed(acme_shop: Shop) -> None:
    shop = PretendShop()
    shops.put(replace(acme_shop, access="sealed"))
    acme.see(acme_shop, bought(350))
    ingest.take(acme_shop, ShopGone("erase", stamp(acme.NOW)), acme.NOW)
    works(Worker(shop), "erase-shop")
    assert shops.get("acme").state == "on"  # type: ignore[union-attr]
    assert "shop_erase_refused" in [entry.what for entry in audit.of_month("acme", "2026-11")]


def test_a_shop_that_removed_us_and_asks_for_it_is_erased_to_the_last_customer(acme_shop: Shop) -> None:
    shop = PretendShop()
    acme.see(acme_shop, *map(bought, range(30)))
    shop.fails = [Denied("bad_key", "")] * 9
    ingest.take(acme_shop, ShopGone("erase", stamp(acme.NOW)), acme.NOW)
    worker = Worker(shop, pages=20)
    works_until_done(worker, "erase-shop")
    assert shops.get("acme").state == "off"  # type: ignore[union-attr]
    assert all(orders.read("acme", str(number)).told.buyer.email is None for number in range(30))  # type: ignore[union-attr]


def test_an_uninstalled_app_is_noticed_by_asking_the_shop(acme_shop: Shop) -> None:
    shop = PretendShop()
    looked_at(shop)
    ingest.take(acme_shop, ShopGone("uninstalled", stamp(shop.now())), shop.now())
    shop.fails = [Denied("bad_key", "install it again")]
    works(Worker(shop), "reconcile")
    assert sync.report("acme")["trouble"]["code"] == "bad_key"  # type: ignore[index]


def test_new_public_keys_are_fetched_at_most_once_a_minute(acme_shop: Shop) -> None:
    shop = PretendShop()
    worker = Worker(shop)
    works(worker, "keys")
    works(worker, "keys")
    assert shop.asked == ["jwks"]
    assert "new" in shops.get("acme").jwks
    assert b"new" in worker.stored["directory.json"]


def test_a_message_that_makes_no_sense_is_not_tried_again(acme_shop: Shop) -> None:
    records = [
        {"messageId": "1", "body": body} for body in ("{", "[]", '{"shop":"acme"}', '{"shop":"nobody","task":"x"}')
    ]
    assert fetch.handle({"Records": records}, Worker(PretendShop()).outside()) == {"batchItemFailures": []}


def test_orders_are_counted_however_they_stand_and_deleted_ones_are_not(acme_shop: Shop) -> None:
    acme.see(
        acme_shop, bought(1), replace(bought(2), status="cancelled"), replace(bought(3), status="pending", paid_at=None)
    )
    acme.see(acme_shop, replace(bought(4), status="deleted"), replace(bought(5), placed_at="2025-02-01T00:00:00Z"))
    assert orders.count("acme", acme.NOW) == 4
    take_order.gone(acme_shop, OrderGone("1", stamp(acme.NOW)), acme.NOW)
    assert orders.count("acme", acme.NOW) == 3
