"""The clock: every minute, what is due goes to the outbox, fairly by shop and no faster than the provider takes it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, zip_longest

from chalicelib.domain.times import moment
from chalicelib.table import base, due, follow_ups, sync
from chalicelib.thin import Trouble
from chalicelib.work import refetch
from chalicelib.work.learn_timer import LEARN
from chalicelib.work.log import logger

# Two minutes of the provider's rate wait in the outbox at most: 100,000 due at 14/s otherwise meant millions of claims
# of the same few.
MINUTES_AHEAD = 2
MOST_READ = 50_000
# Buckets younger than this are looked at again even if empty: a slow writer may still put something there.
SETTLED_AFTER = timedelta(hours=2)
JANITOR_REACH = timedelta(hours=48)


@dataclass
class Outside:
    """What the clock needs from elsewhere."""

    enqueue: Callable[[list[tuple[str, str]]], None]  # (shop, message body)
    waiting: Callable[[], int]  # messages in the outbox, in flight included
    rate: float  # messages a second the provider takes
    ask: Callable[[list[tuple[str, str]]], None]  # (shop, message body): work at a shop's API
    learn: Callable[[list[tuple[str, str]]], None] = lambda _: None  # the same: shops that are to be learnt from


def tick(now: datetime, outside: Outside) -> int:
    """One minute's work. Returns how many follow-ups went to the outbox."""
    base.connect()
    cursor = due.cursor(now)
    found = _due_by_hour(_hours_to_look_at(cursor, now), now)
    keys = list(chain.from_iterable(found.values()))
    waiting = outside.waiting()
    # Workers may be quicker than the provider: no minute brings more than it takes in one.
    room = max(0, min(max(1, int(outside.rate * 60)), int(outside.rate * 60 * MINUTES_AHEAD) - waiting))
    # What waits in the outbox is still due in the table: it is the head of the same fair order.
    chosen = fair(key for key in keys if key[1].startswith("FU#"))[waiting : waiting + room]
    if chosen:
        outside.enqueue([_message(pk, sk) for pk, sk in chosen])
    _advance(cursor, found, now)
    _hint([*_refetches(keys), *_talks(keys, learning=False)], outside.ask)
    _hint(_talks(keys, learning=True), outside.learn)
    return len(chosen)


def _hint(hints: list[tuple[str, str]], ask: Callable[[list[tuple[str, str]]], None]) -> None:
    """Only hints: what they are about is still due in a minute, and nothing else has to wait for them."""
    try:
        if hints:
            ask(hints)
    except (Trouble, OSError) as trouble:
        logger.warning("nobody can be asked now", extra={"reason": type(trouble).__name__})


def _refetches(keys: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """One message a shop and minute, about no more orders than it may be asked for in one."""
    found = refetch.grouped(key for key in keys if key[1] == "REFETCH")
    return [(shop, json.dumps({"shop": shop, "task": "refetch", "orders": ids})) for shop, ids in sorted(found.items())]


def _talks(keys: Iterable[tuple[str, str]], *, learning: bool) -> list[tuple[str, str]]:
    """Imports and hourly looks that are due, or shops to be learnt from: each kind has a queue of its own. Whoever
    reads the message asks the table whether they still are."""
    found = [(pk.split("#")[1], sk.removeprefix(sync.PREFIX)) for pk, sk in keys if sk.startswith(sync.PREFIX)]
    return [(shop, json.dumps({"shop": shop, "task": task})) for shop, task in found if (task == LEARN) == learning]


def _hours_to_look_at(cursor: str, now: datetime) -> list[str]:
    """From the cursor on; once a day two days back, should something have been left behind."""
    since = moment(cursor + ":00")
    if (now.hour, now.minute) == (3, 0):
        since = min(since, now - JANITOR_REACH)
    return list(due.hours(since.strftime("%Y-%m-%dT%H"), now + timedelta(seconds=60)))


def _due_by_hour(hours: Iterable[str], now: datetime) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for hour in hours:
        found[hour] = due.due_in(hour, now, MOST_READ // due.SHARDS)
        if _mails(found) >= MOST_READ or sum(map(len, found.values())) >= 4 * MOST_READ:
            break
    return found


def _mails(found: dict[str, list[tuple[str, str]]]) -> int:
    """Marks and timers must not keep mails from being read."""
    return sum(key[1].startswith("FU#") for keys in found.values() for key in keys)


def fair(keys: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """One of each shop in turn, each shop's in the order given: nobody's thousands make anybody else wait."""
    by_shop: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for pk, sk in keys:
        by_shop[pk.split("#")[1]].append((pk, sk))
    rounds = zip_longest(*(by_shop[shop] for shop in sorted(by_shop)))
    return [key for key in chain.from_iterable(rounds) if key is not None]


def _message(pk: str, sk: str) -> tuple[str, str]:
    shop = pk.split("#")[1]
    return shop, json.dumps({"shop": shop, "follow_up": follow_ups.id_of(pk, sk)})


def _advance(cursor: str, found: dict[str, list[tuple[str, str]]], now: datetime) -> None:
    """Past hours that are over, old enough and empty: whatever stood in an hour that is over is due."""
    reached = moment(cursor + ":00")
    while reached + timedelta(hours=1) <= now - SETTLED_AFTER and found.get(reached.strftime("%Y-%m-%dT%H")) == []:
        reached += timedelta(hours=1)
    if reached != moment(cursor + ":00"):
        due.advance(reached.strftime("%Y-%m-%dT%H"))
