"""Saleor's deliveries: who signed them, whether they are of the event they claim, and what they mean in our words."""

from __future__ import annotations

import base64
import json
import re
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.directory import Entry
from chalicelib.domain.events import AccountGone, AccountSeen, CartSeen, OrderChanged, OrderSeen, Product, Unreadable
from chalicelib.domain.order import Consent, Line, Order, Refund
from chalicelib.domain.shop import Shop
from chalicelib.platforms.body import Node
from chalicelib.platforms.saleor import orders, people, queries, signature, webhook
from chalicelib.signatures import proves

SAMPLES = Path(__file__).parents[1] / "webhooks" / "saleor" / "samples"
JWKS = (SAMPLES / "jwks.json").read_text()
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HEARD = "2026-11-21T21:13:20Z"
SHOP = Shop(
    "acme", "saleor", "2026-01-01T00:00:00Z", currency="USD", country="IR", consent_meta={"ecrm_consent": "sms"}
)


class Recording(NamedTuple):
    """One recorded request; `way`: how its webhook was set up, such as `hmac-legacy`."""

    name: str
    way: str
    headers: dict[str, str]
    body: bytes
    secret: str | None

    @property
    def topic(self) -> str:
        return webhook.topic(self.headers, self.body)


def recorded(folder: str) -> list[Recording]:
    return [_recording(file) for file in sorted((SAMPLES / folder).glob("*.json"))]


def _recording(file: Path) -> Recording:
    raw = json.loads(file.read_text())
    headers = {name.lower(): value for name, value in raw["headers"]}
    way = raw["path"].removeprefix("/saleor/")
    return Recording(file.stem, way, headers, base64.b64decode(raw["body_base64"]), raw["secret"])


STORY = recorded("3.23.28")
FAILING = recorded("3.23.28-failing")
every_recording = pytest.mark.parametrize("r", STORY, ids=lambda r: r.name)


def read(topic: str, body: object, shop: Shop = SHOP) -> list:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return webhook.read(topic, {}, raw, received_at=HEARD, shop=shop)


def verifies(r: Recording, body: bytes, headers: dict[str, str] | None = None) -> bool:
    if r.secret:
        return webhook.verify(headers or r.headers, body, [r.secret], NOON)
    return webhook.verify_with_keys(headers or r.headers, body, JWKS)


def test_every_recorded_delivery_is_proven_in_its_own_way_and_in_no_other():
    by_secret = [r for r in STORY + FAILING if webhook.verify(r.headers, r.body, ["another", r.secret or ""], NOON)]
    by_key = [r for r in STORY + FAILING if webhook.verify_with_keys(r.headers, r.body, JWKS)]
    assert (len(by_secret), len(by_key)) == (36, 54)
    assert not {r.name + r.way for r in by_secret} & {r.name + r.way for r in by_key}
    assert all(r.secret for r in by_secret)


@every_recording
def test_one_changed_byte_anywhere_is_refused(r):
    for at in {*range(0, len(r.body), 97), len(r.body) - 1}:
        assert not verifies(r, r.body[:at] + bytes([r.body[at] ^ 1]) + r.body[at + 1 :])


@pytest.mark.parametrize("r", STORY[:2], ids=lambda r: r.name)
def test_the_two_signature_headers_must_agree(r):
    for name in ("saleor-signature", "x-saleor-signature"):
        alone = {key: value for key, value in r.headers.items() if key != name}
        assert verifies(r, r.body, alone)
        assert not verifies(r, r.body, {**r.headers, name: ""})
        assert not verifies(r, r.body, {**r.headers, name: r.headers[name][:-1] + "0"})


def test_two_event_headers_that_disagree_name_no_event():
    assert webhook.topic({"saleor-event": "order_created", "x-saleor-event": "customer_deleted"}, b"") == ""
    assert webhook.topic({"x-saleor-event": "order_created"}, b"") == "order_created"
    assert webhook.topic({"saleor-event": "x" * 101}, b"") == webhook.topic({"saleor-event": "سفارش"}, b"") == ""


def test_the_source_is_an_address_that_can_be_held_against_the_shops():
    assert webhook.source(STORY[0].headers) == "https://127.0.0.1:8000"
    assert webhook.source({"saleor-domain": "a\nb"}) == webhook.source({}) == ""


def test_the_shops_key_set_proves_a_delivery_and_nothing_else_does():
    r = next(r for r in STORY if r.way == "jws-sub")
    known = Entry("saleor", "on", jwks=JWKS)
    said = (b"m" * 32, "acme", signature, r.topic, r.headers)
    assert proves(known, *said, r.body, NOON)
    assert not proves(known, *said, r.body + b" ", NOON)
    assert not proves(replace(known, jwks=""), *said, r.body, NOON)
    published = json.loads((SAMPLES / "signatures.json").read_text())[0]["jwks"]
    assert not proves(replace(known, jwks=json.dumps(published)), *said, r.body, NOON)


