"""One customer's story, newest first: what she ordered, what followed, what she agreed to, when she came by.

Nothing of it is stored: it is told from the orders, their follow-ups, consents and visits whenever somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.domain import browsing, story, story_visits
from chalicelib.domain.customer import Customer
from chalicelib.domain.order import Order
from chalicelib.domain.planning import Rating
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import in_order
from chalicelib.domain.why import sentence
from chalicelib.table import products, visits
from chalicelib.table.follow_ups import FollowUpRow
from chalicelib.work.read_follow_ups import newest_orders, of_her_own
from chalicelib.work.read_views import Json, Page, consents_view, money

_AFTERWARDS = ("delivered", "bounce", "complaint")
# Told batches of each of her nodes, a page view being one or two: what she did long ago is in the export.
MOST_TOLD = 100
_SETTLED = ("deferred", "sent", "held_out", "cancelled", "skipped", "failed", "unknown")


def timeline(shop: Shop, customer: Customer, limit: int, before: list[str] | None = None) -> Page:
    """Entries {at, kind, text, order_id, order_number, amount, follow_up_id, flow, channel}, of her newest orders and
    visits."""
    entries = sorted(_entries(shop, customer), key=_place, reverse=True)
    rest = [entry for entry in entries if before is None or _place(entry) < before]
    return Page(rest[:limit], _place(rest[limit - 1]) if len(rest) > limit else None)


def _place(entry: Json) -> list[str]:
    rank = str(story.KINDS.index(entry["kind"])).rjust(3, "0")
    return [in_order(entry["at"]), rank, *(str(entry[name] or "") for name in ("order_id", "follow_up_id", "text"))]


def _entries(shop: Shop, customer: Customer) -> Iterator[Json]:
    for held in newest_orders(shop, customer):
        if held.order:
            yield from _of_order(shop, held.order)
            yield from _of_rating(shop, held.order, held.rating)
        for row in held.follow_ups.values():
            yield from _of_follow_up(shop, row, held.order.number if held.order else str(row.order_id))
    for row in of_her_own(shop, customer):
        yield from _of_follow_up(shop, row, "")
    for consent in consents_view(customer.contact):
        if consent["at"] and f"consent_{consent['state']}" in story.KINDS:
            text = story.consent(consent["channel"], consent["state"], shop)
            yield _entry(consent["at"], f"consent_{consent['state']}", text, channel=consent["channel"])
    yield from _of_visits(shop, customer)


def _entry(at: str, kind: str, text: str, **more: object) -> Json:
    names = ("order_id", "order_number", "amount", "follow_up_id", "flow", "channel")
    return {"at": at, "kind": kind, "text": text, **{name: more.get(name) for name in names}}


def _of_visits(shop: Shop, customer: Customer) -> Iterator[Json]:
    rows = [row for node in customer.nodes for row in visits.of_customer(shop.slug, node.id, MOST_TOLD)]
    found = browsing.visits(one for row in rows for one in row.happened)
    named = dict.fromkeys(product for visit in found for product in story_visits.products(visit))
    titles = {id: product.title for id, product in products.of_ids(shop.slug, named).items() if product.title}
    for visit in found:
        yield _entry(visit[0]["at"], "visited", story_visits.visit(visit, titles, shop))


def _of_order(shop: Shop, order: Order) -> Iterator[Json]:
    moments = [
        (story.beginning(order), order.placed_at, order.total),
        ("order_paid", order.paid_at, order.total),
        ("order_fulfilled", order.fulfilled_at, None),
        ("order_cancelled", order.cancelled_at, None),
        *(("order_refunded", refund.at or order.updated_at, refund.amount) for refund in order.refunds),
    ]
    for kind, at, amount in moments:
        if at:
            text = story.order(kind, order, amount, shop)
            shown = None if amount is None else money(amount, order.currency)
            yield _entry(at, kind, text, order_id=order.id, order_number=order.number, amount=shown)


def _of_rating(shop: Shop, order: Order, rating: Rating | None) -> Iterator[Json]:
    if rating:
        text = story.rating(order, rating.stars, rating.words, shop)
        yield _entry(rating.at, "order_rated", text, order_id=order.id, order_number=order.number)


def _of_follow_up(shop: Shop, row: FollowUpRow, number: str) -> Iterator[Json]:
    why = row.why or []
    if row.state == "done":  # a way taken, a tag: nothing that she would notice
        return
    about = {
        "order_id": row.order_id,
        "order_number": number or None,
        "follow_up_id": row.id,
        "flow": row.flow,
        "channel": row.channel,
    }
    for at, kind, entry in _told(row, why):
        said = sentence(entry["code"], entry.get("params") or {}, shop)
        yield _entry(at, f"follow_up_{kind}", story.follow_up(row.flow, number, said, shop), **about)


def _told(row: FollowUpRow, why: list[Json]) -> Iterator[tuple[str, str, Json]]:
    """Of all the reasons those that make the story: planned, what became of it, what the provider heard."""
    if why:
        yield why[0]["at"], "planned", why[0]
    decisive = [entry for entry in why[1:] if entry["code"] not in _AFTERWARDS]
    if row.state in _SETTLED and decisive:
        yield row.sent_at or decisive[-1]["at"], row.state, decisive[-1]
    for entry in why:
        if entry["code"] in _AFTERWARDS:
            yield entry["at"], entry["code"], entry
