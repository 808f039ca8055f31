"""Makes AWS calls of this process fail as `Faults` says: botocore's (PynamoDB's too) and accept's own signed requests.

No emulator throttles, conflicts or loses answers by itself.
"""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Callable
from typing import Any

import urllib3
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError
from botocore.httpsession import URLLib3Session

from chalicelib import thin
from infra.local.faults import Faults

# Calls that bear this in their user agent are the world's own machinery and never fail.
UNHARMED = "local-world"
_SCOPE = re.compile(r"Credential=[^/]+/\d+/[^/]+/([a-z0-9]+)/")
_ANSWERS = {
    "throttle": (400, "ThrottlingException", "Rate exceeded"),
    "error": (500, "InternalServerError", "The request processing has failed because of an unknown error"),
}


def install(faults: Faults) -> Callable[[], None]:
    """From now on calls of this process may fail. Returns what undoes it."""
    send, ask = URLLib3Session.send, thin._ask

    def sending(self: URLLib3Session, request: Any) -> Any:
        kind = faults.strike(_service(request.headers)) if UNHARMED not in _agent(request.headers) else None
        if kind in _ANSWERS:
            return _response(request.url, *_ANSWERS[kind])
        if kind == "drop":
            raise EndpointConnectionError(endpoint_url=request.url)
        response = send(self, request)
        if kind == "lost":
            raise ConnectionClosedError(endpoint_url=request.url)
        return response

    def asking(connection: Any, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        kind = faults.strike(_service(headers))
        if kind in _ANSWERS:
            status, code, message = _ANSWERS[kind]
            return status, json.dumps({"__type": code, "message": message}).encode()
        if kind == "drop":
            raise ConnectionRefusedError
        answer = ask(connection, method, path, headers, body)
        if kind == "lost":
            raise http.client.IncompleteRead(b"")
        return answer

    def undo() -> None:
        URLLib3Session.send, thin._ask = send, ask  # type: ignore[method-assign]

    URLLib3Session.send, thin._ask = sending, asking  # type: ignore[method-assign]
    return undo


def _service(headers: Any) -> str:
    """The service a signed request is for."""
    found = _SCOPE.search(_text(headers.get("Authorization") or headers.get("authorization")))
    return found.group(1) if found else ""


def _agent(headers: Any) -> str:
    return _text(headers.get("User-Agent"))


def _text(value: str | bytes | None) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value or ""


def _response(url: str, status: int, code: str, message: str) -> AWSResponse:
    body = json.dumps({"__type": code, "message": message}).encode()
    raw = urllib3.HTTPResponse(body=iter([body]), status=status, preload_content=False)
    raw.stream = lambda *_, **__: iter([body])  # type: ignore[method-assign,assignment]
    return AWSResponse(url, status, {"x-amzn-errortype": code, "content-type": "application/x-amz-json-1.0"}, raw)
