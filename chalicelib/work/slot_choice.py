"""What goes into each slot: products in the order in which they are to be shown, each with its reason.

More than fit are chosen, since some may be sold out; none twice, and nothing that she has before her anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain import again, picking
from chalicelib.domain.popular import EVERYWHERE
from chalicelib.domain.slot import Ask, Choice, at_least
from chalicelib.domain.times import moment
from chalicelib.domain.together import Pick
from chalicelib.table.learnt import Rec
from chalicelib.table.visitor import Visitor

SPARE = 3  # so many times what is asked for: some of it may be sold out
# What she bought so lately she does not want again, unless it is used up.
JUST_BOUGHT = timedelta(days=30)
# Of somebody's products those that say most: their lists are read for her.
MOST_LISTS = 25


@dataclass(frozen=True, slots=True)
class Scene:
    """What a page may be filled from. `visitor` is there only for who may be shown something personal; `of_category`:
    the products that stand in the category asked for, None where none was."""

    ask: Ask
    now: datetime
    model: Mapping[str, Any]
    recs: Mapping[str, Rec] = field(default_factory=dict)
    visitor: Visitor | None = None
    of_category: Collection[str] | None = None

    @property
    def popular(self) -> list[tuple[str, int]]:
        """Products with how many customers bought them lately, where the visitor is if that is told."""
        lists = self.model.get("popular") or {}
        found = [*lists.get(self.ask.country, ()), *lists.get(EVERYWHERE, ())]
        if self.of_category is not None:
            found = [(product, buyers) for product, buyers in found if product in self.of_category]
        return list({product: (product, buyers) for product, buyers in reversed(found)}.values())[::-1]


def lists_wanted(ask: Ask, visitor: Visitor | None) -> list[str]:
    """The products whose lists are needed."""
    found = list(ask.at_hand) if "goes-with" in ask.slots else []
    if visitor and set(ask.slots) & {"new-for-you", "buy-again", "replenish"}:
        told = picking.weights([bought.products for bought in visitor.orders])
        found += sorted(told, key=lambda product: -told[product])[:MOST_LISTS]
    return list(dict.fromkeys(found))


def choose(slot: str, scene: Scene) -> list[Choice]:
    """The choices for one slot, best first; none for a personal slot without a visitor."""
    found = _WAYS[slot](scene)
    return [choice for choice in found if choice.product not in scene.ask.at_hand][: scene.ask.limit * SPARE]


def _popular(scene: Scene) -> list[Choice]:
    return [Choice(product, "popular", {"buyers": at_least(buyers)}) for product, buyers in scene.popular]


def _goes_with(scene: Scene) -> list[Choice]:
    """Of the product shown, else of everything in the cart; what is popular after it."""
    product, cart = scene.ask.product, scene.ask.cart
    about = (product,) if product and scene.ask.page not in ("cart", "confirmation") else scene.ask.at_hand
    lists = [(1.0, scene.recs[one].together) for one in about if one in scene.recs]
    code = "bought_together" if about == (product,) or len(cart) == 1 == len(about) else "goes_with_cart"
    picks = picking.combine(lists, scene.ask.at_hand)
    found = [Choice(pick.product, code, {"buyers": at_least(pick.buyers)}) for pick in picks]
    return [*found, *_without(_popular(scene), found)]


def _buy_again(scene: Scene) -> list[Choice]:
    if scene.visitor is None:
        return []
    popularity = dict(scene.popular)
    found = again.again([bought.products for bought in scene.visitor.orders], popularity)
    fresh = _just_bought(scene)
    told = {True: "bought_often", False: "bought_before"}
    return [Choice(one.product, told[one.times > 1]) for one in found if one.product not in fresh]


def _just_bought(scene: Scene) -> set[str]:
    orders = scene.visitor.orders if scene.visitor else ()
    late = [bought for bought in orders if scene.now - moment(bought.at) < JUST_BOUGHT]
    found = {product for bought in late for product in bought.products}
    return {product for product in found if not (product in scene.recs and scene.recs[product].consumable)}


def _new_for_you(scene: Scene) -> list[Choice]:
    """What others bought with what she bought, and she did not; nothing before her first order."""
    if scene.visitor is None or not scene.visitor.orders:
        return []
    told = picking.weights([bought.products for bought in scene.visitor.orders])
    lists = {product: scene.recs[product].together for product in told if product in scene.recs}
    picks = picking.combine([(told[product], picks) for product, picks in lists.items()], told)
    found = [Choice(pick.product, "like_yours", {"product": _source(pick, told, lists)}) for pick in picks]
    return [*found, *(choice for choice in _without(_popular(scene), found) if choice.product not in told)]


def _source(pick: Pick, told: Mapping[str, float], lists: Mapping[str, Collection[Pick]]) -> str:
    """The product of hers that speaks most for it."""

    def share(product: str) -> float:
        return told[product] * next((one.score for one in lists[product] if one.product == pick.product), 0.0)

    return max(lists, key=lambda product: (share(product), product))


def _replenish(scene: Scene) -> list[Choice]:
    """What is used up, of what she bought: by her own rhythm, and by everybody's where she has none yet."""
    if scene.visitor is None:
        return []
    bought: dict[str, list[int]] = {}
    for order in reversed(scene.visitor.orders):
        for product in order.products:
            bought.setdefault(product, []).append(int(moment(order.at).timestamp()))
    from chalicelib.domain import replenishing

    return [Choice(product, "due") for product in replenishing.due_now(bought, _gaps(scene), scene.now.timestamp())]


def _gaps(scene: Scene) -> dict[str, float]:
    return {product: rec.gap_days for product, rec in scene.recs.items() if rec.gap_days}


def _viewed(scene: Scene) -> list[Choice]:
    if scene.visitor is None:
        return []
    since = {product: bought.at for bought in reversed(scene.visitor.orders) for product in bought.products}
    seen = [(product, at) for product, at in scene.visitor.viewed if moment(at) >= moment(since.get(product, at))]
    return [Choice(product, "viewed") for product, _ in seen]


def _without(choices: list[Choice], others: list[Choice]) -> list[Choice]:
    shown = {choice.product for choice in others}
    return [choice for choice in choices if choice.product not in shown]


_WAYS: dict[str, Callable[[Scene], list[Choice]]] = {
    "popular": _popular,
    "goes-with": _goes_with,
    "buy-again": _buy_again,
    "new-for-you": _new_for_you,
    "replenish": _replenish,
    "viewed": _viewed,
    "messages": lambda scene: [],
}
