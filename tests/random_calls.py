"""Random DynamoDB calls on a few items, for comparing two tables."""

from __future__ import annotations

from random import Random
from typing import Any

Call = tuple[str, dict[str, Any]]
NAMES = {"#p": "pk", "#s": "sk", "#r": "rev", "#t": "text", "#d": "due_pk", "#e": "due_sk"}
CONDITIONS = (
    "attribute_exists(#p)",
    "attribute_not_exists (#p)",
    "#r = :one",
    "#r <> :one",
    "#r < :two AND #t = :text",
    "(#r >= :one OR NOT (#t = :text)) AND attribute_exists (#p)",
    "#r IN (:one, :two)",
    "begins_with (#t, :text)",
    "#r BETWEEN :one AND :two",
    "#t > :text",
)
VALUES = {":one": {"N": "1"}, ":two": {"N": "2"}, ":text": {"S": "tea"}}


def random_call(rnd: Random, table: str) -> Call:
    kind = rnd.choice(("Put", "Put", "Delete", "Update", "Transact", "Transact", "Get", "Query", "Query", "Index"))
    call: Call = globals()[f"_{kind.lower()}"](rnd, table)
    return call


def _key(rnd: Random) -> dict[str, Any]:
    return {"pk": {"S": rnd.choice("ab")}, "sk": {"S": rnd.choice(("1", "12", "2", "ب"))}}


def _item(rnd: Random) -> dict[str, Any]:
    item = _key(rnd) | {"rev": {"N": str(rnd.randrange(4))}, "text": {"S": rnd.choice(("tea", "teapot", "", "چای"))}}
    if rnd.random() < 0.6:
        item |= {"due_pk": {"S": "D"}, "due_sk": {"S": rnd.choice("xyz")}}
    return item


def _conditional(rnd: Random, ask: dict[str, Any]) -> dict[str, Any]:
    if rnd.random() < 0.3:
        return ask
    return ask | _expression("ConditionExpression", rnd.choice(CONDITIONS))


def _expression(field: str, text: str, more: dict[str, Any] | None = None) -> dict[str, Any]:
    names = {name: target for name, target in NAMES.items() if name in text}
    values = {name: value for name, value in (VALUES | (more or {})).items() if name in text}
    found = {field: text, "ExpressionAttributeNames": names}
    return found | ({"ExpressionAttributeValues": values} if values else {})


def _put(rnd: Random, table: str) -> Call:
    return "PutItem", _conditional(rnd, {"TableName": table, "Item": _item(rnd)})


def _delete(rnd: Random, table: str) -> Call:
    return "DeleteItem", _conditional(rnd, {"TableName": table, "Key": _key(rnd)})


def _update(rnd: Random, table: str) -> Call:
    text = rnd.choice(("SET #t = :text", "ADD #r :two", "ADD #r :one SET #t = :text", "SET #t = :text REMOVE #d, #e"))
    shown = {"ReturnValues": rnd.choice(("NONE", "ALL_NEW"))}
    return "UpdateItem", {"TableName": table, "Key": _key(rnd)} | shown | _expression("UpdateExpression", text)


def _transact(rnd: Random, table: str) -> Call:
    steps: list[dict[str, Any]] = []
    for _ in range(rnd.randrange(1, 4)):
        kind, (_, ask) = rnd.choice((("Put", _put(rnd, table)), ("Delete", _delete(rnd, table))))
        if "ConditionExpression" in ask and "Key" in ask and rnd.random() < 0.4:
            kind = "ConditionCheck"
        steps.append({kind: ask})
    return "TransactWriteItems", {"TransactItems": steps}


def _get(rnd: Random, table: str) -> Call:
    return "GetItem", {"TableName": table, "Key": _key(rnd), "ConsistentRead": True}


def _query(rnd: Random, table: str) -> Call:
    text = rnd.choice(("#p = :a", "#p = :a AND begins_with (#s, :s)", "#p = :a AND #s <= :s", "#p = :a AND #s > :s"))
    more = {":a": {"S": rnd.choice("ab")}, ":s": {"S": "1"}}
    ask = {"TableName": table} | _expression("KeyConditionExpression", text, more)
    return "Query", ask | _paged(rnd) | {"ConsistentRead": True}


def _index(rnd: Random, table: str) -> Call:
    more = {":d": {"S": "D"}, ":e": {"S": "y"}}
    ask = {"TableName": table, "IndexName": "due"}
    return "Query", ask | _expression("KeyConditionExpression", "#d = :d AND #e <= :e", more)


def _paged(rnd: Random) -> dict[str, Any]:
    limit = {"Limit": rnd.randrange(1, 4)} if rnd.random() < 0.5 else {}
    return {"ScanIndexForward": rnd.random() < 0.5} | limit
