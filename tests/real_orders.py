"""Real shops' orders from `../shared/datasets`, which has no place in the repository: None without it."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from chalicelib.domain.ledger import Ledger
from chalicelib.domain.outlook import Purchase

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "datasets"
GOODS = re.compile(r"\d{5}")  # the rest is postage, fees and corrections
Orders = list[tuple[str, Purchase]]  # (customer, what she bought), oldest first


def rows(name: str) -> Iterator[dict[str, str]]:
    with gzip.open(FOLDER / f"{name}.csv.gz", "rt", encoding="utf-8") as file:
        yield from csv.DictReader(file)


@lru_cache(maxsize=1)
def online_retail() -> Orders | None:
    """Online Retail II, year 1: orders of known customers, goods only, without cancellations; pence."""
    if not FOLDER.exists():
        return None
    found: dict[tuple[str, str, str, str], list[tuple[float, str]]] = {}
    for row in rows("online_retail_2_year1"):
        goods = GOODS.match(row["stock_code"]) and row["customer_id"] and int(row["quantity"]) > 0
        if goods and not row["invoice"].startswith("C"):
            key = (row["time"], row["customer_id"], row["invoice"], row["country"])
            found.setdefault(key, []).append((int(row["quantity"]) * float(row["price_gbp"]), row["stock_code"]))
    return [
        (customer, Purchase(_seconds(at), tuple(code for _, code in lines), _cents(lines), "GBP", country))
        for (at, customer, _, country), lines in sorted(found.items())
    ]


@lru_cache(maxsize=1)
def cdnow() -> Orders | None:
    """CDNOW, one customer in ten: a disc is a product that nobody else buys, for the data does not name it; cents."""
    if not FOLDER.exists():
        return None
    found = []
    for number, row in enumerate(rows("cdnow_sample")):
        at = _seconds(f"{row['date'][:4]}-{row['date'][4:6]}-{row['date'][6:]}")
        discs = tuple(f"disc {number}-{n}" for n in range(int(row["cds"])))
        found.append((row["customer_id"], Purchase(at, discs, round(float(row["dollars"]) * 100), "USD")))
    return sorted(found, key=lambda item: item[1].at)


def ledger_of(orders: Iterable[tuple[str, Purchase]]) -> Ledger:
    """A shop's ledger of these orders, oldest first."""
    ledger = Ledger()
    for customer, one in orders:
        ledger.add(customer, one.at, one.products, one.net, one.currency, one.country)
    return ledger


def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def _cents(lines: list[tuple[float, str]]) -> int:
    return round(sum(amount for amount, _ in lines) * 100)
