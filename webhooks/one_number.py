"""Orders seen of orders in the shop, as of the last look at it; and whether looking works."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain.shop import Shop
from chalicelib.domain.times import moment
from chalicelib.platforms.shop_api import Finding
from webhooks.outcomes import anew
from webhooks.show import percent, plural
from webhooks.spans import ago

# The hourly look that did not happen for so long does not happen any more.
LATE = timedelta(hours=3)
EVERY, PATIENCE = timedelta(hours=1), timedelta(minutes=30)


def orders(shop: Shop, facts: dict[str, Any], now: datetime) -> Iterator[Finding]:
    """The one number, of a shop that we have the key to. It is whole only where the shop itself said so, lately."""
    seen, held = facts["orders_seen"], facts["orders_in_shop"]
    running = imports_now(facts)
    if held is None:
        when = "is counted once its history is in" if running else "is asked within two minutes"
        level = "warn" if facts.get("trouble") else "wait"
        yield Finding(level, f"{plural(seen, 'order')} seen so far; how many the shop has {when}")
        return
    text = f"{plural(seen, 'order')} seen of {held:,} in the shop when asked {ago(facts['checked_at'], now)}"
    if running:
        yield Finding("wait", text + _share(seen, held), "its history is coming in")
    elif facts.get("trouble") or now - moment(facts["checked_at"]) > LATE:
        yield Finding("warn", text + _share(seen, held), "how many there are now is not known")
    elif seen > held:
        yield Finding("warn", f"{text}: {seen - held:,} more than the shop lists: from a file, or deleted there")
    elif seen == held:
        yield Finding("ok", f"{text}: 100 %")
    else:
        yield Finding("warn", text + _share(seen, held), _bring(shop, facts))


def imports_now(facts: dict[str, Any]) -> bool:
    return (facts["import"] or {}).get("state") == "running"


def _share(seen: int, held: int) -> str:
    """Only of what is missing: that nothing is missing only the shop can say, now."""
    return f": {percent(seen, held)}" if seen < held else ""


def _bring(shop: Shop, facts: dict[str, Any]) -> str:
    if facts["import"] is None:
        return f"its history was never brought: `import --shop {shop.slug}`"
    return f"`reconcile --shop {shop.slug} --wait` looks for the rest; still missing: `import --shop {shop.slug}`"


def looking(shop: Shop, facts: dict[str, Any], now: datetime) -> Iterator[Finding]:
    """Does the hourly look work?"""
    trouble, checked = facts.get("trouble"), facts.get("checked_at")
    last = checked or shop.connected_at
    if trouble:
        level = level_of(trouble["code"], last, EVERY + PATIENCE, now)
        text = "the shop is busy and asked us to wait" if trouble["code"] == "busy" else "asking the shop does not work"
        since = f"; it was last asked {ago(checked, now)}" if checked else ""
        remedy = f"{trouble['remedy']}{anew(trouble['code'], shop.slug)}"
        if trouble["code"] in PASSING:
            remedy += "; it is asked again by itself"
        yield Finding(level, f"{text} ({trouble['code']}){since}", remedy)
    elif facts.get("next_at") is None:
        yield Finding(
            "fail", "not connected yet: we have its key, and nothing was done with it", f"`connect --shop {shop.slug}`"
        )
    elif now - moment(last) > LATE:
        yield Finding("fail", f"the shop was last asked {ago(last, now)}", "`doctor`: does the clock run?")
    elif checked:
        yield Finding("ok", f"the shop was asked {ago(checked, now)}")


# What usually passes: nobody answers, or the shop wants us to wait.
PASSING = ("unreachable", "busy")


def level_of(code: str, since: str, patience: timedelta, now: datetime) -> str:
    """How bad a trouble is that has kept us from getting on since the stored moment `since`."""
    if code == "busy":
        return "warn"
    return "warn" if code == "unreachable" and now - moment(since) < patience else "fail"
