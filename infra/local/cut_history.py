"""Cuts the demo's three months out of Online Retail II: `python -m infra.local.cut_history ORDERS PRODUCTS`.

Run once; what it wrote lies in `data/`, with where it comes from and what was left out.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import sys
from collections import defaultdict
from collections.abc import Iterable

from infra.local.sales import COLUMNS, FILE, POSTAGE, Row

SINCE, UNTIL = "2010-09-11T22:00", "2010-12-11T22:00"
ACCOUNTS, GUESTS = 100, 10
MOST_ORDERS, MOST_LINES = 8, 12


def main(orders: str, products: str) -> None:
    rows = [row for row in _read(orders) if SINCE <= row["time"] < UNTIL]
    titles = {row["stock_code"]: " ".join(row["description"].split()) for row in _read(products)}
    kept = _chosen(rows, titles)
    with FILE.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as packed:
        packed.write("\n".join(_lines(kept, titles)).encode())


def _read(path: str) -> list[Row]:
    with gzip.open(path, "rt", newline="") as file:
        return list(csv.DictReader(file))


def _chosen(rows: list[Row], titles: dict[str, str]) -> list[Row]:
    """All rows of some customers and of some orders without one, drawn by hash."""
    accounts, guests = defaultdict(list), defaultdict(list)
    for row in rows:
        (accounts if row["customer_id"] else guests)[row["customer_id"] or row["invoice"]].append(row)
    drawn = _drawn(accounts, titles, ACCOUNTS) + _drawn(guests, titles, GUESTS)
    return sorted((row for group in drawn for row in group), key=lambda row: (row["time"], row["invoice"]))


def _drawn(groups: dict[str, list[Row]], titles: dict[str, str], most: int) -> list[list[Row]]:
    small = [key for key, rows in groups.items() if _plain(rows, titles)]
    return [groups[key] for key in sorted(small, key=lambda key: hashlib.sha256(key.encode()).digest())[:most]]


def _plain(rows: Iterable[Row], titles: dict[str, str]) -> bool:
    """A few small orders of goods, at least one of them not a cancellation."""
    lines: dict[str, int] = defaultdict(int)
    for row in rows:
        lines[row["invoice"]] += 1
        goods = row["stock_code"][:5].isdigit() and titles.get(row["stock_code"], "?")[:1].isupper()
        if float(row["price_gbp"]) <= 0 or not (goods or row["stock_code"] == POSTAGE):
            return False
        if (int(row["quantity"]) < 0) is not row["invoice"].startswith("C"):
            return False
    orders = [invoice for invoice in lines if not invoice.startswith("C")]
    return 0 < len(orders) <= MOST_ORDERS and max(lines.values()) <= MOST_LINES


def _lines(rows: list[Row], titles: dict[str, str]) -> Iterable[str]:
    yield ",".join(COLUMNS)
    for row in rows:
        yield ",".join([*(row[name] for name in COLUMNS[:-1]), titles[row["stock_code"]].replace(",", " ")])
    yield ""


if __name__ == "__main__":
    main(*sys.argv[1:3])
