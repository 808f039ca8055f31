"""What a newcomer with several shops is told: numbers that are nobody's guess, remedies that can be typed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.platforms.shop_api import Denied, Finding
from chalicelib.safe_http import Unreachable
from chalicelib.table import orders, quarantine, shops
from chalicelib.work import access, connections, fetch, sync
from tests import acme
from tests.bench_commands import CONNECT, KEY, SECRET, Bench, bench
from tests.pretend_api import Worker
from webhooks import one_number, outcomes, words
from webhooks.typed import whole

PROGRAM = ".venv/bin/python -m webhooks"
SHOP = Shop("acme", "woocommerce", "2026-01-01T00:00:00Z", access="sealed", sender="Acme <shop@acme.test>")


@pytest.fixture
def owner(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Bench]:
    with bench(monkeypatch, capsys) as made:
        yield made


def before(**time: float) -> str:
    return stamp(acme.NOW - timedelta(**time))


def trouble(code: str) -> dict[str, str]:
    return {"code": code, "remedy": "do this", "at": stamp(acme.NOW)}


def importing(state: str = "running", **what: Any) -> dict[str, Any]:
    usual = {"source": "api", "counts": {}, "totals": {}, "trouble": None, "rejected": []}
    return {**usual, "state": state, "began_at": before(hours=2), "updated_at": before(minutes=5), **what}


def facts(seen: int = 3000, held: int | None = 3000, **what: Any) -> dict[str, Any]:
    usual = {
        "orders_seen": seen, "orders_in_shop": held, "checked_at": before(minutes=12), "trouble": None, "import": None,
        "last_delivery_at": before(minutes=1), "lag_seconds": None, "hooks": None, "repairs": None, "silent": None,
        "missed": 0, "in_quarantine": 0, "spooled": 0, "refused": 0, "old_secret": 0,
        "recent": {"refused": 0, "old_secret": 0}, "next_at": before(minutes=-40),
    }  # fmt: skip
    return {**usual, **what}


def told(shop: Shop = SHOP, **what: Any) -> list[Finding]:
    return words.told(shop, facts(**what), acme.NOW)


# --- the one number --------------------------------------------------------------------------------------------------


def number(**what: Any) -> Finding:
    (found,) = one_number.orders(SHOP, facts(**what), acme.NOW)
    return found


def test_all_is_seen_only_where_the_shop_said_so_lately() -> None:
    found = number()
    assert found == Finding("ok", "3,000 orders seen of 3,000 in the shop when asked 12 minutes ago: 100 %")


@pytest.mark.parametrize(
    ("what", "level", "said"),
    [
        ({"import": importing()}, "wait", "when asked 12 minutes ago"),
        ({"trouble": trouble("bad_key")}, "warn", "when asked 12 minutes ago"),
        ({"trouble": trouble("busy")}, "warn", "when asked 12 minutes ago"),
        ({"checked_at": before(hours=4)}, "warn", "when asked 4 hours ago"),
        ({"seen": 3003}, "warn", "3 more than the shop lists: from a file, or deleted there"),
        ({"seen": 2999}, "warn", "99.9 %"),
        ({"held": None, "checked_at": None}, "wait", "3,000 orders seen so far; how many the shop has is asked within"),
        ({"held": None, "trouble": trouble("bad_key")}, "warn", "so far"),
    ],
)
def test_no_number_is_green_that_is_a_guess(what: dict[str, Any], level: str, said: str) -> None:
    found = number(**what)
    assert found.level == level
    assert said in found.what
    assert "100 %" not in found.what


@pytest.mark.parametrize(
    ("code", "minutes", "level"),
    [
        ("busy", 5, "warn"), ("busy", 600, "warn"), ("unreachable", 29, "warn"), ("unreachable", 31, "fail"),
        ("internal", 1, "fail"),
    ],
)  # fmt: skip
def test_an_import_in_trouble_is_said_to_be(code: str, minutes: int, level: str) -> None:
    stuck = importing(trouble=trouble(code), updated_at=before(minutes=minutes))
    (found,) = [line for line in told(**{"import": stuck}) if "does not come in" in line.what]
    assert found.level == level
    assert "do this" in found.remedy


def test_a_throttled_look_is_never_a_failure_and_a_silent_shop_is_one_in_the_end() -> None:
    def level(code: str, **ago: float) -> str:
        (found,) = one_number.looking(SHOP, facts(trouble=trouble(code), checked_at=before(**ago)), acme.NOW)
        return found.level

    assert (level("busy", hours=30), level("unreachable", minutes=80), level("unreachable", minutes=100)) == (
        "warn",
        "warn",
        "fail",
    )
    assert level("bad_key", minutes=1) == "fail"


def test_the_remedy_for_a_key_that_is_refused_leads_to_a_new_one() -> None:
    (found,) = one_number.looking(SHOP, facts(trouble=trouble("bad_key")), acme.NOW)
    assert "`connect --shop acme --anew`" in found.remedy


def test_a_shop_without_a_key_is_not_connected_unless_its_webhooks_come(owner: Bench) -> None:
    bare = replace(SHOP, access="")
    (found,) = [line for line in told(bare, last_delivery_at=None) if line.level == "fail"]
    assert (found.what, found.remedy) == ("not connected yet: we have no key to its API", "`connect --shop acme`")
    assert not [line for line in told(bare, last_delivery_at=None) if "place an order" in line.remedy]
    assert not [line for line in told(bare) if line.level == "fail"]


def test_a_shop_that_was_switched_off_is_told_and_is_no_failure(owner: Bench) -> None:
    owner.connects()
    owner.run("disconnect", "--shop", "acme")
    ran = owner.run("status")
    assert ran.code == 0
    assert "! switched off: its deliveries are refused; 0 orders of it are kept" in ran.out
    ran = owner.run("doctor", "--shop", "acme", "--json")
    assert [finding["level"] for finding in ran.json["acme"]] == ["warn"]


def test_words_fit_their_numbers() -> None:
    lines = [line.what for line in told(in_quarantine=1, spooled=1, hooks=dict.fromkeys("abc", "missing"))]
    assert "1 delivery is in quarantine and cannot be read" in lines
    assert "1 delivery waits in S3: it comes back by itself" in lines
    assert "all 3 webhooks are missing at the shop" in lines
    ended = [
        told(**{"import": importing(state, source=source)})[-1].what
        for state, source in (("failed", "api"), ("done", "csv:imports/acme/x.csv"), ("stopped", "csv:x"))
    ]
    assert ended == ["the import of the history stopped", "the file is in", "the import of the file was stopped"]


def test_a_missing_sender_is_told_by_status_with_what_to_type(owner: Bench) -> None:
    owner.connects()
    ran = owner.run("status", "--shop", "acme")
    assert ran.code == 0
    assert "! no sender: no mail goes out" in ran.out
    assert f"`{PROGRAM} add-shop --shop acme --platform woocommerce --from 'Acme <shop@acme.test>'`" in ran.out


# --- what can be typed -----------------------------------------------------------------------------------------------


def test_commands_in_sentences_lead_to_the_same_world() -> None:
    api = " --api http://127.0.0.1:8123"
    assert whole("`connect --shop a`, later", api) == f"`{PROGRAM} connect --shop a{api}`, later"
    assert whole("`python -m webhooks status`", "") == f"`{PROGRAM} status`"
    assert whole("`make serve`, `all` and `statuses`", api) == "`make serve`, `all` and `statuses`"
    for text in ("`rotate --shop a`", "`import --shop a --stage prod`"):
        assert whole(whole(text, api), api) == whole(text, api)


def test_remedies_repeat_the_flag_that_was_given(owner: Bench) -> None:
    owner.connects()
    ran = owner.run("status", "--shop", "acme", "--api", "http://127.0.0.1:8123")
    assert f"`{PROGRAM} import --shop acme --api http://127.0.0.1:8123`" not in ran.err
    assert "--from 'Acme <shop@acme.test>' --api http://127.0.0.1:8123`" in ran.out
    remedies = owner.run("status", "--shop", "acme", "--json", "--api", "http://127.0.0.1:8123").json["told"]
    assert all("--api" in line["remedy"] for line in remedies if "`" in line["remedy"])


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("acme.tst: this name leads nowhere (DNS)", "is it spelt right?"),
        ("acme.test: no secure connection could be made (TLS)", "For http say --url http://acme.test"),
        ("the shop answered with something that is not JSON", "give the shop's home address (https://acme.test)"),
        ("acme.test: no answer in time", "later it may work"),
    ],
)
def test_why_a_shop_does_not_answer_comes_with_what_to_do(owner: Bench, reason: str, said: str) -> None:
    owner.shop.fails = [Unreachable(reason)]
    ran = owner.connects()
    assert ran.code == 1
    assert f"{reason}" in ran.err
    assert said in ran.err


@pytest.mark.parametrize(
    ("error", "code", "word"),
    [
        (Unreachable("it is busy", 30), 1, "busy"),
        (Unreachable("nobody is there"), 1, "unreachable"),
        (Denied("no_api", "switch it on"), 3, "no_api"),
        (RuntimeError("boom"), 1, "internal"),
    ],
)
def test_programs_get_every_error_as_one_document(owner: Bench, error: Exception, code: int, word: str) -> None:
    owner.shop.fails = [error]
    ran = owner.connects("--json")
    assert (ran.code, ran.json["error"]["code"]) == (code, word)
    assert ran.json["error"]["message"] in ran.err


def test_a_bad_argument_is_a_document_too(owner: Bench) -> None:
    ran = owner.run("status", "--shop", "nobody", "--json")
    assert (ran.code, list(ran.json)) == (2, ["error"])
    assert outcomes.of(KeyError("x"), {})[0] == 1


# --- connect ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--since", "yesterday"), "--since: a moment such as"),
        (("--since", "2030-01-01T00:00:00Z"), "--since: lies ahead"),
        (("--since", "2026-01-01T00:00:00Z", "--no-import"), "--since: does not go with --no-import"),
        (("--wait", "-1"), "--wait: seconds"),
        (("--flow-off", "spam"), "--flow-off: one of"),
        (("--secret", "order.created="), "--secret: not a secret"),
    ],
)
def test_every_flag_is_read_before_the_shop_is_asked(owner: Bench, flags: tuple[str, ...], said: str) -> None:
    for more in ((), ("--dry-run",)):
        ran = owner.run(*CONNECT, "--key", KEY, "--secret-key", SECRET, *flags, *more)
        assert ran.code == 2
        assert said in ran.err
    assert owner.shop.asked == []
    assert shops.all_slugs() == []


def test_one_shop_is_not_connected_under_two_names_unless_one_insists(owner: Bench) -> None:
    owner.connects()
    again = ("connect", "--shop", "other", "--platform", "woocommerce", "--url", "http://ACME.test/")
    again = (*again, "--key", KEY, "--secret-key", SECRET, "--no-import", "--wait", "0")
    for more in ((), ("--dry-run",)):
        ran = owner.run(*again, *more)
        assert ran.code == 2
        assert "is connected already, as acme" in ran.err
    assert shops.all_slugs() == ["acme"]
    assert owner.run(*again, "--twice").code == 0
    assert owner.connects().code == 0, "who insisted once need not again"


def test_a_shop_that_was_switched_off_may_come_back_under_another_name(owner: Bench) -> None:
    owner.connects()
    shops.change("acme", lambda old: replace(old, state="off"))
    again = ("connect", "--shop", "other", "--platform", "woocommerce", "--url", "https://acme.test")
    assert owner.run(*again, "--key", KEY, "--secret-key", SECRET, "--no-import", "--wait", "0").code == 0


@pytest.mark.parametrize("argv", [(*CONNECT, "--key", KEY, "--secret-key", SECRET), ("connect", "--shop", "home")])
def test_a_dry_run_shows_no_secret_of_a_shop_that_is_not_there(owner: Bench, argv: tuple[str, ...]) -> None:
    platform = () if "--platform" in argv else ("--platform", "standard")
    found = owner.run(*argv, *platform, "--dry-run", "--json").json
    assert (found["registered"], found["dry_run"]) == (False, True)
    assert not {"secrets", "secret_key", "identity_secret"} & found.keys()
    human = owner.run(*argv, *platform, "--dry-run").all
    owner.run(*argv, *platform, "--no-import", "--wait", "0")
    made = owner.run(*argv, *platform, "--no-import", "--wait", "0", "--json").json
    for secret in (*made["secrets"].values(), made["secret_key"], made["identity_secret"]):
        assert secret not in human


def test_another_key_is_asked_for_anew_and_the_way_there_is_told(owner: Bench) -> None:
    owner.connects()
    owner.shop.opens_with = {"consumer_key": "ck_of_today_1", "consumer_secret": "cs_of_today_1"}
    ran = owner.run("connect", "--shop", "acme", "--no-import", "--wait", "0")
    assert ran.code == 3
    assert f"`{PROGRAM} connect --shop acme --anew`" in ran.err

    def agrees() -> None:
        sealed = access.seal(acme.MASTER, "acme", owner.shop.opens_with)
        shops.change("acme", lambda old: replace(old, access=sealed))
        owner.patch_state("granted")

    owner.on_sleep = agrees
    ran = owner.run("connect", "--shop", "acme", "--anew", "--no-import")
    assert ran.code == 0, ran.err
    assert "agree:" in ran.out
    assert access.opened(acme.MASTER, owner.row()) == owner.shop.opens_with


def test_connecting_again_ends_what_troubled_the_looks_before(owner: Bench) -> None:
    owner.connects()
    held = sync.sync.read("acme", "reconcile")
    sync.sync.write("acme", held, replace(held.sync, trouble=trouble("bad_key")), owner.now, owner.now)
    assert owner.run("status", "--shop", "acme").code == 3
    assert owner.connects().code == 0
    assert owner.run("status", "--shop", "acme").code == 0


def test_the_consent_page_sends_its_owner_on_to_a_page_for_people(owner: Bench, monkeypatch: Any) -> None:
    asked: list[str] = []

    def address(url: str, name: str, token: str, back: str, callback: str) -> str:
        asked.append(back)
        return url

    monkeypatch.setattr(owner.shop, "authorize_url", address)
    owner.run(*CONNECT, "--no-import", "--wait", "1")
    assert asked == ["https://ecrm.acme.test/connect/done"]
    assert connections.state("acme").word == "waiting"


def test_shopifys_own_address_is_wanted_before_anything_is_asked(owner: Bench) -> None:
    owner.apis["shopify"] = owner.shop
    ran = owner.run("connect", "--shop", "acme", "--platform", "shopify", "--url", "https://www.acme.test", "--dry-run")
    assert ran.code == 2
    assert "which ends in .myshopify.com" in ran.err
    assert owner.shop.asked == []


# --- asking ----------------------------------------------------------------------------------------------------------


def works(owner: Bench, task: str, **more: Any) -> None:
    owner.shop.time = owner.now
    body = json.dumps({"shop": "acme", "task": task, **more})
    fetch.handle({"Records": [{"messageId": "1", "body": body}]}, Worker(owner.shop).outside())


def test_single_orders_are_waited_for_and_told(owner: Bench) -> None:
    owner.connects()
    owner.on_sleep = lambda: works(owner, "refetch", orders=["1", "99"])
    ran = owner.run("reconcile", "--shop", "acme", "--order", "1", "--order", "99", "--wait", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["orders"] == {"1": True, "99": False}
    assert orders.read("acme", "1").order is not None
    assert ("acme", "refetch") in owner.bucket.hints


def test_an_order_that_nobody_answers_for_ends_after_three_minutes(owner: Bench) -> None:
    owner.connects()
    began = owner.now
    ran = owner.run("reconcile", "--shop", "acme", "--order", "1", "--wait")
    assert ran.code == 1
    assert "it stays asked for" in ran.err
    assert owner.now - began <= timedelta(minutes=3)


def test_the_repairs_of_a_look_are_those_of_this_look(owner: Bench) -> None:
    owner.connects()
    old = [{"at": before(days=2), "action": "mend", "topic": "order.created", "why": "it is disabled"}] * 2
    held = sync.sync.read("acme", "reconcile")
    sync.sync.write("acme", held, replace(held.sync, report={"repairs": old}), owner.now, owner.now)
    owner.shop.webhooks.pop("order.created")
    owner.on_sleep = lambda: works(owner, "reconcile")
    ran = owner.run("reconcile", "--shop", "acme", "--wait")
    assert ran.code == 0, ran.err
    assert "! looked: 0 orders seen of 3 in the shop, 1 repair of webhooks" in ran.out


def test_an_import_of_a_shop_that_does_not_answer_says_so_and_does_not_wait_for_ever(owner: Bench) -> None:
    owner.connects()
    owner.shop.fails = [Unreachable("acme.test: nobody answers there")] * 1000
    owner.on_sleep = lambda: works(owner, "import")
    began = owner.now
    ran = owner.run("import", "--shop", "acme")
    assert ran.code == 1
    assert "it does not get on just now: acme.test: nobody answers there" in ran.out
    assert "It goes on by itself" in ran.err
    assert timedelta(minutes=3) <= owner.now - began < timedelta(minutes=4)
    assert (sync.progress("acme") or {})["state"] == "running"


def test_an_import_that_shows_nothing_yet_is_said_to_wait(owner: Bench) -> None:
    owner.connects()
    looks = iter(range(8))

    def leaves() -> None:
        if next(looks) == 7:
            raise KeyboardInterrupt

    owner.on_sleep = leaves
    assert owner.run("import", "--shop", "acme").out.count("nothing has come yet") == 1


def test_what_a_retired_secret_signed_is_not_replayed_in_vain_for_ever(owner: Bench) -> None:
    owner.connects()
    reason = "its secret was retired, or the shop switched off, while it waited"
    quarantine.add("acme", "envelope", "order.created", before(hours=3), reason, "", owner.now)
    for more in ((), ("--all",)):
        ran = owner.run("replay", "--shop", "acme", *more)
        assert f"`{PROGRAM} reconcile --shop acme --since {before(hours=3)} --wait`" in ran.out
    shops.change("acme", lambda old: replace(old, state="off"))
    assert "switch it on first" in owner.run("replay", "--shop", "acme").out


def test_a_secret_is_dated_when_it_is_made(owner: Bench) -> None:
    owner.connects()
    assert owner.row().rotated_at == ""
    assert "only one secret" in owner.run("rotate", "--shop", "acme", "--finish").out
    owner.now += timedelta(hours=1)
    owner.run("rotate", "--shop", "acme")
    assert owner.row().rotated_at[:19] == stamp(owner.now)[:19], "to the second: the clock goes on"


def test_the_doctor_does_not_say_that_nothing_is_wrong_under_a_warning() -> None:
    from webhooks.commands.doctor import _summary

    assert _summary(0, 0) == "Nothing is wrong."
    assert _summary(0, 1) == "Nothing is broken; 1 thing to know."
    assert _summary(2, 1).startswith("2 problems;")
