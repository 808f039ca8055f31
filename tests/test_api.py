"""The partner API: what it answers, to whom, and what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock, envelope, keys
from chalicelib.domain.customer import Contact
from chalicelib.domain.order import Buyer, Consent, Refund
from chalicelib.domain.people import clean_name
from chalicelib.table import base, customers, due, names, quarantine, shops, suppression
from chalicelib.work import aws, read_health
from chalicelib.work.read_views import money
from infra.local import customer_page
from tests.acme import MASTER, NOW, SARA, YES, day, open_shop, order, see, see_account
from tests.fake_dynamo import instead_of_dynamodb
from tests.gateway import Answered, ask, partner

ACCOUNT = Buyer(account="7", email="sara@example.test", name="Sara Ahmadi")


@pytest.fixture(autouse=True)
def _at_noon(table: str) -> None:
    clock.use(lambda: NOW)


def ids_of(answer: Answered) -> list[str]:
    assert answer.status == 200, answer.text
    return [item["id"] for item in answer.json["items"]]


def only(answer: Answered) -> dict[str, Any]:
    assert answer.status == 200, answer.text
    (item,) = answer.json["items"]
    return item


def problem(answer: Answered) -> tuple[int, str | None]:
    """Status and field of a problem."""
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["status"] == answer.status
    assert answer.json["title"]
    return answer.status, answer.json.get("field")


def all_pages(get: Any, path: str, **query: Any) -> list[list[str]]:
    pages, cursor = [], None
    for _ in range(20):
        answer = get(path, **query, **({"cursor": cursor} if cursor else {}))
        pages.append(ids_of(answer))
        cursor = answer.json["next"]
        if cursor is None:
            return pages
    raise AssertionError("pages without an end")


# --- customers -------------------------------------------------------------------------------------------------------


def test_a_customer_is_told_in_the_fixed_words() -> None:
    shop, key = open_shop()
    refund = Refund("r-1", 500, day(9), "one bowl was chipped")
    see(shop, order("18", replace(SARA, consents=(YES,)), refunds=(refund,), updated_at=day(9)))
    see(shop, order("19", placed_at=day(5), payment="none", paid_at=None))
    see_account(shop, ACCOUNT, "2026-09-01T00:00:00Z", tags=("vip",))
    suppression.add(shop, "email:sara@example.test", "complaint", day(10))
    found = only(partner(key)("/v1/customers", email="SARA@example.test"))
    merged = found.pop("merged_from")
    assert len(merged) == 1
    assert merged[0] > found["id"]
    assert found == {
        "id": found["id"],
        "name": "Sara Ahmadi",
        "emails": ["sara@example.test"],
        "phones": ["+4915112345678"],
        "locale": "de",
        "country": "DE",
        "platform_ids": {"standard": "7"},
        "orders": {"placed": 2, "paid": 1},
        "totals": [
            {"currency": "EUR", "gross": money(2500, "EUR"), "refunded": money(500, "EUR"), "net": money(2000, "EUR")}
        ],
        "first_order_at": "2026-11-01T10:00:00Z",
        "last_order_at": day(5),
        "consents": [{"channel": "email", "state": "subscribed", "source": "checkout", "at": YES.at}],
        "suppressed": [{"channel": "email", "address": "sara@example.test", "reason": "complaint"}],
        "tags": ["vip"],
    }
    assert money(2500, "EUR") == {"amount": 2500, "currency": "EUR", "exponent": 2}


def test_the_id_of_a_merged_node_leads_to_the_customer_who_survived() -> None:
    shop, key = open_shop()
    see(shop, order())
    guest = customers.look_up(shop, "email:sara@example.test")[0]
    see_account(shop, ACCOUNT, "2026-09-01T00:00:00Z")
    account = customers.look_up(shop, "account:7")[0]
    answers = [partner(key)(f"/v1/customers/{node}").json for node in (guest, account)]
    assert answers[0] == answers[1]
    assert answers[0]["id"] == min(guest, account)
    assert answers[0]["merged_from"] == [max(guest, account)]


def test_first_and_last_order_leave_out_what_does_not_count() -> None:
    shop, key = open_shop()
    see(shop, order("1", placed_at=day(1), status="cancelled"), order("2", placed_at=day(3)))
    see(shop, order("3", placed_at=day(6)), order("4", placed_at=day(8), test=True))
    found = only(partner(key)("/v1/customers", email=SARA.email))
    assert (found["first_order_at"], found["last_order_at"]) == (day(3), day(6))


@pytest.mark.parametrize("number", ["+4915112345678", "01511 2345678", " 4915112345678"])
def test_a_phone_is_found_however_it_is_written(number: str) -> None:
    shop, key = open_shop()
    see(shop, order())
    assert only(partner(key)("/v1/customers", phone=number))["name"] == "Sara Ahmadi"


@pytest.mark.parametrize("asked", ["18", "R-18"])
def test_a_customer_is_found_by_her_orders_id_and_number(asked: str) -> None:
    shop, key = open_shop()
    see(shop, order())
    assert only(partner(key)("/v1/customers", order=asked))["emails"] == ["sara@example.test"]


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("Sara Ahmadi", "sar"),
        ("Sara Ahmadi", "AHM"),
        ("Sara Ahmadi", "sara ahm"),
        ("José Ñandú", "nandu"),
        ("علی\u200cرضا كریمی", "علیرضا"),
        ("علی\u200cرضا كریمی", "کریمی"),
        ("علی\u200cرضا كریمی", "علی"),
        ("Maria del Carmen Lopez Garcia", "garcia"),
    ],
)
def test_a_customer_is_found_by_the_beginning_of_her_name(name: str, asked: str) -> None:
    shop, key = open_shop()
    see(shop, order("1", Buyer(email="one@example.test", name=clean_name(name))))
    see(shop, order("2", Buyer(email="two@example.test", name="Somebody Else")))
    assert only(partner(key)("/v1/customers", q=asked))["emails"] == ["one@example.test"]


def test_a_name_that_changed_is_found_by_the_new_one_only() -> None:
    shop, key = open_shop()
    see(shop, order("1"), order("1", replace(SARA, name="Sara Berger"), updated_at=day(9)))
    assert len(partner(key)("/v1/customers", q="berger").json["items"]) == 1
    assert partner(key)("/v1/customers", q="ahmadi").json["items"] == []


def test_who_has_two_nodes_and_two_fitting_names_is_listed_once() -> None:
    shop, key = open_shop()
    see(shop, order("1", replace(SARA, name="Sara Sarafian")))
    see_account(shop, replace(ACCOUNT, name="Sara Sarafian"), "2026-09-01T00:00:00Z")
    assert len(partner(key)("/v1/customers", q="sara").json["items"]) == 1
    assert len(partner(key)("/v1/customers").json["items"]) == 1


def test_a_name_costs_three_rows_at_most() -> None:
    shop, _ = open_shop()
    see(shop, order("1", replace(SARA, name="Maria del Carmen Lopez Garcia")))
    assert len([row for row in base.Row.scan() if isinstance(row, names.NameRow)]) == 3


def test_customers_are_listed_page_by_page_whoever_ordered_last_first() -> None:
    shop, key = open_shop()
    for number in range(1, 8):
        see(shop, order(str(number), Buyer(email=f"c{number}@example.test"), placed_at=day(number)))
    pages = all_pages(partner(key), "/v1/customers", limit=3)
    assert [len(page) for page in pages] == [3, 3, 1]
    emails = [only_email(key, customer) for page in pages for customer in page]
    assert emails == [f"c{number}@example.test" for number in range(7, 0, -1)]


def only_email(key: str, customer: str) -> str:
    return partner(key)(f"/v1/customers/{customer}").json["emails"][0]


def test_people_who_share_a_phone_come_in_pages_too() -> None:
    shop, key = open_shop()
    for number in range(5):
        see(shop, order(str(number), replace(SARA, email=f"c{number}@example.test")))
    pages = all_pages(partner(key), "/v1/customers", phone=SARA.phone, limit=2)
    assert [len(page) for page in pages] == [2, 2, 1]
    assert len({customer for page in pages for customer in page}) == 5


# --- orders and follow-ups -------------------------------------------------------------------------------------------


def test_an_order_is_told_in_the_fixed_words() -> None:
    shop, key = open_shop()
    refund = Refund("r-1", 500, day(9), "one bowl was chipped")
    see(shop, order("18", refunds=(refund,), coupons=("WELCOME",), payment="partly_refunded"))
    found = partner(key)("/v1/orders/18").json
    assert found == {
        "id": "18",
        "number": "R-18",
        "customer_id": only(partner(key)("/v1/customers", order="18"))["id"],
        "status": "placed",
        "payment": "partly_refunded",
        "fulfilment": "none",
        "placed": True,
        "paid": True,
        "test": False,
        "currency": "EUR",
        "currency_original": "EUR",
        "total": money(2500, "EUR"),
        "subtotal": money(2500, "EUR"),
        "discount": money(0, "EUR"),
        "tax": money(399, "EUR"),
        "shipping": money(0, "EUR"),
        "refunded": money(500, "EUR"),
        "net": money(2000, "EUR"),
        "refunds": [{"id": "r-1", "amount": money(500, "EUR"), "at": day(9), "reason": "one bowl was chipped"}],
        "lines": [
            {
                "product_id": "p-1",
                "variant_id": None,
                "sku": "SKU-1",
                "title": "Walnut bowl",
                "quantity": 1,
                "unit_price": money(2500, "EUR"),
                "total": money(2500, "EUR"),
            }
        ],
        "coupons": ["WELCOME"],
        "placed_at": "2026-11-01T10:00:00Z",
        "paid_at": "2026-11-01T10:02:00Z",
        "fulfilled_at": None,
        "cancelled_at": None,
        "updated_at": "2026-11-01T10:05:00Z",
    }


def test_an_order_of_toman_is_rial_and_keeps_the_shops_own_code() -> None:
    shop, key = open_shop()
    see(shop, order("18", currency="IRR", currency_original="IRT", total=12_990_000))
    found = partner(key)("/v1/orders/18").json
    assert found["total"] == {"amount": 12_990_000, "currency": "IRR", "exponent": 0}
    assert found["currency_original"] == "IRT"


def test_an_order_whose_id_needs_escaping_is_found() -> None:
    shop, key = open_shop()
    see(shop, order("2026/№ 7#a"))
    assert partner(key)("/v1/orders/2026%2F%E2%84%96%207%23a").json["id"] == "2026/№ 7#a"


def test_orders_since_a_moment_come_oldest_first_over_the_months() -> None:
    shop, key = open_shop()
    placed = ["2026-08-30T10:00:00Z", "2026-09-30T23:59:59Z", "2026-10-01T00:00:00Z", "2026-11-20T00:00:00Z"]
    see(shop, *(order(str(n), placed_at=at, paid_at=at) for n, at in enumerate(placed)))
    see(shop, order("never", status="pending", placed_at=placed[2]))
    get = partner(key)
    assert ids_of(get("/v1/orders", placed_since="2026-09-01T00:00:00Z")) == ["1", "2", "3"]
    assert ids_of(get("/v1/orders", placed_since=placed[2])) == ["2", "3"]
    assert all_pages(get, "/v1/orders", limit=3) == [["0", "1", "2"], ["3"]]
    assert ids_of(get("/v1/orders", placed_since="0001-01-01")) == ["0", "1", "2", "3"]


def test_a_customers_orders_come_newest_first_from_all_of_her_nodes() -> None:
    shop, key = open_shop()
    see(shop, order("1", placed_at=day(1)), order("2", replace(SARA, account="7"), placed_at=day(2)))
    see(shop, order("3", placed_at=day(3)), order("4", replace(SARA, account="7"), placed_at=day(4)))
    see_account(shop, ACCOUNT, "2026-09-01T00:00:00Z")
    customer = only(partner(key)("/v1/customers", email=SARA.email))["id"]
    assert all_pages(partner(key), f"/v1/customers/{customer}/orders", limit=3) == [["4", "3", "2"], ["1"]]


def test_a_follow_up_says_why_in_words() -> None:
    shop, key = open_shop()
    see(shop, order(), order(status="cancelled", updated_at=day(2), cancelled_at=day(2)))
    customer = only(partner(key)("/v1/customers", email=SARA.email))["id"]
    found = partner(key)(f"/v1/customers/{customer}/follow-ups").json["items"]
    assert {(one["flow"], one["state"]) for one in found} >= {("thank-you", "cancelled")}
    thanks = next(one for one in found if one["flow"] == "thank-you")
    assert partner(key)(f"/v1/follow-ups/{thanks['id']}").json == thanks
    assert (thanks["trigger"], thanks["customer_id"], thanks["sent_at"]) == ("18", customer, None)
    assert [(why["code"], why["text"]) for why in thanks["why"]] == [
        ("planned", "Planned for November 1, 2026 11:02."),
        ("order_cancelled", "Not sent: the order was cancelled."),
    ]


def test_a_persian_shop_reads_why_in_persian() -> None:
    shop, key = open_shop(locale="fa-IR", timezone="Asia/Tehran")
    see(shop, order(currency="IRR", currency_original="IRT", total=2_500_000))
    customer = only(partner(key)("/v1/customers", email=SARA.email))["id"]
    texts = [item["text"] for item in partner(key)(f"/v1/customers/{customer}/timeline").json["items"]]
    assert "سفارش \u2066R-18\u2069 ثبت شد: ۲۵۰٬۰۰۰\u00a0تومان".replace("\u2066", "\u2068") in texts
    assert any("برنامه‌ریزی شد" in text and "۱۴۰۵" in text for text in texts)


@pytest.mark.parametrize(("status", "kind"), [("pending", "order_started"), ("placed", "order_placed")])
def test_an_order_that_was_only_begun_does_not_read_as_placed(status: str, kind: str) -> None:
    shop, key = open_shop()
    see(shop, order("18", status=status, payment="none", paid_at=None))
    customer = only(partner(key)("/v1/customers", email=SARA.email))["id"]
    items = partner(key)(f"/v1/customers/{customer}/timeline").json["items"]
    (begun,) = [item for item in items if item["kind"].startswith("order_")]
    assert begun["kind"] == kind
    assert ("not placed yet" in begun["text"]) == (kind == "order_started")


def test_a_follow_up_on_the_timeline_names_its_flow_and_order() -> None:
    shop, key = open_shop()
    see(shop, order())
    customer = only(partner(key)("/v1/customers", email=SARA.email))["id"]
    items = partner(key)(f"/v1/customers/{customer}/timeline").json["items"]
    texts = {item["text"] for item in items if item["kind"] == "follow_up_planned"}
    assert any(text.startswith("Thank you (order ") and "Planned for November" in text for text in texts)


def test_the_timeline_tells_everything_newest_first_and_in_pages() -> None:
    shop, key = open_shop()
    refund = Refund("r-1", 2500, day(9))
    buyer = replace(SARA, consents=(YES,))
    see(shop, order("18", buyer, fulfilled_at=day(3)), now=NOW)
    see(shop, order("18", buyer, fulfilled_at=day(3), refunds=(refund,), cancelled_at=day(9), updated_at=day(9)))
    customer = only(partner(key)("/v1/customers", email=SARA.email))["id"]
    path = f"/v1/customers/{customer}/timeline"
    items = partner(key)(path, limit=100).json["items"]
    told = [item["kind"] for item in items]
    assert [item["at"] for item in items] == sorted((item["at"] for item in items), reverse=True)
    assert [kind for kind in told if not kind.startswith("follow_up")] == [
        "order_cancelled",
        "order_refunded",
        "order_fulfilled",
        "order_paid",
        "order_placed",
        "consent_subscribed",
    ]
    assert {"follow_up_planned", "follow_up_cancelled"} <= set(told)
    paged, cursor = [], None
    while cursor is not None or not paged:
        page = partner(key)(path, limit=2, **({"cursor": cursor} if cursor else {})).json
        paged += page["items"]
        cursor = page["next"]
    assert paged == items


# --- deliveries ------------------------------------------------------------------------------------------------------


def test_health_counts_what_came_and_what_waits(ministack: Any) -> None:
    _, key = open_shop()
    aws.reach().put("spool/acme/1", b"x")
    aws.reach().put("spool/acme-2/1", b"x")
    aws.inbox()("{}", "acme")
    found = partner(key)("/v1/health").json
    assert (found["waiting"], found["spooled"], found["received"]) == (1, 1, 0)
    assert set(found) == {
        *("received", "stored", "duplicate", "stale", "quarantined", "waiting", "spooled"),
        *("last_delivery_at", "orders_seen", "orders_in_shop", "missed", "refused", "old_secret", "recent"),
        *("lag_seconds", "shop", "import"),
    }


def quarantined(shop: str = "acme", body: bytes = b"{}") -> str:
    sealed = envelope.seal(
        envelope.Envelope(shop, "standard", "order.paid", {"webhook-signature": "v1,secret"}, day(3), True, body), None
    )
    quarantine.add(shop, sealed, "order.paid", day(3), "is missing", "data.id", NOW)
    return sealed


def test_quarantine_is_listed_without_headers_or_bodies() -> None:
    _, key = open_shop()
    quarantined(body=b'{"email":"sara@example.test"}')
    answer = partner(key)("/v1/quarantine")
    found = only(answer)
    assert {name: found[name] for name in ("reason", "field", "topic", "received_at", "replayed_at")} == {
        "reason": "is missing",
        "field": "data.id",
        "topic": "order.paid",
        "received_at": day(3),
        "replayed_at": None,
    }
    assert "signature" not in answer.text
    assert "sara" not in answer.text


def test_a_replayed_delivery_goes_to_the_inbox_and_stays_visible(monkeypatch: pytest.MonkeyPatch) -> None:
    _, key = open_shop()
    sealed, sent = quarantined(), []
    monkeypatch.setattr(aws, "inbox", lambda: lambda text, shop: sent.append((shop, text)))
    delivery = only(partner(key)("/v1/quarantine"))["id"]
    answer = partner(key, "POST")(f"/v1/quarantine/{delivery}/replay")
    assert (answer.status, answer.json) == (202, {"id": delivery, "replayed_at": "2026-11-21T12:00:00Z"})
    assert sent == [("acme", sealed)]
    assert only(partner(key)("/v1/quarantine"))["replayed_at"] == "2026-11-21T12:00:00Z"
    # It could not be taken in again: it is seen as before.
    assert quarantine.add("acme", sealed, "order.paid", day(3), "is missing", "data.id", NOW)
    assert only(partner(key)("/v1/quarantine"))["replayed_at"] is None


@pytest.mark.parametrize("delivery", ["q_", "nonsense", "q_AA=="])
def test_a_replay_of_nothing_is_not_found(delivery: str) -> None:
    _, key = open_shop()
    assert problem(partner(key, "POST")(f"/v1/quarantine/{delivery}/replay")) == (404, None)


# --- who may, and what is refused ------------------------------------------------------------------------------------


PATHS = [
    "/v1/customers",
    "/v1/customers/c_aaaaaaaaaaaaaaaaaaaaaaaaaa",
    "/v1/customers/c_aaaaaaaaaaaaaaaaaaaaaaaaaa/timeline",
    "/v1/customers/c_aaaaaaaaaaaaaaaaaaaaaaaaaa/follow-ups",
    "/v1/customers/c_aaaaaaaaaaaaaaaaaaaaaaaaaa/orders",
    "/v1/customers/c_aaaaaaaaaaaaaaaaaaaaaaaaaa/export",
    "/v1/orders",
    "/v1/orders/18",
    "/v1/follow-ups/f_x",
    "/v1/health",
    "/v1/quarantine",
]


@pytest.mark.parametrize("path", PATHS)
def test_without_the_key_nothing_is_answered(path: str) -> None:
    _, key = open_shop()
    pk = keys.publishable_key(MASTER, "acme")
    other = keys.secret_key(MASTER, "acme", generation=2)
    for header in ({}, {"Authorization": ""}, {"Authorization": key}, {"Authorization": f"Basic {key}"}):
        assert problem(ask("GET", path, header)) == (401, None)
    for wrong in (pk, other, "", key[:-1], f"{key}x", keys.secret_key(MASTER, "nobody"), "sk_acme_", "ключ"):
        answer = ask("GET", path, {"Authorization": f"Bearer {wrong}"})
        assert problem(answer) == (401, None)
        assert answer.headers["www-authenticate"] == "Bearer"


def test_a_shop_that_is_switched_off_is_told_so() -> None:
    _, key = open_shop(state="off")
    assert problem(partner(key)("/v1/health")) == (403, None)


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("/v1/customers", {"limit": "0"}, "limit"),
        ("/v1/customers", {"limit": "101"}, "limit"),
        ("/v1/customers", {"limit": "٥"}, "limit"),
        ("/v1/customers", {"limit": ["1", "2"]}, "limit"),
        ("/v1/customers", {"email": ""}, "email"),
        ("/v1/customers", {"email": "not an address"}, "email"),
        ("/v1/customers", {"phone": "not a number"}, "phone"),
        ("/v1/customers", {"q": "x"}, "q"),
        ("/v1/customers", {"q": "x" * 201}, "q"),
        ("/v1/customers", {"email": "a@example.test", "q": "sara"}, "q"),
        ("/v1/customers", {"name": "sara"}, "name"),
        ("/v1/customers", {"cursor": "nonsense"}, "cursor"),
        ("/v1/orders", {"placed_since": "yesterday"}, "placed_since"),
        ("/v1/orders/18", {"limit": "5"}, "limit"),
        ("/v1/health", {"shop": "other"}, "shop"),
    ],
)
def test_a_bad_parameter_is_named(path: str, query: dict[str, Any], field: str) -> None:
    _, key = open_shop()
    assert problem(partner(key)(path, **query)) == (400, field)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/customers/c_aaaaaaaaaaaaaaaaaaaaaaaaaa",
        "/v1/customers/%00",
        "/v1/customers/" + "x" * 3000,
        "/v1/orders/none",
        "/v1/orders/%FF%FE",
        "/v1/follow-ups/f_none",
        "/v1/follow-ups/none",
    ],
)
def test_what_is_not_there_is_not_found(path: str) -> None:
    _, key = open_shop()
    assert problem(partner(key)(path)) == (404, None)


def test_other_methods_and_bodies_are_refused() -> None:
    _, key = open_shop()
    auth = {"Authorization": f"Bearer {key}"}
    assert problem(ask("PUT", "/v1/orders/18", auth)) == (405, None)
    assert ask("PUT", "/v1/orders/18", auth).headers["allow"] == "GET"
    json_too = {**auth, "content-type": "application/json"}
    replay = "/v1/quarantine/q_x/replay"
    assert problem(ask("POST", replay, {**auth, "content-type": "text/xml"}, b"<a/>")) == (415, None)
    assert problem(ask("POST", replay, json_too, b"x" * 70_000)) == (413, None)
    assert problem(ask("POST", replay, json_too, b'{"a":1}')) == (400, "body")


def test_a_table_that_is_down_is_a_503_and_a_mistake_of_ours_a_500_without_details(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, key = open_shop()

    def fails(error: Exception) -> Any:
        def health(*_: object) -> None:
            raise error

        return health

    monkeypatch.setattr(read_health, "health", fails(base.Trouble("throttled")))
    answer = partner(key)("/v1/health")
    assert problem(answer) == (503, None)
    assert answer.headers["retry-after"] == "5"
    monkeypatch.setattr(read_health, "health", fails(ZeroDivisionError("sara@example.test")))
    answer = partner(key)("/v1/health")
    assert problem(answer) == (500, None)
    assert "sara" not in answer.text


# --- one shop never sees another's -----------------------------------------------------------------------------------


def test_another_shops_key_reads_nothing_of_this_shops() -> None:
    acme, key = open_shop()
    _, other = open_shop("bazaar")
    see(acme, order())
    quarantined()
    customer = only(partner(key)("/v1/customers", email=SARA.email))["id"]
    follow_up = partner(key)(f"/v1/customers/{customer}/follow-ups").json["items"][0]["id"]
    get = partner(other)
    for path in (f"/v1/customers/{customer}", "/v1/orders/18", f"/v1/follow-ups/{follow_up}"):
        assert partner(key)(path).status == 200
        assert problem(get(path)) == (404, None)
    for part in ("timeline", "follow-ups", "orders", "export"):
        assert problem(get(f"/v1/customers/{customer}/{part}")) == (404, None)
    for query in ({"email": SARA.email}, {"phone": SARA.phone}, {"order": "18"}, {"q": "sara"}, {}):
        assert get("/v1/customers", **query).json["items"] == []
    assert get("/v1/orders").json["items"] == []
    assert get("/v1/quarantine").json["items"] == []
    delivery = only(partner(key)("/v1/quarantine"))["id"]
    assert problem(partner(other, "POST")(f"/v1/quarantine/{delivery}/replay")) == (404, None)
    assert problem(partner(other, "DELETE")(f"/v1/customers/{customer}")) == (404, None)
    assert partner(key)(f"/v1/customers/{customer}").status == 200


def test_a_cursor_opens_only_the_list_it_was_made_for() -> None:
    acme, key = open_shop()
    bazaar, other = open_shop("bazaar")
    for shop in (acme, bazaar):
        see(shop, *(order(str(n), Buyer(email=f"c{n}@example.test", name="Sara A")) for n in range(4)))
    get = partner(key)
    cursor = get("/v1/customers", limit=2).json["next"]
    assert get("/v1/customers", limit=1, cursor=cursor).status == 200
    refused = [
        partner(other)("/v1/customers", limit=2, cursor=cursor),
        get("/v1/customers", limit=2, q="sara", cursor=cursor),
        get("/v1/orders", cursor=cursor),
        get("/v1/customers", cursor=cursor[:-1] + ("A" if cursor[-1] != "A" else "B")),
    ]
    assert [problem(answer) for answer in refused] == [(400, "cursor")] * 4


def test_a_shop_may_not_pose_as_another_by_its_slug() -> None:
    """`acme` and `acme-2` share a beginning; rows of one must not be read as the other's."""
    _, key = open_shop()
    longer, other = open_shop("acme-2")
    see(longer, order("99", Buyer(email="other@example.test", name="Other One")))
    assert partner(key)("/v1/customers").json["items"] == []
    assert only(partner(other)("/v1/customers"))["emails"] == ["other@example.test"]


