"""One due follow-up: ask again whether, then do what its step says; a message is claimed, written, handed to its
channel, and what came of it written down.

The claim is one transaction on the follow-up and on everything the decision rested on, so two workers can neither send
the same message nor both use up the last place under a cap. After a crash the claim's lease runs out, the follow-up is
due again, and what may happen then depends on what its channel can confirm.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any

from chalicelib import channels, thin
from chalicelib.channels import Message
from chalicelib.domain.deciding import Verdict, decide
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import in_order, later, moment, stamp
from chalicelib.table import base, follow_ups, orders, progress, shops
from chalicelib.table.follow_ups import OF_ORDER, FollowUpRow
from chalicelib.table.orders import Held
from chalicelib.work import effects, steps
from chalicelib.work.compose import compose, knock
from chalicelib.work.liquid import BadTemplate
from chalicelib.work.log import logger, unforeseen
from chalicelib.work.replan import because
from chalicelib.work.sent import mark_sent
from chalicelib.work.ways import provider_of
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

    deliver: Callable[[Shop, str, Message], channels.Receipt]  # (shop, channel, message)
    find: Callable[[Shop, str, str], channels.Receipt | None]  # (shop, channel, follow-up): what became of a lost try
    no_events_wait: Callable[[], bool]  # nothing the provider said is still unread
    journal: Callable[[str, bytes], None]
    public_url: str
    master: bytes
    ask: Callable[[list[tuple[str, str]]], None]  # (shop, message body): work at a shop's API


def handle(event: Mapping[str, Any], now: datetime, outside: Outside) -> dict[str, Any]:
    """An SQS batch of `{"shop", "follow_up"}`, and `{"shop", "access"}` -> `{"batchItemFailures": [...]}`."""
    base.connect()
    failed = [record["messageId"] for record in event["Records"] if not _handled(record, now, outside)]
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


def _handled(record: Mapping[str, Any], now: datetime, outside: Outside) -> bool:
    try:
        due = json.loads(record["body"])
        shop = shops.get(due["shop"])
        if shop and "access" in due:
            return _link_sent(shop, due["access"], now, outside)
        if shop and "test" in due:
            return _trial_sent(shop, due["test"], now, outside)
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


def _link_sent(shop: Shop, asked: Mapping[str, str], now: datetime, outside: Outside) -> bool:
    """The link to a customer's own page, which she asked for. Nothing but the queue brings it again."""
    from chalicelib.work import self_service  # seldom asked for

    try:
        customer, at, url = asked["customer"], asked["at"], outside.public_url
        outcome = self_service.send_access(shop, customer, at, now, outside.deliver, url, outside.master)
    except (base.Trouble, base.Conflict, channels.Trouble, thin.Trouble, OSError) as trouble:
        logger.warning("later", extra={"shop": shop.slug, "reason": type(trouble).__name__})
        return False
    logger.info("access", extra={"shop": shop.slug, "outcome": outcome})
    return True


def _trial_sent(shop: Shop, asked: Mapping[str, Any], now: datetime, outside: Outside) -> bool:
    """A mail that the owner sends to herself to look at it. Nothing but the queue brings it again."""
    from chalicelib.work import trial  # seldom asked for

    try:
        outcome = trial.send_test(shop, asked, now, outside.deliver, outside.public_url)
    except (base.Trouble, base.Conflict, channels.Trouble, thin.Trouble, OSError) as trouble:
        logger.warning("later", extra={"shop": shop.slug, "reason": type(trouble).__name__})
        return False
    logger.info("trial", extra={"shop": shop.slug, "outcome": outcome})
    return True


def _given_up(record: Mapping[str, Any], now: datetime) -> bool:
    """Whether the follow-up was put aside: one that stayed due for ever would keep the clock from going on."""
    if int(record.get("attributes", {}).get("ApproximateReceiveCount", 1)) < POISONED_AFTER:
        return False
    try:
        due = json.loads(record["body"])
        row = follow_ups.get(due["shop"], due["follow_up"])
        if row and row.state in follow_ups.WAITING and (row.state != "claimed" or _lease_is_over(row, now)):
            # Of a message that was claimed nobody knows whether it went out.
            row.state = "unknown" if row.state == "claimed" and row.channel else "failed"
            row.decided, row.lease_until = stamp(now), None
            _write(because(row, "unforeseen", now), now)
    except (base.Trouble, base.Conflict, ValueError, LookupError, TypeError):
        return False
    return True


