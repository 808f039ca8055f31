"""What the storefront would have shown: the lists that a night writes, put together as an answer puts them together."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.domain.again import again
from chalicelib.domain.learnt import learn
from chalicelib.domain.ledger import Ledger
from chalicelib.domain.order import MOST_KEPT
from chalicelib.domain.picking import goes_with, new_for_you
from chalicelib.domain.popular import EVERYWHERE
from tests.bench.learn_cases import Cart, Case
from tests.bench.learn_scores import SHOWN


class Ours:
    """Learns from the first 20 products of every order; of a customer's own the first 50 are known."""

    def __init__(self, ledger: Ledger, now: int) -> None:
        learnt = learn(ledger, now)
        self.chosen = learnt.chosen
        self.popular = learnt.popular[EVERYWHERE]
        self.lists = dict(learnt.together)

    def again(self, cases: Sequence[Case]) -> list[list[str]]:
        popularity = dict(self.popular)
        found = (again(_held(case), popularity, self.chosen.leaning) for case in cases)
        return [[one.product for one in products[:SHOWN]] for products in found]

    def anything(self, cases: Sequence[Case]) -> list[list[str]]:
        return self.again(cases)

    def new(self, cases: Sequence[Case]) -> list[list[str]]:
        return [new_for_you(_held(case), self.lists, self.popular, SHOWN) for case in cases]

    def cart(self, carts: Sequence[Cart]) -> list[list[str]]:
        return [goes_with(cart.products, self.lists, self.popular, SHOWN) for cart in carts]


def _held(case: Case) -> list[list[str]]:
    return [order[:MOST_KEPT] for order in case.before]
