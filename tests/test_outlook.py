"""What an owner is told of a customer's future and of the learning itself, over the partner API and the command."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.ledger import Ledger
from chalicelib.domain.order import Buyer
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import moment, stamp
from chalicelib.table import learnt, sync
from chalicelib.work import learn_model, learn_timer
from chalicelib.work.outlook import purchase_of
from chalicelib.work.outlook_words import SENTENCES, sentence
from tests import acme
from tests.acme import NOW
from tests.bench_commands import Bench, bench
from tests.fake_dynamo import instead_of_dynamodb
from tests.gateway import ask, partner
from tests.learning import Learning, sold

DAY = 86400
PRODUCTS = ["tea", "cup", "pot", "jam", "mat"]


@pytest.fixture
def shop() -> Iterator[tuple[Shop, str]]:
    with instead_of_dynamodb():
        clock.use(lambda: NOW)
        yield acme.open_shop()


@pytest.fixture
def owner(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Bench]:
    with bench(monkeypatch, capsys) as found:
        yield found


@pytest.fixture(scope="module")
def grown() -> dict[str, Any]:
    """The model of a shop of two and a half years: 900 people, of whom many come back, each at her own pace."""
    return _model(_people(900))


def _people(days: int) -> Ledger:
    """900 of them, who first came within so many days."""
    chance, rows = Random(7), []
    begin, end = int((NOW - timedelta(days=days)).timestamp()), int(NOW.timestamp())
    for number in range(900):
        at, pace = begin + chance.randrange(days * DAY), chance.gammavariate(2.0, 1.0) / (60 * DAY)
        while at < end:
            rows.append((at, f"c_{number}", chance.sample(PRODUCTS, 2), chance.choice([1200, 2500, 4000])))
            if chance.random() < 0.15:
                break
            at += int(chance.expovariate(pace)) + DAY
    ledger = Ledger()
    for at, customer, products, net in sorted(rows):
        ledger.add(customer, at, products, net, "EUR", "DE")
    return ledger


def _model(ledger: Ledger) -> dict[str, Any]:
    """As a night's run makes it."""
    told = {
        part: learn_model.attempt(part, learn, ledger, int(NOW.timestamp()))
        for part, learn in learn_model.PARTS.items()
    }
    return learn_model.model({"generation": "g"}, stamp(NOW), ledger, told)


def sara(shop: Shop, *days_ago: int, **fields: Any) -> str:
    """Her id: she ordered so many days ago."""
    for number, days in enumerate(days_ago):
        at = NOW - timedelta(days=days)
        acme.see(shop, sold(500 + number, "sara", ["tea", "cup"], at, **fields), now=at)
    return str(acme_customer(shop))


def acme_customer(shop: Shop) -> str:
    from chalicelib.work import read_customers

    (found,) = read_customers.search(shop, {"email": "sara@example.test"}, 5, None).items
    return str(found["id"])


def outlook(shop: tuple[Shop, str], customer: str) -> dict[str, Any]:
    answered = partner(shop[1])(f"/v1/customers/{customer}/outlook")
    assert answered.status == 200, answered.text
    found: dict[str, Any] = answered.json
    return found


# --- one customer ----------------------------------------------------------------------------------------------------


def test_who_ordered_once_has_a_chance_beside_the_shops_rate(shop: tuple[Shop, str], grown: dict[str, Any]) -> None:
    learnt.put_model("acme", grown)
    found = outlook(shop, sara(shop[0], 20))
    chance = found["second_order"]
    assert 0 < chance["chance"] < 1
    assert 0 < chance["base_rate"] < 1
    assert chance["buyers"] > 500
    assert chance["until"] > stamp(NOW)
    assert {reason["code"] for reason in chance["because"]} >= {"waited"}
    assert found["rfm"]["segment"] in ("new", "promising")
    assert (found["orders"], found["as_of"]) == (1, stamp(NOW))


def test_who_came_back_has_a_window_a_number_of_orders_and_money(shop: tuple[Shop, str], grown: dict[str, Any]) -> None:
    learnt.put_model("acme", grown)
    found = outlook(shop, sara(shop[0], 300, 240, 180, 120, 60, 10))
    window = found["next_order"]
    assert stamp(NOW) <= window["from"] < window["until"]
    assert window["late"] is False
    (value,) = found["value"]
    assert (value["currency"], value["months"]) == ("EUR", 12)
    assert 0 < value["alive"] <= 1
    assert value["orders"]["expected"] > 0
    assert value["money"]["expected"]["currency"] == "EUR"
    assert value["money"]["expected"]["amount"] > 0
    assert found["second_order"] is None
    assert [(one["part"], one["code"]) for one in found["withheld"]] == [("second_order", "ordered_again")]
    assert found["rfm"]["segment"] in ("champion", "loyal")


