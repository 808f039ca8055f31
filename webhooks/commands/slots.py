"""`slots`: what the slots in a shop's pages did: seen, clicked and closed."""

from __future__ import annotations

import argparse
from typing import Any

from chalicelib import clock
from webhooks import here
from webhooks.arguments import BadArgument
from webhooks.flags import names_shop, usual
from webhooks.show import Screen

ABOUT = """Shows how often the recommendations in the shop's pages were seen, clicked and closed, by slot and by reason,
with the share that was clicked and its 95 % interval. Robots and previews are not counted. Days are UTC's."""
EXAMPLE = """examples:
  .venv/bin/python -m webhooks slots --shop acme
  .venv/bin/python -m webhooks slots --shop acme --from 2026-11-01 --to 2026-11-21 --json
"""
_WITHHELD = {"few_seen": "too few seen", "more_clicks": "more clicks than seen"}


def flags(parser: argparse.ArgumentParser) -> None:
    names_shop(parser)
    parser.add_argument("--from", metavar="DAY", help="the first day (default: 28 days in all); kept for 400 days")
    parser.add_argument("--to", metavar="DAY", help="the last day, included (default: today)")
    usual(parser, changes=False)


def run(given: dict[str, Any], screen: Screen) -> int:
    from chalicelib.domain.spans import BadSpan
    from chalicelib.work import read_slots

    here.enter(given)
    shop = here.shop_of(given)
    try:
        found = read_slots.report(shop, read_slots.span(given["from"], given["to"], clock.now()))
    except BadSpan as bad:
        raise BadArgument(bad.field, bad.reason) from None
    if screen.machine:
        screen.json({"shop": shop.slug, **found})
    else:
        _show(shop.slug, found, screen)
    return 0


def _show(slug: str, found: dict[str, Any], screen: Screen) -> None:
    from chalicelib.work.slot_words import SENTENCES

    zone = f"UTC; a day begins at {found['day_begins']} in {found['shop_timezone']}"
    screen.head(f"{slug}: {found['from']} to {found['to']} ({zone})")
    screen.table([["", "seen", "clicks", "closed", "click rate"], *_rows(found)])
    if found["refused"]:
        screen.mark("warn", f"{found['refused']:,} refused: forged, another shop's, or shown more than two days before")
    screen.say(f"  {SENTENCES['en']['no_proof']}")  # in English as the rest, whatever the shop's language


def _rows(found: dict[str, Any]) -> list[list[str]]:
    rows = []
    for slot in found["slots"]:
        rows.append(_row(slot["name"], slot))
        rows += [_row(f"  {reason['code']}", reason) for reason in slot["reasons"]]
    return [*rows, _row("all", found["total"])]


def _row(name: str, told: dict[str, Any]) -> list[str]:
    counts = [f"{told[what]:,}" for what in ("seen", "clicks", "closed")]
    if rate := told["click_rate"]:
        return [name, *counts, f"{rate['rate']:.2%}  ({rate['low']:.2%} to {rate['high']:.2%})"]
    return [name, *counts, _WITHHELD[told["withheld"]["code"]]]
