"""A slot as the page gets it: headings, prices and reasons in the shopper's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache

from chalicelib.domain.events import Product
from chalicelib.domain.money import BadMoney, exponent, iso
from chalicelib.domain.shop import Shop
from chalicelib.domain.slot import Ask, Choice
from chalicelib.domain.speech import Speech, best_locale, pick_language
from chalicelib.table.shelf import Shown
from chalicelib.work import page_words, rid
from chalicelib.work.read_views import Json
from chalicelib.work.rid import Rid

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

    def sample(self, number: int) -> str:
        """What a product that is made up is called."""
        return self._words["sample_product"].format(number=self._speech.number(number))

    def sample_message(self) -> tuple[str, str]:
        """Title and text of a message that says it is a sample."""
        return self._words["sample_message_title"], self._words["sample_message"]

    def why(self, choice: Choice, shown: Mapping[str, Product]) -> Json:
        """The code, its numbers and the sentence. A product that is no longer known is not spoken of by name."""
        params, code = dict(choice.params), choice.code
        said: dict[str, str] = {}
        if source := params.pop("product", None):
            params, code = ({"title": shown[source].title}, code) if source in shown else ({}, f"{code}_all")
            said = {name: self._speech.isolate(title) for name, title in params.items()}
        elif "buyers" in params:
            said = {"buyers": _number(self._speech, params["buyers"])}
        return {"code": choice.code, "params": params, "text": self._words[f"why_{code}"].format(**said)}

    def price(self, product: Product) -> Json | None:
        if product.price is None or not product.currency:
            return None
        price, currency = product.price, product.currency
        text = _price(self._speech, price, currency, self._own_code)
        return {"amount": price, "currency": currency, "exponent": exponent(currency), "text": text}


def _code(own: str, currency: str) -> str:
    """The shop's own code where it stands for the currency: Toman for a shop that counts in them."""
    try:
        return own if iso(own) == currency else ""
    except BadMoney:
        return ""


@lru_cache(maxsize=64)
def _speech(locale: str) -> Speech:
    return Speech(locale)


@lru_cache(maxsize=1024)
def _number(speech: Speech, at_least: str) -> str:
    return speech.number(int(at_least.rstrip("+")))


@lru_cache(maxsize=4096)
def _price(speech: Speech, amount: int, currency: str, own: str) -> str:
    return speech.money(amount, currency, _code(own, currency))


class Maker:
    """Makes the items of one answer; `seal`: whether they get a rid, by which what is seen and clicked is counted."""

    def __init__(self, shop: Shop, voice: Voice, master: bytes, now: datetime, *, seal: bool) -> None:
        self._shop, self._voice, self._master, self._seal = shop, voice, master, seal
        self._day = rid.day_of(now)

    def products(self, slot: str, choices: Iterable[Choice], shown: Mapping[str, Product]) -> list[Json]:
        return [self._product(slot, choice, shown) for choice in choices]

    def _product(self, slot: str, choice: Choice, shown: Mapping[str, Product]) -> Json:
        product = shown[choice.product]
        return {
            "product_id": product.id,
            "title": product.title,
            "url": link(product.url),
            "image": link(product.image),
            "price": self._voice.price(product),
            "why": self._voice.why(choice, shown),
            "rid": self._rid(slot, product.id, choice.code),
        }

    def messages(self, messages: Iterable[Shown], node: str) -> list[Json]:
        """`node`: on whose shelf they lie."""
        return [
            {
                "id": message.follow_up,
                "title": message.subject or None,
                "text": message.text,
                "url": link(message.link),
                "rid": self._rid("messages", message.follow_up, "message", node),
            }
            for message in messages
        ]

    def _rid(self, slot: str, item: str, code: str, node: str = "") -> str | None:
        if not self._seal:
            return None
        return rid.make(self._master, self._shop.slug, Rid(slot, item, code, self._day, node))


def link(url: str | None) -> str | None:
    """An address that a page may link to; whatever else stood there is left out."""
    return url if url and url.startswith(_LINKS) and len(url) <= 2_000 else None
