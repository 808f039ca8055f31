"""What turns the wheels: queues read, the minute timer, and jumps from one moment that matters to the next."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import uuid4

from chalice.local import LambdaContext

from chalicelib.domain.times import moment, stamp
from infra.local.queues import Queues
from infra.local.timeline import MINUTE, Timeline, next_minute

IDLE_SECONDS = 0.2


class DueRow(NamedTuple):
    """A row that waits for a moment, and the hour under which the due index files it."""

    pk: str
    sk: str
    due: str
    hour: str


class Engine:
    """One hand at the wheel at a time: the live thread, a jump or a drain. `due_rows()` lists everything that waits for
    a moment; `tick` is the function of the minute timer; `skip(at, rows)` is told
    before it comes by."""

    def __init__(
        self,
        timeline: Timeline,
        queues: Queues,
        tick: Callable[..., Any],
        due_rows: Callable[[], list[DueRow]],
        skip: Callable[[datetime, list[DueRow]], None],
    ) -> None:
        self._timeline, self._queues, self._tick = timeline, queues, tick
        self._due_rows, self._skip = due_rows, skip
        self._hand, self._stopping = threading.Lock(), threading.Event()
        self._next_tick = next_minute(timeline.now())
        self._stuck: set[DueRow] = set()
        self._live = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Live: queues are read as messages come, the timer comes by every minute."""
        self._live.start()

    def stop(self) -> None:
        """Finish what is being done, then stand still."""
        self._stopping.set()
        if self._live.ident:
            self._live.join()

    def drain(self) -> Counter[str]:
        """Work off all queues at the present moment."""
        with self._hand:
            return self._queues.drain(self._timeline.now)

    def jump(self, to: datetime, every: timedelta = MINUTE) -> tuple[int, Counter[str]]:
        """Run clock, timer and queues up to a moment: (how often the timer came by, messages worked off). The clock
        stands still at every step, so the same jump makes the same decisions. `every`: the least time between two
        steps; a longer one is faster and sends a little later."""
        with self._hand:
            try:
                return self._jump(to, every)
            finally:
                self._timeline.go_on()
                self._next_tick = next_minute(self._timeline.now() + MINUTE / 60)

    def _jump(self, to: datetime, every: timedelta) -> tuple[int, Counter[str]]:
        self._timeline.hold(self._timeline.now())
        done, steps, self._stuck = self._queues.drain(self._timeline.now), 1, set()
        rows = self._due_rows()
        while (at := self._next_moment(rows, every)) and at < to and not self._stopping.is_set():
            worked, rows = self._step(at, rows)
            done += worked
            steps += 1
        return steps, done + self._step(to, rows)[0]

    def _step(self, at: datetime, rows: list[DueRow]) -> tuple[Counter[str], list[DueRow]]:
        """The timer comes by at a moment: what was worked off, and what waits afterwards. Rows that are left untouched
        though they are due are no reason to come again."""
        self._timeline.hold(at)
        self._queues.release(at)
        self._skip(at, rows)
        failed = self._timer(at)
        done, left = self._queues.drain(self._timeline.now), self._due_rows()
        if not done:
            self._stuck |= {row for row in rows if moment(row.due) <= at} & set(left)
        return done + failed, left

    def _next_moment(self, rows: list[DueRow], every: timedelta) -> datetime | None:
        """When the timer has something to do next: at the first full minute after now at which a row is due."""
        waiting = [moment(row.due) for row in rows if row not in self._stuck]
        parked = self._queues.next_parked()
        earliest = min(waiting + ([parked] if parked else []), default=None)
        soonest = next_minute(self._timeline.now() + every - MINUTE + MINUTE / 60)
        return max(next_minute(earliest), soonest) if earliest else None

    def _timer(self, at: datetime) -> Counter[str]:
        event = {
            "id": str(uuid4()), "account": "000000000000", "region": "us-east-1", "time": stamp(at), "resources": [],
            "source": "aws.events", "detail-type": "Scheduled Event", "detail": {}, "version": "0",
        }  # fmt: skip
        try:
            self._tick(event, LambdaContext("tick", 512, 60_000))
        except Exception:
            traceback.print_exc(file=sys.stderr)
            return Counter({"tick_failed": 1})
        return Counter()

    def _run(self) -> None:
        while not self._stopping.is_set():
            with self._hand:
                busy = self._live_round(self._timeline.now())
            if not busy:
                time.sleep(IDLE_SECONDS)

    def _live_round(self, now: datetime) -> bool:
        if now >= self._next_tick:
            self._next_tick = next_minute(now + MINUTE / 60)
            self._timer(now)
            self._timeline.save()
        self._queues.release(now)
        try:
            return bool(self._queues.round(now))
        except Exception:
            traceback.print_exc(file=sys.stderr)
            return False
