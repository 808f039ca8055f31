"""One record by the names of its columns, and its cells in our words. Every refusal says what to write instead."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from chalicelib.domain.events import Unreadable
from chalicelib.domain.money import RIALS_PER, exponent, iso
from chalicelib.domain.people import clean_email, clean_phone, latin_digits
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.platforms import texts
from chalicelib.platforms.body import Node

# A file without times tells what was so at some time: older than anything that the shop itself says.
LONG_AGO = "1970-01-01T00:00:00Z"
MOST_OF_A_LIST = 500
_DEFUSED = re.compile(r"'+[=+\-@\t\r]")
_ID = re.compile(r"[A-Za-z0-9._:~@=+-]{1,128}")
# Spreadsheets always write the sign: 12e5 is an id like any other.
_ROUNDED = re.compile(r"[0-9]+([.,][0-9]+)?[eE]\+[0-9]+")
_WHOLE = re.compile(r"^([0-9]+)\.0$")
_PARTED = re.compile(r"([;|\t])'(?='*\s*[=+\-@])")
_MAYBE_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}\.[0-9]{3}")
_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+\.[0-9]{1,4}|[+-]?[0-9]{1,3}(,[0-9]{3}){2,}")
_TIME = re.compile(
    r"([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})"
    r"(?:[T ]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?)?"
    r"\s*(Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})?",
    re.IGNORECASE,
)
_JALALI_YEARS = range(1300, 1500)
_YES, _NO = ("yes", "true", "1", "y"), ("no", "false", "0", "n")


def normal(column: str) -> str:
    """A column's name as it is compared: small letters, single spaces."""
    return " ".join(column.lower().split())


@dataclass(frozen=True, slots=True)
class About:
    """What a file does not say of itself. `known_at`: the stored moment by which all that it tells was so, if anybody
    knows; `name`: what the file is called."""

    shop: Shop
    known_at: str | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Cells:
    """One record. `values`: normal column -> cell; `names`: the same -> as the file writes it, fit to be shown."""

    line: int
    values: Mapping[str, str]
    names: Mapping[str, str]

    def at(self, *columns: str) -> Node:
        """The cell of the first of these columns that has something in it."""
        for column in columns:
            if cell := self.values.get(column):
                return Node(cell, self.names[column])
        column = next((column for column in columns if column in self.names), columns[0])
        return Node("", self.names.get(column, column))

    def has(self, *columns: str) -> bool:
        """Whether the file has one of these columns, be it empty here."""
        return any(column in self.names for column in columns)


def cells(line: int, row: Sequence[str], names: Mapping[str, str], order: Sequence[str]) -> Cells:
    """`order`: the normal names of the columns, from left to right; of two that are called the same the first counts.
    Raises Unreadable for more cells than columns."""
    if any(cell.strip() for cell in row[len(order) :]):
        raise Unreadable("there are more cells than columns: put texts with a comma into quotation marks")
    values: dict[str, str] = {}
    for column, cell in zip(order, row, strict=False):
        values.setdefault(column, armed(cell.strip(" \u00a0")))
    return Cells(line, values, names)


def armed(cell: str) -> str:
    """The cell without the ' that keeps spreadsheets from calculating with it (`writing.defused`)."""
    return _PARTED.sub(r"\1", cell[1:] if _DEFUSED.match(cell) else cell)


class WrongLine(Unreadable):
    """What is wrong stands on this line."""

    def __init__(self, reason: str, field: str, line: int) -> None:
        super().__init__(reason, field)
        self.line = line


@contextmanager
def blaming(one: Cells) -> Iterator[None]:
    """Whatever is refused in here stands on this record's line."""
    try:
        yield
    except Unreadable as error:
        raise WrongLine(error.reason, error.field, one.line) from None


def time_of(node: Node, zone: str) -> str | None:
    """A stored moment, None where the cell is empty. Without an offset it is in `zone`; a year from 1300 to 1499 is one
    of the Persian calendar."""
    text = latin_digits(node.text()).strip()
    if not text:
        return None
    found = _TIME.fullmatch(text)
    try:
        at = _moment(found, zone) if found else None
    except (ValueError, OverflowError):
        at = None
    if at is None or not 1970 <= at.year < 2200:
        raise node.refused("is not a time: write it as 2026-11-21 14:05, with the offset (+03:30) if it is not local")
    return stamp(at)


