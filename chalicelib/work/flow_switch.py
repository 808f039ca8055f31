"""Switching a shop's flows: on and off, to an older version, back to the one that ships.

Nothing of the past is followed up because of it: a flow begins anew with the moment at which it is switched on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from chalicelib import flows
from chalicelib.domain.flow import Flow
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.table import audit, flow_files, shops
from chalicelib.work import flow_book, sweep


class NoSuchFlow(LookupError):
    """The shop has no flow, or no version of it, of that name."""


def switch(shop: Shop, name: str, on: bool, now: datetime, who: str) -> Shop:
    """The flow on or off; the shop as it is then. Raises NoSuchFlow, Trouble."""

    def by(old: Shop) -> Shop:
        flow = flow_book.every(old).get(name)
        if flow is None:
            raise NoSuchFlow(name)
        return switched(old, flow, on, now)

    return _changed(shop, by, "flow_on" if on else "flow_off", name, now, who)


def switched(shop: Shop, flow: Flow, on: bool, now: datetime) -> Shop:
    """The shop with the flow on or off. What is so already keeps the moment since when it is so."""
    if flow_book.is_on(shop, flow) == on:
        return shop
    return replace(
        shop,
        flows_off=_without(shop.flows_off, flow.name) if on else (*_without(shop.flows_off, flow.name), flow.name),
        flows_on=(*_without(shop.flows_on, flow.name), flow.name) if on else _without(shop.flows_on, flow.name),
        flows_since={**shop.flows_since, flow.name: stamp(now)},
    )


def _without(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    return tuple(one for one in names if one != name)


def use(shop: Shop, name: str, version: int, now: datetime, who: str) -> Shop:
    """Another version of a flow is the one that new triggers start: one that was saved, or the one that ships. Whoever
    is under way goes on with hers. Raises NoSuchFlow, Trouble."""
    ships = flows.shipped().get(name)
    saved = flow_files.read(shop.slug, name, version) if version > 0 else None
    if saved is None and not (ships and version == ships.version):
        raise NoSuchFlow(name)
    return _changed(shop, lambda old: live(old, name, version if saved else 0, now), "flow_version", name, now, who)


def take_back(shop: Shop, name: str, now: datetime, who: str) -> Shop:
    """The flow that ships in the place of the owner's; a flow that is only the owner's is switched off. Every version
    stays for those under way. Raises NoSuchFlow, Trouble."""
    if name in flows.shipped():
        return _changed(shop, lambda old: _as_shipped(old, name, now), "flow_shipped", name, now, who)
    return switch(shop, name, False, now, who)


def _as_shipped(shop: Shop, name: str, now: datetime) -> Shop:
    return live(shop, name, 0, now) if name in shop.own_flows else shop


def live(shop: Shop, name: str, version: int, now: datetime) -> Shop:
    """The shop with that version in use; 0 is the one that ships. Where a flow is on that was not before, it begins
    now."""
    before, after = flow_book.every(shop).get(name), replace(shop, own_flows={**shop.own_flows, name: version})
    flow = flow_book.every(after).get(name)
    was = before is not None and flow_book.is_on(shop, before)
    is_now = flow is not None and flow_book.is_on(after, flow)
    return after if was == is_now else replace(after, flows_since={**shop.flows_since, name: stamp(now)})


def _changed(shop: Shop, by: Callable[[Shop], Shop], what: str, name: str, now: datetime, who: str) -> Shop:
    """Written and noted, where it changes anything."""
    if by(shop) == shop:
        return shop

    def change(old: Shop | None) -> Shop:
        if old is None:
            raise NoSuchFlow(name)
        return by(old)

    new = shops.change(shop.slug, change)
    audit.note(shop.slug, audit.Entry(stamp(now), who, what, name, {"version": new.own_flows.get(name, 0)}))
    sweep.ensure(new, now)
    return new
