"""Conditions: what a file may ask, how it is read, and what holds when only a part is known."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain import condition_file, segments
from chalicelib.domain.conditions import FACTS, OPERATORS, All, Condition, Not, Some, failing, holds, said
from chalicelib.domain.conditions import Test as Ask
from chalicelib.domain.flow_fields import BadFlow
from chalicelib.domain.money import Money


def read(raw: Any) -> Condition:
    return condition_file.parse(raw, "only_if")


READ: list[tuple[Any, Condition]] = [
    ({"order.nth": 1}, Ask("order.nth", "is", 1)),
    ({"order.nth": 1.0}, Ask("order.nth", "is", 1)),
    ({"order.nth": [3, 5]}, Ask("order.nth", "in", (3, 5))),
    ({"order.nth": {"in": [3, 5]}}, Ask("order.nth", "in", (3, 5))),
    (
        {"order.items": {"at_least": 2, "less_than": 9}},
        All((Ask("order.items", "at_least", 2), Ask("order.items", "less_than", 9))),
    ),
    ({"order.coupon": True, "order.nth": 1}, All((Ask("order.coupon", "is", True), Ask("order.nth", "is", 1)))),
    ({"customer.tags": "vip"}, Ask("customer.tags", "has", "vip")),
    ({"order.products": 1042}, Ask("order.products", "has", "1042")),
    ({"order.products": {"has_any": [1042, "TEA-1"]}}, Ask("order.products", "has_any", ("1042", "TEA-1"))),
    ({"order.categories": {"has_all": ["چای"]}}, Ask("order.categories", "has_all", ("چای",))),
    ({"order.country": "de"}, Ask("order.country", "is", "DE")),
    ({"customer.country": ["no", "IR"]}, Ask("customer.country", "in", ("NO", "IR"))),
    ({"now.weekday": ["sat", "sun"]}, Ask("now.weekday", "in", ("sat", "sun"))),
    ({"arm": "treated"}, Ask("arm", "is", "treated")),
    ({"order.total": {"at_least": "50 EUR"}}, Ask("order.total", "at_least", Money(5000, "EUR"))),
    ({"order.total": {"more_than": "12.5 USD"}}, Ask("order.total", "more_than", Money(1250, "USD"))),
    ({"customer.spent": {"at_most": "500000 IRT"}}, Ask("customer.spent", "at_most", Money(5_000_000, "IRR"))),
    ({"customer.spent": {"at_most": "0.5 IRT"}}, Ask("customer.spent", "at_most", Money(5, "IRR"))),
    ({"order.net": {"less_than": "1.234 KWD"}}, Ask("order.net", "less_than", Money(1234, "KWD"))),
    ({"not": {"consent.email": True}}, Not(Ask("consent.email", "is", True))),
    ({"any": [{"order.nth": 1}, {"order.nth": 2}]}, Some((Ask("order.nth", "is", 1), Ask("order.nth", "is", 2)))),
    ({"all": [{"order.nth": 1}]}, All((Ask("order.nth", "is", 1),))),
    (
        {"order.nth": 1, "not": {"all": [{"arm": "control"}, {"order.coupon": False}]}},
        All((Ask("order.nth", "is", 1), Not(All((Ask("arm", "is", "control"), Ask("order.coupon", "is", False)))))),
    ),
    ("cash_on_delivery", Ask("order.cash_on_delivery", "is", True)),
]


@pytest.mark.parametrize(("raw", "wanted"), READ, ids=[str(raw) for raw, _ in READ])
def test_a_condition_is_read_as_it_is_meant(raw: Any, wanted: Condition) -> None:
    assert read(raw) == wanted


def test_five_groups_within_groups_are_read_and_six_are_not() -> None:
    raw: Any = {"order.nth": 1}
    for _ in range(5):
        raw = {"any": [raw]}
    read(raw)
    with pytest.raises(BadFlow, match="5 deep at most"):
        read({"not": raw})


def test_a_segment_cannot_ask_about_an_order_a_cart_or_the_experiment() -> None:
    assert segments.read("vip", {"customer.orders": 3})
    for fact, about in (("order.nth", "an order"), ("cart.products", "a cart"), ("arm", "marketing")):
        with pytest.raises(BadFlow, match=f"vip.{fact}: is known only where it is about {about}"):
            segments.read("vip", {fact: 1})


MINOR = {"EUR": 100, "JPY": 1, "KWD": 1000, "IRR": 1, "IRT": 10, "IRHR": 1000, "IRHT": 10000}


@given(st.integers(0, 10**12), st.integers(0, 3), st.sampled_from(sorted(MINOR)))
def test_money_is_read_exactly_or_not_at_all(digits: int, decimals: int, code: str) -> None:
    shown = str(digits).zfill(decimals + 1)
    text = f"{shown[: len(shown) - decimals]}{'.' if decimals else ''}{shown[len(shown) - decimals :]} {code}"
    minor, rest = divmod(digits * MINOR[code], 10**decimals)
    if rest:
        with pytest.raises(BadFlow, match="is finer than money in"):
            condition_file.money(text, "x")
    else:
        assert condition_file.money(text, "x") == Money(minor, "IRR" if code in ("IRT", "IRHR", "IRHT") else code)


KNOWN: dict[str, Any] = {
    "order.nth": 3,
    "order.total": Money(5000, "EUR"),
    "order.products": {"1042", "TEA-1"},
    "order.coupon": False,
    "order.country": "DE",
    "customer.spent": (Money(20000, "EUR"), Money(700, "USD")),
    "customer.tags": set(),
}
HOLDS: list[tuple[Any, bool | None]] = [
    ({"order.nth": 3}, True),
    ({"order.nth": {"in": [1, 2]}}, False),
    ({"order.nth": {"at_least": 3, "at_most": 3}}, True),
    ({"order.nth": {"more_than": 3}}, False),
    ({"order.nth": {"less_than": 4}}, True),
    ({"order.total": {"at_least": "50 EUR"}}, True),
    ({"order.total": {"more_than": "50 EUR"}}, False),
    ({"order.total": {"at_most": "50 EUR"}}, True),
    ({"order.total": {"less_than": "50.01 EUR"}}, True),
    ({"order.total": {"at_least": "1 USD"}}, False),  # another currency is not more
    ({"order.total": {"at_most": "1000 USD"}}, False),  # and not less
    ({"customer.spent": {"at_least": "200 EUR"}}, True),
    ({"customer.spent": {"at_least": "7.01 USD"}}, False),
    ({"customer.spent": {"at_most": "0 IRT"}}, True),  # nothing was ever spent in that currency
    ({"order.products": 1042}, True),
    ({"order.products": {"has_any": ["x", "TEA-1"]}}, True),
    ({"order.products": {"has_all": ["x", "TEA-1"]}}, False),
    ({"customer.tags": "vip"}, False),
    ({"order.coupon": False}, True),
    ({"order.country": ["at", "de"]}, True),
    ({"not": {"order.country": "DE"}}, False),
    ({"order.rating": 5}, None),
    ({"not": {"order.rating": 5}}, None),
    ({"order.rating": 5, "order.nth": 3}, None),
    ({"order.rating": 5, "order.nth": 1}, False),
    ({"any": [{"order.rating": 5}, {"order.nth": 3}]}, True),
    ({"any": [{"order.rating": 5}, {"order.nth": 1}]}, None),
]


@pytest.mark.parametrize(("raw", "wanted"), HOLDS, ids=[str(raw) for raw, _ in HOLDS])
def test_what_holds_does_not_hold_or_is_not_known_yet(raw: Any, wanted: bool | None) -> None:
    assert holds(read(raw), KNOWN) is wanted


def test_no_condition_holds() -> None:
    assert holds(None, {}) is True


# Three facts that are true, false or not known, and conditions over them.
ATOMS = ("consent.email", "consent.sms", "reach.email")
CONDITIONS = st.recursive(
    st.sampled_from(ATOMS).map(lambda fact: Ask(fact, "is", True)),
    lambda inner: (
        inner.map(Not)
        | st.lists(inner, min_size=1, max_size=3).map(lambda parts: All(tuple(parts)))
        | st.lists(inner, min_size=1, max_size=3).map(lambda parts: Some(tuple(parts)))
    ),
    max_leaves=6,
)


@settings(max_examples=150)
@given(CONDITIONS, st.tuples(*[st.sampled_from([True, False, None])] * 3))
def test_what_is_decided_stays_decided_however_the_rest_turns_out(
    condition: Condition, values: tuple[Any, ...]
) -> None:
    so_far = holds(condition, dict(zip(ATOMS, values, strict=True)))
    open_ = [(True, False) if value is None else (value,) for value in values]
    ends = {holds(condition, dict(zip(ATOMS, end, strict=True))) for end in product(*open_)}
    assert None not in ends
    assert so_far is None or ends == {so_far}


@settings(max_examples=150)
@given(CONDITIONS, st.tuples(*[st.sampled_from([True, False])] * 3))
def test_an_owner_is_told_what_kept_it_from_holding(condition: Condition, values: tuple[Any, ...]) -> None:
    known = dict(zip(ATOMS, values, strict=True))
    assert (failing(condition, known) is None) is (holds(condition, known) is True)


def test_a_comparison_is_said_as_it_stands_in_a_file() -> None:
    told = [
        ({"order.total": {"at_least": "50 EUR"}}, "order.total at_least 50.00 EUR"),
        ({"order.nth": [3, 5]}, "order.nth in 3, 5"),
        ({"consent.email": True}, "consent.email is true"),
    ]
    for raw, wanted in told:
        condition = read(raw)
        assert isinstance(condition, Ask)
        assert said(condition) == wanted


GOOD = {"number": 1, "money": "5 EUR", "flag": True, "list": "a1", "text": "DE"}
SPECIAL = {"customer.language": "fa", "now.weekday": "mon", "arm": "control"}


@pytest.mark.parametrize("fact", FACTS)
def test_every_fact_can_be_compared_in_every_way_of_its_kind_and_in_no_other(fact: str) -> None:
    kind = FACTS[fact]
    for operator in {operator for each in OPERATORS.values() for operator in each}:
        value: Any = SPECIAL.get(fact, GOOD[kind])
        raw = {fact: {operator: [value] if operator in ("in", "has_any", "has_all") else value}}
        if operator in OPERATORS[kind]:
            assert isinstance(read(raw), Ask)
        else:
            with pytest.raises(BadFlow, match="is not known here"):
                read(raw)
