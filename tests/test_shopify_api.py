"""Asking a Shopify shop: a pretend one, which pages, counts costs, writes files and refuses as the real one does."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chalicelib import platforms
from chalicelib.domain.events import AccountSeen, OrderSeen, ProductSeen
from chalicelib.domain.order import Order
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.platforms.shop_api import Denied, Link, Page, Trouble
from chalicelib.platforms.shopify import api, bulk, hooks, pages, places, queries, webhook
from chalicelib.safe_http import Answer, Unreachable
from infra.local.doubles.server import InProcess
from infra.local.doubles.shopify import Double
from infra.local.doubles.shopify_cost import Bucket

URL = "https://acme.myshopify.com"
US = "https://us.test/hooks/shopify/acme"
SAMPLES = Path(__file__).parents[1] / "webhooks" / "shopify" / "samples"
SHOP = Shop("acme", "shopify", "2026-01-01T00:00:00Z", currency="EUR", timezone="Europe/Berlin", api_url=URL)


class World:
    """A pretend shop, its clock, and us: everything that it posts is kept, and answered with `status`."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 21, 12, tzinfo=UTC)
        self.status, self.posted = 200, []
        self.double = Double(URL, lambda: self.time, self.receive)
        self.http = InProcess(self.double, URL)
        self.link = Link(URL, {"token": Double.TOKEN}, self.http, lambda: self.time)

    def receive(self, address: str, headers: dict[str, str], body: bytes) -> int:
        self.posted.append((address, headers, body))
        return self.status

    def later(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)

    def all(self, kind: str, since: str | None = None, cursor: str | None = None, most: int = 500) -> list[Page]:
        """A whole listing, waiting as long as we are asked to."""
        found: list[Page] = []
        for _ in range(most):
            try:
                page = api.page(self.link, SHOP, kind, since, cursor)
            except Trouble as trouble:
                if not trouble.wait:
                    raise
                self.later(trouble.wait)
                continue
            found.append(page)
            self.later(page.wait)
            cursor = page.next
            if cursor is None:
                return found
            assert len(cursor) <= 2000
        raise AssertionError("a listing without an end")


@pytest.fixture
def world() -> World:
    return World()


def ids(listed: list[Page]) -> list[str]:
    events = [event for page in listed for event in page.events]
    return [event.order.id if isinstance(event, OrderSeen) else _other_id(event) for event in events]


def _other_id(event) -> str:
    return event.buyer.account if isinstance(event, AccountSeen) else event.product.id


def kept(world: World, kind: str = "orders") -> list[str]:
    return sorted(world.double.admin.kept[kind])


def orders_of(listed: list[Page]) -> dict[str, Order]:
    return {event.order.id: event.order for page in listed for event in page.events}


class TestLogin:
    def test_a_token_stays_as_it_is_and_nobody_is_asked(self, world):
        assert api.login(world.link) is world.link
        assert world.http.asked == []

    def test_a_client_id_and_secret_give_a_token_for_a_day(self, world):
        link = api.login(replace(world.link, credentials=Double.CREDENTIALS))
        assert api.count(link) == 0
        world.later(24 * 3600 + 1)
        with pytest.raises(Denied, match="bad_key"):
            api.count(link)
        assert api.count(api.login(link)) == 0

    @pytest.mark.parametrize(
        ("field", "value", "code"),
        [
            ("installed", False, "not_installed"),
            ("same_organisation", False, "not_permitted"),
            ("state", "moved", "moved"),
        ],
    )
    def test_why_there_is_no_token_is_said(self, world, field, value, code):
        setattr(world.double, field, value)
        with pytest.raises(Denied) as denied:
            api.login(replace(world.link, credentials=Double.CREDENTIALS))
        assert denied.value.code == code

    def test_a_wrong_secret_is_a_bad_key_and_stays_out_of_the_message(self, world):
        wrong = Double.CREDENTIALS | {"client_secret": "shpss_wrong"}
        with pytest.raises(Denied, match="bad_key") as denied:
            api.login(replace(world.link, credentials=wrong))
        assert "shpss_wrong" not in str(denied.value)

    def test_every_credential_is_explained(self):
        assert set(api.CREDENTIALS) == {"token", *Double.CREDENTIALS}
        assert "shpss_" not in repr(Link(URL, Double.CREDENTIALS, None, None))


