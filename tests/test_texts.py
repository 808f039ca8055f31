"""What customers read, in English and Persian: nothing missing, short enough, well spelt, honest about its purpose."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from chalicelib.domain import story
from chalicelib.domain.shop import Shop
from chalicelib.domain.sms import stop_notice
from chalicelib.domain.why import SENTENCES, sentence
from chalicelib.domain.why_steps import STEPS
from chalicelib.languages.compile import compiled_text
from chalicelib.work import liquid

LANGUAGES = Path(__file__).parents[1] / "chalicelib" / "languages"
TRANSACTIONAL = ("thank-you", "how-was-it", "make-it-right")
MARKETING = (
    *("come-back", "second-order", "second-order-gift", "win-back", "win-back-short", "win-back-gift", "replenish"),
    *("loyal", "birthday", "cart-left", "cart-left-again", "back-in-stock", "review-invite"),
)
BY_SMS = ("win-back-gift", "replenish", "cart-left-again", "back-in-stock")
ONSITE = ("replenish", "back-in-stock", "birthday", "loyal")
ABOUT_NO_ORDER = ("birthday", "cart-left", "cart-left-again", "back-in-stock")
BLOCKS = ("{{ order.receipt }}", "{{ order.items }}", "{{ picks }}", "{{ coupon.card }}", "{{ rating }}")
GSM_7 = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_7_OF_TWO = set("^{}\\[~]|€")
# Words of a Persian sentence that begin with «می» or «نمی» and are no verb's prefix.
NO_PREFIX = {"میان", "میل", "میز", "میوه", "میلیون", "میهمان", "میزان", "نمی"}
_LONG_LINK = "https://meadow.example/x/7K3MQ9"[:30]
ENGLISH = {
    "shop": {"name": "Meadow & Sons Textiles"},
    "customer": {"name": "Ada"},
    "order": {
        "date": "September 22, 2026",
        "first_title": "Bath towel",
        "number": "1042",
        "lines": [{"title": "Bath towel"}],
        "pages": [],
        "items": "(items)",
        "receipt": "(receipt)",
    },
    "coupon": {"code": "BACK-7K3MQ9X", "worth": "€10.00", "expires": "November 22, 2026", "card": "(card)"},
    "links": dict.fromkeys(("shop", "cart", "order", "rating", "review"), _LONG_LINK),
    "rating": "(rating)",
    "product": {"title": "Bath towel of organic cotton, 100 by 180 cm, sand", "url": _LONG_LINK},
    "picks": ["a towel"],
    "stop": stop_notice("en", "US", {}),
}
PERSIAN = {
    "shop": {"name": "نساجی دشت سبز"},
    "customer": {"name": "آذر"},
    "order": {
        "date": "۲۲ شهریور ۱۴۰۵",
        "first_title": "حولهٔ حمام",
        "number": "۱۰۴۲",
        "lines": [{"title": "حولهٔ حمام"}],
        "pages": [],
        "items": "(items)",
        "receipt": "(receipt)",
    },
    "coupon": {"code": "BACK-7K3MQ9X", "worth": "۱۰۰٬۰۰۰ تومان", "expires": "۲۲ اردیبهشت ۱۴۰۶", "card": "(card)"},
    "links": ENGLISH["links"],
    "rating": "(rating)",
    "product": {"title": "حولهٔ حمام پنبه‌ای ارگانیک، صد در صد و هشتاد سانتی‌متر، رنگ ماسه", "url": _LONG_LINK},
    "picks": ["حوله"],
    "stop": stop_notice("fa", "IR", {}),
}
VALUES = {"en": ENGLISH, "fa": PERSIAN}
EVERY_TEXT = [(language, text) for language in VALUES for text in (*TRANSACTIONAL, *MARKETING)]
every_text = pytest.mark.parametrize(("language", "text"), EVERY_TEXT)


def parts(language: str, text: str) -> tuple[dict[str, str], str]:
    """A text's head and body."""
    _, head, body = (LANGUAGES / language / f"{text}.md").read_text().split("---\n", 2)
    return yaml.safe_load(head), body


def said(source: str, language: str, **changed: object) -> str:
    return liquid.render("line", source, {**VALUES[language], **changed}, html=False)


