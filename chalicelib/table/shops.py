"""Shops, and the list of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute

from chalicelib.domain.shop import Shop
from chalicelib.table import base, lean
from chalicelib.table.base import Json, Row


class ShopRow(Row, discriminator="shop"):
    """`importing` stands apart from what owners say: it comes and goes with an import."""

    config = Json()
    importing = BooleanAttribute(default=False)


class ShopNameRow(Row, discriminator="shop_name"):
    """One line of the list of shops; holds nothing but the slug."""

    slug = UnicodeAttribute()


def put(shop: Shop) -> None:
    """Create or replace; whether an import runs stays as it is."""
    change(shop.slug, lambda _: shop)


def change(slug: str, by: Callable[[Shop | None], Shop]) -> Shop:
    """Read, change, write; read again where somebody else wrote in between. Returns what was written. Raises Trouble,
    and whatever `by` raises, with nothing written."""

    def attempt() -> Shop:
        held = base.first(ShopRow, base.partition(slug), "CONFIG")
        shop = by(_shop(held.config, held.importing) if held else None)
        row = _row(shop, held.importing if held else False)
        writes = [base.replace(row, held.rev if held else None)]
        base.commit(writes if held else [*writes, base.put(ShopNameRow("SHOPS", slug, slug=slug))])
        return shop

    return base.retried(attempt)


def set_importing(slug: str, importing: bool) -> None:
    """Marketing waits while history is coming in."""

    def attempt() -> None:
        held = base.first(ShopRow, base.partition(slug), "CONFIG")
        if held and held.importing != importing:
            read, held.importing = held.rev, importing
            base.commit([base.replace(held, read)])

    base.retried(attempt)


def get(slug: str) -> Shop | None:
    row = base.first(ShopRow, base.partition(slug), "CONFIG")
    return _shop(row.config, row.importing) if row else None


def lately(slug: str) -> Shop | None:
    """The shop as it was a moment ago, for the storefront's pages: asked as they ask. Raises Trouble."""
    row = lean.get(base.partition(slug), "CONFIG")
    return _shop(json.loads(row["config"]), bool(row.get("importing"))) if row else None


def all_slugs() -> list[str]:
    with base.reading():
        return [row.slug for row in ShopNameRow.query("SHOPS", consistent_read=True)]


def _row(shop: Shop, importing: bool) -> ShopRow:
    config = json.loads(json.dumps(asdict(shop)))
    del config["importing"]
    return ShopRow(base.partition(shop.slug), "CONFIG", config=config, importing=importing)


def _shop(config: Mapping[str, Any], importing: bool) -> Shop:
    known = {name: config[name] for name in Shop.__dataclass_fields__ if name in config}
    return Shop(
        **{
            **known,
            **{name: tuple(known.get(name, ())) for name in ("flows_off", "flows_on")},
            "importing": bool(importing),
        }
    )