class TestWhoTheShopIs:
    def test_its_name_currency_zone_and_the_address_that_webhooks_name(self, world):
        facts = api.facts(world.link)
        assert (facts.address, facts.name, facts.currency) == (URL, "Acme", "EUR")
        assert (facts.timezone, facts.country, facts.version) == ("Europe/Berlin", "DE", "Admin API 2026-07")

    def test_all_is_well(self, world):
        assert {finding.level for finding in api.check(world.link)} == {"ok"}

    def test_the_right_to_write_includes_the_right_to_read(self, world):
        world.double.admin.scopes = {
            "write_orders",
            "read_orders",
            "read_all_orders",
            "write_customers",
            "write_products",
        }
        world.double.admin.scopes |= {"read_customers", "read_products"}
        assert {finding.level for finding in api.check(world.link)} == {"ok"}

    @pytest.mark.parametrize("scope", ["read_orders", "read_customers", "read_products"])
    def test_a_missing_right_is_named_with_what_is_lost_and_what_to_do(self, world, scope):
        world.double.admin.scopes.remove(scope)
        failed = [finding for finding in api.check(world.link) if finding.level == "fail"]
        assert len(failed) == 1
        assert scope in failed[0].what
        assert "install the app again" in failed[0].remedy

    def test_without_the_right_to_old_orders_one_is_warned(self, world):
        world.double.admin.scopes.remove("read_all_orders")
        (warned,) = [finding for finding in api.check(world.link) if finding.level == "warn"]
        assert "60 days" in warned.what

    @pytest.mark.parametrize("knob", ["approved", "approved_fields"])
    def test_a_missing_approval_for_peoples_data_is_named_as_such(self, world, knob):
        world.double.fill(3, 3)
        setattr(world.double.admin, knob, False)
        (failed,) = [finding for finding in api.check(world.link) if finding.level == "fail"]
        assert "names and addresses" in failed.what
        assert "Protected customer data access" in failed.remedy

    def test_another_address_than_the_shops_own_is_noticed(self, world):
        world.double.admin.domain = "acme-gmbh.myshopify.com"
        (warned,) = [finding for finding in api.check(world.link) if finding.level == "warn"]
        assert "https://acme-gmbh.myshopify.com" in warned.remedy

    def test_a_retired_version_of_the_api_is_noticed(self, world):
        world.double.version = "2027-07"
        (warned,) = [finding for finding in api.check(world.link) if finding.level == "warn"]
        assert "2027-07" in warned.what

    def test_orders_are_counted(self, world):
        world.double.fill(120, 400)
        assert api.count(world.link) == 120
        world.double.admin.scopes.remove("read_all_orders")
        assert 10 < api.count(world.link) < 30


class TestRefusals:
    @pytest.mark.parametrize(
        ("state", "code"),
        [("frozen", "frozen"), ("locked", "locked"), ("unknown", "no_api"), ("moved", "moved")],
    )
    def test_a_shop_that_is_shut_says_what_its_owner_has_to_do(self, world, state, code):
        world.double.state = state
        for ask in (api.facts, api.count, api.check, lambda link: api.hooks(link, US)):
            with pytest.raises(Denied) as denied:
                ask(world.link)
            assert denied.value.code == code

    def test_a_revoked_token_is_a_bad_key_and_stays_out_of_the_message(self, world):
        world.double.revoke()
        with pytest.raises(Denied, match="bad_key") as denied:
            api.count(world.link)
        assert Double.TOKEN not in str(denied.value)

    def test_a_missing_right_is_named(self, world):
        world.double.admin.scopes.remove("read_orders")
        with pytest.raises(Denied, match="missing_scope: the app lacks the scope read_orders"):
            api.page(world.link, SHOP, "orders", "2026-11-01T00:00:00Z", None)

    @pytest.mark.parametrize("knob", ["approved", "approved_fields"])
    def test_orders_without_people_are_not_taken_for_orders_of_guests(self, world, knob):
        world.double.fill(3, 3)
        setattr(world.double.admin, knob, False)
        with pytest.raises(Denied, match="protected_data"):
            api.page(world.link, SHOP, "orders", "2026-11-01T00:00:00Z", None)

    @pytest.mark.parametrize(
        ("answer", "code"),
        [
            (
                Answer(403, {}, b'{"errors":"[API] This action requires merchant approval for read_orders scope."}'),
                "missing_scope",
            ),
            (
                Answer(403, {}, b'{"errors":"[API] This app is not approved to access REST endpoints"}'),
                "protected_data",
            ),
            (Answer(403, {}, b"<html>forbidden</html>"), "bad_key"),
            (Answer(401, {}, b""), "bad_key"),
            (Answer(308, {"location": "https://elsewhere.test"}, b""), "moved"),
        ],
    )
    def test_what_the_documentation_lists_is_told_apart(self, world, answer, code):
        world.http.fail(answer)
        with pytest.raises(Denied) as denied:
            api.count(world.link)
        assert denied.value.code == code

    @pytest.mark.parametrize(
        "answer",
        [
            Answer(500, {}, b"oops"),
            Answer(200, {}, b"<html>"),
            Answer(200, {}, b"[]"),
            Answer(200, {}, b"{}"),
            Answer(200, {}, b'{"data":null}'),
            Answer(200, {}, b'{"data":{"ordersCount":null}}'),
            Answer(200, {}, b'{"errors":{"query":"Required parameter missing"}}'),
            Answer(200, {}, b'{"errors":[{"message":"Internal error","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]}'),
            Answer(200, {}, b'{"errors":[{"message":"Throttled"}],"extensions":{"cost":"much"}}'),
        ],
    )
    def test_what_makes_no_sense_is_a_trouble_and_nothing_else(self, world, answer):
        world.http.fail(answer)
        with pytest.raises(Trouble):
            api.count(world.link)

    def test_a_shop_that_asks_to_be_left_alone_is(self, world):
        world.http.fail(Answer(429, {"retry-after": "7"}, b""))
        with pytest.raises(Unreachable) as busy:
            api.count(world.link)
        assert busy.value.wait == 7
        world.http.fail(Answer(430, {}, b""))
        with pytest.raises(Trouble, match="430"):
            api.count(world.link)


