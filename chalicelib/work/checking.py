"""What a text would say to whom, tried before anybody gets it: with kind and with nasty data. And whether it sells
where it may not."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache

from chalicelib import languages
from chalicelib.domain.coupon import Coupon
from chalicelib.domain.events import Product
from chalicelib.domain.money import Money
from chalicelib.domain.order import Buyer, Line, Order
from chalicelib.domain.people import persian_letters
from chalicelib.domain.shop import Shop
from chalicelib.domain.text import BadTemplate, Text
from chalicelib.languages import marks
from chalicelib.work.about import About, Pick
from chalicelib.work.mail_values import LINKS
from chalicelib.work.render import render_line, render_mail

_NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
_ADDRESS = "https://shop.example/"
_SHOP = Shop("shop", "standard", "2026-01-01T00:00:00Z", name="Shop", sender="shop@shop.example", postal_address="York")
_LINE = Line("1", None, None, "Mug", 1, 1_000, 1_000)
_ORDER = Order(
    id="1",
    number="1",
    status="placed",
    payment="paid",
    fulfilment="none",
    currency="USD",
    currency_original="USD",
    total=1_000,
    subtotal=1_000,
    discount=0,
    tax=0,
    shipping=0,
    placed_at="2026-11-01T12:00:00Z",
    updated_at="2026-11-01T12:00:00Z",
    buyer=Buyer(name="Sara"),
    lines=(_LINE,),
)
_PRODUCT = Product("1", "Mug", "2026-11-01T00:00:00Z", _ADDRESS + "p", _ADDRESS + "p.jpg")
_PICK = Pick("1", "Mug", _ADDRESS + "p", _ADDRESS + "p.jpg", Money(1_000, "USD"), "USD", "why_in_cart")
_COUPON = Coupon("A-7K3MQ9", "a", "2026-12-01T00:00:00Z", percent=20, least=Money(1_000, "USD"))
_LONG = "W" * 120
# What a message may have or not: how it is missing, and how to ask for it.
_NEEDS = {
    "order": ({"order": None}, "{% if order %}"),
    "product": ({"picks": ()}, "{% if product %}"),
    "coupon": ({"coupon": None}, "{% if coupon %}"),
}
_SELLING = re.compile(r"(?<![\w.])(coupon|picks|product)\b")
_UNSEEN = dict.fromkeys([0xAD, 0x640, 0x200B, 0x2060])
_QUOTED = re.compile(r"\"([^\"]*)\"|'([^']*)'")


def check_text(text: Text, purpose: str, given: Collection[str] = ("order",)) -> list[str]:
    """What would go wrong with `text`, for whom, and what to do; nothing where it is good. `given`: what every message
    with it has (order, product, coupon)."""
    found: dict[str, None] = {}
    for whom, about in _cases(text.language, purpose, given):
        for problem in _tried(text, about):
            found.setdefault(_remedied(problem, whom))
    if purpose == "transactional":
        for problem in _sells(text):
            found.setdefault(problem)
    told: dict[str, str] = {}
    for problem in found:
        told.setdefault(problem.partition(" (")[0], problem)
    return list(told.values())


def needs(text: Text, purpose: str) -> frozenset[str]:
    """Which of order, product and coupon `text` cannot do without: the flow that sends it must have them."""
    plain = _plain(text.language, purpose)
    return frozenset(name for name, (missing, _) in _NEEDS.items() if _tried(text, replace(plain, **missing)))


def _plain(language: str, purpose: str) -> About:
    return About(
        shop=_SHOP,
        language=language,
        purpose=purpose,
        now=_NOW,
        name="Sara",
        links={name: _ADDRESS + name for name in LINKS},
        order=_ORDER,
        products={"1": _PRODUCT},
        picks=(_PICK,) if purpose == "marketing" else (),
        coupon=_COUPON if purpose == "marketing" else None,
    )


def _cases(language: str, purpose: str, given: Collection[str]) -> Iterator[tuple[str, About]]:
    plain = _plain(language, purpose)
    yield "everybody", plain
    yield "somebody without a name", replace(plain, name="", order=replace(_ORDER, buyer=Buyer()))
    bare = {name: url for name, url in plain.links.items() if name in ("preferences", "unsubscribe")}
    yield "a shop without an address", replace(plain, links=bare, products={})
    yield "an order without lines", replace(plain, order=replace(_ORDER, lines=()))
    long = replace(_PICK, title=_LONG, url=_ADDRESS + "u" * 400, image=_ADDRESS + "i" * 400)
    yield (
        "an order of many long lines",
        replace(
            plain,
            order=replace(_ORDER, lines=(replace(_LINE, title=_LONG),) * 300),
            products={"1": replace(_PRODUCT, url=long.url, image=long.image)},
            picks=(long,) * 10 if plain.picks else (),
        ),
    )
    for name, (missing, _) in _NEEDS.items():
        if name not in given:
            yield f"somebody without {'an' if name == 'order' else 'a'} {name}", replace(plain, **missing)


def _tried(text: Text, about: About) -> list[str]:
    problems = []
    try:
        render_mail(text, about)
    except BadTemplate as bad:
        problems.append(str(bad))
    for kind, source in (("sms", text.sms), ("onsite", text.onsite)):
        try:
            if source:
                render_line(text, kind, about)
        except BadTemplate as bad:
            problems.append(str(bad))
    return problems


def _remedied(problem: str, whom: str) -> str:
    unknown = re.search(r": '?([\w.]+)'? is undefined$", problem)
    if not unknown:
        return f"{problem} (met with {whom})"
    head = unknown[1].split(".")[0]
    if head in _NEEDS and not whom.startswith("everybody"):
        return f"{problem}; ask {_NEEDS[head][1]} first (met with {whom})"
    return f"{problem}; there is no such value, look it up in the list of values (met with {whom})"


def _sells(text: Text) -> Iterator[str]:
    """What of a transactional text promotes. Every branch of its conditions counts, sent or not."""
    parts = {"subject": text.subject, "preheader": text.preheader, "text": text.text}
    for part, source in {**parts, "sms": text.sms, "onsite": text.onsite}.items():
        at = f"{text.language}/{text.name} {part}"
        inside = " ".join(_QUOTED.sub("''", marks.inside(mark)) for mark in marks.MARK.findall(source))
        if used := _SELLING.search(inside):
            yield f"{at}: {used[1]} promotes, which no transactional text may; take it out, or make the flow marketing"
        for word in promoting(text.language, _words_of(source)):
            yield f"{at}: {word!r} promotes, which no transactional text may; reword it, or make the flow marketing"


def _words_of(source: str) -> str:
    """What a source says by itself: tags joined away, values a gap, texts inside them kept."""

    def said(mark: re.Match[str]) -> str:
        quoted = " ".join(a or b for a, b in _QUOTED.findall(mark[0]))
        return quoted if mark[0].startswith("{%") else f" {quoted} "

    return marks.MARK.sub(said, source)


def promoting(language: str, said: str) -> list[str]:
    """The words in `said` that promote, as the language's list has them."""
    folded = _folded(said)
    return [word for word, pattern in _patterns(language) if pattern.search(folded)]


@lru_cache(maxsize=16)
def _patterns(language: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((word, _pattern(word)) for word in languages.promotion(language))


def _pattern(word: str) -> re.Pattern[str]:
    """The word as a whole, its parts joined, half-spaced, hyphenated or apart."""
    folded = _folded(word)
    joined = r"[\s\u200c\u200d-]*".join(re.escape(part) for part in re.split(r"[\s\u200c-]+", folded) if part)
    before = r"(?<!\w)" if folded[0].isalnum() else ""
    return re.compile(f"{before}{joined}(?!\\w)")


def _folded(text: str) -> str:
    """Without case, accents, vowel signs and what cannot be seen; one form of each Persian letter."""
    apart = unicodedata.normalize("NFKD", persian_letters(text).translate(_UNSEEN))
    return "".join(ch for ch in apart if not unicodedata.combining(ch)).casefold()
