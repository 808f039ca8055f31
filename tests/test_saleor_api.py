"""Asking a Saleor shop: what comes of its pages, its webhooks and its refusals. The shop is the pretend one, which is
held against the recorded answers first."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from graphql import parse, validate

from chalicelib.domain.events import AccountSeen, OrderSeen, ProductSeen
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.platforms import load_api
from chalicelib.platforms.saleor import about, api, graph, hooks, webhook
from chalicelib.platforms.saleor.manifest import manifest
from chalicelib.platforms.saleor.queries import SUBSCRIPTIONS
from chalicelib.platforms.shop_api import Denied, Finding, Link, Trouble
from chalicelib.safe_http import Answer, Unreachable
from infra.local.doubles.saleor import Double
from infra.local.doubles.saleor_shop import apps, goods
from infra.local.doubles.saleor_shop.apps import NotInstalled
from infra.local.doubles.saleor_shop.graph import SCHEMA
from infra.local.doubles.server import InProcess

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
URL = "https://acme.saleor.test"
HERE = "https://ecrm.acme.test/hooks/saleor/acme"
ANSWERS = Path(__file__).parents[1] / "webhooks" / "saleor" / "answers"
SHOP = Shop("acme", "saleor", "2026-01-01T00:00:00Z", currency="USD", api_url=f"{URL}/graphql/")
TOKEN = Double.CREDENTIALS["token"]


class Acme:
    """The shop, what it posted to whom, a clock, and our link to it. `status` is what its posts are answered."""

    def __init__(self) -> None:
        self.now, self.status = NOON, 200
        self.posted: list[tuple[str, dict[str, str], bytes]] = []
        self.shop = Double(URL, lambda: self.now, self._deliver)
        self.http = InProcess(self.shop, URL)
        self.link = Link(f"{URL}/graphql", self.shop.CREDENTIALS, self.http, lambda: self.now)

    def _deliver(self, address: str, headers: dict[str, str], body: bytes) -> int:
        self.posted.append((address, {name.lower(): value for name, value in headers.items()}, body))
        return self.status

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def listed(self, kind: str, since: str | None = None) -> list[Any]:
        """Every event of a listing, each page by another process."""
        found, cursor = [], None
        for _ in range(1000):
            page = api.page(replace(self.link), SHOP, kind, since, cursor)
            assert page.unread == ()
            assert len(page.next or "") <= 2000
            found += page.events
            cursor = json.loads(json.dumps(page.next))
            if cursor is None:
                return found
        raise AssertionError("a listing without an end")


@pytest.fixture
def acme() -> Acme:
    return Acme()


# --- the pretend shop ------------------------------------------------------------------------------------------------


def test_the_pretend_shop_pages_as_the_recorded_one_did(acme: Acme) -> None:
    pages = [json.loads((ANSWERS / f"orders-page{number}.json").read_text()) for number in (1, 2, 3)]
    for page in pages:
        for edge in page["body"]["data"]["orders"]["edges"]:
            node = edge["node"]
            order = goods.order(int(node["number"]), NOON, goods.product(1, NOON), None)
            acme.shop.orders[node["id"]] = {**order, **node}
    acme.shop.orders["draft"] = {**order, "id": "draft", "status": "DRAFT"}
    for page in pages:
        asked = {"query": page["request"]["query"], "variables": page["request"]["variables"]}
        headers = {"authorization": f"Bearer {TOKEN}"}
        status, _, body = acme.shop.answer("POST", "/graphql/", headers, json.dumps(asked).encode())
        assert status == page["status"]
        assert json.loads(body)["data"] == page["body"]["data"]


def test_every_question_of_ours_is_one_that_saleor_knows() -> None:
    asked = [*api.LISTINGS.values(), api.COUNT, about.SHOP, about.APP, graph.WHO]
    asked += [hooks.LIST, hooks.ADD, hooks.MEND, hooks.DROP, *SUBSCRIPTIONS.values()]
    assert [validate(SCHEMA, parse(query)) for query in asked] == [[] for _ in asked]


def test_a_page_of_more_than_a_hundred_is_refused(acme: Acme) -> None:
    asked = {"first": 101, "counted": False}
    with pytest.raises(Trouble, match="AssertionError"):
        graph.ask(acme.link, api.LISTINGS["orders"], **asked)


# --- facts -----------------------------------------------------------------------------------------------------------


def test_the_api_is_found_by_its_platform() -> None:
    assert load_api("saleor") is api
    assert api.KINDS == ("products", "customers", "orders")
    assert set(api.HOOK_TOPICS) < set(webhook.TOPICS)


def test_the_shop_says_who_it_is(acme: Acme) -> None:
    told = api.facts(acme.link)
    assert (told.name, told.currency, told.country) == ("Acme", "USD", "US")
    assert (told.address, told.version) == (f"{URL}/", "3.23.28")
    assert acme.http.asked == [("POST", f"{URL}/graphql/")]


def test_a_shop_in_order_gives_no_cause_for_worry(acme: Acme) -> None:
    assert {finding.level for finding in api.check(acme.link)} == {"ok"}


def test_missing_rights_are_named_with_what_they_are_for(acme: Acme) -> None:
    acme.shop.app.rights = {"MANAGE_ORDERS"}
    told = [finding for finding in api.check(acme.link) if finding.level != "ok"]
    assert [(one.level, one.what.rpartition(" ")[2]) for one in told] == [
        ("fail", "customers"),
        ("warn", "products"),
        ("warn", "carts"),
    ]
    assert "MANAGE_USERS" in told[0].remedy


@pytest.mark.parametrize(
    ("url", "says", "version", "level", "word"),
    [
        ("http://acme.saleor.test", "http://acme.saleor.test", "3.23.28", "warn", "http"),
        (URL, "https://copy.saleor.test", "3.23.28", "warn", "https://copy.saleor.test"),
        (URL, URL, "3.19.2", "fail", "3.19.2"),
    ],
)
def test_what_an_owner_should_know(
    acme: Acme, monkeypatch: pytest.MonkeyPatch, url: str, says: str, version: str, level: str, word: str
) -> None:
    acme.shop.url, acme.http.url = says, url
    monkeypatch.setattr("infra.local.doubles.saleor.VERSION", version)
    told = api.check(replace(acme.link, url=url))
    assert [(one.level, word in one.what) for one in told if one.level != "ok"] == [(level, True)]
    assert all(isinstance(one, Finding) and (one.remedy or one.level == "ok") for one in told)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://acme.saleor.cloud", "https://acme.saleor.cloud/graphql/"),
        ("https://acme.saleor.cloud/graphql", "https://acme.saleor.cloud/graphql/"),
        ("https://ACME.saleor.cloud:443/graphql/", "https://acme.saleor.cloud/graphql/"),
        ("http://[::1]:8000/api/graphql/", "http://[::1]:8000/api/graphql/"),
        ("https://acme.saleor.cloud@evil.test/graphql/", "https://acme.saleor.cloud@evil.test/graphql/"),
        ("no address", "no address"),
        ("https://acme:port/", "https://acme:port/"),
    ],
)
def test_an_api_address_has_one_form(url: str, address: str) -> None:
    assert graph.address(url) == address
    assert api.same_address(url, address)


@pytest.mark.parametrize(
    "other",
    ["", "https://evil.test/graphql/", "http://acme.saleor.test/graphql/", f"{URL}:8443/graphql/", f"{URL}/graphql/?x"],
)
def test_another_address_is_another_shop(other: str) -> None:
    assert not api.same_address(other, f"{URL}/graphql/")


# --- listings --------------------------------------------------------------------------------------------------------


def test_everything_comes_in_once(acme: Acme) -> None:
    acme.shop.fill(orders=220, days=100)
    orders = acme.listed("orders")
    assert [type(event) for event in orders] == [OrderSeen] * 220
    assert len({event.order.id for event in orders}) == 220 == api.count(acme.link)
    assert all(event.order.settled for event in orders)
    assert {type(event) for event in acme.listed("customers")} == {AccountSeen}
    assert {event.buyer.account for event in acme.listed("customers")} == set(acme.shop.accounts)
    assert [type(event) for event in acme.listed("products")] == [ProductSeen] * len(acme.shop.products)


def test_the_first_page_says_how_many_there_are(acme: Acme) -> None:
    acme.shop.fill(orders=150, days=10)
    first = api.page(acme.link, SHOP, "orders", None, None)
    assert (first.total, len(first.events)) == (150, 100)
    assert first.next
    second = api.page(acme.link, SHOP, "orders", None, first.next)
    assert (second.total, len(second.events), second.next) == (None, 50, None)


def test_drafts_are_neither_counted_nor_listed(acme: Acme) -> None:
    acme.shop.place_order()
    acme.shop.place_order(status="DRAFT")
    assert api.count(acme.link) == len(acme.listed("orders")) == 1


def test_only_what_changed_since_then_is_listed(acme: Acme) -> None:
    acme.shop.fill(orders=20, days=10)
    since = stamp(acme.now)
    changed = [acme.shop.place_order(), list(acme.shop.orders)[3]]
    acme.shop.change_order(changed[1], fulfil=True)
    assert {event.order.id for event in acme.listed("orders", since)} == set(changed)
    assert acme.listed("customers", since) == []


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_missed_while_the_shop_goes_on_selling(
    acme: Acme, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Placed, changed, deleted between the pages: whatever is there in the end was seen as it is in the end."""
    monkeypatch.setattr(api, "_SIZES", (7,))
    acme.shop.fill(orders=40, days=3)
    chance, seen, cursor = random.Random(seed), {}, None
    for busy in range(1000):
        page = api.page(acme.link, SHOP, "orders", None, cursor)
        seen.update({event.order.id: event.order for event in page.events})
        cursor = page.next
        if cursor is None:
            break
        if busy < 20:
            _sell(acme, chance)
    now = {order.id: order for order in api.orders(acme.link, SHOP, list(acme.shop.orders)).orders}
    assert {id: order.updated_at for id, order in now.items()} == {id: seen[id].updated_at for id in now}
    assert {id: order.status for id, order in now.items()} == {id: seen[id].status for id in now}


