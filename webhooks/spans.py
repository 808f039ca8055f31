"""How long ago, in words."""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.domain.times import moment
from webhooks.show import plural


def ago(text: str, now: datetime) -> str:
    """`3 minutes ago`, of a stored moment."""
    since = max(now - moment(text), timedelta())
    return f"{span(since)} ago" if since >= timedelta(seconds=1) else "just now"


def span(of: timedelta) -> str:
    """The largest unit that fits: `40 seconds`, `3 hours`, `12 days`."""
    seconds = int(of.total_seconds())
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size * 2 or (seconds >= size and name != "minute"):
            return plural(seconds // size, name)
    return plural(seconds, "second")
