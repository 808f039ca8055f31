"""Where somebody's clock stands: a person's time zone, and moments by it. DST is the zone's business, not ours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chalicelib.domain.flow import Wait
from chalicelib.domain.times import moment, stamp


def zone_of(country: str | None, shop_country: str | None, shop_zone: str) -> str:
    """The IANA zone of somebody in `country` (ISO 3166-1): the shop's where it lies there too or nothing is known, the
    country's own where it has one, else the one in the middle of the country's (by today's offset)."""
    if not country or country == shop_country:
        return shop_zone
    zones = zones_in(country)
    if not zones or shop_zone in zones:
        return shop_zone
    return zones[len(zones) // 2]


@lru_cache(maxsize=256)
def zones_in(country: str) -> tuple[str, ...]:
    """All zones of a country (CLDR), from west to east; empty where it is unknown."""
    from babel.core import get_global  # heavy, and most shops sell at home

    known = [name for name in get_global("territory_zones").get(country, ()) if _zone(name)]
    winter = datetime(2026, 1, 15, 12, tzinfo=UTC)
    return tuple(sorted(known, key=lambda name: (winter.astimezone(zone(name)).utcoffset(), name)))


def zone(name: str) -> tzinfo:
    """The zone; UTC where the name is none."""
    return _zone(name) or UTC


@lru_cache(maxsize=512)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def after(at: str, wait: Wait, zone_name: str) -> str:
    """The stored moment that `wait` leads to from the stored moment `at`: first the length, then on to the local hour
    and the weekday. An hour that the clock skips in spring is the one after it."""
    reached = moment(at) + wait.length
    if wait.at is None and not wait.on:
        return stamp(reached)
    here = zone(zone_name)
    local = reached.astimezone(here)
    day, hour = local.date(), wait.at or local.timetz().replace(tzinfo=None)
    for _ in range(9):
        found = datetime.combine(day, hour, here).astimezone(UTC)
        if found >= reached and (not wait.on or day.weekday() in wait.on):
            return stamp(found)
        day += timedelta(days=1)
    raise AssertionError("a week has every weekday")
