"""Asking a WooCommerce shop: every page of it, whatever happens meanwhile; its refusals; and its webhooks."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.domain.events import AccountSeen, OrderSeen, ProductGone, ProductSeen
from chalicelib.domain.order import Order
from chalicelib.domain.shop import Shop
from chalicelib.platforms.body import Node, parse, parse_list
from chalicelib.platforms.shop_api import Denied, Hook, Link, Page, Trouble
from chalicelib.platforms.woocommerce import api, listing, signature, webhook
from chalicelib.platforms.woocommerce.orders import read_order
from chalicelib.safe_http import Answer, Unreachable
from infra.local.doubles import server
from infra.local.doubles.server import InProcess
from infra.local.doubles.woocommerce import Double
from infra.local.doubles.woocommerce_keys import Key
from infra.local.doubles.woocommerce_shelf import set_time

RECORDED = Path(__file__).parents[1] / "webhooks" / "woocommerce" / "samples" / "api" / "10.5.2"
ACME = Shop("acme", "woocommerce", "2026-01-01T00:00:00Z", currency="IRT", timezone="Asia/Tehran", country="IR")
OURS = "https://api.ecrm.test/hooks/woocommerce/acme"
START = datetime(2026, 11, 21, 9, 0, 0, tzinfo=UTC)


class Clock:
    """Stands still until it is told; `per_ask`: how long a question takes."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at

    def ahead(self, **span: float) -> None:
        self.at += timedelta(**span)


