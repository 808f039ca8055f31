"""The clock: nothing due is left behind, nobody waits for somebody else's thousands, the provider's rate is held."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta

import pytest

from chalicelib.domain.times import stamp
from chalicelib.table import base, due, follow_ups, orders
from chalicelib.table.follow_ups import FollowUpRow
from chalicelib.work import dispatch, spool
from tests.post_office import MINUTE, NOON, PostOffice, open_office, order


def plan(shop: str, number: int) -> None:
    """One bare follow-up, due at noon."""
    row = FollowUpRow(orders.partition(shop, str(number)), follow_ups.sort_key("thank-you", "mail"))
    row.flow, row.step, row.version, row.purpose, row.channel = "thank-you", "mail", 1, "transactional", "email"
    row.order_id, row.state, row.due_at, row.late_after = str(number), "scheduled", stamp(NOON), stamp(NOON)
    row.started_at = stamp(NOON)
    base.commit([follow_ups.write(row, None, NOON - MINUTE)])


def finish(shop: str, follow_up: str) -> None:
    row = follow_ups.get(shop, follow_up)
    assert row is not None
    row.state = "sent"
    base.commit([follow_ups.write(row, row.rev, NOON)])


def rush(sizes: dict[str, int], rate: int, minutes: int) -> dict[str, int]:
    """Everything due in one minute, the provider taking `rate` a second. Returns the minute each shop was done in."""
    office = PostOffice(rate=rate)
    office.dynamo.install()
    for shop, size in sizes.items():
        for number in range(size):
            plan(shop, number)
    left, done_in = Counter(sizes), {}
    for minute in range(minutes):
        office.now = NOON + minute * MINUTE
        dispatch.tick(office.now, office.ticking())
        assert len(office.queue) <= rate * 60 * dispatch.MINUTES_AHEAD, "more in the outbox than it may hold"
        for _ in range(rate * 60):
            if not office.queue:
                break
            shop, body = office.queue.pop(0)
            follow_up = json.loads(body)["follow_up"]
            if follow_ups.get(shop, follow_up).state == "scheduled":  # type: ignore[union-attr]
                finish(shop, follow_up)
                left[shop] -= 1
        for shop in sizes:
            if left[shop] == 0:
                done_in.setdefault(shop, minute)
        if not +left:
            break
    assert not +left, f"left behind: {+left}"
    return done_in


def test_a_small_shop_is_done_long_before_a_large_one_that_was_due_first(table: str) -> None:
    sizes = {"large": 900, **{f"small-{n}": 10 for n in range(9)}}
    done_in = rush(sizes, rate=2, minutes=30)
    assert all(done_in[shop] == 0 for shop in sizes if shop != "large")
    assert done_in["large"] <= 990 // (2 * 60) + 1, "the provider stood idle while something was due"


@pytest.mark.slow
def test_twenty_thousand_due_in_a_minute_over_fifty_shops_starve_nobody(table: str) -> None:
    sizes = {"large": 10_200, **{f"shop-{n:02d}": 200 for n in range(49)}}
    done_in = rush(sizes, rate=14, minutes=60)
    assert max(done_in[shop] for shop in sizes if shop != "large") <= 49 * 2 * 200 // (14 * 60) + 1
    assert done_in["large"] <= 20_000 // (14 * 60) + 2


def test_each_shop_gets_its_turn() -> None:
    keys = [("S#big#O#1", "a"), ("S#big#O#2", "b"), ("S#big#O#3", "c"), ("S#tiny#O#1", "d")]
    assert [sk for _, sk in dispatch.fair(keys)] == ["a", "d", "b", "c"]


@pytest.fixture
def office(table: str) -> PostOffice:
    return open_office()


def test_what_was_due_while_the_clock_stood_still_is_found(office: PostOffice) -> None:
    office.minute()
    office.sell(order())
    office.now = NOON + timedelta(hours=30)
    assert dispatch.tick(office.now, office.ticking()) == 1


def test_the_cursor_never_passes_something_that_still_waits(office: PostOffice) -> None:
    office.minute()
    office.sell(order())
    for hours in range(1, 12):
        dispatch.tick(NOON + timedelta(hours=hours), office.ticking())
    assert due.cursor(NOON) == "2026-11-02T13"


def test_a_cancelled_follow_up_is_not_due_any_more(office: PostOffice) -> None:
    office.sell(order())
    office.sell(order(status="cancelled", updated_at=stamp(NOON + MINUTE)))
    assert dispatch.tick(NOON + timedelta(days=40), office.ticking()) == 0


def test_an_order_to_ask_the_shop_about_goes_to_whoever_asks_and_does_not_hold_up_the_clock(office: PostOffice) -> None:
    office.sell(order())
    office.sell(order(total=1300))
    assert orders.read("acme", "1").refetch is not None
    dispatch.tick(NOON + MINUTE, office.ticking())
    assert [(shop, json.loads(body)) for shop, body in office.asked] == [
        ("acme", {"shop": "acme", "task": "refetch", "orders": ["1"]})
    ]
    mark = orders.read("acme", "1").refetch
    assert mark
    orders.postpone_refetch(mark, 1, stamp(NOON + timedelta(days=1)), NOON + MINUTE)
    office.asked.clear()
    for hours in range(1, 8):
        dispatch.tick(NOON + timedelta(hours=hours), office.ticking())
    assert office.asked == []
    assert due.cursor(NOON) == "2026-11-02T13", "past the mark, up to a mail that waits"


def test_the_spool_goes_back_to_the_queue_and_is_forgotten_only_then() -> None:
    kept = {"spool/acme/1": b"one", "spool/acme/2": b"two"}
    queue: list[tuple[str, str]] = []

    def send(text: str, shop: str) -> None:
        if text == "two" and not queue[1:]:
            queue.append(("", ""))
            raise OSError("still down")
        queue.append((text, shop))

    outside = spool.Outside(lambda most: sorted(kept)[:most], kept.get, send, lambda key: kept.pop(key) and None)
    assert spool.drain(outside) == 1
    assert list(kept) == ["spool/acme/2"]
    assert spool.drain(outside) == 1
    assert (queue, kept) == ([("one", "acme"), ("", ""), ("two", "acme")], {})
