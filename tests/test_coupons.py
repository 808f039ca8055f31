"""Coupons: one per customer and follow-up, whatever dies in between; as the three kinds of shops make them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from graphql import OperationDefinitionNode, parse, validate
from graphql.execution.values import get_variable_values
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.domain import coupon_file
from chalicelib.domain.coupon import Coupon, Rule, code_for
from chalicelib.domain.coupon_file import BadRule
from chalicelib.domain.money import RIALS_PER, Money, from_major, to_major
from chalicelib.domain.times import moment
from chalicelib.platforms.saleor import coupons as saleor
from chalicelib.platforms.saleor.manifest import manifest
from chalicelib.platforms.shop_api import Denied, Trouble, Wish
from chalicelib.safe_http import Unreachable
from chalicelib.settings import settings
from chalicelib.table import base, coupon_pools, coupons, customers
from chalicelib.work import access, coupons_used, privacy
from chalicelib.work.coupons import NoCoupon, grant, granted
from infra.local.doubles.saleor_shop.graph import SCHEMA
from tests import acme, shopify_schema
from tests.fake_dynamo import FakeDynamo, error, instead_of_dynamodb
from tests.installation import Installation

PLATFORMS = ("woocommerce", "shopify", "saleor")
CURRENCY = {"woocommerce": "IRT", "shopify": "EUR", "saleor": "USD", "standard": "EUR"}
BACK = {"percent": 10, "days": 30, "prefix": "BACK"}
POOL = {"percent": 10, "source": "pool"}
GIFT, WIN = "f_sara-second-order-coupon", "f_sara-win-back-coupon"
RUN_OUT = Coupon("BACK-7K3MQ9AB", "welcome-back", "2026-12-21T23:59:59Z", percent=10)


class World:
    """A shop that Sara bought at, and the pretend shop behind it. `sara` is her node."""

    def __init__(self, platform: str, **rules: Any) -> None:
        currency = CURRENCY[platform]
        self.at = Installation(platform, currency=currency, coupons=rules or {"welcome-back": BACK})
        acme.see(self.at.shop, acme.order("18", acme.SARA), now=self.at.now())
        self.sara = self.node("sara@example.test")

    def node(self, email: str) -> str:
        return customers.look_up(self.at.shop, f"email:{email}")[0]

    def grant(self, follow_up: str = GIFT, rule: str = "welcome-back", customer: str = "") -> Coupon:
        return grant(self.at.shop, rule, follow_up, customer or self.sara, self.at.outside())

    def refused(self, *args: Any) -> str:
        """The word for why there is no coupon."""
        with pytest.raises(NoCoupon) as why:
            self.grant(*args)
        return why.value.code

    def api(self) -> tuple[Any, Any]:
        return access.reach(self.at.shop, settings(), self.at.http)

    def make(self, **wish: Any) -> str:
        api, link = self.api()
        return api.make_coupon(link, self.at.shop, Wish(**{"coupon": RUN_OUT, "title": "eCRM x", "mark": GIFT} | wish))

    def shelf(self) -> Any:
        double = self.at.double
        shelves = {"woocommerce": lambda: double.rest.coupons, "shopify": lambda: double.admin.discounts}
        return shelves.get(self.at.shop.platform, lambda: double.vouchers)()

    def held(self) -> list[Any]:
        """Every coupon there is at the pretend shop."""
        return list(self.shelf().kept.values())

    def passes(self, **time: float) -> None:
        self.at.time += timedelta(**time)

    def rule(self, **fields: Any) -> None:
        self.at.change(coupons={"welcome-back": fields})

    def used(self, coupon: Coupon, **fields: Any) -> int:
        """She orders with it."""
        order = acme.order("19", acme.SARA, coupons=(coupon.code.lower(),), placed_at="2026-11-05T10:00:00Z", **fields)
        return coupons_used.redeemed(self.at.shop, order)


@pytest.fixture(params=PLATFORMS)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with instead_of_dynamodb():
        yield World(request.param)


@pytest.fixture
def woo() -> Iterator[World]:
    with instead_of_dynamodb():
        yield World("woocommerce")


# --- rules -----------------------------------------------------------------------------------------------------------


def test_a_rule_is_read_from_what_the_owner_wrote() -> None:
    raw = {"percent": 10, "days": 30, "least": "50 EUR", "prefix": "back", "source": "shop"}
    assert coupon_file.parse("welcome-back", raw) == Rule(
        "welcome-back", 10, None, 30, Money(5000, "EUR"), "shop", "BACK"
    )
    assert coupon_file.parse("thanks", {"amount": "50000 IRT"}).amount == Money(500_000, "IRR")


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ({}, "percent"),
        ({"percent": 10, "amount": "5 EUR"}, "percent"),
        ({"percent": 0}, "percent"),
        ({"percent": 101}, "percent"),
        ({"percent": True}, "percent"),
        ({"percent": "10"}, "percent"),
        ({"amount": "5"}, "amount"),
        ({"amount": 5}, "amount"),
        ({"amount": "0 EUR"}, "amount"),
        ({"amount": "5.001 EUR"}, "amount"),
        ({"amount": "5.5 JPY"}, "amount"),
        ({"amount": "-5 EUR"}, "amount"),
        ({"amount": "5 EURO"}, "amount"),
        ({"percent": 10, "days": 0}, "days"),
        ({"percent": 10, "days": 366}, "days"),
        ({"percent": 10, "least": "much"}, "least"),
        ({"percent": 10, "prefix": "COME BACK"}, "prefix"),
        ({"percent": 10, "prefix": "THIRTEENCHARS"}, "prefix"),
        ({"percent": 10, "prefix": None}, "prefix"),
        ({"percent": 10, "source": "moon"}, "source"),
        ({"percent": 10, "weeks": 3}, "weeks"),
        ("10 %", ""),
        (None, ""),
    ],
)
def test_each_mistake_in_a_rule_is_named_with_its_field(raw: Any, field: str) -> None:
    with pytest.raises(BadRule) as bad:
        coupon_file.parse("welcome-back", raw)
    assert bad.value.field == field
    assert len(bad.value.reason) > 10


@pytest.mark.parametrize("name", ["", "A", "9lives", "with space", "x" * 41])
def test_a_rule_needs_a_name_that_can_be_typed(name: str) -> None:
    with pytest.raises(BadRule, match="small letters"):
        coupon_file.parse(name, BACK)


@given(
    some.sampled_from([{"percent": 7}, {"amount": "12.50 EUR"}, {"amount": "500 IRT"}]),
    some.integers(1, 365),
    some.sampled_from([None, "50 EUR", "10000 IRR"]),
    some.sampled_from(["EUR", "IRT", "USD"]),
)
def test_a_rule_that_is_written_back_reads_as_the_same(worth: Any, days: int, least: str | None, currency: str) -> None:
    rule = coupon_file.parse("thanks", {**worth, "days": days, "least": least, "prefix": "X"})
    assert coupon_file.parse("thanks", coupon_file.written(rule, currency)) == rule


@given(some.integers(1, 10**12), some.sampled_from(["USD", "JPY", "KWD", "IRR", *RIALS_PER]))
def test_money_in_the_shops_own_unit_is_exact(amount: int, code: str) -> None:
    money = Money(amount, "IRR" if code in RIALS_PER else code)
    assert from_major(to_major(money, code), code) == amount


def test_a_code_is_the_same_whenever_it_is_made_and_another_for_everybody_else() -> None:
    assert code_for(b"key", "BACK", GIFT) == code_for(b"key", "BACK", GIFT)
    others = {code_for(key, "BACK", follow_up) for key in (b"key", b"yek") for follow_up in (GIFT, WIN)}
    assert len(others) == 4
    assert not {code[len("BACK-") :] for code in others} & {""}


# --- what the shops are told -----------------------------------------------------------------------------------------


def test_a_coupon_can_be_used_once_and_until_the_day_it_says(world: World) -> None:
    coupon = world.grant()
    assert coupon.code.startswith("BACK-")
    assert coupon.percent == 10
    (there,) = world.shelf().of_code(coupon.code)
    until = coupon.expires_at.removesuffix("Z")
    if world.at.shop.platform == "woocommerce":
        assert (there["usage_limit"], there["usage_limit_per_user"], there["individual_use"]) == (1, 1, True)
        assert (there["date_expires_gmt"], there["discount_type"], there["amount"]) == (until, "percent", "10.00")
        assert there["email_restrictions"] == ["sara@example.test"]
    elif world.at.shop.platform == "shopify":
        assert (there["usageLimit"], there["appliesOncePerCustomer"], there["endsAt"]) == (1, True, until + "Z")
        assert (there["customerGets"]["value"], there["context"]) == ({"percentage": 0.1}, {"all": "ALL"})
    else:
        assert (there["usageLimit"], there["applyOncePerCustomer"], there["onlyForStaff"]) == (1, True, False)
        assert (there["endDate"], list(there["listings"].values())) == (until + "Z", [{"discountValue": "10"}])


def test_a_coupon_lasts_to_the_end_of_its_last_day_where_the_shop_is(woo: World) -> None:
    woo.at.change(timezone="Asia/Tehran")
    assert woo.grant().expires_at == "2026-12-01T20:29:59Z"  # 23:59:59 in Tehran


def test_toman_are_sent_as_toman(woo: World) -> None:
    woo.rule(amount="50000 IRT", least="2000000 IRR")
    coupon = woo.grant()
    assert (coupon.amount, coupon.least) == (Money(500_000, "IRR"), Money(2_000_000, "IRR"))
    (there,) = woo.held()
    told = (there["discount_type"], there["amount"], there["minimum_amount"])
    assert told == ("fixed_cart", "50000.00", "200000.00")


def test_an_amount_and_a_least_are_sent_in_the_shops_currency(world: World) -> None:
    code = world.at.shop.currency
    world.rule(amount=f"5 {code}", least=f"50 {code}")
    world.grant()
    (there,) = world.held()
    if world.at.shop.platform == "shopify":
        value = there["customerGets"]["value"]["discountAmount"]
        assert value == {"amount": "5.00", "appliesOnEachItem": False}
        assert there["minimumRequirement"] == {"subtotal": {"greaterThanOrEqualToSubtotal": "50.00"}}
    elif world.at.shop.platform == "saleor":
        assert there["discountValueType"] == "FIXED"
        assert list(there["listings"].values()) == [{"discountValue": "5.00", "minAmountSpent": "50.00"}]
    else:
        assert (there["amount"], there["minimum_amount"]) == ("5.00", "50.00")


def test_a_rule_in_a_currency_that_the_shop_does_not_sell_in_makes_nothing(world: World) -> None:
    world.rule(amount="5 CHF")
    assert world.refused() == "other_currency"
    world.rule(percent=10, least="50 CHF")
    world.passes(minutes=5)
    assert world.refused() == "other_currency"
    assert world.held() == []


def test_saleor_lists_an_amount_in_the_channels_that_sell_in_its_currency_and_a_share_in_all() -> None:
    with instead_of_dynamodb():
        world = World("saleor")
        usd = dict(world.at.double.channels[0])
        world.at.double.channels += [
            {**usd, "id": "Q2hhbm5lbDoy", "currencyCode": "EUR"},
            {**usd, "id": "Q2hhbm5lbDoz", "currencyCode": "EUR", "isActive": False},
        ]
        world.grant()
        assert list(world.held()[0]["listings"]) == [usd["id"], "Q2hhbm5lbDoy"]
        world.at.change(coupons={"gift": {"amount": "5 EUR"}})
        world.grant(WIN, "gift")
        assert list(world.held()[1]["listings"]) == ["Q2hhbm5lbDoy"]


def test_shopify_keeps_a_coupon_for_the_customer_whose_account_is_known() -> None:
    with instead_of_dynamodb():
        world = World("shopify")
        world.at.double.fill(3, 10)
        number = next(iter(world.at.double.admin.kept["customers"]))
        her = replace(acme.SARA, account=number)
        acme.see_account(world.at.shop, her, "2026-10-01T08:00:00Z", now=world.at.now())
        coupon = world.grant(customer=customers.look_up(world.at.shop, f"account:{number}")[0])
        (there,) = world.shelf().of_code(coupon.code)
        assert there["context"] == {"customers": {"add": [f"gid://shopify/Customer/{number}"]}}


def test_an_account_that_shopify_does_not_know_any_more_gets_a_coupon_all_the_same() -> None:
    with instead_of_dynamodb():
        world = World("shopify")
        world.make(accounts=("404404",))
        assert world.held()[0]["context"] == {"all": "ALL"}


def test_an_address_that_stands_for_many_restricts_nothing(woo: World) -> None:
    woo.make(emails=("*@example.test", "sara@example.test", "زهرا@example.test"))
    assert woo.held()[0]["email_restrictions"] == ["sara@example.test"]


def test_woocommerce_does_nothing_with_an_expiry_in_gmt(woo: World) -> None:
    """As the real one: whoever relies on it makes coupons without an end."""
    status, made = woo.shelf().answer("POST", [], {"code": "X", "date_expires_gmt": "2026-12-01T00:00:00"}, {})
    assert (status, made["date_expires"], made["date_expires_gmt"]) == (201, None, None)


def test_every_question_about_coupons_is_one_that_saleor_knows() -> None:
    asked = (saleor.RIGHTS, saleor.CHANNELS, saleor.MAKE, saleor.MEND, saleor.OFFER, saleor.DROP, saleor.FIND)
    assert [validate(SCHEMA, parse(query)) for query in asked] == [[] for _ in asked]


@pytest.mark.parametrize("rule", [BACK, {"amount": "5 EUR", "least": "50 EUR"}])
def test_shopifys_own_schema_takes_what_we_say(rule: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    schema = shopify_schema.schema()
    said: list[tuple[str, dict[str, Any]]] = []
    with instead_of_dynamodb():
        world = World("shopify")
        world.rule(**rule)
        ask = world.at.double.admin.ask
        monkeypatch.setattr(world.at.double.admin, "ask", lambda body: (said.append(_asked(body)), ask(body))[1])
        world.make(accounts=("404404",))
        world.make()
        world.grant(WIN)
    assert len([query for query, _ in said if "discountCodeBasic" in query]) == 5
    for query, variables in said:
        (operation,) = [one for one in parse(query).definitions if isinstance(one, OperationDefinitionNode)]
        told = get_variable_values(schema, operation.variable_definitions, variables)
        assert not isinstance(told, list), told


def _asked(body: bytes) -> tuple[str, dict[str, Any]]:
    said = json.loads(body)
    return said["query"], said["variables"]


# --- ours is taken up, another's is not ------------------------------------------------------------------------------


def test_asked_twice_the_shop_has_one_and_it_is_as_it_was_asked_for_last(world: World) -> None:
    first = world.make()
    second = world.make(coupon=replace(RUN_OUT, percent=15, expires_at="2027-01-01T23:59:59Z"))
    assert first == second
    (there,) = world.held()
    told = json.dumps(there)
    assert "2027-01-01T23:59:59" in told
    assert any(worth in told for worth in ('"15.00"', "0.15", '"discountValue": "15"'))


def test_a_code_that_somebody_else_has_is_left_alone(world: World) -> None:
    world.make(title="Summer sale", mark="f_another")
    before = json.dumps(world.held())
    with pytest.raises(Denied, match="code_taken"):
        world.make()
    assert json.dumps(world.held()) == before


def test_a_code_of_a_gift_card_is_no_voucher_of_ours() -> None:
    with instead_of_dynamodb():
        world = World("saleor")
        world.shelf().gift_cards.add(RUN_OUT.code)
        with pytest.raises(Trouble, match="shows no voucher"):
            world.make()


def test_a_coupon_can_be_dropped_and_twice_is_as_good(world: World) -> None:
    made = world.make()
    api, link = world.api()
    api.drop_coupon(link, made)
    assert world.held() == []
    api.drop_coupon(link, made)


# --- what an app may not ---------------------------------------------------------------------------------------------


def _forbid(world: World) -> str:
    """Take the right away; the word that the refusal is called by."""
    double = world.at.double
    if world.at.shop.platform == "woocommerce":
        double.rest.manager = False
        return "rights"
    if world.at.shop.platform == "shopify":
        double.admin.scopes.discard("write_discounts")
    else:
        double.app.rights.discard("MANAGE_DISCOUNTS")
    return "missing_scope"


def test_without_the_right_there_is_no_coupon_and_the_owner_reads_why(world: World) -> None:
    code = _forbid(world)
    assert world.refused() == code
    (row,) = coupons.troubles("acme")
    assert (row.rule, row.code) == ("welcome-back", code)
    assert any(row.remedy == finding.remedy for finding in coupons_used.findings(world.at.shop))
    assert granted("acme", GIFT) is None


def test_once_the_right_is_there_the_coupon_is_made_and_the_trouble_is_over() -> None:
    with instead_of_dynamodb():
        world = World("shopify")
        _forbid(world)
        assert world.refused() == "missing_scope"
        world.at.double.admin.scopes.add("write_discounts")
        world.passes(minutes=5)
        world.grant()
        assert coupons.troubles("acme") == []
        assert coupons_used.findings(world.at.shop) == []


def test_the_check_says_whether_coupons_can_be_made(world: World) -> None:
    api, link = world.api()
    assert [found.level for found in api.check_coupons(link)] == ["ok"]
    if world.at.shop.platform == "woocommerce":
        world.at.double.rest.settings.append({"id": "woocommerce_enable_coupons", "value": "no"})
    else:
        _forbid(world)
    (found,) = api.check_coupons(link)
    assert found.level == "fail"
    assert found.remedy


def test_a_key_that_may_only_read_is_told_so(woo: World) -> None:
    for key in woo.at.double.keys.known.values():
        key.may = "read"
    assert woo.refused() == "read_only"


def test_saleor_is_asked_for_the_right_only_where_the_owner_wants_coupons() -> None:
    assert "MANAGE_DISCOUNTS" not in manifest("https://x.test", "acme", "t", "3.23")["permissions"]
    said = manifest("https://x.test", "acme", "t", "3.23", coupons=True)
    assert said["permissions"][-1] == "MANAGE_DISCOUNTS"
    assert "coupons" in said["about"]


def test_a_shop_that_cannot_be_asked_is_told_to_bring_codes(woo: World) -> None:
    woo.at.change(platform="standard")
    with pytest.raises(NoCoupon, match=r"--pool NAME codes\.csv") as why:
        woo.grant()
    assert why.value.code == "no_coupons"


@pytest.mark.parametrize(("rules", "code"), [({}, "no_rule"), ({"welcome-back": {"percent": 0}}, "bad_rule")])
def test_without_a_rule_that_can_be_used_nothing_is_made(woo: World, rules: dict[str, Any], code: str) -> None:
    woo.at.change(coupons=rules)
    assert woo.refused() == code
    assert woo.held() == []
    assert [found.level for found in coupons_used.findings(woo.at.shop)] == ["fail"]


# --- one per customer ------------------------------------------------------------------------------------------------


def test_asked_again_the_same_coupon_comes_back_and_the_shop_is_left_alone(world: World) -> None:
    coupon = world.grant()
    asked = len(world.at.http.asked)
    assert world.grant() == coupon == granted("acme", GIFT)
    assert (len(world.at.http.asked), len(world.held())) == (asked, 1)


def test_whoever_holds_a_good_one_gets_it_again_from_another_follow_up(woo: World) -> None:
    coupon = woo.grant(GIFT)
    assert woo.grant(WIN) == coupon == granted("acme", WIN)
    assert len(woo.held()) == 1


def test_with_less_than_seven_days_left_a_new_one_is_made(woo: World) -> None:
    first = woo.grant(GIFT)
    woo.passes(days=23)
    assert woo.grant(WIN).code == first.code
    woo.passes(days=1)
    second = woo.grant("f_third")
    assert second.code != first.code
    assert moment(second.expires_at) > moment(first.expires_at)
    assert woo.grant("f_fourth") == second


def test_a_used_one_is_not_given_again(woo: World) -> None:
    first = woo.grant(GIFT)
    assert woo.used(first) == 1
    assert woo.grant(WIN).code != first.code
    assert woo.refused(GIFT) == "used"


def test_a_coupon_that_is_over_is_not_sent(woo: World) -> None:
    woo.grant()
    woo.passes(days=40)
    assert woo.refused() == "expired"
    assert coupons.troubles("acme") == []


def test_rules_and_customers_do_not_share(woo: World) -> None:
    woo.at.change(coupons={"welcome-back": BACK, "thanks": {"percent": 20}})
    acme.see(woo.at.shop, acme.order("20", replace(acme.SARA, email="mina@example.test", phone=None)), now=woo.at.now())
    codes = {woo.grant(GIFT).code, woo.grant(WIN, "thanks").code}
    codes.add(woo.grant("f_mina", "welcome-back", woo.node("mina@example.test")).code)
    assert len(codes) == len(woo.held()) == 3


def test_two_nodes_of_one_person_are_one_customer(woo: World) -> None:
    coupon = woo.grant()
    acme.see_account(woo.at.shop, replace(acme.SARA, account="7"), "2026-10-01T08:00:00Z", now=woo.at.now())
    account = customers.look_up(woo.at.shop, "account:7")[0]
    assert account != woo.sara
    assert woo.grant(WIN, "welcome-back", account) == coupon


def test_a_rule_that_changed_makes_new_ones_and_leaves_those_that_were_given(woo: World) -> None:
    first = woo.grant(GIFT)
    woo.rule(percent=25)
    assert woo.grant(WIN) == first
    woo.used(first)
    assert woo.grant("f_third").percent == 25


# --- crashes, lost answers, races ------------------------------------------------------------------------------------


class Died(BaseException):
    """The process is gone: nothing after this line runs."""


class Strike:
    """At the n-th moment around a call to the table or the shop, `happens` is called once."""

    def __init__(self, world: World, fake: FakeDynamo, at: int, happens: Callable[[str], None]) -> None:
        self.left, self._happens = at, happens
        self._fake, self._http, self._ask = fake, world.at.http, world.at.http.ask

    def __enter__(self) -> Strike:
        self._fake.before = lambda *_: self._moment("table before")
        self._fake.after = lambda *_: self._moment("table after")
        self._http.ask = self._asked
        return self

    def __exit__(self, *_: object) -> None:
        self._fake.before = self._fake.after = lambda *_: None
        self._http.ask = self._ask

    def _asked(self, *args: Any, **how: Any) -> Any:
        self._moment("shop before")
        answer = self._ask(*args, **how)
        self._moment("shop after")
        return answer

    def _moment(self, when: str) -> None:
        self.left -= 1
        if self.left == 0:
            self.__exit__()
            self._happens(when)


@contextmanager
def struck(platform: str, at: int, happens: Callable[[World, str], None], **rules: Any) -> Iterator[tuple[World, bool]]:
    """(a world in which that happened, whether there was such a moment)"""
    with instead_of_dynamodb() as fake:
        world = World(platform, **rules)
        if rules:
            coupon_pools.add("acme", "welcome-back", ["ONE", "TWO", "THREE"])
        with Strike(world, fake, at, lambda when: happens(world, when)) as strike, suppress(Died, *OUTSIDE):
            world.grant()
        yield world, strike.left <= 0


OUTSIDE = (base.Trouble, Unreachable, Trouble)
MOST_MOMENTS = 80


def _dies(world: World, when: str) -> None:
    raise Died


def _loses(world: World, when: str) -> None:
    """The call failed, or its answer was lost."""
    if when.startswith("shop"):
        raise Unreachable("acme.test does not answer")
    raise ReadTimeoutError(endpoint_url="dynamodb") if "after" in when else error("ThrottlingException")


def _moments(platform: str, happens: Callable[[World, str], None], **rules: Any) -> Iterator[World]:
    """A world for every moment at which something can happen."""
    for at in range(1, MOST_MOMENTS):
        with struck(platform, at, happens, **rules) as (world, was):
            if not was:
                assert at > 8  # there were moments
                return
            yield world
    raise AssertionError("there is no end to it")


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("happens", [_dies, _loses])
def test_whatever_dies_or_is_lost_there_is_one_coupon_in_the_end(platform: str, happens: Any) -> None:
    for world in _moments(platform, happens):
        world.passes(minutes=3)
        coupon = world.grant()
        assert len(world.shelf().of_code(coupon.code)) == len(world.held()) == 1
        row = coupons.read("acme", GIFT)
        assert (row.state, row.code, bool(row.provider_id)) == ("live", coupon.code, True)
        assert world.grant(WIN) == coupon


@pytest.mark.parametrize("happens", [_dies, _loses])
def test_whatever_dies_or_is_lost_one_code_leaves_the_pool(happens: Any) -> None:
    for world in _moments("woocommerce", happens, **{"welcome-back": POOL}):
        coupon = world.grant()
        assert coupon.code in ("ONE", "TWO", "THREE")
        assert coupon_pools.counts("acme", "welcome-back") == (2, 3)


@pytest.mark.parametrize("follow_up", [GIFT, WIN])
@pytest.mark.parametrize("platform", PLATFORMS)
def test_two_workers_at_once_make_one_coupon(platform: str, follow_up: str) -> None:
    """A second one, with the same follow-up or another of hers, does all of its work at any moment of the first's."""

    def second(world: World, when: str) -> None:
        with suppress(Trouble):  # while the first one asks, it has to come again
            world.grant(follow_up)

    for world in _moments(platform, second):
        world.passes(minutes=3)
        assert world.grant(GIFT) == world.grant(WIN)
        assert len(world.held()) == 1


