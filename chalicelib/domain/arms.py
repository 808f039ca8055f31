"""Who is held out. The arm is a hash that anyone with the shop's salt can recompute."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Unit:
    """One person in the experiment: written once, at first eligibility, with the chance of treatment of that moment."""

    id: str  # blind: no address
    arm: str  # treated | control
    p: str  # decimal text: chance of treatment
    day: str


def is_treated(salt: str, unit: str, p: str) -> bool:
    """True iff the first 8 bytes of HMAC-SHA256(salt, unit), read big-endian and divided by 2^64, are below p."""
    number = int.from_bytes(hmac.digest(salt.encode(), unit.encode(), hashlib.sha256)[:8], "big")
    return number < Decimal(p) * 2**64


def assign(salt: str, unit: str, p: str, day: str) -> Unit:
    return Unit(unit, "treated" if is_treated(salt, unit, p) else "control", p, day)