class TestOneOrderTwoWays:
    """As a webhook tells it and as the API tells it: the same order, to the last figure."""

    ORDERS = sorted(
        file
        for folder in ("made", "published-2026-07")
        for file in (SAMPLES / folder).glob("*-orders_*.json")
        if "edited" not in file.name and "delete" not in file.name
    )

    @pytest.mark.parametrize("file", ORDERS, ids=lambda file: f"{file.parent.name}-{file.stem}")
    def test_a_recorded_body_and_the_api(self, world, file):
        raw = json.loads(file.read_text())
        body, headers = base64.b64decode(raw["body_base64"]), {name.lower(): value for name, value in raw["headers"]}
        shop = replace(SHOP, api_url=None, currency="USD", country="US")
        told = webhook.read(headers["x-shopify-topic"], headers, body, received_at="2026-11-21T12:00:00Z", shop=shop)
        (by_webhook,) = [event.order for event in told if isinstance(event, OrderSeen)]
        rest = json.loads(body)
        world.double.keep("orders", rest)
        (by_api,) = api.orders(world.link, shop, [str(rest["id"])]).orders
        # A webhook's customer has had no consents since API 2025-01; the examples of the older REST API still do.
        by_webhook = replace(by_webhook, buyer=replace(by_webhook.buyer, consents=()))
        assert replace(by_api, settled=False) == by_webhook

    def test_there_are_enough_of_them(self):
        assert len(self.ORDERS) >= 9

    def test_what_our_own_webhook_says_is_what_the_api_says(self, world):
        world.double.fill(3, 3)
        for topic in hooks.HOOK_TOPICS:
            api.add_hook(world.link, topic, US, "")
        order = world.double.place_order(buyer=0, email="Guest@Example.test", customer_locale="de-AT")
        world.double.change_order(order, refund="4.90", fulfilled=True)
        headers, body = world.posted[-1][1:]
        assert webhook.verify(headers, body, [Double.CREDENTIALS["client_secret"]], world.time)
        assert headers["x-shopify-shop-domain"] == "acme.myshopify.com"
        (told,) = webhook.read(headers["x-shopify-topic"], headers, body, received_at=stamp(world.time), shop=SHOP)
        assert (told.order.payment, told.order.fulfilment, told.order.refunded) == ("partly_refunded", "fulfilled", 490)
        assert replace(api.orders(world.link, SHOP, [order]).orders[0], settled=False) == told.order

    def test_a_line_that_was_edited_out_was_never_owed_and_a_refund_that_failed_is_none(self, world):
        order = world.double.place_order()
        row = world.double.admin.kept["orders"][order]
        left = f"{float(row['total_price']) - 10:.2f}"
        world.double.change_order(order, refund="0.00", current_total_price=left, financial_status="paid")
        row["refunds"][0]["transactions"] = []
        (edited,) = api.orders(world.link, SHOP, [order]).orders
        assert edited.money(edited.total).amount == round(float(left) * 100)
        row["refunds"][0]["transactions"] = [
            {"kind": "refund", "status": "failure", "amount": "5.00", "currency": "EUR"}
        ]
        (failed,) = api.orders(world.link, SHOP, [order]).orders
        (by_webhook,) = webhook.read(
            "orders/updated", {}, json.dumps(row).encode(), received_at=stamp(world.time), shop=SHOP
        )
        assert replace(failed, settled=False) == by_webhook.order
        assert failed.refunds == ()

    def test_the_same_second_is_not_settled_and_two_seconds_later_it_is(self, world):
        order = world.double.place_order()
        assert not api.orders(world.link, SHOP, [order]).orders[0].settled
        world.later(2)
        assert api.orders(world.link, SHOP, [order]).orders[0].settled

    def test_customers_come_with_their_consents_and_when_they_gave_them(self, world):
        world.double.fill(3, 3)
        (number,) = kept(world, "customers")[:1]
        world.double.change_customer(number, subscribed=True, tags="vip, wholesale")
        since = stamp(world.time - timedelta(minutes=1))
        (seen,) = [event for page in world.all("customers", since) for event in page.events]
        assert seen.buyer.account == number
        assert seen.tags == ("vip", "wholesale")
        (consent,) = seen.buyer.consents
        assert (consent.channel, consent.state, consent.at) == ("email", "subscribed", stamp(world.time))

    def test_a_product_is_the_same_both_ways(self, world):
        world.double.fill(1, 1)
        (number,) = kept(world, "products")[:1]
        row = world.double.admin.kept["products"][number]
        body = json.dumps(row).encode()
        (told,) = webhook.read("products/update", {}, body, received_at=stamp(world.time), shop=SHOP)
        seen = [event for page in world.all("products") for event in page.events]
        assert [one for one in seen if one.product.id == number] == [told]


