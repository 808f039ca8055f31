"""The beginning of a CSV file: how it is written, and what its columns are called."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from chalicelib.files.reading import LONGEST_RECORD, Fetch, Window, records
from chalicelib.platforms.shop_api import Denied

_LOOKED_AT = 64 * 1024
_DELIMITERS = ",;\t|"
_MOST_COLUMNS = 1000
_SEPARATOR_LINE = re.compile(rb'"?sep=([,;\t|])"?\r?\n', re.IGNORECASE)
_CSV_UTF8 = "In Excel: Save as, «CSV UTF-8 (comma delimited)»; in LibreOffice: Save as, Text CSV, character set UTF-8."
_OTHER_FILES = {
    b"PK\x03\x04": (
        "workbook",
        f"this is a ZIP or an Excel workbook, not a CSV file. Unpack it, or save it. {_CSV_UTF8}",
    ),
    b"\x1f\x8b": ("packed", "this is a packed file. Unpack it first: gunzip FILE"),
    b"\xd0\xcf\x11\xe0": ("workbook", f"this is an Excel workbook, not a CSV file. {_CSV_UTF8}"),
    codecs.BOM_UTF16_LE: ("encoding", f"this file is UTF-16. {_CSV_UTF8}"),
    codecs.BOM_UTF16_BE: ("encoding", f"this file is UTF-16. {_CSV_UTF8}"),
}


@dataclass(frozen=True, slots=True)
class Head:
    """`columns` as they are written; the first record begins at byte `start`, on line `line`."""

    columns: tuple[str, ...]
    delimiter: str
    start: int
    line: int


def head(fetch: Fetch, size: int) -> Head:
    """Raises Denied where this is no CSV file that we can read, with what to do about it."""
    window = Window(fetch, size)
    first = window.part(0, _LOOKED_AT)
    _refuse_other(first)
    start = len(codecs.BOM_UTF8) if first.startswith(codecs.BOM_UTF8) else 0
    separator = _SEPARATOR_LINE.match(first, start)
    line = 1
    if separator:
        start, line = separator.end(), 2
    choices = separator.group(1).decode() if separator else _DELIMITERS
    found = [_with(window, delimiter, start, line) for delimiter in choices]
    best = max(found, key=lambda one: len(one.columns))
    if len(best.columns) > _MOST_COLUMNS:
        raise Denied("no_columns", f"the first line names more than {_MOST_COLUMNS} columns")
    return best


def _refuse_other(first: bytes) -> None:
    for beginning, (code, remedy) in _OTHER_FILES.items():
        if first.startswith(beginning):
            raise Denied(code, remedy)
    if not first.strip():
        raise Denied("empty", "the file is empty")
    if b"\0" in first:
        raise Denied("encoding", f"this file is not a text in UTF-8. {_CSV_UTF8}")
    try:
        codecs.getincrementaldecoder("utf-8")().decode(first)
    except UnicodeDecodeError as error:
        line = first.count(b"\n", 0, error.start) + 1
        raise Denied("encoding", f"line {line} has letters that are not UTF-8. {_CSV_UTF8}") from None
    if b"\n" not in first and b"\r" in first:
        raise Denied("line_ends", f"the lines of this file end as they did on old Macs. {_CSV_UTF8}")


def _with(window: Window, delimiter: str, start: int, line: int) -> Head:
    reader = Window(lambda at, size: window.part(at, at + size), min(window.size, start + LONGEST_RECORD), start)
    first = next(records(reader, delimiter, start, line), None)
    if first is None or first.trouble:
        return Head((), delimiter, start, line)
    return Head(tuple(cell.strip() for cell in first.cells), delimiter, first.end, first.line + first.lines)
