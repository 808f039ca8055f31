"""The same few words for every platform, against doubles that behave as the real shops do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib import platforms
from chalicelib.accept import receive
from chalicelib.settings import settings
from chalicelib.work import access
from infra.local.doubles.server import InProcess, double_of
from tests import acme
from tests.bench_commands import Bench, Ran, bench
from tests.outside import FakeOutside

LOAD_API = platforms.load_api
DASHED = {"consumer_key": "key", "consumer_secret": "secret-key"}

URLS = {
    "woocommerce": "https://acme.test",
    "shopify": "https://acme.myshopify.com",
    "saleor": "https://acme.saleor.test",
}


class Stand:
    """A double on the bench, and the door that its webhooks come to."""

    def __init__(self, owner: Bench, platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.owner, self.platform, self.url = owner, platform, URLS[platform]
        self.statuses: list[int] = []
        self.door = FakeOutside()
        self.door.master, self.door.objects = acme.MASTER, owner.bucket.objects
        self.double: Any = double_of(platform)(self.url, lambda: owner.now, self._deliver)
        self.double.fill(5, 30)
        http = InProcess(self.double, self.url)
        monkeypatch.setattr(platforms, "load_api", LOAD_API)
        monkeypatch.setattr(access, "_client", lambda local: http)

    def connects(self, *more: str) -> Ran:
        given = [
            f"--{DASHED.get(name, name.replace('_', '-'))}={text}" for name, text in self.double.CREDENTIALS.items()
        ]
        where = ("--shop", "acme", "--platform", self.platform, "--url", self.url)
        return self.owner.run("connect", *where, *given, "--no-import", "--wait", "0", *more)

    def webhooks(self) -> dict[str, str]:
        """Every webhook of the app or key at the shop that leads to us: id -> topic."""
        api, link = access.reach(self.owner.row(), settings())
        url = f"https://ecrm.acme.test/hooks/{self.platform}/acme"
        return {hook.id: hook.topic for hook in api.hooks(link, url)}

    def _deliver(self, address: str, headers: dict[str, str], body: bytes) -> int:
        told = {name.lower(): value for name, value in headers.items()}
        self.door.directory.refresh()
        status = receive(self.platform, "acme", told, body, self.owner.now, outside=self.door)[0]
        self.statuses.append(status)
        return status


@pytest.fixture(params=sorted(URLS))
def shop(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Stand]:
    with bench(monkeypatch, capsys) as owner:
        owner.now = datetime(2026, 11, 21, 12, tzinfo=UTC)
        yield Stand(owner, request.param, monkeypatch)


def test_a_shop_is_connected_with_a_key_and_a_second_time_changes_nothing(shop: Stand) -> None:
    ran = shop.connects()
    assert ran.code == 0, ran.err
    row = shop.owner.row()
    assert access.opened(acme.MASTER, row) == shop.double.CREDENTIALS
    api = platforms.load_api(shop.platform)
    assert set(shop.webhooks().values()) >= set(api.HOOK_TOPICS)
    made, before = shop.webhooks(), shop.owner.state()
    again = shop.connects()
    assert "nothing changed" in again.out
    assert (shop.webhooks(), shop.owner.state()) == (made, before)


def test_its_orders_arrive_and_are_believed(shop: Stand) -> None:
    assert shop.connects().code == 0
    shop.statuses.clear()
    shop.door.inbox.clear()
    shop.double.place_order()
    shop.owner.now += timedelta(minutes=1)
    assert set(shop.statuses) == {200}
    assert shop.door.inbox


def test_a_dry_run_asks_and_changes_nothing_at_the_shop_or_here(shop: Stand) -> None:
    before = shop.owner.state()
    ran = shop.connects("--dry-run")
    assert ran.code == 0, ran.err
    assert "would be made" in ran.out
    assert shop.owner.state() == before
    assert shop.connects().code == 0
    assert "would be made" not in shop.connects("--dry-run").out


def test_no_credential_is_ever_on_screen(shop: Stand) -> None:
    said = shop.connects().all + shop.connects("--json").all
    said += shop.owner.run("doctor").all + shop.owner.run("status", "--json").all
    for text in shop.double.CREDENTIALS.values():
        assert text not in said


def test_disconnecting_takes_ours_and_leaves_the_rest(shop: Stand) -> None:
    shop.connects()
    api, link = access.reach(shop.owner.row(), settings())
    topic = api.HOOK_TOPICS[0]
    foreign = "https://shipping.test/in"
    api.add_hook(link, topic, foreign, "a secret of theirs")
    ran = shop.owner.run("disconnect", "--shop", "acme", "--json")
    assert ran.code == 0, ran.err
    url = f"https://ecrm.acme.test/hooks/{shop.platform}/acme"
    assert api.hooks(link, url) == []
    assert [hook.topic for hook in api.hooks(link, foreign)] == [topic]
    assert (shop.owner.row().state, shop.owner.row().access) == ("off", "")


def test_the_doctor_finds_it_well_and_then_its_missing_webhook(shop: Stand) -> None:
    shop.connects("--from", "Acme <shop@acme.test>")
    well = shop.owner.run("doctor", "--shop", "acme", "--json").json["acme"]
    assert [finding for finding in well if finding["level"] == "fail"] == []
    api, link = access.reach(shop.owner.row(), settings())
    hooks = api.hooks(link, f"https://ecrm.acme.test/hooks/{shop.platform}/acme")
    api.drop_hook(link, hooks[0])
    found = shop.owner.run("doctor", "--shop", "acme", "--json").json["acme"]
    assert any("is missing" in finding["what"] and finding["remedy"] for finding in found)


def orders_are_taken(shop: Stand) -> bool:
    shop.statuses.clear()
    shop.double.place_order()
    return set(shop.statuses) == {200}


@pytest.mark.parametrize("shop", ["woocommerce"], indirect=True)
def test_rotating_loses_no_delivery(shop: Stand) -> None:
    shop.connects()
    assert shop.owner.run("rotate", "--shop", "acme").code == 0
    assert orders_are_taken(shop)
    shop.owner.now += timedelta(hours=25)
    assert shop.owner.run("rotate", "--shop", "acme", "--finish").code == 0
    assert orders_are_taken(shop)


@pytest.mark.parametrize("shop", ["shopify"], indirect=True)
def test_shopifys_secret_is_changed_there_first_and_both_are_taken_meanwhile(shop: Stand) -> None:
    shop.connects()
    old, new = shop.double.CREDENTIALS["client_secret"], "shpss_the-new-secret-of-a-double"
    assert shop.owner.run("rotate", "--shop", "acme").code == 2
    refused = shop.owner.run("rotate", "--shop", "acme", f"--client-secret={new}")
    assert refused.code == 3, "Shopify does not know it yet"
    shop.double.CREDENTIALS = {**shop.double.CREDENTIALS, "client_secret": new}
    ran = shop.owner.run("rotate", "--shop", "acme", f"--client-secret={new}")
    assert ran.code == 0, ran.err
    assert new not in ran.all
    for secret in (old, new):
        shop.double.hooks.secret = secret
        assert orders_are_taken(shop)
    assert shop.owner.run("rotate", "--shop", "acme", "--finish").code == 3
    shop.owner.now += timedelta(hours=25)
    assert shop.owner.run("rotate", "--shop", "acme", "--finish").code == 0
    assert orders_are_taken(shop)
    shop.double.hooks.secret = old
    assert not orders_are_taken(shop)


@pytest.mark.parametrize("shop", ["saleor"], indirect=True)
def test_saleors_keys_are_its_own_and_only_looked_at_again(shop: Stand) -> None:
    shop.connects()
    shop.owner.bucket.hints.clear()
    assert shop.owner.run("rotate", "--shop", "acme").code == 0
    assert shop.owner.bucket.hints == [("acme", "keys")]
    ran = shop.owner.run("rotate", "--shop", "acme", "--client-secret=x")
    assert ran.code == 2
    assert "--client-secret: is for Shopify" in ran.err
