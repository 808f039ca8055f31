"""One click in a mail says how it was. GET stores nothing: scanners follow links. In a browser with JavaScript the page
sends itself, once; without it there is one button."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from chalice import Blueprint, Response

from chalicelib import clock
from chalicelib.domain.speech import Speech
from chalicelib.routes.page import FORM_TYPES, answered, form, page, queried, shop_name
from chalicelib.settings import settings
from chalicelib.work import page_words, ratings
from chalicelib.work.mail_values import web_address
from chalicelib.work.ratings import Rated

rating_pages = Blueprint(__name__)
STARS = ("1", "2", "3", "4", "5")


@rating_pages.route("/r/{token}", methods=["GET"], content_types=FORM_TYPES)
def show_rating(token: str) -> Response:
    """`?stars=4`: with that star chosen."""

    def shown(rated: Rated, now: datetime) -> Response:
        stars = queried(rating_pages.current_request, "stars")
        return _page(rated, int(stars) if stars in STARS else None, now)

    return _for(token, shown)


@rating_pages.route("/r/{token}", methods=["POST"], content_types=FORM_TYPES)
def rate(token: str) -> Response:
    """`stars`, and perhaps `words`."""

    def stored(rated: Rated, now: datetime) -> Response:
        sent = form(rating_pages.current_request)
        stars, words = sent.get("stars", [""])[0], sent.get("words", [""])[0]
        if stars not in STARS:
            return _page(rated, None, now)
        ratings.rate(rated, int(stars), words, now)
        return _page(ratings.open_rating(token, now, settings().master), None, now)

    return _for(token, stored)


def _for(token: str, show: Callable[[Rated, datetime], Response]) -> Response:
    def opened() -> Response:
        now = clock.now()
        return show(ratings.open_rating(token, now, settings().master), now)

    return answered("rating", rating_pages.current_request, opened)


def _page(rated: Rated, clicked: int | None, now: datetime) -> Response:
    """`clicked`: the star she comes with. What is stored already is changed by a button only: of several links of one
    mail a scanner may follow each."""
    view, held = rated.view, rated.held
    words, speech = page_words.section(view.language, "rating"), Speech(view.language)
    changes = held is not None and clicked not in (None, held.stars)
    stored = held.stars if held and not changes else None
    is_open, date = rated.is_open(now), speech.date(rated.until, view.shop.timezone) if rated.until else ""
    chosen = clicked or (held.stars if held else None)
    values = {
        "title": words["thanks" if stored else "title"],
        "words": words,
        "said": words[f"thanks_{_mood(stored)}"] if stored else None,
        "review": web_address(view.shop.review_url) if stored and stored >= ratings.HIGH else None,
        "open": is_open,
        "done": bool(stored),
        "known": bool(held and held.words),
        "button": words["send" if held is None else "change" if changes else "save"],
        "until": words["until"].format(date=date) if held else None,
        "stars": [_star(n, words, speech, n == chosen) for n in range(1, 6)],
    }
    script = "rating.js" if held is None and clicked else ""
    return page("rating", view.language, values, shop_name(view.shop), script)


def _mood(stars: int) -> str:
    return "low" if stars <= ratings.LOW else "high" if stars >= ratings.HIGH else "middle"


def _star(stars: int, words: dict[str, str], speech: Speech, on: bool) -> dict[str, object]:
    number = speech.number(stars)
    return {"name": str(stars), "number": number, "label": words["star"].format(n=number), "on": on}
