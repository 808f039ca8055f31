"""CSV files: every export that is recognised, what rejects a line, pages that part nothing, cells that would harm."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib import files
from chalicelib.domain.customer import Account, Contact, Customer, Node
from chalicelib.domain.events import AccountSeen, ConsentGiven, OrderSeen
from chalicelib.domain.order import FULFILMENTS, PAYMENTS, STATUSES, Buyer, Consent, Line, Order, Refund
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.files import consents, pages, reading, writing
from chalicelib.files import orders as our_orders
from chalicelib.files.columns import LONG_AGO, armed
from chalicelib.platforms.shop_api import Denied, Trouble, Unread

ACME = Shop("acme", "standard", "2026-01-01T00:00:00Z", currency="USD", timezone="Europe/Berlin", country="DE")
BAZAAR = Shop("bazaar", "woocommerce", "2026-01-01T00:00:00Z", currency="IRT", timezone="Asia/Tehran", country="IR")


def everything(data: bytes | str, shop: Shop = ACME, rows: int = 500, **about: Any) -> tuple[list[Any], list[Unread]]:
    """All events and rejected lines, each page by a process of its own."""
    data = data.encode() if isinstance(data, str) else data
    events: list[Any] = []
    unread: list[Unread] = []
    cursor = None
    while True:
        page = files.page(lambda at, size: data[at : at + size], len(data), shop, cursor, rows, **about)
        events += page.events
        unread += page.unread
        cursor = page.next
        if cursor is None:
            return events, unread
        assert len(cursor) <= 2000


def table(header: str, *lines: str) -> str:
    return "\r\n".join((header, *lines)) + "\r\n"


def sole(data: bytes | str, shop: Shop = ACME, **about: Any) -> Any:
    """The one event of a file in which nothing is wrong."""
    events, unread = everything(data, shop, **about)
    assert unread == []
    assert len(events) == 1
    return events[0]


def order_in(data: bytes | str, shop: Shop = ACME) -> Order:
    seen = sole(data, shop)
    assert isinstance(seen, OrderSeen)
    return seen.order


def said(data: bytes | str, shop: Shop = ACME, **about: Any) -> set[tuple[str | None, str, str, str | None, str]]:
    """(who, channel, state, when, source) of every consent."""
    events, unread = everything(data, shop, **about)
    assert unread == []
    return {
        (e.email or e.phone, e.consent.channel, e.consent.state, e.consent.at, e.consent.source)
        for e in events
        if isinstance(e, ConsentGiven)
    }


# Our own columns: orders.

HEAD = "order_id,placed_at,total,currency,email,status,paid_at,line_title,line_quantity,line_price"
MUGS = table(
    HEAD,
    "1001,2026-05-01 10:00,30.00,EUR,ada@example.test,completed,2026-05-01T10:05:00+02:00,Mug,2,10.00",
    "1001,,,,,,,Saucer,1,10.00",
    "1002,2026-05-02 09:00,12.5,EUR,bo@example.test,,,Tea,1,12.50",
)


def test_an_order_has_a_line_for_each_of_its_lines() -> None:
    (mugs, tea), unread = everything(MUGS)
    assert unread == []
    assert [(line.title, line.quantity, line.unit_price, line.total) for line in mugs.order.lines] == [
        ("Mug", 2, 1000, 2000),
        ("Saucer", 1, 1000, 1000),
    ]
    assert (mugs.order.total, mugs.order.currency, mugs.order.status, mugs.order.payment) == (
        3000,
        "EUR",
        "completed",
        "paid",
    )
    assert (tea.order.total, tea.order.status, tea.order.payment, tea.order.paid_at) == (1250, "placed", "none", None)


def test_a_time_without_an_offset_is_the_shops() -> None:
    (mugs, _), _ = everything(MUGS)
    assert (mugs.order.placed_at, mugs.order.paid_at) == ("2026-05-01T08:00:00Z", "2026-05-01T08:05:00Z")
    assert mugs.order.updated_at == "2026-05-01T08:05:00Z"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-05-01 10:00:00 -0400", "2026-05-01T14:00:00Z"),
        ("2026-05-01 10:00:00 UTC", "2026-05-01T10:00:00Z"),
        ("2026-05-01T10:00:00.250Z", "2026-05-01T10:00:00.250Z"),
        ("2026/5/1 9:07", "2026-05-01T05:37:00Z"),
        ("2026-05-01", "2026-04-30T20:30:00Z"),
        ("۲۰۲۶-۰۵-۰۱ ۱۰:۰۰", "2026-05-01T06:30:00Z"),
        ("1405/02/11 10:00", "2026-05-01T06:30:00Z"),  # 11 Ordibehesht 1405
        ("۱۴۰۵/۰۲/۱۱", "2026-04-30T20:30:00Z"),
    ],
)
def test_a_time_is_read_in_every_form_that_can_only_mean_one(text: str, moment: str) -> None:
    assert order_in(table("order_id,placed_at,total", f"1,{text},5"), BAZAAR).placed_at == moment


def test_persian_figures_and_toman() -> None:
    header = "order_id,placed_at,total,currency,name,phone,line_title,line_quantity,line_price"
    order = order_in(
        table(header, "ط۱۲,2026-05-01,۱۲۹٬۹۰۰,irt,علي كريمي,۰۹۱۲۳۴۵۶۷۸۹,لیوان,۲,۶۴۹۵۰").replace("ط", "t"), BAZAAR
    )
    assert (order.id, order.total, order.currency, order.currency_original) == ("t12", 1_299_000, "IRR", "IRT")
    assert (order.buyer.name, order.buyer.phone) == ("علی کریمی", "+989123456789")
    assert [(line.title, line.quantity, line.unit_price) for line in order.lines] == [("لیوان", 2, 649_500)]


@pytest.mark.parametrize(
    ("code", "minor"), [("IRR", 12), ("IRT", 120), ("IRHR", 12_000), ("IRHT", 120_000), ("KWD", 12_000)]
)
def test_amounts_are_in_major_units(code: str, minor: int) -> None:
    assert order_in(table("order_id,placed_at,total,currency", f"1,2026-05-01,12,{code}")).total == minor


@pytest.mark.parametrize(
    ("text", "cents"), [("1,299,000", 129_900_000), ("1,299.50", 129_950), ("12.5", 1250), ("٫٥", None)]
)
def test_thousands_are_read_where_they_can_be_nothing_else(text: str, cents: int | None) -> None:
    events, unread = everything(table("order_id,placed_at,total", f'1,2026-05-01,"{text}"'))
    assert [e.order.total for e in events] == ([cents] if cents else [])
    assert bool(unread) != bool(events)


def test_a_file_of_an_order_says_everything_that_an_order_has() -> None:
    header = "order_id,placed_at,total,refunded,coupons,cancelled_at,status,cash_on_delivery,test,tax,shipping,discount"
    order = order_in(table(header, "1,2026-05-01,50,20,MAY|VIP,2026-05-02,cancelled,yes,no,5,4,1"))
    assert order.refunds == (Refund("refunded", 2000),)
    assert (order.coupons, order.payment, order.cancelled_at) == (
        ("MAY", "VIP"),
        "partly_refunded",
        "2026-05-01T22:00:00Z",
    )
    assert (order.cash_on_delivery, order.test, order.subtotal) == (True, False, 4200)


def test_a_draft_is_no_order() -> None:
    assert everything(table("order_id,placed_at,total,status", "1,2026-05-01,5,draft")) == ([], [])


WRONG = {
    "no id": (",2026-05-01,5,,,,,,,", "order_id", "is missing"),
    "a rounded id": ("5.55E+12,2026-05-01,5,,,,,,,", "order_id", "was rounded by a spreadsheet"),
    "no time": ("1,,5,,,,,,,", "placed_at", "write when, as 2026-11-21"),
    "an American date": ("1,5/31/2026 0:37,5,,,,,,,", "placed_at", "write it as 2026-11-21 14:05"),
    "an impossible date": ("1,2026-02-30,5,,,,,,,", "placed_at", "write it as"),
    "a date of long ago": ("1,1026-02-03,5,,,,,,,", "placed_at", "write it as"),
    "no total": ("1,2026-05-01,,,,,,,,", "total", "is missing: write it as 1234567.50"),
    "a total with a currency": ("1,2026-05-01,$5,,,,,,,", "total", "without a currency"),
    "a comma that may be a point": ('1,2026-05-01,"1,234",,,,,,,', "total", "write it as 1234567.50"),
    "a negative total": ("1,2026-05-01,-5,,,,,,,", "total", "should not be negative"),
    "a rounded total": ("1,2026-05-01,1.3E+06,,,,,,,", "total", "write it as"),
    "an unknown currency": ("1,2026-05-01,5,€,,,,,,", "currency", "should be a currency's code"),
    "an unknown status": ("1,2026-05-01,5,,,shipped,,,,", "status", "should be one of draft, pending"),
    "a line without a price": ("1,2026-05-01,5,,,,,Mug,1,", "line_price", "write line_price or line_total"),
    "a quantity that is none": ("1,2026-05-01,5,,,,,Mug,some,5", "line_quantity", "should be a number"),
    "more cells than columns": ("1,2026-05-01,5,,,,,Mug, blue,1,5", "", "put texts with a comma into quotation marks"),
    "a quotation mark that is not closed": ('1,2026-05-01,5,,,,,"Mug,1,5', "", "a quotation mark that is never closed"),
}


@pytest.mark.parametrize(("line", "column", "remedy"), WRONG.values(), ids=WRONG)
def test_a_wrong_line_is_rejected_and_the_others_are_not(line: str, column: str, remedy: str) -> None:
    good = "7,2026-05-01,5,,,,,,,"
    events, unread = everything(table(HEAD, good, line, good.replace("7", "8", 1)))
    assert [e.order.id for e in events] == ["7", "8"]
    (one,) = unread
    assert (one.kind, one.id, one.field) == ("line", "3", column)
    assert remedy in one.reason


def test_a_refusal_never_says_what_stood_there() -> None:
    secret = "ada@example.test"
    _, unread = everything(table(HEAD, *(f"{n}{secret},{secret},{secret},{secret},,{secret},,,," for n in range(3))))
    assert len(unread) == 3
    assert not any(secret in one.reason + one.field for one in unread)


def test_an_order_of_which_a_line_is_wrong_is_rejected_as_a_whole_and_that_line_is_named() -> None:
    bad = MUGS.replace("Saucer,1,10.00", "Saucer,many,10.00")
    events, unread = everything(bad)
    assert [e.order.id for e in events] == ["1002"]
    assert [(one.id, one.field) for one in unread] == [("3", "line_quantity")]


def test_lines_of_an_order_that_disagree_are_rejected() -> None:
    events, unread = everything(MUGS.replace("1001,,,", "1001,,31.00,"))
    assert [e.order.id for e in events] == ["1002"]
    assert [(one.id, one.field, one.reason) for one in unread] == [
        ("3", "total", "is not what line 2 says of the same order")
    ]


def test_lines_of_an_order_may_repeat_what_it_says() -> None:
    assert everything(MUGS.replace("1001,,,,,", "1001,2026-05-01 10:00,30.00,EUR,ada@example.test,")) == everything(
        MUGS
    )


def test_a_misspelt_column_of_ours_is_refused() -> None:
    with pytest.raises(Denied, match=r"Not among our columns: paidat\."):
        everything(table("order_id,placed_at,total,paidat", "1,2026-05-01,5,2026-05-01"))
    assert order_in(table("order_id,placed_at,total,x_shelf", "1,2026-05-01,5,B7")).id == "1"


def test_columns_may_be_written_in_capitals_and_in_any_order() -> None:
    assert order_in(table(" Total ,ORDER_ID,Placed_At", "5,1,2026-05-01")).id == "1"


# Our own columns: customers and consents.

CONSENTS = "account_id,email,phone,name,country,channel,state,at,source"


def test_a_consent_is_said_under_the_address_that_it_is_about() -> None:
    found = said(
        table(
            CONSENTS,
            ",Ada@Example.test,,,,email,subscribed,2025-03-01 12:00,fair",
            ",bo@example.test,,,,email,unsubscribed,2024-03-01 12:00,",
            ",,0151 23456789,,,sms,unsubscribed,,",
        )
    )
    assert found == {
        ("ada@example.test", "email", "subscribed", "2025-03-01T11:00:00Z", "fair"),
        ("bo@example.test", "email", "unsubscribed", "2024-03-01T11:00:00Z", "csv"),
        ("+4915123456789", "sms", "unsubscribed", None, "csv"),
    }


def test_an_account_on_several_lines_is_one() -> None:
    events, unread = everything(
        table(
            "account_id,email,phone,name,country,tags,created_at,channel,state,at",
            "7,ada@example.test,+4915123456789,Ada,de,vip|club,2024-01-01,email,subscribed,2025-03-01",
            "7,ada@example.test,+4915123456789,Ada,de,vip|club,2024-01-01,sms,unsubscribed,2025-04-01",
        )
    )
    assert unread == []
    account = events[0]
    assert isinstance(account, AccountSeen)
    assert (account.buyer.account, account.buyer.name, account.buyer.country) == ("7", "Ada", "DE")
    assert (account.created_at, account.tags) == ("2023-12-31T23:00:00Z", ("vip", "club"))
    assert [(c.channel, c.state) for c in account.buyer.consents] == [("email", "subscribed"), ("sms", "unsubscribed")]
    given = [(e.email, e.phone, e.consent.channel) for e in events[1:]]
    assert given == [
        ("ada@example.test", None, "email"),
        ("ada@example.test", "+4915123456789", "sms"),
        (None, "+4915123456789", "sms"),
    ]


def test_an_account_without_times_is_older_than_anything_that_the_shop_says() -> None:
    account = sole(table("account_id,email", "7,ada@example.test"))
    assert (account.created_at, account.updated_at) == (LONG_AGO, LONG_AGO)


def test_an_unsubscribe_without_a_time_is_at_the_latest_of_when_the_file_was_made() -> None:
    file = table(CONSENTS, ",bo@example.test,,,,email,unsubscribed,,", ",ada@example.test,,,,email,subscribed,,")
    assert {(who, state, at) for who, _, state, at, _ in said(file)} == {
        ("bo@example.test", "unsubscribed", None),
        ("ada@example.test", "subscribed", None),
    }
    assert {(who, state, at) for who, _, state, at, _ in said(file, known_at="2026-06-01T00:00:00Z")} == {
        ("bo@example.test", "unsubscribed", "2026-06-01T00:00:00Z"),
        ("ada@example.test", "subscribed", None),  # a yes without a time never gets one
    }


@pytest.mark.parametrize(
    ("line", "column"),
    [
        (",not an address,,,,email,unsubscribed,,", "email"),
        (",,call me,,,sms,unsubscribed,,", "phone"),
        (",,,Ada,,email,unsubscribed,,", "email"),
        (",a@example.test,,,,,unsubscribed,,", "channel"),
        (",a@example.test,,,,email,,,", "state"),
        (",a@example.test,,,,fax,unsubscribed,,", "channel"),
        (",a@example.test,,,,email,maybe,,", "state"),
        (",a@example.test,,,,email,subscribed,yesterday,", "at"),
    ],
)
def test_a_consent_that_cannot_be_read_is_rejected(line: str, column: str) -> None:
    events, unread = everything(table(CONSENTS, line, ",bo@example.test,,,,email,unsubscribed,,"))
    assert [(one.id, one.field) for one in unread] == [("2", column)]
    assert [e.email for e in events] == ["bo@example.test"]


# Shopify.

SHOPIFY = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,Subtotal,Shipping,"
    "Taxes,Total,Discount Code,Discount Amount,Shipping Method,Created at,Lineitem quantity,Lineitem name,"
    "Lineitem price,Lineitem sku,Lineitem discount,Billing Name,Billing Country,Billing Phone,Cancelled at,"
    "Payment Method,Refunded Amount,Id,Tags,Phone"
)
FERN = (
    "#1001,Ada@Example.test,paid,2026-09-03 10:15:00 -0400,fulfilled,2026-09-04 09:00:00 -0400,no,USD,47.00,6.00,3.29,"
    "56.29,FALL5,5.00,Standard,2026-09-03 10:14:00 -0400,2,Fern Print,16.00,FERN-1,0.00,Ada Lovelace,US,'+12025550123,,"
    "Shopify Payments,10.00,5550000001,vip,"
)
TOTE = "#1001,Ada@Example.test,,,,,,,,,,,,,,,1,Tote Bag,20.00,TOTE-1,0.00,,,,,,,,,"
MUG = (
    "#1002,bo@example.test,pending,,unfulfilled,,yes,USD,25.00,0.00,0.00,25.00,,0.00,Pickup,2026-09-10 09:00:00 -0400,"
    "1,Mug,25.00,MUG-1,0.00,Bo,CA,,2026-09-11 09:00:00 -0400,Cash on Delivery (COD),0.00,5550000002,,"
)


def test_shopifys_orders() -> None:
    (fern, mug), unread = everything(table(SHOPIFY, FERN, TOTE, MUG))
    assert unread == []
    order = fern.order
    assert (order.id, order.number, order.status, order.payment) == ("5550000001", "#1001", "completed", "paid")
    assert (order.total, order.subtotal, order.discount, order.tax, order.shipping) == (5629, 5200, 500, 329, 600)
    assert (order.placed_at, order.paid_at) == ("2026-09-03T14:14:00Z", "2026-09-03T14:15:00Z")
    assert order.updated_at == order.fulfilled_at == "2026-09-04T13:00:00Z"
    assert (order.refunds, order.coupons) == ((Refund("refunded", 1000),), ("FALL5",))
    assert [(line.title, line.sku, line.quantity, line.total) for line in order.lines] == [
        ("Fern Print", "FERN-1", 2, 3200),
        ("Tote Bag", "TOTE-1", 1, 2000),
    ]
    assert order.buyer == Buyer(
        None, "ada@example.test", "+12025550123", "Ada Lovelace", None, "US"
    )  # accepting marketing is of today
    assert (mug.order.status, mug.order.payment, mug.order.cancelled_at, mug.order.cash_on_delivery) == (
        "cancelled",
        "none",
        "2026-09-11T13:00:00Z",
        True,
    )


def test_an_order_of_shopifys_without_its_id_is_rejected() -> None:
    """Its number is not unique, and no webhook of it would be known as the same order."""
    events, unread = everything(table(SHOPIFY, FERN.replace("5550000001", "5.55E+09"), TOTE, MUG))
    assert [e.order.number for e in events] == ["#1002"]
    assert [(one.id, one.field) for one in unread] == [("2", "Id")]
    assert "rounded" in unread[0].reason


def test_shopifys_customers() -> None:
    file = table(
        "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Country Code,Phone,"
        "Accepts SMS Marketing,Total Spent,Total Orders,Note,Tags",
        "'7711,Ada,Lovelace,ada@example.test,yes,US,'+12025550123,no,10.00,1,,\"vip, club\"",
        "'7712,Bo,,bo@example.test,no,CA,,,0.00,0,,",
    )
    accounts = [e for e in everything(file)[0] if isinstance(e, AccountSeen)]
    assert [(a.buyer.account, a.buyer.name, a.tags, a.updated_at) for a in accounts] == [
        ("7711", "Ada Lovelace", ("vip", "club"), LONG_AGO),
        ("7712", "Bo", (), LONG_AGO),
    ]
    found = said(file, known_at="2026-06-01T00:00:00Z")
    assert {(who, channel, state) for who, channel, state, _, _ in found} == {
        ("ada@example.test", "email", "subscribed"),
        ("ada@example.test", "sms", "unsubscribed"),
        ("+12025550123", "sms", "unsubscribed"),
        ("bo@example.test", "email", "unsubscribed"),
    }
    # `no` may only mean that nobody asked: it must not undo a yes that has a time.
    assert {at for *_, at, _ in found} == {None}


# WooCommerce.

WEBTOFFEE = (
    "order_id,order_number,order_date,paid_date,status,shipping_total,tax_total,discount_total,order_total,"
    "order_subtotal,order_currency,payment_method,payment_method_title,customer_id,customer_email,billing_first_name,"
    "billing_last_name,billing_email,billing_phone,billing_country,coupon_items,refund_items,line_item_1,line_item_2"
)


def test_woocommerces_orders_of_webtoffee() -> None:
    order = order_in(
        table(
            WEBTOFFEE,
            "214,214,2026-05-01 10:00:00,2026-05-01 10:02:00,wc-completed,20000,0,5000,164900,149900,IRT,zarinpal,"
            "زرین‌پال,3,zahra@example.test,زهرا,كریمی,zahra@example.test,۰۹۱۲۳۴۵۶۷۸۹,IR,code:نوروز|amount:5000,amount:10000|reason:شکست,"
            "name:لیوان سفالی | آبی|product_id:31|sku:M-1|quantity:2|total:129800|sub_total:129800,"
            "name:نعلبکی|product_id:32|sku:|quantity:1|total:20100|sub_total:20100",
        ),
        BAZAAR,
    )
    assert (order.id, order.status, order.payment, order.currency_original) == (
        "214",
        "completed",
        "partly_refunded",
        "IRT",
    )
    assert (order.total, order.subtotal, order.refunded) == (1_649_000, 1_499_000, 100_000)
    assert (order.placed_at, order.paid_at) == ("2026-05-01T06:30:00Z", "2026-05-01T06:32:00Z")
    assert (order.buyer.account, order.buyer.name, order.buyer.phone) == ("3", "زهرا کریمی", "+989123456789")
    assert [(line.title, line.product_id, line.sku, line.quantity, line.total) for line in order.lines] == [
        ("لیوان سفالی | آبی", "31", "M-1", 2, 1_298_000),
        ("نعلبکی", "32", None, 1, 201_000),
    ]
    assert order.coupons == ("نوروز",)


ALGOL = (
    "Order Number,Order Status,Order Date,First Name (Billing),Last Name (Billing),Country Code (Billing),"
    "Email (Billing),Phone (Billing),Payment Method Title,Order Shipping Amount,Order Refund Amount,Order Total Amount,"
    "Order Total Tax Amount,SKU,Item Name,Quantity (- Refund),Item Cost,Coupon Code"
)


def test_woocommerces_orders_of_algolplus() -> None:
    (paid, cod, refunded, hold), unread = everything(
        table(
            ALGOL,
            "301,Completed,2026-05-01 10:00,Ada,L,DE,ada@example.test,,PayPal,5,0,35,0,M-1,Mug,2,10,MAY",
            "301,Completed,2026-05-01 10:00,Ada,L,DE,ada@example.test,,PayPal,5,0,35,0,S-1,Saucer,1,10,MAY",
            "302,Processing,2026-05-02 10:00,Bo,,DE,bo@example.test,,Cash on delivery,0,0,9,0,T-1,Tea,1,9,",
            "303,Refunded,2026-05-03 10:00,Cy,,DE,cy@example.test,,PayPal,0,,20,0,T-1,Tea,2,10,",
            "304,On hold,2026-05-04 10:00,Di,,DE,di@example.test,,Bank transfer,0,0,7,0,T-1,Tea,1,7,",
        )
    )
    assert unread == []
    assert [(line.title, line.quantity, line.total) for line in paid.order.lines] == [
        ("Mug", 2, 2000),
        ("Saucer", 1, 1000),
    ]
    assert (paid.order.payment, paid.order.paid, paid.order.coupons) == ("paid", True, ("MAY",))
    assert (cod.order.status, cod.order.paid_at, cod.order.cash_on_delivery) == ("placed", None, True)
    assert (refunded.order.payment, refunded.order.net) == ("refunded", 0)
    assert (hold.order.status, hold.order.payment) == ("placed", "none")


def test_a_cart_of_woocommerces_is_no_order() -> None:
    line = "301,checkout-draft,2026-05-01 10:00,Ada,L,DE,ada@example.test,,PayPal,5,0,35,0,M-1,Mug,2,10,"
    assert everything(table(ALGOL, line)) == ([], [])


def test_woocommerces_users() -> None:
    account = sole(
        table(
            "ID,user_login,user_email,first_name,last_name,user_registered,billing_phone,billing_country",
            "12,ada,ada@example.test,Ada,Lovelace,2024-01-01 10:00:00,0151 23456789,DE",
        )
    )
    assert account.buyer == Buyer("12", "ada@example.test", "+4915123456789", "Ada Lovelace", None, "DE")
    assert account.created_at == account.updated_at == "2024-01-01T10:00:00Z"


@pytest.mark.parametrize(
    "header",
    [
        "Date,Order #,N. Revenue (formatted),Status,Customer,Customer type,Product(s),Items sold,Coupon(s),Net Sales",
        "Name,Username,Last Active,Sign Up,Email,Orders,Total Spend,AOV,Country / Region,City,Region,Postal Code",
    ],
)
def test_woocommerces_own_reports_are_recognised_and_refused(header: str) -> None:
    with pytest.raises(Denied, match="WebToffee") as refused:
        everything(table(header, "x"))
    assert refused.value.code == "useless_file"


# Mailchimp and Klaviyo.

_MEMBER = "Email Address,First Name,MEMBER_RATING,OPTIN_TIME,CONFIRM_TIME"


def test_mailchimps_three_files() -> None:
    subscribed = table(
        f"{_MEMBER},LAST_CHANGED,LEID,EUID,TAGS", "ada@example.test,Ada,5,2024-01-01 09:00:00,,2024-02-01 09:00:00,1,a,"
    )
    left = table(
        f"{_MEMBER},UNSUB_TIME,UNSUB_REASON,LEID,EUID",
        "bo@example.test,Bo,2,2023-01-01 09:00:00,,2024-02-03 10:00:00,NORMAL,2,b",
        "cy@example.test,Cy,2,2023-01-01 09:00:00,,,NORMAL,3,c",
    )
    cleaned = table(
        f"{_MEMBER},CLEAN_TIME,LEID,EUID", "di@example.test,Di,1,2023-01-01 09:00:00,,2024-03-04 10:00:00,4,d"
    )
    assert said(subscribed) == {("ada@example.test", "email", "subscribed", "2024-01-01T09:00:00Z", "mailchimp")}
    assert said(left) == {
        ("bo@example.test", "email", "unsubscribed", "2024-02-03T10:00:00Z", "mailchimp:unsubscribed"),
        ("cy@example.test", "email", "unsubscribed", None, "mailchimp:unsubscribed"),
    }
    assert said(cleaned) == {("di@example.test", "email", "unsubscribed", "2024-03-04T10:00:00Z", "mailchimp:cleaned")}


def test_mailchimps_contacts_who_never_agreed_are_no_consent() -> None:
    """Their file has the columns of the subscribers'."""
    file = table(
        f"{_MEMBER},LAST_CHANGED,LEID,EUID", "ada@example.test,Ada,5,,2024-01-01 09:00:00,2024-02-01 09:00:00,1,a"
    )
    events, unread = everything(file)
    assert events == []
    assert [(one.id, one.field) for one in unread] == [("2", "OPTIN_TIME")]
    assert said(file, name="subscribed_members_export_1.csv") == {
        ("ada@example.test", "email", "subscribed", "2024-01-01T09:00:00Z", "mailchimp")
    }
    assert everything(file, name="nonsubscribed_members_export_1.csv") == ([], [])


