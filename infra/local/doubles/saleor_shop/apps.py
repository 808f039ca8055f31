"""The apps of a pretend Saleor shop: their tokens and rights, their webhooks, and how one is installed."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from infra.local.doubles.saleor_shop import graph
from infra.local.doubles.saleor_shop.goods import Thing, global_id

VERSION = "3.23.28"
RIGHTS = ("MANAGE_APPS", "MANAGE_CHECKOUTS", "MANAGE_DISCOUNTS", "MANAGE_ORDERS", "MANAGE_PRODUCTS", "MANAGE_STAFF")
RIGHTS += ("MANAGE_USERS",)
EVENTS = set(graph.SCHEMA.type_map["WebhookEventTypeAsyncEnum"].values)  # type: ignore[attr-defined]
# (method, address, headers, body) -> (status, body), following no redirect
Ask = Callable[[str, str, dict[str, str], bytes | None], tuple[int, bytes]]


class NotInstalled(Exception):
    """What the dashboard shows."""


@dataclass
class App:
    number: int
    identifier: str
    name: str
    token: str
    rights: set[str]
    active: bool = True
    webhooks: list[Thing] = field(default_factory=list)
    made: int = 0

    def thing(self) -> Thing:
        """As the API shows it."""
        return {
            "id": global_id("App", self.number),
            "identifier": self.identifier,
            "name": self.name,
            "isActive": self.active,
            "permissions": [{"code": right, "name": right.capitalize()} for right in sorted(self.rights)],
            "webhooks": self.webhooks,
            "version": "1.0.0",
        }

    def add(self, said: Thing) -> Thing:
        """A webhook; `said` as a manifest or a mutation says it."""
        self.made += 1
        hook = {"id": global_id("Webhook", self.number * 1000 + self.made), "secretKey": None, "isActive": True}
        self.webhooks.append({**hook, "name": "", "asyncEvents": [], **_told(said)})
        return self.webhooks[-1]

    def resolvers(self) -> Thing:
        """The mutations that change its own webhooks."""
        return {"webhookCreate": self._create, "webhookUpdate": self._update, "webhookDelete": self._delete}

    def _create(self, _: Any, input: Thing) -> Thing:
        if code := _wrong(input):
            return _refused("query", code)
        return {"webhook": self.add(input), "errors": []}

    def _update(self, _: Any, id: str, input: Thing) -> Thing:
        if (hook := self._own(id)) is None:
            return _refused("id", "NOT_FOUND")
        if code := _wrong(input):
            return _refused("query", code)
        hook.update(_told(input))
        return {"webhook": hook, "errors": []}

    def _delete(self, _: Any, id: str) -> Thing:
        if (hook := self._own(id)) is None:
            return _refused("id", "NOT_FOUND")
        self.webhooks.remove(hook)
        return {"webhook": hook, "errors": []}

    def _own(self, id: str) -> Thing | None:
        return next((hook for hook in self.webhooks if hook["id"] == id), None)


def _told(said: Thing) -> Thing:
    named = {"name": "name", "targetUrl": "targetUrl", "isActive": "isActive", "query": "subscriptionQuery"}
    found = {ours: said[theirs] for theirs, ours in (*named.items(), ("secretKey", "secretKey")) if theirs in said}
    if "asyncEvents" in said:
        found["asyncEvents"] = [{"name": one.capitalize(), "eventType": one} for one in said["asyncEvents"]]
    return found


def _wrong(said: Thing) -> str | None:
    return graph.bad_subscription(said["query"]) if said.get("query") else None


def _refused(name: str, code: str) -> Thing:
    return {"webhook": None, "errors": [{"field": name, "code": code, "message": code.capitalize()}]}


def manifest_of(address: str, ask: Ask, taken: set[str]) -> Thing:
    """What stands at a manifest address, if Saleor would install it. Raises NotInstalled."""
    status, body = ask("GET", address, {"saleor-schema-version": VERSION.rpartition(".")[0]}, None)
    if status >= 400:
        raise NotInstalled(f"the manifest answers HTTP {status}")
    try:
        said = json.loads(body)
    except ValueError:
        raise NotInstalled("the manifest is no JSON") from None
    for trouble in _troubles(said, taken):
        raise NotInstalled(trouble)
    return dict(said)


def _troubles(said: Any, taken: set[str]) -> Iterator[str]:
    if not isinstance(said, dict) or not {"id", "version", "name", "tokenTargetUrl"} <= said.keys():
        yield "Field required."
        return
    if said["id"] in taken:
        yield f"App with the same identifier is already installed: {said['name']}"
    if not set(said.get("permissions", [])) <= set(RIGHTS):
        yield "Given permissions don't exist."
    if not _suits(said.get("requiredSaleorVersion", "")):
        yield f"Saleor version {VERSION} is not supported by the app."
    for hook in said.get("webhooks", []):
        if not set(hook.get("asyncEvents", [])) <= EVENTS:
            yield "Invalid asynchronous event."
        if code := graph.bad_subscription(hook["query"]):
            yield f"Subscription query is not valid: {code}"


def _suits(wanted: str) -> bool:
    ours = tuple(map(int, VERSION.split(".")[:2]))
    least = re.search(r">=(\d+)\.(\d+)", wanted)
    most = re.search(r"<(\d+)(?!\d|=)", wanted)
    return (not least or ours >= (int(least[1]), int(least[2]))) and (not most or ours[0] < int(most[1]))


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def over_http(method: str, address: str, headers: dict[str, str], body: bytes | None) -> tuple[int, bytes]:
    """An `Ask` that really asks."""
    request = urllib.request.Request(address, body, headers, method=method)
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except (OSError, ValueError) as error:
        raise NotInstalled(f"nobody answers there: {error}") from None
