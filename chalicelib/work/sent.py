"""That a message went out: told by the channel's answer, or later by the provider's events."""

from __future__ import annotations

from datetime import datetime

from chalicelib.domain.times import stamp
from chalicelib.table import base, follow_ups
from chalicelib.table.follow_ups import FollowUpRow
from chalicelib.work.replan import because


def mark_sent(row: FollowUpRow, provider_id: str, now: datetime) -> str:
    """SENT is for ever. Returns the state. Raises Trouble, Conflict."""
    row.state, row.sent_at, row.provider_id, row.decided = "sent", stamp(now), provider_id, stamp(now)
    row.lease_until = None
    because(row, "sent", now)
    base.commit([follow_ups.write(row, row.rev, now)])
    return row.state