def test_mailchimps_subscriber_who_once_left_another_list_said_both() -> None:
    """A list that was made of other lists has their columns as its own."""
    file = table(
        f"{_MEMBER},UNSUB_TIME,LAST_CHANGED,LEID,EUID",
        "ada@example.test,Ada,5,2024-01-01 09:00:00,,,2024-02-01 09:00:00,1,a",
        "bo@example.test,Bo,5,2024-01-01 09:00:00,,2025-01-01 09:00:00,2024-02-01 09:00:00,2,b",
    )
    assert {(who, state, at) for who, _, state, at, _ in said(file, name="subscribed_members_export_1.csv")} == {
        ("ada@example.test", "subscribed", "2024-01-01T09:00:00Z"),
        ("bo@example.test", "subscribed", "2024-01-01T09:00:00Z"),
        ("bo@example.test", "unsubscribed", "2025-01-01T09:00:00Z"),
    }


@pytest.mark.parametrize("kind", ["unsubscribed", "cleaned"])
def test_nobody_in_mailchimps_file_of_those_who_left_becomes_a_subscriber(kind: str) -> None:
    file = table(
        f"{_MEMBER},UNSUB_TIME,CLEAN_TIME,LAST_CHANGED,LEID,EUID",
        "ada@example.test,Ada,5,2024-01-01 09:00:00,,,,2024-02-01 09:00:00,1,a",
    )
    known_at = "2026-11-21T12:00:00Z"
    found = said(file, name=f"{kind}_members_export_1.csv", known_at=known_at)
    assert {(who, state, at) for who, _, state, at, _ in found} == {("ada@example.test", "unsubscribed", known_at)}


