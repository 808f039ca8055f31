"""What the door noticed, worked off each minute: refused signatures are counted, and shops that sign with a key we do
not know are asked for their keys."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from chalicelib.notices import NOTHING, PREFIX, Tally, read
from chalicelib.table import base, counters, shops
from chalicelib.thin import Trouble
from chalicelib.work.log import logger

MOST_AT_ONCE = 200
KEYS = "keys"  # the task: fetch the shop's public keys
_DAY = re.compile(re.escape(PREFIX) + r"(\d{4}-\d\d-\d\d)T")


@dataclass
class Outside:
    listed: Callable[[int], list[str]]  # keys in the bucket, oldest first
    get: Callable[[str], bytes | None]
    forget: Callable[[str], None]
    ask: Callable[[list[tuple[str, str]]], None]  # (shop, message) onto the queue of questions for the shops


def drain(outside: Outside) -> int:
    """How many notices were worked off. Where bucket, queue or table fail they lie there for the next minute; counted
    twice at worst. Only shops of this table are counted: names at the door are anybody's."""
    base.connect()
    try:
        found = _read(outside)
        known = _known({shop for _, tally in found.values() for shop in (*tally.refused, *tally.keys)})
        wanted = sorted(known & {shop for _, tally in found.values() for shop in tally.keys})
        if wanted:
            outside.ask([(shop, json.dumps({"shop": shop, "task": KEYS})) for shop in wanted])
        _count(found.values(), known)
        for key in found:
            outside.forget(key)
    except (Trouble, base.Trouble, OSError) as trouble:
        logger.warning("notices wait", extra={"reason": type(trouble).__name__})
        return 0
    return len(found)


def _read(outside: Outside) -> dict[str, tuple[str, Tally]]:
    """key -> (day, tally). What cannot be read never will be: it goes."""
    found = {}
    for key in outside.listed(MOST_AT_ONCE):
        day, text = _DAY.match(key), None if key == NOTHING else outside.get(key)
        if text is None:
            continue
        try:
            if day is None:
                raise ValueError("no day")
            found[key] = (day[1], read(text))
        except ValueError:
            logger.warning("broken notice", extra={"key": key})
            outside.forget(key)
    return found


def _known(slugs: Iterable[str]) -> set[str]:
    return {slug for slug in slugs if shops.get(slug) is not None}


def _count(found: Iterable[tuple[str, Tally]], known: set[str]) -> None:
    """Once for each shop and day."""
    days: dict[str, Tally] = defaultdict(Tally)
    for day, tally in found:
        days[day].add(tally)
    for day, tally in sorted(days.items()):
        for shop in sorted(known & tally.refused.keys()):
            counters.add(shop, day, {"refused": tally.refused[shop]})