def letter(language: str, text: str, **changed: object) -> str:
    """The text part's body, filled in."""
    compiled = compiled_text(text, language, (LANGUAGES / language / f"{text}.md").read_text())
    return said(compiled.text, language, **changed)


def read_by_people(language: str, text: str) -> str:
    """Head and body without what is Liquid's: tags and values go, labels of buttons stay."""
    head, body = parts(language, text)
    words = re.sub(r'{{ "([^"]*)" \| button: [\w.]+ }}', r"\1", "\n".join((*head.values(), body)))
    return re.sub(r"{[{%].*?[%}]}", "·", words)


def septets(message: str) -> int:
    """The length of an SMS in GSM 03.38's default alphabet; a letter outside it is an error."""
    assert set(message) <= GSM_7 | GSM_7_OF_TWO, sorted(set(message) - GSM_7 - GSM_7_OF_TWO)
    return len(message) + sum(letter in GSM_7_OF_TWO for letter in message)


def test_both_languages_have_the_same_texts() -> None:
    english, persian = ({file.stem for file in (LANGUAGES / language).glob("*.md")} for language in VALUES)
    assert english == persian >= {*TRANSACTIONAL, *MARKETING}


@every_text
def test_a_head_has_what_its_channels_need_and_nothing_else(language: str, text: str) -> None:
    head, body = parts(language, text)
    needed = {"subject", "preheader", *(["sms"] if text in BY_SMS else []), *(["onsite"] if text in ONSITE else [])}
    assert head.keys() == needed
    assert all(isinstance(line, str) and line.strip() == line and "\n" not in line for line in head.values())
    assert body.startswith("# ")
    assert len(re.findall(r"(?m)^# ", body)) == 1
    assert body.rstrip().endswith("{{ shop.name }}"), "nobody signed it"


@every_text
@pytest.mark.parametrize("coupon", [True, False])
def test_a_subject_is_seen_whole_and_the_preheader_adds_to_it(language: str, text: str, coupon: bool) -> None:
    changed = {} if coupon else {"coupon": None}
    head = {key: said(line, language, **changed) for key, line in parts(language, text)[0].items()}
    assert 0 < len(head["subject"]) <= 45, head["subject"]
    assert 10 <= len(head["preheader"]) <= 100, head["preheader"]
    assert not head["preheader"].startswith(head["subject"])
    assert "  " not in head["subject"] + head["preheader"]


@every_text
def test_tags_and_blocks_have_lines_of_their_own(language: str, text: str) -> None:
    body = parts(language, text)[1]
    lines = body.splitlines()
    for at, line in enumerate(lines):
        if line in BLOCKS or "| button:" in line:
            assert re.fullmatch(r'{{ (?:[\w.]+|"[^"]+" \| button: [\w.]+) }}', line), line
            assert all(near == "" or near.startswith("{%") for near in (lines[at - 1], lines[at + 1])), line
        assert not any(block in line for block in BLOCKS) or line in BLOCKS, line
    assert "<" not in body


@every_text
def test_what_may_be_missing_is_asked_for_first(language: str, text: str) -> None:
    body = parts(language, text)[1]
    for name in ("customer.name", "coupon", "links.shop", "links.order", "links.cart", "links.review"):
        uses = [m.start() for m in re.finditer(rf"(?:{{{{ |button: ){re.escape(name)}\b", body)]
        asked = [m.start() for m in re.finditer(rf"{{% (?:els)?if {re.escape(name)}\b", body)]
        assert all(any(ask < use for ask in asked) for use in uses), name
    if "{{ rating }}" in body:
        assert "{% if links.rating %}" in body
    if "{{ picks }}" in body:
        assert "{% if picks %}\n" in body
    if text in ABOUT_NO_ORDER:
        assert "order." not in (LANGUAGES / language / f"{text}.md").read_text()


@every_text
def test_a_mail_reads_well_when_everything_optional_is_missing(language: str, text: str) -> None:
    bare = {"links": dict.fromkeys(ENGLISH["links"]), "customer": {"name": None}, "coupon": None, "picks": None}
    bare |= {"rating": None, "product": {"title": "Towel", "url": None}}
    head, mail = parts(language, text)[0], letter(language, text, **bare)
    shown = "\n".join((*(said(line, language, **bare) for line in head.values()), mail))
    assert not re.search(r"\b(?:code|off|present|gift|below)\b|None|\(card\)|کد|تخفیف|هدیه|http", shown), shown
    assert "  " not in mail
    assert "\n\n\n" not in mail.strip()
    assert not re.search(r":\n\n(?!-)", mail), "a sentence announces what is not there"
    assert len(mail.split()) >= 20


