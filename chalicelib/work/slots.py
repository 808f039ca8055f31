"""What a page of the shop shows to whoever looks at it: one answer for all its slots.

Personal slots are filled for a customer whom the shop's own server names, and only for the treated: the held out see
the page as everybody does. Whatever is not personal is the same for both, and the same for everybody, but for products
that a personal slot of the same question shows already.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain import blinding
from chalicelib.domain.customer import Node
from chalicelib.domain.events import Product
from chalicelib.domain.shop import Shop
from chalicelib.domain.slot import PRECEDENCE, Ask, Choice
from chalicelib.table import lean
from chalicelib.table import visitor as visitors
from chalicelib.table.shelf import Shown
from chalicelib.table.visitor import Visitor
from chalicelib.work import slot_choice, slot_samples, slot_sources, units
from chalicelib.work.read_views import Json
from chalicelib.work.slot_choice import POPULAR, Her, Scene, fills_up
from chalicelib.work.slot_sources import Model
from chalicelib.work.slot_view import Maker, Voice, link

MESSAGES = "messages"
MOST_LOOKED_AT = 300  # popular products, for those of one category
PATIENCE = 2.0  # seconds: the widget waits half a second longer


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
    messages = her.visitor.messages if her else ()
    if who.preview:
        filled = _with_made_up(filled, ask, model, slot_samples.made_up(shop, ask, voice, who.page))
        messages = messages or (slot_samples.message(shop, voice, who.page),)
    return {
        "language": voice.language,
        "direction": voice.direction,
        "personal": who.account is not None,
        "arm": arm,
        "preview": who.preview,
        "learned_at": model.learned_at,
        "slots": [
            _messages(ask, voice, maker, messages, her)
            if slot == MESSAGES
            else _products(slot, ask, voice, maker, filled)
            for slot in ask.slots
        ],
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
    samples = slot_samples.known(ask, model) if preview else []
    wanted = [name for found in (*chosen.values(), samples) for choice in found for name in _spoken_of(choice)]
    shown = slot_sources.shown(shop.slug, wanted, now)
    return _Filled(_fitting(ask, chosen, samples, shown), shown)


def _of_category(shop: Shop, ask: Ask, model: Model, now: datetime) -> set[str] | None:
    if not ask.category:
        return None
    popular = [choice.product for choice in model.popular(ask.country)[:MOST_LOOKED_AT]]
    shown = slot_sources.shown(shop.slug, popular, now)
    return {id for id, product in shown.items() if ask.category in (*product.categories, *product.tags)}


def _with_made_up(filled: _Filled, ask: Ask, model: Model, products: list[Product]) -> _Filled:
    """Before the first learning, and where nothing that is known is left for a slot."""
    choices, left = dict(filled.choices), iter(products)
    for slot, found in choices.items():
        if slot != MESSAGES and not (found and model.learned_at):
            choices[slot] = slot_samples.filled_up(slot, found, left, ask)
    return _Filled(choices, {**{product.id: product for product in products}, **filled.shown})


def _spoken_of(choice: Choice) -> tuple[str, ...]:
    return choice.product, *((choice.params["product"],) if "product" in choice.params else ())


def _fitting(
    ask: Ask, chosen: Mapping[str, list[Choice]], samples: list[Choice], shown: Mapping[str, Product]
) -> dict[str, list[Choice]]:
    """As many as fit, of what can be bought, each product once on the page: in the slot that comes first in PRECEDENCE,
    whatever the order asked for. What only fills a slot up comes after all that was chosen, samples where a slot is
    still empty then."""
    fitting: dict[str, list[Choice]] = {slot: [] for slot in chosen}
    taken: set[str] = set()

    def add(slot: str, choices: Iterable[Choice]) -> None:
        found, most = fitting[slot], ask.limit(slot)
        for choice in choices:
            if len(found) == most:
                return
            if choice.product not in taken and _can_be_shown(shown.get(choice.product), ask):
                found.append(choice)
                taken.add(choice.product)

    in_turn = sorted(chosen, key=PRECEDENCE.index)
    for filling in (False, True):
        for slot in in_turn:
            add(slot, (choice for choice in chosen[slot] if fills_up(slot, choice) is filling))
    for slot in ask.slots:
        if not fitting[slot] and slot != MESSAGES:
            add(slot, samples)
    return fitting


def _can_be_shown(product: Product | None, ask: Ask) -> bool:
    if product is None or not (product.available and product.listed and product.title):
        return False
    return link(product.image) is not None if ask.pictures else True


def _products(slot: str, ask: Ask, voice: Voice, maker: Maker, filled: _Filled) -> Json:
    title = voice.title(_spoken_as(slot, filled), ask)
    items = maker.products(slot, filled.choices[slot], filled.shown)
    return {"name": slot, "kind": "products", "title": title, "items": items}


def _messages(ask: Ask, voice: Voice, maker: Maker, messages: Sequence[Shown], her: Her | None) -> Json:
    items = maker.messages(messages[: ask.limit(MESSAGES)], her.visitor.node.id if her else "")
    told = {"name": MESSAGES, "kind": "messages", "title": voice.title(MESSAGES, ask)}
    return {**told, "close": voice.close, "items": items}


def _spoken_as(slot: str, filled: _Filled) -> str:
    """Where nothing is known that goes with it, the heading does not say that it does."""
    codes = {choice.code for choice in filled.choices.get(slot, ())}
    return POPULAR if slot == "goes-with" and codes == {POPULAR} else slot
