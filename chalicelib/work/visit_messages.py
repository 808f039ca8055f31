"""A batch of what a visitor did, as it lies on its queue. Without consent it names nobody.

What she waved away is a message of its own, which names her and says nothing else of her."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.domain import visit_reading
from chalicelib.domain.times import stamp
from chalicelib.domain.visits import Batch, Close, Event

Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """A message. `account`: the platform's id from a token that was right when it came, where she agreed; `closer`: the
    same, whatever she agreed to, where nothing is told but what she closed; `at`: when it came, a stored moment;
    `name`: of these very words, so that the same message is known again."""

    shop: str
    visitor: str | None
    account: str | None
    at: str
    events: tuple[Event, ...]
    name: str
    closer: str | None = None


def messages(shop: str, batch: Batch, account: str | None, now: datetime) -> list[str]:
    """{"shop", "visitor", "account", "at", "consent", "events"}: the events that count, and no others. What was closed
    comes first, with "closer": told twice, because the rest could not be handed on, it is the same."""
    kept = batch.kept(account is not None)
    closed: list[Event] = [event for event in kept if isinstance(event, Close)]
    rest: list[Event] = [event for event in kept if not isinstance(event, Close)]
    nobody: Facts = {"shop": shop, "visitor": None, "account": None, "at": stamp(now), "consent": False}
    agreed: Facts = {**nobody, "visitor": batch.visitor, "account": account, "consent": True}
    parts = (({**nobody, "closer": account}, closed), (agreed if batch.consent else nobody, rest))
    return [_text(facts, events) for facts, events in parts if events]


def _text(facts: Facts, events: list[Event]) -> str:
    told = {**facts, "events": [visit_reading.plain(event) for event in events]}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def opened(text: str) -> Told:
    """Raises ValueError (BadVisit is one), KeyError or TypeError for what is no message of ours."""
    facts = json.loads(text)
    agreed = facts["consent"] is True
    visitor, account = (facts[name] if agreed else None for name in ("visitor", "account"))
    name = hashlib.sha256(text.encode()).hexdigest()[:20]
    events = visit_reading.events(facts["events"])
    return Told(facts["shop"], visitor, account, facts["at"], events, name, facts.get("closer"))
