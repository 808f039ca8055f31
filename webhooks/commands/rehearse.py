"""`rehearse`: a flow over the shop's past, on paper; or stored orders planned again, to be compared."""

from __future__ import annotations

import argparse
from typing import Any

from chalicelib import clock
from chalicelib.domain.money import Money, to_major
from chalicelib.domain.shop import Shop
from chalicelib.settings import Settings
from webhooks import here
from webhooks.arguments import BadArgument
from webhooks.flags import names_shop, usual
from webhooks.show import Screen, plural

ABOUT = """Says what a flow would have done in the last days, beside the flows that are on: who, what, when, why not,
what it would have cost, and a few of the messages. Nothing is sent or stored. With --replay: plans stored orders again
from scratch and says where that differs from what is stored; exit code 3 where it does."""
EXAMPLE = """examples:
  .venv/bin/python -m webhooks rehearse my-flows/come-back.yaml --shop acme --days 90
  .venv/bin/python -m webhooks rehearse --flow win-back --shop acme --sample 50
  .venv/bin/python -m webhooks rehearse --replay --shop acme --order 18
"""
MOST_DAYS, USUAL_DAYS, USUAL_SAMPLE = 730, 90, 10


def flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", nargs="?", help="a flow file (YAML); it need not be saved")
    names_shop(parser)
    parser.add_argument("--flow", metavar="NAME", help="in place of a file: a flow of the shop")
    parser.add_argument("--texts", metavar="FOLDER", help="with a file: its texts, as LANGUAGE/NAME.md")
    parser.add_argument(
        "--days", metavar="N", type=int, default=USUAL_DAYS, help=f"how far back (default {USUAL_DAYS})"
    )
    parser.add_argument(
        "--sample", metavar="N", type=int, default=USUAL_SAMPLE, help="how many follow-ups to list one by one"
    )
    parser.add_argument("--replay", action="store_true", help="plan stored orders again and compare")
    parser.add_argument("--order", metavar="NUMBER", help="with --replay: only this order; all of --days, if not said")
    usual(parser, changes=False)


def run(given: dict[str, Any], screen: Screen) -> int:
    if not 1 <= given["days"] <= MOST_DAYS:
        raise BadArgument("days", f"should be a number from 1 to {MOST_DAYS}")
    if given["sample"] < 0:
        raise BadArgument("sample", "should be 0 or more")
    settings = here.enter(given)
    shop = here.shop_of(given)
    if given["replay"]:
        return _replay(given, shop, screen)
    if given["order"]:
        raise BadArgument("order", "goes with --replay only")
    return _rehearse(given, shop, settings, screen)


def _rehearse(given: dict[str, Any], shop: Shop, settings: Settings, screen: Screen) -> int:
    from chalicelib.work import rehearse, rehearse_view

    words, now = _words(given, shop), clock.now()

    def progress(done: int, of: int) -> None:
        screen.bar("people", done, of, last=done == of)

    try:
        found = rehearse.rehearse(shop, words.flow, given["days"], now, progress)
    except rehearse.CannotRehearse as cannot:
        raise BadArgument("flow", str(cannot)) from None
    told = rehearse_view.view(found, shop, words, now, settings.public_url, given["sample"])
    if screen.machine:
        screen.json({"shop": shop.slug, **told})
    else:
        _say(told, given["days"], screen)
    return 0


def _words(given: dict[str, Any], shop: Shop) -> Any:
    from chalicelib.work import flow_book
    from chalicelib.work.wording import Wording
    from webhooks.commands.flows import drafted

    if bool(given["file"]) == bool(given["flow"]):
        raise BadArgument("flow", "name either a flow file or, with --flow, one that the shop has")
    if given["file"]:
        return drafted(given, "file", shop).words(shop)
    if given["texts"]:
        raise BadArgument("texts", "goes with a flow file only")
    flow = flow_book.every(shop).get(given["flow"])
    if flow is None:
        raise BadArgument("flow", f"{shop.slug} has no flow {given['flow']}; `flows --shop {shop.slug}` lists them")
    return Wording(shop, flow)


