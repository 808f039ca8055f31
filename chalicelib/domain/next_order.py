"""When a customer's next order is to be expected: a window, never a day.

Her own rhythm is the mean of the logarithms of her gaps, later ones counting more, pulled towards the shop's usual gap
the more the fewer she has. How far off that is for others in the shop, including those who have not come back yet
(Kaplan and Meier 1958, J. Am. Stat. Assoc. 53), gives the window. It is about customers who do order again.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from math import exp, log
from typing import Any

from chalicelib.domain.outlook import DAY, occasions

COVERAGE = 0.5
TOO_LATE = 0.9  # of those who came back had done so by then: no window is told any more,
FAR = 2  # nor after half of all the time that the shop has been seen, for who takes so long has hardly been seen
MOST_GAPS = 60  # of one customer, the last: what she did before says no more
FROM_GAPS = (0, 1, 3, 6)  # who has so many gaps is compared with her like


@dataclass(frozen=True, slots=True)
class Window:
    """The next order is to be expected between `start` and `end` (epoch seconds), as in `coverage` of all cases where
    there is one. `late`: the window told at her last order ended at `due_by`, and that is over."""

    start: int
    end: int
    coverage: float
    late: bool
    due_by: int


@dataclass(frozen=True, slots=True)
class Spread:
    """How far off the rhythm is: `errors[n]` is the logarithm of the real gap over the expected one under which
    n / (len - 1) of all that ended lie; never falling."""

    errors: tuple[float, ...]
    gaps: int  # it rests on

    def error(self, share: float) -> float:
        """The error under which this share of all lies."""
        place = min(max(share, 0.0), 1.0) * (len(self.errors) - 1)
        low = min(int(place), len(self.errors) - 2)
        return self.errors[low] + (self.errors[low + 1] - self.errors[low]) * (place - low)

    def share(self, error: float) -> float:
        """Which share of all lies under this error."""
        above = bisect_left(self.errors, error)
        if above in (0, len(self.errors)):
            return 0.0 if above == 0 else 1.0
        low, high = self.errors[above - 1], self.errors[above]
        return (above - 1 + (error - low) / (high - low)) / (len(self.errors) - 1)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """`usual` is the shop's median gap as the logarithm of days; an older gap counts `fades` of the next newer one; the
    shop's counts like `pull` of her own."""

    usual: float
    fades: float
    pull: float

    def expected(self, gaps: Iterable[float]) -> float:
        """The logarithm of the days until the next, after these logarithms, oldest first."""
        *_, last = self.each(gaps)
        return last

    def each(self, gaps: Iterable[float]) -> Iterator[float]:
        """The same before the first of them, and after each."""
        weights = total = 0.0
        yield self.usual
        for gap in gaps:
            weights, total = weights * self.fades + 1.0, total * self.fades + gap
            yield (self.pull * self.usual + total) / (self.pull + weights)


@dataclass(frozen=True, slots=True)
class Tried:
    """On the shop's own last months: of `tested` next orders `inside` fell into their window, where `expected` should
    have."""

    tested: int = 0
    inside: int = 0
    expected: float = 0.0


@dataclass(frozen=True, slots=True)
class GapModel:
    """`spreads[n]` is for customers with at least FROM_GAPS[n] gaps, and fewer than the next says."""

    rhythm: Rhythm
    spreads: tuple[Spread, ...]
    seen: int  # seconds of history
    tried: Tried

    def window(self, times: Iterable[int], now: int, coverage: float = COVERAGE) -> Window | None:
        """Of a customer who ordered at `times` (epoch seconds, any order). None for one who never ordered, and after
        longer than most took who came back, or than the shop has been seen well enough for."""
        found = occasions(at for at in times if at <= now)[-MOST_GAPS - 1 :]
        if not found:
            return None
        usual, spread = self.outlook(found)
        passed = now - found[-1]
        waited = spread.share(log(max(passed, 1) / DAY) - usual)
        if waited >= TOO_LATE or passed > self.seen / FAR:
            return None
        start, end = _within(usual, spread, waited, coverage)
        due_by = found[-1] + _within(usual, spread, 0.0, coverage)[1]
        return Window(max(found[-1] + start, now), max(found[-1] + end, now), coverage, now > due_by, due_by)

    def outlook(self, found: Sequence[int]) -> tuple[float, Spread]:
        """Her expected gap (logarithm of days) after these occasions, and how far off such an expectation is."""
        gaps = [log((b - a) / DAY) for a, b in pairwise(found)]
        return self.rhythm.expected(gaps), self.spreads[group(len(gaps))]

    def to_json(self) -> dict[str, Any]:
        """As JSON, a few KB; `from_json` gives a model with the same answers."""
        spreads = [[spread.gaps, *spread.errors] for spread in self.spreads]
        return {"rhythm": asdict(self.rhythm), "spreads": spreads, "seen": self.seen, "tried": asdict(self.tried)}


def from_json(raw: Mapping[str, Any]) -> GapModel:
    """What `to_json` made."""
    rhythm = Rhythm(*(float(raw["rhythm"][name]) for name in ("usual", "fades", "pull")))
    spreads = tuple(Spread(tuple(float(error) for error in errors), int(gaps)) for gaps, *errors in raw["spreads"])
    tried = raw["tried"]
    seen = int(raw["seen"])
    return GapModel(rhythm, spreads, seen, Tried(int(tried["tested"]), int(tried["inside"]), float(tried["expected"])))


def group(gaps: int) -> int:
    """Which of the `spreads` is for somebody with so many gaps."""
    return sum(gaps >= least for least in FROM_GAPS) - 1


def _within(usual: float, spread: Spread, waited: float, coverage: float) -> tuple[int, int]:
    """Seconds after the last order between which the next comes, of those still to come `coverage`."""
    ahead = 1 - waited
    shares = (waited + ahead * (1 - coverage) / 2, waited + ahead * (1 + coverage) / 2)
    low, high = (round(exp(usual + spread.error(share)) * DAY) for share in shares)
    return low, high
