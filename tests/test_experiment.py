"""Both arms alike but for what is sent: an A/A look at thousands of people, and the same lives lived in both arms."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import accumulate
from math import exp, lgamma, log
from pathlib import Path
from random import Random
from typing import Any

import pytest

from chalicelib.channels import Message, Receipt
from chalicelib.domain.events import OrderSeen
from chalicelib.domain.order import Buyer
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.work import take_order
from tests.fake_dynamo import FakeDynamo, instead_of_dynamodb
from tests.flow_lives import Life
from tests.post_office import NOON, SHOP, order

DAY = timedelta(days=1)
COUNTRIES, LETTERS = ("DE", "IR", "US"), "AFMSZ"
SALT = "5a" * 32
DOCUMENT = Path("docs/experiments.md")


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeDynamo]:
    with instead_of_dynamodb() as fake:
        yield fake


def looked_at(fake: FakeDynamo, many: int, share: str) -> dict[str, list[str]]:
    """So many customers buy once each. Returns the arms by day, country, first letter of the name, and of all."""
    fake.clear()
    shop = replace(SHOP, treated_share=share, salt=SALT)
    arms: dict[str, list[str]] = defaultdict(list)
    for number in range(many):
        at, name = NOON + number % 5 * DAY, f"{LETTERS[number % 7 % 5]}lex {number}"
        buyer = Buyer(email=f"buyer{number}@example.test", name=name, country=COUNTRIES[number // 3 % 3])
        take_order.see(shop, OrderSeen(order(number, at, buyer=buyer)), at)
        row = fake.rows[f"S#acme#O#{number}"]["FU#come-back#mail"]
        for group in ("all", stamp(at)[:10], str(buyer.country), name[0]):
            arms[group].append(row["arm"]["S"])
    return arms


def fair(many: int, p: float, outside: float = 0.001) -> range:
    """How many of `many` a fair lot may draw, but for once in a thousand times: the exact binomial interval."""
    logs = [lgamma(many + 1) - lgamma(k + 1) - lgamma(many - k + 1) + k * log(p) + (many - k) * log(1 - p)
            for k in range(many + 1)]  # fmt: skip
    upto = list(accumulate(exp(one) for one in logs))
    inside = [k for k, below in enumerate(upto) if below > outside / 2 and below - exp(logs[k]) < 1 - outside / 2]
    return range(inside[0], inside[-1] + 1)


def check_shares(fake: FakeDynamo, many: int, share: str) -> None:
    arms = looked_at(fake, many, share)
    assert len(arms) == 1 + 5 + len(COUNTRIES) + len(LETTERS)
    treated = {group: (found.count("treated"), fair(len(found), float(share))) for group, found in arms.items()}
    assert not {group: (n, wanted) for group, (n, wanted) in treated.items() if n not in wanted}
    assert recomputed(fake) == many


def recomputed(fake: FakeDynamo) -> int:
    """How many arms were stored; each is what the document's own lines make of salt, unit and share."""
    arm = formula()
    units = [item for item in fake.all() if item["k"]["S"] == "unit"]
    for item in units:
        assert arm(SALT, item["sk"]["S"], item["p"]["S"]) == item["arm"]["S"]
    planned = [item for item in fake.all() if item["k"]["S"] == "follow_up" and "unit" in item]
    assert {item["unit"]["S"] for item in planned} == {item["sk"]["S"] for item in units}
    by_unit = {item["sk"]["S"]: item["arm"]["S"] for item in units}
    assert all(item["arm"]["S"] == by_unit[item["unit"]["S"]] for item in planned)
    return len(units)


