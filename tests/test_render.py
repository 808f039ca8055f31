"""The mails: every flow in every language, with kind and with hostile data; and templates that mean harm."""

from __future__ import annotations

import re
import time
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest

from chalicelib import flows
from chalicelib.domain.events import Product
from chalicelib.domain.order import Buyer, Line, Order
from chalicelib.domain.shop import Shop
from chalicelib.work import liquid
from chalicelib.work.liquid_bounds import BadTemplate
from chalicelib.work.mail_values import clip, extras, greeting_name, web_address
from chalicelib.work.render import Mail, render_mail

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
FLOWS = tuple(flows.shipped())
LANGUAGES = flows.languages()
EVERY = [(flow, language) for flow in FLOWS for language in LANGUAGES]
LINKS = {
    "shop": "https://toranj.test/",
    "order": "https://toranj.test/orders/16",
    "rating": "https://api.test/r/f_1",
    "preferences": "https://api.test/m/abc",
    "unsubscribe": "https://api.test/u/abc",
}
TORANJ = Shop(
    slug="toranj",
    platform="woocommerce",
    connected_at="2026-01-01T00:00:00Z",
    locale="fa-IR",
    currency="IRT",
    timezone="Asia/Tehran",
    sender="پوشاک ترنج <shop@toranj.test>",
    postal_address="تهران، خیابان ولی‌عصر، پلاک ۱۲",
    name="پوشاک ترنج",
)
LINDEN = replace(TORANJ, slug="linden", locale="en-US", currency="USD", name="Linden Home", postal_address="12 Elm St")


def line(title: str, quantity: int = 1, total: int = 2_990_000, product: str | None = None) -> Line:
    return Line(product, None, None, title, quantity, total, total)


ORDER = Order(
    id="16",
    number="16",
    status="placed",
    payment="none",
    fulfilment="none",
    currency="IRR",
    currency_original="IRT",
    total=6_330_000,
    subtotal=5_980_000,
    discount=0,
    tax=0,
    shipping=350_000,
    placed_at="2026-11-21T21:02:00Z",
    updated_at="2026-11-21T21:02:00Z",
    cash_on_delivery=True,
    buyer=Buyer(email="sara@example.test", name="سارا محمدی", locale="fa-IR"),
    lines=(line("پیراهن مردانه نخی", product="10"), line("شلوار کتان Slim Fit")),
)
SHIRT = Product("10", "پیراهن", "2026-11-01T00:00:00Z", "https://toranj.test/p/10", "https://toranj.test/p/10.jpg")


def mail(flow: str = "thank-you", language: str = "fa", **changes: Any) -> Mail:
    given = {"shop": TORANJ, "order": ORDER, "links": LINKS, "products": {"10": SHIRT}, **changes}
    return render_mail(flow, language=language, now=NOW, **given)


