"""Products that slots may show and of which the shop never told: their newest order says what they are called and what
one piece costs. Whatever the shop itself tells of a product counts for more, whenever it comes.

An order names no page and no picture. It may be in a currency that the shop's pages do not show: the newest one in the
shop's own comes before that.
"""

from __future__ import annotations

from itertools import islice

from chalicelib.domain.events import Product
from chalicelib.domain.order import Order
from chalicelib.table import orders, products
from chalicelib.table.base import retried
from chalicelib.work import learn_book, learn_reading
from chalicelib.work.learn_model import RULE, learnt_part
from chalicelib.work.learn_run import STEP_SECONDS, Run

CHUNK = 100  # products: as many rows as DynamoDB gives at once
MOST = 3_000  # products of one night; the next one goes on


def write(run: Run) -> None:
    """A night's worth of them. Raises TimeIsUp, Conflict, Trouble."""
    wanted = [product for product in _wanted(run) if product > (run.sync.cursor or "")]
    newest: dict[str, str] | None = None
    ids = iter(wanted)
    while some := list(islice(ids, CHUNK)):
        run.need(STEP_SECONDS)
        if newest is None:
            newest = _newest(run, set(wanted))
        if run.sync.counts.get("catalogue", {}).get("told", 0) >= MOST:
            break
        told = _tell(run, some, newest)
        run.advance(run.sync.kinds, some[-1], "catalogue", {"read": len(some), "told": told})
    run.advance(run.sync.kinds[1:], None)


def _wanted(run: Run) -> list[str]:
    """Every product that has a list of its own, for it is on the lists of others; and what is popular."""
    rule = learnt_part(run, RULE).get("learnt") or {}
    popular = {str(product) for top in rule.get("popular", {}).values() for product, _ in top}
    return sorted(popular | learn_book.load(run).written.keys())


def _newest(run: Run, wanted: set[str]) -> dict[str, str]:
    """The newest order that holds it, by product; of those in the shop's own currency, where there are any."""
    own: dict[str, str] = {}
    elsewhere: dict[str, str] = {}
    for pieces in learn_reading.newest_orders(run):
        for found, piece in zip((own, elsewhere), pieces, strict=True):
            for product in wanted & piece.keys():
                found.setdefault(product, piece[product])
    return elsewhere | own


def _tell(run: Run, ids: list[str], newest: dict[str, str]) -> int:
    """How many are known better now."""
    slug = run.shop.slug
    known = products.sources(slug, ids)
    stale = {p: newest[p] for p in ids if p in newest and known.get(p, "") not in (None, newest[p])}
    read = orders.of_ids(slug, stale.values()) if stale else {}
    count = 0
    for product_id, order_id in stale.items():
        product = _from_order(read[order_id][0], product_id) if order_id in read else None
        if product:
            count += retried(lambda told=product, heard=order_id: products.recall(slug, told, heard))  # type: ignore[misc]
    return count


def _from_order(order: Order, product_id: str) -> Product | None:
    """Of several variants the cheapest, as shops tell the price of a product. What cost nothing was given on top: that
    is no price."""
    lines = [line for line in order.lines if line.product_id == product_id and line.title]
    if not lines:
        return None
    line = min(lines, key=lambda line: (line.unit_price <= 0, line.unit_price))
    price = line.unit_price if line.unit_price > 0 else None
    return Product(product_id, line.title, products.FROM_ORDERS, price=price, currency=order.currency)
