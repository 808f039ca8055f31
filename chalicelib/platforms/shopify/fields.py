"""What the bodies of Shopify have in common: ids (numbers, their text, or gid://shopify/Order/1) and prices."""

from __future__ import annotations

import re

from chalicelib.platforms.body import Node

_ID = re.compile(r"[1-9][0-9]{0,18}")
_GID = re.compile(r"gid://shopify/([A-Za-z]{1,40})/([1-9][0-9]{0,18})")


def has(node: Node, name: str) -> bool:
    """Whether the member is there at all, even as null."""
    return isinstance(node.value, dict) and name in node.value


def id_of(node: Node) -> str:
    """A Shopify id (a positive number, larger than 2^53 at times) as text."""
    text = "" if isinstance(node.value, (list, dict, bool)) else node.text()
    if not _ID.fullmatch(text):
        raise node.refused("is missing" if node.missing else "should be a positive whole number")
    return text


def id_or_none(node: Node) -> str | None:
    """An id, None where there is none (any more)."""
    return None if node.missing or node.value in (0, "0") else id_of(node)


def id_of_gid(node: Node, kind: str) -> str:
    """The number in gid://shopify/<kind>/<number>."""
    found = _GID.fullmatch(node.value) if isinstance(node.value, str) else None
    if found is None or found[1] != kind:
        raise node.refused("is missing" if node.missing else f"should be the id of a {kind}")
    return found[2]


def ids_within(node: Node, kind: str) -> list[str]:
    """The numbers of every gid://shopify/<kind>/… in a text."""
    text = node.value if isinstance(node.value, str) else ""
    return [found[2] for found in _GID.finditer(text[:10_000]) if found[1] == kind]


def shop_money(node: Node, code: str) -> int | None:
    """Minor units of a `*_set` in the shop's currency; None where it is missing."""
    amount = node.at("shop_money").at("amount")
    return None if amount.missing else amount.amount(code)
