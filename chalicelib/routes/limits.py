"""How often one visitor may ask: token buckets in this process, for as many visitors as fit.

Each process counts for itself, so that a limit is one of a process; what all of them take together is bounded by the
stage's throttle. Addresses are kept as hashes under a key of the process: they are never written anywhere.
"""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from threading import Lock

from chalicelib.domain.bucket import Bucket
from chalicelib.domain.times import stamp
from chalicelib.routes.problems import Problem

MOST_KEPT = 10_000
_KEY = os.urandom(16)
_all: list[Limiter] = []


@dataclass(frozen=True, slots=True)
class Limit:
    """So many in a row, and then so many a minute."""

    burst: int
    per_minute: float


class Limiter:
    """Buckets by name; the one not asked for longest goes first."""

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._buckets: OrderedDict[bytes, Bucket] = OrderedDict()
        self._one_at_a_time = Lock()
        _all.append(self)

    def take(self, now: datetime, *names: str) -> None:
        """Raises Problem 429 with Retry-After once there is nothing left for this name."""
        name = hashlib.blake2b("\0".join(names).encode("utf-8", "replace"), key=_KEY, digest_size=16).digest()
        with self._one_at_a_time:
            granted, left = self._take(name, now)
        if not granted:
            wait = ceil((1 - left.tokens) * 60 / self._limit.per_minute)
            raise Problem(429, "Too many requests: wait a little.", Retry_After=str(max(1, wait)))

    def _take(self, name: bytes, now: datetime) -> tuple[int, Bucket]:
        burst, per_minute = self._limit.burst, self._limit.per_minute
        bucket = self._buckets.pop(name, None) or Bucket(burst, stamp(now))
        granted, left = bucket.take(1, now, burst=burst, per_minute=per_minute)
        self._buckets[name] = left
        while len(self._buckets) > MOST_KEPT:
            self._buckets.popitem(last=False)
        return granted, left

    def forget(self) -> None:
        self._buckets.clear()


def forget_everything() -> None:
    """For tests: each begins with full buckets."""
    for limiter in _all:
        limiter.forget()
