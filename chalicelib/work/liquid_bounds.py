"""The bounds of templates: what is checked in a filter before and after it works. What is checked in a source before it
is parsed stands in `languages.cheap`.

Kept apart from the library so that each bound can be read, and attacked, by itself.
"""

from __future__ import annotations

from typing import Any

from chalicelib.domain.text import BadTemplate

__all__ = ("BadTemplate", "foresee", "short_range", "within")

OUTPUT_LIMIT = 100_000  # bytes; Gmail cuts a mail at 102 KB
TEXT_LIMIT = 20_000  # characters any filter may give
LIST_LIMIT = 1_000  # entries any filter may give, steps of a range
LOOP_LIMIT = 10_000  # turns of all loops of one rendering together
NUMBER_LIMIT = 10**15
SECONDS = 1.0  # of work on one mail, all its parts together


def foresee(name: str, args: tuple[Any, ...]) -> None:
    """Refuse what would use the memory before its result could be measured."""
    for value in args:
        within(name, value, limit=OUTPUT_LIMIT)
    if name == "replace" and len(args) >= 2:
        text, old, new = str(args[0]), str(args[1]), str(args[2]) if len(args) > 2 else ""
        grown = len(text) + text.count(old) * len(new)
    elif name == "join" and isinstance(args[0], list):
        between = len(str(args[1])) if len(args) > 1 else 1
        grown = sum(len(str(item)) + between for item in args[0])
    else:
        return
    if grown > TEXT_LIMIT:
        raise BadTemplate(f"filter {name} would give more than {TEXT_LIMIT} characters")


def within(name: str, value: object, limit: int = TEXT_LIMIT) -> object:
    """`value`, if a filter may take or give it. Raises BadTemplate."""
    if isinstance(value, str) and len(value) > limit:
        raise BadTemplate(f"filter {name} would give more than {limit} characters")
    if isinstance(value, (list, tuple, range)) and len(value) > LIST_LIMIT:
        raise BadTemplate(f"filter {name} would give more than {LIST_LIMIT} entries")
    if isinstance(value, (int, float)) and not abs(value) <= NUMBER_LIMIT:
        raise BadTemplate(f"filter {name} would give a number beyond {NUMBER_LIMIT}")
    return value


def short_range(start: object, stop: object) -> range:
    """From `start` to `stop`, both in it. What is no number counts as 0, as in Liquid."""
    steps = range(_whole(start), _whole(stop) + 1)
    if steps and steps[-1] - steps[0] >= LIST_LIMIT:
        raise BadTemplate(f"a range has more than {LIST_LIMIT} steps")
    return steps


def _whole(value: object) -> int:
    try:
        number = int(value) if isinstance(value, (int, float, str)) and len(str(value)) < 20 else 0
    except (ValueError, OverflowError):
        return 0
    return number if abs(number) <= NUMBER_LIMIT else 0
