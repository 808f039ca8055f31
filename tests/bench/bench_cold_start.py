"""Cold starts of the packaged functions (init and the first answer) against a bare handler in the same run.

Each zip runs with Lambda's runtime and nothing else on the path; AWS is the emulator, so the first answer has its real
calls in it. The orders of the rounds change, so that a neighbour on the machine meets all alike.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import boto3

from chalicelib.domain.times import stamp
from chalicelib.envelope import Envelope, seal
from chalicelib.settings import read, settings
from chalicelib.table import follow_ups
from infra import resources
from infra.local.ministack import REGION, Ministack
from tests import todays_order
from tests.artifact import Artifact, make
from tests.conftest import environment
from tests.events import batch, delivery, rest
from tests.small_lambda import SmallLambda
from webhooks.shops import add_shop

Case = tuple[Path, str, Callable[[int], Any]]
ROUNDS = 9
BARE = "def handler(event, context):\n    return {}\n"
WANTED = {"accept": 4.0, "app": 12.0}


def run() -> dict[str, Any]:
    """Medians in milliseconds, times the bare handler, memory in MB, sizes in MB."""
    with tempfile.TemporaryDirectory(prefix="ecrm-bench-") as folder, Ministack() as aws:
        artifact = make(Path(folder) / "build")
        bare = Path(folder) / "bare"
        bare.mkdir()
        (bare / "bare.py").write_text(BARE)
        variables, told = _shop(aws.url)
        cases = _cases(artifact, bare, told)
        _prepared(artifact, variables, told)
        return _report(artifact, _measured(cases, variables))


def _cases(artifact: Artifact, bare: Path, told: dict[str, Any]) -> dict[str, Case]:
    """name -> (code, handler, its first event by number of the round)."""
    key = {"Authorization": f"Bearer {told['secret_key']}"}
    heard = json.dumps({"eventType": "Send", "mail": {}})
    asked = json.dumps({"shop": "acme", "task": "reconcile"})
    functions = "chalicelib.functions"
    return {
        "bare": (bare, "bare.handler", lambda number: {}),
        "accept": (artifact.accept, "chalicelib.accept.handler", lambda number: delivery(told)),
        "api": (artifact.app, "app.app", lambda number: rest("GET", "/v1/orders/{order}", {"order": "send-0"}, key)),
        "ingest": (
            artifact.app,
            f"{functions}.ingest.handler",
            lambda number: batch(_envelope(told, f"ingest-{number}")),
        ),
        "send": (artifact.app, f"{functions}.send.handler", lambda number: batch(_due(f"send-{number}"))),
        "feedback": (artifact.app, f"{functions}.feedback.handler", lambda number: batch(heard)),
        "fetch": (artifact.app, f"{functions}.fetch.handler", lambda number: batch(asked)),
        "tick": (artifact.app, f"{functions}.tick.handler", lambda number: {}),
    }


def _prepared(artifact: Artifact, variables: dict[str, str], told: dict[str, Any]) -> None:
    """An order with a mail due for each round; and the clock has been here before."""
    with SmallLambda(artifact.app, "chalicelib.functions.ingest.handler", variables) as ingest:
        for number in range(ROUNDS + 1):
            assert ingest.invoke(batch(_envelope(told, f"send-{number}"))) == {"batchItemFailures": []}
    with SmallLambda(artifact.app, "chalicelib.functions.tick.handler", variables) as tick:
        tick.invoke({})


def _shop(endpoint: str) -> tuple[dict[str, str], dict[str, Any]]:
    """The variables of functions that serve a registered shop, and what its owner was told."""
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": REGION}
    made = resources.create(lambda service: boto3.client(service, endpoint_url=endpoint, **keys), "bench")
    boto3.client("sesv2", endpoint_url=endpoint, **keys).create_email_identity(EmailIdentity="acme.test")
    variables = environment(made.table, made, endpoint)
    ours = {**variables, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": REGION}
    before = dict(os.environ)
    os.environ.update(ours)
    try:
        settings.cache_clear()
        told = add_shop(todays_order.asked(), read(ours), datetime.now(UTC))
    finally:
        os.environ.clear()
        os.environ.update(before)
        settings.cache_clear()
    return variables, told


def _due(order: str) -> str:
    """What the clock puts onto the outbox."""
    return json.dumps({"shop": "acme", "follow_up": follow_ups.follow_up_id(order, "thank-you", "mail")})


def _envelope(told: dict[str, Any], order: str) -> str:
    body = todays_order.body(order)
    headers = todays_order.signed(body, told)
    return seal(Envelope("acme", "standard", "order.paid", headers, stamp(datetime.now(UTC)), True, body), None)


def _measured(cases: dict[str, Case], variables: dict[str, str]) -> dict[str, list[tuple[float, float, float]]]:
    """(init, first answer, memory) of each round."""
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in cases}
    for number in range(ROUNDS + 1):
        names = list(cases)[number % len(cases) :] + list(cases)[: number % len(cases)]
        for name in names:
            code, handler, event = cases[name]
            with SmallLambda(code, handler, variables) as function:
                took = function.timed(event(number))[1]
                assert "unforeseen" not in function.log(), function.log()
                found[name].append((function.init_ms, took, function.memory_mb()))
    # the first round only warmed the disk's cache, for all alike
    return {name: rounds[1:] for name, rounds in found.items()}


def _report(artifact: Artifact, measured: dict[str, list[tuple[float, float, float]]]) -> dict[str, Any]:
    """Times bare by the median, and by the fastest round: what a neighbour on the machine disturbed least."""
    starts = {name: sorted(init + first for init, first, _ in rounds) for name, rounds in measured.items()}
    told: dict[str, Any] = {}
    for name, rounds in measured.items():
        told[name] = {
            "init_ms": round(median(init for init, _, _ in rounds), 1),
            "first_ms": round(median(first for _, first, _ in rounds), 1),
            "times_bare": round(median(starts[name]) / median(starts["bare"]), 2),
            "times_bare_at_best": round(starts[name][0] / starts["bare"][0], 2),
            "memory_mb": round(median(memory for _, _, memory in rounds), 1),
        }
    app = [told[name]["times_bare"] for name in told if name not in ("bare", "accept")]
    sizes = {f"{name}_zip_mb": round((artifact.build / f"{name}.zip").stat().st_size / 1e6, 2) for name in WANTED}
    wanted = {f"{name}_times_bare_wanted": most for name, most in WANTED.items()}
    return {**told, "app_worst_times_bare": max(app), **sizes, **wanted}


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
