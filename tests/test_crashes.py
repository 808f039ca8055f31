"""Sending while everything breaks: a process that dies at any call, lost answers, a provider that throttles."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from chalicelib.channels import Message, Receipt, Trouble, Unclear
from chalicelib.domain.shop import Shop
from chalicelib.table import base, orders
from chalicelib.work import dispatch, feedback, send
from tests.fake_dynamo import error
from tests.post_office import MINUTE, NOON, PostOffice, open_office, order


class Died(BaseException):
    """The process is gone: nothing after this line runs."""


class Chaos:
    """At each call, with chance `p`: it dies before or after, loses the answer, or the service says not now."""

    def __init__(self, seed: int, p: float) -> None:
        self.random, self.p = random.Random(seed), p

    def strikes(self) -> bool:
        return self.random.random() < self.p

    def before(self, operation: str, arguments: dict[str, Any]) -> None:
        if self.strikes():
            raise self.random.choice([Died(), error("ThrottlingException", operation=operation)])

    def after(self, operation: str, arguments: dict[str, Any]) -> None:
        if self.strikes():
            raise self.random.choice([Died(), ReadTimeoutError(endpoint_url="dynamodb")])

    def around(self, call: Callable[..., Any], before: list[Any], after: list[Any]) -> Callable[..., Any]:
        def struck(*args: Any) -> Any:
            if self.strikes():
                raise self.random.choice(before)
            answer = call(*args)
            if self.strikes():
                raise self.random.choice(after)
            return answer

        return struck


def due_office(many: int) -> PostOffice:
    """`many` thank-yous due now, the clock having run all along."""
    office = open_office()
    office.minute()
    for number in range(many):
        office.sell(order(number, email=f"buyer{number}@example.test"))
    office.now = NOON + timedelta(hours=1)
    return office


def storm(office: PostOffice, chaos: Chaos) -> send.Outside:
    """The outside in a storm. The table's wire is struck too."""
    calm = office.sending()
    office.dynamo.before, office.dynamo.after = chaos.before, chaos.after
    calm.deliver = chaos.around(office.deliver, [Died(), Trouble("throttled")], [Died(), Unclear("lost")])
    calm.journal = chaos.around(calm.journal, [Died(), OSError()], [Died(), OSError()])
    return calm


def live_through(office: PostOffice, chaos: Chaos) -> None:
    """Minutes go by until nothing waits any more; messages that failed come again, as SQS has it."""
    outside, hearing = storm(office, chaos), feedback.Outside(office.journal.__setitem__)
    for _ in range(300):
        office.now += MINUTE
        if not chaos.strikes():
            with calm(office):
                dispatch.tick(office.now, office.ticking())
        round_of_work(office, outside, hearing)
        if not waiting(office):
            return
    raise AssertionError("something still waits after five hours")


@contextmanager
def calm(office: PostOffice) -> Iterator[None]:
    """The clock reads some fifty buckets a minute: with each struck it would never come to its end."""
    struck = office.dynamo.before, office.dynamo.after
    office.dynamo.before = office.dynamo.after = lambda operation, arguments: None
    yield
    office.dynamo.before, office.dynamo.after = struck


def round_of_work(office: PostOffice, outside: send.Outside, hearing: feedback.Outside) -> None:
    """Every message that waits is handled once; what failed, or died, stays."""
    office.queue = [one for one in office.queue if not survive(lambda one=one: handle(one, office, outside))]
    office.untold = [one for one in office.untold if not survive(lambda one=one: hear(one, office, hearing))]


def handle(message: tuple[str, str], office: PostOffice, outside: send.Outside) -> bool:
    record = {"messageId": "m", "body": message[1]}
    return not send.handle({"Records": [record]}, office.now, outside)["batchItemFailures"]


def hear(event: dict[str, Any], office: PostOffice, outside: feedback.Outside) -> bool:
    record = {"messageId": "m", "body": json.dumps(event)}
    return not feedback.handle({"Records": [record]}, office.now, outside)["batchItemFailures"]


def survive(act: Callable[[], Any]) -> bool:
    """Whether it came to its end, and well."""
    try:
        return act() is not False
    except (Died, base.Trouble, base.Conflict):
        return False


def waiting(office: PostOffice) -> bool:
    soon = (office.now + timedelta(hours=3)).isoformat()[:19]
    return any(item["due_sk"]["S"] < soon for item in office.dynamo.all() if "due_sk" in item) or bool(office.untold)


def check(many: int, p: float, seed: int) -> Counter[int]:
    """Send `many` thank-yous in a storm. Returns how many people got 1, 2, … messages."""
    office = due_office(many)
    live_through(office, Chaos(seed, p))
    office.dynamo.before = office.dynamo.after = lambda operation, arguments: None
    got = Counter(message.to for message in office.taken)
    states = Counter(orders.read("acme", str(n)).follow_ups["thank-you", "mail"].state for n in range(many))
    assert states == {"sent": many}
    assert len(got) == many, "somebody got nothing"
    return Counter(got.values())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_in_a_storm_everybody_gets_the_message_and_nobody_gets_it_twice(table: str, seed: int) -> None:
    assert check(many=100, p=0.05, seed=seed) == {1: 100}


@pytest.mark.slow
def test_ten_thousand_sends_in_a_storm(table: str) -> None:
    times = check(many=10_000, p=0.05, seed=7)
    twice = sum(n for got, n in times.items() if got > 1)
    assert twice <= 5, f"{twice} of 10,000 were written to more than once"


def test_each_call_of_a_send_may_be_the_last_one(table: str) -> None:
    """Not by chance: the process dies before, and after, the first, second, third … call, one run each."""
    at, calls = 0, 1
    while at < calls:
        at += 1
        office = due_office(1)
        calls = die_at(office, at)
        assert [message.to for message in office.taken] == ["buyer0@example.test"], f"died at call {at}"
        assert office.state(0, "thank-you") == "sent", f"died at call {at}"
    assert at > 20


def die_at(office: PostOffice, at: int) -> int:
    """Live through with exactly one death. Returns how many calls there were."""
    count = 0

    def step(operation: str = "", arguments: dict[str, Any] | None = None) -> None:
        nonlocal count
        if "IndexName" in (arguments or {}):
            return  # the clock's fifty reads a minute: dying at one is dying at any
        count += 1
        if count == at:
            raise Died

    def deliver(shop: Shop, channel: str, message: Message) -> Receipt:
        step()
        receipt = office.deliver(shop, channel, message)
        step()
        return receipt

    outside, hearing = office.sending(), feedback.Outside(office.journal.__setitem__)
    outside.deliver = deliver
    office.dynamo.before = office.dynamo.after = step
    for _ in range(4):
        survive(lambda: dispatch.tick(office.now, office.ticking()))
        round_of_work(office, outside, hearing)
        office.now += send.LEASE
    office.dynamo.before = office.dynamo.after = lambda *_: None
    return count
