"""What Shopify asks of everybody who holds its customers' data, and the end of a connection."""

from __future__ import annotations

from chalicelib.domain.events import PrivacyAsked, ShopGone
from chalicelib.domain.people import clean_email, clean_phone
from chalicelib.domain.shop import Shop
from chalicelib.platforms.body import Node
from chalicelib.platforms.shopify.fields import id_or_none


def data_request(body: Node, received_at: str, shop: Shop) -> list[PrivacyAsked]:
    """customers/data_request: she wants to see what we hold; the shop has 30 days to answer her."""
    return [_asked("export", body, received_at, shop)]


def customer_redact(body: Node, received_at: str, shop: Shop) -> list[PrivacyAsked]:
    """customers/redact: the shop asks Shopify to erase her, and Shopify asks us."""
    return [_asked("erase", body, received_at, shop)]


def shop_redact(body: Node, received_at: str, shop: Shop) -> list[ShopGone]:
    """shop/redact: 48 hours after the app was removed. Its body must name a shop: it is all that says which."""
    if body.at("shop_domain").missing:
        raise body.at("shop_domain").refused("is missing")
    return [ShopGone("erase", received_at)]


def uninstalled(body: Node, received_at: str, shop: Shop) -> list[ShopGone]:
    """app/uninstalled: our token is dead. The body is word for word that of shop/update, which is signed alike, and it
    may come after a quick new installation: whoever hears this had better try the token."""
    return [ShopGone("uninstalled", received_at)]


def _asked(what: str, body: Node, received_at: str, shop: Shop) -> PrivacyAsked:
    who = body.at("customer")
    account = id_or_none(who.at("id"))
    email = clean_email(who.at("email").text())
    phone = clean_phone(who.at("phone").text(), shop.country)
    if not (account or email or phone):
        raise who.refused("names nobody: an id, an e-mail address or a phone number is needed")
    return PrivacyAsked(what, account, email, phone, received_at)
