"""`rid`: the name of one recommendation, as it was shown: which slot, which product, why, on which day.

Of a product it names nobody: in the same slot on the same day it has one rid for all visitors. Of a message it says on
whose shelf that lies, and only she is shown it. Whoever clicks hands it back; the seal keeps anybody from counting, or
closing, what was never shown.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from chalicelib import keys
from chalicelib.domain.times import stamp

LONGEST = 800  # a message is named by an id that holds the shop's own
KEPT = timedelta(days=2)
_HEAD = "r_"


class BadRid(ValueError):
    """Not one of ours, of another shop, or too old."""


class Rid(NamedTuple):
    """`day` is `2026-11-22`; `item` a product's id, or a message's; `node`: of a message, on whose shelf it lies."""

    slot: str
    item: str
    code: str
    day: str
    node: str = ""


@lru_cache(maxsize=4096)
def make(master: bytes, shop: str, rid: Rid) -> str:
    """`r_…`, URL-safe."""
    fields = (rid.slot, rid.item, rid.code, rid.day, *((rid.node,) if rid.node else ()))
    text = _text64(json.dumps(fields, ensure_ascii=False, separators=(",", ":")))
    return f"{_HEAD}{text}.{keys.recommendation_mac(master, shop, text)}"


def day_of(now: datetime) -> str:
    return stamp(now)[:10]


def open_rid(master: bytes, shop: str, rid: str, now: datetime) -> Rid:
    """What it stands for. Raises BadRid."""
    fields, _, mac = rid.removeprefix(_HEAD).partition(".")
    if not (rid.startswith(_HEAD) and rid.isascii() and len(rid) <= LONGEST):
        raise BadRid("form")
    if not hmac.compare_digest(mac, keys.recommendation_mac(master, shop, fields)):
        raise BadRid("signature")
    found = _fields(fields)
    if not -1 <= (now.date() - date.fromisoformat(found.day)).days <= KEPT.days:
        raise BadRid("too old")
    return found


def is_ours(master: bytes, shop: str, rid: str, now: datetime) -> bool:
    """Whether `open_rid` would open it."""
    try:
        open_rid(master, shop, rid, now)
    except BadRid:
        return False
    return True


def _fields(text: str) -> Rid:
    try:
        match json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))):
            case [str(slot), str(item), str(code), str(day)]:
                return Rid(slot, item, code, day)
            case [str(slot), str(item), str(code), str(day), str(node)]:
                return Rid(slot, item, code, day, node)
    except (binascii.Error, ValueError):
        pass
    raise BadRid("form")


def _text64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