class TestByIds:
    def test_what_is_there_and_what_is_gone(self, world):
        world.double.fill(23, 20)
        asked = [*kept(world)[:9], "450789999", "450789999"]
        gone = kept(world)[4]
        world.double.delete_order(gone)
        found = api.orders(world.link, SHOP, asked)
        assert [order.id for order in found.orders] == [id for id in asked[:9] if id != gone]
        assert sorted(found.gone) == sorted([gone, "450789999"])
        assert found.unread == ()

    def test_where_the_allowance_ends_before_the_ids_do_the_rest_is_asked_for_again(self, world):
        world.double.fill(60, 20)
        waiting, turns = set(kept(world)), 0
        while waiting:
            found = api.orders(world.link, SHOP, sorted(waiting))
            assert found.orders
            waiting -= {order.id for order in found.orders}
            turns += 1
            world.later(20)
        assert turns > 1
        world.double.admin.bucket = Bucket(world.time, 1000)
        world.double.admin.bucket.left = 0
        with pytest.raises(Trouble) as busy:
            api.orders(world.link, SHOP, kept(world)[:4])
        assert busy.value.wait

    def test_an_order_that_is_only_out_of_sight_is_not_gone(self, world):
        """Without read_all_orders, Shopify answers null for what is older than 60 days: that is not a deletion."""
        world.double.fill(30, 100)
        old, young = kept(world)[0], kept(world)[-2]
        world.double.delete_order(young)
        world.double.admin.scopes.remove("read_all_orders")
        found = api.orders(world.link, SHOP, [old, young])
        assert found.gone == (young,)
        assert [(one.id, "read_all_orders" in one.reason) for one in found.unread] == [(old, True)]

    def test_where_nothing_is_in_sight_nothing_is_gone(self, world):
        world.double.admin.scopes.remove("read_all_orders")
        found = api.orders(world.link, SHOP, ["450789001"])
        assert (found.gone, len(found.unread)) == ((), 1)

    def test_what_is_no_id_of_an_order_is_never_asked_for(self, world):
        found = api.orders(world.link, SHOP, ["", "x", "0", "1) { shop { name } } #"])
        assert len(found.unread) == 4
        assert world.http.asked == []

    def test_an_order_with_many_lines_comes_with_all_of_them(self, world):
        world.double.fill(1, 1)
        product = kept(world, "products")[0]
        world.double.admin.bucket = Bucket(world.time, 4000)
        order = world.double.place_order(items=[(product, 0, one) for one in range(1, 251)])
        (found,) = api.orders(world.link, SHOP, [order]).orders
        assert [line.quantity for line in found.lines] == list(range(1, 251))

    def test_one_with_more_lines_than_any_allowance_holds_is_named_and_keeps_nobody_back(self, world):
        world.double.fill(6, 6)
        product = kept(world, "products")[0]
        huge = world.double.place_order(items=[(product, 0, one) for one in range(1, 251)])
        waiting, unread = [huge, *kept(world)], []
        for _ in range(10):
            try:
                found = api.orders(world.link, SHOP, waiting)
            except Trouble as trouble:
                world.later(trouble.wait)
                continue
            done = {order.id for order in found.orders} | {one.id for one in found.unread}
            unread += found.unread
            waiting = [id for id in waiting if id not in done]
            if not waiting:
                break
        assert waiting == []
        assert [(one.id, one.reason) for one in unread] == [(huge, "has too many lines to be asked for")]

    def test_one_that_cannot_be_read_does_not_keep_the_others_back(self, world):
        world.double.fill(3, 3)
        broken, *whole = kept(world)
        world.double.admin.kept["orders"][broken]["line_items"][0]["price"] = "a lot"
        found = api.orders(world.link, SHOP, [broken, *whole])
        assert [order.id for order in found.orders] == whole
        ((kind, number, reason, field),) = [(one.kind, one.id, one.reason, one.field) for one in found.unread]
        assert (kind, number, field) == ("order", broken, "line_items[0].price")
        assert "a lot" not in reason

    def test_where_they_cost_too_much_fewer_are_asked_for_at_once(self, world, monkeypatch):
        monkeypatch.setattr(queries, "LINES_AT_ONCE", 60)
        world.double.admin.bucket = Bucket(world.time, 100_000)
        world.double.fill(10, 10)
        assert len(api.orders(world.link, SHOP, kept(world)).orders) == 10


