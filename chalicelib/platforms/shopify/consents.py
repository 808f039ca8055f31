"""What Shopify knows of a customer's consent. Only her own word counts: `not_subscribed` is neither yes nor no, and the
box at the checkout (`buyer_accepts_marketing`) is not yet a yes where the shop asks twice."""

from __future__ import annotations

from chalicelib.domain.events import ConsentGiven
from chalicelib.domain.order import Consent
from chalicelib.domain.people import clean_email, clean_phone
from chalicelib.domain.shop import Shop
from chalicelib.platforms.body import Node
from chalicelib.platforms.shopify.fields import id_of
from chalicelib.platforms.shopify.words import CONSENTS

_CHANNELS = (("email", "email_marketing_consent"), ("sms", "sms_marketing_consent"))
SOURCE = "shopify"


def consents_of(customer: Node, at: str) -> tuple[Consent, ...]:
    """Of a customer object whose newest state is of `at`. Since API 2025-01 it has none: they have their own topics."""
    said = (_consent(channel, customer.at(name), at) for channel, name in _CHANNELS)
    return tuple(consent for consent in said if consent)


def email_consent(body: Node, received_at: str, shop: Shop) -> list[ConsentGiven]:
    """customers_email_marketing_consent/update."""
    account, email = id_of(body.at("customer_id")), clean_email(body.at("email_address").text())
    consent = _consent("email", body.at("email_marketing_consent"), received_at)
    return [ConsentGiven(account, email, None, consent)] if consent else []


def sms_consent(body: Node, received_at: str, shop: Shop) -> list[ConsentGiven]:
    """customers_marketing_consent/update."""
    account, phone = id_of(body.at("id")), clean_phone(body.at("phone").text(), shop.country)
    consent = _consent("sms", body.at("sms_marketing_consent"), received_at)
    return [ConsentGiven(account, None, phone, consent)] if consent else []


def _consent(channel: str, told: Node, at: str) -> Consent | None:
    """A withdrawal without a time is of `at`, so that no older yes outlives it. A yes without a time stays without:
    played again later, it would undo a withdrawal."""
    state = CONSENTS.get(told.at("state").text().strip().lower())
    if state is None:
        return None
    when = told.at("consent_updated_at").time() or (at if state == "unsubscribed" else None)
    return Consent(channel, state, SOURCE, when)
