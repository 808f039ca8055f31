"""Asked again at the moment of sending: may this follow-up go now, later, or never?

One pure function of what was read; the same facts give the same verdict, so a decision can be explained and replayed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from chalicelib.domain.customer import Customer, LastSend
from chalicelib.domain.flow import Flow
from chalicelib.domain.order import Order
from chalicelib.domain.planning import stopped
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import in_order, moment, stamp

QUIET_FROM, QUIET_UNTIL = time(21, 0), time(9, 0)  # marketing, in the shop's zone
GAP = {"transactional": timedelta(minutes=15), "marketing": timedelta(hours=24)}  # after any other message to her
CAP, CAP_WINDOW = 2, timedelta(days=7)  # marketing messages
# Why an address is barred when somebody who had objected to marketing was erased: mail about her orders may go there.
OBJECTION = "objection"
WAIT_WHILE_CLOSED = timedelta(hours=1)  # until a pause or an import is looked at again


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything a verdict rests on. `others_due`: her follow-ups due now, (id, purpose, due), this one included."""

    follow_up: str
    purpose: str
    channel_reaches: str  # email | phone
    late_after: str
    shop: Shop
    flow: Flow | None  # None: no longer shipped
    order: Order | None
    customer: Customer | None
    newer_order: bool
    address: str | None  # where it would go
    suppressed: str | None
    arm: str | None
    others_due: tuple[tuple[str, str, str], ...] = ()


def address_of(purpose: str, reaches: str, order: Order | None, customer: Customer | None) -> str | None:
    """Where a message goes: what is about an order, to the address left with it (the next one may be a gift, with
    somebody else's address); all else, to the one she gave last."""
    if customer is None:
        return None
    left = None if order is None else order.buyer.email if reaches == "email" else order.buyer.phone
    return (left if purpose == "transactional" else None) or customer.contact.reachable(reaches)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`state`: send | held_out | deferred | cancelled | skipped. `until` is a stored moment, for deferred."""

    state: str
    code: str
    until: str | None = None
    params: dict[str, object] = field(default_factory=dict)


def decide(facts: Facts, now: datetime) -> Verdict:
    """The first objection decides; with none, she is written to, or would have been were she not held out."""
    for verdict in _objections(facts, now):
        if verdict:
            return verdict
    return Verdict("held_out", "held_out") if facts.arm == "control" else Verdict("send", "send")


def _objections(facts: Facts, now: datetime) -> Iterator[Verdict | None]:
    yield _shop_closed(facts, now)
    yield _too_late(facts, now)
    yield _nobody(facts)
    yield _order_not_good(facts)
    yield _not_wanted(facts)
    yield _importing(facts, now)
    yield _quiet(facts, now)
    yield _capped(facts, now)
    yield _one_at_a_time(facts, now)


def _shop_closed(facts: Facts, now: datetime) -> Verdict | None:
    if facts.shop.state == "paused":
        return Verdict("deferred", "shop_paused", stamp(now + WAIT_WHILE_CLOSED))
    if facts.shop.state != "on":
        return Verdict("cancelled", "shop_off")
    off = facts.flow is None or facts.flow.name in facts.shop.flows_off
    return Verdict("cancelled", "flow_off") if off else None


def _too_late(facts: Facts, now: datetime) -> Verdict | None:
    late = in_order(stamp(now)) > in_order(facts.late_after)
    return Verdict("skipped", "too_late", params={"late_after": facts.late_after}) if late else None


def _nobody(facts: Facts) -> Verdict | None:
    gone = facts.customer is None or facts.customer.erased or facts.order is None
    return Verdict("cancelled", "customer_gone") if gone else None


def _order_not_good(facts: Facts) -> Verdict | None:
    if facts.flow is None or facts.order is None:
        return None
    reason = stopped(facts.flow, facts.order)
    if reason:
        return Verdict("cancelled", reason)
    newer = facts.newer_order and "newer_order" in facts.flow.exits
    return Verdict("cancelled", "newer_order") if newer else None


def _not_wanted(facts: Facts) -> Verdict | None:
    if facts.customer is None:
        return None
    contact = facts.customer.contact
    if facts.address is None:
        return Verdict("skipped", "no_address", params={"reaches": facts.channel_reaches})
    if facts.suppressed not in (None, OBJECTION):
        return Verdict("cancelled", "suppressed", params={"reason": facts.suppressed})
    agreed = f"{facts.channel_reaches}:subscribed" in contact.consents
    objected = f"{facts.channel_reaches}:unsubscribed" in contact.consents or bool(facts.suppressed and not agreed)
    allowed = contact.allows(facts.channel_reaches, facts.shop.consent) and (agreed or not objected)
    if facts.purpose != "marketing" or allowed:
        return None
    return Verdict("cancelled", "unsubscribed") if objected else Verdict("skipped", "no_consent")


def _importing(facts: Facts, now: datetime) -> Verdict | None:
    waits = facts.shop.importing and facts.purpose == "marketing"
    return Verdict("deferred", "importing", stamp(now + WAIT_WHILE_CLOSED)) if waits else None


def _quiet(facts: Facts, now: datetime) -> Verdict | None:
    if facts.purpose != "marketing":
        return None
    local = now.astimezone(ZoneInfo(facts.shop.timezone))
    if QUIET_UNTIL <= local.time() < QUIET_FROM:
        return None
    day = local.date() + timedelta(days=local.time() >= QUIET_FROM)
    until = datetime.combine(day, QUIET_UNTIL, ZoneInfo(facts.shop.timezone))
    return Verdict("deferred", "quiet_hours", stamp(until), {"zone": facts.shop.timezone})


def _sends(facts: Facts) -> list[LastSend]:
    sends = facts.customer.last_sends if facts.customer else []
    return [send for send in sends if send.follow_up != facts.follow_up]


def _capped(facts: Facts, now: datetime) -> Verdict | None:
    if facts.purpose != "marketing":
        return None
    recent = [moment(send.at) for send in _sends(facts) if send.purpose == "marketing"]
    recent = sorted(at for at in recent if at > now - CAP_WINDOW)
    if len(recent) < CAP:
        return None
    frees = recent[-CAP] + CAP_WINDOW
    return Verdict("deferred", "cap", stamp(frees), {"most": CAP, "days": CAP_WINDOW.days})


def _one_at_a_time(facts: Facts, now: datetime) -> Verdict | None:
    """The best of what is due goes; the others wait for distinct moments, so that they do not meet again."""
    gap = GAP[facts.purpose]
    last = max((moment(send.at) for send in _sends(facts)), default=None)
    if last is not None and last + gap > now:
        return Verdict("deferred", "one_at_a_time", stamp(last + gap))
    waiting = sorted(facts.others_due, key=_value)
    place = next((i for i, (follow_up, _, _) in enumerate(waiting) if follow_up == facts.follow_up), 0)
    return Verdict("deferred", "one_at_a_time", stamp(now + gap * place)) if place else None


def _value(waiting: tuple[str, str, str]) -> tuple[bool, str, str]:
    """What she is owed comes before what we want; then what has waited longest."""
    follow_up, purpose, due = waiting
    return purpose != "transactional", in_order(due), follow_up
