"""What may be sent at a moment, by the words of the documentation and the whole of what was told: nothing here asks
`domain.deciding` or what it stands on. Flow files are read by the shop's own reader, and their words believed.

What is known of people and orders comes from `tests/life_model.py`, which works it out from all tellings at once.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from chalicelib.channels import Message
from chalicelib.domain.conditions import Test
from chalicelib.domain.flow import Flow, Rhythm
from chalicelib.domain.order import Order
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import moment
from tests.life_model import Model
from tests.lives import Happened

ZONES = {
    "US": "America/New_York",
    "DE": "Europe/Berlin",
    "IR": "Asia/Tehran",
    "FR": "Europe/Paris",
    "IN": "Asia/Kolkata",
}
# SMS may ring from, until, and on no Sunday; whoever lives in the United States may live in any of their zones.
SMS_HOURS = {"US": (9, 20), "DE": (9, 20), "IR": (9, 21), "FR": (9, 20), "IN": (10, 20)}
ENDS_OF_US = ("Pacific/Honolulu", "America/New_York")
USUAL_CAPS = {"email": (2, 7), "sms": (1, 7), "http": (1, 7), "total": (3, 7)}
DAY = timedelta(days=1)
Known = tuple[str, str]  # (said when, what)


@dataclass(frozen=True)
class Left:
    """A message that left us."""

    at: datetime
    node: str  # who she is, by her one name
    holder: str  # whose moment it was: of an order, nobody's
    follow_up: str
    channel: str
    purpose: str
    key: tuple[str, str, str]  # flow, trigger, step


@dataclass
class World:
    """Everything an onlooker knows. `told` is what shop and owner said, in the order in which we heard it."""

    shop: Shop
    told: list[Happened] = field(default_factory=list)
    noes: dict[str, dict[str, str]] = field(default_factory=dict)  # node -> channel -> when she complained, said STOP
    notes: dict[str, dict[str, Known]] = field(default_factory=dict)  # node -> what she wished
    barred: set[str] = field(default_factory=set)  # addresses nobody may write to
    objected: set[str] = field(default_factory=set)  # addresses of erased people who had said no
    carts: dict[str, bool] = field(default_factory=dict)  # cart -> whether anything is in it
    stock: dict[str, bool] = field(default_factory=dict)
    left: list[Left] = field(default_factory=list)
    shares: dict[str, str] = field(
        default_factory=dict
    )  # unit -> the share of the treated when she was first looked at
    _model: Model | None = None
    _of: int = -1

    @property
    def model(self) -> Model:
        if self._model is None or self._of != len(self.told):
            self._model, self._of = Model(self.told), len(self.told)
        return self._model

    def person(self, node: str) -> list[str]:
        linked = self.model.nodes.get(node, {}).get("linked")
        return [one for one in (node, linked) if one in self.model.nodes]

    def all_of(self, node: str, kind: str) -> dict[str, str]:
        """Her addresses (`emails`, `phones`) with the moment each was last said."""
        found: dict[str, str] = {}
        for one in self.person(node):
            for address, at in self.model.nodes[one][kind].items():
                found[address] = max(found.get(address, ""), at)
        return found

    def said(self, node: str, channel: str, state: str) -> str | None:
        """When she last said it; "" where nobody knows when; None: never."""
        times = [self.model.nodes[one]["consents"].get(f"{channel}:{state}", (None,))[0] for one in self.person(node)]
        if state == "unsubscribed":
            times += [self.noes.get(one, {}).get(channel) for one in self.person(node)]
        known = [at.removesuffix("Z") for at in times if at is not None]
        return max(known) if known else None

    def may_sell(self, node: str, channel: str, to: str) -> bool:
        """Strict: she agreed, and later than she last said no. Soft, by mail: until she says no."""
        yes, no = self.said(node, channel, "subscribed"), self.said(node, channel, "unsubscribed")
        if to in self.objected and yes is None:
            return False
        if no is not None:
            return bool(yes) and str(yes) > no
        return yes is not None or (channel == "email" and self.shop.consent == "soft")

    def note(self, node: str, name: str) -> str:
        known = [self.notes[one][name] for one in self.person(node) if name in self.notes.get(one, {})]
        return max(known, default=("", ""))[1]

    def orders_of(self, node: str) -> list[Order]:
        person = self.person(node)
        return [order for order, customer, _ in self.model.orders.values() if order and customer in person]

    def treated(self, unit: str) -> bool:
        """The formula of docs/experiments.md, once more."""
        number = int.from_bytes(hmac.new(self.shop.salt.encode(), unit.encode(), hashlib.sha256).digest()[:8], "big")
        return number / 2**64 < float(self.shares[unit])


def objections(world: World, row: Any, flow: Flow, message: Message, channel: str, now: datetime) -> list[str]:
    """Every reason for which this message must not leave at `now`; [] where it may."""
    node, kind = message.about["customer"], channel.partition(":")[0]
    found = [*_of_shop(world, flow), *_of_person(world, node), *_of_order(world, row, flow, node, now)]
    if message.about["step"] not in [step.name for step in flow.steps]:
        found.append("no such step in the version she started")
    if kind == "webhook":
        return found
    found += _of_conditions(world, row, flow, node, now)
    found += _of_address(world, row, node, kind, message.to)
    found += _of_hours(world, row, flow, node, kind, now)
    return found + _of_what_she_got(world, row, flow, node, kind, now)


def _of_shop(world: World, flow: Flow) -> list[str]:
    off = flow.name in world.shop.flows_off or not (flow.on or flow.name in world.shop.flows_on)
    return [f"the shop is {world.shop.state}"] * (world.shop.state != "on") + ["the flow is off"] * off


def _of_person(world: World, node: str) -> list[str]:
    if node not in world.model.nodes:
        return ["nobody we know"]
    return ["she was erased"] if any(one in world.model.erased for one in world.person(node)) else []


def _of_order(world: World, row: Any, flow: Flow, node: str, now: datetime) -> list[str]:
    found, since, order = [], row.started_at, None
    if row.order_id is not None:
        order, customer, _ = world.model.orders[row.order_id]
        found = _bad(order, flow)
        if customer not in world.person(node):
            found.append("somebody else's order")
        since = order.placed_at if order else since
    newer = [
        one.id
        for one in world.orders_of(node)
        if _counts(one) and one.id != row.order_id
        if moment(one.placed_at) > moment(since)
    ]
    if newer and "bought_again" in flow.exits:
        found.append(f"a newer order {newer}")
    rhythm = any(start.rhythm for start in flow.starts)
    if not rhythm and now > moment(row.late_after):
        found.append("too late")
    about = row.about or {}
    if "cart" in about and not world.carts.get(about["cart"]):
        found.append("the cart is empty")
    if "product" in about and not world.stock.get(about["product"]):
        found.append("it is sold out")
    return found


def _bad(order: Order | None, flow: Flow) -> list[str]:
    if order is None or order.status == "deleted":
        return ["the order is gone"]
    cancels = any(start.when == "cancelled" for start in flow.starts)
    bad = {
        "a test": order.test,
        "cancelled": order.status == "cancelled" and not cancels,
        "not placed": order.status not in ("placed", "completed", "cancelled"),
        "refunded": "refunded" in flow.exits
        and order.status != "cancelled"
        and sum(r.amount for r in order.refunds) > 0,
    }
    return [f"the order is {name}" for name, so in bad.items() if so]


def _of_conditions(world: World, row: Any, flow: Flow, node: str, now: datetime) -> list[str]:
    """Of the flow and of the step, as far as random flows ask for anything."""
    step = flow.step(row.step)
    asked = [flow.only_if, step.only_if if step else None]
    found = [
        f"{one.fact} is not so" for one in asked if isinstance(one, Test) and not _holds(world, row, node, now, one)
    ]
    start = flow.starts[0]
    if start.rhythm and step == flow.steps[0]:
        order = world.model.orders[row.order_id][0]
        if order and now < moment(row.started_at) + start.wait.length + _rhythm(world, node, order, start.rhythm):
            found.append("before her rhythm says so")
    return found


def _holds(world: World, row: Any, node: str, now: datetime, test: Test) -> bool:
    order = world.model.orders[row.order_id][0] if row.order_id else None
    counted = [one for one in world.orders_of(node) if _counts(one)]
    if test.fact == "order.nth":
        return order is not None and sum(moment(o.placed_at) < moment(order.placed_at) for o in counted) + 1 in _some(
            test
        )
    if test.fact == "order.total":
        return order is not None and (order.currency, order.total >= 1000) == ("EUR", True)
    if test.fact == "customer.orders":
        return len(counted) >= 2
    if test.fact == "now.weekday":
        local = now.astimezone(ZoneInfo(ZONES[_country(world, row, node)]))
        return f"{local:%a}".lower() in _some(test)
    if test.fact == "reach.sms":
        return bool(world.all_of(node, "phones"))
    if test.fact == "consent.email":
        return world.may_sell(node, "email", "")
    return True


def _some(test: Test) -> Any:
    return test.value if isinstance(test.value, tuple) else (test.value,)


def _counts(order: Order) -> bool:
    return order.status in ("placed", "completed") and not order.test


def _rhythm(world: World, node: str, order: Order, rhythm: Rhythm) -> timedelta:
    """The median of the times between her orders (of a product: those that share one) up to this one, times the factor,
    in whole hours, within bounds."""
    at, mine = moment(order.placed_at), _products(order)
    orders = [one for one in world.orders_of(node) if rhythm.of == "customer" or _products(one) & mine]
    times = sorted({at, *(moment(one.placed_at) for one in orders if _counts(one) and moment(one.placed_at) <= at)})
    gaps = [after - before for before, after in pairwise(times)]
    usual = median(gaps) * rhythm.factor if gaps else rhythm.usual
    return min(max(timedelta(hours=round(usual / timedelta(hours=1))), rhythm.least), rhythm.most)


def _products(order: Order) -> set[str | None]:
    return {line.product_id for line in order.lines}


def _of_address(world: World, row: Any, node: str, kind: str, to: str) -> list[str]:
    found = []
    order = world.model.orders[row.order_id][0] if row.order_id else None
    if kind in ("email", "sms"):
        known = world.all_of(node, "emails" if kind == "email" else "phones")
        newest = max(known, key=lambda address: (known[address], address), default=None)
        left = order and (order.buyer.email if kind == "email" else order.buyer.phone)
        if to != ((left or newest) if row.purpose == "transactional" else newest):
            found.append("not her address")
        if to in world.barred:
            found.append("a barred address")
    if row.purpose != "marketing" or kind == "onsite":
        return found
    if not world.may_sell(node, "sms" if kind == "sms" else "email", to):
        found.append("no consent")
    return found


def _of_hours(world: World, row: Any, flow: Flow, node: str, kind: str, now: datetime) -> list[str]:
    if kind == "onsite" or (row.purpose != "marketing" and kind != "sms"):
        return []
    country = _country(world, row, node)
    since, until = SMS_HOURS[country] if kind == "sms" else (9, 21)
    zones = ENDS_OF_US if (kind, country) == ("sms", "US") else (ZONES[country],)
    for zone in zones:
        local = now.astimezone(ZoneInfo(zone))
        if not since <= local.hour < until or (kind == "sms" and country == "FR" and local.weekday() == 6):
            return [f"{local:%a %H:%M} in {zone}"]
    return []


def _country(world: World, row: Any, node: str) -> str:
    order = world.model.orders[row.order_id][0] if row.order_id else None
    said = [world.model.nodes[one]["country"] for one in world.person(node) if world.model.nodes[one]["country"]]
    return (order and order.buyer.country) or (max(said)[1] if said else "") or str(world.shop.country)


def _of_what_she_got(world: World, row: Any, flow: Flow, node: str, kind: str, now: datetime) -> list[str]:
    hers = [one for one in world.left if one.node in world.person(node)]
    found = []
    told = [one for one in world.left if one.holder in world.person(node) and one.follow_up != row.id]
    if any(one.key == (row.flow, row.trigger_id, row.step) for one in told):
        found.append("she was told the same already")
    if kind == "onsite":
        return found
    others = [one for one in hers if one.follow_up != row.id and one.channel not in ("onsite", "webhook")]
    gap = DAY if row.purpose == "marketing" else timedelta(minutes=15)
    if any(now - one.at < gap for one in others):
        found.append("a message after another one")
    if row.purpose != "marketing":
        return found
    if world.shop.importing:
        found.append("history is coming in")
    sold = [one for one in others if one.purpose == "marketing"]
    for name in (kind, "total"):
        most, days = world.shop.caps.get(name) or USUAL_CAPS[name]
        recent = [one for one in sold if now - one.at < days * DAY and name in (one.channel, "total")]
        if len(recent) >= most:
            found.append(f"cap {name}: {len(recent)} within {days} days")
    return found + _of_wishes(world, flow, node, now)


def _of_wishes(world: World, flow: Flow, node: str, now: datetime) -> list[str]:
    found = []
    for name, what in (("wish:pause_until", "she asked for a pause"), ("no_selling_until", "she is unhappy")):
        until = world.note(node, name)
        if until and moment(until) > now:
            found.append(what)
    if world.note(node, f"wish:topic:{flow.topic}") == "off":
        found.append("a topic she switched off")
    return found