# Steps that do nothing but lead on are taken in one go; the clock brings whatever is left.
MOST_IN_ONE_GO = 10


def send(shop: Shop, follow_up: str, now: datetime, outside: Outside) -> str:
    """What became of it: a follow-up state, or `not_due` where there was nothing to do. Where its step only led on, the
    next one is looked at too. Raises Trouble, Conflict."""
    outcome = "not_due"
    for _ in range(MOST_IN_ONE_GO):
        key = follow_ups.key_of(follow_up)
        held = _held(shop, key) if key else None
        row = held.follow_ups.get((key.flow, key.step)) if held and key else None
        if held is None or row is None:
            return outcome
        outcome = _step(shop, held, row, now, outside)
        following = steps.next_id(shop, row) if outcome != "not_due" and steps.at_once(shop, row) else None
        if following is None:
            return outcome
        follow_up = following
    return outcome


def _held(shop: Shop, key: follow_ups.Key) -> Held:
    """The order with its follow-ups; of a customer's trigger, the one follow-up and no order."""
    if key.kind == OF_ORDER:
        return orders.read(shop.slug, key.holder)
    row = follow_ups.get(shop.slug, key.id)
    return Held(follow_ups={(key.flow, key.step): row} if row else {})


def _step(shop: Shop, held: Held, row: FollowUpRow, now: datetime, outside: Outside) -> str:
    if row.state not in follow_ups.WAITING or in_order(row.due_at) > in_order(stamp(now)):
        return "not_due"
    if row.state == "claimed" and not _lease_is_over(row, now):
        return "not_due"
    if row.state == "claimed" and (recovered := _recover(shop, row, now, outside)):
        return recovered
    case = weigh(shop, held, row, now)
    verdict = decide(case.facts, now)
    if verdict.state != "go":
        return _settle(case, verdict, now)
    step = case.facts.step
    assert step is not None  # noqa: S101 decided
    if step.kind in effects.INSTANT:
        return effects.done(case, step, now)
    if step.kind == "coupon":
        return _ask_for_coupon(case, now, outside)
    return _send(replace(case, option=verdict.option), now, outside)


def _lease_is_over(row: FollowUpRow, now: datetime) -> bool:
    return row.lease_until is None or in_order(row.lease_until) <= in_order(stamp(now))


def _recover(shop: Shop, row: FollowUpRow, now: datetime, outside: Outside) -> str | None:
    """A claim nobody came back to. None: it may be tried again; else what it is now."""
    if row.channel == "" or row.channel.startswith(
        "webhook:"
    ):  # made with one code, told with one id: the second time changes nothing
        return None
    provider = provider_of(shop, row.channel)
    if provider.CONFIRMS == "none" or _forgotten(provider, row, now):
        return steps.end(shop, row, "unknown", "unknown_outcome", now)
    if provider.CONFIRMS == "query":
        receipt = outside.find(shop, row.channel, row.id)
        return mark_sent(shop, row, receipt.provider_id, now) if receipt else None
    confirms = provider.CONFIRMS
    if confirms == "event" and not _silence_is_certain(row, outside):
        row.lease_until = stamp(now + LOOK_AGAIN)
        return _write(because(row, "waiting_for_events", now), now)
    return None


def _forgotten(provider: ModuleType, row: FollowUpRow, now: datetime) -> bool:
    """Whether a provider that could be asked no longer remembers so early a try."""
    remembers: timedelta | None = getattr(provider, "REMEMBERS", None)
    return remembers is not None and now - moment(row.claimed_at or row.due_at) > remembers


