"""DynamoDB's expressions on items in wire form: conditions, keys, filters and the updates that we use."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any

from botocore.exceptions import ClientError

Item = dict[str, dict[str, Any]]
_TOKEN = re.compile(r"\s*(<>|<=|>=|[#:]?\w+|[=<>(),+-])")


def error(code: str, message: str = "", operation: str = "", reasons: list[str] | None = None) -> ClientError:
    """What botocore raises for DynamoDB's answer `code`; `reasons` are the codes of a cancelled transaction."""
    answer: dict[str, Any] = {"Error": {"Code": code, "Message": message or code}}
    if reasons is not None:
        answer["CancellationReasons"] = [{"Code": reason, "Message": reason} for reason in reasons]
    return ClientError(answer, operation)


def updated(item: Item, ask: dict[str, Any]) -> Item:
    names, values = ask.get("ExpressionAttributeNames", {}), ask.get("ExpressionAttributeValues", {})
    for clause in re.split(r"\s*(?=\b(?:SET|ADD|REMOVE)\b)", ask["UpdateExpression"]):
        verb, _, rest = clause.strip().partition(" ")
        for action in filter(None, rest.split(", ")):
            if verb == "SET" and re.fullmatch(r"#\w+ = :\w+", action.strip()):
                name, value = action.strip().split(" = ")
                item[names[name]] = values[value]
            elif verb == "ADD":
                name, value = action.split()
                total = int(item.get(names[name], {"N": "0"})["N"]) + int(values[value]["N"])
                item[names[name]] = {"N": str(total)}
            elif verb == "REMOVE":
                item.pop(names[action.strip()], None)
            else:
                raise NotImplementedError(ask["UpdateExpression"])
    return item


def holds(text: str | None, item: Item, names: dict[str, str], values: Item) -> bool:
    return text is None or compiled(text)(item, names, values)


Test = Callable[[Item, dict[str, str], Item], bool]


@lru_cache(maxsize=1000)
def compiled(text: str) -> Test:
    tokens = _TOKEN.findall(text)
    test = _either(tokens)
    if tokens:
        raise error("ValidationException", f"syntax: {text}")
    return test


def _either(tokens: list[str]) -> Test:
    tests = [_both(tokens)]
    while tokens and tokens[0] == "OR":
        tokens.pop(0)
        tests.append(_both(tokens))
    return lambda *on: any(test(*on) for test in tests)


def _both(tokens: list[str]) -> Test:
    tests = [_one(tokens)]
    while tokens and tokens[0] == "AND":
        tokens.pop(0)
        tests.append(_one(tokens))
    return lambda *on: all(test(*on) for test in tests)


def _one(tokens: list[str]) -> Test:
    token = tokens.pop(0)
    if token == "NOT":
        inner = _one(tokens)
        return lambda *on: not inner(*on)
    if token == "(":
        inner = _either(tokens)
        tokens.pop(0)
        return inner
    if token in _FUNCTIONS:
        return partial(_FUNCTIONS[token], _listed(tokens))
    sign = tokens.pop(0)
    if sign == "IN":
        return partial(_is_in, [token, *_listed(tokens)])
    if sign == "BETWEEN":
        low, _, high = tokens.pop(0), tokens.pop(0), tokens.pop(0)
        return lambda *on: _compared(">=", token, low, *on) and _compared("<=", token, high, *on)
    return partial(_compared, sign, token, tokens.pop(0))


def _listed(tokens: list[str]) -> list[str]:
    end = tokens.index(")")
    listed = [token for token in tokens[1:end] if token != ","]
    del tokens[: end + 1]
    return listed


def _value(token: str, item: Item, names: dict[str, str], values: Item) -> dict[str, Any] | None:
    return values[token] if token.startswith(":") else item.get(names.get(token, token))


def _compared(sign: str, one: str, two: str, *on: Any) -> bool:
    left, right = _value(one, *on), _value(two, *on)
    if left is None or right is None or left.keys() != right.keys():
        return sign == "<>"
    a, b = (_sortable(value) for value in (left, right))
    results = {"=": a == b, "<>": a != b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}
    return bool(results[sign])


def _sortable(value: dict[str, Any]) -> Any:
    ((kind, content),) = value.items()
    return Decimal(content) if kind == "N" else content.encode() if kind == "S" else content


def _is_in(tokens: list[str], *on: Any) -> bool:
    return any(_compared("=", tokens[0], other, *on) for other in tokens[1:])


def _begins(tokens: list[str], *on: Any) -> bool:
    left, right = _value(tokens[0], *on), _value(tokens[1], *on)
    return bool(left and right and left.get("S", "").startswith(right["S"]))


_FUNCTIONS: dict[str, Callable[..., bool]] = {
    "attribute_exists": lambda tokens, *on: _value(tokens[0], *on) is not None,
    "attribute_not_exists": lambda tokens, *on: _value(tokens[0], *on) is None,
    "begins_with": _begins,
}
