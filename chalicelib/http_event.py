"""API Gateway's REST proxy events (payload 1.0) as accept sees them, and its answers and log lines.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.envelope import LARGEST_BODY

_COUNTED = {"accepted": "received", "unknown_topic": "received", "unverified": "unverified", "spooled": "spooled"}

# No shop's, as far as we can tell. Where the answer is 503 it is not our fault either.
TURNED_AWAY = frozenset({"unknown", "bad_signature", "unknown_key"})


class Garbled(ValueError):
    """The event holds no request that could be authentic."""


def read(event: Mapping[str, Any]) -> tuple[str, str, dict[str, str], bytes]:
    """(platform, shop, headers with lower-case names, raw body). Raises Garbled."""
    platform, shop = _place(event)
    return platform, shop, _headers(event), _body(event)


def _place(event: Mapping[str, Any]) -> tuple[str, str]:
    given = event.get("pathParameters")
    if isinstance(given, dict) and isinstance(given.get("platform"), str) and isinstance(given.get("shop"), str):
        return given["platform"], given["shop"]
    parts = str(event.get("path", "")).strip("/").split("/")
    if len(parts) != 3 or parts[0] != "hooks":
        raise Garbled("path")
    return parts[1], parts[2]


def _headers(event: Mapping[str, Any]) -> dict[str, str]:
    """A header that came twice with two values is joined, as HTTP says: a doubled signature then matches nothing."""
    many = event.get("multiValueHeaders")
    if not isinstance(many, dict):
        single = event.get("headers")
        many = {name: [value] for name, value in single.items()} if isinstance(single, dict) else {}
    found: dict[str, dict[str, None]] = {}
    for name, values in many.items():
        texts = [value for value in values or [] if isinstance(value, str)]
        found.setdefault(str(name).lower(), {}).update(dict.fromkeys(texts))
    return {name: ", ".join(values) for name, values in found.items() if values}


def _body(event: Mapping[str, Any]) -> bytes:
    body = event.get("body") or ""
    if not isinstance(body, str):
        raise Garbled("body")
    if not event.get("isBase64Encoded"):
        return body.encode("utf-8", "surrogatepass")
    if len(body) > LARGEST_BODY * 4 // 3 + 8:
        return bytes(LARGEST_BODY + 1)  # refused by its size, not worth decoding
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise Garbled("body") from None


def answer(status: int) -> dict[str, Any]:
    """An answer without a body: a stranger learns nothing, and no platform reads it."""
    headers = {"content-type": "text/plain", "cache-control": "no-store"}
    if status == 503:
        headers["retry-after"] = "30"
    return {"statusCode": status, "headers": headers, "body": "", "isBase64Encoded": False}


def log_line(status: int, facts: Mapping[str, Any], now: datetime) -> str:
    """One JSON line that CloudWatch also counts (embedded metric format). No body, signature or address in it."""
    line = {"status": status, **facts}
    metric = _metric(status, str(facts.get("reason")))
    if metric:
        line[metric] = 1
        line["_aws"] = {
            "Timestamp": int(now.timestamp() * 1000),
            "CloudWatchMetrics": [{"Namespace": "ecrm", "Dimensions": [[]], "Metrics": [{"Name": metric}]}],
        }
    return json.dumps(line, separators=(",", ":"))


def _metric(status: int, reason: str) -> str | None:
    if status == 503 and reason not in TURNED_AWAY:
        return "failed"
    return _COUNTED.get(reason) if status == 200 else "refused"
