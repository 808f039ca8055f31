"""Shopify's webhooks in our words: what is signed and what is not, what counts as money, and every trap we know of."""

from __future__ import annotations

import base64
import copy
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.events import (
    AccountGone,
    AccountSeen,
    AccountsMerged,
    CartOrdered,
    CartSeen,
    ConsentGiven,
    Event,
    OrderChanged,
    OrderSeen,
    PrivacyAsked,
    ProductGone,
    ProductSeen,
    ShopGone,
    Unreadable,
)
from chalicelib.domain.order import Buyer, Consent, Line, Order, Refund, canonical, from_canonical
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import moment
from chalicelib.platforms.shopify import signature, words
from chalicelib.platforms.shopify.signature import TOPICS
from chalicelib.platforms.shopify.webhook import read

SAMPLES = Path(__file__).parents[1] / "webhooks" / "shopify" / "samples"
RECEIVED = "2026-11-25T09:00:00Z"
NOW = moment(RECEIVED)
ACME = Shop("acme", "shopify", "2026-01-01T00:00:00Z", currency="EUR", timezone="Asia/Tehran", country="GB")
AT_SHOPIFY = replace(ACME, api_url="https://acme.myshopify.com")


def recorded(folder: str) -> list[tuple[str, dict]]:
    """(topic, body) of every delivery in a folder, in its order."""
    found = []
    for file in sorted((SAMPLES / folder).glob("*.json")):
        raw = json.loads(file.read_text())
        headers = {name.lower(): value for name, value in raw["headers"]}
        found.append((signature.topic(headers, b""), json.loads(base64.b64decode(raw["body_base64"]))))
    return found


MADE = recorded("made")
BODIES = dict(MADE)
PUBLISHED = [*recorded("published"), *recorded("published-2026-07")]
ORDER, CUSTOMER, PRODUCT = BODIES["orders/paid"], BODIES["customers/create"], BODIES["products/create"]
ORDER_ID, ACCOUNT = "5012345678901234567", "7012345678901234567"


def say(topic: str, body: object, shop: Shop = ACME, headers: dict[str, str] | None = None) -> list[Event]:
    """What it says, but for the cart that an order was."""
    return [event for event in all_said(topic, body, shop, headers) if not isinstance(event, CartOrdered)]


def all_said(topic: str, body: object, shop: Shop = ACME, headers: dict[str, str] | None = None) -> list[Event]:
    return read(topic, headers or {}, json.dumps(body).encode(), received_at=RECEIVED, shop=shop)


def refusal(topic: str, body: object, shop: Shop = ACME, headers: dict[str, str] | None = None) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        say(topic, body, shop, headers)
    return caught.value


def order(shop: Shop = ACME, **changed: object) -> Order:
    """Order #1001 with members changed, as read."""
    seen = say("orders/updated", {**ORDER, **changed}, shop)[0]
    assert isinstance(seen, OrderSeen)
    return seen.order


SARA = Buyer(ACCOUNT, "sara@example.test", "+989121234567", "Sara Karimi", "fa-IR", "GB")
MUG, TEA = "Mug - blue", "چای زعفران"
FIRST = Order(
    id=ORDER_ID,
    number="#1001",
    status="placed",
    payment="paid",
    fulfilment="none",
    currency="EUR",
    currency_original="EUR",
    total=5840,
    subtotal=5000,
    discount=500,
    tax=840,
    shipping=500,
    placed_at="2026-11-21T18:00:00Z",
    updated_at="2026-11-21T18:00:09Z",
    paid_at="2026-11-21T18:00:00Z",
    buyer=SARA,
    lines=(Line("8001", "9001", None, MUG, 2, 1500, 2700), Line(None, None, None, TEA, 1, 2000, 1800)),
    coupons=("NOWRUZ",),
)


class TestTheSignature:
    BODY = b'{"id":1}'

    def headers(self, secret: str = "hush", body: bytes = BODY) -> dict[str, str]:
        return signature.sign(body, secret, topic="orders/create", now=NOW, id="b1")

    def verifies(self, headers: dict[str, str], *secrets: str) -> bool:
        return signature.verify(headers, self.BODY, secrets or ("hush",), NOW)

    def without_x(self, headers: dict[str, str]) -> dict[str, str]:
        return {name.removeprefix("x-"): value for name, value in headers.items()}

    def test_the_headers_of_the_events_preview_have_no_x(self):
        assert self.verifies(self.without_x(self.headers()))
        assert signature.topic(self.without_x(self.headers()), b"") == "orders/create"

    def test_while_a_secret_is_rotated_two_are_good(self):
        assert self.verifies(self.headers("old"), "new", "old")
        assert not self.verifies(self.headers("older"), "new", "old")

    def test_both_families_may_come_together_if_they_say_the_same(self):
        both = {**self.headers(), **self.without_x(self.headers())}
        assert self.verifies(both)

    @pytest.mark.parametrize("name", ["hmac-sha256", "topic", "shop-domain"])
    @pytest.mark.parametrize("family", ["shopify-", "x-shopify-"])
    def test_two_families_that_disagree_are_refused(self, name, family):
        said = {**self.headers(), "x-shopify-shop-domain": "acme.myshopify.com"}
        both = {**said, **self.without_x(said)}
        assert self.verifies(both)
        assert not self.verifies({**both, f"{family}{name}": "customers/redact"})
        assert not self.verifies({**both, f"{family}{name}": ""})

    def test_a_signature_of_the_old_secret_beside_one_of_the_new_is_refused(self):
        """Each would do alone; no delivery is signed with two secrets."""
        both = {**self.headers("new"), **self.without_x(self.headers("old"))}
        assert not self.verifies(both, "new", "old")

    def test_the_source_is_an_address_that_can_be_compared(self):
        assert signature.source({"x-shopify-shop-domain": " Acme.myshopify.com "}) == "https://acme.myshopify.com"
        assert signature.source({"shopify-shop-domain": "acme.myshopify.com"}) == "https://acme.myshopify.com"
        assert signature.source({"x-shopify-shop-domain": "ا" * 9}) == ""

    def test_every_delivery_of_ours_goes_into_the_envelope_and_verifies_out_of_it(self):
        kept = {name: value for name, value in self.headers().items() if name in signature.ALLOWED_HEADERS}
        assert self.verifies(kept)
        assert self.verifies({n: v for n, v in self.without_x(kept).items() if n in signature.ALLOWED_HEADERS})


