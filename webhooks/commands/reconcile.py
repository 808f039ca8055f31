"""`reconcile`: ask the shop now, instead of within the hour."""

from __future__ import annotations

import argparse
from typing import Any

from chalicelib import clock
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import in_order, stamp
from webhooks import here, waiting
from webhooks.arguments import BadArgument, checked_moment, checked_past
from webhooks.flags import names_shop, usual
from webhooks.outcomes import Failed, anew, silence
from webhooks.show import Screen, plural

ABOUT = """Asks the shop, within two minutes, for everything that changed since the last look, mends its webhooks, and
fetches what was missed. This happens every hour by itself."""
EXAMPLE = """examples:
  .venv/bin/python -m webhooks reconcile --shop acme --wait
  .venv/bin/python -m webhooks reconcile --shop acme --since 2026-11-01T00:00:00Z
  .venv/bin/python -m webhooks reconcile --shop acme --order 1001 --order 1002 --wait
"""
WAIT_SECONDS, ORDER_SECONDS = 300, 180
_LONGEST_ID = 200


def flags(parser: argparse.ArgumentParser) -> None:
    names_shop(parser)
    parser.add_argument("--order", metavar="ID", action="append", help="only this order; repeatable")
    parser.add_argument("--since", metavar="TIME", help="look back to here: 2026-11-01T00:00:00Z")
    parser.add_argument(
        "--wait", action="store_true", help="wait for what the shop says: 5 minutes at most, 3 with --order"
    )
    usual(parser)


def run(given: dict[str, Any], screen: Screen) -> int:
    orders = _orders(given)
    here.enter(given)
    shop = here.shop_of(given)
    since = checked_past("since", given["since"], clock.now()) if given.get("since") else None
    here.can_be_asked(shop)
    asked_at = stamp(clock.now())
    if not given["dry_run"]:
        _ask(shop, orders, since)
    what = plural(len(orders), "order") if orders else "everything that changed" + (f" since {since}" if since else "")
    screen.mark("wait", f"{shop.slug} {'would be' if given['dry_run'] else 'is'} asked for {what}")
    answer: dict[str, Any] = {"shop": shop.slug, "asked_for": orders or "changes", "since": since, "asked_at": asked_at}
    if given["wait"] and not given["dry_run"]:
        waited = _answers(given, shop, orders, screen) if orders else _waited(given, shop.slug, asked_at, screen)
        answer["orders" if orders else "report"] = waited
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
    orders = list(dict.fromkeys(given["order"] or []))
    if given.get("since"):
        checked_moment("since", given["since"])
    if given.get("since") and orders:
        raise BadArgument("since", "does not go with --order: an order is asked for as it is now")
    for order in orders:
        if not order.strip() or len(order) > _LONGEST_ID or not order.isprintable():
            raise BadArgument("order", "an order's id as the platform has it, such as 1001")
    return orders


def _answers(given: dict[str, Any], shop: Shop, ids: list[str], screen: Screen) -> dict[str, bool]:
    """Order id -> whether the shop has it, once its mark is gone: then the shop has answered."""
    from chalicelib.table import orders
    from webhooks.keeping import nudge

    def answered() -> bool | None:
        here.look_at_clock(given)
        waits = [order_id for order_id in ids if orders.read(shop.slug, order_id).refetch]
        if waits:
            nudge(shop.slug, "refetch", orders=waits)
        return None if waits else True

    if waiting.until(answered, ORDER_SECONDS, every=5.0) is None:
        raise Failed(f"the shop has not answered for it yet; it stays asked for. {_unread(shop, ids)}")
    found = {order_id: _is_there(orders.read(shop.slug, order_id).order) for order_id in ids}
    for order_id, there in found.items():
        told = "the shop has it, and so have we" if there else "the shop says that it has no such order"
        screen.mark("ok" if there else "warn", f"{order_id}: {told}")
    return found


def _is_there(order: Any) -> bool:
    return order is not None and order.status != "deleted"


def _unread(shop: Shop, ids: list[str]) -> str:
    """Why the shop's answer may have been of no use."""
    from chalicelib.table import quarantine

    unread = {quarantine.unread_of(row.id) for row in quarantine.listed(shop.slug, 1000)}
    if any(("orders", order_id) in unread for order_id in ids):
        return f"What it answered cannot be read: `replay --shop {shop.slug}` lists why"
    return f"`status --shop {shop.slug}` says whether it answers at all"


def _waited(given: dict[str, Any], slug: str, asked_at: str, screen: Screen) -> dict[str, Any]:
    """The first report that is newer than the question."""
    from chalicelib.work import sync

    def fresh() -> dict[str, Any] | None:
        here.look_at_clock(given)
        found = sync.report(slug) or {}
        if (found.get("trouble") or {}).get("at", "") > asked_at:
            trouble = found["trouble"]
            raise Failed(silence(trouble["remedy"]) + anew(trouble["code"], slug), trouble["code"])
        checked = found.get("checked_at") or ""
        return found if checked and in_order(checked) >= in_order(asked_at) else None

    found = waiting.until(fresh, WAIT_SECONDS, every=2.0)
    if found is None:
        raise Failed(f"it has not answered yet; it stays asked for. Later: `status --shop {slug}`")
    seen, held = found.get("orders_seen") or 0, found.get("orders_in_shop")
    of = "" if held is None else f" of {held:,} in the shop"
    repaired = plural(found.get("repaired", 0), "repair")
    level = "ok" if held is None or seen >= held else "warn"
    screen.mark(level, f"looked: {plural(seen, 'order')} seen{of}, {repaired} of webhooks")
    return found
