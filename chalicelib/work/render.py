"""One mail for one person: a flow's templates, its language's words and the shared layout, in HTML and in text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import css_inline
from markupsafe import Markup

from chalicelib import flows
from chalicelib.domain.events import Product
from chalicelib.domain.order import Order
from chalicelib.domain.shop import Shop
from chalicelib.domain.speech import Speech, best_locale
from chalicelib.domain.times import stamp
from chalicelib.work import liquid, mail_values
from chalicelib.work.liquid_bounds import BadTemplate

__all__ = ("BadTemplate", "Mail", "render_mail")

LONGEST_SUBJECT = 150
LONGEST_PREHEADER = 200
# After the preheader, so that inboxes do not show the mail's first lines behind it.
_PAD = "\u00a0\u200c" * 60
_STYLES = {
    "en": {
        "font": "-apple-system, BlinkMacSystemFont, Segoe UI, Roboto, Helvetica Neue, Arial, sans-serif",
        "heading_font": "Georgia, Cambria, Times New Roman, serif",
        "heading_weight": "400",
        "line_height": "1.65",
    },
    "fa": {
        "font": "Vazirmatn, Vazir, IRANSans, Segoe UI, Tahoma, Noto Sans Arabic, Arial, sans-serif",
        "heading_font": "Vazirmatn, Vazir, IRANSans, Segoe UI, Tahoma, Noto Sans Arabic, Arial, sans-serif",
        "heading_weight": "700",
        "line_height": "2",
    },
}
_RLM = "\u200f"
_INLINER = css_inline.CSSInliner(keep_style_tags=False, keep_at_rules=True, load_remote_stylesheets=False)


@dataclass(frozen=True, slots=True)
class Mail:
    """What the channel sends. `subject` and `preheader` are one line each."""

    subject: str
    preheader: str
    html: str
    text: str


def render_mail(
    flow: str,
    *,
    shop: Shop,
    order: Order,
    language: str,
    links: Mapping[str, str],
    products: Mapping[str, Product],
    now: datetime,
) -> Mail:
    """The mail of a shipped flow in one of `flows.languages()`. `links`: shop, order, rating, preferences, and for
    marketing unsubscribe; what is no http address is left out. Raises BadTemplate."""
    if flows.shipped()[flow].purpose == "marketing" and not mail_values.web_address(links.get("unsubscribe")):
        raise BadTemplate(f"{flow}: marketing needs links['unsubscribe']")
    speech = Speech(best_locale(language, order.buyer.locale, shop.locale))
    values = _values(shop, order, speech, language, links, products, now)
    matter, body = _parts(flows.template(f"{flow}/{language}.html.liquid"))
    said = {
        key: liquid.render(f"{flow}/{language} {key}", source, values, html=False) for key, source in matter.items()
    }
    subject = mail_values.clip(said["subject"], LONGEST_SUBJECT)
    values |= {"subject": subject, "preheader": mail_values.clip(said["preheader"], LONGEST_PREHEADER)}
    return Mail(
        subject=subject,
        preheader=str(values["preheader"]),
        html=_html(f"{flow}/{language}.html.liquid", body, values),
        text=_text(f"{flow}/{language}.text.liquid", values),
    )


def _values(
    shop: Shop,
    order: Order,
    speech: Speech,
    language: str,
    links: Mapping[str, str],
    products: Mapping[str, Product],
    now: datetime,
) -> dict[str, object]:
    words = _words(language)
    about_shop = mail_values.shop_values(shop, speech)
    return {
        "language": speech.tag,
        "direction": speech.direction,
        "start": "right" if speech.direction == "rtl" else "left",
        "end": "left" if speech.direction == "rtl" else "right",
        "today": speech.date(stamp(now), shop.timezone),
        "shop": about_shop,
        "customer": mail_values.customer_values(order, speech),
        "order": mail_values.order_values(order, products, shop, speech, words),
        "links": mail_values.link_values(links),
        "words": {**words, "why": words["why"].format(shop=about_shop["name"])},
    }


def _html(name: str, body: str, values: Mapping[str, object]) -> str:
    said = liquid.render(name, body, _with_order(values, html=True), html=True)
    style = _STYLES.get(str(values["language"]).split("-")[0], _STYLES["en"])
    layout = {**values, **style, "body": Markup(said), "preheader_pad": _PAD}  # noqa: S704 rendered with escaping above
    page = liquid.render("layout.html.liquid", flows.template("layout.html.liquid"), layout, html=True)
    return _INLINER.inline(page)


def _text(name: str, values: Mapping[str, object]) -> str:
    said = liquid.render(name, flows.template(name), _with_order(values, html=False), html=False)
    layout = flows.template("layout.text.liquid")
    page = liquid.render("layout.text.liquid", layout, {**values, "body": said.strip()}, html=False)
    page = re.sub(r"\n{3,}", "\n\n", page).strip() + "\n"
    return _right_to_left(page) if values["direction"] == "rtl" else page


def _with_order(values: Mapping[str, object], *, html: bool) -> dict[str, object]:
    """`order.receipt` (with prices) and `order.items` (without), ready to stand in a body."""
    name = f"order.{'html' if html else 'text'}.liquid"
    source = flows.template(name)
    receipt, items = (
        liquid.render(name, source, {**values, "prices": prices}, html=html).strip() for prices in (True, False)
    )
    mark = Markup if html else str
    order = values["order"]
    assert isinstance(order, dict)  # noqa: S101 made by order_values
    return {**values, "order": {**order, "receipt": mark(receipt), "items": mark(items)}}


def _right_to_left(text: str) -> str:
    """Lines that start with a digit or a Latin name would be laid out from the left without a mark."""
    lines = text.split("\n")
    return "\n".join(_RLM + line if line and not line.startswith("http") else line for line in lines)


@lru_cache(maxsize=256)
def _parts(source: str) -> tuple[dict[str, str], str]:
    """Front matter (`subject`, `preheader`) and body."""
    _, matter, body = source.split("---\n", 2)
    return _pairs(matter), body


@lru_cache(maxsize=16)
def _words(language: str) -> dict[str, str]:
    return _pairs(flows.template(f"layout.{language}.words"))


def _pairs(text: str) -> dict[str, str]:
    return {key: value.strip() for key, _, value in (line.partition(":") for line in text.splitlines()) if value}
