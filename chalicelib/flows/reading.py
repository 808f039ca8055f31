"""Reading the text of a flow file: YAML without its traps.

Only `true` and `false` are yes and no (so that `on:` is a field and `no` is Norway), 10:00 is a text, a date is a text.
No references, no types, no field twice, one document, small and flat: what is read can be stored and shown as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from chalicelib.domain.flow_fields import BadFlow, under

MOST_BYTES, MOST_VALUES, DEEPEST = 64 * 1024, 5_000, 20
_NOTHING = ("", "~", "null", "Null", "NULL")
_FLAGS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
# Longer ones, and those with a zero in front, are ids rather than numbers.
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,14})")
_POINT = re.compile(r"-?(?:0|[1-9][0-9]{0,14})\.[0-9]{1,15}")
REFERENCE = "& and * refer to other places, which is not done here; write the value out, or put it in quotes"
BRACKET = "a bracket or a comma is missing; add it, or put a text with , ? [ ] { } in it in quotes"
INDENT = (
    "the indent is not even, or a quotation mark above is not closed; begin all lines of one list or group with the "
    "same number of spaces, and close what was opened"
)
COLON = "there is a colon where none can be; put the text in quotes, or check the indent of this line"
KEPT_SIGN = "a word begins with a sign that YAML keeps for itself; put the word in quotes"
ESCAPE = "a \\ in double quotes begins a special sign, and this is none; use single quotes"
# What the YAML library says -> what that means to somebody who wrote a flow.
_PLAINLY = (
    (r"character '\\t'", "a tab stands here; put spaces in its place"),
    (r"cannot start any token", KEPT_SIGN),
    (r"mapping values are not allowed", COLON),
    (r"could not find expected ':'", "a line has no colon after its first word; write it as field: value"),
    (r"expected ',' or '[\]}]'", BRACKET),
    (r"unexpected end of stream", "a quotation mark is not closed; close it"),
    (r"alias|anchor", REFERENCE),
    (r"expected <block end>|block sequence entries|expected the node content|indent", INDENT),
    (r"unknown escape|escape sequence", ESCAPE),
    (r"directive|document start", "lines with % or --- do not belong into a flow file; take them out"),
)


def read(text: str | bytes) -> dict[str, Any]:
    """The data of a flow file. Raises BadFlow with the line."""
    return located(text)[0]


def located(text: str | bytes) -> tuple[dict[str, Any], dict[str, int]]:
    """The data of a flow file, and the line in which each field stands. Raises BadFlow with the line."""
    import yaml

    written = _decoded(text)
    builder = _Builder(yaml.parse(written, Loader=yaml.SafeLoader))
    try:
        return builder.document()
    except BadFlow:
        raise
    except yaml.MarkedYAMLError as error:
        raise BadFlow("(file)", _plainly(f"{error.context} {error.problem}"), _where(error)) from None
    except yaml.reader.ReaderError as error:
        line = written.count("\n", 0, error.position) + 1
        raise BadFlow("(file)", "there is a hidden character that belongs in no text; delete it", line) from None
    except (ValueError, OverflowError):  # the library's own: \Uffffffff, %YAML with a number of a thousand digits
        raise BadFlow("(file)", ESCAPE, builder.line) from None


def line_of(lines: dict[str, int], field: str) -> int | None:
    """The line of a field, or of what it would stand in."""
    while field and field not in lines:
        field = field[: max(field.rfind("."), field.rfind("["), 0)]
    return lines.get(field)


def _decoded(text: str | bytes) -> str:
    if len(text) > MOST_BYTES or len(text.encode("utf-8", "replace") if isinstance(text, str) else text) > MOST_BYTES:
        raise BadFlow("(file)", "is larger than 64 KB, which no flow needs; shorten it")
    try:
        written = text if isinstance(text, str) else text.decode("utf-8")
    except UnicodeDecodeError as error:
        line = text[: error.start].count(b"\n") + 1 if isinstance(text, bytes) else None
        raise BadFlow("(file)", "is not saved as UTF-8; save it again with that encoding", line) from None
    return written.removeprefix("\ufeff")


def _plainly(problem: str) -> str:
    for pattern, meaning in _PLAINLY:
        if re.search(pattern, problem):
            return meaning
    return "cannot be read; check the indent, colons, commas, brackets and quotes of this line and the one before"


def _where(error: Any) -> int | None:
    """The line of the trouble; of what was opened there, where it is never closed."""
    at_the_end = "stream end" in str(error.problem) or "end of stream" in str(error.problem)
    mark = error.context_mark if at_the_end and error.context_mark else error.problem_mark or error.context_mark
    return mark.line + 1 if mark else None


class _Builder:
    """One pass over the library's events, so that nothing is built of what is refused."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events, self._values = events, 0
        self._lines: dict[str, int] = {}
        self.line = 1  # where it has come to

    def document(self) -> tuple[dict[str, Any], dict[str, int]]:
        self._next()
        if self._next()[0] == "StreamEnd":
            raise BadFlow("(file)", "is empty; write a flow, beginning with flow: come-back")
        data = self._value(*self._next(), "", 0)
        self._next()
        kind, event = self._next()
        if kind != "StreamEnd":
            raise BadFlow("(file)", "holds two flows, parted by ---; make a file of each", _line(event))
        if not isinstance(data, dict):
            raise BadFlow("(file)", "is no group of fields; begin with flow: come-back", self._lines.get(""))
        return data, self._lines

    def _next(self) -> tuple[str, Any]:
        """The kind of what comes next, and what is known of it."""
        event = next(self._events)
        self.line = _line(event)
        found = type(event).__name__.removesuffix("Event")
        if found == "DocumentStart" and (event.version or event.tags):
            raise BadFlow("(file)", "begins with a line with %, which is not for flow files; take it out", _line(event))
        return found, event

    def _value(self, kind: str, event: Any, at: str, depth: int) -> Any:
        self._allowed(kind, event, at, depth)
        self._lines.setdefault(at, _line(event))
        if kind == "Scalar":
            return _scalar(event, at)
        return self._group(at, depth) if kind == "MappingStart" else self._list(at, depth)

    def _allowed(self, kind: str, event: Any, at: str, depth: int) -> None:
        self._values += 1
        place, line = at or "(file)", _line(event)
        if kind == "Alias" or event.anchor is not None:
            raise BadFlow(place, REFERENCE, line)
        if event.tag is not None:
            raise BadFlow(place, "begins with !, which YAML keeps for itself; put it in quotes", line)
        if self._values > MOST_VALUES:
            raise BadFlow("(file)", f"holds more than {MOST_VALUES} values, which no flow needs; shorten it", line)
        if depth > DEEPEST:
            raise BadFlow("(file)", f"lists and groups stand more than {DEEPEST} deep; write it flatter", line)

    def _group(self, at: str, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while (entry := self._next())[0] != "MappingEnd":
            key = self._key(*entry, at, depth)
            here = under(at, key)
            if key in found:
                first = self._lines[here]
                raise BadFlow(here, f"stands twice here, first in line {first}; keep one", _line(entry[1]))
            self._lines[here] = _line(entry[1])
            found[key] = self._value(*self._next(), here, depth + 1)
        return found

    def _key(self, kind: str, event: Any, at: str, depth: int) -> str:
        self._allowed(kind, event, at, depth)
        if kind != "Scalar" or not event.value:
            raise BadFlow(at or "(file)", "a field needs a name before its colon; write field: value", _line(event))
        return _text(event, at)

    def _list(self, at: str, depth: int) -> list[Any]:
        found: list[Any] = []
        while (entry := self._next())[0] != "SequenceEnd":
            found.append(self._value(*entry, f"{at}[{len(found)}]", depth + 1))
        return found


def _scalar(event: Any, at: str) -> Any:
    text = _text(event, at)
    if not event.implicit[0]:
        return text
    if text in _NOTHING:
        return None
    if text in _FLAGS:
        return _FLAGS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _POINT.fullmatch(text) else text


def _text(event: Any, at: str) -> str:
    if any("\ud800" <= sign <= "\udfff" for sign in event.value):
        raise BadFlow(at or "(file)", "holds half a character; write the character itself, without \\", _line(event))
    return str(event.value)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
