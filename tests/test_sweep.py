"""The nightly look: who has come into a segment or left one, by an order or by time; nobody twice, nobody left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from chalicelib.domain import dates, segments
from chalicelib.domain.flow_fields import BadFlow
from chalicelib.domain.times import moment, stamp
from chalicelib.table import customers, shops, sync
from chalicelib.work import flow_book, importing, membership, nudge, sweep
from chalicelib.work import sync as talks
from tests import occasions as world
from tests.bench_commands import Bench, bench
from tests.fake_dynamo import instead_of_dynamodb
from tests.occasions import OMID, SARA, Fetch, account, codes, node, plans, rows, tell
from tests.post_office import MINUTE, NOON, PostOffice, order

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    with instead_of_dynamodb():
        yield
    flow_book.forget()
    nudge.forget()


def sell(office: PostOffice, number: int, at: datetime, email: str = SARA) -> None:
    world.shop_of(office)
    office.sell(order(number, at, email))


def note(office: PostOffice, segment: str, email: str = SARA) -> str | None:
    person = customers.person("acme", node(office, email))
    return person.contact.note(f"segment:{segment}") if person else None


class TestAnOrder:
    def test_brings_her_into_a_segment_at_once(self) -> None:
        office = world.open_world("vip-hello")
        sell(office, 1, NOON - 9 * DAY)
        world.until(office, NOON + 5 * MINUTE)
        sell(office, 2, office.now)
        assert note(office, "vip") == "in"
        assert plans(office) == [("vip-hello", "segment-vip-in-2026-11-02", "mail", "scheduled")]
        world.until(office, NOON + DAY)
        assert len(office.taken) == 1

    def test_and_takes_her_out_again(self) -> None:
        office = world.open_world("vip-hello")
        sell(office, 1, NOON - 9 * DAY)
        world.until(office, NOON + 5 * MINUTE)
        sell(office, 2, office.now)
        sold = order(2, office.now, status="cancelled", updated_at=stamp(office.now + MINUTE))
        office.now += MINUTE
        office.sell(sold)
        assert note(office, "vip") == "out"
        world.until(office, NOON + DAY)
        (row,) = rows(office)
        assert office.taken == []
        assert codes(row)[-1] == "left_segment"

    def test_costs_nothing_where_no_live_flow_asks(self) -> None:
        office = world.open_world()
        sell(office, 1, NOON - DAY)
        calls: list[str] = []
        office.dynamo.before = lambda operation, _: calls.append(operation)
        office.sell(order(2, NOON))
        assert sorted(calls) == ["GetItem", "Query", "TransactWriteItems"]

    def test_is_safe_even_if_looking_at_her_fails(self) -> None:
        office = world.open_world("vip-hello")
        sell(office, 1, NOON - 9 * DAY)
        world.until(office, NOON + 5 * MINUTE)
        world.shop_of(office)
        seen: list[str] = []

        def fail(operation: str, arguments: object) -> None:
            seen.append(operation)
            if seen.count("TransactWriteItems") == 2:
                raise world.base.Trouble("down")

        office.dynamo.before = fail
        assert office.sell(order(2, office.now)) == "new"
        office.dynamo.before = lambda operation, _: None
        assert note(office, "vip") is None
        world.until(office, NOON + 2 * DAY)
        assert note(office, "vip") == "in"
        assert len(office.taken) == 1


class TestTheNight:
    def test_time_alone_moves_her(self) -> None:
        office = world.open_world("asleep-hello", "asleep-bye")
        sell(office, 1, NOON)
        world.until(office, NOON + 29 * DAY)
        assert note(office, "asleep") is None
        world.until(office, NOON + 31 * DAY)
        assert note(office, "asleep") == "in"
        sell(office, 2, office.now)
        assert note(office, "asleep") == "out"
        world.until(office, NOON + 32 * DAY)
        assert [(flow, trigger[:19], state) for flow, trigger, _, state in plans(office)] == [
            ("asleep-bye", "segment-asleep-out-", "done"),
            ("asleep-hello", "segment-asleep-in-2", "done"),
        ]

    def test_who_is_in_it_on_the_first_day_has_not_entered_it(self) -> None:
        office = world.open_world("asleep-hello")
        sell(office, 1, NOON - 90 * DAY)
        sell(office, 2, NOON, OMID)
        world.until(office, NOON + 2 * DAY)
        assert note(office, "asleep") == "in"
        assert plans(office) == []
        assert membership.is_known(world.shop_of(office), "asleep")

    def test_a_segment_that_means_something_else_now_begins_anew(self) -> None:
        office = world.open_world("asleep-hello")
        sell(office, 1, NOON - 20 * DAY)
        world.until(office, NOON + DAY)
        fresh = {**world.SEGMENTS, "asleep": {"customer.days_since_order": {"at_least": 10}}}
        shops.put(replace(world.shop_of(office), segments=fresh))
        sweep.ensure(world.shop_of(office), office.now)
        world.until(office, office.now + 5 * MINUTE)
        assert note(office, "asleep") == "in"
        assert plans(office) == []

    def test_it_is_looked_at_in_the_quiet_hours_of_the_shop(self) -> None:
        office = world.open_world("asleep-hello", timezone="Asia/Tehran")
        sell(office, 1, NOON)
        world.until(office, NOON + 5 * MINUTE)
        held = sync.read("acme", "sweep")
        assert held
        assert held.until
        local = moment(held.until).astimezone(dates.zone("Asia/Tehran"))
        assert local.hour == dates.QUIET_HOUR
        assert local.date() == date(2026, 11, 3)

    def test_a_shop_of_which_no_flow_asks_has_no_nightly_look(self) -> None:
        office = world.open_world()
        sell(office, 1, NOON)
        assert sync.read("acme", "sweep") is None

    def test_it_ends_with_the_last_flow_that_asks_and_begins_anew_with_the_next(self) -> None:
        office = world.open_world("asleep-hello")
        sell(office, 1, NOON - 29 * DAY)
        world.until(office, NOON + 5 * MINUTE)
        shops.put(replace(world.shop_of(office), flows_off=(*office.shop.flows_off, "asleep-hello")))
        world.until(office, NOON + 2 * DAY)
        assert sync.read("acme", "sweep") is None
        assert world.shop_of(office).segments_known == {}
        shops.put(replace(world.shop_of(office), flows_off=office.shop.flows_off[:-1]))
        assert sweep.ensure(world.shop_of(office), office.now)
        world.until(office, NOON + 3 * DAY)
        assert note(office, "asleep") == "in"
        assert plans(office) == []

    def test_hundreds_are_looked_at_in_slices_by_one_worker_after_the_other(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sweep, "PAGE", 4)
        office = world.open_world("asleep-hello")
        for number in range(250):
            sell(office, number, NOON - 25 * DAY, f"c{number}@example.test")
        world.until(office, NOON + 5 * MINUTE)
        world.jump(office, NOON + 6 * DAY)
        worker = Fetch(office, seconds=28)  # three pages a call
        office.minute()
        assert worker.work_off() > 8
        assert world.swept(office) == {"read": 250, "moved": 250}
        assert len(plans(office)) == 250

    @pytest.mark.parametrize("call", range(3, 60, 6))
    def test_a_worker_that_dies_anywhere_leaves_nobody_out_and_nobody_twice(self, call: int) -> None:
        office = world.open_world("asleep-hello")
        for number in range(6):
            sell(office, number, NOON - 25 * DAY, f"c{number}@example.test")
        world.until(office, NOON + 5 * MINUTE)
        world.jump(office, NOON + 6 * DAY)
        office.minute()
        calls = iter(range(10_000))

        def die(operation: str, arguments: object) -> None:
            if next(calls) == call:
                raise SystemExit

        office.dynamo.before = die
        with pytest.raises(SystemExit):
            Fetch(office).work_off()
        office.dynamo.before = lambda operation, _: None
        office.asked.clear()
        world.until(office, NOON + 6 * DAY + HOUR)
        assert (
            sorted(plans(office))
            == [
                ("asleep-hello", "segment-asleep-in-2026-11-08", "mark", "done"),
            ]
            * 6
        )

    def test_one_who_cannot_be_looked_at_keeps_nobody_else_from_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        office = world.open_world("asleep-hello")
        for email in (SARA, OMID):
            sell(office, len(email), NOON - 25 * DAY, email)
        world.until(office, NOON + 5 * MINUTE)
        usual, bad = membership.facts, node(office)

        def facts(shop, person, wanted, now):  # type: ignore[no-untyped-def]
            if person.id == bad:
                raise ValueError("nobody foresaw this")
            return usual(shop, person, wanted, now)

        monkeypatch.setattr(membership, "facts", facts)
        world.until(office, NOON + 6 * DAY)
        assert note(office, "asleep", OMID) == "in"
        assert note(office, "asleep") is None
        assert world.swept(office)["unread"] == 1

    def test_history_that_comes_in_makes_nobody_enter_anything(self) -> None:
        office = world.open_world("asleep-hello", "vip-hello")
        sell(office, 1, NOON - DAY)
        world.until(office, NOON + 5 * MINUTE)
        shops.set_importing("acme", True)
        for number in range(2, 6):
            sell(office, number, NOON - number * 40 * DAY, OMID)
        world.until(office, NOON + 2 * DAY)
        held = sync.read("acme", "sweep")
        assert held
        assert held.sync.report["reached"] < stamp(NOON + DAY)
        talks.shops.set_importing("acme", True)
        sync.write(
            "acme", sync.Held(talks.Sync("import", "running")), talks.Sync("import", "running"), None, office.now
        )
        import_ends(office)
        world.until(office, office.now + HOUR)
        assert note(office, "vip", OMID) == "in"
        assert note(office, "asleep", OMID) == "in"
        assert plans(office) == []
        sell(office, 9, office.now)
        assert [flow for flow, *_ in plans(office)] == ["vip-hello"]  # from now on it is news

    def test_an_account_and_an_address_are_looked_at_once(self) -> None:
        office = world.open_world("asleep-hello")
        sell(office, 1, NOON - 25 * DAY)
        tell(office, account("a1", SARA, NOON - 30 * DAY))
        world.until(office, NOON + 6 * DAY)
        assert len(rows(office)) == 1
        assert world.swept(office)["read"] == 1


def import_ends(office: PostOffice) -> None:
    held = sync.read("acme", "import")
    assert held is not None
    talk = sweep.Talk(world.shop_of(office), held, Fetch(office).outside())
    importing.end(talk, held.sync, "done")


class TestSegments:
    @pytest.mark.parametrize(
        "raw",
        [
            {"order.total": {"at_least": "5 EUR"}},
            {"cart.products": {"has": "p1"}},
            {"now.hour": {"at_least": 5}},
            {"customer.segments": {"has": "vip"}},
            {"arm": "treated"},
            {},
            {"customer.orders": {"at_least": "many"}},
        ],
    )
    def test_what_it_cannot_ask_is_refused_by_name(self, raw: object) -> None:
        with pytest.raises(BadFlow) as refused:
            segments.read("vip", raw)
        assert refused.value.field.startswith("vip")
        assert len(refused.value.reason) > 10

    def test_which_segments_the_live_flows_mention(self) -> None:
        office = world.open_world("vip-hello", "asleep-bye")
        assert sorted(membership.needed(office.shop)) == ["asleep", "vip"]

    def test_a_note_within_the_same_moment_is_later_than_the_one_it_replaces(self) -> None:
        office = world.open_world("vip-hello")
        sell(office, 1, NOON)
        sell(office, 2, NOON)
        assert note(office, "vip") == "in"
        office.sell(order(2, NOON, status="cancelled", updated_at=stamp(NOON + MINUTE)))
        assert note(office, "vip") == "out"
        assert membership.settle(office.shop, node(office), membership.needed(office.shop), NOON) == 0


class TestDates:
    @pytest.mark.parametrize(
        ("said", "kept"),
        [
            ("05-12", "05-12"),
            ("1990-05-12", "1990-05-12"),
            ("1370-05-12", "1991-08-03"),
            ("۱۳۷۰/۰۵/۱۲", "1991-08-03"),
            ("1399-12-30", "2021-03-20"),  # a Jalali leap day
            ("02-29", "02-29"),
            ("2-9", "02-09"),
        ],
    )
    def test_a_birthday_is_kept_in_one_form(self, said: str, kept: str) -> None:
        assert dates.birthday(said) == kept

    @pytest.mark.parametrize(
        "said", ["", "1990", "02-30", "1991-02-29", "1400-12-30", "13-01", "0000-00-00", "soon", "05-12-1990"]
    )
    def test_what_is_none_is_refused(self, said: str) -> None:
        with pytest.raises(dates.BadDate):
            dates.birthday(said)

    def test_a_birthday_in_the_future_is_refused(self) -> None:
        with pytest.raises(dates.BadDate):
            dates.birthday("2030-01-01", date(2026, 11, 2))

    def test_the_29th_of_february_is_the_28th_in_other_years(self) -> None:
        assert [dates.in_year("1992-02-29", year).day for year in (2027, 2028)] == [28, 29]

    def test_the_turn_of_the_year_is_no_gap(self) -> None:
        eve = datetime(2026, 12, 31, 3, tzinfo=UTC)
        assert [str(day) for day in dates.coming("01-01", "Europe/Berlin", eve)] == ["2027-01-01"]
        assert [str(day) for day in dates.coming("12-31", "Pacific/Auckland", eve)] == ["2026-12-31"]

    def test_every_birthday_of_a_year_is_met_once_or_more_and_always_before_ten(self) -> None:
        """Night after night, in New York, where the clock is changed twice."""
        met: dict[str, datetime] = {}
        now = datetime(2026, 1, 1, 8, tzinfo=UTC)
        while now < datetime(2026, 12, 31, tzinfo=UTC):
            for offset in range(-2, 4):
                note_of = f"{(now + offset * DAY):%m-%d}"
                for day in dates.coming(note_of, "America/New_York", now):
                    met.setdefault(str(day), now)
            now = dates.next_night("acme", "America/New_York", now)
        for day, at in met.items():
            assert at <= moment(dates.midnight(date.fromisoformat(day), "America/New_York")) or day == "2026-01-01"
        assert len([day for day in met if day.startswith("2026")]) == 365


class TestTheCommand:
    @pytest.fixture
    def owner(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Bench]:
        with bench(monkeypatch, capsys) as made:
            made.connects()
            yield made

    def test_defines_lists_counts_and_removes(self, owner: Bench, tmp_path: Path) -> None:
        file = tmp_path / "regulars.yaml"
        file.write_text("customer.orders: {at_least: 2}\n")
        ran = owner.run("segments", "--shop", "acme", "--set", str(file), "--json")
        (shown,) = ran.json["segments"]
        assert shown == {"segment": "regulars", "if": {"customer.orders": {"at_least": 2}}, "flows": [], "known": False}
        assert owner.row().segments == {"regulars": {"customer.orders": {"at_least": 2}}}
        ran = owner.run("segments", "--shop", "acme", "--set", "new", "--if", '{"customer.orders": 1}')
        assert ran.code == 0
        ran = owner.run("segments", "--shop", "acme", "--count")
        assert "no live flow asks for it" in ran.out
        assert "0 customers now" in ran.out
        assert owner.run("segments", "--shop", "acme", "--remove", "new").code == 0
        assert list(owner.row().segments) == ["regulars"]

    def test_a_rehearsed_change_changes_nothing(self, owner: Bench) -> None:
        ran = owner.run("segments", "--shop", "acme", "--set", "new", "--if", '{"customer.orders": 1}', "--dry-run")
        assert "would be kept" in ran.out
        assert owner.row().segments == {}

    @pytest.mark.parametrize(
        ("more", "said"),
        [
            (("--set", "vip", "--if", '{"order.total": {"at_least": "5 EUR"}}'), "vip.order.total"),
            (("--set", "vip", "--if", "{"), "is no JSON"),
            (("--set", "V I P", "--if", '{"customer.orders": 1}'), "segment"),
            (("--set", "nowhere.yaml"), "there is no file"),
            (("--remove", "vip"), "has no segment vip"),
        ],
    )
    def test_what_it_cannot_use_is_refused(self, owner: Bench, more: tuple[str, ...], said: str) -> None:
        ran = owner.run("segments", "--shop", "acme", *more)
        assert ran.code == 2
        assert said in ran.err
        assert owner.row().segments == {}
