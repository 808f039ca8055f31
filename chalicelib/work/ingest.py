"""From the inbox queue to the table: open the envelope, believe it or not, read it, take it in, count it.

A message fails alone, and only where another try can help; what can never be read is quarantined: visible, replayable.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib import envelope, platforms, thin
from chalicelib.domain import events
from chalicelib.domain.shop import Shop, newest_secrets, place
from chalicelib.domain.times import in_order, moment, stamp
from chalicelib.envelope import BadEnvelope, Envelope
from chalicelib.table import base, counters, quarantine, shops
from chalicelib.work import take_account, take_notes, take_order, take_product, take_rights
from chalicelib.work.log import logger, unforeseen

# After so many tries an error nobody foresaw is a property of the message, not of the moment.
POISONED_AFTER = 5

_TAKERS: dict[type, Callable[[Shop, Any, datetime], str]] = {
    events.OrderSeen: take_order.see,
    events.OrderChanged: take_order.changed,
    events.OrderGone: take_order.gone,
    events.AccountSeen: take_account.see,
    events.ConsentGiven: take_account.consent,
    events.ProductSeen: take_product.see,
    events.ProductGone: take_product.gone,
    events.CartSeen: take_product.see_cart,
    events.CartOrdered: take_product.cart_ordered,
    events.NotesTold: take_notes.told,
    events.AccountsMerged: take_account.merged,
    events.PrivacyAsked: take_rights.asked,
    events.ShopGone: take_rights.shop_gone,
}


@dataclass
class Outside:
    """What ingest needs from elsewhere: a large body from S3, and a judge who knows the shop's secrets."""

    fetch: Callable[[str], bytes]
    proven: Callable[[Envelope, Shop], bool]


def handle(event: Mapping[str, Any], now: datetime, outside: Outside) -> dict[str, Any]:
    """An SQS batch -> `{"batchItemFailures": [...]}`."""
    base.connect()
    batch = _Batch(now, outside)
    failed = [record["messageId"] for record in event["Records"] if not batch.take(record)]
    batch.count()
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


class _NoShop(Exception):
    """Somebody's authentic delivery, of a shop not in the table: the queue keeps it, then its dead-letter queue."""


