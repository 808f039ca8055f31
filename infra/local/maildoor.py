"""SES v2's SendEmail on 127.0.0.1: takes what SES takes, keeps the whole request, says what SES says afterwards.

The emulator's own SES drops headers and tags, publishes nothing and forgets on restart.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from typing import Any
from uuid import uuid4

from chalicelib.domain.times import stamp
from infra.local.door_server import DoorServer
from infra.local.faults import Faults
from infra.local.mail_events import events, fate
from infra.local.mail_rules import Refused, check
from infra.local.mail_store import MailStore

PATH = "/v2/email/outbound-emails"
_TROUBLES = {
    "throttle": Refused("Maximum sending rate exceeded.", "TooManyRequestsException", 429),
    "error": Refused("Internal failure.", "InternalServiceErrorException", 500),
}


class Silence(Exception):
    """The line breaks: no answer at all."""


@dataclass
class MailDoor:
    """Takes mails. `publish` gives one SES event to the topic; `configuration_set` is the only one there is."""

    store: MailStore
    faults: Faults
    publish: Callable[[dict[str, Any]], None]
    now: Callable[[], datetime]
    configuration_set: str = ""

    def take(self, raw: bytes) -> dict[str, str]:
        """SendEmail's answer to a request's body. Raises Refused or Silence."""
        trouble = self.faults.strike("mail")
        if trouble == "drop":
            raise Silence
        if trouble in _TROUBLES:
            raise _TROUBLES[trouble]
        request = _parsed(raw)
        check(request, self.configuration_set)
        message_id = self._keep(request)
        if trouble == "lost":
            raise Silence
        return {"MessageId": message_id}

    def _keep(self, request: dict[str, Any]) -> str:
        message_id, at = f"{uuid4().hex[:16]}-{uuid4()}-000000", stamp(self.now())
        self.store.add(message_id, at, fate(request), request)
        # Without a configuration set SES tells nobody.
        for event in events(request, message_id, at) if request.get("ConfigurationSetName") else ():
            self.publish(event)
        return message_id


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        raise Refused("Could not parse the request body.") from None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    disable_nagle_algorithm = True
    door: MailDoor

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        try:
            if self.path != PATH:
                raise Refused("This mail door only sends.", "NotFoundException", 404)
            self._answer(200, self.door.take(raw))
        except Refused as refused:
            self._answer(refused.status, {"message": refused.message}, refused.code)
        except Silence:
            self.close_connection = True

    def _answer(self, status: int, body: dict[str, str], code: str = "") -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        if code:
            self.send_header("x-amzn-errortype", code)
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self) -> None:
        self._answer(404, {"message": "This mail door only sends."}, "NotFoundException")

    do_PUT = do_DELETE = do_PATCH = do_HEAD = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing: paths and addresses are nobody's business."""


def served(door: MailDoor) -> DoorServer:
    return DoorServer(_Handler, door)
