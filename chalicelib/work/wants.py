"""Who waits for a product, and telling them all that it is back: a few at a time, by whoever talks with shops."""

from __future__ import annotations

from datetime import datetime

from chalicelib.domain.shop import Shop
from chalicelib.domain.sync import Sync, Turned
from chalicelib.table import customers, products, sync, wants
from chalicelib.table.base import Write, retried
from chalicelib.work import occasions
from chalicelib.work.log import unforeseen
from chalicelib.work.occasions import Occasion
from chalicelib.work.talk import Talk

STOCK = "stock:"  # the task, followed by the product's id
CHUNK = 25


class TooMany(ValueError):
    """She waits for as many products as anybody may."""


def want(shop: Shop, product_id: str, node: str, now: datetime) -> None:
    """Somebody known waits for a product, for 180 days from now on. Raises TooMany, LookupError where there is no such
    customer, Trouble."""
    person = customers.person(shop.slug, node)
    if person is None or person.erased:
        raise LookupError(node)

    def attempt() -> str:
        return "stored" if wants.put(shop.slug, product_id, person.id, now) else "too_many"

    if retried(attempt) == "too_many":
        raise TooMany(f"at most {wants.MOST} products")


def unwant(shop: Shop, product_id: str, node: str) -> None:
    """She does not wait for it any more, as none of her."""
    person = customers.person(shop.slug, node)
    for part in person.nodes if person else ():
        wants.remove(shop.slug, product_id, part.id)


def forget(shop: Shop, node: str) -> None:
    """A node waits for nothing any more: for whoever erases her. Raises Trouble."""
    for product_id in wants.of_customer(shop.slug, node):
        wants.remove(shop.slug, product_id, node)


def count(shop: Shop, product_id: str, now: datetime) -> int:
    """How many wait for it."""
    return wants.count(shop.slug, product_id, now)


def task(shop: Shop, product_id: str, now: datetime, back_at: str) -> list[Write]:
    """What is to be written with a product that is back: that those who wait are to be told. Nothing where nobody
    does."""
    if not occasions.wanted(shop, "back_in_stock") or not wants.of_product(shop.slug, product_id, now, 1):
        return []
    name = STOCK + product_id
    held = sync.read(shop.slug, name) or sync.Held(Sync(name))
    fresh = Sync(name).begun(("waiting",), back_at, now)
    return [sync.put_up(shop.slug, held, fresh, now, now)]


def work(talk: Talk) -> None:
    """Tell as many as there is time for. Whoever was told does not wait any more, so that the next call goes on."""
    shop, product_id = talk.shop, talk.sync.task.removeprefix(STOCK)
    product = products.of_ids(shop.slug, [product_id]).get(product_id)
    while product and product.available and occasions.wanted(shop, "back_in_stock"):
        nodes = wants.of_product(shop.slug, product_id, talk.outside.now(), CHUNK)
        if not nodes:
            break
        if not talk.time_left():
            talk.pass_on()
            return
        outcomes = {"told": sum(_told(talk, product_id, node) for node in nodes), "read": len(nodes)}
        talk.keep(talk.sync.turned(Turned(outcomes, ""), talk.outside.now()))
    sync.forget(shop.slug, talk.sync.task)


def _told(talk: Talk, product_id: str, node: str) -> int:
    """Her follow-up, then her name off the list: dying in between tells her once, since its trigger is the same."""
    shop, at = talk.shop, str(talk.sync.since)
    back = Occasion("back_in_stock", f"stock-{product_id}-{at[:10]}", at, about={"product": product_id})
    try:
        count = occasions.happened(shop, node, back, talk.outside.now())
    except (ValueError, LookupError, TypeError) as error:  # one of them must not keep it from all others
        unforeseen(error, shop=shop.slug)
        count = 0
    wants.remove(shop.slug, product_id, node)
    return count
