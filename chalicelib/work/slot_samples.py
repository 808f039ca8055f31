"""What a slot may look like, for a theme that is being made: products of the shop's own where any are known; before the
first learning what the page itself speaks of, and products made up that say so."""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.domain.events import Product
from chalicelib.domain.shop import Shop
from chalicelib.domain.slot import USUAL_ITEMS, Ask, Choice
from chalicelib.work.slot_sources import Model
from chalicelib.work.slot_view import Voice, link

SAMPLE = "sample"
MOST = 96  # four times what fits: some are sold out
_PRICES = (12, 24, 18, 35)  # of the shop's own money, or ten thousand of a small one


def known(slot: str, ask: Ask, model: Model) -> list[Choice]:
    """Popular products, else whatever was ever bought, else those of the page: what an outsider could learn from the
    newest orders of a shop is not told."""
    found = list(model.popularity) or model.catalogue or ask.at_hand
    return [Choice(product, SAMPLE) for product in found[:MOST]] if slot != "messages" else []


def made_up(shop: Shop, voice: Voice, page: str | None) -> list[Product]:
    """As many as a slot usually has. They lead to where the asking page (an origin) is, else to the shop's own pages:
    the script shows nothing that leads nowhere."""
    from chalicelib.work.samples import sample_price

    places = (f"{origin}/" for origin in (page, *shop.origins) if origin)
    url = next((place for place in places if link(place)), None)
    found = []
    for n in range(USUAL_ITEMS):
        price = sample_price(shop, _PRICES[n % len(_PRICES)])
        title = voice.sample(n + 1)
        found.append(Product(f"sample-{n + 1}", title, "", url, None, price.amount, price.currency))
    return found


def filled_up(found: list[Choice], products: Iterable[Product], ask: Ask) -> list[Choice]:
    """A slot that holds nothing but samples with those that are made up behind them. They have no picture: where only
    pictures are asked for, there are none."""
    if ask.pictures or any(choice.code != SAMPLE for choice in found):
        return found
    more = [Choice(product.id, SAMPLE) for product in products]
    return found + more[: max(0, min(ask.limit, USUAL_ITEMS) - len(found))]
