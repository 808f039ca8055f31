"""Visits to the storefront: one row per batch that was told, beside the visitor while nobody knows who she is, else
beside the customer; and what she looked at last.

A row's key is made of its batch, so that told twice it is there once. Nothing beside a visitor names a customer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import UnicodeAttribute

from chalicelib.domain.browsing import Recent
from chalicelib.domain.times import in_order, moment, stamp
from chalicelib.table import base
from chalicelib.table.base import Json, Row, Write
from chalicelib.table.visitor import RECENT_KEPT, RecentRow

ANONYMOUS_KEPT = timedelta(days=30)
KEPT = timedelta(days=90)
_PREFIX = "EV#"
_RECENT, _JOINED = "RECENT", "JOINED"
AT_ONCE = 100  # what a transaction takes
ROUNDS = 5  # of them at once: whoever comes in the same batch waits for it
Happened = list[dict[str, Any]]


class VisitRow(Row, discriminator="visit"):
    """What one batch told, `happened` as `domain/browsing.py` has it; `at` is when it was told."""

    at = UnicodeAttribute()
    happened = Json()


class JoinedRow(Row, discriminator="visitor_joined"):
    """That what a visitor had done up to `at` went to whoever was logged in then, or was forgotten; not to whom."""

    at = UnicodeAttribute()


@dataclass(frozen=True, slots=True)
class Held:
    """What she looked at last, with the rev its writer must name."""

    recent: Recent
    rev: int | None


def of_visitor(shop: str, visitor: str, after: str, until: str, limit: int) -> list[VisitRow]:
    """What was told between two stored moments, the latter included; newest first."""
    low, high = (f"{_PREFIX}{in_order(at)}$" for at in (after, until))  # `$` is right after `#`, before any fraction
    return _rows(_visitor(shop, visitor), VisitRow.sk.between(low, high), limit) if low < high else []


def of_customer(shop: str, node: str, limit: int) -> list[VisitRow]:
    """Newest first."""
    return _rows(_customer(shop, node), VisitRow.sk.startswith(_PREFIX), limit)


def all_of_customer(shop: str, node: str) -> list[VisitRow]:
    """All that is there, newest first."""
    return _rows(_customer(shop, node), VisitRow.sk.startswith(_PREFIX), None)


def _rows(pk: str, keys: Any, limit: int | None) -> list[VisitRow]:
    with base.reading():
        return list(VisitRow.query(pk, keys, consistent_read=True, scan_index_forward=False, limit=limit))


def for_visitor(shop: str, visitor: str, at: str, name: str, happened: Happened) -> Write:
    """A batch of somebody nobody knows, for 30 days. Conflict: it is there."""
    return _new(_visitor(shop, visitor), at, name, happened, ANONYMOUS_KEPT)


def taken_back(shop: str, visitor: str, at: str, name: str) -> Write:
    """That batch of a visitor's goes again."""
    return base.remove(VisitRow(_visitor(shop, visitor), _sk(at, name)))


def for_customer(shop: str, node: str, at: str, name: str, happened: Happened) -> Write:
    """A batch of a customer's, for 90 days. Conflict: it is there."""
    return _new(_customer(shop, node), at, name, happened, KEPT)


def _new(pk: str, at: str, name: str, happened: Happened, kept: timedelta) -> Write:
    row = VisitRow(pk, _sk(at, name), at=at, happened=happened)
    row.ttl = int((moment(at) + kept).timestamp())
    return base.replace(row, None)


def moved(shop: str, row: VisitRow, node: str) -> list[Write]:
    """A visitor's row becomes a customer's. Conflict: somebody else has taken it."""
    copy = _new(_customer(shop, node), row.at, base.plain(row.sk.rsplit("#", 1)[1]), row.happened, KEPT)
    return [base.put(copy.row), Write(row, Row.rev == row.rev, "delete")]


def is_told(shop: str, node: str, at: str, name: str) -> bool:
    """Whether a customer's batch is there."""
    return base.first(VisitRow, _customer(shop, node), _sk(at, name)) is not None


def joined(shop: str, visitor: str) -> JoinedRow | None:
    """Up to when what this visitor did went to somebody or was forgotten, if ever."""
    return base.first(JoinedRow, _visitor(shop, visitor), _JOINED)


def write_joined(shop: str, visitor: str, at: str, held: JoinedRow | None) -> Write:
    """On the row as it was read."""
    row = JoinedRow(_visitor(shop, visitor), _JOINED, at=at)
    row.ttl = int((moment(at) + ANONYMOUS_KEPT).timestamp())
    return base.replace(row, held.rev if held else None)


def forget(shop: str, visitor: str, until: str) -> bool:
    """What a visitor told up to a stored moment goes; False where there may be more of it than goes at once. Stopped
    anywhere and done again, it goes on where it was. Raises Conflict, Trouble."""
    for _ in range(ROUNDS):
        rows = of_visitor(shop, visitor, "", until, AT_ONCE)
        base.commit([base.remove(row) for row in rows])
        if len(rows) < AT_ONCE:
            return True
    return False


def recent(shop: str, node: str, now: datetime) -> Held:
    """What a customer looked at in the last 90 days."""
    row = base.first(RecentRow, _customer(shop, node), _RECENT)
    if row is None:
        return Held(Recent(), None)
    viewed = tuple((str(product), str(at)) for product, at in row.viewed or ())
    held = Recent(viewed, tuple(row.cart or ()), row.cart_at or "")
    return Held(held.since(now - RECENT_KEPT), row.rev)


def write_recent(shop: str, node: str, held: Held, recent: Recent, now: datetime) -> Write:
    """On the row as it was read."""
    row = RecentRow(_customer(shop, node), _RECENT, at=stamp(now))
    row.viewed = [list(view) for view in recent.viewed] or None
    row.cart, row.cart_at = list(recent.cart) or None, recent.cart_at or None
    row.ttl = int((now + RECENT_KEPT).timestamp())
    return base.replace(row, held.rev)


def clear(shop: str, node: str) -> None:
    """Everything of a node: for whoever erases her."""
    base.commit([base.remove(RecentRow(_customer(shop, node), _RECENT))])
    rows = all_of_customer(shop, node)
    for start in range(0, len(rows), AT_ONCE):
        base.commit([base.remove(row) for row in rows[start : start + AT_ONCE]])


def _sk(at: str, name: str) -> str:
    return f"{_PREFIX}{in_order(at)}#{base.part(name)}"


def _visitor(shop: str, visitor: str) -> str:
    return base.partition(shop, "V", visitor)


def _customer(shop: str, node: str) -> str:
    return base.partition(shop, "C", node)
