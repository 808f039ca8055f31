"""What orders, customers and products of WooCommerce have in common: ids and times."""

from __future__ import annotations

import re

from chalicelib.domain.shop import Shop
from chalicelib.platforms.body import Node

_ID = re.compile(r"[1-9][0-9]{0,18}")


def id_of(node: Node) -> str:
    """A WordPress id (a positive number) as text."""
    text = "" if isinstance(node.value, (list, dict, bool)) else node.text()
    if not _ID.fullmatch(text):
        raise node.refused("is missing" if node.missing else "should be a positive whole number")
    return text


def id_or_none(node: Node) -> str | None:
    """An id, None for 0: WooCommerce's way of saying that there is none, or not any more."""
    return None if node.missing or node.value in (0, "0") else id_of(node)


def only_id(body: Node) -> bool:
    """Whether the body is {"id": N} and nothing else: something changed, but what is not said."""
    return isinstance(body.value, dict) and set(body.value) == {"id"}


def refuse_only_id(body: Node) -> None:
    """A snapshot must not be taken from {"id": N}: it would wipe out what we know. Raises Unreadable."""
    if only_id(body):
        raise body.refused("says nothing but an id")


def time_of(body: Node, name: str, shop: Shop) -> str | None:
    """`<name>_gmt`, which is UTC without saying so; `<name>`, the site's local time, only where that is missing."""
    return body.at(f"{name}_gmt").time() or body.at(name).time(shop.timezone)


def created_at(body: Node, shop: Shop) -> str | None:
    """When it was created, None where the body does not say."""
    return time_of(body, "date_created", shop)


def updated_at(body: Node, shop: Shop) -> str | None:
    """When it was last changed, None where the body does not say."""
    return time_of(body, "date_modified", shop)
