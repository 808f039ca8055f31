"""What became of coupons: used for an order, forgotten with their customer, listed for her and for the owner."""

from __future__ import annotations

from typing import Any

from chalicelib.domain.coupon_file import BadRule, parse
from chalicelib.domain.customer import Customer
from chalicelib.domain.order import Order
from chalicelib.domain.shop import Shop
from chalicelib.platforms.shop_api import Finding
from chalicelib.table import base, coupon_pools, coupons
from chalicelib.table.base import retried
from chalicelib.table.coupons import LIVE, MAKING, SAME, USED

FEW_LEFT = 20  # codes of a pool; or a tenth of it


def redeemed(shop: Shop, order: Order) -> int:
    """Note which of our coupons the order was placed with; returns how many that is news of. Told twice it writes
    nothing; an order without coupons costs nothing. Raises base.Trouble."""
    codes = {coupons.normal(code) for code in order.coupons} if order.placed else ()
    return sum(retried(lambda code=code: _redeemed(shop.slug, code, order)) for code in sorted(codes))


def _redeemed(slug: str, code: str, order: Order) -> int:
    follow_up = coupons.of_code(slug, code)
    row = coupons.read(slug, follow_up) if follow_up else None
    if row is None or row.state not in (MAKING, LIVE) or coupons.normal(row.code or "") != code:
        return 0
    read_rev = row.rev
    row.state, row.used_at, row.order_id = USED, order.placed_at, order.id
    base.commit([coupons.write(row, read_rev)])
    return 1


def forget(shop_slug: str, node_id: str) -> int:
    """Of an erased customer's node: her coupons stay, as figures, and name her no more. Returns how many. It may stop
    anywhere and be done again. Raises base.Trouble."""
    return retried(lambda: _forget(shop_slug, node_id))


def _forget(slug: str, node_id: str) -> int:
    held = coupons.given(slug, node_id)
    if held.rev is None:
        return 0
    for _, follow_up in held.entries:
        row = coupons.read(slug, follow_up)
        if row and row.customer:
            read_rev, row.customer = row.rev, None
            base.commit([coupons.write(row, read_rev)])
    base.commit([coupons.drop_list(slug, held)])
    return len(held.entries)


def held_by(shop_slug: str, customer: Customer) -> list[dict[str, Any]]:
    """Every coupon she was given: {rule, code, state, made_at, expires_at, used_at, order_id}, oldest first."""
    lists = [coupons.given(shop_slug, node.id) for node in customer.nodes]
    rows = [coupons.read(shop_slug, follow_up) for held in lists for _, follow_up in held.entries]
    found = [row for row in rows if row and row.state != SAME]
    names = ("rule", "code", "state", "made_at", "expires_at", "used_at", "order_id")
    return [{name: getattr(row, name) for name in names} for row in sorted(found, key=lambda row: row.made_at)]


def findings(shop: Shop) -> list[Finding]:
    """What an owner should know about the shop's coupon rules: pools that run out, rules that cannot be used, and what
    kept the last one from being made."""
    troubles = {row.rule: row for row in coupons.troubles(shop.slug)}
    found = []
    for name in sorted(shop.coupons):
        found += _rule(shop, name)
        trouble = troubles.get(name)
        if trouble and trouble.code not in ("pool_empty", "bad_rule"):
            found.append(Finding("fail", f"no coupon of {name} could be made ({trouble.at})", trouble.remedy))
    wanted = [row for rule, row in sorted(troubles.items()) if rule not in shop.coupons]
    return [*found, *(Finding("fail", f"a flow asks for coupons of {row.rule}", row.remedy) for row in wanted)]


def made_by_shop(shop: Shop) -> bool:
    """Whether the owner wants coupons that the shop itself makes: then we need the right to make them."""
    return any(rule.get("source", "shop") == "shop" for rule in shop.coupons.values())


def _rule(shop: Shop, name: str) -> list[Finding]:
    try:
        rule = parse(name, shop.coupons[name])
    except BadRule as bad:
        return [Finding("fail", f"the coupon rule {name} cannot be used", str(bad))]
    if rule.source != "pool":
        return []
    left, loaded = coupon_pools.counts(shop.slug, name)
    remedy = f"`coupons --shop {shop.slug} --pool {name} codes.csv` adds more"
    if not left:
        return [Finding("fail", f"no code of {name} is left", remedy)]
    if left < FEW_LEFT or left * 10 < loaded:
        return [Finding("warn", f"{left} of {loaded} codes of {name} are left", remedy)]
    return [Finding("ok", f"{left} of {loaded} codes of {name} are left")]
