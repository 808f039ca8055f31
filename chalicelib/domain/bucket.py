"""A token bucket: so many questions in a row, and then so many a minute."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.times import moment, stamp


@dataclass(frozen=True, slots=True)
class Bucket:
    """`tokens` were left at the stored moment `at`."""

    tokens: float
    at: str

    def take(self, wanted: int, now: datetime, *, burst: int, per_minute: float) -> tuple[int, Bucket]:
        """How many of the wanted tokens there are, and the bucket without them."""
        passed = max(0.0, (now - moment(self.at)).total_seconds())
        there = min(float(burst), self.tokens + passed * per_minute / 60)
        granted = min(wanted, int(there))
        return granted, Bucket(round(there - granted, 3), stamp(now))
