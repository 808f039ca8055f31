"""Random lives of a few people in a shop with follow-ups: what happens, and an onlooker at every door through which
anything leaves. Whatever he finds wrong stands in `Life.broken`.

A seed is a life: the same seed gives the same one, event for event.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from chalicelib import flows
from chalicelib.channels import Message, Receipt, Refused, Trouble, Unclear
from chalicelib.domain import events
from chalicelib.domain.flow import Flow
from chalicelib.domain.flow_file import parse
from chalicelib.domain.order import Buyer, Consent, Line, Order, Refund
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import moment, stamp
from chalicelib.domain.wishes import Wishes
from chalicelib.keys import Link
from chalicelib.table import (
    base,
    coupon_pools,
    customers,
    experiments,
    flow_files,
    follow_ups,
    orders,
    ratings,
    shops,
    suppression,
)
from chalicelib.table.follow_ups import FollowUpRow
from chalicelib.work import birthdays, flow_book, ingest, nudge, objections, occasions, privacy, send, wishes
from chalicelib.work.objections import No
from chalicelib.work.occasions import Occasion
from chalicelib.work.preferences import View
from chalicelib.work.ratings import Rated, rate
from tests.fake_dynamo import FakeDynamo, Item
from tests.flow_oracle import ZONES, Left, World
from tests.flow_oracle import objections as forbidden
from tests.flow_random import flow as random_flow
from tests.lives import Erase, Happened
from tests.post_office import MINUTE, PostOffice, order

DAY = timedelta(days=1)
# Before the clocks change in New York, before they do in Berlin, before they change back.
BEGINNINGS = ("2026-03-05T11:00:00Z", "2026-03-26T09:00:00Z", "2026-10-22T15:00:00Z", "2026-06-10T20:00:00Z")
OWN = ("own-a", "own-b")
SHIPPED_OFF = tuple(name for name, flow in flows.shipped().items() if not flow.on)
MOST_ROUNDS = 3000


@dataclass(frozen=True)
class Human:
    name: str
    emails: tuple[str, ...]
    phone: str
    account: str


HUMANS = (
    Human("Sara Ahmadi", ("sara@example.test", "sara.work@example.test"), "+14155550101", "7"),
    Human("Omid Rezaei", ("omid@example.test",), "+4915112345678", "8"),
    Human("Mina Okafor", ("mina@example.test", "mina.old@example.test"), "+989121234567", "9"),
)


def open_shop(rnd: Random) -> Shop:
    country = rnd.choice(("US", "DE", "IR"))
    sms: dict[str, Any] = rnd.choice(({"provider": "sns"}, {"provider": "kavenegar"}))
    http = {"provider": "http", "to": "none", "consent": "email"}
    return Shop(
        slug="acme",
        platform="standard",
        connected_at="2026-01-01T00:00:00Z",
        locale="en",
        currency="EUR",
        timezone=ZONES[country],
        country=country,
        consent=rnd.choice(("soft", "soft", "strict")),
        sender="Acme <shop@acme.test>",
        postal_address="1 High Street, York",
        name="Acme",
        blind_key="ab" * 32,
        salt=f"salt-{rnd.randrange(1000)}",
        treated_share=rnd.choice(("0.5", "0.8", "1")),
        flows_on=tuple(sorted(rnd.sample(SHIPPED_OFF, rnd.randint(1, len(SHIPPED_OFF))))),
        own_flows=dict.fromkeys(OWN, 1),
        channels={"sms": sms, "http": http, "onsite": {"provider": "onsite"}},
        caps=rnd.choice(({}, {}, {"total": [1, 3]}, {"email": [1, 2], "sms": [2, 5]}, {"total": [5, 7]})),
        coupons={name: {"percent": 10, "source": "pool"} for name in COUPONS},
    )


COUPONS = ("gift", "welcome-back", "win-back", "thanks", "birthday")


class Life(PostOffice):
    """One life. `play` it; `broken` says what an onlooker saw go wrong, with the moment."""

    def __init__(self, seed: int | Random, dynamo: FakeDynamo) -> None:
        rnd = Random(seed) if isinstance(seed, int) else seed
        super().__init__(now=moment(rnd.choice(BEGINNINGS)), shop=open_shop(rnd), dynamo=dynamo)
        self.rnd, self.world, self.broken = rnd, World(self.shop), list[str]()
        self.files: dict[tuple[str, int], Flow] = {}
        self.versions: dict[tuple[str, ...], int] = {}  # (where, flow, trigger) -> the version she started
        self.units: dict[str, str] = {}  # node -> its first unit
        self.where = {
            human.name: rnd.choice((self.shop.country, self.shop.country, "DE", "IR", "FR", "IN")) for human in HUMANS
        }
        self.orders: dict[str, Order] = {}
        self.accounts: dict[str, str] = {}  # account -> when it was made
        self.late: list[events.Event] = []
        self.seen: set[str] = set()
        self.lots = Random(seed + 1) if isinstance(seed, int) else seed  # what becomes of messages

    # --- the story ----------------------------------------------------------------------------------------------------

    def play(self, longest: int = 26) -> Life:
        flow_book.forget()
        nudge.forget()
        shops.put(self.shop)
        for name in OWN:
            self._write(name, 1)
        for name in COUPONS:
            coupon_pools.add("acme", name, [f"{name}-{number}".upper() for number in range(30)])
        for _ in range(self.rnd.randint(8, longest)):
            getattr(self, self.rnd.choice(SCENES))()
            self._look_around()
            self._go_on()
            self._look_around()
        self.run(self.now + 12 * DAY)
        self._look_around()
        return self

    def _go_on(self) -> None:
        gap = self.rnd.choice(
            (timedelta(0), 20 * MINUTE, 3 * 60 * MINUTE, 9 * 60 * MINUTE, DAY, 3 * DAY, 8 * DAY, 20 * DAY)
        )
        if self.rnd.random() < 0.12:
            self.now += gap  # the clock stood still
        else:
            self.run(self.now + gap)

    def run(self, until: datetime) -> None:
        """From one due moment to the next, no closer than a minute."""
        for _ in range(MOST_ROUNDS):
            self._round()
            coming = [at for at, _ in self._waiting() if at > self.now]
            overdue = any(at <= self.now for at, _ in self._waiting())
            following = min([until, *coming, *([self.now + MINUTE] if overdue else [])])
            if self.now >= until:
                return
            self.now = max(following, min(until, self.now + MINUTE))
        self.broken.append(f"{stamp(self.now)} never comes to rest")
        self.now = until

    def _waiting(self) -> list[tuple[datetime, str]]:
        entries = [item for bucket in self.dynamo.by_index["due"].values() for item in bucket.values()]
        return [
            (moment(item["due_sk"]["S"]), follow_ups.id_of(item["pk"]["S"], item["sk"]["S"]))
            for item in entries
            if item["sk"]["S"].startswith("FU#")
        ]

    def _round(self) -> None:
        due = sorted(follow_up for at, follow_up in self._waiting() if at <= self.now)
        self.lots.shuffle(due)
        for follow_up in due:
            self._one(follow_up)
        self.make_coupons()
        if self.lots.random() < 0.8:
            self.tell()

    def _one(self, follow_up: str) -> None:
        before = follow_ups.get("acme", follow_up)
        try:
            send.send(self.shop, follow_up, self.now, self.sending())
        except (base.Conflict, base.Trouble):
            self.broken.append(f"{stamp(self.now)} alone, and yet in conflict")
        after = follow_ups.get("acme", follow_up)
        if after and before and after.state in ("done", "claimed") and after.state != before.state:
            step = self.flow_of(after).step(after.step)
            if step and step.kind in ("task", "coupon"):
                self._effect(after, step.kind)
        self._notice_units()

    def make_coupons(self) -> None:
        super().make_coupons()
        self.asked.clear()

    # --- the doors ----------------------------------------------------------------------------------------------------

    def sending(self) -> send.Outside:
        outside = super().sending()
        outside.find = self._find
        return outside

    def _find(self, shop: Shop, channel: str, follow_up: str) -> Receipt | None:
        return next((Receipt(f"found-{n}") for n, m in enumerate(self.taken) if m.id == follow_up), None)

    def deliver(self, shop: Shop, channel: str, message: Message) -> Receipt:
        row = follow_ups.get("acme", message.id)
        assert row is not None
        lot = self.lots.random()
        if lot < 0.04:
            raise Trouble("busy")
        if lot < 0.07:
            raise Unclear("lost on the way")
        if lot < 0.08:
            raise Refused("no such mailbox")
        self._onlook(row, channel, message)
        receipt = self._take(channel, message)
        if lot < 0.14:
            raise Unclear("lost on the way back")
        return receipt

    def _take(self, channel: str, message: Message) -> Receipt:
        if channel == "email":
            return super().deliver(self.shop, channel, message)
        self.taken.append(message)
        return Receipt(f"{channel}-{len(self.taken)}")

    def _onlook(self, row: FollowUpRow, channel: str, message: Message) -> None:
        flow, kind = self.flow_of(row), channel.partition(":")[0]
        for why in forbidden(self.world, row, flow, message, channel, self.now):
            self._say(row, f"by {channel} to {message.to}: {why}")
        if any(one.id == message.id for one in self.taken) and kind not in ("http", "webhook", "onsite"):
            self._say(row, "twice")
        if row.purpose == "marketing":
            self._arm(row, message.about["customer"])
        holder, node = row.pk.split("#")[-1], message.about["customer"]
        key = (row.flow, row.trigger_id, row.step)
        self.world.left.append(Left(self.now, node, holder, row.id, kind, row.purpose, key))

    def _effect(self, row: FollowUpRow, kind: str) -> None:
        if row.purpose == "marketing" and row.customer:
            self._arm(row, row.customer)
        if any(one in self.world.model.erased for one in self.world.person(str(row.customer))):
            self._say(row, f"a {kind} for somebody erased")

    def _arm(self, row: FollowUpRow, node: str) -> None:
        """Held out is held out: whatever she is called here, none of her units may be in the control group."""
        units = {self.units[one] for one in self.world.person(node) if one in self.units}
        if not units:
            self._say(row, "sold to somebody who was never looked at")
        if not all(self.world.treated(unit) for unit in units):
            self._say(row, f"held out, and yet: {sorted((u, self.world.treated(u)) for u in units)}, row {row.unit}")

    def _say(self, row: FollowUpRow, what: str) -> None:
        self.broken.append(f"{stamp(self.now)} {row.flow}/{row.step} of {row.trigger_id} ({row.purpose}): {what}")

    # --- what an onlooker sees in the table ---------------------------------------------------------------------------

    def flow_of(self, row: FollowUpRow) -> Flow:
        return self.files.get((row.flow, row.version)) or flows.shipped()[row.flow]

    def _look_around(self) -> None:
        self._notice_units()
        for row in self.rows():
            self._version(row)
            if row.id not in self.seen:
                self.seen.add(row.id)
                self._hours(row)

    def rows(self) -> list[FollowUpRow]:
        """Every follow-up, by key."""
        return [FollowUpRow.from_raw_data(dict(one)) for one in self.dynamo.all() if one["sk"]["S"].startswith("FU#")]

    def _version(self, row: FollowUpRow) -> None:
        """She finishes the version that was live when it began."""
        key = (row.pk, row.flow, row.trigger_id)
        live = self.shop.own_flows.get(row.flow) or flows.shipped().get(row.flow, self.files.get((row.flow, 1))).version  # type: ignore[union-attr]
        if self.versions.setdefault(key, live) != row.version:
            self._say(row, f"version {row.version}, began with {self.versions[key]}")

    def _notice_units(self) -> None:
        """One unit for each node, for ever; linked nodes that come to one have the same."""
        for pk, partition in self.dynamo.rows.items():
            if "#C#" not in pk or "PROFILE" not in partition:
                continue
            node, unit = pk.split("#")[-1], json.loads(partition["PROFILE"]["node"]["S"]).get("unit")
            if not unit or self.units.get(node) == unit:
                continue
            if node in self.units:
                self.broken.append(f"{stamp(self.now)} {node} has another unit")
            self.units[node] = unit
            self.world.shares.setdefault(unit, self.shop.treated_share)

    def _hours(self, row: FollowUpRow) -> None:
        """Steps with an hour or a weekday are planned to it, where she lives, whatever the clocks did that night."""
        first, step = (row.why or [{}])[0], self.flow_of(row).step(row.step)
        if first.get("code") == "planned" and step and step.kind != "wait_for":
            for fault in not_kept(step.wait, first["params"]["due"], str(row.zone)):
                self._say(row, fault)

    # --- scenes -------------------------------------------------------------------------------------------------------

    def _tell(self, event: events.Event) -> None:
        self.world.told.append(Happened(stamp(self.now), event))
        ingest.take(self.shop, event, self.now)

    def _perhaps_late(self, event: events.Event) -> None:
        if self.rnd.random() < 0.12:
            self.late.append(event)
        else:
            self._tell(event)

    def tell_late(self) -> None:
        if self.late:
            self._tell(self.late.pop(0))

    def _buyer(self) -> Buyer:
        human = self.rnd.choice(HUMANS)
        account, email, phone = human.account, self.rnd.choice(human.emails), human.phone
        guest, member = (None, email), (account, email)
        ways = ((*guest, None), (*guest, phone), (*guest, phone), (*member, phone), (*member, phone))
        known = self.rnd.choice((*ways, (account, None, None), (None, None, phone)))
        said: tuple[Consent, ...] = ()
        if self.rnd.random() < 0.7:
            channel = self.rnd.choice(("email", "sms", "sms"))
            said = (
                Consent(
                    channel, self.rnd.choice(("subscribed", "subscribed", "unsubscribed")), "checkout", self._when()
                ),
            )
        return Buyer(*known, name=human.name, country=self.where[human.name], consents=said)

    def _when(self) -> str | None:
        return self.rnd.choice((stamp(self.now), stamp(self.now), None))

    def buy(self) -> None:
        number = str(len(self.orders) + 1)
        at, lot = stamp(self.now), self.rnd.random()
        new = order(
            number, self.now, total=self.rnd.choice((300, 1200, 5000)), buyer=self._buyer(), lines=self._lines()
        )
        if lot < 0.2:
            new = replace(new, payment="none", paid_at=None, status=self.rnd.choice(("pending", "placed")))
        elif lot < 0.35:
            new = replace(new, payment="none", paid_at=None, cash_on_delivery=True)
        elif lot < 0.4:
            new = replace(new, test=True)
        self.orders[number] = replace(new, updated_at=at)
        self._perhaps_late(events.OrderSeen(self.orders[number]))

    def _lines(self) -> tuple[Line, ...]:
        product = self.rnd.choice(("p1", "p2"))
        return (Line(product, None, product.upper(), "Mug", 1, 1200, 1200),)

    def edit(self) -> None:
        if not self.orders:
            return
        number, at = self.rnd.choice(sorted(self.orders)), stamp(self.now)
        old, lot = self.orders[number], self.rnd.random()
        if lot < 0.25:
            new = replace(old, status="placed", payment="paid", paid_at=old.paid_at or at)
        elif lot < 0.5:
            new = replace(old, status="completed", fulfilment="fulfilled", fulfilled_at=old.fulfilled_at or at)
        elif lot < 0.65:
            new = replace(old, status="cancelled", cancelled_at=at)
        elif lot < 0.85:
            new = replace(old, refunds=(*old.refunds, Refund(f"r{len(old.refunds)}", 100, at)))
        else:
            new = replace(old, buyer=self._buyer())
        self.orders[number] = replace(new, updated_at=at)
        self._perhaps_late(events.OrderSeen(self.orders[number]))

    def delete(self) -> None:
        if self.orders:
            self._tell(events.OrderGone(self.rnd.choice(sorted(self.orders)), stamp(self.now)))

    def register(self) -> None:
        human = self.rnd.choice(HUMANS)
        made = self.accounts.setdefault(human.account, stamp(self.now))
        email = self.rnd.choice((*human.emails, *human.emails, self.rnd.choice(HUMANS).emails[0], None))
        buyer = Buyer(human.account, email, name=human.name, country=self.where[human.name])
        self._tell(events.AccountSeen(buyer, made, stamp(self.now)))

    def consent(self) -> None:
        human, channel = self.rnd.choice(HUMANS), self.rnd.choice(("email", "email", "sms"))
        said = Consent(channel, self.rnd.choice(("subscribed", "subscribed", "unsubscribed")), "form", self._when())
        email, phone = self.rnd.choice(((human.emails[0], None), (human.emails[-1], None), (None, human.phone)))
        self._tell(events.ConsentGiven(None, email, phone, said))

    def bounce(self) -> None:
        human = self.rnd.choice(HUMANS)
        address = self.rnd.choice((*human.emails, human.phone))
        self.world.barred.add(address)
        suppression.add(self.shop, f"{'email' if '@' in address else 'phone'}:{address}", "bounce", stamp(self.now))

    def objects(self) -> None:
        """A complaint about a mail, or STOP: for everybody who has that address."""
        human = self.rnd.choice(HUMANS)
        kind, channel, address = self.rnd.choice((("emails", "email", human.emails[0]), ("phones", "sms", human.phone)))
        contact = f"{'email' if channel == 'email' else 'phone'}:{address}"
        for node, known in self.world.model.nodes.items():
            if address in known[kind] and node not in self.world.model.erased:
                self.world.noes.setdefault(node, {})[channel] = stamp(self.now)
        objections.object_to(
            self.shop, contact, No(channel, "stop", stamp(self.now)), self.now, self.journal.__setitem__
        )

    def _nodes(self) -> list[str]:
        model = self.world.model
        return sorted(node for node in model.nodes if node not in model.erased)

    def wish(self) -> None:
        if not self._nodes():
            return
        node, lot = self.rnd.choice(self._nodes()), self.rnd.random()
        if lot < 0.4:
            notes = {"wish:pause_until": stamp(self.now + 5 * DAY)}
        elif lot < 0.8:
            notes = {
                f"wish:topic:{self.rnd.choice(('offers', 'reminders', 'news'))}": self.rnd.choice(("off", "off", "on"))
            }
        else:
            notes = {"wish:channel": self.rnd.choice(("email", "sms"))}
        self._noted(node, notes)
        wishes.record(self.shop, node, wishes.Change(notes=notes), self.now, self.journal.__setitem__)

    def _noted(self, node: str, notes: dict[str, str]) -> None:
        self.world.notes.setdefault(node, {}).update({name: (stamp(self.now), value) for name, value in notes.items()})

    def rated(self) -> None:
        number = self.rnd.choice(sorted(self.orders)) if self.orders else ""
        held = orders.read("acme", number)
        if not held.order or not held.customer or held.customer not in self._nodes():
            return
        follow_up = follow_ups.follow_up_id(number, "how-was-it", "mail")
        link = Link("acme", held.customer, follow_up)
        view = View(self.shop, link, "en", customers.person("acme", held.customer), Wishes())
        stars, before = self.rnd.choice((1, 2, 3, 4, 5, 5)), ratings.read("acme", number)
        was = (before.stars, before.at) if before else None
        outcome = rate(Rated(view, held.order, before), stars, "", self.now)
        if outcome == "stored":
            self._unhappy(held.customer, was, stars)

    def _unhappy(self, node: str, was: tuple[int, str] | None, stars: int) -> None:
        until = self.world.notes.get(node, {}).get("no_selling_until", ("", ""))[1]
        if stars <= 2 and (was is None or was[0] != stars):
            self._noted(node, {"no_selling_until": stamp(self.now + 60 * DAY)})
        elif stars > 2 and was and was[0] <= 2 and until == stamp(moment(was[1]) + 60 * DAY):
            self._noted(node, {"no_selling_until": stamp(self.now)})

    def cart(self) -> None:
        human, number = self.rnd.choice(HUMANS), str(self.rnd.randrange(70, 74))
        email = self.rnd.choice(human.emails)
        lines = self._lines() if self.rnd.random() < 0.8 else ()
        self.now += MINUTE
        self.world.carts[number] = bool(lines)
        ingest.take(self.shop, events.CartSeen(number, Buyer(email=email), lines, "EUR", stamp(self.now)), self.now)

    def birthday(self) -> None:
        human = self.rnd.choice(HUMANS)
        day = (self.now + self.rnd.choice((0, 1, 1, 2)) * DAY).strftime("%m-%d")
        told = events.NotesTold(None, human.emails[0], None, stamp(self.now), (("birthday", day),))
        ingest.take(self.shop, told, self.now)
        for node in self._nodes():
            birthdays.plan(self.shop, node, self.now)

    def stock(self) -> None:
        number, there = self.rnd.choice(("p1", "p2")), self.rnd.random() < 0.8
        self.now += MINUTE
        self.world.stock[number] = there
        seen = events.Product(number, "Mug", stamp(self.now), "https://acme.test/mug", None, 1200, "EUR", there)
        ingest.take(self.shop, events.ProductSeen(seen), self.now)
        if there and self._nodes():
            back = Occasion(
                "back_in_stock", f"stock-{number}-{stamp(self.now)[:10]}", stamp(self.now), about={"product": number}
            )
            for node in self.rnd.sample(self._nodes(), self.rnd.randint(1, min(3, len(self._nodes())))):
                occasions.happened(self.shop, node, back, self.now)

    def erase(self) -> None:
        # Of those who ordered: who never did is called by no order the life knows.
        known = sorted({str(customer) for _, customer, _ in self.world.model.orders.values() if customer})
        known = [node for node in known if node in self._nodes()]
        if not known:
            return
        node, before = self.rnd.choice(known), self.world.model
        person = self.world.person(node)
        mails = {address for one in person for address in before.nodes[one]["emails"]}
        if self.world.said(node, "email", "unsubscribed") is not None and not self._may_soft(node):
            self.world.objected |= mails - self.world.barred
        privacy.erase(self.shop, node, self.now, self.journal.__setitem__)
        self.world.told.append(Happened(stamp(self.now), Erase(node)))
        self.now += timedelta(seconds=2)
        self._nothing_of(person, before)
        for unit in [unit for unit in self.world.shares if experiments.read("acme", unit) is None]:
            del self.world.shares[unit]  # whoever comes back is somebody new

    def _may_soft(self, node: str) -> bool:
        yes, no = self.world.said(node, "email", "subscribed"), self.world.said(node, "email", "unsubscribed")
        return no is None or bool(yes and yes > no)

    def _nothing_of(self, person: list[str], before: Any) -> None:
        """None of her words may stand in any row, unless it is somebody else's too."""
        hers = words_of(before, person)
        found = hers - words_of(self.world.model, self._nodes()) - self._words_in_orders()
        text = "\n".join(texts(self.dynamo))
        self.broken += [
            f"{stamp(self.now)} {word} is still there after she was erased" for word in found if word in text
        ]

    def _words_in_orders(self) -> set[str]:
        """What other people's orders say of somebody: a gift is sent to her address."""
        alive = set(self._nodes())
        buyers = [one.buyer for one, customer, _ in self.world.model.orders.values() if one and customer in alive]
        return {str(word) for buyer in buyers for word in (buyer.email, buyer.phone, buyer.name) if word}

    # --- what the owner does ------------------------------------------------------------------------------------------

    def _write(self, name: str, version: int) -> None:
        data = random_flow(self.rnd, name, version)
        self.files[name, version] = parse(data)
        flow_files.save("acme", name, version, data, {}, {}, stamp(self.now))

    def _shop(self, **changes: Any) -> None:
        self.shop = self.world.shop = replace(self.shop, **changes)
        shops.put(self.shop)

    def edit_flow(self) -> None:
        name = self.rnd.choice(OWN)
        version = max(v for n, v in self.files if n == name) + 1
        self._write(name, version)
        self._shop(own_flows={**self.shop.own_flows, name: version})

    def switch(self) -> None:
        name = self.rnd.choice((*OWN, "come-back", "win-back", "thank-you"))
        off = set(self.shop.flows_off)
        self._shop(flows_off=tuple(sorted(off - {name} if name in off else off | {name})))

    def close(self) -> None:
        self._shop(state="paused")
        self.run(self.now + timedelta(hours=self.rnd.choice((2, 5))))
        self._shop(state="on")

    def history(self) -> None:
        """History comes in for a while."""
        self.shop = self.world.shop = replace(self.shop, importing=True)
        self.run(self.now + timedelta(hours=self.rnd.choice((5, 12, 24))))
        self.shop = self.world.shop = replace(self.shop, importing=False)

    def share(self) -> None:
        self._shop(treated_share=self.rnd.choice(("0.5", "0.8", "1")))


