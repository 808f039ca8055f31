"""Reading an HTTP answer that may be meant to harm: endless bodies, gzip that unpacks to far more, endless waits."""

from __future__ import annotations

import http.client
import re
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_STEP = 64 * 1024
_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
_GZIP = 16 + zlib.MAX_WBITS
_SHORTEST_WAIT, _UNCLEAR_WAIT = 1.0, 60.0
_MOST_MEMBERS = 100


class BadAnswer(Exception):
    """An answer that we do not take. The text is for people and quotes nothing."""


def headers_of(response: http.client.HTTPResponse) -> dict[str, str]:
    """Lower-case names; what came twice is joined by a comma, as RFC 9110 has it."""
    found: dict[str, str] = {}
    for name, value in response.getheaders():
        name = name.lower()
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def whole_body(response: http.client.HTTPResponse, headers: Mapping[str, str], most: int) -> bytes:
    """The body, unpacked, if it has at most `most` bytes before and after. Raises BadAnswer."""
    if response.length is not None and response.length > most:
        raise BadAnswer("answer too large")
    body = _read(response, most)
    encoding = headers.get("content-encoding", "").strip().lower()
    if encoding in ("", "identity") or not body:
        return body
    if encoding not in ("gzip", "x-gzip"):
        raise BadAnswer("the answer is packed in a way that we did not ask for")
    return _unpacked(body, most)


def _read(response: http.client.HTTPResponse, most: int) -> bytes:
    parts, size = [], 0
    while part := response.read(min(_STEP, most + 1 - size)):
        parts.append(part)
        size += len(part)
        if size > most:
            raise BadAnswer("answer too large")
    # http.client says nothing where a body ends before its Content-Length.
    if response.length:
        raise BadAnswer("the answer was cut off")
    return b"".join(parts)


def _unpacked(packed: bytes, most: int) -> bytes:
    found = b""
    for _ in range(_MOST_MEMBERS):  # gzip may be several, one behind the other
        unpacking = zlib.decompressobj(_GZIP)
        try:
            found += unpacking.decompress(packed, most + 1 - len(found))
        except zlib.error:
            raise BadAnswer("the answer is badly packed") from None
        if len(found) > most:
            raise BadAnswer("answer too large")
        if not unpacking.eof:
            raise BadAnswer("the answer was cut off")
        packed = unpacking.unused_data
        if not packed:
            return found
    raise BadAnswer("the answer is badly packed")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, at least one; None where nothing is asked. A date is measured against the answer's own Date, so
    that no two clocks have to agree."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    if _SECONDS.fullmatch(text):
        return max(_SHORTEST_WAIT, float(text))
    then, now = _date(text), _date(headers.get("date", ""))
    return max(_SHORTEST_WAIT, (then - now).total_seconds()) if then and now else _UNCLEAR_WAIT


def _date(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at