class Receiver:
    """Takes in what a shop sends; `status` is what it answers."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.status = 200

    def __call__(self, address: str, headers: dict[str, str], body: bytes) -> int:
        self.got.append((address, headers, body))
        return self.status

    def topics(self) -> list[str]:
        return [headers.get("x-wc-webhook-topic", "ping") for _, headers, _ in self.got]


class World:
    """A pretend shop, the way to it, and somebody who listens."""

    def __init__(self, url: str = "https://acme.test", **credentials: str) -> None:
        self.clock, self.receiver = Clock(), Receiver()
        self.double = Double(url, self.clock.now, self.receiver)
        self.http = InProcess(self.double, url)
        self.link = Link(url, Double.CREDENTIALS | credentials, self.http, self.clock.now)

    @property
    def key(self) -> Key:
        return self.double.keys.known[Double.CREDENTIALS["consumer_key"]]

    def pages(self, kind: str = "orders", since: str | None = None, most: int = 500) -> list[Page]:
        found, cursor = [], None
        for _ in range(most):
            found.append(api.page(self.link, ACME, kind, since, cursor))
            cursor = found[-1].next
            self.clock.ahead(seconds=max(1, found[-1].wait))
            if cursor is None:
                return found
            assert len(cursor) <= 2000
        raise AssertionError("the listing does not end")

    def orders(self, since: str | None = None) -> dict[str, Order]:
        return newest(self.pages("orders", since))


def newest(pages: list[Page]) -> dict[str, Order]:
    """What is known after all pages were taken in: the last telling of each order."""
    return {event.order.id: event.order for page in pages for event in page.events if isinstance(event, OrderSeen)}


def recording(name: str) -> Any:
    return json.loads((RECORDED / f"{name}.json").read_text("utf-8"))


def replay(name: str) -> Answer:
    """The recorded answer, as our client would hand it over."""
    told = recording(name)
    headers = {key.lower(): value for key, value in told["headers"]}
    return Answer(told["status"], headers, json.dumps(told["body"]).encode())


@pytest.fixture
def world() -> World:
    return World()


# What is listed


def test_a_history_is_listed_whole_and_says_how_much_there_is(world: World):
    world.double.fill(230, 400)
    pages = world.pages()
    assert set(newest(pages)) == {str(number) for number in world.double.shelf.orders}
    assert {page.total for page in pages} == {230}
    assert sum(len(page.events) for page in pages) == 230
    assert not [unread for page in pages for unread in page.unread]


def test_an_empty_shop_has_one_empty_page(world: World):
    assert world.pages() == [Page(total=0)]


@pytest.mark.parametrize("count", [1, 99, 100, 101, 200, 201])
def test_no_number_of_orders_falls_between_two_pages(world: World, count: int):
    for number in range(count):
        world.double.place_order(at=START - timedelta(hours=number))
    assert len(world.orders()) == count


def test_only_what_was_changed_since_comes_even_in_the_same_second(world: World):
    for minutes in (30, 20, 10):
        world.double.place_order(at=START - timedelta(minutes=minutes))
    assert len(world.orders("2026-11-21T08:40:00Z")) == 2
    assert len(world.orders("2026-11-21T08:40:01Z")) == 1
    assert len(world.orders("2026-11-21T08:40:00.500Z")) == 2


def test_a_thousand_orders_changed_in_one_second_are_all_found(world: World):
    for _ in range(350):
        world.double.place_order(at=START - timedelta(minutes=5))
    world.double.place_order(at=START - timedelta(days=5))
    assert len(world.orders("2026-11-21T08:55:00Z")) == 350


def test_orders_changed_in_this_very_second_wait_until_it_is_over(world: World):
    for _ in range(150):
        world.double.place_order()
    pages = world.pages(since="2026-11-21T09:00:00Z")
    assert pages[0].wait > 0
    assert len(newest(pages)) == 150


def test_an_order_in_the_bin_comes_last_as_deleted(world: World):
    kept, binned = world.double.place_order(), world.double.place_order()
    world.clock.ahead(minutes=1)
    world.double.delete_order(binned)
    found = world.orders("2026-11-21T08:00:00Z")
    assert {order_id: order.status for order_id, order in found.items()} == {kept: "placed", binned: "deleted"}


def test_what_goes_to_the_bin_during_an_import_is_told_of_at_its_end(world: World):
    world.double.fill(150, 100)
    first = api.page(world.link, ACME, "orders", None, None)
    world.clock.ahead(seconds=5)
    victim = str(min(world.double.shelf.orders))
    world.double.delete_order(victim)
    pages, cursor = [first], first.next
    while cursor:
        pages.append(api.page(world.link, ACME, "orders", None, cursor))
        cursor = pages[-1].next
    assert newest(pages)[victim].status == "deleted"


def test_unfinished_orders_are_left_out_and_not_counted(world: World):
    world.double.place_order()
    world.double.place_order(status="checkout-draft")
    assert len(world.orders()) == 1
    assert api.count(world.link) == 1
    world.double.rest.drafts_in_any = False
    assert api.count(world.link) == 1


def test_orders_in_the_bin_are_not_counted(world: World):
    ids = [world.double.place_order() for _ in range(3)]
    world.double.delete_order(ids[0])
    assert api.count(world.link) == 2


def test_a_shop_that_knows_no_unfinished_orders_is_counted_too(world: World):
    world.double.place_order()
    refused = Answer(400, {}, b'{"code":"rest_invalid_param"}')
    world.http.fail(None, refused)
    assert api.count(world.link) == 1


def test_what_cannot_be_read_is_named_and_stops_nothing(world: World):
    good, bad = world.double.place_order(), world.double.place_order(currency="GOLD")
    (page,) = world.pages()
    assert [event.order.id for event in page.events] == [good]
    assert [(unread.kind, unread.id, unread.field) for unread in page.unread] == [("orders", bad, "currency")]
    assert "GOLD" not in repr(page.unread)


def test_products_in_the_bin_are_gone(world: World):
    (page,) = world.pages("products")
    assert len([event for event in page.events if isinstance(event, ProductSeen)]) == 3
    body = next(iter(world.double.shelf.products.values()))
    world.double.shelf.change(body, status="trash")
    pages = world.pages("products", "2026-11-21T08:00:00Z")
    gone = [event for page in pages for event in page.events if isinstance(event, ProductGone)]
    assert [event.product_id for event in gone] == [str(body["id"])]


def test_all_accounts_are_listed_whoever_comes_and_goes_meanwhile(world: World):
    there = [world.double.register(at=START - timedelta(days=300 - n)) for n in range(250)]
    seen, cursor = set(), None
    for step in range(20):
        page = api.page(world.link, ACME, "customers", None, cursor)
        seen |= {event.buyer.account for event in page.events if isinstance(event, AccountSeen)}
        cursor = page.next
        if cursor is None:
            break
        del world.double.shelf.customers[int(there[step])]
        world.double.register()
    assert set(there[20:]) <= seen


def test_since_a_moment_only_the_last_pages_of_accounts_are_asked_for(world: World):
    for day in range(950):
        world.double.register(at=START - timedelta(days=950 - day))
    new = world.double.register(at=START)
    pages = world.pages("customers", "2026-11-21T08:00:00Z")
    assert [event.buyer.account for page in pages for event in page.events] == [new]
    assert len(pages) <= 3


def test_a_cursor_goes_on_in_another_process(world: World):
    world.double.fill(250, 100)
    cursor = api.page(world.link, ACME, "orders", None, None).next
    again = Link(world.link.url, world.link.credentials, InProcess(world.double, world.link.url), world.clock.now)
    assert api.page(again, ACME, "orders", None, cursor) == api.page(world.link, ACME, "orders", None, cursor)


# While the shop lives on


def _act(world: World, act: str, pick: int) -> str | None:
    """Something happens in the shop between two questions; the id of the order to which it did."""
    shelf = world.double.shelf.orders
    if act == "place" or not shelf:
        return world.double.place_order()
    order_id = str(sorted(shelf)[pick % len(shelf)])
    hidden = shelf[int(order_id)]["status"] in ("trash", "checkout-draft")
    if act == "delete":
        world.double.delete_order(order_id, for_good=bool(pick % 2))
    elif act == "restore" and hidden:
        world.double.restore_order(order_id)
    elif act == "change" and not hidden:
        world.double.change_order(order_id, status="completed")
    else:
        return None
    return order_id


ACTS = st.lists(
    st.lists(st.tuples(st.sampled_from(["place", "change", "delete", "restore"]), st.integers(0, 10**6)), max_size=4),
    max_size=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(count=st.integers(0, 60), acts=ACTS, since=st.booleans(), gap=st.sampled_from([0, 1, 3]))
def test_nothing_is_missed_whatever_happens_between_two_pages(
    count: int, acts: list[list[tuple[str, int]]], since: bool, gap: int
):
    """After a listing all that is known equals the shop, but for what was changed after the last look at it.

    Pages of twelve that overlap by four stand for pages of a hundred that overlap by ten.
    """
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(listing, "SIZE", 12)
        patched.setattr(listing, "OVERLAP", 4)
        world = World()
        for number in range(count):
            status = "checkout-draft" if number % 3 == 2 else "processing"
            world.double.place_order(at=START - timedelta(minutes=count - number), status=status)
        world.double.rest.drafts_in_any = False
        world.clock.ahead(seconds=5)
        _listed_while(world, acts, "2026-11-21T08:00:00Z" if since else None, gap)


def _listed_while(world: World, acts: list[list[tuple[str, int]]], since: str | None, gap: int) -> None:
    known: dict[str, str] = {}
    cursor, steps, touched = None, iter(acts), {}
    looked = {"any": -1, "trash": -1}  # which question was the last look at each
    for question in range(300):
        part = listing.read(world.link, api.WHAT["orders"], since, cursor)
        known |= {item.at("id").text(): item.at("status").text() for item in part.items}
        asked = parse_qs(urlsplit(world.http.asked[-1][1]).query)
        if asked["offset"] == ["0"] and "modified_before" not in asked:
            looked[asked["status"][0]] = question
        cursor = part.next
        if cursor is None:
            break
        world.clock.ahead(seconds=max(gap, part.wait))
        todo = next(steps, [])
        for act, pick in todo:
            touched[_act(world, act, pick)] = question
    else:
        raise AssertionError("the listing does not end")
    for number, body in world.double.shelf.orders.items():
        trash, when = body["status"] == "trash", touched.get(str(number), -1)
        if body["status"] == "checkout-draft" or (when >= looked["trash" if trash else "any"] and question):
            continue
        if trash and str(number) not in known:
            continue  # what was never told of as an order need not be told of as deleted
        assert known[str(number)] == body["status"], number


def test_an_order_that_slips_between_two_pages_is_read_again(world: World):
    """250 orders; while pages are read from the last one up, a draft far below becomes an order and pushes number 201
    from the page that comes next onto the one that was read."""
    for number in range(251):
        status = "checkout-draft" if number == 40 else "processing"
        world.double.place_order(at=START - timedelta(hours=300 - number), status=status)
    world.double.rest.drafts_in_any = False
    draft = sorted(world.double.shelf.orders)[40]
    first = api.page(world.link, ACME, "orders", None, None)
    second = api.page(world.link, ACME, "orders", None, first.next)
    world.clock.ahead(seconds=1)
    world.double.restore_order(str(draft))
    pages, cursor = [first, second], second.next
    while cursor:
        pages.append(api.page(world.link, ACME, "orders", None, cursor))
        cursor = pages[-1].next
    assert len(newest(pages)) == 251


def test_orders_dated_in_a_time_to_come_do_not_hold_a_listing_for_ever(world: World):
    for _ in range(120):
        set_time(world.double.shelf.order(), "date_modified", START + timedelta(days=30))
    assert len(world.orders("2026-11-21T08:00:00Z")) == 120


def test_a_shop_too_old_to_filter_is_named_rather_than_listed_again_and_again(world: World):
    world.double.fill(150, 400)
    every = world.double.rest._shelves("orders")
    for body in every.values():
        set_time(body, "date_modified", START - timedelta(days=200))
    world.double.front = _without("modified_after", world.double)
    with pytest.raises(Denied, match="too_old"):
        world.pages(since="2026-11-21T08:00:00Z")


def _without(name: str, double: Double) -> Callable[[str, str], Any]:
    """A shop that does not know a parameter."""

    def front(method: str, target: str) -> Any:
        if f"{name}=" not in target:
            return None
        kept = "&".join(part for part in target.split("&") if not part.startswith(f"{name}="))
        return double.answer(method, kept, Keyring.headers, b"")

    return front


class Keyring:
    """The key, in a header."""

    headers: dict[str, str] = {  # noqa: RUF012
        "authorization": "Basic "
        "Y2tfMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzpjc183NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTBmZWRjYmE5ODc2NTQzMjEw",
        "host": "acme.test",
        "x-forwarded-proto": "https",
    }


def test_a_server_that_cannot_bear_a_hundred_at_once_is_asked_for_twenty(world: World):
    world.double.fill(130, 100)
    html = (500, {"content-type": "text/html"}, b"<h1>Allowed memory size exhausted</h1>")
    world.double.front = lambda method, target: html if "per_page=100" in target else None
    assert len(world.orders()) == 130
    world.double.front = lambda method, target: html
    with pytest.raises(Trouble, match="500"):
        world.pages()


# Single orders


def test_orders_are_asked_for_by_id_and_only_a_clear_no_means_gone(world: World):
    ids = [world.double.place_order() for _ in range(4)]
    draft = world.double.place_order(status="checkout-draft")
    world.double.rest.drafts_in_any = False
    world.double.delete_order(ids[1])
    world.double.delete_order(ids[2], for_good=True)
    world.clock.ahead(minutes=1)
    found = api.orders(world.link, ACME, [*ids, draft, ids[0]])
    assert {order.id: order.status for order in found.orders} == {
        ids[0]: "placed",
        ids[1]: "deleted",
        ids[3]: "placed",
        draft: "draft",
    }
    assert found.gone == (ids[2],)
    assert all(order.settled for order in found.orders)


def test_an_order_is_not_gone_because_the_shop_is_troubled(world: World):
    order_id = world.double.place_order()
    world.double.delete_order(order_id, for_good=True)
    world.http.fail(None, 404)
    with pytest.raises(Denied, match="no_api"):
        api.orders(world.link, ACME, [order_id])
    world.http.fail(None, 500)
    with pytest.raises(Trouble):
        api.orders(world.link, ACME, [order_id])


def test_an_order_changed_in_this_second_is_not_settled_by_our_clock_or_a_slow_answer(world: World):
    order_id = world.double.place_order()
    world.clock.ahead(seconds=1)
    assert not api.orders(world.link, ACME, [order_id]).orders[0].settled
    plain, world.http.ask = world.http.ask, _slow(world)  # type: ignore[method-assign]
    assert not api.orders(world.link, ACME, [order_id]).orders[0].settled
    world.http.ask = plain  # type: ignore[method-assign]
    assert api.orders(world.link, ACME, [order_id]).orders[0].settled


def _slow(world: World) -> Callable[..., Answer]:
    """Reads at once, and answers ten seconds later with the time of that."""
    plain = world.http.ask

    def ask(*words: Any, **named: Any) -> Answer:
        answer = plain(*words, **named)
        world.clock.ahead(seconds=10)
        date = world.clock.at.strftime("%a, %d %b %Y %H:%M:%S GMT")
        return Answer(answer.status, {**answer.headers, "date": date}, answer.body)

    return ask


# What real shops answered


@pytest.mark.parametrize("name", ["orders-p1", "orders-p2", "orders-modified-after"])
def test_every_recorded_order_is_read_without_loss(world: World, name: str):
    world.http.fail(replay(name))
    page = api.page(world.link, ACME, "orders", None, None)
    bodies = recording(name)["body"]
    assert page.unread == ()
    read = [event.order for event in page.events if isinstance(event, OrderSeen)]
    assert [order.id for order in read] == [str(body["id"]) for body in bodies]
    assert page.total == 155
    for order, body in zip(read, bodies, strict=True):
        assert order.settled
        assert [refund.id for refund in order.refunds] == [str(refund["id"]) for refund in body["refunds"]]
        assert len(order.lines) == len(body["line_items"])


def test_a_recorded_refund_is_in_the_order(world: World):
    world.http.fail(replay("orders-p1"))
    page = api.page(world.link, ACME, "orders", None, None)
    order = newest([page])["18"]
    assert (order.status, order.payment, order.refunded, order.net) == (
        "completed",
        "partly_refunded",
        2_990_000,
        51_430_000,
    )


@pytest.mark.parametrize("name", ["orders-p1", "orders-p2"])
def test_the_fields_that_we_ask_for_are_all_that_is_read(name: str):
    fields = api.WHAT["orders"].fields
    for body in recording(name)["body"]:
        whole = parse(json.dumps(body).encode())
        assert read_order(Node(_only(body, fields)), ACME) == read_order(Node(_only(body, "")), ACME)
        assert read_order(whole, ACME).id == str(body["id"])


def _only(body: dict[str, Any], fields: str) -> Any:
    from infra.local.doubles.woocommerce_lists import shown

    return parse(json.dumps(shown(body, {"_fields": fields})).encode()).value


def test_recorded_customers_and_products_are_read(world: World):
    world.http.fail(replay("customers"), replay("products"))
    customers = api.page(world.link, ACME, "customers", None, None)
    assert (len(customers.events), customers.unread, customers.next) == (16, (), None)
    products = api.page(world.link, ACME, "products", None, None)
    assert {event.product.price for event in products.events} == {45_000_000, 12_500_000}


def test_a_recorded_page_past_the_end_ends_nothing(world: World):
    world.double.fill(150, 100)
    first = api.page(world.link, ACME, "orders", None, None)
    world.http.fail(replay("orders-last"))
    second = api.page(world.link, ACME, "orders", None, first.next)
    assert (second.events, second.next is not None) == ((), True)


def test_the_pretend_shop_refuses_as_the_recorded_one(world: World):
    target = "/wp-json/wc/v3/orders"
    status, _, body = world.double.answer("GET", target, {"host": "acme.test"}, b"")
    assert (status, json.loads(body)) == (401, recording("noauth")["body"])
    status, _, body = world.double.answer("GET", f"{target}?per_page=101", Keyring.headers, b"")
    assert (status, json.loads(body)["data"]["params"]) == (400, recording("orders-per101")["body"]["data"]["params"])
    world.double.fill(3, 3)
    status, headers, body = world.double.answer("GET", f"{target}?page=99", Keyring.headers, b"")
    assert (headers["X-WP-Total"], headers["X-WP-TotalPages"], body) == ("0", "0", b"[]")
    status, _, body = world.double.answer("GET", f"{target}?_fields=id,billing.email,total", Keyring.headers, b"")
    assert [set(order) for order in json.loads(body)] == [{"id", "billing", "total"}] * 3
    assert set(json.loads(body)[0]["billing"]) == {"email"}


def test_a_pretend_order_has_every_field_of_a_recorded_one(world: World):
    order = world.double.shelf.orders[int(world.double.place_order())]
    recorded = next(body for body in recording("orders-p1")["body"] if body["id"] == 18)
    assert set(order) == set(recorded)
    assert set(order["line_items"][0]) == set(recorded["line_items"][0])


# Who we are


def test_over_https_the_key_is_in_a_header_and_never_in_an_address(world: World):
    world.double.place_order()
    world.orders()
    assert all("ck_" not in url and "cs_" not in url for _, url in world.http.asked)
    assert not any("oauth" in url for _, url in world.http.asked)


def test_over_plain_http_the_question_is_signed_and_the_secret_stays_at_home():
    world = World("http://acme.test:8080")
    world.double.fill(150, 100)
    assert len(world.orders("2026-01-01T00:00:00Z")) > 0
    assert api.add_hook(world.link, "order.created", OURS, "whsec_x").state == "active"
    assert all("cs_" not in url for _, url in world.http.asked)
    assert "HMAC-SHA256" in world.http.asked[0][1]


def test_the_signature_is_made_by_the_shops_clock_where_ours_is_wrong():
    world = World("http://acme.test")
    world.double.place_order()
    wrong = Link(world.link.url, world.link.credentials, world.http, lambda: START - timedelta(days=3))
    assert api.count(wrong) == 1


def test_basic_over_plain_http_is_refused_by_the_pretend_shop_too():
    double = Double("http://acme.test", lambda: START, lambda *_: 200)
    headers = {**Keyring.headers, "x-forwarded-proto": "http"}
    assert double.answer("GET", "/wp-json/wc/v3/orders", headers, b"")[0] == 401
    key, secret = Double.CREDENTIALS.values()
    target = f"/wp-json/wc/v3/orders?consumer_key={key}&consumer_secret={secret}"
    assert double.answer("GET", target, {"x-forwarded-proto": "https"}, b"")[0] == 200


def test_oauthlib_is_loaded_for_http_shops_only():
    code = (
        "import sys; from datetime import datetime, UTC; from chalicelib.platforms.woocommerce import api, rest\n"
        "from chalicelib.platforms.shop_api import Link; from chalicelib.safe_http import Answer\n"
        "class Asks:\n    def ask(self, *a, **k): return Answer(200, {'x-wp-total': '0'}, b'[]')\n"
        "key = {'consumer_key': 'a', 'consumer_secret': 'b'}\n"
        "for url in ('https://a.test', 'http://a.test'):\n"
        "    rest.get(Link(url, key, Asks(), lambda: datetime.now(UTC)), 'x')\n"
        "    print('oauthlib' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert said == ["False", "True"]


def test_wordpress_itself_is_asked_without_the_key(world: World):
    """Its own login would take the consumer key for a user's name, and refuse."""
    told: list[dict[str, str]] = []
    plain = world.http.ask

    def ask(method: str, url: str, *, headers: Any = None, **named: Any) -> Answer:
        told.append({"url": url, **headers})
        return plain(method, url, headers=headers, **named)

    world.http.ask = ask  # type: ignore[method-assign]
    api.facts(world.link)
    assert [("authorization" in one) for one in told if "/wc/v3" not in one["url"]] == [False]
    assert all("ecrm" in one["user-agent"] for one in told)