@every_recording
def test_a_body_signed_for_another_event_is_refused(r):
    """One key signs every event and the header is unsigned: the body has to say what it is."""
    kind = {"order": "order", "account": "account", "cart": "checkout"}[webhook.TOPICS[r.topic]]
    for topic, reader in webhook.TOPICS.items():
        unasked_of_one_kind = r.way.endswith("legacy") and webhook.TOPICS[r.topic] == reader and kind != "order"
        same_order = r.way.endswith("legacy") and r.topic[:5] == topic[:5] == "order"
        same_parcel = r.way.endswith("legacy") and r.topic[:11] == topic[:11] == "fulfillment"
        if topic == r.topic or unasked_of_one_kind or same_order or same_parcel:
            assert read(topic, r.body)
        else:
            with pytest.raises(Unreadable):
                read(topic, r.body)


def test_an_unasked_account_is_never_taken_for_a_deleted_one():
    """Without a query nothing in the body tells the two apart, so a replay could delete anybody."""
    r = next(r for r in STORY if r.topic == "customer_updated" and r.way == "hmac-legacy")
    for topic in ("customer_deleted", "account_deleted"):
        with pytest.raises(Unreadable, match="query"):
            read(topic, r.body)
    gone = {"__typename": "CustomerDeleted", "issuedAt": "2026-11-21T12:00:00Z", "user": {"id": ali()["id"]}}
    assert read("customer_deleted", gone) == [AccountGone(ali()["id"], "2026-11-21T12:00:00Z")]
    assert read("account_deleted", {**gone, "__typename": "AccountDeleted"}) == read("customer_deleted", gone)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "__typename"),
        ({"__typename": "OrderUpdated"}, "__typename"),
        ({"__typename": ["OrderCreated"]}, "__typename"),
        ({"__typename": "OrderCreated"}, "order"),
        ({"__typename": "OrderCreated", "order": None}, "order"),
        ({"__typename": "OrderCreated", "order": []}, "order"),
        ({"__typename": "OrderCreated", "order": {}}, "id"),
        ({"__typename": "OrderCreated", "order": {"id": "VXNlcjo0Nw=="}}, "id"),
        ({"__typename": "OrderCreated", "order": {"id": 44}}, "id"),
        ({"errors": [{"message": "x"}]}, "__typename"),
        ([], "the body"),
        ([{"type": "Order"}, {"type": "Order"}], "the body"),
        ([["type", "Order"]], "the body"),
        ([{"type": "User", "id": "VXNlcjo0Nw=="}], "type"),
        ([{"type": ["Order"]}], "type"),
        ([{"type": "Order", "id": "VXNlcjo0Nw=="}], "id"),
    ],
)
def test_what_is_no_such_event_is_refused_with_the_field(body, field):
    with pytest.raises(Unreadable) as refused:
        read("order_created", body)
    assert refused.value.field.endswith(field)


def test_topics_that_we_did_not_ask_for_are_ignored():
    assert read("draft_order_created", b"whatever") == read("", b"") == []


def test_six_tries_are_one_event():
    told = {str(read(r.topic, r.body)) for r in FAILING}
    assert (len(FAILING), len(told)) == (6, 1)


ORDER_ID = "T3JkZXI6Y2RiYzE4ZWUtODFmYS00ODA5LTgyZjQtYzFkYmIzYzE0MzFj"


def usd(amount: float) -> dict:
    return {"amount": amount}


def gross(amount: float) -> dict:
    return {"gross": {"amount": amount, "currency": "USD"}}


def ali() -> dict:
    return {"id": "VXNlcjo0Nw==", "email": "ali@example.test", "firstName": "علی", "lastName": "رضایی"}


def order(**change: object) -> dict:
    """Zahra's order of 110.00 by our own query: 2 shirts at 50 less 10, 15 shipping, 5 tax in it; nothing paid."""
    shirt = {"productName": "پیراهن «نخی»", "productSku": "SH-1", "quantity": 2}
    prices = {"unitPrice": gross(45), "totalPrice": gross(90), "undiscountedTotalPrice": gross(100)}
    variant = {"id": "UHJvZHVjdFZhcmlhbnQ6Mzg0", "product": {"id": "UHJvZHVjdDoxMjg="}}
    zahra = {"firstName": "زهرا", "lastName": "حسینی‌نژاد", "phone": "۰۹۱۲ ۱۲۳ ۴۵۶۷", "country": {"code": "IR"}}
    return {
        "id": ORDER_ID,
        "number": "24",
        "created": "2026-11-21T10:00:00.123456+00:00",
        "updatedAt": "2026-11-21T11:00:00+00:00",
        "status": "UNFULFILLED",
        "isPaid": False,
        "paymentStatus": "NOT_CHARGED",
        "chargeStatus": "NONE",
        "total": {**gross(105), "net": usd(100), "tax": usd(5)},
        "undiscountedTotal": gross(115),
        "shippingPrice": gross(15),
        "totalCharged": usd(0),
        "totalAuthorized": usd(0),
        "voucherCode": "NOWRUZ",
        "languageCodeEnum": "FA",
        "userEmail": "Zahra@Example.test",
        "channel": {"currencyCode": "USD"},
        "user": None,
        "billingAddress": zahra,
        "shippingAddress": {**zahra, "firstName": "سارا"},
        "metadata": [{"key": "ecrm_consent", "value": "yes"}],
        "lines": [{**shirt, **prices, "variant": variant}],
        "fulfillments": [],
        "payments": [],
        "transactions": [],
        "events": [{"type": "PLACED", "date": "2026-11-21T10:00:00+00:00"}],
        **change,
    }


