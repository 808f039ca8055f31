"""The local world over HTTP, for the commands: only this machine's, and its refusals in its own words."""

from __future__ import annotations

import http.client
import ipaddress
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from webhooks.arguments import BadArgument
from webhooks.outcomes import Failed

USUAL = "http://127.0.0.1:8000"


class Refused(BadArgument):
    """The other side's own words about an argument."""

    def __init__(self, said: str) -> None:
        ValueError.__init__(self, said)


def asked(api: str, method: str, path: str, body: Any = None) -> Any:
    """The JSON that the local world at `api` answers. Raises Failed where nothing does, and BadArgument where it
    refuses."""
    raw = None if body is None else json.dumps(body).encode()
    status, text = sent(api, method, path, raw, {"content-type": "application/json"})
    try:
        answer = json.loads(text)
    except ValueError:
        answer = {}
    if status == 200 and answer != {}:
        return answer
    said = (answer.get("detail") or answer.get("title")) if isinstance(answer, dict) else None
    raise BadArgument("api", f"{api} answered {status}") if not said else Refused(said)


def sent(api: str, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> tuple[int, bytes]:
    """Status and body of one request to the local world. Raises Failed where nothing answers there, and
    BadArgument for an address that is not this machine's."""
    parts = urlsplit(api)
    if parts.scheme != "http" or not parts.hostname or not is_loopback(parts.hostname):
        raise BadArgument("api", f"only the local world is spoken to over HTTP ({USUAL}); on AWS use --stage")
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    try:
        connection.request(method, path, body, dict(headers))
        response = connection.getresponse()
        return response.status, response.read()
    except OSError:
        remedy = "start it with `make serve`, or say with --api where it is"
        raise Failed(f"nothing answers at {parts.geturl()}; {remedy}") from None
    finally:
        connection.close()


def is_loopback(host: str) -> bool:
    """Whether this names this machine itself."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
