"""A shop whose flows start from carts, products, segments and birthdays: for tests of what starts beside orders."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib.domain.events import AccountSeen, CartSeen, Event, NotesTold, Product, ProductSeen
from chalicelib.domain.order import Buyer, Line
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import moment, stamp
from chalicelib.table import base, customers, due, flow_files, follow_ups, shops, sync
from chalicelib.work import fetch, flow_book, ingest, nudge
from chalicelib.work.talk import Outside
from tests.post_office import MINUTE, NOON, SHOP, PostOffice, open_office

SARA, OMID = "sara@example.test", "omid@example.test"
MUG = Line("p1", None, "MUG", "Mug", 1, 1200, 1200)
AGAIN = [{"step": "yes", "tag": "again"}, {"step": "end", "stop": True}]
FLOWS: dict[str, dict[str, Any]] = {
    "cart-left": {
        "starts": [{"when": "cart_abandoned", "wait": "3h"}],
        "exits": ["bought_again"],
        "steps": [{"step": "mail", "send": "cart-left", "channel": "email", "max_late": "1d"}],
    },
    "back-in-stock": {
        "starts": [{"when": "back_in_stock"}],
        "steps": [{"step": "mail", "send": "back-in-stock", "channel": "email"}],
    },
    "birthday": {
        "starts": [{"when": "birthday", "at": "10:00"}],
        "steps": [{"step": "mail", "send": "birthday", "channel": "email"}],
    },
    "vip-hello": {
        "starts": [{"when": "segment_entered", "segment": "vip", "wait": "1h"}],
        "exits": ["left_segment"],
        "steps": [{"step": "mail", "send": "birthday", "channel": "email"}],
    },
    "asleep-bye": {
        "starts": [{"when": "segment_left", "segment": "asleep"}],
        "steps": [{"step": "mark", "tag": "awake"}],
    },
    "asleep-hello": {
        "starts": [{"when": "segment_entered", "segment": "asleep"}],
        "steps": [{"step": "mark", "tag": "sleepy"}],
    },
    "patient": {
        "starts": [{"when": "bought", "wait": "1h"}],
        "steps": [
            {"step": "wait", "wait_for": "ordered", "timeout": "14d", "then": AGAIN},
            {"step": "no", "tag": "silent"},
        ],
    },
}
SEGMENTS = {"vip": {"customer.orders": {"at_least": 2}}, "asleep": {"customer.days_since_order": {"at_least": 30}}}


def open_world(*flows: str, **changes: Any) -> PostOffice:
    """A post office in which nothing but these flows is on."""
    flow_book.forget()
    nudge.forget()
    off = ("thank-you", "how-was-it", "come-back")
    shop = replace(SHOP, flows_off=off, own_flows=dict.fromkeys(flows, 1), segments=SEGMENTS, **changes)
    office = open_office(shop=shop)
    for name in flows:
        write_flow(office.shop, name, FLOWS[name], 1)
    return office


def write_flow(shop: Shop, name: str, data: dict[str, Any], version: int) -> None:
    flow = {"flow": name, "version": version, "purpose": "marketing", **data}
    flow_files.save(shop.slug, name, version, flow, {}, {}, "2026-01-01T00:00:00Z")


def shop_of(office: PostOffice) -> Shop:
    """As the table has it now."""
    office.shop = shops.get(office.shop.slug) or office.shop
    return office.shop


def tell(office: PostOffice, event: Event) -> str:
    return ingest.take(shop_of(office), event, office.now)


def cart(email: str | None = SARA, at: datetime = NOON, *lines: Line, number: str = "77") -> CartSeen:
    return CartSeen(number, Buyer(email=email), lines, "EUR", stamp(at))


def product(at: datetime, available: bool = True, number: str = "p1") -> ProductSeen:
    return ProductSeen(Product(number, "Mug", stamp(at), "https://acme.test/mug", None, 1200, "EUR", available))


def account(number: str, email: str, at: datetime) -> AccountSeen:
    return AccountSeen(Buyer(account=number, email=email), stamp(at), stamp(at))


def born(email: str, day: str, at: datetime) -> NotesTold:
    return NotesTold(None, email, None, stamp(at), (("birthday", day),))


def node(office: PostOffice, email: str = SARA) -> str:
    return customers.resolve(office.shop, f"email:{email}", stamp(office.now)).node.id


def rows(office: PostOffice) -> list[follow_ups.FollowUpRow]:
    """Every follow-up beside a customer, by key."""
    keys = [(item["pk"]["S"], item["sk"]["S"]) for item in office.dynamo.all()]
    found = [base.first(follow_ups.FollowUpRow, pk, sk) for pk, sk in keys if "#C#" in pk and sk.startswith("FU#")]
    return [row for row in found if row]


def plans(office: PostOffice) -> list[tuple[str, str, str, str]]:
    return [(row.flow, row.trigger_id, row.step, row.state) for row in rows(office)]


def codes(row: follow_ups.FollowUpRow) -> list[str]:
    return [entry["code"] for entry in row.why]


class Fetch:
    """Whoever talks with shops: works off what the clock asks for. `seconds`: how long one call may take; every page
    costs one."""

    def __init__(self, office: PostOffice, seconds: float = 10_000) -> None:
        self.office, self._seconds, self.calls = office, seconds, 0
        self._left = seconds

    def _left_now(self) -> float:
        self._left -= 1
        return self._left

    def outside(self) -> Outside:
        self._left = self._seconds
        return Outside(
            settings=None,  # type: ignore[arg-type]
            now=lambda: self.office.now,
            left=self._left_now,
            reach=lambda shop: (_ for _ in ()).throw(AssertionError("nobody is asked")),
            again=lambda shop, task: self.office.asked.append(fetch.message(shop, task)),
            file_size=lambda key: 0,
            file_part=lambda key, offset, size: b"",
            put=lambda key, data: None,
        )

    def work_off(self, most: int = 1000) -> int:
        """Everything that was asked, and what it asks for. Returns how many calls that took."""
        calls = 0
        while self.office.asked and calls < most:
            _, body = self.office.asked.pop(0)
            fetch.handle({"Records": [{"messageId": "m", "body": body}]}, self.outside())
            calls += 1
        return calls


def minute(office: PostOffice, worker: Fetch | None = None) -> None:
    """One minute of the clock, with everything it sets going."""
    office.minute()
    (worker or Fetch(office)).work_off()
    office.work_off()


def until(office: PostOffice, end: datetime) -> None:
    """From one moment at which something is due to the next, no closer than the clock's minute, fetch working too."""
    looks = 0
    while office.now < end:
        looks += 1
        assert looks < 3000, "something stays due for ever"
        due = [moment(item["due_sk"]["S"]) for item in office.dynamo.all() if "due_sk" in item]
        office.now = min(end, max(min(due, default=end), office.now + MINUTE))
        office.pass_over()
        minute(office)


def jump(office: PostOffice, moment: datetime) -> None:
    """Nothing happened until then, and the next nightly look is due."""
    office.now = moment
    due.advance(stamp(moment)[:13])
    held = sync.read(office.shop.slug, "sweep")
    assert held is not None
    sync.write(office.shop.slug, held, held.sync, moment, moment)


def swept(office: PostOffice) -> dict[str, int]:
    """What the last nightly look found."""
    held = sync.read(office.shop.slug, "sweep")
    assert held is not None
    return dict(held.sync.report.get("found", {}))
