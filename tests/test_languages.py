"""Texts as authors write them: what they become, what is refused with line and remedy, and what ships."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from chalicelib import languages
from chalicelib.domain.text import BadTemplate, Text
from chalicelib.languages.compile import compiled_text
from chalicelib.work.checking import check_text, needs, promoting
from chalicelib.work.render import render_mail
from tests.letters import LINDEN, about, shipped

HEAD = "---\nsubject: x\n---\n"
TRANSACTIONAL = ("thank-you", "how-was-it", "make-it-right")


def compiled(body: str, head: str = HEAD) -> Text:
    return compiled_text("mine", "en", head + body)


# --- what becomes of it ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "html", "text"),
    [
        ("Hello", "<p>Hello</p>", "Hello"),
        ("# One\n\n## Two", "<h1>One</h1><h2>Two</h2>", "One\n\nTwo"),
        ("**bold** and *soft*", "<p><strong>bold</strong> and <em>soft</em></p>", "bold and soft"),
        ("Kind regards,\n{{ shop.name }}", "<p>Kind regards,<br>{{ shop.name }}</p>", "Kind regards,\n{{ shop.name }}"),
        ("- a\n- b", "<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
        ("- a\n\n- b\n  c", "<ul><li>a</li><li>b<br>c</li></ul>", "- a\n- b\n  c"),
        ("> small\n>\n> print", '<p class="muted">small</p><p class="muted">print</p>', "small\n\nprint"),
        ("a < b & c", "<p>a &lt; b &amp; c</p>", "a < b & c"),
        (
            "[shop](https://a.test/?a=1&b)",
            '<p><a href="https://a.test/?a=1&amp;b">shop</a></p>',
            "shop <https://a.test/?a=1&b>",
        ),
        (
            "[shop]({{ links.shop }})",
            '<p>{% if links.shop %}<a href="{{ links.shop }}">{% endif %}shop{% if links.shop %}</a>{% endif %}</p>',
            "shop{% if links.shop %} <{{ links.shop }}>{% endif %}",
        ),
        (
            "{% if a %}\nA\n{% else %}\nB\n{% endif %}",
            "{% if a %}<p>A</p>{% else %}<p>B</p>{% endif %}",
            "{% if a %}A\n\n{% else %}B\n\n{% endif %}",
        ),
        (
            "Hi {% if a %}A{% else %}B{% endif %}",
            "<p>Hi {% if a %}A{% else %}B{% endif %}</p>",
            "Hi {% if a %}A{% else %}B{% endif %}",
        ),
        (
            "- a\n{% if b %}\n- b\n{% endif %}\n- c",
            "<ul><li>a</li>{% if b %}<li>b</li>{% endif %}<li>c</li></ul>",
            "- a\n{% if b %}- b\n{% endif %}- c",
        ),
        (
            "- a\n{% if b %}\n- b\n\nc\n{% endif %}",
            "<ul><li>a</li></ul>{% if b %}<ul><li>b</li></ul><p>c</p>{% endif %}",
            "- a\n\n{% if b %}- b\n\nc\n\n{% endif %}",
        ),
        ("{{ picks }}", "{{ picks }}", "{{ picks }}"),
        ("Look:\n{{ picks }}\nNice.", "<p>Look:</p>{{ picks }}<p>Nice.</p>", "Look:\n\n{{ picks }}\n\nNice."),
        (
            "{% if links.shop %}{{ 'Go' | button: links.shop }}{% endif %}",
            "{% if links.shop %}{{ 'Go' | button: links.shop }}{% endif %}",
            "{% if links.shop %}{{ 'Go' | button: links.shop }}\n\n{% endif %}",
        ),
        ("1 \\* 2 \\{", "<p>1 * 2 &#123;</p>", '1 * 2 {{ "{" }}'),
        ("    indented\n\n```\n\n---", "<p>indented</p><p>```</p><p>---</p>", "indented\n\n```\n\n---"),
    ],
)
def test_markdown_becomes_both_parts(body: str, html: str, text: str) -> None:
    made = compiled(body)
    assert made.html.replace("\n", "") == html
    assert made.text.strip() == text


def test_the_head_says_subject_preheader_and_lines() -> None:
    head = '---\nsubject: "{{ shop.name }}: hello"\npreheader: a\nsms: b {{ stop }}\nonsite: c\n---\n'
    made = compiled("Hello", head)
    assert (made.name, made.language, made.subject) == ("mine", "en", "{{ shop.name }}: hello")
    assert (made.preheader, made.sms, made.onsite) == ("a", "b {{ stop }}", "c")


def test_a_windows_file_with_a_mark_in_front_is_read() -> None:
    assert compiled_text("mine", "en", "\ufeff" + HEAD.replace("\n", "\r\n") + "Hello\r\n").text == "Hello\n\n"


def test_an_error_while_filling_in_names_the_line_of_the_file() -> None:
    made = compiled("# One\n\n{% if links.shop %}\n- a\n- b {{ links.nowhere }}\n{% endif %}")
    with pytest.raises(BadTemplate, match=r"en/mine html line 8: links\.nowhere is undefined"):
        render_mail(made, about("en"))


REFUSED: dict[str, tuple[str, str]] = {
    "no head": ("Hello", "line 1: a text begins with a line ---"),
    "a head that does not end": ("---\nsubject: x\nHello", "line 1: a text begins"),
    "an empty head": ("---\n---\nHello", "line 2: has no subject"),
    "no subject": ("---\npreheader: x\n---\nHello", "line 2: has no subject; write subject: …"),
    "an empty subject": ('---\nsubject: ""\n---\nHello', "line 2: has no subject"),
    "a field nobody knows": ("---\nsubject: x\ncolour: y\n---\nHello", "line 3: colour is not known .* use subject,"),
    "a subject that is a number": ("---\nsubject: 50\n---\nHello", "line 2: subject must be a text; put it into"),
    "a value without quotes": (
        "---\nsubject: {{ shop.name }}\n---\nHello",
        "line 2: what begins with .* double quotes",
    ),
    "a colon without quotes": ("---\nsubject: {{ a }}: b\n---\nHello", "line 2: what begins with .* double quotes"),
    "a block in the head": ('---\nsubject: "{{ picks }}"\n---\nHello', "line 2: subject is one line"),
    "an open tag in the head": ('---\nsubject: "{% if a %}x"\n---\nHello', "line 2: if is not closed at its place"),
    "nothing to say": (HEAD, "says nothing; write the mail below"),
    "an unclosed value": (HEAD + "a\n{{ shop.name\n", "line 5: {{ is not closed"),
    "a value over two lines": (HEAD + "a {{ shop.name\n}}\n", "line 4: {{ closes on another line; write it on one"),
    "an unclosed tag": (HEAD + "a\n\n{% if a %}\n\nb", "line 6: if is not closed at its place; add {% endif %}"),
    "a tag closed by another": (HEAD + "{% if a %}x{% endfor %}", "line 4: endfor does not close what is open here"),
    "a tag closed in bold": (HEAD + "{% if a %}**x{% endif %}**", "line 4: endif does not close what is open here"),
    "a tag closed in another paragraph": (
        HEAD + "{% if a %}x\n\ny{% endif %}",
        "line 4: if is not closed at its place",
    ),
    "else without if": (HEAD + "{% else %}", "line 4: else has no"),
    "a tag that leaves a loop": (HEAD + "{% for a in order.lines %}x{% break %}{% endfor %}", "the tag 'break' is not"),
    "a tag nobody knows": (HEAD + "{% include 'x' %}", "line 4: the tag 'include' is not for texts; use"),
    "a block within a sentence": (HEAD + "See {{ picks }}.", "line 4: {{ picks }} stands alone in a paragraph; put a"),
    "a button within a sentence": (HEAD + "x\n\nGo {{ 'a' | button: links.shop }}", "line 6: .* stands alone"),
    "a block in a heading": (HEAD + "# {{ picks }}", "line 4: .* stands alone in a paragraph"),
    "a block in a list": (HEAD + "- {{ picks }}", "line 4: .* not in a list or small print; move it out"),
    "a block through a filter": (HEAD + "{{ order.items | upcase }}", "line 4: .* takes no filter"),
    "a numbered list": (
        HEAD + "1. a\n2. b",
        "line 4: numbered lists are not known here; begin each line with a hyphen",
    ),
    "a small heading": (HEAD + "a\n\n### b", "line 6: headings are # or ##"),
    "a picture": (HEAD + "![a](https://a.test/b.png)", "line 4: pictures cannot be put in"),
    "a heading in small print": (HEAD + "> # a", "line 4: in small print there are paragraphs only"),
    "a link to nowhere": (HEAD + "a\nb\n[x](y)", "line 6: a link leads to one value"),
}


@pytest.mark.parametrize(("source", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_a_mistake_is_refused_with_its_line_and_what_to_write(source: str, reason: str) -> None:
    with pytest.raises(BadTemplate) as problem:
        compiled_text("mine", "en", source)
    why = str(problem.value)
    assert why.startswith("en/mine")
    assert re.search(reason.replace("{", r"\{").replace("|", r"\|"), why), why


# --- what a text would say, tried before it is used ----------------------------------------------------------------


def test_a_good_text_has_no_problems() -> None:
    assert check_text(compiled("{% if customer.name %}Hello {{ customer.name }}{% endif %}"), "marketing") == []


def test_what_fails_for_some_is_told_with_whom_and_how_to_ask() -> None:
    (problem,) = check_text(compiled("Hello\n\nYour code is {{ coupon.code }}"), "marketing")
    assert problem == (
        "en/mine html line 6: coupon.code is undefined; ask {% if coupon %} first (met with somebody without a coupon)"
    )
    (problem,) = check_text(compiled("On {{ order.date }}"), "marketing", given=("coupon",))
    assert "ask {% if order %} first (met with somebody without an order)" in problem


def test_a_value_nobody_knows_is_told_once() -> None:
    (problem,) = check_text(compiled("Hello {{ custommer.name }}"), "marketing")
    assert problem.startswith("en/mine html line 4: 'custommer' is undefined; there is no such value")


def test_what_a_text_cannot_do_without_is_known() -> None:
    assert needs(shipped("thank-you", "en"), "transactional") == {"order"}
    assert needs(shipped("back-in-stock", "en"), "marketing") == {"product"}
    assert needs(shipped("birthday", "en"), "marketing") == frozenset()


@pytest.mark.parametrize("name", TRANSACTIONAL)
@pytest.mark.parametrize("language", languages.names())
def test_a_transactional_text_sells_nothing(name: str, language: str) -> None:
    assert check_text(shipped(name, language), "transactional") == []


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Our SALE begins"),
        ("en", "20% off"),
        ("en", "a dis**count** for you"),
        ("en", "dis\u00adcount"),
        ("en", "{% if customer.name %}special{% endif %} offer"),
        ("en", "{{ 'Buy now' | append: '!' }}"),
        ("fa", "برای شما تخفیف داریم"),
        ("fa", "تخفیف‌های امروز"),
        ("fa", "پيشنهاد ويژه"),
        ("fa", "پیشنهاد‌ویژه"),
        ("fa", "نیم بها"),
        ("fa", "نیم‌بها"),
        ("fa", "نیمبها"),
        ("fa", "تخـفیف"),
        ("fa", "تَخفیف"),
        ("de", "Jetzt RABATT sichern"),
    ],
)
def test_a_promotion_is_found_however_it_is_written(language: str, said: str) -> None:
    problems = check_text(compiled_text("mine", language, HEAD + said), "transactional")
    assert [problem for problem in problems if "promotes, which no transactional text may" in problem]
    assert not check_text(compiled_text("mine", language, HEAD + said), "marketing")


@pytest.mark.parametrize("said", ["wholesale", "salesperson Sally", "countdown", "It turned off", "An offering"])
def test_a_word_that_only_holds_one_is_no_promotion(said: str) -> None:
    assert promoting("en", said) == []


@pytest.mark.parametrize(
    "block", ["{{ picks }}", "{{ coupon.card }}", "{% if coupon %}\nx\n{% endif %}", "{{ product.title }}"]
)
def test_what_sells_is_not_for_transactional_texts(block: str) -> None:
    problems = check_text(compiled(f"Hello\n\n{block}"), "transactional", given=("order", "coupon", "product"))
    assert [problem for problem in problems if "promotes" in problem]


def test_a_subject_that_sells_is_found_too() -> None:
    for field in ("subject", "preheader", "sms", "onsite"):
        text = replace(Text("mine", "en", "x", html="a", text="a"), **{field: "Big sale"})
        (problem,) = check_text(text, "transactional")
        assert problem.startswith(f"en/mine {field}: 'sale' promotes")


# --- what ships -----------------------------------------------------------------------------------------------------


def test_english_and_persian_say_everything_and_the_others_what_customers_read() -> None:
    assert {"en", "fa"} <= set(languages.names())
    for language in languages.names():
        assert languages.texts(language) == languages.texts("en")


@pytest.mark.parametrize("language", languages.names())
def test_every_language_has_the_same_words_with_the_same_values_in_them(language: str) -> None:
    own, english = languages.words(language), languages.words("en")
    assert list(own) == list(english)
    for key, said in own.items():
        assert said.strip()
        if key != "promotion":
            assert sorted(re.findall(r"\{\w+\}", said)) == sorted(re.findall(r"\{\w+\}", english[key])), key


@pytest.mark.parametrize("language", languages.names())
def test_a_text_asks_for_the_same_values_and_lines_in_every_language(language: str) -> None:
    for name in languages.texts(language):
        own, english = shipped(name, language), shipped(name, "en")
        assert bool(own.sms) == bool(english.sms), name
        assert bool(own.onsite) == bool(english.onsite), name
        assert needs(own, "marketing") == needs(english, "marketing"), name
        for block in ("order.receipt", "order.items", "picks", "coupon.card", "rating"):
            assert (f"{{{{ {block} }}}}" in own.html) == (f"{{{{ {block} }}}}" in english.html), name


def test_what_is_packed_reads_back_without_markdown_or_yaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = {language: languages.text(language, "thank-you") for language in languages.names()}
    known, words = languages.names(), dict(languages.words("fa"))
    for language in known:
        (tmp_path / f"{language}.json").write_text(languages.compiled(language), encoding="utf-8")
    monkeypatch.setattr(languages, "COMPILED", tmp_path)
    monkeypatch.setattr(languages, "_words_file", lambda language: pytest.fail("YAML was read"))
    for cached in (languages.names, languages.words, languages.text, languages._packed):
        cached.cache_clear()
    try:
        assert languages.names() == known
        assert {language: languages.text(language, "thank-you") for language in known} == wanted
        assert dict(languages.words("fa")) == words
        assert languages.text("en", "nothing-such") is None
        assert languages.text("xx", "thank-you") is None
    finally:
        monkeypatch.undo()
        for cached in (languages.names, languages.words, languages.text, languages._packed):
            cached.cache_clear()


def test_packing_says_the_same_every_time() -> None:
    told = languages.compiled("fa")
    assert told == languages.compiled("fa")
    assert set(json.loads(told)) == {"words", "texts"}


def test_sending_loads_neither_markdown_nor_yaml() -> None:
    asked = "import sys, chalicelib.work.render; print(sorted({'markdown_it', 'yaml'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["../en/thank-you", "thank-you/..", "", "Thank-You", "a" * 50, "words"])
def test_a_name_leads_to_no_other_file(name: str) -> None:
    assert languages.text("en", name) is None
    assert languages.source("en", name) is None
    assert languages.text(name, "thank-you") is None


def test_a_language_there_is_not_says_which_there_are() -> None:
    with pytest.raises(LookupError, match="no language 'xx'; there are ar, de, en"):
        languages.words("xx")


@pytest.mark.parametrize("name", languages.texts("fa"))
def test_the_persian_is_written_as_persian_is(name: str) -> None:
    source = languages.source("fa", name) or ""
    source = re.sub(r"\{\{.*?\}\}", "نام", source)
    said = re.sub(
        r"\{% unless.*?endunless %\}|\{%.*?%\}|\]\(نام\)|^(subject|preheader|sms|onsite):",
        "",
        source,
        flags=re.MULTILINE,
    )
    assert not re.search(r"[يكةى٠-٩0-9A-Za-z?;,]", said), "Arabic letters, other digits or Latin marks"
    assert not re.search(r"(?<![\u0600-\u06ff])ن?می\s", said), "a verb's می is joined by a half-space"
    assert not re.search(r"\s(ها|های|هایی|تر|ترین|ام|اید|ایم)[\s،.؛]", said), "a suffix is joined by a half-space"
    assert not re.search(r"\s[،؛.؟:!](?!\S)", said), "no blank before a mark"


def test_the_frame_is_the_shops_in_every_language() -> None:
    for language in languages.names():
        html = render_mail(shipped("come-back", language), about(language, shop=LINDEN)).html
        assert f'lang="{language}' in html
        assert f'dir="{"rtl" if language in ("fa", "ar") else "ltr"}"' in html
        assert languages.words(language)["font"].split(",")[0] in html
