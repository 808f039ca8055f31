"""`learn`: what was learnt from a shop's orders, how good it is, and learning anew."""

from __future__ import annotations

import argparse
import json
from contextlib import suppress
from typing import Any

from chalicelib import clock
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import in_order, stamp
from webhooks import here, waiting
from webhooks.flags import names_shop, usual
from webhooks.outcomes import Failed
from webhooks.show import Screen, percent, plural

ABOUT = """Shows what last night's run learnt from the shop's orders: which rule its lists follow, how the forecasts did
on the shop's own past, what is withheld and why. Every shop is learnt from at night by itself."""
EXAMPLE = """examples:
  .venv/bin/python -m webhooks learn --shop acme
  .venv/bin/python -m webhooks learn --shop acme --now --wait
"""
WAIT_SECONDS = 1_800
MONTHS = 12  # that are told at most


def flags(parser: argparse.ArgumentParser) -> None:
    names_shop(parser)
    parser.add_argument("--now", action="store_true", help="learn now; a run that is under way goes on")
    parser.add_argument("--wait", action="store_true", help="with --now: wait until it is done, half an hour at most")
    usual(parser)


def run(given: dict[str, Any], screen: Screen) -> int:
    from chalicelib.work import read_learning

    here.enter(given)
    shop = here.shop_of(given)
    if given["now"]:
        _begin(shop, given, screen)
    found = read_learning.report(shop)
    if screen.machine:
        screen.json({"shop": shop.slug, **found, **({"dry_run": True} if given["dry_run"] else {})})
    else:
        _show(shop, found, screen)
    return 0


def _begin(shop: Shop, given: dict[str, Any], screen: Screen) -> None:
    if shop.state == "off":
        raise here.off(shop)
    if given["dry_run"]:
        screen.mark("wait", f"{shop.slug} would be learnt from")
        return
    from chalicelib.work import learn_timer

    asked_at = stamp(clock.now())
    learn_timer.soon(shop.slug, clock.now())
    _nudge(shop.slug)
    screen.mark("wait", f"{shop.slug} is learnt from, within two minutes")
    if given["wait"]:
        _wait(given, shop, asked_at, screen)


def _nudge(slug: str) -> None:
    """A hint: the clock finds within a minute what is to be done."""
    from chalicelib.settings import MissingSetting
    from chalicelib.thin import Trouble
    from chalicelib.work import aws, learn_timer

    with suppress(Trouble, MissingSetting):
        aws.reach().ask_learn([(slug, json.dumps({"shop": slug, "task": learn_timer.LEARN}))])


def _wait(given: dict[str, Any], shop: Shop, asked_at: str, screen: Screen) -> None:
    from chalicelib.work import read_learning

    def ended() -> bool | None:
        here.look_at_clock(given)
        found = read_learning.report(shop)
        if progress := found["progress"]:
            screen.line(progress)
            screen.bar(str(progress["stage"]), progress["orders_read"], None)
        last = found["last_run"] or {}
        over = in_order(last.get("finished_at") or "") >= in_order(asked_at)
        return True if over and not found["progress"] else None

    if waiting.until(ended, WAIT_SECONDS, every=2.0) is None:
        raise Failed(f"it is not done yet, and goes on by itself. Later: `learn --shop {shop.slug}`")


def _show(shop: Shop, found: dict[str, Any], screen: Screen) -> None:
    screen.head(shop.slug)
    if progress := found["progress"]:
        read = plural(progress["orders_read"], "order")
        screen.mark("wait", f"a run is under way: {progress['stage']}, {read} read")
    if found["trouble"]:
        screen.mark("warn", f"it does not get on: {found['trouble']['remedy']}")
    if found["learned_at"] is None:
        screen.mark("wait", "nothing was learnt yet" + (f"; next {found['next_at']}" if found["next_at"] else ""))
        return
    of = f"{plural(found['orders'], 'order')} of {plural(found['customers'], 'customer')}"
    screen.mark("ok", f"learnt at {found['learned_at']} from {of}, {plural(found['products'], 'product')}")
    if found["rule"]:
        _rule(found["rule"], screen)
    for one in found["forecasts"]:
        _forecast(one, screen)
    _proofs(found["proofs"], screen)
    for one in found["withheld"]:
        screen.say(f"  {_withheld(one)}")
    if found["next_at"]:
        screen.say(f"  next run: {found['next_at']}")


def _rule(rule: dict[str, Any], screen: Screen) -> None:
    screen.say(f"  lists follow {rule['name']}, tried on the shop's own last orders:")
    rows = [row for row in rule["table"] if "rule" in row]
    if not rows:
        screen.say("    too few orders to try one against the other")
        return
    shares = [[row["rule"], *(_share(row.get(name)) for name in ("new", "cart"))] for row in rows]
    screen.table([["    rule", "new in 10", "cart in 10"], *([f"    {row[0]}", *row[1:]] for row in shares)])


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _forecast(one: dict[str, Any], screen: Screen) -> None:
    """How far ahead is told, and how each trial on the shop's own past went."""
    if one["orders_error"] is not None:
        error = percent(round(one["orders_error"] * 100), 100)
        ahead = f"{plural(one['months'], 'month')} ahead, taken to be off by {error}"
        short = "" if one["months"] == MONTHS else f". The history, of {one['weeks']} weeks, is too short for {MONTHS}."
        screen.say(f"  {one['currency']}: what is expected of a customer is told {ahead}{short}")
    for trial in one["trials"]:
        for what in ("orders", "money"):
            tried = trial[what]
            if tried and tried["error"] is not None:
                said = f"{one['currency']} {what}, {trial['weeks']} weeks ahead: "
                if what == "orders":
                    said += f"{tried['forecast']:,} foretold, {tried['actual']:,} came, "
                screen.say(f"  {said}off by {percent(round(tried['error'] * 100), 100)}")


def _proofs(found: dict[str, Any], screen: Screen) -> None:
    """The same of second orders and of the windows of next ones."""
    second, following = found["second_order"] or {}, found["next_order"] or {}
    if second.get("tested"):
        counts = f"{round(second['expected']):,} foretold, {second['happened']:,} came"
        screen.say(f"  second orders: {counts}, of {second['tested']:,} who were waiting")
    if following.get("tested"):
        counts = f"{following['inside']:,} of {following['tested']:,} fell into their window"
        screen.say(f"  next orders: {counts}, {round(following['expected']):,} should have")


def _withheld(one: dict[str, Any]) -> str:
    """In English as the rest, whatever the shop's language."""
    from chalicelib.work.outlook_words import sentence

    about = f"{one['part']} ({one['currency']})" if "currency" in one else one["part"]
    return f"{about} is withheld: {sentence(one['code'])}"
