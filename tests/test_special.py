"""The digamma function and the walk downhill."""

from __future__ import annotations

from fractions import Fraction
from math import lgamma, log, pi

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.minimise import minimise
from chalicelib.domain.special import digamma

EULER = 0.57721566490153286061
POSITIVE = st.floats(1e-3, 1e6)


def test_digamma_at_whole_numbers_is_a_harmonic_sum() -> None:
    for n in (1, 2, 3, 7, 8, 9, 40, 300):
        harmonic = float(sum((Fraction(1, k) for k in range(1, n)), Fraction(0)))
        assert digamma(n) == pytest.approx(harmonic - EULER, rel=1e-13, abs=1e-13)


def test_digamma_at_fractions_is_what_gauss_found() -> None:
    assert digamma(0.5) == pytest.approx(-EULER - 2 * log(2), rel=1e-14)
    assert digamma(0.25) == pytest.approx(-EULER - pi / 2 - 3 * log(2), rel=1e-14)
    assert digamma(1 / 3) == pytest.approx(-EULER - pi / (2 * 3**0.5) - 1.5 * log(3), rel=1e-14)


@given(POSITIVE)
def test_digamma_of_the_double_is_made_of_two(x: float) -> None:
    assert digamma(2 * x) == pytest.approx((digamma(x) + digamma(x + 0.5)) / 2 + log(2), rel=1e-12, abs=1e-12)


@given(st.floats(0.05, 1e3))
def test_digamma_is_the_slope_of_lgamma(x: float) -> None:
    step = x * 1e-4
    assert digamma(x) == pytest.approx((lgamma(x + step) - lgamma(x - step)) / (2 * step), rel=1e-5, abs=1e-5)


def test_digamma_refuses_what_is_not_positive() -> None:
    for x in (0.0, -1.5, float("nan")):
        with pytest.raises(ValueError, match="positive"):
            digamma(x)


def rosenbrock(point: list[float]) -> tuple[float, list[float]]:
    """A bent valley whose lowest point is (1, 1)."""
    x, y = point
    return (1 - x) ** 2 + 100 * (y - x * x) ** 2, [-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)]


def test_the_lowest_point_of_a_bent_valley_is_found() -> None:
    found = minimise(rosenbrock, [-1.2, 1.0], [-5, -5], [5, 5])
    assert found.settled
    assert found.point == pytest.approx([1, 1], abs=1e-6)


def test_the_lowest_point_may_lie_on_a_side_of_the_box() -> None:
    """Along x = 0.5 the valley is lowest at y = 0.25."""
    found = minimise(rosenbrock, [-1.2, 1.0], [-5, -5], [0.5, 5])
    assert found.settled
    assert found.point == pytest.approx([0.5, 0.25], abs=1e-6)


def test_the_lowest_point_may_lie_in_a_corner() -> None:
    found = minimise(lambda p: (p[0] + 2 * p[1], [1.0, 2.0]), [3, 4], [0, 1], [9, 9])
    assert (found.point, found.value, found.settled) == ([0, 1], 2, True)


@given(st.lists(st.floats(-3, 3), min_size=3, max_size=3), st.lists(st.floats(0.1, 10), min_size=3, max_size=3))
def test_no_start_misses_the_bottom_of_a_bowl(start: list[float], steep: list[float]) -> None:
    def bowl(point: list[float]) -> tuple[float, list[float]]:
        return sum(s * (p - 0.5) ** 2 for s, p in zip(steep, point, strict=True)), [
            2 * s * (p - 0.5) for s, p in zip(steep, point, strict=True)
        ]

    found = minimise(bowl, start, [-4] * 3, [4] * 3)
    assert found.settled
    assert found.point == pytest.approx([0.5] * 3, abs=1e-5)


def test_where_the_function_has_no_value_nobody_steps() -> None:
    def wall(point: list[float]) -> tuple[float, list[float]]:
        (x,) = point
        return (x - log(x), [1 - 1 / x]) if x > 0 else (float("nan"), [0.0])

    found = minimise(wall, [0.05], [-9], [9])
    assert found.settled
    assert found.point == pytest.approx([1], abs=1e-6)


def test_a_slope_that_is_wrong_does_not_settle() -> None:
    assert not minimise(lambda p: (p[0] ** 2, [-1.0]), [1.0], [-9], [9]).settled
