"""The two links of a mail. Whoever holds the link may use it. GET only shows, so that a scanner that follows every link
changes nothing; POST acts, also for the one click of RFC 8058."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from urllib.parse import parse_qs

from chalice import Blueprint, Response
from markupsafe import Markup

from chalicelib import clock, thin
from chalicelib.domain.speech import Speech
from chalicelib.keys import BadToken
from chalicelib.settings import settings
from chalicelib.table import base
from chalicelib.work import aws, preferences

mail_links = Blueprint(__name__)
PAGES = Path(__file__).parent / "pages"
HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "Content-Security-Policy": "; ".join(
        ("default-src 'none'", "style-src 'unsafe-inline'", "form-action 'self'", "frame-ancestors 'none'")
    ),
}
_BUSY = {**HEADERS, "Retry-After": "30"}
_FORM = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain", "*/*"]


@mail_links.route("/u/{token}", methods=["GET"])
def ask_unsubscribe(token: str) -> Response:
    """Shows one button."""
    return _answer("unsubscribe", token, lambda form: None)


@mail_links.route("/u/{token}", methods=["POST"], content_types=_FORM)
def unsubscribe(token: str) -> Response:
    """One click of the mail program, or the page's button."""
    return _answer("unsubscribe", token, lambda form: "unsubscribed")


@mail_links.route("/m/{token}", methods=["GET"])
def show_preferences(token: str) -> Response:
    """Shows what she gets."""
    return _answer("preferences", token, lambda form: None)


@mail_links.route("/m/{token}", methods=["POST"], content_types=_FORM)
def change_preferences(token: str) -> Response:
    """`marketing=subscribed` or `marketing=unsubscribed`."""
    return _answer("preferences", token, lambda form: form if form in preferences.STATES else None)


def _answer(purpose: str, token: str, chosen: Callable[[str], str | None]) -> Response:
    now, given = clock.now(), settings()
    try:
        choice, link = preferences.open_choice(purpose, token, now, given.master)
        state = chosen(_marketing())
        if state:
            preferences.choose(choice.shop, link, state, now, aws.journal())
            choice, _ = preferences.open_choice(purpose, token, now, given.master)
    except BadToken:
        return _page(404, "en", {"state": "bad_link", "shop": "", "purpose": purpose, "wanted": False})
    except (base.Trouble, thin.Trouble):  # a mail program that clicks for her tries again only where it is told to
        return _page(503, "en", {"state": "busy", "shop": "", "purpose": purpose, "wanted": False}, _BUSY)
    shown = "done" if state else "wanted" if choice.wanted else "unwanted"
    values = {"state": shown, "wanted": choice.wanted, "shop": choice.shop.name or choice.shop.slug, "purpose": purpose}
    return _page(200, choice.language, values)


def _marketing() -> str:
    body = mail_links.current_request.raw_body or b""
    return parse_qs(body[:10_000].decode("latin-1")).get("marketing", [""])[0]


def _page(status: int, language: str, values: dict[str, object], headers: dict[str, str] = HEADERS) -> Response:
    from chalicelib.work import liquid  # a tenth of the start of the whole API, which seldom shows a page

    said = {**values, "language": language, "direction": Speech(language).direction}
    body = liquid.render(f"preferences.{language}", _source(f"preferences.{language}"), said, html=True)
    page = liquid.render("page", _source("page"), {**said, "body": Markup(body)}, html=True)  # noqa: S704, rendered escaped
    return Response(page, status_code=status, headers=headers)


@lru_cache(maxsize=16)
def _source(name: str) -> str:
    return (PAGES / f"{name}.liquid").read_text(encoding="utf-8")
