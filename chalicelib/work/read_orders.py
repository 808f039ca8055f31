"""Reading orders: one, one customer's, everything placed since a moment."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice

from chalicelib.domain.customer import Customer
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.table import customer_pages, customers, orders
from chalicelib.work.read_views import Json, Page, order_view

USUAL_LOOK_BACK = timedelta(days=365)


def one(shop: Shop, order_id: str) -> Json | None:
    """The order by the platform's id."""
    found = orders.get(shop.slug, order_id)
    if found is None:
        return None
    order, node = found
    return order_view(order, person_id(customers.person(shop.slug, node) if node else None))


def person_id(customer: Customer | None) -> str | None:
    """The id a customer goes by; None for one who was erased."""
    return customer.id if customer and not customer.erased else None


def of_customer(shop: Shop, customer: Customer, limit: int, before: str | None) -> Page:
    """Newest first."""
    keys = customer_pages.orders_before(shop.slug, customer, limit + 1, before)
    page = keys[:limit]
    found = orders.of_ids(shop.slug, [order_id for _, order_id in page])
    items = [order_view(found[order_id][0], customer.id) for _, order_id in page if order_id in found]
    return Page(items, page[-1][0] if len(keys) > limit else None)


def placed_since(shop: Shop, since: str | None, now: datetime, limit: int, after: str | None) -> Page:
    """What counts as placed, oldest first, so that whoever follows along can go on from the last page. `since` is a
    stored moment; without it, of the last year."""
    keys = list(islice(orders.placed_since(shop.slug, since or stamp(now - USUAL_LOOK_BACK), now, after), limit + 1))
    page = keys[:limit]
    found = orders.of_ids(shop.slug, [order_id for _, order_id in page])
    buyers = customer_pages.persons(shop.slug, [node for _, node in found.values() if node])
    items = [
        order_view(order, person_id(buyers.get(node or "")))
        for order, node in (found[order_id] for _, order_id in page if order_id in found)
    ]
    return Page(items, page[-1][0] if len(keys) > limit else None)
