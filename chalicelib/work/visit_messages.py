"""A batch of what a visitor did, as it lies on its queue. Without consent it names nobody, but a visitor who is to be
forgotten; the rid of a message says on whose shelf that lies, and nothing of that is kept."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.domain import visit_reading
from chalicelib.domain.times import normal, stamp
from chalicelib.domain.visits import Batch, Event, Forget

Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """A message. `account`: the platform's id from a token that was right when it came, where she agreed; `forgotten`:
    the visitor of whom nothing is to be left; `at`: when it came, a stored moment; `name`: of these very words, so that
    the same message is known again."""

    shop: str
    visitor: str | None
    account: str | None
    at: str
    events: tuple[Event, ...]
    name: str
    forgotten: str | None = None


def message(shop: str, batch: Batch, account: str | None, now: datetime) -> str:
    """{"shop", "visitor", "account", "at", "consent", "events"}, and "forgotten" where somebody is: the events that
    count, and no others."""
    kept = batch.kept(account is not None)
    facts: Facts = {"shop": shop, "visitor": None, "account": None, "at": stamp(now), "consent": batch.consent}
    if batch.consent:
        facts |= {"visitor": batch.visitor, "account": account}
    if any(isinstance(event, Forget) for event in kept):
        facts["forgotten"] = batch.visitor
    facts["events"] = [visit_reading.plain(event) for event in kept]
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":"))


def opened(text: str) -> Told:
    """Raises ValueError (BadVisit is one), KeyError or TypeError for what is no message of ours."""
    facts = json.loads(text)
    agreed = facts["consent"] is True
    visitor, account = (facts[name] if agreed else None for name in ("visitor", "account"))
    shop, forgotten = facts["shop"], facts.get("forgotten")
    if not isinstance(shop, str) or any(who and not isinstance(who, str) for who in (visitor, account, forgotten)):
        raise TypeError
    name = hashlib.sha256(text.encode()).hexdigest()[:20]
    events = visit_reading.events(facts["events"])
    return Told(shop, visitor, account, normal(facts["at"]), events, name, forgotten)