SCENES = (
    *("buy",) * 9, *("edit",) * 6, *("register",) * 3, *("consent",) * 4, *("cart",) * 3, *("stock",) * 2,
    *("wish",) * 2, *("rated",) * 2, *("tell_late",) * 2, *("edit_flow",) * 2, *("birthday",) * 2,
    "delete", "bounce", "objects", "erase", "switch", "close", "history", "history", "share",
)  # fmt: skip


def not_kept(wait: Any, due: str, zone: str) -> Iterator[str]:
    """Where a planned moment is not at the hour or the weekday that its step names."""
    from zoneinfo import ZoneInfo

    local = moment(due).astimezone(ZoneInfo(zone))
    if wait.at and (local.hour, local.minute) != (wait.at.hour, wait.at.minute):
        wanted = datetime.combine(local.date(), wait.at, ZoneInfo(zone))
        skipped = wanted.astimezone(ZoneInfo("UTC")).astimezone(ZoneInfo(zone)).time() != wait.at
        if not skipped:
            yield f"planned for {local:%H:%M}, not {wait.at:%H:%M}"
    if wait.on and local.weekday() not in wait.on:
        yield f"planned for a {local:%A}"


def words_of(model: Any, nodes: Any) -> set[str]:
    known = [model.nodes[node] for node in nodes]
    names = {one["name"][1] for one in known if one["name"]}
    return names | {word for one in known for word in (*one["emails"], *one["phones"])}


def texts(dynamo: FakeDynamo) -> Iterator[str]:
    """Every row as text, what is compressed opened."""
    for item in dynamo.all():
        yield " ".join(map(_text, item.values()))


def _text(value: Item) -> str:
    ((kind, content),) = value.items()
    return gzip.decompress(content).decode() if kind == "B" else str(content)
