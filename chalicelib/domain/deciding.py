"""Asked again when a step's moment has come: may it happen now, later, or never?

One pure function of what was read; the same facts give the same verdict, so a decision can be explained and replayed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalicelib.domain.caps import caps_of, frees_at
from chalicelib.domain.choosing import choose, objection
from chalicelib.domain.conditions import failing, holds, said
from chalicelib.domain.customer import LastSend
from chalicelib.domain.facts import Facts, Option, Other, before, segments_of
from chalicelib.domain.planning import stopped
from chalicelib.domain.quiet import quiet_until
from chalicelib.domain.times import in_order, later, moment, stamp
from chalicelib.domain.wishes import wishes_of

GAP = {"transactional": timedelta(minutes=15), "marketing": timedelta(hours=24)}  # after any other message to her
CONVERSATION = timedelta(days=7)  # what comes later than that is no part of a conversation that is going on
LOOK_AGAIN = timedelta(days=1)  # at a conversation that is waited for
WAIT_WHILE_CLOSED = timedelta(hours=1)  # until a pause or an import is looked at again
# What only those who are not held out get; all other steps are taken by both arms alike.
WAYS = ("branch", "split", "wait_for")  # steps that only lead on are never too late
EFFECTS = ("send", "coupon", "webhook", "task")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`state`: go | held_out | deferred | cancelled | skipped. `until` is a stored moment, for deferred; `option`: the
    channel. A cancelled step ends the flow for this trigger, a skipped one is only left out."""

    state: str
    code: str
    until: str | None = None
    params: dict[str, object] = field(default_factory=dict)
    option: Option | None = None


def decide(facts: Facts, now: datetime) -> Verdict:
    """The first objection decides; with none, it happens, or would have, were she not held out."""
    option = chosen(facts, now)
    for guard in _ALWAYS:
        if verdict := guard(facts, now):
            return verdict
    if facts.step is not None and facts.step.kind == "send" and option is not None:
        for ask in _SENDING:
            if verdict := ask(facts, option, now):
                return verdict
    effect = facts.step is not None and facts.step.kind in EFFECTS
    if facts.arm == "control" and facts.purpose == "marketing" and effect:
        return Verdict("held_out", "held_out", option=option)
    return Verdict("go", "go", option=option)


def chosen(facts: Facts, now: datetime) -> Option | None:
    """The channel for her, of those the step names."""
    if not facts.options or facts.customer is None:
        return None
    contact = facts.customer.contact
    preferred = wishes_of(contact, now).channel
    return choose(facts.options, contact, facts.purpose, facts.shop.consent, preferred)


def _shop_closed(facts: Facts, now: datetime) -> Verdict | None:
    if facts.shop.state == "paused":
        return Verdict("deferred", "shop_paused", stamp(now + WAIT_WHILE_CLOSED))
    if facts.shop.state == "staging":
        return Verdict("skipped", "staging")
    if facts.shop.state != "on":
        return Verdict("cancelled", "shop_off")
    if facts.flow is None or not switched_on(facts) or _was_off(facts):
        return Verdict("cancelled", "flow_off")
    return Verdict("cancelled", "flow_changed") if facts.step is None else None


def switched_on(facts: Facts) -> bool:
    flow, shop = facts.flow, facts.shop
    return flow is not None and flow.name not in shop.flows_off and (flow.on or flow.name in shop.flows_on)


def _was_off(facts: Facts) -> bool:
    """Whether the flow was switched off in between: what waited then is not sent, whoever switched it on again."""
    since = facts.shop.flows_since.get(facts.flow.name) if facts.flow else None
    return bool(since and facts.started_at and in_order(facts.started_at) < in_order(since))


def _too_late(facts: Facts, now: datetime) -> Verdict | None:
    if facts.step is not None and facts.step.kind in WAYS:
        return None
    late_after = _late_after(facts)
    late = in_order(stamp(now)) > in_order(late_after)
    return Verdict("skipped", "too_late", params={"late_after": late_after}) if late else None


def _late_after(facts: Facts) -> str:
    if facts.rhythm_until and facts.step:
        return later(facts.rhythm_until, facts.step.max_late)
    return facts.late_after


def _nobody(facts: Facts, now: datetime) -> Verdict | None:
    gone = facts.customer is None or facts.customer.erased or (facts.needs_order and facts.order is None)
    return Verdict("cancelled", "customer_gone") if gone else None


