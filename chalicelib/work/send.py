"""One due follow-up: ask again whether, claim, render, hand to the channel, write down what came of it.

The claim is one transaction on the follow-up and on everything the decision rested on, so two workers can neither send
the same message nor both use up the last place under a cap. After a crash the claim's lease runs out, the follow-up is
due again, and what may happen then depends on what its channel can confirm.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chalicelib import channels, thin
from chalicelib.channels import Message
from chalicelib.domain.deciding import Verdict, decide
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import in_order, later, stamp
from chalicelib.table import base, follow_ups, orders, progress, shops
from chalicelib.table.follow_ups import FollowUpRow
from chalicelib.work.compose import compose
from chalicelib.work.liquid import BadTemplate
from chalicelib.work.log import logger, unforeseen
from chalicelib.work.replan import because
from chalicelib.work.sent import mark_sent
from chalicelib.work.weigh import Case, weigh

# Longer than any function may run, and than a provider's events need to arrive.
LEASE = timedelta(minutes=15)
EVENTS_TAKE = timedelta(minutes=10)
LOOK_AGAIN = timedelta(minutes=5)
# After so many tries an error nobody foresaw is a property of the message, not of the moment.
POISONED_AFTER = 5
BACKOFF = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))


@dataclass
class Outside:
    """What sending needs from elsewhere."""

    deliver: Callable[[str, Message], channels.Receipt]  # (channel, message)
    no_events_wait: Callable[[], bool]  # nothing the provider said is still unread
    journal: Callable[[str, bytes], None]
    public_url: str
    master: bytes


def handle(event: Mapping[str, Any], now: datetime, outside: Outside) -> dict[str, Any]:
    """An SQS batch of `{"shop", "follow_up"}` -> `{"batchItemFailures": [...]}`."""
    base.connect()
    failed = [record["messageId"] for record in event["Records"] if not _handled(record, now, outside)]
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


def _handled(record: Mapping[str, Any], now: datetime, outside: Outside) -> bool:
    try:
        due = json.loads(record["body"])
        shop = shops.get(due["shop"])
        if shop:
            outcome = send(shop, due["follow_up"], now, outside)
            logger.info("follow-up", extra={"shop": shop.slug, "follow_up": due["follow_up"], "outcome": outcome})
    except (base.Trouble, base.Conflict, thin.Trouble, OSError) as trouble:
        # It stays due: the clock brings it again. Failing the message would only make it come twice.
        logger.warning("later", extra={"message_id": record["messageId"], "reason": str(trouble)})
    except Exception as error:
        unforeseen(error, message_id=record["messageId"])
        return _given_up(record, now)
    return True


def _given_up(record: Mapping[str, Any], now: datetime) -> bool:
    """Whether the follow-up was put aside: one that stayed due for ever would keep the clock from going on."""
    if int(record.get("attributes", {}).get("ApproximateReceiveCount", 1)) < POISONED_AFTER:
        return False
    try:
        due = json.loads(record["body"])
        row = follow_ups.get(due["shop"], due["follow_up"])
        if row and row.state in ("scheduled", "deferred"):
            row.state, row.decided = "failed", stamp(now)
            _write(because(row, "unforeseen", now), now)
    except (base.Trouble, base.Conflict, ValueError, LookupError, TypeError):
        return False
    return True


def send(shop: Shop, follow_up: str, now: datetime, outside: Outside) -> str:
    """What became of it: a follow-up state, or `not_due` where there was nothing to do. Raises Trouble, Conflict."""
    key = follow_ups.key_of(follow_up)
    if key is None:
        return "not_due"
    held = orders.read(shop.slug, key[0])
    row = held.follow_ups.get(key[1:])
    if row is None or row.state not in follow_ups.WAITING or in_order(row.due_at) > in_order(stamp(now)):
        return "not_due"
    if row.state == "claimed" and not _lease_is_over(row, now):
        return "not_due"
    if row.state == "claimed" and (recovered := _recover(row, now, outside)):
        return recovered
    case = weigh(shop, held, row, now)
    verdict = decide(case.facts, now)
    if verdict.state != "send":
        return _settle(case, verdict, now)
    return _send(case, now, outside)


def _lease_is_over(row: FollowUpRow, now: datetime) -> bool:
    return row.lease_until is None or in_order(row.lease_until) <= in_order(stamp(now))


def _recover(row: FollowUpRow, now: datetime, outside: Outside) -> str | None:
    """A claim nobody came back to. None: it may be tried again; else what it is now."""
    confirms = channels.reaching(row.channel).CONFIRMS
    if confirms == "none":
        row.state, row.decided = "unknown", stamp(now)
        return _write(because(row, "unknown_outcome", now), now)
    if confirms == "event" and not _silence_is_certain(row, outside):
        row.lease_until = stamp(now + LOOK_AGAIN)
        return _write(because(row, "waiting_for_events", now), now)
    return None


def _silence_is_certain(row: FollowUpRow, outside: Outside) -> bool:
    """Whether the provider, had it taken the message, would have been heard to say so by now."""
    heard_of = later(row.claimed_at or row.due_at, EVENTS_TAKE)
    return in_order(progress.reached()) >= in_order(heard_of) or outside.no_events_wait()


def _settle(case: Case, verdict: Verdict, now: datetime) -> str:
    """Later or never. Held out counts as would-have-sent, so that both arms meet the same caps."""
    row = case.row
    row.state = verdict.state
    because(row, verdict.code, now, **verdict.params, **({"until": verdict.until} if verdict.until else {}))
    row.claim = row.lease_until = None
    if verdict.state == "deferred":
        row.due_at = verdict.until or row.due_at
        return _write(row, now)
    row.decided = stamp(now)
    if verdict.state == "held_out":
        base.commit([follow_ups.write(row, row.rev, now), *case.on_record(now)])
        return row.state
    return _write(row, now)


def _send(case: Case, now: datetime, outside: Outside) -> str:
    row = case.row
    row.tries = (row.tries or 0) + 1
    row.claim = f"{row.rev + 1}-{row.tries}"
    try:
        message = compose(case, now, outside.public_url, outside.master)
    except BadTemplate as bad:
        row.state, row.decided = "failed", stamp(now)
        return _write(because(row, "template", now, reason=str(bad)[:200]), now)
    _claim(case, now)
    row.language = message.headers.get("Content-Language")
    return _deliver(row, message, now, outside)


def _claim(case: Case, now: datetime) -> None:
    """Raises Conflict where anything the decision rested on has changed since."""
    row = case.row
    row.state, row.claimed_at = "claimed", stamp(now)
    row.lease_until = stamp(now + LEASE)
    because(row, "claimed", now)
    base.commit([follow_ups.write(row, row.rev, now), *case.on_record(now)])


def _deliver(row: FollowUpRow, message: Message, now: datetime, outside: Outside) -> str:
    try:
        outside.journal(f"journal/{message.shop}/{stamp(now)[:10]}/{message.id}.{message.claim}", _note(row, now))
        receipt = outside.deliver(row.channel, message)
    except channels.Refused as refused:
        row.state, row.decided = "failed", stamp(now)
        return _write(because(row, "refused", now, reason=str(refused)[:200]), now)
    except (channels.Trouble, thin.Trouble, OSError) as trouble:
        return _try_later(row, type(trouble).__name__, now)
    except channels.Unclear:
        # The claim stands: when its lease ends, the channel's confirmations decide.
        return row.state
    return mark_sent(row, receipt.provider_id, now)


def _note(row: FollowUpRow, now: datetime) -> bytes:
    return json.dumps({"follow_up": row.id, "claim": row.claim, "customer": row.customer, "at": stamp(now)}).encode()


def _try_later(row: FollowUpRow, reason: str, now: datetime) -> str:
    row.state, row.claim, row.lease_until = "deferred", None, None
    row.due_at = stamp(now + BACKOFF[min(row.tries, len(BACKOFF)) - 1])
    return _write(because(row, "retry", now, reason=reason, until=row.due_at), now)


def _write(row: FollowUpRow, now: datetime) -> str:
    base.commit([follow_ups.write(row, row.rev, now)])
    return row.state