class TestAnOrdersLife:
    """The deliveries of `made`, in their order."""

    def seen(self, topic: str) -> Order:
        (event,) = say(topic, BODIES[topic])
        return event.order

    def test_placed_and_not_paid(self):
        expected = replace(FIRST, payment="none", paid_at=None, updated_at="2026-11-21T18:00:04Z")
        assert self.seen("orders/create") == expected

    def test_paid(self):
        assert self.seen("orders/paid") == FIRST
        assert FIRST.paid

    def test_partly_on_its_way(self):
        partly = self.seen("orders/partially_fulfilled")
        assert (partly.status, partly.fulfilment, partly.fulfilled_at) == ("placed", "partial", None)

    def test_on_its_way(self):
        sent = self.seen("orders/fulfilled")
        assert (sent.status, sent.fulfilment, sent.fulfilled_at) == ("completed", "fulfilled", "2026-11-23T06:30:00Z")

    def test_partly_given_back(self):
        back = self.seen("orders/updated")
        assert back.refunds == (Refund("890", 1620, "2026-11-25T08:30:00Z", "One was broken"),)
        assert (back.payment, back.total, back.refunded, back.net) == ("partly_refunded", 5840, 1620, 4220)

    def test_another_of_nobody_is_cancelled(self):
        gone = self.seen("orders/cancelled")
        assert (gone.status, gone.payment, gone.cancelled_at) == ("cancelled", "voided", "2026-11-21T18:30:00Z")
        assert (gone.total, gone.buyer) == (5840, Buyer())

    @pytest.mark.parametrize("topic", ["orders/create", "orders/updated", "orders/paid", "orders/fulfilled"])
    def test_every_topic_is_the_same_upsert(self, topic):
        assert say(topic, ORDER) == [OrderSeen(FIRST)]


class TestPublishedOrders:
    """Bodies that libraries publish, worked out by hand."""

    def seen(self, topic: str, nth: int = 0) -> Order:
        orders = [body for said, body in PUBLISHED if said == topic]
        return say(topic, orders[nth])[0].order

    def test_the_test_notification_of_the_admin_is_a_test(self):
        sample = self.seen("orders/create", 0)
        assert (sample.id, sample.number, sample.test, sample.status) == (
            "820982911946154508",
            "#9999",
            True,
            "cancelled",
        )
        assert (sample.total, sample.subtotal, sample.discount, sample.shipping) == (5798, 5298, 500, 1000)
        assert sample.lines[1] == Line("11033574804", None, "706405907431", sample.lines[1].title, 1, 2799, 2299)
        assert sample.buyer.account == "115310627314723954"
        assert not sample.placed

    def test_one_of_2008_in_old_fields(self):
        old = self.seen("orders/create", 1)
        assert (old.payment, old.total, old.tax, old.coupons) == ("authorized", 40994, 1194, ("TENOFF",))
        assert (old.placed_at, old.paid_at, old.fulfilment) == ("2008-01-10T16:00:00Z", None, "none")
        assert old.buyer.phone == "+15556251199"

    def test_one_that_was_partly_refunded_with_a_real_payment(self):
        """Its refund is 209.00 in money; current_total_price (199.65) says otherwise and does not matter then."""
        told = self.seen("orders/updated")
        assert (told.total, told.refunded, told.net) == (59894, 20900, 38994)
        assert told.buyer.phone == "+557734881234"
        assert (told.coupons, told.fulfilled_at) == (("TENOFF",), None)

    def test_one_without_an_address_and_customer(self):
        told = self.seen("orders/create", 3)
        assert (told.currency, told.total, told.buyer.email) == ("EUR", 23847, None)

    def test_one_that_says_fulfilled_and_has_no_parcels(self):
        told = self.seen("orders/fulfilled")
        assert (told.fulfilment, told.fulfilled_at, told.status) == ("fulfilled", None, "completed")

    def test_carts_and_checkouts(self):
        (cart,) = say("carts/update", next(body for topic, body in PUBLISHED if topic == "carts/update"))
        assert (cart.currency, cart.updated_at, cart.lines[0].total) == ("USD", "2023-12-11T04:44:14.751Z", 224985)
        (checkout,) = say("checkouts/create", next(body for topic, body in PUBLISHED if topic == "checkouts/create"))
        assert (checkout.cart_id, checkout.buyer.email) == (
            "68778783ad298f1c80c3bafcddeea02f",
            "bob.norman@hostmail.com",
        )

    def test_products_in_stock_and_not(self):
        told = [say(topic, body)[0].product for topic, body in PUBLISHED if topic == "products/update"]
        assert [(p.id, p.price, p.available, p.tags) for p in told] == [
            ("632910392", 19900, True, ("Emotive", "Flash Memory", "MP3", "Music")),
            ("1071559748", 0, True, ("Big Air", "Barnes & Noble", "John's Fav")),
            ("632910392", 19900, True, ("Emotive", "Flash Memory", "MP3", "Music")),
        ]

    def test_parts_of_orders_only_say_which(self):
        for topic in ("refunds/create", "fulfillments/create", "fulfillments/update"):
            body = next(body for said, body in PUBLISHED if said == topic)
            assert say(topic, body) == [OrderChanged("450789469", RECEIVED)]

    def test_privacy_with_ids_as_text_and_without(self):
        american = replace(ACME, country="US")
        asked = [say(t, b, american)[0] for t, b in PUBLISHED if t in ("customers/redact", "customers/data_request")]
        assert asked == [
            PrivacyAsked("export", "191167", "john@example.com", "+15556251199", RECEIVED),
            PrivacyAsked("export", "123456", "hello@example.com", "+15555555555", RECEIVED),
            PrivacyAsked("erase", "191167", "john@example.com", "+15556251199", RECEIVED),
            PrivacyAsked("erase", None, "hello@example.com", None, RECEIVED),
            PrivacyAsked("erase", "123456", "hello@example.com", "+15555555555", RECEIVED),
        ]
        ended = [say(t, b)[0] for t, b in PUBLISHED if t in ("shop/redact", "app/uninstalled")]
        assert ended == [ShopGone("uninstalled", RECEIVED), ShopGone("erase", RECEIVED), ShopGone("erase", RECEIVED)]


