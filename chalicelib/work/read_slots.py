"""What an owner sees of the slots: by day, slot and reason how often recommendations were seen, clicked and closed.

It says what was looked at and clicked, and not what it earned: many would have bought anyway. That only those who are
held out can tell, and of the personal slots alone, since what is the same for everybody reaches both arms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime

from chalicelib.domain import spans, wilson
from chalicelib.domain.shop import Shop
from chalicelib.domain.slot import PERSONAL, SLOTS
from chalicelib.domain.spans import Span
from chalicelib.domain.zones import zone
from chalicelib.table import slot_counts
from chalicelib.table.slot_counts import Counts
from chalicelib.work.read_views import Json
from chalicelib.work.slot_words import told

USUAL_DAYS = 28
LEAST_SEEN = 100  # below, the interval says nothing: of 50 with one click it is 0.4 % to 10 %
COUNTED = ("seen", "clicks", "closed")


def span(first: str | None, last: str | None, now: datetime) -> Span:
    """Raises BadSpan."""
    return spans.read(first, last, now.astimezone(UTC).date(), USUAL_DAYS, slot_counts.KEPT.days)


def report(shop: Shop, asked: Span) -> Json:
    """`{from, to, timezone, shop_timezone, day_begins, total, refused, slots, by_day, proof}`. Raises Trouble."""
    days = slot_counts.by_day(shop.slug, str(asked.first), str(asked.last))
    counts = slot_counts.summed(days)
    return {
        "from": str(asked.first),
        "to": str(asked.last),
        "timezone": "UTC",
        "shop_timezone": shop.timezone,
        "day_begins": _begins(asked.last, shop.timezone),
        "total": _told(counts.values(), shop.locale),
        "refused": _refused(counts),
        "slots": [_slot(name, counts, shop.locale) for name in _names(counts)],
        "by_day": [_of_day(day, days.get(day, {})) for day in asked.days],
        "proof": told("no_proof", shop.locale),
    }


def _begins(day: date, zone_name: str) -> str:
    """Where the shop's clock stands when the day begins in UTC."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return f"{midnight.astimezone(zone(zone_name)):%H:%M}"


def _names(counts: Counts) -> list[str]:
    """Every slot there is, also one that nobody saw; behind them those that there were once."""
    return list(dict.fromkeys([*SLOTS, *sorted(slot for slot, _ in counts if slot)]))


def _slot(name: str, counts: Counts, locale: str) -> Json:
    reasons = _reasons(name, counts)
    most_seen_first = sorted(reasons, key=lambda code: (-reasons[code]["seen"], code))
    return {
        "name": name,
        "personal": name in PERSONAL,
        **_told(reasons.values(), locale),
        "reasons": [{"code": code, **_told([reasons[code]], locale)} for code in most_seen_first],
    }


def _reasons(name: str, counts: Counts) -> dict[str, Counter[str]]:
    return {code: counted for (slot, code), counted in counts.items() if slot == name}


def _of_day(day: str, counts: Counts) -> Json:
    named = {slot for slot, _ in counts}
    slots = {name: _sums(_reasons(name, counts).values()) for name in _names(counts) if name in named}
    return {"day": day, **_sums(counts.values()), "refused": _refused(counts), "slots": slots}


def _refused(counts: Counts) -> int:
    return sum(counted["refused"] for counted in counts.values())


def _sums(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for counted in counts:
        total.update(counted)
    return {name: total[name] for name in COUNTED}


def _told(counts: Iterable[Mapping[str, int]], locale: str) -> Json:
    """The sums, and the click rate or why there is none."""
    sums = _sums(counts)
    seen, clicks = sums["seen"], sums["clicks"]
    if clicks > seen:
        return {**sums, "click_rate": None, "withheld": told("more_clicks", locale)}
    if seen < LEAST_SEEN:
        return {**sums, "click_rate": None, "withheld": told("few_seen", locale, {"least": LEAST_SEEN})}
    return {**sums, "click_rate": _rate(clicks, seen), "withheld": None}


def _rate(clicks: int, seen: int) -> Json:
    low, high = wilson.interval(clicks, seen)
    return {"rate": round(clicks / seen, 4), "low": round(low, 4), "high": round(high, 4)}
