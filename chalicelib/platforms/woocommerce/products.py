"""WooCommerce's products, as far as a mail or a slot shows them."""

from __future__ import annotations

from chalicelib.domain.events import Product, ProductGone, ProductSeen
from chalicelib.domain.money import iso
from chalicelib.domain.shop import Shop
from chalicelib.platforms import texts
from chalicelib.platforms.body import Node
from chalicelib.platforms.woocommerce.fields import created_at, id_of, refuse_only_id, updated_at

_MOST_TERMS = 500
_UNLISTED = ("hidden", "search")


def product_seen(body: Node, received_at: str, shop: Shop) -> list[ProductSeen]:
    """product.created, product.updated, product.restored. Prices are in the shop's currency: the body names none."""
    refuse_only_id(body)
    price = body.at("price")
    product = Product(
        id=id_of(body.at("id")),
        title=texts.plain_html(body.at("name").text()),
        updated_at=updated_at(body, shop) or created_at(body, shop) or received_at,
        url=texts.web_address(body.at("permalink").text()),
        image=_image(body),
        price=None if price.missing else price.amount(shop.currency),
        currency=iso(shop.currency),
        available=_available(body),
        listed=_is_listed(body),
        tags=_names(body.at("tags")),
        categories=_names(body.at("categories")),
    )
    return [ProductSeen(product)]


def product_gone(body: Node, received_at: str, shop: Shop) -> list[ProductGone]:
    """product.deleted: the body is only {"id": N}."""
    return [ProductGone(id_of(body.at("id")), received_at)]


def _available(body: Node) -> bool:
    published = body.at("status").text() == "publish"
    in_stock = body.at("stock_status").text() != "outofstock"
    return published and in_stock and body.at("purchasable").value is not False


def _is_listed(body: Node) -> bool:
    """What is hidden, or only found by searching, WooCommerce shows in no list of its own either: not among related
    products, upsells or cross-sells. A body that does not say is of one that is visible."""
    return body.at("catalog_visibility").text() not in _UNLISTED


def _image(body: Node) -> str | None:
    images = body.at("images").items(_MOST_TERMS)
    return texts.web_address(images[0].at("src").text()) if images else None


def _names(terms: Node) -> tuple[str, ...]:
    names = (texts.plain_html(term.at("name").text(), 100) for term in terms.items(_MOST_TERMS))
    return tuple(name for name in names if name)