def told(**change: object) -> Order:
    body = {"__typename": "OrderUpdated", "issuedAt": "2026-11-21T11:00:01+00:00", "order": order(**change)}
    (event,) = read("order_updated", body)
    assert isinstance(event, OrderSeen)
    return event.order


def test_an_order_by_our_own_query_says_everything():
    said = told()
    assert (said.id, said.number, said.currency, said.currency_original) == (ORDER_ID, "24", "USD", "USD")
    assert (said.total, said.subtotal, said.discount, said.tax, said.shipping) == (10500, 10000, 1000, 500, 1500)
    assert (said.status, said.payment, said.fulfilment) == ("placed", "none", "none")
    assert (said.placed_at, said.updated_at) == ("2026-11-21T10:00:00.123Z", "2026-11-21T11:00:00Z")
    assert said.lines == (Line("UHJvZHVjdDoxMjg=", "UHJvZHVjdFZhcmlhbnQ6Mzg0", "SH-1", "پیراهن «نخی»", 2, 4500, 9000),)
    assert said.coupons == ("NOWRUZ",)
    buyer = said.buyer
    assert (buyer.account, buyer.email, buyer.phone) == (None, "zahra@example.test", "+989121234567")
    assert (buyer.name, buyer.locale, buyer.country) == ("زهرا حسینی‌نژاد", "fa", "IR")
    assert buyer.consents == (Consent("sms", "subscribed", "saleor:ecrm_consent", said.placed_at),)


def test_an_answer_of_the_api_reads_as_the_webhook_does():
    from_api = orders.read_order(Node(order()), SHOP, HEARD)
    assert from_api == told()


@pytest.mark.parametrize(
    ("status", "charged", "ours", "fulfilment"),
    [
        ("UNFULFILLED", 0, "placed", "none"),
        ("PARTIALLY_FULFILLED", 0, "placed", "partial"),
        ("FULFILLED", 0, "completed", "fulfilled"),
        ("PARTIALLY_RETURNED", 105, "completed", "fulfilled"),
        ("RETURNED", 105, "completed", "returned"),
        ("CANCELED", 105, "cancelled", "none"),
        ("EXPIRED", 0, "cancelled", "none"),
        ("UNCONFIRMED", 0, "pending", "none"),
        ("UNCONFIRMED", 105, "placed", "none"),
        ("UNCONFIRMED", 5, "placed", "none"),
        ("ON_A_SHELF", 0, "placed", "none"),
    ],
)
def test_what_saleors_statuses_mean(status, charged, ours, fulfilment):
    said = told(status=status, totalCharged=usd(charged))
    assert (said.status, said.fulfilment) == (ours, fulfilment)


def test_every_status_stands_in_the_page_about_them():
    page = (Path(__file__).parents[1] / "docs" / "statuses.md").read_text().split("## Saleor")[1].split("\n## ")[0]
    assert [word for word in (*orders.STATUSES, *orders.UNFINISHED) if f"`{word}`" not in page] == []


def test_a_draft_is_no_order_yet():
    assert read("order_updated", {"__typename": "OrderUpdated", "order": {"id": ORDER_ID, "status": "DRAFT"}}) == []


def capture(amount: float, at: str = "2026-11-21T10:30:00Z", kind: str = "CAPTURE", success: bool = True) -> dict:
    return {"id": f"{kind}-{at}", "kind": kind, "isSuccess": success, "created": at, "amount": usd(amount)}


def moved(kind: str, amount: float, at: str, message: str = "") -> dict:
    return {"id": f"{kind}-{at}", "type": kind, "createdAt": at, "amount": usd(amount), "message": message}


def transaction(*events: dict, refunded: float = 0, pending: float = 0) -> dict:
    return {"refundedAmount": usd(refunded), "refundPendingAmount": usd(pending), "events": list(events)}


AT_HALF_PAST, AT_NOON, AT_ONE = "2026-11-21T10:30:00Z", "2026-11-21T12:00:00Z", "2026-11-21T13:00:00Z"
CHARGED = moved("CHARGE_SUCCESS", 105, AT_HALF_PAST)


