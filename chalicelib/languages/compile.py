"""A text as its author wrote it (front matter and Markdown, both with Liquid) to the Liquid that is filled in later.

Never loaded while sending: shipped texts are compiled when packaged, owners' when they are saved.
"""

from __future__ import annotations

import re
from typing import Any

from chalicelib.domain.text import BadTemplate, Text
from chalicelib.languages import body, marks, writing
from chalicelib.languages.cheap import cheap

LONGEST_SOURCE, MOST_LINES = 20_000, 600  # characters, lines
LONGEST_LINE = {"subject": 500, "preheader": 500, "sms": 1_000, "onsite": 1_000}
# Controls, characters that turn the direction of what follows, and those that stand for Liquid meanwhile.
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ue000-\uf8ff\ufeff]")


def compiled_text(name: str, language: str, source: str) -> Text:
    """The text that `source` describes. Raises BadTemplate naming the line of the file and the remedy."""
    at = f"{language}/{name}"
    source = source.removeprefix("\ufeff").replace("\r\n", "\n").replace("\t", " ")
    _safe(at, source)
    matter, content, first = _split(at, source)
    said = _front(at, matter)
    nodes = body.tree(at, content, first)
    if not nodes:
        raise BadTemplate(f"{at}: says nothing; write the mail below the second ---")
    return Text(name, language, html=writing.html(nodes), text=writing.text(nodes), **said)


def _safe(at: str, source: str) -> None:
    if len(source) > LONGEST_SOURCE:
        raise BadTemplate(f"{at}: is longer than {LONGEST_SOURCE} characters; shorten it")
    if source.count("\n") > MOST_LINES:
        raise BadTemplate(f"{at}: has more than {MOST_LINES} lines; shorten it")
    unseen = _UNSEEN.search(source)
    if unseen:
        line = source.count("\n", 0, unseen.start()) + 1
        raise BadTemplate(f"{at} line {line}: holds the unseen character U+{ord(unseen[0]):04X}; take it out")
    cheap(at, source)
    for mark in marks.MARK.finditer(source):
        if "\n" in mark[0]:
            line = source.count("\n", 0, mark.start()) + 1
            raise BadTemplate(f"{at} line {line}: {mark[0][:2]} closes on another line; write it on one")


def _split(at: str, source: str) -> tuple[str, str, int]:
    """Front matter, body, and the body's first line in the file."""
    parts = re.split(r"^---[ ]*$\n?", source, maxsplit=2, flags=re.MULTILINE)
    if len(parts) != 3 or parts[0].strip():
        raise BadTemplate(f"{at} line 1: a text begins with a line --- , then subject: …, then a line ---")
    return parts[1], parts[2], (source.count("\n") - parts[2].count("\n")) + 1


def _front(at: str, matter: str) -> dict[str, str]:
    told, lines = _read(at, matter)
    unknown = sorted(set(told) - set(LONGEST_LINE))
    if unknown:
        raise BadTemplate(
            f"{at} line {lines[unknown[0]] + 1}: {unknown[0][:40]} is not known above the second ---; "
            f"use {', '.join(LONGEST_LINE)}"
        )
    if not told.get("subject"):
        raise BadTemplate(f"{at} line 2: has no subject; write subject: …")
    return {field: _one(at, lines[field] + 1, field, value) for field, value in told.items()}


def _read(at: str, matter: str) -> tuple[dict[str, Any], dict[str, int]]:
    from chalicelib.flows.reading import BadFlow, located

    if len(matter) > sum(LONGEST_LINE.values()):
        raise BadTemplate(f"{at} line 2: more stands above the second --- than belongs there; shorten it")
    try:
        return located(matter)
    except BadFlow as bad:
        raise BadTemplate(f"{at} line {(bad.line or 1) + 1}: {_reason(matter, bad.line, bad.reason)}") from None


def _reason(matter: str, line: int | None, reason: str) -> str:
    if not matter.strip():
        return "has no subject; write subject: …"
    lines = matter.split("\n")
    told = lines[min(line or 1, len(lines)) - 1]
    if "{{" in told or "{%" in told:
        return 'what begins with {{ or {%, or has a colon in it, goes into double quotes: subject: "…"'
    return reason


def _one(at: str, line: int, field: str, value: object) -> str:
    where = f"{at} line {line}: {field}"
    if not isinstance(value, str):
        raise BadTemplate(f'{where} must be a text; put it into double quotes: {field}: "…"')
    value = " ".join(value.split())
    if len(value) > LONGEST_LINE[field]:
        raise BadTemplate(f"{where} is longer than {LONGEST_LINE[field]} characters; shorten it")
    found = marks.MARK.findall(value)
    block = next((mark for mark in found if marks.kind(mark) == "block"), None)
    if block:
        raise BadTemplate(f"{where} is one line, {block} takes more; move it into the mail")
    marks.check_pairs(at, ((line, mark) for mark in found if marks.kind(mark) == "tag"))
    return value
