"""The Admin API of a pretend Shopify shop: who may ask, what it costs, and what is answered."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from graphql import GraphQLSchema

from chalicelib.domain.times import moment, stamp
from infra.local.doubles import shopify_nodes as nodes
from infra.local.doubles.shopify_bulk import Bulk
from infra.local.doubles.shopify_cost import Bucket
from infra.local.doubles.shopify_discounts import Discounts
from infra.local.doubles.shopify_graph import Asked, Listing, Refusal, answered, opened
from infra.local.doubles.shopify_hooks import Hooks

Rest = dict[str, Any]
SCOPES = ("read_orders", "read_all_orders", "read_customers", "read_products", "write_discounts")
_SHOWN_FOR = timedelta(days=60)
_PROTECTED = "See https://shopify.dev/docs/apps/launch/protected-customer-data for more details."
_PERSONAL = ("email", "phone", "firstName", "lastName", "emailAddress", "phoneNumber")
_TERM = re.compile(r"(\w+):(>=|<=|>|<)?'?([^\s']+)'?")
_MAKES = {"orders": nodes.order, "customers": nodes.customer, "products": nodes.product}
_SORTED_BY = {"UPDATED_AT": "updated_at", "CREATED_AT": "created_at", "PROCESSED_AT": "processed_at"}


class Admin:
    """`kept`: kind -> id -> body. Everything may be changed while it runs."""

    def __init__(self, url: str, domain: str, hooks: Hooks, now: Callable[[], datetime]) -> None:
        self.domain, self.hooks, self.now = domain, hooks, now
        self.name, self.currency, self.timezone, self.country = "Acme", "EUR", "Europe/Berlin", "DE"
        self.kept: dict[str, dict[str, Rest]] = {"orders": {}, "customers": {}, "products": {}}
        self.scopes: set[str] = set(SCOPES)
        self.approved = self.approved_fields = True
        self.schema: GraphQLSchema | None = None
        self.bucket = Bucket(now())
        self.discounts = Discounts(lambda: self.scopes, lambda: self.kept["customers"])
        self.bulk = Bulk(url, now, self.root, None)

    def ask(self, body: bytes) -> dict[str, Any]:
        """The answer to the body of a request. Raises Refusal where there is nothing but an error."""
        said = json.loads(body or b"{}")
        asked = opened(said.get("query") or "", said.get("variables") or {}, self.schema)
        cost, _ = self.bucket.take(asked, self.now())
        data = answered(asked, self.root())
        if not self.approved_fields:
            _hide(data, [], asked)
        told: dict[str, Any] = {"data": data, "extensions": {"cost": self.bucket.give_back(cost, data)}}
        return told | ({"errors": asked.errors} if asked.errors else {})

    def root(self) -> dict[str, Callable[[Rest], Any]]:
        """What can be asked for, by name."""
        self.bulk.schema = self.schema
        return {
            "shop": lambda _: self._shop(),
            "currentAppInstallation": lambda _: {"accessScopes": [{"handle": one} for one in sorted(self.scopes)]},
            "ordersCount": lambda _: self._count(),
            **{kind: self._list(kind) for kind in _MAKES},
            "nodes": lambda told: [self._node(id) for id in told["ids"]],
            "node": lambda told: self._node(told["id"]),
            "bulkOperation": self._bulk_operation,
            "webhookSubscriptions": lambda _: self.hooks.listed(),
            "bulkOperationRunQuery": lambda told: self.bulk.run(told["query"], told.get("groupObjects", False)),
            "webhookSubscriptionCreate": lambda told: self.hooks.create(told["topic"], told["webhookSubscription"]),
            "webhookSubscriptionUpdate": lambda told: self.hooks.update(told["id"], told["webhookSubscription"]),
            "webhookSubscriptionDelete": lambda told: self.hooks.delete(told["id"]),
            **self.discounts.root(),
        }

    def visible(self, kind: str) -> list[Rest]:
        """What the app may see: without `read_all_orders` only the orders of the last 60 days."""
        rows = list(self.kept[kind].values())
        if kind != "orders" or "read_all_orders" in self.scopes:
            return rows
        oldest = self.now() - _SHOWN_FOR
        return [row for row in rows if moment(row["created_at"]) >= oldest]

    def _shop(self) -> Rest:
        return {
            "__typename": "Shop",
            "name": self.name,
            "myshopifyDomain": self.domain,
            "currencyCode": self.currency,
            "ianaTimezone": self.timezone,
            "primaryDomain": {"host": self.domain},
            "shopAddress": {"countryCodeV2": self.country},
        }

    def _count(self) -> Rest:
        self._allowed("orders", "ordersCount")
        return {"count": len(self.visible("orders")), "precision": "EXACT"}

    def _list(self, kind: str) -> Callable[[Rest], Listing]:
        def listed(told: Rest) -> Listing:
            self._allowed(kind, kind)
            by = _SORTED_BY.get(told.get("sortKey") or "ID")
            rows = [
                row for row in self.visible(kind) if _fits(row, _search(kind, told), whole_days=kind == "customers")
            ]
            key = (
                (lambda row: (stamp(moment(row[by])), row["id"]))
                if by
                else (lambda row: (f"{row['id']:019d}", row["id"]))
            )
            return Listing(sorted(rows, key=key), key, _MAKES[kind])

        return listed

    def _node(self, id: str) -> Rest | None:
        kind = {"Order": "orders", "Customer": "customers", "Product": "products"}.get(id.split("/")[-2], "")
        if not kind:
            raise Refusal("Invalid id", "RESOURCE_NOT_FOUND")
        self._allowed(kind, "nodes")
        found = [row for row in self.visible(kind) if str(row["id"]) == id.rpartition("/")[2]]
        return _MAKES[kind](found[0]) if found else None

    def _bulk_operation(self, told: Rest) -> Rest | None:
        one = self.bulk.operations.get(told["id"])
        return self.bulk.told(one) if one else None

    def _allowed(self, kind: str, field: str) -> None:
        scope = f"read_{kind}"
        if scope not in self.scopes:
            raise Refusal(
                f"Access denied for {field} field. Required access: `{scope}` access scope.",
                "ACCESS_DENIED",
                requiredAccess=f"`{scope}` access scope.",
                documentation="https://shopify.dev/api/usage/access-scopes",
            )
        if not self.approved and kind != "products":
            raise Refusal(
                f"This app is not approved to access the {kind[:-1].title()} object. {_PROTECTED}", "ACCESS_DENIED"
            )


def _search(kind: str, told: Rest) -> str:
    """What is searched for: of products only those on sale, unless it says otherwise."""
    asked = told.get("query") or ""
    return f"status:active {asked}" if kind == "products" and "status:" not in asked else asked


def _fits(row: Rest, query: str, whole_days: bool) -> bool:
    """Whether a row fits Shopify's search syntax, as far as it is used."""
    return all(_holds(row, name, sign, value, whole_days) for name, sign, value in _TERM.findall(query))


def _holds(row: Rest, name: str, sign: str, value: str, whole_days: bool) -> bool:
    if name == "status":
        return row.get("status", "active") in value.split(",")
    if name == "id":
        return int(row["id"]) >= int(value) if sign == ">=" else int(row["id"]) == int(value)
    if name != "updated_at" or sign != ">=":
        raise Refusal(f"{name} is not played here", "BAD_REQUEST")
    since = moment(value[:10] if whole_days else value)
    return moment(row["updated_at"]) >= since


def _hide(data: Any, path: list[Any], asked: Asked) -> None:
    """Null instead of what tells who somebody is, with an error for each."""
    for name, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        if name in _PERSONAL and value is not None:
            data[name] = None
            message = f"This app is not approved to use the {name} field. {_PROTECTED}"
            asked.errors.append({"message": message, "path": [*path, name], "extensions": {"code": "ACCESS_DENIED"}})
        else:
            _hide(value, [*path, name], asked)
