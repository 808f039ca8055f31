"""A CSV file read by byte ranges: one record after the other with its line, in bounded memory, whatever is in it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from chalicelib.platforms.shop_api import Trouble

Fetch = Callable[[int, int], bytes]  # (offset, size) -> at most so many bytes from there, fewer only at the end

CHUNK = 256 * 1024
LONGEST_RECORD = 1024 * 1024
MOST_LINES = 1000  # of one record: a quotation mark that nobody closes would swallow the rest of the file

TOO_LONG = "is longer than 1 MB"
UNCLOSED = 'has a quotation mark that is never closed: write " within a text as "", and the text in quotation marks'
NOT_UTF8 = "is not UTF-8: save the file as «CSV UTF-8» and import it again"
BROKEN = "has a line break in the middle of a text without quotation marks"
CELL_TOO_LONG = "has a cell of more than 131,072 characters"


@dataclass(frozen=True, slots=True)
class Record:
    """One record; a text in quotation marks may have line breaks. `line`: the first line it stands on, from 1. Bytes
    `start` to `end`. `trouble` says why it cannot be read; its cells are then a guess."""

    line: int
    start: int
    end: int
    lines: int
    cells: tuple[str, ...]
    trouble: str = ""


class Window:
    """The part of the file that is being looked at: what lies before it is forgotten."""

    def __init__(self, fetch: Fetch, size: int, start: int = 0) -> None:
        self._fetch, self.size, self.start = fetch, size, start
        self._data = bytearray()

    def part(self, start: int, end: int) -> bytes:
        """These bytes, fewer where the file ends. Nothing before `start` is forgotten."""
        while self.start + len(self._data) < min(end, self.size):
            self._more()
        return bytes(self._data[start - self.start : end - self.start])

    def line_end(self, start: int, limit: int) -> int | None:
        """Where the line that begins at `start` ends, line feed included; None where that is beyond `limit`."""
        searched = start
        while True:
            found = self._data.find(b"\n", searched - self.start, limit - self.start)
            if found >= 0:
                return self.start + found + 1
            searched = max(start, self.start + len(self._data))
            if searched >= limit:
                return None
            if searched >= self.size:
                return self.size
            self._more()

    def skip_line(self, start: int) -> int:
        """Where the line ends, however long it is. It is not kept."""
        while True:
            found = self._data.find(b"\n", start - self.start)
            if found >= 0:
                return self.start + found + 1
            start = self.start + len(self._data)
            if start >= self.size:
                return self.size
            self.forget(start)
            self._more()

    def forget(self, before: int) -> None:
        del self._data[: before - self.start]
        self.start = before

    def _more(self) -> None:
        at = self.start + len(self._data)
        chunk = self._fetch(at, min(CHUNK, self.size - at))
        if not chunk:
            raise Trouble("the file ends before its end")
        self._data += chunk


def records(window: Window, delimiter: str, start: int, line: int) -> Iterator[Record]:
    """Every record from byte `start` on, which is on line `line`. Empty lines are none."""
    while start < window.size:
        window.forget(start)
        record = _record(window, delimiter, start, line)
        if record.trouble or any(record.cells):
            yield record
        start, line = record.end, line + record.lines


def _record(window: Window, delimiter: str, start: int, line: int) -> Record:
    ends: list[int] = []
    inside = False
    while len(ends) < MOST_LINES:
        at = ends[-1] if ends else start
        end = window.line_end(at, start + LONGEST_RECORD)
        if end is None and not ends:
            return Record(line, start, window.skip_line(start), 1, (), TOO_LONG)
        if end is None or (ends and at >= window.size):
            break
        inside = _still_open(window.part(at, end), delimiter.encode(), inside)
        ends.append(end)
        if not inside:
            return _parsed(window.part(start, end), delimiter, Record(line, start, end, len(ends), ()))
    # Only the line with the quotation mark is lost: what follows is read as if it were not there.
    return Record(line, start, ends[0], 1, (), UNCLOSED)


def _still_open(text: bytes, delimiter: bytes, inside: bool) -> bool:
    """Whether a quoted text goes on after this line. A quotation mark opens one only where a cell begins."""
    at = 0
    while (found := text.find(b'"', at)) >= 0:
        at = found + 1
        if not inside:
            inside = found == 0 or text[found - 1 : found] == delimiter
        elif text[at : at + 1] == b'"':
            at += 1
        else:
            inside = False
    return inside


def _parsed(text: bytes, delimiter: str, place: Record) -> Record:
    trouble = ""
    try:
        decoded = text.decode()
    except UnicodeDecodeError:
        decoded, trouble = text.decode(errors="replace"), NOT_UTF8
    try:
        rows = list(csv.reader(io.StringIO(decoded, newline=""), delimiter=delimiter))
    except csv.Error:
        rows, trouble = [], CELL_TOO_LONG
    if len(rows) > 1:
        trouble = BROKEN
    cells = tuple(rows[0]) if rows else ()
    return Record(place.line, place.start, place.end, place.lines, cells, trouble)