def test_it_knows_the_order_of_a_minute_ago(shop: tuple[Shop, str], grown: dict[str, Any]) -> None:
    learnt.put_model("acme", grown)
    customer = sara(shop[0], 300, 200)
    before = outlook(shop, customer)
    acme.see(shop[0], sold(900, "sara", ["pot"], NOW - timedelta(minutes=1)), now=NOW)
    after = outlook(shop, customer)
    assert (before["orders"], after["orders"]) == (2, 3)
    assert after["value"][0]["alive"] > before["value"][0]["alive"]
    assert before["rfm"]["recency"] < after["rfm"]["recency"] == 5


def test_who_waited_long_is_not_said_to_have_waited_longest(shop: tuple[Shop, str], grown: dict[str, Any]) -> None:
    learnt.put_model("acme", grown)
    found = outlook(shop, sara(shop[0], 800, 700))
    (told,) = [one for one in found["withheld"] if one["part"] == "next_order"]
    assert told["code"] == "waited_too_long"
    assert told["text"] == "She has waited longer than nearly all who came back had waited."


def test_an_order_that_was_cancelled_is_none(shop: tuple[Shop, str], grown: dict[str, Any]) -> None:
    learnt.put_model("acme", grown)
    found = outlook(shop, sara(shop[0], 30, status="cancelled", payment="voided", paid_at=None))
    assert (found["orders"], found["value"], found["rfm"]) == (0, [], None)
    assert {one["code"] for one in found["withheld"]} == {"nothing_ordered"}


def test_currencies_are_told_apart(shop: tuple[Shop, str], grown: dict[str, Any]) -> None:
    learnt.put_model("acme", grown)
    customer = sara(shop[0], 90, 30)
    acme.see(shop[0], sold(900, "sara", ["pot"], NOW - timedelta(days=5), currency="IRR", currency_original="IRT"))
    found = outlook(shop, customer)
    assert [one["currency"] for one in found["value"]] == ["EUR", "IRR"]
    missing = {(one["part"], one.get("currency")): one["code"] for one in found["withheld"]}
    assert missing["value.orders", "IRR"] == "few_customers"
    assert found["value"][1]["orders"] is None


def test_before_the_first_night_every_part_says_why_it_says_nothing(shop: tuple[Shop, str]) -> None:
    found = outlook(shop, sara(shop[0], 20))
    assert (found["learned_at"], found["second_order"], found["next_order"], found["value"]) == (None, None, None, [])
    assert {one["part"]: one["code"] for one in found["withheld"]} == dict.fromkeys(
        ("rfm", "second_order", "next_order", "value"), "no_model"
    )
    assert all(one["text"] for one in found["withheld"])


def test_a_small_shop_says_that_there_is_not_enough(shop: tuple[Shop, str]) -> None:
    customer = sara(shop[0], 40, 5)
    Learning(shop[0], now=NOW).learns()
    found = outlook(shop, customer)
    codes = {one["part"]: one["code"] for one in found["withheld"]}
    assert codes["next_order"] == "few_gaps"
    assert codes["rfm"] == "few_customers"
    assert codes["value.orders"] in ("few_customers", "few_repeats")
    assert all(one["text"].endswith(".") for one in found["withheld"])


def test_whom_the_shop_does_not_know_has_no_outlook(shop: tuple[Shop, str]) -> None:
    assert partner(shop[1])("/v1/customers/c_nobody/outlook").status == 404


def test_who_was_merged_is_read_with_all_she_bought(shop: tuple[Shop, str], grown: dict[str, Any]) -> None:
    learnt.put_model("acme", grown)
    customer = sara(shop[0], 100, 50)
    account = Buyer(account="u-1", email="sara@example.test")
    acme.see_account(shop[0], account, "2026-01-01T00:00:00Z")
    acme.see(shop[0], sold(901, "sara", ["mat"], NOW - timedelta(days=2), buyer=account))
    assert outlook(shop, customer)["orders"] == 3


def test_whether_somebody_who_bought_once_is_still_a_customer_is_not_claimed(
    shop: tuple[Shop, str], grown: dict[str, Any]
) -> None:
    """The model holds everybody for one until her first return, after however many years."""
    learnt.put_model("acme", grown)
    found = outlook(shop, sara(shop[0], 850))
    assert found["rfm"]["segment"] == "lost"
    assert found["value"][0]["alive"] is None
    assert found["value"][0]["orders"]


