"""One message for one person: a text's words, its values and the shared frame, as a mail or as one line."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import css_inline
from markupsafe import Markup

from chalicelib import languages
from chalicelib.domain.speech import Speech, best_locale
from chalicelib.domain.text import BadTemplate, Text
from chalicelib.domain.times import stamp
from chalicelib.work import liquid, mail_values
from chalicelib.work.about import About
from chalicelib.work.liquid_bounds import SECONDS
from chalicelib.work.order_values import order_values

__all__ = ("BadTemplate", "Mail", "check_text", "render_line", "render_mail", "render_title")

LONGEST_SUBJECT = 150
LONGEST_PREHEADER = 200
LONGEST_LINE = {"sms": 1_000, "onsite": 500}
LONGEST_HTML = 60_000  # bytes
# After the preheader, so that inboxes do not show the mail's first lines behind it.
_PAD = "\u00a0\u200c" * 60
_RLM = "\u200f"
_ISOLATES = {0x2068: None, 0x2069: None}
_STYLE = ("font", "heading_font", "heading_weight", "line_height")
_INLINER = css_inline.CSSInliner(keep_style_tags=False, keep_at_rules=True, load_remote_stylesheets=False)
# What a condition left empty of what stood around it.
_HOLLOW = re.compile(r"<(p|li|h1|h2)(?: class=\"muted\")?>(?:\s|<br>)*</\1>")
_HOLLOW_LIST = re.compile(r"<ul>\s*</ul>")
_HOLLOW_START = re.compile(r"(<(?:p|li)[^>]*>)(?:\s|<br>)+")
_HOLLOW_ITEM = re.compile(r"^-\s*\n", re.MULTILINE)
# How a block is asked for, what it is about, its template, and what that wants to know besides.
_BLOCKS: tuple[tuple[str, str, str, str, dict[str, object]], ...] = (
    ("receipt", "order", "receipt", "order", {"prices": True}),
    ("items", "order", "items", "order", {"prices": False}),
    ("picks", "picks", "", "picks", {}),
    ("card", "coupon", "card", "coupon", {}),
    ("rating", "rating", "", "rating", {}),
)


@dataclass(frozen=True, slots=True)
class Mail:
    """What the channel sends. `subject` and `preheader` are one line each."""

    subject: str
    preheader: str
    html: str
    text: str


def render_mail(text: Text, about: About) -> Mail:
    """The mail that `text` makes of the matter. Marketing must have links['unsubscribe']. Raises BadTemplate."""
    if about.purpose == "marketing" and not mail_values.web_address(about.links.get("unsubscribe")):
        raise BadTemplate(f"{_name(text)}: marketing needs links['unsubscribe']")
    pen = _Pen(text, about)
    subject = pen.line("subject", text.subject, LONGEST_SUBJECT)
    if not subject:
        raise BadTemplate(f"{_name(text)} subject: says nothing here; write one that stands without its values")
    pen.values["subject"], pen.values["preheader"] = subject, pen.line("preheader", text.preheader, LONGEST_PREHEADER)
    return Mail(subject, str(pen.values["preheader"]), _html(pen), _text(pen))


def render_line(text: Text, kind: str, about: About) -> str:
    """What `text` says by `kind` (sms | onsite): one line of plain text, no markup. Raises BadTemplate."""
    source = {"sms": text.sms, "onsite": text.onsite}[kind]
    pen = _Pen(text, about)
    pen.values["stop"] = stop = _stop(about) if kind == "sms" and about.purpose == "marketing" else ""
    line = pen.line(kind, source, LONGEST_LINE[kind]) if source else ""
    if not line:
        raise BadTemplate(f"{_name(text)}: says nothing by {kind}; add a line {kind}: … above its second ---")
    if stop in line:
        return line
    # Its author forgot it, or it was cut off: the way out is there.
    return f"{mail_values.clip(line, LONGEST_LINE[kind] - len(stop) - 1)} {stop}"


def render_title(text: Text, about: About) -> str:
    """The text's subject, as it stands above the line on the shop's own pages; "" where it says nothing here. Raises
    BadTemplate."""
    return _Pen(text, about).line("subject", text.subject, LONGEST_SUBJECT)


class _Pen:
    """Writes the parts of one message: from the same values, and within one bound of time."""

    def __init__(self, text: Text, about: About) -> None:
        self.text, self.about = text, about
        self.words = languages.words(about.language)
        self.speech = Speech(best_locale(about.language, about.locale, about.shop.locale))
        self.values = _values(about, self.words, self.speech)
        self.began = time.thread_time()

    def write(self, part: str, source: str, values: Mapping[str, object], *, html: bool = False) -> str:
        name = f"{_name(self.text)} {part}"
        return liquid.render(name, source, values, html=html, seconds=self.left())

    def line(self, part: str, source: str, most: int) -> str:
        """In a line nothing but text stands: what keeps a name's direction apart would cost an SMS half its room."""
        return mail_values.clip(self.write(part, source, self.values).translate(_ISOLATES), most)

    def frame(self, name: str, values: Mapping[str, object], *, html: bool) -> str:
        """One of our own templates."""
        file = f"{name}.{'html' if html else 'text'}.liquid"
        return liquid.render(file, languages.template(file), values, html=html, seconds=self.left())

    def left(self) -> float:
        return SECONDS - (time.thread_time() - self.began)

    def with_blocks(self, source: str, *, html: bool) -> dict[str, Any]:
        """The values, and those blocks ready to stand in a body that `source` asks for."""
        told: dict[str, Any] = dict(self.values)
        mark = Markup if html else str
        for asked, of, field, template, more in _BLOCKS:
            if asked in source and self.values[of]:
                block = mark(self.frame(template, {**self.values, **more}, html=html).strip())
                told[of] = {**told[of], field: block} if field else block
        if html and told["coupon"]:
            # Its letters run from the left wherever it stands, and nothing unseen is copied with it.
            code = Markup('<span dir="ltr">{}</span>').format(told["coupon"]["code"])
            told["coupon"] = {**told["coupon"], "code": code}
        return told


