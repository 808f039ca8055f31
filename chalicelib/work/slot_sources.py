"""What slots are filled from: the shop's model, its products' lists, and the products as they are now. All remembered
for a moment in the process, since most page views ask for the same few."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain.again import LEANINGS
from chalicelib.domain.events import Product
from chalicelib.domain.popular import EVERYWHERE
from chalicelib.domain.slot import Choice, at_least
from chalicelib.table import learnt, products
from chalicelib.table.learnt import Rec
from chalicelib.work.log import unforeseen
from chalicelib.work.remembered import Remembered


class Model:
    """What pages need of a shop's model; nothing where nothing was learnt yet. `popularity`: product -> how many
    customers bought it lately, most first; `leaning`: how much "buy again" leans to that. Raises AttributeError,
    TypeError or ValueError for what is no model."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        self.learned_at: str | None = told.get("learned_at") or None
        self.leaning: float = float((told.get("rule") or {}).get("leaning", LEANINGS[0]))
        self.catalogue: tuple[str, ...] = tuple(told.get("catalogue") or ())
        self._lists = {place: _buyers(found) for place, found in (told.get("popular") or {}).items()}
        _must_be(str, (self.learned_at or "", *self.catalogue))
        self.popularity: dict[str, int] = self._lists.get(EVERYWHERE, {})
        self._popular: dict[str, tuple[Choice, ...]] = {}

    def popular(self, country: str) -> tuple[Choice, ...]:
        """What is bought where the visitor is, if that is told, and after it what is bought at all."""
        place = country if country in self._lists else EVERYWHERE
        if place not in self._popular:
            there = self._lists.get(place, {})
            first = [Choice(id, "popular", {"buyers": at_least(n)}) for id, n in there.items()]
            rest = self.popular(EVERYWHERE) if place != EVERYWHERE else ()
            self._popular[place] = (*first, *(choice for choice in rest if choice.product not in there))
        return self._popular[place]


def _buyers(found: Any) -> dict[str, int]:
    buyers = dict(found)
    _must_be(str, buyers)
    _must_be(int, buyers.values())
    return buyers


def _must_be(kind: type, found: Iterable[Any]) -> None:
    if set(map(type, found)) - {kind}:
        raise TypeError


# Prices and stock change at any time; what is learnt only at night.
_models: Remembered[str, Model] = Remembered(timedelta(seconds=60), 100)
_recs: Remembered[tuple[str, str], Rec | None] = Remembered(timedelta(minutes=5), 5_000)
_products: Remembered[tuple[str, str], Product | None] = Remembered(timedelta(seconds=60), 5_000)


def model(shop: str, now: datetime) -> Model:
    """The shop's model as it was at most a minute ago."""
    return _models.get(shop, now, lambda: _read(shop))


def _read(shop: str) -> Model:
    """A model that makes no sense is as none: the page is shown without, and the log says so."""
    try:
        return Model(learnt.model(shop) or {})
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        unforeseen(error, shop=shop, part="model")
        return Model({})


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
        found = products.on_pages(shop, [product for _, product in missing])
        return {key: found.get(key[1]) for key in missing}

    known = _products.all([(shop, product) for product in ids if product], now, read)
    return {product: one for (_, product), one in known.items() if one}
