"""Saleor's products, as far as a mail or a slot shows them. It knows no storefront, so a product has no address."""

from __future__ import annotations

from chalicelib.domain.events import Product, ProductGone, ProductSeen
from chalicelib.domain.money import iso
from chalicelib.domain.shop import Shop
from chalicelib.platforms import texts
from chalicelib.platforms.body import Node
from chalicelib.platforms.saleor.fields import id_of
from chalicelib.platforms.saleor.telling import Telling

_MOST = 2000


def product_seen(told: Telling, received_at: str, shop: Shop) -> list[ProductSeen]:
    """Every event about a product that is there. `updatedAt` does not move when a price, a channel or the stock does:
    the time of telling does."""
    return [ProductSeen(read_product(told.thing, shop, received_at, told.issued_at))]


def variant_seen(told: Telling, received_at: str, shop: Shop) -> list[ProductSeen]:
    """Every event about a variant: its product, if the body holds it."""
    product = told.thing.at("product")
    if product.at("name").missing:
        return []
    return [ProductSeen(read_product(product, shop, received_at, told.issued_at))]


def product_gone(told: Telling, received_at: str, shop: Shop) -> list[ProductGone]:
    """product_deleted."""
    return [ProductGone(id_of(told.thing.at("id"), "Product"), told.issued_at or received_at)]


def read_product(product: Node, shop: Shop, received_at: str, issued_at: str | None = None) -> Product:
    """A product as our queries get it, from a webhook (`issued_at`: when it was told) or from the API. Its price is the
    lowest of a channel in the shop's currency, else of the first channel that shows it. Raises Unreadable."""
    name = product.at("name")
    if name.missing:
        raise name.refused("is missing")
    shown = [one for one in product.at("channelListings").items(_MOST) if _is_shown(one)]
    listed = [one for one in shown if one.at("visibleInListings").value is not False]
    priced = [one for one in listed or shown if not _price(one).missing]
    own = [one for one in priced if iso(_currency(one)) == iso(shop.currency)]
    listing = next(iter(own or priced), None)
    return Product(
        id=id_of(product.at("id"), "Product"),
        title=texts.plain(name.text()),
        updated_at=issued_at or product.at("updatedAt").time() or received_at,
        image=texts.web_address(product.at("thumbnail").at("url").text()),
        price=_price(listing).amount(_currency(listing)) if listing else None,
        currency=iso(_currency(listing) if listing else shop.currency),
        available=bool(shown) and _in_stock(product),
        tags=_names(product.at("collections")),
        categories=_names(Node([product.at("category").value], product.at("category").path)),
        listed=bool(listed) or not shown,
    )


def _is_shown(listing: Node) -> bool:
    return listing.at("isPublished").value is True and listing.at("isAvailableForPurchase").value is not False


def _price(listing: Node) -> Node:
    return listing.at("discountedPrice").at("amount")


def _currency(listing: Node) -> str:
    said = listing.at("discountedPrice").at("currency")
    return (listing.at("channel").at("currencyCode") if said.missing else said).currency()


def _in_stock(product: Node) -> bool:
    """A variant without a number says nothing against it."""
    stocks = [variant.at("quantityAvailable") for variant in product.at("variants").items(_MOST)]
    return not stocks or any(stock.value is None or stock.whole(-(10**9), 10**9) > 0 for stock in stocks)


def _names(things: Node) -> tuple[str, ...]:
    names = (texts.plain(thing.at("name").text(), 100) for thing in things.items(_MOST))
    return tuple(name for name in names if name)
