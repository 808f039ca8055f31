"""The code discounts of a pretend Shopify shop: made, changed, found by their code, and refused as the real one does.
Source: shopify.dev/docs/api/admin-graphql (DiscountCodeBasicInput, DiscountErrorCode)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

from chalicelib.domain.times import moment
from infra.local.doubles.shopify_graph import Refusal
from infra.local.doubles.shopify_nodes import gid

Rest = dict[str, Any]
_READ, _WRITE = "read_discounts", "write_discounts"


class Discounts:
    """`kept`: gid -> the input that it was made with. `scopes`: of the app; `customers`: whom the shop knows."""

    def __init__(self, scopes: Callable[[], set[str]], customers: Callable[[], dict[str, Rest]]) -> None:
        self.kept: dict[str, Rest] = {}
        self._scopes, self._customers = scopes, customers
        self._made, self._lock = 0, threading.Lock()

    def of_code(self, code: str) -> list[Rest]:
        """Those that have the code: never more than one, or something is wrong here."""
        return [one for one in self.kept.values() if one["code"].lower() == code.lower()]

    def root(self) -> dict[str, Callable[[Rest], Any]]:
        """What can be asked for, by name."""
        return {
            "codeDiscountNodeByCode": self._by_code,
            "discountCodeBasicCreate": lambda told: self._create(told["basicCodeDiscount"]),
            "discountCodeBasicUpdate": lambda told: self._update(told["id"], told["basicCodeDiscount"]),
            "discountCodeDelete": lambda told: self._delete(told["id"]),
        }

    def _by_code(self, told: Rest) -> Rest | None:
        self._allowed("codeDiscountNodeByCode", _READ)
        found = [id for id, one in self.kept.items() if one["code"].lower() == told["code"].lower()]
        return self._node(found[0]) if found else None

    def _create(self, wish: Rest) -> Rest:
        self._allowed("discountCodeBasicCreate", _WRITE)
        with self._lock:
            refused = self._wrong(wish)
            if not refused and self.of_code(wish["code"]):
                refused = _error("code", "TAKEN", "Code must be unique. Please try a different code.")
            if refused:
                return {"codeDiscountNode": None, "userErrors": [refused]}
            self._made += 1
            id = gid("DiscountCodeNode", 1057371000 + self._made)
            self.kept[id] = dict(wish)
            return {"codeDiscountNode": self._node(id), "userErrors": []}

    def _update(self, id: str, wish: Rest) -> Rest:
        self._allowed("discountCodeBasicUpdate", _WRITE)
        if id not in self.kept:
            return {"codeDiscountNode": None, "userErrors": [_error("id", "INVALID", "Discount does not exist")]}
        refused = self._wrong({**self.kept[id], **wish}, people=wish)
        if refused:
            return {"codeDiscountNode": None, "userErrors": [refused]}
        self.kept[id] |= wish
        return {"codeDiscountNode": self._node(id), "userErrors": []}

    def _delete(self, id: str) -> Rest:
        self._allowed("discountCodeDelete", _WRITE)
        gone = self.kept.pop(id, None)
        errors = [] if gone else [_error("id", "INVALID", "Code discount does not exist.", below="")]
        return {"deletedCodeDiscountId": id if gone else None, "userErrors": errors}

    def _wrong(self, wish: Rest, people: Rest | None = None) -> Rest | None:
        """What Shopify would not make of it."""
        for name in ("title", "code", "startsAt"):
            if not wish.get(name):
                return _error(name, "BLANK", f"{name} can't be blank")
        if wish.get("endsAt") and _at(wish["endsAt"]) <= _at(wish["startsAt"]):
            return _error("endsAt", "END_DATE_BEFORE_START_DATE", "Ends at needs to be after starts_at")
        share = wish["customerGets"]["value"].get("percentage")
        if share is not None and not 0 <= share <= 1:
            message = "Value must be between 0.0 and 1.0"
            return _error("customerGets.value.percentage", "VALUE_OUTSIDE_RANGE", message)
        return self._nobody((wish if people is None else people).get("context") or {})

    def _nobody(self, context: Rest) -> Rest | None:
        for id in (context.get("customers") or {}).get("add") or []:
            if id.rpartition("/")[2] not in self._customers():
                return _error("context.customers.add", "INVALID", "Customer does not exist")
        return None

    def _node(self, id: str) -> Rest:
        said = {"__typename": "DiscountCodeBasic", "title": self.kept[id]["title"]}
        return {"__typename": "DiscountCodeNode", "id": id, "codeDiscount": said}

    def _allowed(self, field: str, scope: str) -> None:
        held = self._scopes()
        if scope in held or _WRITE in held:
            return
        message = f"Access denied for {field} field. Required access: `{scope}` access scope."
        raise Refusal(message, "ACCESS_DENIED", requiredAccess=f"`{scope}` access scope.")


def _at(text: str) -> datetime:
    return moment(text)


def _error(field: str, code: str, message: str, below: str = "basicCodeDiscount") -> Rest:
    path = [part for part in (below, *field.split(".")) if part]
    return {"field": path, "code": code, "message": message}
