"""What a night costs: learns from ten times the orders, in a process of its own that is given the packed ledger; and
a whole night, which reads them from an index first and writes what it learnt (`learn_night`, `learn_server`).

Ten times the orders: each customer ten times under other names, at the same times; of the catalogue's products several
under other names too (the root of ten), each customer's copy with its own mixture of them.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from chalicelib.domain.learnt import learn
from chalicelib.domain.ledger import Ledger, unpack
from chalicelib.domain.order import MOST_LINES
from tests.real_orders import Orders

MILLION = 1_000_000
SECONDS, MEGABYTES = 900, 2048  # of the function
# The function's libraries are there, the contenders' are not.
PYTHON = Path(__file__).resolve().parents[2] / ".venv" / "bin" / "python"


def measured(orders: Orders, times: float) -> dict[str, Any]:
    """What this file, run with the packed ledger, printed."""
    with _packed(orders, times) as file:
        return _printed([sys.executable, "-m", "tests.bench.learn_cost", file])


def whole_night(orders: Orders, times: float) -> dict[str, Any]:
    """What `learn_night` printed of the first night of a shop with so many orders."""
    with _packed(orders, times) as file, _served(file) as url:
        return _printed([str(PYTHON), "-m", "tests.bench.learn_night", url, str(orders[-1][1].at + 60)])


def _printed(command: list[str]) -> dict[str, Any]:
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


@contextmanager
def _packed(orders: Orders, times: float) -> Iterator[str]:
    with tempfile.NamedTemporaryFile() as file:
        file.write(many(orders, times).pack())
        file.flush()
        yield file.name


@contextmanager
def _served(file: str) -> Iterator[str]:
    command = [str(PYTHON), "-m", "tests.bench.learn_server", file, str(MOST_LINES)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            yield server.stdout.readline().strip()
        finally:
            server.kill()


def many(orders: Orders, times: float) -> Ledger:
    """So many times the orders, oldest first; of less than once, of some customers all."""
    ledger, variants = Ledger(), max(1, round(math.sqrt(times)))
    for customer, one in orders:
        if times < 1 and _number(customer, 1000) >= times * 1000:
            continue
        for copy in range(max(1, round(times))):
            products = [_name(product, copy, variants) for product in one.products]
            ledger.add(f"{customer}-{copy}", one.at, products, one.net, one.currency, one.country)
    return ledger


@cache
def _name(product: str, copy: int, variants: int) -> str:
    return f"{product}-{_number(f'{product} {copy}', variants)}"


def _number(text: str, below: int) -> int:
    return int.from_bytes(sha256(text.encode()).digest()[:4]) % below


def run(path: Path) -> dict[str, Any]:
    empty = _megabytes()
    ledger = unpack(path.read_bytes())
    before, cpu, wall = _megabytes(), time.process_time(), time.perf_counter()
    learnt = learn(ledger, ledger.at[-1])
    chosen = time.process_time() - cpu
    picks = sum(len(found) for _, found in learnt.together)
    return {
        "orders": len(ledger),
        "lines": len(ledger.product),
        "products": len(ledger.products),
        "customers": len(ledger.customers),
        "picks": picks,
        "rule": learnt.chosen.rule,
        "cpu_seconds_to_choose": round(chosen, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
        "seconds": round(time.perf_counter() - wall, 1),
        "megabytes_empty": empty,
        "megabytes_unpacked": before,
        "peak_megabytes": _megabytes(),
    }


def _megabytes() -> int:
    """The peak so far. What `getrusage` tells begins with the parent's."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


if __name__ == "__main__":
    print(json.dumps(run(Path(sys.argv[1]))))
