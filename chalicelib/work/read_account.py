"""What a storefront may show somebody who is logged in: what the shop itself shows that account, and nothing else.

An owner sees one person where an account and an address are one. The account does not: whoever registers with
somebody's address must learn nothing of what was bought with it before.
"""

from __future__ import annotations

from datetime import datetime
from itertools import islice

from chalicelib.domain.shop import Shop
from chalicelib.domain.times import in_order, stamp
from chalicelib.table import customers, orders
from chalicelib.work.read_views import Json, order_view

MOST = 100


def orders_of(shop: Shop, account: str, now: datetime, limit: int = MOST) -> list[Json]:
    """Orders that the platform filed under this account's id, newest first; [] for one nobody knows, or erased."""
    node = customers.resolve(shop, f"account:{account}", stamp(now)).node
    pointers = islice(customers.every_order(shop.slug, node.id), limit)
    found = [order for order, _ in orders.of_ids(shop.slug, [row.order_id for row in pointers]).values()]
    newest_first = sorted(found, key=lambda order: (in_order(order.placed_at), order.id), reverse=True)
    return [order_view(order, node.id) for order in newest_first if order.buyer.account == account]
