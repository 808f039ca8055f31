"""Rows as they are stored, read over our own thin client: for pages of the storefront, and for a night that reads a
million of them. PynamoDB and botocore under it would take longer than the question itself.

Every value is the stored text: strings and numbers as they are, binary in base64; but a boolean is one. Eventually
consistent: half the price, and a page view is no decision.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from math import inf
from typing import Any

from chalicelib import thin
from chalicelib.settings import Settings, settings
from chalicelib.table.base import Trouble

Item = dict[str, str]
MOST_AT_ONCE = 100  # keys of one BatchGetItem: as many as DynamoDB takes
TRIES = 3
PATIENT_TRIES = 8  # where nobody waits for a page: six seconds in all
PAUSE = 0.05  # seconds before the second try, twice that before the third, and so on
# A timeout is not among them: it took its time already.
_PASSING = {
    "BrokenPipeError",
    "ConnectionResetError",
    "IncompleteRead",
    "InternalServerError",
    "ProvisionedThroughputExceededException",
    "RemoteDisconnected",
    "RequestLimitExceeded",
    "SSLEOFError",
    "ServiceUnavailable",
    "ThrottlingException",
    "gaierror",
}


class _Patience(threading.local):
    until = inf  # of the monotonic clock


_patience = _Patience()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """What this thread asks meanwhile is asked before so many seconds are over, or not at all: Trouble TooLate. What
    is under way then may take as long as one question may, three seconds."""
    before = _patience.until
    _patience.until = min(before, time.monotonic() + seconds)
    try:
        yield
    finally:
        _patience.until = before


def get(pk: str, sk: str) -> Item | None:
    """The row, None where there is none. Raises Trouble."""
    answer = _ask("GetItem", {"TableName": settings().table, "Key": _key(pk, sk)})
    return _plain(answer["Item"]) if "Item" in answer else None


def batch(keys: Iterable[tuple[str, str]]) -> list[Item]:
    """Those of the rows that are there, in any order; one question for up to 100. Raises Trouble."""
    left = [_key(pk, sk) for pk, sk in dict.fromkeys(keys)]
    table, found, in_vain = settings().table, [], 0
    while left:
        some, others = left[:MOST_AT_ONCE], left[MOST_AT_ONCE:]
        answer = _ask("BatchGetItem", {"RequestItems": {table: {"Keys": some}}})
        found += [_plain(item) for item in answer["Responses"].get(table, [])]
        again = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
        in_vain = in_vain + 1 if len(again) == len(some) else 0
        if in_vain == TRIES:
            raise Trouble("UnprocessedKeys")
        if again:
            time.sleep(PAUSE * max(in_vain, 1))
        left = again + others
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


def onward(index: str, pk: str, after: str | None, shown: str, most: int) -> tuple[list[tuple[str, str]], str | None]:
    """(sort key, text of the attribute `shown`) of a partition of an index whose keys are `<index>_pk` and
    `<index>_sk`, from the one behind sort key `after` on, and where to go on: None, where these are all. At most
    `most`, and as many as DynamoDB gives at once: a megabyte; an entry without that attribute is passed over. No two
    entries may have one sort key. Raises Trouble."""
    sk, values = f"{index}_sk", {":p": {"S": pk}}
    if after is not None:
        values[":a"] = {"S": after}
    asked = {
        "TableName": settings().table,
        "IndexName": index,
        "KeyConditionExpression": "#p = :p" if after is None else "#p = :p AND #s > :a",
        "ProjectionExpression": "#s, #t",
        "ExpressionAttributeNames": {"#p": f"{index}_pk", "#s": sk, "#t": shown},
        "ExpressionAttributeValues": values,
        "Limit": most,
    }
    answer = _ask("Query", asked, patient=True)
    last = answer.get("LastEvaluatedKey")
    return [(item[sk]["S"], item[shown]["S"]) for item in answer["Items"] if shown in item], last and last[sk]["S"]


def _key(pk: str, sk: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _plain(item: dict[str, dict[str, str]]) -> Item:
    return {name: text for name, value in item.items() for text in value.values()}


@lru_cache(maxsize=1)
def _client(given: Settings) -> thin.Thin:
    return given.thin()


def _ask(operation: str, asked: dict[str, Any], *, patient: bool = False) -> Any:
    """What passes by itself is tried again: soon and seldom, since somebody waits for a page, or else patiently."""
    tries = PATIENT_TRIES if patient else TRIES
    for tried in range(1, tries + 1):
        if time.monotonic() > _patience.until:
            raise Trouble("TooLate")
        try:
            return _client(settings()).dynamodb(operation, asked)
        except thin.Trouble as trouble:
            if tried == tries or not _may_pass(trouble, patient):
                raise Trouble(trouble.code or str(trouble.status)) from trouble
            time.sleep(PAUSE * 2 ** (tried - 1))
    raise AssertionError


def _may_pass(trouble: thin.Trouble, patient: bool) -> bool:
    return trouble.status >= 500 or trouble.code in _PASSING or (patient and trouble.status == 0)
