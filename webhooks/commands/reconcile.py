"""`reconcile`: ask the shop now, instead of within the hour."""

from __future__ import annotations

import argparse
from typing import Any

from chalicelib import clock
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import in_order, stamp
from webhooks import here, waiting
from webhooks.arguments import BadArgument, checked_moment
from webhooks.flags import names_shop, usual
from webhooks.here import Failed, NeedsOwner
from webhooks.show import Screen, plural

ABOUT = """Asks the shop, within two minutes, for everything that changed since the last look, mends its webhooks, and
fetches what was missed. This happens every hour by itself."""
EXAMPLE = """examples:
  python -m webhooks reconcile --shop acme --wait
  python -m webhooks reconcile --shop acme --since 2026-11-01T00:00:00Z
  python -m webhooks reconcile --shop acme --order 1001 --order 1002
"""
WAIT_SECONDS = 300
_LONGEST_ID = 200


def flags(parser: argparse.ArgumentParser) -> None:
    names_shop(parser)
    parser.add_argument("--order", metavar="ID", action="append", help="only this order; repeatable")
    parser.add_argument("--since", metavar="TIME", help="look back to here: 2026-11-01T00:00:00Z")
    parser.add_argument("--wait", action="store_true", help=f"wait for what it finds, up to {WAIT_SECONDS // 60} min")
    usual(parser)


def run(given: dict[str, Any], screen: Screen) -> int:
    here.enter(given)
    shop, orders = here.shop_of(given), _orders(given)
    since = checked_moment("since", given["since"]) if given.get("since") else None
    _can_be_asked(shop)
    asked_at = stamp(clock.now())
    if not given["dry_run"]:
        _ask(shop, orders, since)
    what = plural(len(orders), "order") if orders else "everything that changed" + (f" since {since}" if since else "")
    screen.mark("wait", f"{shop.slug} {'would be' if given['dry_run'] else 'is'} asked for {what}")
    answer: dict[str, Any] = {"shop": shop.slug, "asked_for": orders or "changes", "since": since, "asked_at": asked_at}
    if given["wait"] and not orders and not given["dry_run"]:
        answer["report"] = _waited(given, shop.slug, asked_at, screen)
    if screen.machine:
        screen.json({**answer, **({"dry_run": True} if given["dry_run"] else {})})
    return 0


def _ask(shop: Shop, orders: list[str], since: str | None) -> None:
    from chalicelib.work import sync
    from webhooks.keeping import nudge

    if orders:
        sync.refetch(shop, orders, clock.now())
        return
    sync.reconcile_soon(shop.slug, since, clock.now())
    nudge(shop.slug, "reconcile")


def _orders(given: dict[str, Any]) -> list[str]:
    orders = given["order"] or []
    if given.get("since") and orders:
        raise BadArgument("since", "does not go with --order: an order is asked for as it is now")
    for order in orders:
        if not order.strip() or len(order) > _LONGEST_ID or not order.isprintable():
            raise BadArgument("order", "an order's id as the platform has it, such as 1001")
    return orders


def _can_be_asked(shop: Shop) -> None:
    if not shop.access:
        raise NeedsOwner(f"we have no key to the API of {shop.slug}: `python -m webhooks connect --shop {shop.slug}`")
    if shop.state == "off":
        raise NeedsOwner(f"{shop.slug} is switched off; `connect` it again, or `add-shop --state on`")


def _waited(given: dict[str, Any], slug: str, asked_at: str, screen: Screen) -> dict[str, Any]:
    """The first report that is newer than the question."""
    from chalicelib.work import sync

    def fresh() -> dict[str, Any] | None:
        here.look_at_clock(given)
        found = sync.report(slug) or {}
        if (found.get("trouble") or {}).get("at", "") > asked_at:
            raise Failed(found["trouble"]["remedy"])
        checked = found.get("checked_at") or ""
        return found if checked and in_order(checked) >= in_order(asked_at) else None

    found = waiting.until(fresh, WAIT_SECONDS, every=2.0)
    if found is None:
        raise Failed("it has not answered yet; it stays asked for. Later: `status`")
    seen, held = found.get("orders_seen"), found.get("orders_in_shop")
    screen.mark("ok", f"looked: {seen} orders seen of {held} in the shop, {plural(len(found['repairs']), 'repair')}")
    return found