def _sell(acme: Acme, chance: random.Random) -> None:
    for _ in range(chance.randrange(4)):
        acme.later(chance.choice((0, 0, 0.5, 3)))
        some = chance.choice(list(acme.shop.orders))
        match chance.randrange(4):
            case 0:
                acme.shop.place_order()
            case 1:
                acme.shop.delete_order(some)
            case _:
                acme.shop.change_order(some, status=chance.choice(("CANCELED", "FULFILLED", "UNFULFILLED")))


def test_an_order_is_settled_once_its_second_is_over_by_the_shops_own_clock(acme: Acme) -> None:
    acme.shop.place_order()
    assert [event.order.settled for event in acme.listed("orders")] == [False]
    acme.later(2)
    behind = replace(acme.link, now=lambda: NOON - timedelta(hours=1))
    assert [event.order.settled for event in api.page(behind, SHOP, "orders", None, None).events] == [True]


def test_an_answer_that_took_long_is_as_old_as_its_question(acme: Acme) -> None:
    """The shop reads, an order changes within the same second, the answer is dated later: it settles nothing."""
    acme.shop.place_order()
    usual = acme.http.ask

    def slowly(*args: Any, **kwargs: Any) -> Answer:
        answer = usual(*args, **kwargs)
        acme.later(30)
        late = format_datetime(acme.now, usegmt=True)
        return replace(answer, headers={**answer.headers, "date": late})

    acme.http.ask = slowly  # type: ignore[method-assign]
    assert [event.order.settled for event in acme.listed("orders")] == [False]