class TestChanges:
    SINCE = "2026-11-20T12:00:00Z"

    def test_what_changed_since_and_nothing_else(self, world):
        world.double.fill(40, 40)
        changed = kept(world)[3]
        world.double.change_order(changed, note="call before delivery")
        found = ids(world.all("orders", self.SINCE))
        assert sorted(set(found)) == sorted({changed, *kept(world)[-2:]})

    def test_a_change_in_the_second_of_since_is_in(self, world):
        world.double.fill(5, 100)
        world.double.change_order(kept(world)[0])
        assert kept(world)[0] in ids(world.all("orders", stamp(world.time + timedelta(milliseconds=900))))

    def test_a_customer_who_changed_earlier_on_that_day_is_left_out(self, world):
        """Shopify filters customers by whole days."""
        world.double.fill(30, 30)
        for row in world.double.admin.kept["customers"].values():
            row["updated_at"] = "2026-11-21T08:00:00+01:00"
        changed = kept(world, "customers")[0]
        world.double.change_customer(changed, note="prefers mails")
        assert ids(world.all("customers", "2026-11-21T11:00:00Z")) == [changed]
        assert len(ids(world.all("customers", "2026-11-21T07:00:00Z"))) == len(kept(world, "customers"))

    @pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC"])
    def test_whichever_calendar_the_days_are_of_no_customer_is_lost(self, world, zone):
        start = pages._start("customers", replace(SHOP, timezone=zone), "2026-11-21T12:00:00Z")
        assert start in ("2026-11-20", "2026-11-21")
        assert start <= "2026-11-21"

    def test_orders_that_are_placed_changed_and_deleted_meanwhile_are_not_missed(self, world):
        world.double.fill(400, 10)
        orders = kept(world)
        expected, cursor, found = set(orders[-41:]), None, []
        for turn in range(100):
            page = api.page(world.link, SHOP, "orders", self.SINCE, cursor)
            found += ids([page])
            cursor = page.next
            if cursor is None:
                break
            world.later(max(20, page.wait))
            if turn < 3:
                # One of last week, one that was listed, one that comes next; one of them goes, one is new.
                for changed in (orders[turn], orders[-40], orders[-10 + turn]):
                    world.double.change_order(changed)
                    expected.add(changed)
                gone = orders[-16 + turn]
                world.double.delete_order(gone)
                expected -= {gone} - set(found)
                expected.add(world.double.place_order())
        assert cursor is None
        assert expected <= set(found)
        assert found.count(orders[-40]) >= 2

    def test_the_listing_goes_on_in_another_process_from_its_cursor(self, world):
        world.double.fill(30, 1)
        first = api.page(world.link, SHOP, "orders", self.SINCE, None)
        other = World()
        other.double.admin.kept = world.double.admin.kept
        assert sorted(ids([first]) + ids(other.all("orders", self.SINCE, first.next))) == kept(world)

    def test_the_page_says_how_long_to_wait_so_that_shopify_need_not(self, world):
        world.double.fill(60, 1)
        throttled = 0
        cursor = None
        while True:
            page = api.page(world.link, SHOP, "orders", self.SINCE, cursor)
            world.later(page.wait)
            throttled += bool(page.wait)
            cursor = page.next
            if cursor is None:
                break
        assert throttled

    def test_who_does_not_wait_is_told_how_long_and_loses_nothing(self, world):
        world.double.fill(60, 1)
        found, cursor, waits = [], None, []
        for _ in range(200):
            try:
                page = api.page(world.link, SHOP, "orders", self.SINCE, cursor)
            except Trouble as trouble:
                waits.append(trouble.wait)
                world.later(trouble.wait)
                continue
            found += ids([page])
            cursor = page.next
            if cursor is None:
                break
        assert sorted(found) == kept(world)
        assert waits
        assert all(1 <= wait <= 20 for wait in waits)

    def test_a_page_that_would_cost_too_much_is_asked_for_smaller(self, world, monkeypatch):
        monkeypatch.setitem(pages._AT_ONCE, "orders", 50)
        world.double.fill(30, 1)
        first = api.page(world.link, SHOP, "orders", self.SINCE, None)
        assert (first.events, places.opened(first.next).at_once) == ((), 25)
        assert sorted(ids(world.all("orders", self.SINCE, first.next))) == kept(world)

    def test_nobody_pages_deeper_than_shopify_likes(self, world, monkeypatch):
        monkeypatch.setattr(pages, "_DEEPEST", 20)
        world.double.fill(75, 1)
        found = ids(world.all("orders", self.SINCE))
        assert sorted(set(found)) == kept(world)
        assert sorted(set(ids(world.all("customers", self.SINCE)))) == kept(world, "customers")

    def test_even_where_all_of_them_changed_in_the_same_second(self, world, monkeypatch):
        monkeypatch.setattr(pages, "_DEEPEST", 20)
        world.double.fill(75, 1)
        for order in kept(world):
            world.double.change_order(order)
        assert sorted(set(ids(world.all("orders", stamp(world.time))))) == kept(world)

    @pytest.mark.parametrize("cursor", ["", "x", "[]", "{}", '{"way":"pages","evil":1}', "null"])
    def test_a_cursor_that_is_not_ours_is_refused(self, cursor):
        with pytest.raises(ValueError):
            places.opened(cursor)

    def test_a_cursor_that_shopify_does_not_know_is_a_trouble(self, world):
        world.double.fill(3, 1)
        with pytest.raises(Trouble):
            api.page(world.link, SHOP, "orders", self.SINCE, places.written(places.Place("pages", after="bm9uZQ==")))

    @pytest.mark.parametrize("lines", [20, 60, 100, 250])
    def test_orders_with_many_lines_hold_no_listing_up(self, world, lines):
        world.double.fill(12, 1)
        product = kept(world, "products")[0]
        many = [world.double.place_order(items=[(product, 0, one + 1) for one in range(lines)]) for _ in range(3)]
        world.double.place_order()
        listed = world.all("orders", self.SINCE)
        unread = [one.id for page in listed for one in page.unread]
        assert sorted(ids(listed) + unread) == kept(world)
        assert unread == (many if lines > 108 else [])
        assert all(len(orders_of(listed)[id].lines) == lines for id in many if id not in unread)

    def test_archived_products_are_listed_too(self, world):
        world.double.fill(1, 1)
        world.double.admin.kept["products"][kept(world, "products")[0]]["status"] = "archived"
        seen = [event.product for page in world.all("products", self.SINCE) for event in page.events]
        assert len(seen) == len(kept(world, "products")) == len(ids(world.all("products")))
        assert [product.available for product in sorted(seen, key=lambda one: one.id)][:2] == [False, True]


