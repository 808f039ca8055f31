"""The demo: its history is the same every time and true to its data, and the whole story runs to its last line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chalicelib.domain.events import Unreadable
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.platforms.standard import webhook
from infra.local.history import Delivery, deliveries
from infra.local.people import person
from infra.local.recordings import recorded, secrets
from infra.local.sales import WEEKS, sales
from webhooks.arguments import secrets_by_topic

ROOT = Path(__file__).resolve().parents[1]
START = datetime(2026, 11, 21, 22, 0, tzinfo=UTC)
SHOP = Shop("little-gifts", "standard", stamp(START), currency="GBP")


@pytest.fixture(scope="module")
def season() -> list[Delivery]:
    return deliveries(START, START - timedelta(weeks=WEEKS))


def _type(delivery: Delivery) -> str:
    return str(json.loads(delivery.body)["type"])


def test_the_history_ends_in_the_week_before_the_clock_starts() -> None:
    sold = sales(START)
    assert START - timedelta(weeks=1) < max(sale.at for sale in sold) <= START
    assert START - timedelta(weeks=WEEKS) <= min(sale.at for sale in sold)


def test_days_of_the_week_stay_true_wherever_the_history_is_moved_to() -> None:
    days = [[sale.at.weekday() for sale in sales(start)] for start in (START, START + timedelta(weeks=30))]
    assert days[0] == days[1]


def test_the_same_history_is_told_every_time(season: list[Delivery]) -> None:
    assert deliveries(START, START - timedelta(weeks=WEEKS)) == season


def test_deliveries_come_in_order_some_twice_some_late(season: list[Delivery]) -> None:
    assert season == sorted(season)
    times = Counter(delivery.id for delivery in season)
    assert max(times.values()) == 2
    first = {delivery.id: delivery for delivery in reversed(season)}
    placed = {told.id: json.loads(told.body) for told in first.values() if _type(told) == "order.created"}
    assert any(first[id_].at - timedelta(hours=3) >= _placed(body) for id_, body in placed.items())


def _placed(body: dict[str, dict[str, str]]) -> datetime:
    return datetime.fromisoformat(body["data"]["placed_at"])


def test_everything_the_gift_shop_sends_is_readable_but_the_misspelt(season: list[Delivery]) -> None:
    refused = Counter()
    for told in season:
        try:
            assert webhook.read("", {}, told.body, received_at=stamp(told.at), shop=SHOP)
        except Unreadable as unreadable:
            refused[unreadable.field] += 1
    assert set(refused) == {"data.fulfiled_at"}


def test_nobody_gets_more_back_than_was_paid() -> None:
    assert all(0 <= sale.left <= sale.total for sale in sales(START))
    assert any(sale.given_back for sale in sales(START))


def test_invented_people_cannot_be_reached() -> None:
    for sale in sales(START):
        assert sale.buyer["email"].endswith("@example.test")
    assert person("12345", "1", "EIRE") == person("12345", "2", "EIRE")
    assert person("12345", "1", "EIRE")["country"] == "IE"


@pytest.mark.parametrize("folder", ["woocommerce-10.5.2", "woocommerce-persian"])
def test_a_recorded_shop_can_be_registered_with_all_it_signed_with(folder: str) -> None:
    requests = recorded(folder)
    known = secrets_by_topic("woocommerce", secrets(requests))
    signed = [request for request in requests if request.secret]
    assert signed
    assert all(r.secret in known.get(r.topic, []) + known.get("*", []) for r in signed)


@pytest.mark.ministack
def test_the_story_runs_to_a_last_line_that_adds_up() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "infra.local", "demo", "--once", "--port", "0", "--weeks", "3"],
        cwd=ROOT, capture_output=True, text=True, timeout=900, env={**os.environ, "NO_COLOR": "1"}, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr[-2000:]
    *story, last = told.stdout.splitlines()
    said = json.loads(last)
    assert list(said) == [
        "deliveries", "duplicates", "customers", "orders", "quarantined", "planned", "sent", "cancelled", "held_out",
    ]  # fmt: skip
    assert all(count > 0 for count in said.values())
    # Every follow-up has come to an end, and these are the ends that leave no trouble behind.
    assert said["planned"] == said["sent"] + said["cancelled"] + said["held_out"]
    assert said["duplicates"] + said["orders"] + said["quarantined"] <= said["deliveries"]
    assert any("سفارش ۱۶" in line for line in story)
    assert not any('"level"' in line for line in story)
