"""Bodies that only say which order changed: a part of it, an edit, an event. The shop is then asked."""

from __future__ import annotations

from chalicelib.domain.events import OrderChanged
from chalicelib.domain.shop import Shop
from chalicelib.platforms.body import Node
from chalicelib.platforms.shopify.fields import id_of, ids_within

_MOST_PATHS = 1000


def order_changed(body: Node, received_at: str, shop: Shop) -> list[OrderChanged]:
    """orders/delete: the very bytes are signed for products/delete too, so it only is a reason to ask."""
    return [OrderChanged(id_of(body.at("id")), received_at)]


def part_changed(body: Node, received_at: str, shop: Shop) -> list[OrderChanged]:
    """refunds/create, fulfillments/*: a part of an order, which says which order it belongs to."""
    return [OrderChanged(id_of(body.at("order_id")), received_at)]


def order_edited(body: Node, received_at: str, shop: Shop) -> list[OrderChanged]:
    """orders/edited: what was added and removed, not what came of it."""
    return [OrderChanged(id_of(body.at("order_edit").at("order_id")), received_at)]


def event(body: Node, received_at: str, shop: Shop) -> list[OrderChanged]:
    """A body of the Events preview. Its topic is signed, and its content is whatever a query asked for."""
    if body.at("topic").text() != "Order":
        raise body.at("topic").refused("is of Shopify's Events, which are not read: subscribe to webhooks instead")
    for place in _places_of_id(body):
        for number in ids_within(place, "Order"):
            return [OrderChanged(number, received_at)]
    raise body.at("fields_changed").refused("of Shopify's Events does not say which order changed")


def _places_of_id(body: Node) -> list[Node]:
    changed = body.at("fields_changed")
    kinds = [changed] if isinstance(changed.value, list) else []
    if isinstance(changed.value, dict):
        kinds = [changed.at(kind) for kind in ("updated", "added", "removed")]
    asked = [body.at("query_variables").at("orderId"), body.at("data").at("order").at("id")]
    return asked + [path for kind in kinds for path in kind.items(_MOST_PATHS)]
