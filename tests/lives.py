"""Random lives of a few customers in one shop, and how a queue and a crash can mangle the telling of them.

A life is a list of things that happened, in order. `ordered` takes each in once; `disturbed` takes them in shuffled,
repeated, with lost responses and crashes, by two workers whose calls are interleaved. `tests/life_model.py` says what
must be held in the end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Any

from botocore.exceptions import ReadTimeoutError

from chalicelib.domain import blinding, events
from chalicelib.domain.order import Buyer, Consent, Line, Order, Refund
from chalicelib.domain.people import identity
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import moment, stamp
from chalicelib.table import base
from chalicelib.work import ingest, privacy
from tests.dynamo_expressions import error
from tests.fake_dynamo import FakeDynamo

START = "2026-05-01T10:00:00Z"
SHOP = Shop("acme", "standard", "2026-05-01T10:01:00Z", blind_key="ab" * 32, salt="cd" * 32)

SARA, OMID, MINA = "sara@example.test", "omid@example.test", "mina@example.test"
PHONES = "+989121234567", "+4915112345678"
BUYERS = (
    Buyer(email=SARA, name="Sara Ahmadi", country="IR"),
    Buyer(account="7", email=SARA, name="Sara Karimi"),
    Buyer(account="7"),
    Buyer(account="7", email=OMID, phone=PHONES[0]),
    Buyer(account="8", email=OMID, name="Omid Rezaei", locale="fa-IR"),
    Buyer(email=OMID, phone=PHONES[1], country="DE"),
    Buyer(phone=PHONES[0], name="Mina"),
    Buyer(email=MINA, phone=PHONES[0]),
    Buyer(),
)


@dataclass(frozen=True)
class Erase:
    """The owner erases the customer that is called `node` at that moment."""

    node: str


@dataclass(frozen=True)
class Happened:
    at: str  # a stored moment
    what: Any  # an event of domain.events, or Erase


class Crash(BaseException):
    """The worker's process ends."""


class _Telling:
    """The shop as it was: its clock, its orders and accounts, and what it said of them."""

    def __init__(self, rnd: Random) -> None:
        self.rnd, self.at = rnd, START
        self.said: list[Happened] = []
        self.orders: dict[str, Order] = {}
        self.accounts: dict[str, tuple[str, str | None]] = {}
        self.erased: set[str] = set()

    def tick(self, least: int = 0) -> None:
        seconds = max(least, self.rnd.choice((0, 0, 0, 1, 30, 4000, 90000)))
        self.at = stamp(moment(self.at) + timedelta(seconds=seconds))

    def say(self, what: Any) -> None:
        self.said.append(Happened(self.at, what))

    def order(self) -> None:
        order_id = self.rnd.choice(("1", "2", "3"))
        known = self.orders.get(order_id)
        if known is None:
            order = new_order(self.rnd, order_id, self.at)
        else:
            order = replace(self.rnd.choice(EDITS)(self.rnd, known, self.at), updated_at=self.at)
        self.orders[order_id] = order
        self.say(events.OrderSeen(order))

    def settled(self) -> None:
        for order in list(self.orders.values())[:1]:
            self.tick(2)
            self.say(events.OrderSeen(replace(order, settled=True)))
            self.tick(2)

    def partial(self) -> None:
        self.say(events.OrderChanged(self.rnd.choice(("1", "2")), self.at))

    def gone(self) -> None:
        self.say(events.OrderGone(self.rnd.choice(("1", "2", "3")), self.at))

    def account(self) -> None:
        name = self.rnd.choice(("7", "8"))
        created, _ = self.accounts.get(name, (self.at, None))
        email = self.rnd.choice((SARA, OMID, MINA, None))
        self.accounts[name] = created, email
        buyer = Buyer(account=name, email=email, name=self.rnd.choice(("", "Sara A", "Omid")))
        self.say(events.AccountSeen(buyer, created, self.at, self.rnd.choice(((), ("vip",)))))

    def consent(self) -> None:
        when = self.rnd.choice((None, self.at))
        said = Consent("email", self.rnd.choice(("subscribed", "unsubscribed")), "form", when)
        who = self.rnd.choice(((None, SARA, None), ("7", SARA, None), (None, None, PHONES[0])))
        self.say(events.ConsentGiven(*who, said))

    def product(self) -> None:
        one = events.Product("p1", self.rnd.choice(("Tea", "Saffron")), self.at, price=self.rnd.choice((100, 200)))
        self.say(self.rnd.choice((events.ProductSeen(one), events.ProductGone("p1", self.at))))

    def erase(self) -> None:
        known = [node for node in self._nodes() if node not in self.erased]
        if known:
            node = self.rnd.choice(known)
            self.erased.add(node)
            self.say(Erase(node))
            self.tick(1)

    def _nodes(self) -> list[str]:
        """Nodes that certainly stand: those of orders. A person who came back is found under her second name."""
        tellings = [one.what.order for one in self.said if isinstance(one.what, events.OrderSeen)]
        names = [(identity(order.buyer), order.placed_at) for order in tellings]
        return list(dict.fromkeys(node_at(name, at, _erased(self.said)) for name, at in names if name))


