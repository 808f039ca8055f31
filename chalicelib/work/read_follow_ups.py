"""Reading follow-ups: one with its reasons, one customer's."""

from __future__ import annotations

from chalicelib.domain.customer import Customer
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import in_order
from chalicelib.table import customer_pages, customers, follow_ups, orders
from chalicelib.table.follow_ups import FollowUpRow
from chalicelib.table.orders import Held
from chalicelib.work.read_orders import person_id
from chalicelib.work.read_views import Json, Page, follow_up_view

# Each costs a read; whoever bought more often is shown what followed the newest of them.
MOST_ORDERS = 200


def one(shop: Shop, follow_up: str) -> Json | None:
    row = follow_ups.get(shop.slug, follow_up)
    if row is None:
        return None
    return follow_up_view(row, shop, person_id(customers.person(shop.slug, row.customer) if row.customer else None))


def of_customer(shop: Shop, customer: Customer, limit: int, before: list[str] | None) -> Page:
    """The one due last first, of her newest orders and of what she herself started."""
    rows = [row for held in newest_orders(shop, customer) for row in held.follow_ups.values()]
    rows += of_her_own(shop, customer)
    rows = sorted((row for row in rows if before is None or _place(row) < before), key=_place, reverse=True)
    page = rows[:limit]
    items = [follow_up_view(row, shop, customer.id) for row in page]
    return Page(items, _place(page[-1]) if len(rows) > limit else None)


def _place(row: FollowUpRow) -> list[str]:
    return [in_order(row.due_at), row.id]


def of_her_own(shop: Shop, customer: Customer) -> list[FollowUpRow]:
    """Those that no order started: of her birthday, her cart."""
    return [row for node in customer.nodes for row in follow_ups.of_customer(shop.slug, node.id)]


def newest_orders(shop: Shop, customer: Customer) -> list[Held]:
    """Her newest orders with their follow-ups."""
    keys = customer_pages.orders_before(shop.slug, customer, MOST_ORDERS)
    return [orders.read(shop.slug, order_id) for _, order_id in keys]
