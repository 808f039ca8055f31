"""Waiting for something that somebody else does, with a word about it meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

from webhooks.outcomes import Failed, silence
from webhooks.show import Screen

T = TypeVar("T")
ENDED = ("done", "failed", "stopped")
STILL = 5  # looks at which nothing moved
STUCK_SECONDS = 180  # in trouble, without a page in between


def until(look: Callable[[], T | None], seconds: float, every: float = 1.0) -> T | None:
    """What `look` finds, asked again and again for so long; None where it found nothing."""
    last = time.monotonic() + seconds
    while (found := look()) is None:
        if time.monotonic() + every > last:
            return None
        time.sleep(every)
    return found


def follow(
    read: Callable[[], dict[str, Any] | None],
    screen: Screen,
    nudge: Callable[[], None],
    every: float = 1.0,
) -> dict[str, Any] | None:
    """Show an import until it ends; returns how it stands then. A machine gets a line whenever something moved. Where
    nothing moves, `nudge` whoever works on it: a shop that wanted a pause would else be asked at the next full minute
    only. Ctrl-C leaves it running: KeyboardInterrupt passes. Raises Failed where it is stuck for minutes."""
    before, still, stuck_at = None, 0, None
    while (found := read()) is not None:
        still = 0 if found != before else still + 1
        if found != before:
            _shown(before, found, screen)
        if found["state"] in ENDED:
            return found
        stuck_at = (stuck_at or time.monotonic()) if found.get("trouble") else None
        if stuck_at and time.monotonic() - stuck_at >= STUCK_SECONDS:
            raise Failed(
                f"{silence(_remedy(found))}. It goes on by itself; `status` says how far it is",
                found["trouble"]["code"],
            )
        if still == STILL and not found["counts"] and not found.get("trouble"):
            screen.mark("wait", "nothing has come yet: the shop takes its time, or does not answer")
        if still and still % STILL == 0:
            nudge()
        before = found
        time.sleep(every)
    return None


def _remedy(progress: dict[str, Any] | None) -> str:
    return str(((progress or {}).get("trouble") or {}).get("remedy", ""))


def _shown(before: dict[str, Any] | None, found: dict[str, Any], screen: Screen) -> None:
    screen.line(found)
    was, kind = (before or {}).get("kind"), found.get("kind")
    if was and was != kind:
        screen.bar(was, read_of(found, was), found["totals"].get(was), last=True)
    if kind:
        screen.bar(kind, read_of(found, kind), found["totals"].get(kind))
    if _remedy(found) and _remedy(found) != _remedy(before):
        screen.mark("wait", f"it does not get on just now: {_remedy(found)}; it is asked again by itself")


def read_of(progress: dict[str, Any], kind: str) -> int:
    """How many of a kind were read so far."""
    return int(progress["counts"].get(kind, {}).get("read", 0))
