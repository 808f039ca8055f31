"""Liquid's marks in a text: what each is, and whether tags open and close as they should. Not loaded while sending."""

from __future__ import annotations

import re
from collections.abc import Iterable

from chalicelib.domain.text import BadTemplate

MARK = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_STRINGS = re.compile(r"\"[^\"]*\"|'[^']*'")
_BUTTON = re.compile(r"\|\s*button\s*:")
# What stands in a mail as a block of its own.
BLOCKS = ("order.receipt", "order.items", "picks", "coupon.card", "rating")
OPENS = {"if", "unless", "case", "for", "capture", "comment"}
_BETWEEN = {"else": {"if", "unless", "case", "for"}, "elsif": {"if", "unless"}, "when": {"case"}}
_ALONE = {"assign", "#"}


def inside(mark: str) -> str:
    """What stands between the braces."""
    return mark[2:-2].strip("- \t\n")


def kind(mark: str) -> str:
    """tag | block (stands alone in a paragraph) | value."""
    if mark.startswith("{%"):
        return "tag"
    bare = _STRINGS.sub("''", inside(mark))
    return "block" if bare.split("|")[0].strip() in BLOCKS or _BUTTON.search(bare) else "value"


def filtered(mark: str) -> bool:
    """Whether a block that is no button goes through a filter, which cannot be."""
    bare = _STRINGS.sub("''", inside(mark))
    return "|" in bare and not _BUTTON.search(bare)


def check_pairs(name: str, tags: Iterable[tuple[int, str]]) -> None:
    """`tags` (line, mark) that stand beside each other open and close as they should. Raises BadTemplate."""
    opened: list[tuple[int, str]] = []
    for line, mark in tags:
        word = next(iter(inside(mark).split()), "")
        at = f"{name} line {line}"
        if word in OPENS:
            opened.append((line, word))
        elif word in _BETWEEN:
            if not opened or opened[-1][1] not in _BETWEEN[word]:
                raise BadTemplate(f"{at}: {word} has no {' or '.join(sorted(_BETWEEN[word]))} before it at its place")
        elif word.startswith("end"):
            if not opened or opened.pop()[1] != word[3:]:
                raise BadTemplate(
                    f"{at}: {word} does not close what is open here; a tag opens and closes in the same paragraph, "
                    "or both of its lines stand by themselves"
                )
        elif word not in _ALONE and not word.startswith("#"):
            raise BadTemplate(f"{at}: the tag {word[:20]!r} is not for texts; use {', '.join(sorted(OPENS))}, assign")
    if opened:
        line, word = opened[-1]
        raise BadTemplate(f"{name} line {line}: {word} is not closed at its place; add {{% end{word} %}} beside it")
