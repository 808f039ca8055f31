"""A rehearsal on paper says what really happens when the same history runs with the flow on."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib import flows
from chalicelib.domain.as_of import moments_of, order_as_of
from chalicelib.domain.events import OrderSeen, Unreadable
from chalicelib.domain.flow import Flow
from chalicelib.domain.order import Order, Refund
from chalicelib.domain.times import in_order, moment, stamp
from chalicelib.flows import reading
from chalicelib.platforms.standard import webhook
from chalicelib.table import base, coupon_pools, flow_files, orders, shops
from chalicelib.work import ingest, rehearse, take_order
from infra.local.history import deliveries
from tests.post_office import NOON, PostOffice, open_office, order

DAY = timedelta(days=1)
DAYS = 60
END = NOON + DAYS * DAY


@pytest.fixture
def office(table: str) -> PostOffice:
    office = open_office()
    pool = {"percent": 10, "days": 30, "source": "pool"}
    told = {"treated_share": "0.5", "timezone": "America/New_York", "country": "US", "coupons": {"win-back": pool}}
    office.shop = replace(office.shop, **told)
    shops.put(office.shop)
    coupon_pools.add("acme", "win-back", [f"CODE{number:03}" for number in range(20)])
    return office


def history(seed: int, people: int = 6) -> list[Order]:
    """Orders of some weeks: paid at once or later, sent out, given back, cancelled, by people who come back or not."""
    lot, found = random.Random(seed), []
    for number in range(1, people * 2):
        placed = NOON + lot.random() * 35 * DAY
        paid = placed + lot.choice((timedelta(0), timedelta(hours=30)))
        sent = paid + lot.choice((1, 2, 5)) * DAY if lot.random() < 0.7 else None
        plain = order(
            number,
            placed.replace(microsecond=0),
            f"buyer{lot.randrange(people)}@example.test",
            paid_at=stamp(paid.replace(microsecond=0)),
            fulfilled_at=stamp(sent.replace(microsecond=0)) if sent else None,
        )
        if lot.random() < 0.15:
            at = stamp((paid + lot.random() * 20 * DAY).replace(microsecond=0))
            plain = replace(plain, refunds=(Refund("r1", 500, at),))
        elif lot.random() < 0.1:
            plain = replace(plain, status="cancelled", cancelled_at=stamp(placed.replace(microsecond=0) + DAY))
        found.append(plain)
    return found


def live(office: PostOffice, told: list[Order]) -> None:
    """The same history as it would have come in: each order told again whenever something of it changed."""
    moments = sorted(
        {(at, one.id) for one in told for at in moments_of(one, None)}, key=lambda m: (in_order(m[0]), m[1])
    )
    by_id = {one.id: one for one in told}
    for at, order_id in moments:
        if moment(at) > END:
            continue
        if moment(at) > office.now:
            office.run(moment(at))
        shown = order_as_of(by_id[order_id], at)
        assert shown is not None
        take_order.see(office.shop, OrderSeen(replace(shown, updated_at=at)), moment(at))
    office.run(END)


def happened(office: PostOffice, told: list[Order]) -> dict[tuple[str, str, str], tuple[str, str]]:
    """(order, flow, step) -> (state, why) of every follow-up that stands."""
    rows = [row for one in told for row in orders.read("acme", one.id).follow_ups.values()]
    return {(row.order_id, row.flow, row.step): (row.state, row.why[-1]["code"]) for row in rows}


LINEAR = """
flow: seasons
version: 1
purpose: marketing
starts:
  - {when: bought, wait: 2d}
only_if: {order.total: {at_least: "5 EUR"}}
exits: [refunded, cancelled]
steps:
  - {step: half, split: [{share: 30, steps: [{step: few, send: come-back, channel: email}]}, {share: 70, steps: []}]}
  - step: again
    wait_for: ordered
    timeout: 9d
    then: [{step: thanked, tag: returned}]
    else: [{step: asked, send: come-back, channel: email, at: "10:00", "on": [tue, fri]}]
  - {step: last, wait: 6d, send: come-back, channel: email, if: {order.nth: 1}}
