"""What a night costs: learns from ten times the orders, in a process of its own that is given the packed ledger.

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
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from chalicelib.domain.learnt import learn
from chalicelib.domain.ledger import Ledger, unpack
from tests.real_orders import Orders

MILLION = 1_000_000
SECONDS, MEGABYTES = 900, 2048  # of the function


def measured(orders: Orders, times: float) -> dict[str, Any]:
    """What this file, run with the packed ledger, printed."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(many(orders, times).pack())
        file.flush()
        command = [sys.executable, "-m", "tests.bench.learn_cost", file.name]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


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