def _ended(facts: Facts, now: datetime) -> Verdict | None:
    """The flow's exits, and whatever made its trigger untrue."""
    flow, order = facts.flow, facts.order
    if flow is None:
        return None
    if facts.needs_order and order is not None and (reason := stopped(flow, order)):
        return Verdict("cancelled", reason)
    if facts.matter:
        return Verdict("cancelled", facts.matter)
    if facts.newer_order and "bought_again" in flow.exits and not _waited_for(facts):
        return Verdict("cancelled", "newer_order")
    if _complained(facts):
        return Verdict("cancelled", "suppressed", params={"reason": "complaint"})
    if _objects(facts, "unsubscribed" in flow.exits):
        return Verdict("cancelled", "unsubscribed")
    if "left_segment" in flow.exits and facts.segment and facts.segment not in segments_of(facts.customer):
        return Verdict("cancelled", "left_segment", params={"segment": facts.segment})
    return None


def _waited_for(facts: Facts) -> bool:
    """Whether the step itself waits for her next order: then that is its way on, not an end from outside."""
    step = facts.step
    return step is not None and (step.kind, step.value) == ("wait_for", "ordered")


def _complained(facts: Facts) -> bool:
    """Whether she called a message spam and has not agreed to any since."""
    contact = facts.customer.contact if facts.customer else None
    if facts.purpose != "marketing" or contact is None or "complained" not in contact.notes:
        return False
    at, channel = contact.notes["complained"]
    yes = contact.consents.get(f"{channel}:subscribed")
    return yes is None or in_order(yes[0]) <= in_order(at)


def _objects(facts: Facts, says_so: bool) -> bool:
    """Whether she wants no marketing: by mail, where the flow `says_so`; else by any way at all, which ends marketing
    before a coupon is made for nobody."""
    contact = facts.customer.contact if facts.customer else None
    if contact is None or not (says_so or facts.purpose == "marketing"):
        return False
    said_no = "email:unsubscribed" in contact.consents and not contact.allows("email", facts.shop.consent)
    return said_no and (says_so or not contact.allows("sms", facts.shop.consent))


def _her_rhythm(facts: Facts, now: datetime) -> Verdict | None:
    until = facts.rhythm_until
    if until is None or before(until, now):
        return None
    return Verdict("deferred", "waits_for_rhythm", until)


def _condition(facts: Facts, now: datetime) -> Verdict | None:
    """Of the flow: it ends. Of the step: it is left out."""
    if facts.flow is None or facts.step is None:
        return None
    if not holds(facts.flow.only_if, facts.known):
        return Verdict("cancelled", "condition", params=_failed(facts.flow.only_if, facts))
    if facts.step.kind != "branch" and not holds(facts.step.only_if, facts.known):
        return Verdict("skipped", "condition", params=_failed(facts.step.only_if, facts))
    return None


def _for_nobody(facts: Facts, now: datetime) -> Verdict | None:
    """A coupon that no message may bring to her is not asked for: the shop would hold codes that nobody knows of."""
    flow, step, customer = facts.flow, facts.step, facts.customer
    if flow is None or step is None or customer is None or step.kind != "coupon":
        return None
    channels = {channel for other in flow.steps for channel in other.channels}
    may = any(customer.contact.allows(channel, facts.shop.consent) for channel in ("email", "sms"))
    return None if may or not channels or "onsite" in channels else Verdict("skipped", "no_consent")


def _failed(condition: object, facts: Facts) -> dict[str, object]:
    test = failing(condition, facts.known)  # type: ignore[arg-type]
    return {"test": said(test) if test else ""}


def _not_wanted(facts: Facts, option: Option, now: datetime) -> Verdict | None:
    if facts.customer is None:
        return None
    found = objection(option, facts.customer.contact, facts.purpose, facts.shop.consent)
    if found is None:
        return None
    state, code = found
    params: dict[str, object] = {"reaches": option.reaches, "channel": option.channel, "reason": option.suppressed}
    return Verdict(state, code, params={k: v for k, v in params.items() if k in _PARAMS.get(code, ()) and v})


_PARAMS = {"no_address": ("reaches",), "channel_off": ("channel",), "suppressed": ("reason",)}


