"""What a timeline says of a visit to the storefront, in short: English or Persian."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.domain.browsing import Json
from chalicelib.domain.shop import Shop
from chalicelib.domain.story import speech_of

MOST_NAMED = 3  # products and searches; the others are counted
_VISITED = {"en": "Visited the shop: {what}", "fa": "از فروشگاه دیدن کرد: {what}"}
_CAME = {"en": "Visited the shop", "fa": "از فروشگاه دیدن کرد"}
_WHAT = {
    "looked": {"en": "looked at {items}", "fa": "{items} را دید"},
    "searched": {"en": "searched for {items}", "fa": "{items} را جست‌وجو کرد"},
    "cart": {"en": "{count} in the cart", "fa": "{count} کالا در سبد خرید"},
    "emptied": {"en": "emptied the cart", "fa": "سبد خرید را خالی کرد"},
    "clicked": {"en": "{count} recommendations clicked", "fa": "روی {count} پیشنهاد کلیک کرد"},
    "clicked_one": {"en": "one recommendation clicked", "fa": "روی یک پیشنهاد کلیک کرد"},
}
_AND_MORE = {"en": "{items} and {count} more", "fa": "{items} و {count} مورد دیگر"}
_QUOTED = {"en": "“{text}”", "fa": "«{text}»"}
_COMMA = {"en": ", ", "fa": "، "}
_PART = {"en": "; ", "fa": "؛ "}


def visit(happened: list[Json], titles: Mapping[str, str], shop: Shop) -> str:
    """One visit as a sentence. `titles`: product id -> title, of those that the shop told of."""
    language, speech = speech_of(shop)

    def named(items: list[str]) -> str:
        quoted = (_QUOTED[language].format(text=speech.isolate(item)) for item in items[:MOST_NAMED])
        shown = _COMMA[language].join(quoted)
        more = len(items) - MOST_NAMED
        return _AND_MORE[language].format(items=shown, count=speech.number(more)) if more > 0 else shown

    def said(what: str, **values: str) -> str:
        return _WHAT[what][language].format(**values)

    parts = []
    if looked := _each(happened, "view", "product"):
        parts.append(said("looked", items=named([titles.get(product, product) for product in looked])))
    if searched := _each(happened, "search", "query"):
        parts.append(said("searched", items=named(searched)))
    carts = [one["products"] for one in happened if one["type"] == "cart"]
    if carts:
        parts.append(said("cart" if carts[-1] else "emptied", count=speech.number(len(carts[-1]))))
    if clicks := sum(one["type"] == "click" for one in happened):
        parts.append(said("clicked" if clicks > 1 else "clicked_one", count=speech.number(clicks)))
    return _VISITED[language].format(what=_PART[language].join(parts)) if parts else _CAME[language]


def products(happened: list[Json]) -> list[str]:
    """Those that are named."""
    return _each(happened, "view", "product")[:MOST_NAMED]


def _each(happened: list[Json], kind: str, name: str) -> list[str]:
    """Each once, in the order in which they came first."""
    return list(dict.fromkeys(str(one[name]) for one in happened if one["type"] == kind))
