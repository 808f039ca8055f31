"""What sells lately, in the whole shop and in each country: by different customers, so that nobody alone moves it."""

from __future__ import annotations

from collections import Counter

from chalicelib.domain.ledger import Ledger
from chalicelib.domain.together import LEAST_BUYERS

EVERYWHERE = "*"
WINDOW = 60 * 86400  # seconds
MOST_POPULAR = 100


def popular(ledger: Ledger, now_seconds: int) -> dict[str, list[tuple[str, int]]]:
    """By country (and "*", the whole shop) the products most customers bought of late, with how many did."""
    seen: dict[str, set[tuple[int, int]]] = {EVERYWHERE: set()}
    for order in ledger.orders():
        if ledger.at[order] > now_seconds - WINDOW:
            pairs = [(ledger.customer[order], product) for product in ledger.products_of(order)]
            country = ledger.countries.texts[ledger.country[order]]
            for place in {EVERYWHERE, country or EVERYWHERE}:
                seen.setdefault(place, set()).update(pairs)
    tops = {place: _top(ledger, pairs) for place, pairs in seen.items()}
    return {place: top for place, top in tops.items() if top or place == EVERYWHERE}


def _top(ledger: Ledger, pairs: set[tuple[int, int]]) -> list[tuple[str, int]]:
    counts = Counter(product for _, product in pairs)
    found = [(ledger.products.texts[p], n) for p, n in counts.items() if n >= LEAST_BUYERS]
    return sorted(found, key=lambda item: (-item[1], item[0]))[:MOST_POPULAR]
