"""A shop that goes on selling while its history is imported by processes that get killed, and a table beside them all.

The shop answers over HTTP and is asked over HTTP; its webhooks come in at the door and are worked off. Clocks are this
machine's, moved ahead by as much as a dead worker's lease lasts instead of waiting for its end.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from math import inf
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from chalicelib import accept, clock
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import moment, stamp
from chalicelib.platforms.shop_api import Link
from chalicelib.settings import settings
from chalicelib.signatures import proven
from chalicelib.table import due
from chalicelib.work import access, dispatch, fetch, hooks, ingest, sync
from chalicelib.work.talk import LEASE, Outside
from infra.local.doubles.server import Served
from infra.local.doubles.woocommerce import Double
from tests import acme
from tests.outside import FakeOutside

ROOT = Path(__file__).resolve().parents[1]
START, HISTORY_DAYS = "2026-11-21T08:00:00Z", 90
CALL_SECONDS = 32.0  # a call begins no page with less than 25 left


@dataclass
class Scene:
    """`listed`: how many pages of lists the shop was asked for; `page`: the ids on the last one of its orders."""

    served: Served
    ahead: float
    shop: Shop
    patience: float
    door: FakeOutside = field(default_factory=FakeOutside)
    listed: int = 0
    page: list[int] = field(default_factory=list)
    began: list[Worker] = field(default_factory=list)
    seen: list[dict[str, Any]] = field(default_factory=list)  # the import's progress, as it was read from here

    @property
    def double(self) -> Any:
        return self.served.double

    def now(self) -> datetime:
        return clock.now()

    def reach(self, shop: Shop) -> tuple[ModuleType, Link]:
        return access.reach(shop, settings())

    # --- the shop's side ---------------------------------------------------------------------------------------------

    def note(self, method: str, target: str) -> None:
        """The shop's firewall lets everything in; here it is where we look on."""
        asked = {name: found[0] for name, found in parse_qs(urlsplit(target).query).items()}
        if asked.get("orderby") != "id":
            return
        self.listed += 1
        if "/orders?" in target and asked.get("status") == "any":
            start, ids = int(asked.get("offset", 0)), list(self.double.shelf.orders)
            self.page = ids[start : start + int(asked["per_page"])]

    def deliver(self, address: str, headers: dict[str, str], body: bytes) -> int:
        """What the shop posts, in at the door. Returns the HTTP status."""
        platform, slug = urlsplit(address).path.split("/")[-2:]
        return accept.receive(platform, slug, headers, body, self.now(), outside=self.door)[0]

    # --- our side ----------------------------------------------------------------------------------------------------

    def take_in(self) -> None:
        """Everything that waits in the inbox."""
        judge: Any = partial(proven, master=settings().master)
        while self.door.inbox:
            some, self.door.inbox = self.door.inbox[:10], self.door.inbox[10:]
            records = [{"messageId": str(n), "body": text} for n, (_, text) in enumerate(some)]
            assert ingest.handle({"Records": records}, self.now(), ingest.Outside(self.door.get, judge)) == {
                "batchItemFailures": []
            }

    def ticks(self) -> set[str]:
        """The timer comes by, and single orders are asked for at once. Returns for what there is work."""
        hints: list[tuple[str, str]] = []
        dispatch.tick(self.now(), dispatch.Outside(lambda _: None, lambda: 0, 14.0, hints.extend))
        found = {body: str(json.loads(body)["task"]) for _, body in hints}
        records = [{"messageId": body, "body": body} for body, task in found.items() if task == "refetch"]
        assert fetch.handle({"Records": records}, self._outside()) == {"batchItemFailures": []}
        return set(found.values())

    def comes_to_rest(self) -> None:
        """Webhooks that came are taken in, and within the hour every order in doubt is asked for."""
        self.take_in()
        for _ in range(60):
            self.passes(timedelta(minutes=1))
            if "refetch" not in self.ticks():
                break

    def _outside(self) -> Outside:
        """For asking after single orders: that needs neither time nor files nor another message."""
        unused: Any = None
        return Outside(settings(), self.now, lambda: 100.0, self.reach, unused, unused, unused, self.door.put)

    def passes(self, time: timedelta) -> None:
        self.ahead += time.total_seconds()

    # --- workers -----------------------------------------------------------------------------------------------------

    def works(self) -> Worker:
        self.began.append(Worker(self.ahead, self.listed))
        return self.began[-1]

    def killed(self, page: int, seconds: float) -> None:
        """A worker that dies so many seconds after it asked for the page of this number; then its lease runs out."""
        worker = self.works()
        self._looks_on(worker, page)
        time.sleep(seconds)
        worker.kill()
        assert worker.process.returncode == -signal.SIGKILL, "it came to its end before"
        self.passes(LEASE + timedelta(seconds=1))

    def done(self) -> Worker:
        """A worker that nobody kills."""
        worker = self.works()
        self._looks_on(worker)
        assert worker.process.poll() == 0, "it did not come to an end"
        return worker

    def _looks_on(self, worker: Worker, page: float = inf) -> None:
        """What an owner may read meanwhile, and what the machine knows of the worker, up to the page of this number."""
        until = time.monotonic() + self.patience
        while self.listed < page and worker.runs() and time.monotonic() < until:
            found = sync.progress("acme")
            assert found
            self.seen.append(found)
            worker.weigh(self.listed)
            time.sleep(0.1)