def test_a_mailchimp_file_that_lost_its_name_is_not_guessed_at() -> None:
    file = table(
        f"{_MEMBER},UNSUB_TIME,LAST_CHANGED,LEID,EUID",
        "ada@example.test,Ada,5,2024-01-01 09:00:00,,,2024-02-01 09:00:00,1,a",
        "bo@example.test,Bo,5,2024-01-01 09:00:00,,2025-01-01 09:00:00,2024-02-01 09:00:00,2,b",
    )
    events, unread = everything(file, ACME)
    assert [(one.id, one.field) for one in unread] == [("2", "UNSUB_TIME")]
    assert [(e.email, e.consent.state) for e in events if isinstance(e, ConsentGiven)] == [
        ("bo@example.test", "unsubscribed")
    ]


def test_klaviyos_profiles() -> None:
    file = table(
        "Email,First Name,Phone Number,Email Marketing Consent,Email Marketing Consent Timestamp,Email Suppressions,"
        "SMS Marketing Consent,SMS Marketing Consent Timestamp",
        "ada@example.test,Ada,+4915123456789,SUBSCRIBED,2025-09-01 12:00:00,[],UNSUBSCRIBED,2025-09-02T12:00:00+00:00",
        'bo@example.test,Bo,,SUBSCRIBED,2025-09-01 12:00:00,"[""HARD_BOUNCE""]",,',
        "cy@example.test,Cy,,UNSUBSCRIBED,2025-09-03 12:00:00,,,",
        "di@example.test,Di,,NEVER_SUBSCRIBED,,,,",
    )
    assert said(file) == {
        ("ada@example.test", "email", "subscribed", "2025-09-01T12:00:00Z", "klaviyo"),
        ("ada@example.test", "sms", "unsubscribed", "2025-09-02T12:00:00Z", "klaviyo"),
        ("+4915123456789", "sms", "unsubscribed", "2025-09-02T12:00:00Z", "klaviyo"),
        # suppressed after she agreed: never before
        ("bo@example.test", "email", "unsubscribed", "2025-09-01T12:00:00Z", "klaviyo:suppressed:hard_bounce"),
        ("cy@example.test", "email", "unsubscribed", "2025-09-03T12:00:00Z", "klaviyo"),
    }


