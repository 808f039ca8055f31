"""What real WooCommerce shops sent, byte for byte, from `webhooks/woocommerce/samples/`."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path

from chalicelib.signatures import signature_of

SAMPLES = Path(__file__).resolve().parents[2] / "webhooks" / "woocommerce" / "samples"
# The wire makes its own.
_OF_THE_WIRE = ("host", "connection", "content-length", "accept-encoding")


@dataclass(frozen=True)
class Recorded:
    """One request. `secret` None: an unsigned ping."""

    topic: str
    headers: dict[str, str]
    body: bytes
    secret: str | None


def recorded(folder: str) -> list[Recorded]:
    """All requests of a recording, as they came."""
    return [_read(path) for path in sorted((SAMPLES / folder).glob("*.json"))]


def _read(path: Path) -> Recorded:
    told = json.loads(path.read_text("utf-8"))
    headers = {name: value for name, value in told["headers"] if name.lower() not in _OF_THE_WIRE}
    topic = next((value for name, value in headers.items() if name.lower() == "x-wc-webhook-topic"), "")
    return Recorded(topic, headers, base64.b64decode(told["body_base64"]), told["secret"] if topic else None)


def secrets(requests: list[Recorded]) -> list[str]:
    """What a recorded shop signed with, as `--secret` takes it: for its topic, or for all where that is unknown."""
    known = getattr(signature_of("woocommerce"), "TOPICS", {})
    signed = [request for request in requests if request.secret]
    return sorted({f"{r.topic}={r.secret}" if r.topic in known else str(r.secret) for r in signed})