@pytest.mark.parametrize(("word", "ours"), [*words.PAYMENTS.items(), ("", "none"), ("unheard_of", "none")])
def test_a_financial_status_means(word, ours):
    assert order(financial_status=word or None).payment == ours
    assert words.payment(word.upper()) == ours


@pytest.mark.parametrize(("word", "ours"), [*words.FULFILMENTS.items(), ("", "none"), ("pending", "none")])
def test_a_fulfillment_status_means(word, ours):
    assert order(fulfillment_status=word or None).fulfilment == ours


def test_the_status_page_lists_what_the_code_does():
    page = (Path(__file__).parents[1] / "docs" / "statuses.md").read_text()
    for word, ours in {**words.PAYMENTS, **words.FULFILMENTS}.items():
        assert any(f"`{word}`" in row and f"| {ours} " in row for row in page.splitlines()), word


class TestTheStateOfAnOrder:
    SENT = BODIES["orders/fulfilled"]["fulfillments"]

    def test_completed_is_paid_and_handed_over(self):
        assert order(fulfillment_status="fulfilled").status == "completed"
        assert order(fulfillment_status="fulfilled", financial_status="pending").status == "placed"
        assert order(fulfillment_status="partial").status == "placed"
        assert order(closed_at="2026-11-24T00:00:00Z").status == "placed"

    def test_delivered_is_every_parcel_delivered(self):
        arrived = {**self.SENT[0], "shipment_status": "delivered"}
        assert order(fulfillment_status="fulfilled", fulfillments=[arrived]).fulfilment == "delivered"
        both = order(fulfillment_status="fulfilled", fulfillments=[arrived, self.SENT[0]])
        assert both.fulfilment == "fulfilled"
        lost = order(fulfillment_status="fulfilled", fulfillments=[arrived, {**self.SENT[0], "status": "cancelled"}])
        assert lost.fulfilment == "delivered"

    def test_fulfilled_is_when_the_last_parcel_left(self):
        later = {**self.SENT[0], "created_at": "2026-11-24T10:00:00+03:30"}
        called_off = {**self.SENT[0], "created_at": "2026-11-25T10:00:00+03:30", "status": "cancelled"}
        sent = order(fulfillment_status="fulfilled", fulfillments=[later, *self.SENT, called_off])
        assert sent.fulfilled_at == "2026-11-24T06:30:00Z"

    def test_an_imported_order_was_placed_when_it_was_processed(self):
        """Placed at created_at, years of imported history would look like the orders of today, and be mailed."""
        assert order(processed_at="2019-05-05T10:00:00Z").placed_at == "2019-05-05T10:00:00Z"
        assert order(processed_at=None).placed_at == "2026-11-21T18:00:02Z"
        assert refusal("orders/updated", {**ORDER, "processed_at": None, "created_at": None}).field == "created_at"

    @pytest.mark.parametrize("name", ["Cash on Delivery (COD)", "cash_on_delivery", "COD", "Cash On Delivery - Acme"])
    def test_cash_on_delivery_is_paid_at_the_door(self, name):
        sent = {"fulfillment_status": "fulfilled", "fulfillments": self.SENT, "payment_gateway_names": [name]}
        cash = order(**sent)
        assert cash.cash_on_delivery
        assert cash.paid_at == "2026-11-23T06:30:00Z"
        open_yet = order(**sent, financial_status="pending")
        assert (open_yet.paid_at, open_yet.paid) == (None, False)

    @pytest.mark.parametrize("names", [[], [""], ["bogus", "visa"], ["Codfish Pay"], None])
    def test_other_ways_to_pay_are_not(self, names):
        assert not order(payment_gateway_names=names).cash_on_delivery

    @pytest.mark.parametrize(
        "changed",
        [
            {"test": True},
            {"id": 820982911946154508, "admin_graphql_api_id": "gid://shopify/Order/820982911946154508"},
            {"name": "#9999", "email": "jon@example.com"},
            {"name": "#9999", "email": "", "contact_email": "Jon@Doe.ca"},
        ],
    )
    def test_tests_do_not_count(self, changed):
        assert order(**changed).test
        assert not order(**changed).placed

    def test_a_real_jon_is_no_test(self):
        assert not order(email="jon@doe.ca").test
        assert not order(name="#9999").test

    def test_ids_are_text_however_large(self):
        assert int(order().id) > 2**53
        assert order(customer={**CUSTOMER, "id": "7012345678901234567"}).buyer.account == ACCOUNT

    def test_the_number_is_what_the_shop_shows(self):
        assert order(name="EN-77").number == "EN-77"
        assert order(name=None).number == "1001"
        assert order(name="\u202e", order_number=None).number == ORDER_ID