def test_an_order_a_minute_ahead_of_our_clock_was_placed_now(shop: tuple[Shop, str], grown: dict[str, Any]) -> None:
    learnt.put_model("acme", grown)
    at = NOW + timedelta(minutes=1)
    acme.see(shop[0], sold(500, "sara", ["tea"], at), now=at)
    found = outlook(shop, acme_customer(shop[0]))
    assert found["orders"] == 1
    assert found["rfm"]["segment"] == "new"
    assert found["next_order"]["from"] > stamp(NOW)
    assert found["value"][0]["orders"]
    assert found["withheld"] == []


def test_of_a_large_order_the_same_lines_are_read_as_were_learnt_from() -> None:
    told = sold(1, "sara", [f"p{n}" for n in range(25)], NOW)
    assert purchase_of(told, NOW).products == tuple(f"p{n}" for n in range(20))


def test_a_persian_shop_is_told_in_persian() -> None:
    with instead_of_dynamodb():
        clock.use(lambda: NOW)
        shop = acme.open_shop(locale="fa-IR")
        found = outlook(shop, sara(shop[0], 3))
        assert {one["text"] for one in found["withheld"]} == {sentence("no_model", "fa")}
        report = partner(shop[1])("/v1/learning").json
        assert {one["text"] for one in report["withheld"]} == {sentence("no_model", "fa")}


SAID = re.compile(r"""(?:NotEnough|Withheld)\("(\w+)"|withheld\("[^()]*?"(\w+)"[,)]|"(?:withheld|reason)": "(\w+)"}""")
OF_FITS = {"few_customers", "few_repeats", "all_repeat", "one_day", "unsettled", "uneven_spend"}


def test_every_reason_is_a_sentence_in_english_and_persian() -> None:
    """Whatever the modules say, found where they say it."""
    modules = [path.read_text() for room in ("domain", "work") for path in Path("chalicelib", room).glob("*.py")]
    telling = [text for text in modules if re.search("NotEnough|Withheld|withheld", text)]
    found = {code for text in telling for codes in SAID.findall(text) for code in codes if code}
    assert found >= {"few_gaps", "missed", "too_large", "nothing_ordered", "wrong_by_half", "no_orders"}
    for code in sorted(found | OF_FITS):
        assert all(code in told for told in SENTENCES.values()), code
    assert SENTENCES["en"].keys() == SENTENCES["fa"].keys()
    assert not any(re.search("[A-Za-z]", text) for text in SENTENCES["fa"].values())


# --- the learning itself ---------------------------------------------------------------------------------------------


def test_parts_are_called_alike_of_a_customer_and_of_the_shop(shop: tuple[Shop, str]) -> None:
    customer = sara(shop[0], 40, 5)
    Learning(shop[0], now=NOW).learns()
    report = {one["part"] for one in partner(shop[1])("/v1/learning").json["withheld"]}
    assert report >= {one["part"] for one in outlook(shop, customer)["withheld"]} - {"second_order", "value"}
    assert report <= {"rfm", "second_order", "next_order", "replenish", "value.orders", "value.money"}


def test_the_report_says_how_far_how_good_and_what_is_withheld(shop: tuple[Shop, str], grown: dict[str, Any]) -> None:
    sara(shop[0], 20)
    night = Learning(shop[0], now=NOW)
    night.learns()
    learnt.put_model("acme", grown)
    found = partner(shop[1])("/v1/learning").json
    assert (found["state"], found["progress"], found["customers"]) == ("learnt", None, 900)
    assert found["rule"]["name"]
    (forecast,) = found["forecasts"]
    assert forecast["currency"] == "EUR"
    assert forecast["orders_error"] < 1 / 3
    assert [trial["weeks"] for trial in forecast["trials"]]
    assert found["last_run"]["counts"]["orders"]["read"] == 1
    assert found["next_at"] > stamp(NOW)
    assert found["proofs"]["second_order"]["tested"] > 0


@pytest.mark.parametrize(("days", "months"), [(900, 12), (266, 4)])
def test_the_report_speaks_of_as_many_months_as_an_outlook(shop: tuple[Shop, str], days: int, months: int) -> None:
    learnt.put_model("acme", _model(_people(days)))
    (value,) = outlook(shop, sara(shop[0], 90, 30, 10))["value"]
    found = partner(shop[1])("/v1/learning").json
    (forecast,) = found["forecasts"]
    assert forecast["months"] == value["months"] == months
    assert forecast["orders_error"] == value["orders"]["error"]
    assert forecast["money_error"] == value["money"]["error"]
    assert not [one for one in found["withheld"] if one["part"].startswith("value")]