def _values(about: About, words: Mapping[str, str], speech: Speech) -> dict[str, Any]:
    shop = mail_values.shop_values(about.shop, speech)
    links = mail_values.link_values(about.links)
    rows = [mail_values.pick_values(p, about.shop, speech, words) for p in about.picks[: mail_values.PICKS_SHOWN]]
    order, coupon = about.order, about.coupon
    rtl = speech.direction == "rtl"
    return {
        "language": speech.tag,
        "direction": speech.direction,
        "start": "right" if rtl else "left",
        "end": "left" if rtl else "right",
        "today": speech.date(stamp(about.now), about.shop.timezone),
        "shop": shop,
        "customer": mail_values.customer_values(about.name or (order.buyer.name if order else ""), speech),
        "order": order and order_values(order, about.products, about.shop, speech, words),
        "coupon": coupon and mail_values.coupon_values(coupon, about.shop, speech, words),
        "links": links,
        # In a line they are their titles and an address; in a mail's body, blocks.
        "picks": ", ".join(row["title"] for row in rows) or None,
        "rows": rows,
        "pictures": any(row["image"] for row in rows),
        "product": rows[0] if rows else None,
        "rating": links["rating"],
        "stars": mail_values.star_values(links["rating"], speech, words) if links["rating"] else [],
        "stop": "",
        "words": words,
        "because": words["because_order" if order else "because_address"].format(shop=shop["name"]),
    }


def _html(pen: _Pen) -> str:
    source = pen.text.html
    said = pen.write("html", source, pen.with_blocks(source, html=True), html=True)
    said = _HOLLOW_LIST.sub("", _HOLLOW.sub("", _HOLLOW_START.sub(r"\1", said))).strip()
    style = {name: pen.words[name] for name in _STYLE}
    layout = {**pen.values, **style, "body": Markup(said), "preheader_pad": _PAD}  # noqa: S704 rendered with escaping
    page = _INLINER.inline(pen.frame("layout", layout, html=True))
    if len(page.encode()) > LONGEST_HTML:
        raise BadTemplate(f"{_name(pen.text)}: its mail has more than {LONGEST_HTML} bytes of HTML; shorten the text")
    return page


def _text(pen: _Pen) -> str:
    source = pen.text.text
    said = pen.write("text", source, pen.with_blocks(source, html=False))
    said = _HOLLOW_ITEM.sub("", said).strip()
    page = pen.frame("layout", {**pen.values, "body": said}, html=False)
    page = re.sub(r"\n{3,}", "\n\n", page).strip() + "\n"
    return _right_to_left(page) if pen.speech.direction == "rtl" else page


def _right_to_left(text: str) -> str:
    """Lines that start with a digit or a Latin name would be laid out from the left without a mark."""
    lines = text.split("\n")
    return "\n".join(_RLM + line if line and not line.startswith("http") else line for line in lines)


def check_text(text: Text, purpose: str, given: Collection[str] = ("order",)) -> list[str]:
    """What would go wrong with `text`, for whom, and what to do (`work.checking`)."""
    from chalicelib.work import checking  # never while sending

    return checking.check_text(text, purpose, given)


def _stop(about: About) -> str:
    """A sender that is a name cannot be answered: then there is the link."""
    from chalicelib.domain.sms import stop_notice  # seldom needed

    told = about.stop or stop_notice(about.language, about.shop.country, about.shop.channels.get("sms", {}))
    return told or mail_values.web_address(about.links.get("unsubscribe")) or ""


def _name(text: Text) -> str:
    return f"{text.language}/{text.name}"