def test_a_shop_in_a_folder_is_asked_in_its_folder():
    world = World("https://acme.test/shop")
    world.double.place_order()
    assert len(world.orders()) == 1
    assert all(url.startswith("https://acme.test/shop/wp-json/") for _, url in world.http.asked)
    over_http = World("http://acme.test/shop")
    over_http.double.place_order()
    assert len(over_http.orders()) == 1


# Refusals


def denied(act: Callable[[], Any]) -> Denied:
    with pytest.raises(Denied) as caught:
        act()
    return caught.value


def test_a_wrong_key_a_wrong_secret_and_no_key_are_all_a_bad_key():
    for wrong in ({"consumer_key": "ck_nobody"}, {"consumer_secret": "cs_wrong"}, {"consumer_key": ""}):
        for url in ("https://acme.test", "http://acme.test"):
            world = World(url, **wrong)
            assert denied(lambda world=world: api.count(world.link)).code == "bad_key"
            refusal = denied(lambda world=world: api.add_hook(world.link, "order.created", OURS, "s"))
            assert refusal.code == "bad_key"
            assert "cs_" not in str(refusal)


def test_a_key_that_may_only_read_is_told_apart_from_a_wrong_one(world: World):
    world.key.may = "read"
    assert api.count(world.link) == 0
    refusal = denied(lambda: api.add_hook(world.link, "order.created", OURS, "s"))
    assert refusal.code == "read_only"
    assert "Read/Write" in refusal.remedy


