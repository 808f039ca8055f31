"""The nightly look at everybody: time alone moves people between segments, and birthdays come by themselves.

Only for shops of which a live flow asks for one or the other. One row of the due index carries it from night to night;
it is worked a page at a time, and a page that was looked at twice changes nothing.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain import dates, segments
from chalicelib.domain.conditions import Condition
from chalicelib.domain.customer import Customer
from chalicelib.domain.shop import Shop
from chalicelib.domain.sync import Sync, Turned
from chalicelib.domain.times import moment
from chalicelib.table import base, customer_pages, shops, sync
from chalicelib.work import birthdays, membership, occasions
from chalicelib.work.log import unforeseen
from chalicelib.work.talk import Talk

SWEEP = "sweep"
PAGE = 100
DAY = timedelta(days=1)
# While history comes in, who enters what means nothing.
WHILE_IMPORTING = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What has to be looked at."""

    segments: dict[str, Condition]
    birthdays: bool

    def __bool__(self) -> bool:
        return bool(self.segments) or self.birthdays


def wanted(shop: Shop) -> Wanted:
    """What the live flows ask for; falsy where they ask for neither. No reads."""
    return Wanted(membership.needed(shop), bool(occasions.wanted(shop, "birthday")))


def ensure(shop: Shop, now: datetime) -> bool:
    """Where a live flow needs it and nobody has: the first look, within two minutes. To be asked whenever flows or
    segments of a shop changed; new conditions are looked at anew. Returns whether there is one now. Raises Trouble."""
    asked = wanted(shop)
    if not asked:
        return False
    held = sync.read(shop.slug, SWEEP)
    new = [name for name in asked.segments if not membership.is_known(shop, name)]
    if held is None or (new and held.sync.state == "waiting"):
        with suppress(base.Conflict):  # somebody else has just put it up, or is at it
            sync.write(shop.slug, held or sync.Held(Sync(SWEEP)), held.sync if held else Sync(SWEEP), now, now)
    return True


def anew(slug: str, now: datetime) -> None:
    """History has come in: everybody is looked at again before coming and going is news. Raises Trouble."""
    shop = shops.get(slug)
    if shop and shop.segments:
        ensure(shops.change(slug, lambda old: replace(old or shop, segments_known={})), now)


def work(talk: Talk) -> None:
    """One night's look, or as much of it as there is time for."""
    asked, now = wanted(talk.shop), talk.outside.now()
    if not asked:
        _rest(talk)
        return
    if talk.shop.importing:
        talk.leave(talk.sync, now + WHILE_IMPORTING)
        return
    if talk.sync.state != "running":
        _begin(talk, asked, now)
    while talk.sync.kind:
        if not talk.time_left():
            talk.pass_on()
            return
        _page(talk, asked)
    _finish(talk, asked)


def _rest(talk: Talk) -> None:
    """No flow asks any more. Should one ask again, people will have moved meanwhile."""
    if talk.shop.segments_known:
        shops.change(talk.shop.slug, lambda old: replace(old or talk.shop, segments_known={}))
    sync.forget(talk.shop.slug, SWEEP)


def _begin(talk: Talk, asked: Wanted, now: datetime) -> None:
    prints = {name: segments.fingerprint(talk.shop.segments[name]) for name in asked.segments}
    report = {**talk.sync.report, "segments": prints}
    shards = tuple(str(shard) for shard in range(customer_pages.CUSTOMER_SHARDS))
    talk.keep(replace(talk.sync, report=report).begun(shards, None, now))


def _page(talk: Talk, asked: Wanted) -> None:
    """One page of a shard of the customers' index, oldest order first: who orders meanwhile moves on, not out."""
    now, counts = talk.outside.now(), {"read": 0, "moved": 0, "planned": 0, "unread": 0}
    found = customer_pages.page(talk.shop.slug, int(talk.sync.kind or 0), talk.sync.cursor, PAGE)
    people = customer_pages.persons(talk.shop.slug, [node for _, node in found])
    for node, person in people.items():
        if node != person.id:
            continue  # she is looked at where her other part stands
        counts["read"] += 1
        for what, count in _look(talk, person, asked, now).items():
            counts[what] += count
    following = found[-1][0] if len(found) == PAGE else None
    talk.keep(talk.sync.turned(Turned({k: v for k, v in counts.items() if v}, following), now))


def _look(talk: Talk, person: Customer, asked: Wanted, now: datetime) -> dict[str, int]:
    """What goes wrong with one of them stays with her."""
    try:
        return _looked(talk, person, asked, now)
    except (base.Trouble, base.Conflict):
        raise
    except Exception as error:
        unforeseen(error, shop=talk.shop.slug)
        return {"unread": 1}


def _looked(talk: Talk, person: Customer, asked: Wanted, now: datetime) -> dict[str, int]:
    shop, counts = talk.shop, {}
    if asked.segments:
        known = membership.facts(shop, person, asked.segments, now)
        if segments.changes(person, known, asked.segments):
            counts["moved"] = membership.settle(shop, person.id, asked.segments, now)
    since = _missed_since(talk.sync)
    if asked.birthdays and birthdays.is_near(shop, person, now, since):
        counts["planned"] = birthdays.plan(shop, person.id, now, since)
    return counts


def _missed_since(held: Sync) -> datetime | None:
    """Nights without a look left birthdays out: from a day after the last one began, they are made up for."""
    reached = held.report.get("reached")
    return moment(reached) + DAY if reached else None


def _finish(talk: Talk, asked: Wanted) -> None:
    """From now on coming and going is news; what was changed under our hands is looked at again at once."""
    now, prints = talk.outside.now(), talk.sync.report.get("segments", {})
    shop = talk.shop
    if prints != shop.segments_known:
        shop = shops.change(shop.slug, lambda old: _knowing(old or talk.shop, prints))
    report: dict[str, Any] = {**talk.sync.report, "reached": talk.sync.began_at, "found": _found(talk.sync)}
    again = any(not membership.is_known(shop, name) for name in asked.segments if name in shop.segments)
    until = now if again else dates.next_night(shop.slug, shop.timezone, now)
    talk.leave(replace(talk.sync.ended("waiting", now), report=report), until)


def _knowing(shop: Shop, prints: dict[str, str]) -> Shop:
    """Only those segments that still are what everybody was looked at under."""
    known = {name: prints[name] for name in prints if segments.fingerprint(shop.segments.get(name)) == prints[name]}
    return shop if known == shop.segments_known else replace(shop, segments_known=known)


def _found(held: Sync) -> dict[str, int]:
    """The counts of all shards together."""
    sums: dict[str, int] = {}
    for counts in held.counts.values():
        for name, count in counts.items():
            sums[name] = sums.get(name, 0) + count
    return sums
