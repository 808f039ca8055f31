"""Every language says what the English does: the same texts, values and guards, typeset as its readers expect."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from liquid import Environment

from chalicelib.domain.sms import plain, stop_notice
from chalicelib.domain.sms import size as sms_size
from chalicelib.domain.speech import Speech
from chalicelib.languages import names as names_of_languages

HERE = Path(__file__).parent.parent / "chalicelib" / "languages"
NARROW = "\u202f"
SOLD = ("ar", "de", "es", "fr")  # what customers read
OTHERS = (*SOLD, "fa")
TRANSACTIONAL = ("how-was-it", "make-it-right", "thank-you")
LINK = "https://zarrin-tea.example/x/7K3MQ9X"
FULL: dict[str, Any] = {
    "shop": {"name": "Zarrin Tea & Spice"},
    "customer": {"name": "Alexandra"},
    "product": {"title": "Darjeeling First Flush, loose, in a tin of 250 g", "url": LINK},
    "picks": "rows",
    "links": {"shop": LINK, "cart": LINK},
}
BARE = {**FULL, "coupon": None, "picks": None, "links": {}, "product": {"title": "Darjeeling", "url": None}}
STYLE = ("font", "heading_font")
_TAG = re.compile(r"\{%-?\s*(.*?)\s*-?%\}")
_VALUE = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}")
_ADDRESS = re.compile(r"\]\(.*?\)")


def names() -> list[str]:
    return sorted(path.stem for path in (HERE / "en").glob("*.md"))


def source(language: str, name: str) -> str:
    return (HERE / language / f"{name}.md").read_text(encoding="utf-8")


def matter(language: str, name: str) -> dict[str, str]:
    told: dict[str, str] = yaml.safe_load(source(language, name).split("---\n", 2)[1])
    return told


def words(language: str, file: str = "words") -> dict[str, Any]:
    told: dict[str, Any] = yaml.safe_load((HERE / language / f"{file}.yaml").read_text(encoding="utf-8"))
    return told


def expressions(text: str) -> tuple[list[str], set[str]]:
    """The tags in their order, and the values; what is said in quotes is each language's own."""
    quoted = re.compile(r'"[^"]*"')
    return (
        [quoted.sub('"…"', tag) for tag in _TAG.findall(text)],
        {quoted.sub('"…"', value) for value in _VALUE.findall(text)},
    )


def read(text: str) -> str:
    """What a reader sees of a source, values and tags aside; words inside a value are kept."""
    said = " ".join(re.findall(r'\{\{\s*"([^"]*)"', text))
    return _VALUE.sub("0", _TAG.sub("0", _ADDRESS.sub("]", text))) + "\n" + said


def prose(language: str, name: str) -> str:
    """Subject, preheader, on-site line and body; not the SMS, which keeps to its own alphabet."""
    told = matter(language, name)
    kept = [value for key, value in told.items() if key != "sms"]
    return read("\n".join([*kept, source(language, name).split("---\n", 2)[2]]))


