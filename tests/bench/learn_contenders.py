"""Whom the storefront's lists are held against: popularity, plain counting, and the models of `implicit`.

They see whole orders, of which the storefront's lists only know the first 20 products.
"""

from __future__ import annotations

import logging
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
from implicit.als import AlternatingLeastSquares
from implicit.nearest_neighbours import BM25Recommender
from implicit.utils import ParameterWarning
from scipy.sparse import csr_matrix

from tests.bench.learn_cases import Cart, Case, Split
from tests.bench.learn_scores import SHOWN
from tests.real_orders import Orders

logging.getLogger("implicit").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", category=ParameterWarning)  # of its own weighing
OWN, ANY, NEW = "own", "any", "new"  # of what she bought, of everything, of what she did not buy
ROWS = ("counts", "once", "orders")  # a row is a customer with how often she bought it, or whether, or an order


class Popularity:
    """By how many different customers bought it."""

    def __init__(self, training: Orders) -> None:
        pairs = {(customer, product) for customer, one in training for product in one.products}
        self.buyers = Counter(product for _, product in pairs)
        self.order = sorted(self.buyers, key=lambda product: (-self.buyers[product], product))

    def again(self, cases: Sequence[Case]) -> list[list[str]]:
        return [sorted(case.had, key=lambda product: (-self.buyers[product], product)) for case in cases]

    def anything(self, cases: Sequence[Case]) -> list[list[str]]:
        return [self.order for _ in cases]

    def new(self, cases: Sequence[Case]) -> list[list[str]]:
        return [self._without(case.had) for case in cases]

    def cart(self, carts: Sequence[Cart]) -> list[list[str]]:
        return [self._without(set(cart.products)) for cart in carts]

    def _without(self, products: set[str]) -> list[str]:
        found = (product for product in self.order if product not in products)
        return [product for product, _ in zip(found, range(SHOWN), strict=False)]


class Counts(Popularity):
    """What she bought most often, ties by popularity; for the rest popularity."""

    def again(self, cases: Sequence[Case]) -> list[list[str]]:
        times = (Counter(product for order in case.before for product in order) for case in cases)
        return [sorted(of, key=lambda product: (-of[product], -self.buyers[product], product)) for of in times]

    def anything(self, cases: Sequence[Case]) -> list[list[str]]:
        return self.again(cases)


class Implicit:
    """A model of `implicit`, fitted to rows as ROWS says."""

    def __init__(self, model: Any, rows: str, split: Split) -> None:
        products = sorted({product for _, one in split.training for product in one.products})
        self.products, self.numbers = np.array(products), {product: n for n, product in enumerate(products)}
        self.model, self.counted, self.factors = model, rows == "counts", hasattr(model, "factors")
        baskets = [[*dict.fromkeys(one.products)] for _, one in split.training]
        self.customers = {customer: n for n, customer in enumerate(dict.fromkeys(one[0] for one in split.training))}
        self.histories = self._histories(split, baskets)
        model.fit(self._rows(baskets) if rows == "orders" else self.histories, show_progress=False)
        self.fitted_customers = rows != "orders"

    def _histories(self, split: Split, baskets: list[list[str]]) -> csr_matrix:
        hers: list[list[str]] = [[] for _ in self.customers]
        for (customer, _), basket in zip(split.training, baskets, strict=True):
            hers[self.customers[customer]].extend(basket)
        return self._rows(hers)

    def _rows(self, lists: Sequence[Sequence[str]]) -> csr_matrix:
        known = [[self.numbers[product] for product in products if product in self.numbers] for products in lists]
        ends = np.cumsum([0, *map(len, known)])
        numbers = np.array([number for one in known for number in one], dtype=np.int32)
        made = csr_matrix((np.ones(len(numbers)), numbers, ends), shape=(len(lists), len(self.products)))
        made.sum_duplicates()
        if not self.counted:
            made.data[:] = 1
        return made.tocsr()

    def again(self, cases: Sequence[Case]) -> list[list[str]]:
        return self._of_cases(cases, OWN)

    def anything(self, cases: Sequence[Case]) -> list[list[str]]:
        return self._of_cases(cases, ANY)

    def new(self, cases: Sequence[Case]) -> list[list[str]]:
        return self._of_cases(cases, NEW)

    def cart(self, carts: Sequence[Cart]) -> list[list[str]]:
        rows = self._rows([cart.products for cart in carts])
        return list(self._shown(np.arange(len(carts)), rows, NEW, True))

    def _of_cases(self, cases: Sequence[Case], which: str) -> list[list[str]]:
        rows = np.array([self.customers[case.customer] for case in cases])
        return list(self._shown(rows, self.histories[rows], which, not self.fitted_customers))

    def _shown(self, rows: Any, liked: csr_matrix, which: str, anew: bool) -> Iterator[list[str]]:
        options = {"recalculate_user": True} if anew and self.factors else {}
        options |= {"filter_already_liked_items": which == NEW, "N": len(self.products) if which == OWN else SHOWN}
        for start in range(0, len(rows), 500):
            some = liked[start : start + 500]
            for row, *found in zip(
                some, *self.model.recommend(rows[start : start + 500], some, **options), strict=True
            ):
                yield self._names(row, which, *found)

    def _names(self, liked: csr_matrix, which: str, numbers: Any, strengths: Any) -> list[str]:
        """Places that are left open have the number -1 or the least strength there is."""
        found = numbers[(numbers >= 0) & (strengths > -1e30)]
        if which == OWN:
            found = found[np.isin(found, liked.indices)]
        return list(self.products[found[:SHOWN]])


Settings = dict[str, Callable[[Split], Implicit]]


def bm25() -> Settings:
    """Every setting that is tried."""
    tried = product(((1.2, 0.75), (1.2, 0.2), (0.5, 0.2)), (20, 500), ROWS)
    return {
        f"K {nearest}, K1 {k1}, B {b}, {rows}": lambda split, k1=k1, b=b, nearest=nearest, rows=rows: Implicit(
            BM25Recommender(K=nearest, K1=k1, B=b, num_threads=2), rows, split
        )
        for (k1, b), nearest, rows in tried
    }


def als() -> Settings:
    """Every setting that is tried."""
    models = ((32, 1, 0.01), (64, 1, 0.01), (64, 5, 0.1), (128, 5, 0.1), (256, 5, 0.1), (512, 5, 0.1))
    return {
        f"{factors} factors, alpha {alpha}, {rows}": lambda split, of=(factors, alpha, drawn), rows=rows: Implicit(
            AlternatingLeastSquares(factors=of[0], alpha=of[1], regularization=of[2], random_state=1, num_threads=2),
            rows,
            split,
        )
        for (factors, alpha, drawn), rows in product(models, ROWS)
    }
