"""Text messages through Kavenegar, an Iranian provider. Its key stands in the address of every call: the address is in
no exception of ours and in no log, and what the HTTP client raises names the host alone.

`localid` is our number for a message. Within half a day Kavenegar answers a second one with the first, and says by
`sms/statuslocalmessageid` what became of it. https://kavenegar.com/rest.html
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from chalicelib.channels import Message, Receipt, Refused, Trouble, Unclear, Way
from chalicelib.domain import sms

REACHES = "sms"
CONFIRMS = "query"
REMEMBERS = timedelta(hours=12)  # so long `sent` can tell; of an older try nobody knows

HOST = "https://api.kavenegar.com"
LONGEST = 900  # characters
LARGEST_ANSWER = 100_000
_KEY = re.compile(r"[A-Za-z0-9]{8,200}")
_PHONE = re.compile(r"\+([1-9][0-9]{6,14})")
_SENDER = re.compile(r"[0-9]{3,20}")
_IRAN = "98"
# The message is at fault, and will be again: a parameter, the receiver, the text. Whatever else Kavenegar answers (the
# key, the sender's line, an address not allowed, no credit, busy) is about our set-up or the moment, and passes.
_REFUSED = {400: "parameter", 411: "receiver", 413: "text", 414: "too_many", 417: "date", 419: "lengths"}
_FAILED = {6: "failed", 13: "cancelled", 14: "blocked by the receiver"}
_NO_SUCH = 100


def send(message: Message, way: Way) -> Receipt:
    """Hand one text to Kavenegar. Raises Refused (never again), Trouble (later), Unclear (`sent` will tell)."""
    fitted = sms.fitted(message.text, message.language, way.config)
    if fitted is None or len(fitted[0]) > LONGEST:
        raise Refused("too_long")
    text, parts = fitted
    fields = {"receptor": _receiver(message.to), "message": text, "localid": str(local_id(message))}
    told = _asked("sms/send", fields | _sender(way), way)
    entry = _entry(told)
    if entry is None:
        raise Unclear("no message id")
    return _receipt(entry, parts)


def sent(message: Message, way: Way) -> Receipt | None:
    """What became of a try whose answer was lost; None: Kavenegar never took it. Raises Refused where it took it and
    could not send it, Trouble."""
    try:
        told = _asked("sms/statuslocalmessageid", {"localid": str(local_id(message))}, way)
    except Unclear as unclear:  # a question may be asked again
        raise Trouble(str(unclear)) from None
    entry = _entry(told)
    if entry is None or entry.get("status") == _NO_SUCH:
        return None
    fitted = sms.fitted(message.text, message.language, way.config)
    return _receipt(entry, fitted[1] if fitted else 1)


def local_id(message: Message) -> int:
    """Our number for a message: a positive 64-bit integer, made of the shop and the follow-up."""
    digest = hashlib.sha256(f"{message.shop}|{message.id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1 or 1


def _receipt(entry: dict[str, Any], parts: int) -> Receipt:
    if entry.get("status") in _FAILED:
        raise Refused(_FAILED[entry["status"]])
    return Receipt(str(entry["messageid"]), parts)


def _receiver(phone: str) -> str:
    """`+989121234567` as 09121234567; a number abroad with 00 in front."""
    found = _PHONE.fullmatch(phone)
    if found is None:
        raise Refused("the number cannot be written to")
    return f"0{found[1][2:]}" if found[1].startswith(_IRAN) else f"00{found[1]}"


def _sender(way: Way) -> dict[str, str]:
    """The line it comes from; without one Kavenegar takes the account's own."""
    text = str(way.config.get("sender") or "")
    if text and not _SENDER.fullmatch(text):
        raise Refused("the sender is no number of a line")
    return {"sender": text} if text else {}


def _asked(method: str, fields: dict[str, str], way: Way) -> dict[str, Any]:
    """A whole answer with status 200."""
    # Only here: the HTTP client is loaded by whoever has a message for it.
    from chalicelib.safe_http import Refused as Forbidden
    from chalicelib.safe_http import Unreachable

    key = str(way.config.get("key") or "")
    if not _KEY.fullmatch(key):
        raise Trouble("no key")
    url = f"{way.settings.kavenegar_url or HOST}/v1/{key}/{method}.json"
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8", "connection": "close"}
    try:
        answer = way.http.ask("POST", url, headers=headers, body=urlencode(fields).encode(), most=LARGEST_ANSWER)
    except Forbidden:
        raise Trouble("its address may not be asked") from None
    except Unreachable as problem:
        if problem.begun:
            raise Unclear("no answer") from None
        raise Trouble("unreachable", problem.wait) from None
    return _judged(answer.status, answer.body)


def _judged(status: int, body: bytes) -> dict[str, Any]:
    told = _object(body)
    said = (told.get("return") or {}).get("status") if isinstance(told.get("return"), dict) else None
    code = said if isinstance(said, int) and not isinstance(said, bool) else status
    if code == 200 and said is not None:
        return told
    if code in _REFUSED and said is not None:
        raise Refused(f"{code} {_REFUSED[code]}")
    if code == 200 or (code >= 500 and code != 503 and said is None):
        raise Unclear(f"status {code}")
    raise Trouble(f"status {code}")


def _object(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _entry(told: dict[str, Any]) -> dict[str, Any] | None:
    entries = told.get("entries")
    first = entries[0] if isinstance(entries, list) and entries else None
    return first if isinstance(first, dict) and first.get("messageid") else None
