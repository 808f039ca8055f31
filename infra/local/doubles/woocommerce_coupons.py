"""Coupons of a pretend WooCommerce shop, by its REST API: codes in small letters, `date_expires_gmt` taken and ignored.

Sources: woocommerce/woocommerce, class-wc-rest-coupons-v2-controller.php, class-wc-coupon.php, abstract-wc-data.php.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from infra.local.doubles.woocommerce_shelf import ZONE, Body, set_time

INVALID_ID = "woocommerce_rest_shop_coupon_invalid_id"
_TYPES = ("percent", "fixed_cart", "fixed_product")
_LISTS = ("email_restrictions", "product_ids")
_NUMBERS = ("usage_limit", "usage_limit_per_user")
_WITH_ZONE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
Result = tuple[int, Any]  # HTTP status and body; a text for a body is WordPress's word for what is wrong


class Coupons:
    """`kept`: id -> coupon, those in the bin (status trash) too."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.kept: dict[int, Body] = {}
        self._now, self._made = now, 700

    def of_code(self, code: str) -> list[Body]:
        """Those that have the code and are not in the bin: more than one means that something is wrong."""
        found = self.kept.values()
        return [one for one in found if one["code"] == code.lower() and one["status"] == "publish"]

    def answer(self, method: str, route: list[str], said: Body, params: Mapping[str, str]) -> Result:
        """`route`: what follows /coupons."""
        if not route:
            return self._create(said) if method == "POST" else self._listed(params)
        coupon = self.kept.get(int(route[0])) if route[0].isdigit() else None
        if coupon is None:
            return (400 if method in ("PUT", "POST", "PATCH") else 404), INVALID_ID
        if method == "DELETE":
            return self._delete(coupon, params)
        return self._change(coupon, said) if method in ("PUT", "POST", "PATCH") else (200, coupon)

    def _listed(self, params: Mapping[str, str]) -> Result:
        code = params.get("code", "")
        return 200, self.of_code(code) if code else [one for one in self.kept.values() if one["status"] == "publish"]

    def _create(self, said: Body) -> Result:
        code = str(said.get("code") or "").strip().lower()
        if not code:
            return 400, "woocommerce_rest_empty_coupon_code"
        if self.of_code(code):
            return 400, "woocommerce_rest_coupon_code_already_exists"
        self._made += 1
        made: Body = {"id": self._made, "code": code, "amount": "0.00", "status": "publish"}
        made |= {"discount_type": "fixed_cart", "description": "", "date_expires": None, "date_expires_gmt": None}
        made |= {"usage_count": 0, "individual_use": False, "usage_limit": None, "usage_limit_per_user": None}
        made |= {"minimum_amount": "0.00", "email_restrictions": [], "product_ids": [], "used_by": [], "meta_data": []}
        wrong = self._take(made, said)
        if wrong:
            return 400, wrong
        self.kept[made["id"]] = made
        return 201, made

    def _change(self, coupon: Body, said: Body) -> Result:
        fresh = dict(coupon)
        wrong = self._take(fresh, said)
        if wrong:
            return 400, wrong
        coupon |= fresh
        return 200, coupon

    def _delete(self, coupon: Body, params: Mapping[str, str]) -> Result:
        if params.get("force") in ("true", "1"):
            return 200, self.kept.pop(coupon["id"])
        coupon["status"] = "trash"
        return 200, coupon

    def _take(self, coupon: Body, said: Body) -> str:
        """Put what was said into it; WordPress's word for what is wrong, "" where nothing is."""
        coupon |= {name: said[name] for name in (*_LISTS, *_NUMBERS, "description", "individual_use") if name in said}
        coupon["discount_type"] = said.get("discount_type", coupon["discount_type"])
        if coupon["discount_type"] not in _TYPES:
            return "rest_invalid_param"
        if any(not isinstance(one, str) or not _EMAIL.fullmatch(one) for one in coupon["email_restrictions"]):
            return "coupon_invalid_email_address"
        for name in ("amount", "minimum_amount"):
            coupon[name] = _decimal(said.get(name, coupon[name]))
        if Decimal(coupon["amount"]) < 0 or (coupon["discount_type"] == "percent" and Decimal(coupon["amount"]) > 100):
            return "coupon_invalid_amount"
        if "date_expires" in said:
            set_time(coupon, "date_expires", _moment(said["date_expires"]))
        for meta in said.get("meta_data", []):
            others = [one for one in coupon["meta_data"] if one["key"] != meta["key"]]
            coupon["meta_data"] = [*others, {"id": len(others) + 1, "key": meta["key"], "value": meta["value"]}]
        return ""


def _decimal(text: Any) -> str:
    try:
        return f"{Decimal(str(text) or '0'):.2f}"
    except InvalidOperation:
        return "0.00"


def _moment(text: Any) -> datetime | None:
    """Without an offset a time is the site's own."""
    if not text:
        return None
    at = datetime.fromisoformat(str(text))
    return at.astimezone(UTC) if _WITH_ZONE.fullmatch(str(text)) else at.replace(tzinfo=ZONE).astimezone(UTC)