def test_klaviyos_suppressed_profiles() -> None:
    file = table(
        "Email,Suppression Reason,Suppressed At",
        "bo@example.test,SPAM_COMPLAINT,2025-09-01T12:00:00Z",
        "cy@example.test,,",
    )
    assert said(file, known_at="2026-01-01T00:00:00Z") == {
        ("bo@example.test", "email", "unsubscribed", "2025-09-01T12:00:00Z", "klaviyo:suppressed:spam_complaint"),
        ("cy@example.test", "email", "unsubscribed", "2026-01-01T00:00:00Z", "klaviyo:suppressed"),
    }


def test_whoever_was_suppressed_after_agreeing_gets_no_marketing() -> None:
    header = "Email,Email Marketing Consent,Email Marketing Consent Timestamp,Email Suppressions"
    before = sole(table(header, "bo@example.test,SUBSCRIBED,2025-09-01 12:00:00,"))
    after = sole(table(header, "bo@example.test,SUBSCRIBED,2025-09-01 12:00:00,USER_SUPPRESSED"))
    contact = Contact().told(Buyer(consents=(before.consent, after.consent)), LONG_AGO)
    assert Contact().told(Buyer(consents=(before.consent,)), LONG_AGO).allows("email", "strict")
    assert not contact.allows("email", "strict")
    assert not contact.allows("email", "soft")


