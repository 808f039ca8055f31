"""Shopify's products, as far as a mail or a slot shows them. Prices are in the shop's currency: the body names none."""

from __future__ import annotations

from urllib.parse import quote

from chalicelib.domain.events import Product, ProductGone, ProductSeen
from chalicelib.domain.money import iso
from chalicelib.domain.shop import Shop
from chalicelib.platforms import texts
from chalicelib.platforms.body import Node
from chalicelib.platforms.shopify.fields import has, id_of
from chalicelib.platforms.shopify.people import tags_of

_MOST, _MOST_STOCK = 3000, 10**9


def product_seen(body: Node, received_at: str, shop: Shop) -> list[ProductSeen]:
    """products/create and products/update."""
    variants = body.at("variants").items(_MOST)
    on_sale = [variant for variant in variants if in_stock(variant)]
    prices = [variant.at("price").amount(shop.currency) for variant in on_sale or variants]
    product = Product(
        id=id_of(body.at("id")),
        title=texts.plain(body.at("title").text()),
        updated_at=body.at("updated_at").time() or body.at("created_at").time() or received_at,
        url=address(body.at("handle").text(), shop),
        image=_image(body),
        price=min(prices, default=None),
        currency=iso(shop.currency),
        available=_published(body) and bool(on_sale),
        tags=tags_of(body.at("tags")),
        categories=_categories(body),
        listed=body.at("status").text() != "unlisted",
    )
    return [ProductSeen(product)]


def product_gone(body: Node, received_at: str, shop: Shop) -> list[ProductGone]:
    """products/delete: the body is only {"id": N}."""
    return [ProductGone(id_of(body.at("id")), received_at)]


def address(handle: str, shop: Shop) -> str | None:
    """The product's page at the address that the owner registered; never at one that a delivery names, since its
    headers are not signed and the address stands in mails."""
    base = (shop.source_url or shop.api_url or "").rstrip("/")
    if not (base and handle.strip()):
        return None
    return texts.web_address(f"{base}/products/{quote(handle.strip(), errors='replace')}")


def in_stock(variant: Node) -> bool:
    """Whether it can be bought. Newer bodies do not say whether stock is counted at all; a variant of which nothing is
    counted has 0 and must not vanish from every mail, so 0 then counts as there."""
    counted = variant.at("inventory_quantity")
    if variant.at("inventory_policy").text() == "continue" or counted.value is None:
        return True
    left = counted.whole(-_MOST_STOCK, _MOST_STOCK)
    if has(variant, "inventory_management"):
        return left > 0 or variant.at("inventory_management").missing
    return left >= 0


def _published(body: Node) -> bool:
    """A draft or archived product has no page, nor has one that is in no online channel."""
    status = body.at("status").text() or "active"
    return status in ("active", "unlisted") and not (has(body, "published_at") and body.at("published_at").missing)


def _image(body: Node) -> str | None:
    images = [body.at("image"), *body.at("images").items(_MOST)[:1]]
    return next((src for image in images if (src := texts.web_address(image.at("src").text()))), None)


def _categories(body: Node) -> tuple[str, ...]:
    named = (body.at("product_type").text(), body.at("category").at("name").text())
    return tuple(dict.fromkeys(name for name in (texts.plain(text, 100) for text in named) if name))