class _Batch:
    """One batch: shops are read once, counters are added once."""

    def __init__(self, now: datetime, outside: Outside) -> None:
        self._now, self._outside = now, outside
        self._shops: dict[str, Shop | None] = {}
        self._counts: dict[str, Counter[str]] = defaultdict(Counter)
        self._last: dict[str, str] = {}
        self._lag: dict[str, int] = {}

    def take(self, record: Mapping[str, Any]) -> bool:
        """False: the message should come again."""
        try:
            self._open(record["body"])
        except (base.Trouble, base.Conflict, thin.Trouble, OSError, BadEnvelope, _NoShop) as trouble:
            logger.warning("later", extra={"message_id": record["messageId"], "reason": str(trouble)})
            return False
        except Exception as error:
            return self._unforeseen(record, error)
        return True

    def _unforeseen(self, record: Mapping[str, Any], error: Exception) -> bool:
        kind = type(error).__name__
        unforeseen(error, message_id=record["messageId"])
        if int(record.get("attributes", {}).get("ApproximateReceiveCount", 1)) < POISONED_AFTER:
            return False
        try:
            opened = envelope.unseal(record["body"], self._outside.fetch)
            self._quarantine(opened, record["body"], f"we could not take it in: {kind}", "")
        except (BadEnvelope, base.Trouble, thin.Trouble, OSError):
            return False
        return True

    def _open(self, text: str) -> None:
        opened = envelope.unseal(text, self._outside.fetch)
        shop = self._shop(opened.shop)
        if shop is None:
            raise _NoShop("no such shop in this table")
        if self._outside.proven(opened, shop):
            return self._take_in(shop, opened, text)
        if opened.verified:
            # Authentic when it came, not by what the table says now: its secret was retired, or the shop switched off.
            return self._quarantine(
                opened, text, "its secret was retired, or the shop switched off, while it waited", ""
            )
        logger.warning("forged", extra={"shop": opened.shop, "platform": opened.platform})
        return None

    def _take_in(self, shop: Shop, opened: Envelope, text: str) -> None:
        platform = platforms.load(shop.platform)
        if elsewhere := _from_elsewhere(shop, platform.source(opened.headers)):
            return self._quarantine(opened, text, elsewhere, "source")
        try:
            topic = opened.topic or platform.topic(opened.headers, opened.body)
            found = platform.read(topic, opened.headers, opened.body, received_at=opened.received_at, shop=shop)
        except events.Unreadable as unreadable:
            return self._quarantine(opened, text, unreadable.reason, unreadable.field)
        try:
            outcomes = [take(shop, event, self._now) for event in found]
        except base.Refused:
            return self._quarantine(opened, text, "is too large for the table", "")
        self._note(opened, _summary(outcomes))
        self._note_quality(shop, opened, found)
        return None

    def _note_quality(self, shop: Shop, opened: Envelope, found: list[events.Event]) -> None:
        """How late it came, and whether it was signed with a secret that is to be retired."""
        changed = [event.order.updated_at for event in found if isinstance(event, events.OrderSeen)]
        if changed:
            late = moment(opened.received_at) - moment(max(changed, key=in_order))
            self._lag[shop.slug] = max(0, int(late.total_seconds()))
        newest = newest_secrets(shop)
        if newest != shop and not self._outside.proven(opened, newest):
            self._counts[shop.slug]["old_secret"] += 1

    def _quarantine(self, opened: Envelope, text: str, reason: str, field: str) -> None:
        added = quarantine.add(opened.shop, text, opened.topic, opened.received_at, reason, field, self._now)
        logger.warning(
            "quarantined", extra={"shop": opened.shop, "topic": opened.topic, "reason": reason, "field": field}
        )
        self._note(opened, "quarantined" if added else "duplicate")

    def _shop(self, slug: str) -> Shop | None:
        if slug not in self._shops:
            self._shops[slug] = shops.get(slug)
        return self._shops[slug]

    def _note(self, opened: Envelope, outcome: str) -> None:
        self._last[opened.shop] = max(self._last.get(opened.shop, ""), opened.received_at, key=in_order)
        counts = self._counts[opened.shop]
        counts["received"] += 1
        counts["stored" if outcome == "new" else outcome] += 1
        counts["orders"] += outcome == "new"

    def count(self) -> None:
        """Counters are a report: losing one must not bring a whole batch again."""
        for shop, counts in self._counts.items():
            try:
                counters.add(shop, stamp(self._now)[:10], counts, self._last[shop], self._lag.get(shop))
            except base.Trouble as trouble:
                logger.warning("not counted", extra={"shop": shop, "reason": str(trouble)})


def _from_elsewhere(shop: Shop, source: str) -> str:
    """Why a delivery is not the shop's own, or "". A copy sends real people's orders with the real secrets."""
    known = [place(url) for url in (shop.source_url, shop.api_url) if url]
    if not (shop.source_url and source) or place(source) in known:
        return ""
    return (
        f"comes from {source[:200]}, and the shop is {shop.source_url}: a copy of it? "
        "If not, name the right address with add-shop --source-url and replay this"
    )


def take(shop: Shop, event: events.Event, now: datetime) -> str:
    """Take one event in, wherever it was heard: new | stored | duplicate | stale | ignored. Raises Trouble, Refused."""
    taker = _TAKERS.get(type(event))
    return taker(shop, event, now) if taker else "ignored"


def _summary(outcomes: list[str]) -> str:
    """One word for a delivery of several events: the most that any of them did."""
    return next((word for word in ("new", "stored", "stale", "duplicate") if word in outcomes), "ignored")
