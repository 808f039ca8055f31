"""Learning in a world whose nights pass in a second: once at the end of a long jump says as much as every night."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.local.world import World


def postpone(slugs: Iterable[str], to: datetime, now: datetime) -> None:
    """The next night of these shops is at `to`."""
    from chalicelib.table import base, sync
    from chalicelib.work.learn_timer import LEARN

    base.connect()
    for slug in slugs:
        if held := sync.read(slug, LEARN):
            with suppress(base.Conflict):  # somebody is learning just now: then this night is an early one
                sync.write(slug, held, held.sync, to, now)


def learn(world: World, slugs: Iterable[str]) -> None:
    """As every night, now."""
    from chalicelib.table import base
    from chalicelib.work import aws, learn, learn_timer

    base.connect()
    for slug in slugs:
        learn_timer.soon(slug, world.timeline.now())
        aws.reach().ask_learn([learn.message(slug)])
    world.engine.drain()
