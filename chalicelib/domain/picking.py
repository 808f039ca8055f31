"""Puts several products' lists together: for a cart, and for what somebody bought before."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from chalicelib.domain.together import Pick, best_first

FADES = 0.9  # what an order weighs less than the next newer one


def combine(lists: Sequence[tuple[float, Sequence[Pick]]], exclude: Collection[str]) -> list[Pick]:
    """Best first: each product's weighted sum over the lists, without the excluded ones."""
    scores: dict[str, float] = {}
    buyers: dict[str, int] = {}
    for weight, picks in lists:
        for pick in picks:
            scores[pick.product] = scores.get(pick.product, 0.0) + weight * pick.score
            buyers[pick.product] = max(buyers.get(pick.product, 0), pick.buyers)
    picks_of_all = (Pick(product, score, buyers[product]) for product, score in scores.items())
    return sorted((pick for pick in picks_of_all if pick.product not in exclude), key=best_first)


def weights(history: Sequence[Sequence[str]]) -> dict[str, float]:
    """How much each product of her orders (newest first) says about what she may want next."""
    found: dict[str, float] = {}
    for age, products in enumerate(history):
        for product in dict.fromkeys(products):
            found[product] = found.get(product, 0.0) + FADES**age
    return found


def fill(picks: Sequence[Pick], popular: Sequence[tuple[str, int]], exclude: Collection[str], limit: int) -> list[Pick]:
    """At most `limit`: the picks, and after them what is popular; a filled one scores 0."""
    found = [pick for pick in picks if pick.product not in exclude][:limit]
    shown = {pick.product for pick in found}
    more = [Pick(p, 0.0, n) for p, n in popular if p not in shown and p not in exclude]
    return [*found, *more][:limit]
