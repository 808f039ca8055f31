"""That a message went out, said by the sender or, if that one never came back, by the provider's events."""

from __future__ import annotations

from datetime import datetime

from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.table.follow_ups import FollowUpRow
from chalicelib.work import steps


def mark_sent(shop: Shop, row: FollowUpRow, provider_id: str, now: datetime) -> str:
    """SENT is for ever; the flow goes on from here. Returns the state. Raises Trouble, Conflict."""
    row.sent_at, row.provider_id = stamp(now), provider_id
    return steps.end(shop, row, "sent", "sent", now)
