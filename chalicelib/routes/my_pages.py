"""A customer's own page: her orders, her data, erasing it. Behind a link of fifteen minutes, and nothing on it lives
longer: every form and link leads to the page's own address."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from chalice import Blueprint, Response

from chalicelib import clock
from chalicelib.domain.speech import Speech
from chalicelib.keys import BadToken
from chalicelib.routes.page import FORM_TYPES, answered, form, notice, page, queried, shop_name
from chalicelib.settings import settings
from chalicelib.work import aws, export, page_words, privacy, read_mine, self_service
from chalicelib.work.preferences import View

my_pages = Blueprint(__name__)
WHO = "customer"
LARGEST_ANSWER = 5_000_000  # bytes: Lambda's answers end at 6 MB


@my_pages.route("/my/{token}", methods=["GET"], content_types=FORM_TYPES)
def show_mine(token: str) -> Response:
    """Her orders; with `?show=erase`, what erasing means."""

    def shown(view: View, now: datetime) -> Response:
        return _erase_page(view, "") if queried(my_pages.current_request, "show") == "erase" else _mine_page(view, "")

    return _for(token, shown)


@my_pages.route("/my/{token}", methods=["POST"], content_types=FORM_TYPES)
def do_mine(token: str) -> Response:
    """`do`: data | erase (with `sure=yes`)."""

    def done(view: View, now: datetime) -> Response:
        sent = form(my_pages.current_request)
        did, sure = sent.get("do", [""])[0], sent.get("sure", [""])[0] == "yes"
        if did == "erase" and sure:
            return _erased(view, now)
        if view.customer is None:
            return _mine_page(view, "")
        if did == "erase":
            return _erase_page(view, "unsure")
        return _data(view, now) if did == "data" else _mine_page(view, "")

    return _for(token, done)


def _for(token: str, show: Callable[[View, datetime], Response]) -> Response:
    def opened() -> Response:
        now = clock.now()
        return show(self_service.open_mine(token, now, settings().master), now)

    return answered("my", my_pages.current_request, opened)


def _mine_page(view: View, did: str) -> Response:
    if view.customer is None:
        return notice("gone", view.language, shop_name(view.shop))
    words, speech = page_words.section(view.language, "mine"), Speech(view.language)
    found, more = read_mine.orders_of(view.shop, view.customer, speech, words)
    values = {
        "title": words["title"],
        "words": words,
        "said": words[did] if did else None,
        "orders": found,
        "newest": words["newest"].format(n=speech.number(len(found))) if more else None,
    }
    return page("mine", view.language, values, shop_name(view.shop))


def _data(view: View, now: datetime) -> Response:
    """Everything held about her, as a file."""
    assert view.customer  # noqa: S101 asked before
    text = json.dumps(export.export(view.shop, view.customer.id, now, who=WHO), ensure_ascii=False, indent=1)
    if len(text.encode()) > LARGEST_ANSWER:
        return _mine_page(view, "data_large")
    headers = {
        "Content-Type": "application/json",
        "Content-Disposition": f'attachment; filename="{view.shop.slug}-my-data.json"',
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex",
    }
    return Response(text, headers)


def _erase_page(view: View, did: str) -> Response:
    if view.customer is None:
        return notice("gone", view.language, shop_name(view.shop))
    words = page_words.section(view.language, "erase")
    values = {"title": words["title"], "words": words, "said": words[did] if did else None}
    return page("erase", view.language, values, shop_name(view.shop))


def _erased(view: View, now: datetime) -> Response:
    """The receipt; the same one, should the answer have got lost and she presses again."""
    try:
        receipt = privacy.erase(view.shop, view.link.customer, now, aws.journal(), who=WHO)
    except privacy.NoSuchCustomer:
        raise BadToken("no such customer") from None
    words, speech = page_words.section(view.language, "erased"), Speech(view.language)
    values: dict[str, Any] = {
        "title": words["title"],
        "words": words,
        "at": speech.date(receipt["erased_at"], view.shop.timezone),
        "orders": speech.number(receipt["orders"]),
        "messages": speech.number(receipt["follow_ups_cancelled"]),
        "receipt": receipt["customer_id"],
    }
    return page("erased", view.language, values, shop_name(view.shop))
