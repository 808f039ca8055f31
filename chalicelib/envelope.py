"""One delivery on its way from accept to ingest: JSON in ASCII, so that SQS takes every character of it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from gzip import compress
from typing import Any

VERSION = 1
LARGEST_BODY = 4 * 1024 * 1024
# Ten of these fit into one Lambda event, and one, should nobody be able to read it, into one quarantined item.
LARGEST_TEXT = 300_000
LONGEST_HEADER = 2048
_SHA256 = re.compile(r"[0-9a-f]{64}")


class BadEnvelope(ValueError):
    """Not an envelope of ours. Says what is wrong, never what stood there."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What accept saw. `verified` False: accept could not know the shop's secrets; whoever opens it has to verify."""

    shop: str
    platform: str
    topic: str
    headers: dict[str, str]  # lower-case names, only those the platform allows
    received_at: str
    verified: bool
    body: bytes


class TooLarge(ValueError):
    """Does not fit into a message, and may not go to S3."""


def seal(envelope: Envelope, put: Callable[[str, bytes], None] | None) -> str:
    """The text for the queue. A body too large for it goes through `put(key, data)` first; with no `put`: TooLarge."""
    zipped = compress(envelope.body, 1, mtime=0)  # level 6 saves 4 % of an order and costs half as much again
    if len(zipped) * 4 // 3 < LARGEST_TEXT - 20_000:
        text = _text(envelope, "body", base64.b64encode(zipped).decode())
        if len(text) <= LARGEST_TEXT:
            return text
    if put is None:
        raise TooLarge
    key = body_key(envelope.shop, envelope.body)
    put(key, zipped)
    return _text(envelope, "body_s3", key)


def body_key(shop: str, body: bytes) -> str:
    """Where a large body lies: by its hash, so that a second try replaces it with itself."""
    return f"bodies/{shop}/{hashlib.sha256(body).hexdigest()}"


def spool_key(shop: str, received_at: str, text: str) -> str:
    """Where an envelope waits while the queue is down; sorts by time within the shop."""
    return f"spool/{shop}/{received_at}-{hashlib.sha256(text.encode()).hexdigest()}"


def allowed(headers: Mapping[str, str], names: frozenset[str] | tuple[str, ...]) -> dict[str, str]:
    """Those of `headers` (lower-case names) that may travel, cut to a length that no honest one has."""
    return {name: headers[name][:LONGEST_HEADER] for name in sorted(names) if name in headers}


def _text(envelope: Envelope, field: str, value: str) -> str:
    return json.dumps(
        {
            "v": VERSION,
            "shop": envelope.shop,
            "platform": envelope.platform,
            "topic": envelope.topic,
            "headers": envelope.headers,
            "received_at": envelope.received_at,
            "verified": envelope.verified,
            field: value,
        },
        separators=(",", ":"),
    )


def unseal(text: str, fetch: Callable[[str], bytes]) -> Envelope:
    """The envelope behind the text; `fetch(key)` gets a large body. Raises BadEnvelope, and whatever `fetch` raises."""
    raw = _object(text)
    for name, kind in (("shop", str), ("platform", str), ("topic", str), ("received_at", str), ("verified", bool)):
        if not isinstance(raw.get(name), kind):
            raise BadEnvelope(name)
    headers = raw.get("headers")
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise BadEnvelope("headers")
    known = {name: raw[name] for name in ("shop", "platform", "topic", "headers", "received_at", "verified")}
    return Envelope(**known, body=_body(raw, fetch))


def _object(text: str) -> dict[str, Any]:
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError):
        raise BadEnvelope("not JSON") from None
    if not isinstance(raw, dict) or raw.get("v") != VERSION:
        raise BadEnvelope("v")
    return raw


def _body(raw: dict[str, Any], fetch: Callable[[str], bytes]) -> bytes:
    if "body_s3" in raw:
        return _fetched(raw["shop"], raw["body_s3"], fetch)
    try:
        zipped = base64.b64decode(raw["body"], validate=True)
    except (KeyError, binascii.Error, TypeError, ValueError):
        raise BadEnvelope("body is not base64") from None
    return _unzipped(zipped)


def _fetched(shop: str, key: Any, fetch: Callable[[str], bytes]) -> bytes:
    """A body from S3, only from this shop's own place and only if it is what was put there."""
    start, _, digest = str(key).rpartition("/")
    if start != f"bodies/{shop}" or not _SHA256.fullmatch(digest):
        raise BadEnvelope("body_s3")
    body = _unzipped(fetch(str(key)))
    if hashlib.sha256(body).hexdigest() != digest:
        raise BadEnvelope("body_s3 holds something else")
    return body


def _unzipped(data: bytes) -> bytes:
    """Never more than a body may have, whatever the data would unpack to."""
    unzip = zlib.decompressobj(wbits=31)
    try:
        body = unzip.decompress(data, LARGEST_BODY + 1)
    except zlib.error:
        raise BadEnvelope("body is not gzip") from None
    if len(body) > LARGEST_BODY:
        raise BadEnvelope("body too large")
    if not unzip.eof:
        raise BadEnvelope("body is cut off")
    return body
