"""A batch of what a visitor did, as it lies on its queue. Without consent it names nobody."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain import visit_reading
from chalicelib.domain.times import stamp
from chalicelib.domain.visits import Batch, Event


@dataclass(frozen=True, slots=True)
class Told:
    """A message. `account`: the platform's id from a token that was right when it came; `at`: when it came, a stored
    moment; `name`: of these very words, so that the same message is known again."""

    shop: str
    visitor: str | None
    account: str | None
    at: str
    events: tuple[Event, ...]
    name: str


def message(shop: str, batch: Batch, account: str | None, now: datetime) -> str:
    """{"shop", "visitor", "account", "at", "consent", "events"}: the events that count, and no others."""
    who = {"visitor": batch.visitor, "account": account} if batch.consent else {"visitor": None, "account": None}
    told = [visit_reading.plain(event) for event in batch.kept(account is not None)]
    facts = {"shop": shop, **who, "at": stamp(now), "consent": batch.consent, "events": told}
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":"))


def opened(text: str) -> Told:
    """Raises ValueError (BadVisit is one), KeyError or TypeError for what is no message of ours."""
    facts = json.loads(text)
    agreed = facts["consent"] is True
    visitor, account = (facts[name] if agreed else None for name in ("visitor", "account"))
    name = hashlib.sha256(text.encode()).hexdigest()[:20]
    return Told(facts["shop"], visitor, account, facts["at"], visit_reading.events(facts["events"]), name)
