"""The mails and lines: every text in every language, with kind and with hostile data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache

import html5lib
import pytest

from chalicelib import languages
from chalicelib.domain.text import BadTemplate, Text
from chalicelib.work.checking import needs
from chalicelib.work.mail_values import clip, greeting_name, web_address
from chalicelib.work.order_values import extras
from chalicelib.work.render import Mail, render_line, render_mail
from tests.letters import (
    COUPON,
    DOLLARS,
    LINDEN,
    LINKS,
    NASTY,
    ORDER,
    PICKS,
    TORANJ,
    Page,
    about,
    line,
    mail,
    shipped,
)

# Whatever stands in the folders: a new text or language is taken up by itself.
EVERY = [(name, language) for language in languages.names() for name in languages.texts(language)]
HOLES = re.compile(
    r"\bNone\b|Undefined|Markup\(|\bnan\b|Liquid|<>"
    r"|(Hello|Hallo|Bonjour|Hola|Dear|Liebe) ,|سلام  |سلام عزیز|  ,|\(\)|\(: "
)
EMPTY = {"no picks": "product", "no coupon": "coupon"}


def cannot(text: Text, data: str) -> bool:
    """Whether a text is of no use with that data, and has to say so."""
    return data in EMPTY and EMPTY[data] in _needs(text)


_needs = lru_cache(maxsize=None)(lambda text: needs(text, "marketing"))


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_every_mail_is_whole_whatever_the_data(name: str, language: str) -> None:
    text = shipped(name, language)
    for data, changes in NASTY.items():
        with met(data):
            if cannot(text, data):
                with pytest.raises(BadTemplate, match="undefined"):
                    mail(name, language, **changes)
            else:
                good(mail(name, language, **changes), data)


@contextmanager
def met(data: str) -> Iterator[None]:
    """Says with which data something failed."""
    try:
        yield
    except BaseException as problem:
        problem.add_note(f"with {data}")
        raise


def good(made: Mail, data: str) -> None:
    page = Page(made.html)
    assert page.open == []
    for part in (made.subject, made.preheader, page.said, made.text):
        assert part.strip()
        whole(part, data)
    for part in (made.subject, made.preheader):
        assert not re.search(r"[\r\n\0\u202a-\u202e\u2066-\u2069]", part)
    assert len(made.subject) <= 150
    assert len(made.html.encode()) < 60_000
    assert len(made.text) < 20_000


def whole(part: str, data: str) -> None:
    """No hole, and nothing of a template."""
    assert not HOLES.search(part)
    if "script" not in part and data != "a percent sign and braces":
        assert not re.search(r"\{\{|\}\}|\{%|%\}|\{[a-z]*\}", part)


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_every_mail_is_html_without_an_error(name: str, language: str) -> None:
    """By the rules of the HTML standard's own parser: nothing closes late, twice or not at all."""
    for data in ("as it should be", "no links but those it must have", "HTML and Liquid everywhere"):
        with met(data):
            html5lib.HTMLParser(strict=True).parse(mail(name, language, **NASTY[data]).html)


@pytest.mark.parametrize("data", NASTY)
@pytest.mark.parametrize("kind", ["sms", "onsite"])
def test_every_line_is_one_line_of_plain_text_whatever_the_data(kind: str, data: str) -> None:
    said = 0
    for name, language in EVERY:
        text = shipped(name, language)
        if getattr(text, kind) and not cannot(text, data):
            made = render_line(text, kind, about(language, **NASTY[data]))
            said += 1
            whole(made, data)
            assert made == " ".join(made.split())
            assert not re.search(r"[\0-\x1f\u202a-\u202e\u2066-\u2069]", made)
            assert len(made) <= 1_000
    assert said


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_nothing_from_outside_becomes_markup_or_an_address(name: str, language: str) -> None:
    made = mail(name, language, **NASTY["HTML and Liquid everywhere"])
    page = Page(made.html)
    assert "script" not in page.tags
    assert "onerror" not in page.attributes
    stars = {f"{LINKS['rating']}?stars={n}" for n in range(1, 6)}
    assert set(page.addresses) <= set(LINKS.values()) | stars
    assert "{{ shop.name }}" in page.said, "what came from outside is not read as a template either"
    assert not re.search(r"javascript:|data:text", made.html + made.text)


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_only_marketing_can_be_unsubscribed_from_and_always_can(name: str, language: str) -> None:
    made = mail(name, language)
    assert LINKS["unsubscribe"] in Page(made.html).addresses
    assert LINKS["unsubscribe"] in made.text
    for bad in ("", "javascript:x", "mailto:a@b.test"):
        with pytest.raises(BadTemplate, match="unsubscribe"):
            mail(name, language, links={**LINKS, "unsubscribe": bad})
    links = {key: url for key, url in LINKS.items() if key != "unsubscribe"}
    made = mail(name, language, purpose="transactional", links=links)
    assert "/u/" not in made.html + made.text


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_every_mail_says_why_who_and_where(name: str, language: str) -> None:
    shop = TORANJ if language in ("fa", "ar") else LINDEN
    made = mail(name, language, shop=shop)
    for part in (Page(made.html).said, made.text):
        assert languages.words(language)["because_order"].format(shop=shop.name) in part
        assert shop.postal_address in part
    assert LINKS["preferences"] in Page(made.html).addresses
    assert LINKS["preferences"] in made.text


def test_who_did_not_order_is_not_told_that_she_did() -> None:
    made = mail("birthday", "en", order=None, shop=LINDEN)
    assert "because you left your address with Linden Home" in made.text
    assert "ordered" not in made.text


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
    made = mail("thank-you", "en", shop=LINDEN, name="", locale=None, order=DOLLARS)
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


