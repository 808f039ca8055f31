"""A slot as the page gets it: headings, prices and reasons in the shopper's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache

from chalicelib.domain.events import Product
from chalicelib.domain.money import BadMoney, Money, iso
from chalicelib.domain.shop import Shop
from chalicelib.domain.slot import Ask, Choice
from chalicelib.domain.speech import Speech, best_locale, pick_language
from chalicelib.table.shelf import Shown
from chalicelib.work import page_words, rid
from chalicelib.work.read_views import Json

_LINKS = ("https://", "http://")


class Voice:
    """How one answer speaks: the page's language, else the shop's, where it is one of ours."""

    def __init__(self, shop: Shop, ask: Ask) -> None:
        self.language = pick_language(ask.language, shop.locale, page_words.languages())
        self._speech = _speech(best_locale(self.language, ask.language, shop.locale))
        self._words = page_words.section(self.language, "slots")
        self._own_code = shop.currency

    @property
    def direction(self) -> str:
        return self._speech.direction

    def title(self, slot: str, ask: Ask) -> str:
        name = slot.replace("-", "_")
        if slot == "goes-with" and ask.page in ("cart", "confirmation"):
            name += "_cart" if ask.page == "cart" else "_order"
        return self._words[f"title_{name}"]

    @property
    def close(self) -> str:
        """What a message's button says that waves it away."""
        return self._words["close"]

    def why(self, choice: Choice, titles: Mapping[str, str]) -> Json:
        """The code, its numbers and the sentence. A product that is no longer known is not spoken of by name."""
        params, code = dict(choice.params), choice.code
        said: dict[str, str] = {}
        if source := params.pop("product", None):
            params, code = ({"title": titles[source]}, code) if source in titles else ({}, f"{code}_all")
            said = {name: self._speech.isolate(title) for name, title in params.items()}
        elif "buyers" in params:
            said = {"buyers": self._speech.number(int(params["buyers"].rstrip("+")))}
        return {"code": choice.code, "params": params, "text": self._words[f"why_{code}"].format(**said)}

    def price(self, product: Product) -> Json | None:
        if product.price is None or not product.currency:
            return None
        return {**Money(product.price, product.currency).to_json(), "text": self._said(product)}

    def _said(self, product: Product) -> str:
        return _money(self._speech, product.price or 0, str(product.currency), _code(self._own_code, product.currency))


def _code(own: str, currency: str | None) -> str:
    """The shop's own code where it stands for the currency: Toman for a shop that counts in them."""
    try:
        return own if iso(own) == currency else ""
    except BadMoney:
        return ""


@lru_cache(maxsize=64)
def _speech(locale: str) -> Speech:
    return Speech(locale)


@lru_cache(maxsize=4096)
def _money(speech: Speech, amount: int, currency: str, code: str) -> str:
    return speech.money(amount, currency, code)


class Maker:
    """Makes the items of one answer; `seal`: whether they get a rid, by which what is seen and clicked is counted."""

    def __init__(self, shop: Shop, voice: Voice, master: bytes, now: datetime, *, seal: bool) -> None:
        self._shop, self._voice, self._master, self._now, self._seal = shop, voice, master, now, seal

    def products(self, slot: str, choices: Iterable[Choice], shown: Mapping[str, Product]) -> list[Json]:
        titles = {id: product.title for id, product in shown.items()}
        return [self._product(slot, choice, shown[choice.product], titles) for choice in choices]

    def _product(self, slot: str, choice: Choice, product: Product, titles: Mapping[str, str]) -> Json:
        return {
            "product_id": product.id,
            "title": product.title,
            "url": link(product.url),
            "image": link(product.image),
            "price": self._voice.price(product),
            "why": self._voice.why(choice, titles),
            "rid": self._rid(slot, product.id, choice.code),
        }

    def messages(self, messages: Iterable[Shown]) -> list[Json]:
        return [
            {
                "id": message.follow_up,
                "title": message.subject or None,
                "text": message.text,
                "url": link(message.link),
                "rid": self._rid("messages", message.follow_up, "message"),
            }
            for message in messages
        ]

    def _rid(self, slot: str, item: str, code: str) -> str | None:
        return rid.make(self._master, self._shop.slug, slot, item, code, self._now) if self._seal else None


def link(url: str | None) -> str | None:
    """An address that a page may link to; whatever else stood there is left out."""
    return url if url and url.startswith(_LINKS) and len(url) <= 2_000 else None
