"""Bulk operations: five queries at a time, one file of JSON lines each, at an address that is good for seven days."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from graphql import FieldNode

from infra.local.doubles.shopify_graph import Asked, Listing, Refusal, fields, opened
from infra.local.doubles.shopify_nodes import gid

AT_ONCE, KEPT = 5, timedelta(days=7)
_MOST_CONNECTIONS, _DEEPEST = 5, 2
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


@dataclass(slots=True)
class Operation:
    """`ready_at`: when Shopify is done with it. `content` is written when it is first asked for after that."""

    number: int
    query: str
    grouped: bool
    began: datetime
    ready_at: datetime
    fails: str = ""  # an error code
    canceled: bool = False
    content: bytes | None = None
    roots: int = 0
    moved: int = 0  # how often its file got a new address


class Bulk:
    """The operations of one app in one shop. `lines` answers a query with every row there is."""

    def __init__(
        self, url: str, now: Callable[[], datetime], root: Callable[[], Mapping[str, Any]], schema: Any
    ) -> None:
        self.url, self.now, self.root, self.schema = url, now, root, schema
        self.takes = timedelta(seconds=8)
        self.fails_next = ""
        self.operations: dict[str, Operation] = {}

    def run(self, query: str, grouped: bool) -> dict[str, Any]:
        """`bulkOperationRunQuery`."""
        running = [
            gid("BulkOperation", one.number) for one in self.operations.values() if self._status(one) == "RUNNING"
        ]
        problem = self._problem(query)
        if problem:
            return _payload(None, "INVALID", problem)
        if len(running) >= AT_ONCE:
            message = (
                f"A bulk query operation for this app and shop is already in progress: {', '.join(sorted(running))}."
            )
            return _payload(None, "OPERATION_IN_PROGRESS", message)
        number, now = 4039184154813 + len(self.operations), self.now()
        self.operations[gid("BulkOperation", number)] = made = Operation(
            number, query, grouped, now, now + self.takes, self.fails_next
        )
        self.fails_next = ""
        return _payload(self.told(made) | {"status": "CREATED"})

    def told(self, one: Operation) -> dict[str, Any]:
        """A BulkOperation."""
        status = self._status(one)
        if status == "COMPLETED" and one.content is None:
            one.content, one.roots = self._written(one)
        there = status == "COMPLETED" and one.content
        return {
            "__typename": "BulkOperation",
            "id": gid("BulkOperation", one.number),
            "status": status,
            "errorCode": one.fails if status == "FAILED" else None,
            "createdAt": one.began.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "rootObjectCount": str(one.roots),
            "fileSize": str(len(one.content or b"")) if there else None,
            "url": f"{self.url}/bulk/{one.number}-{one.moved}.jsonl?Expires=1&Signature=c2lnbmVk" if there else None,
        }

    def file(self, target: str, headers: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
        """The file, or the part of it that a Range asks for."""
        name = target.partition("?")[0].removeprefix("/bulk/").removesuffix(".jsonl")
        for one in self.operations.values():
            if name == f"{one.number}-{one.moved}" and self._status(one) == "COMPLETED" and one.content is not None:
                return _part(one.content, headers.get("range", ""))
        return 400, {"content-type": "application/xml"}, b"<Error><Code>ExpiredToken</Code></Error>"

    def _status(self, one: Operation) -> str:
        if one.canceled:
            return "CANCELED"
        if self.now() < one.ready_at:
            return "RUNNING"
        if one.fails:
            return "FAILED"
        return "COMPLETED" if self.now() < one.ready_at + KEPT else "EXPIRED"

    def _problem(self, query: str) -> str:
        try:
            asked = opened(query, {}, self.schema, bulk=True)
        except Refusal as refusal:
            return str(refusal)
        found = [one for node in fields(asked.operation.selection_set) for one in _connections(node, 1)]
        if not found:
            return "Bulk queries must contain at least one connection."
        if len(found) > _MOST_CONNECTIONS:
            return f"Bulk queries cannot contain more than {_MOST_CONNECTIONS} connections."
        if max(depth for depth, _ in found) > _DEEPEST:
            return f"Bulk queries cannot contain connections with a nesting depth greater than {_DEEPEST}."
        if any(not has_id for _, has_id in found):
            return "The parent 'node' field for a nested connection must select the 'id' field without an alias."
        return ""

    def _written(self, one: Operation) -> tuple[bytes, int]:
        """Lines right behind their parents, or, where nobody asked for that, behind all of them."""
        asked = opened(one.query, {}, bulk=True)
        (node,) = fields(asked.operation.selection_set)
        listing: Listing = self.root()[node.name.value](asked.arguments(node))
        parents: list[bytes] = []
        children: list[bytes] = []
        for row in listing.rows:
            parent, inner = _flat(asked, _node(node), listing.show(row))
            parents.append(parent)
            (parents if one.grouped else children).extend(inner)
        content = b"".join(line + b"\n" for line in parents + children)
        return content, len(listing.rows)


def _payload(operation: dict[str, Any] | None, code: str = "", message: str = "") -> dict[str, Any]:
    errors = [{"code": code, "field": None, "message": message}] if code else []
    return {"bulkOperation": operation, "userErrors": errors}


def _flat(asked: Asked, node: FieldNode, row: Mapping[str, Any]) -> tuple[bytes, list[bytes]]:
    """A row's own line, and those of what hangs on it."""
    own: dict[str, Any] = {}
    inner: list[bytes] = []
    for one in fields(node.selection_set, row.get("__typename", "")):
        name = one.name.value
        if name not in row:
            raise Refusal(f"Field '{name}' doesn't exist on type '{row.get('__typename')}'", "undefinedField")
        if isinstance(row[name], Listing):
            inner += [_line(_plain(_node(one), child) | {"__parentId": row["id"]}) for child in row[name].rows]
        else:
            own[name] = _value(one, row[name])
    return _line(own), inner