@pytest.mark.parametrize(
    ("change", "payment", "paid_at", "net", "refunds"),
    [
        pytest.param({}, "none", None, 0, (), id="nothing came in"),
        pytest.param({"totalAuthorized": usd(105)}, "authorized", None, 0, (), id="promised"),
        pytest.param({"totalCharged": usd(50), "chargeStatus": "PARTIAL"}, "partly_paid", None, 0, (), id="half of it"),
        pytest.param({"paymentStatus": "CANCELLED"}, "voided", None, 0, (), id="voided"),
        pytest.param(
            {"totalCharged": usd(105), "payments": [{"transactions": [capture(105)]}]},
            "paid",
            AT_HALF_PAST,
            10500,
            (),
            id="by a payment",
        ),
        pytest.param(
            {"totalCharged": usd(105), "transactions": [transaction(CHARGED)]},
            "paid",
            AT_HALF_PAST,
            10500,
            (),
            id="by a transaction",
        ),
        pytest.param(
            {
                "totalCharged": usd(105),
                "transactions": [
                    transaction(moved("CHARGE_SUCCESS", 5, AT_ONE), moved("CHARGE_SUCCESS", 100, AT_NOON))
                ],
                "events": [{"type": "ORDER_FULLY_PAID", "date": AT_ONE}, {"type": "ORDER_FULLY_PAID", "date": AT_NOON}],
            },
            "paid",
            AT_NOON,
            10500,
            (),
            id="its history says when, the first time counts",
        ),
        pytest.param({"totalCharged": usd(105)}, "paid", "2026-11-21T10:00:00.123Z", 10500, (), id="no time is said"),
        pytest.param(
            {"totalCharged": usd(105), "payments": [{"transactions": [capture(105, "2026-11-21T09:59:59Z")]}]},
            "paid",
            "2026-11-21T10:00:00.123Z",
            10500,
            (),
            id="charged a moment before the checkout became an order",
        ),
        pytest.param(
            {
                "totalCharged": usd(75),
                "chargeStatus": "PARTIAL",
                "transactions": [transaction(CHARGED, moved("REFUND_SUCCESS", 30, AT_NOON, "too small"), refunded=30)],
            },
            "partly_refunded",
            AT_HALF_PAST,
            7500,
            (Refund(f"REFUND_SUCCESS-{AT_NOON}", 3000, AT_NOON, "too small"),),
            id="some went back",
        ),
        pytest.param(
            {
                "totalCharged": usd(75),
                "payments": [
                    {
                        "transactions": [
                            capture(105),
                            capture(30, AT_NOON, "REFUND"),
                            capture(9, AT_ONE, "REFUND", False),
                        ]
                    }
                ],
            },
            "partly_refunded",
            AT_HALF_PAST,
            7500,
            (Refund(f"REFUND-{AT_NOON}", 3000, AT_NOON),),
            id="some went back through a payment; a failed try did not",
        ),
        pytest.param(
            {
                "totalCharged": usd(0),
                "transactions": [transaction(CHARGED, moved("REFUND_SUCCESS", 105, AT_NOON), refunded=105)],
            },
            "refunded",
            AT_HALF_PAST,
            0,
            (Refund(f"REFUND_SUCCESS-{AT_NOON}", 10500, AT_NOON),),
            id="all of it went back",
        ),
        pytest.param(
            {"totalCharged": usd(95), "transactions": [transaction(CHARGED, pending=10)]},
            "partly_refunded",
            AT_HALF_PAST,
            9500,
            (Refund("refunded", 1000),),
            id="on its way back",
        ),
        pytest.param(
            {"totalCharged": usd(0), "transactions": [transaction(CHARGED, moved("CHARGE_BACK", 105, AT_ONE))]},
            "refunded",
            AT_HALF_PAST,
            0,
            (Refund(f"CHARGE_BACK-{AT_ONE}", 10500, AT_ONE),),
            id="her bank took it back",
        ),
        pytest.param(
            {"totalCharged": usd(95), "chargeStatus": "FULL", "isPaid": True},
            "partly_refunded",
            "2026-11-21T10:00:00.123Z",
            9500,
            (Refund("refunded", 1000),),
            id="the shop waived a part before it charged",
        ),
        pytest.param(
            {
                "totalCharged": usd(105),
                "chargeStatus": "FULL",
                "transactions": [
                    transaction(
                        moved("CHARGE_SUCCESS", 125, AT_HALF_PAST), moved("REFUND_SUCCESS", 20, AT_NOON), refunded=20
                    )
                ],
            },
            "paid",
            AT_HALF_PAST,
            10500,
            (),
            id="charged too much, and that went back",
        ),
        pytest.param(
            {"totalCharged": usd(125), "chargeStatus": "OVERCHARGED"},
            "paid",
            "2026-11-21T10:00:00.123Z",
            10500,
            (),
            id="charged too much",
        ),
        pytest.param(
            {
                "totalCharged": usd(0),
                "transactions": [
                    transaction(
                        moved("CHARGE_SUCCESS", 50, AT_HALF_PAST), moved("REFUND_SUCCESS", 50, AT_NOON), refunded=50
                    )
                ],
            },
            "voided",
            None,
            0,
            (),
            id="half of it came in and went back: it never was paid",
        ),
    ],
)
def test_what_came_in_and_what_went_back(change, payment, paid_at, net, refunds):
    said = told(**change)
    assert (said.payment, said.paid_at, said.net, said.refunds) == (payment, paid_at, net, refunds)
    assert said.paid is (paid_at is not None)


