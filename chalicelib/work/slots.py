"""What a page of the shop shows to whoever looks at it: one answer for all its slots.

Personal slots are filled for a customer whom the shop's own server names, and only for the treated: the held out see
the page as everybody does. Whatever is not personal is the same for both, and the same for everybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from chalicelib.domain import blinding
from chalicelib.domain.customer import Node
from chalicelib.domain.events import Product
from chalicelib.domain.shop import Shop
from chalicelib.domain.slot import PERSONAL, Ask, Choice
from chalicelib.table import lean
from chalicelib.table import visitor as visitors
from chalicelib.table.visitor import Visitor
from chalicelib.work import slot_choice, slot_samples, slot_sources, units
from chalicelib.work.read_views import Json
from chalicelib.work.slot_choice import Her, Scene
from chalicelib.work.slot_samples import SAMPLE
from chalicelib.work.slot_sources import Model
from chalicelib.work.slot_view import Maker, Voice, link

MOST_LOOKED_AT = 300  # popular products, for those of one category
PATIENCE = 2.5  # seconds: the widget waits three for an answer


@dataclass(frozen=True, slots=True)
class Who:
    """Who asks: `account` is the platform's id of a customer who is logged in, None: nobody we are told of; `page`: the
    origin of a page that is being made."""

    account: str | None = None
    preview: bool = False
    page: str | None = None


@lean.within(PATIENCE)
def answer(shop: Shop, ask: Ask, who: Who, master: bytes, now: datetime) -> Json:
    """The page's slots, in the order asked for. Raises Trouble."""
    visitor = _visitor(shop, who.account, now) if who.account else None
    arm = units.arm_of(shop, visitor.node if visitor else Node("", ""), who.account) if who.account else None
    model = slot_sources.model(shop.slug, now)
    her = Her(visitor, model, now) if visitor and (arm == "treated" or who.preview) else None
    voice = Voice(shop, ask)
    maker = Maker(shop, voice, master, now, seal=not who.preview)
    filled = _filled(shop, ask, model, her, now, preview=who.preview)
    if who.preview:
        filled = _with_made_up(filled, ask, model, slot_samples.made_up(shop, voice, who.page))
    return {
        "language": voice.language,
        "direction": voice.direction,
        "personal": who.account is not None,
        "arm": arm,
        "preview": who.preview,
        "learned_at": model.learned_at,
        "slots": [_slot(slot, ask, voice, maker, filled, her) for slot in ask.slots],
    }


def _visitor(shop: Shop, account: str, now: datetime) -> Visitor | None:
    """Her account's node; somebody erased is nobody, unless she came back after it."""
    erased_at: str | None = None
    while True:
        found = visitors.read(shop.slug, blinding.customer_id(shop.blind_key, f"account:{account}", erased_at), now)
        if found is None or found.node.erased_at is None:
            return found
        erased_at = found.node.erased_at


@dataclass(frozen=True, slots=True)
class _Filled:
    """What stands in each slot, and the products spoken of."""

    choices: Mapping[str, list[Choice]]
    shown: Mapping[str, Product]


def _filled(shop: Shop, ask: Ask, model: Model, her: Her | None, now: datetime, *, preview: bool) -> _Filled:
    recs = slot_sources.recs(shop.slug, slot_choice.lists_wanted(ask, her), now)
    scene = Scene(ask, model, recs, her, _of_category(shop, ask, model, now))
    chosen = {slot: slot_choice.choose(slot, scene) for slot in ask.slots}
    if preview:
        chosen = {slot: found or slot_samples.known(slot, ask, model) for slot, found in chosen.items()}
    wanted = [name for found in chosen.values() for choice in found for name in _spoken_of(choice)]
    shown = slot_sources.shown(shop.slug, wanted, now)
    return _Filled(_fitting(ask, chosen, shown), shown)


def _of_category(shop: Shop, ask: Ask, model: Model, now: datetime) -> set[str] | None:
    if not ask.category:
        return None
    popular = [choice.product for choice in model.popular(ask.country)[:MOST_LOOKED_AT]]
    shown = slot_sources.shown(shop.slug, popular, now)
    return {id for id, product in shown.items() if ask.category in (*product.categories, *product.tags)}


def _with_made_up(filled: _Filled, ask: Ask, model: Model, products: list[Product]) -> _Filled:
    """Before the first learning, and where nothing that is known can be shown."""
    choices = dict(filled.choices)
    for slot, found in choices.items():
        if slot != "messages" and not (found and model.learned_at):
            choices[slot] = slot_samples.filled_up(found, products, ask)
    return _Filled(choices, {**{product.id: product for product in products}, **filled.shown})


def _spoken_of(choice: Choice) -> tuple[str, ...]:
    return choice.product, *((choice.params["product"],) if "product" in choice.params else ())


def _fitting(ask: Ask, chosen: Mapping[str, list[Choice]], shown: Mapping[str, Product]) -> dict[str, list[Choice]]:
    """As many as fit, of what can be bought, each product once on the page. What is personal gives way to what is not:
    else the two arms would differ in what is the same for everybody."""
    fitting: dict[str, list[Choice]] = {}
    taken: set[str] = set()
    for slot in sorted(chosen, key=lambda slot: slot in PERSONAL):
        free = (choice for choice in chosen[slot] if choice.product not in taken or choice.code == SAMPLE)
        there = (choice for choice in free if _can_be_shown(shown.get(choice.product), ask))
        fitting[slot] = list(islice(there, ask.limit))
        taken |= {choice.product for choice in fitting[slot]}
    return fitting


def _can_be_shown(product: Product | None, ask: Ask) -> bool:
    if product is None or not (product.available and product.listed and product.title):
        return False
    return link(product.image) is not None if ask.pictures else True


def _slot(slot: str, ask: Ask, voice: Voice, maker: Maker, filled: _Filled, her: Her | None) -> Json:
    told: Json = {"name": slot, "kind": "products", "title": voice.title(_spoken_as(slot, filled), ask)}
    if slot == "messages":
        items = maker.messages(her.visitor.messages[: ask.limit], her.visitor.node.id) if her else []
        return {**told, "kind": "messages", "close": voice.close, "items": items}
    return {**told, "items": maker.products(slot, filled.choices[slot], filled.shown)}


def _spoken_as(slot: str, filled: _Filled) -> str:
    """Where nothing is known that goes with it, the heading does not say that it does."""
    codes = {choice.code for choice in filled.choices.get(slot, ())}
    return "popular" if slot == "goes-with" and codes == {"popular"} else slot
