"""How much marketing a person gets at most: by channel, and in all. What is too much waits; it is not dropped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from chalicelib.domain.customer import LastSend
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import moment, stamp

# channel -> (messages, days); `total` over all channels that disturb. A shop's own stand in `Shop.caps`.
USUAL = {"email": (2, 7), "sms": (1, 7), "http": (1, 7), "total": (3, 7)}


def caps_of(shop: Shop, channel: str) -> Iterator[tuple[str | None, int, int]]:
    """(channel or None for all, most, days) that a message by `channel` has to keep."""
    for name in (channel, "total"):
        if name in USUAL or name in shop.caps:
            most, days = shop.caps.get(name) or USUAL[name]
            yield (None if name == "total" else name), most, days


def frees_at(sends: Iterable[LastSend], channel: str | None, most: int, days: int, now: datetime) -> str | None:
    """When the next place under a cap is free (a stored moment), or None where one is free now."""
    window = timedelta(days=days)
    counted = [send for send in sends if send.is_capped and channel in (None, send.channel)]
    recent = sorted(at for at in (moment(send.at) for send in counted) if at > now - window)
    if len(recent) < most:
        return None
    return stamp(recent[-most] + window) if most else stamp(now + window)