def _her_wishes(facts: Facts, option: Option, now: datetime) -> Verdict | None:
    if facts.purpose != "marketing" or facts.customer is None or facts.flow is None:
        return None
    contact = facts.customer.contact
    wishes, unhappy = wishes_of(contact, now), contact.note("no_selling_until")
    if unhappy and not before(unhappy, now):
        return Verdict("skipped", "unhappy", params={"until": unhappy})
    if facts.flow.topic in wishes.topics_off:
        return Verdict("skipped", "topic_off", params={"topic": facts.flow.topic})
    if wishes.paused_until:
        return Verdict("deferred", "paused_by_customer", wishes.paused_until)
    if wishes.most:
        most, days = wishes.most
        until = frees_at(_sends(facts), None, most, days, now)
        return Verdict("deferred", "too_often", until, {"most": most, "days": days}) if until else None
    return None


def _importing(facts: Facts, option: Option, now: datetime) -> Verdict | None:
    waits = facts.shop.importing and facts.purpose == "marketing"
    return Verdict("deferred", "importing", stamp(now + WAIT_WHILE_CLOSED)) if waits else None


def _quiet(facts: Facts, option: Option, now: datetime) -> Verdict | None:
    until = quiet_until(option.channel, facts.purpose, facts.country, facts.zone, now)
    return Verdict("deferred", "quiet_hours", until, {"zone": facts.zone}) if until else None


def _sends(facts: Facts) -> list[LastSend]:
    sends = facts.customer.last_sends if facts.customer else []
    return [send for send in sends if send.follow_up != facts.follow_up]


def _capped(facts: Facts, option: Option, now: datetime) -> Verdict | None:
    if facts.purpose != "marketing" or option.channel == "onsite":
        return None
    for channel, most, days in caps_of(facts.shop, option.channel):
        until = frees_at(_sends(facts), channel, most, days, now)
        if until:
            return Verdict("deferred", "cap", until, {"most": most, "days": days})
    return None


def _conversation(facts: Facts, option: Option, now: datetime) -> Verdict | None:
    """A conversation that is under way is finished before another one begins, unless the other matters more. As it may
    end at any time, it is looked at again every day; what is far off, or would have to be waited for too long, is not
    waited for."""
    flow, step = facts.flow, facts.step
    if facts.purpose != "marketing" or flow is None or step is None or step.name not in flow.opening():
        return None
    under_way = [o for o in facts.others if o.later_step and o.flow != flow.name and o.purpose == "marketing"]
    soon = [o for o in under_way if not before(o.due, now) and before(o.due, now + CONVERSATION)]
    under_way = [o for o in soon if o.priority >= flow.priority]
    if not under_way:
        return None
    last = max(under_way, key=lambda other: (in_order(other.due), other.id))
    over = later(last.due, GAP["marketing"])
    if in_order(over) > in_order(_late_after(facts)):
        return None
    until = min(over, stamp(now + LOOK_AGAIN), key=in_order)
    return Verdict("deferred", "conversation", until, {"flow": last.flow})


def _one_at_a_time(facts: Facts, option: Option, now: datetime) -> Verdict | None:
    """The best of what is due goes; the others wait for distinct moments, so that they do not meet again."""
    if option.channel == "onsite":
        return None
    gap = GAP[facts.purpose]
    last = max((moment(send.at) for send in _sends(facts)), default=None)
    if last is not None and last + gap > now:
        return Verdict("deferred", "one_at_a_time", stamp(last + gap))
    mine = Other(facts.follow_up, "", facts.purpose, facts.due, facts.flow.priority if facts.flow else 0)
    waiting = sorted((*(other for other in facts.others if other.is_due), mine), key=_value)
    place = waiting.index(mine)
    return Verdict("deferred", "one_at_a_time", stamp(now + gap * place)) if place else None


def _value(waiting: Other) -> tuple[bool, int, str, str]:
    """What she is owed comes before what we want; then what matters more; then what has waited longest."""
    return waiting.purpose != "transactional", -waiting.priority, in_order(waiting.due), waiting.id


_ALWAYS: tuple[Callable[[Facts, datetime], Verdict | None], ...] = (
    *(_shop_closed, _too_late, _nobody, _ended, _her_rhythm, _condition, _for_nobody),
)
_SENDING: tuple[Callable[[Facts, Option, datetime], Verdict | None], ...] = (
    *(_not_wanted, _her_wishes, _importing, _quiet, _capped, _conversation, _one_at_a_time),
)
