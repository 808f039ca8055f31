"""Reading a flow file's steps: lists within lists become one list whose steps name what follows them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from chalicelib.domain import condition_file
from chalicelib.domain.flow import CHANNELS, EVENTS, KINDS, MOST_STEPS, USUAL_MAX_LATE, WEEKDAYS, Step, Wait
from chalicelib.domain.flow_fields import (
    BadFlow,
    clock,
    entries,
    flag,
    group,
    length,
    matching,
    name,
    one_of,
    remarks,
    sentence,
    some_of,
    under,
    whole,
    words,
)

MOST_IN_A_LIST, MOST_WAYS, DEEPEST = 20, 10, 4
LONGEST_TASK = 200
TAG = re.compile("-?[^\x00-\x20,-](?:[^\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff,]{0,38}[^\x00-\x20,])?")
SHORTEST = timedelta(minutes=1)
_WAIT = ("wait", "at", "on")
_EFFECT = (*_WAIT, "if", "max_late")
# kind -> (fields it needs beside its own, fields it may have)
FIELDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "send": (("channel",), _EFFECT),
    "tag": ((), _EFFECT),
    "coupon": ((), _EFFECT),
    "webhook": ((), _EFFECT),
    "task": ((), _EFFECT),
    "branch": (("then",), (*_WAIT, "else")),
    "split": ((), _WAIT),
    "wait_for": (("timeout",), (*_WAIT, "then", "else")),
    "stop": ((), ()),
}


@dataclass(frozen=True, slots=True)
class Setting:
    """What steps must know of their flow: its name, what its conditions can ask, what it can wait for, whether it may
    sell. `places`: where each step that was read stands in the file."""

    flow: str
    facts: Collection[str]
    events: Collection[str] = EVENTS
    sells: bool = True
    places: dict[str, str] = field(default_factory=dict)


def steps(raw: object, at: str, setting: Setting, after: str | None = None, depth: int = 0) -> list[Step]:
    """The steps of one list and of the lists within, in the order of the file; the last one leads on to `after`."""
    if depth > DEEPEST:
        raise BadFlow(at, remarks().too_deep("steps", DEEPEST))
    listed = entries(raw, at, MOST_IN_A_LIST)
    names = [_name(item, f"{at}[{i}]", setting.places) for i, item in enumerate(listed)]
    following = [*names[1:], after]
    found: list[Step] = []
    for i, item in enumerate(listed):
        found += _step(item, f"{at}[{i}]", setting, following[i], depth)
    return found


def wait(data: Mapping[str, Any], at: str) -> Wait:
    """What `wait`, `at` and `on` say together."""
    days = some_of(data["on"], under(at, "on"), WEEKDAYS) if "on" in data else ()
    return Wait(
        length=length(data["wait"], under(at, "wait")) if "wait" in data else timedelta(0),
        at=clock(data["at"], under(at, "at")) if "at" in data else None,
        on=tuple(sorted(WEEKDAYS.index(day) for day in days)),
    )


def _name(item: object, at: str, places: dict[str, str]) -> str:
    step = group(item, at, ("step",), item if isinstance(item, Mapping) else ())["step"]
    found = name(step, under(at, "step"))
    if found in places:
        raise BadFlow(under(at, "step"), remarks().same_name(found, places[found]))
    if len(places) == MOST_STEPS:
        raise BadFlow(at, remarks().too_many_steps(MOST_STEPS))
    places[found] = at
    return found


def _step(item: Mapping[str, Any], at: str, setting: Setting, after: str | None, depth: int) -> list[Step]:
    kind = _kind(item, at)
    if kind == "coupon" and not setting.sells:
        raise BadFlow(under(at, kind), remarks().sells("A coupon"))
    if "if" in item and "if" not in FIELDS[kind][1]:
        raise BadFlow(under(at, "if"), remarks().no_if(kind))
    needed, optional = FIELDS[kind]
    own = () if kind == "send" and "send" not in item else (kind,)
    data = group(item, at, ("step", *own, *needed), (*optional, kind))
    within = _Within(setting, after, depth)
    return _READERS[kind](data, at, within)


def _kind(item: Mapping[str, Any], at: str) -> str:
    named = [kind for kind in KINDS if kind in item]
    if len(named) > 1:
        raise BadFlow(under(at, named[1]), remarks().two_things(named))
    if not named and "channel" not in item:
        raise BadFlow(at, remarks().nothing_to_do([key for key in item if key != "step"], KINDS))
    return named[0] if named else "send"


@dataclass(frozen=True, slots=True)
class _Within:
    """Where a step stands: what comes after it, how deep."""

    setting: Setting
    after: str | None
    depth: int

    def ways(self, data: Mapping[str, Any], field: str, at: str, least: int = 1) -> tuple[str | None, list[Step]]:
        """(the first step of the list in `field`, all of them); what comes after, where there is no list."""
        if field not in data or (not least and data[field] == []):
            return self.after, []
        found = steps(data[field], under(at, field), self.setting, self.after, self.depth + 1)
        return found[0].name, found

    def step(self, data: Mapping[str, Any], kind: str, at: str, **more: Any) -> Step:
        return Step(data["step"], kind, more.pop("next", self.after), wait(data, at), **more)


def _effect(data: Mapping[str, Any], kind: str, at: str, within: _Within, **more: Any) -> list[Step]:
    """A step that does something, unless its condition keeps it from doing it or it is too late."""
    late = under(at, "max_late")
    only_if = condition_file.parse(data["if"], under(at, "if"), within.setting.facts) if "if" in data else None
    max_late = length(data["max_late"], late, SHORTEST) if "max_late" in data else USUAL_MAX_LATE
    return [within.step(data, kind, at, max_late=max_late, only_if=only_if, **more)]


def _send(data: Mapping[str, Any], at: str, within: _Within) -> list[Step]:
    text = name(data["send"], under(at, "send")) if "send" in data else within.setting.flow
    channels = some_of(data["channel"], under(at, "channel"), CHANNELS)
    return _effect(data, "send", at, within, channels=channels, text=text)


def _tag(data: Mapping[str, Any], at: str, within: _Within) -> list[Step]:
    return _effect(
        data, "tag", at, within, value=matching(data["tag"], under(at, "tag"), TAG, lambda bad: words().no_tag(bad))
    )


def _task(data: Mapping[str, Any], at: str, within: _Within) -> list[Step]:
    return _effect(data, "task", at, within, value=sentence(data["task"], under(at, "task"), LONGEST_TASK))


def _named(kind: str) -> Callable[[Mapping[str, Any], str, _Within], list[Step]]:
    """A coupon or a webhook: it goes by a name that the owner gave it elsewhere."""
    return lambda data, at, within: _effect(data, kind, at, within, value=name(data[kind], under(at, kind)))


def _branch(data: Mapping[str, Any], at: str, within: _Within) -> list[Step]:
    only_if = condition_file.parse(data["branch"], under(at, "branch"), within.setting.facts)
    then, those = within.ways(data, "then", at)
    other, others = within.ways(data, "else", at)
    return [within.step(data, "branch", at, only_if=only_if, then=then, other=other), *those, *others]


def _split(data: Mapping[str, Any], at: str, within: _Within) -> list[Step]:
    at_split = under(at, "split")
    shares: list[tuple[int, str | None]] = []
    found: list[Step] = []
    for i, item in enumerate(entries(data["split"], at_split, MOST_WAYS, 2)):
        here = f"{at_split}[{i}]"
        way = group(item, here, ("share",), ("steps",))
        first, those = within.ways(way, "steps", here, least=0)
        shares.append((whole(way["share"], under(here, "share"), 1, 99), first))
        found += those
    if sum(share for share, _ in shares) != 100:
        raise BadFlow(at_split, remarks().no_hundred(sum(share for share, _ in shares)))
    return [within.step(data, "split", at, shares=tuple(shares)), *found]


def _wait_for(data: Mapping[str, Any], at: str, within: _Within) -> list[Step]:
    event = one_of(data["wait_for"], under(at, "wait_for"), within.setting.events)
    timeout = length(data["timeout"], under(at, "timeout"), SHORTEST)
    then, those = within.ways(data, "then", at)
    other, others = within.ways(data, "else", at)
    step = within.step(data, "wait_for", at, value=event, timeout=timeout, then=then, other=other)
    return [step, *those, *others]


def _stop(data: Mapping[str, Any], at: str, within: _Within) -> list[Step]:
    if not flag(data["stop"], under(at, "stop")):
        raise BadFlow(under(at, "stop"), remarks().no_stop())
    return [within.step(data, "stop", at, next=None)]


_READERS: dict[str, Callable[[Mapping[str, Any], str, _Within], list[Step]]] = {
    "send": _send,
    "tag": _tag,
    "coupon": _named("coupon"),
    "webhook": _named("webhook"),
    "task": _task,
    "branch": _branch,
    "split": _split,
    "wait_for": _wait_for,
    "stop": _stop,
}
