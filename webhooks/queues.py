"""The queues as the commands see them: how much waits, what nobody could work off, and bringing that back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chalicelib.settings import Settings
from webhooks.here import aws_client

NAMES = ("inbox", "unverified", "outbox", "feedback", "fetch", "learn", "events")
_COUNTED = "ApproximateNumberOfMessages"
# Messages that are looked at stay hidden so long: enough to see all of them once.
_HIDDEN_SECONDS = 120
_BATCH = 10


@dataclass(frozen=True, slots=True)
class Queue:
    """`dead_url` is "" where the queue has no dead-letter queue."""

    name: str
    url: str
    dead_url: str


def queues(settings: Settings, sqs: Any = None) -> list[Queue]:
    """Those that this world has. Raises what boto3 raises where one cannot be asked."""
    sqs = sqs or aws_client("sqs", settings)
    urls = {name: getattr(settings, f"{name}_url", "") for name in NAMES}
    return [Queue(name, url, _dead_url(sqs, url)) for name, url in urls.items() if url]


def _dead_url(sqs: Any, url: str) -> str:
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])
    policy = json.loads(answer.get("Attributes", {}).get("RedrivePolicy", "{}"))
    name = str(policy.get("deadLetterTargetArn", "")).rpartition(":")[2]
    return str(sqs.get_queue_url(QueueName=name)["QueueUrl"]) if name else ""


def count(sqs: Any, url: str) -> int:
    """About how many messages can be fetched."""
    return int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[_COUNTED])["Attributes"][_COUNTED])


def bring_back(sqs: Any, queue: Queue, shop: str | None, dry_run: bool) -> tuple[int, int]:
    """Dead letters of one shop, or all where None, onto the queue they came from: sent first, then deleted, so that a
    crash doubles one instead of losing it. Returns (brought back, left alone); what is left can be seen again after."""
    brought, left = 0, []
    for message in _dead_letters(sqs, queue.dead_url):
        if dry_run or not _is_of(message, shop):
            brought += _is_of(message, shop)
            left.append(message)
            continue
        _send(sqs, queue.url, message)
        sqs.delete_message(QueueUrl=queue.dead_url, ReceiptHandle=message["ReceiptHandle"])
        brought += 1
    for message in left:
        sqs.change_message_visibility(
            QueueUrl=queue.dead_url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
        )
    return brought, sum(not _is_of(message, shop) for message in left)


def _dead_letters(sqs: Any, url: str) -> Iterator[dict[str, Any]]:
    """Each once: those that were seen stay hidden meanwhile, and where they come back there are too many for one go. An
    empty answer need not mean an empty queue."""
    empty, seen = 0, set[str]()
    while empty < 3:
        messages = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=_BATCH,
            VisibilityTimeout=_HIDDEN_SECONDS,
            MessageAttributeNames=["All"],
            AttributeNames=["All"],
        ).get("Messages", [])
        empty = 0 if messages else empty + 1
        if seen & {message["MessageId"] for message in messages}:
            return
        seen |= {message["MessageId"] for message in messages}
        yield from messages


def _send(sqs: Any, url: str, message: dict[str, Any]) -> None:
    group = message.get("Attributes", {}).get("MessageGroupId")
    attributes = {
        name: {part: value for part, value in found.items() if part in ("DataType", "StringValue", "BinaryValue")}
        for name, found in message.get("MessageAttributes", {}).items()
    }
    more = {"MessageGroupId": group} if group else {}
    sqs.send_message(QueueUrl=url, MessageBody=message["Body"], MessageAttributes=attributes, **more)


def _is_of(message: dict[str, Any], shop: str | None) -> bool:
    return shop is None or _shop_of(message["Body"]) == shop


def _shop_of(text: str) -> str | None:
    try:
        raw = json.loads(text)
    except ValueError:
        return None
    found = raw.get("shop") if isinstance(raw, dict) else None
    return found if isinstance(found, str) else None
