"""Whoever Shopify says bought. Everybody who leaves an address becomes a customer there, with or without a password."""

from __future__ import annotations

from chalicelib.domain.events import AccountGone, AccountSeen, AccountsMerged
from chalicelib.domain.order import Buyer
from chalicelib.domain.people import clean_email, clean_name, clean_phone
from chalicelib.domain.shop import Shop
from chalicelib.platforms import texts
from chalicelib.platforms.body import Node
from chalicelib.platforms.shopify.consents import consents_of
from chalicelib.platforms.shopify.fields import id_of, id_of_gid, id_or_none

MOST_TAGS = 500
_MERGED = "completed"


def account_seen(body: Node, received_at: str, shop: Shop) -> list[AccountSeen]:
    """customers/create, update, enable, disable."""
    updated = body.at("updated_at").time() or body.at("created_at").time() or received_at
    created = body.at("created_at").time() or updated
    address = body.at("default_address")
    country = _country(address)
    buyer = Buyer(
        account=id_of(body.at("id")),
        email=clean_email(body.at("email").text()),
        phone=_phone(country or shop.country, body, address),
        name=_name(body, address),
        country=country,
        consents=consents_of(body, updated),
    )
    return [AccountSeen(buyer, created, updated, tags_of(body.at("tags")))]


def account_gone(body: Node, received_at: str, shop: Shop) -> list[AccountGone]:
    """customers/delete."""
    return [AccountGone(id_of(body.at("id")), received_at)]


def accounts_merged(body: Node, received_at: str, shop: Shop) -> list[AccountsMerged]:
    """customers/merge: sent for every step of a merge, so [] for one that failed or is still under way."""
    kept = id_of_gid(body.at("admin_graphql_api_customer_kept_id"), "Customer")
    gone = id_of_gid(body.at("admin_graphql_api_customer_deleted_id"), "Customer")
    if kept == gone:
        raise body.at("admin_graphql_api_customer_deleted_id").refused("is the customer that was kept")
    done = body.at("status").text().lower() == _MERGED
    return [AccountsMerged(kept, gone, received_at)] if done else []


def buyer_of(order: Node, shop: Shop, at: str) -> Buyer:
    """The buyer of an order or checkout whose newest state is of `at`. The customer may be null, and so may every field
    of hers, where the app was not approved for them."""
    customer = order.at("customer")
    places = (order.at("billing_address"), order.at("shipping_address"), customer.at("default_address"))
    country = _country(*places)
    return Buyer(
        account=id_or_none(customer.at("id")),
        email=_email(order.at("email"), order.at("contact_email"), customer.at("email")),
        phone=_phone(country or shop.country, order, customer, *places),
        name=_name(customer, *places),
        locale=texts.locale(order.at("customer_locale").text()),
        country=country,
        consents=consents_of(customer, at),
    )


def tags_of(node: Node) -> tuple[str, ...]:
    """A comma between each; some stand in quotation marks."""
    if isinstance(node.value, list):
        said = [tag.text() for tag in node.items(MOST_TAGS)]
    else:
        said = node.text().split(",")[:MOST_TAGS]
    tags = (texts.plain(tag.strip().strip('"'), 100) for tag in said)
    return tuple(tag for tag in tags if tag)


def _email(*places: Node) -> str | None:
    return next((found for place in places if (found := clean_email(place.text()))), None)


def _phone(country: str | None, *places: Node) -> str | None:
    said = (place.at("phone").text() for place in places)
    return next((found for text in said if text and (found := clean_phone(text, country))), None)


def _name(*places: Node) -> str:
    said = (clean_name(f"{place.at('first_name').text()} {place.at('last_name').text()}") for place in places)
    return next((name for name in said if name), "")


def _country(*places: Node) -> str | None:
    said = (texts.country(place.at("country_code").text()) for place in places)
    return next((country for country in said if country), None)