def test_the_report_withholds_what_an_outlook_withholds(shop: tuple[Shop, str]) -> None:
    """A history of three months cannot be tried on itself."""
    learnt.put_model("acme", _model(_people(90)))
    told = outlook(shop, sara(shop[0], 60, 30, 10))
    found = partner(shop[1])("/v1/learning").json
    codes = {one["part"]: (one["code"], one["params"]) for one in told["withheld"] if one["part"].startswith("value")}
    assert codes.keys() == {"value.orders", "value.money"}
    assert {one["part"]: (one["code"], one["params"]) for one in found["withheld"] if "currency" in one} == codes
    assert (found["forecasts"][0]["months"], found["forecasts"][0]["orders_error"]) == (12, None)


def test_a_run_under_way_shows_its_progress(shop: tuple[Shop, str]) -> None:
    sara(shop[0], 20)
    seen: list[Any] = []
    night = Learning(shop[0], now=NOW)
    night.before = lambda what, about: seen.append(partner(shop[1])("/v1/learning").json)
    night.learns()
    running = [one for one in seen if one["progress"]]
    assert {one["state"] for one in running} == {"learning"}
    assert running[0]["next_at"] is None
    lefts = [one["progress"]["stages_left"] for one in running]
    assert lefts == sorted(lefts, reverse=True)
    assert running[-1]["progress"]["orders_read"] == 1


def test_learning_now_is_put_up_at_once_and_a_second_asking_changes_nothing(shop: tuple[Shop, str]) -> None:
    first = ask("POST", "/v1/learning", {"Authorization": f"Bearer {shop[1]}"}, b"")
    assert first.status == 202
    held = sync.read("acme", learn_timer.LEARN)
    assert held
    assert held.until == stamp(NOW)
    assert first.json["next_at"] == stamp(NOW)
    assert first.json["state"] == "waiting"
    assert {one["code"] for one in first.json["withheld"]} == {"no_model"}


def test_who_only_looks_at_a_shop_nobody_has_learnt_from_puts_it_up(shop: tuple[Shop, str]) -> None:
    found = partner(shop[1])("/v1/learning").json
    assert moment(found["next_at"]) == NOW + learn_timer.AFTER_CONNECTING


# --- the command -----------------------------------------------------------------------------------------------------


def test_the_command_shows_what_was_learnt(owner: Bench, grown: dict[str, Any]) -> None:
    owner.connects()
    assert "nothing was learnt yet" in owner.run("learn", "--shop", "acme").all
    learnt.put_model("acme", {**grown, "withheld": [{"part": "gaps", "reason": "few_bought_again"}]})
    said = owner.run("learn", "--shop", "acme")
    assert said.code == 0
    assert "900 customers" in said.all
    assert "replenish is withheld: No product was bought again by enough of its buyers." in said.all
    assert re.search(r"EUR orders, \d+ weeks ahead: [\d,]+ foretold, [\d,]+ came, off by \d+ %", said.all)
    assert re.search(r"second orders: [\d,]+ foretold, [\d,]+ came, of [\d,]+ who were waiting", said.all)
    assert re.search(r"next orders: [\d,]+ of [\d,]+ fell into their window, [\d,]+ should have", said.all)
    assert owner.run("learn", "--shop", "acme", "--json").json["customers"] == 900


def test_what_is_too_far_ahead_says_how_far_is_told(owner: Bench) -> None:
    owner.connects()
    learnt.put_model("acme", _model(_people(266)))
    said = owner.run("learn", "--shop", "acme").all
    assert re.search(r"EUR: what is expected of a customer is told 4 months ahead, taken to be off by \d+ %", said)
    assert re.search(r"The history, of 3[78] weeks, is too short for 12\.", said)
    assert "withheld" not in said


def test_the_command_learns_now_and_waits_for_it(owner: Bench) -> None:
    owner.connects()
    before = owner.state()
    assert owner.run("learn", "--shop", "acme", "--now", "--dry-run").code == 0
    assert owner.state() == before
    shop = owner.row()

    def sleeps() -> None:
        Learning(shop, now=owner.now).works()

    owner.on_sleep = sleeps
    said = owner.run("learn", "--shop", "acme", "--now", "--wait")
    assert said.code == 0, said.all
    assert ("acme", "learn") in owner.bucket.hints
    assert learnt.model("acme")