def test_a_key_of_a_user_without_rights_says_so(world: World):
    world.double.rest.manager = False
    assert denied(lambda: api.hooks(world.link, OURS)).code == "rights"


def test_a_login_of_wordpress_that_takes_the_key_for_a_name_is_a_bad_key(world: World):
    world.http.fail(Answer(401, {}, b'{"code":"invalid_username","message":"Unknown username."}'))
    assert denied(lambda: api.count(world.link)).code == "bad_key"


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (403, b"<html>Attention Required! | Cloudflare</html>", "blocked"),
        (403, b'{"code":"rest_forbidden"}', "blocked"),
        (401, b"<html>401 Authorization Required</html>", "blocked"),
        (401, b'{"code":"rest_login_required"}', "blocked"),
        (406, b"Not Acceptable! (Mod_Security)", "blocked"),
        (404, b"<html>Not found</html>", "no_api"),
        (404, b'{"code":"rest_no_route"}', "no_api"),
        (400, b'{"code":"rest_invalid_param"}', "too_old"),
    ],
)
def test_each_refusal_has_its_name_and_a_remedy(world: World, status: int, body: bytes, code: str):
    world.http.fail(Answer(status, {}, body))
    refusal = denied(lambda: api.page(world.link, ACME, "orders", None, None))
    assert (refusal.code, len(refusal.remedy) > 20) == (code, True)


