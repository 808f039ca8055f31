"""The storefront's script, as `make widget` wrote it: the newest under one address, every version under its own for
ever; and the module and its types for those who draw slots themselves. Open to every page, no key."""

from __future__ import annotations

import json
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from chalice import Blueprint, Response

from chalicelib.routes.problems import Problem, answer

widget = Blueprint(__name__)
STOREFRONT = Path(__file__).parents[1] / "storefront"
SERVED = STOREFRONT / "served"
_SCRIPT, _TYPES, _JSON = "text/javascript; charset=utf-8", "text/plain; charset=utf-8", "application/json"
# A page may show yesterday's script while the browser fetches today's.
_NEWEST = "public, max-age=300, stale-while-revalidate=86400"
_FOR_EVER = "public, max-age=31536000, immutable"
_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}


@lru_cache(maxsize=16)
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def newest() -> dict[str, Any]:
    """version, bytes, gzipped (bytes too) and integrity of the newest script."""
    found: dict[str, Any] = json.loads(_text(SERVED / "newest.json"))
    return found


@widget.route("/widget.js", methods=["GET", "HEAD"], content_types=["*/*"])
def get_widget() -> Response:
    """The newest. HEAD is how monitors ask whether anybody is there."""
    return _file(_text(SERVED / f"{newest()['version']}.js"), _SCRIPT)


@widget.route("/widget/{file}", content_types=["*/*"])
def get_widget_version(file: str) -> Response:
    """`<version>.js`: the same bytes for ever, so that a page can name their hash."""
    if file not in _versions():
        return answer(Problem(404, "There is no such version of the script.", Access_Control_Allow_Origin="*"))
    return _file(_text(SERVED / file), _SCRIPT, _FOR_EVER)


@widget.route("/widget.json", content_types=["*/*"])
def get_widget_facts() -> Response:
    """What a page names that wants one version: its address (relative to this one's) and its hash."""
    told = {"version": newest()["version"], "url": f"widget/{newest()['version']}.js"}
    told |= {name: newest()[name] for name in ("integrity", "bytes", "gzipped")}
    return _file(json.dumps(told), _JSON)


@widget.route("/ecrm.js", content_types=["*/*"])
def get_module() -> Response:
    """The ES module."""
    return _file(_text(STOREFRONT / "ecrm.js"), _SCRIPT)


@widget.route("/ecrm.d.ts", content_types=["*/*"])
def get_types() -> Response:
    """Its types, and those of what the script puts into a page."""
    return _file(_text(STOREFRONT / "ecrm.d.ts"), _TYPES)


def _file(text: str, kind: str, kept: str = _NEWEST) -> Response:
    tag = f'"{sha256(text.encode()).hexdigest()[:16]}"'
    headers = {"Content-Type": kind, "Cache-Control": kept, "ETag": tag, **_HEADERS}
    if tag in (widget.current_request.headers.get("if-none-match") or ""):
        return Response("", headers, 304)
    return Response("" if widget.current_request.method == "HEAD" else text, headers)


@lru_cache(maxsize=1)
def _versions() -> frozenset[str]:
    return frozenset(path.name for path in SERVED.glob("*.js"))