def test_an_order_for_nothing_is_paid():
    said = told(total=gross(0), undiscountedTotal=gross(105), totalCharged=usd(0), chargeStatus="FULL")
    assert (said.payment, said.paid, said.net, said.discount) == ("paid", True, 0, 10500)


@pytest.mark.parametrize(
    "words",
    [
        {},
        {"chargeStatus": "PARTIAL", "paymentStatus": "PARTIALLY_CHARGED"},
        {"paymentStatus": "PARTIALLY_REFUNDED"},
        {"paymentStatus": "PARTIALLY_CHARGED"},
        {"chargeStatus": "PARTIAL", "paymentStatus": "NOT_CHARGED"},
        {"paymentStatus": "A_NEW_WORD"},
    ],
)
def test_words_that_need_an_amount_ask_for_the_order_instead_of_guessing(words):
    silent = {"totalCharged": None, "chargeStatus": None, "paymentStatus": None, "isPaid": None}
    body = {"__typename": "OrderUpdated", "order": order(**{**silent, **words})}
    assert read("order_updated", body) == [OrderChanged(ORDER_ID, HEARD)]


@pytest.mark.parametrize(
    ("words", "payment", "net"),
    [
        ({"isPaid": True}, "paid", 10500),
        ({"chargeStatus": "FULL"}, "paid", 10500),
        ({"paymentStatus": "FULLY_CHARGED"}, "paid", 10500),
        ({"paymentStatus": "FULLY_REFUNDED"}, "refunded", 0),
        ({"paymentStatus": "NOT_CHARGED", "chargeStatus": "NONE"}, "none", 0),
        ({"paymentStatus": "PENDING"}, "none", 0),
        ({"paymentStatus": "REFUSED"}, "none", 0),
        ({"paymentStatus": "CANCELLED"}, "voided", 0),
    ],
)
def test_words_that_need_no_amount_are_enough(words, payment, net):
    silent = {"totalCharged": None, "chargeStatus": None, "paymentStatus": None, "isPaid": None}
    said = told(**{**silent, **words})
    assert (said.payment, said.net) == (payment, net)


@pytest.mark.parametrize("missing", ["created", "status", "total", "lines"])
def test_a_query_that_did_not_ask_for_what_an_order_needs_only_says_that_it_changed(missing):
    without = {name: value for name, value in order().items() if name != missing}
    assert read("order_created", {"__typename": "OrderCreated", "order": without}) == [OrderChanged(ORDER_ID, HEARD)]


def test_a_line_without_any_price_is_not_taken_for_a_free_one():
    assert read(
        "order_created", {"__typename": "OrderCreated", "order": order(lines=[{"productName": "x", "quantity": 2}])}
    ) == [OrderChanged(ORDER_ID, HEARD)]


def test_when_the_goods_went_out_and_when_it_ended():
    sent = [
        {"status": "CANCELED", "created": "2026-11-21T15:00:00Z"},
        {"status": "FULFILLED", "created": AT_NOON},
        {"status": "FULFILLED", "created": AT_ONE},
        {"status": "RETURNED", "created": "2026-11-21T16:00:00Z"},
    ]
    assert told(status="FULFILLED", fulfillments=sent).fulfilled_at == AT_ONE
    assert told(status="PARTIALLY_FULFILLED", fulfillments=sent).fulfilled_at is None
    assert told(status="FULFILLED", fulfillments=[]).fulfilled_at is None
    history = [{"type": "CANCELED", "date": AT_NOON}, {"type": "NOTE_ADDED", "date": AT_ONE}]
    assert told(status="CANCELED", events=history).cancelled_at == AT_NOON
    assert told(status="EXPIRED", events=[]).cancelled_at == "2026-11-21T11:00:00Z"


@pytest.mark.parametrize(
    ("code", "text", "minor"),
    [
        ("USD", "0.30000000000000004", 30),
        ("USD", "19.99", 1999),
        ("USD", "1e2", 10000),
        ("JPY", "1980", 1980),
        ("JPY", "1980.0", 1980),
        ("KWD", "1.234", 1234),
        ("IRT", "500000.0", 5_000_000),
        ("USD", "90071992547409.93", 9007199254740993),
    ],
)
def test_money_is_exact_whatever_the_float_looks_like(code, text, minor):
    body = json.dumps(
        {"__typename": "OrderCreated", "order": order(total={"gross": {"amount": 7.77, "currency": code}})}
    )
    (event,) = read("order_created", body.replace("7.77", text).encode())
    assert event.order.total == minor
    assert event.order.currency_original == code


def test_the_number_is_text_however_it_came():
    assert told(number=24).number == told(number="24").number == "24"
    assert told(number=None).number == ORDER_ID


@pytest.mark.parametrize(
    ("code", "locale"),
    [
        ("FA", "fa"),
        ("EN_US", "en-US"),
        ("PT_BR", "pt-BR"),
        ("ZH_HANS", "zh-Hans"),
        ("SR_LATN_RS", "sr-Latn-RS"),
        ("", None),
    ],
)
def test_languages(code, locale):
    assert told(languageCodeEnum=code).buyer.locale == locale


