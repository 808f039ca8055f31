"""Which trial mails an owner lately asked for, and for which of them a mail went out."""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.domain.times import in_order, stamp
from chalicelib.table import base
from chalicelib.table.base import Json, Row, Write

KEY = "TRIALS"
WINDOW = timedelta(hours=1)


class TrialsRow(Row, discriminator="trials"):
    """Stored moments of the last hour: `asked`, and those of them that were `mailed`. Gone by itself soon after."""

    asked = Json(default=list)
    mailed = Json(default=list)


def read(shop: str, now: datetime) -> TrialsRow:
    """What was asked for within the last hour; a row without rev where there is nothing."""
    row = base.first(TrialsRow, base.partition(shop), KEY)
    if row is None:
        return TrialsRow(base.partition(shop), KEY, asked=[], mailed=[])
    row.asked, row.mailed = _recent(row.asked, now), _recent(row.mailed, now)
    return row


def _recent(moments: list[str], now: datetime) -> list[str]:
    since = in_order(stamp(now - WINDOW))
    return [at for at in moments if in_order(at) > since]


def write(row: TrialsRow, now: datetime) -> Write:
    """On the rev it was read with."""
    row.ttl = int((now + 2 * WINDOW).timestamp())
    return base.replace(row, row.rev or None)