@pytest.mark.parametrize("follow_up", [GIFT, WIN])
def test_two_workers_at_once_take_one_code_for_one_person(follow_up: str) -> None:
    for world in _moments("woocommerce", lambda w, _: w.grant(follow_up) and None, **{"welcome-back": POOL}):
        assert world.grant(GIFT) == world.grant(WIN)
        assert coupon_pools.counts("acme", "welcome-back") == (2, 3)


def test_two_workers_at_once_take_two_codes_for_two_people() -> None:
    def second(world: World, when: str) -> None:
        mina = replace(acme.SARA, email="mina@example.test", phone=None)
        acme.see(world.at.shop, acme.order("20", mina), now=world.at.now())
        world.grant(GIFT + "-mina", "welcome-back", world.node("mina@example.test"))

    for world in _moments("woocommerce", second, **{"welcome-back": POOL}):
        hers = world.grant().code
        minas = world.grant(GIFT + "-mina", "welcome-back", world.node("mina@example.test")).code
        assert hers != minas
        assert coupon_pools.counts("acme", "welcome-back") == (1, 3)


def test_two_workers_at_the_last_code_give_it_to_one_of_two_people() -> None:
    minas, hers = [], []

    def attempt(world: World, into: list[str], *who: str) -> None:
        try:
            into.append(world.grant(*who).code)
        except NoCoupon as why:
            into.append(why.code)

    for at in range(1, MOST_MOMENTS):
        with instead_of_dynamodb() as fake:
            world = World("woocommerce", **{"welcome-back": POOL})
            mina = replace(acme.SARA, email="mina@example.test", phone=None)
            acme.see(world.at.shop, acme.order("20", mina), now=world.at.now())
            who = ("f_mina", "welcome-back", world.node("mina@example.test"))
            coupon_pools.add("acme", "welcome-back", ["ONE"])
            with Strike(world, fake, at, lambda _, world=world, who=who: attempt(world, minas, *who)) as strike:
                attempt(world, hers)
            if strike.left > 0:
                break
            assert sorted([minas[-1], hers[-1]]) == ["ONE", "pool_empty"]
    assert {"ONE", "pool_empty"} <= set(minas)


