"""Several lists put together: for a cart, and for who bought something before."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.picking import MOST_LISTS, Match, combine, goes_with, new_for_you, taste, weights
from chalicelib.domain.together import Pick, best_first
from tests.histories import PRODUCTS

LISTS = {
    "tea": [Pick("cup", 0.5, 30), Pick("pot", 0.25, 12)],
    "pot": [Pick("cup", 0.5, 9), Pick("mat", 0.75, 4)],
}
POPULAR = [("jam", 40), ("tea", 35), ("pot", 20)]
PICKS = st.lists(st.builds(Pick, st.sampled_from(PRODUCTS), st.floats(1e-6, 10), st.integers(3, 1000)), max_size=5)


def test_a_cart_sums_what_goes_with_each_of_its_products() -> None:
    assert list(combine([("tea", 1.0, LISTS["tea"]), ("pot", 1.0, LISTS["pot"])], ["tea", "pot"])) == [
        Match("cup", 1.0, 30, "tea"),
        Match("mat", 0.75, 4, "pot"),
    ]


def test_a_list_counts_as_much_as_it_weighs() -> None:
    found = combine([("tea", 0.5, LISTS["tea"]), ("pot", 2.0, LISTS["pot"])], [])
    assert [(match.product, match.score, match.source) for match in found] == [
        ("mat", 1.5, "pot"),
        ("cup", 1.25, "pot"),
        ("pot", 0.125, "tea"),
    ]


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 100), PICKS), max_size=5), st.frozensets(st.sampled_from(PRODUCTS)))
def test_nothing_excluded_is_shown_and_nothing_else_is_missing(
    lists: list[tuple[float, list[Pick]]], exclude: frozenset[str]
) -> None:
    named = [(str(n), weight, picks) for n, (weight, picks) in enumerate(lists)]
    found = list(combine(named, exclude))
    assert {match.product for match in found} == {pick.product for _, picks in lists for pick in picks} - exclude
    assert len({match.product for match in found}) == len(found)
    assert found == sorted(found, key=lambda match: best_first(Pick(*match[:3])))
    assert all(math.isfinite(match.score) and match.score >= 0 for match in found)
    for match in found:
        parts = [(weight * pick.score, name) for name, weight, picks in named for pick in picks if pick[0] == match[0]]
        assert (max(parts)[0], match.source) in parts, "whose list speaks most for it"


def test_what_she_bought_lately_and_often_says_most() -> None:
    told = weights([["tea"], ["cup", "tea"], ["pot"]])
    assert told == {"tea": pytest.approx(1.8**0.5), "cup": pytest.approx(0.8**0.5), "pot": pytest.approx(0.8)}
    assert weights([["tea", "tea"]]) == {"tea": 1.0}
    assert weights([]) == {}


def test_few_lists_are_read_for_her_and_not_those_of_what_hardly_anybody_buys() -> None:
    found = taste([[*(f"p{number:03}" for number in range(100))], ["cup"]], {"cup": 50, "p099": 20}).loudest
    assert found[:3] == ("cup", "p099", "p000")
    assert len(found) == MOST_LISTS


def test_what_is_popular_fills_what_the_lists_leave_open() -> None:
    assert goes_with(["tea"], LISTS, POPULAR, 4) == ["cup", "pot", "jam"]
    assert goes_with(["tea"], LISTS, POPULAR, 2) == ["cup", "pot"]
    assert goes_with(["unknown"], LISTS, POPULAR, 2) == ["jam", "tea"]
    assert goes_with(["tea", "pot"], {}, [], 2) == []


def test_new_for_her_is_nothing_that_she_bought() -> None:
    assert new_for_you([["pot"], ["tea"]], LISTS, POPULAR, 9) == ["cup", "mat", "jam"]
    assert new_for_you([["pot", "cup"], ["tea"]], LISTS, POPULAR, 9) == ["mat", "jam"]


@settings(deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(PRODUCTS), max_size=4), max_size=4),
    st.dictionaries(st.sampled_from(PRODUCTS), PICKS),
    st.lists(st.tuples(st.sampled_from(PRODUCTS), st.integers(1, 99)), max_size=5, unique_by=lambda one: one[0]),
    st.integers(0, 6),
)
def test_a_slot_never_holds_what_she_has_nor_one_thing_twice(
    history: list[list[str]], lists: dict[str, list[Pick]], popular: list[tuple[str, int]], limit: int
) -> None:
    had = {product for order in history for product in order}
    for shown in (new_for_you(history, lists, popular, limit), goes_with(sorted(had), lists, popular, limit)):
        assert not had & set(shown)
        assert len(set(shown)) == len(shown) <= limit
