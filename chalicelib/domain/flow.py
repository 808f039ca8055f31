"""A flow: what starts it, what ends it, and its steps. Read from a flow file's data; files are opened elsewhere.

The published form is `chalicelib/flows/schema.json`; what it cannot say (and every message an owner reads) is here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

PURPOSES = ("transactional", "marketing")
WHENS = ("placed", "paid", "fulfilled", "completed", "delivered")
CONDITIONS = ("cash_on_delivery",)
EXITS = ("newer_order", "refunded", "cancelled")
LONGEST_WAIT = timedelta(days=365)
# Without a limit of its own a step that could not go out for this long is dropped, and says so.
USUAL_MAX_LATE = timedelta(days=3)

_NAME = re.compile(r"[a-z][a-z0-9-]{1,39}")
_WAIT = re.compile(r"([0-9]{1,4})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class BadFlow(ValueError):
    """The flow cannot be used. `field` is a path such as `starts[0].when`; the message says what to write instead."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


@dataclass(frozen=True, slots=True)
class Start:
    """A moment of the order that starts the flow, and how long after it the first step is due."""

    when: str
    wait: timedelta
    only_if: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One message. `wait` is counted from the step before; after `max_late` past its due moment it is not sent."""

    name: str
    channel: str
    wait: timedelta
    max_late: timedelta


@dataclass(frozen=True, slots=True)
class Flow:
    """The first of `starts` that applies decides; any of `exits` ends the flow for that order."""

    name: str
    version: int
    purpose: str
    starts: tuple[Start, ...]
    exits: tuple[str, ...]
    steps: tuple[Step, ...]


def parse(raw: object) -> Flow:
    """The flow a file's data describes. Raises BadFlow naming the field and the remedy."""
    data = _fields(raw, "", {"flow", "version", "purpose", "starts", "steps"}, {"exits"})
    steps = tuple(_step(item, f"steps[{i}]") for i, item in enumerate(_list(data, "steps")))
    _distinct([step.name for step in steps], "steps", "a step's name")
    exits = tuple(_one_of(item, f"exits[{i}]", EXITS) for i, item in enumerate(_list(data, "exits", least=0)))
    _distinct(list(exits), "exits", "an exit")
    return Flow(
        name=_name(data["flow"], "flow"),
        version=_version(data["version"]),
        purpose=_one_of(data["purpose"], "purpose", PURPOSES),
        starts=tuple(_start(item, f"starts[{i}]") for i, item in enumerate(_list(data, "starts"))),
        exits=exits,
        steps=steps,
    )


def _start(raw: object, at: str) -> Start:
    data = _fields(raw, at, {"when", "wait"}, {"if"})
    only_if = data.get("if")
    return Start(
        when=_one_of(data["when"], f"{at}.when", WHENS),
        wait=_duration(data["wait"], f"{at}.wait"),
        only_if=None if only_if is None else _one_of(only_if, f"{at}.if", CONDITIONS),
    )


def _step(raw: object, at: str) -> Step:
    data = _fields(raw, at, {"step", "channel"}, {"wait", "max_late"})
    max_late = _duration(data["max_late"], f"{at}.max_late") if "max_late" in data else USUAL_MAX_LATE
    if not max_late:
        raise BadFlow(f"{at}.max_late", "must be longer than nothing, or no message could ever be in time; write 3d")
    return Step(
        name=_name(data["step"], f"{at}.step"),
        channel=_name(data["channel"], f"{at}.channel"),
        wait=_duration(data["wait"], f"{at}.wait") if "wait" in data else timedelta(0),
        max_late=max_late,
    )


def _fields(raw: object, at: str, needed: set[str], optional: set[str]) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise BadFlow(at or "(file)", f"must be a group of fields: {', '.join(sorted(needed))}")
    for missing in sorted(needed - set(raw)):
        raise BadFlow(_path(at, missing), "is missing; add it")
    for unknown in sorted(map(str, set(raw) - needed - optional)):
        raise BadFlow(_path(at, unknown), f"is not known here; use {', '.join(sorted(needed | optional))}")
    return raw


def _list(data: Mapping[str, Any], field: str, least: int = 1) -> list[Any]:
    value = data.get(field, [])
    if not isinstance(value, list) or not least <= len(value) <= 20:
        raise BadFlow(field, f"must be a list of {least} to 20 entries")
    return value


def _one_of(value: object, at: str, allowed: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise BadFlow(at, f"{_shown(value)} is not known; use one of {', '.join(allowed)}")
    return value


def _name(value: object, at: str) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise BadFlow(at, f"{_shown(value)} is no name; use 2 to 40 small letters, digits and hyphens, a letter first")
    return value


def _version(value: object) -> int:
    if type(value) is not int or not 1 <= value <= 999_999:
        raise BadFlow("version", f"{_shown(value)} is no version; use a whole number from 1 on")
    return value


def _duration(value: object, at: str) -> timedelta:
    match = _WAIT.fullmatch(value) if isinstance(value, str) else None
    wait = timedelta(**{_UNITS[match[2]]: int(match[1])}) if match else None
    if wait is None or wait > LONGEST_WAIT:
        raise BadFlow(at, f"{_shown(value)} is no length of time; write 30m, 1h or 10d, at most 365d")
    return wait


def _distinct(values: list[str], at: str, what: str) -> None:
    twice = sorted({value for value in values if values.count(value) > 1})
    if twice:
        raise BadFlow(at, f"{what} stands twice: {', '.join(twice)}; keep one")


def _path(at: str, field: str) -> str:
    return f"{at}.{field}" if at else field


def _shown(value: object) -> str:
    return repr(value)[:60]
