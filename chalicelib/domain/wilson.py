"""How far a share that was counted may lie from the true one: Wilson's score interval (1927, JASA 22:209-212), which
holds near none and near all too, where the usual one runs below 0 or has no width."""

from __future__ import annotations

from math import sqrt

Z = 1.959964  # 95 % of a normal distribution lie within so many standard deviations


def interval(hits: int, trials: int) -> tuple[float, float]:
    """(low, high) of the 95 % interval, within 0 and 1; 0 <= `hits` <= `trials`, `trials` > 0."""
    if not 0 <= hits <= trials or trials == 0:
        raise ValueError("hits are some of at least one trial")
    middle = hits + Z * Z / 2
    half = Z * sqrt(hits * (trials - hits) / trials + Z * Z / 4)
    whole = trials + Z * Z
    return max(0.0, (middle - half) / whole), min(1.0, (middle + half) / whole)
