"""Talking with shops, a slice at a time: what the queue says is only a hint, the table says what is to be done.

Whoever takes a piece of work up writes down until when nobody else should; a worker that dies leaves a row that is due
again by itself. Every page is taken in before the cursor moves, so that whatever happens, nothing is left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from chalicelib import safe_http, thin
from chalicelib.domain.shop import Shop
from chalicelib.domain.sync import next_round, wait_after
from chalicelib.platforms.shop_api import Denied, Trouble
from chalicelib.table import base, shops, sync
from chalicelib.work import coupon_steps, erasing, importing, public_keys, reconcile, refetch, sweep, wants
from chalicelib.work.access import NotConnected
from chalicelib.work.log import logger, unforeseen
from chalicelib.work.sweep import SWEEP
from chalicelib.work.sync import IMPORT, RECONCILE
from chalicelib.work.take_rights import ERASE, ERASE_SHOP
from chalicelib.work.talk import Outside, Talk, claimed, code_of
from chalicelib.work.wants import STOCK

MOST_TRIES = 6  # of what fails for a reason nobody foresaw
WHILE_OFF = timedelta(hours=6)


def message(shop: str, task: str) -> tuple[str, str]:
    """(shop, body) for the queue."""
    return shop, json.dumps({"shop": shop, "task": task})


def handle(event: Mapping[str, Any], outside: Outside) -> dict[str, Any]:
    """An SQS batch of `{"shop", "task", …}` -> `{"batchItemFailures": [...]}`."""
    base.connect()
    failed = [record["messageId"] for record in event["Records"] if not _done(record["body"], outside)]
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


def _done(text: str, outside: Outside) -> bool:
    """False: the message should come again. What can be told of later by the table need not."""
    try:
        asked = json.loads(text)
        shop = shops.get(asked["shop"])
        if shop:
            _work(shop, asked, outside)
        else:
            sync.forget(asked["shop"], str(asked["task"]))
    except (base.Trouble, base.Conflict, thin.Trouble, OSError) as trouble:
        logger.warning("later", extra={"reason": type(trouble).__name__})
        return False
    except Exception as error:
        unforeseen(error)
    return True


def _work(shop: Shop, asked: Mapping[str, Any], outside: Outside) -> None:
    task = str(asked["task"])
    if task == "refetch":
        refetch.work(shop, [str(order_id) for order_id in asked.get("orders", [])], outside)
    elif task == "keys":
        public_keys.renew(shop, outside)
    elif task == "coupon":
        coupon_steps.work(shop, str(asked.get("follow_up", "")), outside)
    elif shop.state != "off" or task == ERASE_SHOP or task.startswith(ERASE):
        _slice(shop, task, outside)
    else:
        _rest(shop, task, outside)


def _rest(shop: Shop, task: str, outside: Outside) -> None:
    """A shop that is switched off is not asked; what is due is put off, or the clock would come by for it for ever."""
    held, now = sync.read(shop.slug, task), outside.now()
    if held and held.is_due(now):
        with suppress(base.Conflict):
            sync.write(shop.slug, held, held.sync, now + WHILE_OFF, now)


def _slice(shop: Shop, task: str, outside: Outside) -> None:
    """As much of it as fits into this call; what goes wrong is written down where the owner sees it."""
    talk = None
    try:
        if held := claimed(shop, task, outside.now()):
            talk = Talk(shop, held, outside)
            _told(talk)
    except base.Conflict:  # somebody else is at it, or it was stopped or begun anew while a page was under way
        if task == IMPORT:
            importing.align(shop.slug)


def _told(talk: Talk) -> None:
    try:
        _go_on(talk)
    except (base.Conflict, base.Trouble, thin.Trouble, OSError):
        raise
    except (NotConnected, Denied, safe_http.Refused) as denied:
        code, remedy = getattr(denied, "code", "not_connected"), getattr(denied, "remedy", str(denied))
        _note(talk, code, remedy, None)
    except (Trouble, safe_http.Unreachable) as trouble:
        _note(talk, code_of(trouble), trouble.reason, trouble.wait)
    except Exception as error:
        unforeseen(error, shop=talk.shop.slug, task=talk.sync.task)
        _note(talk, "internal", f"a fault of ours ({type(error).__name__}); the log of fetch has more", 0)


def _go_on(talk: Talk) -> None:
    task = talk.sync.task
    if task == IMPORT:
        importing.work(talk)
    elif task == RECONCILE:
        reconcile.work(talk)
    elif task == SWEEP:
        sweep.work(talk)
    elif task.startswith(STOCK):
        wants.work(talk)
    elif task == ERASE_SHOP:
        erasing.whole_shop(talk)
    elif task.startswith(ERASE):
        erasing.one(talk, task.removeprefix(ERASE))


def _note(talk: Talk, code: str, remedy: str, wait: float | None) -> None:
    """`wait` None: asking again will not help until the owner did something; an import ends there, a timer goes on.
    What fails in the same place again and again is not tried there for ever. Raises Conflict."""
    now, noted = talk.outside.now(), talk.sync.troubled(code, remedy, talk.outside.now())
    hopeless = code == "internal" and noted.tries >= MOST_TRIES
    if talk.sync.task == IMPORT and (wait is None or hopeless):
        importing.end(talk, noted, "failed")
    elif talk.sync.task == RECONCILE and (wait is None or hopeless):
        talk.leave(replace(noted, state="waiting", cursor=None), next_round(talk.shop.slug, now))
    else:
        talk.leave(noted, now + wait_after(noted.tries, wait or 0))
