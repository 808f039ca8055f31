"""Standard bodies in our words: the samples worked out by hand, what follows from what is missing, and refusals."""

from __future__ import annotations

import base64
import copy
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.events import (
    AccountGone,
    AccountSeen,
    CartSeen,
    ConsentGiven,
    Event,
    OrderChanged,
    OrderGone,
    OrderSeen,
    Product,
    ProductGone,
    ProductSeen,
    Unreadable,
)
from chalicelib.domain.order import Buyer, Consent, Line, Order, Refund, canonical
from chalicelib.domain.shop import Shop
from chalicelib.platforms.standard.schema import FILE
from chalicelib.platforms.standard.signature import TOPICS, key, sign, topic, verify
from chalicelib.platforms.standard.webhook import read

SAMPLES = Path(__file__).parents[1] / "webhooks" / "standard" / "samples"
SCHEMA = json.loads(FILE.read_text())
SHOP = Shop("acme", "standard", "2026-01-01T00:00:00Z", currency="IRT", country="IR")
RECEIVED = "2026-11-21T12:00:05Z"
SAID_AT = "2026-11-21T12:00:00Z"
SECRET = "whsec_bWVtb3JhYmxlLWtleS1vZi1hLWhvbWUtbWFkZS1zaG9w"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)

TEA = "چای دارجیلینگ ۲۵۰ گرمی"
MARYAM = Buyer("7", "maryam@example.test", "+989121112233", "مریم احمدی", "fa-IR", "IR")


def bodies(folder: str) -> dict[str, dict]:
    files = sorted((SAMPLES / folder).glob("*.json"))
    return {file.stem: json.loads(base64.b64decode(json.loads(file.read_text())["body_base64"])) for file in files}


OURS = bodies("standard")
LEAST = {"id": "A1", "currency": "USD", "total": 1250, "placed_at": "2026-11-20T09:00:00Z"}


def tell(body: object, shop: Shop = SHOP) -> list[Event]:
    return read("", {}, json.dumps(body).encode(), received_at=RECEIVED, shop=shop)


def say(type_: str, data: object, shop: Shop = SHOP) -> list[Event]:
    return tell({"type": type_, "timestamp": SAID_AT, "data": data}, shop)


def order(type_: str = "order.updated", **changed: object) -> Order:
    """The least order that can be said, with members changed, as read."""
    (seen,) = say(type_, {**LEAST, **changed})
    assert isinstance(seen, OrderSeen)
    return seen.order


def refusal(type_: str, data: object) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        say(type_, data)
    return caught.value


