"""Lambda's part between a queue and its function: fetch a batch, call, delete what succeeded, leave the rest."""

from __future__ import annotations

import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError
from chalice.local import LambdaContext

Handler = Callable[[dict[str, Any], Any], Any]
BATCH = 10


@dataclass(frozen=True)
class Feed:
    """One queue and the function that reads it: at most `batch` messages at once, in at most `seconds`."""

    name: str
    url: str
    arn: str
    handler: Handler
    batch: int = BATCH
    seconds: int = 60


@dataclass(frozen=True)
class _Parked:
    """A message that failed: hidden in the real queue, to be shown again when this world's clock says so."""

    feed: Feed
    receipt: str
    until: datetime


class Queues:
    """All feeds, read one batch after the other. `visibility`: how long a failed message of a feed stays hidden."""

    def __init__(self, sqs: Any, feeds: Iterable[Feed], visibility: dict[str, timedelta]) -> None:
        self._sqs, self._feeds, self._visibility = sqs, tuple(feeds), visibility
        self._parked: list[_Parked] = []

    def round(self, now: datetime) -> Counter[str]:
        """One batch of every queue: how many messages were worked off, by `name`, or not, by `name_failed`."""
        done: Counter[str] = Counter()
        for feed in self._feeds:
            done += self._batch(feed, now)
        return done

    def drain(self, now: Callable[[], datetime]) -> Counter[str]:
        """Rounds until every queue is empty. A message that failed waits for its turn on the clock."""
        done: Counter[str] = Counter()
        while found := self.round(now()):
            done += found
        return done

    def next_parked(self) -> datetime | None:
        """When the next message that failed may be tried again."""
        return min((parked.until for parked in self._parked), default=None)

    def release(self, now: datetime) -> None:
        """Show the failed messages again whose time is up."""
        due = [parked for parked in self._parked if parked.until <= now]
        self._parked = [parked for parked in self._parked if parked.until > now]
        for parked in due:
            # Shown already by the queue itself, or gone: then nothing is left to do.
            with suppress(ClientError):
                self._sqs.change_message_visibility(
                    QueueUrl=parked.feed.url, ReceiptHandle=parked.receipt, VisibilityTimeout=0
                )

    def _batch(self, feed: Feed, now: datetime) -> Counter[str]:
        messages = self._sqs.receive_message(
            QueueUrl=feed.url, MaxNumberOfMessages=feed.batch, MessageAttributeNames=["All"], AttributeNames=["All"]
        ).get("Messages", [])
        if not messages:
            return Counter()
        failed = call(feed, messages)
        done = [message for message in messages if message["MessageId"] not in failed]
        self._delete(feed, done)
        until = now + self._visibility[feed.name]
        self._parked += [_Parked(feed, m["ReceiptHandle"], until) for m in messages if m["MessageId"] in failed]
        return Counter({feed.name: len(done), f"{feed.name}_failed": len(failed)}) + Counter()

    def _delete(self, feed: Feed, messages: list[dict[str, Any]]) -> None:
        entries = [{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(messages)]
        if entries:
            self._sqs.delete_message_batch(QueueUrl=feed.url, Entries=entries)


def call(feed: Feed, messages: list[dict[str, Any]]) -> set[str]:
    """Call the function with a batch. Returns the ids of the messages that stay on the queue, judged as Lambda does: an
    exception or an answer it cannot read fails the whole batch."""
    everything = {message["MessageId"] for message in messages}
    event = {"Records": [record(message, feed.arn) for message in messages]}
    try:
        answer = feed.handler(event, LambdaContext(feed.name, 512, feed.seconds * 1000))
        failed = {item["itemIdentifier"] for item in (answer or {}).get("batchItemFailures") or []}
    except Exception:
        traceback.print_exc(file=sys.stderr)
        return everything
    return failed if failed <= everything else everything


def record(message: dict[str, Any], arn: str) -> dict[str, Any]:
    """One message of ReceiveMessage as it stands in Lambda's event.

    https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
    """
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": dict(message.get("Attributes", {})),
        "messageAttributes": {
            name: {_lower(key): value for key, value in attribute.items()}
            | {"stringListValues": [], "binaryListValues": []}
            for name, attribute in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message.get("MD5OfBody", ""),
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": arn.split(":")[3],
    }


def _lower(name: str) -> str:
    return name[0].lower() + name[1:]