def _erased(told: list[Happened]) -> dict[str, str]:
    """When which nodes were. Whoever is linked to an erased one goes with it: her second name tells of that moment."""
    from tests.life_model import Model  # which rests on this file

    return Model(told).erased


def node_at(who: str, at: str, erased: dict[str, str]) -> str:
    """The node's id of an identity at a moment, `erased` being the moments at which nodes were."""
    node = blinding.customer_id(SHOP.blind_key, who)
    while node in erased and at.removesuffix("Z") > erased[node].removesuffix("Z"):
        node = blinding.customer_id(SHOP.blind_key, who, erased[node])
    return node


def new_order(rnd: Random, order_id: str, at: str) -> Order:
    paid = rnd.choice((None, at))
    return Order(
        id=order_id, number=rnd.choice((order_id, f"A-{order_id}")), status=rnd.choice(("pending", "placed")),
        payment="paid" if paid else "none", fulfilment="none", currency="IRR", currency_original="IRT",
        total=2990000, subtotal=2990000, discount=0, tax=0, shipping=0, placed_at=at, updated_at=at, paid_at=paid,
        cash_on_delivery=rnd.random() < 0.3, test=rnd.random() < 0.1, buyer=rnd.choice(BUYERS),
        lines=(Line("p1", None, None, "Tea", 1, 2990000, 2990000),),
    )  # fmt: skip


def _refund(rnd: Random, order: Order, at: str) -> Order:
    amount = rnd.choice((299000, 500, order.total))
    return replace(order, refunds=(*order.refunds, Refund(f"r{len(order.refunds)}", amount, at)))


def _moved(rnd: Random, order: Order, at: str) -> Order:
    said = Consent("email", rnd.choice(("subscribed", "unsubscribed")), "checkout", rnd.choice((None, at)))
    return replace(order, buyer=replace(rnd.choice(BUYERS), consents=rnd.choice(((), (said,)))))


EDITS: tuple[Callable[[Random, Order, str], Order], ...] = (
    lambda rnd, order, at: replace(order, status="placed", payment="paid", paid_at=at),
    lambda rnd, order, at: replace(order, status="placed"),
    lambda rnd, order, at: replace(order, status="completed", fulfilled_at=order.fulfilled_at or at),
    lambda rnd, order, at: replace(order, status="cancelled", cancelled_at=at),
    lambda rnd, order, at: replace(order, total=rnd.choice((100, 777, 2**60)), discount=rnd.choice((0, 5))),
    lambda rnd, order, at: replace(order, lines=(*order.lines, Line(None, None, "x", "Bag", 2, 1, 2))),
    lambda rnd, order, at: replace(order, placed_at=rnd.choice((START, at)), paid_at=order.paid_at and at),
    lambda rnd, order, at: replace(order, refunds=order.refunds[1:]),
    lambda rnd, order, at: replace(order, currency=rnd.choice(("EUR", "IRR")), number=rnd.choice(("B-1", order.id))),
    lambda rnd, order, at: replace(order, test=not order.test),
    _refund, _refund, _moved, _moved, _moved,
)  # fmt: skip
SCENES = ("order",) * 9 + ("account",) * 3 + ("gone", "settled", "partial", "consent", "product", "erase")


def life(rnd: Random, scenes: tuple[str, ...] = SCENES, longest: int = 14) -> list[Happened]:
    """Everything that happened, in order."""
    telling = _Telling(rnd)
    for _ in range(rnd.randrange(3, longest + 1)):
        getattr(telling, rnd.choice(scenes))()
        telling.tick()
    return telling.said


def take(one: Happened, at: str | None = None) -> None:
    """What the worker does with one of them. Raises what the worker would."""
    if isinstance(one.what, Erase):
        privacy.erase(SHOP, one.what.node, moment(one.at))
    else:
        ingest.take(SHOP, one.what, moment(at or one.at))


def ordered(told: list[Happened]) -> None:
    """Each once, in the order of its time."""
    for one in told:
        take(one)


def disturbed(told: list[Happened], rnd: Random, fake: FakeDynamo) -> None:
    """Every fault at once. What lies after an erasure arrives after it; what lies before it, at any time."""
    for first, rest in phases(told, rnd):
        for one in first:
            take(one)
        Duet(fake, rnd).play(rest)


