"""How WooCommerce's REST API lists: filters, order, pages, chosen fields, and what it refuses about them.

Sources: woocommerce/woocommerce, class-wc-rest-crud-controller.php, class-wc-rest-orders-controller.php,
class-wc-rest-customers-v1-controller.php, and the recorded answers beside the samples.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

from infra.local.doubles.woocommerce_shelf import ZONE, Body

STATUSES = ("pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed", "checkout-draft")
_ORDERBY = {
    "orders": ("date", "id", "include", "title", "slug", "modified"),
    "products": ("date", "id", "include", "title", "slug", "modified", "price", "popularity", "rating", "menu_order"),
    "customers": ("id", "include", "name", "registered_date"),
    "webhooks": ("date", "id", "title"),
}
_DATES = {"after": "date_created", "before": "date_created"} | {
    "modified_after": "date_modified",
    "modified_before": "date_modified",
}
Test = Callable[[Body], bool]
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)?")


class BadParam(Exception):
    """A parameter that is refused with 400. `why`: what WordPress says about it."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(name)
        self.name, self.why = name, why


def listed(
    kind: str, bodies: Iterable[Body], query: Mapping[str, str], drafts_in_any: bool = True
) -> tuple[list[Body], int, int]:
    """(one page, X-WP-Total, X-WP-TotalPages). Raises BadParam."""
    size, page = _number(query, "per_page", 10, 1, 100), _number(query, "page", 1, 1, 10**9)
    tests = _chosen(kind, query, drafts_in_any)
    chosen = [body for body in bodies if all(test(body) for test in tests)]
    chosen = _sorted(kind, chosen, query)
    start = _number(query, "offset", 0, 0, 10**9) or (page - 1) * size
    found = chosen[start : start + size]
    total = len(chosen)
    if kind == "orders" and start and not found:  # as recorded: past the end there is nothing, not even a total
        total = 0
    return [_only(body, query) for body in found], total, ceil(total / size)


def shown(body: Body, query: Mapping[str, str]) -> Body:
    """One body with the fields that were asked for."""
    return _only(body, query)


def _chosen(kind: str, query: Mapping[str, str], drafts_in_any: bool) -> list[Test]:
    """What all have to hold for a body to be listed: read once from the query, asked of every body there is."""
    wanted, unwanted = _ids(query, "include"), _ids(query, "exclude")
    tests: list[Test] = [lambda body: body["id"] in wanted] if wanted else []
    if unwanted:
        tests.append(lambda body: body["id"] not in unwanted)
    if kind == "customers":
        role = query.get("role", "customer")
        return [*tests, lambda body: role in ("all", body["role"])]
    if kind == "webhooks":
        status = query.get("status", "all")
        return [*tests, lambda body: status in ("all", body["status"])]
    times = [_in_time(query, name, column) for name, column in _DATES.items() if query.get(name)]
    return [*tests, _of_status(kind, query, drafts_in_any), *times]


def _of_status(kind: str, query: Mapping[str, str], drafts_in_any: bool) -> Test:
    asked = [word for word in query.get("status", "any").split(",") if word]
    known = ("any", "trash", *(STATUSES if kind == "orders" else ("draft", "pending", "private", "publish", "future")))
    if any(word not in known for word in asked):
        raise BadParam("status", f"status[0] is not one of {', '.join(known)}.")
    if "any" in asked:
        hidden = ("trash", "auto-draft") if drafts_in_any else ("trash", "auto-draft", "checkout-draft")
        return lambda body: body["status"] not in hidden
    return lambda body: body["status"] in asked


def _in_time(query: Mapping[str, str], name: str, column: str) -> Test:
    text = query[name]
    form = _DATE.fullmatch(text)
    if not form:
        raise BadParam(name, "Invalid date.")
    if form[1]:  # WordPress brings it into the site's time, whatever the column
        text = datetime.fromisoformat(text).astimezone(ZONE).strftime("%Y-%m-%dT%H:%M:%S")
    if query.get("dates_are_gmt", "") in ("true", "1"):
        column = f"{column}_gmt"
    if name.endswith("after"):
        return lambda body: body[column] is not None and body[column] > text
    return lambda body: body[column] is not None and body[column] < text


def _sorted(kind: str, bodies: list[Body], query: Mapping[str, str]) -> list[Body]:
    by, order = query.get("orderby", "name" if kind == "customers" else "date"), query.get("order", "")
    if by not in _ORDERBY[kind]:
        raise BadParam("orderby", f"orderby is not one of {', '.join(_ORDERBY[kind])}.")
    if order not in ("", "asc", "desc"):
        raise BadParam("order", "order is not one of asc, desc.")
    keys: dict[str, Callable[[Body], Any]] = {
        "date": lambda body: (body["date_created"] or "", body["id"]),
        "registered_date": lambda body: (body["date_created"] or "", body["id"]),
        "modified": lambda body: (body["date_modified"] or "", body["id"]),
        "name": lambda body: (body["username"], body["id"]),
    }
    descending = order == "desc" or (not order and kind != "customers")
    return sorted(bodies, key=keys.get(by, lambda body: body["id"]), reverse=descending)


def _number(query: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = query.get(name, str(default))
    if not re.fullmatch(r"\d{1,9}", text):
        raise BadParam(name, f"{name} is not of type integer.")
    if not least <= int(text) <= most:
        raise BadParam(name, f"{name} must be between {least} (inclusive) and {most} (inclusive)")
    return int(text)


def _ids(query: Mapping[str, str], name: str) -> set[int]:
    return {int(word) for word in query.get(name, "").split(",") if word.strip().isdigit()}


def _only(body: Body, query: Mapping[str, str]) -> Body:
    fields = [field.strip() for field in query.get("_fields", "").split(",") if field.strip()]
    if not fields:
        return body
    found: Body = {}
    for field in fields:
        name, _, inner = field.partition(".")
        if name in body and not inner:
            found[name] = body[name]
        elif isinstance(body.get(name), dict) and inner in body[name]:
            found.setdefault(name, {})[inner] = body[name][inner]
    return found


def http_date(at: datetime) -> str:
    """The form of a Date header."""
    return at.astimezone(ZoneInfo("UTC")).strftime("%a, %d %b %Y %H:%M:%S GMT")