def _silence_is_certain(row: FollowUpRow, outside: Outside) -> bool:
    """Whether the provider, had it taken the message, would have been heard to say so by now."""
    heard_of = later(row.claimed_at or row.due_at, EVENTS_TAKE)
    return in_order(progress.reached()) >= in_order(heard_of) or outside.no_events_wait()


def _settle(case: Case, verdict: Verdict, now: datetime) -> str:
    """Later or never. Held out counts as would-have-sent, so that both arms meet the same caps."""
    row, params = case.row, dict(verdict.params)
    row.claim = row.lease_until = None
    if verdict.state == "deferred":
        row.state, row.due_at = "deferred", verdict.until or row.due_at
        return _write(because(row, verdict.code, now, **params, until=row.due_at), now)
    record: list[base.Write] = []
    if verdict.state == "held_out" and verdict.option:
        record = replace(case, option=verdict.option).on_record(now)
        row.channel = verdict.option.channel
    return steps.end(case.shop, row, verdict.state, verdict.code, now, None, record, **params)


def _ask_for_coupon(case: Case, now: datetime, outside: Outside) -> str:
    """Only fetch talks with shops. Until it has, the claim stands; when its lease ends, it is asked again."""
    row = case.row
    row.tries = (row.tries or 0) + 1
    row.state, row.claimed_at, row.lease_until = "claimed", stamp(now), stamp(now + LEASE)
    _write(row, now)
    outside.ask([(case.shop.slug, json.dumps({"shop": case.shop.slug, "task": "coupon", "follow_up": row.id}))])
    return "claimed"


def _send(case: Case, now: datetime, outside: Outside) -> str:
    row, step = case.row, case.facts.step
    row.tries = (row.tries or 0) + 1
    row.claim = f"{row.rev + 1}-{row.tries}"
    webhook = step is not None and step.kind == "webhook"
    row.channel = case.option.channel if case.option else f"webhook:{step.value if step else ''}"
    try:
        message = knock(case, now) if webhook else compose(case, now, outside.public_url, outside.master)
    except BadTemplate as bad:
        return steps.end(case.shop, row, "failed", "template", now, reason=str(bad)[:200])
    _claim(case, now)
    row.language = message.language or None
    return _deliver(case.shop, row, message, now, outside)


def _claim(case: Case, now: datetime) -> None:
    """Raises Conflict where anything the decision rested on has changed since."""
    row = case.row
    row.state, row.claimed_at = "claimed", stamp(now)
    row.lease_until = stamp(now + LEASE)
    because(row, "claimed", now)
    record = case.on_record(now) if case.option else []
    base.commit([follow_ups.write(row, row.rev, now), *record])


def _deliver(shop: Shop, row: FollowUpRow, message: Message, now: datetime, outside: Outside) -> str:
    try:
        outside.journal(f"journal/{message.shop}/{stamp(now)[:10]}/{message.id}.{message.claim}", _note(row, now))
        receipt = outside.deliver(shop, row.channel, message)
    except channels.Refused as refused:
        return steps.end(shop, row, "failed", "refused", now, reason=str(refused)[:200])
    except (channels.Trouble, thin.Trouble, OSError) as trouble:
        return _try_later(row, trouble, now)
    except channels.Unclear:
        # The claim stands: when its lease ends, the channel's confirmations decide.
        return str(row.state)
    return mark_sent(shop, row, receipt.provider_id, now)


def _note(row: FollowUpRow, now: datetime) -> bytes:
    return json.dumps({"follow_up": row.id, "claim": row.claim, "customer": row.customer, "at": stamp(now)}).encode()


def _try_later(row: FollowUpRow, trouble: Exception, now: datetime) -> str:
    row.state, row.claim, row.lease_until = "deferred", None, None
    wait = timedelta(seconds=getattr(trouble, "wait", None) or 0)
    row.due_at = stamp(now + max(BACKOFF[min(row.tries, len(BACKOFF)) - 1], wait))
    return _write(because(row, "retry", now, reason=type(trouble).__name__, until=row.due_at), now)


def _write(row: FollowUpRow, now: datetime) -> str:
    base.commit([follow_ups.write(row, row.rev, now)])
    return row.state
