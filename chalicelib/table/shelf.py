"""Her shelf: messages that the storefront shows when she comes by. One row per follow-up, in her own partition.

What she closed keeps its row for a while, without its words: a message that is sent again, since nobody knew whether it
had been, does not come back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pynamodb.attributes import UnicodeAttribute

from chalicelib.domain.times import in_order, moment, stamp
from chalicelib.table import base
from chalicelib.table.base import Row, Write

KEPT = timedelta(days=30)
MOST = 20
_PREFIX = "SHELF#"


class ShelfRow(Row, discriminator="shelf"):
    """One message; closed where it has no `text`."""

    follow_up = UnicodeAttribute()
    text = UnicodeAttribute(null=True)
    subject = UnicodeAttribute(null=True)
    link = UnicodeAttribute(null=True)
    language = UnicodeAttribute(null=True)
    at = UnicodeAttribute()


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as the storefront shows it. `at`: when it was put there, a stored moment."""

    follow_up: str
    text: str
    at: str
    subject: str = ""
    link: str = ""
    language: str = ""


def put(shop: str, node: str, shown: Shown) -> None:
    """The same follow-up twice is there once, as it was first; closed, it stays so. Raises Trouble."""
    row = ShelfRow(_pk(shop, node), _PREFIX + base.part(shown.follow_up))
    row.follow_up, row.text, row.at = shown.follow_up, shown.text, shown.at
    row.subject, row.link, row.language = shown.subject or None, shown.link or None, shown.language or None
    row.ttl = int((moment(shown.at) + KEPT).timestamp())
    try:
        base.commit([base.replace(row, None)])
    except base.Conflict:
        return


def of_customer(shop: str, nodes: Iterable[str], now: datetime) -> list[Shown]:
    """What lies there for a person's nodes, newest first, at most 20; nothing older than 30 days."""
    since = in_order(stamp(now - KEPT))
    found: list[ShelfRow] = []
    with base.reading():
        for node in nodes:
            found += ShelfRow.query(_pk(shop, node), ShelfRow.sk.startswith(_PREFIX), limit=100)
    newest = sorted(found, key=lambda row: (in_order(row.at), row.follow_up), reverse=True)
    return [_shown(row) for row in newest if row.text and in_order(row.at) > since][:MOST]


def close(shop: str, node: str, follow_up: str, at: str) -> None:
    """She waved it away at this stored moment; what does not lie there stays so. Raises Trouble, Refused."""
    row = ShelfRow(_pk(shop, node), _PREFIX + base.part(follow_up), follow_up=follow_up, at=at)
    row.ttl = int((moment(at) + KEPT).timestamp())
    try:
        base.commit([Write(row, ShelfRow.text.exists())])
    except base.Conflict:
        return


def clear(shop: str, node: str) -> None:
    """Everything that lies there for a node."""
    with base.reading():
        found = list(ShelfRow.query(_pk(shop, node), ShelfRow.sk.startswith(_PREFIX), consistent_read=True))
    for row in found:
        base.commit([base.remove(row)])


def _pk(shop: str, node: str) -> str:
    return base.partition(shop, "C", node)


def _shown(row: ShelfRow) -> Shown:
    return Shown(row.follow_up, row.text, row.at, row.subject or "", row.link or "", row.language or "")
