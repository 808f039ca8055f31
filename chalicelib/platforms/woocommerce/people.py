"""Whoever WooCommerce says bought: an account, or a guest who left only what she typed."""

from __future__ import annotations

from chalicelib.domain.events import AccountGone, AccountSeen
from chalicelib.domain.order import Buyer, Consent
from chalicelib.domain.people import clean_email, clean_name, clean_phone
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import in_order
from chalicelib.platforms import texts
from chalicelib.platforms.body import Node
from chalicelib.platforms.woocommerce.fields import created_at, id_of, id_or_none, refuse_only_id, updated_at

_YES = ("yes", "1", "true", "on", "subscribed")
# An unticked box ("no", "0") is not a withdrawal: only a word that says so takes a consent back.
_WITHDRAWN = ("unsubscribed", "unsubscribe", "opted_out", "opted-out", "opt_out", "opt-out", "optout")
_LANGUAGE_KEYS = ("wpml_language", "_wpml_language", "_locale", "locale")
_MOST_META = 1000
_CHANNELS = ("email", "sms")


def account_seen(body: Node, received_at: str, shop: Shop) -> list[AccountSeen]:
    """customer.created and customer.updated, whatever the user's role."""
    refuse_only_id(body)
    created = created_at(body, shop) or received_at
    updated = updated_at(body, shop) or created
    billing, meta = body.at("billing"), meta_of(body)
    country = texts.country(billing.at("country").text())
    buyer = Buyer(
        account=id_of(body.at("id")),
        email=clean_email(body.at("email").text()),
        phone=clean_phone(billing.at("phone").text(), country or shop.country),
        name=_name(body, billing),
        locale=_locale(meta),
        country=country,
        # A body is made when it is delivered: a no that stands in it is a no of now, whenever the plugin wrote it.
        consents=_consents(meta, shop, created, max(received_at, updated, key=in_order)),
    )
    return [AccountSeen(buyer=buyer, created_at=created, updated_at=updated)]


def account_gone(body: Node, received_at: str, shop: Shop) -> list[AccountGone]:
    """customer.deleted: the body is only {"id": N}."""
    return [AccountGone(id_of(body.at("id")), received_at)]


def buyer_of(order: Node, shop: Shop, placed_at: str) -> Buyer:
    """The buyer of an order: billing is who pays, shipping lends a name where billing has none."""
    billing, shipping, meta = order.at("billing"), order.at("shipping"), meta_of(order)
    country = texts.country(billing.at("country").text())
    return Buyer(
        account=id_or_none(order.at("customer_id")),
        email=clean_email(billing.at("email").text()),
        phone=clean_phone(billing.at("phone").text(), country or shop.country),
        name=_name(billing, shipping),
        locale=_locale(meta),
        country=country,
        consents=_consents(meta, shop, placed_at, updated_at(order, shop) or placed_at),
    )


def meta_of(thing: Node) -> dict[str, Node]:
    """`meta_data` as key -> value, the last of a key winning as it does in WordPress."""
    return {entry.at("key").text(): entry.at("value") for entry in thing.at("meta_data").items(_MOST_META)}


def _name(*places: Node) -> str:
    for place in places:
        name = clean_name(f"{place.at('first_name').text()} {place.at('last_name').text()}")
        if name:
            return name
    return ""


def _locale(meta: dict[str, Node]) -> str | None:
    said = (meta[key].value for key in _LANGUAGE_KEYS if key in meta)
    return next((found for value in said if isinstance(value, str) and (found := texts.locale(value))), None)


def _consents(meta: dict[str, Node], shop: Shop, given_at: str, withdrawn_at: str) -> tuple[Consent, ...]:
    """No plugin says when. A yes counts from the earliest moment at which it can have been given, a no from the latest:
    who wrongly hears nothing has lost less than who wrongly hears from us."""
    times = {"subscribed": given_at, "unsubscribed": withdrawn_at}
    asked = [
        (key, channel) for key, channel in sorted(shop.consent_meta.items()) if key in meta and channel in _CHANNELS
    ]
    said = [(key, channel, _state(meta[key])) for key, channel in asked]
    return tuple(Consent(channel, state, f"woocommerce:{key}", times[state]) for key, channel, state in said if state)


def _state(node: Node) -> str | None:
    """subscribed, unsubscribed, or None where a plugin's value (of any type) says neither."""
    word = str(node.value).strip().lower() if isinstance(node.value, (str, int)) else ""
    if word in _YES:
        return "subscribed"
    return "unsubscribed" if word in _WITHDRAWN else None
