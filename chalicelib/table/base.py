"""One table for everything: the row they all are, and the one way to write several of them at once.

Keys lead with the shop (`S#<shop>`); only the due index mixes shops, and it holds nothing but keys.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError
from pynamodb.attributes import Attribute, DiscriminatorAttribute, UnicodeAttribute
from pynamodb.constants import BINARY, NUMBER, STRING
from pynamodb.exceptions import PynamoDBException, TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection, KeysOnlyProjection
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chalicelib.settings import settings

TRIES = 12  # of what meets others at the same rows
T = TypeVar("T")


class Conflict(Exception):
    """Somebody else wrote one of the items since it was read. Read again and decide again."""


class Trouble(Exception):
    """DynamoDB could not for the moment. Nothing is known to be written: whoever tries again must read first."""


class Refused(Exception):
    """DynamoDB will never take it: an item beyond 400 KB, a key too long. Trying again cannot help."""


class Integer(Attribute[int]):
    """A whole number. PynamoDB's own NumberAttribute goes through JSON floats and loses money above 2^53."""

    attr_type = NUMBER

    def serialize(self, value: int) -> str:
        return str(int(value))

    def deserialize(self, value: str) -> int:
        return int(value)


class Json(Attribute[Any]):
    """Any JSON value as sorted, compact text."""

    attr_type = STRING

    def serialize(self, value: Any) -> str:
        return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))

    def deserialize(self, value: str) -> Any:
        return json.loads(value)


class Zipped(Attribute[str]):
    """Long text, compressed; equal texts give equal bytes."""

    attr_type = BINARY

    def serialize(self, value: str) -> bytes:
        return gzip.compress(value.encode(), mtime=0)

    def deserialize(self, value: bytes) -> str:
        return gzip.decompress(value).decode()


class DueIndex(GlobalSecondaryIndex[Any]):
    """Everything that waits for a moment, by hour and shard: keys only, the one index that mixes shops."""

    class Meta:
        index_name = "due"
        projection = KeysOnlyProjection()

    due_pk = UnicodeAttribute(hash_key=True)
    due_sk = UnicodeAttribute(range_key=True)


class CustomersIndex(GlobalSecondaryIndex[Any]):
    """A shop's customers by last order, for lists and segments."""

    class Meta:
        index_name = "customers"
        projection = IncludeProjection(["card"])

    customers_pk = UnicodeAttribute(hash_key=True)
    customers_sk = UnicodeAttribute(range_key=True)


class FeedIndex(GlobalSecondaryIndex[Any]):
    """A shop's orders by month and time placed, with their lines in short, for reports and learning."""

    class Meta:
        index_name = "feed"
        projection = IncludeProjection(["gist"])

    feed_pk = UnicodeAttribute(hash_key=True)
    feed_sk = UnicodeAttribute(range_key=True)


class Row(Model):
    """What every row has. `rev` counts its writes and is what writers compare before they replace it."""

    class Meta:
        table_name = "ecrm"
        connect_timeout_seconds = 2
        read_timeout_seconds = 5

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    kind = DiscriminatorAttribute(attr_name="k")
    rev = Integer(default=0)
    ttl = Integer(null=True)
    due_pk = UnicodeAttribute(null=True)
    due_sk = UnicodeAttribute(null=True)
    due = DueIndex()
    customers = CustomersIndex()
    feed = FeedIndex()


class Seen(Model):
    """A row as an index shows it. PynamoDB asks for a Row's kind whenever it queries, and no index holds that."""

    Meta = Row.Meta
    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    due_sk = UnicodeAttribute(null=True)
    customers_sk = UnicodeAttribute(null=True)
    feed_sk = UnicodeAttribute(null=True)
    card = Json(null=True)
    gist = Json(null=True)
    due = DueIndex()
    customers = CustomersIndex()
    feed = FeedIndex()

    @classmethod
    def _get_connection(cls) -> Any:
        return Row._get_connection()


def connect() -> None:
    """Point every row at the table of the settings. Cheap when nothing changed; the first call makes the one client."""
    wanted = settings()
    meta = Row.Meta
    now = (meta.table_name, getattr(meta, "region", None), getattr(meta, "host", None))
    if now != (wanted.table, wanted.region, wanted.endpoint_url or None):
        meta.table_name, meta.region, meta.host = wanted.table, wanted.region, wanted.endpoint_url or None
        Row._connection = None
    Row._get_connection()


