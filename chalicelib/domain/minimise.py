"""The lowest point of a smooth function of a few variables within a box: BFGS (Nocedal & Wright 2006, chapter 6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite

Function = Callable[[Sequence[float]], tuple[float, list[float]]]  # its value and its gradient
Matrix = list[list[float]]

_ROUNDS = 200
_HALVINGS = 40
_LONGEST = 2.0  # no variable moves further in one step: on a log scale about sevenfold
_ENOUGH = 1e-4  # share of the promised descent that a step must bring (Armijo)
_DUST = 1e-14  # of the value: a step that gains no more is lost in rounding
_NOISE = 100.0  # times `flat`: a slope under which rounding may hide the last steps down


@dataclass(frozen=True, slots=True)
class Lowest:
    """`settled`: the slope has vanished, as far as rounding lets one see, apart from what pushes against the box."""

    point: list[float]
    value: float
    settled: bool


def minimise(
    function: Function, start: Sequence[float], low: Sequence[float], high: Sequence[float], flat: float = 1e-7
) -> Lowest:
    """Walk downhill from `start` until no slope exceeds `flat`. The function should be scaled so that its variables and
    values are of about size 1, and may be infinite or no number away from the start."""
    point = [min(max(p, lo), hi) for p, lo, hi in zip(start, low, high, strict=True)]
    value, slope = function(point)
    bend: Matrix | None = None  # the Hessian as far as it is known
    for _ in range(_ROUNDS):
        free = [n for n, s in enumerate(slope) if (s >= 0 or point[n] < high[n]) and (s <= 0 or point[n] > low[n])]
        if _steepest(slope, free) <= flat:
            return Lowest(point, value, True)
        found = _step(function, point, value, slope, _ahead(bend, slope, free), low, high)
        if found is None and bend is None:
            break
        if found is None:
            bend = None  # what was learnt of the bend misleads here: begin again straight downhill
            continue
        gained = value - found[1]
        bend = _learn(bend, _minus(found[0], point), _minus(found[2], slope))
        point, value, slope = found
        if gained <= _DUST * abs(value) and _steepest(slope, free) <= _NOISE * flat:
            break
    return Lowest(point, value, _steepest(slope, free) <= _NOISE * flat)


def _steepest(slope: list[float], free: list[int]) -> float:
    return max((abs(slope[n]) for n in free), default=0.0)


def _ahead(bend: Matrix | None, slope: list[float], free: list[int]) -> list[float]:
    """Where to go with the free variables, at most _LONGEST along any."""
    step = [-slope[n] for n in free]
    if bend is not None:
        newton = _solve([[bend[i][j] for j in free] for i in free], step)
        step = newton if _dot(newton, step) > 0 else step
    longest = max(abs(s) for s in step)
    scale = _LONGEST / longest if longest > _LONGEST else 1.0
    found = [0.0] * len(slope)
    for n, s in zip(free, step, strict=True):
        found[n] = s * scale
    return found


def _step(
    function: Function,
    point: list[float],
    value: float,
    slope: list[float],
    ahead: list[float],
    low: Sequence[float],
    high: Sequence[float],
) -> tuple[list[float], float, list[float]] | None:
    """The first of ever shorter steps ahead, none of them beyond the box, that goes down far enough; None where none
    does."""
    rooms = [(high[n] if a > 0 else low[n]) - point[n] for n, a in enumerate(ahead)]
    length = min([1.0, *(room / a for room, a in zip(rooms, ahead, strict=True) if a)])
    for _ in range(_HALVINGS):
        there = [min(max(p + length * a, lo), hi) for p, a, lo, hi in zip(point, ahead, low, high, strict=True)]
        reached, found = function(there)
        if there != point and isfinite(reached) and reached <= value + _ENOUGH * length * _dot(slope, ahead):
            return there, reached, found
        length /= 2
    return None


def _learn(bend: Matrix | None, moved: list[float], turned: list[float]) -> Matrix | None:
    """The Hessian after a step that `moved` the point and `turned` the slope."""
    curve = _dot(moved, turned)
    if curve <= 1e-12 * _dot(moved, moved):
        return bend
    size = range(len(moved))
    if bend is None:
        scale = _dot(turned, turned) / curve
        bend = [[scale if i == j else 0.0 for j in size] for i in size]
    seen = [_dot(row, moved) for row in bend]
    known = _dot(moved, seen)
    return [[bend[i][j] + turned[i] * turned[j] / curve - seen[i] * seen[j] / known for j in size] for i in size]


def _solve(matrix: Matrix, right: list[float]) -> list[float]:
    """x of matrix x = right, for a matrix that bends upwards everywhere; zeros where rounding has spoilt it."""
    size = len(right)
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for n in range(size):
        if not rows[n][n] > 0:
            return [0.0] * size
        for below in rows[n + 1 :]:
            share = below[n] / rows[n][n]
            below[n:] = [b - share * a for a, b in zip(rows[n][n:], below[n:], strict=True)]
    found = [0.0] * size
    for n in reversed(range(size)):
        found[n] = (rows[n][size] - _dot(rows[n][n + 1 : size], found[n + 1 :])) / rows[n][n]
    return found


def _minus(a: Sequence[float], b: Sequence[float]) -> list[float]:
    return [x - y for x, y in zip(a, b, strict=True)]


def _dot(a: Sequence[float], b: Sequence[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))
