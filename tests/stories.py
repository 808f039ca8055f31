"""The people of `test_flow_stories`, their shops, and a record of every way that any of them has gone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib import flows, keys
from chalicelib.channels import Message
from chalicelib.domain.flow import Flow, Step
from chalicelib.domain.journey import split
from chalicelib.domain.order import Buyer, Consent, Order, Refund
from chalicelib.domain.times import moment, stamp
from chalicelib.table import base, coupon_pools, customers, follow_ups, orders, tasks
from chalicelib.table.follow_ups import FollowUpRow
from chalicelib.work import flow_book, nudge, privacy, ratings
from tests.fake_dynamo import FakeDynamo
from tests.post_office import MASTER, NOON, SHOP, PostOffice, open_office, order

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
OPENED: list[PostOffice] = []  # the shops of the story that is being told
ON_BY_THEMSELVES = ("thank-you", "how-was-it", "come-back")
RULES = ("welcome-back", "win-back", "thanks", "birthday")
SETTINGS: dict[str, Any] = {
    "coupons": {rule: {"percent": 20, "days": 30, "source": "pool"} for rule in RULES},
    "channels": {"sms": {"provider": "kavenegar"}, "onsite": {"provider": "onsite"}},
    "origins": ["https://acme.test"],
    "review_url": "https://reviews.test/acme",
}
# The state and why of a follow-up that each exit leaves behind.
ENDS = {
    "bought_again": "newer_order",
    "refunded": "order_refunded",
    "cancelled": "order_cancelled",
    "unsubscribed": "unsubscribed",
    "complained": "suppressed",
    "erased": "customer_gone",
    "left_segment": "left_segment",
}


@dataclass(frozen=True)
class Person:
    """Somebody who buys. Her order's money is that of where she lives."""

    name: str
    email: str
    locale: str
    country: str
    currency: str = "EUR"
    phone: str | None = None
    sms: bool = False  # she has agreed to text messages
    account: str | None = None  # with which the shop's pages know her

    def buyer(self, at: datetime) -> Buyer:
        said = (Consent("sms", "subscribed", "checkout", stamp(at)),) if self.sms else ()
        return Buyer(self.account, self.email, self.phone, self.name, self.locale, self.country, said)

    def order(self, number: int | str, at: datetime = NOON, **changes: Any) -> Order:
        told = {"currency": self.currency, "currency_original": self.currency, "buyer": self.buyer(at), **changes}
        return order(number, at, self.email, **told)


SARA = Person("سارا احمدی", "sara@example.test", "fa-IR", "IR", "IRR")
ZAHRA = Person("زهرا کریمی", "zahra@example.test", "fa-IR", "IR", "IRR", "+989121234567")
JONAS = Person("Jonas Weber", "jonas@example.test", "de-DE", "DE")
AMELIE = Person("Amélie Laurent", "amelie@example.test", "fr-FR", "FR")
OMAR = Person("عمر الخطيب", "omar@example.test", "ar-AE", "AE", "AED", "+971501234567")
ELENA = Person("Elena Ruiz", "elena@example.test", "es-ES", "ES", phone="+34600111222", sms=True)
PRIYA = Person("Priya Nair", "priya@example.test", "en-IN", "IN", "INR", "+919812345678", sms=True)
NOAH = Person("Noah Tremblay", "noah@example.test", "fr-CA", "CA", "CAD", account="31")
MEI = Person("Mei Tanaka", "mei@example.test", "en-GB", "JP", "JPY")
LUCIA = Person("Lucía Gómez", "lucia@example.test", "es-MX", "MX", "MXN")
EMMA = Person("Emma Clark", "emma@example.test", "en-US", "US", "USD", "+12025550123", sms=True)
YUSUF = Person("Yusuf Demir", "yusuf@example.test", "de-AT", "AT", phone="+436641234567", sms=True)
TOM = Person("Tom Hughes", "tom@example.test", "en-GB", "GB", "GBP")
INGRID = Person("Ingrid Berg", "ingrid@example.test", "de-CH", "CH", "CHF")


def opened(*names: str, codes: int = 12, now: datetime = NOON, **changes: Any) -> PostOffice:
    """A shop in which nothing but these flows is on, with so many codes for every coupon."""
    flow_book.forget()
    nudge.forget()
    off = tuple(name for name in ON_BY_THEMSELVES if name not in names)
    on = tuple(name for name in names if name not in ON_BY_THEMSELVES)
    office = open_office(now=now, shop=replace(SHOP, **{**SETTINGS, "flows_off": off, "flows_on": on, **changes}))
    OPENED.append(office)
    for rule in RULES:
        coupon_pools.add("acme", rule, [f"{rule.upper()}-{number:02}" for number in range(codes)])
    return office


def node_of(person: Person) -> str:
    found = customers.look_up(SHOP, f"email:{person.email}")
    assert len(found) == 1, f"{person.name} is known under {len(found)} profiles"
    return found[0]