def test_one_order_that_cannot_be_read_stops_nobody(acme: Acme) -> None:
    good, bad = acme.shop.place_order(), acme.shop.place_order(email="zahra@example.test")
    line = acme.shop.orders[bad]["lines"][0]
    line["quantity"] = 99_999_999
    page = api.page(acme.link, SHOP, "orders", None, None)
    assert [event.order.id for event in page.events] == [good]
    (unread,) = page.unread
    assert (unread.kind, unread.id) == ("orders", bad)
    assert "quantity" in unread.field
    assert "99999999" not in unread.reason + unread.field


def test_an_order_of_which_the_shop_could_not_tell_all_is_not_believed(acme: Acme) -> None:
    """Its fields are null because something failed, not because there is nothing."""
    ids = [acme.shop.place_order() for _ in range(3)]
    acme.http.fail(_altered(acme, ["orders", "edges", 1, "node", "lines", 0, "variant"], "OperationalError"))
    page = api.page(acme.link, SHOP, "orders", None, None)
    assert [event.order.id for event in page.events] == [ids[0], ids[2]]
    assert [(one.id, "OperationalError" in one.reason) for one in page.unread] == [(ids[1], True)]


def test_an_answer_that_failed_as_a_whole_is_no_empty_page(acme: Acme) -> None:
    acme.shop.place_order()
    acme.http.fail(_altered(acme, ["orders"], "OperationalError"))
    with pytest.raises(Trouble, match="OperationalError"):
        api.page(acme.link, SHOP, "orders", None, None)
    for nothing in ({"data": {"orders": None}}, {"data": {"orders": {"edges": []}}}, {"data": None}, {"data": [1]}):
        acme.http.fail(Answer(200, {}, json.dumps(nothing).encode()))
        with pytest.raises(Trouble):
            api.page(acme.link, SHOP, "orders", None, None)


