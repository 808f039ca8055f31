"""Customers and products as the GraphQL API tells them, in the words of a webhook's body; read by the same readers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chalicelib.domain.events import AccountSeen, ProductSeen
from chalicelib.domain.shop import Shop
from chalicelib.platforms.body import Node
from chalicelib.platforms.shopify import people, products
from chalicelib.platforms.shopify.graph_orders import address


def accounts_seen(node: Node, at: str, shop: Shop) -> list[AccountSeen]:
    """A customer with her consents, which webhooks tell apart from her. `at`: the moment of what says no time."""
    return people.account_seen(Node(_customer(node)), at, shop)


def products_seen(node: Node, variants: Sequence[Node], at: str, shop: Shop) -> list[ProductSeen]:
    """A product and its variants."""
    return products.product_seen(Node(_product(node, variants)), at, shop)


def _customer(node: Node) -> dict[str, Any]:
    email, phone = node.at("defaultEmailAddress"), node.at("defaultPhoneNumber")
    return {
        "id": node.at("legacyResourceId").value,
        "first_name": node.at("firstName").value,
        "last_name": node.at("lastName").value,
        "email": email.at("emailAddress").value,
        "phone": phone.at("phoneNumber").value,
        "created_at": node.at("createdAt").value,
        "updated_at": node.at("updatedAt").value,
        "tags": node.at("tags").value,
        "default_address": address(node.at("defaultAddress")),
        "email_marketing_consent": _consent(email),
        "sms_marketing_consent": _consent(phone),
    }


def _consent(node: Node) -> dict[str, Any] | None:
    if node.missing:
        return None
    return {
        "state": node.at("marketingState").text().lower(),
        "consent_updated_at": node.at("marketingUpdatedAt").value,
    }


def _product(node: Node, variants: Sequence[Node]) -> dict[str, Any]:
    return {
        "id": node.at("legacyResourceId").value,
        "title": node.at("title").value,
        "handle": node.at("handle").value,
        "status": node.at("status").text().lower(),
        "product_type": node.at("productType").value,
        "category": {"name": node.at("category").at("name").value},
        "tags": node.at("tags").value,
        "created_at": node.at("createdAt").value,
        "updated_at": node.at("updatedAt").value,
        "published_at": node.at("publishedAt").value,
        "image": {"src": node.at("featuredMedia").at("preview").at("image").at("url").value},
        "variants": [_variant(variant) for variant in variants],
    }


def _variant(node: Node) -> dict[str, Any]:
    return {
        "price": node.at("price").value,
        "inventory_policy": node.at("inventoryPolicy").text().lower(),
        "inventory_quantity": node.at("inventoryQuantity").value,
    }
