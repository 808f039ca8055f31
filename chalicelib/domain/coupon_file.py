"""Reading a coupon rule from what the owner wrote, and writing it back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from chalicelib.domain.coupon import Rule
from chalicelib.domain.money import RIALS_PER, BadMoney, Money, from_major, to_major

FIELDS = ("percent", "amount", "days", "least", "prefix", "source")
SOURCES = ("shop", "pool")
USUAL_DAYS, LONGEST_LIFE = 30, 365
_NAME = re.compile(r"[a-z][a-z0-9-]{1,39}")
_PREFIX = re.compile(r"[A-Z0-9]{0,12}")
_MONEY = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,3})?) ?([A-Za-z]{3,4})")


class BadRule(ValueError):
    """The rule cannot be used. `field` is its name, "" for the rule as a whole; the message says what to write."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.field, self.reason = field, reason


def parse(name: str, raw: object) -> Rule:
    """The rule that `{"percent": 10, "days": 30, "least": "50 EUR", "prefix": "BACK", "source": "shop"}` describes; in
    place of `percent` there may be `"amount": "5 EUR"`. Raises BadRule naming the field and the remedy."""
    if not _NAME.fullmatch(name):
        raise BadRule("name", "use 2 to 40 small letters, digits and hyphens, a letter first, such as welcome-back")
    if not isinstance(raw, Mapping):
        raise BadRule("", f"must be a group of fields: {', '.join(FIELDS)}")
    for unknown in sorted(str(field) for field in raw if field not in FIELDS):
        raise BadRule(unknown[:40], f"is not known here; use {', '.join(FIELDS)}")
    if ("percent" in raw) == ("amount" in raw):
        raise BadRule("percent", "say what a coupon is worth: either percent, such as 10, or amount, such as 5 EUR")
    return Rule(
        name=name,
        percent=_whole(raw["percent"], "percent", 100) if "percent" in raw else None,
        amount=_money(raw["amount"], "amount") if "amount" in raw else None,
        days=_whole(raw.get("days", USUAL_DAYS), "days", LONGEST_LIFE),
        least=_money(raw["least"], "least") if raw.get("least") is not None else None,
        source=_source(raw.get("source", "shop")),
        prefix=_prefix(raw.get("prefix", "")),
    )


def written(rule: Rule, currency: str) -> dict[str, Any]:
    """The inverse of `parse`, with money in the shop's own unit where it is money of that currency."""
    found: dict[str, Any] = {"percent": rule.percent, "amount": _said(rule.amount, currency), "days": rule.days}
    found |= {"least": _said(rule.least, currency), "prefix": rule.prefix or None, "source": rule.source}
    return {field: value for field, value in found.items() if value is not None}


def _whole(value: object, field: str, most: int) -> int:
    if type(value) is not int or not 1 <= value <= most:
        raise BadRule(field, f"must be a whole number from 1 to {most}")
    return value


def _money(value: object, field: str) -> Money:
    """`50 EUR`, `12.50 USD`, `50000 IRT`: exact, and more than nothing."""
    match = _MONEY.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise BadRule(field, "must be an amount and a currency, such as 50 EUR or 500000 IRT")
    code = match[2].upper()
    try:
        money = Money(from_major(match[1], code), "IRR" if code in RIALS_PER else code)
        exact = Decimal(to_major(money, code)) == Decimal(match[1])
    except BadMoney:
        raise BadRule(field, "ends in no currency's code; write 50 EUR or 500000 IRT") from None
    if not exact or money.amount <= 0:
        raise BadRule(field, f"is no amount that can be paid in {code}; write 50 {code}")
    return money


def _source(value: object) -> str:
    if value not in SOURCES:
        raise BadRule("source", "must be shop (the shop makes each code for us) or pool (codes that you bring)")
    return str(value)


def _prefix(value: object) -> str:
    if not isinstance(value, str) or not _PREFIX.fullmatch(value.upper()):
        raise BadRule("prefix", "must be at most 12 letters A to Z and digits, such as BACK")
    return value.upper()


def _said(money: Money | None, currency: str) -> str | None:
    if money is None:
        return None
    try:
        return f"{to_major(money, currency)} {currency.upper()}"
    except BadMoney:
        return f"{to_major(money, money.currency)} {money.currency}"
