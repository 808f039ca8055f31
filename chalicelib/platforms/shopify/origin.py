"""Whether a delivery is this shop's. The app's secret signs for every shop that has the app, and the header that names
the shop is not signed: what the body itself names is compared with the address that the owner registered."""

from __future__ import annotations

from urllib.parse import urlsplit

from chalicelib.domain.events import Unreadable
from chalicelib.domain.shop import Shop
from chalicelib.platforms.body import Node

_SHOPIFY = ".myshopify.com"
_HEADER = "x-shopify-shop-domain"
_IN_BODY = ("myshopify_domain", "shop_domain")
_REMEDY = "of another shop than the one registered; if it is this one, register that address and replay this"


def check(body: Node, source: str, shop: Shop) -> None:
    """Raises Unreadable for a delivery of another shop. `source`: the address that its header names, or "". Without a
    registered address that ends in .myshopify.com nothing can be compared."""
    known = _registered(shop)
    if not known:
        return
    if source and _host(source) not in known:
        raise Unreadable(f"is {_REMEDY}", _HEADER)
    for name in _IN_BODY:
        said = body.at(name)
        if not said.missing and _host(f"https://{said.text().strip()}") not in known:
            raise said.refused(f"is {_REMEDY}")


def leads_elsewhere(link: Node, shop: Shop) -> bool:
    """Whether an order's own page lies at another shop on Shopify. A shop may have pages at a domain of its own, and at
    a second address at Shopify: so this is a reason to ask, not to refuse."""
    if link.missing or not isinstance(link.value, str):
        return False
    host, known = _host(link.value), _registered(shop)
    return bool(known) and host.endswith(_SHOPIFY) and host not in known


def _registered(shop: Shop) -> set[str]:
    hosts = (_host(url) for url in (shop.api_url, shop.source_url) if url)
    return {host for host in hosts if host.endswith(_SHOPIFY)}


def _host(url: str) -> str:
    try:
        return (urlsplit(url.strip()).hostname or "").lower().removesuffix(".")
    except ValueError:
        return ""
