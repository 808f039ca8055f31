"""What SES v2 refuses in SendEmail, said as SES says it.

https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html
"""

from __future__ import annotations

import re
from email.utils import parseaddr
from typing import Any

from infra.local.mail_store import recipients

MOST_HEADERS, MOST_RECIPIENTS, MOST_TAGS = 15, 50, 50
LONGEST_NAME, LONGEST_VALUE, LONGEST_TAG = 126, 870, 256
_HEADER_NAME = re.compile(r"[!-9;-@A-~]+")
_HEADER_VALUE = re.compile(r"[ -~]*")
_TAG = re.compile(r"[A-Za-z0-9_-]+")


class Refused(Exception):
    """SES's answer: HTTP status, error code, text."""

    def __init__(self, message: str, code: str = "BadRequestException", status: int = 400) -> None:
        super().__init__(message)
        self.message, self.code, self.status = message, code, status


def check(request: Any, configuration_set: str) -> None:
    """Raises Refused for what SES would not take. Any sender counts as verified."""
    if not isinstance(request, dict):
        raise Refused("Could not parse the request body.")
    _addresses(request)
    simple = (request.get("Content") or {}).get("Simple")
    if not isinstance(simple, dict):
        raise Refused("Content.Simple is the only content this mail door takes.")
    _content(simple)
    _headers(simple.get("Headers") or [])
    _tags(request.get("EmailTags") or [])
    named = request.get("ConfigurationSetName")
    if named and named != configuration_set:
        raise Refused(f"Configuration set <{named}> does not exist.", "NotFoundException", 404)


def _addresses(request: dict[str, Any]) -> None:
    to = recipients(request)
    if not 1 <= len(to) <= MOST_RECIPIENTS:
        raise Refused(f"Recipient count is not between 1 and {MOST_RECIPIENTS}.")
    for address in [request.get("FromEmailAddress") or "", *to, *(request.get("ReplyToAddresses") or [])]:
        plain = parseaddr(address)[1]
        if _broken(address) or plain.count("@") != 1 or not all(plain.split("@")) or " " in plain:
            raise Refused("Missing or illegal address.")


def _content(simple: dict[str, Any]) -> None:
    subject = (simple.get("Subject") or {}).get("Data")
    parts = [(simple.get("Body") or {}).get(kind) for kind in ("Text", "Html")]
    if not isinstance(subject, str) or _broken(subject):
        raise Refused("Subject is missing or contains a line break.")
    if not any(isinstance(part, dict) and part.get("Data") for part in parts):
        raise Refused("Body has neither Text nor Html.")


def _headers(headers: list[dict[str, str]]) -> None:
    if len(headers) > MOST_HEADERS:
        raise Refused(f"Content.Simple.Headers has more than {MOST_HEADERS} members.")
    for header in headers:
        name, value = header.get("Name", ""), header.get("Value", "")
        if not _HEADER_NAME.fullmatch(name) or len(name) > LONGEST_NAME:
            raise Refused(f"Header name is not legal: {name!r}.")
        if not _HEADER_VALUE.fullmatch(value) or len(value) > LONGEST_VALUE:
            raise Refused(f"Value of header {name} is not legal.")


def _tags(tags: list[dict[str, str]]) -> None:
    if len(tags) > MOST_TAGS:
        raise Refused(f"EmailTags has more than {MOST_TAGS} members.")
    for tag in tags:
        for text in (tag.get("Name", ""), tag.get("Value", "")):
            if not _TAG.fullmatch(text) or len(text) > LONGEST_TAG:
                raise Refused("Message tags may hold only ASCII letters, digits, underscores and dashes.")


def _broken(text: str) -> bool:
    return "\r" in text or "\n" in text