def test_a_mere_list_of_addresses_says_nothing() -> None:
    for header in ("email", "Email,First Name", "foo,bar"):
        with pytest.raises(Denied, match=r"docs/csv\.md"):
            everything(table(header, "ada@example.test,x"))
        assert files.recognise(header.split(",")) is None


# How files are written.


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ends", ["\r\n", "\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_a_file_is_read_as_spreadsheets_write_it(delimiter: str, ends: str, bom: bytes) -> None:
    text = bom + MUGS.replace(",", delimiter).replace("\r\n", ends).encode()
    assert everything(text) == everything(MUGS)


def test_excels_line_about_the_separator_is_understood() -> None:
    events, unread = everything("sep=;\r\n" + MUGS.replace(",", ";").replace("30.00", "much"))
    assert [e.order.id for e in events] == ["1002"]
    assert [one.id for one in unread] == ["3"]


def test_a_text_may_have_line_breaks_and_lines_are_counted_as_an_editor_does() -> None:
    text = table(HEAD, '1,2026-05-01,5,,,,,"Mug\nwith ""gold""\r\n, and a lid",1,5', "", "2,never,5,,,,,,,")
    events, unread = everything(text)
    assert [line.title for line in events[0].order.lines] == ['Mug with "gold" , and a lid']
    assert [one.id for one in unread] == ["6"]


