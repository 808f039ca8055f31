"""Kavenegar and SNS on 127.0.0.1: they take text messages, keep them with the mails, and answer as the real ones do.

https://kavenegar.com/rest.html · https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

from chalicelib.domain import sms
from chalicelib.domain.times import stamp
from infra.local.door_server import DoorServer
from infra.local.faults import Faults
from infra.local.mail_store import MailStore

_KAVENEGAR = re.compile(r"/v1/([^/]+)/sms/(send|statuslocalmessageid)\.json")
_IRANIAN = re.compile(r"09[0-9]{9}|00[1-9][0-9]{6,14}")
_WORDS = {
    200: "تایید شد",
    401: "کلید نامعتبر است",
    411: "گیرنده نامعتبر است",
    413: "متن خالی یا بلند است",
    418: "اعتبار کافی نیست",
}
# keys that play an account in trouble, for whoever wants to see what follows
_TROUBLED = {"nocredit1": 418, "wrongkey1": 401}
Answer = tuple[int, str, str]  # status, content type, body


class Silence(Exception):
    """The line breaks: no answer at all."""


@dataclass
class SmsDoor:
    """Takes text messages and puts them into the mailbox."""

    store: MailStore
    faults: Faults
    now: Callable[[], datetime]
    _by_local_id: dict[str, dict[str, Any]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, path: str, form: dict[str, str]) -> Answer:
        """The answer to one request. Raises Silence."""
        trouble = self.faults.strike("sms")
        if trouble == "drop":
            raise Silence
        found = _KAVENEGAR.fullmatch(path)
        if found:
            status = {"throttle": 409, "error": 500}.get(trouble or "", _TROUBLED.get(found[1], 200))
            answer = _kavenegar(status) if status != 200 else self._of_kavenegar(found[2], form)
        elif form.get("Action") == "Publish":
            answer = _sns_trouble(trouble) or self._of_sns(form)
        else:
            answer = (404, "text/plain", "Nothing is here.")
        if trouble == "lost":
            raise Silence
        return answer

    def _of_kavenegar(self, method: str, form: dict[str, str]) -> Answer:
        local_id = form.get("localid", "")
        if method == "statuslocalmessageid":
            known = self._by_local_id.get(local_id, {"messageid": 0, "status": 100})
            return _kavenegar(200, {**known, "localid": local_id})
        receptor, text = form.get("receptor", ""), form.get("message", "")
        if not _IRANIAN.fullmatch(receptor):
            return _kavenegar(411)
        if not 1 <= len(text) <= 900:
            return _kavenegar(413)
        phone = f"+98{receptor[1:]}" if receptor.startswith("09") else f"+{receptor[2:]}"
        with self._lock:
            if local_id not in self._by_local_id:
                number = 8_792_343 + self.store.count()
                self._keep(str(number), phone, form.get("sender", "10004346"), text)
                self._by_local_id[local_id] = {"messageid": number, "status": 10}
        return _kavenegar(200, {**self._by_local_id[local_id], "receptor": receptor, "cost": 120})

    def _of_sns(self, form: dict[str, str]) -> Answer:
        values = [form.get(f"MessageAttributes.entry.{number}.Value.StringValue", "") for number in (1, 2)]
        number = f"{uuid4()}"
        self._keep(number, form.get("PhoneNumber", ""), values[1] or "NOTICE", form.get("Message", ""))
        told = f"<PublishResult><MessageId>{number}</MessageId></PublishResult>"
        return 200, "text/xml", f"<PublishResponse>{told}</PublishResponse>"

    def _keep(self, number: str, phone: str, sender: str, text: str) -> None:
        """As the mailbox keeps everything: in the form of a mail."""
        found = sms.size(text)
        request = {
            "Channel": "sms",
            "Parts": found.parts,
            "Destination": {"ToAddresses": [phone]},
            "FromEmailAddress": sender,
            "Content": {"Simple": {"Subject": {"Data": text[:60]}, "Body": {"Text": {"Data": text}}}},
        }
        self.store.add(f"sms-{number}", stamp(self.now()), "delivered", request)


def _kavenegar(status: int, *entries: dict[str, Any]) -> Answer:
    said = {"return": {"status": status, "message": _WORDS.get(status, "")}, "entries": list(entries) or None}
    return status, "application/json", json.dumps(said, ensure_ascii=False)


def _sns_trouble(trouble: str | None) -> Answer | None:
    code, status = {"throttle": ("Throttled", 429), "error": ("InternalError", 500)}.get(trouble or "", ("", 0))
    body = f"<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>"
    return (status, "text/xml", body) if code else None


class _Handler(BaseHTTPRequestHandler):
    door: SmsDoor

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        form = {name: values[-1] for name, values in parse_qs(raw.decode("utf-8", "replace")).items()}
        try:
            status, kind, body = self.door.take(self.path, form)
        except Silence:
            self.close_connection = True
            return
        data = body.encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing: a key stands in the path."""


def served(door: SmsDoor) -> DoorServer:
    return DoorServer(_Handler, door)
