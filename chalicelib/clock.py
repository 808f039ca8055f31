"""What time it is: real time, unless the local world moved its clock. Signing for AWS always uses real time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime


def real() -> datetime:
    """The aware UTC moment of this machine."""
    return datetime.now(UTC)


_source: Callable[[], datetime] = real


def now() -> datetime:
    """The aware UTC moment every handler works with."""
    return _source()


def use(source: Callable[[], datetime] | None) -> None:
    """Take the time from `source` from now on; None: back to real time. For the local world and for tests."""
    global _source
    _source = source or real
