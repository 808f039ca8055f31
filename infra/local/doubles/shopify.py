"""A pretend Shopify shop with one app in it: Admin API by GraphQL, bulk operations and their files, webhooks.

Built from Shopify's own schema and from the examples in its documentation. It pages, counts costs, refuses and signs as
the real one does; `schema` (Shopify's, where a test has it) makes it refuse what that does not know.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from itertools import count
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from chalicelib.platforms.shopify.queries import LOGIN_PATH, VERSION
from infra.local.doubles import shopify_goods as goods
from infra.local.doubles.shopify_admin import Admin, Rest
from infra.local.doubles.shopify_graph import Refusal
from infra.local.doubles.shopify_hooks import Hooks
from infra.local.people import chance

_TOKEN_LIVES = timedelta(hours=24)
_SHOP = ".myshopify.com"
Answer = tuple[int, dict[str, str], bytes]


class Double:
    """`admin` and `hooks` are what may be tampered with; `state` is open, frozen, locked, unknown or moved."""

    CREDENTIALS: ClassVar[dict[str, str]] = {
        "client_id": "f1d2c3b4a5968778695a4b3c2d1e0f00",
        "client_secret": "shpss_memorable-secret-of-a-double",
    }
    TOKEN = "shpat_memorable-token-of-a-custom-app"  # noqa: S105

    def __init__(
        self, url: str, now: Callable[[], datetime], deliver: Callable[[str, dict[str, str], bytes], int]
    ) -> None:
        self.url, self.now = url, now
        host = urlsplit(url).hostname or ""
        self.domain = host if host.endswith(_SHOP) else urlsplit(url).netloc
        self.hooks = Hooks(self.domain, self.CREDENTIALS["client_secret"], now, deliver)
        self.admin = Admin(url, self.domain, self.hooks, now)
        self.state, self.installed, self.same_organisation, self.version = "open", True, True, VERSION
        self.tokens: dict[str, datetime | None] = {self.TOKEN: None}
        self.leaks: list[str] = []  # requests for a file that bore the token
        self._numbers = count(1)

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """One request. `headers` have lower-case names."""
        path = target.partition("?")[0]
        if path.startswith("/bulk/"):
            self.leaks += [target] if headers.get("x-shopify-access-token") else []
            return self.admin.bulk.file(target, headers)
        shut = self._shut(target)
        if shut:
            return shut
        if (method, path) == ("POST", LOGIN_PATH):
            return self._login(body)
        if method == "POST" and path.startswith("/admin/api/") and path.endswith("/graphql.json"):
            return self._graphql(headers, body)
        return self._json(404, {"errors": "Not Found"})

    def fill(self, orders: int, days: int) -> None:
        """Products, customers and orders over the last days, the newest of them now. Tells no webhook."""
        began = self.now() - timedelta(days=days)
        for number in range(len(goods.GOODS)):
            self._keep("products", goods.product(number, began))
        step = timedelta(days=days) / max(1, orders)
        for number in range(orders):
            self._order(began + (number + 1) * step, {})

    def place_order(self, **what: Any) -> str:
        """Place an order. `what`: members of its body; `buyer` (a customer's id, 0 for a guest), `items`
        [(product id, variant 0 or 1, quantity)], `at`."""
        self.tick()
        made = self._order(what.pop("at", self.now()), what)
        self.hooks.send("orders/create", made)
        if made["financial_status"] == "paid":
            self.hooks.send("orders/paid", made)
        return str(made["id"])

    def change_order(self, id: str, **what: Any) -> None:
        """Change one. `what`: members of its body, or refund="12.50", fulfilled=True, cancelled=True, paid=True."""
        row, topics = self.admin.kept["orders"][id], ["orders/updated"]
        row["updated_at"] = goods.iso(what.pop("at", self.now()))
        for change in [name for name in ("refund", "fulfilled", "cancelled", "paid") if name in what]:
            topics.append(getattr(self, f"_{change}")(row, what.pop(change)))
        row |= what
        for topic in topics:
            if topic != "refunds/create":
                self.hooks.send(topic, row)

    def delete_order(self, id: str) -> None:
        """Delete one for good."""
        gone = self.admin.kept["orders"].pop(id)
        self.hooks.send("orders/delete", {"id": gone["id"]})

    def change_customer(self, id: str, **what: Any) -> None:
        """Change a customer; `subscribed=True` or False is her word on mails, which has a topic of its own."""
        row = self.admin.kept["customers"][id]
        row["updated_at"] = goods.iso(self.now())
        if "subscribed" in what:
            state = "subscribed" if what.pop("subscribed") else "unsubscribed"
            told = {"state": state, "opt_in_level": "single_opt_in", "consent_updated_at": goods.iso(self.now())}
            row["email_marketing_consent"] = told
            self.hooks.send(
                "customers_email_marketing_consent/update",
                {"customer_id": row["id"], "email_address": row["email"], "email_marketing_consent": told},
            )
        row |= what
        self.hooks.send("customers/update", goods.in_order(row))

    def keep(self, kind: str, body: Rest) -> None:
        """Hold an order, customer or product exactly as it is written. Tells no webhook."""
        self._keep(kind, body)

    def tick(self) -> None:
        """Let time pass: webhooks that failed are tried again when they are due."""
        self.hooks.tick()

    def uninstall(self) -> None:
        """The owner removes the app: its tokens are dead, its webhooks gone."""
        self.hooks.send(
            "app/uninstalled",
            {"id": 1, "name": "Acme", "domain": self.domain, "plan_name": "basic"} | {"myshopify_domain": self.domain},
        )
        self.installed, self.tokens = False, {}
        self.hooks.subscriptions.clear()

    def revoke(self) -> None:
        """Every token given so far stops working."""
        self.tokens = {}

    def move_files(self) -> None:
        """The addresses of all bulk files expire, as they do after seven days; the operations stay."""
        for one in self.admin.bulk.operations.values():
            one.moved += 1

    def _login(self, body: bytes) -> Answer:
        said = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        known = {"grant_type": "client_credentials", **self.CREDENTIALS}
        if said != known:
            return self._json(400, {"error": "invalid_client", "error_description": "Client authentication failed"})
        if not self.same_organisation:
            return self._page(
                400, "Oauth error shop_not_permitted: Client credentials cannot be performed on this shop."
            )
        if not self.installed:
            return self._page(400, "Oauth error app_not_installed: The app is not installed on this shop.")
        token = f"shpat_of-the-day-{next(self._numbers)}"
        self.tokens[token] = self.now() + _TOKEN_LIVES
        granted = ",".join(sorted(self.admin.scopes))
        return self._json(200, {"access_token": token, "scope": granted, "expires_in": 86399})

    def _graphql(self, headers: Mapping[str, str], body: bytes) -> Answer:
        token = headers.get("x-shopify-access-token", "")
        until = self.tokens.get(token, self.now())
        if token not in self.tokens or (until is not None and until <= self.now()):
            said = "[API] Invalid API key or access token (unrecognized login or wrong password)"
            return self._json(401, {"errors": said})
        try:
            told = self.admin.ask(body)
        except Refusal as refusal:
            cost = getattr(refusal, "cost", None)
            told = {"errors": [refusal.error]} | ({"extensions": {"cost": cost}} if cost else {})
        return self._json(200, told)

    def _shut(self, target: str) -> Answer | None:
        if self.state == "moved":
            return 301, self._headers() | {"location": f"https://elsewhere{_SHOP}{target}"}, b""
        said = {
            "frozen": (402, "Unavailable Shop"),
            "locked": (423, "Locked"),
            "unknown": (404, "Not Found"),
        }.get(self.state)
        return self._json(said[0], {"errors": said[1]}) if said else None

    def _json(self, status: int, told: dict[str, Any]) -> Answer:
        return status, self._headers(), json.dumps(told, ensure_ascii=False).encode()

    def _page(self, status: int, said: str) -> Answer:
        return status, self._headers() | {"content-type": "text/html"}, f"<html><title>{said}</title></html>".encode()

    def _headers(self) -> dict[str, str]:
        date = format_datetime(self.now().replace(microsecond=0), usegmt=True)
        return {"content-type": "application/json; charset=utf-8", "date": date, "x-shopify-api-version": self.version}

    def _keep(self, kind: str, body: Rest) -> None:
        self.admin.kept[kind][str(body["id"])] = body

    def _order(self, at: datetime, what: dict[str, Any]) -> Rest:
        number = next(self._numbers)
        buyer = self._buyer(what.pop("buyer", None), number, at)
        made = goods.order(number, at, buyer, self._lines(what.pop("items", None), number), **what)
        self._keep("orders", made)
        return made

    def _buyer(self, asked: int | None, number: int, at: datetime) -> Rest | None:
        """A third of all orders come from people who have bought before; 0 is nobody."""
        if asked == 0:
            return None
        who = asked if asked is not None else 1 + chance(f"order-{number}", "buyer", max(3, number * 2 // 3))
        known = self.admin.kept["customers"]
        if str(207119000 + who) not in known:
            made = goods.customer(who, at)
            self._keep("customers", made)
            self.hooks.send("customers/create", goods.in_order(made))
        return known[str(207119000 + who)]

    def _lines(self, items: list[tuple[str, int, int]] | None, number: int) -> list[Rest]:
        products = self.admin.kept["products"]
        if not products:
            self._keep("products", goods.product(0, self.now()))
        some = list(products.values())
        picked = [some[chance(f"order-{number}", f"line-{one}", len(some))] for one in range(1 + number % 3)]
        asked = items or [
            (str(one["id"]), chance(f"order-{number}", one["title"], 2), 1 + number % 2) for one in picked
        ]
        return [goods.line(100 * number + at, products[id], which, many) for at, (id, which, many) in enumerate(asked)]

    def _refund(self, row: Rest, amount: str) -> str:
        row["refunds"] = [*row["refunds"], goods.refund(next(self._numbers), self.now(), amount, row["id"])]
        left = Decimal(row["current_total_price"]) - Decimal(amount)
        row |= {"current_total_price": f"{left:.2f}", "financial_status": "partially_refunded" if left else "refunded"}
        self.hooks.send("refunds/create", row["refunds"][-1])
        return "refunds/create"

    def _fulfilled(self, row: Rest, _: bool) -> str:
        row["fulfillments"] = [goods.parcel(next(self._numbers), self.now(), row["id"], row["line_items"])]
        row["fulfillment_status"] = "fulfilled"
        return "orders/fulfilled"

    def _cancelled(self, row: Rest, _: bool) -> str:
        row["cancelled_at"] = goods.iso(self.now())
        return "orders/cancelled"

    def _paid(self, row: Rest, _: bool) -> str:
        row["financial_status"] = "paid"
        return "orders/paid"