def _altered(acme: Acme, path: list[Any], code: str) -> Answer:
    """The next answer, with an error in it."""
    usual = acme.http._answer
    variables = {"first": 100, "counted": True}
    body = json.dumps({"query": api.LISTINGS["orders"], "variables": variables}).encode()
    told = usual("POST", f"{URL}/graphql/", {"authorization": f"Bearer {TOKEN}"}, body)
    said = json.loads(told.body)
    error = {"message": "could not connect to 10.0.0.7", "path": path, "extensions": {"exception": {"code": code}}}
    return Answer(200, told.headers, json.dumps({**said, "errors": [error]}).encode())


def test_a_listing_that_turns_in_circles_ends(acme: Acme) -> None:
    acme.shop.fill(orders=120, days=3)
    first = api.page(acme.link, SHOP, "orders", None, None)
    end = base64.b64encode(json.dumps(json.loads((first.next or "")[1:]), separators=(",", ":")).encode()).decode()
    page = {"totalCount": 120, "pageInfo": {"hasNextPage": True, "endCursor": end}, "edges": []}
    acme.http.fail(Answer(200, {}, json.dumps({"data": {"orders": page}}).encode()))
    with pytest.raises(Trouble, match="go on"):
        api.page(acme.link, SHOP, "orders", None, first.next)


@pytest.mark.parametrize(
    "dumped", [lambda v: json.dumps(v), lambda v: json.dumps(v, separators=(",", ":")), lambda v: _raw(v)]
)
def test_a_cursor_with_a_long_persian_name_is_short_and_comes_back_as_it_was(dumped: Callable[[Any], str]) -> None:
    name = "پیراهن نخی گشاد تابستانی " * 10
    cursor = base64.b64encode(dumped(["2026-11-21 21:09:50.323242+00:00", name[:250], name[:255]]).encode()).decode()
    assert len(cursor) > 1200
    assert len(api._short(cursor)) < 600
    assert api._long(api._short(cursor)) == cursor