def test_a_shop_that_moved_is_named_and_never_followed(world: World):
    for to, named in (
        ("https://www.acme.test/wp-json/wc/v3/orders", "https://www.acme.test:"),
        ("//new.test/x", "https://new.test:"),
        ("/fa/wp-json/wc/v3/orders", "another path of https://acme.test"),
        ("https://user:secret@evil.test/", "https://evil.test"),
        ("javascript:alert(1)", "somewhere else"),
    ):
        world.http.fail(Answer(301, {"location": to}, b""))
        refusal = denied(lambda: api.count(world.link))
        assert refusal.code == "moved"
        assert named in refusal.remedy
        assert "secret" not in refusal.remedy
    assert {urlsplit(url).netloc for _, url in world.http.asked} == {"acme.test"}


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, {"content-type": "text/html"}, b"<html>Briefly unavailable for scheduled maintenance</html>"),
        Answer(200, {}, b"<br /><b>Warning</b>: Undefined variable<br />[]"),
        Answer(200, {}, b""),
        Answer(200, {}, b'{"orders":[]}'),
        Answer(200, {}, b"\xff\xfe["),
        Answer(200, {}, b"[" * 100_000),
        Answer(502, {}, b"<html>Bad gateway</html>"),
        Answer(429, {}, b"slow down"),
        Answer(520, {}, b""),
        Answer(100, {}, b""),
    ],
)
def test_what_may_pass_is_trouble_and_no_verdict(world: World, answer: Answer):
    world.http.fail(answer, answer)
    with pytest.raises(Trouble):
        api.page(world.link, ACME, "orders", None, None)


