"""Commands where something is in the way: a file coming in, another address, webhooks of others, a stop half-way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib import keys
from chalicelib.domain.times import stamp
from chalicelib.platforms.shop_api import Hook, Trouble
from chalicelib.table import counters, shops
from chalicelib.table import sync as talks
from chalicelib.work import access, sync
from tests import acme
from tests.bench_commands import CONNECT, DELIVERIES, KEY, SECRET, Bench, bench
from webhooks import csv_file

FILE = "csv:imports/acme/aa/orders.csv"
QUIET = ("--no-import", "--wait", "0")
NAMED = ("--key", KEY, "--secret-key", SECRET)
OTHER = "https://copy.test"


@pytest.fixture
def owner(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Bench]:
    with bench(monkeypatch, capsys) as made:
        yield made


def stop_waiting() -> None:
    raise KeyboardInterrupt


def file_is_in() -> None:
    found = talks.change  # the import's row, as the worker leaves it
    found("acme", "import", lambda held: replace(held, state="done"), None, acme.NOW)


def rotates(owner: Bench, *more: str, shop: str = "acme") -> Any:
    return owner.run("rotate", "--shop", shop, *more)


# --- connect ---------------------------------------------------------------------------------------------------------


def test_a_file_that_is_in_is_not_the_shops_history(owner: Bench) -> None:
    owner.connects()
    sync.begin_import("acme", FILE, None, owner.now)
    file_is_in()
    owner.on_sleep = stop_waiting
    ran = owner.run("connect", "--shop", "acme", "--wait", "0")
    assert ran.code == 0, ran.err
    assert "is in already" not in ran.out
    assert (sync.progress("acme") or {})["source"] == "api"


def test_history_that_is_in_is_not_brought_again(owner: Bench) -> None:
    owner.connects()
    sync.begin_import("acme", "api", None, owner.now)
    file_is_in()
    assert "its history is in already" in owner.run("connect", "--shop", "acme", "--wait", "0").out
    assert (sync.progress("acme") or {})["state"] == "done"


def test_a_file_that_comes_in_goes_first_and_the_way_to_the_history_is_told(owner: Bench) -> None:
    owner.connects()
    sync.begin_import("acme", FILE, None, owner.now)
    ran = owner.run("connect", "--shop", "acme", "--wait", "0")
    assert ran.code == 0, ran.err
    assert "follows when the file is in" in ran.out
    assert "import --shop acme" in ran.out
    assert (sync.progress("acme") or {})["source"] == FILE


@pytest.mark.parametrize("url", [OTHER, "http://acme.test", "https://acme.test:8443"])
@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_another_address_is_not_shown_the_key_that_we_hold(owner: Bench, url: str, more: tuple[str, ...]) -> None:
    owner.connects()
    owner.shop.asked.clear()
    seen: list[Any] = []
    owner.shop.login = seen.append  # type: ignore[assignment,method-assign]
    ran = owner.run("connect", "--shop", "acme", "--url", url, *QUIET, *more)
    assert (ran.code, "name the credentials too" in ran.err) == (2, True)
    assert (seen, owner.shop.asked, owner.row().api_url) == ([], [], "https://acme.test")


def test_the_same_address_otherwise_written_is_the_same(owner: Bench) -> None:
    owner.connects()
    assert owner.run("connect", "--shop", "acme", "--url", "https://ACME.test:443/", *QUIET).code == 0


def test_another_address_with_its_own_key_is_fine(owner: Bench) -> None:
    owner.connects()
    ran = owner.run("connect", "--shop", "acme", "--url", OTHER, *NAMED, *QUIET)
    assert (ran.code, owner.row().api_url) == (0, OTHER), ran.err


def others_hooks(owner: Bench) -> None:
    for topic in owner.shop.HOOK_TOPICS:
        owner.shop.webhooks[topic] = Hook(topic, topic, DELIVERIES, "active")
        owner.shop.secrets[topic] = "of an installation with another master"


def test_webhooks_from_before_us_get_our_secret_once(owner: Bench) -> None:
    others_hooks(owner)
    assert "2 webhooks would be there already and given our secret" in owner.connects("--dry-run").out
    ran = owner.connects()
    assert "2 webhooks are there already and given our secret" in ran.out
    for topic in owner.shop.HOOK_TOPICS:
        assert owner.shop.secrets[topic] == keys.webhook_secret(acme.MASTER, "acme", topic)
    before = owner.state()
    again = owner.connects()
    assert "nothing changed" in again.out
    assert owner.state() == before


def test_a_paused_webhook_from_before_us_is_mended_once(owner: Bench) -> None:
    others_hooks(owner)
    owner.shop.webhooks["order.created"] = replace(owner.shop.webhooks["order.created"], state="paused")
    found = owner.connects("--json").json["webhooks"]
    assert sorted((one["topic"], one["why"]) for one in found) == [
        ("order.created", "it is paused"),
        ("order.updated", "it may hold another secret"),
    ]


def test_a_platform_with_one_secret_of_its_own_keeps_its_webhooks_as_they_are(owner: Bench) -> None:
    owner.shop.SECRETS_PER_TOPIC = False  # type: ignore[misc]
    others_hooks(owner)
    assert owner.connects("--json").json["webhooks"] == []


def test_a_shop_that_is_off_stays_off_until_its_owner_agrees(owner: Bench) -> None:
    owner.connects()
    owner.run("disconnect", "--shop", "acme")
    states: list[str] = []
    owner.on_sleep = lambda: states.append(owner.row().state)
    ran = owner.run("connect", "--shop", "acme", "--url", OTHER, "--no-import", "--wait", "2")
    assert (ran.code, "as it was before" in ran.err) == (3, True)
    assert set(states) == {"paused"}
    assert (owner.row().state, owner.row().api_url, owner.row().access) == ("off", "https://acme.test", "")


def test_a_refusal_leaves_a_shop_off_and_where_it_was(owner: Bench) -> None:
    owner.connects()
    owner.run("disconnect", "--shop", "acme")
    owner.on_sleep = lambda: owner.patch_state("refused", "these keys may only read")
    assert owner.run("connect", "--shop", "acme", "--url", OTHER, "--no-import").code == 3
    assert (owner.row().state, owner.row().api_url) == ("off", "https://acme.test")


def test_waiting_at_another_address_hides_the_key_and_gives_it_back(owner: Bench) -> None:
    owner.connects()
    sealed, held = owner.row().access, []
    owner.on_sleep = lambda: held.append((owner.row().api_url, owner.row().access))
    assert owner.run("connect", "--shop", "acme", "--url", OTHER, "--anew", "--wait", "2").code == 3
    assert set(held) == {(OTHER, "")}
    assert (owner.row().api_url, owner.row().access, owner.row().state) == ("https://acme.test", sealed, "on")


def agreed(owner: Bench) -> None:
    sealed = access.seal(acme.MASTER, "acme", {"consumer_key": KEY, "consumer_secret": SECRET})
    shops.change("acme", lambda old: replace(old, access=sealed))
    owner.patch_state("granted")


def test_a_shop_that_was_off_is_on_once_its_owner_agreed_and_it_lets_us_in(owner: Bench) -> None:
    owner.connects()
    owner.run("disconnect", "--shop", "acme")
    owner.on_sleep = lambda: agreed(owner)
    ran = owner.run("connect", "--shop", "acme", "--no-import")
    assert (ran.code, owner.row().state, len(owner.shop.webhooks)) == (0, "on", 2), ran.err


def test_a_key_that_opens_nothing_leaves_a_shop_off(owner: Bench) -> None:
    owner.connects()
    owner.run("disconnect", "--shop", "acme")
    owner.on_sleep = lambda: agreed(owner)
    owner.shop.opens_with = {}
    assert owner.run("connect", "--shop", "acme", "--no-import").code == 3
    assert owner.row().state == "off"


# --- rotate ----------------------------------------------------------------------------------------------------------


def fails_at(owner: Bench, name: str, topic: str) -> None:
    """Until it is set right, the shop does not do this to the webhook of one topic."""
    right = getattr(owner.shop, name)

    def does(link: Any, hook: Hook, *more: Any) -> None:
        if hook.topic == topic:
            raise Trouble("the shop is in maintenance")
        right(link, hook, *more)

    setattr(owner.shop, name, does)


def test_a_rotation_that_failed_half_way_goes_on_with_the_same_secret(owner: Bench) -> None:
    owner.connects()
    fails_at(owner, "renew_hook", "order.updated")
    assert rotates(owner).code == 1
    assert owner.row().secret_generation == 2
    del owner.shop.renew_hook
    ran = rotates(owner)
    assert ran.code == 0, ran.err
    assert "no other was made" in ran.out
    assert owner.row().secret_generation == 2
    for topic in owner.shop.HOOK_TOPICS:
        assert owner.shop.secrets[topic] == keys.webhook_secret(acme.MASTER, "acme", topic, 2)
    owner.now += timedelta(hours=25)
    rotates(owner)
    assert owner.row().secret_generation == 3


def test_old_secrets_end_only_after_every_webhook_took_the_new_one(owner: Bench) -> None:
    owner.connects()
    rotates(owner)
    owner.shop.secrets["order.updated"] = "set back by a restored backup"
    owner.now += timedelta(hours=25)
    fails_at(owner, "renew_hook", "order.updated")
    assert rotates(owner, "--finish").code == 1
    assert owner.row().oldest_generation == 1
    del owner.shop.renew_hook
    assert rotates(owner, "--finish").code == 0
    assert owner.row().oldest_generation == 2
    assert owner.shop.secrets["order.updated"] == keys.webhook_secret(acme.MASTER, "acme", "order.updated", 2)


@pytest.fixture
def home(owner: Bench) -> Bench:
    owner.run("connect", "--shop", "home", "--platform", "standard")
    return owner


def delivered(owner: Bench) -> None:
    counters.add("home", stamp(owner.now)[:10], {"received": 1}, stamp(owner.now))


def test_a_home_made_shops_old_secret_ends_only_after_a_delivery_with_the_new_one(home: Bench) -> None:
    delivered(home)
    home.now += timedelta(hours=1)
    rotates(home, shop="home")
    home.now += timedelta(days=3)
    ran = rotates(home, "--finish", shop="home")
    assert (ran.code, "nothing came from the shop since" in ran.err) == (3, True)
    assert home.row("home").oldest_generation == 1
    delivered(home)
    assert rotates(home, "--finish", shop="home").code == 0
    assert home.row("home").oldest_generation == 2


def test_a_silent_home_made_shop_can_be_finished_by_force(home: Bench) -> None:
    rotates(home, shop="home")
    assert rotates(home, "--finish", "--force", shop="home").code == 0
    assert home.row("home").oldest_generation == 2


def test_finishing_says_which_named_secrets_stay_and_ends_them_where_that_is_asked_for(owner: Bench) -> None:
    owner.connects("--secret", "order.created=an-own-secret-1", "--secret", "an-own-secret-2")
    ran = rotates(owner, "--finish", "--json")
    assert ran.json["supplied_valid"] == ["*", "order.created"]
    assert "2 secrets that you named stay valid, for all topics, order.created" in rotates(owner, "--finish").out
    assert rotates(owner, "--finish", "--drop-supplied", "--dry-run").code == 0
    assert len(owner.row().supplied_secrets) == 2
    assert rotates(owner, "--drop-supplied").code == 2
    assert rotates(owner, "--finish", "--drop-supplied").code == 0
    assert owner.row().supplied_secrets == {}


def test_a_named_secret_that_a_home_made_shop_may_sign_with_ends_by_force_only(home: Bench) -> None:
    secret = keys.webhook_secret(acme.MASTER, "elsewhere", "*")
    home.run("connect", "--shop", "home", "--secret", secret)
    assert rotates(home, "--finish", "--drop-supplied", shop="home").code == 3
    assert home.row("home").supplied_secrets
    assert rotates(home, "--finish", "--drop-supplied", "--force", shop="home").code == 0
    assert home.row("home").supplied_secrets == {}


def test_shopifys_own_secret_is_never_dropped(owner: Bench) -> None:
    owner.connects()
    shops.change("acme", lambda old: replace(old, platform="shopify", supplied_secrets={"*": ["sealed"]}))
    assert rotates(owner, "--finish", "--drop-supplied").code == 2
    assert owner.row().supplied_secrets == {"*": ["sealed"]}


# --- disconnect ------------------------------------------------------------------------------------------------------


def test_a_disconnect_that_stops_half_way_says_what_is_gone_and_goes_on(owner: Bench) -> None:
    owner.connects()
    sync.begin_import("acme", "api", None, owner.now)
    fails_at(owner, "drop_hook", "order.updated")
    ran = owner.run("disconnect", "--shop", "acme")
    assert ran.code == 1
    assert "1 of 2 webhooks is gone (order.created)" in ran.err
    assert "disconnect --shop acme` goes on" in ran.err
    assert (sync.report("acme"), (sync.progress("acme") or {})["state"]) == (None, "stopped")
    assert (owner.row().state, bool(owner.row().access)) == ("on", True)
    del owner.shop.drop_hook
    assert owner.run("disconnect", "--shop", "acme").code == 0
    assert (owner.row().state, owner.row().access, owner.shop.webhooks) == ("off", "", {})


def test_the_hourly_look_is_over_before_the_first_webhook_goes(owner: Bench) -> None:
    owner.connects()
    right, looks = owner.shop.drop_hook, []

    def drops(link: Any, hook: Hook) -> None:
        looks.append(sync.report("acme"))
        right(link, hook)

    owner.shop.drop_hook = drops  # type: ignore[method-assign]
    owner.run("disconnect", "--shop", "acme")
    assert looks == [None, None]


def test_fewer_webhooks_than_the_last_look_knew_of_are_told(owner: Bench) -> None:
    owner.connects()
    known = dict.fromkeys(owner.shop.HOOK_TOPICS, "active")
    talks.change("acme", "reconcile", lambda held: replace(held, report={"hooks": known}), owner.now, owner.now)
    assert "found" not in owner.run("disconnect", "--shop", "acme", "--dry-run").out
    del owner.shop.webhooks["order.updated"]
    assert "1 of 2 webhooks found" in owner.run("disconnect", "--shop", "acme").out


# --- files -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def never(*_: Any) -> Any:
        raise AssertionError("nothing is to be uploaded")

    monkeypatch.setattr(csv_file, "aws_client", never)
    file = tmp_path / "people.csv"
    file.write_text("email,channel,state,at\nsara@example.test,email,unsubscribed,2026-01-01\n")
    return file


def test_a_file_for_a_shop_that_is_off_is_not_uploaded(owner: Bench, people: Path) -> None:
    owner.connects()
    owner.run("disconnect", "--shop", "acme")
    ran = owner.run("import", "--shop", "acme", "--csv", str(people))
    assert (ran.code, "switched off" in ran.err) == (3, True)


def test_a_file_is_not_uploaded_while_something_else_comes_in(owner: Bench, people: Path) -> None:
    owner.connects()
    sync.begin_import("acme", "api", None, owner.now)
    ran = owner.run("import", "--shop", "acme", "--csv", str(people))
    assert (ran.code, "import --shop acme --stop" in ran.err) == (3, True)


@pytest.mark.parametrize("said", ['{"credentials": 7}', '{"key": 7, "secret_key": "x"}', '{"key": {"a": "b"}}', "{}"])
def test_a_credentials_file_of_another_form_is_refused_in_words(owner: Bench, tmp_path: Path, said: str) -> None:
    file = tmp_path / "key.json"
    file.write_text(said)
    ran = owner.run(*CONNECT, "--credentials", str(file), *QUIET)
    assert (ran.code, "--credentials: " in ran.err) == (2, True)


def test_what_a_shop_signs_with_may_stand_in_the_credentials_file(owner: Bench, tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    file.write_text(json.dumps({"key": KEY, "secret_key": SECRET, "secret": "signed-with-this"}))
    ran = owner.run(*CONNECT, "--credentials", str(file), *QUIET)
    assert ran.code == 0, ran.err
    sealed = owner.row().supplied_secrets["*"]
    assert [keys.open_secret(acme.MASTER, "acme", "*", one) for one in sealed] == ["signed-with-this"]


def test_a_consumers_secret_is_still_one_where_the_file_calls_it_secret(owner: Bench, tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    file.write_text(json.dumps({"key": KEY, "secret": SECRET}))
    assert owner.run(*CONNECT, "--credentials", str(file), *QUIET).code == 0
    assert owner.row().supplied_secrets == {}


def test_a_home_made_shops_secret_comes_from_the_file(owner: Bench, tmp_path: Path) -> None:
    file = tmp_path / "secret.txt"
    secret = keys.webhook_secret(acme.MASTER, "elsewhere", "*")
    file.write_text(f"secret={secret}\n")
    ran = owner.run("connect", "--shop", "home", "--platform", "standard", "--credentials", str(file))
    assert ran.code == 0, ran.err
    assert len(owner.row("home").supplied_secrets["*"]) == 1


def exports(owner: Bench, file: Path) -> Any:
    return owner.run("export", "--shop", "acme", "--what", "orders", "--to", str(file))


def test_what_a_dead_export_left_is_written_anew_for_nobody_else(owner: Bench, tmp_path: Path) -> None:
    owner.connects()
    file, part = tmp_path / "orders.csv", tmp_path / "orders.csv.part"
    part.write_text("half a file")
    part.chmod(0o644)
    assert exports(owner, file).code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert not part.exists()


def test_an_export_never_writes_through_a_link(owner: Bench, tmp_path: Path) -> None:
    owner.connects()
    theirs = tmp_path / "theirs"
    theirs.write_text("theirs")
    (tmp_path / "orders.csv.part").symlink_to(theirs)
    assert exports(owner, tmp_path / "orders.csv").code == 2
    assert theirs.read_text() == "theirs"
