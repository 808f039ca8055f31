"""`coupons`: rules and pools as an owner makes them on the command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.platforms.shop_api import Denied, Finding
from chalicelib.table import coupon_pools, coupons, shops
from tests.bench_commands import Bench, bench


@pytest.fixture
def owner(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Bench]:
    with bench(monkeypatch, capsys) as made:
        made.shop.make_coupon = lambda *_: "1"  # type: ignore[attr-defined]
        made.shop.check_coupons = lambda link: [Finding("ok", "it takes coupons")]  # type: ignore[attr-defined]
        made.connects()
        yield made


@pytest.fixture
def codes(tmp_path: Path) -> str:
    file = tmp_path / "codes.csv"
    file.write_text("code\nONE\nTWO,a note\n\none\nTHREE\n", "utf-8")
    return str(file)


def rules(owner: Bench) -> dict[str, Any]:
    return shops.get("acme").coupons


def run(owner: Bench, *words: str) -> Any:
    return owner.run("coupons", "--shop", "acme", *words)


def test_a_rule_is_made_changed_listed_and_dropped(owner: Bench) -> None:
    said = ("--rule", "welcome-back", "--percent", "10", "--days", "30", "--least", "50 EUR", "--prefix", "back")
    assert run(owner, *said).code == 0
    assert rules(owner) == {"welcome-back": {"percent": 10, "days": 30, "least": "50 EUR", "prefix": "back"}}
    assert run(owner, "--rule", "welcome-back", "--amount", "5 EUR", "--json").json["is"]["amount"] == "5 EUR"
    assert "percent" not in rules(owner)["welcome-back"]
    assert rules(owner)["welcome-back"]["least"] == "50 EUR"
    listed = run(owner)
    assert "welcome-back: 5 EUR off one order within 30 days, orders of 50 EUR or more" in listed.out
    assert run(owner, "--rule", "welcome-back", "--drop").code == 0
    assert rules(owner) == {}
    assert "no rule yet" in run(owner).out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--percent", "10"), "--rule: say which rule"),
        (("--drop",), "--rule: say which rule"),
        (("--rule", "A b", "--percent", "10"), "--rule: use 2 to 40 small letters"),
        (("--rule", "thanks"), "--percent: say what a coupon is worth"),
        (("--rule", "thanks", "--percent", "ten"), "--percent: a whole number"),
        (("--rule", "thanks", "--percent", "101"), "--percent: must be a whole number from 1 to 100"),
        (("--rule", "thanks", "--percent", "10", "--days", "400"), "--days: must be"),
        (("--rule", "thanks", "--amount", "5"), "--amount: must be an amount and a currency"),
        (("--rule", "thanks", "--amount", "5 CHF"), "--amount: acme sells in EUR"),
        (("--rule", "thanks", "--percent", "5", "--least", "50 USD"), "--least: acme sells in EUR"),
        (("--rule", "thanks", "--percent", "5", "--prefix", "a b"), "--prefix: must be"),
        (("--rule", "thanks", "--drop", "--percent", "5"), "--drop: goes with --rule only"),
        (("--rule", "thanks", "--pool", "other", "nothing.csv"), "--pool: names other"),
        (("--pool", "thanks", "nothing.csv"), "--pool: there is no file nothing.csv"),
    ],
)
def test_what_cannot_be_used_is_named_and_changes_nothing(owner: Bench, words: tuple[str, ...], says: str) -> None:
    ran = run(owner, *words)
    assert (ran.code, says in ran.err) == (2, True), ran.err
    assert rules(owner) == {}


def test_codes_of_the_owners_own_make_a_pool(owner: Bench, codes: str) -> None:
    ran = run(owner, "--rule", "birthday", "--percent", "15", "--pool", "birthday", codes, "--json")
    assert (ran.json["codes"], ran.json["new"], ran.json["is"]["source"]) == (3, 3, "pool")
    assert run(owner, "--pool", "birthday", codes, "--json").json["new"] == 0
    assert coupon_pools.counts("acme", "birthday") == (3, 3)
    listed = run(owner)
    assert "3 of 3 codes of birthday are left" in listed.out
    assert "codes that you brought" in listed.out
    assert run(owner, "--rule", "birthday", "--drop", "--json").json["codes_dropped"] == 3
    assert coupon_pools.counts("acme", "birthday") == (0, 0)


@pytest.mark.parametrize("text", ["", "code\n", "ONE\nTWO WORDS\n", "X\n", "A" * 65, "ONE\n\u202eTWO\n"])
def test_a_file_that_holds_no_codes_is_refused_with_its_line(owner: Bench, tmp_path: Path, text: str) -> None:
    (tmp_path / "codes.csv").write_text(text, "utf-8")
    ran = run(owner, "--rule", "birthday", "--percent", "15", "--pool", "birthday", str(tmp_path / "codes.csv"))
    assert (ran.code, "--pool:" in ran.err) == (2, True)
    assert rules(owner) == {}


def test_a_dry_run_changes_nothing(owner: Bench, codes: str) -> None:
    for words in (("--percent", "15"), ("--percent", "15", "--pool", "birthday", codes)):
        assert "Nothing was changed" in run(owner, "--rule", "birthday", *words, "--dry-run").out
    assert (rules(owner), coupon_pools.counts("acme", "birthday")) == ({}, (0, 0))
    run(owner, "--rule", "birthday", "--percent", "15", "--pool", "birthday", codes)
    run(owner, "--rule", "birthday", "--drop", "--dry-run")
    assert coupon_pools.counts("acme", "birthday") == (3, 3)


def test_dropping_what_is_not_there_says_so(owner: Bench) -> None:
    assert run(owner, "--rule", "birthday", "--drop").code == 3


def test_a_right_that_is_missing_is_said_when_the_rule_is_made(owner: Bench) -> None:
    lacks = [Finding("fail", "the app lacks write_discounts: no coupon can be made", "add it")]
    owner.shop.check_coupons = lambda link: lacks  # type: ignore[attr-defined]
    ran = run(owner, "--rule", "thanks", "--percent", "5")
    assert (ran.code, "write_discounts" in ran.out) == (0, True)
    owner.shop.fails = []

    def denied(link: Any) -> list[Finding]:
        raise Denied("bad_key", "the shop does not know this key")

    owner.shop.check_coupons = denied  # type: ignore[attr-defined]
    assert "does not know this key" in run(owner, "--rule", "thanks", "--percent", "5").out
    assert rules(owner) == {"thanks": {"percent": 5}}


def test_a_shop_that_makes_no_coupons_is_told_to_bring_codes(owner: Bench) -> None:
    del owner.shop.make_coupon  # type: ignore[attr-defined]
    assert "--pool thanks codes.csv" in run(owner, "--rule", "thanks", "--percent", "5").out


def test_the_list_says_what_kept_the_last_coupon_from_being_made(owner: Bench) -> None:
    run(owner, "--rule", "thanks", "--percent", "5")
    coupons.note("acme", "thanks", "missing_scope", "give the app write_discounts", "2026-11-21T12:00:00Z")
    listed = run(owner)
    assert (listed.code, "give the app write_discounts" in listed.out) == (3, True)
    found = owner.run("doctor", "--shop", "acme")
    assert "give the app write_discounts" in found.out
    run(owner, "--rule", "thanks", "--percent", "6")
    assert run(owner).code == 0
