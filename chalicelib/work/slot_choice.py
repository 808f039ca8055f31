"""What goes into each slot: products in the order in which they are to be shown, each with its reason.

More than fit are chosen, since some may be sold out; none twice, and nothing that she has before her anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from itertools import islice
from typing import Any

from chalicelib.domain import again, picking, replenishing
from chalicelib.domain.popular import EVERYWHERE
from chalicelib.domain.replenishing import Gap
from chalicelib.domain.slot import Ask, Choice, at_least
from chalicelib.domain.times import in_order, moment
from chalicelib.domain.together import Pick
from chalicelib.table.learnt import Rec
from chalicelib.table.visitor import Visitor

# What she bought so lately she does not want again, unless it is used up.
JUST_BOUGHT = timedelta(days=30)


@dataclass(frozen=True)
class Scene:
    """What a page may be filled from. `visitor` is there only for who may be shown something personal; `of_category`:
    the products that stand in the category asked for, None where none was."""

    ask: Ask
    now: datetime
    model: Mapping[str, Any]
    recs: Mapping[str, Rec] = field(default_factory=dict)
    visitor: Visitor | None = None
    of_category: Collection[str] | None = None

    @cached_property
    def popular(self) -> list[tuple[str, int]]:
        """Products with how many customers bought them lately, where the visitor is if that is told."""
        lists = self.model.get("popular") or {}
        found = [*lists.get(self.ask.country, ()), *lists.get(EVERYWHERE, ())]
        if self.of_category is not None:
            found = [(product, buyers) for product, buyers in found if product in self.of_category]
        first: dict[str, int] = {}
        for product, buyers in found:
            first.setdefault(product, buyers)
        return list(first.items())


def popularity(model: Mapping[str, Any]) -> dict[str, int]:
    """Product -> how many buy it lately, in the whole shop."""
    return dict((model.get("popular") or {}).get(EVERYWHERE, ()))


def lists_wanted(ask: Ask, model: Mapping[str, Any], visitor: Visitor | None) -> list[str]:
    """The products whose lists are needed."""
    found = list(ask.at_hand) if "goes-with" in ask.slots else []
    if visitor and set(ask.slots) & {"new-for-you", "buy-again", "replenish"}:
        told = picking.weights([bought.products for bought in visitor.orders])
        found += picking.loudest(told, popularity(model))
    return list(dict.fromkeys(found))


def choose(slot: str, scene: Scene) -> list[Choice]:
    """The choices for one slot, best first; none for a personal slot without a visitor."""
    return list(islice(_WAYS[slot](scene), _enough(scene.ask)))


def _enough(ask: Ask) -> int:
    """Some of it may be sold out, and each other slot may show as much of it already."""
    return ask.limit * (1 + len(ask.slots))


def _popular(scene: Scene, shown: Collection[str] = ()) -> Iterator[Choice]:
    """Nothing of what is at hand or shown already."""
    for product, buyers in scene.popular:
        if product not in scene.ask.at_hand and product not in shown:
            yield Choice(product, "popular", {"buyers": at_least(buyers)})


def _goes_with(scene: Scene) -> Iterator[Choice]:
    """Of the product shown, else of everything in the cart; what is popular after it."""
    product, cart = scene.ask.product, scene.ask.cart
    about = (product,) if product and scene.ask.page not in ("cart", "confirmation") else scene.ask.at_hand
    lists = [(1.0, scene.recs[one].together) for one in about if one in scene.recs]
    code = "bought_together" if about == (product,) or len(cart) == 1 == len(about) else "goes_with_cart"
    picks = picking.combine(lists, scene.ask.at_hand)
    for pick in picks:
        yield Choice(pick.product, code, {"buyers": at_least(pick.buyers)})
    yield from _popular(scene, {pick.product for pick in picks})


def _buy_again(scene: Scene) -> Iterator[Choice]:
    if scene.visitor is None:
        return
    orders = [bought.products for bought in scene.visitor.orders]
    leaning = (scene.model.get("rule") or {}).get("leaning", again.LEANINGS[0])
    found = again.again(orders, popularity(scene.model), leaning)
    hidden = {*_just_bought(scene), *scene.ask.at_hand}
    for one in found:
        if one.product not in hidden:
            yield Choice(one.product, "bought_often" if one.times > 1 else "bought_before")


def _just_bought(scene: Scene) -> set[str]:
    orders = scene.visitor.orders if scene.visitor else ()
    late = [bought for bought in orders if scene.now - moment(bought.at) < JUST_BOUGHT]
    found = {product for bought in late for product in bought.products}
    return {product for product in found if not (product in scene.recs and scene.recs[product].consumable)}


def _new_for_you(scene: Scene) -> Iterator[Choice]:
    """What others bought with what she bought, and she did not; nothing before her first order."""
    if scene.visitor is None or not scene.visitor.orders:
        return
    told = picking.weights([bought.products for bought in scene.visitor.orders])
    lists = [
        (product, scene.recs[product].together)
        for product in picking.loudest(told, popularity(scene.model))
        if product in scene.recs
    ]
    picks = picking.combine([(told[product], picks) for product, picks in lists], {*told, *scene.ask.at_hand})
    sources = _sources(told, lists, {pick.product for pick in picks[: _enough(scene.ask)]})
    for pick in picks[: len(sources)]:
        yield Choice(pick.product, "like_yours", {"product": sources[pick.product]})
    yield from _popular(scene, {*told, *sources})


def _sources(
    told: Mapping[str, float], lists: Iterable[tuple[str, Iterable[Pick]]], wanted: Collection[str]
) -> dict[str, str]:
    """For each of the wanted products, the one of hers that speaks most for it."""
    best: dict[str, tuple[float, str]] = {}
    for hers, picks in lists:
        for pick in picks:
            if pick.product in wanted:
                best[pick.product] = max(best.get(pick.product, (-1.0, "")), (told[hers] * pick.score, hers))
    return {product: source for product, (_, source) in best.items()}


def _replenish(scene: Scene) -> Iterator[Choice]:
    """What is used up, of what she bought: by her own rhythm, and by everybody's where she has none yet."""
    if scene.visitor is None:
        return
    bought: dict[str, list[int]] = {}
    for order in scene.visitor.orders:
        at = int(moment(order.at).timestamp())
        for product in order.products:
            bought.setdefault(product, []).append(at)
    now = int(scene.now.timestamp())
    due: list[tuple[float, str]] = []
    for product, rec in scene.recs.items():
        found = replenishing.due(bought.get(product, ()), Gap(rec.gap_days, 0), now) if rec.gap_days else None
        if found and found.due and product not in scene.ask.at_hand:
            due.append((-found.score, product))
    for _, product in sorted(due):
        yield Choice(product, "due")


def _viewed(scene: Scene) -> Iterator[Choice]:
    """What she looked at and did not buy since."""
    if scene.visitor is None:
        return
    since = {product: bought.at for bought in reversed(scene.visitor.orders) for product in bought.products}
    for product, at in scene.visitor.viewed:
        if product not in scene.ask.at_hand and in_order(at) >= in_order(since.get(product, "")):
            yield Choice(product, "viewed")


_WAYS: dict[str, Callable[[Scene], Iterator[Choice]]] = {
    "popular": _popular,
    "goes-with": _goes_with,
    "buy-again": _buy_again,
    "new-for-you": _new_for_you,
    "replenish": _replenish,
    "viewed": _viewed,
    "messages": lambda scene: iter(()),
}
