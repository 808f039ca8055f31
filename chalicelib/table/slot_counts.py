"""How often recommendations were seen, clicked and closed, by day, slot and reason: added up once per batch. Nothing
is ever decided by it: whoever clicks a thousand times moves a number and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

from pynamodb.attributes import UnicodeAttribute

from chalicelib.domain.times import moment
from chalicelib.table import base
from chalicelib.table.base import Integer, Row

KEPT = timedelta(days=400)
NAMES = ("seen", "clicks", "closed", "refused")
Place = tuple[str, str]  # slot, code; ("", "") counts what was refused: forged, of another shop, too old
Counts = dict[Place, Counter[str]]


class SlotCountRow(Row, discriminator="slot_count"):
    slot = UnicodeAttribute(null=True)
    code = UnicodeAttribute(null=True)
    seen = Integer(default=0)
    clicks = Integer(default=0)
    closed = Integer(default=0)
    refused = Integer(default=0)


def add(shop: str, day: str, counts: Mapping[Place, Mapping[str, int]]) -> None:
    """`day` is `2026-11-21`; the names counted are NAMES. Raises Trouble: whatever was added until then stays."""
    ttl = int((moment(day) + KEPT).timestamp())
    for (slot, code), found in sorted(counts.items()):
        actions = [getattr(SlotCountRow, name).add(n) for name, n in sorted(found.items()) if n]
        if not actions:
            continue
        names = [SlotCountRow.slot.set(slot), SlotCountRow.code.set(code)] if slot else []
        set_too = [*names, SlotCountRow.kind.set(SlotCountRow), SlotCountRow.ttl.set(ttl)]
        with base.reading():
            SlotCountRow(_pk(shop), _sk(day, slot, code)).update(actions=[*actions, *set_too])


def by_day(shop: str, first: str, last: str) -> dict[str, Counts]:
    """The counts of these days, both included, by day; a day of which there are none is left out. One query a MB: some
    8,000 rows. Raises Trouble."""
    found: dict[str, Counts] = {}
    with base.reading():
        for row in SlotCountRow.query(_pk(shop), SlotCountRow.sk.between(first, f"{last}~")):
            counts = {name: getattr(row, name) for name in NAMES if getattr(row, name)}
            found.setdefault(row.sk[:10], {})[row.slot or "", row.code or ""] = Counter(counts)
    return found


def summed(days: Mapping[str, Counts]) -> Counts:
    """What `by_day` found, of all days together."""
    found: Counts = {}
    for counts in days.values():
        for place, counted in counts.items():
            found.setdefault(place, Counter()).update(counted)
    return found


def _pk(shop: str) -> str:
    return base.partition(shop, "SC")


def _sk(day: str, slot: str, code: str) -> str:
    return f"{day}#{base.part(slot)}#{base.part(code)}"
