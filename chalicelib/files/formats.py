"""Which file this is: told by its columns, so that nobody has to say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.files import consents, klaviyo, mailchimp, orders, shopify, woocommerce
from chalicelib.files import woocommerce_columns as woo
from chalicelib.files.columns import About, Cells, normal

Reader = Callable[[Sequence[Cells], About], Sequence[Any]]
_PLUGIN = (
    "The plugins «Order Export & Order Import for WooCommerce» (WebToffee) and «Advanced Order Export» (AlgolPlus) "
    "write files that can be imported, and with the shop's API no file is needed at all."
)


@dataclass(frozen=True, slots=True)
class Format:
    """`needs`: of each group one column; `key`: lines with the same cell there are one; `only`: our own formats have no
    other columns, so that a misspelt one is noticed; `refusal`: known, and of no use, with what to do instead."""

    name: str
    title: str
    kind: str  # orders | customers
    needs: tuple[tuple[str, ...], ...]
    read: Reader
    key: tuple[str, ...] = ()
    only: frozenset[str] = frozenset()
    refusal: str = ""


def _nothing(group: Sequence[Cells], about: About) -> Sequence[Any]:
    return ()


FORMATS = (
    Format(
        "orders", "Orders in our own columns", "orders",
        (("order_id",), ("placed_at",), ("total",)), orders.read, ("order_id",), frozenset(orders.COLUMNS),
    ),
    Format(
        "customers", "Customers and consents in our own columns", "customers",
        (("account_id", "channel"), ("account_id", "state"), ("account_id", "email", "phone")),
        consents.read, ("account_id",), frozenset(consents.COLUMNS),
    ),
    Format(
        "shopify-orders", "Shopify: exported orders", "orders",
        (("name",), ("financial status",), ("created at",), ("total",), ("lineitem name",)),
        shopify.orders, ("name",),
    ),
    Format(
        "shopify-customers", "Shopify: exported customers", "customers",
        (("first name",), ("accepts email marketing", "accepts marketing"), ("total spent",)), shopify.customers,
    ),
    Format(
        "woocommerce-orders", "WooCommerce: orders of an export plugin", "orders",
        (woo.ID, woo.DATE, woo.STATUS, woo.TOTAL, woo.EMAIL), woocommerce.orders, woo.ID,
    ),
    Format(
        "woocommerce-customers", "WooCommerce: users of an export plugin", "customers",
        (("id", "customer_id"), ("user_email",), ("user_registered",)), woocommerce.customers,
    ),
    Format(
        "woocommerce-report-orders", "WooCommerce: the Analytics report of orders", "orders",
        (("order #",), ("net sales", "n. revenue (formatted)"), ("customer type",)), _nothing,
        refusal=f"This report has neither the orders' totals nor their buyers' addresses. {_PLUGIN}",
    ),
    Format(
        "woocommerce-report-customers", "WooCommerce: the Analytics report of customers", "customers",
        (("username",), ("last active",), ("aov",), ("total spend",)), _nothing,
        refusal=f"This report has neither the accounts' ids nor anybody's consent. {_PLUGIN}",
    ),
    Format(
        "mailchimp", "Mailchimp: an exported audience", "customers",
        (("email address",), ("leid", "euid", "member_rating"), mailchimp.TIMES), mailchimp.read,
    ),
    Format(
        "klaviyo-profiles", "Klaviyo: an exported list or segment", "customers",
        (("email", "phone number"), ("email marketing consent", "sms marketing consent")), klaviyo.profiles,
    ),
    Format(
        "klaviyo-suppressed", "Klaviyo: exported suppressed profiles", "customers",
        (("email",), (*klaviyo.REASONS, *klaviyo.TIMES)), klaviyo.suppressed,
    ),
)  # fmt: skip


def recognise(header: Sequence[str]) -> Format | None:
    """The format of a file whose first line names these columns; None where we know none."""
    names = {normal(column) for column in header}
    return next((one for one in FORMATS if all(names.intersection(group) for group in one.needs)), None)


def unknown_columns(form: Format, header: Sequence[str]) -> list[str]:
    """Columns that one of our own formats does not have. The owner's begin with x_."""
    names = [normal(column) for column in header]
    return [name for name in names if form.only and name not in form.only and name and not name.startswith("x_")]
