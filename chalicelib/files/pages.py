"""A file page by page: events, rejected lines, and a cursor from which any process can go on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from chalicelib.domain.events import Event, Unreadable
from chalicelib.domain.shop import Shop
from chalicelib.files.columns import About, Cells, WrongLine, cells, normal
from chalicelib.files.formats import Format, recognise, unknown_columns
from chalicelib.files.head import Head, head
from chalicelib.files.reading import Fetch, Record, Window, records
from chalicelib.platforms import texts
from chalicelib.platforms.shop_api import Denied, Page, Unread

ROWS = 500
LARGEST_PAGE = 8 * 1024 * 1024
# An order of more lines than that, or of more bytes, is a mistake in the file.
MOST_TOGETHER, LARGEST_TOGETHER = 1000, 4 * 1024 * 1024
_KNOWN = "Our own columns, and the exports that are recognised, stand in docs/csv.md."


@dataclass(slots=True)
class _Group:
    """Lines that are one thing. `trouble`: the first line that keeps it from being read."""

    start: int
    line: int
    key: str
    found: list[Cells] = field(default_factory=list)
    size: int = 0
    count: int = 0
    trouble: Unread | None = None


def page(
    fetch: Fetch,
    size: int,
    shop: Shop,
    cursor: str | None = None,
    rows: int = ROWS,
    *,
    known_at: str | None = None,
    name: str = "",
) -> Page:
    """The next lines of a file of `size` bytes: about `rows`, never parting the lines of one order. `fetch(offset,
    size)` gives bytes of it. `known_at`: the stored moment by which it was made; an unsubscribe without a time is of
    then. `name`: its name. Raises Denied where the file as a whole is of no use, Trouble where it cannot be fetched.
    """
    top = head(fetch, size)
    form = _format(top)
    at = _start(cursor, form, top, size)
    events: list[Event] = []
    unread: list[Unread] = []
    following, taken, begin = None, 0, at.byte
    for group in _groups(Window(fetch, size, at.byte), form, top, at):
        if taken >= rows or group.start - begin >= LARGEST_PAGE:
            following = _cursor(form, group.start, group.line, size)
            break
        taken += group.count
        _read(group, form, About(shop, known_at, name), events, unread)
    return Page(tuple(events), tuple(unread), following)


def position(cursor: str | None) -> int:
    """How many bytes of the file lie before a cursor: for whoever shows progress."""
    return int(json.loads(cursor)["byte"]) if cursor else 0


def _format(top: Head) -> Format:
    form = recognise(top.columns)
    if form is None:
        raise Denied("unknown_columns", f"No known file has these columns in its first line. {_KNOWN}")
    if form.refusal:
        raise Denied("useless_file", form.refusal)
    if strange := unknown_columns(form, top.columns):
        named = ", ".join(texts.plain(one, 40) for one in strange[:5])
        raise Denied("unknown_columns", f"Not among our columns: {named}. Your own begin with x_. {_KNOWN}")
    return form


def _read(group: _Group, form: Format, about: About, events: list[Event], unread: list[Unread]) -> None:
    if group.trouble:
        unread.append(group.trouble)
        return
    try:
        events += form.read(group.found, about)
    except WrongLine as error:
        unread.append(Unread("line", str(error.line), error.reason, error.field))
    except Unreadable as error:
        unread.append(Unread("line", str(group.line), error.reason, error.field))


def _groups(window: Window, form: Format, top: Head, at: _At) -> Iterator[_Group]:
    order = [normal(column) for column in top.columns]
    names: dict[str, str] = {}
    for column, written in zip(order, top.columns, strict=True):
        names.setdefault(column, texts.plain(written, 60))
    key = next((column for column in form.key if column in names), None)
    group = None
    for record in records(window, top.delimiter, at.byte, at.line):
        one = _cells(record, names, order)
        value = one.values.get(key, "") if key and isinstance(one, Cells) else ""
        if group and not (value and value == group.key):
            yield group
            group = None
        group = group or _Group(record.start, record.line, value)
        _join(group, record, one)
    if group:
        yield group


def _cells(record: Record, names: dict[str, str], order: Sequence[str]) -> Cells | Unread:
    """A record in trouble still tells by its guessed cells which order it belongs to."""
    try:
        return cells(record.line, record.cells, names, order)
    except Unreadable as error:
        return Unread("line", str(record.line), record.trouble or error.reason, error.field)


def _join(group: _Group, record: Record, one: Cells | Unread) -> None:
    group.count, group.size = group.count + 1, group.size + record.end - record.start
    if isinstance(one, Unread):
        group.trouble = group.trouble or one
    elif record.trouble:
        group.trouble = group.trouble or Unread("line", str(record.line), record.trouble)
    elif group.count > MOST_TOGETHER or group.size > LARGEST_TOGETHER:
        too_many = f"belongs to an order of more than {MOST_TOGETHER} lines or 4 MB"
        group.trouble, group.found = group.trouble or Unread("line", str(record.line), too_many), []
    else:
        group.found.append(one)


@dataclass(frozen=True, slots=True)
class _At:
    byte: int
    line: int


def _cursor(form: Format, byte: int, line: int, size: int) -> str:
    return json.dumps({"format": form.name, "byte": byte, "line": line, "size": size}, separators=(",", ":"))


def _start(cursor: str | None, form: Format, top: Head, size: int) -> _At:
    if cursor is None:
        return _At(top.start, top.line)
    said = json.loads(cursor)
    if (said["format"], said["size"]) != (form.name, size):
        raise Denied(
            "another_file", "The file was changed while it was being imported. Import it again from its start."
        )
    return _At(said["byte"], said["line"])
