"""What an app may read in a shop, and what an owner has to do so that it may."""

from __future__ import annotations

from chalicelib.platforms.body import Node
from chalicelib.platforms.shop_api import Denied, Finding, Link
from chalicelib.platforms.shopify import queries
from chalicelib.platforms.shopify.graph import ask

_MOST_SCOPES = 1000
# Scope -> what does not work without it.
_NEEDED = {
    "read_orders": "no order can be read",
    "read_customers": "no customer can be read, nor who allowed mails",
    "read_products": "no product can be read",
}
OLD_ORDERS = "read_all_orders"
_ADD = "add it in the app's configuration, release it, and install the app again"


def check(link: Link) -> list[Finding]:
    """Scopes, old orders, people's data, and whether the API is the version that we ask for."""
    reply = ask(link, queries.RIGHTS)
    granted = scopes(reply.data)
    found = [_scope(scope, lost, granted) for scope, lost in _NEEDED.items()]
    found.append(_old_orders(granted))
    if not any(finding.level == "fail" for finding in found):
        found.append(_people(link))
    if reply.version and reply.version != queries.VERSION:
        remedy = "update this software: Shopify has retired the version that it asks for"
        found.append(Finding("warn", f"Shopify answers with its API of {reply.version}, not {queries.VERSION}", remedy))
    return found


def scopes(data: Node) -> set[str]:
    """What the app was granted; the right to write includes the right to read."""
    granted = data.at("currentAppInstallation").at("accessScopes").items(_MOST_SCOPES)
    handles = {scope.at("handle").text() for scope in granted}
    return handles | {handle.replace("write_", "read_", 1) for handle in handles if handle.startswith("write_")}


def _scope(scope: str, lost: str, granted: set[str]) -> Finding:
    if scope in granted:
        return Finding("ok", f"the app may {scope.replace('_', ' ')}")
    return Finding("fail", f"the app lacks {scope}: {lost}", _ADD)


def _old_orders(granted: set[str]) -> Finding:
    if OLD_ORDERS in granted:
        return Finding("ok", "the app may read orders of any age")
    return Finding("warn", f"the app lacks {OLD_ORDERS}: orders older than 60 days stay out of sight", _ADD)


def _people(link: Link) -> Finding:
    try:
        ask(link, queries.PEOPLE)
    except Denied as denied:
        if denied.code not in ("protected_data", "missing_scope"):
            raise
        return Finding("fail", "the app may not read names and addresses of customers", denied.remedy)
    return Finding("ok", "the app may read names and addresses of customers")