@every_text
def test_marketing_has_one_button_and_what_is_owed_sells_nothing(language: str, text: str) -> None:
    whole = (LANGUAGES / language / f"{text}.md").read_text()
    buttons = re.findall(r"\| button: ([\w.]+)", whole)
    if text in TRANSACTIONAL:
        assert not re.search(r"coupon|picks|links\.(shop|review|cart)", whole)
        assert set(buttons) <= {"links.order"}
        assert "sms" not in parts(language, text)[0]
        return
    assert 1 <= len(buttons) <= 2
    if len(buttons) == 2:  # a better target where there is one, else the shop
        assert buttons[1] == "links.shop"
        assert f"{{% elsif {buttons[1]} %}}" in whole


def test_how_was_it_asks_a_plain_question_before_the_rating_and_welcomes_answers() -> None:
    for language, question, answer in (
        ("en", "happy with it?", "reply to this mail"),
        ("fa", "راضی هستید؟", "پاسخ بدهید"),
    ):
        body = parts(language, "how-was-it")[1]
        assert body.index(question) < body.index("{{ rating }}") < body.index(answer)


@pytest.mark.parametrize("text", [*TRANSACTIONAL, *MARKETING])
def test_both_languages_use_the_same_values(text: str) -> None:
    def used(language: str) -> set[str]:
        whole = (LANGUAGES / language / f"{text}.md").read_text()
        values = r"\b(?:customer|order|coupon|product|links|shop)\.[\w.]+|\b(?:picks|rating|stop)\b"
        return {name for tag in re.findall(r"{[{%].*?[%}]}", whole) for name in re.findall(values, tag)}

    assert used("en") - {"shop.name"} == used("fa") - {"shop.name"}


@every_text
def test_nobody_is_hurried_watched_or_shouted_at(language: str, text: str) -> None:
    words = read_by_people(language, text).lower()
    for phrase in ("hurry", "last chance", "only today", "don't miss", "we noticed", "we miss you", "act now", "free!"):
        assert phrase not in words
    for phrase in ("عجله", "آخرین فرصت", "فقط امروز", "از دست ندهید", "متوجه شدیم"):
        assert phrase not in words
    assert words.count("!") + words.count("！") <= 3
    assert len(words.split()) <= 190


@pytest.mark.parametrize("text", [*TRANSACTIONAL, *MARKETING])
def test_persian_is_spelt_as_persian_is(text: str) -> None:
    words = read_by_people("fa", text)
    assert not set("يكةۀ٤٥٦") & set(words), "Arabic letters or digits"
    assert not set("\"'“”?;,") & set(words), "Latin punctuation"
    assert "  " not in words
    assert not re.search(r"[0-9]|[A-Za-z]{2}", words)
    assert not re.search(r"\s[،؛؟!.:»]|[،؛؟!](?=[^\s»\n*·])|«\s", words)
    assert not re.search(r"\u200c(?=[\s.،؛؟!:]|$)|(?<=\s)\u200c|\u200c\u200c", words), "a half-space at a word's end"
    for word in re.findall(r"[\u0600-\u06ff\u200c]+", words):
        joined = re.match(r"ن?می(?!\u200c)", word)
        assert not joined or word.split("\u200c")[0].rstrip("،؛؟") in NO_PREFIX, word
        assert not re.fullmatch(r"(?:ها|های|هایی|هایش|تر|ترین|ام|اند|اید|ایم)[،؛؟]?", word), f"{word} stands alone"
    assert not re.search(r"ه ی ", words)