class TestOurSamples:
    ORDER = Order(
        id="A-1001",
        number="1001",
        status="placed",
        payment="none",
        fulfilment="none",
        currency="IRR",
        currency_original="IRT",
        total=3_950_000,
        subtotal=4_000_000,
        discount=400_000,
        tax=0,
        shipping=350_000,
        placed_at="2026-11-02T08:55:00Z",
        updated_at="2026-11-02T08:55:00Z",
        buyer=replace(MARYAM, consents=(Consent("email", "subscribed", "checkout", "2026-11-02T08:54:40Z"),)),
        lines=(Line("tea-250", None, "TEA-250", TEA, 2, 1_800_000, 3_600_000),),
        coupons=("YALDA",),
    )
    PAID = replace(ORDER, payment="paid", paid_at="2026-11-02T09:03:00Z", updated_at="2026-11-02T09:03:00Z")
    DELIVERED = replace(
        PAID,
        status="completed",
        fulfilment="delivered",
        fulfilled_at="2026-11-04T09:00:00Z",
        updated_at="2026-11-04T09:00:00Z",
    )
    REFUNDED = replace(
        DELIVERED,
        payment="partly_refunded",
        updated_at="2026-11-07T09:00:00Z",
        refunds=(Refund("r1", 1_800_000, "2026-11-07T09:00:00Z", "بسته باز شده بود"),),
    )
    TEAPOT = Order(
        id="5001",
        number="#5001",
        status="placed",
        payment="none",
        fulfilment="none",
        currency="USD",
        currency_original="USD",
        total=4_299,
        subtotal=3_500,
        discount=0,
        tax=299,
        shipping=500,
        placed_at="2026-11-02T09:10:00Z",
        updated_at="2026-11-02T09:10:00Z",
        cash_on_delivery=True,
        buyer=Buyer(None, "joan.ames@example.test", "+12025550143", "Joan Ames", None, "US"),
        lines=(Line("pot-1", None, None, "Teapot", 1, 3_500, 3_500),),
    )
    CANCELLED = replace(
        TEAPOT, status="cancelled", cancelled_at="2026-11-02T13:00:00Z", updated_at="2026-11-02T13:00:00Z"
    )
    EXPECTED: ClassVar = {
        "001-order.created": OrderSeen(ORDER),
        "002-order.paid": OrderSeen(PAID),
        "003-order.fulfilled": OrderSeen(DELIVERED),
        "004-order.refunded": OrderSeen(REFUNDED),
        "005-order.created": OrderSeen(TEAPOT),
        "006-order.cancelled": OrderSeen(CANCELLED),
        "007-order.updated": OrderChanged("A-1001", "2026-11-02T14:00:00Z"),
        "008-order.deleted": OrderGone("5001", "2026-11-08T09:00:00Z"),
        "009-customer.created": AccountSeen(MARYAM, "2026-11-02T08:55:00Z", "2026-11-02T08:55:00Z", ("newsletter",)),
        "010-customer.consent": ConsentGiven(
            "7",
            "maryam@example.test",
            None,
            Consent("email", "unsubscribed", "account page", "2026-11-10T08:59:30Z"),
        ),
        "011-customer.deleted": AccountGone("7", "2026-11-11T09:00:00Z"),
        "012-product.updated": ProductSeen(
            Product(
                "tea-250",
                TEA,
                "2026-11-01T09:00:00Z",
                "https://shop.example.test/tea-250",
                "https://shop.example.test/tea-250.jpg",
                2_000_000,
                "IRR",
                True,
                ("بهاره",),
                ("چای",),
                "fa-IR",
            )
        ),
        "013-product.deleted": ProductGone("pot-1", "2026-11-12T09:00:00Z"),
        "014-cart.updated": CartSeen(
            "cart-77",
            Buyer("7", "maryam@example.test"),
            (Line("tea-250", None, None, TEA, 2, 2_000_000, 4_000_000),),
            "IRR",
            "2026-11-02T08:58:00Z",
        ),
    }

    def test_every_sample_is_expected(self):
        assert set(self.EXPECTED) == set(OURS)

    @pytest.mark.parametrize("name", OURS)
    def test_a_sample_says(self, name):
        assert tell(OURS[name]) == [self.EXPECTED[name]]

    @pytest.mark.parametrize("name", OURS)
    def test_a_sample_fits_the_published_schema_by_another_validator(self, name):
        assert list(jsonschema.Draft7Validator(SCHEMA).iter_errors(OURS[name])) == []


def test_the_published_schema_is_one_and_names_the_same_types():
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert SCHEMA["properties"]["type"]["enum"] == list(TOPICS)


@pytest.mark.parametrize(("folder", "count"), [("medusa", 12), ("vendure", 17)])
def test_an_engines_own_words_are_authentic_but_unreadable(folder, count):
    """All but one: Medusa's customer.deleted is {"id": …}, word for word what ours is."""
    told = bodies(folder)
    assert len(told) == count
    readable = {}
    for name, body in told.items():
        try:
            readable[name] = tell(body)
        except Unreadable as refused:
            assert refused.field == "type" if body["type"] not in TOPICS else refused.field.startswith("data.")  # noqa: PT017
    gone = AccountGone("cus_01M7ZZQG7ZKKA2AH9N5S9G4XG2", "2026-11-21T21:20:52.547Z")
    assert readable == ({"012-customer.deleted": [gone]} if folder == "medusa" else {})


