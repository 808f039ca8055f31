"""Text messages through Amazon SNS: one signed Publish, over a connection of its own. SNS knows no token against
repeats and tells nobody afterwards, so nothing here tries twice.

https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
https://docs.aws.amazon.com/sns/latest/dg/sms_publish-to-phone.html
"""

from __future__ import annotations

import http.client
import re
import ssl
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode, urlsplit

from chalicelib.channels import Message, Receipt, Refused, Trouble, Unclear, Way
from chalicelib.domain import sms
from chalicelib.thin import signed

REACHES = "sms"
CONFIRMS = "none"

CONNECT_SECONDS, READ_SECONDS = 3.0, 10.0
LARGEST_ANSWER = 100_000
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_NUMBER = re.compile(r"\+?[0-9]{3,15}")
_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9-]{1,11}")
_ID = re.compile(rb"<MessageId>([A-Za-z0-9-]{1,100})</MessageId>")
_CODE = re.compile(rb"<Code>([A-Za-z0-9.]{1,80})</Code>")
# The number or the text is at fault, and will be again. All else is about our set-up or our rate, and passes.
_REFUSED = {
    "OptedOut": "opted_out",
    "InvalidParameter": "InvalidParameter",
    "InvalidParameterValue": "InvalidParameterValue",
    "ParameterValueInvalid": "ParameterValueInvalid",
    "ValidationError": "ValidationError",
}


def send(message: Message, way: Way) -> Receipt:
    """Hand one text to SNS, once. Raises Refused (never again), Trouble (later), Unclear (nobody will ever tell)."""
    if not _PHONE.fullmatch(message.to):
        raise Refused("the number cannot be written to")
    fitted = sms.fitted(message.text, message.language, way.config)
    if fitted is None:
        raise Refused("too_long")
    text, parts = fitted
    status, answer = _asked(way.settings, urlencode(_form(message, text, way)).encode(), way)
    found = _ID.search(answer) if status < 300 else None
    if found:
        return Receipt(found[1].decode(), parts)
    raise _meant(status, answer)


def _form(message: Message, text: str, way: Way) -> dict[str, str]:
    kind = "Promotional" if message.about.get("purpose") == "marketing" else "Transactional"
    told = {"AWS.SNS.SMS.SMSType": kind, **_sender(str(way.config.get("sender") or ""))}
    form = {"Action": "Publish", "Version": "2010-03-31", "PhoneNumber": message.to, "Message": text}
    for number, (name, value) in enumerate(told.items(), 1):
        entry = f"MessageAttributes.entry.{number}"
        form |= {f"{entry}.Name": name, f"{entry}.Value.DataType": "String", f"{entry}.Value.StringValue": value}
    return form


def _sender(text: str) -> dict[str, str]:
    if _NUMBER.fullmatch(text):
        return {"AWS.MM.SMS.OriginationNumber": text}
    if text and not _NAME.fullmatch(text):
        raise Refused("the sender is neither a number nor 1 to 11 letters and digits")
    return {"AWS.SNS.SMS.SenderID": text} if text else {}


def _asked(given: Any, body: bytes, way: Way) -> tuple[int, bytes]:
    """SNS's status and answer. Trouble until the request leaves, Unclear from then on."""
    region = str(way.config.get("region") or given.region)
    base = given.sms_endpoint_url or given.endpoint_url or f"https://sns.{region}.amazonaws.com"
    headers = {"host": urlsplit(base).netloc, "content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    headers = signed(given.credentials, region, "sns", "POST", "/", headers, body, _moment())
    connection = _connection(base)
    try:
        return _exchange(connection, headers, body)
    finally:
        connection.close()


def _moment() -> Any:
    """AWS's clock is the real one, whatever ours says."""
    from chalicelib import clock

    return clock.real()


def _exchange(connection: http.client.HTTPConnection, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
    try:
        connection.connect()
    except OSError as problem:
        raise Trouble(type(problem).__name__) from None
    try:
        connection.sock.settimeout(READ_SECONDS)
        connection.request("POST", "/", body=body, headers=headers)
        response = connection.getresponse()
        return response.status, response.read(LARGEST_ANSWER)
    except (OSError, http.client.HTTPException) as problem:
        raise Unclear(type(problem).__name__) from None


def _connection(base: str) -> http.client.HTTPConnection:
    parts = urlsplit(base)
    if parts.scheme == "https":
        return http.client.HTTPSConnection(parts.netloc, timeout=CONNECT_SECONDS, context=_tls())
    return http.client.HTTPConnection(parts.netloc, timeout=CONNECT_SECONDS)


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _meant(status: int, answer: bytes) -> Exception:
    found = _CODE.search(answer)
    code = found[1].decode() if found else ""
    if code in _REFUSED:
        return Refused(_REFUSED[code])
    if status < 300 or (status >= 500 and status != 503):
        return Unclear(code or f"status {status}")
    return Trouble(code or f"status {status}")
