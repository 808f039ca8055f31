"""WooCommerce's REST API v3 as a pretend shop answers it: who may, what there is, and the recorded refusals."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from infra.local.doubles import woocommerce_hooks as webhooks
from infra.local.doubles.woocommerce_coupons import Coupons
from infra.local.doubles.woocommerce_hooks import Hooks, as_php
from infra.local.doubles.woocommerce_keys import Keys, Unknown
from infra.local.doubles.woocommerce_lists import BadParam, http_date, listed, shown
from infra.local.doubles.woocommerce_shelf import Body, Shelf, recorded

Said = tuple[int, dict[str, str], bytes]
KINDS = ("orders", "products", "customers")
INVALID_ID = {
    "orders": "woocommerce_rest_shop_order_invalid_id",
    "products": "woocommerce_rest_product_invalid_id",
    "customers": "woocommerce_rest_invalid_id",
    "webhooks": "woocommerce_rest_shop_webhook_invalid_id",
}
_CANNOT = {"GET": "view", "POST": "create", "PUT": "edit", "PATCH": "edit", "DELETE": "delete"}
_FOR_MANAGERS = ("coupons", "webhooks", "settings", "system_status", "data")
_ENVIRONMENT = {"version": "10.5.2", "wp_version": "6.9.1", "wp_cron": True, "language": "fa_IR"}


@dataclass(frozen=True)
class Asked:
    """One request below /wp-json. `path` is the whole one, `route` what follows /wp-json/; `after` takes what is to be
    told to others when it was worked off."""

    method: str
    path: str
    route: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    after: list[Callable[[], None]] = field(default_factory=list)

    @property
    def params(self) -> dict[str, str]:
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @property
    def said(self) -> Body:
        try:
            said = json.loads(self.body or b"{}")
        except ValueError:
            return {}
        return said if isinstance(said, dict) else {}


class Rest:
    """`manager`: whether the key's user may manage the shop; `drafts_in_any`: newer shops leave unfinished orders out
    of `status=any`. `delete(id, for_good)` is what deleting an order does, and tells."""

    def __init__(
        self,
        url: str,
        shelf: Shelf,
        keys: Keys,
        hooks: Hooks,
        now: Callable[[], datetime],
        delete: Callable[[str, bool], None],
    ) -> None:
        self._url, self._shelf, self._keys, self._hooks, self._now, self._delete = url, shelf, keys, hooks, now, delete
        self.manager, self.drafts_in_any = True, True
        self.environment: Body = _ENVIRONMENT | {"home_url": url, "site_url": url}
        self.root: Body = {**recorded("root"), "url": url, "home": url}
        self.settings: list[Body] = recorded("settings-general")
        self.coupons = Coupons(now)

    def answer(self, asked: Asked) -> Said:
        """What this request gets; nothing is told to others yet."""
        if not asked.route:
            return self._json(200, shown(self.root, asked.params))
        if not asked.route.startswith("wc/v3"):
            return self._no_route()
        refused = self._refused(asked)
        if refused:
            return refused
        try:
            return self._known(asked, asked.route.removeprefix("wc/v3").strip("/").split("/"))
        except BadParam as bad:
            problem = problem_of(400, "rest_invalid_param", f"Invalid parameter(s): {bad.name}")
            problem["data"] |= {"params": {bad.name: bad.why}, "details": {}}
            return self._json(400, problem)

    def payload(self, resource: str, id: int) -> Body:
        """What a delivery carries: what REST would answer the webhook's owner, errors too."""
        if not self.manager:
            return problem_of(403, "woocommerce_rest_cannot_view", "Sorry, you cannot view this resource.")
        body = self._shelves(f"{resource}s").get(id)
        return body if body else problem_of(404, INVALID_ID.get(f"{resource}s", "rest_no_route"), "Invalid ID.")

    def _refused(self, asked: Asked) -> Said | None:
        scheme = asked.headers.get("x-forwarded-proto") or urlsplit(self._url).scheme
        base = f"{scheme}://{asked.headers.get('host') or urlsplit(self._url).netloc}{unquote(asked.path)}"
        unknown = "woocommerce_rest_authentication_error"
        try:
            key = self._keys.key_of(asked.method, base, asked.query, asked.headers)
        except Unknown as wrong:
            return self._error(401, unknown, str(wrong))
        if key is None:  # a wrong key and none are refused alike, with the word for what was tried
            verb = _CANNOT.get(asked.method, "view")
            return self._error(401, f"woocommerce_rest_cannot_{verb}", "Sorry, you cannot list resources.")
        if not key.allows(asked.method):
            needed = "read" if asked.method == "GET" else "write"
            return self._error(401, unknown, f"The API key provided does not have {needed} permissions.")
        return None

    def _known(self, asked: Asked, route: list[str]) -> Said:
        kind = route[0]
        if kind in KINDS and asked.method == "GET":
            return self._one(kind, route[1], asked.params) if len(route) == 2 else self._many(kind, asked.params)
        if kind == "orders" and asked.method == "DELETE" and len(route) == 2:
            return self._delete_order(asked, route[1])
        if kind in _FOR_MANAGERS and not self.manager:
            verb = _CANNOT.get(asked.method, "view")
            return self._error(403, f"woocommerce_rest_cannot_{verb}", "Sorry, you cannot list resources.")
        if kind == "webhooks":
            return self._webhooks(asked, route[1:])
        if kind == "coupons":
            return self._coupons(asked, route[1:])
        return self._about(route, asked.params) if asked.method == "GET" else self._no_route()

    def _about(self, route: list[str], params: Mapping[str, str]) -> Said:
        if route == ["settings", "general"]:
            return self._json(200, [shown(one, params) for one in self.settings])
        if route == ["data", "currencies", "current"]:
            return self._json(200, shown(recorded("currencies-current"), params))
        if route == ["system_status"]:
            return self._json(200, shown({"environment": self.environment}, params))
        return self._no_route()

    def _many(self, kind: str, params: Mapping[str, str]) -> Said:
        items, total, pages = listed(kind, self._shelves(kind).values(), params, self.drafts_in_any)
        return self._json(200, items, {"X-WP-Total": str(total), "X-WP-TotalPages": str(pages)})

    def _one(self, kind: str, id: str, params: Mapping[str, str]) -> Said:
        body = self._shelves(kind).get(int(id) if id.isdigit() else 0)
        return self._json(200, shown(body, params)) if body else self._error(404, INVALID_ID[kind], "Invalid ID.")

    def _delete_order(self, asked: Asked, id: str) -> Said:
        body = self._shelf.orders.get(int(id) if id.isdigit() else 0)
        if body is None:
            return self._error(404, INVALID_ID["orders"], "Invalid ID.")
        asked.after.append(lambda: self._delete(id, asked.params.get("force") == "true"))
        return self._json(200, body)

    def _webhooks(self, asked: Asked, route: list[str]) -> Said:
        if not route and asked.method == "GET":
            found = [webhooks.shown(hook) for _, hook in sorted(self._hooks.hooks.items())]
            items, total, pages = listed("webhooks", found, asked.params)
            return self._json(200, items, {"X-WP-Total": str(total), "X-WP-TotalPages": str(pages)})
        hook = self._hooks.hooks.get(int(route[0])) if route and route[0].isdigit() else None
        if route and hook is None:
            changing = asked.method in ("PUT", "POST", "PATCH")
            return self._error(400 if changing else 404, INVALID_ID["webhooks"], "ID is invalid.")
        if hook and asked.method == "GET":
            return self._json(200, shown(webhooks.shown(hook), asked.params))
        if hook and asked.method == "DELETE":
            return self._drop(hook, asked.params)
        return self._put(hook, asked)

    def _drop(self, hook: webhooks.Webhook, params: Mapping[str, str]) -> Said:
        if params.get("force") not in ("true", "1"):
            return self._error(501, "woocommerce_rest_trash_not_supported", "Webhooks do not support trashing.")
        return self._json(200, webhooks.shown(self._hooks.hooks.pop(hook.id)))

    def _coupons(self, asked: Asked, route: list[str]) -> Said:
        status, found = self.coupons.answer(asked.method, route, asked.said, asked.params)
        if isinstance(found, str):
            return self._error(status, found, "Sorry, that does not work.")
        many = isinstance(found, list)
        return self._json(status, [shown(one, asked.params) for one in found] if many else shown(found, asked.params))

    def _put(self, hook: webhooks.Webhook | None, asked: Asked) -> Said:
        """Make one or change one, and knock where that is due."""
        wrong = webhooks.refused(asked.said, new=hook is None)
        if wrong:
            return self._error(400, wrong, "Webhook topic is required and must be valid.")
        if hook is None:
            made = self._hooks.add(asked.said)
            asked.after.append(lambda: self._hooks.knock(made))
            return self._json(201, webhooks.shown(made))
        if self._hooks.change(hook, asked.said):
            asked.after.append(lambda: self._hooks.knock(hook))
        return self._json(200, webhooks.shown(hook))

    def _shelves(self, kind: str) -> dict[int, Body]:
        found: dict[int, Body] = getattr(self._shelf, kind) if kind in KINDS else {}
        return found

    def _no_route(self) -> Said:
        return self._error(404, "rest_no_route", "No route was found matching the URL and request method.")

    def _error(self, status: int, code: str, message: str) -> Said:
        return self._json(status, problem_of(status, code, message))

    def _json(self, status: int, value: Any, headers: Mapping[str, str] | None = None) -> Said:
        standing = {"Date": http_date(self._now()), "Content-Type": "application/json; charset=UTF-8"}
        return status, {**standing, "X-Content-Type-Options": "nosniff", **(headers or {})}, as_php(value)


def problem_of(status: int, code: str, message: str) -> Body:
    """WordPress's form of an error."""
    return {"code": code, "message": message, "data": {"status": status}}