def test_consents_without_a_time_are_told_last_and_are_not_on_the_timeline() -> None:
    shop, key = open_shop()
    buyer = replace(SARA, consents=(YES, Consent("sms", "subscribed", "import")))
    see(shop, order("18", buyer))
    found = only(partner(key)("/v1/customers", email=SARA.email))
    assert [one["at"] for one in found["consents"]] == [YES.at, None]
    kinds = [item["kind"] for item in partner(key)(f"/v1/customers/{found['id']}/timeline").json["items"]]
    assert kinds.count("consent_subscribed") == 1


def test_an_empty_contact_is_told_as_nothing() -> None:
    shop, key = open_shop()
    see(shop, order("18", Buyer(phone="+4915112345678")))
    found = only(partner(key)("/v1/customers", phone="+4915112345678"))
    assert (found["name"], found["emails"], found["locale"], found["platform_ids"]) == (None, [], None, {})
    assert Contact() == Contact(emails={})


def test_answers_are_utf8_json_that_nobody_caches() -> None:
    shop, key = open_shop()
    see(shop, order("18", replace(SARA, name="زهرا")))
    answer = partner(key)("/v1/customers", q="زهرا")
    assert "زهرا" in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert json.loads(answer.text)["items"][0]["name"] == "زهرا"
    assert shops.get("acme") is not None


