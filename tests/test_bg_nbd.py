"""How often customers will buy: against the published figures, the published formula, and what must hold of any."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal, localcontext
from functools import lru_cache
from math import inf, isfinite, log
from time import process_time
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from chalicelib.domain.bg_nbd import Fit, fit, likelihood
from chalicelib.domain.buying import WEEK, Book, book
from chalicelib.domain.outlook import NotEnough
from tests.buyers import Nature, crowd, shop
from tests.pace import at_most
from tests.real_orders import FOLDER, cdnow, ledger_of

CUT = 875577600  # 1997-09-30, the last day of the published calibration period
END = 899164800  # 1998-06-30, the last day of the data
CDNOW = Fit(0.2426, 4.4136, 0.7929, 2.4259)
needs_data = pytest.mark.skipif(not FOLDER.exists(), reason=f"{FOLDER.name} is not beside the repository")

params = st.builds(
    Fit,
    r=st.floats(0.01, 20),
    alpha=st.floats(0.05, 200),
    a=st.one_of(st.floats(0.01, 20), st.just(1.0)),
    b=st.floats(0.01, 50),
)
histories = st.tuples(st.integers(0, 60), st.floats(0, 1), st.floats(0, 150)).map(
    lambda h: (h[0], h[1] * h[2] if h[0] else 0.0, h[2])
)


@lru_cache(maxsize=1)
def cdnow_book() -> Book:
    return book(ledger_of(cdnow() or ()), 0, CUT)


@lru_cache(maxsize=1)
def expected() -> dict[str, Any]:
    return json.loads((FOLDER / "expected_btyd.json").read_text())


@needs_data
def test_cdnow_gives_the_published_parameters() -> None:
    known = cdnow_book()
    histogram = known.histogram()
    took = inf
    for _ in range(3):  # other work on the machine slows one of them, not all
        begun = process_time()
        found = fit(histogram, known.cell() / WEEK)
        took = min(took, process_time() - begun)
    assert isinstance(found, Fit)
    print(f"CDNOW: {found}, fitted in {took * 1e3:.0f} ms")
    measured = expected()["measured"]["lifetimes 0.11.3 BG/NBD"]
    for name in ("r", "alpha", "a", "b"):
        assert getattr(found, name) == pytest.approx(measured[name], abs=1e-3), name
    assert found.log_likelihood >= -9582.45
    assert at_most(0.1, took)


@needs_data
def test_cdnow_weeks_40_to_78_are_foretold_as_published() -> None:
    known, whole = cdnow_book(), book(ledger_of(cdnow() or ()), 0, END)
    found = fit(known.histogram(), known.cell() / WEEK)
    assert isinstance(found, Fit)
    actual = [now - then for then, now in zip(known.repeats, whole.repeats, strict=True)]
    foretold = [
        found.expected(x, (last - first) / WEEK, (CUT - first) / WEEK, 39)
        for x, first, last in zip(known.repeats, known.first, known.last, strict=True)
    ]
    error = sum(abs(a - f) for a, f in zip(actual, foretold, strict=True)) / len(actual)
    print(f"CDNOW weeks 40-78: {sum(foretold):.1f} of {sum(actual)}, MAE {error:.4f}")
    published = expected()["measured"]["holdout_weeks_40_78"]
    assert sum(actual) == published["actual_transactions"]
    assert sum(foretold) == pytest.approx(published["BG/NBD"]["total"], abs=1)
    assert error <= 0.79


@needs_data
def test_weekly_cells_tell_the_same_as_daily_ones() -> None:
    """Large shops are fitted on weekly ones."""
    weekly: Counter[tuple[int, int, int]] = Counter()
    for (x, recency, age), n in cdnow_book().histogram().items():
        weekly[x, round(recency / 7), round(age / 7)] += n
    daily, rough = fit(cdnow_book().histogram(), 1 / 7), fit(weekly, 1)
    assert isinstance(daily, Fit)
    assert isinstance(rough, Fit)
    for x, recency, age in ((0, 0, 30), (1, 10, 30), (5, 28, 35)):
        assert rough.expected(x, recency, age, 52) == pytest.approx(daily.expected(x, recency, age, 52), rel=0.02)


def gauss(a: Decimal, b: Decimal, c: Decimal, z: Decimal) -> Decimal:
    """2F1 by its own series, in 50 digits."""
    term = total = Decimal(1)
    k = 0
    while abs(term) > abs(total) * Decimal("1e-40") or k < 10:
        term *= (a + k) * (b + k) * z / ((c + k) * (k + 1))
        total += term
        k += 1
    return total


def published(fitted: Fit, x: int, age: float, horizon: float) -> float:
    """The numerator of equation 10 of Fader, Hardie and Lee (2005)."""
    with localcontext() as context:
        context.prec = 50
        r, alpha, a, b = (Decimal(part) for part in (fitted.r, fitted.alpha, fitted.a, fitted.b))
        since, ahead = alpha + Decimal(age), Decimal(horizon)
        whole = since + ahead
        left = (since / whole) ** (r + x) * gauss(r + x, b + x, a + b + x - 1, ahead / whole)
        return float((a + b + x - 1) / (a - 1) * (1 - left))


@given(params, st.integers(0, 60), st.floats(0, 150), st.floats(0.01, 60))
@settings(max_examples=60, deadline=None)
@example(Fit(0.2426, 4.4136, 1.0000001, 2.4259), 2, 30.0, 39.0)
@example(Fit(0.2426, 4.4136, 0.3, 0.2), 0, 0.0, 52.0)
@example(Fit(20.0, 60.0, 0.5, 2.0), 0, 10.0, 52.0)
def test_the_series_is_the_published_formula(fitted: Fit, x: int, age: float, horizon: float) -> None:
    assume(abs(fitted.a - 1) > 1e-12 and abs(fitted.a + fitted.b + x - 1) > 1e-9)  # where the formula divides by zero
    assume(horizon / (fitted.alpha + age + horizon) < 0.98)
    assert fitted.while_alive(x, age, horizon) == pytest.approx(published(fitted, x, age, horizon), rel=1e-10)


def test_a_of_one_lies_between_its_neighbours() -> None:
    """The formula divides by a - 1."""
    below, at, above = (Fit(0.5, 5, a, 2.5).while_alive(3, 20, 52) for a in (1 - 1e-6, 1, 1 + 1e-6))
    assert above < at < below
    assert at == pytest.approx((above + below) / 2, rel=1e-9)


@given(params, histories, st.floats(0, 104), st.floats(0, 52))
@settings(deadline=None)
def test_more_time_never_brings_fewer_purchases(
    fitted: Fit, history: tuple[int, float, float], horizon: float, more: float
) -> None:
    sooner, later = (fitted.expected(*history, weeks) for weeks in (horizon, horizon + more))
    assert 0 <= sooner <= later * (1 + 1e-12)
    assert isfinite(later)


@given(params, histories)
def test_the_chance_to_be_a_customer_is_a_chance(fitted: Fit, history: tuple[int, float, float]) -> None:
    assert 0 <= fitted.alive(*history) <= 1


@given(params, histories, st.floats(0, 100))
def test_the_longer_she_stays_away_the_less_she_is_a_customer(
    fitted: Fit, history: tuple[int, float, float], more: float
) -> None:
    x, recency, age = history
    assert fitted.alive(x, recency, age + more) <= fitted.alive(x, recency, age) + 1e-12


def test_in_no_time_nothing_is_bought() -> None:
    assert CDNOW.expected(3, 20, 30, 0) == 0


def test_soon_she_buys_at_her_present_rate() -> None:
    """Over a short time nobody leaves: the mean of her rate is (r + x) / (alpha + age)."""
    assert CDNOW.while_alive(3, 30, 1e-6) == pytest.approx(1e-6 * (0.2426 + 3) / (4.4136 + 30), rel=1e-6)


@given(
    st.tuples(*[st.floats(-2, 2)] * 4),
    st.dictionaries(
        st.tuples(st.integers(0, 9), st.integers(0, 20), st.integers(20, 40)), st.integers(1, 9), min_size=1, max_size=8
    ),
)
@settings(deadline=None)
def test_the_slope_of_the_likelihood_is_its_slope(
    point: Sequence[float], histogram: dict[tuple[int, int, int], int]
) -> None:
    at = likelihood({(x, recency if x else 0, age): n for (x, recency, age), n in histogram.items()}, 0.5)
    slopes = at(point)[1]
    for n in range(4):
        values = []
        for step in (1e-5, -1e-5):
            moved = list(point)
            moved[n] += step
            values.append(at(moved)[0])
        assert slopes[n] == pytest.approx((values[0] - values[1]) / 2e-5, rel=1e-4, abs=1e-6)


def likelihood_of(fitted: Fit, histogram: Counter[tuple[int, int, int]], cell: float) -> float:
    point = [log(part) for part in (fitted.r, fitted.alpha, fitted.a, fitted.b)]
    return -likelihood(histogram, cell)(point)[0] * sum(histogram.values())


@pytest.mark.parametrize(
    "nature",
    [Nature(), Nature(r=2, alpha=20, a=0.3, b=6), Nature(r=0.8, alpha=3, a=1, b=1), Nature(r=8, alpha=80, a=3, b=9)],
)
def test_no_parameters_are_likelier_than_those_found_not_even_the_true_ones(nature: Nature) -> None:
    ledger = shop(800, 70, nature, seed=4)
    known = book(ledger, 0, ledger.at[-1])
    found = fit(known.histogram(), known.cell() / WEEK)
    assert isinstance(found, Fit)
    true = Fit(nature.r, nature.alpha, nature.a, nature.b)
    assert found.log_likelihood >= likelihood_of(true, known.histogram(), known.cell() / WEEK)
    assert found.log_likelihood == pytest.approx(likelihood_of(found, known.histogram(), known.cell() / WEEK))


def test_made_up_customers_give_back_what_they_were_made_from() -> None:
    known = crowd(15_000, 104, seed=4)
    found = fit(known.histogram(), known.cell() / WEEK)
    assert isinstance(found, Fit)
    assert (found.r, found.alpha, found.a, found.b) == pytest.approx((0.25, 4.4, 0.8, 2.4), rel=0.1)


def test_half_as_long_weeks_change_nothing_but_alpha() -> None:
    histogram = crowd(1000, 52).histogram()
    found, doubled = fit(histogram, 1 / 7), fit(histogram, 2 / 7)
    assert isinstance(found, Fit)
    assert isinstance(doubled, Fit)
    assert doubled.alpha == pytest.approx(2 * found.alpha, rel=1e-3)
    assert (doubled.r, doubled.a, doubled.b) == pytest.approx((found.r, found.a, found.b), rel=1e-3)


@pytest.mark.parametrize(
    ("histogram", "reason"),
    [
        ({}, "few_customers"),
        ({(3, 20, 30): 1}, "few_customers"),
        ({(0, 0, 0): 500}, "one_day"),
        ({(0, 0, 40): 500}, "few_repeats"),
        ({(0, 0, 40): 500, (1, 3, 40): 9}, "few_repeats"),
        ({(2, 20, 40): 300, (1, 20, 40): 200}, "all_repeat"),
        ({(2, 20, 40): 300, (0, 0, 40): 9}, "all_repeat"),
    ],
    ids=["nobody", "one", "one day", "nobody repeats", "hardly anybody", "everybody", "nearly everybody"],
)
def test_too_little_to_learn_from_is_said(histogram: dict[tuple[int, int, int], int], reason: str) -> None:
    assert fit(histogram, 1 / 7) == NotEnough(reason)


@given(
    st.dictionaries(
        st.tuples(st.integers(0, 400), st.integers(0, 900), st.integers(0, 900)),
        st.integers(1, 300),
        min_size=2,
        max_size=6,
    )
)
@settings(max_examples=60, deadline=None)
def test_however_odd_the_customers_the_answer_is_a_number_or_a_reason(
    drawn: dict[tuple[int, int, int], int],
) -> None:
    histogram: Counter[tuple[int, int, int]] = Counter()
    for (x, recency, away), n in drawn.items():
        histogram[x, recency if x else 0, recency + away] += n
    found = fit(histogram, 1 / 7)
    if isinstance(found, Fit):
        assert isfinite(found.log_likelihood)
        for x, recency, age in histogram:
            assert 0 <= found.expected(x, recency / 7, age / 7, 52) <= 1e7
    else:
        assert found.reason