class TestMoney:
    REFUND = BODIES["refunds/create"]

    def edited(self, **changed: object) -> dict[str, object]:
        """A refund that moved no money: a line taken out in an edit."""
        return {**self.REFUND, "id": 880, "transactions": [], **changed}

    def paid_back(self, amount: str, **changed: object) -> dict[str, object]:
        payment = {**self.REFUND["transactions"][0], "amount": amount, **changed}
        return {**self.REFUND, "refund_line_items": [], "transactions": [payment]}

    def test_a_line_taken_out_before_payment_was_never_owed(self):
        told = order(financial_status="pending", current_total_price="42.20", refunds=[self.edited()])
        assert (told.total, told.refunds) == (4220, ())

    def test_a_line_taken_out_after_payment_counts_once(self):
        """Taken out first, given back later: two refunds in the body, one of them money."""
        before = order(current_total_price="42.20", refunds=[self.edited()])
        assert (before.total, before.refunded, before.net) == (4220, 0, 4220)
        after = order(
            current_total_price="42.20",
            financial_status="partially_refunded",
            refunds=[self.edited(), self.paid_back("16.20")],
        )
        assert (after.total, after.refunded, after.net) == (5840, 1620, 4220)

    def test_a_line_added_is_owed(self):
        told = order(total_price="78.40", current_total_price="78.40", financial_status="partially_paid")
        assert (told.total, told.payment, told.paid) == (7840, "partly_paid", False)
        assert order(total_price="58.40", current_total_price="78.40").total == 7840

    def test_goodwill_is_a_refund_and_changes_nothing_of_what_was_owed(self):
        told = order(financial_status="partially_refunded", refunds=[self.paid_back("10.00")])
        assert (told.total, told.refunded, told.net) == (5840, 1000, 4840)

    def test_a_fee_that_the_shop_kept_stays_with_the_shop(self):
        """A mug worth 16.20 came back and 12.00 went out."""
        kept = {**self.paid_back("12.00"), "refund_line_items": self.REFUND["refund_line_items"]}
        told = order(financial_status="partially_refunded", current_total_price="42.20", refunds=[kept])
        assert (told.total, told.refunded, told.net) == (5840, 1200, 4640)

    @pytest.mark.parametrize("changed", [{"status": "pending"}, {"status": "failure"}, {"kind": "void"}])
    def test_only_money_that_moved_is_given_back(self, changed):
        told = order(refunds=[self.paid_back("16.20", **changed)])
        assert (told.refunds, told.total) == ((), 5840)

    def test_a_refund_whose_payments_are_not_written_yet_is_worth_its_lines_and_asked_for(self):
        """Shopify makes an order's body before the payment of its newest refund stands in it."""
        body = {
            **ORDER,
            "financial_status": "partially_refunded",
            "current_total_price": "42.20",
            "refunds": [self.edited()],
        }
        seen, asked = say("orders/updated", body)
        assert (seen.order.total, seen.order.refunded, seen.order.net) == (5840, 1620, 4220)
        assert asked == OrderChanged(ORDER_ID, RECEIVED)

    def test_what_the_lines_were_worth_knows_adjustments(self):
        shipping = {"amount": "-5.00", "tax_amount": "-0.50", "kind": "shipping_refund"}
        kept = {"amount": "4.20", "tax_amount": "0.00", "kind": "refund_discrepancy"}
        refund = self.edited(order_adjustments=[shipping, kept])
        del refund["transactions"]
        seen, asked = say("orders/updated", {**ORDER, "financial_status": "partially_refunded", "refunds": [refund]})
        assert seen.order.refunded == 1620 + 550 - 420
        assert isinstance(asked, OrderChanged)

    def test_a_buyer_who_paid_in_her_own_currency_gets_it_back_at_her_rate(self):
        abroad = {
            "presentment_currency": "JPY",
            "total_price_set": {
                "shop_money": {"amount": "58.40", "currency_code": "EUR"},
                "presentment_money": {"amount": "9490", "currency_code": "JPY"},
            },
            "financial_status": "refunded",
        }
        told = order(**abroad, refunds=[self.paid_back("9490", currency="JPY")])
        assert (told.currency, told.refunded, told.net) == ("EUR", 5840, 0)
        assert order(**abroad, refunds=[self.paid_back("1000", currency="JPY")]).refunded == 615

    def test_a_currency_that_nothing_explains_is_asked_for(self):
        refund = {**self.paid_back("9490", currency="CHF"), "refund_line_items": self.REFUND["refund_line_items"]}
        seen, asked = say("orders/updated", {**ORDER, "refunds": [refund]})
        assert (seen.order.refunded, asked) == (1620, OrderChanged(ORDER_ID, RECEIVED))

    def test_the_example_of_the_documentation_is_read(self):
        """Numbers where others write text, no currency, times that are null."""
        payments = [
            {"id": 1, "kind": "refund", "status": "success", "amount": "75.00", "currency": None, "processed_at": None},
            {"id": 2, "kind": "refund", "status": "success", "amount": "10.00", "currency": None, "processed_at": None},
        ]
        refund = {**self.REFUND, "transactions": payments, "processed_at": None}
        (told,) = order(refunds=[refund]).refunds
        assert (told.amount, told.at) == (8500, "2026-11-25T08:30:00Z")

    def test_currencies_without_decimals(self):
        line = {**ORDER["line_items"][1], "price": "20", "discount_allocations": []}
        yen = {"currency": "JPY", "total_price": "20", "current_total_price": "20", "line_items": [line]}
        free = {"total_discounts": "0", "total_tax": None}
        told = order(**yen, **free, total_shipping_price_set=None, shipping_lines=[{"price": "3"}])
        assert (told.total, told.subtotal, told.tax, told.shipping) == (20, 20, 0, 3)

    def test_a_negative_total_is_refused(self):
        assert refusal("orders/updated", {**ORDER, "total_price": "-1"}).field == "total_price"

    def test_a_manual_discount_of_a_draft_is_no_coupon(self):
        """Its title stands among the codes."""
        told = order(
            discount_codes=[{"code": "VIP friend", "amount": "5", "type": "fixed_amount"}, {"code": "NOWRUZ"}],
            discount_applications=[
                {"type": "manual", "title": "VIP friend", "description": "x"},
                {"type": "discount_code", "code": "NOWRUZ"},
            ],
        )
        assert told.coupons == ("NOWRUZ",)
        assert order(discount_codes=[{"code": "OLD"}], discount_applications=None).coupons == ("OLD",)


class TestLines:
    def line(self, **changed: object) -> Line:
        return order(line_items=[{**ORDER["line_items"][0], **changed}]).lines[0]

    def test_the_name_has_the_variant_in_it(self):
        assert self.line(name="Shirt - XL", title="Shirt").title == "Shirt - XL"
        assert self.line(name=None, title="Shirt").title == "Shirt"

    def test_a_product_that_is_gone_or_never_was_is_none(self):
        assert self.line(product_id=None, variant_id=0) == Line(None, None, None, MUG, 2, 1500, 2700)

    def test_older_bodies_only_say_what_came_off_the_line(self):
        body = {k: v for k, v in ORDER["line_items"][0].items() if k != "discount_allocations"}
        assert order(line_items=[{**body, "total_discount": "4.00"}]).lines[0].total == 2600

    @pytest.mark.parametrize("quantity", [-1, 10**9, "many", None, []])
    def test_a_quantity_without_sense_is_refused(self, quantity):
        lines = [{**ORDER["line_items"][0], "quantity": quantity}]
        assert refusal("orders/updated", {**ORDER, "line_items": lines}).field == "line_items[0].quantity"

    def test_properties_of_any_form_do_not_matter(self):
        for properties in ([], {}, None, {"a": [1, {"b": 2}]}):
            assert self.line(properties=properties) == self.line()