def test_a_quotation_mark_within_a_text_is_a_mark_like_any_other() -> None:
    order = order_in(table(HEAD, '1,2026-05-01,5,,,,,5" pipe "blue",1,5'))
    assert order.lines[0].title == '5" pipe "blue"'


def test_the_last_line_needs_no_end() -> None:
    assert everything(MUGS.removesuffix("\r\n")) == everything(MUGS)


def test_a_short_line_leaves_its_last_cells_empty() -> None:
    assert order_in(table(HEAD, "1,2026-05-01,5")).lines == ()


OTHER_FILES = {
    "UTF-16": ("email,state".encode("utf-16"), "encoding", "CSV UTF-8"),
    "UTF-16 without its mark": ("email,state\n".encode("utf-16-le"), "encoding", "CSV UTF-8"),
    "Windows-1252": (
        table("email,channel,state,name", "a@b.test,email,subscribed,Jörg").encode("cp1252"),
        "encoding",
        "line 2",
    ),
    "a workbook": (b"PK\x03\x04....", "workbook", "CSV UTF-8"),
    "an old workbook": (b"\xd0\xcf\x11\xe0....", "workbook", "CSV UTF-8"),
    "packed": (b"\x1f\x8b....", "packed", "gunzip"),
    "empty": (b"\r\n  \r\n", "empty", "empty"),
    "an old Mac's": (b"email,channel,state\ra@b.test,email,subscribed\r", "line_ends", "old Macs"),
    "too many columns": (b",".join([b"order_id"] * 5000) + b"\n", "no_columns", "1000 columns"),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00\x00", "encoding", "CSV UTF-8"),
}


@pytest.mark.parametrize(("data", "code", "remedy"), OTHER_FILES.values(), ids=OTHER_FILES)
def test_a_file_that_is_no_csv_is_refused_with_what_to_do(data: bytes, code: str, remedy: str) -> None:
    with pytest.raises(Denied) as refused:
        everything(data)
    assert refused.value.code == code
    assert remedy in refused.value.remedy


def test_a_later_line_that_is_not_utf8_is_rejected_alone() -> None:
    good = table(HEAD, *(f"{n},2026-05-01,5,,,,,{'x' * 100},1,5" for n in range(1000)))
    data = good.encode() + "j,2026-05-01,5,,,,,Jörg,1,5\r\n".encode("cp1252") + b"z,2026-05-01,5,,,,,,,\r\n"
    events, unread = everything(data)
    assert len(events) == 1001
    assert [(one.id, one.reason.split(":")[0]) for one in unread] == [("1002", "is not UTF-8")]


def test_a_broken_line_of_an_order_keeps_the_whole_order_out() -> None:
    head = table(HEAD, *(f"{n},2026-05-01,5,,,,,{'x' * 100},1,5" for n in range(1000))).encode()
    order = b"a,2026-05-01,5,,,,,Mug,1,5\r\na,,,,,,,J\xf6rg,1,5\r\n"
    events, unread = everything(head + order)
    assert len(events) == 1000
    assert [one.id for one in unread] == ["1003"]


# Files that would harm.


def test_a_line_that_is_too_long_is_rejected_and_the_rest_is_read() -> None:
    data = table(
        HEAD, "1,2026-05-01,5,,,,,,,", "2,2026-05-01,5,,,,," + "x" * 3_000_000 + ",1,5", "3,2026-05-01,5,,,,,,,"
    )
    events, unread = everything(data)
    assert [e.order.id for e in events] == ["1", "3"]
    assert [(one.id, one.reason) for one in unread] == [("3", "is longer than 1 MB")]


def test_a_cell_that_is_too_long_is_rejected() -> None:
    events, unread = everything(table(HEAD, "1,2026-05-01,5,,,,," + "x" * 200_000 + ",1,5", "2,2026-05-01,5,,,,,,,"))
    assert [e.order.id for e in events] == ["2"]
    assert "131,072" in unread[0].reason


