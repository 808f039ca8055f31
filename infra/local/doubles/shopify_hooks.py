"""Webhook subscriptions of one app in one shop, and their deliveries: signed, tried again, and deleted in the end."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from chalicelib.platforms.shopify import hooks as spelling
from chalicelib.platforms.shopify import signature
from infra.local.doubles.shopify_graph import Listing, Refusal
from infra.local.doubles.shopify_nodes import gid

# Eight more tries within four hours, always the same body to the same address.
RETRIES = tuple(timedelta(minutes=minutes) for minutes in (1, 4, 10, 20, 40, 80, 150, 240))
_OF_PEOPLE = ("ORDERS_", "CUSTOMERS_", "REFUNDS_", "FULFILLMENTS_", "CARTS_", "CHECKOUTS_")
_UNAPPROVED = (
    "This app is not approved to subscribe to webhook topics containing protected customer data. "
    "See https://shopify.dev/docs/apps/launch/protected-customer-data for more details."
)
_LOCAL = ("127.0.0.1", "localhost")


@dataclass(slots=True)
class Subscription:
    number: int
    topic: str  # ORDERS_CREATE
    uri: str
    format: str = "JSON"
    filter: str | None = None
    include: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Delivery:
    """One body for one subscription; `tries` that failed so far."""

    subscription: Subscription
    headers: dict[str, str]
    body: bytes
    began: datetime
    tries: int = 1

    @property
    def due(self) -> datetime:
        return self.began + RETRIES[self.tries - 1]


class Hooks:
    """`deliver(address, headers, body)` posts and answers with the HTTP status, 0 for no answer."""

    def __init__(self, domain: str, secret: str, now: Callable[[], datetime], deliver: Callable[..., int]) -> None:
        self.domain, self.secret, self.now, self.deliver = domain, secret, now, deliver
        self.approved = True
        self.subscriptions: dict[str, Subscription] = {}
        self.waiting: list[Delivery] = []
        self.sent: list[tuple[str, dict[str, str], bytes, int]] = []
        self._numbers = iter(range(1, 10**9))

    def listed(self) -> Listing:
        """`webhookSubscriptions`."""
        return Listing(list(self.subscriptions.values()), show=self.told)

    def told(self, one: Subscription) -> dict[str, Any]:
        """A WebhookSubscription."""
        return {
            "__typename": "WebhookSubscription",
            "id": gid("WebhookSubscription", one.number),
            "topic": one.topic,
            "uri": one.uri,
            "format": one.format,
            "filter": one.filter,
            "includeFields": one.include,
        }

    def create(self, topic: str, wish: dict[str, Any]) -> dict[str, Any]:
        """`webhookSubscriptionCreate`. Raises Refusal for a topic that the API does not know."""
        if topic not in map(spelling.enum_of, spelling.HOOK_TOPICS):
            raise Refusal(
                f"Variable $topic of type WebhookSubscriptionTopic! was provided invalid value {topic}",
                "INVALID_VARIABLE",
            )
        problem = self._problem(topic, wish)
        if problem:
            return _payload(None, problem)
        made = Subscription(901431826 + next(self._numbers), topic, wish["uri"])
        self.subscriptions[gid("WebhookSubscription", made.number)] = made
        return _payload(self.told(made))

    def update(self, id: str, wish: dict[str, Any]) -> dict[str, Any]:
        """`webhookSubscriptionUpdate`."""
        one = self.subscriptions.get(id)
        if one is None:
            return _payload(None, "Webhook subscription does not exist")
        if wish.get("uri", one.uri) != one.uri and (problem := self._problem(one.topic, wish)):
            return _payload(None, problem)
        one.uri, one.format = wish.get("uri") or one.uri, wish.get("format") or one.format
        one.filter = wish.get("filter", one.filter) or None
        one.include = wish.get("includeFields", one.include) or []
        return _payload(self.told(one))

    def delete(self, id: str) -> dict[str, Any]:
        """`webhookSubscriptionDelete`."""
        gone = self.subscriptions.pop(id, None)
        errors = [] if gone else [{"field": ["id"], "message": "Webhook subscription does not exist"}]
        return {"deletedWebhookSubscriptionId": id if gone else None, "userErrors": errors}

    def send(self, topic: str, told: dict[str, Any]) -> None:
        """Tell whoever subscribed. `topic` as Shopify's header spells it."""
        event = str(uuid.uuid5(uuid.NAMESPACE_URL, f"event {next(self._numbers)}"))
        for one in list(self.subscriptions.values()):
            if one.topic == spelling.enum_of(topic):
                self._first(
                    one, topic, event, {name: told[name] for name in told if not one.include or name in one.include}
                )

    def tick(self) -> None:
        """Try again what is due."""
        for delivery in [one for one in self.waiting if one.due <= self.now()]:
            self.waiting.remove(delivery)
            if delivery.subscription in self.subscriptions.values() and not self._post(delivery):
                self._failed(delivery)

    def _first(self, one: Subscription, topic: str, event: str, told: dict[str, Any]) -> None:
        body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
        id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"delivery {next(self._numbers)}"))
        headers = signature.sign(body, self.secret, topic=topic, now=self.now(), id=id)
        headers |= {"x-shopify-shop-domain": self.domain, "x-shopify-event-id": event}
        delivery = Delivery(one, headers, body, self.now())
        if not self._post(delivery):
            self.waiting.append(delivery)

    def _post(self, delivery: Delivery) -> bool:
        status = self.deliver(delivery.subscription.uri, dict(delivery.headers), delivery.body)
        self.sent.append((delivery.subscription.uri, delivery.headers, delivery.body, status))
        return 200 <= status < 300

    def _failed(self, delivery: Delivery) -> None:
        delivery.tries += 1
        if delivery.tries <= len(RETRIES):
            self.waiting.append(delivery)
            return
        # The eighth failure in a row: Shopify gives the whole subscription up.
        self.subscriptions.pop(gid("WebhookSubscription", delivery.subscription.number), None)

    def _problem(self, topic: str, wish: dict[str, Any]) -> str:
        if not self.approved and topic.startswith(_OF_PEOPLE):
            return _UNAPPROVED
        parts = urlsplit(wish.get("uri") or "")
        if parts.scheme != "https" and parts.hostname not in _LOCAL:
            return "Address protocol http:// is not supported"
        if any(one.topic == topic and one.uri == wish["uri"] for one in self.subscriptions.values()):
            return "Address for this topic has already been taken"
        return ""


def _payload(one: dict[str, Any] | None, problem: str = "") -> dict[str, Any]:
    errors = [{"field": ["webhookSubscription", "uri"], "message": problem}] if problem else []
    return {"webhookSubscription": one, "userErrors": errors}