class TestHistory:
    def test_all_of_it_comes_in_pieces_of_one_file_each_order_once_and_whole(self, world, monkeypatch):
        monkeypatch.setattr(bulk, "PIECE", 20_000)
        world.double.fill(200, 400)
        listed = world.all("orders")
        assert ids(listed) == kept(world)
        assert len(listed) > 15
        assert {page.total for page in listed[2:]} == {200}
        rows = world.double.admin.kept["orders"]
        for order in orders_of(listed).values():
            assert [line.product_id for line in order.lines] == [
                str(one["product_id"]) for one in rows[order.id]["line_items"]
            ]
        found = api.orders(replace(world.link, now=lambda: world.time), SHOP, ids(listed)[:10]).orders
        assert [replace(order, settled=True) for order in found] == [
            replace(orders_of(listed)[order.id], settled=True) for order in found
        ]

    def test_while_shopify_writes_the_file_we_wait(self, world):
        world.double.fill(3, 3)
        started = api.page(world.link, SHOP, "orders", None, None)
        assert (started.events, started.wait > 0) == ((), True)
        waiting = api.page(world.link, SHOP, "orders", None, started.next)
        assert (waiting.events, waiting.next, waiting.wait > 0) == ((), started.next, True)
        world.later(waiting.wait)
        done = api.page(world.link, SHOP, "orders", None, started.next)
        assert (len(done.events), done.next, done.total) == (3, None, 3)

    @pytest.mark.parametrize("kind", ["customers", "products"])
    def test_customers_and_products_come_the_same_way(self, world, kind):
        world.double.fill(30, 30)
        assert sorted(ids(world.all(kind))) == kept(world, kind)
        assert [method for method, url in world.http.asked if "/bulk/" in url] == ["GET"]

    def test_a_shop_without_orders_has_no_file_at_all(self, world):
        assert ids(world.all("orders")) == []

    @pytest.mark.parametrize("piece", [*range(3000, 3060, 7), 6000, 10**7])
    def test_wherever_the_border_falls_no_line_goes_to_another_order(self, world, monkeypatch, piece):
        monkeypatch.setattr(bulk, "PIECE", piece)
        world.double.fill(25, 25)
        rows = world.double.admin.kept["orders"]
        found = orders_of(world.all("orders"))
        assert {id: len(order.lines) for id, order in found.items()} == {id: len(rows[id]["line_items"]) for id in rows}

    def test_at_every_border_another_process_may_go_on(self, world, monkeypatch):
        monkeypatch.setattr(bulk, "PIECE", 4000)
        world.double.fill(30, 30)
        cursors, found, cursor = [], [], None
        for page in world.all("orders"):
            cursors.append((cursor, len(found)))
            found += ids([page])
            cursor = page.next
        assert len(cursors) > 10
        for start, before in cursors[2:]:
            # Whatever was lost after this cursor was stored comes again, and nothing else.
            assert ids(world.all("orders", cursor=start)) == found[before:]

    def test_an_order_larger_than_a_piece_is_read_in_larger_pieces(self, world, monkeypatch):
        monkeypatch.setattr(bulk, "PIECE", 2000)
        world.double.fill(1, 1)
        product = kept(world, "products")[0]
        world.double.place_order(items=[(product, 0, one) for one in range(1, 60)])
        world.double.place_order()
        assert [len(order.lines) for order in orders_of(world.all("orders")).values()][1] == 59

    def test_one_larger_than_any_piece_is_left_to_the_pages(self, world, monkeypatch):
        monkeypatch.setattr(bulk, "PIECE", 2000)
        monkeypatch.setattr(bulk, "LARGEST_PIECE", 4000)
        world.double.fill(5, 5)
        product = kept(world, "products")[0]
        world.double.place_order(items=[(product, 0, one) for one in range(1, 60)])
        assert sorted(set(ids(world.all("orders")))) == kept(world)

    def test_the_token_never_goes_to_where_the_file_lies(self, world):
        world.double.fill(3, 3)
        world.all("orders")
        assert any("/bulk/" in url for _, url in world.http.asked)
        assert world.double.leaks == []

    def test_what_the_file_says_is_as_old_as_the_operation(self, world):
        world.double.fill(2, 2)
        world.double.place_order()
        settled = {order.id: order.settled for order in orders_of(world.all("orders")).values()}
        assert list(settled.values()) == [True, False, False]

    def test_an_address_that_expired_is_asked_for_again(self, world, monkeypatch):
        monkeypatch.setattr(bulk, "PIECE", 10_000)
        world.double.fill(30, 30)
        listed = [api.page(world.link, SHOP, "orders", None, None)]
        world.later(60)
        listed.append(api.page(world.link, SHOP, "orders", None, listed[-1].next))
        world.double.move_files()
        assert ids(listed) + ids(world.all("orders", cursor=listed[-1].next)) == kept(world)
        assert not [body for body in world.http.asked if "after" in body]

    def test_after_seven_days_the_pages_take_over(self, world, monkeypatch):
        monkeypatch.setattr(bulk, "PIECE", 10_000)
        world.double.fill(30, 30)
        started = api.page(world.link, SHOP, "orders", None, None)
        world.later(60)
        page = api.page(world.link, SHOP, "orders", None, started.next)
        world.later(8 * 86400)
        rest = world.all("orders", cursor=page.next)
        assert sorted(ids(rest)) == kept(world)
        assert {order.id: order.lines for order in orders_of([page]).values()}.items() <= {
            order.id: order.lines for order in orders_of(rest).values()
        }.items()

    @pytest.mark.parametrize("problem", ["TIMEOUT", "INTERNAL_SERVER_ERROR", "ACCESS_DENIED"])
    def test_an_operation_that_fails_leaves_it_to_the_pages(self, world, problem):
        world.double.fill(30, 30)
        world.double.admin.bulk.fails_next = problem
        assert ids(world.all("orders")) == kept(world)

    def test_so_does_one_that_somebody_cancelled(self, world):
        world.double.fill(30, 30)
        started = api.page(world.link, SHOP, "orders", None, None)
        next(iter(world.double.admin.bulk.operations.values())).canceled = True
        assert ids(world.all("orders", cursor=started.next)) == kept(world)

    def test_so_does_one_that_shopify_forgot(self, world):
        world.double.fill(5, 5)
        started = api.page(world.link, SHOP, "orders", None, None)
        world.double.admin.bulk.operations.clear()
        assert ids(world.all("orders", cursor=started.next)) == kept(world)

    @pytest.mark.parametrize("status", [403, 404, 410, 400, 302])
    def test_a_file_that_is_not_there_leaves_it_to_the_pages(self, world, status):
        world.double.fill(5, 5)
        started = api.page(world.link, SHOP, "orders", None, None)
        world.later(60)
        world.http.fail(None, status)
        assert ids(world.all("orders", cursor=started.next)) == kept(world)

    def test_a_file_server_in_trouble_is_asked_again_later(self, world):
        world.double.fill(5, 5)
        started = api.page(world.link, SHOP, "orders", None, None)
        world.later(60)
        world.http.fail(None, 500)
        with pytest.raises(Trouble):
            api.page(world.link, SHOP, "orders", None, started.next)
        assert ids(world.all("orders", cursor=started.next)) == kept(world)

    def test_lines_that_stand_apart_from_their_orders_are_not_guessed_together(self, world, monkeypatch):
        monkeypatch.setattr(queries, "START_BULK", queries.START_BULK.replace("true", "false"))
        world.double.fill(12, 12)
        listed = world.all("orders")
        rows = world.double.admin.kept["orders"]
        assert {id: len(order.lines) for id, order in orders_of(listed).items()} == {
            id: len(rows[id]["line_items"]) for id in rows
        }

    @pytest.mark.parametrize("junk", [b"<html>", b'{"id":', b"[1]\n", b'{"id":1}\n{"__parentId":"gid"}\n'])
    def test_a_file_that_is_no_file_of_lines_leaves_it_to_the_pages(self, world, junk):
        world.double.fill(5, 5)
        started = api.page(world.link, SHOP, "orders", None, None)
        world.later(60)
        world.http.fail(None, Answer(206, {"content-range": f"bytes 0-9/{len(junk)}"}, junk))
        assert ids(world.all("orders", cursor=started.next)) == kept(world)

    def test_a_server_that_knows_no_ranges_gives_the_whole_file(self, world):
        world.double.fill(5, 5)
        started = api.page(world.link, SHOP, "orders", None, None)
        world.later(60)
        api.page(world.link, SHOP, "orders", None, started.next)
        (operation,) = world.double.admin.bulk.operations.values()
        world.http.fail(None, Answer(200, {}, operation.content))
        assert ids([api.page(world.link, SHOP, "orders", None, started.next)]) == kept(world)

    def test_where_five_operations_run_already_we_wait_for_a_place(self, world):
        world.double.fill(5, 5)
        world.double.admin.bulk.takes = timedelta(minutes=5)
        for _ in range(5):
            world.double.admin.bulk.run(queries.PRODUCTS_IN_BULK, True)
        listed = world.all("orders")
        assert ids(listed) == kept(world)
        assert [page.wait for page in listed[:5]] == [60] * 5
        assert any("/bulk/" in url for _, url in world.http.asked)

    def test_but_not_for_ever(self, world):
        world.double.fill(5, 5)
        world.double.admin.bulk.takes = timedelta(days=5)
        for _ in range(5):
            world.double.admin.bulk.run(queries.PRODUCTS_IN_BULK, True)
        assert ids(world.all("orders")) == kept(world)
        assert not any("/bulk/" in url for _, url in world.http.asked)

    def test_one_that_cannot_be_read_does_not_keep_the_others_back(self, world):
        world.double.fill(5, 5)
        broken = kept(world)[2]
        world.double.admin.kept["orders"][broken]["created_at"] = "long ago"
        world.double.admin.kept["orders"][broken]["processed_at"] = "long ago"
        listed = world.all("orders")
        assert ids(listed) == [id for id in kept(world) if id != broken]
        assert [one.id for page in listed for one in page.unread] == [broken]

    def test_paging_a_history_misses_nothing_while_the_shop_lives_on(self, world, monkeypatch):
        monkeypatch.setattr(pages, "_DEEPEST", 30)
        world.double.fill(60, 60)
        expected, cursor, found = set(kept(world)), places.written(places.Place("pages")), []
        for _ in range(60):
            page = api.page(world.link, SHOP, "orders", None, cursor)
            found += ids([page])
            cursor = page.next
            if cursor is None:
                break
            world.later(max(20, page.wait))
            world.double.change_order(kept(world)[40])
            gone = kept(world)[0]
            world.double.delete_order(gone)
            expected -= {gone} - set(found)
            if len(expected) < 64:
                expected.add(world.double.place_order())
        assert cursor is None
        assert expected <= set(found)
        assert len(found) == len(set(found))

    @pytest.mark.parametrize("knob", ["approved", "approved_fields"])
    def test_a_missing_approval_is_named_here_too(self, world, knob):
        world.double.fill(5, 5)
        setattr(world.double.admin, knob, False)
        with pytest.raises(Denied, match="protected_data"):
            world.all("orders")