def test_a_quotation_mark_that_is_never_closed_costs_one_line() -> None:
    data = table(HEAD, '1,2026-05-01,5,,,,,"Mug,1,5', *(f"{n},2026-05-01,5,,,,,,," for n in range(2, 3000)))
    events, unread = everything(data)
    assert len(events) == 2998
    assert [one.id for one in unread] == ["2"]
    data = table(
        HEAD, '1,2026-05-01,5,,,,,"Mug,1,5', *(f"{n},2026-05-01,5,,,,,{'x' * 100_000},1,5" for n in range(2, 20))
    )
    events, unread = everything(data)
    assert len(events) == 18
    assert [one.id for one in unread] == ["2"]


def test_lines_that_each_open_a_text_are_read_in_bounded_time() -> None:
    asked = []
    data = (HEAD + "\n" + 'a","\n' * 20_000).encode()

    def fetch(at: int, size: int) -> bytes:
        asked.append(size)
        return data[at : at + size]

    page = files.page(fetch, len(data), ACME, None, 200)
    assert len(page.unread) == 200
    assert sum(asked) < 2_000_000


def test_an_order_of_endless_lines_is_rejected_once() -> None:
    data = table(HEAD, "1,2026-05-01,5,,,,,Mug,1,5", *(["1,,,,,,,Mug,1,5"] * 5000), "2,2026-05-01,5,,,,,,,")
    events, unread = everything(data)
    assert [e.order.id for e in events] == ["2"]
    assert [one.id for one in unread] == ["1002"]
    assert "more than 1000 lines" in unread[0].reason


def test_memory_does_not_grow_with_the_file() -> None:
    """A window never holds more than a record and what was fetched last."""
    data = f"1,2026-05-01,5,,,,,{'x' * 900_000},1,5\n".encode() * 12
    window = reading.Window(lambda at, size: data[at : at + size], len(data))
    largest = 0
    for _ in reading.records(window, ",", 0, 1):
        largest = max(largest, len(window._data))
    assert largest < reading.LONGEST_RECORD + 2 * reading.CHUNK


def test_a_page_ends_with_its_bytes_too() -> None:
    data = table(HEAD, *(f"{n},2026-05-01,5,,,,,{'x' * 100_000},1,5" for n in range(200))).encode()
    page = files.page(lambda at, size: data[at : at + size], len(data), ACME)
    assert 0 < len(page.events) < 100
    assert files.position(page.next) < pages.LARGEST_PAGE + 200_000


def test_a_file_that_ends_too_early_is_asked_for_later() -> None:
    data = MUGS.encode()
    with pytest.raises(Trouble):
        files.page(lambda at, size: data[at : at + size], len(data) + 100, ACME)


def test_a_file_that_changed_is_not_gone_on_with() -> None:
    data = MUGS.encode()
    page = files.page(lambda at, size: data[at : at + size], len(data), ACME, None, 1)
    with pytest.raises(Denied, match="changed"):
        files.page(lambda at, size: data[at : at + size], len(data) - 2, ACME, page.next, 1)


# Pages.


@st.composite
def order_files(draw: st.DrawFn) -> bytes:
    """Orders of one to five lines, some of them wrong, in whatever form a spreadsheet writes."""
    texts = st.text(st.sampled_from('ab",;\n\r\té۱ '), max_size=8)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=draw(st.sampled_from(["\n", "\r\n"])))
    writer.writerow(HEAD.split(","))
    for number in range(draw(st.integers(0, 12))):
        total = draw(st.sampled_from(["5", "5", "wrong"]))
        for line in range(draw(st.integers(1, 5))):
            head = [f"o{number}", *(["2026-05-01", total, "EUR"] if line == 0 else ["", "", ""]), "", "", ""]
            writer.writerow([*head, draw(texts), draw(st.sampled_from(["1", "2", "x"])), "5"])
    return out.getvalue().encode()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(order_files(), st.integers(1, 7), st.integers(1, 64))
def test_every_split_into_pages_gives_the_same(data: bytes, rows: int, chunk: int) -> None:
    whole = everything(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "CHUNK", chunk)
        assert everything(data, rows=rows) == whole
    assert sorted({e.order.id for e in whole[0]}) == sorted(e.order.id for e in whole[0])


def test_a_page_border_never_parts_the_lines_of_an_order() -> None:
    lines = [f"{order},2026-05-01,5,EUR,,,,Mug {line},1,1" for order in range(20) for line in range(7)]
    events, unread = everything(table(HEAD, *lines), rows=1)
    assert unread == []
    assert [len(e.order.lines) for e in events] == [7] * 20


# What we write, and read again.

_moments = st.integers(1_000_000_000, 2_000_000_000).map(lambda at: stamp(datetime.fromtimestamp(at, UTC)))
_hostile = st.sampled_from(
    [
        "=1+1",
        "+1",
        "-2",
        "@SUM(A1)",
        "'=x",
        "''-x",
        "'",
        '"',
        "=cmd|' /C calc'!A0",
        "a|b",
        "[x",
        "a,b;c",
        "۱۲۳",
        "x" * 60,
    ]
)
_texts = st.one_of(_hostile, st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=12)).map(
    lambda text: " ".join(text.split()) or "x"
)
_amounts = st.integers(0, 10**9)


_lines = st.builds(
    Line, st.none() | st.just("p1"), st.none() | st.just("v1"), st.none() | _texts, _texts,
    st.integers(0, 1000), _amounts, st.integers(-(10**6), 10**9),
)  # fmt: skip
_refunds = st.builds(Refund, st.sampled_from(["r1", "r2"]), _amounts, st.none() | _moments, st.just("") | _texts)
_said = st.builds(
    Consent, st.sampled_from(["email", "sms"]), st.sampled_from(["subscribed", "unsubscribed", "pending"]),
    _texts, st.none() | _moments,
)  # fmt: skip


