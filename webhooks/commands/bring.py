"""`import`: a shop's history, as queued work that anybody may watch; from its API, or from a CSV file."""

from __future__ import annotations

import argparse
from typing import Any

from chalicelib import clock
from chalicelib.domain.shop import Shop
from chalicelib.settings import Settings
from webhooks import here, waiting
from webhooks.arguments import BadArgument, checked_moment, checked_past
from webhooks.flags import names_shop, usual
from webhooks.outcomes import Failed, NeedsOwner, anew
from webhooks.show import Screen, plural

ABOUT = """Brings a shop's history: everything its API holds, or a CSV file (ours, or as Shopify, WooCommerce, Mailchimp
or Klaviyo export it). It is queued work: it goes on without this command, and after a stop it goes on where it was.
Meanwhile webhooks come in as always, and marketing waits. Nobody gets a mail for an order of the past."""
EXAMPLE = """examples:
  .venv/bin/python -m webhooks import --shop acme
  .venv/bin/python -m webhooks import --shop acme --since 2025-01-01T00:00:00Z
  .venv/bin/python -m webhooks import --shop acme --csv orders.csv --dry-run     reads the file, lists rejected lines
  .venv/bin/python -m webhooks import --shop acme --csv orders.csv
  .venv/bin/python -m webhooks import --shop acme --watch                        how far it is
  .venv/bin/python -m webhooks import --shop acme --stop
"""
MOST_LISTED = 20


def flags(parser: argparse.ArgumentParser) -> None:
    names_shop(parser)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--csv", metavar="FILE", help="from this file instead of the shop's API")
    which.add_argument("--stop", action="store_true", help="let it rest; begun again it goes on from there")
    which.add_argument("--watch", action="store_true", help="begin nothing, show how far it is until it ends")
    parser.add_argument("--since", metavar="TIME", help="only what changed since: 2025-01-01T00:00:00Z")
    parser.add_argument("--no-wait", action="store_true", help="begin it and return at once")
    usual(parser)


def run(given: dict[str, Any], screen: Screen) -> int:
    settings = here.enter(given)
    shop = here.shop_of(given)
    if given["since"]:
        checked_past("since", given["since"], clock.now())
    if given["since"] and (given["csv"] or given["stop"] or given["watch"]):
        raise BadArgument("since", "goes with an import from the shop's API only")
    if given["stop"]:
        return _stopped(given, shop, screen)
    if given["watch"]:
        return _watched(given, shop, screen)
    if given["csv"]:
        from webhooks import csv_file

        if given["dry_run"]:
            return csv_file.rehearse(given["csv"], shop, screen)
        if shop.state == "off":
            raise here.off(shop)
        source = csv_file.source_of(given["csv"], shop)
        _may_begin(shop, source)
        csv_file.upload(given["csv"], source, settings, screen)
    else:
        source = "api"
        here.can_be_asked(shop)
    return _begun(given, shop, source, settings, screen)


def _may_begin(shop: Shop, source: str) -> None:
    """Looked at before a large file is sent for nothing. Raises NeedsOwner."""
    from chalicelib.work import sync

    held = sync.progress(shop.slug)
    if held and held["state"] == "running" and held["source"] != source:
        raise NeedsOwner(f"{_what(held)} is coming in: let it, or stop it first: `import --shop {shop.slug} --stop`")


def _begun(given: dict[str, Any], shop: Shop, source: str, settings: Settings, screen: Screen) -> int:
    from chalicelib.work import sync
    from webhooks.keeping import nudge

    since = checked_moment("since", given["since"]) if given["since"] else None
    if shop.state == "off":
        raise here.off(shop)
    if given["dry_run"]:
        return _would(shop, source, since, settings, screen)
    try:
        found = sync.begin_import(shop.slug, source, since, clock.now())
    except sync.Running as error:
        raise NeedsOwner(f"{error}: `import --shop {shop.slug} --stop`") from None
    nudge(shop.slug, "import")
    screen.mark("ok", f"{_what(found)} of {shop.slug} is being brought")
    if given["no_wait"]:
        if screen.machine:
            screen.json(found)
        return 0
    return _watched(given, shop, screen)


def _would(shop: Shop, source: str, since: str | None, settings: Settings, screen: Screen) -> int:
    from chalicelib.work import access

    api, link = access.reach(shop, settings)
    orders = api.count(link)
    screen.mark(
        "ok", f"{plural(orders, 'order')} in {shop.slug}; they would be brought" + (f" since {since}" if since else "")
    )
    screen.say("Nothing was changed (--dry-run).")
    if screen.machine:
        screen.json({"shop": shop.slug, "source": source, "orders_in_shop": orders, "since": since, "dry_run": True})
    return 0


def _stopped(given: dict[str, Any], shop: Shop, screen: Screen) -> int:
    from chalicelib.work import sync

    found = sync.progress(shop.slug) if given["dry_run"] else sync.stop_import(shop.slug, clock.now())
    if found is None:
        screen.mark("ok", "no import was ever begun")
    else:
        screen.mark(
            "ok",
            f"it rests; `import --shop {shop.slug}` goes on from there"
            if not given["dry_run"]
            else "it would be stopped",
        )
    if screen.machine:
        screen.json({"shop": shop.slug, "import": found, **({"dry_run": True} if given["dry_run"] else {})})
    return 0


def _watched(given: dict[str, Any], shop: Shop, screen: Screen) -> int:
    """Until it ends. A machine gets a line of JSON whenever it moved."""
    from chalicelib.work import sync
    from webhooks.keeping import nudge

    screen.say("  Ctrl-C leaves it running")
    try:
        end = waiting.follow(lambda: sync.progress(shop.slug), screen, lambda: nudge(shop.slug, "import"))
    except KeyboardInterrupt:
        screen.say()
        screen.mark("wait", f"it goes on without you: `import --shop {shop.slug} --watch`")
        return 0
    if end is None:
        raise BadArgument("watch", f"no import of {shop.slug} was ever begun")
    return ended(end, screen, shop.slug)


def _what(progress: dict[str, Any]) -> str:
    from webhooks.words import name_of

    return name_of(progress)


def ended(end: dict[str, Any], screen: Screen, slug: str) -> int:
    """Say how an import came out. Raises NeedsOwner or Failed where it did not."""
    if end["state"] == "failed":
        trouble = end["trouble"] or {}
        remedy = trouble.get("remedy", "") + anew(trouble.get("code", ""), slug)
        raise (NeedsOwner if remedy else Failed)(f"the import of {_what(end)} stopped. {remedy}".strip())
    for kind, counts in end["counts"].items():
        told = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count and name != "read")
        screen.mark("ok", f"{kind}: {counts.get('read', 0):,} read" + (f" ({told})" if told else ""))
    rejected(end["rejected"], screen)
    rests = f"it rests; `import --shop {slug}` goes on from there"
    screen.mark("ok", f"{_what(end)} is in" if end["state"] == "done" else rests)
    return 0


def rejected(lines: list[dict[str, Any]], screen: Screen) -> None:
    """What could not be read: where, which column, why."""
    for one in lines[:MOST_LISTED]:
        where = " ".join(filter(None, (one.get("kind", ""), one.get("id", ""))))
        screen.mark("warn", f"{where}: {one.get('field') + ': ' if one.get('field') else ''}{one.get('reason', '')}")
    if len(lines) > MOST_LISTED:
        screen.mark("warn", f"and {len(lines) - MOST_LISTED} more; --json shows them")
