"""Her own rhythm: how long she usually takes from one order to the next, or to buy the same thing again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from itertools import pairwise

from chalicelib.domain.flow import Rhythm
from chalicelib.domain.order import Order
from chalicelib.domain.times import in_order, moment


def length(rhythm: Rhythm, times: Iterable[str]) -> timedelta:
    """How long to wait after the latest of the stored moments `times` (of her orders up to the one in question): the
    median gap times the factor, within least and most, in whole hours; from fewer than two moments the usual one."""
    from statistics import median  # every start of the sender would pay for it, and few flows ask

    sorted_times = sorted({moment(at) for at in times})
    gaps = [(b - a).total_seconds() for a, b in pairwise(sorted_times)]
    seconds = median(gaps) * rhythm.factor if gaps else rhythm.usual.total_seconds()
    found = timedelta(hours=round(seconds / 3600))
    return min(max(found, rhythm.least), rhythm.most)


def times_of_product(order: Order, others: Iterable[Order]) -> list[str]:
    """When she bought any of this order's products: in it, and in the others placed no later that count."""
    wanted = products(order)
    same = [
        o for o in others if o.placed and in_order(o.placed_at) <= in_order(order.placed_at) and products(o) & wanted
    ]
    return [order.placed_at, *(o.placed_at for o in same if o.id != order.id)]


def products(order: Order) -> set[str]:
    return {line.product_id for line in order.lines if line.product_id and line.quantity > 0}
