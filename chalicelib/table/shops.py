"""Shops, and the list of them."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from pynamodb.attributes import UnicodeAttribute

from chalicelib.domain.shop import Shop
from chalicelib.table import base
from chalicelib.table.base import Json, Row


class ShopRow(Row, discriminator="shop"):
    config = Json()


class ShopNameRow(Row, discriminator="shop_name"):
    """One line of the list of shops; holds nothing but the slug."""

    slug = UnicodeAttribute()


def put(shop: Shop) -> None:
    """Create or replace."""
    row = ShopRow(base.partition(shop.slug), "CONFIG", config=json.loads(json.dumps(asdict(shop))))
    base.commit([base.put(row), base.put(ShopNameRow("SHOPS", shop.slug, slug=shop.slug))])


def get(slug: str) -> Shop | None:
    row = base.first(ShopRow, base.partition(slug), "CONFIG")
    return _shop(row.config) if row else None


def all_slugs() -> list[str]:
    with base.reading():
        return [row.slug for row in ShopNameRow.query("SHOPS", consistent_read=True)]


def _shop(raw: dict[str, Any]) -> Shop:
    known = {name: raw[name] for name in Shop.__dataclass_fields__ if name in raw}
    return Shop(**{**known, "flows_off": tuple(known.get("flows_off", ()))})