def _raw(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


@pytest.mark.parametrize("cursor", ["opaque", "=", "e30=", base64.b64encode(b"\xff\xfe").decode()])
def test_a_cursor_of_another_form_comes_back_as_it_was(cursor: str) -> None:
    assert api._long(api._short(cursor)) == cursor


# --- single orders ---------------------------------------------------------------------------------------------------


def test_orders_are_fetched_by_their_ids(acme: Acme) -> None:
    acme.shop.fill(orders=130, days=9)
    ids = list(acme.shop.orders)
    gone = ids.pop(7)
    acme.shop.delete_order(gone)
    found = api.orders(acme.link, SHOP, [*ids, gone, gone, "18", "", "VXNlcjo3", "ا"])
    assert {order.id for order in found.orders} == set(ids)
    assert found.gone == (gone, "18", "", "VXNlcjo3", "ا")
    assert len(acme.http.asked) == 2


def test_nobody_is_asked_for_no_orders(acme: Acme) -> None:
    """Saleor takes an empty list of ids for no filter, and would list everything."""
    acme.shop.place_order()
    assert api.orders(acme.link, SHOP, []).orders == ()
    assert acme.http.asked == []


def test_an_order_that_is_there_but_unreadable_is_not_gone(acme: Acme) -> None:
    bad = acme.shop.place_order()
    acme.shop.orders[bad]["lines"][0]["quantity"] = -1
    found = api.orders(acme.link, SHOP, [bad])
    assert (found.orders, found.gone, [one.id for one in found.unread]) == ((), (), [bad])


# --- refusals --------------------------------------------------------------------------------------------------------


def _error(code: str, message: str = "no", status: int = 200) -> Answer:
    error = {"message": message, "path": ["orders"], "extensions": {"exception": {"code": code}}}
    return Answer(status, {}, json.dumps({"errors": [error], "data": {"orders": None}}).encode())


EVERY_QUESTION: list[Callable[[Link], Any]] = [
    api.facts,
    api.check,
    api.count,
    lambda link: api.page(link, SHOP, "orders", None, None),
    lambda link: api.orders(link, SHOP, ["T3JkZXI6MQ=="]),
    lambda link: api.hooks(link, HERE),
    lambda link: api.add_hook(link, "order_created", HERE, ""),
]


@pytest.mark.parametrize("ask", EVERY_QUESTION)
@pytest.mark.parametrize("token", ["x" * 30, "short", "é", ""])
def test_a_wrong_token_is_a_bad_key(acme: Acme, ask: Callable[[Link], Any], token: str) -> None:
    with pytest.raises(Denied) as denied:
        ask(acme.link.with_credential("token", token))
    assert denied.value.code == "bad_key"


@pytest.mark.parametrize("ask", EVERY_QUESTION)
def test_an_app_that_was_switched_off_has_a_bad_key(acme: Acme, ask: Callable[[Link], Any]) -> None:
    acme.shop.app.active = False
    with pytest.raises(Denied, match="bad_key"):
        ask(acme.link)


def test_a_missing_right_is_told_from_a_wrong_token(acme: Acme) -> None:
    acme.shop.app.rights -= {"MANAGE_ORDERS"}
    with pytest.raises(Denied) as denied:
        api.count(acme.link)
    assert denied.value.code == "missing_scope"
    assert "MANAGE_ORDERS" in denied.value.remedy


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer(301, {"location": "https://other.test/"}, b""), "moved"),
        (Answer(308, {}, b""), "moved"),
        (401, "bad_key"),
        (403, "blocked"),
        (404, "no_api"),
        (405, "no_api"),
        (Answer(200, {}, b"<html>a shop window</html>"), "no_api"),
        (Answer(200, {}, b'{"ok": true}'), "no_api"),
        (Answer(200, {}, b"[]"), "no_api"),
        (_error("ExpiredSignatureError"), "bad_key"),
        (_error("InvalidTokenError"), "bad_key"),
        (_error("DecodeError"), "bad_key"),
        (_error("GraphQLError", 'Cannot query field "totalCharged" on type "Order".', 400), "too_old"),
    ],
)
def test_a_refusal_says_what_the_owner_has_to_do(acme: Acme, answer: Answer | int, code: str) -> None:
    for ask in EVERY_QUESTION:
        acme.http.fail(answer)
        with pytest.raises(Denied) as denied:
            ask(acme.link)
        assert denied.value.code == code
        assert len(denied.value.remedy) > 20


@pytest.mark.parametrize(
    "answer",
    [
        429,
        500,
        502,
        504,
        _error("OperationalError"),
        _error("error", "Something broke", 400),
        _error("a value: 4711", "sara@example.test"),
        Answer(200, {}, b'{"errors": 7, "data": {}}'),
        Answer(200, {}, b'{"errors": [7], "data": {}}'),
        Answer(200, {}, b'{"data": {"shop": 7, "app": [1], "orders": [2], "webhookCreate": 3}}'),
    ],
)
def test_what_may_pass_is_trouble(acme: Acme, answer: Answer | int) -> None:
    for ask in EVERY_QUESTION:
        acme.http.fail(answer)
        with pytest.raises((Trouble, Denied)) as trouble:
            ask(acme.link)
        assert isinstance(trouble.value, Trouble)
        assert "4711" not in str(trouble.value)
        assert "sara" not in str(trouble.value)


def test_a_shop_that_nobody_answers_for_is_unreachable(acme: Acme) -> None:
    with pytest.raises(Unreachable):
        api.count(replace(acme.link, url="https://gone.saleor.test"))


def test_where_queries_are_limited_fewer_are_asked_for_at_once(acme: Acme) -> None:
    acme.shop.fill(orders=120, days=3)
    acme.shop.most_cost = 2000
    assert len(acme.listed("orders")) == 120
    assert len(api.orders(acme.link, SHOP, list(acme.shop.orders)).orders) == 120
    acme.shop.most_cost = 1
    with pytest.raises(Denied, match="query_cost"):
        acme.listed("orders")


