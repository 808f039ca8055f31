"""From one step of a flow to the next: a function of the flow, the step and what is known, and of nothing else."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta

from chalicelib.domain.conditions import Known, holds
from chalicelib.domain.flow import Flow, Step
from chalicelib.domain.order import Order
from chalicelib.domain.planning import Planned, Rating, moment_of, planned
from chalicelib.domain.times import in_order, later, moment, stamp
from chalicelib.domain.zones import after

# A worker that comes late by less than this changes nothing about when the next step is due.
LATE = timedelta(hours=1)


def next_of(flow: Flow, way: str | None, started_at: str, done_at: str, zone: str) -> Planned | None:
    """What stands next once a step is done at the stored moment `done_at`; `way` is the name of the step it leads to.
    A step that waits for something is due when its time is over. None at the end."""
    following = flow.step(way)
    if following is None or following.kind == "stop":
        return None
    reached = after(done_at, following.wait, zone)
    if following.kind == "wait_for":
        reached = later(reached, following.timeout)
    return planned(flow, following, started_at, reached, later(reached, following.max_late), zone)


def earliest(flow: Flow, planned: Planned) -> str:
    """When a planned step can be done at the earliest: what it waits for may have happened long ago."""
    step = flow.step(planned.step)
    return later(planned.due, -step.timeout) if step and step.kind == "wait_for" else planned.due


def branch(step: Step, known: Known) -> tuple[str, str | None]:
    """(then | else, the step it leads to). What is not known is not so."""
    return ("then", step.then) if holds(step.only_if, known) else ("else", step.other)


def split(step: Step, salt: str, trigger: str) -> tuple[str, str | None]:
    """(the way's number from 1, the step it leads to): a lot that anyone with the shop's salt can draw again, and that
    has nothing to do with the arms."""
    drawn = int.from_bytes(
        hmac.digest(salt.encode(), f"split|{step.name}|{trigger}".encode(), hashlib.sha256)[:8], "big"
    )
    place, reached = drawn * 100 >> 64, 0
    for number, (percent, name) in enumerate(step.shares, 1):
        reached += percent
        if place < reached:
            return str(number), name
    return str(len(step.shares)), step.shares[-1][1]


def happened(event: str, order: Order | None, rating: Rating | None, newer_order: bool) -> bool:
    """Whether what a step waits for has come true."""
    if event == "ordered":
        return newer_order
    return order is not None and moment_of(event, order, rating) is not None


def ends(step: Step, state: str, code: str) -> bool:
    """Whether the flow ends with this step: it was cancelled, or its coupon was not to be had (`code`: why, at last).
    What comes after a coupon speaks of it; left out by its own condition, it was not to be."""
    if state == "cancelled":
        return True
    return step.kind == "coupon" and (state == "failed" or (state, code) == ("skipped", "too_late"))


def waits_until(step: Step, late_after: str) -> str:
    """When the time of a step that waits for something is over, however often it was looked at before: its follow-up
    keeps `late_after` for ever, and that lies `max_late` behind it."""
    return later(late_after, -step.max_late)


def done_at(due_at: str, now: str) -> str:
    """The moment from which the next step counts: when this one was due, unless that is long past."""
    return due_at if in_order(now) <= in_order(stamp(moment(due_at) + LATE)) else now
