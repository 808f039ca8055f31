"""What flows would have done to one person: the same rules that plan, decide and lead on, run over her past on paper.

Nothing is sent, nothing stored; the clock jumps from one moment at which something changes or is due to the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from chalicelib.domain.as_of import contact_as_of, moments_of, order_as_of
from chalicelib.domain.customer import Customer, LastSend
from chalicelib.domain.deciding import Verdict, decide
from chalicelib.domain.facts import Facts, Option, known_now
from chalicelib.domain.flow import Flow, Step
from chalicelib.domain.journey import branch, done_at, earliest, ends, happened, next_of, split
from chalicelib.domain.order import Order, Totals, contribution
from chalicelib.domain.planning import Planned, Rating, plan, stopped
from chalicelib.domain.rhythm import times_of_product
from chalicelib.domain.shop import Shop
from chalicelib.domain.standing import newer, others, placed_by, rhythm_of, rhythm_until
from chalicelib.domain.times import in_order, moment, stamp
from chalicelib.domain.zones import zone_of

MINUTE = timedelta(minutes=1)
OPEN = ("scheduled", "deferred")
# A flow that deferred for ever would keep the paper clock from coming to an end.
MOST_TURNS = 2_000


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody and all her orders as they are now. `arm`: treated | control."""

    customer: Customer
    orders: tuple[Order, ...]
    arm: str
    ratings: Mapping[str, Rating] = field(default_factory=dict)  # order id -> what she thought of it


@dataclass(slots=True)
class Imagined:
    """A follow-up on paper. `told`: (stored moment, state, why code) of everything that was decided of it."""

    id: str
    flow: str
    step: str
    version: int
    purpose: str
    channel: str
    order_id: str
    started_at: str
    due_at: str
    late_after: str
    zone: str
    state: str = "scheduled"
    sent_at: str | None = None
    told: list[tuple[str, str, str]] = field(default_factory=list)
    facts: Facts | None = None  # of its last decision
    option: Option | None = None


@dataclass(frozen=True, slots=True)
class _Bought:
    order_id: str
    placed_at: str
    counts: str


Options = Callable[[str, Step, Order, Customer], tuple[Option, ...]]  # (purpose, step, order, customer)
Categories = Callable[[Order], set[str]]


def lived(
    person: Person,
    flows: Mapping[str, Flow],
    shop: Shop,
    until: str,
    options: Options,
    categories: Categories = lambda order: set(),
) -> list[Imagined]:
    """Every follow-up that `flows` would have made for her orders between `shop.connected_at` and `until` (stored
    moments), in the order in which they came up."""
    return list(_Life(person, flows, shop, until, options, categories).lived().values())


