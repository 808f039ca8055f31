"""How much customers spend on a purchase."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from math import isfinite, log
from random import Random
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.gamma_gamma import Fit, fit, likelihood
from chalicelib.domain.outlook import NotEnough
from tests.buyers import crowd
from tests.pace import at_most
from tests.real_orders import FOLDER
from tests.test_bg_nbd import cdnow_book, needs_data

CDNOW = Fit(6.2496, 3.7442, 1544.35)


@needs_data
def test_cdnow_gives_the_published_parameters() -> None:
    spending = cdnow_book().spending()
    begun = process_time()
    found = fit(spending)
    took = process_time() - begun
    assert isinstance(found, Fit)
    print(f"CDNOW: {found}, fitted in {took * 1e3:.0f} ms")
    published = json.loads((FOLDER / "expected_btyd.json").read_text())["measured"]["Gamma-Gamma"]
    customers = sum(spending.values())
    assert customers == published["n"]
    assert (found.p, found.q) == pytest.approx((published["p"], published["q"]), abs=1e-3)
    assert found.v / 100 == pytest.approx(published["v"], abs=1e-3)  # cents here, dollars there
    assert found.log_likelihood + customers * log(100) == pytest.approx(published["LL"], abs=0.01)
    assert found.spend(0, 0) / 100 == pytest.approx(published["E_spend_no_repeat"], abs=0.01)
    assert at_most(0.5, took)


@pytest.mark.parametrize("factor", [100, 1 / 100, 10**9])
def test_another_unit_of_money_scales_v_alone(factor: float) -> None:
    spending = crowd(1500, 104).spending()
    found, scaled = fit(spending), fit({(x, total * factor): n for (x, total), n in spending.items()})
    assert isinstance(found, Fit)
    assert isinstance(scaled, Fit)
    assert (scaled.p, scaled.q, scaled.v) == pytest.approx((found.p, found.q, found.v * factor), rel=1e-4)


def test_made_up_customers_give_back_what_they_were_made_from() -> None:
    found = fit(crowd(15_000, 104, seed=4).spending())
    assert isinstance(found, Fit)
    assert (found.p, found.q, found.v) == pytest.approx((6.25, 3.74, 1544), rel=0.1)


@given(st.integers(1, 50), st.floats(0, 1e9))
def test_her_spend_lies_between_the_shops_mean_and_her_own(x: int, mean: float) -> None:
    low, high = sorted((CDNOW.spend(0, 0), mean))
    assert low * (1 - 1e-9) <= CDNOW.spend(x, x * mean) <= high * (1 + 1e-9)


def test_the_more_she_bought_the_more_her_own_mean_counts() -> None:
    assert CDNOW.spend(0, 0) < CDNOW.spend(1, 9000) < CDNOW.spend(5, 45000) < CDNOW.spend(50, 450000) < 9000


@given(
    st.tuples(st.floats(-2, 3), st.floats(-2, 3), st.floats(0, 9)),
    st.dictionaries(st.tuples(st.integers(1, 9), st.integers(1, 9999)), st.integers(1, 9), min_size=1, max_size=6),
)
@settings(deadline=None)
def test_the_slope_of_the_likelihood_is_its_slope(
    point: Sequence[float], spending: dict[tuple[int, float], int]
) -> None:
    at = likelihood(spending)
    slopes = at(point)[1]
    for n in range(3):
        values = []
        for step in (1e-5, -1e-5):
            moved = list(point)
            moved[n] += step
            values.append(at(moved)[0])
        assert slopes[n] == pytest.approx((values[0] - values[1]) / 2e-5, rel=1e-4, abs=1e-5)


def test_a_shop_of_one_price_expects_that_price() -> None:
    found = fit(Counter({(x, 1000.0 * x): 40 for x in (1, 2, 3, 8)}))
    assert isinstance(found, Fit)
    assert found.spend(0, 0) == pytest.approx(1000, rel=0.01)
    assert found.spend(3, 3000) == pytest.approx(1000, rel=0.01)


@pytest.mark.parametrize("spending", [{}, {(3, 100.0): 29}], ids=["nobody", "few"])
def test_too_little_to_learn_from_is_said(spending: dict[tuple[int, float], int]) -> None:
    assert fit(spending) == NotEnough("few_repeats")


def test_a_mean_that_a_few_huge_orders_make_is_not_trusted() -> None:
    chance = Random(3)
    spending = Counter((1, float(round(100 * chance.paretovariate(0.5)))) for _ in range(300))
    assert fit(spending) == NotEnough("uneven_spend")


@given(
    st.dictionaries(st.tuples(st.integers(1, 400), st.integers(1, 10**20)), st.integers(10, 99), min_size=3, max_size=8)
)
@settings(max_examples=60, deadline=None)
def test_however_odd_the_spends_the_answer_is_a_number_or_a_reason(spending: dict[tuple[int, float], int]) -> None:
    found = fit(spending)
    if isinstance(found, Fit):
        most = max(total for _, total in spending)
        assert isfinite(found.log_likelihood)
        assert all(0 <= found.spend(x, total) <= 3 * most for x, total in [(0, 0.0), *spending])
    else:
        assert found.reason in ("uneven_spend", "unsettled")
