"""What would come after a follow-up if nothing changed: the steps ahead of it, each with its moment."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.facts import Facts
from chalicelib.domain.flow import MOST_STEPS, Flow, Step
from chalicelib.domain.journey import branch, happened, next_of, split


@dataclass(frozen=True, slots=True)
class Coming:
    """`at`: the stored moment at which the step would be due. `way`: of a branch or split the one taken before it."""

    step: Step
    at: str
    way: str | None = None


def ahead(flow: Flow, facts: Facts, due: str, started_at: str, trigger: str) -> list[Coming]:
    """The steps after the one the facts are about, which is due at the stored moment `due`. What is waited for is taken
    not to come; conditions are asked as of now."""
    found: list[Coming] = []
    step, at = facts.step, due
    while step is not None and len(found) < MOST_STEPS:
        way, leads_to = _way(step, facts, trigger)
        planned = next_of(flow, leads_to, started_at, at, facts.zone)
        step = flow.step(planned.step) if planned else None
        if planned and step:
            at = planned.due
            found.append(Coming(step, at, way))
    return found


def _way(step: Step, facts: Facts, trigger: str) -> tuple[str | None, str | None]:
    if step.kind == "branch":
        return branch(step, facts.known)
    if step.kind == "split":
        return split(step, facts.shop.salt, trigger)
    if step.kind == "wait_for":
        true = happened(step.value, facts.order, facts.rating, facts.newer_order)
        return ("then", step.then) if true else ("else", step.other)
    return None, step.next
