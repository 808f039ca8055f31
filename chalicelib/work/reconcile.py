"""Every hour: what does the shop have that its webhooks did not tell us, and are they still what they should be?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any

from chalicelib import safe_http
from chalicelib.domain.shop import place
from chalicelib.domain.silence import silent_since, usual_gap
from chalicelib.domain.sync import OVERLAP, Sync, next_round
from chalicelib.domain.times import later, stamp
from chalicelib.platforms.shop_api import Denied, Link, Trouble
from chalicelib.table import counters, orders
from chalicelib.work import hooks, importing, learn_timer
from chalicelib.work.talk import Talk, code_of

MOST_REPAIRS = 20
# Orders of these last days tell a shop's rhythm; more are only read where these are few.
RHYTHM_DAYS, ENOUGH_ORDERS = (2, 28), 50


def work(talk: Talk) -> None:
    """One round, or as much of it as there is time for."""
    api, link = talk.outside.reach(talk.shop)
    if talk.sync.state != "running":
        _begin(talk, api, link)
    while talk.sync.kind:
        if not talk.time_left():
            talk.pass_on()
            return
        page = api.page(link, talk.shop, talk.sync.kind, talk.sync.since, talk.sync.cursor)
        if wait := importing.turn(talk, page):
            talk.leave(talk.sync, talk.outside.now() + wait)
            return
    _finish(talk, api, link)


def _begin(talk: Talk, api: ModuleType, link: Link) -> None:
    """Whose shop is it, do its webhooks stand, from when on do we look."""
    now = talk.outside.now()
    address = api.facts(link).address
    _refuse_copy(talk, address)
    report = {**talk.sync.report, "address": address, **_hooks(talk, api, link, now)}
    since = later(report.get("reached") or talk.shop.connected_at, -OVERLAP)
    talk.keep(replace(talk.sync, report=report).begun(tuple(api.KINDS), since, now))


def _refuse_copy(talk: Talk, address: str) -> None:
    """A copy of the shop would tell of real people's orders a second time, and of orders that never were."""
    registered = talk.shop.source_url
    if registered and address and place(address) != place(registered):
        raise Denied(
            "elsewhere",
            f"the shop says that it lives at {address[:200]}, and it is registered as {registered}: a copy of it, or "
            "has it moved? If it has: `add-shop --source-url`, or connect it again with its new --url",
        )


def _hooks(talk: Talk, api: ModuleType, link: Link, now: datetime) -> dict[str, Any]:
    """Repairs what the shop has switched off or lost; what somebody paused is only reported. A key that may not repair
    them may still read what they failed to tell."""
    try:
        done = hooks.mend(talk.shop, api, link, talk.outside.settings, wake_paused=False)
        states = hooks.states(api, api.hooks(link, hooks.delivery_url(talk.shop, talk.outside.settings)))
    except (Denied, Trouble, safe_http.Unreachable) as trouble:
        return {"repaired": 0, "trouble": _trouble(trouble, now)}
    repairs = [{"at": stamp(now), "action": one.action, "topic": one.topic, "why": one.why} for one in done]
    return {
        "hooks": states,
        "repairs": (talk.sync.report.get("repairs", []) + repairs)[-MOST_REPAIRS:],
        "repaired": len(repairs),
        "trouble": None,
    }


def _trouble(trouble: Exception, now: datetime) -> dict[str, str]:
    return {"code": code_of(trouble), "remedy": getattr(trouble, "remedy", str(trouble)), "at": stamp(now)}


def _count(api: ModuleType, link: Link, report: dict[str, Any], now: datetime) -> dict[str, Any]:
    """How many orders the shop has; what it last said, where it does not say now."""
    try:
        return {"orders_in_shop": api.count(link)}
    except (Denied, Trouble, safe_http.Unreachable) as trouble:
        return {"trouble": report.get("trouble") or _trouble(trouble, now)}


def _finish(talk: Talk, api: ModuleType, link: Link) -> None:
    """The one number: seen of what there is. Then the next round."""
    shop, now = talk.shop, talk.outside.now()
    counted = counters.totals(shop.slug, stamp(now)[:10])
    report = {
        **talk.sync.report,
        "checked_at": stamp(now),
        "reached": talk.sync.began_at,
        "found": {kind: dict(counts) for kind, counts in talk.sync.counts.items()},
        **_count(api, link, talk.sync.report, now),
        "orders_seen": orders.count(shop.slug, now),
        "silent": _silence(shop.slug, counted.last_delivery_at or shop.connected_at, now),
    }
    done: Sync = replace(talk.sync.ended("waiting", now), report=report)
    learn_timer.ensure(shop.slug, now)
    talk.leave(done, next_round(shop.slug, now))


def _silence(slug: str, last_heard: str, now: datetime) -> dict[str, Any] | None:
    """{since, usual_seconds} where nothing was heard for three times the shop's usual gap, else None."""
    gap = usual_gap(_recent(slug, now))
    since = silent_since(last_heard, gap, now)
    return {"since": since, "usual_seconds": int(gap.total_seconds())} if since and gap else None


def _recent(slug: str, now: datetime) -> list[str]:
    """When its last orders were placed, oldest first."""
    moments: list[str] = []
    for days in RHYTHM_DAYS:
        moments = list(_placed(slug, now - timedelta(days=days), now))
        if len(moments) >= ENOUGH_ORDERS:
            break
    return moments


def _placed(slug: str, since: datetime, now: datetime) -> Iterable[str]:
    return (position.split("#")[0] + "Z" for position, _ in orders.placed_since(slug, stamp(since), now))
