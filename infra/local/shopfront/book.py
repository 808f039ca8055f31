"""What a shop writes down: its accounts and orders, a line each, so that it goes on after a restart where it stood."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from chalicelib.domain.times import moment, stamp
from infra.local.shopfront.catalogue import Catalogue
from infra.local.shopfront.orders import Customer, Line, Sold


class Book:
    """Appended to; of what stands in it twice the later line counts. `file` None: nothing is kept."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._lock = threading.Lock()

    @property
    def is_new(self) -> bool:
        """Whether the shop has not been opened in this world."""
        return not self._lines()

    def drop(self) -> None:
        """Forget everything."""
        if self._file:
            self._file.unlink(missing_ok=True)

    def write(self, *told: Customer | Sold) -> None:
        """One account or order, or many at once; with the system when this returns. A process that is killed meanwhile
        may leave some of them and a half line: that is not read, and cut off by the next write. Raises OSError."""
        if self._file:
            with self._lock, self._file.open("ab") as lines:
                lines.truncate(sum(len(line) + 1 for line in self._lines()))
                lines.write("".join(f"{_written(one)}\n" for one in told).encode())
                lines.flush()

    def read(self, catalogue: Catalogue) -> tuple[list[Customer], list[Sold]]:
        """All accounts and orders, in the order in which they came. Products that are sold no more are left out."""
        found = [json.loads(line) for line in self._lines()]
        accounts = {row["email"]: Customer(**row) for row in found if "email" in row}
        orders = {row["number"]: _order(row, catalogue) for row in found if "number" in row}
        return list(accounts.values()), list(orders.values())

    def _lines(self) -> list[bytes]:
        """Those that were written to their end. A name may hold what Unicode takes for the end of a line."""
        written = self._file.read_bytes() if self._file and self._file.exists() else b""
        return written.split(b"\n")[:-1]


def _written(one: Customer | Sold) -> str:
    row = asdict(one)
    if isinstance(one, Sold):
        row |= {"at": stamp(one.at), "sent_at": stamp(one.sent_at) if one.sent_at else None}
        row["lines"] = [[line.product.id, line.quantity] for line in one.lines]
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))


def _order(row: dict[str, Any], catalogue: Catalogue) -> Sold:
    known: Iterable[tuple[str, int]] = (line for line in row["lines"] if line[0] in catalogue.by_id)
    changed = {
        "at": moment(row["at"]),
        "sent_at": moment(row["sent_at"]) if row["sent_at"] else None,
        "buyer": Customer(**row["buyer"]),
        "lines": tuple(Line(catalogue.by_id[id], quantity) for id, quantity in known),
    }
    return Sold(**row | changed)
