"""The real orders of `data/`: who bought what, when, at which price, and what was cancelled of it later."""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from infra.local.people import person

FILE = Path(__file__).parent / "data" / "online_retail_2_three_months.csv.gz"
COLUMNS = ("invoice", "time", "customer_id", "country", "stock_code", "quantity", "price_gbp", "title")
POSTAGE = "POST"
ENDS = datetime(2010, 12, 11, 22, 0, tzinfo=UTC)
WEEKS = 13
ZONE = ZoneInfo("Europe/London")
Row = dict[str, str]


@dataclass
class Sale:
    """One order. `lines` as a Standard Webhook has them; amounts in pence; `given_back`: when and how much."""

    invoice: str
    at: datetime
    customer_id: str
    buyer: dict[str, Any]
    lines: list[dict[str, Any]] = field(default_factory=list)
    shipping: int = 0
    given_back: dict[str, tuple[datetime, int]] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return self.shipping + sum(line["quantity"] * line["unit_price"] for line in self.lines)

    @property
    def left(self) -> int:
        """What was not given back."""
        return self.total - sum(amount for _, amount in self.given_back.values())


def sales(until: datetime) -> list[Sale]:
    """Every order, the first first. They move by whole weeks, so that they end at `until` and days of the week stay."""
    shift = timedelta(weeks=(until - ENDS) // timedelta(weeks=1))
    found: dict[str, Sale] = {}
    for row in _rows():
        at = (datetime.fromisoformat(row["time"]) + shift).replace(tzinfo=ZONE).astimezone(UTC)
        invoice = row["invoice"]
        if invoice.startswith("C"):
            _give_back(list(found.values()), row, at)
            continue
        buyer = person(row["customer_id"], invoice, row["country"])
        _sell(found.setdefault(invoice, Sale(invoice, at, row["customer_id"], buyer)), row)
    return list(found.values())


def _rows() -> list[Row]:
    with gzip.open(FILE, "rt", newline="") as file:
        return list(csv.DictReader(file))


def _pence(row: Row) -> int:
    return int(Decimal(row["price_gbp"]) * 100) * abs(int(row["quantity"]))


def _sell(sale: Sale, row: Row) -> None:
    if row["stock_code"] == POSTAGE:
        sale.shipping += _pence(row)
        return
    quantity = int(row["quantity"])
    code, title, price = row["stock_code"], row["title"].capitalize(), _pence(row) // quantity
    sale.lines.append({"product_id": code, "sku": code, "title": title, "quantity": quantity, "unit_price": price})


def _give_back(known: list[Sale], row: Row, at: datetime) -> None:
    """From her last order with that article, and never more than is left; one bought before these months is unknown."""
    for sale in reversed(known):
        has = any(line["sku"] == row["stock_code"] for line in sale.lines)
        if row["customer_id"] and sale.customer_id == row["customer_id"] and has and sale.left:
            _, before = sale.given_back.get(row["invoice"], (at, 0))
            sale.given_back[row["invoice"]] = (at, before + min(_pence(row), sale.left))
            return
