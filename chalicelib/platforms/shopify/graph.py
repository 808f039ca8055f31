"""One question to Shopify's GraphQL Admin API, and what its answer means: data, a wait, or something for the owner."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from chalicelib.domain.events import Unreadable
from chalicelib.platforms.body import Node, parse
from chalicelib.platforms.shop_api import Link, Trouble
from chalicelib.platforms.shopify import refusals
from chalicelib.platforms.shopify.allowance import Allowance, allowance
from chalicelib.platforms.shopify.queries import VERSION
from chalicelib.safe_http import Answer

_MOST_ERRORS = 1000
_Asked = ParamSpec("_Asked")
_Told = TypeVar("_Told")


class TooCostly(Trouble):
    """The question would cost more than Shopify lets any question cost: ask for less at once."""


class Throttled(Trouble):
    """The allowance does not hold what the question may cost: after `wait` seconds it does, and after `until_full` it
    holds all that it can."""

    def __init__(self, left: Allowance) -> None:
        super().__init__("Shopify asks us to go slower", max(1, left.pause))
        self.until_full = max(1, left.until_full)


@dataclass(frozen=True, slots=True)
class Reply:
    """What was answered. `at`: the shop's own clock; `version`: the API that really answered."""

    data: Node
    at: datetime
    version: str
    allowance: Allowance


def understood(asking: Callable[_Asked, _Told]) -> Callable[_Asked, _Told]:
    """What asks Shopify, with an answer of unknown form made a Trouble."""

    @wraps(asking)
    def carefully(*args: _Asked.args, **kwargs: _Asked.kwargs) -> _Told:
        try:
            return asking(*args, **kwargs)
        except Unreadable:
            raise Trouble("Shopify's answer is not as it should be") from None

    return carefully


def ask(link: Link, query: str, variables: Mapping[str, Any] | None = None) -> Reply:
    """The answer to a query or mutation. Raises Denied, Trouble (Throttled, TooCostly), and what `link.http` raises."""
    headers = {
        "accept": "application/json",
        "content-type": "application/json",
        "x-shopify-access-token": link.credentials.get("token", ""),
    }
    body = json.dumps({"query": query, "variables": dict(variables or {})}).encode()
    answer = link.http.ask("POST", f"{link.url}/admin/api/{VERSION}/graphql.json", headers=headers, body=body)
    said = opened(answer)
    left = allowance(said.at("extensions").at("cost"))
    _refuse(said.at("errors"), left)
    if said.at("data").missing:
        raise Trouble("Shopify answered without data")
    return Reply(said.at("data"), asked_at(answer, link.now()), answer.headers.get("x-shopify-api-version", ""), left)


def opened(answer: Answer) -> Node:
    """The body of an answer that is what we asked for. Raises Denied and Trouble for any other."""
    refusals.by_status(answer)
    try:
        return parse(answer.body)
    except Unreadable:
        raise Trouble("Shopify's answer is not JSON") from None


def asked_at(answer: Answer, now: datetime) -> datetime:
    """The shop's clock as the Date header shows it, ours where it does not."""
    try:
        return parsedate_to_datetime(answer.headers.get("date", "")).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return now


def user_errors(payload: Node) -> list[tuple[str, str]]:
    """(code, message) of what a mutation would not do; the code is "" where there is none."""
    errors = payload.at("userErrors").items(_MOST_ERRORS)
    return [(error.at("code").text(), error.at("message").text()) for error in errors]


def _refuse(errors: Node, left: Allowance) -> None:
    """Raise for the first error: an answer with a hole in it is not a snapshot of anything."""
    if errors.missing:
        return
    if not isinstance(errors.value, list):
        raise refusals.by_words(errors.value if isinstance(errors.value, str) else "")
    for error in errors.items(_MOST_ERRORS):
        code, message = error.at("extensions").at("code").text(), error.at("message").text()
        if code == "THROTTLED" or message == "Throttled":
            raise Throttled(left)
        if code == "MAX_COST_EXCEEDED":
            raise TooCostly("the question is too large for Shopify")
        raise refusals.by_words(message, code)