class TestSigning:
    BODY = b'{"type":"order.updated","data":{}}'

    def headers(self, **changed: str) -> dict[str, str]:
        return {**sign(self.BODY, SECRET, topic="order.updated", now=NOON, id="msg_1"), **changed}

    @pytest.mark.parametrize(("minutes", "fits"), [(-5.1, False), (-5, True), (0, True), (5, True), (5.1, False)])
    def test_five_minutes_either_way_are_tolerated(self, minutes, fits):
        assert verify(self.headers(), self.BODY, [SECRET], NOON + timedelta(minutes=minutes)) is fits

    def test_the_id_and_the_timestamp_are_signed(self):
        assert not verify(self.headers(**{"webhook-id": "msg_2"}), self.BODY, [SECRET], NOON)
        later = str(int(NOON.timestamp()) + 1)
        assert not verify(self.headers(**{"webhook-timestamp": later}), self.BODY, [SECRET], NOON)
        assert not verify(self.headers(**{"webhook-id": ""}), self.BODY, [SECRET], NOON)

    def test_an_id_is_needed_even_if_it_was_signed_without_one(self):
        assert not verify(sign(self.BODY, SECRET, topic="", now=NOON, id=""), self.BODY, [SECRET], NOON)

    @pytest.mark.parametrize(
        "secret", ["whsec_not base64!", "whsec_YWJj!", "whsec_YWJjZ", "whsec_YQ==YQ==", "whsec_کلید"]
    )
    def test_a_secret_that_is_not_base64_is_none(self, secret):
        assert key(secret) is None

    def test_svix_names_do_as_well_but_the_two_families_do_not_mix(self):
        svix = {name.replace("webhook-", "svix-"): value for name, value in self.headers().items()}
        assert verify(svix, self.BODY, [SECRET], NOON)
        mixed = {name: value for name, value in self.headers().items() if name != "webhook-id"}
        assert not verify({**mixed, "svix-id": "msg_1"}, self.BODY, [SECRET], NOON)

    def test_one_good_signature_among_others_is_enough(self):
        good = self.headers()["webhook-signature"]
        both = f"v1a,xyz v1,{'A' * 43}= {good}"
        assert verify(self.headers(**{"webhook-signature": both}), self.BODY, [SECRET], NOON)
        assert not verify(self.headers(**{"webhook-signature": good.replace("v1,", "v1a,")}), self.BODY, [SECRET], NOON)
        assert not verify(self.headers(**{"webhook-signature": good.replace("v1,", "")}), self.BODY, [SECRET], NOON)

    def test_a_secret_may_lack_its_padding_or_its_prefix(self):
        padded = "whsec_cGFkZGVkISE="
        headers = sign(self.BODY, padded, topic="", now=NOON, id="m")
        for same in ("whsec_cGFkZGVkISE", "cGFkZGVkISE=", " whsec_cGFkZGVkISE=\n"):
            assert verify(headers, self.BODY, [same], NOON)

    def test_the_leading_type_is_the_topic(self):
        assert topic({}, self.BODY) == "order.updated"
        assert topic({}, b'{ "type" : "order.paid"}') == "order.paid"
        for body in (b"", b"[]", b'{"data":{"type":"order.paid"}}', b'{"type":"<script>"}', b'{"type":7}'):
            assert topic({}, body) == ""


