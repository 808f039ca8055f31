"""What one follow-up of each kind costs from due to decided: reads, writes, write units, and CPU against the least that
could be done in the same run (its row read and put once; a mail rendered besides).

Table and provider are in memory, so the figures are the code's own. Calls are counted in one pass and timed in another.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from statistics import median
from typing import Any

from chalicelib import languages
from chalicelib.domain.order import Consent
from chalicelib.domain.times import stamp
from chalicelib.table import base, customers, flow_files, follow_ups
from chalicelib.table.follow_ups import FollowUpRow
from chalicelib.work import flow_book, occasions, send
from chalicelib.work.about import About
from chalicelib.work.occasions import Occasion
from chalicelib.work.render import render_line, render_mail
from tests.fake_dynamo import FakeDynamo, instead_of_dynamodb
from tests.post_office import NOON, SHOP, PostOffice, open_office, order
from tests.write_units import Meter

COUNTED, TIMED, ROUNDS = 20, 60, 3
READS, WRITES = ("GetItem", "Query", "BatchGetItem"), ("PutItem", "UpdateItem", "TransactWriteItems")
DUE = NOON + timedelta(hours=1)
BOUGHT: dict[str, Any] = {"when": "bought", "wait": "1h"}
MAIL = {"step": "mail", "send": "come-back", "channel": "email"}
YES = Consent("sms", "subscribed", "checkout", stamp(NOON))


@dataclass(frozen=True)
class Kind:
    """A flow of one customer, its first step due; what must become of it."""

    outcome: str
    step: dict[str, Any]
    start: dict[str, Any] = field(default_factory=lambda: dict(BOUGHT))
    purpose: str = "marketing"
    shop: dict[str, Any] = field(default_factory=dict)
    words: str = ""  # what of the floor is writing: a mail, a line


KINDS = {
    "mail_of_an_order": Kind("sent", MAIL | {"send": "thank-you"}, purpose="transactional", words="mail"),
    "marketing_mail": Kind("sent", MAIL, words="mail"),
    "sms_by_choice": Kind("sent", {"step": "sms", "send": "replenish", "channel": ["sms", "email"]}, words="line"),
    "birthday_mail": Kind("sent", MAIL | {"send": "birthday"}, {"when": "birthday", "wait": "1h"}, words="mail"),
    "deferred": Kind("deferred", MAIL, shop={"timezone": "Asia/Tokyo"}),
    "held_out": Kind("held_out", MAIL, shop={"treated_share": "0"}),
    "tag": Kind("done", {"step": "mark", "tag": "seen"}),
    "task": Kind("done", {"step": "card", "task": "Write her a card"}),
    "branch": Kind("done", {"step": "may", "branch": {"consent.email": True}, "then": [MAIL | {"wait": "2d"}]}),
}


def run() -> dict[str, Any]:
    """Per follow-up of each kind."""
    with instead_of_dynamodb() as fake:
        row_ms, words_ms = _row(fake), {"": 0.0, "mail": _mail(), "line": _line()}
        found: dict[str, Any] = {"row_ms": round(row_ms, 3), "mail_ms": round(words_ms["mail"], 3)}
        found["line_ms"] = round(words_ms["line"], 3)
        for name, kind in KINDS.items():
            found[name] = {**_counted(fake, kind), **_timed(fake, kind, row_ms + words_ms[kind.words])}
    return found


def _counted(fake: FakeDynamo, kind: Kind) -> dict[str, float]:
    office, due = _office(fake, kind, COUNTED)
    calls: Counter[str] = Counter()
    fake.after = lambda operation, arguments: calls.update([operation])
    with Meter(fake) as meter:
        _work_off(office, due, kind.outcome)
    fake.after = lambda operation, arguments: None
    return {
        "reads": round(sum(calls[name] for name in READS) / COUNTED, 1),
        "writes": round(sum(calls[name] for name in WRITES) / COUNTED, 1),
        "write_units": round(meter.units / COUNTED, 1),
    }


def _timed(fake: FakeDynamo, kind: Kind, floor: float) -> dict[str, float]:
    rounds = []
    for _ in range(ROUNDS):
        office, due = _office(fake, kind, TIMED)
        began = time.process_time()
        _work_off(office, due, kind.outcome)
        rounds.append((time.process_time() - began) * 1000 / TIMED)
    return {"cpu_ms": round(median(rounds), 2), "times_the_floor": round(median(rounds) / floor, 1)}


def _work_off(office: PostOffice, due: list[str], wanted: str) -> None:
    outside = office.sending()
    for follow_up in due:
        send.send(office.shop, follow_up, office.now, outside)
    row = follow_ups.get(office.shop.slug, due[-1])
    if row is None or row.state != wanted:
        raise RuntimeError(f"{row and row.state} where {wanted} was to be measured")


def _office(fake: FakeDynamo, kind: Kind, many: int) -> tuple[PostOffice, list[str]]:
    """So many customers with one follow-up each, due now; its texts and flow are read already."""
    fake.clear()
    flow_book.forget()
    off = ("thank-you", "how-was-it", "come-back")
    shop = replace(SHOP, flows_off=off, own_flows={"bench": 1}, channels={"sms": {"provider": "sns"}})
    office = open_office(dynamo=fake, shop=replace(shop, **kind.shop))
    flow = {"flow": "bench", "version": 1, "purpose": kind.purpose, "starts": [kind.start], "steps": [kind.step]}
    flow_files.save("acme", "bench", 1, flow, {}, {}, stamp(NOON))
    office.now = NOON
    due = [_customer(office, kind, number) for number in range(many + 1)]
    office.now = DUE
    send.send(office.shop, due[0], DUE, office.sending())
    return office, due[1:]


def _customer(office: PostOffice, kind: Kind, number: int) -> str:
    """Her follow-up's id."""
    bought = order(number, email=f"buyer{number}@example.test")
    sms = "sms" in kind.step.get("channel", ())
    buyer = replace(bought.buyer, phone=f"+4915112{number:06d}", consents=(YES,)) if sms else bought.buyer
    office.sell(replace(bought, buyer=buyer))
    if kind.start["when"] != "birthday":
        return follow_ups.follow_up_id(str(number), "bench", kind.step["step"])
    node = customers.resolve(office.shop, f"email:{buyer.email}", stamp(NOON)).node.id
    occasions.happened(office.shop, node, Occasion("birthday", "birthday-2026", stamp(NOON)), NOON)
    return follow_ups.of_customer("acme", node)[0].id


