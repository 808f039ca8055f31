"""How much more or less often something happens at each level of a factor, shrunk towards "no different".

Gamma-Poisson empirical Bayes (Clayton and Kaldor 1987, Biometrics 43): a level that saw d events where e were expected
has the effect (d + k) / (e + k). How far the levels differ by more than chance decides k; where they do not differ, the
factor has no effects at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum, lgamma, log, prod

STRENGTHS = (8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0)
WORTH = 1.0  # log likelihood that a factor must gain, for the k that was chosen best would gain some by chance
ROUNDS = 3
NOTHING = 1e-9  # of events expected: too little to divide by


@dataclass(frozen=True, slots=True)
class Level:
    """`times` 1.5: half as often again as elsewhere. `buyers`: how many it rests on."""

    times: float
    buyers: int


Factors = Mapping[str, Mapping[str, Level]]  # factor -> level -> its effect; a factor without any is not here
Columns = Mapping[str, Sequence[str]]  # factor -> the level of each buyer


def effects(columns: Columns, seen: Sequence[bool], expected: Sequence[float]) -> Factors:
    """The effects of each factor beside the others': `seen[n]` whether it happened to buyer n, where `expected[n]` (> 0
    or 0) events were to be expected of anybody. Does not depend on the order of the buyers."""
    found: dict[str, dict[str, Level]] = {}
    for _ in range(ROUNDS):
        for name, column in columns.items():
            others = {other: levels for other, levels in found.items() if other != name}
            levels = _levels(column, seen, _raised(columns, others, expected))
            found = others | ({name: levels} if levels else {})
    return found


def times(factors: Factors, levels: Mapping[str, str]) -> float:
    """How much more often at these levels; a level that nobody had changes nothing."""
    return prod(known[levels[name]].times for name, known in sorted(factors.items()) if levels[name] in known)


def _raised(columns: Columns, factors: Factors, expected: Sequence[float]) -> Sequence[float]:
    for name, levels in sorted(factors.items()):
        by_level = {level: known.times for level, known in levels.items()}
        expected = [one * by_level[level] for one, level in zip(expected, columns[name], strict=True)]
    return expected


def _levels(column: Sequence[str], seen: Sequence[bool], expected: Sequence[float]) -> dict[str, Level]:
    of_level: dict[str, list[float]] = {}
    happened: dict[str, int] = {}
    for level, over, one in zip(column, seen, expected, strict=True):
        of_level.setdefault(level, []).append(one)
        happened[level] = happened.get(level, 0) + over
    sums = {level: fsum(ones) for level, ones in sorted(of_level.items())}
    total = fsum(sums.values())
    if total < NOTHING:
        return {}
    scale = sum(happened.values()) / total
    pairs = {level: (happened[level], one * scale) for level, one in sums.items()}
    k = _strength([(d, e) for d, e in pairs.values() if e > NOTHING])
    if k is None:
        return {}
    return {level: Level(round((d + k) / (e + k), 4), len(of_level[level])) for level, (d, e) in pairs.items()}


def _strength(pairs: Sequence[tuple[int, float]]) -> float | None:
    """The k under which these (seen, expected) are most likely; None where "they do not differ" explains them."""
    nothing = fsum(d * log(e) - e for d, e in pairs)
    found = [(fsum(_likelihood(d, e, k) for d, e in pairs), k) for k in STRENGTHS]
    best, k = max(found)
    return k if best > nothing + WORTH else None


def _likelihood(d: int, e: float, k: float) -> float:
    """Of d events where e are expected (negative binomial, logarithm), without what is the same for every k."""
    return lgamma(d + k) - lgamma(k) + k * log(k / (k + e)) + d * log(e / (k + e))
