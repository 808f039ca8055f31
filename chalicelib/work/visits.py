"""What storefronts told, from their queue into the table: counted, and kept where somebody agreed to it.

Without consent nothing is kept: no visitor, no account, no looks; only how often a slot's recommendations were seen,
clicked and closed, of nobody. What a customer closes goes off her shelf, and who takes her consent back is forgotten:
that is her own wish. Recommendations rest on orders alone: whatever comes in here moves none of them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from chalicelib.domain import browsing
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import in_order, moment
from chalicelib.domain.visits import Click, Close, Seen, rids_of
from chalicelib.settings import settings
from chalicelib.table import base, shops, slot_counts
from chalicelib.work import rid as rids
from chalicelib.work import visit_messages
from chalicelib.work.keep_visits import close, forget, keep
from chalicelib.work.log import logger, unforeseen
from chalicelib.work.rid import Rid
from chalicelib.work.visit_messages import Told

REFUSED: slot_counts.Place = ("", "")
_COUNTED = {Click: "clicks", Seen: "seen", Close: "closed"}
_Counts = dict[slot_counts.Place, Counter[str]]


def handle(event: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """An SQS batch of `visit_messages.message` -> `{"batchItemFailures": [...]}`."""
    base.connect()
    batch = _Batch(now)
    failed = batch.take(event["Records"])
    batch.count()
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


class _Batch:
    """One batch: oldest first, shops are read once, counters are added once."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._shops: dict[str, Shop | None] = {}
        self._late: set[tuple[str, str]] = set()  # visitors of whom something has to come again
        self._counted: set[tuple[str, str, str, str]] = set()
        self._counts: dict[tuple[str, str], _Counts] = defaultdict(lambda: defaultdict(Counter))

    def take(self, records: list[Mapping[str, Any]]) -> list[str]:
        """The ids of messages that should come again."""
        found = [(_opened(record), record["messageId"]) for record in records]
        in_time = sorted(((told, id) for told, id in found if told), key=lambda one: in_order(one[0].at))
        return [id for told, id in in_time if not self._taken(told, id)]

    def _taken(self, told: Told, id: str) -> bool:
        """Who logs in at a computer must not overtake who did so before her, and get what the other one looked at: what
        a visitor did after something that has to come again waits with it."""
        visitor = told.shop, told.visitor or told.forgotten or ""
        if visitor[1] and visitor in self._late:
            return False
        try:
            self._take_in(told)
        except (base.Trouble, base.Conflict, OSError) as trouble:
            logger.warning("later", extra={"message_id": id, "reason": str(trouble)})
        except base.Refused:
            logger.warning("refused", extra={"message_id": id})
            return True
        except Exception as error:
            unforeseen(error, message_id=id)
        else:
            return True
        self._late.add(visitor)
        return False

    def _take_in(self, told: Told) -> None:
        shop = self._shop(told.shop)
        if shop is None:
            return
        forget(shop, told)
        if shop.state == "off":
            return
        shown, refused = _shown(shop, told)
        named = {text: {"slot": rid.slot, "item": rid.item, "code": rid.code} for text, rid in shown.items()}
        happened = browsing.happened(told.events, moment(told.at), named)
        close(shop, told, shown)
        if keep(shop, told, happened, self._now) != "duplicate":
            self._note(told, shown, refused)

    def _shop(self, slug: str) -> Shop | None:
        if slug not in self._shops:
            self._shops[slug] = shops.get(slug)
        return self._shops[slug]

    def _note(self, told: Told, shown: Mapping[str, Rid], refused: int) -> None:
        """In one batch a recommendation is seen, clicked and closed once by one visitor, however often that is told."""
        counts = self._counts[told.shop, told.at[:10]]
        who = told.account or told.visitor or told.name
        for event in told.events:
            what = _COUNTED.get(type(event), "")
            for text in rids_of(event):
                once = told.shop, "" if what == "closed" else who, what, text  # a message is one customer's
                if text in shown and once not in self._counted:
                    counts[shown[text].slot, shown[text].code][what] += 1
                    self._counted.add(once)
        if refused:
            counts[REFUSED]["refused"] += refused

    def count(self) -> None:
        """Counters are a report: losing one must not bring a whole batch again."""
        for (shop, day), counts in self._counts.items():
            try:
                slot_counts.add(shop, day, counts)
            except base.Trouble as trouble:
                logger.warning("not counted", extra={"shop": shop, "reason": str(trouble)})


def _opened(record: Mapping[str, Any]) -> Told | None:
    """None for what is no message of ours: nothing can be read from it later either."""
    try:
        return visit_messages.opened(record["body"])
    except (ValueError, KeyError, TypeError) as error:
        logger.error("unreadable", extra={"message_id": record["messageId"], "error": type(error).__name__})
        return None


def _shown(shop: Shop, told: Told) -> tuple[dict[str, Rid], int]:
    """The recommendations it names that were the shop's own, and how many were not."""
    named = {text for event in told.events for text in rids_of(event)}
    found: dict[str, Rid] = {}
    for text in named:
        with suppress(rids.BadRid):
            found[text] = rids.open_rid(settings().master, shop.slug, text, moment(told.at))
    return found, len(named) - len(found)
