"""The days that an owner asks about: whole days in UTC, the first and the last included."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

_DAY = re.compile(r"(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}")


class BadSpan(ValueError):
    """No days that can be told of. `field`: from or to."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field} {reason}")
        self.field, self.reason = field, reason


@dataclass(frozen=True, slots=True)
class Span:
    """Both days included."""

    first: date
    last: date

    @property
    def days(self) -> list[str]:
        return [str(self.first + timedelta(days=n)) for n in range((self.last - self.first).days + 1)]


def read(first: str | None, last: str | None, today: date, usual: int, kept: int) -> Span:
    """From texts such as `2026-11-21`; what is not said: `usual` days up to `today`. What is told of is kept for `kept`
    days, today among them, and no more are told of at once. Raises BadSpan."""
    oldest = today - timedelta(days=kept - 1)
    end = _day("to", last, oldest, today) if last else today
    begin = _day("from", first, oldest, today) if first else max(end - timedelta(days=usual - 1), oldest)
    if begin > end:
        raise BadSpan("from", f"lies after `to`, {end}")
    if (end - begin).days >= kept:
        raise BadSpan("from", f"should be at most {kept - 1} days before `to`, {end}")
    return Span(begin, end)


def _day(field: str, text: str, oldest: date, today: date) -> date:
    """East of Greenwich tomorrow begins before the UTC day ends: an owner there may ask for it."""
    try:
        found = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        found = None
    if found is None:
        raise BadSpan(field, "should be a day of the Gregorian calendar such as 2026-11-21")
    if found < oldest:
        raise BadSpan(field, f"lies before {oldest}, the first day that is kept")
    if found > today + timedelta(days=1):
        raise BadSpan(field, f"lies ahead: in UTC it is {today}")
    return found