def row(office: PostOffice, number: int | str, flow: str, step: str) -> FollowUpRow:
    found = follow_ups.get("acme", follow_ups.follow_up_id(str(number), flow, step))
    assert found is not None, f"{flow}/{step} of order {number} does not stand"
    return found


def why(found: FollowUpRow) -> list[str]:
    return [str(entry["code"]) for entry in found.why]


def walked(office: PostOffice, number: int | str, flow: str) -> dict[str, str]:
    """step -> state of every step of the flow that the order has reached, in the flow's order."""
    steps = flows.shipped()[flow].steps
    found = [follow_ups.get("acme", follow_ups.follow_up_id(str(number), flow, step.name)) for step in steps]
    return {one.step: one.state for one in found if one}


def rate(office: PostOffice, message: Message | None, stars: int, person: Person, number: int | str = 1) -> str:
    """She clicks on one of the five links; of the mail, or of one that she had got long ago."""
    if message:
        token = re.search(rf"/r/([\w.-]+)\?stars={stars}\"", message.html)
        assert token, "the mail has no link to rate with"
        told = token[1]
    else:
        link = keys.Link("acme", node_of(person), follow_ups.follow_up_id(str(number), "how-was-it", "mail"))
        told = keys.link_token(MASTER, "rating", link, office.now + DAY)
    return ratings.rate(ratings.open_rating(told, office.now, MASTER), stars, "", office.now)


def lot(way: str) -> int:
    """The first order number whose lot in win-back falls on that way."""
    step = next(step for step in flows.shipped()["win-back"].steps if step.kind == "split")
    return next(number for number in range(1, 99) if split(step, SHOP.salt, str(number))[0] == way)


def open_tasks(person: Person) -> list[str]:
    return [task.text for task in tasks.of_customer("acme", node_of(person)) if task.state == "open"]


def leaves(office: PostOffice, person: Person, exit_: str, number: int | str = 1) -> None:
    """What she, or the shop, does to end a flow; a minute from now."""
    office.now += MINUTE
    told = {"updated_at": stamp(office.now)}
    if exit_ == "bought_again":
        office.sell(person.order(f"{number}-again", office.now))
    elif exit_ == "refunded":
        back = (Refund("r1", 1200, stamp(office.now)),)
        office.sell(person.order(number, placed(office, number), refunds=back, payment="refunded", **told))
    elif exit_ == "cancelled":
        office.sell(person.order(number, placed(office, number), status="cancelled", **told))
    elif exit_ == "unsubscribed":
        office.consent(person.email, "unsubscribed")
    elif exit_ == "complained":
        office.complain(person.email)
    elif exit_ == "erased":
        privacy.erase(office.shop, node_of(person), office.now)


def placed(office: PostOffice, number: int | str) -> datetime:
    held = orders.read("acme", str(number)).order
    assert held
    return moment(held.placed_at)


def rows_of(fake: FakeDynamo) -> Iterator[FollowUpRow]:
    """Every follow-up of the shop."""
    for item in list(fake.all()):
        pk, sk = item["pk"]["S"], item["sk"]["S"]
        if sk.startswith("FU#") and (found := base.first(FollowUpRow, pk, sk)):
            yield found


def way_of(found: FollowUpRow) -> str:
    """How it went, in a word: `sent:sms`, `branch:then`, `held_out`, `cancelled:newer_order`."""
    codes = {entry["code"]: entry for entry in found.why}
    if found.state == "sent":
        return f"sent:{found.channel}"
    if found.state == "cancelled":
        return f"cancelled:{found.why[-1]['code']}"
    for code in ("branch", "split"):
        if code in codes:
            return f"{code}:{codes[code]['params']['way']}"
    return "held_out" if found.state == "held_out" else str(found.why[-1]["code"])


def ways(flow: Flow) -> set[tuple[str, str, str]]:
    """(flow, step, way) of everything that can become of somebody in it; (flow, "", way) of its exits."""
    found = {(flow.name, step.name, way) for step in flow.steps for way in _ways(flow, step)}
    always = ("erased", "complained") + (("unsubscribed",) if flow.purpose == "marketing" else ())
    return found | {(flow.name, "", f"cancelled:{ENDS[exit_]}") for exit_ in {*flow.exits, *always}}


def _ways(flow: Flow, step: Step) -> list[str]:
    held_out = ["held_out"] if flow.purpose == "marketing" else []
    return {
        "send": [*(f"sent:{channel}" for channel in step.channels), *held_out],
        "coupon": ["coupon_made", "coupon_failed", *held_out],
        "task": ["task_opened", *held_out],
        "tag": ["tagged"],
        "branch": ["branch:then", "branch:else"],
        "split": [f"split:{number}" for number, _ in enumerate(step.shares, 1)],
        "wait_for": ["happened", "did_not_happen"],
        "stop": [],
    }[step.kind]
