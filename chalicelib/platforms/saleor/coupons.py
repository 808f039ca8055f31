"""Coupons that a Saleor shop makes for us: a voucher with one code, listed in every channel in which it can hold.

A voucher that stands in no channel is of no use: making one takes two steps, and one that was left half-way is gone on
with. Codes of gift cards are taken too. Sources: saleor/graphql/discount/mutations/voucher, docs.saleor.io.
"""

from __future__ import annotations

from typing import Any

from chalicelib.domain.coupon import Coupon
from chalicelib.domain.money import iso
from chalicelib.domain.shop import Shop
from chalicelib.platforms.body import Node
from chalicelib.platforms.saleor import graph
from chalicelib.platforms.saleor.queries import COUPONS
from chalicelib.platforms.shop_api import Denied, Finding, Link, Trouble, Wish, code_taken, in_units

RIGHTS = "query EcrmRights { app { id permissions { code } } }"
CHANNELS = "query EcrmChannels { channels { id currencyCode isActive } }"
MAKE = """mutation EcrmMakeVoucher($input: VoucherInput!) {
  voucherCreate(input: $input) { voucher { id } errors { field code } }
}"""
MEND = """mutation EcrmMendVoucher($id: ID!, $input: VoucherInput!) {
  voucherUpdate(id: $id, input: $input) { voucher { id } errors { field code } }
}"""
OFFER = """mutation EcrmListVoucher($id: ID!, $input: VoucherChannelListingInput!) {
  voucherChannelListingUpdate(id: $id, input: $input) { voucher { id } errors { field code } }
}"""
DROP = """mutation EcrmDropVoucher($id: ID!) {
  voucherDelete(id: $id) { voucher { id } errors { field code } }
}"""
# Its search finds every voucher whose name or code contains the text.
FIND = """query EcrmVoucher($code: String!) {
  vouchers(first: 20, filter: { search: $code }) {
    edges { node { id name codes(first: 5) { edges { node { code } } } } }
  }
}"""
_MOST = 1000


@graph.readable
def make(link: Link, shop: Shop, wish: Wish) -> str:
    """The id of the voucher. One of ours that is there already is made as wished. Raises Denied and Trouble."""
    offers = _offers(link, wish.coupon)
    said = _said(wish)
    payload = graph.ask(link, MAKE, input={**said, "addCodes": [wish.coupon.code]}).data.at("voucherCreate")
    codes = _codes(payload)
    if "ALREADY_EXISTS" in codes or "UNIQUE" in codes:
        voucher = _ours(link, wish)
        _done(graph.ask(link, MEND, id=voucher, input=said).data.at("voucherUpdate"))
    else:
        _done(payload)
        voucher = payload.at("voucher").at("id").text()
    _done(graph.ask(link, OFFER, id=voucher, input={"addChannels": offers}).data.at("voucherChannelListingUpdate"))
    return voucher


@graph.readable
def drop(link: Link, provider_id: str) -> None:
    """Gone already is as good. Raises Denied and Trouble."""
    payload = graph.ask(link, DROP, id=provider_id).data.at("voucherDelete")
    if set(_codes(payload)) != {"NOT_FOUND"}:
        _done(payload)


@graph.readable
def check(link: Link) -> list[Finding]:
    """Whether our app may make vouchers. Raises Denied and Trouble."""
    app = graph.ask(link, RIGHTS).data.at("app")
    if COUPONS in {right.at("code").text() for right in app.at("permissions").items(_MOST)}:
        return [Finding("ok", f"the app may make vouchers ({COUPONS})")]
    remedy = f"give it {COUPONS} in Saleor's dashboard (Extensions, the app)"
    return [Finding("fail", "the app may not make vouchers: no coupon can be made", remedy)]


def _said(wish: Wish) -> dict[str, Any]:
    return {
        "name": wish.title,
        "type": "ENTIRE_ORDER",
        "discountValueType": "FIXED" if wish.coupon.amount else "PERCENTAGE",
        "endDate": wish.coupon.expires_at,
        "usageLimit": 1,
        "applyOncePerCustomer": True,
        "applyOncePerOrder": False,
        "onlyForStaff": False,
    }


def _offers(link: Link, coupon: Coupon) -> list[dict[str, str]]:
    """What it is worth in each channel: in those that sell in the currency of its amounts, in all where it has none."""
    channels = graph.ask(link, CHANNELS).data.at("channels").items(_MOST)
    selling = [(one.at("id").text(), one.at("currencyCode").currency()) for one in channels if _sells(one)]
    fitting = [(channel, currency) for channel, currency in selling if _fits(coupon, currency)]
    if not fitting:
        remedy = "no active channel sells in the currency of the coupon's rule: write the rule anew, in one that does"
        raise Denied("other_currency", remedy)
    return [_offer(channel, currency, coupon) for channel, currency in fitting]


def _sells(channel: Node) -> bool:
    return not channel.at("isActive").missing


def _fits(coupon: Coupon, currency: str) -> bool:
    return all(money.currency == iso(currency) for money in (coupon.amount, coupon.least) if money)


def _offer(channel: str, currency: str, coupon: Coupon) -> dict[str, str]:
    worth = in_units(coupon.amount, currency) if coupon.amount else str(coupon.percent)
    least = {"minAmountSpent": in_units(coupon.least, currency)} if coupon.least else {}
    return {"channelId": channel, "discountValue": worth, **least}


def _ours(link: Link, wish: Wish) -> str:
    """The id of the voucher that has the code, if it is ours."""
    found = graph.ask(link, FIND, code=wish.coupon.code).data.at("vouchers").at("edges").items(_MOST)
    having = [edge.at("node") for edge in found if wish.coupon.code in _codes_of(edge.at("node"))]
    if not having:  # a gift card has it, or it went in between
        raise Trouble("the shop says that the code is taken, and shows no voucher that has it")
    if having[0].at("name").text() != wish.title:
        raise code_taken()
    return having[0].at("id").text()


def _codes_of(voucher: Node) -> list[str]:
    return [edge.at("node").at("code").text() for edge in voucher.at("codes").at("edges").items(_MOST)]


def _codes(payload: Node) -> list[str]:
    """Words of Saleor's schema, such as NOT_FOUND."""
    return [error.at("code").text() for error in payload.at("errors").items(_MOST)]


def _done(payload: Node) -> None:
    """Raises Denied where the shop did not do it."""
    for code in _codes(payload):
        remedy = f"the shop did not do it ({code[:60]}): look at the rule (`python -m webhooks coupons`)"
        raise Denied("coupon_refused", remedy)
