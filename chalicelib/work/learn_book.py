"""Which products have something learnt written, and what: so that a night writes only what is new, and leaves nothing
behind. One object in the bucket, which is ahead of the table: what is about to be written is not known any more."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from zlib import crc32

from chalicelib.table.learnt import Rec, plain
from chalicelib.work.learn_run import Run

UNKNOWN = 0


@dataclass
class Book:
    """`written`: product -> digest of its row, or UNKNOWN while it may be this or that. `seen`: in this generation."""

    generation: str = ""
    written: dict[str, int] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    def changed(self, recs: Mapping[str, Rec]) -> dict[str, Rec]:
        """Those of the rows that have to be written, of all that have something to tell. From here on the book does
        not know what stands there."""
        told = {product: rec for product, rec in recs.items() if rec}
        found = {product: rec for product, rec in told.items() if self.written.get(product) != digest(rec)}
        self.written |= dict.fromkeys(found, UNKNOWN)
        self.seen |= told.keys()
        return found

    def wrote(self, recs: Mapping[str, Rec]) -> None:
        """They stand there now."""
        self.written |= {product: digest(rec) for product, rec in recs.items()}

    def left(self) -> list[str]:
        """Products of which this generation says nothing any more."""
        return sorted(self.written.keys() - self.seen)

    def drop(self, products: Iterable[str]) -> None:
        for product in products:
            self.written.pop(product, None)


def digest(rec: Rec) -> int:
    """Of what stands in the row; never UNKNOWN."""
    return crc32(json.dumps(plain(rec), sort_keys=True).encode()) or 1


def load(run: Run) -> Book:
    """The book as it was last put; a new generation has seen nothing yet. Raises Trouble."""
    data = run.outside.get(key(run.shop.slug))
    raw = json.loads(gzip.decompress(data)) if data else {}
    book = Book(run.report["generation"], raw.get("written", {}))
    if raw.get("generation") == book.generation:
        book.seen = set(raw["seen"])
    return book


def put(run: Run, book: Book) -> None:
    raw = {"generation": book.generation, "written": book.written, "seen": sorted(book.seen)}
    run.outside.put(key(run.shop.slug), gzip.compress(json.dumps(raw, ensure_ascii=False).encode(), 1, mtime=0))


def key(shop: str) -> str:
    return f"learnt/{shop}/book"
