"""What somebody who only had the README stumbled over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chalicelib import clock, flows
from chalicelib.domain.events import AccountSeen
from chalicelib.domain.order import Buyer
from chalicelib.domain.times import stamp
from chalicelib.table import orders, shops
from chalicelib.work import take_account
from tests.acme import NOW, open_shop
from tests.bench_commands import Bench, bench
from tests.fake_dynamo import instead_of_dynamodb
from tests.gateway import ask
from tests.post_office import NOON, PostOffice, open_office, order


@pytest.fixture
def owner(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Bench]:
    with bench(monkeypatch, capsys) as made:
        made.connects()
        yield made


@pytest.fixture
def office(table: str) -> PostOffice:
    return open_office()


def test_of_three_orders_of_one_second_one_is_the_third(office: PostOffice) -> None:
    office.shop = replace(office.shop, flows_on=("loyal",), coupons={"thanks": {"percent": 5, "source": "pool"}})
    shops.put(office.shop)
    for number in (1, 2, 3):
        office.sell(order(number))
    office.run(office.now.replace(day=6))
    first = flows.shipped()["loyal"].steps[0].name
    held = [orders.read("acme", str(number)).follow_ups for number in (1, 2, 3)]
    ended = [rows["loyal", first].why[-1]["code"] for rows in held]
    assert sorted(ended) == ["condition", "condition", "tagged"]


def test_a_flow_that_lacks_its_coupon_rule_says_so_when_it_is_switched_on(owner: Bench) -> None:
    ran = owner.run("flows", "--shop", "acme", "--on", "birthday")
    assert ran.code == 0
    assert "there is no coupon rule birthday" in ran.err
    assert "coupons --shop acme --rule birthday" in ran.err
    told = json.loads(owner.run("flows", "--shop", "acme", "--on", "birthday", "--json").out)
    assert "there is no coupon rule birthday" in told["warnings"][0]


def test_what_is_not_there_is_called_so(owner: Bench, tmp_path: Path) -> None:
    missing = str(tmp_path / "none.csv")
    assert f"there is no file {missing}" in owner.run("coupons", "--shop", "acme", "--pool", "x", missing).err
    assert f"there is no file {missing}" in owner.run("flows", "--shop", "acme", "--save", missing).err


def test_whoever_has_an_account_can_wait_by_her_address() -> None:
    with instead_of_dynamodb():
        clock.use(lambda: NOW)
        shop, key = open_shop()
        mina = Buyer(account="7", email="mina@example.test", name="Mina")
        take_account.see(shop, AccountSeen(mina, stamp(NOON), stamp(NOON)), NOW)
        headers = {"Authorization": f"Bearer {key}", "content-type": "application/json"}
        body = json.dumps({"email": "mina@example.test"}).encode()
        answer: Any = ask("PUT", "/v1/products/p-1/waiting", headers, body)
    assert (answer.status, answer.json["waiting"]) == (200, 1)