def partition(shop: str, *parts: str) -> str:
    """`S#acme#O#18`. A `#` inside a part would let one key pose as another, so it is escaped."""
    return "#".join(["S", shop, *(part.replace("%", "%25").replace("#", "%23") for part in parts)])


def part(text: str) -> str:
    """One escaped part of a sort key."""
    return text.replace("%", "%25").replace("#", "%23")


def plain(text: str) -> str:
    """The inverse of `part`."""
    return text.replace("%23", "#").replace("%25", "%")


def shard(text: str, of: int) -> int:
    """A stable shard number."""
    return zlib.crc32(text.encode()) % of


@dataclass(frozen=True)
class Write:
    """One row to put, delete or only check, with what must still be true of the stored one."""

    row: Row
    condition: Condition | None = None
    how: str = "put"  # put | delete | check


def replace(row: Row, read_rev: int | None) -> Write:
    """Put `row` if the stored one still has `read_rev`, or does not exist where that is None. `rev` goes up by one."""
    row.rev = (read_rev or 0) + 1
    return Write(row, Row.pk.does_not_exist() if read_rev is None else Row.rev == read_rev)


def put(row: Row) -> Write:
    return Write(row)


def remove(row: Row) -> Write:
    return Write(row, how="delete")


def unchanged(row: Row, read_rev: int | None) -> Write:
    """Nothing is written; the transaction fails if the stored row is no longer the one that was read."""
    return Write(row, Row.pk.does_not_exist() if read_rev is None else Row.rev == read_rev, "check")


_CONFLICTS = {"ConditionalCheckFailedException", "TransactionConflictException", "TransactionInProgressException"}
_CONFLICT_REASONS = {"ConditionalCheckFailed", "TransactionConflict"}
_REFUSALS = {"ValidationException", "ValidationError"}


def commit(writes: Iterable[Write]) -> int:
    """All of the writes or none. Returns how many. Raises Conflict, Trouble or Refused."""
    pending = list(writes)
    try:
        if len(pending) == 1 and pending[0].how != "check":
            _alone(pending[0])
        elif pending:
            _together(pending)
    except (PynamoDBException, BotoCoreError) as error:
        raise _judged(error) from error
    return len(pending)


def retried(attempt: Callable[[], T]) -> T:
    """Runs `attempt`, which reads, decides and commits, until it meets no Conflict. Gives up as Trouble: whoever asked
    comes again."""
    for _ in range(TRIES):
        try:
            return attempt()
        except Conflict:
            continue
    raise Trouble(f"still in conflict after {TRIES} tries")


def _alone(write: Write) -> None:
    if write.how == "delete":
        write.row.delete(condition=write.condition)
    else:
        write.row.save(condition=write.condition)


def _together(writes: list[Write]) -> None:
    with TransactWrite(connection=Row._get_connection().connection) as transaction:
        for write in writes:
            if write.how == "delete":
                transaction.delete(write.row, condition=write.condition)
            elif write.how == "check":
                transaction.condition_check(type(write.row), write.row.pk, write.row.sk, write.condition)
            else:
                transaction.save(write.row, condition=write.condition)


def _judged(error: Exception) -> Exception:
    code = _code(error)
    if isinstance(error, TransactWriteError) and code == "TransactionCanceledException":
        codes = {reason.code for reason in error.cancellation_reasons if reason}
        if codes & _REFUSALS:
            return Refused("transaction")
        lost = codes and codes <= _CONFLICT_REASONS
        return Conflict() if lost else Trouble(f"transaction cancelled: {sorted(codes)}")
    if code in _REFUSALS:
        return Refused(code)
    return Conflict() if code in _CONFLICTS else Trouble(code)


def _code(error: BaseException) -> str:
    """DynamoDB's word for it, else the error's name. Asked here because PynamoDB's own `cause_response_code` breaks on
    a timeout: botocore's HTTP errors carry a `response` that is None."""
    answer = getattr(getattr(error, "cause", None), "response", None) or {}
    return answer.get("Error", {}).get("Code") or type(error).__name__


R = TypeVar("R", bound="Row")


def first(model: type[R], pk: str, sk: str) -> R | None:
    """The row, read strongly, or None."""
    with reading():
        try:
            return model.get(pk, sk, consistent_read=True)
        except model.DoesNotExist:
            return None


class reading:
    """Turns DynamoDB's own errors into Trouble."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (PynamoDBException, BotoCoreError)) and not isinstance(error, Model.DoesNotExist):
            raise Trouble(_code(error)) from error
