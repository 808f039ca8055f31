"""Whoever Saleor says bought: an account, or a guest who left only what she typed."""

from __future__ import annotations

import re

from chalicelib.domain.events import AccountGone, AccountSeen
from chalicelib.domain.order import Buyer, Consent
from chalicelib.domain.people import clean_email, clean_name, clean_phone
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import in_order
from chalicelib.platforms import texts
from chalicelib.platforms.body import Node
from chalicelib.platforms.saleor.fields import id_of, id_or_none, locale, metadata
from chalicelib.platforms.saleor.telling import Telling

_YES = ("yes", "1", "true", "on", "subscribed")
# An unticked box ("no", "0") is not a withdrawal: only a word that says so takes a consent back.
_WITHDRAWN = ("unsubscribed", "unsubscribe", "opted_out", "opted-out", "opt_out", "opt-out", "optout")
_CHANNELS = ("email", "sms")


def account_seen(told: Telling, received_at: str, shop: Shop) -> list[AccountSeen]:
    """Every event about an account that is there. Unlike `updatedAt`, the time of telling also moves when only the
    metadata, and with it a consent, changed."""
    return [read_account(told.thing, shop, received_at, told.issued_at)]


def account_gone(told: Telling, received_at: str, shop: Shop) -> list[AccountGone]:
    """customer_deleted (by staff), account_deleted (by herself)."""
    return [AccountGone(id_of(told.thing.at("id"), "User"), told.issued_at or received_at)]


def read_account(user: Node, shop: Shop, received_at: str, issued_at: str | None = None) -> AccountSeen:
    """A user as our queries get it, from a webhook (`issued_at`: when it was told) or from the API. Raises
    Unreadable."""
    if user.at("email").value is None:
        raise user.at("email").refused("is missing: a telling without it would part the account from its address")
    updated = issued_at or user.at("updatedAt").time() or received_at
    created = user.at("dateJoined").time() or updated
    billing = user.at("defaultBillingAddress")
    country = _country(billing)
    buyer = Buyer(
        account=id_of(user.at("id"), "User"),
        email=clean_email(user.at("email").text()),
        phone=clean_phone(billing.at("phone").text(), country or shop.country),
        name=_name(user, billing),
        locale=locale(user),
        country=country,
        # Metadata, where a consent stands, does not move `updatedAt`: a no that is read now is a no of now.
        consents=_consents(user, shop, created, issued_at or max(updated, received_at, key=in_order)),
    )
    return AccountSeen(buyer=buyer, created_at=created, updated_at=updated)


def buyer_of(thing: Node, shop: Shop, at: str) -> Buyer:
    """The buyer of an order or a checkout: billing is who pays, shipping and account lend a name where it has none."""
    billing, user = thing.at("billingAddress"), thing.at("user")
    country = _country(billing)
    typed = thing.at("userEmail").text() or thing.at("email").text() or user.at("email").text()
    return Buyer(
        account=id_or_none(user.at("id"), "User"),
        email=clean_email(typed),
        phone=clean_phone(billing.at("phone").text(), country or shop.country),
        name=_name(billing, thing.at("shippingAddress"), user),
        locale=locale(thing),
        country=country,
        consents=_consents(thing, shop, at, at),
    )


def _country(address: Node) -> str | None:
    return texts.country(address.at("country").at("code").text())


def _name(*places: Node) -> str:
    for place in places:
        name = clean_name(f"{place.at('firstName').text()} {place.at('lastName').text()}")
        if name:
            return name
    return ""


def _consents(thing: Node, shop: Shop, given_at: str, withdrawn_at: str) -> tuple[Consent, ...]:
    """Metadata has no times. What was given counts from the earliest moment, what was taken back from the latest."""
    meta = metadata(thing)
    asked = [(key, to) for key, to in sorted(shop.consent_meta.items()) if key in meta and to in _CHANNELS]
    said = [(key, to, _state(meta[key], to)) for key, to in asked]
    return tuple(
        Consent(to, state, f"saleor:{key}", given_at if state == "subscribed" else withdrawn_at)
        for key, to, state in said
        if state
    )


def _state(node: Node, channel: str) -> str | None:
    """subscribed, unsubscribed, or None where the value says neither. A list such as "sms, email" says what for."""
    word = str(node.value).strip().lower() if isinstance(node.value, (str, int)) else ""
    if word in _YES or channel in re.split(r"[\s,;|]+", word):
        return "subscribed"
    return "unsubscribed" if word in _WITHDRAWN else None
