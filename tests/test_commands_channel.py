"""`channel`: what an owner sets up is sealed, shown without its key, and usable."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib import keys
from chalicelib.settings import settings
from chalicelib.table import shops
from chalicelib.work import ways
from tests import acme
from tests.bench_commands import Bench, bench

KEY = "4F6B79S3cretS3cretS3cret"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:acme-texts"
LINE = ("--kind", "sms", "--provider", "kavenegar", "--sender", "10008663")


@pytest.fixture
def owner(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Bench]:
    with bench(monkeypatch, capsys) as made:
        made.connects("--from", "Acme <shop@acme.test>")
        yield made


def channel(owner: Bench, *words: str, code: int = 0) -> Any:
    ran = owner.run("channel", "--shop", "acme", *words, "--json")
    assert ran.code == code, ran.all
    assert KEY not in ran.all
    return ran.json


def opened(kind: str) -> Any:
    shop = shops.get("acme")
    assert shop
    return ways.way(shop, kind, settings(), acme.NOW).config


def test_a_line_of_kavenegar_is_sealed_and_says_where_its_answers_go(owner: Bench) -> None:
    told = channel(owner, *LINE, "--key", KEY, "--cost", "95 IRT", "--most-parts", "2")
    assert (told["kind"], told["provider"], told["cost"], told["most_parts"]) == ("sms", "kavenegar", "95 IRT", 2)
    token = keys.provider_token(settings().master, "kavenegar", "acme")
    assert told["tells_us_at"] == [f"https://ecrm.acme.test/provider/kavenegar/acme/{token}"]
    assert KEY not in json.dumps(owner.row().channels)
    assert (opened("sms")["key"], opened("sms")["sender"]) == (KEY, "10008663")


def test_a_key_may_stand_on_standard_input(owner: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{KEY}\n"))
    channel(owner, *LINE, "--key", "-")
    assert opened("sms")["key"] == KEY


def test_without_a_terminal_a_key_is_not_asked_for(owner: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert "--key -" in channel(owner, *LINE, "--key", code=2)["error"]["message"]


def test_what_is_not_said_again_stays(owner: Bench) -> None:
    channel(owner, *LINE, "--key", KEY, "--cost", "95 IRT")
    channel(owner, "--kind", "sms", "--sender", "10004346")
    assert (opened("sms")["key"], opened("sms")["sender"], opened("sms")["cost"]) == (KEY, "10004346", "95 IRT")
    channel(owner, "--kind", "sms", "--provider", "sns", "--topic", TOPIC)
    assert "key" not in opened("sms"), "another provider has nothing of the one before"
    assert "sender" not in opened("sms")


def test_an_endpoint_gets_a_secret_that_is_shown_once(owner: Bench) -> None:
    told = channel(owner, "--kind", "http:crm", "--url", "https://crm.acme.test/in/", "--to", "none")
    assert told["secret"].startswith("whsec_")
    assert told["secret"] == opened("http:crm")["secret"]
    assert opened("http:crm")["url"] == "https://crm.acme.test/in"
    assert "secret" not in channel(owner, "--kind", "http:crm", "--to", "email")
    assert told["secret"] not in json.dumps(channel(owner))


def test_nothing_is_changed_by_a_dry_run(owner: Bench) -> None:
    before = owner.row()
    assert channel(owner, *LINE, "--key", KEY, "--dry-run")["dry_run"] is True
    assert owner.row() == before


def test_a_channel_goes_with_its_key(owner: Bench) -> None:
    channel(owner, *LINE, "--key", KEY)
    channel(owner, "--kind", "onsite")
    assert [row["kind"] for row in channel(owner)["channels"]] == ["email", "onsite", "sms"]
    assert channel(owner, "--kind", "sms", "--remove")["removed"] is True
    assert owner.row().channels.keys() == {"onsite"}
    assert "kind" in channel(owner, "--kind", "sms", "--remove", code=2)["error"]["message"]


def test_people_read_what_goes_out_and_where(owner: Bench) -> None:
    assert "asks for" not in owner.run("channel", "--shop", "acme").out
    said = owner.run("channel", "--shop", "acme", *LINE, "--key", KEY).all
    assert "sms through kavenegar" in said
    assert "onsite through" not in owner.run("channel", "--shop", "acme", "--kind", "onsite").all
    assert "Kavenegar's panel" in said
    assert KEY not in said


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--kind", "pigeon"), "kind"),
        (("--kind", "http:No Name", "--url", "https://a.test"), "kind"),
        (("--kind", "sms"), "provider"),
        (("--kind", "sms", "--provider", "ses"), "provider"),
        (("--kind", "sms", "--provider", "kavenegar"), "key"),
        ((*LINE, "--key", "a/../b"), "key"),
        ((*LINE, "--key", KEY, "--topic", TOPIC), "topic"),
        (("--kind", "sms", "--provider", "kavenegar", "--sender", "ACME", "--key", KEY), "sender"),
        (("--kind", "sms", "--provider", "sns", "--sender", "Acme & Söhne"), "sender"),
        (("--kind", "sms", "--provider", "sns", "--topic", "arn:aws:sqs:x"), "topic"),
        (("--kind", "sms", "--provider", "sns", "--region", "Europe"), "region"),
        (("--kind", "sms", "--provider", "sns", "--most-parts", "99"), "most-parts"),
        (("--kind", "sms", "--provider", "sns", "--cost", "cheap"), "cost"),
        (("--kind", "sms", "--provider", "sns", "--stop-notice", "x" * 200), "stop-notice"),
        (("--kind", "http"), "url"),
        (("--kind", "http", "--url", "ftp://a.test"), "url"),
        (("--kind", "http", "--url", "https://a.test", "--to", "fax"), "to"),
        (("--kind", "http", "--url", "https://a.test", "--consent", "none"), "consent"),
        (("--kind", "http", "--url", "https://a.test", "--secret", "???"), "secret"),
        (("--kind", "onsite", "--url", "https://a.test"), "url"),
    ],
)
def test_each_mistake_names_its_flag_and_changes_nothing(owner: Bench, words: tuple[str, ...], named: str) -> None:
    before = owner.row()
    assert f"--{named}:" in channel(owner, *words, code=2)["error"]["message"]
    assert owner.row() == before
