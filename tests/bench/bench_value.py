"""Customer value: a million customers fitted, and a million orders learnt and tried on their own past.

Each in a process of its own, so that its memory is its own too. The floor is one pass of plain Python over a million
numbers.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from time import process_time
from typing import Any

from chalicelib.domain import bg_nbd, gamma_gamma
from chalicelib.domain.buying import WEEK, book
from chalicelib.domain.forecast import totals
from chalicelib.domain.ledger import unpack
from chalicelib.domain.outlook import NotEnough
from chalicelib.domain.value import learn_value
from tests.buyers import START, Nature, crowd, shop
from tests.real_orders import cdnow, ledger_of

CUT = 875577600  # 1997-09-30, of CDNOW
WEEKS = 156
MILLION = 1_000_000


def run() -> dict[str, Any]:
    """CPU seconds and MB at the most."""
    with tempfile.TemporaryDirectory(prefix="ecrm-bench-") as folder:
        packed = str(Path(folder) / "ledger")
        _own(make_orders, packed)
        return {
            "cdnow": _own(published),
            "million_customers": _own(million),
            "million_orders": _own(learn_orders, packed),
        }


def published() -> dict[str, Any]:
    """The best of five fits."""
    orders = cdnow()
    if orders is None:
        return {"missing": True}
    known = book(ledger_of(orders), 0, CUT)
    histogram, spending = known.histogram(), known.spending()
    return {
        "bg_nbd_ms": min(_timed(lambda: bg_nbd.fit(histogram, known.cell() / WEEK))[1] for _ in range(5)) * 1e3,
        "gamma_gamma_ms": min(_timed(lambda: gamma_gamma.fit(spending))[1] for _ in range(5)) * 1e3,
    }


def million() -> dict[str, Any]:
    """From first, last, repeats and spends of a million customers to what they are expected to do in a year."""
    known = crowd(MILLION, WEEKS)
    _, floor = _timed(lambda: sum(x for x in known.repeats if x >= 0))
    histogram, counted = _timed(known.histogram)
    orders, fitted = _timed(lambda: bg_nbd.fit(histogram, known.cell() / WEEK))
    spending, spent = _timed(known.spending)
    money, paid = _timed(lambda: gamma_gamma.fit(spending))
    if isinstance(orders, NotEnough):
        raise SystemExit(orders.reason)
    _, foretold = _timed(lambda: totals(known, orders, money, 52))
    return {
        "cells": len(histogram),
        "floor_s": floor,
        "count_s": counted + spent,
        "fit_s": fitted + paid,
        "foretell_s": foretold,
        "total_s": counted + spent + fitted + paid + foretold,
        "peak_mb": peak_mb(),
        "found": {name: round(value, 4) for name, value in asdict(orders).items() if name != "log_likelihood"},
    }


def make_orders(packed: str) -> dict[str, Any]:
    known = shop(360_000, WEEKS, Nature())
    Path(packed).write_bytes(known.pack())
    return {"orders": len(known)}


def learn_orders(packed: str) -> dict[str, Any]:
    """The nightly run: the model, and four trials of it."""
    known = unpack(Path(packed).read_bytes())
    before = peak_mb()
    model, took = _timed(lambda: learn_value(known, START + WEEKS * WEEK))
    return {
        "orders": len(known),
        "customers": len(known.customers),
        "trials": len(model.currencies["GBP"].trials),
        "learn_s": took,
        "ledger_mb": before,
        "peak_mb": peak_mb(),
    }


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    begun = process_time()
    found = work()
    return found, process_time() - begun


def _own(work: Callable[..., dict[str, Any]], *arguments: str) -> dict[str, Any]:
    ask = [sys.executable, "-m", "tests.bench.bench_value", work.__name__, *arguments]
    done = subprocess.run(ask, cwd=Path(__file__).resolve().parents[2], capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](*sys.argv[2:]) if len(sys.argv) > 1 else run(), indent=1))
