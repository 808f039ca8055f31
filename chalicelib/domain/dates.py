"""Days that come back every year, and the hour of the night at which a shop's customers are looked through."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zlib import crc32

from chalicelib.domain.people import latin_digits
from chalicelib.domain.times import stamp
from chalicelib.domain.zones import zone

# Nobody writes Gregorian years as small as that, and no Jalali year is as great.
JALALI_BEFORE = 1700
AHEAD = timedelta(hours=36)  # a day ahead for everybody on earth, so that a flow's own hour is met
QUIET_HOUR = 3  # of the shop's day
_DAY = re.compile(r"(?:([0-9]{4})[-/.])?([0-9]{1,2})[-/.]([0-9]{1,2})")


class BadDate(ValueError):
    """No birthday: neither MM-DD nor YYYY-MM-DD."""


def birthday(text: str, today: date | None = None) -> str:
    """`MM-DD` or `YYYY-MM-DD`, Gregorian. A year before 1700 is a Jalali one; digits may be Persian. Raises BadDate."""
    match = _DAY.fullmatch(latin_digits(text).strip())
    if match is None:
        raise BadDate("is no birthday; write 05-12 or 1990-05-12")
    month, day = int(match[2]), int(match[3])
    if match[1] is None:
        return _of_any_year(month, day)
    born = _gregorian(int(match[1]), month, day)
    if today and born > today + timedelta(days=1):
        raise BadDate("lies in the future")
    return born.isoformat()


def _of_any_year(month: int, day: int) -> str:
    try:
        return f"{date(2000, month, day):%m-%d}"  # a leap year
    except ValueError:
        raise BadDate("is no day of the year; write 05-12 for the 12th of May") from None


def _gregorian(year: int, month: int, day: int) -> date:
    try:
        if year < JALALI_BEFORE:
            import jdatetime  # few shops write so

            found: date = jdatetime.date(year, month, day).togregorian()
            return found
        return date(year, month, day)
    except ValueError:
        raise BadDate("is no day of the calendar; write 1990-05-12") from None


def in_year(note: str, year: int) -> date:
    """The day of that year. Who was born on a 29th of February has it on the 28th in other years."""
    month, day = int(note[-5:-3]), int(note[-2:])
    if (month, day) == (2, 29) and not calendar.isleap(year):
        day = 28
    return date(year, month, day)


def midnight(day: date, zone_name: str) -> str:
    """The stored moment at which the day begins in a zone."""
    return stamp(datetime(day.year, day.month, day.day, tzinfo=zone(zone_name)))


def coming(note: str, zone_name: str, now: datetime, missed_since: datetime | None = None) -> Iterator[date]:
    """The birthdays that begin within 36 hours or are today, where she lives; and those since `missed_since` began."""
    here = zone(zone_name)
    first = min(now, missed_since or now).astimezone(here).date()
    last = (now + AHEAD).astimezone(here).date()
    for year in range(first.year, last.year + 1):
        day = in_year(note, year)
        if first <= day <= last:
            yield day


def next_night(slug: str, zone_name: str, now: datetime) -> datetime:
    """The next quiet hour of the shop, at a second that is the shop's own, so that not all are at it at once; never
    less than an hour ahead."""
    own = timedelta(seconds=crc32(slug.encode()) % 3600)
    here = zone(zone_name)
    day = now.astimezone(here).date()
    while True:
        night = datetime(day.year, day.month, day.day, QUIET_HOUR, tzinfo=here).astimezone(UTC) + own
        if night >= now + timedelta(hours=1):
            return night
        day += timedelta(days=1)
