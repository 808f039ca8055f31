"""Coupons that a WooCommerce shop makes for us: usable once, by whom they were made for.

WooCommerce keeps codes in small letters and compares them so. It takes `date_expires_gmt` and does nothing with it; a
`date_expires` that names its offset is read as it is meant. Sources: woocommerce/woocommerce, class-wc-coupon.php and
class-wc-rest-coupons-v2-controller.php.
"""

from __future__ import annotations

import re
from typing import Any

from chalicelib.domain.events import Unreadable
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import moment
from chalicelib.platforms.body import Node
from chalicelib.platforms.shop_api import Finding, Link, Trouble, Wish, code_taken, in_units
from chalicelib.platforms.woocommerce import rest
from chalicelib.platforms.woocommerce.fields import id_of
from chalicelib.platforms.woocommerce.refusals import Missing, Taken

MARK = "_ecrm_follow_up"
_MOST_META = 1000
# What WordPress takes for an address; a star would stand for anything.
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'+/=?^_`{|}~.-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


def make(link: Link, shop: Shop, wish: Wish) -> str:
    """The id of the coupon. One of ours that is there already is made as wished. Raises as `rest.write`."""
    said = _said(shop, wish)
    try:
        return _id(rest.write(link, "POST", "coupons", said).one())
    except Taken:
        return _adopted(link, wish, said)


def drop(link: Link, provider_id: str) -> None:
    """Gone for good; one that is gone already stays so. Raises as `rest.write`."""
    try:
        rest.write(link, "DELETE", f"coupons/{provider_id}", force="true")
    except Missing:
        return


def check(link: Link) -> list[Finding]:
    """Whether the shop takes coupons at all. Raises as `rest.get`."""
    told = rest.get(link, "settings/general", _fields="id,value").many()
    if any(one.at("id").value == "woocommerce_enable_coupons" and one.at("value").value == "no" for one in told):
        remedy = "WooCommerce > Settings > General > Enable coupons"
        return [Finding("fail", "the shop takes no coupons, so that nobody could use ours", remedy)]
    return [Finding("ok", "the shop takes coupons")]


def _said(shop: Shop, wish: Wish) -> dict[str, Any]:
    coupon = wish.coupon
    amount = in_units(coupon.amount, shop.currency) if coupon.amount else str(coupon.percent)
    least = in_units(coupon.least, shop.currency) if coupon.least else ""
    return {
        "code": coupon.code,
        "discount_type": "fixed_cart" if coupon.amount else "percent",
        "amount": amount,
        "minimum_amount": least,
        "date_expires": moment(coupon.expires_at).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "individual_use": True,
        "usage_limit": 1,
        "usage_limit_per_user": 1,
        "email_restrictions": [email for email in wish.emails if _ADDRESS.fullmatch(email)],
        "description": wish.title,
        "meta_data": [{"key": MARK, "value": wish.mark}],
    }


def _adopted(link: Link, wish: Wish, said: dict[str, Any]) -> str:
    """The one that has the code, if it is ours."""
    found = rest.get(link, "coupons", code=wish.coupon.code, _fields="id,code,meta_data").many()
    if not found:
        raise Trouble("the shop says that the code is taken, and shows no coupon that has it")
    if not _is_ours(found[0], wish.mark):
        raise code_taken()
    changes = {name: value for name, value in said.items() if name not in ("code", "meta_data")}
    return _id(rest.write(link, "PUT", f"coupons/{_id(found[0])}", changes).one())


def _is_ours(found: Node, mark: str) -> bool:
    try:
        marks = found.at("meta_data").items(_MOST_META)
        return any(one.at("key").value == MARK and one.at("value").value == mark for one in marks)
    except Unreadable:
        return False


def _id(said: Node) -> str:
    try:
        return id_of(said.at("id"))
    except Unreadable as wrong:
        raise Trouble(f"a coupon of the shop cannot be read: {wrong}") from None
