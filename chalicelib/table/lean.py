"""Rows as they are stored, read over our own thin client: for pages of the storefront. PynamoDB and botocore under it
would take longer than the question itself.

Every value is the stored text: strings and numbers as they are, binary in base64. Eventually consistent: half the
price, and a page view is no decision.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from chalicelib import thin
from chalicelib.settings import Settings, settings
from chalicelib.table.base import Trouble

Item = dict[str, str]
MOST_AT_ONCE = 100  # keys of one BatchGetItem: as many as DynamoDB takes
TRIES = 3
PAUSE = 0.05  # seconds before the second try, twice that before the third
_PASSING = {
    "InternalServerError",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingException",
}


def get(pk: str, sk: str) -> Item | None:
    """The row, None where there is none. Raises Trouble."""
    answer = _ask("GetItem", {"TableName": settings().table, "Key": _key(pk, sk)})
    return _plain(answer["Item"]) if "Item" in answer else None


def batch(keys: Iterable[tuple[str, str]]) -> list[Item]:
    """Those of the rows that are there, in any order; one question for up to 100. Raises Trouble."""
    left = [_key(pk, sk) for pk, sk in dict.fromkeys(keys)]
    table, found, without = settings().table, [], 0
    while left:
        answer = _ask("BatchGetItem", {"RequestItems": {table: {"Keys": left[:MOST_AT_ONCE]}}})
        came = answer["Responses"].get(table, [])
        found += [_plain(item) for item in came]
        without = 0 if came else without + 1
        if without == TRIES:
            raise Trouble("UnprocessedKeys")
        left = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", []) + left[MOST_AT_ONCE:]
    return found


def newest(pk: str, first: str, last: str, most: int) -> tuple[list[Item], bool]:
    """The rows of a partition from sort key `last` back to `first`, and whether these are all of them. Raises
    Trouble."""
    asked = {
        "TableName": settings().table,
        "KeyConditionExpression": "#p = :p AND #s BETWEEN :f AND :l",
        "ExpressionAttributeNames": {"#p": "pk", "#s": "sk"},
        "ExpressionAttributeValues": {":p": {"S": pk}, ":f": {"S": first}, ":l": {"S": last}},
        "ScanIndexForward": False,
        "Limit": most,
    }
    answer = _ask("Query", asked)
    return [_plain(item) for item in answer["Items"]], "LastEvaluatedKey" not in answer


def _key(pk: str, sk: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _plain(item: dict[str, dict[str, str]]) -> Item:
    return {name: text for name, value in item.items() for text in value.values()}


@lru_cache(maxsize=1)
def _client(given: Settings) -> thin.Thin:
    return given.thin()


def _ask(operation: str, asked: dict[str, Any]) -> Any:
    """What passes by itself is tried again, and soon: somebody waits for a page."""
    for tried in range(1, TRIES + 1):
        try:
            return _client(settings()).dynamodb(operation, asked)
        except thin.Trouble as trouble:
            if tried == TRIES or not _may_pass(trouble):
                raise Trouble(trouble.code or str(trouble.status)) from trouble
            time.sleep(PAUSE * tried)
    raise AssertionError


def _may_pass(trouble: thin.Trouble) -> bool:
    return trouble.status >= 500 or trouble.code in _PASSING
