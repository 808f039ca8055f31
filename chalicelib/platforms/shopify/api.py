"""Asking a Shopify shop, through its GraphQL Admin API: what `platforms/shop_api.py` promises.

Credentials are those of an app that is installed in the shop: a token that does not expire (a custom app made in the
admin), or a client id and secret (an app of the Dev Dashboard), which give a token for 24 hours at every login.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode, urlsplit

from chalicelib.domain.shop import Shop
from chalicelib.platforms.shop_api import Denied, Facts, Finding, Found, Hook, Link, Page, Trouble
from chalicelib.platforms.shopify import bulk, by_ids, pages, places, queries, refusals, rights
from chalicelib.platforms.shopify import hooks as subscriptions
from chalicelib.platforms.shopify.coupons import check as check_coupons
from chalicelib.platforms.shopify.coupons import drop as drop_coupon
from chalicelib.platforms.shopify.coupons import make as make_coupon
from chalicelib.platforms.shopify.graph import ask, opened, understood
from chalicelib.platforms.shopify.hooks import HOOK_TOPICS
from chalicelib.platforms.shopify.places import Place
from chalicelib.platforms.shopify.signature import SECRETS_PER_TOPIC

__all__ = [
    "CREDENTIALS",
    "HOOK_TOPICS",
    "KINDS",
    "SECRETS_PER_TOPIC",
    "add_hook",
    "check",
    "check_coupons",
    "count",
    "drop_coupon",
    "drop_hook",
    "facts",
    "hooks",
    "login",
    "make_coupon",
    "mend_hook",
    "orders",
    "page",
]

CREDENTIALS = {
    "token": "the Admin API access token of a custom app (shpat_…): Settings, Apps, Develop apps, API credentials",
    "client_id": "instead of a token: the client id of an app in the Dev Dashboard, under the app's Settings",
    "client_secret": "the client secret beside it (shpss_…): it gives us tokens, and it signs the webhooks",
}
# Customers first: an order is then taken by people who are known already.
KINDS = ("products", "customers", "orders")


@understood
def login(link: Link) -> Link:
    """The link with a token that is good for 24 hours, where a client id and secret were given; else the link itself.
    Raises Denied (bad_key, not_installed, not_permitted) and Trouble."""
    _refuse_elsewhere(link)
    if not link.credentials.get("client_id"):
        return link
    asked = {
        "grant_type": "client_credentials",
        "client_id": link.credentials["client_id"],
        "client_secret": link.credentials.get("client_secret", ""),
    }
    headers = {"accept": "application/json", "content-type": "application/x-www-form-urlencoded"}
    answer = link.http.ask("POST", link.url + queries.LOGIN_PATH, headers=headers, body=urlencode(asked).encode())
    if answer.status != 200:
        raise refusals.by_login(answer)
    token = opened(answer).at("access_token")
    if not isinstance(token.value, str) or not token.value.isascii() or not token.value.isprintable():
        raise Trouble("Shopify gave no token")
    return link.with_credential("token", token.value)


def _refuse_elsewhere(link: Link) -> None:
    """What lets us in also signs the webhooks: a typing error must not hand it to whoever owns that name."""
    parts = urlsplit(link.url)
    if not link.local and (parts.scheme != "https" or not (parts.hostname or "").endswith(".myshopify.com")):
        raise Denied("bad_address", "a Shopify shop is asked at its own https://….myshopify.com address, nowhere else")


@understood
def facts(link: Link) -> Facts:
    """Who the shop says it is; its address is the one at .myshopify.com, which never changes hands."""
    said = ask(link, queries.SHOP)
    shop = said.data.at("shop")
    return Facts(
        address=f"{urlsplit(link.url).scheme}://{shop.at('myshopifyDomain').text().strip().lower()}",
        name=shop.at("name").text(),
        currency=shop.at("currencyCode").text(),
        timezone=shop.at("ianaTimezone").text(),
        country=shop.at("shopAddress").at("countryCodeV2").text(),
        version=f"Admin API {said.version or queries.VERSION}",
    )


@understood
def check(link: Link) -> list[Finding]:
    """Rights, the approval for people's data, the address, the version of the API."""
    return [*rights.check(link), *_address(link)]


@understood
def count(link: Link) -> int:
    """How many orders there are, archived, cancelled and test orders among them; without the right to read old ones,
    only those of the last 60 days."""
    return ask(link, queries.COUNT).data.at("ordersCount").at("count").whole(0, 10**12)


@understood
def page(link: Link, shop: Shop, kind: str, since: str | None, cursor: str | None) -> Page:
    """One page of what changed since a stored moment, or one piece of the whole history. Raises Denied, Trouble, and
    ValueError for a cursor that is not ours."""
    place = places.opened(cursor) if cursor else Place("pages" if since else "start")
    if place.way == "start":
        return bulk.start(link, kind, place)
    return bulk.page(link, shop, kind, place) if place.way == "bulk" else pages.page(link, shop, kind, since, place)


@understood
def orders(link: Link, shop: Shop, ids: Sequence[str]) -> Found:
    """These orders as they are now. Raises Denied and Trouble."""
    return by_ids.found(link, shop, ids)


@understood
def hooks(link: Link, delivery_url: str) -> list[Hook]:
    """Our webhooks. What an app's configuration file subscribes to is not among them."""
    return subscriptions.listed(link, delivery_url)


@understood
def add_hook(link: Link, topic: str, delivery_url: str, secret: str) -> Hook:
    """Subscribe. `secret` is not used: the app's client secret signs everything."""
    return subscriptions.add(link, topic, delivery_url)


@understood
def mend_hook(link: Link, hook: Hook, delivery_url: str, secret: str) -> Hook:
    """Lead it to `delivery_url`, with everything in it; a new one where Shopify deleted it. `secret` is not used."""
    return subscriptions.mend(link, hook, delivery_url)


@understood
def drop_hook(link: Link, hook: Hook) -> None:
    """Unsubscribe; gone already is fine."""
    subscriptions.drop(link, hook)


def _address(link: Link) -> list[Finding]:
    said, used = facts(link).address, link.url.lower()
    if said == used:
        return [Finding("ok", f"the shop knows itself as {said}")]
    return [
        Finding("warn", f"the shop knows itself as {said}", f"connect it as {said}: its webhooks name that address")
    ]