def leaves(told: object, path: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(told, dict):
        for key, value in told.items():
            yield from leaves(value, f"{path}.{key}" if path else str(key))
    else:
        yield path, told


def each(languages: tuple[str, ...]) -> Any:
    return pytest.mark.parametrize(
        ("language", "name"), [(language, name) for language in languages for name in names()]
    )


# --- the same as in English ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_has_the_texts_that_english_has(language: str) -> None:
    assert sorted(path.stem for path in (HERE / language).glob("*.md")) == names()


@each(OTHERS)
def test_a_text_uses_the_values_of_the_english_one(language: str, name: str) -> None:
    assert expressions(source(language, name))[1] == expressions(source("en", name))[1]


@each(SOLD)
def test_a_text_asks_the_guards_of_the_english_one(language: str, name: str) -> None:
    assert expressions(source(language, name))[0] == expressions(source("en", name))[0]


@each(SOLD)
def test_a_text_has_the_front_matter_and_the_shape_of_the_english_one(language: str, name: str) -> None:
    assert list(matter(language, name)) == list(matter("en", name))
    assert shape(language, name) == shape("en", name)


def shape(language: str, name: str) -> list[str]:
    """What each line of the body is: heading, point, small print, bold beginning, tag, or words."""
    body = source(language, name).split("---\n", 2)[2]
    kind = re.compile(r"##? |- |> |\{%|\{\{ ?\"|\{\{|\*\*|")
    return [kind.match(line)[0] if line else "" for line in body.rstrip().split("\n")]  # type: ignore[index]


@pytest.mark.parametrize("file", ["words", "pages"])
@pytest.mark.parametrize("language", OTHERS)
def test_words_have_the_keys_and_braces_of_the_english_ones(language: str, file: str) -> None:
    ours, english = dict(leaves(words(language, file))), dict(leaves(words("en", file)))
    assert sorted(ours) == sorted(english)
    for key, value in english.items():
        assert isinstance(ours[key], type(value)), key
        assert sorted(re.findall(r"\{\w*\}", str(ours[key]))) == sorted(re.findall(r"\{\w*\}", str(value))), key


# --- lengths ---------------------------------------------------------------------------------------------------------


def test_the_languages_here_are_all_there_are() -> None:
    assert sorted([*OTHERS, "en"]) == sorted(names_of_languages())


def filled(line: str, language: str) -> list[str]:
    """A line with long values, and with hardly any."""
    template, notice = Environment().from_string(line), stop_notice(language, None, {})
    day = Speech(language).date("2026-09-22T12:00:00Z", "UTC")
    dated = {
        "order": {"number": "104217", "date": day},
        "coupon": {"code": "BACK-7K3MQ9XA", "worth": "1.250,00 €", "expires": day},
        "stop": notice,
    }
    return [template.render(**{**dated, **world}) for world in (FULL, BARE)]


@each(SOLD)
def test_a_subject_is_read_whole_in_an_inbox(language: str, name: str) -> None:
    for subject in filled(matter(language, name)["subject"], language):
        assert 0 < len(subject) <= 50, subject
        assert "!" not in subject, "nobody is shouted at"


@each(SOLD)
def test_a_preheader_adds_to_the_subject_and_is_short(language: str, name: str) -> None:
    told = matter(language, name)
    assert told["preheader"] != told["subject"]
    for preheader in filled(told["preheader"], language):
        assert len(preheader) <= 100, preheader


# --- typography ------------------------------------------------------------------------------------------------------


@each(SOLD)
def test_nothing_is_typed_as_a_machine_does(language: str, name: str) -> None:
    text = prose(language, name)
    assert not re.search(r"\.\.\.|  |\t| $|\"|'", text, re.MULTILINE), text
    assert "\u00a0" not in text


@each(("de",))
def test_german_is_formal_and_means_everybody(language: str, name: str) -> None:
    text = prose(language, name)
    assert not re.search(r"\b([Dd]u|[Dd]ir|[Dd]ich|[Dd]ein\w*|[Ee]uch|[Ee]uer)\b", text)
    assert not re.search(r"\b(ihr|ihre|ihrem|ihren|ihrer|ihnen)\b", text), "Sie, Ihr and Ihnen are written large"
    assert not re.search(r"Kunde\b|Kundin|Liebe[r]?\b|Geehrte|:in\b|\*in\b|/in\b|[“”»«]", text)
    assert text.count("„") == text.count("“")


@each(("fr",))
def test_french_is_formal_and_means_everybody(language: str, name: str) -> None:
    text = prose(language, name)
    assert not re.search(r"\b(tu|toi|ton|tes|te)\b", text, re.IGNORECASE)
    assert not re.search(r"\(e\)|·e|\bCh[eè]re?\b|client|satisfaite?\b|ravie?\b|sûre?\b|prêt", text)


@each(("fr",))
def test_french_keeps_a_narrow_space_before_high_marks_and_inside_its_quotes(language: str, name: str) -> None:
    text = prose(language, name)
    assert not re.search(rf"[^{NARROW}][;:!?»]", text), text
    assert not re.search(rf"«[^{NARROW}]", text)
    assert text.count("«") == text.count("»")


@each(("es",))
def test_spanish_is_formal_and_means_everybody(language: str, name: str) -> None:
    text = prose(language, name)
    assert not re.search(r"\b(tú|ti|tus?|te|contigo|vosotros|vuestr\w+)\b", text, re.IGNORECASE)
    assert not re.search(r"[Ee]stimad|[Qq]uerid|clientes?\b|bienvenid|seguro\b|satisfech|o/a|\(a\)", text)


@each(("es",))
def test_spanish_opens_what_it_closes(language: str, name: str) -> None:
    text = prose(language, name)
    assert (text.count("¿"), text.count("¡")) == (text.count("?"), text.count("!"))
    assert text.count("«") == text.count("»")


@each(("ar",))
def test_arabic_has_its_own_marks_and_no_latin_letters(language: str, name: str) -> None:
    text = prose(language, name)
    assert not re.search(r"[,;?]", text), text
    assert not re.search(r"[A-Za-z]", text), text
    assert not re.search(r"[يك]\u200c|[یک]|ـ", text), "Arabic letters, not Persian ones; nothing is stretched"
    assert not re.search(r"\s[،؛؟.:]", text), "no blank before a mark"


@pytest.mark.parametrize("file", ["words", "pages"])
@pytest.mark.parametrize("language", SOLD)
def test_words_are_typeset_like_the_texts(language: str, file: str) -> None:
    for key, value in leaves(words(language, file)):
        if key in STYLE or isinstance(value, list):
            continue
        said = re.sub(r"\{\w*\}", "0", str(value))
        assert not re.search(r"\.\.\.|  |\"|'", said), (key, said)
        if language == "fr":
            assert not re.search(rf"[^{NARROW}][;:!?»]", said), (key, said)
        if language == "es":
            assert said.count("¿") == said.count("?"), (key, said)
        if language == "ar":
            assert not re.search(r"[;?]|, ", said), (key, said)


# --- SMS and on-site -------------------------------------------------------------------------------------------------


@each(SOLD)
def test_an_sms_names_the_shop_links_and_can_be_stopped_within_two_parts(language: str, name: str) -> None:
    sms = matter(language, name).get("sms")
    if sms is None:
        return
    assert "shop.name" in sms
    assert "links." in sms
    assert sms.rstrip().endswith("{{ stop }}")
    for said in filled(sms, language):
        size = sms_size(plain(said))
        assert size.parts <= 2, (size, said)
        assert size.encoding == ("ucs2" if language == "ar" else "gsm7"), set(plain(said))


# --- what it may say -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TRANSACTIONAL)
@pytest.mark.parametrize("language", OTHERS)
def test_a_text_about_an_order_sells_nothing(language: str, name: str) -> None:
    text = source(language, name)
    assert not re.search(r"coupon|picks|links\.shop|links\.cart", text)
    said = text.casefold()
    assert not [word for word in words(language)["promotion"] if re.search(rf"\b{word.casefold()}\b", said)]


@each(SOLD)
def test_nobody_is_hurried(language: str, name: str) -> None:
    hurry = (
        r"Beeilen|nur noch|Letzte Chance|solange der Vorrat|dernière chance|vite\b|dépêch|última oportunidad"
        r"|dese prisa|date prisa|solo hoy|nur heute|aujourd’hui seulement|أسرع|الفرصة الأخيرة|سارع"
    )
    assert not re.search(hurry, prose(language, name), re.IGNORECASE)
