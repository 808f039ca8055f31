"""What an owner is told where a flow file cannot be used: what stands there, and what to write instead.

Loaded only when something is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from chalicelib.domain import flow_guesses as guess
from chalicelib.domain.money import RIALS_PER, exponent

_EXAMPLES = {
    "flow": "flow: come-back",
    "version": "version: 1",
    "purpose": "purpose: marketing",
    "starts": "starts: [{when: paid, wait: 3d}]",
    "steps": "steps: [{step: mail, channel: email}]",
    "when": "when: paid",
    "wait": "wait: 30d",
    "step": "step: mail",
    "channel": "channel: email",
    "segment": "segment: vip",
    "of": "of: customer",
    "usual": "usual: 60d",
    "share": "share: 50",
    "timeout": "timeout: 14d",
    "then": "then: [{step: done, stop: true}]",
}


def shown(value: object) -> str:
    """The value as it stands in the file, cut short."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "a group of fields"
    if isinstance(value, list | tuple):
        return "a list"
    return f'"{_short(value)}"' if isinstance(value, str) else _short(str(value)[:60])


def key(field: object) -> str:
    """A field's name as it stands in a path."""
    return _short(field) if isinstance(field, str) else shown(field)


def no_group(raw: object, needed: Collection[str]) -> str:
    example = ", ".join(_EXAMPLES.get(field, f"{field}: …") for field in needed) or "field: value"
    return f"{shown(raw)} stands where fields with values belong; write {{{example}}}"


def unknown_field(field: object, known: Collection[str]) -> str:
    if not isinstance(field, str):
        trap = ': some programs read the word on as true, so write "on" in quotes' if field is True else ""
        return f"is no field{trap}; use {listed(known)}"
    return f"is not known here; {guessed(field, known)}use {listed(known)}"


def missing(field: str) -> str:
    return f"is missing; add it, such as {_EXAMPLES.get(field, field + ': …')}"


def empty(field: str) -> str:
    example = f", such as {_EXAMPLES[field]}" if field in _EXAMPLES else ""
    return f"is empty; write what belongs there{example}, or take the line out"


def no_list(value: object, least: int, most: int) -> str:
    if isinstance(value, list):
        return f"has {len(value)} entries; it must be a list of {least} to {most}"
    return f"{shown(value)} is no list; put [ ] around it or - before each entry, {least} to {most} of them"


def unknown_word(value: object, allowed: Collection[str]) -> str:
    if isinstance(value, str) and "،" in value:
        return f"{shown(value)} is one word, because of the comma ، in it; put the plain comma , between words"
    if isinstance(value, list):
        return f"takes one word, not a list; use one of {listed(allowed)}"
    return f"{shown(value)} is not known; {guessed(value, allowed)}use one of {listed(allowed)}"


def twice(word: str) -> str:
    return f"{shown(word)} stands twice; keep one"


def no_name(value: object) -> str:
    proposal = guess.name(value) if isinstance(value, str) else ""
    instead = f"write {proposal}, or " if proposal else ""
    return f"{shown(value)} is no name; {instead}use 2 to 40 small letters a-z, digits and hyphens, a letter first"


def no_sentence(value: object, most: int) -> str:
    if not isinstance(value, str):
        return f"{shown(value)} is no text; write words, in quotes if need be"
    if not value.strip():
        return "is empty; write what it should say"
    if len(value) > most:
        return f"is {len(value)} characters long; write at most {most}"
    return "holds a line break or a hidden character; write one plain line"


def no_whole(value: object, least: int, most: int) -> str:
    digits = guess.plain(value)
    if isinstance(value, str) and digits.isascii() and digits.isdigit() and least <= int(digits) <= most:
        return f"{shown(value)} is text; write the whole number {int(digits)} without quotes"
    return f"{shown(value)} cannot stand here; write a whole number from {least} to {most}"


def no_number(value: object, least: float, most: float) -> str:
    return f"{shown(value)} cannot stand here; write a number from {least:g} to {most:g}, such as 1.5, without quotes"


def no_flag(value: object) -> str:
    return f"{shown(value)} is neither true nor false; write {guess.flag(value) or 'true or false'}, without quotes"


def no_length(value: object) -> str:
    instead = guess.length(value) or "a number and m, h or d, as in 30m, 1h or 10d, at most 366d"
    return f"{shown(value)} is no length of time; write {instead}"


def too_short(value: object) -> str:
    return f"{shown(value)} is too short: it must be longer than nothing; write 3d"


def no_clock(value: object) -> str:
    instead = guess.clock(value) or "09:30"
    return f'{shown(value)} is no time of day; write hours and minutes in quotes, as in "{instead}"'


def no_tag(value: object) -> str:
    return f"{shown(value)} is no tag; write 1 to 40 characters without a comma, or -vip to take vip off"


def no_money(value: object, currencies: Collection[str]) -> str:
    amount, code = guess.money(value)
    if code and code not in currencies:
        near = guess.meant(code.lower(), [known.lower() for known in currencies]).upper()
        also = f"did you mean {near}? " if near else ""
        return f'{shown(value)}: {code} is no currency; {also}write amount and currency, as in "50 EUR"'
    instead = f"{amount} {code}" if amount and code else '50 EUR" or "500000 IRT'
    return f'{shown(value)} is no amount of money; write amount, space and currency, as in "{instead}"'


def too_exact(value: object, code: str) -> str:
    decimals = len(str(RIALS_PER[code])) - 1 if code in RIALS_PER else exponent(code)
    most = f"at most {decimals} digits" if decimals > 1 else "at most 1 digit" if decimals else "no digits"
    return f"{shown(value)} is finer than money in {code} is; write it with {most} after the point"


def no_code(value: object, what: str, example: str) -> str:
    if value is False and what == "country":
        return 'false is no country; if Norway is meant, write "NO" in quotes (some programs read no as false)'
    return f'{shown(value)} is no {what}; write it as "{example}"'


def no_value(value: object) -> str:
    return f'{shown(value)} cannot be compared with; write words or ids, in quotes, such as "1042"'


def no_titles(most: int) -> str:
    return f"is no title; write one text, or 1 to {most} languages with a text each, such as title: {{en: Come back}}"


def no_title(value: object) -> str:
    return f"{shown(value)} is no language; write its code, such as title: {{en: Come back, fa: …}}"


def guessed(word: object, known: Collection[str]) -> str:
    near = guess.meant(word, known)
    return f"did you mean {near}? " if near else ""


def listed(known: Collection[str]) -> str:
    return ", ".join(known)


def _short(text: str) -> str:
    visible = "".join(c if c.isprintable() or c == "\u200c" else " " for c in text[:60])
    return visible if len(text) <= 40 else visible[:37] + "…"
