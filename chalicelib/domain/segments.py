"""Segments: named conditions on what is known of a customer, and who has come into or left one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from chalicelib.domain.conditions import FACTS, All, Condition, Not, Test, facts_of, holds
from chalicelib.domain.customer import Customer
from chalicelib.domain.facts import known_of_person
from chalicelib.domain.flow import Flow
from chalicelib.domain.shop import Shop

# Of herself, and nothing that changes with the message. A segment of segments would depend on which is asked first.
ASKABLE = tuple(
    fact for fact in FACTS if fact.startswith(("customer.", "consent.", "reach.")) and fact != "customer.segments"
)
MOST = 50  # of a shop: each is asked of everybody every night
NOTE = "segment:"
IN, OUT = "in", "out"


def read(name: str, raw: object) -> Condition:
    """The condition of the segment `name` as it stands in a file. Raises BadFlow, which names the field."""
    from chalicelib.domain import condition_file, flow_fields

    flow_fields.name(name, "segment")
    return condition_file.parse(raw, name, ASKABLE)


@lru_cache(maxsize=500)
def _kept(name: str, text: str) -> Condition:
    return read(name, json.loads(text))


def conditions(shop: Shop, names: Iterable[str]) -> dict[str, Condition]:
    """Those of the named segments that the shop has, by name. Raises BadFlow for a broken one."""
    return {name: _kept(name, _text(shop.segments[name])) for name in sorted(set(names)) if name in shop.segments}


def fingerprint(raw: object) -> str:
    """Which condition it is: whoever was looked at under another one was looked at under none."""
    return hashlib.sha256(_text(raw).encode()).hexdigest()[:16]


def _text(raw: object) -> str:
    return json.dumps(raw, sort_keys=True)


def mentioned(flows: Iterable[Flow]) -> set[str]:
    """The segments that these flows start from, or ask about."""
    found: set[str] = set()
    for flow in flows:
        found |= set(flow.segments)
        for condition in (flow.only_if, *(s.only_if for s in flow.starts), *(s.only_if for s in flow.steps)):
            found |= {name for test in _tests(condition) if test.fact == "customer.segments" for name in _names(test)}
    return found


def _tests(condition: Condition | None) -> Iterator[Test]:
    if isinstance(condition, Test):
        yield condition
    elif isinstance(condition, Not):
        yield from _tests(condition.part)
    elif condition is not None:
        for part in condition.parts:
            yield from _tests(part)


def _names(test: Test) -> tuple[str, ...]:
    return test.value if isinstance(test.value, tuple) else (str(test.value),)


def asks_last_order(wanted: Mapping[str, Condition]) -> bool:
    """Whether one of them asks for what only her orders tell, and not her profile."""
    return "customer.days_since_order" in facts_of(All(tuple(wanted.values())))


def known(shop: Shop, customer: Customer, last_order: str | None, now: datetime) -> dict[str, Any]:
    """The facts that segments may ask. `last_order`: when she placed the last one that counts, a stored moment; None
    also where nobody asks for it."""
    facts = known_of_person(customer, shop, [last_order] if last_order else [], now)
    return facts | {"customer.orders": sum(totals.placed for totals in customer.totals.values())}


def changes(customer: Customer, facts: Mapping[str, Any], wanted: Mapping[str, Condition]) -> list[tuple[str, str]]:
    """(segment, in | out) for each that she has come into or left since that was last noted. What is not known is not
    so."""
    found = []
    for name, condition in sorted(wanted.items()):
        is_in, was_in = bool(holds(condition, facts)), customer.contact.note(NOTE + name) == IN
        if is_in != was_in:
            found.append((name, IN if is_in else OUT))
    return found