class TestPeople:
    def test_the_order_says_who_where_there_is_no_customer(self):
        told = order(customer=None).buyer
        assert told == replace(SARA, account=None, phone=None)

    def test_an_order_of_nobody_is_read(self):
        nobody = {"customer": None, "email": "", "contact_email": None, "phone": None, "customer_locale": None}
        assert order(**nobody, billing_address=None, shipping_address=None).buyer == Buyer()

    def test_an_app_without_approval_gets_orders_without_people(self):
        hidden = {"email": None, "phone": None, "first_name": None, "last_name": None, "default_address": None}
        told = order(
            customer={**CUSTOMER, **hidden},
            email=None,
            contact_email=None,
            phone=None,
            billing_address=None,
            shipping_address=None,
        )
        assert told.buyer == Buyer(account=ACCOUNT, locale="fa-IR")

    def test_a_national_number_is_of_the_address(self):
        billing = {**ORDER["billing_address"], "phone": "09121234567", "country_code": "IR"}
        told = order(customer={**CUSTOMER, "phone": None}, billing_address=billing).buyer
        assert (told.phone, told.country) == ("+989121234567", "IR")

    @pytest.mark.parametrize(("said", "ours"), [("fa", "fa"), ("pt_BR", "pt-BR"), ("", None), ("klingon!", None)])
    def test_the_locale_is_the_checkouts(self, said, ours):
        assert order(customer_locale=said).buyer.locale == ours

    def test_an_account_is_read_with_its_times(self):
        assert say("customers/create", CUSTOMER) == [
            AccountSeen(replace(SARA, locale=None), "2026-03-01T05:30:00Z", "2026-11-21T18:00:00Z")
        ]
        for topic in ("customers/update", "customers/enable", "customers/disable"):
            assert say(topic, CUSTOMER) == say("customers/create", CUSTOMER)

    def test_an_account_of_an_old_api_has_tags_and_consents(self):
        body = next(body for topic, body in PUBLISHED if topic == "customers/update")
        (seen,) = say("customers/update", {**body, "email_marketing_consent": said("subscribed")})
        assert seen.tags == ("tag1", "tag2")
        assert seen.buyer.consents == (Consent("email", "subscribed", "shopify", "2026-11-20T10:00:00Z"),)

    def test_an_account_without_times_is_of_now(self):
        (seen,) = say("customers/create", {**CUSTOMER, "created_at": None, "updated_at": None})
        assert seen.created_at == seen.updated_at == RECEIVED

    def test_a_deleted_account_is_gone(self):
        for body in (
            BODIES["customers/delete"],
            {"id": ACCOUNT},
            {"id": 7, "phone": None, "addresses": [], "tax_exemptions": [], "email_marketing_consent": None},
        ):
            assert say("customers/delete", body) == [AccountGone(str(body["id"]), RECEIVED)]

    def test_accounts_are_merged_when_shopify_is_done(self):
        merge = BODIES["customers/merge"]
        assert say("customers/merge", merge) == [AccountsMerged(ACCOUNT, "7012345678901234599", RECEIVED)]
        for status in ("failed", "in_progress", "requested", ""):
            assert say("customers/merge", {**merge, "status": status}) == []

    @pytest.mark.parametrize(
        "gid", [None, "", 7, "gid://shopify/Order/7", "gid://shopify/Customer/7012345678901234567"]
    )
    def test_a_merge_without_two_customers_is_refused(self, gid):
        name = "admin_graphql_api_customer_deleted_id"
        assert refusal("customers/merge", {**BODIES["customers/merge"], name: gid}).field == name


def said(state: str | None, at: str | None = "2026-11-20T10:00:00Z") -> dict[str, object]:
    return {"state": state, "opt_in_level": None, "consent_updated_at": at}


class TestConsent:
    EMAIL = BODIES["customers_email_marketing_consent/update"]
    SMS = BODIES["customers_marketing_consent/update"]

    def given(self, **consent: object) -> list[Event]:
        return say("customers_email_marketing_consent/update", {**self.EMAIL, "email_marketing_consent": consent})

    def test_by_email(self):
        expected = ConsentGiven(
            ACCOUNT, "sara@example.test", None, Consent("email", "subscribed", "shopify", "2026-11-21T18:01:00Z")
        )
        for topic in ("customers_email_marketing_consent/update", "customers/email_marketing_consent_update"):
            assert say(topic, self.EMAIL) == [expected]

    def test_by_text_message(self):
        """A withdrawal without a time is of now: no older yes may outlive it."""
        expected = ConsentGiven(ACCOUNT, None, "+989121234567", Consent("sms", "unsubscribed", "shopify", RECEIVED))
        for topic in ("customers_marketing_consent/update", "customers/marketing_consent_update"):
            assert say(topic, self.SMS) == [expected]

    def test_a_yes_without_a_time_stays_without(self):
        """Played again later it would else undo a withdrawal."""
        (given,) = self.given(**said("subscribed", None))
        assert given.consent.at is None

    @pytest.mark.parametrize("state", ["not_subscribed", "invalid", "redacted", None, "", "unheard_of"])
    def test_what_is_neither_yes_nor_no_says_nothing(self, state):
        assert self.given(**said(state)) == []

    def test_a_yes_that_waits_for_its_confirmation_is_none_yet(self):
        (given,) = self.given(**said("pending"))
        assert given.consent.state == "pending"

    def test_of_an_order_of_an_old_api(self):
        told = order(
            customer={**CUSTOMER, "email_marketing_consent": said("Subscribed"), "sms_marketing_consent": None}
        )
        assert told.buyer.consents == (Consent("email", "subscribed", "shopify", "2026-11-20T10:00:00Z"),)

    def test_the_box_at_the_checkout_is_not_enough(self):
        assert ORDER["buyer_accepts_marketing"] is True
        assert order().buyer.consents == ()


