"""Follow-ups that no order starts: a birthday, a cart, a segment, a product that is back. One row per flow, trigger and
step beside the customer, whatever happens to her.

All that one occasion starts is written in one transaction, with what is noted of her by the way: neither is ever
without the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from chalicelib.domain.customer import Node
from chalicelib.domain.flow import Flow, Start
from chalicelib.domain.planning import OPEN, Planned, first_step
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import in_order
from chalicelib.domain.zones import zone_of
from chalicelib.table import base, follow_ups
from chalicelib.table.base import Write, retried
from chalicelib.table.follow_ups import OF_CUSTOMER, FollowUpRow, Key
from chalicelib.work import flow_book
from chalicelib.work.nodes import Nodes
from chalicelib.work.replan import because, stand
from chalicelib.work.units import Units, identity_of


@dataclass(frozen=True, slots=True)
class Occasion:
    """Something that happened to a customer at the stored moment `at`. `when` is one of `flow.OTHER_MOMENTS`; `trigger`
    names it for ever (birthday-2026, cart-77): told twice, it is one. `about`: {"cart": …}, {"product": …}."""

    when: str
    trigger: str
    at: str
    segment: str | None = None
    about: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Turn:
    """What is to change for somebody in one transaction: occasions, notes of her profile, and writes beside them."""

    occasions: tuple[Occasion, ...] = ()
    notes: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # note -> (stored moment, value)
    also: tuple[Write, ...] = ()


def wanted(shop: Shop, when: str) -> list[Flow]:
    """The live flows that something of this kind starts."""
    return [flow for flow in flow_book.live(shop).values() if any(start.when == when for start in flow.starts)]


def happened(shop: Shop, node: str, occasion: Occasion, now: datetime) -> int:
    """Plans what the occasion starts, and moves what it had started and still waits. Returns how many rows changed.
    Raises Trouble."""
    return turn(shop, node, lambda nodes: Turn((occasion,)), now) if _started(shop, occasion) else 0


def turn(shop: Shop, node: str, by: Callable[[Nodes], Turn], now: datetime) -> int:
    """What `by` makes of the person's profiles, as they are read for it, in one transaction; asked anew where somebody
    else was quicker. Returns how many follow-ups changed. Raises Trouble."""
    changed = 0

    def attempt() -> str:
        nonlocal changed
        nodes = Nodes(shop)
        changed = _commit(shop, nodes, node, by(nodes), now) if _is_somebody(nodes[node]) else 0
        return "stored" if changed else "duplicate"

    retried(attempt)
    return changed


def cancelled(shop: Shop, node: str, occasion: Occasion, code: str, now: datetime) -> int:
    """What had started and nobody has decided yet ends, with this reason, until it happens again. Returns how many
    rows changed. Raises Trouble."""
    return sum(_cancelled(shop, node, flow, occasion, code, now) for flow, _ in _started(shop, occasion))


def nodes_of(nodes: Nodes, node_id: str) -> tuple[Node, ...]:
    """The one or two nodes of the person that a node is part of."""
    node = nodes[node_id]
    return (node, nodes[node.linked]) if node.linked else (node,)


def _is_somebody(node: Node) -> bool:
    return bool(node.key) and not node.erased_at


def _started(shop: Shop, occasion: Occasion) -> list[tuple[Flow, Start]]:
    """The flows it starts, each with the line that says so."""
    if in_order(occasion.at) < in_order(shop.connected_at):
        return []
    found = [(flow, _start(flow, occasion)) for flow in wanted(shop, occasion.when)]
    since = {flow.name: in_order(shop.flows_since.get(flow.name, "")) for flow, _ in found}
    return [(flow, start) for flow, start in found if start and in_order(occasion.at) >= since[flow.name]]


def _start(flow: Flow, occasion: Occasion) -> Start | None:
    fits = (s for s in flow.starts if s.when == occasion.when and s.segment in (None, occasion.segment))
    return next(fits, None)


def _commit(shop: Shop, nodes: Nodes, node_id: str, wanted: Turn, now: datetime) -> int:
    person = nodes_of(nodes, node_id)
    if any(node.erased_at for node in person):
        return 0
    standing = _Standing(shop, nodes, person, node_id, now)
    for occasion in wanted.occasions:
        for flow, start in _started(shop, occasion):
            standing.add(flow, start, occasion)
    _note(nodes, min(node.id for node in person), wanted.notes)
    base.commit(nodes.writes([*standing.writes, *wanted.also, *standing.units.writes]))
    return standing.changed


def _note(nodes: Nodes, node_id: str, notes: Mapping[str, tuple[str, str]]) -> None:
    for name, (at, value) in sorted(notes.items()):
        nodes.change(node_id, lambda node: replace(node, contact=node.contact.noted(at, {name: value})))  # noqa: B023


class _Standing:
    """The rows of one person that a transaction puts up or moves."""

    def __init__(self, shop: Shop, nodes: Nodes, person: tuple[Node, ...], node_id: str, now: datetime) -> None:
        self._shop, self._nodes, self._person, self._node, self._now = shop, nodes, person, node_id, now
        self.units = Units(shop, nodes, node_id, self._identity(), now)
        self.writes: list[Write] = []
        self.changed = 0

    def add(self, flow: Flow, start: Start, occasion: Occasion) -> None:
        """Her account and her address are one person: what one of them was told of is not told to the other."""
        held = [
            row
            for node in self._person
            for row in follow_ups.of_trigger(self._shop.slug, node.id, flow.name, occasion.trigger)
        ]
        if not held:
            self._put_up(first_step(flow, start, occasion.at, self._zone()), occasion)
        elif len(held) == 1 and held[0].state in OPEN and held[0].decided is None:
            self._move(held[0], occasion)

    def _put_up(self, planned: Planned, occasion: Occasion) -> None:
        self._one_person_one_unit()
        row = stand(self._shop, _key(self._node, planned, occasion), planned, self._now)
        row.customer, row.about = self._node, occasion.about or None
        self.units.assign(row)
        self.writes.append(follow_ups.write(row, None, self._now))
        for node in self._person:
            if node.id != self._node:
                bare = follow_ups.new(self._shop.slug, _key(node.id, planned, occasion))
                self.writes.append(base.unchanged(bare, None))
        self.changed += 1

    def _move(self, row: FollowUpRow, occasion: Occasion) -> None:
        """What happened again, or to another day, is waited for anew, by the version of the flow that she started."""
        flow = flow_book.of(self._shop, row.flow, row.version)
        start = _start(flow, occasion) if flow else None
        if flow is None or start is None or row.step != flow.steps[0].name:
            return
        planned = first_step(flow, start, occasion.at, row.zone or self._zone())
        same = (row.started_at, row.late_after) == (planned.started_at, planned.late_after)
        older = occasion.when == "cart_abandoned" and in_order(planned.started_at) < in_order(row.started_at)
        if older or (same and row.state != "cancelled"):
            return
        row.state, row.due_at, row.late_after = "scheduled", planned.due, planned.late_after
        row.started_at, row.about = planned.started_at, occasion.about or row.about
        because(row, "replanned", self._now, due=planned.due)
        self.writes.append(follow_ups.write(row, row.rev, self._now))
        self.changed += 1

    def _zone(self) -> str:
        return zone_of(country_of(self._person), self._shop.country, self._shop.timezone)

    def _identity(self) -> str | None:
        mine = [node for node in self._person if node.id == self._node]
        return next(filter(None, (node.unit or identity_of(node) for node in (*mine, *self._person))), None)

    def _one_person_one_unit(self) -> None:
        """An account that was never looked at for the experiment takes over what its address was given."""
        others = [node.unit for node in self._person if node.unit]
        if others and not self._nodes[self._node].unit:
            self._nodes.change(self._node, lambda node: replace(node, unit=others[0]))


def country_of(person: Iterable[Node]) -> str | None:
    """Where she lives, by the latest word on it."""
    known = [node.contact.country for node in person if node.contact.country]
    return max(known, key=lambda said: (in_order(said[0]), said[1]))[1] if known else None


def _key(node: str, planned: Planned, occasion: Occasion) -> Key:
    return Key(OF_CUSTOMER, node, planned.flow, planned.step, occasion.trigger)


def _cancelled(shop: Shop, node: str, flow: Flow, occasion: Occasion, code: str, now: datetime) -> int:
    changed = 0

    def attempt() -> str:
        nonlocal changed
        writes = [
            follow_ups.write(_ended(row, code, now), row.rev, now)
            for part in nodes_of(Nodes(shop), node)
            for row in follow_ups.of_trigger(shop.slug, part.id, flow.name, occasion.trigger)
            if row.state in ("scheduled", "deferred") and _not_since(row, occasion)
        ]
        changed = base.commit(writes)
        return "stored" if changed else "duplicate"

    retried(attempt)
    return changed


def _not_since(row: FollowUpRow, occasion: Occasion) -> bool:
    return in_order(row.started_at) <= in_order(occasion.at)


def _ended(row: FollowUpRow, code: str, now: datetime) -> FollowUpRow:
    row.state = "cancelled"
    return because(row, code, now)
