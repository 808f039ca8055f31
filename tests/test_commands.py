"""`python -m webhooks …` as an owner types it: what it does, what it says, and what it leaves alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib import keys
from chalicelib.directory import KEY as DIRECTORY
from chalicelib.directory import text_of
from chalicelib.domain.times import stamp
from chalicelib.platforms.shop_api import Facts, Finding, Hook
from chalicelib.safe_http import Unreachable
from chalicelib.table import counters, quarantine, shops
from chalicelib.work import access, connections, sync
from tests import acme
from tests.bench_commands import CONNECT, DELIVERIES, KEY, SECRET, Bench, bench
from webhooks import __main__ as command
from webhooks.commands import COMMANDS

HELD = {"consumer_key": KEY, "consumer_secret": SECRET}
FOREIGN = Hook("foreign", "order.created", "https://shipping.test/in", "active")


@pytest.fixture
def owner(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Bench]:
    with bench(monkeypatch, capsys) as made:
        yield made


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_teaches_with_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        command.main([name, "--help"])
    said = capsys.readouterr().out
    assert left.value.code == 0
    assert f"python -m webhooks {name}" in said
    assert "example" in said


# --- connect ---------------------------------------------------------------------------------------------------------


def test_connecting_registers_with_what_the_shop_says_of_itself(owner: Bench) -> None:
    ran = owner.connects("--from", "Acme <shop@acme.test>", "--locale", "fa-IR")
    assert ran.code == 0, ran.err
    shop = owner.row()
    assert (shop.name, shop.currency, shop.timezone, shop.source_url) == (
        "Acme",
        "EUR",
        "Europe/Berlin",
        "https://acme.test",
    )
    assert (shop.locale, shop.sender, shop.api_url) == ("fa-IR", "Acme <shop@acme.test>", "https://acme.test")
    assert access.opened(acme.MASTER, shop) == HELD


def test_connecting_makes_our_webhooks_with_a_secret_for_each_topic_and_starts_the_timer(owner: Bench) -> None:
    owner.connects()
    assert {hook.url for hook in owner.shop.webhooks.values()} == {DELIVERIES}
    for topic in owner.shop.HOOK_TOPICS:
        assert owner.shop.secrets[topic] == keys.webhook_secret(acme.MASTER, "acme", topic)
    assert owner.bucket.objects[DIRECTORY] == text_of([owner.row()])
    assert sync.report("acme") is not None


def test_connecting_twice_changes_nothing(owner: Bench) -> None:
    owner.connects()
    before = owner.state()
    again = owner.connects()
    assert again.code == 0
    assert owner.state() == before
    assert "registered already" in again.out
    assert "nothing changed" in again.out


def test_connecting_again_needs_no_key_and_does_not_undo_what_the_owner_changed(owner: Bench) -> None:
    owner.connects()
    shops.change("acme", lambda old: replace(old, currency="IRT", name="Acme & Daughters"))
    owner.shop.webhooks.pop("order.created")
    ran = owner.run("connect", "--shop", "acme", "--no-import", "--wait", "0")
    assert ran.code == 0, ran.err
    assert "1 webhook is made" in ran.out
    assert set(owner.shop.webhooks) == set(owner.shop.HOOK_TOPICS)
    assert (owner.row().currency, owner.row().name) == ("IRT", "Acme & Daughters")


def test_a_dry_run_of_connect_looks_and_writes_nothing(owner: Bench) -> None:
    before = owner.state()
    ran = owner.connects("--dry-run")
    assert ran.code == 0, ran.err
    assert owner.state() == before
    assert "would be registered" in ran.out
    assert "2 webhooks would be made" in ran.out


def test_what_fails_the_first_look_changes_nothing_and_needs_the_owner(owner: Bench) -> None:
    owner.shop.findings = [Finding("fail", "the key may only read", "make one with Read/Write")]
    before = owner.state()
    ran = owner.connects()
    assert (ran.code, owner.state()) == (3, before)
    assert "make one with Read/Write" in ran.err


def test_a_wrong_key_needs_the_owner_and_is_not_repeated_on_screen(owner: Bench) -> None:
    ran = owner.run(*CONNECT, "--key", "ck_wrong_one", "--secret-key", "cs_wrong_one")
    assert ran.code == 3
    assert "make a new one, with Read/Write" in ran.err
    assert "ck_wrong_one" not in ran.all
    assert "cs_wrong_one" not in ran.all


def test_a_shop_that_does_not_answer_is_told_as_such(owner: Bench) -> None:
    owner.shop.fails = [Unreachable("acme.test does not answer", 30)]
    ran = owner.connects()
    assert ran.code == 1
    assert "acme.test does not answer; later it may work (in 30 s)" in ran.err


def test_no_secret_is_on_screen_but_those_that_add_shop_prints(owner: Bench) -> None:
    owner.connects()
    human = owner.connects("--from", "Acme <shop@acme.test>")
    machine = owner.run(*CONNECT, "--no-import", "--json")
    made = machine.json
    for hidden in (KEY, SECRET, owner.row().access, owner.row().blind_key, owner.row().salt):
        assert hidden not in human.all + machine.all
    for shown in (*made["secrets"].values(), made["secret_key"]):
        assert shown not in human.all


def test_json_of_connect_is_what_add_shop_prints_and_more(owner: Bench) -> None:
    made = owner.connects("--json").json
    assert list(made)[:6] == ["shop", "platform", "delivery_url", "secrets", "publishable_key", "secret_key"]
    assert made["delivery_url"] == DELIVERIES
    assert {one["action"] for one in made["webhooks"]} == {"add"}
    assert made["findings"][0]["level"] == "ok"


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("--platform", "woocommerce", "--key", KEY), "--url: is missing"),
        (("--url", "https://acme.test"), "--platform: is missing; one of"),
        (("--platform", "magento", "--url", "https://acme.test"), "--platform: one of"),
        (("--platform", "woocommerce", "--url", "acme"), "--url: an address such as"),
        (
            ("--platform", "woocommerce", "--url", "https://acme.test", "--key", KEY),
            "--secret-key: is missing: the con",
        ),
        (("--platform", "woocommerce", "--url", "https://acme.test", "--key"), "--key: has no value"),
        (
            ("--platform", "woocommerce", "--url", "https://acme.test", "--credentials", "/no"),
            "--credentials: there is no file /no",
        ),
        (("--platform", "woocommerce", "--url", "https://acme.test", "--currency", "XX"), "--currency: an ISO"),
        (("--platform", "standard", "--key", KEY), ""),
    ],
)
def test_a_bad_argument_of_connect_is_named_with_a_remedy(owner: Bench, argv: tuple[str, ...], said: str) -> None:
    ran = owner.run("connect", "--shop", "acme", *argv)
    assert ran.code == (2 if said else 0)
    assert said in ran.err
    assert KEY not in ran.all


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"key": KEY, "secret": SECRET}),
        json.dumps({"ready": True, "credentials": {"consumer_key": KEY, "consumer_secret": SECRET}}),
        f"# of acme\nkey = {KEY}\nSECRET={SECRET}\n",
    ],
)
def test_credentials_may_stand_in_a_file(owner: Bench, tmp_path, text: str) -> None:
    (tmp_path / "key").write_text(text)
    ran = owner.run(*CONNECT, "--credentials", str(tmp_path / "key"), "--no-import", "--wait", "0")
    assert ran.code == 0, ran.err
    assert access.opened(acme.MASTER, owner.row()) == HELD


def test_a_file_that_holds_something_else_is_refused_without_its_contents(owner: Bench, tmp_path) -> None:
    for text, said in (
        ("hush", "neither a JSON object"),
        ('{"tok":"hush"}', "not tok"),
        ("", "should hold consumer_key"),
    ):
        (tmp_path / "key").write_text(text)
        ran = owner.run(*CONNECT, "--credentials", str(tmp_path / "key"))
        assert ran.code == 2
        assert said in ran.err
        assert "hush" not in ran.all


def test_the_first_sign_of_life_is_waited_for_and_told(owner: Bench) -> None:
    owner.bucket.objects["pings/acme"] = b"of long ago"
    owner.shop.on_add = lambda: owner.bucket.objects.update({"pings/acme": b"now"})
    ran = owner.run(*CONNECT, "--key", KEY, "--secret-key", SECRET, "--no-import")
    assert "the shop reaches us" in ran.out
    assert owner.row().pings_until > stamp(owner.now)


def test_where_none_comes_what_that_usually_means_is_said(owner: Bench) -> None:
    owner.bucket.objects["pings/acme"] = b"of long ago"
    ran = owner.run(*CONNECT, "--key", KEY, "--secret-key", SECRET, "--no-import", "--wait", "2", "--json")
    assert (ran.code, ran.json["reached_us"]) == (0, False)
    owner.shop.webhooks.clear()
    told = owner.run(*CONNECT, "--no-import", "--wait", "2").out
    for cause in ("not public", "firewall", "Cloudflare"):
        assert cause in told


def test_connecting_begins_the_import_and_shows_it_to_its_end(owner: Bench) -> None:
    def works() -> None:
        from chalicelib.work import fetch
        from tests.pretend_api import Worker

        owner.shop.time = owner.now
        fetch.handle(
            {"Records": [{"messageId": "1", "body": '{"shop":"acme","task":"import"}'}]}, Worker(owner.shop).outside()
        )

    owner.on_sleep = works
    ran = owner.run(*CONNECT, "--key", KEY, "--secret-key", SECRET, "--wait", "0")
    assert ran.code == 0, ran.err
    assert ("acme", "import") in owner.bucket.hints
    assert "the history is in" in ran.out
    assert "how many orders the shop has is counted within two minutes" in ran.out
    assert "3 of 3" in ran.err
    assert (sync.progress("acme") or {})["state"] == "done"
    assert "history is in already" in owner.run(*CONNECT, "--wait", "0").out


def test_ctrl_c_leaves_the_import_running_and_says_how_to_look_again(owner: Bench) -> None:
    def stops() -> None:
        raise KeyboardInterrupt

    owner.on_sleep = stops
    ran = owner.run(*CONNECT, "--key", KEY, "--secret-key", SECRET, "--wait", "0")
    assert ran.code == 0
    assert "import --shop acme --watch" in ran.out
    assert (sync.progress("acme") or {})["state"] == "running"


def test_without_a_key_the_shop_itself_asks_its_owner(owner: Bench) -> None:
    def agrees() -> None:
        granted = replace(owner.row(), access=access.seal(acme.MASTER, "acme", owner.shop.opens_with))
        shops.change("acme", lambda _: granted)
        owner.patch_state("granted")

    owner.on_sleep = agrees
    ran = owner.run(*CONNECT, "--no-import")
    assert ran.code == 0, ran.err
    assert (
        "https://acme.test/wc-auth/v1/authorize?callback_url=https://ecrm.acme.test/connect/woocommerce/acme/"
        in ran.out
    )
    assert "the shop handed us a key" in ran.out
    assert owner.row().currency == "EUR"
    assert set(owner.shop.webhooks) == set(owner.shop.HOOK_TOPICS)


def test_where_nobody_agrees_nothing_is_made_and_it_can_be_run_again(owner: Bench) -> None:
    ran = owner.run(*CONNECT, "--no-import", "--wait", "2")
    assert ran.code == 3
    assert "The page is good for 29 more minutes" in ran.err
    assert "`.venv/bin/python -m webhooks connect --shop acme` goes on from there" in ran.err
    assert owner.shop.webhooks == {}
    assert connections.state("acme").word == "waiting"


def test_a_consent_that_came_after_the_command_gave_up_is_gone_on_with(owner: Bench) -> None:
    owner.run(*CONNECT, "--no-import", "--wait", "2")
    told = owner.run("status", "--shop", "acme")
    assert (told.code, "not connected yet: we have no key" in told.out) == (3, True)
    assert "place an order" not in told.out
    sealed = access.seal(acme.MASTER, "acme", owner.shop.opens_with)
    shops.change("acme", lambda old: replace(old, access=sealed))
    told = owner.run("status", "--shop", "acme")
    assert (told.code, "nothing was done with it" in told.out) == (3, True)
    ran = owner.run("connect", "--shop", "acme", "--no-import", "--wait", "0")
    assert ran.code == 0, ran.err
    assert (owner.row().name, owner.row().currency, owner.row().timezone) == ("Acme", "EUR", "Europe/Berlin")
    assert owner.run("status", "--shop", "acme").code == 0


def test_a_key_that_was_not_taken_is_told_with_the_reason(owner: Bench) -> None:
    owner.on_sleep = lambda: owner.patch_state("refused", "these keys may only read")
    ran = owner.run(*CONNECT, "--no-import")
    assert ran.code == 3
    assert "these keys may only read" in ran.err


def test_a_home_made_shop_is_told_where_to_send_and_what_to_sign_with(owner: Bench) -> None:
    ran = owner.run("connect", "--shop", "home", "--platform", "standard")
    assert ran.code == 0, ran.err
    assert "https://ecrm.acme.test/hooks/standard/home" in ran.out
    assert keys.webhook_secret(acme.MASTER, "home", "*") in ran.out
    same = owner.run("connect", "--shop", "home", "--platform", "standard", "--json").json
    assert same["secrets"] == {"*": keys.webhook_secret(acme.MASTER, "home", "*")}


def test_facts_that_we_cannot_use_are_said_and_left_out(owner: Bench) -> None:
    owner.shop.says = Facts("https://acme.test", "Acme", "DOGE", "+03:30", "DE", "")
    ran = owner.connects()
    assert ran.code == 0, ran.err
    assert (owner.row().currency, owner.row().timezone) == ("USD", "UTC")
    assert "say it yourself: --currency" in ran.out
    assert "say it yourself: --timezone" in ran.out


# --- disconnect ------------------------------------------------------------------------------------------------------


def test_disconnecting_takes_out_our_webhooks_and_no_other(owner: Bench) -> None:
    owner.connects()
    owner.shop.webhooks["foreign"] = FOREIGN
    sync.begin_import("acme", "api", None, owner.now)
    ran = owner.run("disconnect", "--shop", "acme", "--json")
    assert ran.code == 0, ran.err
    assert owner.shop.webhooks == {"foreign": FOREIGN}
    assert (owner.row().access, owner.row().state) == ("", "off")
    assert sync.report("acme") is None
    assert (sync.progress("acme") or {})["state"] == "stopped"
    assert sorted(ran.json["webhooks_dropped"]) == sorted(owner.shop.HOOK_TOPICS)
    assert owner.bucket.objects[DIRECTORY] == text_of([owner.row()])


def test_a_dry_run_of_disconnect_changes_nothing(owner: Bench) -> None:
    owner.connects()
    before = owner.state()
    ran = owner.run("disconnect", "--shop", "acme", "--dry-run")
    assert owner.state() == before
    assert "2 webhooks would be taken out" in ran.out


def test_a_shop_that_cannot_be_asked_is_ended_on_our_side_only_where_that_is_said(owner: Bench) -> None:
    owner.connects()
    owner.shop.fails = [Unreachable("acme.test is gone")]
    ran = owner.run("disconnect", "--shop", "acme")
    assert (ran.code, owner.row().state) == (1, "on")
    assert "--forget ends our side" in ran.err
    assert owner.run("disconnect", "--shop", "acme", "--forget").code == 0
    assert (owner.row().access, owner.row().state) == ("", "off")
    assert len(owner.shop.webhooks) == 2


def test_a_disconnected_shop_can_be_connected_again(owner: Bench) -> None:
    owner.connects()
    owner.run("disconnect", "--shop", "acme")
    assert owner.connects().code == 0
    assert (owner.row().state, len(owner.shop.webhooks)) == ("on", 2)


# --- rotate ----------------------------------------------------------------------------------------------------------


def test_rotating_gives_every_webhook_the_new_secret_and_keeps_the_old_one_valid(owner: Bench) -> None:
    owner.connects()
    old = dict(owner.shop.secrets)
    before = owner.state()
    assert "2 webhooks would get" in owner.run("rotate", "--shop", "acme", "--dry-run").out
    assert owner.state() == before
    ran = owner.run("rotate", "--shop", "acme")
    assert ran.code == 0, ran.err
    assert not set(old.values()) & set(owner.shop.secrets.values())
    assert owner.shop.secrets["order.created"] == keys.webhook_secret(acme.MASTER, "acme", "order.created", 2)
    assert (owner.row().oldest_generation, owner.row().secret_generation) == (1, 2)
    for secret in (*old.values(), *owner.shop.secrets.values()):
        assert secret not in ran.all


def test_a_shop_that_does_not_let_us_in_keeps_its_secrets(owner: Bench) -> None:
    owner.connects()
    owner.shop.opens_with = {"consumer_key": "another", "consumer_secret": "another"}
    ran = owner.run("rotate", "--shop", "acme")
    assert (ran.code, owner.row().secret_generation) == (3, 1)


def test_finishing_waits_until_the_old_secret_is_out_of_use(owner: Bench) -> None:
    owner.connects()
    owner.run("rotate", "--shop", "acme")
    counters.add("acme", stamp(owner.now)[:10], {"old_secret": 4})
    ran = owner.run("rotate", "--shop", "acme", "--finish")
    assert (ran.code, owner.row().oldest_generation) == (3, 1)
    assert "made just now" in ran.err
    owner.now += timedelta(hours=25)
    ran = owner.run("rotate", "--shop", "acme", "--finish")
    assert (ran.code, owner.row().oldest_generation) == (3, 1)
    assert "4 deliveries" in ran.err
    owner.now += timedelta(days=1)
    assert owner.run("rotate", "--shop", "acme", "--finish").code == 0
    assert owner.row().oldest_generation == 2


def test_finishing_by_force(owner: Bench) -> None:
    owner.connects()
    owner.run("rotate", "--shop", "acme")
    counters.add("acme", stamp(owner.now)[:10], {"old_secret": 4})
    assert owner.run("rotate", "--shop", "acme", "--force").code == 2
    assert owner.run("rotate", "--shop", "acme", "--finish", "--force").code == 0
    assert owner.row().oldest_generation == 2


def test_a_home_made_shop_gets_its_new_secret_printed(owner: Bench) -> None:
    owner.run("connect", "--shop", "home", "--platform", "standard")
    ran = owner.run("rotate", "--shop", "home")
    assert keys.webhook_secret(acme.MASTER, "home", "*", 2) in ran.out
    assert owner.row("home").secret_generation == 2


# --- reconcile, import, replay ---------------------------------------------------------------------------------------


def test_reconciling_asks_soon_and_single_orders_are_marked(owner: Bench) -> None:
    owner.connects()
    owner.bucket.hints.clear()
    before = owner.state()
    assert owner.run("reconcile", "--shop", "acme", "--dry-run").code == 0
    assert owner.state() == before
    assert owner.run("reconcile", "--shop", "acme", "--since", "2026-11-01T00:00:00Z").code == 0
    assert owner.bucket.hints == [("acme", "reconcile")]
    assert (sync.report("acme") or {})["reached"] == "2026-11-01T00:00:00Z"
    assert owner.run("reconcile", "--shop", "acme", "--order", "7", "--json").json["asked_for"] == ["7"]
    assert owner.dynamo.get(("S#acme#O#7", "REFETCH"))


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("--order", "1", "--since", "2026-11-01T00:00:00Z"), "--since: does not go with --order"),
        (("--order", ""), "--order: an order's id"),
        (("--since", "yesterday"), "--since: a moment such as"),
        (("--since", "2027-01-01T00:00:00Z"), "--since: lies ahead"),
    ],
)
def test_a_bad_argument_of_reconcile_is_named(owner: Bench, argv: tuple[str, ...], said: str) -> None:
    owner.connects()
    ran = owner.run("reconcile", "--shop", "acme", *argv)
    assert ran.code == 2
    assert said in ran.err


def test_a_shop_that_is_not_connected_cannot_be_asked(owner: Bench) -> None:
    owner.run("connect", "--shop", "home", "--platform", "standard")
    for words in ("reconcile", "import"):
        ran = owner.run(words, "--shop", "home")
        assert ran.code == 2
        assert "cannot be asked" in ran.err
        assert "connect" not in ran.err
    ran = owner.run("status", "--shop", "nobody")
    assert ran.code == 2
    assert "there is no shop nobody here (there are: home)" in ran.err


def test_an_import_can_be_begun_stopped_and_watched(owner: Bench) -> None:
    owner.connects()
    begun = owner.run("import", "--shop", "acme", "--since", "2026-01-01T00:00:00Z", "--no-wait", "--json").json
    assert begun["state"] == "running"
    assert owner.run("import", "--shop", "acme", "--stop", "--dry-run").code == 0
    assert (sync.progress("acme") or {})["state"] == "running"
    assert owner.run("import", "--shop", "acme", "--stop", "--json").json["import"]["state"] == "stopped"
    watched = owner.run("import", "--shop", "acme", "--watch", "--json")
    assert [json.loads(line)["state"] for line in watched.out.splitlines()] == ["stopped"]
    assert owner.run("import", "--shop", "acme", "--dry-run", "--json").json["orders_in_shop"] == 3


def test_a_shop_with_no_import_has_nothing_to_watch(owner: Bench) -> None:
    owner.connects()
    ran = owner.run("import", "--shop", "acme", "--watch")
    assert ran.code == 2
    assert "no import of acme was ever begun" in ran.err


def test_the_quarantine_is_listed_and_replayed(owner: Bench) -> None:
    owner.connects()
    for number in range(3):
        at = stamp(owner.now + timedelta(seconds=number))
        quarantine.add("acme", f"envelope {number}", "order.created", at, "has no total", "total", owner.now)
    listed = owner.run("replay", "--shop", "acme", "--json").json["quarantine"]
    assert "has no total" in owner.run("replay", "--shop", "acme").out
    before = owner.state()
    assert "3 deliveries would be" in owner.run("replay", "--shop", "acme", "--all", "--dry-run").out
    assert (owner.state(), owner.bucket.inbox) == (before, [])
    assert owner.run("replay", "--shop", "acme", "--id", listed[0]["id"]).code == 0
    assert owner.bucket.inbox == [("acme", "envelope 2")]
    assert owner.run("replay", "--shop", "acme", "--all", "--json").json["quarantine"] == {"wanted": 2, "replayed": 2}
    assert len(owner.bucket.inbox) == 3
    assert owner.run("replay", "--shop", "acme", "--id", "q_nonsense").code == 2


# --- status ----------------------------------------------------------------------------------------------------------


def test_status_says_the_one_number_and_all_that_is_wrong(owner: Bench) -> None:
    owner.connects()
    day, quiet = stamp(owner.now)[:10], stamp(owner.now - timedelta(days=2))
    counters.add("acme", day, {"orders": 95, "refused": 3, "old_secret": 1, "missed": 5}, quiet, 40)
    found = sync.sync.read("acme", "reconcile")
    report = {
        "orders_seen": 95,
        "orders_in_shop": 100,
        "orders_counted": 95,
        "checked_at": stamp(owner.now - timedelta(minutes=20)),
        "hooks": {"order.created": "disabled", "order.updated": "active"},
        "repairs": [{"at": stamp(owner.now), "action": "mend", "topic": "order.created", "why": "it is disabled"}],
        "silent": {"since": quiet, "usual_seconds": 7200},
    }
    sync.sync.write("acme", found, replace(found.sync, report=report), owner.now, owner.now)
    ran = owner.run("status", "--shop", "acme")
    assert ran.code == 3
    for words in (
        "95 orders seen of 100 in the shop when asked 20 minutes ago: 95 %",
        "last delivery 2 days ago, 40 seconds after the order changed",
        "silent since 2 days ago, though an order comes every 2 hours or sooner",
        "disabled at the shop: order.created",
        "1 repair of webhooks",
        "5 changes that no webhook had told of, found by asking the shop",
        "3 deliveries of yesterday and today had a wrong signature",
        "1 delivery of yesterday and today still had an old secret",
        "its history was never brought: `.venv/bin/python -m webhooks import --shop acme`",
    ):
        assert words in ran.out, words
    told = owner.run("status", "--shop", "acme", "--json").json
    assert (told["orders_seen"], told["orders_in_shop"], told["hooks"]["order.created"]) == (95, 100, "disabled")


def test_status_of_a_shop_that_is_well_ends_with_0(owner: Bench) -> None:
    owner.connects()
    counters.add("acme", stamp(owner.now)[:10], {"orders": 3}, stamp(owner.now), 2)
    found = sync.sync.read("acme", "reconcile")
    hooks = dict.fromkeys(owner.shop.HOOK_TOPICS, "active")
    report = {
        "orders_seen": 3,
        "orders_in_shop": 3,
        "orders_counted": 3,
        "checked_at": stamp(owner.now),
        "hooks": hooks,
    }
    sync.sync.write("acme", found, replace(found.sync, report=report), owner.now, owner.now)
    ran = owner.run("status")
    assert ran.code == 0, ran.out
    assert "✓ 3 orders seen of 3 in the shop when asked just now: 100 %" in ran.out
    assert "all 2 webhooks are active" in ran.out


def test_no_share_is_rounded_up_to_all(owner: Bench) -> None:
    from webhooks.show import percent

    assert (percent(99_999, 100_000), percent(5, 5), percent(1, 3)) == ("99.9 %", "100 %", "33.3 %")


# --- platforms, colours ----------------------------------------------------------------------------------------------


def test_the_platforms_are_listed_with_what_they_need(owner: Bench) -> None:
    found = {one["platform"]: one for one in owner.run("platforms", "--json").json}
    assert found["woocommerce"]["credentials"].keys() == HELD.keys()
    assert found["standard"]["credentials"] == {}
    told = owner.run("platforms").out
    assert "--secret-key" in told
    assert "cannot be asked for what it missed" in told


def test_colours_are_for_terminals_that_want_them(owner: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    from io import StringIO

    from webhooks.show import Screen

    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    def shown(out: StringIO) -> str:
        Screen(out=out).mark("ok", "fine")
        return out.getvalue()

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert "\x1b[32m" in shown(Terminal())
    assert "\x1b" not in shown(StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in shown(Terminal())