class TestBodiesThatSayLittle:
    @pytest.mark.parametrize("topic", [topic for topic, reader in TOPICS.items() if reader == "order"])
    def test_an_id_alone_says_that_the_order_changed(self, topic):
        gid = f"gid://shopify/Order/{ORDER_ID}"
        for body in ({"id": int(ORDER_ID)}, {"id": int(ORDER_ID), "admin_graphql_api_id": gid}):
            assert say(topic, body) == [OrderChanged(ORDER_ID, RECEIVED)]

    @pytest.mark.parametrize("without", ["line_items", "currency", "total_price", "created_at"])
    def test_a_subscription_to_some_fields_says_that_the_order_changed(self, without):
        body = {name: value for name, value in ORDER.items() if name != without}
        assert say("orders/updated", body) == [OrderChanged(ORDER_ID, RECEIVED)]

    @pytest.mark.parametrize("topic", ["customers/update", "customers/create", "products/update", "products/create"])
    def test_an_id_alone_wipes_out_nothing(self, topic):
        assert refusal(topic, {"id": 44}).field in ("verified_email", "title")

    def test_a_deleted_order_is_a_reason_to_ask(self):
        """{"id": N} is signed for products/delete too."""
        assert say("orders/delete", {"id": 44}) == [OrderChanged("44", RECEIVED)]
        assert say("products/delete", {"id": 44}) == [ProductGone("44", RECEIVED)]

    def test_an_edit_says_which_order(self):
        assert say("orders/edited", BODIES["orders/edited"]) == [OrderChanged(ORDER_ID, RECEIVED)]

    @pytest.mark.parametrize(
        "topic",
        ["", "garbage", "orders", "shop/update", "customer.tags_added", "inventory_levels/update", "Collection"],
    )
    def test_topics_that_we_do_not_read_are_ignored_whatever_the_body(self, topic):
        assert read(topic, {}, b"\xff not json", received_at=RECEIVED, shop=ACME) == []


# Every body that we have, under the reader that it was signed for; two topics with one reader are the same to us.
EVERY_BODY = [(topic, body) for topic, body in (*MADE, *PUBLISHED) if topic in TOPICS]
READERS = sorted({TOPICS[topic] for topic, _ in EVERY_BODY})
STUBS = ({"id"}, {"id", "tax_exemptions", "admin_graphql_api_id"})


class TestABodySentOnAsAnother:
    """The topic is not signed: whoever holds one delivery may send its body on under any topic."""

    @pytest.mark.parametrize("reader", READERS)
    @pytest.mark.parametrize("topic", TOPICS)
    def test_is_refused_or_no_more_than_a_hint(self, topic, reader):
        if TOPICS[topic] == reader:
            return
        for body in (body for of, body in EVERY_BODY if TOPICS[of] == reader):
            told = outcome(topic, json.dumps(body).encode())
            if isinstance(told, Unreadable):
                assert told.field
                assert "another topic" in told.reason or told.field == "admin_graphql_api_id"
            else:
                assert set(body) in STUBS or {TOPICS[topic], reader} == {"order", "order_gone"}, (topic, reader)
                assert all(isinstance(event, (OrderChanged, AccountGone, ProductGone)) for event in told)

    def test_the_pairs_that_would_hurt_most(self):
        asked, erased = BODIES["customers/data_request"], BODIES["customers/redact"]
        assert refusal("customers/redact", ORDER).field == "financial_status"
        assert refusal("products/update", ORDER).field == "financial_status"
        assert refusal("customers/redact", asked).field == "orders_requested"
        assert refusal("customers/data_request", erased).field == "orders_to_redact"
        assert refusal("shop/redact", erased).field == "orders_to_redact"
        assert refusal("shop/redact", asked).field == "orders_requested"
        assert refusal("customers/update", PRODUCT).field == "variants"
        assert refusal("app/uninstalled", BODIES["shop/redact"]).field == "shop_domain"
        assert refusal("customers/delete", BODIES["customers_marketing_consent/update"]).field == "id"

    def test_an_erasure_that_names_no_orders_could_be_a_request_for_data(self):
        body = {name: BODIES["customers/redact"][name] for name in ("shop_id", "shop_domain", "customer")}
        assert refusal("customers/redact", body).field == "orders_to_redact"
        assert refusal("shop/redact", body).field == "customer"

    @pytest.mark.parametrize("gid", ["gid://shopify/Product/44", "gid://shopify/Order/45", "44", 44, ["x"]])
    def test_the_newer_id_has_to_say_the_same(self, gid):
        for topic in ("orders/updated", "orders/delete"):
            assert refusal(topic, {"id": 44, "admin_graphql_api_id": gid}).field == "admin_graphql_api_id"

    def test_shop_update_looks_like_the_end_and_is_ignored_under_its_own_name(self):
        """The one pair that nothing tells apart: the end of a connection is believed only after the token was tried."""
        body = next(body for topic, body in PUBLISHED if topic == "shop/update")
        assert say("shop/update", body) == []
        assert say("app/uninstalled", body) == [ShopGone("uninstalled", RECEIVED)]


class TestAnotherShopsBody:
    """One client secret signs for every shop that has the app, and the header that names the shop is not signed."""

    ASKED = BODIES["customers/redact"]

    def domain(self, name: str) -> dict[str, str]:
        return {"x-shopify-shop-domain": name}

    def test_the_header_has_to_name_the_registered_shop(self):
        assert say("orders/paid", ORDER, AT_SHOPIFY, self.domain("ACME.myshopify.com"))
        refused = refusal("orders/paid", ORDER, AT_SHOPIFY, self.domain("rival.myshopify.com"))
        assert refused.field == "x-shopify-shop-domain"
        assert "rival" not in str(refused)

    @pytest.mark.parametrize("topic", ["customers/redact", "customers/data_request", "shop/redact"])
    def test_the_body_has_to_name_it_too(self, topic):
        ours, theirs = BODIES[topic], {**BODIES[topic], "shop_domain": "rival.myshopify.com"}
        assert say(topic, ours, AT_SHOPIFY, self.domain("acme.myshopify.com"))
        assert refusal(topic, theirs, AT_SHOPIFY, self.domain("acme.myshopify.com")).field == "shop_domain"

    def test_the_end_of_another_shop_is_not_ours(self):
        body = BODIES["app/uninstalled"]
        assert say("app/uninstalled", body, AT_SHOPIFY)
        assert say("app/uninstalled", {**body, "myshopify_domain": None}, AT_SHOPIFY)
        theirs = {**body, "myshopify_domain": "rival.myshopify.com"}
        assert refusal("app/uninstalled", theirs, AT_SHOPIFY).field == "myshopify_domain"

    def test_an_order_whose_page_lies_at_another_shop_is_asked_for(self):
        """A shop may have a second name at Shopify, so it is no reason to refuse it."""
        page = "https://rival.myshopify.com/548380009/orders/1/authenticate?key=x"
        assert say("orders/paid", {**ORDER, "order_status_url": page}, AT_SHOPIFY) == [OrderChanged(ORDER_ID, RECEIVED)]

    @pytest.mark.parametrize("page", ["https://shop.acme.test/1/orders/2", None, "", "https://[", 7, "not an address"])
    def test_an_order_whose_page_lies_at_a_domain_of_its_own_is_read(self, page):
        assert isinstance(say("orders/paid", {**ORDER, "order_status_url": page}, AT_SHOPIFY)[0], OrderSeen)

    def test_both_registered_addresses_are_the_shops(self):
        renamed = replace(AT_SHOPIFY, source_url="https://acme-new.myshopify.com")
        page = "https://acme-new.myshopify.com/1/orders/2"
        assert isinstance(say("orders/paid", {**ORDER, "order_status_url": page}, renamed)[0], OrderSeen)

    @pytest.mark.parametrize("shop", [ACME, replace(ACME, source_url="https://acme.test")])
    def test_without_a_registered_address_at_shopify_nothing_can_be_compared(self, shop):
        assert say("customers/redact", self.ASKED, shop, self.domain("anybody.myshopify.com"))