def test_an_account_is_whose_order_it_is_and_the_typed_address_is_kept():
    buyer = told(user=ali()).buyer
    assert (buyer.account, buyer.email) == ("VXNlcjo0Nw==", "zahra@example.test")
    assert told(user=ali(), userEmail=None).buyer.email == "ali@example.test"
    assert told(user=ali(), billingAddress=None).buyer.name == "سارا حسینی‌نژاد"
    assert told(user=ali(), billingAddress=None, shippingAddress=None).buyer.name == "علی رضایی"


@pytest.mark.parametrize(
    ("value", "state"),
    [
        ("yes", "subscribed"),
        ("TRUE", "subscribed"),
        ("sms", "subscribed"),
        ("email, SMS", "subscribed"),
        ("email", None),
        ("no", None),
        ("", None),
        (None, None),
        (["sms"], None),
        ("unsubscribed", "unsubscribed"),
        ("opt-out", "unsubscribed"),
    ],
)
def test_consent_stands_in_the_metadata_that_the_owner_named(value, state):
    said = told(metadata=[{"key": "ecrm_consent", "value": value}, {"key": "other", "value": "yes"}])
    assert [consent.state for consent in said.buyer.consents] == ([state] if state else [])


def test_every_form_of_one_order_says_the_same():
    """By secret or key, without a query or with the recorded small one: what both say must agree."""
    of = {r.way: read(r.topic, r.body)[0] for r in STORY if r.topic == "order_created" and r.name < "030"}
    by_secret, by_key = of["hmac-legacy"].order, of["jws-legacy"].order
    asked = of["jws-sub"].order
    assert by_secret == by_key
    assert asked == of["hmac-sub"].order
    unsaid = {"updated_at": asked.updated_at, "lines": asked.lines}
    assert replace(by_secret, **unsaid) == asked
    for line, other in zip(by_secret.lines, asked.lines, strict=True):
        assert replace(line, variant_id=None) == other
    assert isinstance(of["jws-manifest"], OrderChanged)  # it asks for no prices of its lines
    assert of["jws-manifest"].order_id == asked.id


def test_the_story_of_a_paid_order_that_went_back():
    told = [read(r.topic, r.body)[0] for r in STORY if r.way == "jws-legacy"]
    life = [event.order for event in told if isinstance(event, OrderSeen) and event.order.number == "24"]
    assert [(one.payment, one.net) for one in life[-3:]] == [("paid", 398), ("partly_refunded", 298), ("refunded", 0)]
    assert life[-2].refunds == (Refund("UGF5bWVudDoz", 100, "2026-11-21T21:14:41.932Z"),)
    assert {one.paid_at for one in life} == {"2026-11-21T21:13:10.835Z"}
    assert [one.updated_at for one in life] == sorted(one.updated_at for one in life)


def test_an_unasked_order_without_payments_may_be_paid_by_a_transaction_and_is_fetched():
    """Order 26 was paid that way, and its body still says `payments: []`."""
    told = [read(r.topic, r.body)[0] for r in STORY if r.way == "hmac-legacy" and r.name >= "052" and r.name < "078"]
    assert len(told) == 7
    assert {type(event) for event in told} == {OrderChanged}


def test_a_payment_that_failed_says_nothing_about_another_way_to_pay():
    r = next(r for r in STORY if r.way == "hmac-legacy" and r.topic == "order_created")
    (body,) = json.loads(r.body)
    body["payments"][0].update(charge_status="refused", captured_amount="0.00", is_active=False)
    assert isinstance(read(r.topic, [body])[0], OrderChanged)


def test_an_event_that_names_only_the_order_has_it_fetched():
    small = [r for r in STORY if r.topic in ("order_fully_paid", "order_updated") and not r.way.endswith("legacy")]
    assert len(small) == 21
    assert {type(read(r.topic, r.body)[0]) for r in small} == {OrderChanged}


def test_an_unasked_cancelled_order_keeps_its_money_in_sight():
    r = next(r for r in STORY if r.topic == "order_cancelled")
    said = read(r.topic, r.body)[0].order
    assert (said.status, said.payment, said.placed, said.cancelled_at) == ("cancelled", "paid", False, said.updated_at)


def test_an_account_says_the_same_in_both_forms():
    said = [read(r.topic, r.body)[0] for r in STORY if r.topic == "customer_created"]
    assert all(isinstance(one, AccountSeen) for one in said)
    assert {(one.buyer.account, one.buyer.email, one.buyer.name, one.created_at) for one in said} == {
        ("VXNlcjo0Nw==", "ali@example.test", "علی رضایی", "2026-11-21T21:13:09.690Z")
    }
    renamed = [read(r.topic, r.body)[0] for r in STORY if r.topic == "customer_updated"]
    assert {one.buyer.name for one in renamed} == {"علی رضایی تبار"}
    assert min(one.updated_at for one in renamed) > max(one.updated_at for one in said)


