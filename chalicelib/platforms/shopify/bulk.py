"""A shop's whole history by bulk operation: Shopify writes one file of JSON lines, we read it a piece at a time.

The file is asked for with lines right behind their order (`groupObjects`), so that a piece is enough to read whole
orders. Whatever goes wrong with the file, the pages know the same: then the listing starts over with them.
"""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.domain.events import Unreadable
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import moment
from chalicelib.platforms.body import Node, parse
from chalicelib.platforms.shop_api import Link, Page, Trouble
from chalicelib.platforms.shopify import queries
from chalicelib.platforms.shopify.graph import ask, user_errors
from chalicelib.platforms.shopify.places import Place, written
from chalicelib.platforms.shopify.rows import Row, read_rows
from chalicelib.safe_http import Answer

# What is read of a file at once: some hundred orders, seconds of work. A row that is larger is read in larger pieces.
PIECE, LARGEST_PIECE = 1 << 20, 1 << 23
_WAIT_FOR_ROOM, _MOST_TRIES = 60, 10
_WAIT_FOR_RESULT = 10
_RUNNING = ("CREATED", "RUNNING", "CANCELING")
_NO_ROOM = ("OPERATION_IN_PROGRESS", "LIMIT_REACHED")
_PAGES = Place("pages")


class _Lost(Exception):
    """The file is not there, or not as it should be."""


def start(link: Link, kind: str, place: Place) -> Page:
    """Have Shopify write the file; where it runs too many already, wait, and in the end do without. Raises Denied."""
    if kind != "products":
        # An app without the approval for people's data may get a file of nobodies, and no word about it.
        ask(link, queries.PEOPLE)
    payload = ask(link, queries.START_BULK, {"query": queries.IN_BULK[kind]}).data.at("bulkOperationRunQuery")
    errors = user_errors(payload)
    if not errors and not payload.at("bulkOperation").at("id").missing:
        begun = Place("bulk", bulk=payload.at("bulkOperation").at("id").text())
        return Page(next=written(begun), wait=_WAIT_FOR_RESULT)
    busy = any(code in _NO_ROOM or "already in progress" in message for code, message in errors)
    if busy and place.tries < _MOST_TRIES:
        return Page(next=written(place.on(tries=place.tries + 1)), wait=_WAIT_FOR_ROOM)
    return Page(next=written(_PAGES))


def page(link: Link, shop: Shop, kind: str, place: Place) -> Page:
    """The next piece of the file, or a wait while Shopify still writes it. Raises Denied and Trouble."""
    operation = ask(link, queries.BULK, {"id": place.bulk}).data.at("bulkOperation")
    status = operation.at("status").text()
    if status in _RUNNING:
        return Page(next=written(place), wait=_WAIT_FOR_RESULT)
    if status != "COMPLETED":
        return Page(next=written(_PAGES))
    if operation.at("url").missing:
        empty = place.byte == 0 and operation.at("rootObjectCount").whole(0, 10**12) == 0
        return Page(total=0) if empty else Page(next=written(_PAGES))
    try:
        rows, onward = _rows(link, operation.at("url").text(), place.byte)
    except (_Lost, Unreadable):
        return Page(next=written(_PAGES))
    # What a row says was true when the operation began, or later.
    events, unread = read_rows(kind, rows, shop, moment(operation.at("createdAt").text()))
    further = None if onward is None else written(place.on(byte=onward))
    return Page(events, unread, further, total=operation.at("rootObjectCount").whole(0, 10**12))


def _rows(link: Link, url: str, byte: int) -> tuple[list[Row], int | None]:
    """The whole rows from `byte` on, and the byte after them, None at the end of the file."""
    size = PIECE
    while size <= LARGEST_PIECE:
        piece, last = _piece(link, url, byte, size)
        rows = list(_grouped(_lines(piece, last)))
        if last:
            return [row for _, row in rows], None
        if len(rows) > 1:
            # The last row may go on behind the border: it is read again, from its first byte.
            return [row for _, row in rows[:-1]], byte + rows[-1][0]
        size *= 2
    raise _Lost("a row is larger than any piece")


def _piece(link: Link, url: str, byte: int, size: int) -> tuple[bytes, bool]:
    """At most `size` bytes from `byte` on, and whether they are the last. The token stays with Shopify's API."""
    headers = {"range": f"bytes={byte}-{byte + size - 1}", "accept-encoding": "identity"}
    answer = link.http.ask("GET", url, headers=headers, most=LARGEST_PIECE + PIECE)
    if answer.status == 206:
        return answer.body, byte + len(answer.body) >= _length(answer)
    if answer.status == 200:
        return answer.body[byte:], True
    if answer.status == 416:
        return b"", True
    if answer.status >= 500 or answer.status in (408, 429):
        raise Trouble(f"the file of the bulk operation answered {answer.status}")
    raise _Lost(f"the file answered {answer.status}")


def _length(answer: Answer) -> int:
    """How long the file is, from `Content-Range: bytes 0-99/1234`."""
    length = answer.headers.get("content-range", "").rpartition("/")[2]
    if not (length.isascii() and length.isdigit()):
        raise _Lost("the file does not say how long it is")
    return int(length)


def _lines(piece: bytes, last: bool) -> Iterator[tuple[int, Node]]:
    """Each whole line and where it starts; what the border cut off waits for the next piece."""
    start = 0
    while start < len(piece):
        end = piece.find(b"\n", start)
        if end < 0 and not last:
            return
        line = piece[start : end if end >= 0 else len(piece)]
        if line.strip():
            yield start, parse(line)
        start += len(line) + 1


def _grouped(lines: Iterator[tuple[int, Node]]) -> Iterator[tuple[int, Row]]:
    """Each row with what belongs to it, and where it starts. Raises _Lost where something stands elsewhere."""
    start = 0
    parent: Node | None = None
    inner: list[Node] = []
    for at, line in lines:
        if line.at("__parentId").missing:
            if parent is not None:
                yield start, Row(parent, tuple(inner))
            start, parent, inner = at, line, []
        elif parent is None or line.at("__parentId").value != parent.at("id").value:
            raise _Lost("a line stands apart from its order")
        else:
            inner.append(line)
    if parent is not None:
        yield start, Row(parent, tuple(inner))
