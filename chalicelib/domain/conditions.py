"""Conditions of flows and segments: and, or, not over named facts. A fact that is not known yet decides nothing.

Kleene's three values: True, False, None (not known). Planning knows only the order, so a flow is planned unless its
condition is certainly false; at the moment of sending everything is known, and what is still unknown counts as false.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from chalicelib.domain.money import Money, exponent

# fact -> what its values are. Lists are sets of texts; money is `Money`, compared only within one currency.
FACTS: dict[str, str] = {
    "order.total": "money",
    "order.net": "money",
    "order.nth": "number",  # 1 for her first that counts as placed; of her orders as they are now
    "order.items": "number",
    "order.products": "list",  # product ids, variant ids and SKUs
    "order.categories": "list",  # of its products, as the shop's catalogue has them
    "order.coupon": "flag",  # she used one
    "order.cash_on_delivery": "flag",
    "order.country": "text",
    "order.rating": "number",  # 1 to 5
    "cart.total": "money",
    "cart.products": "list",
    "customer.orders": "number",
    "customer.spent": "money",  # net of refunds: one amount a currency, 0 in any other
    "customer.country": "text",
    "customer.language": "text",
    "customer.tags": "list",  # the shop's own and ours
    "customer.segments": "list",
    "customer.account": "flag",
    "customer.days_since_order": "number",
    "consent.email": "flag",
    "consent.sms": "flag",
    "reach.email": "flag",  # an address is known that may be written to
    "reach.sms": "flag",
    "arm": "text",  # treated | control
    "now.weekday": "text",  # mon … sun, where she lives
    "now.hour": "number",
    "now.month": "number",
}
# What a snapshot of the order says by itself.
OF_ORDER = frozenset(
    ("order.total", "order.items", "order.products", "order.coupon", "order.country", "order.cash_on_delivery")
)
OPERATORS = {
    "number": ("is", "in", "at_least", "at_most", "more_than", "less_than"),
    "money": ("at_least", "at_most", "more_than", "less_than"),
    "text": ("is", "in"),
    "flag": ("is",),
    "list": ("has", "has_any", "has_all"),
}


@dataclass(frozen=True, slots=True)
class Test:
    """One fact compared: `value` is a number, text, flag, Money, or a tuple of texts or numbers."""

    fact: str
    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Some:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Condition


Condition = Test | All | Some | Not
Known = Mapping[str, Any]  # fact -> value; a fact that is absent or None is not known


def holds(condition: Condition | None, known: Known) -> bool | None:
    """True, False, or None where what is known does not decide it. No condition holds."""
    if condition is None:
        return True
    if isinstance(condition, Test):
        value = known.get(condition.fact)
        return None if value is None else _compare(condition, value)
    if isinstance(condition, Not):
        inner = holds(condition.part, known)
        return None if inner is None else not inner
    found = [holds(part, known) for part in condition.parts]
    deciding = isinstance(condition, Some)
    if deciding in found:
        return deciding
    return None if None in found else not deciding


def facts_of(condition: Condition | None) -> Iterator[str]:
    """Every fact the condition mentions."""
    if isinstance(condition, Test):
        yield condition.fact
    elif isinstance(condition, Not):
        yield from facts_of(condition.part)
    elif condition is not None:
        for part in condition.parts:
            yield from facts_of(part)


def failing(condition: Condition | None, known: Known) -> Test | None:
    """The first comparison that keeps the condition from holding: what an owner is told."""
    if isinstance(condition, Test):
        return None if holds(condition, known) else condition
    if isinstance(condition, Not):
        return None if holds(condition, known) else next(_tests(condition), None)
    if condition is None or holds(condition, known):
        return None
    return next(filter(None, (failing(part, known) for part in condition.parts)), None)


def said(test: Test) -> str:
    """The comparison as it stands in a flow file: `order.total at_least 50.00 EUR`."""
    value = test.value
    if isinstance(value, Money):
        shown = f"{Decimal(value.amount).scaleb(-exponent(value.currency))} {value.currency}"
    elif isinstance(value, tuple):
        shown = ", ".join(str(item) for item in value)
    else:
        shown = str(value).lower() if isinstance(value, bool) else str(value)
    return f"{test.fact} {test.operator} {shown}"


def _tests(condition: Condition) -> Iterator[Test]:
    if isinstance(condition, Test):
        yield condition
    elif isinstance(condition, Not):
        yield from _tests(condition.part)
    else:
        for part in condition.parts:
            yield from _tests(part)


def _compare(test: Test, value: Any) -> bool | None:
    if isinstance(test.value, Money):
        return _money(test.operator, test.value, value)
    if test.operator == "is":
        return bool(value == test.value)
    if test.operator == "in":
        return value in test.value
    if test.operator in ("has", "has_any", "has_all"):
        wanted = set(test.value) if isinstance(test.value, tuple) else {test.value}
        return wanted <= set(value) if test.operator == "has_all" else bool(wanted & set(value))
    return _ordered(test.operator, value, test.value)


def _money(operator: str, wanted: Money, value: Any) -> bool:
    """Money of another currency is not less and not more: the comparison is simply not met. Of several amounts (what
    somebody spent in each currency) the one of the same currency counts, or none of it."""
    if isinstance(value, Money):
        return value.currency == wanted.currency and _ordered(operator, value.amount, wanted.amount)
    amount = next((money.amount for money in value if money.currency == wanted.currency), 0)
    return _ordered(operator, amount, wanted.amount)


def _ordered(operator: str, value: Any, other: Any) -> bool:
    if operator == "at_least":
        return bool(value >= other)
    if operator == "at_most":
        return bool(value <= other)
    return bool(value > other) if operator == "more_than" else bool(value < other)