@st.composite
def orders_held(draw: st.DrawFn) -> Order:
    status, payment = draw(st.sampled_from(STATUSES[1:])), draw(st.sampled_from(PAYMENTS))
    times = {name: draw(st.none() | _moments) for name in ("paid_at", "fulfilled_at", "cancelled_at")}
    placed, updated = draw(_moments), draw(_moments)
    if payment in ("paid", "partly_refunded", "refunded"):
        times["paid_at"] = times["paid_at"] or placed
    if status == "cancelled":
        times["cancelled_at"] = times["cancelled_at"] or updated
    code, currency = draw(
        st.sampled_from([("IRT", "IRR"), ("IRHT", "IRR"), ("USD", "USD"), ("KWD", "KWD"), ("JPY", "JPY")])
    )
    buyer = Buyer(
        draw(st.none() | st.just("77")), draw(st.none() | st.just("ada@example.test")),
        draw(st.none() | st.just("+4915123456789")), draw(st.sampled_from(["", "Ada Lovelace", "زهرا کریمی", "=Ada"])),
        draw(st.none() | st.just("fa-IR")), draw(st.none() | st.just("IR")), tuple(draw(st.lists(_said, max_size=2))),
    )  # fmt: skip
    return Order(
        draw(st.sampled_from(["1", "x-2", "=7", "-5", "@home", "12e5", "3.0a"])), draw(_texts), status, payment,
        draw(st.sampled_from(FULFILMENTS)), currency, code, *(draw(_amounts) for _ in range(5)), placed, updated,
        times["paid_at"], times["fulfilled_at"], times["cancelled_at"], draw(st.booleans()), draw(st.booleans()), buyer,
        tuple(draw(st.lists(_lines, max_size=4))), tuple(draw(st.lists(_refunds, max_size=2))),
        tuple(draw(st.lists(_texts, max_size=3))),
    )  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(orders_held(), max_size=3, unique_by=lambda order: order.id))
def test_an_exported_order_is_imported_as_the_same(orders: list[Order]) -> None:
    text = "".join(writing.orders(orders))
    assert [e.order for e in read_back(text)] == orders


def read_back(text: str) -> list[Any]:
    events, unread = everything(text)
    assert unread == []
    return events


def test_no_cell_that_we_write_is_calculated_with() -> None:
    evil = "=cmd|' /C calc'!A0"
    buyer = Buyer("7", "+1@example.test", "+4915123456789", evil, consents=(Consent("email", "subscribed", evil),))
    order = replace(
        order_in(table("order_id,placed_at,total", "1,2026-05-01,5")),
        id="=1",
        number="@1",
        buyer=buyer,
        coupons=("-1-1",),
        lines=(Line("=1", "+1", "-SKU", evil, 1, 1, -1),),
        refunds=(Refund("-r", 1, None, evil),),
    )
    rows = csv.reader(io.StringIO("".join(writing.orders([order])), newline=""))
    cells = [cell for row in rows for cell in row]
    assert sum(cell.startswith("'") for cell in cells) == 10
    assert [cell for cell in cells if cell[:1] in tuple("=+-@\t\r")] == ["-0.01"]
    assert read_back("".join(writing.orders([order])))[0].order.lines == order.lines


@pytest.mark.parametrize(
    "cell", ["=1+1", "+49", "-x", "@x", "\tx", "\rx", "'=x", "''+", "'x", "x", "", "-5", "-5.25", "'"]
)
def test_a_cell_is_armed_as_it_was_defused(cell: str) -> None:
    assert armed(writing.defused(cell)) == cell


def test_plain_numbers_and_texts_are_written_as_they_are() -> None:
    assert [writing.defused(cell) for cell in ("-5", "-5.25", "x=1", "", "+49", "-5 club")] == [
        *("-5", "-5.25", "x=1", "", "'+49", "'-5 club"),
    ]


def test_the_export_is_written_piece_by_piece() -> None:
    def endless() -> Iterable[Order]:
        order = order_in(table("order_id,placed_at,total", "1,2026-05-01,5"))
        while True:
            yield order

    pieces = writing.orders(endless())
    assert next(pieces).startswith("order_id,number,status")
    assert next(pieces).startswith("1,1,placed")


def test_exported_customers_are_imported_as_the_same() -> None:
    said_yes = Consent("email", "subscribed", "fair", "2025-03-01T12:00:00Z")
    said_no = Consent("sms", "unsubscribed", "=call", "2025-04-01T12:00:00Z")
    account = AccountSeen(
        Buyer("7", "ada@example.test", "+4915123456789", "Ada", "de-DE", "DE", (said_yes, said_no)),
        "2024-01-01T00:00:00Z",
        "2024-06-01T00:00:00Z",
        ("vip", "-5 club"),
    )
    guest = ConsentGiven(None, "bo@example.test", None, Consent("email", "unsubscribed", "mail", None))
    silent = Buyer(None, "cy@example.test", None, "Cy")
    events = read_back("".join(writing.customers([account, guest, silent])))
    assert events[0] == account
    assert [e for e in events if isinstance(e, ConsentGiven)][-1] == guest
    assert not any(isinstance(e, ConsentGiven) and e.email == "cy@example.test" for e in events)


def test_a_customer_that_we_hold_is_exported_with_every_address_and_consent() -> None:
    no = Consent("email", "unsubscribed", "link", "2026-02-01T00:00:00Z")
    contact = Contact().told(
        Buyer(None, "old@example.test", "+4915123456789", "Ada", consents=(no,)), "2025-01-01T00:00:00Z"
    )
    linked = Node(
        "c_1",
        "account:7",
        contact,
        account=Account("7", "ada@example.test", "2024-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
    )
    text = "".join(writing.customers(writing.told_of(Customer((linked,)))))
    assert {(e.email, e.consent) for e in read_back(text) if isinstance(e, ConsentGiven)} == {
        ("ada@example.test", no),
        ("old@example.test", no),
    }


def test_a_cursor_is_text_that_any_process_can_go_on_from() -> None:
    data = MUGS.encode()
    page = files.page(lambda at, size: data[at : at + size], len(data), ACME, None, 1)
    assert json.loads(page.next or "") == {
        "format": "orders",
        "byte": data.index(b"1002"),
        "line": 4,
        "size": len(data),
    }
    assert files.position(page.next) == data.index(b"1002")
    assert files.position(None) == 0


def test_the_documented_columns_are_those_that_are_read() -> None:
    text = (Path(__file__).resolve().parents[1] / "docs" / "csv.md").read_text()
    documented = {line.split("`")[1] for line in text.splitlines() if line.startswith("| `")}
    assert set(our_orders.COLUMNS) | set(consents.COLUMNS) <= documented
    settled = replace(order_in(table("order_id,placed_at,total", "1,2026-05-01,5")), settled=True)
    assert read_back("".join(writing.orders([settled])))[0].order == replace(settled, settled=False)
