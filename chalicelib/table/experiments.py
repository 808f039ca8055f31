"""Experiment units: one row per person, written once."""

from __future__ import annotations

import secrets

from pynamodb.attributes import UnicodeAttribute

from chalicelib.domain.arms import Unit
from chalicelib.table import base
from chalicelib.table.base import Row, Write

STORE = "store"  # the one experiment every shop runs: follow-ups or none
SHARDS = 16


class UnitRow(Row, discriminator="unit"):
    arm = UnicodeAttribute()
    p = UnicodeAttribute()
    day = UnicodeAttribute()


def _pk(shop: str, unit: str) -> str:
    return base.partition(shop, "X", STORE, str(base.shard(unit, SHARDS)))


def read(shop: str, unit: str) -> Unit | None:
    row = base.first(UnitRow, _pk(shop, unit), unit)
    return Unit(unit, row.arm, row.p, row.day) if row else None


def first_write(shop: str, unit: Unit) -> Write:
    """Once: whoever comes second gets Conflict and reads what was decided."""
    return base.replace(UnitRow(_pk(shop, unit.id), unit.id, arm=unit.arm, p=unit.p, day=unit.day), None)


def forget(shop: str, unit: str) -> None:
    """The result stays, the person goes: the row moves under a random name."""
    held = read(shop, unit)
    if held is None:
        return
    anonymous = "gone_" + secrets.token_hex(13)
    old = UnitRow(_pk(shop, unit), unit, arm=held.arm, p=held.p, day=held.day)
    new = UnitRow(_pk(shop, anonymous), anonymous, arm=held.arm, p=held.p, day=held.day)
    base.commit([Write(old, UnitRow.pk.exists(), "delete"), base.put(new)])