class TestWhatIsMissingFollows:
    def test_the_least_order(self):
        least = order()
        assert (least.number, least.status, least.payment, least.fulfilment) == ("A1", "placed", "none", "none")
        assert (least.total, least.subtotal, least.currency_original) == (1250, 1250, "USD")
        assert (least.updated_at, least.buyer, least.lines) == (SAID_AT, Buyer(), ())

    def test_null_is_the_same_as_missing(self):
        names = SCHEMA["definitions"]["order"]["properties"]
        absent = {name: None for name in names if name not in ("id", "currency", "total", "placed_at")}
        assert order(**absent) == order()

    def test_without_a_timestamp_it_happened_when_we_heard_of_it(self):
        (seen,) = tell({"type": "order.created", "data": {"id": 7, "currency": "USD", "total": 1}})
        assert (seen.order.placed_at, seen.order.updated_at) == (RECEIVED, RECEIVED)

    @pytest.mark.parametrize(
        ("type_", "status", "payment", "fulfilment"),
        [
            ("order.created", "placed", "none", "none"),
            ("order.paid", "placed", "paid", "none"),
            ("order.fulfilled", "placed", "none", "fulfilled"),
            ("order.cancelled", "cancelled", "none", "none"),
        ],
    )
    def test_a_type_says_what_the_data_does_not(self, type_, status, payment, fulfilment):
        told = order(type_)
        assert (told.status, told.payment, told.fulfilment) == (status, payment, fulfilment)
        assert (told.paid_at, told.fulfilled_at, told.cancelled_at) == tuple(
            SAID_AT if type_ == wanted else None for wanted in ("order.paid", "order.fulfilled", "order.cancelled")
        )

    def test_the_data_goes_before_the_type(self):
        told = order("order.paid", status="pending", payment="authorized", updated_at="2026-11-21T10:00:00+01:00")
        assert (told.status, told.payment, told.paid_at) == ("pending", "authorized", None)
        assert told.updated_at == "2026-11-21T09:00:00Z"

    def test_paid_without_a_time_was_paid_when_it_was_placed(self):
        assert order(payment="paid").paid_at == "2026-11-20T09:00:00Z"
        assert order(payment="paid").paid

    def test_an_order_that_does_not_say_when_it_was_placed(self):
        without = {name: value for name, value in LEAST.items() if name != "placed_at"}
        assert refusal("order.updated", without).field == "data.placed_at"
        (created,) = say("order.created", without)
        (dated,) = say("order.updated", {**without, "created_at": "2026-11-19T00:00:00Z"})
        assert (created.order.placed_at, dated.order.placed_at) == (SAID_AT, "2026-11-19T00:00:00Z")

    def test_refunds_say_what_was_given_back(self):
        assert order("order.refunded", refunds=[{"id": "r", "amount": 50}]).payment == "partly_refunded"
        assert order("order.refunded", refunds=[{"id": "r", "amount": 1250}]).payment == "refunded"
        assert order("order.refunded", refunded=50).refunds == (Refund("refunded", 50),)
        assert refusal("order.refunded", LEAST).field == "data.refunds"

    def test_cash_on_delivery_counts_once_it_is_completed(self):
        assert not order("order.fulfilled", payment_method="cod").paid
        assert order(payment_method="COD", status="completed").paid

    def test_a_test_order_counts_for_nothing(self):
        assert not order(test=True, payment="paid").placed


class TestAmounts:
    @pytest.mark.parametrize(
        ("money", "currency", "said", "minor"),
        [
            ("minor", "USD", 1250, 1250),
            ("minor", "USD", "1250", 1250),
            ("decimal", "USD", "12.50", 1250),
            ("decimal", "USD", 12.5, 1250),
            ("decimal", "USD", 12, 1200),
            ("decimal", "USD", "0.1", 10),
            ("decimal", "KWD", "1.2345", 1235),
            (None, "USD", 1250, 1250),
            (None, "USD", "12.50", 1250),
            (None, "USD", "1250", 125_000),
            ("minor", "IRT", 5, 50),
            ("decimal", "IRT", "۵", 50),
            ("minor", "IRHT", 5, 50_000),
            ("minor", "IRR", 50, 50),
            ("decimal", "irt", "5", 50),
        ],
    )
    def test_an_amount_is(self, money, currency, said, minor):
        assert order(money=money, currency=currency, total=said).total == minor

    @pytest.mark.parametrize(
        ("money", "said"),
        [
            ("minor", "12.50"),
            ("minor", 12.5),
            ("minor", "x"),
            ("decimal", "12,50"),
            (None, 12.5),
            (None, -1),
            ("minor", 10**18),
            (None, None),
            (None, True),
            (None, {}),
        ],
    )
    def test_an_amount_is_not(self, money, said):
        assert refusal("order.updated", {**LEAST, "money": money, "total": said}).field == "data.total"

    def test_the_shops_own_code_is_kept_beside_amounts_in_rial(self):
        told = order(currency="IRR", currency_original="IRT", money="minor", total=50)
        assert (told.total, told.currency, told.currency_original) == (50, "IRR", "IRT")
        assert refusal("order.updated", {**LEAST, "currency_original": "IRT"}).field == "data.currency_original"

    def test_a_line_needs_a_total_or_a_price(self):
        lines = order(lines=[{"unit_price": 3, "quantity": 2}, {"total": 7, "quantity": 2}, {"total": 5}]).lines
        assert [(line.quantity, line.unit_price, line.total) for line in lines] == [(2, 3, 6), (2, 3, 7), (1, 5, 5)]
        assert refusal("order.updated", {**LEAST, "lines": [{"title": "x"}]}).field == "data.lines[0].unit_price"

    def test_a_price_without_a_currency_is_in_the_shops(self):
        (seen,) = say("product.updated", {"id": 1, "title": "Tea", "price": "12"})
        assert (seen.product.price, seen.product.currency) == (120, "IRR")

    def test_the_shop_itself_says_what_is_for_sale(self):
        for said, is_there in ((True, True), (None, True), (False, False)):
            (seen,) = say("product.updated", {"id": 1, "title": "Tea", "available": said})
            assert seen.product.available is is_there


