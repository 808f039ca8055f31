"""A flow: what starts it, for whom, what ends it, and its steps. `flow_file` reads it from a file's data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time, timedelta

from chalicelib.domain.conditions import Condition, facts_of

PURPOSES = ("transactional", "marketing")
TOPICS = ("orders", "reviews", "offers", "reminders", "news")  # what she may switch off by itself
# Moments of an order. `bought`: paid, or placed where it is paid at the door. `no_next_order`: the same moment, with
# `bought_again` among the exits. `first_order_anniversary`: the same moment a year on, of her first order.
ORDER_MOMENTS = (
    *("placed", "paid", "bought", "fulfilled", "completed", "delivered", "refunded", "cancelled", "rated"),
    *("no_next_order", "first_order_anniversary"),
)
# Moments of a person, a cart, a product.
OTHER_MOMENTS = ("birthday", "segment_entered", "segment_left", "cart_abandoned", "back_in_stock")
MOMENTS = ORDER_MOMENTS + OTHER_MOMENTS
EXITS = ("bought_again", "refunded", "cancelled", "left_segment", "unsubscribed", "complained", "erased")
EVENTS = ("paid", "fulfilled", "delivered", "rated", "ordered", "refunded", "cancelled")  # what a step can wait for
CHANNELS = ("email", "sms", "http", "onsite")
KINDS = ("send", "tag", "coupon", "webhook", "task", "branch", "split", "wait_for", "stop")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LONGEST_WAIT = timedelta(days=366)
# Without a limit of its own a step that could not go out for this long is dropped, and says so.
USUAL_MAX_LATE = timedelta(days=3)
USUAL_PRIORITY = 50
MOST_STEPS = 40


@dataclass(frozen=True, slots=True)
class Wait:
    """First the length, then on to the local hour `at` and to one of the weekdays `on` (mon is 0), where she lives."""

    length: timedelta = timedelta(0)
    at: time | None = None
    on: tuple[int, ...] = ()

    @property
    def none(self) -> bool:
        return not self.length and self.at is None and not self.on


@dataclass(frozen=True, slots=True)
class Rhythm:
    """A wait that is hers: `factor` times the median time between her orders (`of` customer) or between her orders of
    the same product (`of` product), within `least` and `most`; `usual` where she has no rhythm yet."""

    of: str  # customer | product
    usual: timedelta
    factor: float = 1.0
    least: timedelta = timedelta(days=3)
    most: timedelta = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Start:
    """A moment that starts the flow, and how long after it the first step is due."""

    when: str
    wait: Wait = Wait()
    rhythm: Rhythm | None = None  # on top of `wait`, settled when the earliest possible moment has come
    only_if: Condition | None = None
    segment: str | None = None  # of segment_entered, segment_left


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `next` is what follows it, None at the end; `then` and `other` are a branch's or a waiting's two ways.

    send: `channels` in the owner's order (more than one: the best for her), `text` names its words.
    tag: `value` is set, or taken off where it begins with `-`. coupon: `value` names the shop's coupon rule.
    webhook: `value` names the endpoint. task: `value` is what the owner is to do. split: `shares` are (percent, next).
    wait_for: `value` is one of EVENTS, `timeout` how long at most. After `max_late` past its moment a step is left out.
    """

    name: str
    kind: str
    next: str | None = None
    wait: Wait = Wait()
    max_late: timedelta = USUAL_MAX_LATE
    only_if: Condition | None = None
    channels: tuple[str, ...] = ()
    text: str = ""
    value: str = ""
    then: str | None = None
    other: str | None = None
    shares: tuple[tuple[int, str | None], ...] = ()
    timeout: timedelta = timedelta(0)

    @property
    def ways(self) -> tuple[str | None, ...]:
        """What it may lead to once it is done."""
        if self.kind == "split":
            return tuple(way for _, way in self.shares)
        return (self.then, self.other) if self.kind in ("branch", "wait_for") else (self.next,)


@dataclass(frozen=True, slots=True)
class Flow:
    """The first of `starts` that applies decides; any of `exits` ends the flow for that trigger. `steps` in the order
    of the file, those within branches after them; the first one begins."""

    name: str
    version: int
    purpose: str
    starts: tuple[Start, ...]
    steps: tuple[Step, ...]
    exits: tuple[str, ...] = ()
    only_if: Condition | None = None
    on: bool = True  # before the owner says anything
    priority: int = USUAL_PRIORITY  # 1 to 99: of two conversations the greater goes first
    topic: str = "orders"
    title: str = ""  # what owners call it, in English where it has several
    titles: tuple[tuple[str, str], ...] = ()  # language -> what owners call it in that language

    def step(self, name: str | None) -> Step | None:
        return next((step for step in self.steps if step.name == name), None)

    def called(self, language: str) -> str:
        """What an owner who reads that language calls it."""
        return dict(self.titles).get(language) or self.title or self.name

    @property
    def about_orders(self) -> bool:
        return any(start.when in ORDER_MOMENTS for start in self.starts)

    @property
    def about_others(self) -> bool:
        """Whether something beside orders starts it too: then follow-ups of it lie beside the customer."""
        return any(start.when in OTHER_MOMENTS for start in self.starts)

    def opening(self) -> frozenset[str]:
        """The steps up to the first message and with it, by whatever way: before it no conversation is under way."""
        ahead: list[str | None] = [self.steps[0].name]
        found: set[str] = set()
        while ahead:
            step = self.step(ahead.pop())
            if step is not None and step.name not in found:
                found.add(step.name)
                ahead += step.ways if step.kind != "send" else ()
        return frozenset(found)

    @property
    def segments(self) -> tuple[str, ...]:
        return tuple(start.segment for start in self.starts if start.segment)

    def facts(self) -> set[str]:
        """Every fact its conditions mention."""
        return set(self._facts())

    def _facts(self) -> Iterator[str]:
        for condition in (self.only_if, *(s.only_if for s in self.starts), *(s.only_if for s in self.steps)):
            yield from facts_of(condition)