def test_no_index_is_asked_for_what_it_does_not_hold() -> None:
    """PynamoDB would add the kind of the rows to the question, and no index holds it: nothing would ever be found."""
    asked: list[dict[str, Any]] = []
    with instead_of_dynamodb() as fake:
        shop, key = open_shop()
        see(shop, order())
        fake.before = lambda _, arguments: asked.append(arguments) if "IndexName" in arguments else None
        assert len(due.due_in("2026-11-21T12", NOW + timedelta(days=1), 10)) == 2
        assert len(partner(key)("/v1/customers").json["items"]) == 1
        assert len(partner(key)("/v1/orders").json["items"]) == 1
    assert {one["IndexName"] for one in asked} == {"due", "customers", "feed"}
    assert [one for one in asked if "FilterExpression" in one] == []


# --- the page of the local world --------------------------------------------------------------------------------------


def test_a_customers_page_is_escaped_and_reads_from_the_right_in_persian() -> None:
    shop, key = open_shop(locale="fa-IR", timezone="Asia/Tehran")
    see(shop, order("18", replace(SARA, name="زهرا <script>", consents=(YES,))))
    customer = only(partner(key)("/v1/customers", email=SARA.email))["id"]
    shown = customer_page.page("acme", customer)
    assert shown is not None
    assert '<html lang="fa" dir="rtl">' in shown
    assert "زهرا &lt;script&gt;" in shown
    assert "<script>" not in shown
    assert "۱۰ آبان ۱۴۰۵".replace(" ", "\u00a0") in shown
    assert f"/_local/customers/acme/{customer}" in str(customer_page.index("acme"))


def test_there_is_no_page_of_a_stranger() -> None:
    open_shop()
    assert customer_page.page("acme", "c_aaaaaaaaaaaaaaaaaaaaaaaaaa") is None
    assert customer_page.page("nobody", "c_aaaaaaaaaaaaaaaaaaaaaaaaaa") is None
    assert customer_page.index("nobody") is None