class TestRefusals:
    @pytest.mark.parametrize(
        ("changed", "field", "reason"),
        [
            ({"paidat": "2026-11-21T00:00:00Z"}, "data.paidat", "is not one of our words (your own begin with x_)"),
            ({"total": None}, "data.total", "is missing"),
            ({"status": "shipped"}, "data.status", "should be one of draft, pending, placed"),
            ({"placed_at": 1795294922}, "data.placed_at", "should be text or null"),
            ({"placed_at": "yesterday"}, "data.placed_at", "is not a time"),
            ({"currency": "€"}, "data.currency", "is not in the right form"),
            ({"currency": "ABCD"}, "data.currency", "should be a currency's code"),
            ({"lines": {}}, "data.lines", "should be a list or null"),
            ({"lines": [{"total": 1, "quantity": -1}]}, "data.lines[0].quantity", "is out of range"),
            ({"lines": [{"total": 1}] * 1001}, "data.lines", "is longer than 1000"),
            ({"lines": [{"total": 1}, {"total": 1, "name": "Tea"}]}, "data.lines[1].name", "is not one of our words"),
            ({"customer": "Maryam"}, "data.customer", "should be an object"),
            ({"customer": {"consents": [{"state": "subscribed"}]}}, "data.customer.consents[0].channel", "is missing"),
            (
                {"lines": [{"total": 1, "product_id": "x" * 129}]},
                "data.lines[0].product_id",
                "is not in the right form",
            ),
            ({"refunds": [{"id": "r"}]}, "data.refunds[0].amount", "is missing"),
            ({"id": "a/b"}, "data.id", "is not in the right form"),
            ({"id": "a\n"}, "data.id", "is not in the right form"),
            ({"id": "a#b"}, "data.id", "is not in the right form"),
            ({"id": "x" * 129}, "data.id", "is not in the right form"),
        ],
    )
    def test_the_field_and_the_reason_are_named(self, changed, field, reason):
        refused = refusal("order.updated", {**LEAST, **changed})
        assert (refused.field, refused.reason[: len(reason)]) == (field, reason)

    @pytest.mark.parametrize("type_", ["order.placed", "", None, 7, ["order.paid"], {}])
    def test_a_type_that_we_do_not_know_is_a_mistake_worth_showing(self, type_):
        assert refusal(type_, LEAST).field == "type"

    @pytest.mark.parametrize("data", [None, [], "text", 7])
    def test_data_is_an_object(self, data):
        for type_ in TOPICS:
            assert refusal(type_, data).field == "data"

    def test_missing_data_is_named(self):
        with pytest.raises(Unreadable) as caught:
            tell({"type": "order.paid"})
        assert caught.value.field == "data"

    def test_a_reason_never_quotes_the_body(self):
        secret = "maryam@example.test"
        for name in SCHEMA["definitions"]["order"]["properties"]:
            for value in (secret, {secret: 1}, [secret], {"id": secret}):
                told = outcome("order.updated", {**LEAST, name: value})
                assert secret not in str(told) or not isinstance(told, Unreadable)
        assert secret not in str(refusal("order.updated", {**LEAST, secret: 1}))

    def test_words_of_the_shops_own_are_let_through(self):
        assert order(x_warehouse={"shelf": 7}, lines=[{"total": 1, "x_gift": True}]).lines[0].total == 1


