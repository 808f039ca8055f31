"""Shops as the storefront's door knows them: remembered in the process for a minute, since every page view asks."""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.domain.shop import Shop
from chalicelib.table import shops
from chalicelib.work.remembered import Remembered

_shops: Remembered[str, Shop | None] = Remembered(timedelta(seconds=60), 1_000)


def get(slug: str, now: datetime) -> Shop | None:
    """The shop as it was at most a minute ago; None for one there is not. Raises Trouble."""
    return _shops.get(slug, now, lambda: shops.lately(slug))
