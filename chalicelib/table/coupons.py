"""Coupons: one row per follow-up that gave one, found by its code too; and per customer what she was ever given.

A customer's list is read and written in every transaction that gives her a coupon, so that two workers never give her
one each. Rows of coupons name her node, and nothing else of her.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pynamodb.attributes import UnicodeAttribute

from chalicelib.domain.coupon import Coupon, Rule
from chalicelib.domain.money import Money
from chalicelib.table import base
from chalicelib.table.base import Json, Row, Write

# making: asked for, and nobody knows yet whether the shop has it. same: she has one already, `same_as` says which.
MAKING, LIVE, USED, SAME = "making", "live", "used", "same"


class CouponRow(Row, discriminator="coupon"):
    """`worth` is {percent, amount, least}, money as [minor units, currency]. Until `lease_until` somebody asks the
    shop for it. `order_id` is the order that it was used for, `used_at` when that was placed."""

    follow_up = UnicodeAttribute()
    state = UnicodeAttribute()
    rule = UnicodeAttribute()
    code = UnicodeAttribute(null=True)
    source = UnicodeAttribute(null=True)
    worth = Json(null=True)
    made_at = UnicodeAttribute()
    expires_at = UnicodeAttribute(null=True)
    customer = UnicodeAttribute(null=True)
    provider_id = UnicodeAttribute(null=True)
    lease_until = UnicodeAttribute(null=True)
    same_as = UnicodeAttribute(null=True)
    used_at = UnicodeAttribute(null=True)
    order_id = UnicodeAttribute(null=True)


class CouponCodeRow(Row, discriminator="coupon_code"):
    """That a code is that of a follow-up's coupon."""

    follow_up = UnicodeAttribute()


class CouponListRow(Row, discriminator="coupon_list"):
    """What one node was given: [[rule, follow-up], …], newest last."""

    given = Json(default=list)


class CouponTroubleRow(Row, discriminator="coupon_trouble"):
    """Why coupons of a rule could not be made when last one was wanted; gone once one was."""

    rule = UnicodeAttribute()
    code = UnicodeAttribute()
    remedy = UnicodeAttribute()
    at = UnicodeAttribute()


@dataclass(frozen=True)
class Given:
    """A node's list as read, with the rev that its writer must name."""

    node: str
    entries: tuple[tuple[str, str], ...]
    rev: int | None


def new(shop: str, follow_up: str, rule: str, state: str, made_at: str) -> CouponRow:
    return CouponRow(_pk(shop, follow_up), "COUPON", follow_up=follow_up, rule=rule, state=state, made_at=made_at)


def read(shop: str, follow_up: str) -> CouponRow | None:
    return base.first(CouponRow, _pk(shop, follow_up), "COUPON")


def write(row: CouponRow, read_rev: int | None) -> Write:
    """The row, on the rev it was read with."""
    return base.replace(row, read_rev)


def normal(code: str) -> str:
    """Shops compare codes without regard to small and capital letters, and write them in either."""
    return code.strip().upper()


def names(shop: str, code: str, follow_up: str) -> Write:
    """That the code is this follow-up's; fails where it is somebody's already."""
    return base.replace(CouponCodeRow(_pk(shop, normal(code)), "CODE", follow_up=follow_up), None)


def unknown(shop: str, code: str) -> Write:
    """Nothing is written; the transaction fails where the code is somebody's."""
    return base.unchanged(CouponCodeRow(_pk(shop, normal(code)), "CODE"), None)


def of_code(shop: str, code: str) -> str | None:
    """The follow-up whose coupon has this code."""
    row = base.first(CouponCodeRow, _pk(shop, normal(code)), "CODE")
    return row.follow_up if row else None


def given(shop: str, node_id: str) -> Given:
    row = base.first(CouponListRow, _list_pk(shop, node_id), "COUPONS")
    if row is None:
        return Given(node_id, (), None)
    return Given(node_id, tuple((rule, follow_up) for rule, follow_up in row.given), row.rev)


def give(shop: str, held: Given, rule: str, follow_up: str) -> Write:
    """One more on the list, which must still be as it was read."""
    entries = [list(entry) for entry in (*held.entries, (rule, follow_up))]
    return base.replace(CouponListRow(_list_pk(shop, held.node), "COUPONS", given=entries), held.rev)


def still(shop: str, held: Given) -> Write:
    """Nothing is written; the transaction fails where the list is no longer as it was read."""
    return base.unchanged(CouponListRow(_list_pk(shop, held.node), "COUPONS"), held.rev)


def drop_list(shop: str, held: Given) -> Write:
    row = CouponListRow(_list_pk(shop, held.node), "COUPONS")
    return Write(row, CouponListRow.rev == held.rev, "delete")


def note(shop: str, rule: str, code: str, remedy: str, at: str) -> None:
    """Why no coupon of this rule could be made; the latest is kept."""
    row = CouponTroubleRow(base.partition(shop, "CP"), _trouble(rule), rule=rule, code=code, remedy=remedy, at=at)
    base.commit([base.put(row)])


def forget_trouble(shop: str, rule: str) -> None:
    """It works again. Writes only where there was some."""
    found = base.first(CouponTroubleRow, base.partition(shop, "CP"), _trouble(rule))
    if found:
        base.commit([base.remove(found)])


def troubles(shop: str) -> list[CouponTroubleRow]:
    """By rule."""
    condition = CouponTroubleRow.sk.startswith("TROUBLE#")
    with base.reading():
        return list(CouponTroubleRow.query(base.partition(shop, "CP"), condition, consistent_read=True))


def worth_of(rule: Rule) -> dict[str, Any]:
    """As it stands in a row."""
    money = {"amount": rule.amount, "least": rule.least}
    found = {name: [value.amount, value.currency] for name, value in money.items() if value}
    return {**found, **({"percent": rule.percent} if rule.percent else {})}


def coupon(row: CouponRow) -> Coupon:
    """The coupon that stands in a row that is not `same`."""
    worth = row.worth or {}
    return Coupon(
        code=row.code or "",
        rule=row.rule,
        expires_at=row.expires_at or "",
        percent=worth.get("percent"),
        amount=_money(worth.get("amount")),
        least=_money(worth.get("least")),
        provider_id=row.provider_id or "",
    )


def _money(raw: list[Any] | None) -> Money | None:
    return Money(int(raw[0]), str(raw[1])) if raw else None


def _pk(shop: str, key: str) -> str:
    return base.partition(shop, "CP", key)


def _list_pk(shop: str, node_id: str) -> str:
    return base.partition(shop, "C", node_id)


def _trouble(rule: str) -> str:
    return f"TROUBLE#{base.part(rule)}"