class TestCustomers:
    def test_an_id_alone_is_no_snapshot(self):
        assert refusal("customer.updated", {"id": "7"}).reason == "says nothing but an id"
        assert refusal("customer.updated", {"email": "a@b.test"}).field == "data.id"
        assert refusal("customer.updated", {"id": None, "email": "a@b.test"}).field == "data.id"

    @pytest.mark.parametrize(
        "data",
        [
            {"id": 7, "channel": "email", "state": "subscribed", "at": SAID_AT},
            {"id": "7", "consents": [{"channel": "email", "state": "subscribed"}]},
            {"customer": {"id": "7"}, "consents": [{"channel": "email", "state": "subscribed"}]},
            {"customer": {"id": "7", "consents": [{"channel": "email", "state": "subscribed"}]}},
        ],
    )
    def test_a_consent_may_be_said_in_several_ways(self, data):
        assert say("customer.consent", data) == [
            ConsentGiven("7", None, None, Consent("email", "subscribed", "standard", SAID_AT))
        ]

    def test_a_consent_needs_somebody_and_something(self):
        assert "names nobody" in refusal("customer.consent", {"channel": "email", "state": "subscribed"}).reason
        assert refusal("customer.consent", {"id": "7", "channel": "email"}).field == "data.state"
        assert refusal("customer.consent", {"id": "7", "consents": []}).field == "data.channel"

    def test_an_untimed_consent_in_an_order_stays_untimed(self):
        told = order(customer={"email": "a@b.test", "consents": [{"channel": "sms", "state": "subscribed"}]})
        assert told.buyer.consents == (Consent("sms", "subscribed", "standard", None),)


def outcome(type_: str, data: object) -> list[Event] | Unreadable:
    try:
        return say(type_, data)
    except Unreadable as refused:
        return refused


SURPRISES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**70), 10**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=30),
    st.sampled_from(["", "0", "-1", "1e9", "۱۲", "٫", "\ud800", "\x00", "2026-13-01", "IRT", "minor", "x" * 9999]),
    st.lists(st.none() | st.integers() | st.text(max_size=3), max_size=3),
    st.dictionaries(st.sampled_from(["id", "channel", "total", "x_a", "b"]), st.none() | st.integers(), max_size=3),
)


def places(value: object, path: tuple = ()) -> list[tuple]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path] * bool(path) + [deeper for key, member in members for deeper in places(member, (*path, key))]


PLACES = [(name, path) for name, body in OURS.items() for path in places(body)]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PLACES), min_size=1, max_size=2), st.data())
def test_a_body_with_surprises_is_read_or_refused_but_never_breaks(chosen, data):
    name = chosen[0][0]
    body = copy.deepcopy(OURS[name])
    for _, path in (place for place in chosen if place[0] == name):
        _put(body, path, data.draw(SURPRISES))
    told = outcome_of(body)
    if isinstance(told, Unreadable):
        assert told.reason
        return
    for event in told:
        repr(event).encode()
        if isinstance(event, OrderSeen):
            canonical(event.order).encode()


def outcome_of(body: object) -> list[Event] | Unreadable:
    try:
        return tell(body)
    except Unreadable as refused:
        return refused


def _put(body: object, path: tuple, value: object) -> None:
    try:
        for key in path[:-1]:
            body = body[key]
        body[path[-1]] = value
    except (KeyError, IndexError, TypeError):
        pass  # an earlier surprise took the place away


def test_a_draft_is_nobodys_order_yet() -> None:
    assert say("order.updated", {**LEAST, "status": "draft"}) == []
