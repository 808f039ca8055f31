"""The named segments of RFM: who is in which, and what the name means, in English and Persian."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

OFTEN = 3  # occasions at least, though in many a shop twice is more than most
Reason = tuple[str, Mapping[str, Any]]

MEANINGS: dict[str, dict[str, str]] = {
    "champion": {
        "en": "Orders often, spends much, and did so lately.",
        "fa": "زیاد سفارش می‌دهد، زیاد خرج می‌کند و به‌تازگی خرید کرده است.",
    },
    "loyal": {
        "en": "Orders more often than most, and is not late.",
        "fa": "بیشتر از دیگران سفارش می‌دهد و دیر نکرده است.",
    },
    "potential_loyalist": {
        "en": "Has come back lately; another order or two and it is a habit.",
        "fa": "به‌تازگی دوباره خرید کرده است؛ با یکی دو سفارش دیگر مشتری همیشگی می‌شود.",
    },
    "new": {"en": "Ordered for the first time lately.", "fa": "به‌تازگی برای نخستین بار سفارش داده است."},
    "promising": {
        "en": "Ordered once, not long ago: there is still time to come back.",
        "fa": "یک بار سفارش داده و هنوز زمان زیادی نگذشته است: شاید برگردد.",
    },
    "needs_attention": {
        "en": "Used to come back, and has not ordered for a while.",
        "fa": "پیش‌تر دوباره خرید کرده، ولی مدتی است سفارشی نداده است.",
    },
    "about_to_sleep": {
        "en": "Ordered once, a while ago.",
        "fa": "یک بار و مدتی پیش سفارش داده است.",
    },
    "at_risk": {
        "en": "Ordered often, but not for long: later than this shop's customers usually come back.",
        "fa": "زیاد سفارش می‌داد، ولی دیرتر از آنچه مشتریان این فروشگاه معمولاً برمی‌گردند.",
    },
    "cannot_lose": {
        "en": "Was among the best, and has not ordered for very long.",
        "fa": "از بهترین‌ها بود و زمان بسیاری است که سفارشی نداده است.",
    },
    "hibernating": {
        "en": "Came back once or twice, long ago.",
        "fa": "یکی دو بار برگشته، ولی زمان زیادی گذشته است.",
    },
    "lost": {"en": "Ordered once, very long ago.", "fa": "یک بار و زمان بسیاری پیش سفارش داده است."},
}


@dataclass(frozen=True, slots=True)
class Standing:
    """Scores from 1 to 5; `monetary` is the best of the currencies, 0 where none is known."""

    recency: int
    frequency: int
    monetary: int


def segment(standing: Standing, occasions: int, days: int) -> tuple[str, tuple[Reason, ...]]:
    """Its code, one of MEANINGS, and what it rests on. `occasions` she ordered at, the last `days` ago."""
    often = standing.frequency >= 3 and occasions >= OFTEN
    name = _once(standing.recency) if occasions == 1 else _returning(standing, often)
    reasons: tuple[Reason, ...] = ("orders", {"count": occasions}), ("last_order", {"days": days})
    return name, (*reasons, ("spent", {"score": standing.monetary})) if standing.monetary else reasons


def _once(recency: int) -> str:
    return ("lost", "about_to_sleep", "promising", "new", "new")[recency - 1]


def _returning(standing: Standing, often: bool) -> str:
    if standing.recency >= 4:
        good = often and standing.frequency >= 4 and standing.monetary in (0, 4, 5)
        return "champion" if good else "loyal" if often else "potential_loyalist"
    if standing.recency == 3:
        return "loyal" if often else "needs_attention"
    if not often:
        return "hibernating"
    best = standing.frequency == 5 and standing.monetary in (0, 5)
    return "cannot_lose" if best and standing.recency == 1 else "at_risk"
