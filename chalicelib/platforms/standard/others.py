"""Standard customers, consents, products and carts in our words."""

from __future__ import annotations

from chalicelib.domain.events import (
    AccountGone,
    AccountSeen,
    CartSeen,
    ConsentGiven,
    NotesTold,
    Product,
    ProductGone,
    ProductSeen,
)
from chalicelib.domain.money import iso
from chalicelib.platforms import texts
from chalicelib.platforms.body import Node
from chalicelib.platforms.standard.told import Told, birthday_of, buyer_of, consent_of, lines_of, prices_of

_MOST_TAGS, _MOST_CONSENTS = 500, 20


def account_seen(told: Told) -> list[AccountSeen | NotesTold]:
    """customer.created, customer.updated."""
    data = told.data
    if set(data.value) == {"id"}:
        raise data.refused("says nothing but an id")
    if data.at("id").missing:
        raise data.at("id").refused("is missing")
    updated = data.at("updated_at").time() or told.at
    created = data.at("created_at").time() or updated
    buyer = buyer_of(data, told.shop)
    return [AccountSeen(buyer, created, updated, _names(data.at("tags"))), *birthday_of(data, buyer, updated)]


def account_gone(told: Told) -> list[AccountGone]:
    """customer.deleted."""
    return [AccountGone(told.data.at("id").text(), told.at)]


def consents_given(told: Told) -> list[ConsentGiven]:
    """customer.consent: a customer's consents, or one consent and whom it is of."""
    data = told.data
    who = data if data.at("customer").missing else data.at("customer")
    buyer = buyer_of(who, told.shop)
    if not (buyer.account or buyer.email or buyer.phone):
        raise who.refused("names nobody: an id, an e-mail address or a phone number is needed")
    said = data.at("consents").items(_MOST_CONSENTS) or who.at("consents").items(_MOST_CONSENTS) or [data]
    for consent in said:
        _complete(consent)
    return [ConsentGiven(buyer.account, buyer.email, buyer.phone, consent_of(consent, told.at)) for consent in said]


def product_seen(told: Told) -> list[ProductSeen]:
    """product.updated."""
    data = told.data
    prices, price = prices_of(data, told.shop), data.at("price")
    product = Product(
        id=data.at("id").text(),
        title=texts.plain(data.at("title").text()),
        updated_at=data.at("updated_at").time() or told.at,
        url=texts.web_address(data.at("url").text()),
        image=texts.web_address(data.at("image").text()),
        price=None if price.missing else prices.of(price),
        currency=iso(prices.code),
        available=data.at("available").value is not False,
        tags=_names(data.at("tags")),
        categories=_names(data.at("categories")),
        locale=texts.locale(data.at("locale").text()),
    )
    return [ProductSeen(product)]


def product_gone(told: Told) -> list[ProductGone]:
    """product.deleted."""
    return [ProductGone(told.data.at("id").text(), told.at)]


def cart_seen(told: Told) -> list[CartSeen]:
    """cart.updated."""
    data = told.data
    prices = prices_of(data, told.shop)
    return [
        CartSeen(
            cart_id=data.at("id").text(),
            buyer=buyer_of(data.at("customer"), told.shop),
            lines=lines_of(data, prices),
            currency=iso(prices.code),
            updated_at=data.at("updated_at").time() or told.at,
        )
    ]


def _complete(consent: Node) -> None:
    for word in ("channel", "state"):
        if consent.at(word).missing:
            raise consent.at(word).refused("is missing")


def _names(node: Node) -> tuple[str, ...]:
    return tuple(name for name in (texts.plain(tag.text(), 100) for tag in node.items(_MOST_TAGS)) if name)
