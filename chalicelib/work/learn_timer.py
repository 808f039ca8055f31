"""When a shop is learnt from: every night, soon after its history came in, and whenever its owner asks.

One row of the due index carries it from night to night; whoever learns writes into it how far it is.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain.sync import Sync
from chalicelib.table import base, sync

LEARN = "learn"
ERASING = "erasing"  # the state in which everything that was learnt goes
# Whoever has just been connected may begin an import: what stands there before it is learnt from for nothing.
AFTER_CONNECTING = timedelta(minutes=30)


def ensure(slug: str, now: datetime) -> None:
    """A shop nobody has learnt from yet is, within the hour; any other stays as it is. To be called whenever a shop is
    added or connected. Raises Trouble."""
    if sync.read(slug, LEARN) is None:
        with suppress(base.Conflict):  # somebody else has just put it up
            sync.write(slug, sync.Held(Sync(LEARN)), Sync(LEARN), now + AFTER_CONNECTING, now)


def soon(slug: str, now: datetime) -> Sync:
    """Learn within two minutes, as the owner asks; a run that is under way goes on as it is. Raises Trouble."""
    held = sync.read(slug, LEARN)
    return held.sync if held and held.sync.state == "running" else sync.change(slug, LEARN, _anew, now, now)


def anew(slug: str, now: datetime) -> Sync:
    """Learn within two minutes, from the start: what a run that is under way has read is not all any more. Raises
    Trouble."""
    return sync.change(slug, LEARN, _anew, now, now)


def erase(slug: str, now: datetime) -> None:
    """Everything that was learnt from the shop goes within two minutes, and it is not learnt from again. Raises
    Trouble."""
    sync.change(slug, LEARN, lambda held: replace(_anew(held), state=ERASING), now, now)


def _anew(held: Sync | None) -> Sync:
    """All months are looked at again. The report names what the run before left in the bucket. What is to be erased
    still is."""
    if held is None:
        return Sync(LEARN)
    if held.state == ERASING:
        return held
    return replace(Sync(LEARN), report={name: value for name, value in held.report.items() if name != "oldest"})
