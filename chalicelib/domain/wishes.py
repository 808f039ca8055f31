"""What she asked for on her own page, read from her contact's notes: language, channel, how often, topics, a pause.

A wish only ever narrows what consent allows: none of them lets anybody write to her who may not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.domain.customer import Contact
from chalicelib.domain.times import BadTime, moment

LANGUAGE, CHANNEL, MOST, PAUSE = "wish:language", "wish:channel", "wish:most", "wish:pause_until"
TOPIC = "wish:topic:"
# In the order of her page. What concerns her own orders cannot be switched off.
WISHABLE_TOPICS = ("offers", "reminders", "news", "reviews")
WISHABLE_CHANNELS = ("email", "sms")
WISHABLE_MOST = ("", "1/7", "1/30")  # messages / days; "" for as the shop likes
PAUSE_LIFE = timedelta(days=30)
_MOST = re.compile(r"([1-9][0-9]?)/([1-9][0-9]{0,2})")
_LANGUAGE = re.compile(r"[a-z]{2,3}")


@dataclass(frozen=True, slots=True)
class Wishes:
    """`most`: (messages, days) of marketing at most; `topics_off`: those of WISHABLE_TOPICS she does not want;
    `paused_until`: a stored moment still to come. None: she said nothing."""

    language: str | None = None
    channel: str | None = None
    most: tuple[int, int] | None = None
    topics_off: frozenset[str] = frozenset()
    paused_until: str | None = None


def wishes_of(contact: Contact, now: datetime) -> Wishes:
    """What she wishes at `now`. A note that cannot be read is as good as none."""
    language, channel = contact.note(LANGUAGE) or "", contact.note(CHANNEL)
    return Wishes(
        language=language if _LANGUAGE.fullmatch(language) else None,
        channel=channel if channel in WISHABLE_CHANNELS else None,
        most=_most(contact.note(MOST) or ""),
        topics_off=frozenset(topic for topic in WISHABLE_TOPICS if contact.note(TOPIC + topic) == "off"),
        paused_until=_to_come(contact.note(PAUSE) or "", now),
    )


def _most(text: str) -> tuple[int, int] | None:
    found = _MOST.fullmatch(text)
    return (int(found[1]), int(found[2])) if found else None


def _to_come(text: str, now: datetime) -> str | None:
    try:
        return text if text and moment(text) > now else None
    except BadTime:
        return None
