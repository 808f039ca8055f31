"""How far the provider's events have been worked off: one row, beside the clock's."""

from __future__ import annotations

from pynamodb.attributes import UnicodeAttribute

from chalicelib.domain.times import in_order
from chalicelib.table import base
from chalicelib.table.base import Row


class ProgressRow(Row, discriminator="progress"):
    """`reached`: messages the provider took before this moment have been heard of, as far as it tells in order."""

    reached = UnicodeAttribute()


def reached() -> str:
    """A stored moment, or "" before any event."""
    row = base.first(ProgressRow, "CLOCK", "FEEDBACK")
    return row.reached if row else ""


def reach(moment: str, before: str) -> None:
    """Forward only; a minute's steps, so that a busy hour costs sixty writes."""
    if in_order(moment)[:16] > in_order(before)[:16]:
        base.commit([base.put(ProgressRow("CLOCK", "FEEDBACK", reached=moment))])
