"""What steps do that send nothing: ways to take, tags, tasks, waiting. Each ends in one transaction with its effect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from chalicelib.domain.customer import Node
from chalicelib.domain.flow import Step
from chalicelib.domain.journey import branch, happened, split, waits_until
from chalicelib.domain.times import in_order, stamp
from chalicelib.table import base, customers, follow_ups, tasks
from chalicelib.table.base import Write
from chalicelib.work import steps
from chalicelib.work.weigh import Case


def done(case: Case, step: Step, now: datetime) -> str:
    """The step's effect and its end. Returns the state. Raises Trouble, Conflict."""
    return _KINDS[step.kind](case, step, now)


def _branch(case: Case, step: Step, now: datetime) -> str:
    said, way = branch(step, case.facts.known)
    return steps.end(case.shop, case.row, "done", "branch", now, way, way=said)


def _split(case: Case, step: Step, now: datetime) -> str:
    said, way = split(step, case.shop.salt, case.row.lot)
    return steps.end(case.shop, case.row, "done", "split", now, way, way=said)


def _wait_for(case: Case, step: Step, now: datetime) -> str:
    true = happened(step.value, case.order, case.facts.rating, case.facts.newer_order)
    until = waits_until(step, case.row.late_after)
    if not true and in_order(stamp(now)) < in_order(until):
        return _wait_on(case, until, now)
    code = "happened" if true else "did_not_happen"
    return steps.end(case.shop, case.row, "done", code, now, step.then if true else step.other, event=step.value)


def _wait_on(case: Case, until: str, now: datetime) -> str:
    """Somebody saw it coming, or the shop was closed: what it waits for may still happen."""
    case.row.state, case.row.due_at = "scheduled", until
    base.commit([follow_ups.write(case.row, case.row.rev, now)])
    return "scheduled"


def _tag(case: Case, step: Step, now: datetime) -> str:
    tag, value = step.value.removeprefix("-"), "off" if step.value.startswith("-") else "on"
    writes = _noted(case, {f"tag:{tag}": value}, now)
    return steps.end(case.shop, case.row, "done", "tagged", now, None, writes, tag=step.value)


def _noted(case: Case, notes: dict[str, str], now: datetime) -> list[Write]:
    """Her profile with the notes, and no other part of her changed since it was read."""
    if case.customer is None:
        return []
    survivor, writes = case.customer.survivor.id, []
    for read in case.reads:
        if read.node.id == survivor:
            writes.append(customers.write(case.shop.slug, read, _with(read.node, notes, now)))
        else:
            writes.append(customers.unchanged(case.shop.slug, read))
    return writes


def _with(node: Node, notes: dict[str, str], now: datetime) -> Node:
    return replace(node, contact=node.contact.noted(stamp(now), notes))


def _task(case: Case, step: Step, now: datetime) -> str:
    """One task, whatever happens: its id is made of the flow, the trigger and the step."""
    row, customer = case.row, case.row.customer or ""
    name = f"{row.flow}-{row.trigger_id}-{row.step}"
    writes = []
    if tasks.read(case.shop.slug, customer, name) is None:
        task = tasks.new(case.shop.slug, customer, name)
        task.about, task.text, task.state, task.at, task.order_id = "flow", step.value, "open", stamp(now), row.order_id
        writes = tasks.writes(task, None)
    return steps.end(case.shop, row, "done", "task_opened", now, None, writes)


_KINDS: dict[str, Callable[[Case, Step, datetime], str]] = {
    "branch": _branch,
    "split": _split,
    "wait_for": _wait_for,
    "tag": _tag,
    "task": _task,
}
INSTANT = tuple(_KINDS)
