"""Deliveries that could not be queued: back onto the queue as soon as it is there, none forgotten before it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.thin import Trouble
from chalicelib.work.log import logger

MOST_AT_ONCE, MOST_STUCK = 200, 3


@dataclass
class Outside:
    listed: Callable[[int], list[str]]  # keys, oldest first within a shop
    get: Callable[[str], bytes | None]
    send: Callable[[str, str], None]  # (envelope, shop)
    forget: Callable[[str], None]


def drain(outside: Outside) -> int:
    """How many went back. What cannot go stays for the next minute, and holds up nothing but itself; where the third
    cannot, the queue is down and the rest is left in peace. Twice is harmless."""
    back = stuck = 0
    for key in outside.listed(MOST_AT_ONCE):
        if stuck == MOST_STUCK:
            break
        try:
            _put_back(key, outside)
            back += 1
        except (Trouble, OSError, UnicodeDecodeError) as error:
            stuck += 1
            logger.warning("spooled for longer", extra={"key": key, "reason": type(error).__name__})
    return back


def _put_back(key: str, outside: Outside) -> None:
    text = outside.get(key)
    if text is not None:
        outside.send(text.decode(), key.split("/")[1])
    outside.forget(key)
