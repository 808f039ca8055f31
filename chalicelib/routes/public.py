"""Open to everybody: what this API is (OpenAPI), what a home-made shop may send (JSON Schema). And the last word on
what Chalice itself refuses."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from chalice import Blueprint, Response
from chalice.app import Request

from chalicelib.routes.problems import Problem, answer

public = Blueprint(__name__)
HERE = Path(__file__).parent
OPENAPI = HERE / "openapi.json"
STANDARD = HERE.parent / "platforms" / "standard" / "schema.json"
_OURS = ("/v1/", "/openapi.json", "/schemas/")


@lru_cache(maxsize=4)
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _document(path: Path, kind: str) -> Response:
    headers = {"Content-Type": kind, "Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"}
    return Response("" if public.current_request.method == "HEAD" else _text(path), headers)


@public.route("/openapi.json", methods=["GET", "HEAD"], content_types=["*/*"])
def get_openapi() -> Response:
    """Public."""
    return _document(OPENAPI, "application/json")


@public.route("/schemas/standard-v1.json", content_types=["*/*"])
def get_standard_schema() -> Response:
    """Public."""
    return _document(STANDARD, "application/schema+json")


@public.middleware("http")
def in_one_form(request: Request, get_response: Callable[[Request], Response]) -> Response:
    """Chalice's own refusals (method, media type, its 500) as problems too."""
    response = get_response(request)
    path = str(getattr(request, "path", ""))
    is_ours = path.startswith(_OURS) and isinstance(response.body, dict) and "Code" in response.body
    if response.status_code < 400 or not is_ours:
        return response
    headers: dict[str, Any] = {name: value for name, value in response.headers.items() if name.lower() == "allow"}
    return answer(Problem(response.status_code, **headers))