def test_a_byte_order_mark_of_a_careless_plugin_is_forgiven(world: World):
    world.double.place_order()
    plain = world.http.ask("GET", "https://acme.test/wp-json/wc/v3/orders", headers=Keyring.headers)
    world.http.fail(Answer(200, {"x-wp-total": "1", "x-wp-totalpages": "1"}, b"\xef\xbb\xbf" + plain.body))
    assert len(world.orders()) == 1


def test_a_shop_that_asks_us_to_wait_is_waited_for(world: World):
    world.http.fail(Unreachable("busy", 120))
    with pytest.raises(Unreachable) as caught:
        api.count(world.link)
    assert caught.value.wait == 120
    world.double.front = lambda method, target: (429, {"Retry-After": "7"}, b"")
    with pytest.raises(Unreachable) as caught:
        api.count(world.link)
    assert caught.value.wait == 7


def test_no_refusal_quotes_what_was_answered(world: World):
    for status in (200, 301, 400, 401, 403, 404, 429, 500):
        answer = Answer(status, {"location": "https://x.test/?k=geheim"}, b'{"code":"Geheim 1","message":"geheim"}')
        world.http.fail(answer, answer)
        with pytest.raises((Denied, Trouble)) as caught:
            api.page(world.link, ACME, "orders", None, None)
        assert "geheim" not in str(caught.value).lower()


# Who the shop says it is


def test_a_recorded_shop_says_who_it_is(world: World):
    world.http.fail(replay("root"), replay("settings-general"))
    said = api.facts(world.link)
    assert (said.address, said.name) == ("http://127.0.0.1:8081", "فروشگاه آزمایشی")
    assert (said.currency, said.country, said.timezone) == ("IRT", "IR", "Asia/Tehran")
    assert (said.version, said.locale) == ("10.5.2", "fa-IR")


def test_the_shops_own_page_about_itself_may_be_missing(world: World):
    world.http.fail(None, None, 403)
    assert (api.facts(world.link).currency, api.facts(world.link).version) == ("IRT", "10.5.2")


@pytest.mark.parametrize(
    ("name", "offset", "zone"),
    [("Europe/Berlin", 1, "Europe/Berlin"), ("", 0, "UTC"), ("", 3, "Etc/GMT-3"), ("", -5, "Etc/GMT+5"), ("", 3.5, "")],
)
def test_a_time_zone_has_a_name_or_none(world: World, name: str, offset: float, zone: str):
    world.double.rest.root |= {"timezone_string": name, "gmt_offset": offset}
    assert api.facts(world.link).timezone == zone


def test_a_wordpress_without_woocommerce_is_no_shop(world: World):
    world.double.rest.root["namespaces"] = ["wp/v2"]
    assert denied(lambda: api.facts(world.link)).code == "no_api"


def levels(world: World) -> dict[str, str]:
    return {finding.what: finding.level for finding in api.check(world.link)}


def test_a_good_shop_is_checked_without_changing_anything(world: World):
    found = levels(world)
    assert set(found.values()) == {"ok"}
    assert "WooCommerce 10.5.2" in found
    assert world.double.hooks.hooks == {}
    assert world.receiver.got == []


def test_plain_http_is_warned_of():
    found = api.check(World("http://acme.test").link)
    assert [finding.level for finding in found].count("warn") == 1
    assert "in the clear" in found[0].what


def test_a_key_that_may_only_read_is_found_before_it_is_needed(world: World):
    world.key.may = "read"
    last = api.check(world.link)[-1]
    assert (last.level, "read_only" in last.what) == ("fail", True)


def test_a_shop_that_knows_itself_by_another_name_is_warned_of(world: World):
    world.double.rest.root["home"] = "https://www.acme.test"
    found = [finding for finding in api.check(world.link) if finding.level == "warn"]
    assert "https://www.acme.test" in found[0].remedy


def test_old_versions_stopped_timers_and_wrong_clocks_are_named(world: World):
    world.double.rest.environment |= {"version": "5.7.1", "wp_cron": False}
    late = Link(world.link.url, world.link.credentials, world.http, lambda: START + timedelta(minutes=30))
    found = {finding.what: finding for finding in api.check(late)}
    assert found["WooCommerce 5.7.1 cannot say what was changed lately"].level == "fail"
    assert [what for what in found if "timer" in what]
    assert found["the shop's clock is 30 minutes behind"].level == "warn"


def test_a_check_of_a_wrong_key_fails_and_says_why():
    found = api.check(World(consumer_secret="cs_wrong").link)
    assert (found[-1].level, "REST API" in found[-1].remedy) == ("fail", True)


# Webhooks


def test_our_webhooks_are_those_that_lead_to_us(world: World):
    for number in range(120):
        api.add_hook(world.link, "order.created", f"https://other.test/{number}", "s")
    mine = api.add_hook(world.link, "order.updated", OURS, "s")
    assert api.hooks(world.link, OURS) == [mine]
    assert mine == Hook(id="121", topic="order.updated", url=OURS, state="active")


def test_recorded_webhooks_are_read_with_their_states(world: World):
    world.http.fail(replay("webhooks"))
    (paused,) = api.hooks(world.link, "http://127.0.0.1:9000/x")
    assert (paused.state, paused.topic) == ("paused", "order.updated")


def test_every_topic_but_the_action_is_asked_for():
    assert set(signature.TOPICS) - set(api.HOOK_TOPICS) == {"action.woocommerce_order_refunded"}