def test_no_token_in_any_exception_or_link(acme: Acme) -> None:
    said = [repr(acme.link)]
    ways = [_error("PermissionDenied"), _error("InvalidTokenError", TOKEN), 500, 404, 301, _error(TOKEN, TOKEN)]
    for way in ways:
        for ask in EVERY_QUESTION:
            acme.http.fail(way)
            with pytest.raises((Denied, Trouble)) as why:
                ask(acme.link)
            said += [str(why.value), repr(why.value), repr(why.value.__cause__)]
    assert not [text for text in said if TOKEN in text]


# --- webhooks --------------------------------------------------------------------------------------------------------


def test_a_webhook_is_made_found_mended_and_taken_away(acme: Acme) -> None:
    api.add_hook(acme.link, "order_created", HERE, "")
    (hook,) = api.hooks(acme.link, HERE)
    assert (hook.topic, hook.url, hook.state) == ("order_created", HERE, "active")
    (stored,) = acme.shop.app.webhooks
    assert stored["secretKey"] is None
    stored["isActive"] = False
    assert [one.state for one in api.hooks(acme.link, HERE)] == ["paused"]
    api.mend_hook(acme.link, hook, HERE, "")
    assert [one.state for one in api.hooks(acme.link, HERE)] == ["active"]
    api.drop_hook(acme.link, hook)
    api.drop_hook(acme.link, hook)
    assert api.hooks(acme.link, HERE) == []


def test_a_webhook_that_asks_for_something_else_is_mended(acme: Acme) -> None:
    """An older version of ours made it, or somebody changed it: what it sends could not be read."""
    api.add_hook(acme.link, "order_created", HERE, "")
    acme.shop.app.webhooks[0]["subscriptionQuery"] = "subscription { event { ... on OrderCreated { order { id } } } }"
    (hook,) = api.hooks(acme.link, HERE)
    assert hook.state == "disabled"
    api.mend_hook(acme.link, hook, HERE, "")
    assert api.hooks(acme.link, HERE) == [replace(hook, state="active")]


def test_webhooks_that_lead_elsewhere_are_not_ours(acme: Acme) -> None:
    acme.shop.app.add({"targetUrl": "https://other.test/", "asyncEvents": ["ORDER_CREATED"], "query": "…"})
    acme.shop.app.add({"targetUrl": f"{HERE}2", "asyncEvents": ["ORDER_CREATED"], "query": "…"})
    assert api.hooks(acme.link, HERE) == []


def test_a_webhook_for_several_events_is_of_no_topic_of_ours_and_can_be_taken_away(acme: Acme) -> None:
    acme.shop.app.add({"targetUrl": HERE, "asyncEvents": ["ORDER_UPDATED", "ORDER_CREATED"], "isActive": False})
    (hook,) = api.hooks(acme.link, HERE)
    assert hook.topic == "order_created+order_updated"
    api.mend_hook(acme.link, hook, HERE, "")
    assert [one.state for one in api.hooks(acme.link, HERE)] == ["active"]
    api.drop_hook(acme.link, hook)
    assert acme.shop.app.webhooks == []


def test_a_webhook_that_is_gone_cannot_be_mended(acme: Acme) -> None:
    api.add_hook(acme.link, "order_created", HERE, "")
    (hook,) = api.hooks(acme.link, HERE)
    api.drop_hook(acme.link, hook)
    with pytest.raises(Denied, match="NOT_FOUND"):
        api.mend_hook(acme.link, hook, HERE, "")


@pytest.mark.parametrize("topic", SUBSCRIPTIONS)
def test_saleor_takes_every_subscription_of_ours(acme: Acme, topic: str) -> None:
    api.add_hook(acme.link, topic, HERE, "")
    assert [(one.topic, one.state) for one in api.hooks(acme.link, HERE)] == [(topic, "active")]


def test_what_a_webhook_tells_is_what_the_api_says(acme: Acme) -> None:
    for topic in ("order_created", "order_updated", "customer_updated", "product_updated"):
        api.add_hook(acme.link, topic, HERE, "")
    account = acme.shop.open_account(email="Zahra@Example.test")
    acme.shop.change_account(account, firstName="زهرا")
    order = acme.shop.place_order(account=account)
    acme.shop.change_order(order, refund=1.5)
    acme.shop.change_product(next(iter(acme.shop.products)), name="Walnut bowl")
    told = [event for _, headers, body in acme.posted for event in _read(headers, body)]
    ends: list[Any] = [*acme.listed("customers"), *acme.listed("orders"), *acme.listed("products")]
    assert len(ends) == 3
    for end in ends:
        same = [event for event in told if type(event) is type(end)]
        assert _plain(same[-1]) == _plain(end)


