"""Saleor's GraphQL as far as `schema.graphql` goes: who may ask for what, how it pages, how it says no."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    build_schema,
    execute_sync,
    parse,
    validate,
)

Thing = dict[str, Any]
SCHEMA = build_schema((Path(__file__).parent / "schema.graphql").read_text(encoding="utf-8"))
assert SCHEMA.subscription_type  # noqa: S101
# An event is told by reading its subscription as if it were a question.
TELLING = GraphQLSchema(query=SCHEMA.subscription_type, types=list(SCHEMA.type_map.values()))
MOST = 100
# sort field -> what the cursor is made of; the real ones, of which a status is kept in small letters
_SORTS: dict[str, tuple[str, ...]] = {
    "orders CREATED_AT": ("created", "status", "number"),
    "orders LAST_MODIFIED_AT": ("updatedAt", "status", "number"),
    "customers CREATED_AT": ("dateJoined", "id"),
    "customers LAST_MODIFIED_AT": ("updatedAt", "id"),
    "products CREATED_AT": ("created", "name", "slug"),
    "products LAST_MODIFIED_AT": ("updatedAt", "name", "slug"),
}
_USUAL = {"orders": "CREATED_AT", "customers": "CREATED_AT", "products": "CREATED_AT"}


class PermissionDenied(Exception):
    """Named as Saleor names it: the name is the code of the error."""

    def __init__(self, *needed: str) -> None:
        super().__init__(f"To access this path, you need one of the following permissions: {', '.join(needed)}")


def answered(query: Any, variables: Any, root: Thing, most_cost: int) -> tuple[int, Thing]:
    """(HTTP status, what stands in the body), as Saleor's view makes them."""
    if not isinstance(query, str) or not query:
        return 400, {"errors": [said(GraphQLError("Must provide a query string."))]}
    document, wrong = _understood(query)
    if document is None or wrong:
        return 400, {"errors": [said(error) for error in wrong]}
    cost = int((variables or {}).get("first") or 1) * query.count("{")
    if cost > most_cost:
        told = f"The query exceeds the maximum cost of {most_cost}. Actual cost is {cost}"
        return 400, {"errors": [said(GraphQLError(told))]}
    result = execute_sync(SCHEMA, document, root_value=root, variable_values=variables or {})
    body: Thing = {"data": result.data, "extensions": {"cost": {"requestedQueryCost": cost}}}
    return 200, {"errors": [said(error) for error in result.errors], **body} if result.errors else body


@lru_cache(maxsize=256)
def _understood(query: str) -> tuple[DocumentNode | None, tuple[GraphQLError, ...]]:
    try:
        document = parse(query)
    except GraphQLError as error:
        return None, (error,)
    return document, tuple(validate(SCHEMA, document))


def said(error: GraphQLError) -> Thing:
    """An error in Saleor's form: the name of the exception is its code."""
    name = type(error.original_error or error).__name__
    told = error.formatted
    return {**told, "extensions": {"exception": {"code": name.replace("GraphQLSyntaxError", "GraphQLError")}}}


def told(subscription: str, event: Thing) -> bytes:
    """The body of a webhook: what its query asks of this event."""
    result = execute_sync(TELLING, _as_question(subscription), root_value={"event": event})
    assert result.data, result.errors  # noqa: S101
    return json.dumps(result.data["event"]).encode()


def bad_subscription(query: str) -> str | None:
    """What is wrong with a webhook's query, as a code of Saleor's; None for a good one."""
    document, wrong = _understood(query)
    if document is None:
        return "SYNTAX"
    operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    if [one.operation for one in operations] != [OperationType.SUBSCRIPTION]:
        return "MISSING_SUBSCRIPTION"
    return "INVALID" if wrong else None


@lru_cache(maxsize=256)
def _as_question(subscription: str) -> DocumentNode:
    document = parse(subscription)
    parts = [
        replace(one, operation=OperationType.QUERY) if isinstance(one, OperationDefinitionNode) else one
        for one in document.definitions
    ]
    return replace(document, definitions=tuple(parts))


def listing(name: str, things: Callable[[], Iterable[Thing]], need: Callable[[], None]) -> Callable[..., Thing]:
    """A resolver that lists `things` as Saleor does: filter, sort, cursors, at most 100."""

    def resolve(info: Any, **args: Any) -> Thing:
        need()
        found = [thing for thing in things() if _fits(thing, args.get("filter") or {})]
        asks_for_edges = any(node.name.value == "edges" for node in info.field_nodes[0].selection_set.selections)
        return _page(name, found, args, asks_for_edges)

    return resolve


def _fits(thing: Thing, wanted: Mapping[str, Any]) -> bool:
    span = wanted.get("updatedAt") or {}
    at = _time(thing["updatedAt"])
    if "ids" in wanted and thing["id"] not in [_checked(one) for one in wanted["ids"]]:
        return False
    return not (span.get("gte") and at < _time(span["gte"])) and not (span.get("lte") and at > _time(span["lte"]))


def _checked(text: str) -> str:
    try:
        base64.b64decode(text, validate=True).decode().index(":")
    except ValueError:
        raise GraphQLError(f"Could not resolve to a node with the global id list of '['{text}']'.") from None
    return text


def _time(text: str) -> str:
    """Comparable: both forms of UTC, with and without a fraction."""
    plain = text.replace("Z", "+00:00").removesuffix("+00:00").replace(" ", "T")
    return plain if "." in plain else f"{plain}.000000"


def _page(name: str, found: list[Thing], args: Mapping[str, Any], asks_for_edges: bool) -> Thing:
    first, sort = args.get("first"), args.get("sortBy") or {}
    if asks_for_edges and not first:
        raise GraphQLError(f"You must provide a `first` or `last` value to properly paginate the `{name}` connection.")
    if first and first > MOST:
        # Saleor asserts this
        raise AssertionError(
            f"Requesting {first} records on the `{name}` connection exceeds the `first` limit of {MOST} records."
        )
    fields = _SORTS[f"{name} {sort.get('field') or _USUAL[name]}"]
    ordered = sorted(found, key=lambda thing: _place(thing, fields), reverse=sort.get("direction") == "DESC")
    if args.get("after"):
        after = _opened(args["after"], len(fields))
        ordered = [thing for thing in ordered if _is_after(_place(thing, fields), after, sort)]
    edges = [{"node": thing, "cursor": _cursor(_place(thing, fields))} for thing in ordered[: first or 0]]
    ends = {"startCursor": edges[0]["cursor"], "endCursor": edges[-1]["cursor"]} if edges else {}
    more = {"hasNextPage": first is not None and len(ordered) > first, "hasPreviousPage": bool(args.get("after"))}
    return {"edges": edges, "pageInfo": {**more, **ends}, "totalCount": len(found)}


def _place(thing: Thing, fields: tuple[str, ...]) -> list[str]:
    return [_written(field, thing[field]) for field in fields]


def _written(field: str, value: str) -> str:
    if field in ("created", "updatedAt", "dateJoined"):
        return value.replace("T", " ")
    return value.lower().replace("_", " ") if field == "status" else value


def _is_after(place: list[str], after: list[str], sort: Mapping[str, Any]) -> bool:
    return place < after if sort.get("direction") == "DESC" else place > after


def _cursor(place: list[str]) -> str:
    return base64.b64encode(json.dumps(place, separators=(",", ":")).encode()).decode()


def _opened(cursor: str, length: int) -> list[str]:
    try:
        place = json.loads(base64.b64decode(cursor, validate=True))
    except ValueError:
        place = None
    if not isinstance(place, list) or len(place) != length:
        raise GraphQLError("Received cursor is invalid.")
    return place
