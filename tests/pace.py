"""How fast this machine is. Limits of work are CPU seconds of a usual one; a slower one is given more in proportion."""

from __future__ import annotations

from time import thread_time

USUAL = 0.030  # CPU seconds that a usual machine takes to count so far
FAR = 1_000_000


def at_most(seconds: float, took: float) -> bool:
    """Whether work that took so many CPU seconds here would have been done in so many on a usual machine."""
    return took <= seconds or took <= seconds * _slower()


def _slower() -> float:
    """How many times slower than the usual machine this one is at the moment."""
    return min(_counted() for _ in range(5)) / USUAL


def _counted() -> float:
    begun, total = thread_time(), 0
    for number in range(FAR):
        total += number
    return thread_time() - begun
