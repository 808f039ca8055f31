"""What is asked of a template's source before the library sees it. Nothing here reads further than the next mark."""

from __future__ import annotations

import re

from chalicelib.domain.text import BadTemplate

SOURCE_LIMIT = 64_000  # characters of a template
TAG_LIMIT = 1_000  # characters between {{ and }} or {% and %}
_ENDS = re.compile(r"\{\{|\{%|%\}|\}\}")
_ODD = re.compile(r"\s{60}|(?<=\{%)-?\s{0,60}(?:raw|doc)\b")
_CLOSE = {"{{": "}}", "{%": "%}"}


def cheap(name: str, source: str) -> None:
    """Refuse what the library's patterns would search for minutes: unclosed and endless tags, long runs of blanks."""
    if len(source) > SOURCE_LIMIT:
        raise BadTemplate(f"{name}: is longer than {SOURCE_LIMIT} characters; shorten it")
    opened: re.Match[str] | None = None
    for mark in _ENDS.finditer(source):
        if opened is None:
            opened = mark if mark[0] in _CLOSE else None
        elif mark[0] == _CLOSE[opened[0]] and mark.start() - opened.start() <= TAG_LIMIT:
            _plain(name, source, opened.end(), mark.start())
            opened = None
        else:
            break
    if opened is not None:
        raise BadTemplate(f"{_at(name, source, opened)}: {opened[0]} is not closed within {TAG_LIMIT} characters")


def _plain(name: str, source: str, start: int, end: int) -> None:
    odd = _ODD.search(source, start, end)
    if odd:
        raise BadTemplate(
            f"{_at(name, source, odd)}: raw, doc and long runs of blanks are not for tags; leave them out"
        )


def _at(name: str, source: str, found: re.Match[str]) -> str:
    return f"{name} line {source.count(chr(10), 0, found.start()) + 1}"