def test_making_a_webhook_knocks_and_what_it_sends_is_signed_with_its_secret(world: World):
    api.add_hook(world.link, "order.created", OURS, "رمز whsec_1")
    address, headers, body = world.receiver.got[0]
    assert (address, signature.is_ping(headers, body)) == (OURS, True)
    order_id = world.double.place_order(billing={"email": "sara@example.test"})
    _, headers, body = world.receiver.got[-1]
    assert signature.verify(headers, body, ["رمز whsec_1"], START)
    assert not signature.verify(headers, body, ["whsec_other"], START)
    (event,) = webhook.read("order.created", headers, body, received_at="2026-11-21T09:00:00Z", shop=ACME)
    assert (event.order.id, event.order.buyer.email) == (order_id, "sara@example.test")
    assert event.order == api.orders(world.link, ACME, [order_id]).orders[0]


def test_the_seventh_failure_in_a_row_switches_a_webhook_off_and_mending_switches_it_on(world: World):
    hook = api.add_hook(world.link, "order.created", OURS, "s")
    world.receiver.status = 500
    for failure in range(7):
        assert api.hooks(world.link, OURS)[0].state == "active", failure
        world.double.place_order()
    (off,) = api.hooks(world.link, OURS)
    assert off.state == "disabled"
    world.receiver.got.clear()
    world.double.place_order()
    assert world.receiver.got == []
    assert api.mend_hook(world.link, off, OURS, "new").state == "active"
    world.receiver.status = 200
    world.double.place_order()
    _, headers, body = world.receiver.got[-1]
    assert signature.verify(headers, body, ["new"], START)
    assert api.hooks(world.link, OURS) == [hook]


def test_a_mended_webhook_still_has_its_failures_until_one_delivery_succeeds(world: World):
    hook = api.add_hook(world.link, "order.created", OURS, "s")
    for mended_and in ((0, "disabled"), (200, "active")):
        world.receiver.status = 0
        while api.hooks(world.link, OURS)[0].state == "active":
            world.double.place_order()
        api.mend_hook(world.link, hook, OURS, "s")
        world.receiver.status = mended_and[0]
        world.double.place_order()
        world.receiver.status = 0
        world.double.place_order()
        assert api.hooks(world.link, OURS)[0].state == mended_and[1]


def test_a_redirect_counts_as_delivered_and_nothing_is_tried_again(world: World):
    api.add_hook(world.link, "order.created", OURS, "s")
    world.receiver.got.clear()
    for status in (302, 204, 301):
        world.receiver.status = status
        world.double.place_order()
    assert world.receiver.topics() == ["order.created"] * 3
    assert world.double.hooks.hooks[1].failures == 0


def test_the_knock_comes_again_after_each_delivery_until_it_is_answered(world: World):
    world.receiver.status = 404
    api.add_hook(world.link, "order.created", OURS, "s")
    world.double.place_order()
    world.receiver.status = 200
    world.double.place_order()
    world.double.place_order()
    assert world.receiver.topics() == ["ping", "order.created", "ping", "order.created", "ping", "order.created"]


def test_what_waits_is_told_as_it_is_when_it_goes_out_and_once(world: World):
    api.add_hook(world.link, "order.updated", OURS, "s")
    world.receiver.got.clear()
    world.double.hooks.held = True
    order_id = world.double.place_order(status="on-hold")
    world.double.change_order(order_id, status="completed")
    assert world.receiver.got == []
    world.double.hooks.run()
    assert [json.loads(body)["status"] for _, _, body in world.receiver.got] == ["completed"]


def test_a_deletion_says_only_an_id_and_a_refund_comes_as_a_change(world: World):
    for topic in ("order.deleted", "order.updated", "action.woocommerce_order_refunded"):
        api.add_hook(world.link, topic, OURS, "s")
    order_id = world.double.place_order(total="1000")
    world.double.refund_order(order_id, 300)
    world.double.delete_order(order_id)
    bodies = {headers.get("x-wc-webhook-topic"): json.loads(body) for _, headers, body in world.receiver.got[3:]}
    assert bodies["order.deleted"] == {"id": int(order_id)}
    assert bodies["order.updated"]["refunds"][0]["total"] == "-300"
    assert bodies["action.woocommerce_order_refunded"] == {"action": "woocommerce_order_refunded", "arg": int(order_id)}


def test_a_webhook_whose_owner_lost_his_rights_sends_signed_errors(world: World):
    api.add_hook(world.link, "order.created", OURS, "s")
    world.double.rest.manager = False
    world.double.place_order()
    _, headers, body = world.receiver.got[-1]
    assert signature.verify(headers, body, ["s"], START)
    assert json.loads(body)["code"] == "woocommerce_rest_cannot_view"


def test_dropping_takes_one_away_and_a_second_time_changes_nothing(world: World):
    hook, other = (api.add_hook(world.link, "order.created", url, "s") for url in (OURS, "https://other.test/x"))
    api.drop_hook(world.link, hook)
    api.drop_hook(world.link, hook)
    assert api.hooks(world.link, OURS) == []
    assert api.hooks(world.link, "https://other.test/x") == [other]


def test_mending_a_webhook_that_is_gone_makes_it_anew(world: World):
    hook = api.add_hook(world.link, "order.created", OURS, "s")
    api.drop_hook(world.link, hook)
    assert api.mend_hook(world.link, hook, OURS, "s").topic == "order.created"
    assert len(api.hooks(world.link, OURS)) == 1


# The owner's yes


