"""Small random flows as an owner might write them: branches, lots, waits until an hour or a weekday, some channels."""

from __future__ import annotations

from random import Random
from typing import Any

Data = dict[str, Any]
ORDER_STARTS = ("placed", "paid", "bought", "fulfilled", "no_next_order", "rated", "cancelled", "refunded")
OTHER_STARTS = ("cart_abandoned", "birthday", "back_in_stock")
# What may be said where: text -> channels it has words for.
OF_ORDERS = {"come-back": ("email",), "replenish": ("email", "sms", "onsite"), "how-was-it": ("email",)}
OF_OTHERS = {
    "cart_abandoned": {"cart-left": ("email", "http"), "cart-left-again": ("sms", "email")},
    "birthday": {"birthday": ("email", "onsite", "http")},
    "back_in_stock": {"back-in-stock": ("sms", "email", "onsite")},
}
WAITS: tuple[Data, ...] = (
    {}, {}, {"wait": "20m"}, {"wait": "5h"}, {"wait": "1d"}, {"wait": "3d"}, {"at": "10:00"}, {"at": "02:30"},
    {"wait": "1d", "at": "18:30", "on": ["sun", "wed"]}, {"wait": "2h", "on": ["mon", "sat"]},
)  # fmt: skip
LATE = ("3h", "1d", "7d", "20d")
CONDITIONS: tuple[Data, ...] = (
    {"consent.email": True},
    {"reach.sms": True},
    {"now.weekday": ["mon", "tue", "wed", "fri"]},
    {"customer.orders": {"at_least": 2}},
    {"customer.tags": "seen"},
)
OF_ORDER_CONDITIONS: tuple[Data, ...] = ({"order.total": {"at_least": "10 EUR"}}, {"order.nth": 1})


class _Writer:
    """One flow while it is written."""

    def __init__(self, rnd: Random, purpose: str, when: str) -> None:
        self.rnd, self.purpose, self.when, self.count = rnd, purpose, when, 0
        self.of_order = when in ORDER_STARTS
        self.texts = OF_ORDERS if self.of_order else OF_OTHERS[when]
        self.conditions = CONDITIONS + (OF_ORDER_CONDITIONS if self.of_order else ())

    def steps(self, depth: int, most: int) -> list[Data]:
        return [self.step(depth) for _ in range(self.rnd.randint(1, most))]

    def step(self, depth: int) -> Data:
        self.count += 1
        named = {"step": f"s{self.count}", **self.rnd.choice(WAITS)}
        kinds = ["send"] * 5 + ["tag", "task", "webhook"] + ["coupon"] * (self.purpose == "marketing")
        kinds += ["branch", "split", "wait_for"] if depth < 2 else []
        kind = self.rnd.choice(kinds)
        return named | (self.way(kind, depth) if kind in ("branch", "split", "wait_for") else self.effect(kind))

    def effect(self, kind: str) -> Data:
        more: Data = {"max_late": self.rnd.choice(LATE)} if self.rnd.random() < 0.6 else {}
        if self.rnd.random() < 0.15:
            more["if"] = self.rnd.choice(self.conditions)
        if kind == "send":
            text = self.rnd.choice([*sorted(self.texts), *(name for name, by in self.texts.items() if "sms" in by)])
            known = [c for c in self.texts[text] if self.purpose == "marketing" or c != "onsite"]
            some = self.rnd.sample(known, self.rnd.randint(1, len(known)))
            return {"send": text, "channel": ["sms"] if "sms" in some and self.rnd.random() < 0.5 else some, **more}
        value = {"tag": self.rnd.choice(("seen", "-seen")), "task": "Write her a card", "webhook": "http"}
        return {kind: value.get(kind, "gift"), **more}

    def way(self, kind: str, depth: int) -> Data:
        stop = {"step": f"stop{self.count}", "stop": True}
        if kind == "branch":
            found: Data = {"branch": self.rnd.choice(self.conditions), "then": self.steps(depth + 1, 2)}
        elif kind == "wait_for":
            events = ("ordered", "rated", "fulfilled", "paid") if self.of_order else ("ordered",)
            found = {"wait_for": self.rnd.choice(events), "timeout": self.rnd.choice(("6h", "2d", "6d"))}
            found["then"] = [*self.steps(depth + 1, 1), stop]
        else:
            share = self.rnd.choice((10, 50, 70))
            ways = [{"share": share, "steps": self.steps(depth + 1, 2)}, {"share": 100 - share, "steps": []}]
            return {"split": ways}
        return found | ({"else": self.steps(depth + 1, 1)} if self.rnd.random() < 0.5 else {})


def flow(rnd: Random, name: str, version: int) -> Data:
    """The data of a flow file."""
    when = rnd.choice(ORDER_STARTS + OTHER_STARTS * 2)
    sells = when in (*OTHER_STARTS, "no_next_order") or rnd.random() < 0.7
    purpose = "marketing" if sells else "transactional"
    writer = _Writer(rnd, purpose, when)
    start: Data = {"when": when, **rnd.choice(WAITS[1:])}
    if when == "no_next_order":
        start |= {"wait": rnd.choice(("4d", "9d"))}
    elif when == "bought" and sells and rnd.random() < 0.5:
        start |= {"rhythm": {"of": rnd.choice(("customer", "product")), "usual": "6d", "least": "2d", "most": "12d"}}
    known = ["bought_again", "unsubscribed", *(("refunded", "cancelled") if writer.of_order else ())]
    exits = rnd.sample([one for one in known if one != when], rnd.randint(0, 2))
    data: Data = {"flow": name, "version": version, "purpose": purpose, "starts": [start], "exits": sorted(exits)}
    data["topic"] = rnd.choice(("offers", "reminders", "news")) if sells else "orders"
    data["priority"] = rnd.choice((30, 50, 70))
    if rnd.random() < 0.2:
        data["only_if"] = rnd.choice(writer.conditions)
    return data | {"steps": writer.steps(0, 3)}
