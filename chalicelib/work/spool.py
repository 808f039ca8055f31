"""Deliveries that could not be queued: back onto the queue as soon as it is there, none forgotten before it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

MOST_AT_ONCE = 1000


@dataclass
class Outside:
    listed: Callable[[int], list[str]]  # keys, oldest first within a shop
    get: Callable[[str], bytes | None]
    send: Callable[[str, str], None]  # (envelope, shop)
    forget: Callable[[str], None]


def drain(outside: Outside) -> int:
    """How many went back. Stops at the first that cannot: the next minute tries again. Twice is harmless."""
    keys = outside.listed(MOST_AT_ONCE)
    for key in keys:
        text = outside.get(key)
        if text is not None:
            outside.send(text.decode(), key.split("/")[1])
        outside.forget(key)
    return len(keys)
