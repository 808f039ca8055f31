"""Templates and texts that mean harm: each ends in a clear refusal, within bounds of time and memory."""

from __future__ import annotations

import re
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.text import BadTemplate, Text
from chalicelib.languages.compile import compiled_text
from chalicelib.work import liquid
from chalicelib.work.render import render_line, render_mail
from tests.letters import LINKS, ORDER, PICKS, Page, about, line
from tests.pace import at_most

SECONDS, BYTES = 2, 30_000_000


def refused(attempt: Callable[[], object]) -> str:
    """Why, after making sure that it took little."""
    tracemalloc.start()
    began = time.process_time()
    try:
        with pytest.raises(BadTemplate) as problem:
            attempt()
        took, (_, peak) = time.process_time() - began, tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert at_most(SECONDS, took)
    assert peak < BYTES
    return str(problem.value)


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
    why = refused(lambda: liquid.render("evil/en.html.liquid", source, VALUES, html=html))
    assert re.search(reason, why)
    assert why.startswith("evil/en.html.liquid")


@pytest.mark.parametrize(
    "body", ["{% if true %}{% endif %}" * 2_000, "{% assign x = 'b' | upcase %}" * 2_000], ids=["tags", "filters"]
)
def test_a_slow_template_is_stopped(body: str) -> None:
    began = time.thread_time()
    with pytest.raises(BadTemplate, match="too long"):
        liquid.render("slow", "{% for i in (1..999) %}" + body + "{% endfor %}", {}, html=True, seconds=0.2)
    assert at_most(2, time.thread_time() - began)


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


# --- a whole text, as an owner saves it ---------------------------------------------------------------------------

