"""One field of a flow file at a time: what it may hold, and what is said where it holds something else.

Every function takes the value as it was read and `at`, where it stands (`steps[0].wait`), and raises BadFlow. The
published form (`chalicelib/flows/schema.json`) has the same bounds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import time, timedelta
from types import ModuleType
from typing import Any

from chalicelib.domain.flow import LONGEST_WAIT

NAME = re.compile(r"[a-z][a-z0-9-]{1,39}")
LENGTH = re.compile(r"([0-9]{1,4})([mhd])")
CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
# What would hide or turn around what an owner reads: control characters and the marks that reverse a line.
HIDDEN = re.compile("[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class BadFlow(ValueError):
    """The flow cannot be used. `field` is a path such as `starts[0].when`; `reason` says what is wrong and what to
    write instead; `line` counts from 1, where the file's text is at hand."""

    def __init__(self, field: str, reason: str, line: int | None = None) -> None:
        super().__init__(f"line {line}: {field}: {reason}" if line else f"{field}: {reason}")
        self.field, self.reason, self.line = field, reason, line


def words() -> ModuleType:
    """The texts of refusals: loaded when something is refused, never on the way to a message."""
    from chalicelib.domain import flow_words

    return flow_words


def remarks() -> ModuleType:
    """The texts for what makes no sense as a whole, loaded likewise."""
    from chalicelib.domain import flow_remarks

    return flow_remarks


def group(raw: object, at: str, needed: Collection[str], optional: Collection[str] = ()) -> Mapping[str, Any]:
    """Named fields: all of `needed`, any of `optional`, none of them empty."""
    if not isinstance(raw, Mapping):
        raise BadFlow(at or "(file)", words().no_group(raw, needed))
    known = (*needed, *optional)
    for field in raw:
        if field not in known:
            raise BadFlow(under(at, words().key(field)), words().unknown_field(field, known))
    for field in needed:
        if field not in raw:
            raise BadFlow(under(at, field), words().missing(field))
    for field, value in raw.items():
        if value is None:
            raise BadFlow(under(at, field), words().empty(field))
    return raw


def entries(value: object, at: str, most: int, least: int = 1) -> list[Any]:
    """A list of `least` to `most` entries."""
    if not isinstance(value, list) or not least <= len(value) <= most:
        raise BadFlow(at, words().no_list(value, least, most))
    return value


def one_of(value: object, at: str, allowed: Collection[str]) -> str:
    """One of a few words."""
    if not isinstance(value, str) or value not in allowed:
        raise BadFlow(at, words().unknown_word(value, allowed))
    return value


def some_of(value: object, at: str, allowed: Collection[str]) -> tuple[str, ...]:
    """One word, or a list of different ones."""
    if not isinstance(value, list):
        return (one_of(value, at, allowed),)
    listed = entries(value, at, len(allowed))
    found = tuple(one_of(item, f"{at}[{i}]", allowed) for i, item in enumerate(listed))
    distinct(found, at)
    return found


def distinct(found: Collection[str], at: str) -> None:
    """No word twice."""
    seen: set[str] = set()
    for word in found:
        if word in seen:
            raise BadFlow(at, words().twice(word))
        seen.add(word)


def name(value: object, at: str) -> str:
    """A name of ours: small letters, digits and hyphens."""
    return matching(value, at, NAME, lambda bad: words().no_name(bad))


def matching(value: object, at: str, pattern: re.Pattern[str], refusal: Callable[[object], str]) -> str:
    """Text of a given form."""
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise BadFlow(at, refusal(value))
    return value


def sentence(value: object, at: str, most: int) -> str:
    """A line of text that somebody reads: 1 to `most` characters."""
    if not isinstance(value, str) or not value.strip() or len(value) > most or HIDDEN.search(value):
        raise BadFlow(at, words().no_sentence(value, most))
    return value


def whole(value: object, at: str, least: int, most: int) -> int:
    """A whole number within bounds; 3.0 is one, `true` and "3" are not."""
    number = int(value) if isinstance(value, float) and value.is_integer() else value
    if type(number) is not int or not least <= number <= most:
        raise BadFlow(at, words().no_whole(value, least, most))
    return number


def number(value: object, at: str, least: float, most: float) -> float:
    """A number within bounds."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise BadFlow(at, words().no_number(value, least, most))
    return float(value)


def flag(value: object, at: str) -> bool:
    """`true` or `false`, and no other way of saying so."""
    if not isinstance(value, bool):
        raise BadFlow(at, words().no_flag(value))
    return value


def length(value: object, at: str, least: timedelta = timedelta(0)) -> timedelta:
    """A length of time: `30m`, `1h`, `10d`, at most 366 days."""
    match = LENGTH.fullmatch(value) if isinstance(value, str) else None
    found = timedelta(**{_UNITS[match[2]]: int(match[1])}) if match else None
    if found is None or found > LONGEST_WAIT:
        raise BadFlow(at, words().no_length(value))
    if found < least:
        raise BadFlow(at, words().too_short(value))
    return found


def clock(value: object, at: str) -> time:
    """A time of day: `10:00`, `18:30`."""
    match = CLOCK.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise BadFlow(at, words().no_clock(value))
    return time(int(match[1]), int(match[2]))


def under(at: str, field: str) -> str:
    """The path of a field within what stands at `at`."""
    return f"{at}.{field}" if at else field
