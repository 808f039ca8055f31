"""The real outsides of the workers: what their functions reach on AWS, or on the emulator in its place."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import boto3

from chalicelib import channels
from chalicelib.channels import Message, Receipt
from chalicelib.directory import Absent
from chalicelib.outside import Aws
from chalicelib.settings import Settings, settings
from chalicelib.signatures import proven
from chalicelib.work import dispatch, feedback, ingest, read_health, send, spool

_BATCH = 10  # SQS takes so many messages in one call


@lru_cache(maxsize=8)
def client(service: str, region: str, endpoint: str) -> Any:
    return boto3.client(service, region_name=region, endpoint_url=endpoint or None)


def _client(service: str) -> Any:
    given = settings()
    return client(service, given.region, given.endpoint_url)


@lru_cache(maxsize=1)
def _signed(given: Settings) -> Aws:
    """Small signed requests, where a whole client is not worth its start."""
    return Aws(given)


def for_ingest() -> ingest.Outside:
    given = settings()
    return ingest.Outside(_signed(given).get, lambda opened, shop: proven(opened, shop, given.master))


def for_send() -> send.Outside:
    given = settings().need("public_url", "mail_configuration_set")
    return send.Outside(_deliver, _feedback_is_empty, _signed(given).put, given.public_url, given.master)


def for_feedback() -> feedback.Outside:
    return feedback.Outside(_signed(settings()).put)


def for_tick() -> dispatch.Outside:
    return dispatch.Outside(_enqueue, _waiting_in_outbox, settings().mail_rate, dispatch.postpone_refetch)


def for_spool() -> spool.Outside:
    return spool.Outside(_spooled, _get_or_none, _signed(settings()).send, _forget)


def for_health() -> read_health.Outside:
    return read_health.Outside(lambda: _waiting(settings().inbox_url), _spooled_of)


def journal() -> Callable[[str, bytes], None]:
    """Writes an entry of the journal: (key, data)."""
    return _signed(settings()).put


def inbox() -> Callable[[str, str], None]:
    """Puts an envelope on the inbox queue: (envelope, shop)."""
    return _signed(settings()).send


def _deliver(channel: str, message: Message) -> Receipt:
    receipt: Receipt = channels.reaching(channel).send(message, settings())
    return receipt


def _feedback_is_empty() -> bool:
    return _waiting(settings().need("feedback_url").feedback_url) == 0


def _waiting_in_outbox() -> int:
    return _waiting(settings().need("outbox_url").outbox_url)


def _waiting(url: str) -> int:
    names = [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    ]
    counts = _client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(counts.get(name, 0)) for name in names)


def _enqueue(messages: list[tuple[str, str]]) -> None:
    """What SQS does not take is still due in the table."""
    for start in range(0, len(messages), _BATCH):
        entries = [
            {"Id": str(i), "MessageBody": body, "MessageGroupId": shop}
            for i, (shop, body) in enumerate(messages[start : start + _BATCH])
        ]
        _client("sqs").send_message_batch(QueueUrl=settings().need("outbox_url").outbox_url, Entries=entries)


def _spooled(most: int) -> list[str]:
    found = _client("s3").list_objects_v2(Bucket=settings().bucket, Prefix="spool/", MaxKeys=most)
    return [entry["Key"] for entry in found.get("Contents", [])]


def _spooled_of(shop: str) -> int:
    """Counted up to a thousand: more is as bad."""
    return int(_client("s3").list_objects_v2(Bucket=settings().bucket, Prefix=f"spool/{shop}/")["KeyCount"])


def _get_or_none(key: str) -> bytes | None:
    try:
        return _signed(settings()).get(key)
    except Absent:
        return None


def _forget(key: str) -> None:
    _client("s3").delete_object(Bucket=settings().bucket, Key=key)
