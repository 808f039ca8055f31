"""The app behind Chalice's model of API Gateway, in this process: for tests that speak HTTP, and for schemathesis."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from chalice.config import Config
from chalice.local import LocalGateway, LocalGatewayException

import app


@dataclass(frozen=True)
class Answered:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


def ask(method: str, target: str, headers: dict[str, str] | None = None, body: bytes | None = None) -> Answered:
    """One request; `target` is path and query as they stand in the request line."""
    gateway = LocalGateway(app.app, Config())
    try:
        response = gateway.handle_request(method, target, dict(headers or {}), body)
    except LocalGatewayException as refused:
        return Answered(refused.CODE, dict(refused.headers), (refused.body or b"").decode())
    lower = {name.lower(): value for name, value in response["headers"].items()}
    return Answered(response["statusCode"], lower, response["body"] or "")


def partner(key: str, method: str = "GET") -> Callable[..., Answered]:
    """Asks with a secret key: `get("/v1/customers", q="sara")`."""

    def asked(path: str, **query: Any) -> Answered:
        target = f"{path}?{urlencode(query, doseq=True)}" if query else path
        return ask(method, target, {"Authorization": f"Bearer {key}"})

    return asked


def wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The app as a WSGI application."""
    names = {name: value for name, value in environ.items() if name.startswith("HTTP_")}
    headers = {name[5:].replace("_", "-").lower(): value for name, value in names.items()}
    if environ.get("CONTENT_TYPE"):
        headers["content-type"] = environ["CONTENT_TYPE"]
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    answered = ask(environ["REQUEST_METHOD"], environ["REQUEST_URI"], headers, body or None)
    content = {"content-type": "application/json", **answered.headers}
    start_response(f"{answered.status} -", list(content.items()))
    return [answered.text.encode()]
