"""What visitors do in the storefronts: counted, and kept where they agreed to it."""

from __future__ import annotations

from typing import Any

from chalicelib import clock


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """An SQS batch of what storefronts told -> `{"batchItemFailures": [...]}`."""
    from chalicelib.work import visits

    found: dict[str, Any] = visits.handle(event, clock.now())
    return found
