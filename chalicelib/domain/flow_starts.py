"""Reading what starts a flow from its file, and what ends it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from chalicelib.domain import condition_file
from chalicelib.domain.conditions import FACTS, OF_ORDER, Condition
from chalicelib.domain.flow import EXITS, MOMENTS, ORDER_MOMENTS, OTHER_MOMENTS, Rhythm, Start
from chalicelib.domain.flow_fields import BadFlow, entries, group, length, name, number, one_of, remarks, under, words
from chalicelib.domain.flow_steps import SHORTEST, wait

MOST_STARTS = 20
SEGMENT_MOMENTS = ("segment_entered", "segment_left")
# After these somebody may be due to buy again, so that a rhythm has a meaning.
PURCHASES = ("placed", "paid", "bought", "fulfilled", "completed", "delivered", "no_next_order")
# These are about no order of hers: whoever writes then wants to sell.
SELLING = ("no_next_order", "first_order_anniversary", *OTHER_MOMENTS)
# What can be asked when a start is chosen. All else is known when the message is due.
AT_THE_START = tuple(fact for fact in FACTS if fact in OF_ORDER or fact == "order.rating")
WHOSE = ("customer", "product")
_OLD_EXITS = {"newer_order": "bought_again"}


def starts(raw: object, purpose: str) -> tuple[Start, ...]:
    """The lines of `starts`. Raises BadFlow."""
    found = [_start(item, f"starts[{i}]", purpose) for i, item in enumerate(entries(raw, "starts", MOST_STARTS))]
    _each_may_decide(found)
    return tuple(found)


def exits(raw: object, found_starts: tuple[Start, ...]) -> tuple[str, ...]:
    """What ends the flow, by the words of today. Raises BadFlow for what could not, or would at once."""
    found: list[str] = []
    for i, item in enumerate(entries(raw, "exits", len(EXITS), 0)):
        exit_ = one_of(item, f"exits[{i}]", (*EXITS, *_OLD_EXITS))
        exit_ = _OLD_EXITS.get(exit_, exit_)
        if exit_ in found:
            raise BadFlow(f"exits[{i}]", words().twice(exit_))
        _can_end(exit_, found_starts, f"exits[{i}]")
        found.append(exit_)
    moments = {start.when for start in found_starts}
    implied = ["bought_again"] if "no_next_order" in moments and "bought_again" not in found else []
    return (*found, *implied)


def _start(raw: object, at: str, purpose: str) -> Start:
    data = group(raw, at, ("when",), ("wait", "at", "on", "rhythm", "if", "segment"))
    when = one_of(data["when"], under(at, "when"), MOMENTS)
    if purpose == "transactional":
        _sells_nothing(data, when, at)
    return Start(
        when=when,
        wait=_wait(data, when, at),
        rhythm=_rhythm(data["rhythm"], under(at, "rhythm"), when) if "rhythm" in data else None,
        only_if=_only_if(data["if"], under(at, "if"), when) if "if" in data else None,
        segment=_segment(data, when, at),
    )


def _sells_nothing(data: Mapping[str, Any], when: str, at: str) -> None:
    if when in SELLING:
        raise BadFlow(under(at, "when"), remarks().not_about_an_order(when))
    if "rhythm" in data:
        raise BadFlow(under(at, "rhythm"), remarks().sells("A rhythm"))


def _wait(data: Mapping[str, Any], when: str, at: str) -> Any:
    if when == "no_next_order" and "wait" not in data and "rhythm" not in data:
        raise BadFlow(at, remarks().start_without_wait())
    if when == "no_next_order" and "wait" in data:
        length(data["wait"], under(at, "wait"), SHORTEST)
    return wait(data, at)


def _rhythm(raw: object, at: str, when: str) -> Rhythm:
    if when not in PURCHASES:
        raise BadFlow(at, remarks().no_rhythm(when))
    data = group(raw, at, ("of", "usual"), ("factor", "least", "most"))
    bounds = {bound: length(data[bound], under(at, bound), SHORTEST) for bound in ("least", "most") if bound in data}
    found = Rhythm(
        of=one_of(data["of"], under(at, "of"), WHOSE),
        usual=length(data["usual"], under(at, "usual"), SHORTEST),
        factor=number(data["factor"], under(at, "factor"), 0.1, 10) if "factor" in data else 1.0,
        **bounds,
    )
    _in_bounds(found, at)
    return found


def _in_bounds(rhythm: Rhythm, at: str) -> None:
    if rhythm.usual > rhythm.most:
        raise BadFlow(under(at, "usual"), remarks().out_of_bounds("usual", "most", _days(rhythm.most)))
    if rhythm.usual < rhythm.least:
        raise BadFlow(under(at, "usual"), remarks().out_of_bounds("usual", "least", _days(rhythm.least)))


def _days(length_: timedelta) -> str:
    return f"{length_ / timedelta(days=1):g} days"


def _only_if(raw: object, at: str, when: str) -> Condition:
    if when not in ORDER_MOMENTS:
        raise BadFlow(at, remarks().no_start_if(when))
    return condition_file.parse(raw, at, AT_THE_START)


def _segment(data: Mapping[str, Any], when: str, at: str) -> str | None:
    if when in SEGMENT_MOMENTS:
        group(data, at, ("when", "segment"), tuple(data))
        return name(data["segment"], under(at, "segment"))
    if "segment" in data:
        raise BadFlow(under(at, "segment"), remarks().no_segment(when))
    return None


def _each_may_decide(found: list[Start]) -> None:
    always: dict[tuple[str, str | None], str] = {}
    for i, start in enumerate(found):
        moment = start.when, start.segment
        if moment in always:
            raise BadFlow(f"starts[{i}]", remarks().never_starts(start.when, always[moment]))
        if start.only_if is None:
            always[moment] = f"starts[{i}]"


def _can_end(exit_: str, found_starts: tuple[Start, ...], at: str) -> None:
    moments = {start.when for start in found_starts}
    if exit_ in ("refunded", "cancelled") and not moments & set(ORDER_MOMENTS):
        raise BadFlow(at, remarks().idle_exit(exit_, "no start is about an order"))
    if exit_ == "left_segment" and "segment_entered" not in moments:
        raise BadFlow(at, remarks().idle_exit(exit_, "no start says segment_entered"))
    if exit_ in moments:
        raise BadFlow(at, remarks().ends_at_once(exit_))
