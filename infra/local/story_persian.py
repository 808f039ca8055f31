"""The Persian shops: what WooCommerce sent, byte for byte and signed as it was, and what came of three orders."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from infra.local.recordings import recorded
from infra.local.story_shops import PERSIAN, RECORDINGS, Line
from infra.local.story_weeks import go_to
from infra.local.teller import Teller
from infra.local.world import World

# The people of the recording, by the e-mail address they ordered with, and the number of the order.
_MOMENTS = (("Zahra, a guest who pays at the door", "16"), ("Ali, who gets a part of his money back", "18"),
            ("Sara, who cancels", "17"))  # fmt: skip


def persian(world: World, teller: Teller, lines: dict[str, Line]) -> None:
    """Both recordings, and the next two hours."""
    for slug, folder in RECORDINGS.items():
        answers = _replay(world, lines[slug], folder)
        said = ", ".join(f"{count} answered {status}" for status, count in sorted(answers.items()))
        teller.say(f"  {slug}: {answers.total()} requests of a real shop ({folder}): {said}")
        for row in lines[slug].read("/v1/quarantine", limit=100)["items"]:
            teller.say(f"    set aside: {row['topic']}: {row['field']} {row['reason']}")
    go_to(world, world.timeline.now() + timedelta(hours=2))
    for who, order in _MOMENTS:
        _tell_of(world, teller, lines[PERSIAN], who, order)


def _replay(world: World, line: Line, folder: str) -> Counter[int]:
    """Every request with its own headers, pings included, worked off one by one as if they had come slowly."""
    answers: Counter[int] = Counter()
    for request in recorded(folder):
        answers[line.deliver(request.body, request.headers)] += 1
        world.engine.drain()
    return answers


def _tell_of(world: World, teller: Teller, line: Line, who: str, order_id: str) -> None:
    order = line.read(f"/v1/orders/{order_id}")
    teller.say(f"  {who}: order {order_id}, {_toman(order['total'])}, {order['status']}, {order['payment']}")
    for follow_up in line.read(f"/v1/customers/{order['customer_id']}/follow-ups")["items"]:
        if order_id in _order_of(follow_up):
            teller.say(f"    {follow_up['flow']}: {follow_up['state']}. {follow_up['why'][-1]['text']}")
    for mail in _mails(world, line, order):
        teller.say(f"    mail: {mail['subject']}")