def _read(headers: dict[str, str], body: bytes) -> list[Any]:
    return webhook.read(webhook.topic(headers, body), headers, body, received_at=stamp(NOON), shop=SHOP)


def _plain(event: Any) -> Any:
    """Without how and when it was heard."""
    if isinstance(event, OrderSeen):
        return replace(event.order, settled=False)
    return replace(event, updated_at="") if isinstance(event, AccountSeen) else event


# --- keys and deliveries ---------------------------------------------------------------------------------------------


def test_deliveries_are_proved_by_the_shops_public_keys(acme: Acme) -> None:
    api.add_hook(acme.link, "order_created", HERE, "")
    acme.shop.place_order()
    ((address, headers, body),) = acme.posted
    keys = api.jwks(acme.link)
    assert address == HERE
    assert webhook.verify_with_keys(headers, body, keys)
    assert not webhook.verify_with_keys(headers, body + b" ", keys)
    assert headers["saleor-api-url"] == f"{URL}/graphql/"
    assert set(headers) >= {"x-saleor-event", "x-saleor-domain", "x-saleor-signature", "user-agent"}


def test_a_new_key_is_unknown_until_it_is_fetched(acme: Acme) -> None:
    old = api.jwks(acme.link)
    api.add_hook(acme.link, "order_created", HERE, "")
    acme.shop.new_key()
    acme.shop.place_order()
    ((_, headers, body),) = acme.posted
    assert webhook.unknown_key(headers, old)
    assert not webhook.verify_with_keys(headers, body, old)
    assert webhook.verify_with_keys(headers, body, api.jwks(acme.link))


def test_the_keys_come_from_the_registered_address_alone(acme: Acme) -> None:
    told = api.jwks(replace(acme.link, url=f"{URL}/graphql"))
    assert acme.http.asked == [("GET", f"{URL}/.well-known/jwks.json")]
    assert told == api.jwks(acme.link)
    (key,) = json.loads(told)["keys"]
    assert set(key) == {"kty", "n", "e", "kid", "use", "alg"}
    assert told == json.dumps(json.loads(told), sort_keys=True, separators=(",", ":"))


def _key(acme: Acme, **other: Any) -> dict[str, Any]:
    return {name: value for name, value in {**acme.shop.key.public, **other}.items() if value is not None}


def test_only_keys_that_may_prove_something_are_kept(acme: Acme) -> None:
    small = base64.urlsafe_b64encode((2**1023 + 1).to_bytes(128, "big")).decode().rstrip("=")
    unfit: list[Any] = [
        _key(acme, kty="EC"),
        _key(acme, alg="RS512"),
        _key(acme, alg="none"),
        _key(acme, use="enc"),
        _key(acme, key_ops=["sign"]),
        _key(acme, d="AQAB"),
        _key(acme, n=small),
        _key(acme, n="====", kid="1"),
        _key(acme, n=None),
        _key(acme, e="AA"),
        _key(acme, e="AQAA"),
        _key(acme, kid=None),
        _key(acme, kid="two words"),
        "text",
        7,
    ]
    for keys in ([], unfit):
        acme.http.fail(Answer(200, {}, json.dumps({"keys": keys}).encode()))
        with pytest.raises(Denied, match="no_keys"):
            api.jwks(acme.link)
    good = _key(acme, kid="b", use=None, alg=None, key_ops=None)
    acme.http.fail(Answer(200, {}, json.dumps({"keys": [good, *unfit, _key(acme, kid="a")]}).encode()))
    assert [key["kid"] for key in json.loads(api.jwks(acme.link))["keys"]] == ["a", "b"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(302, {"location": "https://evil.test/jwks"}, b""), Denied),
        (404, Denied),
        (Answer(200, {}, b"<html>"), Denied),
        (Answer(200, {}, b'{"keys": {"a": 1}}'), Denied),
        (Answer(200, {}, json.dumps({"keys": [{}] * 21}).encode()), Denied),
        (500, Trouble),
    ],
)
def test_a_shop_that_shows_no_keys_is_refused(acme: Acme, answer: Answer | int, error: type[Exception]) -> None:
    acme.http.fail(answer)
    with pytest.raises(error):
        api.jwks(acme.link)


