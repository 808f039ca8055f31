"""E-mail through Amazon SES v2. SendEmail has no idempotency token: nothing here tries twice.

Events (send, delivery, bounce, complaint) carry our tags back; they are what CONFIRMS a message whose answer was lost.
https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html
"""

from __future__ import annotations

import re
from email.header import Header
from functools import lru_cache
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, ParamValidationError, SSLError
from botocore.parsers import ResponseParserError
from botocore.session import Session

from chalicelib.channels import Message, Receipt, Refused, Trouble, Unclear, Way

REACHES = "email"
CONFIRMS = "event"

MOST_HEADERS = 15  # of Content.Simple
LONGEST_NAME, LONGEST_VALUE = 126, 870  # the API model says 995, the guide said 870
LONGEST_TAG = 256
_WORD = 75  # RFC 2047: an encoded word's length
LONGEST_SUBJECT = 500
CONNECT_SECONDS, READ_SECONDS = 3, 10

_TAG = re.compile(r"[A-Za-z0-9_-]+")
_HEADER_NAME = re.compile(r"[!-9;-~]+")
_HEADER_VALUE = re.compile(r"[ -~]*")
_ADDRESS = re.compile(r"[!#-'*+\-./0-9=?A-Z^_`a-z{|}~]+@[^\s@<>()\[\],;:\\\"\x00-\x20\x7f]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")
# SES writes these itself; a second one would make two of them.
_OURS = {"from", "to", "cc", "bcc", "subject", "reply-to", "date", "message-id", "mime-version", "content-type"}
# The message is at fault, and will be again. Whatever else a 4xx says is about our set-up or our rate, and passes.
_REFUSED = {
    "MessageRejected",
    "BadRequestException",
    "ValidationException",
    "InvalidParameterValue",
}


def send(message: Message, way: Way) -> Receipt:
    """Hand one message to SES, once. Raises Refused (never again), Trouble (later), Unclear (its events will tell)."""
    given = way.settings
    request = _request(message, given.mail_configuration_set)
    client = _client(given.region, given.mail_endpoint_url or None)
    try:
        answer = client.send_email(**request)
    except ClientError as problem:
        raise _meant(problem) from problem
    except ParamValidationError as problem:
        raise Refused(type(problem).__name__) from problem
    except (HTTPClientError, SSLError, ResponseParserError) as problem:
        # Read time-out, connection dropped, half an answer: SES may have the message.
        raise Unclear(type(problem).__name__) from problem
    except BotoCoreError as problem:
        # No connection, no credentials, no region: nothing left this machine.
        raise Trouble(type(problem).__name__) from problem
    if not answer.get("MessageId"):
        raise Unclear("SES gave no message id")
    return Receipt(provider_id=answer["MessageId"])


@lru_cache(maxsize=4)
def _client(region: str, endpoint_url: str | None) -> Any:
    config = Config(
        retries={"total_max_attempts": 1},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        tcp_keepalive=True,
    )
    return Session().create_client("sesv2", region_name=region, endpoint_url=endpoint_url, config=config)


def _request(message: Message, configuration_set: str) -> dict[str, Any]:
    tags = {"follow_up": message.id, "claim": message.claim, "shop": message.shop}
    request: dict[str, Any] = {
        "FromEmailAddress": _mailbox(message.sender),
        "Destination": {"ToAddresses": [_address(message.to)]},
        "Content": {
            "Simple": {
                "Subject": {"Data": _subject(message.subject), "Charset": "UTF-8"},
                "Body": {
                    "Html": {"Data": message.html, "Charset": "UTF-8"},
                    "Text": {"Data": message.text, "Charset": "UTF-8"},
                },
                "Headers": _headers(message.headers),
            }
        },
        "EmailTags": [{"Name": name, "Value": _tag(name, value)} for name, value in tags.items()],
    }
    return request | ({"ConfigurationSetName": configuration_set} if configuration_set else {})


def _subject(text: str) -> str:
    if _CONTROL.search(text) or not text.strip() or len(text) > LONGEST_SUBJECT:
        raise Refused("the subject is empty, too long or has control characters")
    return text


def _address(text: str) -> str:
    """An address SES takes: ASCII, its domain in IDNA. SES knows no Unicode before the @ (no SMTPUTF8)."""
    local, _, domain = text.rpartition("@")
    try:
        address = f"{local}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        address = ""
    if len(address) > 320 or not _ADDRESS.fullmatch(address):
        raise Refused("the address cannot be mailed to")
    return address


def _mailbox(text: str) -> str:
    """`Acme <shop@acme.test>` with the name as RFC 2047 words where it is not plain ASCII."""
    if _CONTROL.search(text):
        raise Refused("the sender has control characters")
    if not text.strip():
        raise Refused("no_sender")
    name, bracket, rest = text.rpartition("<")
    if not bracket:
        return _address(text.strip())
    name, address = name.strip(), _address(rest.strip().removesuffix(">"))
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    if not name:
        return address
    if name.isascii():
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}" <{address}>'
    return f"{' '.join(Header(name, 'utf-8', maxlinelen=_WORD).encode().split())} <{address}>"


def _headers(headers: dict[str, str]) -> list[dict[str, str]]:
    if len(headers) > MOST_HEADERS:
        raise Refused(f"more than {MOST_HEADERS} headers")
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or len(name) > LONGEST_NAME or name.lower() in _OURS:
            raise Refused("a header's name cannot be sent")
        if not _HEADER_VALUE.fullmatch(value) or not 1 <= len(value) <= LONGEST_VALUE:
            raise Refused(f"the value of header {name} cannot be sent")
    return [{"Name": name, "Value": value} for name, value in headers.items()]


def _tag(name: str, value: str) -> str:
    if not _TAG.fullmatch(value) or len(value) > LONGEST_TAG:
        raise Refused(f"{name} cannot be a tag, so its events could never be told apart")
    return value


def _meant(problem: ClientError) -> Exception:
    """A 503 was turned away at the door; any other 5xx may have come after SES took the message."""
    code = problem.response.get("Error", {}).get("Code", "")
    status = problem.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _REFUSED:
        return Refused(code)
    return Unclear(code) if status >= 500 and status != 503 else Trouble(code)
