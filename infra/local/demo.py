"""`make demo`: a season of one English gift shop and a day of two Persian ones, from the first webhook to the last mail."""

from __future__ import annotations

import json
import sys
import threading
import time
from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta

from infra.local import story_gifts, story_persian
from infra.local.sales import WEEKS
from infra.local.story_numbers import Numbers, numbers, summary
from infra.local.story_shops import register
from infra.local.teller import Teller
from infra.local.world import World

# Forty minutes after the Persian shops were recorded; the gift shop's history ends here.
START = datetime(2026, 11, 21, 22, 0, tzinfo=UTC)
# As long as the slowest follow-up takes, with its quiet nights and full weeks.
WEEKS_AFTER = 6


def tell(
    port: int = 8000,
    start: datetime | None = None,
    once: bool = False,
    stopped: threading.Event | None = None,
    weeks: int = WEEKS,
) -> int:
    """The story, then the world it happened in until `stopped`; with `once` a last line of JSON. Returns the exit code."""
    began, until = time.monotonic(), start or START
    teller = Teller(sys.stdout)
    teller.chapter("Starting: AWS, mail provider and API on this machine")
    with World(None, port, until - timedelta(weeks=weeks), live=False) as world:
        # What the functions log, one JSON object a line, would drown the story.
        with (world.data / "log.jsonl").open("a", buffering=1) as log, redirect_stdout(log):
            last = _story(world, teller, until, weeks)
            teller.say(f"Told in {time.monotonic() - began:.0f} seconds.")
            if not once:
                _serve(world, stopped or threading.Event())
    if once:
        teller.say(json.dumps(last))
    return 0
