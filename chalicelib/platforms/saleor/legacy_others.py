"""Accounts, checkouts and products of webhooks that have no query, in the shape of those that have.

Nothing in an account's body says whether it was deleted. Source: saleor/saleor, saleor/webhook/payloads.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalicelib.platforms.body import Node
from chalicelib.platforms.saleor.legacy import MOST, address_of, fulfilled, metadata_of, money_of, number_of, order


def _user(body: Node, reader: str, issued_at: str | None) -> Node:
    if reader == "account_gone":
        raise body.refused("without a query the body does not say that it was deleted: give this webhook one")
    return Node(
        {
            "id": body.at("id").value,
            "email": body.at("email").value,
            "firstName": body.at("first_name").value,
            "lastName": body.at("last_name").value,
            "dateJoined": body.at("date_joined").value,
            "languageCode": body.at("language_code").value,
            "metadata": metadata_of(body.at("metadata")),
            "defaultBillingAddress": address_of(body.at("default_billing_address")),
        }
    )


def _checkout(body: Node, reader: str, issued_at: str | None) -> Node:
    user = body.at("user")
    return Node(
        {
            "id": body.at("id").value,
            "updatedAt": body.at("last_change").value,
            "email": body.at("email").value,
            "languageCode": body.at("language_code").value,
            "channel": {"currencyCode": body.at("currency").value},
            "user": None if user.missing else {"id": user.at("id").value, "email": user.at("email").value},
            "billingAddress": address_of(body.at("billing_address")),
            "shippingAddress": address_of(body.at("shipping_address")),
            "metadata": metadata_of(body.at("metadata")),
            "lines": [_checkout_line(line) for line in body.at("lines").items(MOST)],
        }
    )


def _checkout_line(line: Node) -> dict[str, Any]:
    return {
        "quantity": line.at("quantity").value,
        "undiscountedUnitPrice": money_of(line.at("base_price")),
        "variant": {
            "id": line.at("variant_id").value,
            "sku": line.at("sku").value,
            "product": {"name": line.at("product_name").value},
        },
    }


def _product(body: Node, reader: str, issued_at: str | None) -> Node:
    """A deleted one has no channels any more; that is how the two are told apart."""
    if (reader == "product_gone") == ("channel_listings" in body.value):
        raise body.at("channel_listings").refused("does not fit the event in the header")
    media = body.at("media").items(MOST)
    return Node(
        {
            "id": body.at("id").value,
            "name": body.at("name").value,
            "thumbnail": {"url": media[0].at("url").value} if media else None,
            "category": {"name": body.at("category").at("name").value},
            "collections": [{"name": one.at("name").value} for one in body.at("collections").items(MOST)],
            "channelListings": [_listing(one, body) for one in body.at("channel_listings").items(MOST)],
        }
    )


def _listing(one: Node, body: Node) -> dict[str, Any]:
    """A channel's prices stand at the variants: the lowest is the product's."""
    slug = one.at("channel_slug").value
    variants = body.at("variants").items(MOST)
    prices = [price for variant in variants for price in variant.at("channel_listings").items(MOST)]
    here = [price for price in prices if slug and price.at("channel_slug").value == slug]
    lowest = min(here, key=lambda price: number_of(price.at("price_amount")), default=None)
    return {
        "isPublished": one.at("is_published").value,
        "visibleInListings": one.at("visible_in_listings").value,
        "channel": {"currencyCode": lowest.at("currency").value if lowest else None},
        "discountedPrice": {"amount": lowest.at("price_amount").value} if lowest else None,
    }


def _variant(body: Node, reader: str, issued_at: str | None) -> Node:
    """It names its product and says nothing else about it."""
    return Node({"id": body.at("id").value})


SHAPES: dict[str, Callable[[Node, str, str | None], Node]] = {
    "Order": order,
    "Fulfillment": fulfilled,
    "User": _user,
    "Checkout": _checkout,
    "Product": _product,
    "ProductVariant": _variant,
}
