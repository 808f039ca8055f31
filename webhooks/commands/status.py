"""`status`: how a shop fares, in words."""

from __future__ import annotations

import argparse
import time
from typing import Any

from chalicelib import clock
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from webhooks import here
from webhooks.flags import names_shop, usual
from webhooks.show import Screen

ABOUT = """Says how a shop fares: orders seen of the orders in the shop, when it last told us something, whether its
webhooks are active, what is set aside, how far its history is in; and for all that is wrong, what to do. Exit code 3
where something is."""
EXAMPLE = """examples:
  .venv/bin/python -m webhooks status --shop acme
  .venv/bin/python -m webhooks status --watch
  .venv/bin/python -m webhooks status --shop all --json --stage prod
"""
WATCH_SECONDS = 5.0


def flags(parser: argparse.ArgumentParser) -> None:
    names_shop(parser, required=False, text="only this shop; all, if not said")
    parser.add_argument("--watch", action="store_true", help="look again every few seconds, until Ctrl-C")
    usual(parser, changes=False)


def run(given: dict[str, Any], screen: Screen) -> int:
    here.enter(given)
    if not given["watch"]:
        return _once(given, screen, watched=False)
    try:
        while True:
            here.look_at_clock(given)
            code = _once(given, screen, watched=True)
            time.sleep(WATCH_SECONDS)
    except KeyboardInterrupt:
        return code


def _once(given: dict[str, Any], screen: Screen, watched: bool) -> int:
    from webhooks.words import told

    shops, now = here.shops_of(given), clock.now()
    found = [(shop, gather(shop)) for shop in shops]
    words = [told(shop, facts, now) for shop, facts in found]
    if screen.machine:
        answer = [_json(shop, facts, lines, screen) for (shop, facts), lines in zip(found, words, strict=True)]
        one: Any = answer if given.get("shop") in (None, "all") else answer[0]
        screen.line(one) if watched else screen.json(one)
    else:
        _people(found, words, screen, stamp(now) if watched else "")
    return 3 if any(line.level == "fail" for lines in words for line in lines) else 0


def _people(found: list[Any], words: list[Any], screen: Screen, at: str) -> None:
    if at:
        screen.say(screen.dim(at))
    for (shop, _), lines in zip(found, words, strict=True):
        screen.head(f"{shop.slug} ({shop.platform})")
        for line in lines:
            screen.mark(line.level, line.what, line.remedy)
    if not found:
        screen.mark("do", "no shops yet; connect one: `connect --help`")


def _json(shop: Shop, facts: dict[str, Any], lines: list[Any], screen: Screen) -> dict[str, Any]:
    told = [{"level": line.level, "what": line.what, "remedy": screen.typed(line.remedy)} for line in lines]
    return {"shop": shop.slug, "platform": shop.platform, "state": shop.state, **facts, "told": told}


def gather(shop: Shop) -> dict[str, Any]:
    """What `/v1/health` answers, flat, and how much stands in quarantine now."""
    from chalicelib.table import quarantine
    from chalicelib.work import aws, read_health

    found = read_health.health(shop, aws.for_health(), clock.now())
    looked = found.pop("shop") or {}
    names = ("checked_at", "address", "hooks", "repairs", "found", "silent", "trouble", "next_at")
    waiting = sum(row.replayed_at is None for row in quarantine.listed(shop.slug, 1000))
    return {**found, **{name: looked.get(name) for name in names}, "in_quarantine": waiting}
