"""Why a customer got what she got, and why nothing else: for every flow of the shop what happened, what would happen if
it were due now, what comes next; or why nothing ever stood. First everything is read, then it is told from that alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.domain import absent
from chalicelib.domain.absent import Absent
from chalicelib.domain.customer import Customer
from chalicelib.domain.deciding import Verdict, decide
from chalicelib.domain.explaining import told
from chalicelib.domain.flow import ORDER_MOMENTS, Flow
from chalicelib.domain.projecting import ahead
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import in_order
from chalicelib.domain.why import sentence
from chalicelib.domain.zones import zone_of
from chalicelib.table import customer_pages, follow_ups, orders
from chalicelib.table.follow_ups import FollowUpRow
from chalicelib.table.orders import Held
from chalicelib.work import flow_book
from chalicelib.work.read_flows import step_in_short, title
from chalicelib.work.read_views import Json, follow_up_view
from chalicelib.work.weigh import Case, weigh

# Of older orders the timeline tells; each costs a read, and a sentence for each flow.
MOST_ORDERS = 10
_OPEN = ("scheduled", "deferred")


@dataclass(frozen=True)
class Known:
    """All that was read. `cases`: of the follow-ups that wait, what a decision would rest on now."""

    shop: Shop
    now: datetime
    flows: Mapping[str, Flow]
    customer: Customer | None
    orders: tuple[Held, ...]
    rows: tuple[FollowUpRow, ...]  # of her own triggers
    cases: Mapping[str, Case] = field(default_factory=dict)

    def every_row(self) -> Iterator[FollowUpRow]:
        for held in self.orders:
            yield from held.follow_ups.values()
        yield from self.rows


def read(shop: Shop, customer: Customer | None, now: datetime, order: str | None = None) -> Known:
    """What there is about a customer, or about one order (the platform's id). Raises Trouble."""
    ids = [order] if order else []
    if customer and not order:
        ids = [order_id for _, order_id in customer_pages.orders_before(shop.slug, customer, MOST_ORDERS)]
    held = tuple(orders.read(shop.slug, order_id) for order_id in ids)
    own = [] if order or not customer else [r for n in customer.nodes for r in follow_ups.of_customer(shop.slug, n.id)]
    cases = {row.id: weigh(shop, one, row, now) for one in held for row in one.follow_ups.values() if _waits(row)}
    cases |= {row.id: weigh(shop, _alone(row), row, now) for row in own if _waits(row)}
    return Known(shop, now, flow_book.every(shop), customer, held, tuple(own), cases)


def _waits(row: FollowUpRow) -> bool:
    return row.state in _OPEN


def _alone(row: FollowUpRow) -> Held:
    return Held(follow_ups={(row.flow, row.step): row})


def explain(known: Known, flow: str | None = None) -> list[Json]:
    """One entry a flow, by name; of one flow, if it is named. A function of what was read."""
    names = sorted({*known.flows, *(row.flow for row in known.every_row())})
    return [_entry(known, name) for name in names if flow in (None, name)]


def _entry(known: Known, name: str) -> Json:
    flow, shop = known.flows.get(name), known.shop
    rows = sorted(
        (row for row in known.every_row() if row.flow == name), key=lambda row: (in_order(row.due_at), row.id)
    )
    return {
        "flow": name,
        "title": title(flow, shop) if flow else name,
        "on": flow is not None and flow_book.is_on(shop, flow),
        "version": flow.version if flow else None,
        "follow_ups": [_row(known, flow, row) for row in rows],
        "nothing": list(_nothing(known, flow)) if flow else [],
    }


def _row(known: Known, live: Flow | None, row: FollowUpRow) -> Json:
    shop, case = known.shop, known.cases.get(row.id)
    verdict = decide(case.facts, known.now) if case else None
    older = live is not None and row.version != live.version and _waits(row)
    note = told("older_version", {"version": row.version, "live": live.version}, shop) if older and live else None
    return {
        **follow_up_view(row, shop, known.customer.id if known.customer else None),
        "trigger": row.trigger_id,
        "version": row.version,
        "note": note,
        "if_due_now": _verdict(verdict, case, shop) if verdict and case else None,
        "ahead": _ahead(case, verdict, row) if verdict and case else [],
    }


def _verdict(verdict: Verdict, case: Case, shop: Shop) -> Json:
    step = case.facts.step
    sends = step is not None and step.kind == "send"
    channel = verdict.option.channel if verdict.option and sends else None
    params = {**verdict.params, **({"until": verdict.until} if verdict.until else {})}
    if verdict.state != "go":
        text = sentence(verdict.code, params, shop)
    else:
        text = told("would_go", {"channel": channel}, shop) if channel else told("would_be_done", {}, shop)
    return {"state": verdict.state, "code": verdict.code, "text": text, "until": verdict.until, "channel": channel}


def _ahead(case: Case, verdict: Verdict, row: FollowUpRow) -> list[Json]:
    """Nothing comes after what would be cancelled."""
    flow = case.facts.flow
    if flow is None or verdict.state == "cancelled":
        return []
    due = max(row.due_at, verdict.until or row.due_at, key=in_order)
    coming = ahead(flow, case.facts, due, row.started_at, row.lot)
    return [{**step_in_short(flow, one.step), "due_at": one.at, "way": one.way} for one in coming]


def _nothing(known: Known, flow: Flow) -> Iterator[Json]:
    """For each of her orders of which the flow has nothing, why; for a flow that no order starts, once."""
    shop, is_on = known.shop, flow_book.is_on(known.shop, flow)
    for held in known.orders if flow.about_orders else ():
        if held.order and not any(row.flow == flow.name for row in held.follow_ups.values()):
            zone = zone_of(held.order.buyer.country, shop.country, shop.timezone)
            why = absent.of_order(flow, held.order, shop, zone, held.rating, is_on)
            gone = why.code == "next_telling" and held.customer is None
            yield _why(Absent("customer_gone") if gone else why, shop, held.order.id, held.order.number)
    hers = any(start.when not in ORDER_MOMENTS for start in flow.starts)
    if hers and known.customer and not any(row.flow == flow.name for row in known.rows):
        yield _why(absent.of_customer(flow, shop, is_on), shop, None, None)


def _why(why: Absent, shop: Shop, order_id: str | None, number: str | None) -> Json:
    text = told(why.code, why.params, shop)
    return {"order_id": order_id, "order_number": number, "code": why.code, "params": why.params, "text": text}
