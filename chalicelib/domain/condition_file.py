"""Reading a condition from a file's data: `{order.nth: 1, any: [{customer.tags: {has: vip}}, …]}`.

What can be asked and compared stands in `conditions.FACTS` and `OPERATORS`; flows and segments are written alike.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from chalicelib.domain.conditions import FACTS, OPERATORS, All, Condition, Not, Some, Test
from chalicelib.domain.flow import WEEKDAYS
from chalicelib.domain.flow_fields import BadFlow, entries, flag, name, one_of, remarks, under, whole, words
from chalicelib.domain.money import RIALS_PER, Money, exponent, from_major, iso

DEEPEST = 5  # groups within groups
MOST_PARTS, MOST_VALUES = 20, 50
MOST_COUNTED = 1_000_000
# Numbers whose bounds are narrower than those of a count.
BOUNDS = {"order.nth": (1, MOST_COUNTED), "order.rating": (1, 5), "now.hour": (0, 23), "now.month": (1, 12)}
WORDS = {"now.weekday": WEEKDAYS, "arm": ("treated", "control")}
_ISO_4217 = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF "
    "CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG "
    "HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA "
    "MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD "
    "RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX "
    "USD UYU UZS VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG"
)
CURRENCIES = frozenset((*_ISO_4217.split(), *RIALS_PER))
_MONEY = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,3})?) ([A-Z]{3,4})")
_COUNTRY, _LANGUAGE = re.compile(r"[A-Za-z]{2}"), re.compile(r"[a-z]{2,3}")
_SHORT = {"number": "is", "text": "is", "flag": "is", "list": "has"}
_SHORT_LIST = {"number": "in", "text": "in"}


def parse(raw: object, at: str, facts: Collection[str] = FACTS, depth: int = 0) -> Condition:
    """The condition a file's data describes. `facts`: what can be asked here. Raises BadFlow."""
    if raw == "cash_on_delivery" and "order.cash_on_delivery" in facts:
        return Test("order.cash_on_delivery", "is", True)
    if not isinstance(raw, Mapping) or not 1 <= len(raw) <= MOST_PARTS:
        raise BadFlow(at, remarks().no_condition(raw, MOST_PARTS))
    if depth > DEEPEST:
        raise BadFlow(at, remarks().too_deep("groups", DEEPEST))
    return _together([_part(key, value, at, facts, depth) for key, value in raw.items()])


def _part(key: Any, value: object, at: str, facts: Collection[str], depth: int) -> Condition:
    if key in ("all", "any"):
        listed = entries(value, under(at, key), MOST_PARTS)
        parts = [parse(item, f"{under(at, key)}[{i}]", facts, depth + 1) for i, item in enumerate(listed)]
        return (All if key == "all" else Some)(tuple(parts))
    if key == "not":
        return Not(parse(value, under(at, key), facts, depth + 1))
    if key not in facts:
        raise BadFlow(under(at, words().key(key)), remarks().unknown_fact(key, facts, FACTS))
    return _tests(key, value, under(at, key))


def _tests(fact: str, value: object, at: str) -> Condition:
    if not isinstance(value, Mapping):
        return _short_form(fact, value, at)
    if not value:
        raise BadFlow(at, words().empty(fact))
    return _together([_test(fact, operator, wanted, at) for operator, wanted in value.items()])


def _short_form(fact: str, value: object, at: str) -> Test:
    kind = FACTS[fact]
    operator = (_SHORT_LIST if isinstance(value, list) else _SHORT).get(kind)
    if operator is None:
        if kind == "flag":
            flag(value, at)
        raise BadFlow(at, remarks().no_short_form(fact, kind))
    return Test(fact, operator, _wanted(fact, operator, value, at))


def _test(fact: str, operator: Any, value: object, at: str) -> Test:
    allowed = OPERATORS[FACTS[fact]]
    if operator not in allowed:
        raise BadFlow(under(at, words().key(operator)), remarks().unknown_operator(operator, FACTS[fact], allowed))
    return Test(fact, operator, _wanted(fact, operator, value, under(at, operator)))


def _wanted(fact: str, operator: str, value: object, at: str) -> Any:
    """What the fact is compared with: one value, or a tuple of them."""
    if operator not in ("in", "has_any", "has_all"):
        return _value(fact, value, at)
    return tuple(_value(fact, item, f"{at}[{i}]") for i, item in enumerate(entries(value, at, MOST_VALUES)))


def _value(fact: str, value: object, at: str) -> Any:
    kind = FACTS[fact]
    if kind == "number":
        return whole(value, at, *BOUNDS.get(fact, (0, MOST_COUNTED)))
    if kind == "flag":
        return flag(value, at)
    if kind == "money":
        return money(value, at)
    return _word(fact, value, at)


def _word(fact: str, value: object, at: str) -> str:
    if fact in WORDS:
        return one_of(value, at, WORDS[fact])
    if fact.endswith(".country"):
        return country(value, at)
    if fact == "customer.segments":
        return name(value, at)
    if fact == "customer.language":
        return _matching(value, at, _LANGUAGE, "language", "fa")
    return _item(value, at)


def _item(value: object, at: str) -> str:
    """An id, a category, a tag: text, or a number that the shop made a name of."""
    if type(value) is int and value >= 0:
        return str(value)
    if not isinstance(value, str) or not value.strip() or len(value) > 100:
        raise BadFlow(at, words().no_value(value))
    return value


def country(value: object, at: str) -> str:
    """An ISO 3166-1 code of two letters, as capitals. Great Britain's is GB."""
    code = _matching(value, at, _COUNTRY, "country", "DE").upper()
    if code == "UK":
        raise BadFlow(at, words().no_code(value, "country", "GB"))
    return code


def money(value: object, at: str) -> Money:
    """`50 EUR`, `12.50 USD`, `500000 IRT` in the owner's units, exactly: too many digits are refused, not rounded."""
    match = _MONEY.fullmatch(value) if isinstance(value, str) else None
    if match is None or match[2] not in CURRENCIES:
        raise BadFlow(at, words().no_money(value, CURRENCIES))
    amount, code = match[1], match[2]
    minor = from_major(amount, code)
    if Decimal(amount) * RIALS_PER.get(code, 1) * 10 ** exponent(iso(code)) != minor:
        raise BadFlow(at, words().too_exact(value, code))
    return Money(minor, iso(code))


def _matching(value: object, at: str, pattern: re.Pattern[str], what: str, example: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise BadFlow(at, words().no_code(value, what, example))
    return value


def _together(parts: list[Condition]) -> Condition:
    return parts[0] if len(parts) == 1 else All(tuple(parts))