def account(**change: object) -> AccountSeen:
    user = {**ali(), "dateJoined": AT_NOON, "updatedAt": AT_NOON, "languageCode": "FA", **change}
    (event,) = read("customer_updated", {"__typename": "CustomerUpdated", "issuedAt": AT_ONE, "user": user})
    return event


def test_the_time_of_telling_is_the_accounts_version():
    """A changed metadata, and with it a consent, leaves `updatedAt` as it was."""
    assert account().updated_at == AT_ONE
    user = {**ali(), "dateJoined": AT_HALF_PAST, "updatedAt": AT_NOON}
    assert people.read_account(Node(user), SHOP, HEARD).updated_at == AT_NOON


def test_a_consent_counts_from_the_earliest_and_its_withdrawal_from_the_latest_moment():
    (given,) = account(metadata=[{"key": "ecrm_consent", "value": "yes"}]).buyer.consents
    (withdrawn,) = account(metadata=[{"key": "ecrm_consent", "value": "unsubscribed"}]).buyer.consents
    assert (given.at, withdrawn.at) == (AT_NOON, AT_ONE)


def test_an_account_without_its_address_is_refused():
    """A query that leaves it out would otherwise part every account from its orders."""
    with pytest.raises(Unreadable, match="email"):
        account(email=None)


def test_a_checkout_is_a_cart():
    (cart,) = read("checkout_created", next(r for r in STORY if r.topic == "checkout_created").body)
    assert isinstance(cart, CartSeen)
    assert (cart.buyer.email, cart.currency, cart.updated_at) == (
        "sara.oneil@example.test",
        "USD",
        "2026-11-21T21:13:10.170Z",
    )
    assert cart.lines == (Line(None, "UHJvZHVjdFZhcmlhbnQ6Mzg0", None, "پیراهن «نخی»", 2, 199, 398),)
    asked = {
        "id": cart.cart_id,
        "updatedAt": cart.updated_at,
        "email": "sara.oneil@Example.test",
        "languageCode": "FA",
        "channel": {"currencyCode": "USD"},
        "user": None,
        "billingAddress": {
            "firstName": "Sara",
            "lastName": "O'Neil",
            "phone": "+12125551234",
            "country": {"code": "US"},
        },
        "lines": [
            {
                "quantity": 2,
                "undiscountedUnitPrice": {"amount": 1.99, "currency": "USD"},
                "variant": {"id": "UHJvZHVjdFZhcmlhbnQ6Mzg0", "product": {"name": "پیراهن «نخی»"}},
            }
        ],
    }
    assert read("checkout_updated", {"__typename": "CheckoutUpdated", "checkout": asked}) == [cart]


def shirt(**change: object) -> dict:
    def listing(currency: str, price: float, shown: bool = True) -> dict:
        cost = {"amount": price, "currency": currency}
        return {"isPublished": shown, "channel": {"currencyCode": currency}, "discountedPrice": cost}

    return {
        "id": "UHJvZHVjdDoxMjg=",
        "name": "پیراهن «نخی»",
        "updatedAt": AT_NOON,
        "thumbnail": {"url": "https://shop.test/shirt.png"},
        "category": {"name": "Shirts"},
        "collections": [{"name": "Nowruz"}],
        "channelListings": [listing("PLN", 80.5), listing("USD", 19.99), listing("USD", 1, shown=False)],
        "variants": [{"quantityAvailable": 0}, {"quantityAvailable": 3}],
        **change,
    }


def product(**change: object) -> Product:
    (event,) = read("product_updated", {"__typename": "ProductUpdated", "issuedAt": AT_ONE, "product": shirt(**change)})
    return event.product


def test_a_product_is_shown_with_the_price_of_the_shops_own_currency():
    assert product() == Product(
        id="UHJvZHVjdDoxMjg=",
        title="پیراهن «نخی»",
        updated_at=AT_ONE,
        image="https://shop.test/shirt.png",
        price=1999,
        currency="USD",
        tags=("Nowruz",),
        categories=("Shirts",),
    )
    foreign = product(channelListings=shirt()["channelListings"][:1])
    assert (foreign.price, foreign.currency) == (8050, "PLN")
    assert product(channelListings=[]).available is False
    assert product(variants=[{"quantityAvailable": 0}]).available is False
    assert product(variants=[]).available is True
    hidden = {**shirt()["channelListings"][1], "isAvailableForPurchase": False}
    assert product(channelListings=[hidden]).available is False
    unlisted = {**shirt()["channelListings"][1], "visibleInListings": False}
    told = product(channelListings=[unlisted])
    assert (told.available, told.listed, told.price) == (True, False, product().price), "who has its address can buy it"
    assert product(channelListings=[{**unlisted, "visibleInListings": True}]) == product()
    assert product(channelListings=[unlisted, shirt()["channelListings"][0]]).currency == "PLN", "listed there"


