"""The clock: what is due goes to the outbox, to a shop's API or to be learnt from, then what was spooled to the inbox;
what the door noticed is counted."""

from __future__ import annotations

from typing import Any

from chalicelib import clock
from chalicelib.settings import settings
from chalicelib.work import aws, dispatch, notices, spool


def handler(event: dict[str, Any], context: object) -> None:
    """Once a minute."""
    given, reach = settings().need("outbox_url", "fetch_url", "learn_url"), aws.reach()
    outside = dispatch.Outside(
        reach.send_due, lambda: reach.waiting(given.outbox_url), given.mail_rate, reach.ask_fetch, reach.ask_learn
    )
    dispatch.tick(clock.now(), outside)
    spool.drain(spool.Outside(lambda most: reach.keys("spool/", most), reach.get_or_none, reach.send, reach.forget))
    notices.drain(
        notices.Outside(lambda most: reach.keys("notices/", most), reach.get_or_none, reach.forget, reach.ask_fetch)
    )