def _row(fake: FakeDynamo) -> float:
    """CPU milliseconds of reading one follow-up and putting it back, on the rev it was read with."""
    office, due = _office(fake, KINDS["marketing_mail"], TIMED)
    rounds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for follow_up in due:
            row = follow_ups.get(office.shop.slug, follow_up)
            assert isinstance(row, FollowUpRow)
            base.commit([follow_ups.write(row, row.rev, NOON)])
        rounds.append((time.process_time() - began) * 1000 / TIMED)
    return median(rounds)


def _mail() -> float:
    """CPU milliseconds of one mail's words."""
    text, about = languages.text("en", "come-back"), _about()
    assert text is not None
    return _each(lambda: render_mail(text, about))


def _line() -> float:
    """CPU milliseconds of one text message's words."""
    text, about = languages.text("en", "replenish"), _about()
    assert text is not None
    return _each(lambda: render_line(text, "sms", about))


def _about() -> About:
    return About(shop=SHOP, language="en", purpose="marketing", now=NOON, name="Sara", links=LINKS, order=order())


def _each(act: Callable[[], object]) -> float:
    rounds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(TIMED):
            act()
        rounds.append((time.process_time() - began) * 1000 / TIMED)
    return median(rounds)


LINKS = {name: f"https://ecrm.acme.test/{name[0]}/x" for name in ("preferences", "unsubscribe", "rating")}