class TestPrivacy:
    def test_who_asks_is_brought_into_our_form(self):
        body = {**BODIES["customers/redact"], "customer": {"email": " Sara@Example.TEST ", "phone": "07700 900123"}}
        assert say("customers/redact", body) == [
            PrivacyAsked("erase", None, "sara@example.test", "+447700900123", RECEIVED)
        ]

    @pytest.mark.parametrize("customer", [None, {}, [], {"id": None}, {"email": "no address"}, {"id": 0}])
    def test_a_request_that_names_nobody_is_refused(self, customer):
        for topic in ("customers/redact", "customers/data_request"):
            assert refusal(topic, {**BODIES[topic], "customer": customer}).field == "customer"

    def test_a_shop_without_a_name_is_not_erased(self):
        assert refusal("shop/redact", {"shop_id": 1, "shop_domain": None}).field == "shop_domain"


class TestProducts:
    SHOP = replace(ACME, source_url="https://acme.test/")

    def product(self, shop: Shop = SHOP, **changed: object):
        (seen,) = say("products/update", {**PRODUCT, **changed}, shop)
        assert isinstance(seen, ProductSeen)
        return seen.product

    def variant(self, **changed: object) -> dict[str, object]:
        return {**PRODUCT["variants"][0], **changed}

    def test_what_a_mail_shows_of_it(self):
        mug = self.product()
        assert (mug.id, mug.title, mug.price, mug.currency, mug.available) == ("8001", "Mug", 1500, "EUR", True)
        assert (mug.url, mug.image) == ("https://acme.test/products/mug", "https://cdn.shopify.com/s/files/1/mug.jpg")
        assert (mug.tags, mug.categories, mug.updated_at) == (("blue", "gift"), ("Kitchen",), "2026-11-01T06:30:00Z")

    def test_its_page_is_never_at_an_address_that_a_delivery_names(self):
        headers = {"x-shopify-shop-domain": "evil.myshopify.com"}
        (seen,) = say("products/update", PRODUCT, ACME, headers)
        assert seen.product.url is None
        assert self.product(AT_SHOPIFY).url == "https://acme.myshopify.com/products/mug"

    @pytest.mark.parametrize("handle", ["../../x", 'a"b', "سلام", "a b", "\ud800"])
    def test_a_handle_cannot_break_out_of_the_address(self, handle):
        url = self.product(handle=handle).url
        assert url is None or (url.startswith("https://acme.test/products/") and url.isascii() and '"' not in url)

    def test_the_price_is_of_the_cheapest_that_can_be_bought(self):
        sold_out = self.variant(price="1.00", inventory_quantity=-1)
        dear, cheap = self.variant(price="30.00"), self.variant(price="20.00")
        assert self.product(variants=[sold_out, dear, cheap]).price == 2000
        assert self.product(variants=[sold_out]).price == 100
        assert self.product(variants=[]).price is None

    @pytest.mark.parametrize(
        ("changed", "there"),
        [
            ({"inventory_quantity": 3}, True),
            ({"inventory_quantity": -2}, False),
            ({"inventory_quantity": -2, "inventory_policy": "continue"}, True),
            ({"inventory_quantity": 0, "inventory_management": "shopify"}, False),
            ({"inventory_quantity": -2, "inventory_management": None}, True),
            ({"inventory_quantity": 0}, True),  # newer bodies do not say whether anybody counts
            ({"inventory_quantity": None}, True),
        ],
    )
    def test_what_can_be_bought(self, changed, there):
        assert self.product(variants=[self.variant(**changed)]).available is there

    @pytest.mark.parametrize("changed", [{"status": "draft"}, {"status": "archived"}, {"published_at": None}])
    def test_what_has_no_page_is_not_for_sale(self, changed):
        assert not self.product(**changed).available

    def test_what_is_unlisted_is_for_sale_and_in_no_list(self):
        told = self.product(status="unlisted")
        assert (told.available, told.listed, self.product().listed) == (True, False, True)

    def test_some_fields_are_enough(self):
        few = {name: PRODUCT[name] for name in ("id", "title", "variants")}
        (seen,) = say("products/update", few, self.SHOP)
        assert (seen.product.url, seen.product.updated_at, seen.product.available) == (None, RECEIVED, True)


class TestCarts:
    def test_a_cart_is_of_nobody(self):
        (cart,) = say("carts/create", BODIES["carts/create"])
        mug = Line("8001", "9001", None, "Mug", 2, 1500, 3000)
        assert cart == CartSeen("hWN1AcmeCart", Buyer(), (mug,), "EUR", "2026-11-21T17:50:00Z")

    def test_a_checkout_is_the_same_cart_of_somebody(self):
        (cart,) = say("checkouts/create", BODIES["checkouts/create"])
        assert (cart.cart_id, cart.buyer) == ("hWN1AcmeCart", replace(SARA, locale="fa"))
        assert (len(cart.lines), cart.currency) == (1, "EUR")

    def test_a_completed_checkout_is_an_empty_cart(self):
        (cart,) = say("checkouts/update", BODIES["checkouts/update"])
        assert (cart.lines, cart.updated_at) == ((), "2026-11-21T18:00:01Z")

    def test_an_empty_cart_is_in_the_shops_currency(self):
        (cart,) = say("carts/update", {**BODIES["carts/create"], "line_items": []})
        assert (cart.lines, cart.currency) == ((), "EUR")

    def test_an_order_names_the_cart_that_it_was(self):
        found = [event for event in all_said("orders/paid", BODIES["orders/paid"]) if isinstance(event, CartOrdered)]
        assert found == [CartOrdered("hWN1AcmeCart", FIRST.placed_at)]
        assert all_said("orders/paid", {**BODIES["orders/paid"], "cart_token": None}) == [OrderSeen(FIRST)]

    def test_a_cart_without_a_token_is_refused(self):
        assert refusal("carts/update", {**BODIES["carts/create"], "token": " "}).field == "token"


