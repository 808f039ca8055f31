"""Reading many customers at once: lists, their first and last orders, pages of one customer's orders."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterable, Iterator

from chalicelib.domain.customer import Customer, Node
from chalicelib.domain.times import in_order
from chalicelib.table import base, lean
from chalicelib.table.base import Seen
from chalicelib.table.customers import CUSTOMER_SHARDS, PointerRow, ProfileRow, node_of

_PAGE = 25


def persons(shop: str, node_ids: Iterable[str]) -> dict[str, Customer]:
    """The customer that each of the nodes is part of; without those that are not there."""
    wanted = list(dict.fromkeys(node_ids))
    nodes = _nodes(shop, wanted)
    nodes |= _nodes(shop, {node.linked for node in nodes.values() if node.linked} - nodes.keys())
    return {node_id: _person(nodes, nodes[node_id]) for node_id in wanted if node_id in nodes}


def _person(nodes: dict[str, Node], node: Node) -> Customer:
    other = nodes.get(node.linked or "")
    return Customer((node, other) if other else (node,))


def _nodes(shop: str, ids: Iterable[str]) -> dict[str, Node]:
    keys = [(base.partition(shop, "C", node_id), "PROFILE") for node_id in ids]
    with base.reading():
        rows = ProfileRow.batch_get(keys, consistent_read=True) if keys else ()
        found = [node_of(row.node) for row in rows]
    return {node.id: node for node in found}


def recent(shop: str, before: str | None = None) -> Iterator[tuple[str, str]]:
    """(position, node id) of every customer who was not erased, whoever ordered last first; `before` is the last
    position seen. Eventually consistent."""
    shards = [_shard(shop, shard, before) for shard in range(CUSTOMER_SHARDS)]
    yield from heapq.merge(*shards, reverse=True)


def _shard(shop: str, shard: int, before: str | None) -> Iterator[tuple[str, str]]:
    condition = Seen.customers_sk < before if before else None
    pk = base.partition(shop, "CL", str(shard))
    with base.reading():
        for row in Seen.customers.query(pk, condition, scan_index_forward=False, page_size=_PAGE):
            yield str(row.customers_sk), base.plain(row.pk.split("#")[3])


def page(shop: str, shard: int, after: str | None, limit: int) -> list[tuple[str, str]]:
    """(position, node id) of at most `limit` customers of one shard who were not erased, whoever ordered longest ago
    first; `after` is the last position seen. Eventually consistent."""
    condition = Seen.customers_sk > after if after else None
    with base.reading():
        rows = Seen.customers.query(base.partition(shop, "CL", str(shard)), condition, limit=limit)
        return [(str(row.customers_sk), base.plain(row.pk.split("#")[3])) for row in rows]


def links(shop: str, shard: int, after: str | None, most: int) -> tuple[list[tuple[str, str | None]], str | None]:
    """(node id, the other node of the same person) of some customers of one shard, from the one behind position `after`
    on, and where to go on: None, where these are all. At most `most`. Reads the index alone. Eventually consistent.
    Raises Trouble."""
    found, position = lean.onward("customers", base.partition(shop, "CL", str(shard)), after, "card", most)
    cards = json.loads(f"[{','.join([card for _, card in found])}]")
    return [(key.partition("#")[2], card.get("l")) for (key, _), card in zip(found, cards, strict=True)], position


def first_and_last(shop: str, customer: Customer) -> tuple[str | None, str | None]:
    """When she placed her first and her last order that counts."""
    bought = [node for node in customer.nodes if node.totals]
    firsts = [at for node in bought if (at := _edge(shop, node.id, newest=False))]
    lasts = [at for node in bought if (at := _edge(shop, node.id, newest=True))]
    return min(firsts, key=in_order, default=None), max(lasts, key=in_order, default=None)


def _edge(shop: str, node_id: str, newest: bool) -> str | None:
    with base.reading():
        rows = PointerRow.query(
            base.partition(shop, "C", node_id),
            PointerRow.sk.startswith("O#"),
            PointerRow.counts.is_in("paid", "placed"),
            consistent_read=True,
            scan_index_forward=not newest,
            page_size=_PAGE,
        )
        return next((row.placed_at for row in rows), None)


def orders_before(shop: str, customer: Customer, limit: int, before: str | None = None) -> list[tuple[str, str]]:
    """(position, order id) of at most `limit` of her orders, newest first; `before` is the last position seen."""
    found = [key for node in customer.nodes for key in _orders(shop, node.id, limit, before)]
    return sorted(found, reverse=True)[:limit]


def _orders(shop: str, node_id: str, limit: int, before: str | None) -> list[tuple[str, str]]:
    condition = PointerRow.sk.between("O#", before) if before else PointerRow.sk.startswith("O#")
    with base.reading():
        rows = PointerRow.query(
            base.partition(shop, "C", node_id),
            condition,
            consistent_read=True,
            scan_index_forward=False,
            limit=limit + 1,
        )
        return [(row.sk, row.order_id) for row in rows if row.sk != before]