HEAD = "---\nsubject: x\n---\n"
MUCH = 19_000
BOMBS: dict[str, tuple[str, str]] = {
    "brackets": ("[" * MUCH, "brackets"),
    "brackets in brackets": ("[" * (MUCH // 2) + "]" * (MUCH // 2), "brackets"),
    "links that do not end": ("[a](b" * (MUCH // 5), "brackets"),
    "addresses that do not end": ("[a](" + "(" * MUCH, "brackets"),
    "pictures in pictures": ("![[" * (MUCH // 3), "brackets"),
    "links in links": ("[a" * 300 + "](https://a.test)" * 300, "brackets"),
    "stars": ("*" * MUCH, "stars"),
    "emphasis in emphasis": ("*a **a " * (MUCH // 7), "stars"),
    "quotations in quotations": (">" * MUCH, "quotation"),
    "quotations with blanks": ("> > > a", "quotation"),
    "a quotation per line": ("> a\n" * (MUCH // 4), "lines|brackets"),
    "lists in lists": ("- " * (MUCH // 2), "list"),
    "lists in lists, line by line": ("".join(" " * (2 * n) + "- a\n" for n in range(130)), "list"),
    "a list in a quotation": ("> - a", "list"),
    "lines without end": ("a\n" * (MUCH // 2), "lines"),
    "items without end": ("- a\n" * (MUCH // 4), "lines"),
    "headings without end": ("# a\n" * (MUCH // 4), "lines"),
    "ticks": ("".join("`" * n + " " for n in range(180)), "brackets"),
    "definitions": ("[a]: b\n" * (MUCH // 7), "lines|brackets"),
    "too long": ("x" * 70_000, "longer than 20000"),
    "tags without end": ("{% if shop.name %}a{% endif %}" * 600, "1000 values and tags"),
    "unclosed": ("{{" * 8_000, "not closed"),
    "conditions in conditions": ("{% if shop.name %}" * 400 + "a" + "{% endif %}" * 400, "nesting"),
    "conditions in conditions, line by line": (
        "{% if shop.name %}\n" * 250 + "a\n" + "{% endif %}\n" * 250,
        "nesting",
    ),
    "a mail without end": ("{% for i in (1..900) %}\n\n" + "a" * 200 + "\n\n{% endfor %}", "limit|60000"),
    "values without end": ("{{ shop.name }}\n\n" * 290 + "**a**\n\n" * 5, "60000"),
    "loops in loops": ("{% for i in (1..999) %}" * 6 + "x" + "{% endfor %}" * 6, "loop"),
    "a huge range": ("{% for i in (1..1000000000) %}x{% endfor %}", "range"),
    "replace upon replace": ("{{ 'a'" + " | replace: 'a', 'aaaaaaaaaaaaaaaa'" * 20 + " }}", "replace"),
    "what turns the direction": ("Hello \u202eolleh", r"line 4: holds the unseen character U\+202E; take it out"),
    "what holds values apart": ("Hello \ue000", r"U\+E000"),
    "NUL": ("a\0b", r"U\+0000"),
}


@pytest.mark.parametrize(("body", "reason"), BOMBS.values(), ids=BOMBS.keys())
def test_a_harmful_text_is_refused_soon_and_says_why(body: str, reason: str) -> None:
    why = refused(lambda: render_mail(compiled_text("mine", "en", HEAD + body), about("en")))
    assert re.search(reason, why), why
    assert why.startswith("en/mine")
    assert len(why) < 300


@pytest.mark.parametrize(
    "head",
    [
        "subject: x\nmore: " + "[" * 3_000,
        "subject: " + "{" * 2_500,
        "subject: &a [x]\npreheader: *a",
        "subject: !!python/object/apply:os.system [ls]",
        "subject: x\nsubject: y",
        "- x\n" * 500,
        "subject: " + "x" * 501,
        "subject: x\nsms: " + "x" * 5_000,
        "a: &a {b: c}\nsubject:\n  <<: *a",
    ],
)
def test_a_harmful_head_is_refused_soon(head: str) -> None:
    assert refused(lambda: compiled_text("mine", "en", f"---\n{head}\n---\nHello")).startswith("en/mine line")


def test_the_parts_of_a_mail_share_one_bound_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[float] = []
    plainly = liquid.render

    def watched(name: str, source: str, values: Any, *, html: bool, seconds: float) -> str:
        left.append(seconds)
        return plainly(name, source, values, html=html, seconds=seconds)

    monkeypatch.setattr(liquid, "render", watched)
    render_mail(compiled_text("mine", "en", f"{HEAD}Hello\n\n{{{{ picks }}}}"), about("en"))
    assert len(left) == 8, "subject, preheader, and for each part its picks, its body and its frame"
    assert left == sorted(left, reverse=True)
    assert left[0] <= 1


@pytest.mark.parametrize(
    "name",
    [
        "Sara\r\nBcc: all@shop.test",
        "Sara\nBcc: all@shop.test",
        "Sara\0",
        "Sara\u2028X-Spam: no",
        "\u202earaS\x85Bcc: x",
    ],
)
def test_neither_a_name_nor_a_subject_adds_a_header(name: str) -> None:
    text = Text("mine", "en", "For {{ customer.name }}, {{ order.number }}, {{ product.title }} \r\nBcc: x", html="a")
    matter = about("en", name=name, order=replace(ORDER, number=name), picks=(replace(PICKS[0], title=name),))
    made = render_mail(text, matter)
    for said in (made.subject, made.preheader):
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e]", said)


SCRIPT = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>"


@pytest.mark.parametrize(
    "field", ["name", "number", "title", "shop", "address", "pick", "why", "code", "locale", "picture", "page"]
)
def test_a_script_in_any_field_is_shown_as_text_or_not_at_all(field: str) -> None:
    plain = about("en")
    body = (
        "# {{ customer.name }}\n\n**{{ order.number }}** [{{ order.first_title }}]({{ links.shop }}) {{ coupon.code }}"
    )
    blocks = "\n\n{{ order.receipt }}\n\n{{ picks }}\n\n{{ coupon.card }}\n\n{{ rating }}"
    source = f"{HEAD}{body}{blocks}\n\n{{{{ product.title | button: links.shop }}}}\n\n[a]({{{{ product.url }}}})"
    pick = replace(PICKS[0], **{"title": {"title": SCRIPT}, "picture": {"image": SCRIPT}}.get(field, {}))
    changed = {
        "name": replace(plain, name=SCRIPT),
        "number": replace(plain, order=replace(ORDER, number=SCRIPT)),
        "title": replace(plain, order=replace(ORDER, lines=(line(SCRIPT),)), picks=(pick,)),
        "shop": replace(plain, shop=replace(plain.shop, name=SCRIPT)),
        "address": replace(plain, shop=replace(plain.shop, postal_address=SCRIPT)),
        "pick": replace(plain, picks=(replace(PICKS[0], title=SCRIPT),)),
        "why": replace(plain, picks=(replace(PICKS[0], params={"title": SCRIPT}),)),
        "code": replace(plain, coupon=plain.coupon and replace(plain.coupon, code=SCRIPT)),
        "locale": replace(plain, locale=SCRIPT),
        "picture": replace(plain, picks=(pick,)),
        "page": replace(plain, picks=(replace(PICKS[0], url=f"javascript:{SCRIPT}"),), links={**LINKS, "shop": SCRIPT}),
    }[field]
    page = Page(render_mail(compiled_text("mine", "en", source), changed).html)
    assert page.open == []
    assert "script" not in page.tags
    assert not [name for name in page.attributes if name.startswith("on")]
    assert all(url.startswith("https://") for url in page.addresses)


def test_a_text_cannot_speak_html() -> None:
    body = '<script>a()</script> <b>bold</b> &amp; <a href="javascript:x">\n\n<div onclick="x">\n\n\\{\\{ shop.name }}'
    made = render_mail(compiled_text("mine", "en", HEAD + body), about("en"))
    page = Page(made.html)
    assert not {"script", "b"} & set(page.tags)
    assert "<b>bold</b> &amp;" in page.said, "it is shown as it was typed"
    assert "{{ shop.name }}" in page.said, "and what was escaped stays text"
    assert "{{ shop.name }}" in made.text


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.test",
        "{{ customer.name }}",
        "https://a.test/{{ order.number }}",
        "/x",
    ],
)
def test_a_link_leads_to_an_address_and_nowhere_else(link: str) -> None:
    with pytest.raises(BadTemplate, match="line 4: a link leads to one value such as"):
        compiled_text("mine", "en", f"{HEAD}[x]({link})")


def test_a_line_is_bounded_too() -> None:
    text = Text("mine", "en", "x", sms="{% for i in (1..999) %}" * 6 + "{% endfor %}" * 6)
    assert "loop" in refused(lambda: render_line(text, "sms", about("en")))
    text = Text("mine", "en", "x", sms="{% for i in (1..900) %}word {% endfor %}")
    assert len(render_line(text, "sms", about("en"))) <= 1_000
