"""DynamoDB in memory, behind PynamoDB's connection: exact conditions, atomic transactions, microseconds.

It stands where botocore's client would. `before` and `after` are called around every call with (operation, arguments);
what they raise is what the caller meets: a crash, throttling, or, raised after, a lost response.
`tests/test_lives.py` compares it with an emulator of other people's making.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from chalicelib.settings import settings
from chalicelib.table.base import Row, connect
from infra import resources
from tests.conftest import environment
from tests.dynamo_expressions import Item, compiled, error, holds, updated

Key = tuple[str, str]
Hook = Callable[[str, dict[str, Any]], None]
LARGEST = 400 * 1024


def _indexes() -> dict[str, tuple[str, str, set[str] | None]]:
    found = {}
    for index in resources.template()["Table"]["Properties"]["GlobalSecondaryIndexes"]:
        hash_key, range_key = (part["AttributeName"] for part in index["KeySchema"])
        extra = index["Projection"].get("NonKeyAttributes", [])
        everything = index["Projection"]["ProjectionType"] == "ALL"
        found[index["IndexName"]] = (
            hash_key,
            range_key,
            None if everything else {"pk", "sk", hash_key, range_key, *extra},
        )
    return found


INDEXES = _indexes()


def size(item: Item) -> int:
    """Bytes by the documented rule: names and values in UTF-8; a number about half its digits and one."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: dict[str, Any]) -> int:
    ((kind, content),) = value.items()
    if kind == "N":
        return (len(content.strip("-").strip("0")) + 1) // 2 + 1
    return len(content.encode() if isinstance(content, str) else content) if kind in "SB" else 1


