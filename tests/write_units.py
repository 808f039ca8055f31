"""What a write costs by DynamoDB's documented rules, since emulators' figures are not to be trusted.

One unit per started KB of the larger of the item before and after, twice in a transaction (a condition check too, on
the item as it stands); each index entry that is put, changed or deleted once per started KB; a changed key is two.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.dynamo_expressions import updated
from tests.fake_dynamo import INDEXES, FakeDynamo, Item, Key, size

Stored = Callable[[Key], Item | None]
SINGLE = {"PutItem": "Put", "DeleteItem": "Delete", "UpdateItem": "Update"}


def write_units(operation: str, arguments: dict[str, Any], stored: Stored) -> int:
    """Units of one request; `stored` gives the item that stands at a key, before the request. Reads are 0."""
    if operation == "TransactWriteItems":
        steps = [step for item in arguments["TransactItems"] for step in item.items()]
        return sum(_step(kind, ask, stored, 2) for kind, ask in steps)
    return _step(SINGLE[operation], arguments, stored, 1) if operation in SINGLE else 0


def _step(kind: str, ask: dict[str, Any], stored: Stored, times: int) -> int:
    place = ask.get("Item") or ask["Key"]
    before = stored((place["pk"]["S"], place["sk"]["S"]))
    if kind == "ConditionCheck":
        return times * _started(before)
    after = ask["Item"] if kind == "Put" else updated(dict(before or ask["Key"]), ask) if kind == "Update" else None
    larger = max(_started(before), _started(after))
    return times * larger + sum(_entry(name, before, after) for name in INDEXES)


def _started(item: Item | None) -> int:
    return -(-size(item) // 1024) if item else 1


def _entry(index: str, before: Item | None, after: Item | None) -> int:
    old, new = _projected(index, before), _projected(index, after)
    if old == new:
        return 0
    if old and new and all(old[key] == new[key] for key in INDEXES[index][:2]):
        return max(_started(old), _started(new))
    return sum(_started(entry) for entry in (old, new) if entry)


def _projected(index: str, item: Item | None) -> Item | None:
    hash_key, range_key, kept = INDEXES[index]
    if not item or hash_key not in item or range_key not in item:
        return None
    return {name: value for name, value in item.items() if kept is None or name in kept}


class Meter:
    """Counts the units of every write that a fake lets through. `with Meter(fake) as meter: …; meter.units`."""

    def __init__(self, fake: FakeDynamo) -> None:
        self.fake, self.units, self.requests = fake, 0, 0

    def __enter__(self) -> Meter:
        self.fake.before = self._count
        return self

    def __exit__(self, *_: object) -> None:
        self.fake.before = lambda operation, arguments: None

    def _count(self, operation: str, arguments: dict[str, Any]) -> None:
        units = write_units(operation, arguments, self.fake.get)
        self.units += units
        self.requests += bool(units)
