"""Coupons: what a rule of the shop's promises, and the one code that a customer got of it."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.domain.money import Money

# Read aloud and typed by hand: no letters or digits that look alike.
_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"


@dataclass(frozen=True, slots=True)
class Rule:
    """What coupons of one name are worth: either `percent` (1 to 100) or `amount` off one order, for `days` days;
    `least` is what the order must come to. `source`: shop (made through its API) | pool (codes the owner brought)."""

    name: str
    percent: int | None = None
    amount: Money | None = None
    days: int = 30
    least: Money | None = None
    source: str = "shop"
    prefix: str = ""  # of the codes: BACK-7K3MQ9

    @property
    def life(self) -> timedelta:
        return timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class Coupon:
    """One code for one person, usable once until the stored moment `expires_at`."""

    code: str
    rule: str
    expires_at: str
    percent: int | None = None
    amount: Money | None = None
    least: Money | None = None
    provider_id: str = ""  # the shop's own id of it


def code_for(key: bytes, prefix: str, follow_up: str) -> str:
    """The code of one follow-up: made again it is the same, so that asking the shop twice can be noticed; without the
    shop's key nobody can guess another's."""
    digest = hmac.digest(key, f"coupon|{follow_up}".encode(), hashlib.sha256)
    number, letters = int.from_bytes(digest[:10], "big"), []
    for _ in range(8):
        number, place = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[place])
    return (f"{prefix}-" if prefix else "") + "".join(letters)