def test_the_same_data_gives_the_same_mail() -> None:
    first: Mail = mail()
    assert first == mail()


def test_a_pick_says_what_it_costs_and_why_it_is_there() -> None:
    made = mail("second-order", "fa")
    assert "• جوراب نخی ساده: ۸۰٬۰۰۰\u00a0تومان\n\u200fمناسب در کنار پیراهن مردانه نخی" in made.text
    assert "در تاریخ ۱۰ مهر ۱۴۰۵ خریده‌اید" in made.text.replace("\u00a0", " "), "a moment is said as a day"
    page = Page(made.html)
    assert page.addresses.count("https://toranj.test/p/20") == 2, "its picture and its title lead there"
    assert "https://toranj.test/p/20.jpg" in page.addresses


def test_a_reason_that_would_have_a_hole_is_left_out() -> None:
    for why, params in (("why_goes_with", {}), ("why_magic", {}), ("why_bought", {"title": "x"}), ("", {})):
        made = mail("second-order", "en", picks=(replace(PICKS[0], why=why, params=params),))
        assert "Goes well with {" not in made.text
        assert "Goes well with ⁨" not in made.text
        assert "You bought" not in made.text


def test_a_coupon_says_its_code_worth_end_and_least_order() -> None:
    made = mail("birthday", "fa")
    for part in (Page(made.html).said.replace("\u00a0", " "), made.text.replace("\u00a0", " ")):
        for said in ("TORANJ-7K3MQ9", "۲۰٪ تخفیف", "تا ۱۱ دی ۱۴۰۵", "برای خرید ۵۰۰٬۰۰۰ تومان به بالا"):
            assert said in part
    assert 'dir="ltr"' in made.html
    assert "user-select: all" in made.html


def test_a_code_is_copied_without_anything_unseen() -> None:
    text = Text("mine", "fa", "x", html="<p>{{ coupon.code }}</p>{{ coupon.card }}", text="{{ coupon.code }}")
    made = render_mail(text, about("fa"))
    assert Page(made.html).said.count("TORANJ-7K3MQ9") == 2
    assert "\u2068TORANJ" not in made.html + made.text


def test_a_coupon_of_an_amount_is_said_as_the_shop_counts() -> None:
    coupon = replace(COUPON, percent=None, amount=replace(COUPON.least, amount=500_000) if COUPON.least else None)
    assert "۵۰٬۰۰۰ تومان تخفیف" in mail("birthday", "fa", coupon=coupon).text.replace("\u00a0", " ")


def test_five_links_rate_in_one_click_worst_first() -> None:
    page = Page(mail("how-was-it", "fa").html)
    assert [url for url in page.addresses if "stars=" in url] == [f"{LINKS['rating']}?stars={n}" for n in range(1, 6)]
    made = mail("how-was-it", "en", links={**LINKS, "rating": "https://api.test/r?t=1"})
    assert "https://api.test/r?t=1&stars=5" in made.text
    assert "https://api.test/r?t=1&amp;stars=5" in made.html
    assert "Very much" in made.text
    assert "stars=" not in mail("how-was-it", "en", links={"unsubscribe": LINKS["unsubscribe"]}).text


def test_an_sms_says_how_to_stop_and_costs_no_more_than_it_must() -> None:
    made = render_line(shipped("win-back-gift", "en"), "sms", about("en", shop=LINDEN, locale=None))
    assert made.endswith("Reply STOP to opt out")
    assert made.isascii(), "one character beyond the basic set, and the message costs twice as much"
    assert made.startswith("Linden Home: 20% off")
    assert "STOP" not in render_line(shipped("win-back-gift", "en"), "sms", about("en", "transactional", shop=LINDEN))


def test_a_text_without_a_line_for_a_channel_says_so() -> None:
    with pytest.raises(BadTemplate, match="en/thank-you: says nothing by sms; add a line sms:"):
        render_line(shipped("thank-you", "en"), "sms", about("en"))


def test_what_a_condition_leaves_empty_leaves_no_gap() -> None:
    html = "<p>{% if customer.name %}x{% endif %}</p><ul><li>{% if customer.name %}y{% endif %}</li></ul><p>z</p>"
    made = render_mail(Text("mine", "en", "x", html=html, text="- \nz"), about("en", name="", order=None))
    assert "<ul" not in made.html
    assert made.text.startswith("z")
    assert re.search(r'class="card"[^>]*>\s*<p[^>]*>z</p>', made.html)


def test_arabic_keeps_its_letters_and_persian_has_its_own() -> None:
    order = replace(ORDER, lines=(line("حقيبة كتف"),))
    for language, title, name in (("ar", "حقيبة كتف", "مكية"), ("fa", "حقیبه کتف", "مکیه")):
        text = mail("thank-you", language, order=order, name="مكية").text
        assert title in text
        assert name in text


def test_a_mail_that_grew_too_large_is_refused() -> None:
    text = Text("mine", "en", "x", html="<p>a</p>" * 2_500, text="a")
    with pytest.raises(BadTemplate, match="more than 60000 bytes of HTML; shorten the text"):
        render_mail(text, about("en"))


def test_a_subject_that_would_be_empty_is_refused() -> None:
    text = Text("mine", "en", "{{ customer.name }}", html="a", text="a")
    with pytest.raises(BadTemplate, match="en/mine subject: says nothing here"):
        render_mail(text, about("en", name="", order=None))
