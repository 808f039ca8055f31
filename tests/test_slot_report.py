"""What an owner is told of the slots: how often, how sure that is, of her own shop alone, and never as money."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib import clock, keys
from chalicelib.domain import spans, wilson
from chalicelib.domain.shop import Shop
from chalicelib.domain.slot import PERSONAL, SLOTS
from chalicelib.domain.times import moment, stamp
from chalicelib.table import shelf, slot_counts
from chalicelib.work import read_slots, rid
from chalicelib.work.rid import Rid
from chalicelib.work.slot_words import SENTENCES
from tests import rights
from tests.acme import MASTER, NOW, open_shop, see_account
from tests.bench_commands import Bench, bench
from tests.dynamo_expressions import error
from tests.fake_dynamo import FakeDynamo, size
from tests.gateway import Answered, ask, partner
from tests.storefront import MINA, PAGE, asks, items, open_storefront, token
from tests.test_closed_messages import node
from tests.test_openapi import CHECKS, OURS
from tests.visiting import LAPTOP, PHONE, Queue, tells

REPORT = "/v1/slots/report"
TODAY = "2026-11-21"  # where NOW is
TEA = ("goes-with", "bought_together")


@pytest.fixture
def shop(fake: FakeDynamo) -> Shop:
    return open_storefront()


@pytest.fixture
def owner(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Bench]:
    with bench(monkeypatch, capsys) as found:
        yield found


def asked(slug: str = "acme", **query: str) -> Answered:
    return partner(keys.secret_key(MASTER, slug))(REPORT, **query)


def report(slug: str = "acme", **query: str) -> dict[str, Any]:
    answer = asked(slug, **query)
    assert answer.status == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


def of(found: dict[str, Any], name: str) -> dict[str, Any]:
    (slot,) = [slot for slot in found["slots"] if slot["name"] == name]
    return dict(slot)


def counted(day: str = TODAY, place: tuple[str, str] = TEA, slug: str = "acme", **counts: int) -> None:
    slot_counts.add(slug, day, {place: counts})


def counts(told: dict[str, Any]) -> tuple[int, int, int]:
    return told["seen"], told["clicks"], told["closed"]


def named(item: str = "tea", place: tuple[str, str] = TEA, slug: str = "acme", days: int = 0) -> str:
    return rid.make(MASTER, slug, Rid(place[0], item, place[1], rid.day_of(NOW - timedelta(days=days))))


def seen(*rids: str) -> dict[str, Any]:
    return {"type": "seen", "rids": list(rids)}


def click(rid: str) -> dict[str, Any]:
    return {"type": "click", "rid": rid}


# --- what is counted -------------------------------------------------------------------------------------------------


def test_what_pages_tell_stands_in_the_report_by_slot_reason_and_day(shop: Shop, queue: Queue) -> None:
    see_account(shop, MINA, "2026-01-01T00:00:00Z")
    shelf.put("acme", node(shop), shelf.Shown("f_cup", "It is back", stamp(NOW - timedelta(days=1))))
    (message,) = [one["rid"] for one in items(asks(shop, "messages", account="7"), "messages")]
    tea, cup = named(), named("cup", ("goes-with", "popular"))
    tells(shop, seen(tea, cup), click(tea))
    tells(shop, seen(tea), consent=True, visitor=LAPTOP)
    tells(shop, seen(message), {"type": "close", "rid": message}, token=token(shop))
    queue.taken()
    found = report()
    slot = of(found, "goes-with")
    assert counts(slot) == (3, 1, 0)
    reasons = [(one["code"], *counts(one)) for one in slot["reasons"]]
    assert reasons == [("bought_together", 2, 1, 0), ("popular", 1, 0, 0)]
    assert counts(of(found, "messages")) == (1, 0, 1)
    assert counts(found["total"]) == (4, 1, 1)
    assert found["by_day"][-1] == {
        "day": TODAY,
        "seen": 4,
        "clicks": 1,
        "closed": 1,
        "refused": 0,
        "slots": {
            "goes-with": {"seen": 3, "clicks": 1, "closed": 0},
            "messages": {"seen": 1, "clicks": 0, "closed": 1},
        },
    }


def test_robots_and_previews_are_not_in_it(shop: Shop, queue: Queue) -> None:
    tells(shop, seen(named()), headers={"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"})
    tells(shop, seen(named()), headers={"User-Agent": "curl/8.5.0"})
    tells(shop, seen(named()), click(named()), key=keys.test_key(MASTER, "acme"))
    queue.taken()
    assert counts(report()["total"]) == (0, 0, 0)


def test_forged_names_those_of_another_shop_and_old_ones_are_refused_and_count_as_nothing_else(
    shop: Shop, queue: Queue
) -> None:
    open_storefront("bazaar")
    forged = named()[:-1] + ("A" if named()[-1] != "A" else "B")
    tells(shop, seen(forged, named(slug="bazaar"), named(days=3)), visitor=PHONE)
    queue.taken()
    found = report()
    assert (found["refused"], found["by_day"][-1]["refused"]) == (3, 3)
    assert counts(found["total"]) == (0, 0, 0)
    assert report("bazaar")["refused"] == 0


def test_a_shop_without_counts_has_every_slot_with_none_and_every_day(shop: Shop) -> None:
    found = report()
    assert [slot["name"] for slot in found["slots"]] == list(SLOTS)
    assert {slot["name"] for slot in found["slots"] if slot["personal"]} == set(PERSONAL)
    assert all(slot["reasons"] == [] and counts(slot) == (0, 0, 0) for slot in found["slots"])
    assert [one["day"] for one in found["by_day"]] == [str(date(2026, 10, 25) + timedelta(n)) for n in range(28)]
    assert all(one["slots"] == {} for one in found["by_day"])
    assert (found["total"]["click_rate"], found["total"]["withheld"]["code"]) == (None, "few_seen")


def test_a_slot_that_is_no_more_is_still_told_of(shop: Shop) -> None:
    counted(place=("carousel", "popular"), seen=5)
    assert [slot["name"] for slot in report()["slots"]] == [*SLOTS, "carousel"]


# --- how sure it is --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_that_of_the_literature(hits: int, trials: int, low: float, high: float) -> None:
    """Newcombe 1998, Statistics in Medicine 17:857-872, table I, method 3."""
    assert wilson.interval(hits, trials) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 10**9).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials))))
def test_the_interval_holds_its_share_and_stays_a_share(pair: tuple[int, int]) -> None:
    hits, trials = pair
    low, high = wilson.interval(hits, trials)
    assert 0 <= low <= hits / trials + 1e-12
    assert hits / trials - 1e-12 <= high <= 1
    assert low < high


def test_a_rate_comes_with_its_interval(shop: Shop) -> None:
    counted(seen=148, clicks=15)
    told = of(report(), "goes-with")
    assert told["click_rate"] == {"rate": 0.1014, "low": 0.0624, "high": 0.1605}
    assert told["withheld"] is None


def test_of_few_no_rate_is_told_and_of_one_more_it_is(shop: Shop) -> None:
    counted(seen=99, clicks=9)
    told = report()["total"]
    assert told["click_rate"] is None
    assert told["withheld"] == {
        "code": "few_seen",
        "params": {"least": 100},
        "text": "Seen fewer than 100 times: too few to tell a rate.",
    }
    counted(seen=1)
    assert report()["total"]["click_rate"]["rate"] == 0.09


def test_few_within_a_slot_of_many_are_withheld_alone(shop: Shop) -> None:
    counted(seen=100, clicks=1)
    counted(place=("goes-with", "popular"), seen=99)
    told = of(report(), "goes-with")
    assert told["click_rate"]
    assert [bool(one["click_rate"]) for one in told["reasons"]] == [True, False]


def test_more_clicks_than_seen_are_no_rate_but_a_mistake_of_the_page(shop: Shop) -> None:
    counted(seen=100, clicks=101)
    told = report()["total"]
    assert (told["click_rate"], told["withheld"]["code"]) == (None, "more_clicks")


@pytest.mark.parametrize(("locale", "language"), [("fa-IR", "fa"), ("en-GB", "en"), ("de", "en")])
def test_it_says_in_the_owners_language_that_clicks_are_no_proof(fake: FakeDynamo, locale: str, language: str) -> None:
    open_storefront(locale=locale)
    assert report()["proof"] == {"code": "no_proof", "params": {}, "text": SENTENCES[language]["no_proof"]}
    assert SENTENCES["fa"].keys() == SENTENCES["en"].keys()


# --- which days ------------------------------------------------------------------------------------------------------


def test_both_days_are_included_and_no_others(shop: Shop) -> None:
    for n, day in enumerate(("2026-10-31", "2026-11-01", "2026-11-02", "2026-11-03")):
        counted(day, seen=10**n)
    found = report(**{"from": "2026-11-01", "to": "2026-11-02"})
    assert [(one["day"], one["seen"]) for one in found["by_day"]] == [("2026-11-01", 10), ("2026-11-02", 100)]
    assert (found["from"], found["to"], found["total"]["seen"]) == ("2026-11-01", "2026-11-02", 110)


@pytest.mark.parametrize(
    ("said", "days"),
    [
        ({}, ("2026-10-25", TODAY)),
        ({"to": "2026-11-10"}, ("2026-10-14", "2026-11-10")),
        ({"from": "2026-11-20"}, ("2026-11-20", TODAY)),
        ({"from": TODAY, "to": TODAY}, (TODAY, TODAY)),
        ({"from": "2025-10-18"}, ("2025-10-18", TODAY)),
        ({"to": "2025-10-20"}, ("2025-10-18", "2025-10-20")),
        ({"to": "2026-11-22"}, ("2026-10-26", "2026-11-22")),  # it has begun in Auckland
        ({"from": "2024-02-29"}, "from"),
        ({"from": "2025-10-17"}, "from"),
        ({"to": "2025-10-17"}, "to"),
        ({"to": "2026-11-23"}, "to"),
        ({"from": "2026-11-22"}, "from"),
        ({"from": "2026-11-02", "to": "2026-11-01"}, "from"),
        ({"from": "2025-10-18", "to": "2026-11-22"}, "from"),
        ({"from": "2026-02-29"}, "from"),
        ({"to": "2026-11-21T00:00:00Z"}, "to"),
        ({"to": "20261121"}, "to"),
        ({"from": "1405-08-30"}, "from"),
        ({"from": "۲۰۲۶-۱۱-۲۱"}, "from"),
        ({"from": "yesterday"}, "from"),
        ({"from": "0001-01-01"}, "from"),
        ({"days": "7"}, "days"),
        ({"to": ""}, "to"),
    ],
)
def test_days_that_cannot_be_told_of_are_a_400_that_names_them(
    shop: Shop, said: dict[str, str], days: tuple[str, str] | str
) -> None:
    answer = asked(**said)
    if isinstance(days, tuple):
        assert (answer.json["from"], answer.json["to"]) == days
    else:
        assert (answer.status, answer.json["field"]) == (400, days), answer.text
        assert answer.headers["content-type"] == "application/problem+json"


@given(st.text(max_size=12) | st.dates().map(str), st.none() | st.dates().map(str))
@settings(max_examples=200)
def test_whatever_days_are_asked_for_they_are_400_at_most_or_refused(first: str, last: str | None) -> None:
    with suppress(spans.BadSpan):
        assert 1 <= len(spans.read(first or None, last, NOW.date(), 28, 400).days) <= 400


@pytest.mark.parametrize(
    ("timezone", "begins"), [("Asia/Tehran", "03:30"), ("Europe/Berlin", "01:00"), ("America/New_York", "19:00")]
)
def test_a_day_is_utcs_and_the_report_says_when_that_begins_in_the_shop(
    fake: FakeDynamo, queue: Queue, timezone: str, begins: str
) -> None:
    shop = open_storefront(timezone=timezone)
    for at in ("2026-11-20T23:59:59Z", "2026-11-21T00:00:00Z"):  # 03:29:59 and 03:30 of the 21st in Tehran
        clock.use(lambda at=at: moment(at))  # type: ignore[misc]
        tells(shop, seen(named(days=1)))
    queue.taken()
    found = report()
    assert [one["seen"] for one in found["by_day"][-2:]] == [1, 1]
    assert (found["timezone"], found["shop_timezone"], found["day_begins"]) == ("UTC", timezone, begins)


def test_in_summer_a_day_begins_at_another_hour(shop: Shop) -> None:
    assert read_slots._begins(date(2026, 7, 1), "Europe/Berlin") == "02:00"
    assert read_slots._begins(date(2026, 7, 1), "Mars/Base") == "00:00"


# --- who is told, and by what reads ----------------------------------------------------------------------------------


def test_another_shop_sees_nothing_of_it(shop: Shop) -> None:
    for slug in ("acme-2", "acm"):
        open_shop(slug)
    counted(seen=500, clicks=5)
    counted(slug="acme-2", seen=3)
    assert counts(report()["total"]) == (500, 5, 0)
    assert counts(report("acme-2")["total"]) == (3, 0, 0)
    assert counts(report("acm")["total"]) == (0, 0, 0)


def test_what_stands_in_a_page_does_not_open_it(shop: Shop) -> None:
    public = keys.publishable_key(MASTER, "acme")
    for key in (public, keys.test_key(MASTER, "acme"), token(shop), keys.identity_secret(MASTER, "acme")):
        assert partner(key)(REPORT).status == 401
    assert ask("GET", f"{REPORT}?key={public}", {"Origin": PAGE}).status == 401


def test_it_is_no_slot_of_a_page_and_no_other_origin_may_read_it(shop: Shop) -> None:
    headers = {"Authorization": f"Bearer {keys.secret_key(MASTER, 'acme')}", "Origin": PAGE}
    answer = ask("GET", REPORT, headers)
    assert (answer.status, answer.json["timezone"]) == (200, "UTC")
    assert "access-control-allow-origin" not in answer.headers
    assert asks(shop, "popular").json["slots"][0]["name"] == "popular"
    assert ask("POST", REPORT, headers, b"{}").status == 405


def busy(fake: FakeDynamo) -> None:
    """400 days on each of which every slot was seen for two reasons."""
    for n in range(400):
        day = str(NOW.date() - timedelta(days=n))
        places = {(slot, code): {"seen": 3_000, "clicks": 40} for slot in SLOTS for code in ("like_yours", "popular")}
        slot_counts.add("acme", day, {**places, ("", ""): {"refused": 2}})


def test_400_days_are_one_query_of_its_own_rows(shop: Shop, fake: FakeDynamo) -> None:
    busy(fake)
    calls: list[tuple[str, dict[str, Any]]] = []
    fake.before = lambda operation, given: calls.append((operation, dict(given)))
    found = report(**{"from": "2025-10-18"})
    assert [operation for operation, _ in calls] == ["GetItem", "Query"], "the shop, and its counts"
    assert (found["total"]["seen"], found["refused"], len(found["by_day"])) == (400 * 14 * 3_000, 800, 400)
    assert sum(size(item) for item in fake.all() if item["k"]["S"] == "slot_count") < 1_000_000, "what one query reads"
    needed = [call for operation, given in calls for call in rights.of_botocore("dynamodb", operation, given)]
    assert needed
    assert all(rights.allows("api", action, resource) for action, resource in needed)


def test_what_does_not_fit_into_one_answer_is_read_on(shop: Shop, fake: FakeDynamo) -> None:
    for n in range(10):
        counted(str(NOW.date() - timedelta(days=n)), seen=1)

    def three_at_once(operation: str, given: dict[str, Any]) -> None:
        if operation == "Query":
            given["Limit"] = 3

    fake.before = three_at_once
    assert report()["total"]["seen"] == 10


def test_while_the_table_cannot_be_read_it_says_to_come_again(shop: Shop, fake: FakeDynamo) -> None:
    def before(operation: str, given: dict[str, Any]) -> None:
        if operation == "Query":
            raise error("ProvisionedThroughputExceededException", operation=operation)

    fake.before = before
    answer = asked()
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")


def test_a_full_report_is_as_described(shop: Shop) -> None:
    counted(seen=148, clicks=15)
    counted(place=("messages", "message"), seen=1, clicks=2, closed=1)
    counted(place=("", ""), refused=4)
    case = OURS[REPORT]["GET"].Case(query={"from": "2026-11-01"})
    case.call_and_validate(headers={"Authorization": f"Bearer {keys.secret_key(MASTER, 'acme')}"}, checks=CHECKS)


# --- the command -----------------------------------------------------------------------------------------------------


def test_the_command_shows_it_as_a_table_and_says_what_it_does_not_show(owner: Bench) -> None:
    owner.connects()
    counted(seen=148, clicks=15)
    counted(place=("popular", "popular"), seen=1_234, clicks=12)
    counted(place=("", ""), refused=4)
    said = owner.run("slots", "--shop", "acme")
    assert said.code == 0, said.all
    lines = [" ".join(line.split()) for line in said.out.splitlines()]
    assert lines[0] == "acme: 2026-10-25 to 2026-11-21 (UTC; a day begins at 01:00 in Europe/Berlin)"
    assert "bought_together 148 15 0 10.14% (6.24% to 16.05%)" in lines
    assert "viewed 0 0 0 too few seen" in lines
    assert "all 1,382 27 0 1.95% (1.35% to 2.83%)" in lines
    assert any("4 refused" in line for line in lines)
    assert lines[-1].startswith("Clicks do not show what slots earn")


def test_the_command_answers_programs_and_names_the_flag_at_fault(owner: Bench) -> None:
    owner.connects()
    counted("2026-11-01", seen=7)
    found = owner.run("slots", "--shop", "acme", "--from", "2026-11-01", "--to", "2026-11-01", "--json").json
    assert (found["shop"], found["total"]["seen"], len(found["by_day"])) == ("acme", 7, 1)
    wrong = owner.run("slots", "--shop", "acme", "--from", "2026-13-01")
    assert wrong.code == 2
    assert "--from: should be a day of the Gregorian calendar such as 2026-11-21" in wrong.err
