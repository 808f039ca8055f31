"""What a pretend WooCommerce shop holds: orders, customers and products, in the very form of recorded ones."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

RECORDED = Path(__file__).resolve().parents[3] / "webhooks" / "woocommerce" / "samples" / "api" / "10.5.2"
ZONE = ZoneInfo("Asia/Tehran")
PAID = ("processing", "completed", "refunded")
Body = dict[str, Any]
PEOPLE = (
    ("زهرا", "حسینی‌نژاد", "zahra", "09121110001", "IR"),
    ("علي", "رضایی", "ali", "۰۹۱۲۱۱۱۰۰۰۲", "IR"),
    ("مریم", "کاظمی", "maryam", "+98 912 111 0003", "IR"),
    ("پارسا", "یوسفی", "parsa", "", "IR"),
    ("Sara", "Nilsson", "Sara", "+46 70 174 06 05", "SE"),
    ("Tom", "O'Neill", "tom", "", "GB"),
    ("لیلا", "قربانی", "leyla", "0098-912-111-0007", "IR"),
    ("", "", "", "09121110008", "IR"),
)
PRICES = {"کفش ورزشی": 4_500_000, "پیراهن مردانه نخی": 1_250_000, 'Mug "A/B" &amp; <b>': 299_000}


def recorded(name: str) -> Any:
    """The body of a recorded answer, to do with as one likes."""
    return deepcopy(_read(name))


@cache
def _read(name: str) -> Any:
    return json.loads((RECORDED / f"{name}.json").read_text("utf-8"))["body"]


class Shelf:
    """Bodies by id, kept as REST would show them. `now` is the shop's own clock; ids are given in one row, as
    WordPress does."""

    def __init__(self, url: str, now: Callable[[], datetime]) -> None:
        self.now = now
        self.orders: dict[int, Body] = {}
        self.customers: dict[int, Body] = {}
        self.products: dict[int, Body] = {}
        self._next, self._chance = 10, random.Random(7)
        self._order_form = next(body for body in recorded("orders-p1") if body["id"] == 18)
        self._customer_form = next(body for body in recorded("customers") if body["id"] == 13)
        product_form = next(body for body in recorded("products") if body["type"] == "simple")
        for name, price in PRICES.items():
            self._stock(product_form, url, name, price)

    def order(self, **what: Any) -> Body:
        """A new order. `what` are members of its body, objects merged into what would be there; `at` says when."""
        at = what.pop("at", None) or self.now()
        body: Body = deepcopy(self._order_form)
        number = self._number()
        person = self._chance.choice(PEOPLE)
        body |= {"id": number, "number": str(number), "status": "processing", "refunds": [], "meta_data": []}
        body |= {"order_key": f"wc_order_{number}", "customer_id": 0, "coupon_lines": []}
        body["billing"] = {**body["billing"], **_billing(person)}
        body["shipping"] = dict.fromkeys(body["shipping"], "")
        self._fill_lines(body)
        for name in ("date_created", "date_modified", "date_completed", "date_paid"):
            set_time(body, name, at if name in ("date_created", "date_modified") else None)
        self.orders[number] = body
        merge(body, what)
        self._follow_status(body, at)
        return body

    def change(self, body: Body, at: datetime | None = None, **what: Any) -> Body:
        """Change an order, customer or product now."""
        at = at or self.now()
        merge(body, what)
        set_time(body, "date_modified", at)
        if "date_paid" in body:
            self._follow_status(body, at)
        return body

    def refund(self, body: Body, amount: int, reason: str = "") -> None:
        """Money back; all of it makes the order refunded."""
        body["refunds"] = [{"id": self._number(), "reason": reason, "total": f"-{amount}"}, *body["refunds"]]
        given = sum(-int(refund["total"]) for refund in body["refunds"])
        self.change(body, status="refunded" if given >= int(body["total"]) else body["status"])

    def customer(self, **what: Any) -> Body:
        """A new account, as `order`."""
        at = what.pop("at", None) or self.now()
        body: Body = deepcopy(self._customer_form)
        number = self._number()
        body |= {"id": number, "email": f"c{number}@example.test", "username": f"c{number}"}
        set_time(body, "date_created", at)
        set_time(body, "date_modified", at)
        self.customers[number] = body
        return merge(body, what)

    def fill(self, orders: int, days: int) -> None:
        """A history that ends now: guests, accounts, some who come again, some who give back."""
        end = self.now()
        begin = end - timedelta(days=days)
        moments = sorted(begin + (end - begin) * self._chance.random() for _ in range(orders))
        accounts = [self.customer(at=begin, **_account(person)) for person in PEOPLE if person[2]]
        for at in moments:
            self._history(at, end, self._chance.choice(accounts) if self._chance.random() < 0.4 else None)

    def _history(self, at: datetime, end: datetime, account: Body | None) -> None:
        what: Body = {"status": self._chance.choice(("processing", "completed", "completed", "completed", "cancelled"))}
        if account:
            what |= {"customer_id": account["id"], "billing": {**account["billing"], "email": account["email"]}}
        body = self.order(at=at, **({} if end - at < timedelta(days=2) else what))
        later = min(end, at + timedelta(hours=self._chance.randrange(1, 100)))
        if body["status"] != "processing":
            self.change(body, later)
        if body["status"] == "completed" and self._chance.random() < 0.05:
            self.refund(body, int(body["total"]), "پشیمان شد")
            set_time(body, "date_modified", later)

    def _stock(self, form: Body, url: str, name: str, price: int) -> None:
        body: Body = deepcopy(form)
        body |= {"id": self._number(), "name": name, "price": str(price), "regular_price": str(price)}
        body |= {"permalink": f"{url}/product/{self._next}/", "stock_status": "instock", "sku": f"SKU-{self._next}"}
        set_time(body, "date_created", self.now())
        set_time(body, "date_modified", self.now())
        self.products[body["id"]] = body

    def _number(self) -> int:
        self._next += 1
        return self._next

    def _fill_lines(self, body: Body) -> None:
        product, quantity = self._chance.choice(list(self.products.values())), self._chance.choice((1, 1, 1, 2, 3))
        line = body["line_items"][0]
        total = int(product["price"]) * quantity
        line |= {"name": product["name"], "product_id": product["id"], "variation_id": 0, "quantity": quantity}
        line |= {"subtotal": str(total), "total": str(total), "price": int(product["price"]), "sku": product["sku"]}
        line |= {"meta_data": [], "parent_name": None}
        body["line_items"] = [line]
        body["total"] = str(total + int(body["shipping_total"]))

    def _follow_status(self, body: Body, at: datetime) -> None:
        if body["status"] in PAID and body["payment_method"] != "cod" and not body["date_paid"]:
            set_time(body, "date_paid", at)
        if body["status"] == "completed" and not body["date_completed"]:
            set_time(body, "date_completed", at)


def set_time(body: Body, name: str, at: datetime | None) -> None:
    """Both forms of a time: the site's own, and GMT; neither says where it counts from."""
    body[name] = at.astimezone(ZONE).strftime("%Y-%m-%dT%H:%M:%S") if at else None
    body[f"{name}_gmt"] = at.astimezone(ZoneInfo("UTC")).strftime("%Y-%m-%dT%H:%M:%S") if at else None


def merge(body: Body, what: Mapping[str, Any]) -> Body:
    """Put members into a body, objects into objects."""
    for name, value in what.items():
        body[name] = {**body[name], **value} if isinstance(value, dict) and isinstance(body.get(name), dict) else value
    return body


def _billing(person: tuple[str, str, str, str, str]) -> Body:
    first, last, mailbox, phone, country = person
    email = f"{mailbox}@example.test" if mailbox else ""
    return {"first_name": first, "last_name": last, "email": email, "phone": phone, "country": country}


def _account(person: tuple[str, str, str, str, str]) -> Body:
    first, last, mailbox, phone, country = person
    billing = {"first_name": first, "last_name": last, "phone": phone, "country": country}
    return {"first_name": first, "last_name": last, "email": f"{mailbox}@example.test", "billing": billing}
