"""What a question costs, and the bucket that it is paid from. Source: shopify.dev/docs/api/usage/limits"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from graphql import FieldNode, SelectionSetNode

from infra.local.doubles.shopify_graph import LARGEST_COST, MUTATION_COST, Asked, Refusal, fields

_DOCUMENTED = "https://shopify.dev/api/usage/rate-limits"


class Bucket:
    """1,000 points, 50 of which come back every second."""

    def __init__(self, now: datetime, size: float = 1000, rate: float = 50) -> None:
        self.size, self.rate, self.left, self._at = size, rate, float(size), now

    def take(self, asked: Asked, now: datetime) -> tuple[int, dict[str, Any]]:
        """The worst case, taken from the bucket. Raises Refusal where it does not hold that much."""
        self.left = min(self.size, self.left + self.rate * max(0.0, (now - self._at).total_seconds()))
        self._at = now
        cost = requested(asked)
        if cost > LARGEST_COST:
            raise Refusal(
                f"Query cost is {cost}, which exceeds the single query max cost limit ({LARGEST_COST}).",
                "MAX_COST_EXCEEDED",
                cost=cost,
                maxCost=LARGEST_COST,
                documentation=_DOCUMENTED,
            )
        if cost > self.left:
            refusal = Refusal("Throttled", "THROTTLED", documentation=_DOCUMENTED)
            refusal.cost = self.told(cost, None)  # type: ignore[attr-defined]
            raise refusal
        self.left -= cost
        return cost, self.told(cost, cost)

    def give_back(self, cost: int, data: Any) -> dict[str, Any]:
        """What was not needed after all goes back."""
        actual = min(cost, objects(data))
        self.left = min(self.size, self.left + cost - actual)
        return self.told(cost, actual)

    def told(self, cost: int, actual: int | None) -> dict[str, Any]:
        """`extensions.cost`."""
        status = {"maximumAvailable": self.size, "currentlyAvailable": int(self.left), "restoreRate": self.rate}
        return {"requestedQueryCost": cost, "actualQueryCost": actual, "throttleStatus": status}


def requested(asked: Asked) -> int:
    """An object costs 1, a connection 2 and its rows, a mutation 10."""
    inner = sum(_cost(asked, node) for node in fields(asked.operation.selection_set))
    return MUTATION_COST if asked.mutation else inner


def objects(data: Any) -> int:
    """How many objects an answer has."""
    if isinstance(data, dict):
        return 1 + sum(objects(one) for one in data.values())
    return sum(objects(one) for one in data) if isinstance(data, list) else 0


def _cost(asked: Asked, node: FieldNode) -> int:
    if node.selection_set is None:
        return 0
    rows = _rows(node.selection_set)
    if rows is not None:
        return 2 + int(asked.arguments(node).get("first") or 0) * _of(asked, rows)
    many = asked.arguments(node).get("ids")
    return (len(many) if isinstance(many, list) else 1) * _of(asked, node.selection_set)


def _of(asked: Asked, selection: SelectionSetNode) -> int:
    return 1 + sum(_cost(asked, node) for node in fields(selection))


def _rows(selection: SelectionSetNode) -> SelectionSetNode | None:
    """What is selected of the rows of a connection, None where it is no connection."""
    for node in fields(selection):
        if node.name.value == "nodes" and node.selection_set:
            return node.selection_set
        if node.name.value == "edges" and node.selection_set:
            return next(one.selection_set for one in fields(node.selection_set) if one.name.value == "node")
    return None
