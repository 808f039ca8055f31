"""Puts several products' lists together: for a cart, and for what somebody bought before."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import islice

from chalicelib.domain.together import Pick, best_first

FADES = 0.8  # what an order says, of what the next newer one says
MOST_LISTS = 25

Lists = Mapping[str, Sequence[Pick]]  # product -> what goes with it


def combine(lists: Sequence[tuple[float, Sequence[Pick]]], exclude: Collection[str]) -> list[Pick]:
    """Each product's weighted sum over the lists, best first, without the excluded ones. For a cart every list weighs
    1; for "new for you" what `weights` says, and what she has is excluded."""
    found: dict[str, tuple[float, int]] = {}
    excluded = frozenset(exclude)
    for weight, picks in lists:
        for pick in picks:
            score, buyers = found.get(pick.product, (0.0, 0))
            found[pick.product] = (score + weight * pick.score, max(buyers, pick.buyers))
    kept = (Pick(product, score, buyers) for product, (score, buyers) in found.items() if product not in excluded)
    return sorted(kept, key=best_first)


def weights(history: Sequence[Sequence[str]]) -> dict[str, float]:
    """How much each product of her orders (newest first) says about what she may want next. The root, since the third
    order of the same thing says less than the first."""
    found: dict[str, float] = {}
    for age, products in enumerate(history):
        for product in dict.fromkeys(products):
            found[product] = found.get(product, 0.0) + FADES**age
    return {product: weight**0.5 for product, weight in found.items()}


def goes_with(cart: Sequence[str], lists: Lists, popular: Sequence[tuple[str, int]], limit: int) -> list[str]:
    """The products that go with everything in the cart together; what is popular after them."""
    picks = combine([(1.0, lists[product]) for product in cart if product in lists], cart)
    return _filled(picks, popular, frozenset(cart), limit)


def new_for_you(
    history: Sequence[Sequence[str]], lists: Lists, popular: Sequence[tuple[str, int]], limit: int
) -> list[str]:
    """The products that go with what she bought (orders newest first) and that she did not buy; what is popular after
    them."""
    told = weights(history)
    asked = loudest(told, dict(popular))
    picks = combine([(told[product], lists[product]) for product in asked if product in lists], told)
    return _filled(picks, popular, told.keys(), limit)


def loudest(told: Mapping[str, float], popularity: Mapping[str, int]) -> list[str]:
    """Of the products of her history those whose lists are read for her. Of what few buy lately (`popularity`) little
    can be said: 25 chosen so serve better than 50 by weight alone."""
    loudness = {product: weight * (popularity.get(product, 0) + 0.5) ** 0.5 for product, weight in told.items()}
    return sorted(loudness, key=lambda product: (-loudness[product], product))[:MOST_LISTS]


def _filled(picks: Sequence[Pick], popular: Sequence[tuple[str, int]], has: Collection[str], limit: int) -> list[str]:
    found = [pick.product for pick in picks[:limit]]
    others = (product for product, _ in popular if product not in has and product not in found)
    return [*found, *islice(others, limit - len(found))]