def _say(told: dict[str, Any], days: int, screen: Screen) -> None:
    screen.head(f"{told['title']} ({told['flow']}, version {told['version']}): the last {plural(days, 'day')}")
    screen.say(f"  {plural(told['people'], 'person', 'people')} with an order in that time")
    if told["note"]:
        screen.mark("warn", told["note"])
    for step, states in told["totals"].items():
        screen.say(f"  {step}: " + ", ".join(f"{count:,} {state.replace('_', ' ')}" for state, count in states.items()))
    _reasons(told, screen)
    _weeks(told, screen)
    _costs(told, screen)
    _rows(told, screen)
    for one in told["samples"]:
        screen.say()
        screen.head(f"as {one.get('customer_id') or 'somebody'} would have read it, by {one['channel']}")
        screen.say(f"  {one.get('subject', one.get('problem', ''))}")
        screen.say(one["sms"]["text"] if one["channel"] == "sms" and one.get("sms") else one.get("text", "").rstrip())
    screen.say()
    screen.say("Nothing was sent, nothing was stored.")


def _reasons(told: dict[str, Any], screen: Screen) -> None:
    if told["reasons"]:
        screen.head("why not, or later")
        screen.table([f"{one['count']:,}", one["text"]] for one in told["reasons"])
    overlaps = told["overlaps"]
    for flow, count in overlaps["waited_for"].items():
        screen.say(f"  {plural(count, 'time')} it waited for {flow}")
    for flow, count in overlaps["waited_for_this"].items():
        screen.say(f"  {plural(count, 'time')} {flow} waited for it")


def _weeks(told: dict[str, Any], screen: Screen) -> None:
    if told["weeks"]:
        screen.head("by week")
        screen.table([one["week"], f"{one['sent']:,} sent", f"{one['held_out']:,} held out"] for one in told["weeks"])


def _costs(told: dict[str, Any], screen: Screen) -> None:
    screen.head("cost")
    mails, lines = told["cost"]["email"], told["cost"]["sms"]
    screen.say(f"  {plural(mails['messages'], 'mail')}: {money(mails['cost'])} at Amazon SES's list price")
    if lines["messages"]:
        cost = money(lines["cost"]) if lines["cost"] else "the shop did not say what a part costs"
        screen.say(f"  {plural(lines['messages'], 'SMS', 'SMS')} of {plural(lines['parts'], 'part')}: {cost}")
    for one in told["cost"]["coupons"]:
        worth = " and ".join(map(money, one["at_most"])) or "worth unknown: there is no such rule"
        screen.say(f"  {plural(one['count'], 'coupon')} of {one['rule']}: {worth} at most, if every one is used")


def money(told: dict[str, Any]) -> str:
    """`12.50 EUR`."""
    return f"{to_major(Money(told['amount'], told['currency']), told['currency'])} {told['currency']}"


def _rows(told: dict[str, Any], screen: Screen) -> None:
    if not told["follow_ups"]:
        return
    screen.head("one by one")
    screen.table(
        [row["at"], row["name"] or row["customer_id"] or "?", row["order_number"] or row["order_id"], row["step"],
         row["channel"] or "-", row["state"], row["why"][-1]["text"] if row["why"] else ""]
        for row in told["follow_ups"]
    )  # fmt: skip
    if told["more"]:
        screen.say(screen.dim(f"  and {told['more']:,} more; --sample says how many are listed"))


def _replay(given: dict[str, Any], shop: Shop, screen: Screen) -> int:
    from chalicelib.work import replay

    found = [one for order_id in _orders(given, shop, screen) if (one := replay.replay(shop, order_id))]
    different = [difference for one in found for difference in one.differences]
    for one in found:
        for it in one.differences:
            said = f"order {one.order_id}: {it.flow}, {it.step}: {it.what} is {it.stored or 'nothing'}"
            screen.mark("fail", f"{said}, planned again {it.derived or 'nothing'}")
    looked = sum(one.looked_at for one in found)
    if not different:
        screen.mark(
            "ok", f"{plural(looked, 'follow-up')} of {plural(len(found), 'order')}: planned again, all the same"
        )
    if screen.machine:
        told = [{name: getattr(it, name) for name in it.__slots__} for it in different]
        screen.json({"shop": shop.slug, "orders": len(found), "follow_ups": looked, "differences": told})
    return 3 if different else 0


def _orders(given: dict[str, Any], shop: Shop, screen: Screen) -> list[str]:
    from datetime import timedelta

    from chalicelib.domain.times import stamp
    from chalicelib.table import orders
    from webhooks.finding import order_of

    if given["order"]:
        return [order_of(shop, given["order"])]
    now = clock.now()
    since = stamp(now - timedelta(days=given["days"]))
    return [order_id for _, order_id in orders.placed_since(shop.slug, since, now)]
