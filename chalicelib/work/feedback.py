"""What providers say happened: sent, bounced, complained, answered. Told once, twice or late, it comes to the same.

On the queue lie SES's events as they come from our own topic or from EventBridge, and what came in through the doors of
`provider_events`, which has verified it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib import thin
from chalicelib.domain.times import in_order
from chalicelib.table import base, progress
from chalicelib.work import ses_events
from chalicelib.work.log import logger, unforeseen


@dataclass
class Outside:
    journal: Callable[[str, bytes], None]


def handle(event: Mapping[str, Any], now: datetime, outside: Outside) -> dict[str, Any]:
    """An SQS batch of events -> `{"batchItemFailures": [...]}`."""
    base.connect()
    failed = [record["messageId"] for record in event["Records"] if not _handled(record, now, outside)]
    if not failed:
        _note_progress(event["Records"])
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


def _handled(record: Mapping[str, Any], now: datetime, outside: Outside) -> bool:
    try:
        hear(json.loads(record["body"]), now, outside)
    except (base.Trouble, base.Conflict, thin.Trouble, OSError) as trouble:
        logger.warning("later", extra={"message_id": record["messageId"], "reason": str(trouble)})
        return False
    except Exception as error:
        unforeseen(error, message_id=record["messageId"])
        return False
    return True


def hear(event: Mapping[str, Any], now: datetime, outside: Outside) -> str:
    """One event; the outcome in a word."""
    if "door" in event:
        from chalicelib.work import answers  # seldom: only where a shop sends text messages

        return answers.hear(event, now, outside.journal)
    return ses_events.hear(ses_events.opened(event), now, outside.journal)


def _note_progress(records: list[Mapping[str, Any]]) -> None:
    """The provider tells roughly in order: what it took before the oldest message told of here, it has told of."""
    taken = [at for record in records if (at := _taken_at(json.loads(record["body"])))]
    try:
        if taken:
            progress.reach(min(taken, key=in_order), progress.reached())
    except base.Trouble as trouble:
        logger.warning("progress not noted", extra={"reason": str(trouble)})


def _taken_at(event: Mapping[str, Any]) -> str | None:
    """Only our own topic proves anything by its silence: EventBridge promises no order and no delivery, and at the
    doors somebody else's events come in."""
    if "door" in event or "detail" in event:
        return None
    return ses_events.taken_at(ses_events.opened(event))