def formula() -> Any:
    """`arm` of docs/experiments.md."""
    (code,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    lines = [line for line in code.splitlines() if line.strip()]
    assert len(lines) <= 10
    found: dict[str, Any] = {}
    exec(code, found)
    return found["arm"]


@pytest.mark.parametrize("share", ["0.5", "0.8"])
def test_the_lots_are_fair_in_every_group_and_anyone_can_draw_them_again(fake: FakeDynamo, share: str) -> None:
    check_shares(fake, 1000, share)


@pytest.mark.slow
@pytest.mark.parametrize("share", ["0.5", "0.8"])
def test_the_lots_of_ten_thousand_are_fair(fake: FakeDynamo, share: str) -> None:
    check_shares(fake, 10_000, share)


def test_a_lot_that_is_not_fair_would_be_noticed() -> None:
    assert 500 in fair(1000, 0.5)
    assert {440, 560}.isdisjoint(fair(1000, 0.5))
    assert (len(fair(1000, 0.5)), len(fair(10_000, 0.5))) == (105, 331)


# --- the same lives in both arms --------------------------------------------------------------------------------------

# What is sent, and what says so. All else of a follow-up must be the same.
TOLD = {
    "state",
    "sent_at",
    "provider_id",
    "claim",
    "claimed_at",
    "lease_until",
    "tries",
    "language",
    "why",
    "rev",
    "arm",
}
GIVEN = {"task", "task_line", "coupon", "coupon_code", "coupon_list", "pool", "pool_code", "shelf", "provider_message"}
OURS = {"progress", "audit", "shop"}  # how far the provider's events have been read; what the owner did


class Twin(Life):
    """A life in which everybody is in one arm, and every message arrives."""

    def __init__(self, seed: int, dynamo: FakeDynamo, treated: bool) -> None:
        super().__init__(seed, dynamo)
        self.shop = self.world.shop = replace(self.shop, treated_share="1" if treated else "0")
        self.profiles: list[tuple[str, ...]] = []

    def deliver(self, shop: Shop, channel: str, message: Message) -> Receipt:
        return self._take(channel, message)

    def share(self) -> None:
        """Not in this life."""

    def _round(self) -> None:
        self.lots = Random(stamp(self.now))
        super()._round()
        self.profiles.append((stamp(self.now), *last_sends(self.dynamo)))


def last_sends(fake: FakeDynamo) -> list[str]:
    nodes = [json.loads(item["node"]["S"]) for item in fake.all() if item["k"]["S"] == "profile"]
    return [f"{node['id']} {node.get('last_sends')}" for node in nodes if node.get("last_sends")]


def plain(fake: FakeDynamo) -> dict[tuple[str, str], dict[str, Any]]:
    """Every row but what was given, follow-ups without what tells that it was."""
    found = {}
    for item in fake.all():
        kind = item["k"]["S"]
        if kind in GIVEN | OURS or (kind == "unit" and item["sk"]["S"].startswith("gone_")):
            continue
        left_out = TOLD if kind == "follow_up" else {"arm", "p"} if kind == "unit" else set()
        row: dict[str, Any] = {name: value for name, value in item.items() if name not in left_out}
        if kind == "profile":
            node = json.loads(row["node"]["S"])
            row["node"] = {name: value for name, value in node.items() if name != "share"}
        if kind == "follow_up":
            about = json.loads(row.pop("about", {"S": "{}"})["S"])
            row["about"] = {name: value for name, value in about.items() if name != "coupon"}
        if row.get("channel", {}).get("S", "").startswith("webhook:"):
            row["channel"] = {"S": ""}
        found[item["pk"]["S"], item["sk"]["S"]] = row
    return found


def twins(fake: FakeDynamo, seed: int) -> int:
    """Lives one life in each arm; how many would have been sent."""
    worlds = []
    for treated in (True, False):
        fake.clear()
        twin = Twin(seed, fake, treated).play()
        worlds.append((plain(fake), twin.profiles))
        marketing = [message for message in twin.taken if message.about["purpose"] == "marketing"]
        assert treated or not marketing
    (rows, profiles), (other_rows, other_profiles) = worlds
    assert rows.keys() == other_rows.keys(), (seed, rows.keys() ^ other_rows.keys())
    assert not {key: (row, other_rows[key]) for key, row in rows.items() if row != other_rows[key]}, seed
    assert profiles == other_profiles, seed
    return sum(item.get("state", {}).get("S") == "held_out" for item in fake.all())


def test_nothing_but_what_is_sent_tells_the_arms_apart(fake: FakeDynamo) -> None:
    assert sum(twins(fake, seed) for seed in range(20)) > 30


@pytest.mark.slow
def test_nothing_but_what_is_sent_tells_the_arms_of_many_apart(fake: FakeDynamo) -> None:
    for seed in range(500, 1000):
        twins(fake, seed)