def _plain(node: FieldNode, row: Mapping[str, Any]) -> dict[str, Any]:
    return {one.name.value: _value(one, row[one.name.value]) for one in fields(node.selection_set)}


def _value(node: FieldNode, value: Any) -> Any:
    if isinstance(value, list):
        return [_value(node, one) for one in value]
    return _plain(node, value) if isinstance(value, Mapping) else value


def _node(node: FieldNode) -> FieldNode:
    """The `node` of a connection's `edges`: bulk operations know no `nodes`."""
    for one in fields(node.selection_set):
        if one.name.value == "edges":
            return next(inner for inner in fields(one.selection_set) if inner.name.value == "node")
    raise Refusal("Bulk queries must select edges and node.", "undefinedField")


def _connections(node: FieldNode, depth: int) -> Iterator[tuple[int, bool]]:
    """(depth, whether the rows say their id) of each connection from here on."""
    names = [one.name.value for one in fields(node.selection_set)]
    is_one = "edges" in names
    if is_one:
        row = _node(node)
        yield depth, "id" in [one.name.value for one in fields(row.selection_set)]
        node = row
    for one in fields(node.selection_set):
        yield from _connections(one, depth + is_one)


def _line(row: Mapping[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).replace("/", "\\/").encode()


def _part(content: bytes, asked: str) -> tuple[int, dict[str, str], bytes]:
    headers = {"content-type": "application/jsonl", "accept-ranges": "bytes"}
    found = _RANGE.fullmatch(asked)
    if not found:
        return 200, headers, content
    start, end = int(found[1]), min(int(found[2] or len(content)), len(content) - 1)
    if start >= len(content):
        return 416, headers | {"content-range": f"bytes */{len(content)}"}, b""
    return 206, headers | {"content-range": f"bytes {start}-{end}/{len(content)}"}, content[start : end + 1]