def test_the_spelling_check_sees_a_prefix_without_its_half_space(monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in ("ما میشویم", "ما می شویم", "كتاب", "کتاب ها", "سلام , خوبید"):
        monkeypatch.setitem(globals(), "read_by_people", lambda *_, wrong=wrong: wrong)
        with pytest.raises(AssertionError):
            test_persian_is_spelt_as_persian_is("any")


@pytest.mark.parametrize("text", BY_SMS)
@pytest.mark.parametrize("coupon", [True, False])
def test_an_english_sms_is_one_part_and_says_who_where_and_how_to_stop(text: str, coupon: bool) -> None:
    message = said(parts("en", text)[0]["sms"], "en", **({} if coupon else {"coupon": None}))
    assert septets(message) <= 160, f"{septets(message)}: {message}"
    assert message.startswith("Meadow & Sons Textiles: ")
    assert message.endswith(f" {_LONG_LINK} {ENGLISH['stop']}")


@pytest.mark.parametrize("text", BY_SMS)
@pytest.mark.parametrize("coupon", [True, False])
def test_a_persian_sms_is_two_parts_at_most_and_begins_with_a_persian_word(text: str, coupon: bool) -> None:
    message = said(parts("fa", text)[0]["sms"], "fa", **({} if coupon else {"coupon": None}))
    assert len(message.encode("utf-16-be")) // 2 <= 134, f"{len(message)}: {message}"
    assert message.startswith("سلام از نساجی دشت سبز. ")  # so that a Latin name does not turn the whole line around
    assert message.endswith(f" {_LONG_LINK} {PERSIAN['stop']}")


@pytest.mark.parametrize("language", VALUES)
@pytest.mark.parametrize("text", ONSITE)
def test_an_onsite_line_is_short_with_and_without_a_coupon(language: str, text: str) -> None:
    line = parts(language, text)[0]["onsite"]
    for changed in ({}, {"coupon": None}):
        shown = said(line, language, **changed)
        assert 10 < len(shown) <= 120
        assert "  " not in shown
        assert len(re.findall(r"[.!?؟](?:\s|$)", shown)) <= 2


def test_a_title_too_long_for_an_sms_is_cut() -> None:
    endless = {"title": "Towel " * 60, "url": _LONG_LINK}
    assert septets(said(parts("en", "back-in-stock")[0]["sms"], "en", product=endless)) <= 160


def test_owners_read_a_name_for_every_flow_in_both_languages() -> None:
    for flow in (
        *("thank-you", "how-was-it", "come-back", "second-order", "win-back", "replenish", "loyal", "birthday"),
        *("cart-left", "back-in-stock", "make-it-right", "review-invite"),
    ):
        assert story.flow(flow, "en") != story.flow(flow, "fa")
        assert re.search(r"[\u0600-\u06ff]", story.flow(flow, "fa")), flow


def test_a_why_calls_flows_channels_topics_and_events_by_their_names() -> None:
    english = Shop("acme", "standard", "2026-01-01T00:00:00Z")
    persian = Shop("acme", "standard", "2026-01-01T00:00:00Z", locale="fa-IR", timezone="Asia/Tehran")
    until = {"until": "2026-11-21T21:02:00Z"}
    assert "(“Win back”)" in sentence("conversation", {**until, "flow": "win-back"}, english)
    assert "(e-mail, SMS)" in sentence("no_channel", {"wanted": ["email", "sms"]}, english)
    assert "(e-mail, SMS)" in sentence("no_channel", {"wanted": "email, sms"}, english)
    assert "(ایمیل، پیامک)" in sentence("no_channel", {"wanted": ["email", "sms"]}, persian)
    assert "(یادآوری‌ها)" in sentence("topic_off", {"topic": "reminders"}, persian)
    assert sentence("happened", {"event": "ordered"}, english) == "What it waited for has come: a new order."
    assert "۱ آذر ۱۴۰۵" in sentence("waits_for", {**until, "event": "rated"}, persian).replace("\u00a0", " ")
    assert sentence("branch", {"way": "else"}, persian) == "شرط برقرار است: نه."
    assert sentence("split", {"way": "2"}, persian) == "به قید قرعه: راه ۲."
    assert "—" in sentence("conversation", {}, english)


@pytest.mark.parametrize("code", SENTENCES)
def test_an_owners_persian_sentence_is_spelt_as_persian_is(code: str) -> None:
    words = re.sub(r"{\w+}|\u2068.*?\u2069", "·", SENTENCES[code]["fa"])
    assert not set("يكةۀ\"'“”?;,") & set(words)
    assert not re.search(r"(?<![\u0600-\u06ff])ن?می[\u0600-\u06ff]", words.replace("میان", "")), words
    assert words.endswith((".", "؟"))


def test_what_steps_say_has_no_code_of_its_own_twice() -> None:
    assert STEPS.items() <= SENTENCES.items()
    assert len(STEPS) >= 14
