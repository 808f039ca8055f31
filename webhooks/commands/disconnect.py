"""`disconnect`: our webhooks go from the shop, and what let us in is forgotten. What we know stays."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

from chalicelib import clock
from chalicelib.domain.shop import Shop
from chalicelib.settings import Settings
from webhooks import here
from webhooks.flags import names_shop, usual
from webhooks.outcomes import Failed, NeedsOwner
from webhooks.show import Screen, be, plural

ABOUT = """Ends the connection: takes our webhooks out of the shop, and no others; forgets the credentials; stops the
import and the hourly look; switches the shop off, so that no mail goes out. Customers and orders stay."""
EXAMPLE = """examples:
  .venv/bin/python -m webhooks disconnect --shop acme --dry-run
  .venv/bin/python -m webhooks disconnect --shop acme
  The shop is gone, or does not let us in any more:
    .venv/bin/python -m webhooks disconnect --shop acme --forget
"""


def flags(parser: argparse.ArgumentParser) -> None:
    names_shop(parser)
    parser.add_argument(
        "--forget", action="store_true", help="do not ask the shop: end our side only, its webhooks stay there"
    )
    usual(parser)


def run(given: dict[str, Any], screen: Screen) -> int:
    settings = here.enter(given).need("public_url")
    shop = here.shop_of(given)
    dry = given["dry_run"]
    dropped = [] if given["forget"] or not shop.access else _dropped(shop, settings, dry, screen)
    if not dry:
        _ended(shop)
    would = "would be" if dry else "are"
    one = "would be" if dry else be(len(dropped))
    screen.mark("ok", f"{plural(len(dropped), 'webhook')} {one} taken out of {shop.slug}")
    screen.mark("ok", f"credentials {would} forgotten, import and hourly look stopped, the shop switched off")
    if given["forget"] and shop.access:
        screen.mark("do", "its webhooks that lead here stay in the shop: delete them there, they are refused now")
    if dry:
        screen.say("Nothing was changed (--dry-run).")
    if screen.machine:
        answer = {"shop": shop.slug, "state": shop.state if dry else "off", "webhooks_dropped": dropped}
        screen.json({**answer, **({"dry_run": True} if dry else {})})
    return 0


def _dropped(shop: Shop, settings: Settings, dry: bool, screen: Screen) -> list[str]:
    """The topics of the webhooks that went. Nothing of ours is ended where the shop cannot be asked. The hourly look
    ends before they go: it would make them anew."""
    from chalicelib.platforms.shop_api import Denied, Trouble
    from chalicelib.safe_http import Refused, Unreachable
    from chalicelib.work import access, hooks

    found: list[str] = []
    gone: list[str] = []
    stopped = False
    try:
        api, link = access.reach(shop, settings)
        found = [change.topic for change in hooks.drop(shop, api, link, settings, dry_run=True)]
        _fewer(shop, found, len(api.HOOK_TOPICS), screen)
        if dry:
            return found
        _stopped(shop)
        stopped = True
        hooks.drop(shop, api, link, settings, gone=lambda hook: gone.append(hook.topic))
        return gone
    except (Denied, access.NotConnected, Trouble, Unreachable, Refused) as error:
        raise _failed(error, _so_far(shop, found, gone) if stopped else _NOTHING) from None


_NOTHING = "nothing was ended here. --forget ends our side without asking the shop"


def _so_far(shop: Shop, found: list[str], gone: list[str]) -> str:
    which = f" ({', '.join(sorted(gone))})" if gone else ""
    return (
        f"{len(gone)} of {plural(len(found), 'webhook')} {be(len(gone))} gone{which}; the hourly look and the import "
        f"are stopped; we still have its credentials, and it is {shop.state}. `disconnect --shop {shop.slug}` goes on "
        "from there, with --forget it ends our side without asking the shop"
    )


def _fewer(shop: Shop, found: list[str], wanted: int, screen: Screen) -> None:
    """Somebody deleted some, or they lead elsewhere by now, where we do not see them."""
    from chalicelib.work import sync

    known = (sync.report(shop.slug) or {}).get("hooks") or {}
    there = sum(state != "missing" for state in known.values())
    if len(found) < min(wanted, there):
        screen.mark(
            "warn", f"{len(found)} of {plural(there, 'webhook')} found: see in the shop whether others are left"
        )


def _failed(error: Exception, hint: str) -> Exception:
    from chalicelib.platforms.shop_api import Denied, Trouble
    from chalicelib.safe_http import Unreachable
    from chalicelib.work import access

    if isinstance(error, Denied | access.NotConnected):
        return NeedsOwner(f"{error.remedy}; {hint}")
    if isinstance(error, Trouble | Unreachable):
        return Failed(f"{error.reason}; {hint}")
    return Failed(f"{error}; {hint}")


def _stopped(shop: Shop) -> None:
    from chalicelib.work import sync

    sync.stop_timer(shop.slug)
    sync.stop_import(shop.slug, clock.now())


def _ended(shop: Shop) -> None:
    from webhooks.keeping import keep

    _stopped(shop)
    keep(shop.slug, lambda old: replace(old or shop, access="", state="off", pings_until=""))
