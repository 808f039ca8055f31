"""What an owner is told where every word of a flow file is known and the whole makes no sense, and how to mend it.

Loaded only when something is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from chalicelib.domain.flow_guesses import meant
from chalicelib.domain.flow_words import guessed, listed, shown

_ABOUT = {"order": "an order", "cart": "a cart", "arm": "marketing"}
_KINDS = {"number": "a number", "money": "money", "text": "a word", "flag": "a yes or no", "list": "a list"}


def no_condition(raw: object, most: int) -> str:
    if isinstance(raw, Mapping):
        return f"asks {len(raw) or 'nothing'}; ask 1 to {most} things, such as {{order.nth: 1}}, or take it out"
    if isinstance(raw, list):
        return "is a list; put all: or any: before it, as in any: [{order.nth: 1}, {customer.tags: {has: vip}}]"
    return f"{shown(raw)} asks nothing; write what to ask and the answer, such as {{order.nth: 1}}"


def too_deep(what: str, deepest: int) -> str:
    return f"{what} within {what} may stand {deepest} deep at most; write it flatter"


def unknown_fact(fact: object, facts: Collection[str], elsewhere: Collection[str]) -> str:
    """For what nobody can ask, and for what has no meaning in this place."""
    first = str(fact).split(".")[0]
    alike = [known for known in facts if known.split(".")[0] == first]
    if fact in elsewhere and (alike or first not in _ABOUT):
        return f"is not known yet when a start is chosen; move it to only_if, beside starts. Here ask {listed(facts)}"
    if fact in elsewhere:
        return f"is known only where it is about {_ABOUT[first]}, which it is not here; take it out"
    near = guessed(fact, (*facts, "all", "any", "not"))
    known = alike or dict.fromkeys(name.split(".")[0] + ".…" if "." in name else name for name in facts)
    return f"is nothing that can be asked; {near}ask {listed(known)}, or put all, any, not before a group"


def no_short_form(fact: str, kind: str) -> str:
    """For a value that says nothing without a word such as at_least before it."""
    if kind == "money":
        return f'must say how to compare; write {fact}: {{at_least: "50 EUR"}}'
    return f"must say whether any or all of them; write {fact}: {{has_any: [ … ]}} or {{has_all: [ … ]}}"


def unknown_operator(operator: object, kind: str, operators: Collection[str]) -> str:
    if operator == "between" and "at_least" in operators:
        return "is not known here; write both ends, as in {at_least: 3, at_most: 10}"
    if operator == "not":
        return "belongs before the whole question; write not: {customer.tags: {has: vip}}"
    near = guessed(operator, operators)
    return f"is not known here; {near}compare {_KINDS[kind]} by {listed(operators)}; write one of them"


def same_name(name: str, place: str) -> str:
    return f"{name} is already the name of {place}; give this step another name, such as {name[:38]}-2"


def too_many_steps(most: int) -> str:
    return f"is one step too many; a flow has at most {most}, so make two flows of it"


def two_things(kinds: list[str]) -> str:
    return f"the step does {len(kinds)} things: {', '.join(kinds)}; make a step of each, with a name of its own"


def nothing_to_do(fields: list[object], kinds: Collection[str]) -> str:
    near = next((near for field in fields if (near := meant(field, kinds))), "")
    also = f"did you mean {near}? " if near else ""
    return f"does nothing; {also}add channel: email to send a mail, or one of {listed(kinds)}"


def no_if(kind: str) -> str:
    if kind == "branch":
        return "cannot stand beside branch; ask it in branch: {…} itself"
    return f"cannot stand beside {kind}; put this step into a branch: branch: {{…}}, then: [{{step: …, {kind}: …}}]"


def no_hundred(total: int) -> str:
    return f"the shares come to {total}; make them come to 100"


def no_stop() -> str:
    return "can only be true; write stop: true, or take the step out"


def never_reached() -> str:
    return "is never reached, because every way before it ends in stop; take it out, or move it before the stop"


def does_nothing() -> str:
    return "do nothing; add a step such as {step: mail, channel: email}"


def sells(what: str) -> str:
    return f"{what} sells, and a transactional flow must not; write purpose: marketing, or leave it out"


def not_about_an_order(moment: str) -> str:
    return f"{moment} is no moment of an order, so writing then needs her consent; write purpose: marketing"


def selling_topic(topic: str) -> str:
    return f"{topic} are no topic of transactional mail; write topic: orders, or purpose: marketing"


def start_without_wait() -> str:
    return "does not say after how long; add wait: 30d, or a rhythm"


def no_rhythm(when: str) -> str:
    return f"has no meaning with when: {when}, which is no purchase; write wait: 3d in its place"


def no_segment(when: str) -> str:
    return f"has no meaning with when: {when}; write when: segment_entered, or ask customer.segments in only_if"


def no_start_if(when: str) -> str:
    return f"cannot be asked with when: {when}; ask it in only_if, beside starts"


def never_starts(when: str, place: str) -> str:
    return f"never decides, because {place} has the same {when} and always applies; put an if there, or take this out"


def out_of_bounds(field: str, bound: str, length: str) -> str:
    return f"lies beyond {bound}, which is {length}; change {field} or {bound}"


def idle_exit(exit_: str, why: str) -> str:
    return f"{exit_} can never end this flow, because {why}; take it out"


def ends_at_once(exit_: str) -> str:
    return f"the flow starts when an order is {exit_}, so this exit would end it at once; take it out"
