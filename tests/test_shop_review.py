"""Platforms, files and webhooks, as a second pair of eyes saw them go wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.customer import said
from chalicelib.domain.order import Buyer, Consent
from chalicelib.domain.shop import Shop
from chalicelib.files import columns, writing
from chalicelib.platforms.body import Node
from chalicelib.platforms.saleor import api as saleor_api
from chalicelib.platforms.saleor import graph as saleor_graph
from chalicelib.platforms.saleor import people as saleor_people
from chalicelib.platforms.shop_api import Denied, Link, Trouble
from chalicelib.platforms.shopify import api as shopify_api
from chalicelib.platforms.shopify import graph as shopify_graph
from chalicelib.platforms.woocommerce import people, rest
from chalicelib.safe_http import Answer
from chalicelib.settings import settings
from chalicelib.work import access, hooks
from tests.fake_dynamo import instead_of_dynamodb
from tests.installation import Installation

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SHOP = Shop("acme", "woocommerce", "2026-01-01T00:00:00Z", country="DE", consent_meta={"newsletter": "email"})


def contact(*consents: Consent) -> Any:
    found = said(consents[0])
    for one in consents[1:]:
        found = found.join(said(one))
    return found


def test_who_leaves_the_newsletter_in_her_account_hears_no_more_whatever_she_ticked_years_after_registering() -> None:
    body = {"id": 7, "email": "sara@example.test", "date_created_gmt": "2024-01-01T00:00:00"}
    body |= {"date_modified_gmt": "2024-01-01T00:00:00", "meta_data": [{"key": "newsletter", "value": "unsubscribed"}]}
    (account,) = people.account_seen(Node(body), "2026-06-01T00:00:00Z", SHOP)
    ticked = Consent("email", "subscribed", "woocommerce:newsletter", "2025-03-01T00:00:00Z")
    assert not contact(ticked, *account.buyer.consents).allows("email", "soft")


def test_the_same_in_a_saleor_account_that_only_the_api_tells_of() -> None:
    user = {"id": "VXNlcjo3", "email": "sara@example.test", "updatedAt": "2024-01-01T00:00:00Z"}
    user |= {"dateJoined": "2024-01-01T00:00:00Z", "metadata": [{"key": "newsletter", "value": "unsubscribed"}]}
    account = saleor_people.read_account(Node(user), SHOP, "2026-06-01T00:00:00Z")
    ticked = Consent("email", "subscribed", "saleor:newsletter", "2025-03-01T00:00:00Z")
    assert not contact(ticked, *account.buyer.consents).allows("email", "soft")


@pytest.mark.parametrize("sources", [("a", "z"), ("z", "a")])
def test_a_yes_and_a_no_of_one_moment_are_a_no(sources: tuple[str, str]) -> None:
    at = "2026-01-01T00:00:00Z"
    yes, no = Consent("email", "subscribed", sources[0], at), Consent("email", "unsubscribed", sources[1], at)
    assert not contact(yes, no).allows("email", "strict")


@pytest.mark.parametrize(
    "url",
    ["http://acme.myshopify.com", "https://acme.mysh0pify.com", "https://acme.com", "https://myshopify.com.evil.test"],
)
def test_what_signs_shopifys_webhooks_is_sent_to_shopify_and_nobody_else(url: str) -> None:
    class Nobody:
        def ask(self, *given: Any, **more: Any) -> Answer:
            raise AssertionError("asked")

    with pytest.raises(Denied, match="bad_address"):
        shopify_api.login(Link(url, {"client_id": "x", "client_secret": "y"}, Nobody(), lambda: NOW))  # type: ignore[arg-type]


DATES = ("Fri, 31 Dec 9999 23:59:59 -2300", "yesterday", "")


@pytest.mark.parametrize("date", DATES)
def test_a_clock_that_makes_no_sense_is_ours(date: str) -> None:
    answer = Answer(200, {"date": date}, b"{}")
    link = Link("https://acme.test", {}, None, lambda: NOW)  # type: ignore[arg-type]
    assert shopify_graph.asked_at(answer, NOW) == NOW
    assert saleor_graph._clock(answer, link) == NOW
    assert rest._date(answer) is None


def test_a_new_secret_wakes_no_webhook_that_somebody_paused() -> None:
    with instead_of_dynamodb():
        there = Installation("woocommerce", currency="IRT")
        there.connect()
        paused = there.double.hooks.hooks[1]
        paused.status = "paused"
        before = {hook.topic: hook.secret for hook in there.double.hooks.hooks.values()}
        there.change(secret_generation=2)
        api, link = access.reach(there.shop, settings(), there.http)
        hooks.renew(there.shop, api, link, settings())
        after = {hook.topic: hook.secret for hook in there.double.hooks.hooks.values()}
    assert paused.status == "paused"
    assert not set(before.values()) & set(after.values())


def test_a_finished_history_without_its_file_is_not_an_empty_shop() -> None:
    with instead_of_dynamodb():
        there = Installation("shopify", source_url=None)
        there.double.fill(30, 20)
        api, link = access.reach(there.shop, settings(), there.http)
        page = api.page(link, there.shop, "orders", None, None)
        real = there.http.ask

        def without_url(method: str, url: str, **more: Any) -> Answer:
            answer = real(method, url, **more)
            said = json.loads(answer.body) if b"bulkOperation" in answer.body else None
            if said and (said["data"].get("bulkOperation") or {}).get("url"):
                said["data"]["bulkOperation"]["url"] = None
                return replace(answer, body=json.dumps(said).encode())
            return answer

        there.http.ask = without_url  # type: ignore[method-assign]
        seen = list(page.events)
        while page.next:
            try:
                page = api.page(link, there.shop, "orders", None, page.next)
            except Trouble as busy:
                there.time += timedelta(seconds=busy.wait + 1)
                continue
            seen += page.events
    assert len(seen) == 30


@pytest.mark.parametrize(
    ("text", "code", "fine"), [("1.234", "EUR", False), ("1.234", "IRHT", True), ("1.23", "EUR", True)]
)
def test_an_amount_that_may_be_thousands_is_not_guessed(text: str, code: str, fine: bool) -> None:
    if fine:
        assert columns.money_of(Node(text, "total"), code) > 0
        return
    with pytest.raises(Exception, match="thousands"):
        columns.money_of(Node(text, "total"), code)


@pytest.mark.parametrize("cell", ["x;=1+cmd|' /C calc'!A0", "a\t=2+5", "a| @SUM(1)", "=1+1"])
def test_no_cell_calculates_whatever_a_spreadsheet_parts_lines_at(cell: str) -> None:
    shown = writing.defused(cell)
    for sign in ";|\t":
        assert not any(part.lstrip().startswith(("=", "+", "-", "@")) for part in shown.split(sign))
    assert columns.armed(shown) == cell


def test_whoever_takes_the_export_elsewhere_learns_who_complained() -> None:
    from chalicelib.domain.customer import Account, Customer
    from chalicelib.domain.customer import Node as Person

    agreed = contact(Consent("email", "subscribed", "checkout", "2026-01-01T00:00:00Z"))
    account = Account("7", "sara@example.test", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", ())
    sara = Customer((Person("c_1", "account:7", contact=agreed, account=account),))
    (row,) = writing.told_of(sara, {"email:sara@example.test": "complaint"})
    assert isinstance(row.buyer, Buyer)  # type: ignore[union-attr]
    assert [(one.state, one.source) for one in row.buyer.consents] == [("unsubscribed", "ecrm:complaint")]  # type: ignore[union-attr]


def test_saleors_token_does_not_travel_in_the_clear() -> None:
    link = Link("http://acme.saleor.test/graphql", {"token": "t"}, None, lambda: NOW)  # type: ignore[arg-type]
    with pytest.raises(Denied, match="insecure"):
        saleor_api.login(link)
    assert saleor_api.login(replace(link, local=True)).local