EVENTS = dict(recorded("events-preview"))


class TestTheEventsPreview:
    """Other headers and another body: whatever a query of the app's asked for."""

    def test_an_orders_event_says_which_order(self):
        assert say("Order", EVENTS["Order"]) == [OrderChanged(ORDER_ID, RECEIVED)]

    @pytest.mark.parametrize("place", ["fields_changed", "query_variables", "data"])
    def test_wherever_it_says_so(self, place):
        gid = f"gid://shopify/Order/{ORDER_ID}"
        said = {
            "fields_changed": [f"order[id: '{gid}'].note"],
            "query_variables": {"orderId": gid},
            "data": {"order": {"id": gid}},
        }
        body = {"topic": "Order", "action": "update", "handle": "x", "fields_changed": {}, place: said[place]}
        assert say("Order", body) == [OrderChanged(ORDER_ID, RECEIVED)]

    def test_an_order_that_it_does_not_name_is_refused(self):
        body = {"topic": "Order", "action": "update", "handle": "x", "fields_changed": []}
        assert refusal("Order", body).field == "fields_changed"

    @pytest.mark.parametrize("topic", ["Product", "Customer"])
    def test_others_stand_in_quarantine_with_what_to_do(self, topic):
        refused = refusal(topic, EVENTS[topic])
        assert (refused.field, "subscribe to webhooks" in refused.reason) == ("topic", True)

    def test_its_own_topic_is_signed_and_the_header_is_not(self):
        assert refusal("Order", EVENTS["Product"]).field == "topic"
        for topic in ("products/update", "customers/redact", "shop/redact"):
            assert refusal(topic, EVENTS["Customer"]).field == "topic"

    def test_a_webhooks_body_is_no_event(self):
        assert refusal("Order", ORDER).field in ("financial_status", "topic")


def test_a_refusal_never_quotes_the_body():
    secret = "maryam@example.test"
    bodies = [
        {**ORDER, name: secret} for name in ("id", "total_price", "currency", "processed_at", "customer", "refunds")
    ]
    bodies += [{"id": 1, secret * 20: 1}]
    for body in bodies:
        assert secret * 2 not in str(refusal("orders/updated", body))
    assert all(secret not in str(refusal("orders/updated", body)) for body in bodies[:-1])


# What an app, a migration or somebody with the secret might put where a value was.
SURPRISES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**70), 10**70),
    st.floats(),
    st.text(max_size=30),
    st.sampled_from(
        [
            *(
                "",
                "0",
                "-1",
                "1e9",
                "NaN",
                "۱۲",
                "\ud800",
                "\x00",
                "2026-13-01",
                "0001-01-01T00:00:00",
                "JPY",
                "x" * 9999,
            ),
            *("gid://shopify/Order/1", "gid://shopify/Customer/0", "https://[", "subscribed", "refund", "refunded"),
        ]
    ),
    st.lists(st.none() | st.integers() | st.text(max_size=3), max_size=3),
    st.dictionaries(st.text(max_size=3), st.none() | st.integers(), max_size=3),
)


def places(value: object, path: tuple = ()) -> list[tuple]:
    """Every path into a body."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path] * bool(path) + [deeper for key, member in members for deeper in places(member, (*path, key))]


FUZZED = [(topic, body) for topic, body in (*MADE, *recorded("events-preview")) if topic in TOPICS]
PLACES = [(nth, path) for nth, (_, body) in enumerate(FUZZED) for path in places(body)]
PLACES_OF_ONE = [place for nth in range(len(FUZZED)) for place in [p for p in PLACES if p[0] == nth][:60]]


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(PLACES) | st.sampled_from(PLACES_OF_ONE), st.data())
def test_a_body_with_surprises_is_read_or_refused_but_never_breaks(chosen, data):
    nth, first = chosen
    topic, body = FUZZED[nth][0], copy.deepcopy(FUZZED[nth][1])
    for path in [first, *data.draw(st.lists(st.sampled_from(places(body)), max_size=2))]:
        _put(body, path, data.draw(SURPRISES))
    check(outcome(topic, json.dumps(body).encode(), AT_SHOPIFY))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(FUZZED), st.integers(0, 9000), st.binary(max_size=8))
def test_bytes_in_the_wrong_place_are_read_or_refused_but_never_break(chosen, at, junk):
    said = json.dumps(chosen[1]).encode()
    check(outcome(chosen[0], said[: at % len(said)] + junk + said[at % len(said) + len(junk) :]))


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(sorted(TOPICS)),
    st.dictionaries(
        st.sampled_from([*ORDER, *CUSTOMER, *PRODUCT, "shop_domain", "order_edit"]), SURPRISES, max_size=12
    ),
)
def test_bodies_made_of_surprises_are_read_or_refused_but_never_break(topic, body):
    check(outcome(topic, json.dumps(body).encode(), AT_SHOPIFY))


def check(told: list[Event] | Unreadable) -> None:
    if isinstance(told, Unreadable):
        assert told.reason
        str(told).encode()
        return
    for event in told:
        assert isinstance(event, Event)
        repr(event).encode()
        if isinstance(event, OrderSeen):
            assert from_canonical(canonical(event.order)) == event.order
            assert event.order.total >= 0
            canonical(event.order).encode()


def outcome(topic: str, said: bytes, shop: Shop = ACME) -> list[Event] | Unreadable:
    headers = {"x-shopify-shop-domain": "acme.myshopify.com"}
    try:
        return read(topic, headers, said, received_at=RECEIVED, shop=shop)
    except Unreadable as refused:
        return refused


def _put(body: object, path: tuple, value: object) -> None:
    try:
        for key in path[:-1]:
            body = body[key]
        body[path[-1]] = value
    except (KeyError, IndexError, TypeError):
        pass  # an earlier surprise took the place away
