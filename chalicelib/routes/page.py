"""A page for a customer or an owner: one frame, words in her language, nothing loaded from anywhere, no script but a
named one. Whoever answers with one never raises and never logs the address: the token stands in it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from urllib.parse import parse_qs

from chalice import Response
from chalice.app import Request
from markupsafe import Markup

from chalicelib.domain.shop import Shop
from chalicelib.domain.speech import Speech
from chalicelib.keys import BadToken
from chalicelib.routes.safely import BUSY
from chalicelib.work import page_words
from chalicelib.work.log import logger, unforeseen

PAGES = Path(__file__).parent / "pages"
FORM_TYPES = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain", "*/*"]
LARGEST_FORM = 32_000
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
Values = Mapping[str, object]


def page(kind: str, language: str, values: Values, shop: str = "", script: str = "", status: int = 200) -> Response:
    """The page `kind` (a template beside this file). `values`: what its template says, `title` among them; `script`:
    the file of the one script that may run."""
    from chalicelib.work import liquid  # a tenth of the start of the whole API, which seldom shows a page

    said = {"language": language, "direction": Speech(language).direction, "shop": shop, **values}
    body = liquid.render(kind, _source(f"{kind}.liquid"), said, html=True)
    code, style = (_source(script).strip() if script else ""), _source("page.css").strip()
    frame = {"body": Markup(body), "style": Markup(style), "script": Markup(code)}  # noqa: S704 rendered escaped, ours
    whole = liquid.render("page", _source("page.liquid"), {**said, **frame}, html=True)
    return Response(whole, status_code=status, headers={**_HEADERS, "Content-Security-Policy": _policy(style, code)})


def notice(name: str, language: str, shop: str = "", status: int = 200) -> Response:
    """A page of a heading and a sentence: `bad_link`, `busy`, `gone`."""
    words = page_words.section(language, name)
    return page("notice", language, {"title": words["title"], "text": words["text"]}, shop, status=status)


def answered(route: str, request: Request, do: Callable[[], Response]) -> Response:
    """What `do` answers, or a page that says why not."""
    language = spoken(request)
    try:
        return do()
    except BadToken:
        return notice("bad_link", language, status=404)
    except BUSY as trouble:
        logger.warning("busy", extra={"route": route, "reason": type(trouble).__name__})
        return busy(language)
    except Exception as error:
        unforeseen(error, route=route)
        return notice("busy", language, status=500)


def busy(language: str) -> Response:
    """A mail program that clicks for her tries again only where it is told to."""
    response = notice("busy", language, status=503)
    response.headers["Retry-After"] = "30"
    return response


def spoken(request: Request) -> str:
    """The browser's language, where nobody's own is known: the first of Accept-Language that pages are written in."""
    for part in request.headers.get("accept-language", "")[:200].split(","):
        language = part.split(";")[0].strip().split("-")[0].lower()
        if language in page_words.languages():
            return language
    return "en"


def form(request: Request) -> dict[str, list[str]]:
    """What a form sent; nothing of one that is too large."""
    body = request.raw_body or b""
    if len(body) > LARGEST_FORM:
        return {}
    return parse_qs(body.decode("latin-1"), keep_blank_values=True, errors="replace")


def queried(request: Request, name: str) -> str:
    """A query parameter, "" without one."""
    return str((request.query_params or {}).get(name) or "")


def shop_name(shop: Shop) -> str:
    return shop.name or shop.slug


def _policy(style: str, script: str) -> str:
    allowed = [f"style-src '{_digest(style)}'", *([f"script-src '{_digest(script)}'"] if script else [])]
    return "; ".join(
        ("default-src 'none'", *allowed, "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'")
    )


@lru_cache(maxsize=8)
def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@lru_cache(maxsize=32)
def _source(name: str) -> str:
    return (PAGES / name).read_text(encoding="utf-8")
