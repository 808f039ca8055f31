"""Reading a shop's history for a night's run: who is one person, and every order that counts, in pieces in the bucket.

A piece is in the bucket before the row says so, under a number of its own: a reader that dies is followed by one that
writes the same piece again.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from chalicelib.domain.ledger import Ledger, unpack
from chalicelib.domain.money import LARGEST, BadMoney, iso
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import moment
from chalicelib.table import customer_pages, order_pages
from chalicelib.table.customers import CUSTOMER_SHARDS
from chalicelib.table.order_pages import Entry
from chalicelib.work.learn_run import STEP_SECONDS, Run

PEOPLE = "people"
PAGE = 10_000  # entries of an index in one question, where they fit into a megabyte
PIECE = 10_000  # orders, or customers, in one piece


class PieceLost(RuntimeError):
    """A piece of the run is not in the bucket any more: the run has to begin anew."""


def read_people(run: Run) -> None:
    """One step: some customers further, those of whom one person has two."""
    run.need(STEP_SECONDS)
    shard, _, after = (run.sync.cursor or "0|").partition("|")
    at, position, count, linked = int(shard), after or None, 0, dict[str, str]()
    while count < PIECE and at < CUSTOMER_SHARDS:
        page, position = customer_pages.links(run.shop.slug, at, position, PAGE)
        linked |= {node: min(node, other) for node, other in page if other}
        count, at = count + len(page), at if position else at + 1
    if linked:
        put(run, f"{PEOPLE}-{run.report['people']:05d}", linked)
    report = {**run.report, "people": run.report["people"] + bool(linked)}
    kinds = run.sync.kinds[1:] if at == CUSTOMER_SHARDS else run.sync.kinds
    cursor = None if at == CUSTOMER_SHARDS else f"{at}|{position or ''}"
    run.advance(kinds, cursor, "customers", {"read": count}, report)


def read_orders(run: Run) -> None:
    """One step: some orders further, over as many months as it takes."""
    run.need(STEP_SECONDS)
    piece = _Piece(int(moment(str(run.sync.began_at)).timestamp()), _currency(run.shop))
    kinds, cursor = run.sync.kinds, run.sync.cursor
    while piece.read < PIECE and kinds and is_month(kinds[0]):
        page, cursor = order_pages.gists(run.shop.slug, kinds[0], cursor, PAGE)
        for entry in page:
            piece.take(entry)
        kinds = kinds if cursor else kinds[1:]
    number = run.report["orders"]
    if piece.ledger.at:
        run.outside.put(run.key(f"orders-{number:05d}"), gzip.compress(piece.ledger.pack(), 1, mtime=0))
        put(run, f"newest-{number:05d}", [piece.newest, piece.elsewhere])
    report = {**run.report, "orders": number + bool(piece.ledger.at)}
    run.advance(kinds, cursor, "orders", {"read": piece.read, "taken": len(piece.ledger)}, report)


def _currency(shop: Shop) -> str:
    """In ISO; "" for a code that is none."""
    try:
        return iso(shop.currency)
    except BadMoney:
        return ""


def is_month(kind: str) -> bool:
    return kind[:1].isdigit()


@dataclass
class _Piece:
    """Orders as they are read, placed by `now` (epoch seconds). `newest`: the last order that holds a product, by
    product, of those in the shop's own `currency` (ISO); `elsewhere`: of all others."""

    now: int
    currency: str
    ledger: Ledger = field(default_factory=Ledger)
    newest: dict[str, str] = field(default_factory=dict)
    elsewhere: dict[str, str] = field(default_factory=dict)
    read: int = 0

    def take(self, entry: Entry) -> None:
        """Orders of nobody, of a clock that is ahead of ours, and of an amount beyond all reason are counted and left
        out."""
        self.read += 1
        at, _, order_id = entry[0].partition("#")
        gist, seconds = entry[1], int(moment(at).timestamp())
        if not gist.get("c") or seconds > self.now or int(gist["net"]) > LARGEST:
            return
        products = [str(product) for product, quantity, _ in gist.get("l", ()) if quantity > 0]
        currency, country = str(gist["cur"]), str(gist.get("k") or "")
        self.ledger.add(gist["c"], seconds, products, int(gist["net"]), currency, country, "b" in gist)
        heard = self.newest if currency == self.currency else self.elsewhere
        heard |= dict.fromkeys(products, order_id)


def ledger(run: Run, most: int) -> Ledger:
    """The newest orders, at least `most` of them where there are so many, oldest first; each person under one name.
    Raises PieceLost, Trouble."""
    persons: dict[str, str] = {}
    for number in range(run.report["people"]):
        persons |= get(run, f"{PEOPLE}-{number:05d}")
    found, count = list[Ledger](), 0
    for number in reversed(range(run.report["orders"])):
        found.append(unpack(gzip.decompress(_bytes(run, f"orders-{number:05d}"))))
        count += len(found[-1])
        if count >= most:
            break
    whole = Ledger()
    while found:
        whole.extend(found.pop(), persons)
    return whole


def newest_orders(run: Run) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """The last order that holds a product, by product: piece by piece, the newest orders first; those in the shop's own
    currency, and the others."""
    for number in reversed(range(run.report["orders"])):
        own, elsewhere = get(run, f"newest-{number:05d}")
        yield own, elsewhere


def put(run: Run, name: str, told: Any) -> None:
    """A piece of JSON."""
    run.outside.put(run.key(name), gzip.compress(json.dumps(told, ensure_ascii=False).encode(), 1, mtime=0))


def get(run: Run, name: str) -> Any:
    """The same again. Raises PieceLost, Trouble."""
    return json.loads(gzip.decompress(_bytes(run, name)))


def _bytes(run: Run, name: str) -> bytes:
    found = run.outside.get(run.key(name))
    if found is None:
        raise PieceLost(name)
    return found


def pieces(run: Run, others: tuple[str, ...]) -> Iterator[str]:
    """The names of everything that the run has put into the bucket, or may have."""
    yield from others
    for name, counted in ((PEOPLE, "people"), ("orders", "orders"), ("newest", "orders")):
        yield from (f"{name}-{number:05d}" for number in range(run.report.get(counted, 0) + 1))