class TestHooks:
    def add_all(self, world: World) -> None:
        for topic in api.HOOK_TOPICS:
            api.add_hook(world.link, topic, US, "not used")

    def test_ours_are_those_that_lead_to_us(self, world):
        self.add_all(world)
        api.add_hook(world.link, "orders/create", "https://another.test/hooks", "")
        found = api.hooks(world.link, US)
        assert sorted(hook.topic for hook in found) == sorted(api.HOOK_TOPICS)
        assert {(hook.url, hook.state) for hook in found} == {(US, "active")}

    def test_the_topics_are_a_part_of_those_that_are_read_and_no_privacy_topic_is_among_them(self):
        assert set(api.HOOK_TOPICS) <= set(webhook.TOPICS)
        assert not {"customers/redact", "customers/data_request", "shop/redact"} & set(api.HOOK_TOPICS)
        assert "orders/create" in api.HOOK_TOPICS

    def test_adding_one_twice_is_adding_it_once(self, world):
        first = api.add_hook(world.link, "orders/paid", US, "")
        assert api.add_hook(world.link, "orders/paid", US, "") == first
        assert len(api.hooks(world.link, US)) == 1

    def test_more_than_fit_on_a_page_are_all_found(self, world, monkeypatch):
        monkeypatch.setattr(queries, "HOOKS_AT_ONCE", 4)
        self.add_all(world)
        assert len(api.hooks(world.link, US)) == len(api.HOOK_TOPICS)

    def test_one_that_leads_elsewhere_is_led_to_us(self, world):
        hook = api.add_hook(world.link, "orders/paid", "https://old.test/hooks", "")
        assert api.mend_hook(world.link, hook, US, "") == replace(hook, url=US)
        assert api.hooks(world.link, US) == [replace(hook, url=US)]

    @pytest.mark.parametrize(
        "part", [{"filter": "total_price:>=100"}, {"include": ["id", "updated_at"]}, {"format": "XML"}]
    )
    def test_one_that_says_only_a_part_is_paused_until_it_is_mended(self, world, part):
        hook = api.add_hook(world.link, "orders/paid", US, "")
        (subscription,) = world.double.hooks.subscriptions.values()
        for name, value in part.items():
            setattr(subscription, name, value)
        assert api.hooks(world.link, US) == [replace(hook, state="paused")]
        api.mend_hook(world.link, hook, US, "")
        assert api.hooks(world.link, US) == [hook]

    def test_one_that_shopify_deleted_is_made_anew(self, world):
        hook = api.add_hook(world.link, "orders/paid", US, "")
        world.double.hooks.subscriptions.clear()
        made = api.mend_hook(world.link, hook, US, "")
        assert made.id != hook.id
        assert api.hooks(world.link, US) == [made]

    def test_dropping_takes_ours_away_and_nothing_else_and_twice_is_fine(self, world):
        other = api.add_hook(world.link, "orders/create", "https://another.test/hooks", "")
        hook = api.add_hook(world.link, "orders/create", US, "")
        api.drop_hook(world.link, hook)
        api.drop_hook(world.link, hook)
        assert [gid.rpartition("/")[2] for gid in world.double.hooks.subscriptions] == [other.id.rpartition("/")[2]]

    def test_a_missing_approval_is_named_as_such(self, world):
        world.double.hooks.approved = False
        with pytest.raises(Denied, match="protected_data"):
            api.add_hook(world.link, "orders/create", US, "")
        assert api.add_hook(world.link, "products/update", US, "").state == "active"

    def test_an_address_that_shopify_does_not_take_is_named_as_such(self, world):
        with pytest.raises(Denied, match="bad_address"):
            api.add_hook(world.link, "orders/create", "http://us.test/hooks", "")

    def test_a_topic_that_shopify_dropped_is_a_refusal(self, world):
        with pytest.raises((Denied, Trouble)):
            api.add_hook(world.link, "orders/teleported", US, "")


