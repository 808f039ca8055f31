"""A flow's coupon step, carried out by the one function that talks with shops. The claim that send left stands until
this has come to an end; where it does not, the step becomes due again and asks for the same code."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from chalicelib import safe_http
from chalicelib.domain.coupon import Coupon
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.platforms.shop_api import Trouble
from chalicelib.table import base, follow_ups
from chalicelib.table.follow_ups import FollowUpRow
from chalicelib.work import coupons, flow_book, steps
from chalicelib.work.replan import because
from chalicelib.work.talk import Outside

# How often a shop that has no time is asked before the step is given up.
MOST_TRIES = 12


def work(shop: Shop, follow_up: str, outside: Outside) -> str:
    """The follow-up's state, or `not_due` where there was nothing to do. Raises base.Trouble: let it come again."""
    row = follow_ups.get(shop.slug, follow_up)
    flow = flow_book.of(shop, row.flow, row.version) if row else None
    step = flow.step(row.step) if flow and row else None
    if row is None or step is None or step.kind != "coupon" or row.state != "claimed" or not row.customer:
        return "not_due"
    now = outside.now()
    try:
        coupon = coupons.grant(shop, step.value, row.id, row.customer, outside)
    except coupons.NoCoupon as none:
        return _failed(shop, row, none.code, now)
    except (Trouble, safe_http.Unreachable) as trouble:
        return _later(shop, row, type(trouble).__name__, getattr(trouble, "wait", None) or 0, now)
    with suppress(base.Conflict):  # somebody else was given it meanwhile: it is the same one
        row.about = {**(row.about or {}), "coupon": plain(coupon)}
        return steps.end(shop, row, "done", "coupon_made", now, rule=step.value)
    return "not_due"


def _failed(shop: Shop, row: FollowUpRow, reason: str, now: datetime) -> str:
    with suppress(base.Conflict):
        return steps.end(shop, row, "failed", "coupon_failed", now, reason=reason)
    return "not_due"


def _later(shop: Shop, row: FollowUpRow, reason: str, wait: float, now: datetime) -> str:
    if (row.tries or 0) >= MOST_TRIES:
        return _failed(shop, row, reason, now)
    pause = max(timedelta(minutes=5) * (row.tries or 1), timedelta(seconds=wait))
    row.state, row.lease_until, row.due_at = "deferred", None, stamp(now + pause)
    because(row, "retry", now, reason=reason, until=row.due_at)
    with suppress(base.Conflict):
        base.commit([follow_ups.write(row, row.rev, now)])
        return "deferred"
    return "not_due"


def plain(coupon: Coupon) -> dict[str, Any]:
    """The coupon as the follow-ups that come after keep it; `compose.coupon_of` reads it."""
    return {name: value for name, value in asdict(coupon).items() if value not in (None, "")}
