"""One delivery opened: is it of the event that its header names, and what does it tell of what?

The header is unsigned and one key signs every event, so whatever the body cannot confirm is refused: a body signed for
one event must not pass as another.
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.events import Unreadable
from chalicelib.platforms.body import Node, parse, parse_list
from chalicelib.platforms.saleor.legacy_others import SHAPES
from chalicelib.platforms.saleor.queries import typename

# reader -> where its thing stands in a body that our own query asked for
_PLACES = {
    "order": "order",
    "account": "user",
    "account_gone": "user",
    "cart": "checkout",
    "product": "product",
    "product_gone": "product",
    "variant": "productVariant",
}
# what an event's name begins with -> the type in a body without a query; the longer one first
_TYPES = {
    "order": "Order",
    "fulfillment": "Fulfillment",
    "customer": "User",
    "account": "User",
    "checkout": "Checkout",
    "product_variant": "ProductVariant",
    "product": "Product",
}


@dataclass(frozen=True, slots=True)
class Telling:
    """`thing`: an order, a user… in the shape of our queries. `issued_at`: when Saleor told it, None where it does not
    say, as in an answer of its API."""

    thing: Node
    issued_at: str | None = None


def opened(topic: str, reader: str, body: bytes) -> Telling:
    """The delivery as a Telling. Raises Unreadable where it is no event of this topic."""
    if body.lstrip()[:1] == b"[":
        return _unasked(topic, reader, parse_list(body, 1))
    return _asked(topic, reader, parse(body))


def _asked(topic: str, reader: str, said: Node) -> Telling:
    name = said.at("__typename")
    if name.missing:
        raise name.refused("is missing: the webhook's query does not ask for it")
    if name.value != typename(topic):
        raise name.refused("is another event than the one in the header")
    thing = said.at(_PLACES[reader])
    if not isinstance(thing.value, dict):
        raise thing.refused("is missing" if thing.missing else "should be an object")
    return Telling(thing, said.at("issuedAt").time())


def _unasked(topic: str, reader: str, things: list[Node]) -> Telling:
    """What a webhook without a query sends: a list of one thing, in words of its own."""
    if not things or not isinstance(things[0].value, dict):
        raise Unreadable("the list should hold one object", "the body")
    kind = next(kind for start, kind in _TYPES.items() if topic.startswith(start))
    if things[0].at("type").value != kind:
        raise things[0].at("type").refused("is another thing than the event in the header is about")
    issued = things[0].at("meta").at("issued_at").time()
    return Telling(SHAPES[kind](things[0], reader, issued), issued)
