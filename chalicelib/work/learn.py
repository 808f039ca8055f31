"""Learning from shops, a slice at a time: what the queue says is only a hint, the table says what is to be done.

Whoever takes a shop up writes down until when nobody else should; a worker that dies leaves a row that is due again by
itself, and the next one goes on where it was.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from chalicelib import thin
from chalicelib.domain import dates
from chalicelib.domain.shop import Shop
from chalicelib.domain.sync import Sync, wait_after
from chalicelib.table import base, shops, sync
from chalicelib.work import learn_stages
from chalicelib.work.learn_run import LEASE, Outside, Run
from chalicelib.work.learn_timer import ERASING, LEARN
from chalicelib.work.log import logger, unforeseen

__all__ = ["Outside", "handle", "message"]
MOST_TRIES = 6  # of what fails for a reason nobody foresaw
WHILE_OFF = timedelta(hours=6)


def message(shop: str) -> tuple[str, str]:
    """(shop, body) for the queue."""
    return shop, json.dumps({"shop": shop, "task": LEARN})


def handle(event: Mapping[str, Any], outside: Outside) -> dict[str, Any]:
    """An SQS batch of `{"shop", "task"}` -> `{"batchItemFailures": [...]}`."""
    base.connect()
    failed = [record["messageId"] for record in event["Records"] if not _done(record["body"], outside)]
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


def _done(text: str, outside: Outside) -> bool:
    """False: the message should come again. What can be told of later by the table need not."""
    try:
        slug = str(json.loads(text)["shop"])
        shop = shops.get(slug)
        if shop:
            _work(shop, outside)
        else:
            sync.forget(slug, LEARN)
    except (base.Trouble, base.Conflict, thin.Trouble, OSError) as trouble:
        logger.warning("later", extra={"reason": type(trouble).__name__})
        return False
    except Exception as error:
        unforeseen(error)
    return True


def _work(shop: Shop, outside: Outside) -> None:
    now = outside.now()
    held = sync.read(shop.slug, LEARN)
    if held is None or not held.is_due(now):
        return
    with suppress(base.Conflict):  # somebody else is at it, or it was begun anew under our hands
        if shop.state == "off" and held.sync.state != ERASING:
            sync.write(shop.slug, held, held.sync, now + WHILE_OFF, now)
        else:
            taken = sync.write(shop.slug, held, _begun(held.sync), now + LEASE, now)
            _told(Run(shop, taken, outside))


def _begun(found: Sync) -> Sync:
    """With how many calls began where this one does: some part may be the death of everybody who tries it."""
    begun = {found.kind: found.report.get("begun", {}).get(found.kind, 0) + 1} if found.kind else {}
    return replace(found, report={**found.report, "begun": begun})


def _told(run: Run) -> None:
    """What goes wrong is written down where the owner sees it, and tried again; in the end the next night is."""
    try:
        learn_stages.go_on(run)
    except (base.Conflict, base.Trouble, thin.Trouble, OSError):
        raise
    except Exception as error:
        unforeseen(error, shop=run.shop.slug, task=LEARN, stage=run.sync.kind or "")
        _note(run, f"a fault of ours ({type(error).__name__}); the log of learn has more")


def _note(run: Run, remedy: str) -> None:
    """Raises Conflict."""
    now = run.outside.now()
    noted = run.sync.troubled("internal", remedy, now)
    if noted.tries < MOST_TRIES or noted.state == ERASING:
        run.leave(noted, now + wait_after(noted.tries, 0))
    else:
        night = dates.next_night(run.shop.slug, run.shop.timezone, now)
        run.leave(replace(noted, state="waiting", kinds=(), cursor=None, tries=0), night)