"""


def switch_on(office: PostOffice, flow: Flow, ships: bool) -> None:
    """The flow goes live; one that does not ship, as the owner's own."""
    if not ships:
        flow_files.save("acme", flow.name, flow.version, reading.read(LINEAR), {}, {}, stamp(NOON))
    office.shop = replace(office.shop, flows_on=(flow.name,), own_flows={} if ships else {flow.name: flow.version})
    shops.put(office.shop)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["come-back", "win-back", "seasons"])
def test_what_is_rehearsed_is_what_happens(office: PostOffice, name: str, seed: int) -> None:
    flow = flows.parse_text(LINEAR) if name == "seasons" else flows.shipped()[name]
    told = history(seed)
    switch_on(office, flow, name in flows.shipped())
    live(office, told)
    office.now = END
    before = json.dumps(list(office.dynamo.all()), default=repr)
    found = rehearse.rehearse(replace(office.shop, flows_on=()), flow, DAYS, office.now)
    assert json.dumps(list(office.dynamo.all()), default=repr) == before
    paper = {(r.order_id, r.flow, r.step): (r.state, r.told[-1][2] if r.told else "planned") for r in found.followed}
    real = {key: value for key, value in happened(office, told).items() if key[1] == flow.name}
    plain = {key: (state, "planned" if code == "replanned" else code) for key, (state, code) in real.items()}
    assert {k: v[0] for k, v in paper.items()} == {k: v[0] for k, v in plain.items()}
    assert any(state in ("sent", "held_out") for state, _ in paper.values())


def test_the_moment_of_sending_is_the_same_to_the_minute(office: PostOffice) -> None:
    told = history(99)
    live(office, told)
    found = rehearse.rehearse(office.shop, flows.shipped()["come-back"], DAYS, END)
    really = {one.id: orders.read("acme", one.id).follow_ups.get(("come-back", "mail")) for one in told}
    assert found.sent
    for row in found.sent:
        held = really[row.order_id]
        assert held is not None
        assert held.sent_at
        assert row.sent_at
        assert abs(moment(held.sent_at) - moment(row.sent_at)) <= timedelta(minutes=2)


SALES_END = datetime(2026, 11, 21, tzinfo=UTC)


def test_weeks_of_a_real_shops_sales_go_on_paper_as_they_went_in_life(office: PostOffice) -> None:
    name, since = "second-order", SALES_END - timedelta(days=42)
    shop = replace(office.shop, connected_at=stamp(since), flows_on=(name,), timezone="Europe/London", country="GB")
    office.shop = replace(shop, currency="GBP", coupons={"welcome-back": {"percent": 10, "source": "pool"}})
    shops.put(office.shop)
    for batch in range(5):
        coupon_pools.add("acme", "welcome-back", [f"REAL{batch}{number:02}" for number in range(20)])
    office.now = since
    for delivery in deliveries(SALES_END, since):
        office.run(delivery.at)
        with suppress(Unreadable):  # as in life, some of them nobody can read
            for event in webhook.read("*", {}, delivery.body, received_at=stamp(delivery.at), shop=office.shop):
                ingest.take(office.shop, event, delivery.at)
                if isinstance(event, OrderSeen) and (mark := orders.read("acme", event.order.id).refetch):
                    base.commit([orders.answered(mark)])  # nobody can be asked here
    office.run(SALES_END)
    found = rehearse.rehearse(replace(office.shop, flows_on=()), flows.shipped()[name], 42, SALES_END)
    paper = {(row.order_id, row.step): row.state for row in found.followed}
    held = [orders.read("acme", order_id) for _, order_id in orders.placed_since("acme", stamp(since), SALES_END)]
    real = {(row.order_id, row.step): row.state for one in held for row in one.follow_ups.values() if row.flow == name}
    assert {key: state for key, state in real.items() if key in paper} == paper
    # Of an order that was paid and given back in the same second the shop told twice; paper knows only the second.
    assert {real[key] for key in set(real) - set(paper)} <= {"cancelled"}
    assert sum(state == "sent" for state in paper.values()) > 5
    assert sum(state == "held_out" for state in paper.values()) > 5
