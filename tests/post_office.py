"""A shop, its mail provider and a clock for tests of sending: everything real but the provider and the table's wire."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from chalicelib.channels import Message, Receipt
from chalicelib.domain.events import ConsentGiven, OrderSeen
from chalicelib.domain.order import Buyer, Consent, Line, Order
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import moment, stamp
from chalicelib.table import customers, due, follow_ups, orders, shops
from chalicelib.work import coupon_steps, dispatch, feedback, send, take_account, take_order, wishes
from tests.fake_dynamo import FakeDynamo

MINUTE = timedelta(minutes=1)
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)  # a Monday
SHOP = Shop(
    slug="acme",
    platform="standard",
    connected_at="2026-01-01T00:00:00Z",
    locale="en",
    currency="EUR",
    consent="soft",
    sender="Acme <shop@acme.test>",
    postal_address="1 High Street, York",
    name="Acme",
    blind_key="ab" * 32,
    salt="salt",
    treated_share="1",
)
MASTER = b"m" * 32


def order(number: int | str = 1, at: datetime = NOON, email: str = "sara@example.test", **changes: Any) -> Order:
    """A paid order of one mug."""
    plain = Order(
        id=str(number),
        number=str(number),
        status="placed",
        payment="paid",
        fulfilment="none",
        currency="EUR",
        currency_original="EUR",
        total=1200,
        subtotal=1200,
        discount=0,
        tax=0,
        shipping=0,
        placed_at=stamp(at),
        updated_at=stamp(at),
        paid_at=stamp(at),
        buyer=Buyer(email=email, name="Sara"),
        lines=(Line("p1", None, "MUG", "Mug", 1, 1200, 1200),),
    )
    return replace(plain, **changes)


@dataclass
class PostOffice:
    """The provider: keeps what it took, and tells of it later, as SES does."""

    now: datetime = NOON
    shop: Shop = SHOP
    dynamo: FakeDynamo = field(default_factory=FakeDynamo)
    taken: list[Message] = field(default_factory=list)
    untold: list[dict[str, Any]] = field(default_factory=list)
    queue: list[tuple[str, str]] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    journal: dict[str, bytes] = field(default_factory=dict)
    rate: float = 1000.0

    def deliver(self, shop: Shop, channel: str, message: Message) -> Receipt:
        self.taken.append(message)
        tags = {"shop": [message.shop], "follow_up": [message.id], "claim": [message.claim]}
        provider_id = f"ses-{len(self.taken)}"
        mail = {"messageId": provider_id, "timestamp": stamp(self.now), "tags": tags}
        self.untold.append({"eventType": "Send", "mail": mail})
        return Receipt(provider_id)

    def sending(self) -> send.Outside:
        return send.Outside(
            deliver=lambda shop, channel, message: self.deliver(shop, channel, message),
            find=lambda shop, channel, follow_up: None,
            no_events_wait=lambda: not self.untold,
            journal=self.journal.__setitem__,
            public_url="https://ecrm.acme.test",
            master=MASTER,
            ask=self.asked.extend,
        )

    def ticking(self) -> dispatch.Outside:
        return dispatch.Outside(self.queue.extend, lambda: len(self.queue), self.rate, self.asked.extend)

    def sell(self, sold: Order) -> str:
        return take_order.see(self.shop, OrderSeen(sold), self.now)

    def consent(self, email: str, state: str, at: datetime | None = None) -> None:
        said = Consent("email", state, "test", stamp(at or self.now))
        take_account.consent(self.shop, ConsentGiven(None, email, None, said), self.now)

    def minute(self) -> list[str]:
        """One tick of the clock and all that follows from it; the outcomes."""
        dispatch.tick(self.now, self.ticking())
        return self.work_off()

    def work_off(self) -> list[str]:
        outcomes = []
        while self.queue:
            _, body = self.queue.pop(0)
            record = {"messageId": "m", "body": body}
            send.handle({"Records": [record]}, self.now, self.sending())
            outcomes.append(body)
        self.make_coupons()
        self.tell()
        return outcomes

    def make_coupons(self) -> None:
        """The function that talks with shops does what it was asked."""
        asked, self.asked[:] = list(self.asked), []
        for shop, body in asked:
            told = json.loads(body)
            if told["task"] == "coupon":
                coupon_steps.work(self.shop, told["follow_up"], self.fetching())
            else:
                self.asked.append((shop, body))

    def fetching(self) -> Any:
        return SimpleNamespace(now=lambda: self.now, settings=SimpleNamespace(master=MASTER))

    def tell(self) -> None:
        """Every event of the provider reaches us."""
        while self.untold:
            feedback.hear(self.untold.pop(0), self.now, feedback.Outside(self.journal.__setitem__))

    def wish(self, email: str, notes: dict[str, str]) -> None:
        """What she chose on her own page (`domain.wishes`)."""
        (node,) = customers.look_up(self.shop, f"email:{email}")
        wishes.record(self.shop, node, wishes.Change(notes=notes), self.now, self.journal.__setitem__)

    def complain(self, email: str) -> None:
        """The provider tells that somebody called a mail of the shop spam."""
        tags = {"shop": [self.shop.slug], "follow_up": ["f_unknown"], "claim": ["1-1"]}
        recipients = [{"emailAddress": email}]
        mail = {"messageId": "ses-0", "timestamp": stamp(self.now), "tags": tags}
        self.untold.append({"eventType": "Complaint", "mail": mail, "complaint": {"complainedRecipients": recipients}})
        self.tell()

    def run(self, until: datetime) -> None:
        """From one moment at which something is due to the next, no closer than the clock's minute."""
        while self.now < until:
            waiting = [moment(item["due_sk"]["S"]) for item in self.dynamo.all() if "due_sk" in item]
            coming = min((at for at in waiting if at > self.now), default=until)
            # What a step put up for the same moment is looked at by the next tick.
            put_up = any(self.now - 10 * MINUTE <= at <= self.now for at in self._follow_ups())
            self.now = min(until, self.now + MINUTE if put_up else max(coming, self.now + MINUTE))
            self.pass_over()
            self.minute()

    def pass_over(self) -> None:
        """The clock has ticked all the while, and has left behind every hour in which nothing is due."""
        hours = [item["due_pk"]["S"].split("#")[1] for item in self.dynamo.all() if "due_pk" in item]
        reached = min([stamp(self.now - timedelta(hours=3))[:13], *hours])
        if reached != due.cursor(self.now):
            due.advance(reached)

    def _follow_ups(self) -> Iterator[datetime]:
        """When those that wait are due."""
        for item in self.dynamo.all():
            if "due_sk" in item and item["sk"]["S"].startswith("FU#"):
                yield moment(item["due_sk"]["S"])

    def state(self, number: int | str, flow: str) -> str:
        return self.row(number, flow).state

    def row(self, number: int | str, flow: str) -> follow_ups.FollowUpRow:
        return orders.read(self.shop.slug, str(number)).follow_ups[flow, "mail"]

    def codes(self, number: int | str, flow: str) -> list[str]:
        return [entry["code"] for entry in self.row(number, flow).why]

    def sent(self, flow: str) -> list[Message]:
        """Messages of one flow that the provider took."""
        return [message for message in self.taken if message.about["flow"] == flow]


@contextmanager
def at(office: PostOffice, when: str) -> Iterator[PostOffice]:
    """The office at another moment."""
    before, office.now = office.now, moment(when)
    yield office
    office.now = before


def open_office(**changes: Any) -> PostOffice:
    """A post office whose shop is stored, in a table of its own."""
    office = PostOffice(**changes)
    office.dynamo.install()
    shops.put(office.shop)
    return office
