"""What a slot may look like, for a theme that is being made: products of the shop's own where any are known; before the
first learning what the page itself speaks of; where these are too few, products and a message made up that say so."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from chalicelib.domain.events import Product
from chalicelib.domain.shop import Shop
from chalicelib.domain.slot import USUAL_ITEMS, Ask, Choice
from chalicelib.table.shelf import Shown
from chalicelib.work.slot_sources import Model
from chalicelib.work.slot_view import Voice, link

SAMPLE = "sample"
MOST = 96  # four times what fits into a slot: some are sold out
_PRICES = (12, 24, 18, 35)  # of the shop's own money, or ten thousand of a small one


def known(ask: Ask, model: Model) -> list[Choice]:
    """For all slots that stay empty: popular products, else what at least three ever bought, without those of the page;
    before the first learning just those, as nothing else is known. What an outsider could learn from the newest orders
    of a shop is not told."""
    learnt = list(model.popularity) or model.catalogue
    found = [product for product in learnt if product not in ask.at_hand] if learnt else ask.at_hand
    return [Choice(product, SAMPLE) for product in found[: max(MOST, 2 * ask.most)]]


def made_up(shop: Shop, ask: Ask, voice: Voice, page: str | None) -> list[Product]:
    """As many as each slot usually has, all of them different. The script shows nothing that leads nowhere."""
    from chalicelib.work.samples import sample_price

    url, found = _place(shop, page), []
    for n in range(USUAL_ITEMS * len(ask.slots)):
        price = sample_price(shop, _PRICES[n % len(_PRICES)])
        title = voice.sample(n + 1)
        found.append(Product(f"sample-{n + 1}", title, "", url, None, price.amount, price.currency))
    return found


def message(shop: Shop, voice: Voice, page: str | None) -> Shown:
    """A message as a flow might leave it; it says that it is none."""
    title, text = voice.sample_message()
    return Shown(SAMPLE, text, "", title, _place(shop, page) or "")


def _place(shop: Shop, page: str | None) -> str | None:
    """Where the asking page (an origin) is, else the shop's own pages."""
    places = (f"{origin}/" for origin in (page, *shop.origins) if origin)
    return next((place for place in places if link(place)), None)


def filled_up(slot: str, found: list[Choice], left: Iterator[Product], ask: Ask) -> list[Choice]:
    """A slot that holds nothing but samples with some of those that are made up behind them, taken from `left`. They
    have no picture: where only pictures are asked for, there are none."""
    if ask.pictures or any(choice.code != SAMPLE for choice in found):
        return found
    more = islice(left, max(0, min(ask.limit(slot), USUAL_ITEMS) - len(found)))
    return found + [Choice(product.id, SAMPLE) for product in more]
