"""Puts several products' lists together: for a cart, and for what somebody bought before."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from chalicelib.domain.together import Pick

FADES = 0.8  # what an order says, of what the next newer one says
MOST_LISTS = 25

Lists = Mapping[str, Sequence[Pick]]  # product -> what goes with it
Popular = Sequence[tuple[str, int]]  # products with how many buy them lately, most first


class Match(NamedTuple):
    """One product of several lists: the weighted sum of its scores, the most buyers of any of its pairs, and the
    product whose list speaks most for it."""

    product: str
    score: float
    buyers: int
    source: str


@dataclass(frozen=True, slots=True)
class Taste:
    """What her orders say about what she may want next: how much each product of them, and the `loudest`, whose lists
    are read for her."""

    weights: Mapping[str, float]
    loudest: tuple[str, ...]


def taste(history: Iterable[Iterable[str]], popularity: Mapping[str, int]) -> Taste:
    """Of her orders, newest first, each as product ids. Of what few buy lately (`popularity`) little can be said: 25
    lists chosen so serve better than 50 by weight alone."""
    told = weights(history)
    loudness = {product: weight * (popularity.get(product, 0) + 0.5) ** 0.5 for product, weight in told.items()}
    loudest = sorted(loudness, key=lambda product: (-loudness[product], product))[:MOST_LISTS]
    return Taste(told, tuple(loudest))


def weights(history: Iterable[Iterable[str]]) -> dict[str, float]:
    """How much each product of her orders (newest first) says about what she may want next. The root, since the third
    order of the same thing says less than the first."""
    found: dict[str, float] = {}
    for age, products in enumerate(history):
        for product in dict.fromkeys(products):
            found[product] = found.get(product, 0.0) + FADES**age
    return {product: weight**0.5 for product, weight in found.items()}


def combine(lists: Iterable[tuple[str, float, Iterable[Pick]]], exclude: Iterable[str]) -> Iterator[Match]:
    """Of lists as (the product whose it is, its weight, its picks), best first: by the sum, then by buyers and the
    product's id, so that the same data give the same list. Without the excluded ones."""
    found: dict[str, list[Any]] = {}  # product -> sum, most buyers, its greatest part, whose list that is in
    for source, weight, picks in lists:
        for product, score, buyers in picks:
            part = weight * score
            held = found.get(product)
            if held is None:
                found[product] = [part, buyers, part, source]
                continue
            held[0] += part
            if buyers > held[1]:
                held[1] = buyers
            if part > held[2]:
                held[2:] = part, source
    for product in exclude:
        found.pop(product, None)
    ranked = sorted([(-total, -most, product) for product, (total, most, _, _) in found.items()])
    return (Match(product, -total, -most, found[product][3]) for total, most, product in ranked)


def of_cart(cart: Sequence[str], lists: Lists) -> Iterator[Match]:
    """What goes with everything in the cart together: every list weighs the same."""
    return combine([(product, 1.0, lists[product]) for product in cart if product in lists], cart)


def of_taste(her: Taste, lists: Lists, at_hand: Iterable[str] = ()) -> Iterator[Match]:
    """What goes with what she bought, and she did not buy nor has `at_hand`."""
    heard = [(product, her.weights[product], lists[product]) for product in her.loudest if product in lists]
    return combine(heard, (*her.weights, *at_hand))


def goes_with(cart: Sequence[str], lists: Lists, popular: Popular, limit: int) -> list[str]:
    """The slot of that name: what is popular after what goes with the cart."""
    return _filled(of_cart(cart, lists), popular, frozenset(cart), limit)


def new_for_you(history: Sequence[Sequence[str]], lists: Lists, popular: Popular, limit: int) -> list[str]:
    """The slot of that name, for orders newest first: what is popular and she does not have after what goes with what
    she has."""
    her = taste(history, dict(popular))
    return _filled(of_taste(her, lists), popular, her.weights.keys(), limit)


def _filled(found: Iterable[Match], popular: Popular, has: Collection[str], limit: int) -> list[str]:
    shown = [match.product for match in islice(found, limit)]
    others = (product for product, _ in popular if product not in has and product not in shown)
    return [*shown, *islice(others, limit - len(shown))]
