"""What goes into each slot: products in the order in which they are to be shown, each with its reason.

More than fit are chosen, since some may be sold out or stand in another slot; none twice, and nothing that she has
before her anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from itertools import islice

from chalicelib.domain import again, picking, replenishing
from chalicelib.domain.again import Again
from chalicelib.domain.picking import Taste
from chalicelib.domain.replenishing import Gap
from chalicelib.domain.slot import PRECEDENCE, Ask, Choice, at_least
from chalicelib.domain.times import in_order, moment, stamp
from chalicelib.table.learnt import Rec
from chalicelib.table.visitor import Bought, Visitor
from chalicelib.work.slot_sources import Model

# What she bought so lately she does not want again, unless it is used up; and what is still on its way not even then.
JUST_BOUGHT, ON_ITS_WAY = timedelta(days=30), timedelta(days=3)
MOST_JUST_BOUGHT = 50  # of which that is looked up: with a full cart and her 25 lists one question to the table
POPULAR = "popular"  # a slot, and the reason for what stands in it and for what fills others up
FILLED_UP = ("goes-with", "new-for-you")


@dataclass(frozen=True)
class Her:
    """A customer who may be shown something personal, and what her orders say of her."""

    visitor: Visitor
    model: Model
    now: datetime

    @property
    def orders(self) -> tuple[Bought, ...]:
        return self.visitor.orders

    @cached_property
    def taste(self) -> Taste:
        return picking.taste([bought.products for bought in self.orders], self.model.popularity)

    @cached_property
    def given_back(self) -> set[str]:
        return {product for bought in self.orders for product in bought.given_back}

    @cached_property
    def again(self) -> list[Again]:
        orders = [bought.products for bought in self.orders]
        return again.again(orders, self.model.popularity, self.model.leaning)

    @cached_property
    def just_bought(self) -> set[str]:
        return self._bought_within(JUST_BOUGHT)

    @cached_property
    def on_its_way(self) -> set[str]:
        return self._bought_within(ON_ITS_WAY)

    def _bought_within(self, time: timedelta) -> set[str]:
        since = in_order(stamp(self.now - time))
        return {product for bought in self.orders if in_order(bought.at) > since for product in bought.products}


@dataclass(frozen=True)
class Scene:
    """What a page may be filled from. `her`: only where she may be shown something personal; `of_category`: the
    products that stand in the category asked for, None where none was."""

    ask: Ask
    model: Model
    recs: Mapping[str, Rec] = field(default_factory=dict)
    her: Her | None = None
    of_category: Collection[str] | None = None

    @cached_property
    def lists(self) -> picking.Lists:
        return {product: rec.together for product, rec in self.recs.items()}

    def is_consumable(self, product: str) -> bool:
        return product in self.recs and self.recs[product].consumable


def lists_wanted(ask: Ask, her: Her | None) -> list[str]:
    """The products of which the page needs what was learnt."""
    found = list(ask.at_hand) if "goes-with" in ask.slots else []
    if her and set(ask.slots) & {"new-for-you", "replenish"}:
        found += her.taste.loudest
    if her and "buy-again" in ask.slots:
        found += [one.product for one in her.again if one.product in her.just_bought][:MOST_JUST_BOUGHT]
    return list(dict.fromkeys(found))


def choose(slot: str, scene: Scene) -> list[Choice]:
    """The choices for one slot, best first; none for a personal slot without a visitor."""
    return list(islice(_WAYS[slot](scene), _enough(slot, scene.ask)))


def _enough(slot: str, ask: Ask) -> int:
    """As many again, since some may be sold out, and all that those slots show which have the first choice: where what
    is popular fills up, that may be all of them."""
    first = PRECEDENCE if slot in FILLED_UP else PRECEDENCE[: PRECEDENCE.index(slot)]
    return 2 * ask.limit(slot) + sum(ask.limit(one) for one in ask.slots if one in first and one != slot)


def fills_up(slot: str, choice: Choice) -> bool:
    """Whether it stands there only since nothing better is known for the slot: what is popular, anywhere else than in
    the slot of that name."""
    return choice.code == POPULAR != slot


def _popular(scene: Scene, shown: Collection[str] = ()) -> Iterator[Choice]:
    """Nothing of what is at hand or shown already."""
    hidden = {*shown, *scene.ask.at_hand}
    for choice in scene.model.popular(scene.ask.country):
        if choice.product not in hidden and (scene.of_category is None or choice.product in scene.of_category):
            yield choice


def _goes_with(scene: Scene) -> Iterator[Choice]:
    """Of the product shown, else of everything in the cart; what is popular after it."""
    product, cart = scene.ask.product, scene.ask.cart
    about = (product,) if product and scene.ask.page not in ("cart", "confirmation") else scene.ask.at_hand
    of_many = "goes_with_order" if scene.ask.page == "confirmation" else "goes_with_cart"
    code = "bought_together" if about == (product,) or len(cart) == 1 == len(about) else of_many
    shown = set(scene.ask.at_hand)
    for match in picking.of_cart(about, scene.lists):
        if match.product not in shown:
            shown.add(match.product)
            yield Choice(match.product, code, {"buyers": at_least(match.buyers)})
    yield from _popular(scene, shown)


def _buy_again(scene: Scene) -> Iterator[Choice]:
    if scene.her is None:
        return
    lasting = {product for product in scene.her.just_bought if not scene.is_consumable(product)}
    hidden = lasting | scene.her.on_its_way
    for one in scene.her.again:
        if one.product not in hidden and one.product not in scene.ask.at_hand:
            yield Choice(one.product, "bought_often" if one.times > 1 else "bought_before")


def _new_for_you(scene: Scene) -> Iterator[Choice]:
    """What others bought with what she bought, and she did not; nothing before her first order, and nothing that she
    had and gave back."""
    if scene.her is None or not scene.her.orders:
        return
    taste = scene.her.taste
    shown = {*taste.weights, *scene.her.given_back}
    for match in picking.of_taste(taste, scene.lists, (*scene.ask.at_hand, *scene.her.given_back)):
        shown.add(match.product)
        yield Choice(match.product, "like_yours", {"product": match.source})
    yield from _popular(scene, shown)


def _replenish(scene: Scene) -> Iterator[Choice]:
    """What is used up, of what she bought: by her own rhythm, and by everybody's where she has none yet."""
    if scene.her is None:
        return
    bought: dict[str, list[int]] = {}
    for order in scene.her.orders:
        at = int(moment(order.at).timestamp())
        for product in order.products:
            bought.setdefault(product, []).append(at)
    now = int(scene.her.now.timestamp())
    due: list[tuple[float, str]] = []
    for product, rec in scene.recs.items():
        found = replenishing.due(bought.get(product, ()), Gap(rec.gap_days, 0), now) if rec.gap_days else None
        if found and found.due and product not in scene.ask.at_hand:
            due.append((-found.score, product))
    for _, product in sorted(due):
        yield Choice(product, "due")


def _viewed(scene: Scene) -> Iterator[Choice]:
    """What she looked at and did not buy since."""
    if scene.her is None:
        return
    orders = reversed(scene.her.orders)
    since = {product: bought.at for bought in orders for product in (*bought.products, *bought.given_back)}
    for product, at in scene.her.visitor.viewed:
        if product not in scene.ask.at_hand and in_order(at) >= in_order(since.get(product, "")):
            yield Choice(product, "viewed")


_WAYS: dict[str, Callable[[Scene], Iterator[Choice]]] = {
    POPULAR: _popular,
    "goes-with": _goes_with,
    "buy-again": _buy_again,
    "new-for-you": _new_for_you,
    "replenish": _replenish,
    "viewed": _viewed,
    "messages": lambda scene: iter(()),
}
