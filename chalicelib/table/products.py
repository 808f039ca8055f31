"""Products as the shop last showed them, and whether one has come back; carts, which go after 30 days."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from pynamodb.attributes import UnicodeAttribute

from chalicelib.domain.events import CartSeen, Product
from chalicelib.domain.order import Line
from chalicelib.domain.times import in_order, moment
from chalicelib.table import base, lean
from chalicelib.table.base import Json, Row, Write

CART_KEPT = timedelta(days=30)
# What only orders know of a product is older than whatever the shop may tell of it.
FROM_ORDERS = "1970-01-01T00:00:00Z"


class ProductRow(Row, discriminator="product"):
    """`out_at`: the latest moment of which the shop said that it was sold out. `order_id`: the order that it is known
    from, where the shop itself never told of it."""

    updated_at = UnicodeAttribute()
    product = Json(null=True)
    gone_at = UnicodeAttribute(null=True)
    out_at = UnicodeAttribute(null=True)
    order_id = UnicodeAttribute(null=True)


class CartRow(Row, discriminator="cart"):
    """Lines only: whose cart it is is named by the node, never by an address. `named_at`: of which moment that is."""

    updated_at = UnicodeAttribute()
    customer = UnicodeAttribute(null=True)
    named_at = UnicodeAttribute(null=True)
    lines = Json()
    currency = UnicodeAttribute(null=True)


# Given since when a product is back: what has to be written with that.
Also = Callable[[str], list[Write]]


def _nothing(back_at: str) -> list[Write]:
    return []


def see(shop: str, product: Product, also: Also = _nothing) -> bool:
    """Keep the newest telling; an older one may still tell that the product was sold out in between. False where it is
    not news. Raises Conflict."""
    row = _row(shop, product.id)
    new = _told(shop, product, row)
    if row and _said(new) == _said(row):
        return False
    _commit(new, row, also)
    return row is None or (new.product, new.updated_at) != (row.product, row.updated_at)


def _told(shop: str, product: Product, row: ProductRow | None) -> ProductRow:
    raw = _plain(product)
    new = ProductRow(_pk(shop, product.id), "PRODUCT", updated_at=product.updated_at, product=raw)
    if row:
        new.gone_at, new.out_at = row.gone_at, _out_at(row)
        if row.product and _version(row.updated_at, row.product) >= _version(product.updated_at, raw):
            new.updated_at, new.product = row.updated_at, row.product
    if not product.available:
        new.out_at = max(new.out_at or "", product.updated_at, key=in_order)
    return new


def _out_at(row: ProductRow) -> str | None:
    sold_out = row.product and not row.product["available"]
    return row.out_at or (str(row.updated_at) if sold_out else None)


def _said(row: ProductRow) -> tuple[Any, ...]:
    return row.updated_at, row.product, row.gone_at, row.out_at


def _commit(new: ProductRow, row: ProductRow | None, also: Also) -> None:
    others = also(str(new.updated_at)) if row and _is_back(new, row) else []
    base.commit([base.replace(new, row.rev if row else None), *others])


def _is_back(new: ProductRow, row: ProductRow) -> bool:
    """It is there now, and was not; or was not in between, as only this telling says."""
    return _is_there(new) and (not _is_there(row) or _missing_at(new) != _missing_at(row))


def _is_there(row: ProductRow) -> bool:
    return bool(row.product and row.product["available"]) and in_order(row.updated_at) > in_order(_missing_at(row))


def _missing_at(row: ProductRow) -> str:
    """The latest moment at which it was sold out or gone; "" where it never was."""
    return max(row.out_at or "", row.gone_at or "", key=in_order)


def _version(updated_at: str, raw: Any) -> tuple[str, str]:
    """The newest telling stays; of two of one moment, whichever comes first, the same one."""
    return in_order(updated_at), json.dumps(raw, sort_keys=True)


def gone(shop: str, product_id: str, at: str, also: Also = _nothing) -> bool:
    """The shop no longer has it. Raises Conflict."""
    row = _row(shop, product_id)
    if row and row.gone_at and in_order(row.gone_at) >= in_order(at):
        return False
    new = ProductRow(_pk(shop, product_id), "PRODUCT", updated_at=row.updated_at if row else "", gone_at=at)
    if row:
        new.product, new.out_at = row.product, row.out_at
    _commit(new, row, also)
    return True


def of_ids(shop: str, ids: Iterable[str]) -> dict[str, Product]:
    """Those of the products that the shop still has."""
    keys = [(_pk(shop, product_id), "PRODUCT") for product_id in dict.fromkeys(ids)]
    with base.reading():
        rows = ProductRow.batch_get(keys) if keys else ()
        return _had((row.product, row.updated_at, row.gone_at) for row in rows)


def on_pages(shop: str, ids: Iterable[str]) -> dict[str, Product]:
    """The same over the thin client, for who asks for nothing else: beside PynamoDB's it would be one more connection
    to be made."""
    rows = _rows(shop, ids)
    return _had((json.loads(row.get("product", "null")), row["updated_at"], row.get("gone_at")) for row in rows)


def _had(rows: Iterable[tuple[dict[str, Any] | None, str, str | None]]) -> dict[str, Product]:
    """Of products as they are stored, with when that was told and when they went."""
    there = (raw for raw, at, gone_at in rows if raw and not (gone_at and in_order(gone_at) >= in_order(at)))
    return {raw["id"]: _product(raw) for raw in there}


def sources(shop: str, ids: Iterable[str]) -> dict[str, str | None]:
    """The order that each of the products is known from, None where the shop itself told of it; without those that
    nobody told of."""
    return {base.plain(row["pk"].split("#")[3]): row.get("order_id") for row in _rows(shop, ids)}


def _rows(shop: str, ids: Iterable[str]) -> list[lean.Item]:
    return lean.batch((_pk(shop, product_id), "PRODUCT") for product_id in ids)


def recall(shop: str, product: Product, order_id: str) -> bool:
    """Keep what an order says of a product (`updated_at` FROM_ORDERS), unless the shop itself told of it. Returns
    whether that is news. Raises Conflict."""
    row = _row(shop, product.id)
    if row and row.order_id in (None, order_id):
        return False
    raw = _plain(product)
    new = ProductRow(_pk(shop, product.id), "PRODUCT", updated_at=product.updated_at, product=raw, order_id=order_id)
    base.commit([base.replace(new, row.rev if row else None)])
    return True


@dataclass(frozen=True, slots=True)
class Cart:
    """A cart as the shop last showed it. `customer` is a node; amounts are minor units of `currency` (ISO)."""

    updated_at: str
    customer: str | None
    lines: tuple[Line, ...]
    currency: str | None


def see_cart(shop: str, told: CartSeen, customer: str | None) -> tuple[bool, Cart]:
    """Keep the newest telling of a cart; of whose it is, the newest that says so. Returns whether that was news, and
    the cart as it stands now. Raises Conflict."""
    pk = base.partition(shop, "K", told.cart_id)
    row = base.first(CartRow, pk, "CART")
    new = CartRow(pk, "CART", updated_at=told.updated_at, currency=told.currency)
    new.lines = [asdict(line) for line in told.lines]
    if row and _version(row.updated_at, _content(row)) >= _version(new.updated_at, _content(new)):
        new.updated_at, new.lines, new.currency = row.updated_at, row.lines, row.currency
    new.customer, new.named_at = _named(row, customer, told.updated_at)
    if row and _content(new) == _content(row) and (new.updated_at, new.customer) == (row.updated_at, row.customer):
        return False, _cart(row)
    new.ttl = int((moment(new.updated_at) + CART_KEPT).timestamp())
    base.commit([base.replace(new, row.rev if row else None)])
    return True, _cart(new)


def _named(row: CartRow | None, customer: str | None, at: str) -> tuple[str | None, str | None]:
    """A platform tells of one cart by several names: what is put into it, and who has begun to pay for it."""
    known = (row.named_at or row.updated_at, row.customer) if row and row.customer else ("", "")
    told = (at, customer) if customer else ("", "")
    at, name = max(known, told, key=lambda naming: (in_order(naming[0]), naming[1]))
    return name or None, at or None


def cart(shop: str, cart_id: str) -> Cart | None:
    row = base.first(CartRow, base.partition(shop, "K", cart_id), "CART")
    return _cart(row) if row else None


def _cart(row: CartRow) -> Cart:
    return Cart(row.updated_at, row.customer, tuple(Line(**line) for line in row.lines), row.currency)


def _content(row: CartRow) -> list[Any]:
    return [row.lines, row.currency]


def _pk(shop: str, product_id: str) -> str:
    return base.partition(shop, "P", product_id)


def _row(shop: str, product_id: str) -> ProductRow | None:
    return base.first(ProductRow, _pk(shop, product_id), "PRODUCT")


def _plain(product: Product) -> dict[str, Any]:
    """The product as JSON, without what is usual."""
    raw = {key: value for key, value in asdict(product).items() if value not in (None, ())}
    if product.listed:
        del raw["listed"]
    return {key: list(value) if isinstance(value, tuple) else value for key, value in raw.items()}


def _product(raw: dict[str, Any]) -> Product:
    lists = {key: tuple(raw.get(key, ())) for key in ("tags", "categories")}
    return Product(**{**raw, **lists})
