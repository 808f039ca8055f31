"""What slots are filled from: the shop's model, its products' lists, and the products as they are now. All remembered
for a moment in the process, since most page views ask for the same few."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain.events import Product
from chalicelib.table import learnt, products
from chalicelib.table.learnt import Rec
from chalicelib.work.remembered import Remembered

# Prices and stock change at any time; what is learnt only at night.
_models: Remembered[str, dict[str, Any] | None] = Remembered(timedelta(seconds=60), 100)
_recs: Remembered[tuple[str, str], Rec | None] = Remembered(timedelta(minutes=5), 5_000)
_products: Remembered[tuple[str, str], Product | None] = Remembered(timedelta(seconds=60), 5_000)


def model(shop: str, now: datetime) -> dict[str, Any]:
    """The shop's model; empty where nothing was learnt yet."""
    return _models.get(shop, now, lambda: learnt.model(shop)) or {}


def recs(shop: str, ids: Collection[str], now: datetime) -> dict[str, Rec]:
    """What was learnt of these products, without those of which nothing was."""

    def read(missing: list[tuple[str, str]]) -> dict[tuple[str, str], Rec | None]:
        found = learnt.recs(shop, [product for _, product in missing])
        return {key: found.get(key[1]) for key in missing}

    known = _recs.all([(shop, product) for product in ids if product], now, read)
    return {product: rec for (_, product), rec in known.items() if rec}


def shown(shop: str, ids: Collection[str], now: datetime) -> dict[str, Product]:
    """The products as the shop showed them last, sold out ones too; without those that it no longer has."""

    def read(missing: list[tuple[str, str]]) -> dict[tuple[str, str], Product | None]:
        found = products.of_ids(shop, [product for _, product in missing])
        return {key: found.get(key[1]) for key in missing}

    known = _products.all([(shop, product) for product in ids if product], now, read)
    return {product: one for (_, product), one in known.items() if one}
