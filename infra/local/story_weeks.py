"""Weeks in seconds: what a shop sends is delivered in its hour, and the clock brings what falls due in between."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import groupby

from chalicelib.platforms.standard import webhook
from infra.local.history import Delivery
from infra.local.story_numbers import Numbers, numbers
from infra.local.story_shops import Line
from infra.local.teller import Teller
from infra.local.world import World

# The timer comes by every minute; here no more often than this, which sends a little later and is much faster.
PACE = timedelta(hours=3)
_WEEK = timedelta(weeks=1)


def weeks(
    world: World, teller: Teller, lines: dict[str, Line], shop: str, until: datetime, told: Iterable[Delivery] = ()
) -> Numbers:
    """Up to `until`, saying after every week what it brought. Returns the figures at the end."""
    coming, known = list(told), numbers(world, lines)
    while (now := world.timeline.now()) < until:
        end = min(until, now + _WEEK)
        _week(world, lines[shop], end, [delivery for delivery in coming if now <= delivery.at < end])
        before, known = known, numbers(world, lines)
        teller.week(now, known.since(before))
    return known


def _week(world: World, line: Line, end: datetime, coming: list[Delivery]) -> None:
    for moment, together in groupby(coming, key=lambda delivery: _slot(delivery.at)):
        go_to(world, min(moment, end))
        for delivery in together:
            post(world, line, delivery)
    go_to(world, end)


def _slot(at: datetime) -> datetime:
    """When everything that comes at about this time is delivered together."""
    return at + (PACE - timedelta(hours=at.hour, minutes=at.minute, seconds=at.second) % PACE)


def go_to(world: World, moment: datetime) -> None:
    """Run the clock to a moment and keep it there: the story must not depend on how fast this machine is."""
    if moment > world.timeline.now():
        world.engine.jump(moment, PACE)
    world.timeline.hold(moment)


def post(world: World, line: Line, delivery: Delivery) -> None:
    """Sign it as the shop would at this moment, and send it. Raises RuntimeError where it is not taken."""
    headers = webhook.sign(delivery.body, line.secret, topic="", now=world.timeline.now(), id=delivery.id)
    status = line.deliver(delivery.body, headers)
    if status != 200:
        raise RuntimeError(f"{delivery.id} was answered {status}")
