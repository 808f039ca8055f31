"""Shopify's ways of saying no, as something that an owner can act on, or as a reason to try later."""

from __future__ import annotations

import re

from chalicelib.platforms.shop_api import Denied, Trouble
from chalicelib.safe_http import Answer

_SCOPE = re.compile(r"\b((?:read|write)_[a-z_]{2,60})\b")
_BAD_KEY = (
    "Shopify does not accept the token: copy it again from the app's API credentials, and see that the app is installed"
)
_PROTECTED = (
    "Shopify has not approved this app for protected customer data: in the Partner Dashboard open the app, API access "
    "requests, Protected customer data access, and ask for it with name, address, phone and email; "
    "see https://shopify.dev/docs/apps/launch/protected-customer-data"
)
# HTTP status -> code, remedy. Source: shopify.dev/docs/api/usage/response-codes
_BY_STATUS = {
    401: ("bad_key", _BAD_KEY),
    402: ("frozen", "the shop is frozen: its owner has to settle the bill in the Shopify admin"),
    404: ("no_api", "there is no Shopify shop at this address: use the one that ends in .myshopify.com"),
    423: ("locked", "Shopify has locked this shop: its owner should contact Shopify support"),
}
_NOT_INSTALLED = "the app is not installed in this shop: install it from the Dev Dashboard, then try again"
_OTHER_ORGANISATION = (
    "the app and the shop belong to different Shopify organisations: create the app in the shop's own Dev Dashboard, "
    "or use the Admin API token of a custom app"
)


def by_status(answer: Answer) -> None:
    """Raises Denied or Trouble for every status but 200."""
    if answer.status == 200:
        return
    if 300 <= answer.status < 400:
        raise Denied("moved", "the shop answers from another address: use the one that ends in .myshopify.com")
    if answer.status == 403:
        raise _forbidden(answer.body.decode("utf-8", "replace")[:10_000])
    if answer.status in _BY_STATUS:
        raise Denied(*_BY_STATUS[answer.status])
    raise Trouble(f"Shopify answered {answer.status}", _seconds(answer))


def by_words(message: str, code: str = "") -> Denied | Trouble:
    """What a message of Shopify's means; the message itself never travels on, it may quote what was sent."""
    if "not approved" in message or "protected customer data" in message or "customer_data" in message:
        return protected_data()
    if code == "ACCESS_DENIED" or "Access denied" in message or "merchant approval" in message:
        return missing_scope(message)
    if "Invalid API key" in message:
        return Denied(*_BY_STATUS[401])
    if code == "SHOP_INACTIVE":
        return Denied(*_BY_STATUS[402])
    if code in ("", "INTERNAL_SERVER_ERROR", "TIMEOUT"):
        return Trouble("Shopify could not answer")
    return Trouble(f"Shopify turned the question down ({code[:40] if code.isascii() else 'unknown'})")


def by_login(answer: Answer) -> Denied | Trouble:
    """What it means that a client id and secret gave no token."""
    said = answer.body.decode("utf-8", "replace")[:10_000]
    if "app_not_installed" in said:
        return Denied("not_installed", _NOT_INSTALLED)
    if "shop_not_permitted" in said:
        return Denied("not_permitted", _OTHER_ORGANISATION)
    if answer.status in (400, 401, 403):
        return Denied(
            "bad_key", "Shopify does not accept the client id and secret: copy both again from the app's settings"
        )
    try:
        by_status(answer)
    except (Denied, Trouble) as refusal:
        return refusal
    return Trouble("Shopify gave no token")


def protected_data() -> Denied:
    """The app may ask, but not for people."""
    return Denied("protected_data", _PROTECTED)


def missing_scope(message: str) -> Denied:
    """A right that the app was not given; the message names it, where it does."""
    found = _SCOPE.search(message)
    named = f"the scope {found[1]}" if found else "a scope"
    return Denied(
        "missing_scope",
        f"the app lacks {named}: add it in the app's configuration, release it, and install the app again",
    )


def _forbidden(said: str) -> Denied:
    words = by_words(said)
    return words if isinstance(words, Denied) else Denied(*_BY_STATUS[401])


def _seconds(answer: Answer) -> float:
    wait = answer.headers.get("retry-after", "")
    return min(600.0, float(wait)) if wait.replace(".", "", 1).isascii() and wait.replace(".", "", 1).isdigit() else 0