@pytest.mark.parametrize(("status", "tries"), [(200, 1), (302, 1), (401, 1), (404, 1), (500, 6), (503, 6), (0, 6)])
def test_the_pretend_shop_tries_again_as_the_real_one(acme: Acme, status: int, tries: int) -> None:
    api.add_hook(acme.link, "order_created", HERE, "")
    acme.status = status
    acme.shop.place_order()
    at = [0.0]
    for _ in range(400):
        acme.later(1)
        before = len(acme.posted)
        acme.shop.tick()
        at += [(acme.now - NOON).total_seconds()] * (len(acme.posted) - before)
    assert len(acme.posted) == tries
    assert at == [0.0, 10.0, 30.0, 70.0, 150.0, 310.0][:tries]
    assert len({(headers["saleor-signature"], body) for _, headers, body in acme.posted}) == 1


# --- the manifest ----------------------------------------------------------------------------------------------------


def _serving(said: Any, taken: int = 200) -> apps.Ask:
    def ask(method: str, address: str, headers: dict[str, str], body: bytes | None) -> tuple[int, bytes]:
        return (200, json.dumps(said).encode()) if method == "GET" else (taken, b'{"error": {"message": "Not you."}}')

    return ask


def test_saleor_installs_our_manifest(acme: Acme) -> None:
    said = manifest("https://ecrm.acme.test/", "acme", "one-time", "3.23")
    assert said["tokenTargetUrl"] == "https://ecrm.acme.test/connect/saleor/acme/one-time/register"
    assert [hook["asyncEvents"] for hook in said["webhooks"]] == [[topic.upper()] for topic in SUBSCRIPTIONS]
    assert {hook["targetUrl"] for hook in said["webhooks"]} == {HERE}
    app = acme.shop.install(f"{URL}/manifest", _serving(said))
    link = acme.link.with_credential("token", app.token)
    assert {hook.topic: hook.state for hook in api.hooks(link, HERE)} == dict.fromkeys(SUBSCRIPTIONS, "active")
    api.confirm(link, "acme")
    with pytest.raises(Denied, match="another_app"):
        api.confirm(link, "other")
    with pytest.raises(Denied, match="another_app"):
        api.confirm(acme.link, "acme")


def test_an_older_saleor_is_not_asked_for_what_it_does_not_know() -> None:
    for version in ("3.20", "3.22", "", "nonsense"):
        told = [hook["asyncEvents"] for hook in manifest("https://x.test", "acme", "t", version)["webhooks"]]
        assert ["CUSTOMER_DELETED"] not in told
        assert ["ORDER_CREATED"] in told
    assert "customer_deleted" not in api.HOOK_TOPICS


def test_the_pretend_shop_refuses_what_the_real_one_refuses(acme: Acme) -> None:
    good = manifest("https://ecrm.acme.test", "acme", "t", "3.23")
    hook = good["webhooks"][0]
    for said, reason in (
        ({**good, "permissions": ["MANAGE_WORLD"]}, "permissions"),
        ({**good, "requiredSaleorVersion": ">=4.0"}, "not supported"),
        ({**good, "webhooks": [{**hook, "query": "query { shop { name } }"}]}, "Subscription"),
        ({**good, "webhooks": [{**hook, "query": hook["query"].replace("userEmail", "email")}]}, "Subscription"),
        ({**good, "webhooks": [{**hook, "asyncEvents": ["ORDER_EATEN"]}]}, "asynchronous"),
        ({}, "required"),
    ):
        with pytest.raises(NotInstalled, match=reason):
            acme.shop.install("https://ecrm.acme.test/m", _serving(said))
    with pytest.raises(NotInstalled, match=r"Not you\."):
        acme.shop.install("https://ecrm.acme.test/m", _serving(good, taken=422))
    assert acme.shop.apps == [acme.shop.app]
    acme.shop.install("https://ecrm.acme.test/m", _serving(good))
    with pytest.raises(NotInstalled, match="already installed"):
        acme.shop.install("https://ecrm.acme.test/m", _serving(good))
