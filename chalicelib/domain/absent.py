"""Why a flow did nothing for an order or a customer: a function of what was read, as a code with its parameters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from chalicelib.domain.conditions import failing, holds, said
from chalicelib.domain.flow import ORDER_MOMENTS, Flow
from chalicelib.domain.order import Order
from chalicelib.domain.planning import Rating, known_of, moment_of, plan, started_by, stopped
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import in_order


@dataclass(frozen=True, slots=True)
class Absent:
    """`code` is one of `explaining.SENTENCES`, or a why code."""

    code: str
    params: dict[str, Any] = field(default_factory=dict)


def of_order(flow: Flow, order: Order, shop: Shop, zone: str, rating: Rating | None, is_on: bool) -> Absent:
    """Why nothing of the flow stands for an order."""
    if not is_on:
        return off(flow, shop)
    if reason := stopped(flow, order):
        return Absent(reason)
    known = known_of(order, rating)
    started = started_by(flow, order, rating)
    if started is None:
        return _not_started(flow, order, rating)
    if in_order(started[1]) < in_order(shop.connected_at):
        return Absent("before_connected", {"at": started[1], "since": shop.connected_at})
    if holds(flow.only_if, known) is False:
        test = failing(flow.only_if, known)
        return Absent("says_no", {"test": said(test) if test else ""})
    planned = plan(flow, order, shop.connected_at, zone, rating)
    if planned is None:
        return Absent("not_begun", {"moments": moments(flow)})
    since = shop.flows_since.get(flow.name)
    if since and in_order(planned.started_at) < in_order(since):
        return Absent("before_on", {"at": planned.started_at, "since": since})
    return Absent("next_telling", {"due": planned.due})


def _not_started(flow: Flow, order: Order, rating: Rating | None) -> Absent:
    """No moment of the order is one that starts it, or the start's own condition is not met."""
    known = known_of(order, rating)
    for start in flow.starts:
        if start.when in ORDER_MOMENTS and moment_of(start.when, order, rating) is not None:
            test = failing(start.only_if, known)
            return Absent("says_no", {"test": said(test) if test else ""})
    return Absent("not_begun", {"moments": moments(flow)})


def of_customer(flow: Flow, shop: Shop, is_on: bool) -> Absent:
    """Why nothing of a flow that no order starts stands for a customer."""
    return Absent("not_begun", {"moments": moments(flow)}) if is_on else off(flow, shop)


def off(flow: Flow, shop: Shop) -> Absent:
    since = shop.flows_since.get(flow.name)
    return Absent("off_since", {"since": since}) if since else Absent("off")


def moments(flow: Flow) -> list[str]:
    """What starts the flow, each once."""
    return list(dict.fromkeys(start.when for start in flow.starts))