@pytest.mark.parametrize("follow_up", [GIFT, WIN])
def test_two_workers_at_the_last_code_both_give_it_to_the_one_person_they_ask_for(follow_up: str) -> None:
    for at in range(1, MOST_MOMENTS):
        with instead_of_dynamodb() as fake:
            world = World("woocommerce", **{"welcome-back": POOL})
            coupon_pools.add("acme", "welcome-back", ["ONE"])
            with Strike(world, fake, at, lambda _, world=world: world.grant(follow_up)) as strike:
                assert world.grant().code == "ONE"
            if strike.left > 0:
                return


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A table that many talk to at once, each call whole."""
    lock = threading.Lock()

    def call(*asked: Any) -> Any:
        with lock:
            return plain(*asked)

    with instead_of_dynamodb() as fake:
        plain = fake._make_api_call
        monkeypatch.setattr(fake, "_make_api_call", call)
        yield


def test_six_workers_side_by_side_give_six_people_six_codes(busy: None) -> None:
    world = World("woocommerce", **{"welcome-back": POOL})
    coupon_pools.add("acme", "welcome-back", [f"CODE{number}" for number in range(6)])
    people = []
    for number in range(6):
        buyer = replace(acme.SARA, email=f"buyer{number}@example.test", phone=None)
        acme.see(world.at.shop, acme.order(f"{100 + number}", buyer), now=world.at.now())
        people.append(world.node(f"buyer{number}@example.test"))
    with ThreadPoolExecutor(12) as workers:
        asked = [workers.submit(world.grant, f"f_{who}", "welcome-back", who) for who in people * 2]
        given = {who: one.result().code for who, one in zip(people * 2, asked, strict=True)}
    assert sorted(given.values()) == [f"CODE{number}" for number in range(6)]
    assert coupon_pools.counts("acme", "welcome-back") == (0, 6)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_workers_side_by_side_make_one_coupon(busy: None, platform: str) -> None:
    def attempt(number: int) -> None:
        with suppress(Trouble):
            world.grant(f"f_{number % 3}")

    world = World(platform)
    with ThreadPoolExecutor(8) as workers:
        list(workers.map(attempt, range(12)))
    world.passes(minutes=3)
    assert {world.grant(f"f_{number}").code for number in range(3)} == {world.grant("f_0").code}
    assert len(world.held()) == 1


def test_while_one_asks_the_shop_nobody_else_does(woo: World) -> None:
    """WooCommerce looks for a code before it writes it: two who ask at once might be told that it is free."""
    asked: list[str] = []

    def ask(*args: Any, **how: Any) -> Any:
        if not asked:
            asked.append("first")
            with pytest.raises(Trouble, match="somebody else") as wait:
                woo.grant()
            asked.append(str(wait.value.wait))
        return plain(*args, **how)

    plain, woo.at.http.ask = woo.at.http.ask, ask  # type: ignore[method-assign]
    woo.grant()
    assert asked == ["first", "150.0"]


def test_a_rule_that_changed_while_nobody_knew_whether_the_shop_had_it_counts(world: World) -> None:
    """The answer was lost, then the owner changed her mind: what the shop has and what the customer reads agree."""
    world.at.http.fail(*[None] * _CALLS_BEFORE[world.at.shop.platform], Unreachable("no"))
    with pytest.raises(Unreachable):
        world.grant()
    world.rule(percent=20)
    world.passes(days=27)
    coupon = world.grant()
    assert coupon.percent == 20
    assert moment(coupon.expires_at) > world.at.now() + timedelta(days=29)
    (there,) = world.held()
    assert any(worth in json.dumps(there) for worth in ('"20.00"', "0.2", '"discountValue": "20"'))


_CALLS_BEFORE = {"woocommerce": 0, "shopify": 1, "saleor": 1}


# --- pools -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def pool() -> Iterator[World]:
    with instead_of_dynamodb():
        yield World("woocommerce", **{"welcome-back": POOL})


def test_every_code_of_a_pool_goes_to_one_customer(pool: World) -> None:
    coupon_pools.add("acme", "welcome-back", ["ONE", "TWO"])
    codes = []
    for name in ("mina", "reza"):
        buyer = replace(acme.SARA, email=f"{name}@example.test", phone=None)
        acme.see(pool.at.shop, acme.order(name, buyer), now=pool.at.now())
        codes.append(pool.grant(f"f_{name}", "welcome-back", pool.node(f"{name}@example.test")).code)
    assert sorted(codes) == ["ONE", "TWO"]
    assert pool.refused() == "pool_empty"
    assert [found.level for found in coupons_used.findings(pool.at.shop)] == ["fail"]
    assert pool.held() == []


def test_a_pool_that_was_filled_again_is_no_trouble_any_more(pool: World) -> None:
    assert pool.refused() == "pool_empty"
    coupon_pools.add("acme", "welcome-back", ["ONE"])
    assert pool.grant().code == "ONE"
    assert coupons.troubles("acme") == []


def test_a_table_of_other_peoples_making_agrees(table: str) -> None:
    world = World("woocommerce", **{"welcome-back": POOL, "thanks": BACK})
    assert coupon_pools.add("acme", "welcome-back", ["ONE", "TWO"]) == 2
    assert coupon_pools.add("acme", "welcome-back", ["TWO", "THREE"]) == 1
    coupon = world.grant()
    assert world.grant(WIN) == coupon
    assert coupon_pools.counts("acme", "welcome-back") == (2, 3)
    assert world.grant("f_thanks", "thanks").code.startswith("BACK-")
    assert (world.used(coupon), world.used(coupon), len(world.held())) == (1, 0, 1)
    assert (coupons_used.forget("acme", world.sara), coupon_pools.clear("acme", "welcome-back")) == (2, 2)
    assert coupon_pools.counts("acme", "welcome-back") == (0, 0)


def test_loading_the_same_file_again_gives_no_code_twice(pool: World) -> None:
    assert coupon_pools.add("acme", "welcome-back", ["ONE", "TWO"]) == 2
    first = pool.grant().code
    assert coupon_pools.add("acme", "welcome-back", ["ONE", "TWO", "THREE"]) == 1
    assert coupon_pools.counts("acme", "welcome-back") == (2, 3)
    left = {row.code for seed in "abcdefgh" for row in coupon_pools.some("acme", "welcome-back", seed)}
    assert left == {"ONE", "TWO", "THREE"} - {first}


def test_a_code_in_two_pools_is_given_once(pool: World) -> None:
    pool.at.change(coupons={"welcome-back": POOL, "thanks": POOL})
    for rule in ("welcome-back", "thanks"):
        coupon_pools.add("acme", rule, ["SAME"])
    assert pool.grant(GIFT).code == "SAME"
    assert pool.refused(WIN, "thanks") == "pool_empty"


@pytest.mark.parametrize(("left", "of", "level"), [(25, 25, "ok"), (19, 19, "warn"), (20, 300, "warn"), (0, 5, "fail")])
def test_the_owner_is_warned_before_a_pool_is_empty(pool: World, left: int, of: int, level: str) -> None:
    codes = [f"C{number}" for number in range(of)]
    for start in range(0, of, coupon_pools.AT_ONCE):
        coupon_pools.add("acme", "welcome-back", codes[start : start + coupon_pools.AT_ONCE])
    for code in codes[left:]:
        base.commit([base.remove(coupon_pools.PoolCodeRow("S#acme#POOL#welcome-back", coupon_pools._sk(code)))])
    (found,) = coupons_used.findings(pool.at.shop)
    assert found.level == level


def test_what_the_shop_could_not_make_comes_from_the_pool_once_there_is_one(woo: World) -> None:
    woo.at.double.rest.manager = False
    assert woo.refused() == "rights"
    woo.rule(**POOL)
    coupon_pools.add("acme", "welcome-back", ["ONE"])
    woo.passes(minutes=5)
    assert woo.grant().code == "ONE" == woo.grant(WIN).code


# --- used, forgotten -------------------------------------------------------------------------------------------------


def test_an_order_placed_with_it_marks_it_used_once(woo: World) -> None:
    coupon = woo.grant()
    assert [woo.used(coupon), woo.used(coupon)] == [1, 0]
    row = coupons.read("acme", GIFT)
    assert (row.state, row.order_id, row.used_at) == ("used", "19", "2026-11-05T10:00:00Z")


def test_one_that_was_used_before_we_knew_that_the_shop_has_it_stays_used(woo: World) -> None:
    def ask(*args: Any, **how: Any) -> Any:
        answer = plain(*args, **how)
        woo.used(Coupon(coupons.read("acme", GIFT).code, "welcome-back", ""))
        return answer

    plain, woo.at.http.ask = woo.at.http.ask, ask  # type: ignore[method-assign]
    woo.grant()
    assert coupons.read("acme", GIFT).state == "used"


def test_an_order_that_came_to_nothing_uses_nothing(woo: World) -> None:
    coupon = woo.grant()
    assert woo.used(coupon, status="failed") == 0
    assert coupons_used.redeemed(woo.at.shop, acme.order("21", coupons=("SUMMER",))) == 0
    assert coupons.read("acme", GIFT).state == "live"


def test_an_order_without_coupons_costs_no_question(woo: World) -> None:
    with instead_of_dynamodb() as fake:
        fake.before = lambda *_: pytest.fail("asked")
        assert coupons_used.redeemed(woo.at.shop, acme.order("22")) == 0


def test_an_erased_customers_coupons_name_her_no_more(woo: World) -> None:
    coupon = woo.grant()
    privacy.erase(woo.at.shop, woo.sara, woo.at.now())
    coupons_used.forget("acme", woo.sara)
    row = coupons.read("acme", GIFT)
    assert (row.customer, row.code, row.state) == (None, coupon.code, "live")
    assert coupons.given("acme", woo.sara).rev is None
    assert coupons_used.forget("acme", woo.sara) == 0
    assert woo.refused(WIN) == "customer_gone"
    assert woo.used(coupon) == 1


def test_an_erasure_in_the_middle_leaves_nothing_of_her() -> None:
    def erases(world: World, when: str) -> None:
        privacy.erase(world.at.shop, world.sara, world.at.now())
        coupons_used.forget("acme", world.sara)

    for at in range(1, MOST_MOMENTS):
        with instead_of_dynamodb() as fake:
            world = World("woocommerce")
            with Strike(world, fake, at, lambda when, world=world: erases(world, when)) as strike, suppress(NoCoupon):
                world.grant()
            if strike.left > 0:
                return
            row = coupons.read("acme", GIFT)
            assert row is None or row.customer is None
            assert coupons.given("acme", world.sara).rev is None


def test_she_can_be_told_what_she_was_given(woo: World) -> None:
    coupon = woo.grant(GIFT)
    woo.grant(WIN)
    person = customers.person("acme", woo.sara)
    (told,) = coupons_used.held_by("acme", person)
    assert (told["code"], told["rule"], told["state"]) == (coupon.code, "welcome-back", "live")


def test_two_lists_of_one_person_are_looked_through_both(woo: World) -> None:
    """She was given one as a guest, and another as an account that was hers all along."""
    acme.see_account(woo.at.shop, replace(acme.SARA, account="7", email=None), "2026-10-01T08:00:00Z", now=woo.at.now())
    account = customers.look_up(woo.at.shop, "account:7")[0]
    first = woo.grant(GIFT, "welcome-back", account)
    woo.passes(minutes=1)
    her = replace(acme.SARA, account="7")
    acme.see_account(woo.at.shop, her, "2026-10-01T08:00:00Z", "2026-11-01T08:00:00Z", now=woo.at.now())
    assert len(customers.read_person("acme", woo.sara)) == 2
    assert woo.grant(WIN) == first


def test_nothing_of_it_is_seen_by_another_shop(woo: World) -> None:
    woo.grant()
    assert coupons.read("other", GIFT) is None
    assert coupons.of_code("other", granted("acme", GIFT).code) is None
