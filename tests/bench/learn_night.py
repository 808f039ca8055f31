"""A whole night in a process of its own, as the function has one: `python -m tests.bench.learn_night URL NOW [read]`.

Everything goes over HTTP to what stands for AWS there (`learn_server`). `read`: only to the end of the reading. The
shop's first night: every product's row is written, and thousands of products are told of that only orders know.
"""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SECONDS = 900  # of the function
SHOP = "acme"


class Read(BaseException):
    """The reading is over, and nothing else is wanted."""


def main(url: str, now: int, only_read: bool) -> dict[str, Any]:
    os.environ.update(_environment(url))
    from chalicelib.functions import learn

    _open(datetime.fromtimestamp(now, UTC))
    watch = Watch(only_read)
    empty, began, calls = _megabytes(), time.perf_counter(), 0
    cpu = time.process_time()
    event = {"Records": [{"messageId": "m", "body": json.dumps({"shop": SHOP, "task": "learn"})}]}
    try:
        while _is_at_it():
            calls += 1
            assert learn.handler(event, Call()) == {"batchItemFailures": []}
    except Read:
        pass
    with urllib.request.urlopen(f"{url}/asked") as answer:
        asked = json.load(answer)
    return {
        "orders": _taken(),
        "seconds_to_read": watch.to_read(0),
        "cpu_seconds_to_read": watch.to_read(1),
        "seconds": round(time.perf_counter() - began, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
        "calls": calls,
        "megabytes_empty": empty,
        "megabytes_read": watch.read,
        "peak_megabytes": _megabytes(),
        "stages": {name: [round(wall, 1), round(used, 1)] for name, (wall, used) in watch.spent.items()},
        "asked": asked,
    }


class Watch:
    """Seconds by the clock and of the processor, by stage; and megabytes when everything was read."""

    def __init__(self, only_read: bool) -> None:
        from chalicelib.work import learn_catalogue, learn_model, learn_products, learn_reading

        self.spent: dict[str, tuple[float, float]] = {}
        self.read, self.only_read = 0, only_read
        self._time(learn_reading, "read_people", "read customers")
        self._time(learn_reading, "read_orders", "read orders")
        self._time(learn_reading, "ledger", "load")
        self._time(learn_model, "learn_part", "learn")
        self._time(learn_model, "publish", "write model")
        self._time(learn_products, "write", "write products")
        self._time(learn_catalogue, "write", "write catalogue")

    def to_read(self, which: int) -> float:
        """0: by the clock; 1: of the processor."""
        return round(sum(self.spent[name][which] for name in ("read customers", "read orders")), 1)

    def _time(self, module: Any, name: str, stage: str) -> None:
        function: Callable[..., Any] = getattr(module, name)

        def timed(*args: Any) -> Any:
            if stage == "load":
                self._is_read()
            wall, cpu = time.perf_counter(), time.process_time()
            try:
                return function(*args)
            finally:
                what = f"learn {args[1]}" if stage == "learn" else stage
                spent = self.spent.get(what, (0.0, 0.0))
                self.spent[what] = spent[0] + time.perf_counter() - wall, spent[1] + time.process_time() - cpu

        setattr(module, name, timed)

    def _is_read(self) -> None:
        self.read = self.read or _megabytes()
        if self.only_read:
            raise Read


class Call:
    """One call of the function."""

    def __init__(self) -> None:
        self._ends = time.monotonic() + SECONDS

    def get_remaining_time_in_millis(self) -> int:
        return int(1000 * (self._ends - time.monotonic()))


def _open(now: datetime) -> None:
    from chalicelib import clock
    from chalicelib.domain.shop import Shop
    from chalicelib.table import base, shops
    from chalicelib.work import learn_timer

    began = time.monotonic()
    clock.use(lambda: datetime.fromtimestamp(now.timestamp() + time.monotonic() - began, UTC))
    base.connect()
    shops.put(Shop(SHOP, "standard", "2009-01-01T00:00:00Z", currency="GBP", country="GB"))
    learn_timer.soon(SHOP, now)


def _is_at_it() -> bool:
    from chalicelib.table import sync

    held = sync.read(SHOP, "learn")
    return held is not None and (held.sync.state == "running" or held.sync.finished_at is None)


def _taken() -> int:
    """How many orders were read that count."""
    from chalicelib.table import sync

    held = sync.read(SHOP, "learn")
    return held.sync.counts["orders"]["taken"] if held else 0


def _environment(url: str) -> dict[str, str]:
    return {
        "ECRM_TABLE": "night",
        "ECRM_BUCKET": "night",
        "ECRM_INBOX_URL": f"{url}/inbox",
        "ECRM_LEARN_URL": f"{url}/learn",
        "ECRM_MASTER": "5e" * 32,
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
    }


def _megabytes() -> int:
    """The peak so far. What `getrusage` tells begins with the parent's."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]), "read" in sys.argv[3:]), indent=1))
