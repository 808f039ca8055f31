"""How long people wait until something happens: a curve learnt from waits of which many are not over yet.

Nelson and Aalen's cumulated hazard (Aalen 1978, Annals of Statistics 6): each event counts one over how many were still
waiting, so whoever came yesterday is no failure, only somebody who waited a day.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import fsum, log

from chalicelib.domain.outlook import DAY

EVENTS_A_PIECE, MOST_PIECES = 4, 12


@dataclass(frozen=True, slots=True)
class Wait:
    """`seconds` from the start until it happened (`over`), or until nobody looked any more."""

    seconds: int
    over: bool


@dataclass(frozen=True, slots=True)
class Curve:
    """`heights[n]` is the cumulated hazard at `bounds[n]` seconds, from 0 at 0 to the horizon. Between two bounds it
    grows with the logarithm of time: who has waited twice as long is about half as likely to come today."""

    bounds: tuple[int, ...]
    heights: tuple[float, ...]

    @property
    def horizon(self) -> int:
        """Seconds; nothing is known beyond."""
        return self.bounds[-1]

    def height(self, seconds: int) -> float:
        """The cumulated hazard until then: minus the logarithm of the share that still waits."""
        at = max(min(seconds, self.horizon), 0)
        piece = min(bisect_right(self.bounds, at), len(self.bounds) - 1)
        low, high = self.bounds[piece - 1], self.bounds[piece]
        share = log((at + DAY) / (low + DAY)) / log((high + DAY) / (low + DAY))
        below, above = self.heights[piece - 1], self.heights[piece]
        return (1 - share) * below + share * above


def curve(waits: Iterable[Wait], horizon: int) -> Curve:
    """The curve of these waits within `horizon` seconds; flat where nothing ever happened."""
    found = sorted((min(wait.seconds, horizon), wait.over and wait.seconds < horizon) for wait in waits)
    bounds = _bounds([seconds for seconds, over in found if over], horizon)
    shares: list[list[float]] = [[] for _ in pairwise(bounds)]
    for place, (seconds, over) in enumerate(found):
        if over:
            shares[bisect_right(bounds, seconds) - 1].append(1 / (len(found) - place))
    heights = accumulate((round(fsum(share), 6) for share in shares), initial=0.0)
    return Curve(tuple(bounds), tuple(round(height, 6) for height in heights))


def _bounds(events: Sequence[int], horizon: int) -> list[int]:
    pieces = max(1, min(MOST_PIECES, len(events) // EVENTS_A_PIECE))
    places = (len(events) * n // pieces for n in range(1, pieces))
    inner = {(events[place - 1] + events[place]) // 2 for place in places} - {0}
    return [0, *sorted(inner), horizon]
