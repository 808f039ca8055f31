"""Webhooks of a pretend WooCommerce shop: made, knocked with, delivered late and once, switched off without a word.

Sources: woocommerce/woocommerce, class-wc-webhook.php, class-wc-webhook-data-store.php, and the recorded deliveries.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from infra.local.doubles.woocommerce_shelf import Body, set_time

AGENT = "WooCommerce/10.5.2 Hookshot (WordPress/6.9.1)"
_RESOURCES = ("coupon", "customer", "order", "product")
_EVENTS = ("created", "updated", "deleted", "restored")
_MOST_FAILURES = 5  # more than that, and the next one switches it off: the seventh


@dataclass
class Webhook:
    """`unanswered`: its knock was not answered with 200 yet."""

    id: int
    name: str
    topic: str
    url: str
    secret: str
    made_at: datetime
    changed_at: datetime | None = None
    status: str = "active"
    failures: int = 0
    unanswered: bool = True


@dataclass
class Hooks:
    """`payload(resource, id)` is the body of a thing as it is at that moment; `lock` is held around all that is not
    talking to others."""

    source: str
    now: Callable[[], datetime]
    deliver: Callable[[str, dict[str, str], bytes], int]
    payload: Callable[[str, int], Body]
    lock: threading.RLock
    hooks: dict[int, Webhook] = field(default_factory=dict)
    queue: deque[tuple[int, int]] = field(default_factory=deque)
    held: bool = False  # nobody visits the shop, so that its timer does not run

    def add(self, said: Mapping[str, Any]) -> Webhook:
        """A new one; somebody has to `knock` then."""
        secret = said.get("secret") or hashlib.sha256(f"auto {len(self.hooks)}".encode()).hexdigest()
        number = max(self.hooks, default=0) + 1
        name = said.get("name") or "Webhook created on Nov 22, 2026"
        made = Webhook(number, name, said["topic"], said["delivery_url"], secret, self.now())
        self.hooks[number] = made
        return made

    def change(self, hook: Webhook, said: Mapping[str, Any]) -> bool:
        """What a PUT changes; the failures stay counted. Returns whether somebody has to `knock`."""
        moved = said.get("delivery_url", hook.url) != hook.url
        hook.topic, hook.url = said.get("topic") or hook.topic, said.get("delivery_url") or hook.url
        hook.secret, hook.status = said.get("secret") or hook.secret, said.get("status") or hook.status
        hook.name, hook.changed_at = said.get("name") or hook.name, self.now()
        return hook.status == "active" and (moved or hook.unanswered)

    def happened(self, topic: str, about: int) -> None:
        """Queue it for every active webhook of the topic, unless the same is waiting already."""
        with self.lock:
            for hook in self.hooks.values():
                if hook.topic == topic and hook.status == "active" and (hook.id, about) not in self.queue:
                    self.queue.append((hook.id, about))
        if not self.held:
            self.run()

    def run(self) -> None:
        """The timer's turn: everything that waits goes out, as it is now."""
        while True:
            with self.lock:
                if not self.queue:
                    return
                number, about = self.queue.popleft()
                hook = self.hooks.get(number)
                said = self._delivery(hook, about) if hook else None
            if hook and said:
                self._note(hook, self.deliver(hook.url, *said))

    def knock(self, hook: Webhook) -> None:
        """The unsigned form post that has to be answered with exactly 200."""
        headers = {"user-agent": AGENT, "accept": "*/*", "content-type": "application/x-www-form-urlencoded"}
        status = self.deliver(hook.url, headers, f"webhook_id={hook.id}".encode())
        with self.lock:
            hook.unanswered = status != 200

    def _delivery(self, hook: Webhook, about: int) -> tuple[dict[str, str], bytes]:
        resource, _, event = hook.topic.partition(".")
        said: Body = {"id": about} if event == "deleted" else self.payload(resource, about)
        if resource == "action":
            said = {"action": event, "arg": about}
        body = as_php(said)
        # Of one webhook in one second there is one id: shops really do that.
        delivery = hashlib.md5(f"{hook.id}{int(self.now().timestamp())}".encode(), usedforsecurity=False).hexdigest()
        return {
            "user-agent": AGENT,
            "accept": "*/*",
            "content-type": "application/json",
            "x-wc-webhook-source": f"{self.source}/",
            "x-wc-webhook-topic": hook.topic,
            "x-wc-webhook-resource": resource,
            "x-wc-webhook-event": event,
            "x-wc-webhook-signature": b64encode(hmac.digest(hook.secret.encode(), body, "sha256")).decode(),
            "x-wc-webhook-id": str(hook.id),
            "x-wc-webhook-delivery-id": delivery,
        }, body

    def _note(self, hook: Webhook, status: int) -> None:
        with self.lock:
            if 200 <= status <= 302:
                hook.failures = 0
            elif hook.failures > _MOST_FAILURES:
                hook.status = "disabled"
            else:
                hook.failures += 1
            again = hook.status == "active" and hook.unanswered
        if again:  # every time it is saved, and every delivery saves it
            self.knock(hook)


def refused(said: Mapping[str, Any], new: bool) -> str:
    """WooCommerce's word for what is wrong with a webhook, "" where nothing is."""
    topic, url = said.get("topic"), said.get("delivery_url")
    if (topic or new) and not _is_topic(str(topic or "").lower()):
        return "woocommerce_rest_shop_webhook_invalid_topic"
    if (url or new) and not str(url or "").startswith(("http://", "https://")):
        return "woocommerce_rest_shop_webhook_invalid_delivery_url"
    if said.get("status") and said["status"] not in ("active", "paused", "disabled"):
        return "rest_invalid_param"
    return ""


def shown(hook: Webhook) -> Body:
    """As REST shows it: never its secret, its failures or its owner."""
    resource, _, event = hook.topic.partition(".")
    body: Body = {"id": hook.id, "name": hook.name, "status": hook.status, "topic": hook.topic}
    body |= {"resource": resource, "event": event, "hooks": [], "delivery_url": hook.url}
    set_time(body, "date_created", hook.made_at)
    set_time(body, "date_modified", hook.changed_at)
    return body


def as_php(value: Any) -> bytes:
    """JSON as PHP writes it: nothing but ASCII, and slashes escaped."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/").encode()


def _is_topic(topic: str) -> bool:
    resource, _, event = topic.partition(".")
    if topic.startswith(("action.woocommerce_", "action.wc_")):
        return True
    return resource in _RESOURCES and event in _EVENTS
