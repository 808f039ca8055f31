"""`explain`: why a customer got what she got, and why nothing else."""

from __future__ import annotations

import argparse
from typing import Any

from chalicelib import clock
from chalicelib.domain.shop import Shop
from webhooks import here
from webhooks.arguments import BadArgument
from webhooks.commands.flows import in_short
from webhooks.flags import names_shop, usual
from webhooks.show import Screen

ABOUT = """Says for every flow of the shop what it did for a customer, or for the buyer of one order: each follow-up
with its reasons, what would be decided if it were due now, what comes next; or why nothing ever stood. Changes
nothing."""
EXAMPLE = """examples:
  .venv/bin/python -m webhooks explain --shop acme --customer sara@example.test
  .venv/bin/python -m webhooks explain --shop acme --order 18 --flow come-back
"""
_MARKS = {"sent": "ok", "done": "ok", "scheduled": "wait", "deferred": "wait", "claimed": "wait", "held_out": "wait"}


def flags(parser: argparse.ArgumentParser) -> None:
    names_shop(parser)
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--customer", metavar="WHO", help="an id (c_…), an e-mail address or a phone number")
    who.add_argument("--order", metavar="NUMBER", help="an order's number or id")
    parser.add_argument("--flow", metavar="NAME", help="only this flow")
    usual(parser, changes=False)


def run(given: dict[str, Any], screen: Screen) -> int:
    from chalicelib.work import explain, flow_book

    here.enter(given)
    shop = here.shop_of(given)
    if given["flow"] and given["flow"] not in flow_book.every(shop):
        raise BadArgument("flow", f"{shop.slug} has no flow {given['flow']}; `flows --shop {shop.slug}` lists them")
    known = _read(given, shop)
    told = explain.explain(known, given["flow"])
    if screen.machine:
        who = known.customer.id if known.customer else None
        screen.json({"shop": shop.slug, "customer_id": who, "flows": told})
    for entry in told:
        _say(entry, screen)
    return 0


def _read(given: dict[str, Any], shop: Shop) -> Any:
    from chalicelib.table import customers, orders
    from chalicelib.work import explain
    from webhooks.finding import customer_of, order_of

    if given["customer"]:
        return explain.read(shop, customer_of(shop, given["customer"]), clock.now())
    order_id = order_of(shop, given["order"])
    held = orders.get(shop.slug, order_id)
    node = held[1] if held else None
    return explain.read(shop, customers.person(shop.slug, node) if node else None, clock.now(), order_id)


def _say(entry: dict[str, Any], screen: Screen) -> None:
    if not entry["follow_ups"] and not entry["nothing"]:
        return
    screen.head(f"{entry['title']} ({entry['flow']}, {'on' if entry['on'] else 'off'})")
    for row in entry["follow_ups"]:
        screen.mark(
            _MARKS.get(row["state"], "fail"), f"{row['step']} ({row['trigger']}): {row['state']}, {row['due_at']}"
        )
        for why in row["why"]:
            screen.say(f"      {screen.dim(why['at'])}  {why['text']}")
        if row["note"]:
            screen.say(f"      {row['note']}")
        if row["if_due_now"]:
            screen.say(f"      Were it due now: {row['if_due_now']['text']}")
        for coming in row["ahead"]:
            screen.say(f"      {screen.dim(coming['due_at'])}  then: {in_short([coming])}")
    for none in entry["nothing"]:
        about = f"order {none['order_number']}: " if none["order_number"] else ""
        screen.mark("do", f"{about}{none['text']}")
