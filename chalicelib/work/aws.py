"""What the use cases reach on AWS, or on the emulator in its place: signed requests, made with the settings of now."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from chalicelib.outside import Aws
from chalicelib.settings import Settings, settings

if TYPE_CHECKING:
    from chalicelib.work import read_health


def reach() -> Aws:
    """Queues and bucket, with these settings. Connections are kept."""
    return _reach(settings())


@lru_cache(maxsize=1)
def _reach(given: Settings) -> Aws:
    return Aws(given)


def for_health() -> read_health.Outside:
    """Spooled deliveries are counted up to a thousand: more is as bad."""
    from chalicelib.work import read_health  # and with it how everything is said; only the API says anything

    aws, given = reach(), settings()
    return read_health.Outside(lambda: aws.waiting(given.inbox_url), lambda shop: len(aws.keys(f"spool/{shop}/")))


def journal() -> Callable[[str, bytes], None]:
    """Writes an entry of the journal: (key, data)."""
    return reach().put


def inbox() -> Callable[[str, str], None]:
    """Puts an envelope on the inbox queue: (envelope, shop)."""
    return reach().send


def outbox() -> Callable[[list[tuple[str, str]]], None]:
    """Puts messages on the outbox queue: [(shop, message)]."""
    return reach().send_due
