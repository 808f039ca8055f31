"""What Shopify lets us ask: a bucket of points that refills. Source: shopify.dev/docs/api/usage/limits"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from chalicelib.domain.events import Unreadable
from chalicelib.platforms.body import Node

_MOST_POINTS = 10**9
_LONGEST_WAIT = 600


@dataclass(frozen=True, slots=True)
class Allowance:
    """`pause`: after how many seconds the bucket holds another question of the same size; `until_full`: until it is
    full; `rested`: it was full before this question."""

    pause: int = 0
    until_full: int = 0
    rested: bool = True


def allowance(cost: Node) -> Allowance:
    """From an answer's `extensions.cost`; nothing to wait for where it does not say."""
    try:
        status = cost.at("throttleStatus")
        if status.at("restoreRate").missing:
            return Allowance()
        rate = max(1, _points(status.at("restoreRate")))
        left, most = _points(status.at("currentlyAvailable")), _points(status.at("maximumAvailable"))
        return Allowance(
            pause=_seconds(_points(cost.at("requestedQueryCost")) - left, rate),
            until_full=_seconds(most - left, rate),
            rested=left + _points(cost.at("actualQueryCost")) >= most,
        )
    except Unreadable:
        return Allowance()


def _seconds(lacking: int, rate: int) -> int:
    return min(_LONGEST_WAIT, max(0, ceil(lacking / rate)))


def _points(node: Node) -> int:
    return 0 if node.missing else node.whole(-_MOST_POINTS, _MOST_POINTS)
