"""A delivery's JSON, opened with care: exact numbers, bounded work, and every refusal names its field."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from chalicelib.domain.events import Unreadable
from chalicelib.domain.money import BadMoney, from_major, iso
from chalicelib.domain.people import latin_digits
from chalicelib.domain.times import BadTime, moment, stamp

LONGEST_TEXT = 10_000
_LONGEST_NUMBER = 64
_FIRST_YEAR, _LAST_YEAR = 1970, 2200
_SEPARATORS = str.maketrans({"\u066b": ".", "\u066c": None})  # Persian keyboards' decimal and thousands signs
_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{0,30})?([eE][+-]?[0-9]{1,2})?")


@dataclass(frozen=True, slots=True)
class Node:
    """A value in the body and the path that leads to it. Every method raises Unreadable with that path."""

    value: Any
    path: str = ""

    @property
    def missing(self) -> bool:
        """Not there, or there as null, "" or false: which of them PHP writes for nothing is a matter of luck."""
        return self.value is None or self.value is False or self.value == ""

    def refused(self, reason: str) -> Unreadable:
        """The exception to raise; `reason` never quotes the value."""
        return Unreadable(reason, self.path)

    def at(self, name: str) -> Node:
        """The member of an object; a missing Node where object or member is missing (PHP writes {} as [])."""
        path = f"{self.path}.{name}" if self.path else name
        if self.missing or self.value == []:
            return Node(None, path)
        if not isinstance(self.value, dict):
            raise self.refused("should be an object")
        return Node(self.value.get(name), path)

    def items(self, most: int) -> list[Node]:
        """The members of a list, none where it is missing. PHP writes a list with gaps as {"1": …, "2": …}."""
        if self.missing:
            return []
        found = self.value
        if isinstance(found, dict) and all(name.isdigit() for name in found):
            found = list(found.values())
        if not isinstance(found, list):
            raise self.refused("should be a list")
        if len(found) > most:
            raise self.refused(f"has more than {most} members")
        return [Node(member, f"{self.path}[{i}]") for i, member in enumerate(found)]

    def text(self) -> str:
        """Text without half characters, cut to 10,000; a number as its text; "" where it is missing."""
        if self.missing:
            return ""
        if isinstance(self.value, (int, Decimal)) and self.value is not True:
            return str(self.value)
        if not isinstance(self.value, str):
            raise self.refused("should be text")
        return self.value[:LONGEST_TEXT].encode("utf-8", "replace").decode()

    def whole(self, least: int, most: int) -> int:
        """A number from `least` to `most`; what is sold by weight (0.4 kg) is rounded, but never to nothing."""
        number = self._number()
        if not least <= number <= most:
            raise self.refused(f"should be a number from {least} to {most}")
        return 1 if 0 < number < 1 else int(number.quantize(Decimal(1), rounding=ROUND_HALF_UP))

    def amount(self, code: str, default: int | None = None) -> int:
        """Minor units of `iso(code)` from an amount in major units; `default` where it is missing."""
        if self.missing and default is not None:
            return default
        try:
            return from_major(self._number(), code)
        except BadMoney:
            raise self.refused("is not an amount of money") from None

    def currency(self) -> str:
        """A currency's code in capitals, known to ISO or (IRT, IRHT, IRHR) to us."""
        try:
            iso(self.text())
        except BadMoney:
            raise self.refused("should be a currency's code") from None
        return self.text().strip().upper()

    def time(self, zone: str = "UTC") -> str | None:
        """A stored moment; text without an offset is in `zone`. None where it is missing."""
        if self.missing:
            return None
        if not isinstance(self.value, str):
            raise self.refused("should be a time")
        try:
            at = moment(self.value) if zone == "UTC" else _local(self.value, zone)
        except (BadTime, ValueError, OverflowError, KeyError):
            raise self.refused("is not a time") from None
        if not _FIRST_YEAR <= at.year < _LAST_YEAR:
            raise self.refused("is not a time of our days")
        return stamp(at)

    def _number(self) -> Decimal:
        if isinstance(self.value, bool) or not isinstance(self.value, (int, str, Decimal)):
            raise self.refused("is missing" if self.missing else "should be a number")
        text = latin_digits(str(self.value)[: _LONGEST_NUMBER + 1]).translate(_SEPARATORS).strip()
        if not _NUMBER.fullmatch(text):
            raise self.refused("should be a number" if text else "is missing")
        return Decimal(text)


def parse(body: bytes) -> Node:
    """The body as an object with exact numbers. Raises Unreadable for anything else, however hostile."""
    value = _opened(body)
    if not isinstance(value, dict):
        raise Unreadable("the body should be an object")
    return Node(value)


def parse_list(body: bytes, most: int) -> list[Node]:
    """The members of a body that is a list, each with paths of its own. Raises Unreadable."""
    return [Node(member.value) for member in Node(_opened(body), "the body").items(most)]


def _opened(body: bytes) -> Any:
    try:
        return json.loads(body.decode("utf-8-sig"), parse_float=_decimal, parse_int=_integer, parse_constant=_no_number)
    except UnicodeDecodeError:
        raise Unreadable("the body is not UTF-8") from None
    except RecursionError:
        raise Unreadable("the body is nested too deeply") from None
    except ValueError:
        raise Unreadable("the body is not JSON") from None


def _local(text: str, zone: str) -> datetime:
    at = datetime.fromisoformat(text.strip())
    return moment((at.replace(tzinfo=ZoneInfo(zone)) if at.tzinfo is None else at).isoformat())


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(_bounded(text))
    except InvalidOperation:
        raise ValueError("not a number") from None


def _integer(text: str) -> int:
    return int(_bounded(text))


def _bounded(text: str) -> str:
    if len(text) > _LONGEST_NUMBER:
        raise ValueError("a number too long")
    return text


def _no_number(text: str) -> None:
    raise ValueError("not JSON")