class Page(HTMLParser):
    """What a reader and a client see of a mail."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.attributes: list[str] = []
        self.said = ""
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag not in ("meta", "img", "br", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, "tags close in the order in which they opened"

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.said += data


EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1)>{{ shop.name }}{% if %}'
NASTY: dict[str, dict[str, Any]] = {
    "as it should be": {},
    "no name": {"order": replace(ORDER, buyer=Buyer(email="a@b.test"))},
    "no lines": {"order": replace(ORDER, lines=())},
    "no pictures, no products": {"products": {}},
    "no links but those it must have": {"links": {"unsubscribe": LINKS["unsubscribe"]}},
    "no postal address": {"shop": replace(TORANJ, postal_address="")},
    "no shop name": {"shop": replace(TORANJ, name="", sender="")},
    "a name of 200 letters": {"order": replace(ORDER, buyer=Buyer(name="س" * 200))},
    "a name of 200 words": {"order": replace(ORDER, buyer=Buyer(name="سارا " * 200))},
    "HTML and Liquid everywhere": {
        "order": replace(ORDER, number=EVIL, buyer=Buyer(name=EVIL), lines=(line(EVIL, product="10"),)),
        "shop": replace(TORANJ, name=EVIL, postal_address=EVIL),
        "products": {"10": replace(SHIRT, title=EVIL, url=EVIL, image=EVIL)},
        "links": {**LINKS, "shop": EVIL, "order": "javascript:alert(1)"},
    },
    "emoji and joined letters": {
        "order": replace(ORDER, buyer=Buyer(name="سارا 👩🏽‍🚀"), lines=(line("🎁 ست ۳ تایی"), line("👨‍👩‍👧")))
    },
    "line breaks, NUL and bidi overrides": {
        "order": replace(
            ORDER, number="16\r\nBcc: a@b.test", buyer=Buyer(name="سا\u202eرا\0\r\nX: y"), lines=(line("a\u2066b\nc"),)
        )
    },
    "a title of 5,000 letters": {"order": replace(ORDER, lines=(line("پیراهن " * 700),))},
    "a line without a title": {"order": replace(ORDER, lines=(line(""), line("  ")))},
    "300 lines": {"order": replace(ORDER, lines=tuple(line(f"کالای {n}") for n in range(300)))},
    "nothing but lines of none": {"order": replace(ORDER, lines=(line("پیراهن", quantity=0),))},
    "a free order in an odd currency": {"order": replace(ORDER, total=0, currency="ZZZ", currency_original="ZZZ")},
    "an unknown zone and locale": {"shop": replace(TORANJ, timezone="Nowhere/Land", locale="zz-ZZ")},
    "a percent sign and braces": {"order": replace(ORDER, lines=(line("{n} 100% {0} {shop} %s"),))},
}


@pytest.mark.parametrize("nasty", NASTY.values(), ids=NASTY.keys())
@pytest.mark.parametrize(("flow", "language"), EVERY)
def test_every_mail_is_whole_whatever_the_data(flow: str, language: str, nasty: dict[str, Any]) -> None:
    made = mail(flow, language, **nasty)
    page = Page(made.html)
    assert page.open == []
    evil = "HTML" in str(nasty) or "script" in str(nasty)
    for part in (made.subject, made.preheader, page.said, made.text):
        assert part.strip()
        for hole in ("None", "Undefined", "Hello ,", "سلام  ", "سلام عزیز", "  ,", "()", "(: ", "nan", "Liquid"):
            assert hole not in part
        if not evil and "{0}" not in str(nasty):
            assert not re.search(r"\{\{|\}\}|\{%|%\}|\{[a-z]*\}", part)
    assert not re.search(r"[\r\n]", made.subject)
    assert len(made.subject) <= 150
    assert len(made.html.encode()) < 60_000
    assert len(made.text) < 10_000


@pytest.mark.parametrize(("flow", "language"), EVERY)
def test_nothing_from_outside_becomes_markup_or_an_address(flow: str, language: str) -> None:
    made = mail(flow, language, **NASTY["HTML and Liquid everywhere"])
    page = Page(made.html)
    assert "script" not in page.tags
    assert "onerror" not in page.attributes
    assert set(page.addresses) <= set(LINKS.values())
    assert "{{ shop.name }}" in page.said, "what came from outside is not read as a template either"
    assert "javascript:" not in made.html + made.text


@pytest.mark.parametrize(("flow", "language"), EVERY)
def test_only_marketing_can_be_unsubscribed_from_and_always_can(flow: str, language: str) -> None:
    links = dict(LINKS)
    if flow == "come-back":
        made = mail(flow, language)
        assert LINKS["unsubscribe"] in Page(made.html).addresses
        assert LINKS["unsubscribe"] in made.text
        for bad in ("", "javascript:x", "mailto:a@b.test"):
            with pytest.raises(BadTemplate, match="unsubscribe"):
                mail(flow, language, links={**links, "unsubscribe": bad})
    else:
        del links["unsubscribe"]
        made = mail(flow, language, links=links)
        assert "/u/" not in made.html + made.text


@pytest.mark.parametrize(("flow", "language"), EVERY)
def test_every_mail_says_why_who_and_where(flow: str, language: str) -> None:
    shop = TORANJ if language == "fa" else LINDEN
    made = mail(flow, language, shop=shop)
    for part in (Page(made.html).said, made.text):
        assert shop.postal_address in part
        assert shop.name in part
    assert LINKS["preferences"] in Page(made.html).addresses
    assert LINKS["preferences"] in made.text


def test_persian_reads_from_the_right_with_its_own_digits_days_and_money() -> None:
    made = mail("thank-you", "fa")
    assert '<html lang="fa-IR" dir="rtl"' in made.html
    assert made.html.count('dir="rtl"') >= 4, "clients that drop html and body keep a direction"
    for part in (Page(made.html).said.replace("\u00a0", " "), made.text.replace("\u00a0", " ")):
        assert "۲۹۹٬۰۰۰ تومان" in part
        assert "۶۳۳٬۰۰۰ تومان" in part
        assert "سفارش ۱۶، ۱ آذر ۱۴۰۵" in part
        assert not re.search(r"[0-9]", re.sub(r"http\S+|&\S+;", "", part))
    assert "سلام سارا محمدی عزیز،" in made.text
    assert made.subject == "ممنون از خریدتان؛ سفارش ۱۶"


def test_every_line_of_a_persian_text_starts_from_the_right() -> None:
    lines = [text for text in mail("thank-you", "fa").text.split("\n") if text]
    assert all(text.startswith(("\u200f", "https://")) for text in lines)


def test_english_speaks_to_a_reader_in_english() -> None:
    order = replace(
        ORDER, currency="USD", currency_original="USD", total=14_880, shipping=600, buyer=Buyer(name="Sara O'Neil")
    )
    made = mail(
        "thank-you", "en", shop=LINDEN, order=replace(order, lines=(line("Linen sheet & pillow", total=14_280),))
    )
    assert 'dir="ltr"' in made.html
    assert "Hello Sara," in made.text
    assert "• Linen sheet & pillow (Quantity 1): $142.80" in made.text
    assert "Linen sheet &amp; pillow" in made.html
    assert "Total: $148.80" in made.text


def test_the_first_eight_lines_are_shown_and_the_rest_counted() -> None:
    order = replace(ORDER, lines=tuple(line(f"Item {n}") for n in range(300)))
    text = mail("thank-you", "fa", order=order).text
    assert text.count("•") == 8
    assert "و ۲۹۲ کالای دیگر" in text
    assert "and 292 more" in mail("thank-you", "en", order=order).text


def test_a_line_of_which_none_is_left_is_not_shown() -> None:
    order = replace(ORDER, lines=(line("پیراهن", quantity=0), line("شلوار")))
    made = mail("thank-you", "fa", order=order)
    assert "پیراهن" not in made.text + made.html
    assert "شلوار" in made.text


def test_a_line_without_a_picture_keeps_its_place_beside_those_that_have_one() -> None:
    made = mail("thank-you", "fa")
    assert made.html.count("<img") == 1
    assert made.html.count('class="letter"') == 1
    assert "<img" not in mail("thank-you", "fa", products={}).html


def test_what_stands_between_lines_and_total_is_shown_only_where_it_adds_up() -> None:
    order = replace(ORDER, lines=(line("x", total=1_000),), shipping=100, tax=50, discount=200, total=1_150)
    assert extras(order) == [("shipping", 100), ("tax", 50)]
    assert extras(replace(order, total=950)) == [("discount", -200), ("shipping", 100), ("tax", 50)]
    assert extras(replace(order, total=1_100)) == [("shipping", 100)], "tax is in the lines"
    assert extras(replace(order, total=777)) == []


def test_a_product_bought_in_two_sizes_is_linked_once_for_reading() -> None:
    order = replace(ORDER, lines=(line("پیراهن S", product="10"), line("پیراهن M", product="10")))
    made = Page(mail("thank-you", "fa", order=order).html)
    assert made.addresses.count("https://toranj.test/p/10") == 3, "once per line, once to read again"


def test_a_long_text_is_cut_between_words() -> None:
    assert clip("one two three four", 12) == "one two…"
    assert clip("x" * 50, 10) == "x" * 9 + "…"
    assert clip(" a\r\nb\0c ", 10) == "a b c"


@pytest.mark.parametrize(
    ("name", "english", "persian"),
    [
        ("Sara O'Neil", "Sara", "Sara O'Neil"),
        ("J. Smith", "J. Smith", "J. Smith"),
        ("سارا محمدی", "سارا", "سارا محمدی"),
        ("", "", ""),
        ("   ", "", ""),
        ("win at http://evil.test", "", ""),
        ("www.evil.test", "", ""),
        ("evil.test", "", ""),
        ("sara@example.test", "", ""),
        ("09120001111", "", ""),
        ("***", "", ""),
        ("<b>Sara</b>", "", ""),
        ("x" * 41, "", ""),
    ],
)
def test_nobody_is_greeted_by_an_address_or_an_endless_name(name: str, english: str, persian: str) -> None:
    assert greeting_name(name, whole=False) == english
    assert greeting_name(name, whole=True) == persian


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.test",
        "http://",
        "https://a b",
        'https://a/"x',
        "ftp://a",
    ],
)
def test_only_http_addresses_stand_in_a_mail(url: str | None) -> None:
    assert web_address(url) is None


def test_an_address_keeps_its_query() -> None:
    assert web_address("https://a.test/?a=1&b=2") == "https://a.test/?a=1&b=2"


@pytest.mark.parametrize("flow", FLOWS)
def test_the_persian_is_written_as_persian_is(flow: str) -> None:
    for kind in ("html", "text"):
        source = flows.template(f"{flow}/fa.{kind}.liquid")
        source = re.sub(r"\{\{.*?\}\}", "نام", source)
        said = re.sub(r"\{%.*?%\}|<[^>]+>|^(subject|preheader):", "", source, flags=re.MULTILINE)
        assert not re.search(r"[يكةى٠-٩0-9A-Za-z?;,]", said), "Arabic letters, other digits or Latin marks"
        assert not re.search(r"(?<![\u0600-\u06ff])ن?می\s", said), "a verb's می is joined by a half-space"
        assert not re.search(r"\s(ها|های|هایی|تر|ترین|ام|اید|ایم)[\s،.؛]", said), "a suffix is joined by a half-space"
        assert not re.search(r"\s[،؛.؟:!](?!\S)", said), "no blank before a mark"


@pytest.mark.parametrize("flow", ["thank-you", "how-was-it"])
def test_a_transactional_mail_sells_nothing(flow: str) -> None:
    for language, words in (("en", r"discount|sale|offer|coupon|% off|buy"), ("fa", "تخفیف|حراج|پیشنهاد|کوپن|کد")):
        source = flows.template(f"{flow}/{language}.html.liquid") + flows.template(f"{flow}/{language}.text.liquid")
        assert not re.search(words, source, re.IGNORECASE)


def test_the_same_data_gives_the_same_mail() -> None:
    assert mail() == mail()


# --- templates that mean harm -------------------------------------------------------------------------------------

HARM: dict[str, tuple[str, str]] = {
    "an unknown name": ("{{ customer.nmae }}", "undefined"),
    "a huge range, reversed": ("{% for i in (1..1000000000) reversed %}x{% endfor %}", "range"),
    "a huge range, joined": ("{{ (1..1000000000) | join: 'x' }}", "range"),
    "a huge range from a text": ("{% assign n = '999999999' %}{% for i in (1..n) %}{% endfor %}", "range"),
    "a huge range in a condition": ("{% if a == (1..99999999999) %}{% endif %}", "range"),
    "replace upon replace": ("{{ 'a'" + " | replace: 'a', 'aaaaaaaaaaaaaaaa'" * 20 + " }}", "replace"),
    "replace upon replace by assign": (
        "{% assign x = 'aaaaaaaaaa' %}" + "{% assign x = x | replace: 'a', 'aaaaaaaaaa' %}" * 30,
        "replace",
    ),
    "append in a loop": (
        "{% assign x = 'a' %}{% for i in (1..900) %}{% assign x = x | append: x %}{% endfor %}",
        "append",
    ),
    "capture upon capture": (
        "{% assign x = 'aaaaaaaaaa' %}" + "{% capture x %}{{ x }}{{ x }}{% endcapture %}" * 40,
        "limit",
    ),
    "replace by a long text": ("{{ long | replace: 'y', long }}", "replace"),
    "join by a long text": ("{{ many | join: long }}", "join"),
    "twice a long text": ("{% assign x = long | append: long %}{{ x | size }}", "append"),
    "join of many": ("{{ long | split: '' | join: long }}", "join|split"),
    "numbers that explode": ("{% assign x = 99 %}" + "{% assign x = x | times: x %}" * 50, "number"),
    "loops in loops": ("{% for i in (1..999) %}" * 6 + "{% endfor %}" * 6, "loop"),
    "loop after loop": ("{% for i in (1..999) %}{% endfor %}" * 100, "loops"),
    "a giant output": ("{% for i in (1..900) %}" + "x" * 1000 + "{% endfor %}", "limit"),
    "too long a source": ("x" * 70_000, "longer"),
    "nesting without end": ("{% if true %}" * 500 + "{% endif %}" * 500, "nesting"),
    "recursion by brackets": ("{{ a" + "[a" * 480 + "]" * 480 + " }}", "parsing|expected|closed"),
    "recursion by or": ("{% if " + "customer.name or " * 55 + "b.c %}{% endif %}", "undefined|parsing"),
    "unclosed tags": ("{{" * 20_000, "closed"),
    "unclosed raw": ("{% raw %}" * 7_000, "raw"),
    "blanks without end": (("{{-" + " " * 900 + "-}}") * 60, "blanks"),
    "brackets without end": ("{{ " + "(" * 20_000 + " }}", "closed"),
    "a number without end": ("{{ " + "9" * 900 + " | times: 2 }}", "number"),
    "a file": ("{% include 'layout.html.liquid' %}", "include"),
    "a file, rendered": ("{% render 'layout.html.liquid' %}", "render"),
    "Python's insides": ("{{ a.__class__.__mro__ }}", "undefined"),
    "the clock": ("{{ now }}", "undefined"),
    "escaping switched off": ("{{ a | safe }}", "unknown filter"),
    "division by nothing": ("{{ 1 | divided_by: 0 }}", "0"),
    "a stray end": ("{% endfor %}", "endfor"),
}
VALUES = {"a": "<i>", "b": {"k": 1}, "customer": {"name": None}, "long": "y" * 15_000, "many": ["y" * 15_000] * 1_000}


@pytest.mark.parametrize("html", [True, False], ids=["html", "text"])
@pytest.mark.parametrize(("source", "reason"), HARM.values(), ids=HARM.keys())
def test_a_harmful_template_is_refused_soon_and_says_why(source: str, reason: str, html: bool) -> None:
    tracemalloc.start()
    began = time.perf_counter()
    with pytest.raises(BadTemplate) as refused:
        liquid.render("evil/en.html.liquid", source, VALUES, html=html)
    took, (_, peak) = time.perf_counter() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert re.search(reason, str(refused.value))
    assert str(refused.value).startswith("evil/en.html.liquid")
    assert took < 2
    assert peak < 30_000_000


@pytest.mark.parametrize(
    "body", ["{% if true %}{% endif %}" * 2_000, "{% assign x = 'b' | upcase %}" * 2_000], ids=["tags", "filters"]
)
def test_a_slow_template_is_stopped(body: str) -> None:
    began = time.perf_counter()
    with pytest.raises(BadTemplate, match="too long"):
        liquid.render("slow", "{% for i in (1..999) %}" + body + "{% endfor %}", {}, html=True, seconds=0.2)
    assert time.perf_counter() - began < 2


def test_an_error_names_the_line() -> None:
    with pytest.raises(BadTemplate, match="mine line 3"):
        liquid.render("mine", "one\ntwo\n{{ nobody }}", {}, html=True)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{{ a }}", "&lt;i&gt;"),
        ("{{ '<b>' | append: a }}", "<b>&lt;i&gt;"),
        ("{{ a | upcase | replace: 'I', '<' }}", "&lt;&lt;&gt;"),
        ("{% for i in (1..3) %}{{ i }}{% endfor %}", "123"),
        ("{% if customer.name %}x{% else %}Hello{% endif %}", "Hello"),
        ("{{ 'Go' | button: 'javascript:alert(1)' }}", ""),
        ("{{ b.k | plus: 2 }}", "3"),
    ],
)
def test_what_an_author_needs_works_and_is_escaped(source: str, said: str) -> None:
    assert liquid.render("mine", source, VALUES, html=True) == said


def test_a_button_escapes_its_label_and_address() -> None:
    made = liquid.render("mine", "{{ a | button: u }}", {"a": "<i>", "u": "https://a.test/?x=1&y='"}, html=True)
    assert "&lt;i&gt;</a>" in made
    assert 'href="https://a.test/?x=1&amp;y=&#39;"' in made
