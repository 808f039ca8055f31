"""Partner API: orders and follow-ups. For the shop's secret key."""

from __future__ import annotations

from chalice import Blueprint

from chalicelib.domain.times import BadTime, normal
from chalicelib.routes.asked import Asked
from chalicelib.routes.door import partner
from chalicelib.routes.problems import Problem
from chalicelib.work import read_follow_ups, read_orders
from chalicelib.work.read_views import Json

orders = Blueprint(__name__)
# No shop has orders from before the web; each month in between would cost a read.
EARLIEST = "1995-01-01T00:00:00Z"


@partner(orders, "/v1/orders", query=("placed_since", "limit", "cursor"))
def list_orders(asked: Asked) -> Json:
    """What counts as placed, oldest first; without `placed_since`, of the last year."""
    since = _since(asked.query["placed_since"]) if "placed_since" in asked.query else None
    return asked.page(read_orders.placed_since(asked.shop, since, asked.now, asked.limit, asked.cursor))


def _since(text: str) -> str:
    try:
        return max(normal(text.replace(" ", "+")), EARLIEST)
    except BadTime:
        raise Problem(400, "is no time; write 2026-11-21T00:00:00Z", "placed_since") from None


@partner(orders, "/v1/orders/{order}")
def get_order(asked: Asked) -> Json:
    found = read_orders.one(asked.shop, asked.path["order"])
    if found is None:
        raise Problem(404, "The shop has no such order.")
    return found


@partner(orders, "/v1/follow-ups/{follow_up}")
def get_follow_up(asked: Asked) -> Json:
    found = read_follow_ups.one(asked.shop, asked.path["follow_up"])
    if found is None:
        raise Problem(404, "The shop has no such follow-up.")
    return found