class Worker:
    """One process. `weights`: (pages listed since it began, its resident KB) as it went on."""

    def __init__(self, ahead: float, listed: int) -> None:
        self._listed = listed
        self.weights: list[tuple[int, int]] = []
        asked = ["-m", "tests.import_worker", "acme", str(ahead), str(CALL_SECONDS)]
        self.process = subprocess.Popen([sys.executable, *asked], cwd=ROOT, env=dict(os.environ))

    def runs(self) -> bool:
        return self.process.poll() is None

    def weigh(self, listed: int) -> None:
        status = Path(f"/proc/{self.process.pid}/status").read_text() if self.runs() else ""
        if "VmRSS:" in status:
            self.weights.append((listed - self._listed, int(status.split("VmRSS:")[1].split()[0])))

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    @property
    def pages(self) -> int:
        return self.weights[-1][0]

    def heaviest(self, since: float, until: float) -> int:
        """The most KB it had between these parts of its life, which is counted in pages."""
        return max(kb for page, kb in self.weights if since <= page / self.pages <= until)


@contextmanager
def scene(orders: int, patience: float = 1_800.0) -> Iterator[Scene]:
    """Around the table that the settings name: a shop with so many orders, connected, nothing imported yet.
    `patience`: seconds that one worker may take."""
    ahead = (moment(START) - clock.real()).total_seconds()
    made: list[Scene] = []
    clock.use(lambda: clock.real() + timedelta(seconds=made[0].ahead if made else ahead))
    with Served(lambda url: Double(url, clock.now, lambda *said: made[0].deliver(*said))) as served:
        made.append(Scene(served, ahead, _shop(served.url), patience))
        made[0].double.front = made[0].note
        _fill(made[0].double, orders)
        _connect(made[0])
        try:
            yield made[0]
        finally:
            for worker in made[0].began:
                worker.kill()


def _shop(url: str) -> Shop:
    home = {"api_url": url, "source_url": url, "currency": "IRT", "timezone": "Asia/Tehran", "country": "IR"}
    sealed = access.seal(settings().master, "acme", Double.CREDENTIALS)
    return acme.open_shop(platform="woocommerce", connected_at=stamp(clock.now()), access=sealed, **home)[0]


def _fill(double: Any, orders: int) -> None:
    """A double's people are few; here every guest has bought three times or so."""
    double.fill(orders, HISTORY_DAYS)
    for number, body in enumerate(double.shelf.orders.values()):
        if not body["customer_id"]:
            body["billing"] |= {"email": f"guest{number % (orders // 5)}@example.test", "phone": ""}


def _connect(made: Scene) -> None:
    now = made.now()
    due.advance(stamp(now)[:13])
    made.door.master = settings().master
    made.door.publish(made.shop)
    api, link = made.reach(made.shop)
    hooks.mend(made.shop, api, link, settings())
    sync.begin_import("acme", "api", None, now)


def moments_of_death(kills: int, orders: int, chance: Random) -> list[tuple[int, float]]:
    """(page, seconds after it was asked for) each, in the first two thirds of so many orders."""
    pages = sorted(chance.sample(range(1, max(kills + 2, orders // 90 * 2 // 3)), kills))
    return [(page, chance.uniform(0, 1.0)) for page in pages]