class FakeDynamo:
    """One table. `install()` puts it behind every Row of the process."""

    _request_signer = None  # PynamoDB asks

    def __init__(self) -> None:
        self.before: Hook = _nothing
        self.after: Hook = _nothing
        self.clear()

    def clear(self) -> None:
        self.rows: dict[str, dict[str, Item]] = {}
        self.by_index: dict[str, dict[str, dict[tuple[str, str, str], Item]]] = {name: {} for name in INDEXES}
        self._tokens: dict[str, str] = {}

    def install(self) -> None:
        Row._get_connection().connection._client = self

    def get(self, key: Key) -> Item | None:
        return self.rows.get(key[0], {}).get(key[1])

    def all(self) -> Iterator[Item]:
        """Every item, by key."""
        for _, partition in sorted(self.rows.items()):
            yield from (item for _, item in sorted(partition.items()))

    def _make_api_call(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        self.before(operation, arguments)
        answer: dict[str, Any] = getattr(self, f"_{operation}")(arguments)
        self.after(operation, arguments)
        return answer

    def _GetItem(self, ask: dict[str, Any]) -> dict[str, Any]:
        item = self.get(_key(ask["Key"]))
        return {"Item": dict(item)} if item else {}

    def _BatchGetItem(self, ask: dict[str, Any]) -> dict[str, Any]:
        ((table, wanted),) = ask["RequestItems"].items()
        keys = [_key(key) for key in wanted["Keys"]]
        if len(keys) > 100 or len(set(keys)) != len(keys):
            raise error("ValidationException", "too many keys, or one twice")
        return {"Responses": {table: [dict(item) for item in map(self.get, keys) if item]}, "UnprocessedKeys": {}}

    def _Query(self, ask: dict[str, Any]) -> dict[str, Any]:
        wanted = compiled(ask["KeyConditionExpression"])
        names, values = ask.get("ExpressionAttributeNames", {}), ask.get("ExpressionAttributeValues", {})
        found = [(at, item) for at, item in self._candidates(ask, names, values) if wanted(item, names, values)]
        found.sort(key=lambda one: one[0], reverse=not ask.get("ScanIndexForward", True))
        if "ExclusiveStartKey" in ask:
            start = self._position(ask.get("IndexName"), ask["ExclusiveStartKey"])
            forward = ask.get("ScanIndexForward", True)
            found = [one for one in found if (one[0] > start if forward else one[0] < start)]
        page = found[: ask.get("Limit", len(found))]
        shown = [self._shown(ask, item) for _, item in page]
        items = [item for item in shown if holds(ask.get("FilterExpression"), item, names, values)]
        answer: dict[str, Any] = {"Items": items, "Count": len(items), "ScannedCount": len(page)}
        if len(page) < len(found) or (page and "Limit" in ask and len(page) == ask["Limit"]):
            answer["LastEvaluatedKey"] = self._cursor(ask.get("IndexName"), page[-1][1])
        return answer

    def _candidates(self, ask: dict[str, Any], names: dict[str, str], values: Item) -> list[tuple[Any, Item]]:
        index = ask.get("IndexName")
        if index and ask.get("ConsistentRead"):
            raise error("ValidationException", "Consistent reads are not supported on global secondary indexes")
        hash_key = INDEXES[index][0] if index else "pk"
        found = re.search(r"(#\w+) = (:\w+)", ask["KeyConditionExpression"])
        if not found or names[found[1]] != hash_key:
            raise error("ValidationException", "Query condition missed key schema element")
        pk = values[found[2]]["S"]
        return list(self.by_index[index].get(pk, {}).items() if index else self.rows.get(pk, {}).items())

    def _position(self, index: str | None, key: Item) -> Any:
        return (key[INDEXES[index][1]]["S"], *_key(key)) if index else key["sk"]["S"]

    def _cursor(self, index: str | None, item: Item) -> Item:
        return {name: item[name] for name in ("pk", "sk", *(INDEXES[index][:2] if index else ()))}

    def _shown(self, ask: dict[str, Any], item: Item) -> Item:
        kept = INDEXES[ask["IndexName"]][2] if ask.get("IndexName") else None
        return {name: value for name, value in item.items() if kept is None or name in kept}

    def _PutItem(self, ask: dict[str, Any]) -> dict[str, Any]:
        return self._single("Put", ask)

    def _DeleteItem(self, ask: dict[str, Any]) -> dict[str, Any]:
        return self._single("Delete", ask)

    def _UpdateItem(self, ask: dict[str, Any]) -> dict[str, Any]:
        return self._single("Update", ask)

    def _single(self, kind: str, ask: dict[str, Any]) -> dict[str, Any]:
        item = self._next(kind, ask)
        if not self._allowed(ask):
            raise error("ConditionalCheckFailedException", "The conditional request failed")
        self._store(_target(ask), item)
        return {"Attributes": dict(item)} if item and ask.get("ReturnValues") == "ALL_NEW" else {}

    def _TransactWriteItems(self, ask: dict[str, Any]) -> dict[str, Any]:
        steps = [next(iter(step.items())) for step in ask["TransactItems"]]
        keys = [_target(step) for _, step in steps]
        if not 0 < len(keys) <= 100 or len(set(keys)) != len(keys):
            raise error("ValidationException", "Transaction request cannot include multiple operations on one item")
        if self._repeated(ask):
            return {}
        new = [self._next(kind, step) for kind, step in steps]
        allowed = [self._allowed(step) for _, step in steps]
        if not all(allowed):
            reasons = ["None" if fine else "ConditionalCheckFailed" for fine in allowed]
            raise error("TransactionCanceledException", "Transaction cancelled", reasons=reasons)
        for (kind, _), key, item in zip(steps, keys, new, strict=True):
            if kind != "ConditionCheck":
                self._store(key, item)
        if "ClientRequestToken" in ask:
            self._tokens[ask["ClientRequestToken"]] = repr(ask["TransactItems"])
        return {}

    def _repeated(self, ask: dict[str, Any]) -> bool:
        token, text = ask.get("ClientRequestToken"), repr(ask["TransactItems"])
        if token and self._tokens.get(token, text) != text:
            raise error("IdempotentParameterMismatchException")
        return token in self._tokens

    def _allowed(self, ask: dict[str, Any]) -> bool:
        names, values = ask.get("ExpressionAttributeNames", {}), ask.get("ExpressionAttributeValues", {})
        return holds(ask.get("ConditionExpression"), self.get(_target(ask)) or {}, names, values)

    def _next(self, kind: str, ask: dict[str, Any]) -> Item | None:
        if kind == "Put":
            return _valid(dict(ask["Item"]))
        if kind == "Update":
            return _valid(updated(dict(self.get(_key(ask["Key"])) or ask["Key"]), ask))
        return None

    def _store(self, key: Key, item: Item | None) -> None:
        old = self.get(key)
        for name, (hash_key, range_key, _) in INDEXES.items():
            if old and hash_key in old and range_key in old:
                del self.by_index[name][old[hash_key]["S"]][(old[range_key]["S"], *key)]
            if item and hash_key in item and range_key in item:
                self.by_index[name].setdefault(item[hash_key]["S"], {})[(item[range_key]["S"], *key)] = item
        if item:
            self.rows.setdefault(key[0], {})[key[1]] = item
        elif old:
            del self.rows[key[0]][key[1]]


@contextmanager
def instead_of_dynamodb() -> Iterator[FakeDynamo]:
    """An empty fake behind every Row; the settings name its table."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment("fake").items():
            patch.setenv(name, value)
        settings.cache_clear()
        connect()
        fake = FakeDynamo()
        fake.install()
        try:
            yield fake
        finally:
            Row._connection = None
            settings.cache_clear()


def _nothing(operation: str, arguments: dict[str, Any]) -> None:
    return None


def _key(item: Item) -> Key:
    return item["pk"]["S"], item["sk"]["S"]


def _target(ask: dict[str, Any]) -> Key:
    return _key(ask["Item"] if "Item" in ask else ask["Key"])


def _valid(item: Item) -> Item:
    keys = {"pk", "sk", *(name for index in INDEXES.values() for name in index[:2])}
    for name in keys & item.keys():
        if not item[name].get("S") or len(item[name]["S"].encode()) > (2048 if name.endswith("pk") else 1024):
            raise error("ValidationException", f"key {name} is empty, no text or too long")
    if size(item) > LARGEST:
        raise error("ValidationException", "Item size has exceeded the maximum allowed size")
    return item