def test_a_variant_tells_of_its_product():
    variant = {"id": "UHJvZHVjdFZhcmlhbnQ6Mzg0", "product": shirt()}
    body = {"__typename": "ProductVariantBackInStock", "issuedAt": AT_ONE, "productVariant": variant}
    assert read("product_variant_back_in_stock", body)[0].product == product()
    unasked = [{"type": "ProductVariant", "id": "UHJvZHVjdFZhcmlhbnQ6Mzg0", "product_id": "UHJvZHVjdDoxMjg="}]
    assert read("product_variant_updated", unasked) == []


def test_unasked_products_that_are_there_and_that_are_gone_are_told_apart():
    there = {
        "type": "Product",
        "id": "UHJvZHVjdDoxMjg=",
        "meta": {"issued_at": AT_ONE},
        "name": "پیراهن «نخی»",
        "category": {"name": "Shirts"},
        "collections": [{"name": "Nowruz"}],
        "media": [{"url": "https://shop.test/shirt.png"}],
        "channel_listings": [{"channel_slug": "us", "is_published": True}],
        "variants": [
            {"channel_listings": [{"channel_slug": "us", "currency": "USD", "price_amount": "29.99"}]},
            {"channel_listings": [{"channel_slug": "us", "currency": "USD", "price_amount": "19.99"}]},
        ],
    }
    gone = {"type": "Product", "id": there["id"], "meta": {"issued_at": AT_ONE}, "name": "x", "variants": ["VmFyOjE="]}
    assert read("product_updated", [there])[0].product == product()
    unlisted = {"channel_slug": "us", "is_published": True, "visible_in_listings": False}
    assert read("product_updated", [{**there, "channel_listings": [unlisted]}])[0].product.listed is False
    assert read("product_deleted", [gone])[0].product_id == there["id"]
    for topic, body in (("product_deleted", there), ("product_updated", gone)):
        with pytest.raises(Unreadable):
            read(topic, [body])


UNASKED = ("customer_created", "checkout_created", "order_refunded", "fulfillment_created")
WHOLE = {
    **{r.topic: json.loads(r.body) for r in STORY if r.way == "jws-legacy" and r.topic in UNASKED},
    "order_updated": {"__typename": "OrderUpdated", "order": order(user=ali(), transactions=[transaction(CHARGED)])},
    "account_confirmed": {"__typename": "AccountConfirmed", "user": {**ali(), "dateJoined": AT_NOON}},
    "product_updated": {"__typename": "ProductUpdated", "product": shirt()},
}
HOSTILE = [
    None,
    True,
    False,
    0,
    -1,
    10**30,
    1.5,
    "",
    "x",
    "\ud800",
    "1e999",
    "NaN",
    [],
    [[]],
    {},
    {"a": {}},
    [None],
    "۱۲",
]


def _places(value: object, path: tuple = ()) -> list[tuple]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for name, member in inner for place in _places(member, (*path, name)))]


def _with(value: object, path: tuple, hostile: object) -> object:
    if not path:
        return hostile
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _with(value[path[0]], path[1:], hostile)
    return copy


@pytest.mark.parametrize("topic", WHOLE)
def test_no_value_anywhere_in_a_body_raises_anything_but_unreadable(topic):
    refused = 0
    for path in _places(WHOLE[topic]):
        for hostile in HOSTILE:
            with suppress(Unreadable):
                refused += 1
                read(topic, _with(WHOLE[topic], path, hostile))
                refused -= 1
    assert refused > 50


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(webhook.TOPICS)), st.recursive(st.none() | st.booleans() | st.text(), st.lists))
def test_no_body_at_all_raises_anything_but_unreadable(topic, junk):
    for body in (junk, [junk], {"__typename": queries.typename(topic), "order": junk, "user": junk, "product": junk}):
        with pytest.raises(Unreadable):
            read(topic, body)


def test_there_is_a_query_for_every_event_and_no_other():
    assert set(queries.SUBSCRIPTIONS) == set(webhook.TOPICS)
    assert set(queries.SINCE) <= set(webhook.TOPICS)


@pytest.mark.parametrize("topic", queries.SUBSCRIPTIONS)
def test_a_query_is_whole_and_asks_for_what_every_reader_needs(topic):
    text = queries.SUBSCRIPTIONS[topic]
    assert text.count("{") == text.count("}")
    assert sorted(re.findall(r"fragment (\w+) on", text)) == sorted(set(re.findall(r"\.\.\.(\w+)", text)))
    assert f"... on {queries.typename(topic)} {{" in text
    assert "__typename issuedAt version recipient { id }" in text


def _names(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


@pytest.mark.parametrize(
    ("fragments", "body"),
    [
        (queries.ORDER + queries.ADDRESS, order(user=ali(), payments=[{"transactions": [capture(1)]}])),
        (queries.PRODUCT, shirt()),
    ],
)
def test_every_field_of_the_orders_and_products_in_these_tests_is_asked_for(fragments, body):
    """Nobody reads what the shop never sends."""
    inner = {name for path in _places(body) for name in path if isinstance(name, str)}
    assert inner - {"key", "value"} <= _names(fragments)


def test_the_names_of_events():
    assert queries.typename("order_fully_paid") == "OrderFullyPaid"
    assert queries.typename("product_variant_back_in_stock") == "ProductVariantBackInStock"
