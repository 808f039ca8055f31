"""Who waits for a product to be back: one row beside the product, one beside the customer, both for 180 days."""

from __future__ import annotations

from datetime import datetime, timedelta

from pynamodb.attributes import UnicodeAttribute

from chalicelib.domain.times import stamp
from chalicelib.table import base
from chalicelib.table.base import Row, Write

KEPT = timedelta(days=180)
MOST = 100  # products that somebody may wait for
_PREFIX = "WANT#"


class WantRow(Row, discriminator="want"):
    """Of a product: `node` waits for it. Of a customer: she waits for `product_id`."""

    product_id = UnicodeAttribute()
    node = UnicodeAttribute()
    at = UnicodeAttribute()


def put(shop: str, product_id: str, node: str, now: datetime) -> bool:
    """She waits from now on; asked again, 180 days anew. False where she waits for too many products. Raises
    Conflict."""
    if len(of_customer(shop, node)) >= MOST and product_id not in of_customer(shop, node):
        return False
    rows = _rows(shop, product_id, node)
    for row in rows:
        row.at, row.ttl = stamp(now), int((now + KEPT).timestamp())
    return bool(base.commit([base.put(row) for row in rows]))


def remove(shop: str, product_id: str, node: str) -> None:
    """She waits no longer, or never did."""
    base.commit(removals(shop, product_id, node))


def removals(shop: str, product_id: str, node: str) -> list[Write]:
    return [base.remove(row) for row in _rows(shop, product_id, node)]


def of_product(shop: str, product_id: str, now: datetime, limit: int) -> list[str]:
    """The first of the nodes that wait for it; who has waited for too long is not among them."""
    alive = WantRow.ttl > int(now.timestamp())
    with base.reading():
        rows = WantRow.query(
            _of_product(shop, product_id), WantRow.sk.startswith(_PREFIX), alive, consistent_read=True, limit=limit
        )
        return [row.node for row in rows]


def count(shop: str, product_id: str, now: datetime) -> int:
    """How many wait for it."""
    with base.reading():
        return int(
            WantRow.count(
                _of_product(shop, product_id),
                WantRow.sk.startswith(_PREFIX),
                WantRow.ttl > int(now.timestamp()),
                consistent_read=True,
            )
        )


def of_customer(shop: str, node: str) -> list[str]:
    """The products that a node waits for."""
    with base.reading():
        rows = WantRow.query(_of_customer(shop, node), WantRow.sk.startswith(_PREFIX), consistent_read=True)
        return [row.product_id for row in rows]


def _rows(shop: str, product_id: str, node: str) -> list[WantRow]:
    keys = (
        (_of_product(shop, product_id), _PREFIX + base.part(node)),
        (_of_customer(shop, node), _PREFIX + base.part(product_id)),
    )
    return [WantRow(pk, sk, product_id=product_id, node=node, at="") for pk, sk in keys]


def _of_product(shop: str, product_id: str) -> str:
    return base.partition(shop, "P", product_id)


def _of_customer(shop: str, node: str) -> str:
    return base.partition(shop, "C", node)
