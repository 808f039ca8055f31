"""A pretend Saleor 3.23: its GraphQL as recorded (cursors, limits, rights, errors), apps installed from a manifest,
webhooks signed with a key pair of its own, tried again as the real one does.

Its API is at `<url>/graphql/`. `POST <url>/pretend/install` with a manifest's address as the body does what a click in
the dashboard does.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

from infra.local.doubles.saleor_shop import apps, goods, graph, keys
from infra.local.doubles.saleor_shop.apps import VERSION, App, Ask, NotInstalled
from infra.local.doubles.saleor_shop.goods import Thing, iso
from infra.local.doubles.saleor_shop.vouchers import Vouchers
from infra.local.doubles.server import Deliver

_TRIES = 5
# what an app has to have the right to before it is told of an event
_NEEDS = {
    "ORDER": "MANAGE_ORDERS",
    "FULFILLMENT": "MANAGE_ORDERS",
    "CUSTOMER": "MANAGE_USERS",
    "ACCOUNT": "MANAGE_USERS",
    "CHECKOUT": "MANAGE_CHECKOUTS",
    "PRODUCT": "MANAGE_PRODUCTS",
}
_HTML = {"content-type": "text/html; charset=utf-8"}


class Double:
    """`app` is what the owner made by hand: its token is in CREDENTIALS. `sent` is what was posted: (topic, status).
    `moved_to`: every answer is a redirect. `most_cost`: what a query may cost. `silent`: nothing is posted."""

    CREDENTIALS = {"token": "pretend0saleor0token0aaaaaaaaa"}  # noqa: RUF012, the harness asks for a dict

    def __init__(self, url: str, now: Callable[[], datetime], deliver: Deliver) -> None:
        self.url, self._now, self._deliver = url.rstrip("/"), now, deliver
        self.app = App(1, "saleor.app.1", "eCRM by hand", self.CREDENTIALS["token"], set(apps.RIGHTS))
        self.apps = [self.app]
        self.orders: dict[str, Thing] = {}
        self.accounts: dict[str, Thing] = {}
        self.products: dict[str, Thing] = {}
        self.channels = [goods.CHANNEL]
        self.vouchers = Vouchers(self.channels)
        self.sent: list[tuple[str, int]] = []
        self.moved_to, self.most_cost, self.silent = "", 50_000, False
        self._last, self._placed, self._opened = now(), 0, 0
        self._pending: list[tuple[datetime, int, str, str, dict[str, str], bytes]] = []
        self.key = keys.first()

    # --- what it is asked --------------------------------------------------------------------------------------------

    def answer(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        path = urlsplit(target).path
        if self.moved_to:
            return 301, {**_HTML, "location": self.moved_to}, b""
        if path == "/graphql/" and method == "POST":
            return self._asked(headers, body)
        if path == "/graphql":
            return 301, {**_HTML, "location": "/graphql/"}, b""
        if path == "/graphql/":
            return 405, {"allow": "OPTIONS, POST", **_HTML}, b""
        if path == "/.well-known/jwks.json" and method == "GET":
            return self._json(200, {"keys": [self.key.public]})
        if path == "/pretend/install" and method == "POST":
            return self._clicked(body.decode("utf-8", "replace").strip())
        return 404, _HTML, b"<h1>Not Found</h1>"

    def _asked(self, headers: Mapping[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        try:
            said = json.loads(body)
        except ValueError:
            return self._json(400, {"errors": [{"message": "Unable to parse query."}]})
        app = self._who(headers)
        return self._json(*graph.answered(said.get("query"), said.get("variables"), self._root(app), self.most_cost))

    def _who(self, headers: Mapping[str, str]) -> App | None:
        bearer = headers.get("authorization-bearer") or headers.get("authorization", "").partition(" ")[2]
        # only a text of 30 characters can be an app's; whoever has another is a stranger, and no error
        return next((app for app in self.apps if app.active and len(bearer) == 30 and app.token == bearer), None)

    def _root(self, app: App | None) -> Thing:
        def need(*rights: str) -> Callable[[], None]:
            def checked() -> None:
                is_any = "AUTHENTICATED_APP" in rights and app is not None
                if not is_any and not (app and app.rights & set(rights)):
                    raise graph.PermissionDenied(*rights)

            return checked

        def needing(value: Any, *rights: str) -> Callable[..., Any]:
            def resolve(_: Any, **args: Any) -> Any:
                need(*rights)()
                return value(_, **args) if callable(value) else value

            return resolve

        known = ("AUTHENTICATED_STAFF_USER", "AUTHENTICATED_APP")
        changing = app.resolvers() if app else dict.fromkeys(("webhookCreate", "webhookUpdate", "webhookDelete"))
        return {
            "app": needing(app.thing() if app else None, *known),
            "shop": {**self._shop(), "version": needing(VERSION, *known)},
            "channels": needing(self.channels, *known),
            "orders": graph.listing("orders", self._orders_but_drafts, need("MANAGE_ORDERS")),
            "customers": graph.listing(
                "customers", lambda: list(self.accounts.values()), need("MANAGE_ORDERS", "MANAGE_USERS")
            ),
            "products": graph.listing("products", lambda: list(self.products.values()), lambda: None),
            **{name: needing(do, "MANAGE_APPS", "AUTHENTICATED_APP") for name, do in changing.items()},
            **{name: needing(do, "MANAGE_DISCOUNTS") for name, do in self.vouchers.resolvers().items()},
        }

    def _orders_but_drafts(self) -> list[Thing]:
        return [order for order in list(self.orders.values()) if order["status"] != "DRAFT"]

    def _shop(self) -> Thing:
        parts = urlsplit(self.url)
        domain = {"host": parts.netloc, "sslEnabled": parts.scheme == "https", "url": f"{self.url}/"}
        country = goods.CHANNEL["defaultCountry"]
        return {"name": "Acme", "schemaVersion": VERSION[:4], "domain": domain, "defaultCountry": country}

    def _json(self, status: int, said: Any) -> tuple[int, dict[str, str], bytes]:
        date = format_datetime(self._now(), usegmt=True)
        return status, {"content-type": "application/json", "date": date}, json.dumps(said).encode()

    # --- what happens in it ------------------------------------------------------------------------------------------

    def fill(self, orders: int, days: int) -> None:
        """A history that ends now, told to nobody: some accounts, more guests; most of it paid and sent."""
        start, end = self._now() - timedelta(days=days), self._now()
        for number in range(1, len(goods.GOODS) + 1):
            self._add_product(goods.product(number, start))
        for _ in range(1 + orders // 4):
            self._new_account(start)
        for number in range(1, orders + 1):
            at = start + (end - start) * number / (orders + 1)
            order = self._new_order(at, number % 5 != 0, self._buyer(number))
            if number % 3 == 0 and order["isPaid"]:
                goods.fulfil(order, at)

    def place_order(self, **what: Any) -> str:
        """`paid` (usually so), `email` of a guest or `account` (an id); everything else overwrites Saleor's fields."""
        at = self._tick_on()
        if not self.products:
            self._add_product(goods.product(1, at))
        user = self.accounts[what.pop("account")] if "account" in what else None
        said = {"userEmail": what.pop("email")} if "email" in what else {}
        order = self._new_order(at, what.pop("paid", True), user, **said, **what)
        for topic in (
            "order_created",
            *(("order_paid", "order_fully_paid") if order["isPaid"] else ()),
            "order_updated",
        ):
            self._tell(topic, order=order)
        return str(order["id"])

    def change_order(self, id: str, **what: Any) -> None:
        """`pay`, `fulfil`, `cancel` (True), `refund` (an amount); everything else overwrites Saleor's fields."""
        order, at, topics = self.orders[id], self._tick_on(), ["order_updated"]
        done = {"pay": (goods.pay, "order_fully_paid"), "fulfil": (goods.fulfil, "order_fulfilled")}
        for word, (do, topic) in {**done, "cancel": (goods.cancel, "order_cancelled")}.items():
            if what.pop(word, False):
                do(order, at)
                topics.append(topic)
        if amount := what.pop("refund", 0):
            goods.refund(order, amount, at)
            topics.append("order_refunded")
        order.update({**what, "updatedAt": iso(at)})
        for topic in topics:
            self._tell(topic, order=order)

    def delete_order(self, id: str) -> None:
        """No mutation deletes an order that is no draft; somebody at the database may. No event tells of it."""
        del self.orders[id]

    def open_account(self, **said: Any) -> str:
        made = self._new_account(self._tick_on(), **said)
        self._tell("customer_created", user=made)
        return str(made["id"])

    def change_account(self, id: str, **said: Any) -> None:
        self.accounts[id].update({**said, "updatedAt": iso(self._tick_on())})
        self._tell("customer_updated", user=self.accounts[id])

    def change_product(self, id: str, **said: Any) -> None:
        self.products[id].update({**said, "updatedAt": iso(self._tick_on())})
        self._tell("product_updated", product=self.products[id])

    def _add_product(self, made: Thing) -> None:
        self.products[made["id"]] = made

    def _buyer(self, number: int) -> Thing | None:
        known = list(self.accounts.values())
        return known[number % len(known)] if number % 3 == 0 else None

    def _new_account(self, at: datetime, **said: Any) -> Thing:
        self._opened += 1
        made = goods.account(self._opened, at, **said)
        self.accounts[made["id"]] = made
        return made

    def _new_order(self, at: datetime, paid: bool, user: Thing | None, **said: Any) -> Thing:
        self._placed += 1
        known = list(self.products.values())
        order = goods.order(self._placed, at, known[self._placed % len(known)], user, paid, **said)
        self.orders[order["id"]] = order
        return order

    def _tick_on(self) -> datetime:
        """Now; never the same moment twice, as no database has it."""
        self._last = max(self._now(), self._last + timedelta(microseconds=1))
        return self._last

    # --- whom it tells -----------------------------------------------------------------------------------------------

    def _tell(self, topic: str, **thing: Thing) -> None:
        name = "".join(word.capitalize() for word in topic.split("_"))
        for app in self.apps if not self.silent else ():
            event = {"__typename": name, "issuedAt": iso(self._now()), "version": VERSION, "recipient": app.thing()}
            for hook in list(app.webhooks):
                wanted = {one["eventType"] for one in hook["asyncEvents"]}
                if hook["isActive"] and topic.upper() in wanted and _NEEDS[topic.split("_")[0].upper()] in app.rights:
                    body = graph.told(hook["subscriptionQuery"], {**event, **thing})
                    self._post(0, topic, hook["targetUrl"], self._signed(topic, body, hook["secretKey"]), body)

    def _signed(self, topic: str, body: bytes, secret: str | None) -> dict[str, str]:
        signature = hmac.digest((secret or "").encode(), body, "sha256").hex() if secret else self.key.jws(body)
        domain = urlsplit(self.url).netloc
        both = {"Event": topic, "Domain": domain, "Signature": signature}
        headers = {"User-Agent": f"Saleor/{VERSION[:4]}", "Content-Type": "application/json"}
        headers |= {f"X-Saleor-{name}": value for name, value in both.items()}
        headers |= {f"Saleor-{name}": value for name, value in both.items()}
        return {**headers, "Saleor-Api-Url": f"{self.url}/graphql/"}

    def _post(self, tries: int, topic: str, address: str, headers: dict[str, str], body: bytes) -> None:
        status = self._deliver(address, headers, body)
        self.sent.append((topic, status))
        if (status == 0 or status >= 500) and tries < _TRIES:  # 3xx and 4xx are final
            due = self._now() + timedelta(seconds=10 * 2**tries)
            self._pending.append((due, tries + 1, topic, address, headers, body))

    def tick(self) -> None:
        """Tries again what is due: after 10, 20, 40, 80 and 160 seconds, with the same body and signature."""
        due = [one for one in self._pending if one[0] <= self._now()]
        self._pending = [one for one in self._pending if one[0] > self._now()]
        for _, tries, topic, address, headers, body in due:
            self._post(tries, topic, address, headers, body)

    def new_key(self) -> None:
        """Another key pair, as at every restart of a Saleor without a fixed one."""
        self.key = keys.new()

    # --- how an app comes in -----------------------------------------------------------------------------------------

    def install(self, manifest_url: str, ask: Ask = apps.over_http) -> App:
        """What a click in the dashboard does. Raises NotInstalled with what it would show; nothing is left then."""
        said = apps.manifest_of(manifest_url, ask, {app.identifier for app in self.apps})
        number = 1 + self.apps[-1].number
        token = hashlib.sha256(f"{number} {self.key.public['kid']}".encode()).hexdigest()[:30]
        app = App(number, said["id"], said["name"], token, set(said.get("permissions", [])))
        for hook in said.get("webhooks", []):
            app.add(hook)
        self.apps.append(app)
        domain = urlsplit(self.url).netloc
        headers = {"Content-Type": "application/json", "X-Saleor-Domain": domain, "Saleor-Domain": domain}
        headers |= {"Saleor-Api-Url": f"{self.url}/graphql/", "Saleor-Schema-Version": VERSION[:4]}
        status, answer = ask("POST", said["tokenTargetUrl"], headers, json.dumps({"auth_token": token}).encode())
        if status >= 400:
            self.apps.remove(app)
            raise NotInstalled(_message(answer) or f"HTTP {status}")
        return app

    def _clicked(self, manifest_url: str) -> tuple[int, dict[str, str], bytes]:
        try:
            return self._json(200, {"installed": self.install(manifest_url).name})
        except NotInstalled as why:
            return self._json(422, {"error": str(why)})


def _message(answer: bytes) -> str:
    """What Saleor shows of a refusal: the message of its `error`."""
    try:
        return str(json.loads(answer)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return ""