def needed_time(node: Node, zone: str) -> str:
    """The same for a cell that may not be empty."""
    at = time_of(node, zone)
    if at is None:
        raise node.refused("is missing: write when, as 2026-11-21 14:05")
    return at


def _moment(found: re.Match[str], zone: str) -> datetime:
    year, month, day, hour, minute, second = (int(part or 0) for part in found.group(1, 2, 3, 4, 5, 6))
    if year in _JALALI_YEARS:
        import jdatetime

        date = jdatetime.date(year, month, day).togregorian()
        year, month, day = date.year, date.month, date.day
    micro = int((found.group(7) or "0").ljust(6, "0")[:6])
    return datetime(year, month, day, hour, minute, second, micro, tzinfo=_offset(found.group(8), zone)).astimezone(UTC)


def _offset(text: str | None, zone: str) -> timezone | ZoneInfo:
    if text is None:
        return ZoneInfo(zone)
    if text[0] not in "+-":
        return UTC
    size = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return timezone(-size if text[0] == "-" else size)


def _decimals(code: str) -> int:
    """How many a price in this currency can have: 2 for EUR, 4 for IRHT (thousand Toman, 10,000 Rial)."""
    return exponent(iso(code)) + len(str(RIALS_PER.get(code, 1))) - 1


def money_of(node: Node, code: str, default: int | None = None, *, negative: bool = False, fine: bool = False) -> int:
    """Minor units from an amount in major units of `code`; `default` where the cell is empty. `negative`: may it be?
    `fine`: shops write the price of one with more decimals than they charge."""
    if node.missing and default is not None:
        return default
    text = latin_digits(node.text())
    if not fine and _MAYBE_THOUSANDS.fullmatch(text.strip()) and _decimals(code) < 3:
        raise node.refused("may be thousands or decimals: write 1234.00 or 1.23")
    try:
        if "e" in text.lower():
            raise node.refused("")
        amount = Node(text.replace(",", "") if _THOUSANDS.fullmatch(text) else text, node.path).amount(code)
    except Unreadable:
        reason = "is missing" if node.missing else "is not an amount"
        raise node.refused(f"{reason}: write it as 1234567.50, without a currency") from None
    if amount < 0 and not negative:
        raise node.refused("should not be negative")
    return amount


def quantity_of(node: Node) -> int:
    """How many; 1 where the cell is empty."""
    return 1 if node.missing else node.whole(0, 1_000_000)


def id_of(node: Node) -> str:
    """An id. Raises Unreadable where it is missing, or not what it was before a spreadsheet rounded it."""
    text = _WHOLE.sub(r"\1", latin_digits(node.text()).removeprefix("'"))
    if not text:
        raise node.refused("is missing")
    if _ROUNDED.fullmatch(text):
        raise node.refused("was rounded by a spreadsheet: import the file as it was exported, without opening it there")
    if not _ID.fullmatch(text):
        raise node.refused("is no id: 1 to 128 letters, digits and . _ : ~ @ = + -")
    return text


def id_or_none(node: Node) -> str | None:
    """An id, None where there is none: empty or 0."""
    return None if node.text() in ("", "0", "'0") else id_of(node)


def email_of(node: Node) -> str | None:
    """The address, None where the cell is empty. Raises Unreadable for what is none."""
    address = clean_email(node.text().removeprefix("'"))
    if address is None and not node.missing:
        raise node.refused("is not an e-mail address")
    return address


def phone_of(node: Node, country: str | None, shop: Shop) -> str | None:
    """E.164, None where the cell is empty. Raises Unreadable for what is no phone number."""
    number = clean_phone(node.text().removeprefix("'"), country or shop.country) if not node.missing else None
    if number is None and not node.missing:
        raise node.refused("is not a phone number: write it with its country, as +989121234567")
    return number


def yes_of(node: Node) -> bool | None:
    """True, False, None where the cell is empty."""
    word = node.text().lower()
    if word not in (*_YES, *_NO, ""):
        raise node.refused("should be yes or no")
    return None if not word else word in _YES


def word_of(node: Node, words: Sequence[str], default: str) -> str:
    """One of our words; `default` where the cell is empty."""
    word = node.text().lower() or default
    if word not in words:
        raise node.refused("is missing" if not word else "should be one of " + ", ".join(words))
    return word


def list_of(node: Node) -> tuple[str, ...]:
    """Texts with | between them."""
    parts = (texts.plain(part, 100) for part in node.text().split("|"))
    return tuple(part for part in parts if part)[:MOST_OF_A_LIST]
