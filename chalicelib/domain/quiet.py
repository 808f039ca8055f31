"""When nobody is to be disturbed: hours by channel and country, in the customer's own zone.

E-mail waits for no law, but for manners. For SMS: the United States (47 CFR 64.1200(c)(1): 8 am to 9 pm of the called
party; we keep an hour's distance), France (charter of the AF2M: not before 8, not after 20, not on Sundays and public
holidays; Sundays are kept here), Iran (advertising SMS go out from 8 to 22), India (TRAI: 10 to 21). Else the usual.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache

from chalicelib.domain.times import stamp
from chalicelib.domain.zones import zone, zones_in


@dataclass(frozen=True, slots=True)
class Hours:
    """When one may write, from and until; `not_on` are weekdays on which one may not (mon is 0)."""

    since: time
    until: time
    not_on: tuple[int, ...] = ()


USUAL = Hours(time(9), time(21))
SMS_USUAL = Hours(time(9), time(20))
SMS = {
    "US": Hours(time(9), time(20)),
    "FR": Hours(time(9), time(20), (6,)),
    "IR": Hours(time(9), time(21)),
    "IN": Hours(time(10), time(20)),
}


def hours(channel: str, country: str | None) -> Hours:
    return SMS.get(country or "", SMS_USUAL) if channel == "sms" else USUAL


def quiet_until(channel: str, purpose: str, country: str | None, zone_name: str, now: datetime) -> str | None:
    """The stored moment until which she is left alone, or None where she may be written to now. Mail about an order may
    come at any hour; what waits on a page disturbs nobody. An SMS may ring: it must be day in every zone of hers."""
    if channel == "onsite" or (purpose != "marketing" and channel != "sms"):
        return None
    allowed, zones = hours(channel, country), _zones(channel, country, zone_name)
    if _open(allowed, zones, now):
        return None
    # Opening hours of several zones need not overlap at the hours tried first; within a week they do, or never. No zone
    # differs from others by less than a quarter of an hour.
    at = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0)
    for _ in range(24 * 8 * 4):
        at += timedelta(minutes=15)
        if _open(allowed, zones, at):
            return stamp(at)
    return None


def _open(allowed: Hours, zones: tuple[str, ...], now: datetime) -> bool:
    for name in zones:
        local = now.astimezone(zone(name))
        if not allowed.since <= local.time() < allowed.until or local.weekday() in allowed.not_on:
            return False
    return True


def _zones(channel: str, country: str | None, zone_name: str) -> tuple[str, ...]:
    """The westernmost and the easternmost zones of her country for an SMS, where day in all is possible."""
    ends = _ends(country) if channel == "sms" and country else ()
    return ends or (zone_name,)


@lru_cache(maxsize=256)
def _ends(country: str) -> tuple[str, ...]:
    """Of winter and of summer: Hawaii keeps its clocks while all around it change theirs. Empty where the country has
    one zone, or reaches too far."""
    known = zones_in(country)
    if len(known) < 2:
        return ()
    found: list[str] = []
    for month in (1, 7):
        at = datetime(2026, month, 15, 12, tzinfo=UTC)
        offsets = {name: at.astimezone(zone(name)).utcoffset() or timedelta(0) for name in known}
        ends = (min(known, key=offsets.__getitem__), max(known, key=offsets.__getitem__))
        if offsets[ends[1]] - offsets[ends[0]] > timedelta(hours=8):
            return ()
        found += ends
    return tuple(dict.fromkeys(found))