def ask_owner(world: World, scope: str = "", callback: str = "https://api.ecrm.test/c/t-1") -> str:
    url = api.authorize_url(world.link.url, "eCRM & Söhne", "t-1", "https://acme.test/back?x=1", callback)
    return url.removeprefix(world.link.url) + (f"&scope={scope}" if scope else "")


def test_the_owner_approves_and_the_key_that_comes_lets_us_in(world: World):
    status, _, page = world.double.answer("GET", ask_owner(world), {}, b"")
    assert (status, "eCRM &amp; Söhne".encode() in page) == (200, True)
    assert world.receiver.got == []
    status, headers, _ = world.double.answer("GET", ask_owner(world) + "&approve=1", {}, b"")
    assert (status, headers["location"]) == (302, "https://acme.test/back?x=1&success=1&user_id=t-1")
    address, headers, body = world.receiver.got[0]
    assert address == "https://api.ecrm.test/c/t-1"
    assert world.link.url in headers["user-agent"]
    assert api.token_of(body) == "t-1"
    link = Link(world.link.url, api.granted(body), world.http, world.clock.now)
    assert api.add_hook(link, "order.created", OURS, "s").state == "active"
    assert set(api.granted(body)) == set(api.CREDENTIALS)


def test_the_link_on_the_page_is_what_approves(world: World):
    _, _, page = world.double.answer("GET", ask_owner(world), {}, b"")
    link = page.decode().split('href="')[1].split('"')[0].replace("&amp;", "&")
    assert world.double.answer("GET", link.removeprefix(world.link.url), {}, b"")[0] == 302
    assert len(world.receiver.got) == 1


def test_a_key_that_the_receiver_did_not_take_is_taken_back(world: World):
    world.receiver.status = 204
    assert world.double.answer("POST", ask_owner(world), {}, b"")[0] == 401
    assert len(world.double.keys.known) == 1


def test_a_callback_without_https_is_refused(world: World):
    assert world.double.answer("GET", ask_owner(world, callback="http://api.ecrm.test/c"), {}, b"")[0] == 401
    assert world.double.answer("GET", "/wc-auth/v1/authorize?app_name=x", {}, b"")[0] == 401


def test_a_key_that_may_only_read_is_refused_when_it_comes():
    said = {"consumer_key": "ck_a", "consumer_secret": "cs_a", "key_permissions": "read"}
    assert denied(lambda: api.granted(json.dumps(said).encode())).code == "read_only"


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"consumer_key":1}', b'{"consumer_key":"a b","consumer_secret":"c\\n"}', b"\xff"]
)
def test_a_callback_without_a_key_is_refused(body: bytes):
    assert denied(lambda: api.granted(body)).code == "bad_key"


def test_a_token_that_would_not_come_back_as_it_is_is_not_sent():
    with pytest.raises(ValueError, match="token"):
        api.authorize_url("https://acme.test", "eCRM", "a+b=&", "https://r.test", "https://c.test")
    url = api.authorize_url("https://acme.test/shop/", "eCRM", "t", "https://r.test/?a=b", "https://c.test")
    assert url.startswith("https://acme.test/shop/wc-auth/v1/authorize?")
    assert parse_qs(urlsplit(url).query)["return_url"] == ["https://r.test/?a=b"]


# The harness


def test_a_pretend_shop_is_served_over_http_and_sends_what_happens_in_it():
    import urllib.request

    got: list[tuple[dict[str, str], bytes]] = []

    class Listener:
        CREDENTIALS: dict[str, str] = {}  # noqa: RUF012

        def answer(self, method: str, target: str, headers: Any, body: bytes) -> tuple[int, dict[str, str], bytes]:
            got.append((dict(headers), body))
            return 200, {}, b""

    with (
        server.Served(lambda url: Listener()) as listener,  # type: ignore[arg-type,return-value]
        server.Served(lambda url: Double(url, lambda: datetime.now(UTC), server.post)) as shop,
    ):
        http = _Plain(urllib.request)
        link = Link(shop.url, Double.CREDENTIALS, http, lambda: datetime.now(UTC))
        api.add_hook(link, "order.created", f"{listener.url}/hooks", "s")
        shop.double.place_order()
        assert api.count(link) == 1
        assert api.page(link, ACME, "orders", None, None).total == 1
    assert [signature.is_ping(headers, body) for headers, body in got] == [True, False]
    assert signature.verify(got[1][0], got[1][1], ["s"], START)
    assert server.post(f"{listener.url}/hooks", {}, b"") == 0


class _Plain:
    """The standard library's client, for this machine alone."""

    def __init__(self, library: Any) -> None:
        self._library = library

    def ask(
        self, method: str, url: str, *, headers: Any = None, body: bytes | None = None, most: int = 1 << 22
    ) -> Answer:
        request = self._library.Request(url, body, dict(headers or {}), method=method)
        with self._library.urlopen(request, timeout=60) as got:
            return Answer(got.status, {k.lower(): v for k, v in got.headers.items()}, got.read(most))


def test_the_command_prints_one_line_and_ends_when_it_is_told():
    command = [sys.executable, "-m", "infra.local.doubles", "woocommerce", "--port", "0", "--orders", "5"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout
        said = json.loads(running.stdout.readline())
        running.terminate()
        assert running.wait(timeout=60) == 0
        assert running.stdout.read() == ""
    assert (said["ready"], said["platform"], set(said["credentials"])) == (True, "woocommerce", set(api.CREDENTIALS))
    assert said["url"].startswith("http://127.0.0.1:")


def test_a_list_body_has_members_with_paths_of_their_own():
    (one, two) = parse_list(b'[{"a":1.10},{"b":"x"}]', 5)
    assert str(one.at("a").value) == "1.10"
    assert two.at("b").path == "b"