class TestThePretendShopItself:
    def test_a_delivery_that_fails_is_tried_again_with_the_same_body_until_it_arrives(self, world):
        api.add_hook(world.link, "orders/create", US, "")
        world.status = 503
        world.double.place_order()
        world.later(61)
        world.double.tick()
        world.status = 200
        world.later(180)
        world.double.tick()
        world.double.tick()
        assert len(world.posted) == 3
        assert len({(body, headers["x-shopify-webhook-id"]) for _, headers, body in world.posted}) == 1

    def test_after_eight_retries_in_four_hours_the_subscription_is_gone_and_is_made_anew(self, world):
        hook = api.add_hook(world.link, "orders/create", US, "")
        other = api.add_hook(world.link, "orders/updated", US, "")
        world.status = 0
        order = world.double.place_order()
        for _ in range(9):
            assert hook in api.hooks(world.link, US)
            world.later(90 * 60)
            world.double.tick()
            if len(world.posted) == 9:
                break
        assert len(world.posted) == 9
        assert api.hooks(world.link, US) == [other]
        world.status = 200
        assert api.add_hook(world.link, "orders/create", US, "").id != hook.id
        assert order in ids(world.all("orders", "2026-11-21T00:00:00Z"))

    def test_an_app_that_was_removed_is_told_once_and_then_knows_nobody(self, world):
        api.add_hook(world.link, "app/uninstalled", US, "")
        world.double.uninstall()
        assert [headers["x-shopify-topic"] for _, headers, _ in world.posted] == ["app/uninstalled"]
        with pytest.raises(Denied, match="bad_key"):
            api.hooks(world.link, US)

    def test_a_page_too_large_and_a_bad_cursor_are_refused(self, world):
        for first, after in ((251, None), (0, None), (5, "x")):
            asked = {
                "query": "query a($n: Int, $c: String) { products(first: $n, after: $c) { edges { node { id } } } }"
            }
            body = json.dumps(asked | {"variables": {"n": first, "c": after}}).encode()
            told = world.double.answer(
                "POST", "/admin/api/2026-07/graphql.json", {"x-shopify-access-token": Double.TOKEN}, body
            )
            assert json.loads(told[2])["errors"]

    def test_bulk_queries_that_shopify_would_not_run_are_refused(self, world):
        run = world.double.admin.bulk.run
        deep = "{ orders { edges { node { id lineItems { edges { node { id x { edges { node { id } } } } } } } } } }"
        for query in ("{ shop { name } }", "{ orders { edges { node { name } } } }", deep, "{ orders {"):
            assert run(query, True)["userErrors"][0]["code"] == "INVALID"

    def test_it_is_one_of_the_pretend_shops_that_newcomers_can_start(self):
        from infra.local.doubles.server import double_of

        assert double_of("shopify") is Double
        assert platforms.load_api("shopify") is api

    def test_people_products_and_orders_of_a_history_fit_together(self, world):
        world.double.fill(50, 100)
        people = {str(row["customer"]["id"]) for row in world.double.admin.kept["orders"].values()}
        assert people <= set(kept(world, "customers"))
        assert 5 < len(people) < 50
        newest = max(row["created_at"] for row in world.double.admin.kept["orders"].values())
        assert newest.startswith("2026-11-21T12:00")

    def test_a_product_that_was_seen_is_one_that_can_be_bought(self, world):
        world.double.fill(1, 1)
        seen = [event.product for page in world.all("products") for event in page.events]
        assert all(isinstance(product.price, int) and product.available for product in seen)
        assert isinstance(ProductSeen(seen[0]), ProductSeen)
