"""`audit`: what was noted can be read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib.table import audit
from chalicelib.table.audit import Entry
from tests.bench_commands import Bench, bench

ERASED = Entry("2026-11-02T08:00:00Z", "secret_key", "erase", "c_1", {"orders": 3, "mails": 0, "note": ""})
SAVED = Entry("2026-11-20T09:30:00Z", "secret_key", "flow_saved", "come-back", {"version": 2})


@pytest.fixture
def owner(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Bench]:
    with bench(monkeypatch, capsys) as found:
        found.connects()
        for entry in (SAVED, ERASED, Entry("2026-10-31T23:59:59Z", "platform", "export", "c_2")):
            audit.note("acme", entry)
        audit.note("other", Entry("2026-11-03T00:00:00Z", "secret_key", "erase", "c_9"))
        yield found


def test_this_month_is_told_from_its_first_day_on(owner: Bench) -> None:
    lines = owner.run("audit", "--shop", "acme").out.splitlines()
    assert lines[0] == "acme: 2026-11"
    assert [line.split() for line in lines[2:]] == [
        ["2026-11-02T08:00:00Z", "secret_key", "erase", "c_1", "mails:", "0,", "orders:", "3"],
        ["2026-11-20T09:30:00Z", "secret_key", "flow_saved", "come-back", "version:", "2"],
    ]


def test_another_month_for_a_program(owner: Bench) -> None:
    told = owner.run("audit", "--shop", "acme", "--month", "2026-10", "--json").json
    entry = {"at": "2026-10-31T23:59:59Z", "who": "platform", "what": "export", "subject": "c_2", "facts": {}}
    assert told == {"shop": "acme", "month": "2026-10", "entries": [entry]}


def test_a_month_without_anything_says_so(owner: Bench) -> None:
    ran = owner.run("audit", "--shop", "acme", "--month", "2026-09")
    assert (ran.code, ran.out.splitlines()) == (0, ["acme: 2026-09", "  nothing is noted"])


@pytest.mark.parametrize("month", ["2026", "2026-13", "1405-09", "2026-11-02", "november"])
def test_what_is_no_month_is_named(month: str, owner: Bench) -> None:
    ran = owner.run("audit", "--shop", "acme", "--month", month)
    assert ran.code == 2
    assert "month" in ran.err
    assert "2026-11" in ran.err


def test_an_unknown_shop_is_told_as_everywhere(owner: Bench) -> None:
    assert owner.run("audit", "--shop", "nobody").code == 2
