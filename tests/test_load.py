"""Twenty thousand due in one minute: the provider's rate is held, every shop gets its turn, and workers who race for
the last place under a cap, and lose every fiftieth answer, write to nobody twice or too often."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random
from threading import Condition, Thread, current_thread
from typing import Any

import pytest

from chalicelib.channels import Message, Receipt, Unclear
from chalicelib.domain.events import OrderSeen
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import moment, stamp
from chalicelib.table import flow_files, shops
from chalicelib.work import compose, dispatch, feedback, flow_book, send, take_order
from chalicelib.work.render import Mail
from tests.fake_dynamo import FakeDynamo, instead_of_dynamodb
from tests.post_office import MINUTE, NOON, SHOP, PostOffice, order

DAY = timedelta(days=1)
FLOWS = {"promo-a": 1, "promo-b": 1, "promo-c": 5000, "promo-d": 5000}  # name -> from which total on
CAP, WITHIN = 1, 3 * DAY
MANY_EACH = 10  # every so manieth customer has all four


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDynamo]:
    """What the mails say is no matter here."""
    monkeypatch.setattr(compose, "render_mail", lambda text, about: Mail("s", "p", "<p>", "t"))
    flow_book.forget()
    with instead_of_dynamodb() as fake:
        yield fake


def open_shop(slug: str, customers: int) -> int:
    """A shop whose customers all bought an hour before noon. Returns how many follow-ups are due at noon: two for each,
    four for some; one in a shop that is called `plain`."""
    names = dict(list(FLOWS.items())[: 1 if slug.startswith("plain") else 4])
    shop = replace(
        SHOP,
        slug=slug,
        flows_off=("thank-you", "how-was-it", "come-back"),
        own_flows=dict.fromkeys(names, 1),
        caps={"total": [CAP, WITHIN.days]},
    )
    shops.put(shop)
    for priority, (name, least) in enumerate(names.items()):
        start = {"when": "bought", "wait": "1h", "if": {"order.total": {"at_least": f"{least // 100 or 1} EUR"}}}
        data: dict[str, Any] = {"flow": name, "version": 1, "purpose": "marketing", "starts": [start]}
        data |= {"priority": 40 + priority}
        data["steps"] = [{"step": "mail", "send": "come-back", "channel": "email", "max_late": "30d"}]
        flow_files.save(slug, name, 1, data, {}, {}, stamp(NOON))
    due = 0
    for number in range(customers):
        total = 5000 if number % MANY_EACH == 0 else 1200
        bought = order(number, NOON - 60 * MINUTE, f"{slug}-{number}@example.test", total=total)
        take_order.see(shop, OrderSeen(bought), NOON - 60 * MINUTE)
        due += sum(total >= least for least in names.values())
    return due


@dataclass
class Crew:
    """Several workers at one outbox. Whose turn it is changes in the midst of their calls, by lots drawn beforehand."""

    office: PostOffice
    lots: Random
    many: int = 4
    lost: int = 0
    running: set[str] = field(default_factory=set)
    whose: str = "0"
    turn: Condition = field(default_factory=Condition)

    def work_off(self) -> None:
        names = [str(number) for number in range(self.many)]
        self.running, self.whose = set(names), self.lots.choice(names)
        workers = [Thread(target=self._work, name=name) for name in names]
        self.office.dynamo.before = self._call
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        self.office.dynamo.before = lambda operation, arguments: None

    def _work(self) -> None:
        outside = self.office.sending()
        outside.deliver = self._deliver
        try:
            self._wait()
            while self.office.queue:
                _, body = self.office.queue.pop(0)
                send.handle({"Records": [{"messageId": "m", "body": body}]}, self.office.now, outside)
        finally:
            with self.turn:
                self.running.discard(current_thread().name)
                self.whose = min(self.running, default="")
                self.turn.notify_all()

    def _call(self, operation: str, arguments: dict[str, Any]) -> None:
        if self.lots.random() < 0.2 and len(self.running) > 1:
            with self.turn:
                self.whose = self.lots.choice(sorted(self.running))
                self.turn.notify_all()
            self._wait()

    def _wait(self) -> None:
        with self.turn:
            self.turn.wait_for(lambda: self.whose == current_thread().name)

    def _deliver(self, shop: Shop, channel: str, message: Message) -> Receipt:
        lot = self.lots.random()
        if lot < 0.01:
            self.lost += 1
            raise Unclear("lost on the way")
        receipt = self.office.deliver(shop, channel, message)
        if lot < 0.02:
            self.lost += 1
            raise Unclear("lost on the way back")
        return receipt


@dataclass
class Rush:
    """What came of it. `left`: minute -> how many left; `seen`: shop -> the minute in which the last of it was looked
    at for the first time."""

    left: Counter[str] = field(default_factory=Counter)
    seen: dict[str, int] = field(default_factory=dict)
    lost: int = 0
    due: int = 0
    got: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))  # address -> when


def rush(fake: FakeDynamo, sizes: dict[str, int], rate: int, seed: int = 7) -> Rush:
    office = PostOffice(rate=rate, dynamo=fake, now=NOON - MINUTE)
    dispatch.tick(office.now, office.ticking())
    crew, found = Crew(office, Random(seed)), Rush()
    found.due = sum(open_shop(slug, many) for slug, many in sizes.items())
    office.now = NOON
    while waiting := [moment(at) for at in due_moments(fake)]:
        assert office.now < NOON + 30 * DAY, "something waits for ever"
        office.now = max(office.now, min(waiting))
        minute(office, crew, found)
        for slug in sizes.keys() - found.seen.keys():
            if not any(at <= stamp(office.now) for at in due_moments(fake, slug)):
                found.seen[slug] = (office.now - NOON) // MINUTE
        office.now += MINUTE
    found.lost = crew.lost
    return found


def minute(office: PostOffice, crew: Crew, found: Rush) -> None:
    dispatch.tick(office.now, office.ticking())
    assert len(office.queue) <= office.rate * 60 * dispatch.MINUTES_AHEAD, "more in the outbox than it may hold"
    before = len(office.taken)
    crew.work_off()
    for message in office.taken[before:]:
        found.left[stamp(office.now)] += 1
        found.got[message.to].append(stamp(office.now))
    events = [{"messageId": "e", "body": json.dumps(event)} for event in office.untold]
    office.untold.clear()
    assert not feedback.handle({"Records": events}, office.now, feedback.Outside(lambda key, data: None))[
        "batchItemFailures"
    ]


def due_moments(fake: FakeDynamo, slug: str | None = None) -> list[str]:
    entries = [item for bucket in fake.by_index["due"].values() for item in bucket.values()]
    return [f"{item['due_sk']['S']}Z" for item in entries if slug in (None, item["pk"]["S"].split("#")[1])]


def check(fake: FakeDynamo, sizes: dict[str, int], rate: int) -> Rush:
    found = rush(fake, sizes, rate)
    assert max(found.left.values()) <= rate * 60 * 1.02, "more left in a minute than the provider takes"
    rows = [item for item in fake.all() if item["k"]["S"] == "follow_up"]
    assert Counter(row["state"]["S"] for row in rows) == {"sent": found.due}, (
        "everybody gets everything, sooner or later"
    )
    assert sum(map(len, found.got.values())) == found.due, "and nobody anything twice"
    for times in found.got.values():
        at = sorted(map(moment, times))
        assert all(b - a >= WITHIN for a, b in zip(at, at[CAP:], strict=False)), "a cap was broken"
    return found


def test_a_rush_over_shops_of_every_size_breaks_no_cap_and_starves_nobody(fake: FakeDynamo) -> None:
    sizes = {"large": 60, "middle": 20, **{f"small-{n}": 2 for n in range(5)}}
    found = check(fake, sizes, rate=1)
    assert all(found.seen[slug] <= 1 for slug in sizes if slug.startswith("small")), found.seen
    assert found.lost > 0


def test_workers_who_are_quicker_than_the_provider_hold_its_rate(fake: FakeDynamo) -> None:
    found = check(fake, {"plain": 150}, rate=1)
    assert max(found.left.values()) == 60


@pytest.mark.slow
def test_twenty_thousand_due_in_a_minute(fake: FakeDynamo) -> None:
    sizes = {"largest": 4600, "large": 1800, "middle": 900, **{f"shop-{n:02d}": 40 + 2 * n for n in range(24)}}
    sizes |= {f"tiny-{n:02d}": 5 for n in range(22)} | {"plain": 400}
    assert len(sizes) == 50
    found = check(fake, sizes, rate=14)
    assert found.due >= 20_000
    assert all(found.seen[slug] <= 2 for slug in sizes if slug.startswith("tiny")), found.seen
    assert all(found.seen[slug] <= 12 for slug in sizes if slug.startswith("shop")), found.seen
