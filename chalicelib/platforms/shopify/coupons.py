"""Coupons that a Shopify shop makes for us: codes that can be used once, by whom they were made for.

Shopify compares codes without regard to small and capital letters, and refuses one that is there already. Source:
shopify.dev/docs/api/admin-graphql (discountCodeBasicCreate, DiscountErrorCode).
"""

from __future__ import annotations

from typing import Any

from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.platforms.body import Node
from chalicelib.platforms.shop_api import Denied, Finding, Link, Trouble, Wish, code_taken, in_units
from chalicelib.platforms.shopify import queries, rights
from chalicelib.platforms.shopify.graph import ask, understood

SCOPE = "write_discounts"
_MOST_ERRORS = 1000
Errors = list[tuple[str, str, str]]  # (code, field, message)


@understood
def make(link: Link, shop: Shop, wish: Wish) -> str:
    """The id of the discount. One of ours that is there already is made as wished. Raises Denied and Trouble."""
    said = _said(link, shop, wish)
    made, errors = _asked(link, queries.MAKE_COUPON, "discountCodeBasicCreate", {"coupon": said})
    if _is_about_people(errors):  # an account that is not there any more: the code alone is what she has
        said = {**said, "context": {"all": "ALL"}}
        made, errors = _asked(link, queries.MAKE_COUPON, "discountCodeBasicCreate", {"coupon": said})
    if any(code == "TAKEN" for code, _, _ in errors):
        return _adopted(link, wish, said)
    _refuse(errors)
    return _id(made)


@understood
def drop(link: Link, provider_id: str) -> None:
    """Take it away; one that is gone already is no error. Raises Denied and Trouble."""
    _, errors = _asked(link, queries.DROP_COUPON, "discountCodeDelete", {"id": provider_id})
    _refuse([error for error in errors if "does not exist" not in error[2]])


@understood
def check(link: Link) -> list[Finding]:
    """Whether the app may make discounts. Raises Denied and Trouble."""
    if SCOPE in rights.scopes(ask(link, queries.RIGHTS).data):
        return [Finding("ok", "the app may make discounts")]
    remedy = "add it in the app's configuration, release it, and install the app again"
    return [Finding("fail", f"the app lacks {SCOPE}: no coupon can be made", remedy)]


def _said(link: Link, shop: Shop, wish: Wish) -> dict[str, Any]:
    coupon = wish.coupon
    if coupon.amount:
        amount = in_units(coupon.amount, shop.currency)
        value: dict[str, Any] = {"discountAmount": {"amount": amount, "appliesOnEachItem": False}}
    else:
        value = {"percentage": (coupon.percent or 0) / 100}
    said = {
        "title": wish.title,
        "code": coupon.code,
        "startsAt": stamp(link.now()),
        "endsAt": coupon.expires_at,
        "usageLimit": 1,
        "appliesOncePerCustomer": True,
        "combinesWith": {"orderDiscounts": False, "productDiscounts": False, "shippingDiscounts": True},
        "customerGets": {"value": value, "items": {"all": True}},
        "context": _hers(wish),
    }
    if coupon.least:
        least = in_units(coupon.least, shop.currency)
        said["minimumRequirement"] = {"subtotal": {"greaterThanOrEqualToSubtotal": least}}
    return said


def _hers(wish: Wish) -> dict[str, Any]:
    ids = [f"gid://shopify/Customer/{account}" for account in wish.accounts if account.isascii() and account.isdigit()]
    return {"customers": {"add": ids}} if ids else {"all": "ALL"}


def _adopted(link: Link, wish: Wish, said: dict[str, Any]) -> str:
    """The one that has the code, if it is ours. Whose it is was said when it was made: saying it twice is an error."""
    found = ask(link, queries.COUPON, {"code": wish.coupon.code}).data.at("codeDiscountNodeByCode")
    if found.missing:
        raise Trouble("Shopify says that the code is taken, and shows no discount that has it")
    if found.at("codeDiscount").at("title").text() != wish.title:
        raise code_taken()
    changes = {name: value for name, value in said.items() if name not in ("code", "context")}
    variables = {"id": _id(found), "coupon": changes}
    made, errors = _asked(link, queries.MEND_COUPON, "discountCodeBasicUpdate", variables)
    _refuse(errors)
    return _id(made)


def _asked(link: Link, query: str, name: str, variables: dict[str, Any]) -> tuple[Node, Errors]:
    """What was made, and what Shopify would not do."""
    payload = ask(link, query, variables).data.at(name)
    errors = payload.at("userErrors").items(_MOST_ERRORS)
    told = [(one.at("code").text(), _path(one.at("field")), one.at("message").text()) for one in errors]
    return payload.at("codeDiscountNode"), told


def _path(field: Node) -> str:
    return ".".join(part.text() for part in field.items(_MOST_ERRORS))


def _is_about_people(errors: Errors) -> bool:
    return any(".context" in field or ".customers" in field for _, field, _ in errors)


def _refuse(errors: Errors) -> None:
    for code, _, _ in errors:
        if code == "INTERNAL_ERROR":
            raise Trouble("Shopify could not make the discount")
        word = code.lower() if code.isascii() and code.replace("_", "").isalpha() else "no reason given"
        remedy = (
            f"Shopify did not do it ({word}): look at the rule (`python -m webhooks coupons`) and at Discounts there"
        )
        raise Denied("coupon_refused", remedy)


def _id(found: Node) -> str:
    return found.at("id").text()