def phases(told: list[Happened], rnd: Random) -> list[tuple[list[Happened], list[Happened]]]:
    """Per erasure: what must precede it (the shop's word on accounts, which decides who is linked, and somebody to
    erase), and what may come at any time, shuffled. Whatever is repeated may be repeated in any later part."""
    parts: list[tuple[list[Happened], list[Happened]]] = [([], [])]
    starts: list[int] = []
    for one in told:
        starts.append(len(parts) - 1)
        if isinstance(one.what, Erase):
            parts.append(([], []))
    for one, start in zip(told, starts, strict=True):
        sure = _precedes(one, told, start, len(parts))
        parts[start if sure else rnd.randrange(start, len(parts))][0 if sure else 1].append(one)
        copies = 0 if isinstance(one.what, Erase) else rnd.choice((0, 0, 1, 1, 2))
        for _ in range(copies):
            parts[rnd.randrange(start, len(parts))][1].append(one)
    for first, rest in parts:
        rnd.shuffle(first)
        rnd.shuffle(rest)
    erasures = [one for one in told if isinstance(one.what, Erase)]
    for erasure, (_, rest) in zip(erasures, parts, strict=False):
        rest.insert(rnd.randrange(len(rest) + 1), erasure)
    return parts


def _precedes(one: Happened, told: list[Happened], start: int, parts: int) -> bool:
    if start == parts - 1 or isinstance(one.what, Erase):
        return False
    if isinstance(one.what, events.AccountSeen):
        return True
    if not isinstance(one.what, events.OrderSeen):
        return False
    who = identity(one.what.order.buyer)
    targets = {other.what.node for other in told if isinstance(other.what, Erase)}
    return who is not None and node_at(who, one.what.order.placed_at, _erased(told)) in targets


class Duet:
    """Two workers over one fake, one call at a time, whose turn it is drawn beforehand; faults at drawn calls."""

    def __init__(self, fake: FakeDynamo, rnd: Random) -> None:
        self.fake, self.error = fake, None
        self.turns = [rnd.random() < 0.5 for _ in range(64)]
        self.faults = {rnd.randrange(120): rnd.choice(FAULTS) for _ in range(rnd.randrange(5))}
        self.lag = timedelta(seconds=rnd.choice((0, 5, 100000)))
        self.calls = self.deliveries = 0
        self.running: list[int] = []
        self.turn = threading.Condition()
        self.whose = 0

    def play(self, told: list[Happened]) -> None:
        queues = [list(told[0::2]), list(told[1::2])]
        self.running = [0, 1]
        self.fake.before, self.fake.after = self._before, self._after
        workers = [threading.Thread(target=self._work, args=(n, queues[n]), name=str(n)) for n in (0, 1)]
        try:
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
        finally:
            self.fake.before = self.fake.after = lambda operation, arguments: None
        if self.error:
            raise self.error

    def _work(self, me: int, queue: list[Happened]) -> None:
        try:
            self._wait(me)
            while queue:
                self._deliver(queue)
        except BaseException as unforeseen:
            self.error = unforeseen
        finally:
            with self.turn:
                self.running.remove(me)
                self.whose = 1 - me
                self.turn.notify_all()

    def _deliver(self, queue: list[Happened]) -> None:
        one = queue.pop(0)
        self.deliveries += 1
        assert self.deliveries < 500, "never comes to an end"
        try:
            take(one, stamp(moment(one.at) + self.lag))
        except (Crash, base.Trouble, base.Conflict):
            queue.append(one)

    def _wait(self, me: int) -> None:
        with self.turn:
            while self.whose != me and len(self.running) == 2:
                self.turn.wait()
            self.whose = me

    def _before(self, operation: str, arguments: dict[str, Any]) -> None:
        self.calls += 1
        me = int(threading.current_thread().name)
        if self.turns[self.calls % len(self.turns)] and len(self.running) == 2:
            with self.turn:
                self.whose = 1 - me
                self.turn.notify_all()
            self._wait(me)
        self._fail("before", operation)

    def _after(self, operation: str, arguments: dict[str, Any]) -> None:
        self._fail("after", operation)

    def _fail(self, when: str, operation: str) -> None:
        fault = self.faults.get(self.calls, "")
        if fault.startswith(when):
            del self.faults[self.calls]
            raise _fault(fault, operation)


FAULTS = ("before crash", "after crash", "after lost", "before throttled", "before conflict")


def _fault(fault: str, operation: str) -> BaseException:
    if fault.endswith("crash"):
        return Crash()
    if fault.endswith("lost"):
        return ReadTimeoutError(endpoint_url="https://dynamodb.test")
    if fault.endswith("conflict") and operation == "TransactWriteItems":
        return error("TransactionCanceledException", operation=operation, reasons=["TransactionConflict"])
    if fault.endswith("conflict") and operation in ("PutItem", "DeleteItem", "UpdateItem"):
        return error("TransactionConflictException", operation=operation)
    return error("ProvisionedThroughputExceededException", operation=operation)