class _Life:
    """One person's past, gone through once."""

    def __init__(
        self,
        person: Person,
        flows: Mapping[str, Flow],
        shop: Shop,
        until: str,
        options: Options,
        categories: Categories,
    ) -> None:
        self.person, self.flows, self.shop, self.until = person, flows, shop, until
        self.options, self.categories = options, categories
        self.rows: dict[str, Imagined] = {}
        self.sends: list[LastSend] = []
        self.now = ""
        orders = person.orders
        found = {at for order in orders for at in moments_of(order, person.ratings.get(order.id))}
        self.moments = sorted((at for at in found if in_order(at) <= in_order(until)), key=in_order)

    def lived(self) -> dict[str, Imagined]:
        for _ in range(MOST_TURNS):
            coming = self._coming()
            if coming is None:
                break
            self.now = coming
            self._take_in()
            for row in self._due():
                self._decide(row)
        return self.rows

    def _coming(self) -> str | None:
        while self.moments and self.now and in_order(self.moments[0]) <= in_order(self.now):
            self.moments.pop(0)
        dues = [row.due_at for row in self.rows.values() if row.state in OPEN]
        # the clock looks once a minute
        least = stamp(moment(self.now) + MINUTE) if self.now else ""
        due = max(min(dues, key=in_order), least, key=in_order) if dues else None
        coming = min(filter(None, (due, *self.moments[:1])), key=in_order, default=None)
        return coming if coming and in_order(coming) <= in_order(self.until) else None

    def _orders(self) -> Iterator[Order]:
        for order in self.person.orders:
            if (shown := order_as_of(order, self.now)) is not None:
                yield shown

    def _rating(self, order: Order) -> Rating | None:
        rating = self.person.ratings.get(order.id)
        return rating if rating and in_order(rating.at) <= in_order(self.now) else None

    def _take_in(self) -> None:
        """What her orders say now: follow-ups appear, move or end."""
        for order in self._orders():
            for flow in self.flows.values():
                self._replan(flow, order)

    def _replan(self, flow: Flow, order: Order) -> None:
        zone = zone_of(order.buyer.country, self.shop.country, self.shop.timezone)
        planned = plan(flow, order, self.shop.connected_at, zone, self._rating(order))
        rows = [row for row in self.rows.values() if (row.flow, row.order_id) == (flow.name, order.id)]
        if not rows and planned:
            self._stand(planned, order.id)
        for row in rows:
            if row.state not in OPEN:
                continue
            if planned is None:
                self._say(row, "cancelled", stopped(flow, order) or "no_longer_due")
            elif row.step == planned.step and (row.started_at, row.late_after) != (
                planned.started_at,
                planned.late_after,
            ):
                row.state, row.started_at = "scheduled", planned.started_at
                row.due_at, row.late_after = planned.due, planned.late_after
            else:
                self._wake(flow, row, order)

    def _wake(self, flow: Flow, row: Imagined, order: Order) -> None:
        step = flow.step(row.step)
        if (
            step
            and step.kind == "wait_for"
            and happened(step.value, order, self._rating(order), self._newer(order, row))
        ):
            row.due_at = min(row.due_at, self.now, key=in_order)

    def _perhaps_already(self, facts: Facts, planned: Planned, row: Imagined) -> None:
        """What it waits for may have happened before it stood."""
        step = facts.flow.step(row.step) if facts.flow else None
        if step and step.kind == "wait_for" and happened(step.value, facts.order, facts.rating, facts.newer_order):
            row.due_at = earliest(self.flows[row.flow], planned)

    def _stand(self, planned: Planned, order_id: str) -> Imagined:
        name = f"{order_id}/{planned.flow}/{planned.step}"
        self.rows[name] = Imagined(
            name,
            planned.flow,
            planned.step,
            planned.version,
            planned.purpose,
            planned.channel,
            order_id,
            planned.started_at,
            planned.due,
            planned.late_after,
            planned.zone,
        )
        return self.rows[name]

    def _due(self) -> list[Imagined]:
        due = [row for row in self.rows.values() if row.state in OPEN and in_order(row.due_at) <= in_order(self.now)]
        return sorted(due, key=lambda row: (in_order(row.due_at), row.id))

    def _decide(self, row: Imagined) -> None:
        facts = self._facts(row)
        verdict = decide(facts, moment(self.now))
        row.facts, row.option = facts, verdict.option
        if verdict.state == "deferred":
            row.due_at = verdict.until or row.due_at
            self._say(row, "deferred", verdict.code)
            return
        way = self._done(row, facts, verdict)
        step = facts.step
        if facts.flow is None or step is None or ends(step, row.state, verdict.code):
            return
        leads_to = way if step.kind in ("branch", "split", "wait_for") and row.state == "done" else step.next
        following = next_of(facts.flow, leads_to, row.started_at, done_at(row.due_at, self.now), row.zone)
        if following:
            stood = self._stand(following, row.order_id)
            self._perhaps_already(facts, following, stood)
            # Where a step only led on, the next one is looked at in the same go.
            if row.state == "done" and in_order(stood.due_at) <= in_order(self.now):
                self._decide(stood)

    def _done(self, row: Imagined, facts: Facts, verdict: Verdict) -> str | None:
        """What became of a step that was not put off; the step it leads to."""
        step, way = facts.step, None
        if verdict.state != "go" or step is None:
            self._say(row, verdict.state, verdict.code)
        elif step.kind == "send":
            row.sent_at = self.now
            self._say(row, "sent", "sent")
        elif step.kind == "branch":
            way = branch(step, facts.known)[1]
            self._say(row, "done", "branch")
        elif step.kind == "split":
            way = split(step, self.shop.salt, row.order_id)[1]
            self._say(row, "done", "split")
        elif step.kind == "wait_for":
            true = happened(step.value, facts.order, facts.rating, facts.newer_order)
            way = step.then if true else step.other
            self._say(row, "done", "happened" if true else "did_not_happen")
        else:
            self._say(row, "done", step.kind)
        if row.state in ("sent", "held_out") and verdict.option:
            row.channel = verdict.option.channel
            self.sends.append(LastSend(self.now, row.purpose, row.id, row.channel))
        return way

    def _say(self, row: Imagined, state: str, code: str) -> None:
        row.state = state
        row.told.append((self.now, state, code))

    def _bought(self) -> list[_Bought]:
        return [
            _Bought(order.id, order.placed_at, "paid" if order.paid else "placed" if order.placed else "no")
            for order in self._orders()
        ]

    def _newer(self, order: Order, row: Imagined) -> bool:
        return newer(order, row.started_at, self._bought())

    def _customer(self) -> Customer:
        """She as she was: what she had said, what she had bought, what she had been sent."""
        first, *rest = self.person.customer.nodes
        totals: dict[str, Totals] = {}
        for order in self._orders():
            for currency, part in contribution(order).items():
                totals[currency] = totals.get(currency, Totals()).plus(part)
        nodes = [replace(node, contact=contact_as_of(node.contact, self.now)) for node in (first, *rest)]
        nodes[0] = replace(nodes[0], totals=totals, last_sends=tuple(self.sends))
        return Customer((nodes[0], *(replace(node, totals={}, last_sends=()) for node in nodes[1:])))

    def _facts(self, row: Imagined) -> Facts:
        order = next((order for order in self._orders() if order.id == row.order_id), None)
        flow, customer, bought = self.flows[row.flow], self._customer(), self._bought()
        step, rating = flow.step(row.step), self._rating(order) if order else None
        country = order.buyer.country if order else None
        sends = step is not None and step.kind == "send" and order is not None
        facts = Facts(
            follow_up=row.id,
            purpose=row.purpose,
            due=row.due_at,
            late_after=row.late_after,
            shop=self.shop,
            flow=flow,
            step=step,
            order=order,
            customer=customer,
            options=self.options(row.purpose, step, order, customer) if sends and step and order else (),
            arm=self.person.arm if row.purpose == "marketing" else None,
            newer_order=newer(order, row.started_at, bought),
            zone=row.zone,
            country=country or self.shop.country,
            others=others(self.rows.values(), row.id, self.flows, moment(self.now)) if sends else (),
            rhythm_until=self._rhythm_until(flow, step, order, rating, row),
            rating=rating,
        )
        placed = [(b.placed_at, b.order_id) for b in bought if b.counts != "no"]
        found = self.categories(order) if order and "order.categories" in flow.facts() else set()
        return replace(facts, known=known_now(facts, placed, found, {}, moment(self.now)))

    def _rhythm_until(
        self, flow: Flow, step: Step | None, order: Order | None, rating: Rating | None, row: Imagined
    ) -> str | None:
        of = rhythm_of(flow, step, order, rating)
        if of is None or order is None or step is None:
            return None
        earlier = placed_by(order, self._bought())
        times = [b.placed_at for b in earlier] or [order.placed_at]
        if of == "product":
            ids = {b.order_id for b in earlier}
            times = times_of_product(order, [o for o in self._orders() if o.id in ids])
        return rhythm_until(flow, step, order, rating, row.started_at, row.zone, times)
