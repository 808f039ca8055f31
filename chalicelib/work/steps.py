"""Ending one step of a flow and putting up the next, in one transaction: neither is ever without the other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib.domain.flow import Step
from chalicelib.domain.journey import done_at, ends, next_of
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.table import base, follow_ups
from chalicelib.table.base import Write
from chalicelib.table.follow_ups import FollowUpRow, key_of
from chalicelib.work import flow_book
from chalicelib.work.replan import because, stand


def end(
    shop: Shop,
    row: FollowUpRow,
    state: str,
    code: str,
    now: datetime,
    way: str | None = None,
    others: Iterable[Write] = (),
    /,
    **params: Any,
) -> str:
    """The row in its last state with its reason, and the next step's row beside it; `way`: the step that a branch leads
    to, where it does not simply go on. Returns the state. Raises Trouble, Conflict."""
    row.state, row.decided = state, stamp(now)
    row.lease_until = None
    because(row, code, now, **params)
    following = onward(shop, row, way, now)
    base.commit([follow_ups.write(row, row.rev, now), *following, *others])
    return state


def onward(shop: Shop, row: FollowUpRow, way: str | None, now: datetime) -> list[Write]:
    """The write of the row that comes after `row`; none at the end of the flow, which some steps are before their time
    (`journey.ends`)."""
    flow = flow_book.of(shop, row.flow, row.version)
    step = flow.step(row.step) if flow else None
    if flow is None or step is None or ends(step, row.state, row.why[-1]["code"]):
        return []
    leads_to = way if step.kind in ("branch", "split", "wait_for") and row.state == "done" else step.next
    at = done_at(row.due_at, stamp(now))
    planned = next_of(flow, leads_to, row.started_at, at, row.zone or shop.timezone)
    key = key_of(row.id)
    if planned is None or key is None:
        return []
    key = replace(key, step=planned.step)
    if follow_ups.get(shop.slug, key.id):
        return []
    new = stand(shop, key, planned, now)
    new.order_id, new.customer, new.about = row.order_id, row.customer, row.about
    new.unit, new.arm = row.unit, row.arm
    return [follow_ups.write(new, None, now)]


def at_once(shop: Shop, row: FollowUpRow) -> bool:
    """Whether what comes next is looked at in the same breath. After a task that was held out it is, as after one that
    was opened: nothing but what is sent may tell the arms apart."""
    if row.state != "held_out":
        return row.state == "done"
    flow = flow_book.of(shop, row.flow, row.version)
    step = flow.step(row.step) if flow else None
    return step is not None and step.kind == "task"


def next_id(shop: Shop, row: FollowUpRow) -> str | None:
    """The follow-up that was put up after `row`, if it stands and is due when `row` was."""
    flow, key = flow_book.of(shop, row.flow, row.version), key_of(row.id)
    step = flow.step(row.step) if flow else None
    if flow is None or step is None or key is None:
        return None
    for name in leads(step):
        found = follow_ups.get(shop.slug, replace(key, step=name).id)
        if found and found.state == "scheduled":
            return found.id
    return None


def leads(step: Step) -> list[str]:
    """Every step that this one may lead to."""
    ways = (step.next, step.then, step.other, *(name for _, name in step.shares))
    return list(dict.fromkeys(name for name in ways if name))
