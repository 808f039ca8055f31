"""Who is in which segment: noted with her, and what coming and going starts, in one transaction.

Nothing starts for a segment under which not everybody has been looked at yet, nor while history is coming in: those who
have long been in it would seem to enter it that day.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.domain import segments
from chalicelib.domain.conditions import Condition
from chalicelib.domain.customer import Customer
from chalicelib.domain.segments import IN, NOTE
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import later, moment, stamp
from chalicelib.table import customers
from chalicelib.work import flow_book, occasions
from chalicelib.work.nodes import Nodes
from chalicelib.work.occasions import Occasion, Turn

MOMENT = timedelta(milliseconds=1)


def needed(shop: Shop) -> dict[str, Condition]:
    """The segments that a live flow starts from or asks about."""
    if not shop.segments:
        return {}
    return segments.conditions(shop, segments.mentioned(flow_book.live(shop).values()))


def is_known(shop: Shop, name: str) -> bool:
    """Whether everybody was looked at under the condition that it has now."""
    return shop.segments_known.get(name) == segments.fingerprint(shop.segments.get(name))


def settle(shop: Shop, node: str, wanted: dict[str, Condition], now: datetime) -> int:
    """Notes where she has come and gone, and plans what that starts. Returns how many segments she moved in. Raises
    Trouble."""
    moved = 0

    def by(nodes: Nodes) -> Turn:
        nonlocal moved
        person = Customer(occasions.nodes_of(nodes, node))
        found = segments.changes(person, facts(shop, person, wanted, now), wanted)
        moved = len(found)
        return Turn(
            tuple(_occasion(name, way, now) for name, way in found if is_known(shop, name) and not shop.importing),
            {NOTE + name: (_after(person, name, now), way) for name, way in found},
        )

    occasions.turn(shop, node, by, now)
    return moved


def facts(shop: Shop, person: Customer, wanted: dict[str, Condition], now: datetime) -> dict[str, object]:
    """What segments may ask of her; her orders are read only where one asks when the last one was."""
    last = _last_order(shop, person) if segments.asks_last_order(wanted) else None
    return segments.known(shop, person, last, now)


def _last_order(shop: Shop, person: Customer) -> str | None:
    """When she placed the last that counts. Those that do not are rarely many."""
    for limit in (5, customers.MOST_POINTERS):
        rows = customers.orders_of(shop.slug, person, limit)
        counted = next((row.placed_at for row in rows if row.counts != "no"), None)
        if counted or len(rows) < limit:
            return counted
    return None


def _occasion(name: str, way: str, now: datetime) -> Occasion:
    when = "segment_entered" if way == IN else "segment_left"
    about = {"segment": name} if way == IN else {}
    return Occasion(when, f"segment-{name}-{way}-{stamp(now)[:10]}", stamp(now), name, about)


def _after(person: Customer, name: str, now: datetime) -> str:
    """The moment of the note: later than the one it replaces, whatever the clock says."""
    before = person.contact.notes.get(NOTE + name)
    return later(before[0], MOMENT) if before and moment(before[0]) >= now else stamp(now)
