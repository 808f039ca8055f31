"""Has a shop gone silent? Told by its own rhythm: a night without orders is no silence, three such nights are."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta

from chalicelib.domain.times import moment

LEAST_ORDERS = 10
TIMES = 3
# One order in twenty may come after a longer pause: then the usual gap is still the night, not the holiday.
SHARE = 0.95


def usual_gap(moments: Sequence[str]) -> timedelta | None:
    """The gap between two orders (stored moments, oldest first) that 95 of 100 do not exceed; None where fewer than ten
    orders are known."""
    if len(moments) < LEAST_ORDERS:
        return None
    at = [moment(text) for text in moments]
    gaps = sorted(later - earlier for earlier, later in itertools.pairwise(at))
    return gaps[min(int(len(gaps) * SHARE), len(gaps) - 1)]


def silent_since(last_heard: str | None, usual: timedelta | None, now: datetime) -> str | None:
    """The stored moment since which nothing was heard, if that is longer than three usual gaps; else None."""
    if last_heard is None or usual is None:
        return None
    return last_heard if now - moment(last_heard) > TIMES * max(usual, timedelta(minutes=20)) else None
