"""`audit`: who did what to a shop's customers and flows."""

from __future__ import annotations

import argparse
import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from chalicelib import clock
from chalicelib.domain.times import stamp
from webhooks import here
from webhooks.arguments import BadArgument
from webhooks.flags import names_shop, usual
from webhooks.show import Screen

if TYPE_CHECKING:
    from chalicelib.table.audit import Entry

ABOUT = """Shows what is noted in the audit of one month: who erased or exported whom, who changed which flow. Ids and
counts only, never a name or an address. Times are UTC's."""
EXAMPLE = """examples:
  .venv/bin/python -m webhooks audit --shop acme
  .venv/bin/python -m webhooks audit --shop acme --month 2026-10 --json
"""
_MONTH = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])")


def flags(parser: argparse.ArgumentParser) -> None:
    names_shop(parser)
    parser.add_argument("--month", metavar="MONTH", help="such as 2026-11 (default: this one)")
    usual(parser, changes=False)


def run(given: dict[str, Any], screen: Screen) -> int:
    from chalicelib.table import audit

    if given["month"] and not _MONTH.fullmatch(given["month"]):
        raise BadArgument("month", "should be a month of the Gregorian calendar such as 2026-11")
    here.enter(given)
    shop, month = here.shop_of(given), given["month"] or stamp(clock.now())[:7]
    entries = audit.of_month(shop.slug, month)
    if screen.machine:
        screen.json({"shop": shop.slug, "month": month, "entries": [asdict(entry) for entry in entries]})
    else:
        _show(f"{shop.slug}: {month}", entries, screen)
    return 0


def _show(title: str, entries: list[Entry], screen: Screen) -> None:
    screen.head(title)
    if entries:
        screen.table([["when", "who", "what", "of", ""], *map(_told, entries)])
    else:
        screen.say("  nothing is noted")


def _told(entry: Entry) -> tuple[str, str, str, str, str]:
    facts = ", ".join(f"{name}: {value}" for name, value in sorted(entry.facts.items()) if value not in ("", None))
    return entry.at, entry.who, entry.what, entry.subject, facts
