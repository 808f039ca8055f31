"""What a customer thinks of an order: one click in a mail, then perhaps a sentence. Few stars stop selling to her for a
while and give the owner something to do; the flows that wait for a rating are planned afterwards."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.domain.order import Order
from chalicelib.domain.shop import Shop
from chalicelib.domain.speech import Speech, pick_language
from chalicelib.domain.times import later, moment, stamp
from chalicelib.keys import BadToken
from chalicelib.table import base, follow_ups, orders, ratings, tasks
from chalicelib.table.base import Write, retried
from chalicelib.table.ratings import RatingRow
from chalicelib.work import page_words, preferences
from chalicelib.work.nodes import Nodes
from chalicelib.work.preferences import View
from chalicelib.work.take_order import replan_order

LOW, HIGH = 2, 4  # at most, at least
CHANGES_TAKEN = timedelta(days=30)
NO_SELLING = timedelta(days=60)
NO_SELLING_UNTIL = "no_selling_until"
LONGEST_WORDS = 1_000
# Controls and what turns the direction of the text after it; lines are joined.
_UNSEEN = re.compile(r"[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")
Replan = Callable[[Shop, str, datetime], object]


@dataclass(frozen=True)
class Rated:
    """A rating's page: whose, of which order, and what is stored of it."""

    view: View
    order: Order
    held: RatingRow | None

    def is_open(self, now: datetime) -> bool:
        """Whether stars and words can still be changed."""
        return self.held is None or now < moment(self.held.first_at) + CHANGES_TAKEN

    @property
    def until(self) -> str | None:
        """Until when, as a stored moment."""
        return later(self.held.first_at, CHANGES_TAKEN) if self.held else None


def open_rating(token: str, now: datetime, master: bytes) -> Rated:
    """Raises BadToken, also where there is no such order or she was erased."""
    view = preferences.open_view("rating", token, now, master)
    order_id = _order_of(view)
    order = orders.get(view.shop.slug, order_id) if order_id and view.customer else None
    if order is None or order_id is None:
        raise BadToken("no such order")
    return Rated(view, order[0], ratings.read(view.shop.slug, order_id))


def _order_of(view: View) -> str | None:
    key = follow_ups.key_of(view.link.follow_up)
    if key is None or key.kind == follow_ups.OF_ORDER:
        return key.holder if key else None
    row = follow_ups.get(view.shop.slug, view.link.follow_up)
    return row.order_id if row else None


def cleaned(text: str) -> str:
    """A sentence as it is stored: one line of plain text, at most LONGEST_WORDS characters."""
    text = unicodedata.normalize("NFC", text[: LONGEST_WORDS * 8].encode("utf-8", "replace").decode())
    return " ".join(_UNSEEN.sub(" ", text).split())[:LONGEST_WORDS].strip()


def rate(rated: Rated, stars: int, words: str, now: datetime, replan: Replan = replan_order) -> str:
    """Stores the rating; `words` "" leaves those that are stored. Returns stored | duplicate | closed | ignored.
    `replan(shop, order_id, now)` is called also for a duplicate: whoever tries again may come after a crash."""
    view, order = rated.view, rated.order
    channel = preferences.channel_of(view.shop, view.link.follow_up)
    outcome = retried(lambda: _rate(view, order, channel, stars, cleaned(words), now))
    if outcome in ("stored", "duplicate"):
        replan(view.shop, order.id, now)
    return outcome


def _rate(view: View, order: Order, channel: str, stars: int, words: str, now: datetime) -> str:
    shop, node_id, nodes = view.shop, view.link.customer, Nodes(view.shop)
    if nodes[node_id].erased_at or not nodes[node_id].key:
        return "ignored"
    held = ratings.read(shop.slug, order.id)
    if held and now >= moment(held.first_at) + CHANGES_TAKEN:
        return "closed"
    if held and (held.stars, words or held.words) == (stars, held.words):
        return "duplicate"
    before = _before(held)
    row = _row(view, order, held, stars, words, now)
    notes = {f"answered:{channel}": stamp(now), **_selling(nodes[node_id].contact.note(NO_SELLING_UNTIL), before, row)}
    nodes.change(node_id, lambda node: replace(node, contact=node.contact.noted(stamp(now), notes)))
    writes = [ratings.write(row, before.rev if before else None), *_task(shop, order, node_id, stars, now)]
    base.commit(nodes.writes(writes))
    return "stored"


@dataclass(frozen=True)
class _Before:
    """What stood there: the row itself is changed in place."""

    stars: int
    at: str
    rev: int


def _before(held: RatingRow | None) -> _Before | None:
    return _Before(held.stars, held.at, held.rev) if held else None


def _row(view: View, order: Order, held: RatingRow | None, stars: int, words: str, now: datetime) -> RatingRow:
    row = held or ratings.new(view.shop.slug, order.id)
    if held is None:
        row.first_at = stamp(now)
    if held is None or held.stars != stars:
        row.stars, row.at = stars, stamp(now)
    row.words = words or row.words
    row.customer, row.language, row.follow_up = view.link.customer, view.language, view.link.follow_up
    return row


def _selling(until: str | None, before: _Before | None, row: RatingRow) -> dict[str, str]:
    """Few stars end selling for a while from the moment they were given; better ones end what these had begun."""
    if row.stars <= LOW:
        return {NO_SELLING_UNTIL: later(row.at, NO_SELLING)}
    begun = before is not None and before.stars <= LOW and until == later(before.at, NO_SELLING)
    return {NO_SELLING_UNTIL: row.at} if begun else {}


def _task(shop: Shop, order: Order, node_id: str, stars: int, now: datetime) -> list[Write]:
    """One task for an order, however often it is rated; while it is open it says how the rating stands."""
    name = f"rating-{order.id}"
    row = tasks.read(shop.slug, node_id, name)
    if row is None and stars > LOW:
        return []
    if row is None:
        row, rev = tasks.new(shop.slug, node_id, name), None
        row.about, row.state, row.at, row.order_id = "rating", "open", stamp(now), order.id
    else:
        rev = row.rev
    if row.state != "open":
        return []
    row.text = _said(shop, order, "low_rating" if stars <= LOW else "better_rating", stars)
    return tasks.writes(row, rev)


def _said(shop: Shop, order: Order, which: str, stars: int) -> str:
    """In the shop's language."""
    language = pick_language(None, shop.locale, page_words.languages())
    speech = Speech(language)
    sentence = page_words.section(language, "task")[which]
    return sentence.format(number=speech.digits(order.number or order.id), stars=speech.number(stars))
