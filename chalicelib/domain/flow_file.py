"""Reading a flow from a flow file's data. The published form is `chalicelib/flows/schema.json`; what it cannot say
(and every message an owner reads) is here and in the modules this one asks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from chalicelib.domain import condition_file, flow_starts, flow_steps
from chalicelib.domain.conditions import FACTS
from chalicelib.domain.flow import EVENTS, ORDER_MOMENTS, PURPOSES, TOPICS, USUAL_PRIORITY, Flow, Start, Step
from chalicelib.domain.flow_fields import BadFlow, flag, group, name, one_of, remarks, sentence, under, whole, words

__all__ = ["BadFlow", "parse"]

USUAL_TOPIC = {"transactional": "orders", "marketing": "offers"}
SELLING_TOPICS = ("offers", "news")
LONGEST_TITLE, MOST_LANGUAGES = 80, 20
_NEEDED = ("flow", "version", "purpose", "starts", "steps")
_OPTIONAL = ("title", "topic", "on", "priority", "only_if", "exits")
_LANGUAGE = re.compile(r"[a-z]{2,3}")


def parse(raw: object) -> Flow:
    """The flow a file's data describes. Raises BadFlow naming the field and the remedy."""
    data = group(raw, "", _NEEDED, _OPTIONAL)
    title, titles = _titles(data["title"]) if "title" in data else ("", ())
    purpose = one_of(data["purpose"], "purpose", PURPOSES)
    starts = flow_starts.starts(data["starts"], purpose)
    facts = _facts(starts, purpose)
    return Flow(
        name=name(data["flow"], "flow"),
        version=whole(data["version"], "version", 1, 999_999),
        purpose=purpose,
        starts=starts,
        steps=_steps(data, starts, purpose, facts),
        exits=flow_starts.exits(data.get("exits", []), starts),
        only_if=_only_if(data, facts),
        on=flag(data["on"], "on") if "on" in data else True,
        priority=whole(data["priority"], "priority", 1, 99) if "priority" in data else USUAL_PRIORITY,
        topic=_topic(data, purpose),
        title=title,
        titles=titles,
    )


def _facts(starts: tuple[Start, ...], purpose: str) -> tuple[str, ...]:
    """What conditions of the flow and of its steps can ask: nothing about an order where it starts from none."""
    moments = {start.when for start in starts}
    left_out = {
        "order": not moments & set(ORDER_MOMENTS),
        "cart": "cart_abandoned" not in moments,
        "arm": purpose != "marketing",
    }
    return tuple(fact for fact in FACTS if not left_out.get(fact.split(".")[0]))


def _only_if(data: Mapping[str, Any], facts: tuple[str, ...]) -> Any:
    return condition_file.parse(data["only_if"], "only_if", facts) if "only_if" in data else None


def _steps(
    data: Mapping[str, Any], starts: tuple[Start, ...], purpose: str, facts: tuple[str, ...]
) -> tuple[Step, ...]:
    events = EVENTS if any(start.when in ORDER_MOMENTS for start in starts) else ("ordered",)
    setting = flow_steps.Setting(name(data["flow"], "flow"), facts, events, sells=purpose == "marketing")
    found = tuple(flow_steps.steps(data["steps"], "steps", setting))
    _each_is_reached(found, setting.places)
    return found


def _each_is_reached(steps: tuple[Step, ...], places: Mapping[str, str]) -> None:
    """A step behind a stop on every way would silently never happen."""
    by_name = {step.name: step for step in steps}
    reached: set[str] = set()
    ahead: list[str | None] = [steps[0].name]
    while ahead:
        here = ahead.pop()
        if here is not None and here not in reached:
            reached.add(here)
            ahead += by_name[here].ways
    for step in steps:
        if step.name not in reached:
            raise BadFlow(places[step.name], remarks().never_reached())
    if all(step.kind in ("branch", "split", "wait_for", "stop") for step in steps):
        raise BadFlow("steps", remarks().does_nothing())


def _topic(data: Mapping[str, Any], purpose: str) -> str:
    topic = one_of(data["topic"], "topic", TOPICS) if "topic" in data else USUAL_TOPIC[purpose]
    if purpose == "transactional" and topic in SELLING_TOPICS:
        raise BadFlow("topic", remarks().selling_topic(topic))
    return topic


def _titles(raw: object) -> tuple[str, tuple[tuple[str, str], ...]]:
    """(what owners call it in English, or in the first language there is; all languages)."""
    if not isinstance(raw, Mapping):
        return sentence(raw, "title", LONGEST_TITLE), ()
    if not 1 <= len(raw) <= MOST_LANGUAGES:
        raise BadFlow("title", words().no_titles(MOST_LANGUAGES))
    for language in raw:
        if not isinstance(language, str) or not _LANGUAGE.fullmatch(language):
            raise BadFlow(under("title", words().key(language)), words().no_title(language))
    found = {language: sentence(text, under("title", language), LONGEST_TITLE) for language, text in raw.items()}
    return found.get("en", next(iter(found.values()))), tuple(sorted(found.items()))
