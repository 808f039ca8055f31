"""Fifty visitors while two hundred webhooks a second come in: neither starves the other."""

from __future__ import annotations

from statistics import median, quantiles

import pytest

from chalicelib import clock, keys
from infra.local.doubles.server import Served
from tests import rush
from tests.acme import MASTER, NOW
from tests.conftest import environment
from tests.storefront import learn, open_storefront, product
from tests.table_server import TableServer

SECONDS, RATE, PEOPLE = 10.0, 200, 50


@pytest.mark.slow
def test_neither_visitors_nor_webhooks_starve(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Served(lambda url: TableServer()) as served:
        given = {**environment("rush", endpoint=served.url), "ECRM_MASTER": MASTER.hex()}
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        clock.use(lambda: NOW)
        rush._live(given)
        shop = open_storefront(publishable_key=keys.publishable_key(MASTER, "acme"))
        names = [f"p{n}" for n in range(40)]
        for name in names:
            product(shop, name)
        learn(shop, popular=dict.fromkeys(names[:20], 50), together={n: [(m, 9) for m in names[:6]] for n in names})
        calm = rush.run(given, shop, SECONDS / 2, 0, PEOPLE)
        busy = rush.run(given, shop, SECONDS, RATE, PEOPLE)
    with capsys.disabled():
        print()
        for name, waits in (("pages, calm", calm.pages), ("pages, busy", busy.pages), ("door", busy.at_the_door)):
            print(f"  {name:<12} p50 {median(waits):8.1f} ms   p99 {quantiles(waits, n=100)[98]:8.1f} ms")
        print(f"  worked off meanwhile: {busy.worked_off} of {sum(busy.statuses.values())}")
    assert busy.statuses == {200: SECONDS * RATE}
    assert busy.page_statuses == {200: SECONDS * PEOPLE}
    assert quantiles(busy.at_the_door, n=100)[98] < 500
    assert quantiles(busy.pages, n=100)[98] < 3000
    assert busy.worked_off > 0
