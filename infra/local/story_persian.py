"""The Persian shops: what WooCommerce sent, byte for byte and signed as it was, and what came of three orders."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from chalicelib.domain.shop import Shop
from chalicelib.domain.speech import Speech
from chalicelib.domain.why import MOMENTS, sentence
from infra.local.recordings import recorded
from infra.local.story_shops import PERSIAN, RECORDINGS, THOUSANDS, Line
from infra.local.story_weeks import go_to
from infra.local.teller import Teller
from infra.local.world import World

# Three people of the recording, and the number of the order they placed.
_PEOPLE = {
    "Zahra is a guest and pays at the door": "16",
    "Ali gets a part of his money back": "18",
    "Sara cancels": "17",
}
# The reasons stand in the language of the shop; here they are said in English.
_IN_ENGLISH = Shop(PERSIAN, "woocommerce", "", timezone="Asia/Tehran")


def persian(world: World, teller: Teller, lines: dict[str, Line]) -> None:
    """Both recordings, and the two hours after them."""
    for slug, folder in RECORDINGS.items():
        answers = _replay(world, lines[slug], folder)
        said = ", ".join(f"{count} answered {status}" for status, count in sorted(answers.items()))
        teller.say(f"  {slug}: {answers.total()} requests of a real shop ({folder}), {said}")
        if slug == THOUSANDS:
            teller.say("    (this one counts in thousands of Toman; its amounts are test data, as recorded)")
        set_aside(teller, lines[slug])
    go_to(world, world.timeline.now() + timedelta(hours=2))
    for who, order in _PEOPLE.items():
        _tell_of(world, teller, lines[PERSIAN], who, order)


def zahra_again(world: World, teller: Teller, lines: dict[str, Line]) -> None:
    """A month later."""
    who, order = next(iter(_PEOPLE.items()))
    _tell_of(world, teller, lines[PERSIAN], who, order)


def set_aside(teller: Teller, line: Line) -> None:
    """What could not be read is not lost: the newest of it, as the partner API shows it."""
    found = line.read("/v1/quarantine", limit=100)["items"]
    if found:
        newest = found[0]
        said = f"{newest['topic']}: {newest['field']} {newest['reason']}"
        teller.say(f"  {line.slug}: {len(found)} set aside to be looked at and tried again, the newest {said}")


def _replay(world: World, line: Line, folder: str) -> Counter[int]:
    """Every request with its own headers, pings included, in the order in which they came."""
    answers: Counter[int] = Counter()
    for request in recorded(folder):
        answers[line.deliver(request.body, request.headers)] += 1
    world.engine.drain()
    return answers


def _tell_of(world: World, teller: Teller, line: Line, who: str, order_id: str) -> None:
    order = line.read(f"/v1/orders/{order_id}")
    total = Speech("en").money(order["total"]["amount"], order["total"]["currency"], order["currency_original"])
    teller.say(f"  {who}: order {order_id}, {total}, {order['status']}, payment {order['payment']}")
    for follow_up in line.read(f"/v1/customers/{order['customer_id']}/follow-ups")["items"]:
        if follow_up["trigger"] == order_id:
            teller.say(f"    {follow_up['flow']:<10} {follow_up['state']:<9} {_reason(follow_up)}")
            _show_mail(world, teller, line, follow_up["id"])


def _show_mail(world: World, teller: Teller, line: Line, follow_up: str) -> None:
    for mail in world.store.list():
        if (mail["tags"]["shop"], mail["tags"]["follow_up"]) == (line.slug, follow_up):
            teller.say(f"    {'':<20} to {mail['to'][0]}: {mail['subject']}")


def _reason(follow_up: dict[str, Any]) -> str:
    last = follow_up["why"][-1]
    said = sentence(last["code"], last["params"], _IN_ENGLISH)
    days = [Speech("fa").date(last["params"][name], _IN_ENGLISH.timezone) for name in MOMENTS if name in last["params"]]
    return f"{said.removesuffix('.')} ({', '.join(days)})." if days else said
