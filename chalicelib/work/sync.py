"""What owners may ask of the talks with their shop: begin an import, look how far it is, reconcile now, stop."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib import platforms
from chalicelib.domain.events import OrderChanged
from chalicelib.domain.shop import Shop
from chalicelib.domain.sync import Sync
from chalicelib.domain.times import stamp
from chalicelib.table import shops, sync
from chalicelib.work import take_order

IMPORT, RECONCILE = "import", "reconcile"
CSV, LINES = "csv:", "lines"


class Running(Exception):
    """An import is under way, from another source."""


def begin_import(slug: str, source: str, since: str | None, now: datetime) -> dict[str, Any]:
    """Put an import down as work: `source` is "api" or "csv:<key in the bucket>", `since` a stored moment or None for
    everything. One that runs, or was stopped or failed, from the same source goes on where it is. Returns its progress.
    Raises Running, and LookupError where the shop cannot be asked."""
    kinds = _kinds(slug, source)

    def begun(held: Sync | None) -> Sync:
        if held and _goes_on(held, source, since):
            return replace(held, state="running", trouble=None, tries=0, finished_at=None)
        if held and held.state == "running":
            raise Running(f"an import from {held.source} is running: stop it first")
        return Sync(IMPORT, source=source).begun(kinds, since, now)

    shops.set_importing(slug, True)
    return shown(sync.change(slug, IMPORT, begun, now, now))


def _goes_on(held: Sync, source: str, since: str | None) -> bool:
    """What stopped in the middle goes on there, unless something else is asked for now, or we made a mistake there."""
    same = held.source == source and (since is None or since == held.since)
    lost = held.state == "failed" and (held.trouble or {}).get("code") in ("internal", "no_file")
    return same and not lost and held.state in ("running", "stopped", "failed") and bool(held.kinds)


def _kinds(slug: str, source: str) -> tuple[str, ...]:
    if source.startswith(CSV):
        return (LINES,)
    shop = shops.get(slug)
    api = platforms.load_api(shop.platform) if shop else None
    if api is None:
        raise LookupError(f"{slug} cannot be asked for its history: import a CSV file")
    return tuple(api.KINDS)


def stop_import(slug: str, now: datetime) -> dict[str, Any] | None:
    """Let it rest; begun again it goes on from there. None where none was ever begun."""
    held = sync.read(slug, IMPORT)
    if held is None:
        return None
    stopped = sync.change(slug, IMPORT, lambda old: _stopped(old or held.sync, now), None, now)
    shops.set_importing(slug, False)
    return shown(stopped)


def _stopped(held: Sync, now: datetime) -> Sync:
    return held.ended("stopped", now) if held.state == "running" else held


def progress(slug: str) -> dict[str, Any] | None:
    """The import as it stands: {state, source, kind, counts, totals, rejected, began_at, updated_at, finished_at,
    trouble}; None where none was ever begun."""
    held = sync.read(slug, IMPORT)
    return shown(held.sync) if held else None


def shown(found: Sync) -> dict[str, Any]:
    """A talk as the API and the commands show it."""
    names = ("state", "source", "kind", "counts", "totals", "began_at", "updated_at", "finished_at", "trouble")
    return {name: getattr(found, name) for name in names} | {"rejected": list(found.rejected)}


def start_timer(slug: str, now: datetime) -> None:
    """From now on the shop is looked at every hour, for the first time within two minutes. What troubled it before is
    forgotten: somebody has just connected it."""

    def fresh(held: Sync | None) -> Sync:
        return replace(held, trouble=None, report={**held.report, "trouble": None}) if held else Sync(RECONCILE)

    sync.change(slug, RECONCILE, fresh, now, now)


def stop_timer(slug: str) -> None:
    sync.forget(slug, RECONCILE)


def reconcile_soon(slug: str, since: str | None, now: datetime) -> None:
    """Look at the shop within two minutes; from the stored moment `since` on, where that is said."""

    def due(held: Sync | None) -> Sync:
        found = held or Sync(RECONCILE)
        return replace(found, report={**found.report, "reached": since}) if since else found

    sync.change(slug, RECONCILE, due, now, now)


def report(slug: str) -> dict[str, Any] | None:
    """What the last look at the shop found; None before the first."""
    held = sync.read(slug, RECONCILE)
    if held is None:
        return None
    trouble = held.sync.trouble or held.sync.report.get("trouble")
    return {**held.sync.report, "trouble": trouble, "next_at": held.until}


def refetch(shop: Shop, order_ids: Iterable[str], now: datetime) -> None:
    """Mark these orders: the shop is asked for them within minutes."""
    for order_id in order_ids:
        take_order.changed(shop, OrderChanged(order_id, stamp(now)), now)
