"""Who a Saleor shop says it is, what its owner should know, and whether a token is our app's."""

from __future__ import annotations

from chalicelib.platforms import texts
from chalicelib.platforms.body import Node
from chalicelib.platforms.saleor import graph
from chalicelib.platforms.saleor.manifest import app_id
from chalicelib.platforms.saleor.queries import OLDEST, PERMISSIONS
from chalicelib.platforms.shop_api import Denied, Facts, Finding, Link

SHOP = """query EcrmShop {
  shop { name version domain { url } defaultCountry { code } }
  channels { slug currencyCode isActive }
  app { id identifier permissions { code } }
}"""
APP = "query EcrmApp { app { id identifier } }"
_FOR = {
    "MANAGE_ORDERS": ("fail", "orders"),
    "MANAGE_USERS": ("fail", "customers"),
    "MANAGE_PRODUCTS": ("warn", "products"),
    "MANAGE_CHECKOUTS": ("warn", "carts"),
}


@graph.readable
def facts(link: Link) -> Facts:
    """Who the shop says it is. Its currency is that of its default channel, or of the first that sells."""
    return _facts(_shop(link))


@graph.readable
def check(link: Link) -> list[Finding]:
    """Our rights, the address, the version, the currencies."""
    said = _shop(link)
    held = {right.at("code").text() for right in said.at("app").at("permissions").items(1000)}
    found = [_right(right, right in held) for right in PERMISSIONS]
    found += [_address(link, _facts(said).address), _version(_facts(said).version)]
    if len(currencies := sorted({channel["currency"] for channel in _channels(said)})) > 1:
        found.append(Finding("ok", f"it sells in {', '.join(currencies)}: totals are kept apart by currency"))
    return found


def same_address(one: str, other: str) -> bool:
    """Whether both are the address of the same API."""
    return graph.address(one) == graph.address(other)


@graph.readable
def confirm(link: Link, shop_slug: str) -> None:
    """Raises Denied unless the token is that of the app which the shop installed from our manifest for `shop_slug`."""
    app = graph.ask(link, APP).data.at("app")
    if app.at("id").missing:
        raise Denied("bad_key", f"the shop does not know the token: {graph.REMEDY}")
    if app.at("identifier").text() != app_id(shop_slug):
        raise Denied("another_app", "the token is another app's: install ours from its manifest address")


def _shop(link: Link) -> Node:
    said = graph.ask(link, SHOP).data
    if said.at("app").missing:
        raise Denied("bad_key", f"the shop does not know our token: {graph.REMEDY}")
    return said


def _facts(said: Node) -> Facts:
    shop, channels = said.at("shop"), _channels(said)
    first = next((one for one in channels if one["slug"] == "default-channel"), channels[0] if channels else {})
    return Facts(
        address=texts.web_address(shop.at("domain").at("url").text()) or "",
        name=texts.plain(shop.at("name").text(), 200),
        currency=first.get("currency", ""),
        country=texts.country(shop.at("defaultCountry").at("code").text()) or "",
        version=texts.plain(shop.at("version").text(), 40),
    )


def _channels(said: Node) -> list[dict[str, str]]:
    """Those that sell, in the shop's order."""
    active = [one for one in said.at("channels").items(1000) if not one.at("isActive").missing]
    return [{"slug": one.at("slug").text(), "currency": one.at("currencyCode").currency()} for one in active]


def _right(right: str, held: bool) -> Finding:
    level, what = _FOR[right]
    if held:
        return Finding("ok", f"the app may read {what} ({right})")
    remedy = f"give it {right} in Saleor's dashboard (Extensions, the app)"
    return Finding(level, f"the app may not read {what}", remedy)


def _address(link: Link, said: str) -> Finding:
    if graph.origin(link.url).startswith("http://"):
        return Finding("warn", "the shop is asked over http", "everybody on the way can read its token: use https")
    if said and graph.origin(said) != graph.origin(link.url):
        other = "is it a copy, or has it moved? Connect the shop that you mean"
        return Finding("warn", f"the shop says that it lives at {graph.origin(said)}", other)
    return Finding("ok", "the shop is where it says it is")


def _version(text: str) -> Finding:
    numbers = tuple(int(part) for part in text.split(".")[:2] if part.isdigit())
    oldest = ".".join(map(str, OLDEST))
    if numbers and numbers < OLDEST:
        return Finding("fail", f"it is Saleor {text}", f"we ask for what came with {oldest}: update it")
    return Finding("ok", f"it is Saleor {text or 'of some version'}")
