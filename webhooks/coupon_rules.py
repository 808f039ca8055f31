"""A coupon rule as an owner names it on the command line: put together, checked, written, said back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chalicelib.domain.coupon_file import FIELDS, BadRule, parse
from chalicelib.domain.money import iso
from chalicelib.domain.shop import Shop
from webhooks.arguments import BadArgument

SAID = ("percent", "amount", "days", "least", "prefix")


def merged(given: dict[str, Any], shop: Shop, name: str) -> dict[str, Any]:
    """The rule as it stands with what was said put into it. Raises BadArgument."""
    raw = {field: value for field, value in shop.coupons.get(name, {}).items() if field in FIELDS}
    said = {flag: given[flag] for flag in SAID if given[flag] is not None}
    for flag in ("percent", "days"):
        if flag in said:
            said[flag] = _number(flag, said[flag])
    if "percent" in said or "amount" in said:
        raw = {field: value for field, value in raw.items() if field not in ("percent", "amount")}
    raw |= said
    if given["pool"]:
        raw["source"] = "pool"
    try:
        rule = parse(name, raw)
    except BadRule as bad:
        raise BadArgument(bad.field if bad.field in FIELDS else "rule", bad.reason) from None
    for flag, money in (("amount", rule.amount), ("least", rule.least)):
        if money and shop.platform != "saleor" and money.currency != iso(shop.currency):
            raise BadArgument(flag, f"{shop.slug} sells in {shop.currency}: write it in that")
    return raw


def keep(slug: str, name: str, raw: dict[str, Any] | None) -> None:
    """Write the rule as it is now, None for gone; what was wrong with the one before is forgotten."""
    from chalicelib.table import coupons, shops

    def changed(shop: Shop | None) -> Shop:
        if shop is None:
            raise BadArgument("shop", "it is gone")
        rest = {rule: value for rule, value in shop.coupons.items() if rule != name}
        return replace(shop, coupons=rest if raw is None else {**rest, name: raw})

    shops.change(slug, changed)
    coupons.forget_trouble(slug, name)


def words(raw: dict[str, Any]) -> str:
    """A rule for people."""
    worth = f"{raw['percent']} %" if "percent" in raw else str(raw.get("amount", "?"))
    least = f", orders of {raw['least']} or more" if raw.get("least") else ""
    source = "codes that you brought" if raw.get("source") == "pool" else "the shop makes each code"
    return f"{worth} off one order within {raw.get('days', 30)} days{least}; {source}"


def _number(flag: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        raise BadArgument(flag, "a whole number, such as 10")
    return int(text)
