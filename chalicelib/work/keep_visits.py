"""What is kept of a batch, and for whom: beside the visitor while nobody knows who she is (30 days), else beside the
customer whom the token names (90 days), who also has what she looked at last. A message that a customer closes goes off
her shelf; who takes her consent back has nothing left beside her visitor id.

Who is erased, or of whom the shop never told, has nothing kept and no profile made up. A visitor's rows join a customer
one way: nothing beside a visitor says whose they became.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial

from chalicelib.domain.browsing import Json
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import in_order, moment, stamp
from chalicelib.domain.visits import Close, Forget, Identify
from chalicelib.table import base, customers, shelf, visits
from chalicelib.table.base import Write, retried
from chalicelib.table.visits import VisitRow
from chalicelib.work.rid import Rid
from chalicelib.work.visit_messages import Told

# Of one visitor, what is moved when she says who she is: the newest rows, so many in a transaction of at most 100.
AT_ONCE = 40
ROUNDS = 5


def keep(shop: Shop, told: Told, happened: list[Json], now: datetime) -> str:
    """stored | duplicate | nobody. Raises Trouble, Refused."""
    if told.account:
        if told.visitor and any(isinstance(event, Identify) for event in told.events):
            _join(shop, told, told.visitor, now)
        return retried(partial(_for_customer, shop, told, happened, now)) if happened else "nobody"
    if told.visitor and happened:
        return _for_visitor(shop, told, told.visitor, happened)
    return "nobody"


def close(shop: Shop, told: Told, shown: Mapping[str, Rid]) -> None:
    """Takes the messages that she waved away off the shelf. Their names, which only she was shown, say which one: the
    token of a page that stays open for long has run out by then. Raises Trouble, Refused."""
    named = [shown[event.rid] for event in told.events if isinstance(event, Close) and event.rid in shown]
    for node, message in sorted({(rid.node, rid.item) for rid in named if rid.slot == "messages"}):
        shelf.close(shop.slug, node, message, told.at)


def forget(shop: Shop, told: Told) -> None:
    """What this browser told as a guest's goes, and what of it comes in later is nobody's. What has become a customer's
    is hers. Raises Trouble, where there is too much to go at once too, Refused, Conflict."""
    visitor = told.forgotten
    if visitor is None or not any(isinstance(event, Forget) for event in told.events):
        return
    retried(partial(_mark, shop, visitor, told.at))
    if not visits.forget(shop.slug, visitor, told.at):
        raise base.Trouble("more to forget")


def _mark(shop: Shop, visitor: str, at: str) -> None:
    held = visits.joined(shop.slug, visitor)
    if held is None or in_order(held.at) < in_order(at):
        base.commit([visits.write_joined(shop.slug, visitor, at, held)])


def _for_visitor(shop: Shop, told: Told, visitor: str, happened: list[Json]) -> str:
    """What comes in after its visitor has become somebody, or was forgotten, is nobody's: it may have become hers
    already. Looked up behind the write: who is forgotten meanwhile has it taken away by one of the two. Where that look
    fails the batch comes again, and is kept, but not counted."""
    outcome = "stored"
    try:
        base.commit([visits.for_visitor(shop.slug, visitor, told.at, told.name, happened)])
    except base.Conflict:
        outcome = "duplicate"
    mark = visits.joined(shop.slug, visitor)
    if mark and in_order(told.at) <= in_order(mark.at):
        base.commit([visits.taken_back(shop.slug, visitor, told.at, told.name)])
        return "nobody"
    return outcome


def _for_customer(shop: Shop, told: Told, happened: list[Json], now: datetime) -> str:
    """Rests on her profile as it was read: an erasure in between is not overlooked."""
    known = _known(shop, told)
    if known is None:
        return "nobody"
    node = known.node.id
    if visits.is_told(shop.slug, node, told.at, told.name):
        return "duplicate"
    row = visits.for_customer(shop.slug, node, told.at, told.name, happened)
    base.commit([row, *_remembered(shop, known, happened, now)])
    return "stored"


def _known(shop: Shop, told: Told) -> customers.Read | None:
    """Her account's profile; None where the shop never told us of her, or she was erased."""
    found = customers.resolve(shop, f"account:{told.account}", told.at)
    return None if found.rev is None or found.node.erased_at else found


def _remembered(shop: Shop, known: customers.Read, happened: list[Json], now: datetime) -> list[Write]:
    held = visits.recent(shop.slug, known.node.id, now)
    recent = visits.write_recent(shop.slug, known.node.id, held, held.recent.after(happened), now)
    return [recent, customers.unchanged(shop.slug, known)]


def _join(shop: Shop, told: Told, visitor: str, now: datetime) -> None:
    """What this browser told before becomes hers: since it last became somebody's, at most 30 days of it.

    At the end a mark is left, whoever she is. What happened before it and comes in later is nobody's any more: the next
    one to log in at this computer does not get it.
    """
    for round in range(ROUNDS):
        is_last = round == ROUNDS - 1
        if retried(partial(_join_some, shop, told, visitor, is_last, now)) < AT_ONCE:
            return


def _join_some(shop: Shop, told: Told, visitor: str, is_last: bool, now: datetime) -> int:
    """How many rows were hers. Stopped anywhere and done again, it goes on where it was."""
    mark = visits.joined(shop.slug, visitor)
    known = _known(shop, told)
    oldest = stamp(moment(told.at) - visits.ANONYMOUS_KEPT)
    after = max(mark.at if mark else "", oldest, key=in_order)
    rows = visits.of_visitor(shop.slug, visitor, after, told.at, AT_ONCE) if known else []
    writes = _moved(shop, known, rows, now) if known and rows else []
    if (is_last or len(rows) < AT_ONCE) and in_order(after) < in_order(told.at):
        writes.append(visits.write_joined(shop.slug, visitor, told.at, mark))
    base.commit(writes)
    return len(rows)


def _moved(shop: Shop, known: customers.Read, rows: list[VisitRow], now: datetime) -> list[Write]:
    happened = [one for row in rows for one in row.happened]
    moves = [write for row in rows for write in visits.moved(shop.slug, row, known.node.id)]
    return [*moves, *_remembered(shop, known, happened, now)]
