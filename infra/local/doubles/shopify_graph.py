"""Answering GraphQL: a document, walked over plain dictionaries. A connection is a `Listing`; everything that the real
API would turn down before it looks at a shop raises Refusal."""

from __future__ import annotations

import base64
import json
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    parse,
    validate,
    value_from_ast_untyped,
)

LARGEST_PAGE = 250
MUTATION_COST, LARGEST_COST = 10, 1000


class Refusal(Exception):
    """An entry of `errors`. Fatal ones leave no data."""

    def __init__(self, message: str, code: str = "", **extensions: Any) -> None:
        super().__init__(message)
        told = {"message": message}
        self.error = told | ({"extensions": {"code": code, **extensions}} if code else {})


@dataclass(frozen=True, slots=True)
class Listing:
    """A connection: its rows in the order of their keys, which are what a cursor holds; `show` makes nodes of them."""

    rows: Sequence[Any]
    key: Callable[[Any], tuple[str, int]] | None = None
    show: Callable[[Any], Mapping[str, Any]] = lambda row: row


@dataclass(slots=True)
class Asked:
    """One operation of a document. `errors` collects what makes single fields null."""

    operation: OperationDefinitionNode
    variables: Mapping[str, Any]
    bulk: bool = False
    errors: list[dict[str, Any]] = field(default_factory=list)

    @property
    def mutation(self) -> bool:
        return self.operation.operation.value == "mutation"

    def arguments(self, node: FieldNode) -> dict[str, Any]:
        return {one.name.value: value_from_ast_untyped(one.value, dict(self.variables)) for one in node.arguments or ()}


def opened(text: str, variables: Mapping[str, Any], schema: GraphQLSchema | None = None, bulk: bool = False) -> Asked:
    """The operation in a text, held against the real schema where there is one. Raises Refusal."""
    try:
        document = parse(text)
    except GraphQLError as error:
        raise Refusal(error.message, "parse_error") from None
    problems = validate(schema, document) if schema else []
    if problems:
        raise Refusal(problems[0].message, "undefinedField")
    (operation,) = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    usual = {
        one.variable.name.value: value_from_ast_untyped(one.default_value)
        for one in operation.variable_definitions or ()
        if one.default_value is not None
    }
    return Asked(operation, usual | dict(variables), bulk)


def fields(selection: SelectionSetNode | None, kind: str = "") -> Iterable[FieldNode]:
    """The fields that are selected of a type; all of them where the type is not known."""
    for one in selection.selections if selection else ():
        if isinstance(one, FieldNode):
            yield one
        elif isinstance(one, InlineFragmentNode):
            if not kind or one.type_condition is None or one.type_condition.name.value == kind:
                yield from fields(one.selection_set, kind)
        elif isinstance(one, FragmentSpreadNode):
            raise Refusal("fragments are not played here", "undefinedField")


def answered(asked: Asked, root: Mapping[str, Callable[[dict[str, Any]], Any]]) -> dict[str, Any]:
    """The data, of a root whose members are called with their arguments. Raises Refusal."""
    found = {}
    for node in fields(asked.operation.selection_set):
        name = node.name.value
        if name not in root:
            raise Refusal(f"Field '{name}' doesn't exist on type 'QueryRoot'", "undefinedField")
        found[_key(node)] = selected(asked, node, root[name](asked.arguments(node)))
    return found


def selected(asked: Asked, node: FieldNode, value: Any) -> Any:
    """What was selected of a value. Raises Refusal for a field that nothing here has."""
    if isinstance(value, Listing):
        value = page(value, asked.arguments(node))
    if isinstance(value, list):
        return [selected(asked, node, one) for one in value]
    if not isinstance(value, Mapping):
        return value
    kind = value.get("__typename", "")
    found = {}
    for inner in fields(node.selection_set, kind):
        name = inner.name.value
        if name not in value:
            raise Refusal(f"Field '{name}' doesn't exist on type '{kind or node.name.value}'", "undefinedField")
        found[_key(inner)] = selected(asked, inner, value[name])
    return found


def page(listing: Listing, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """One page of a connection. Raises Refusal for a page too large, and for a cursor that is none."""
    first = arguments.get("first")
    if not isinstance(first, int):
        raise Refusal("you must provide one of first or last", "BAD_REQUEST")
    if not 1 <= first <= LARGEST_PAGE:
        raise Refusal(f"first must be between 1 and {LARGEST_PAGE}", "BAD_REQUEST")
    begin = _behind(listing, arguments["after"]) if arguments.get("after") else 0
    shown = list(enumerate(listing.rows[begin : begin + first], begin))
    cursors = [_cursor(listing, number, row) for number, row in shown]
    nodes = [listing.show(row) for _, row in shown]
    return {
        "edges": [{"cursor": cursor, "node": node} for cursor, node in zip(cursors, nodes, strict=True)],
        "nodes": nodes,
        "pageInfo": {
            "hasNextPage": len(listing.rows) > begin + first,
            "hasPreviousPage": begin > 0,
            "startCursor": cursors[0] if cursors else None,
            "endCursor": cursors[-1] if cursors else None,
        },
    }


def _key(node: FieldNode) -> str:
    return node.alias.value if node.alias else node.name.value


def _cursor(listing: Listing, number: int, row: Any) -> str:
    value, last = listing.key(row) if listing.key else (str(number), number)
    return base64.b64encode(json.dumps({"last_id": last, "last_value": value}).encode()).decode()


def _behind(listing: Listing, after: str) -> int:
    """How many rows lie before a cursor, which holds what the last row was worth: it may have moved since."""
    try:
        said = json.loads(base64.b64decode(after, validate=True))
        last = (str(said["last_value"]), int(said["last_id"]))
    except (ValueError, KeyError, TypeError):
        raise Refusal("Invalid cursor for current pagination sort.", "BAD_REQUEST") from None
    return last[1] + 1 if listing.key is None else bisect_right(listing.rows, last, key=listing.key)
