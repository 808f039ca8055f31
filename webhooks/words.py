"""How a shop fares, in words: one line per matter, with a remedy where something is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain.shop import Shop
from chalicelib.domain.times import moment
from chalicelib.platforms.shop_api import Finding
from webhooks.show import percent, plural

# An order told later than this was not told by a webhook that works.
SLOW = timedelta(minutes=15)
# The hourly look that did not happen for so long does not happen any more.
LATE = timedelta(hours=3)


def told(shop: Shop, facts: dict[str, Any], now: datetime) -> list[Finding]:
    """`facts`: as `status.gather` finds them."""
    lines = [*_orders(shop, facts), *_deliveries(shop, facts, now), *_hooks(shop, facts), *_looking(shop, facts, now)]
    return [*lines, *_set_aside(shop, facts), *_secrets(shop, facts), *_import(shop, facts), *_state(shop)]


def _orders(shop: Shop, facts: dict[str, Any]) -> Iterator[Finding]:
    """The one number."""
    seen, held = facts["orders_seen"], facts["orders_in_shop"]
    if held is None:
        yield Finding("ok", f"{plural(seen, 'order')} seen" + _unknown(shop))
        return
    # an order that was deleted in the shop after we saw it stays with us
    share = percent(min(seen, held), held)
    text = f"{plural(seen, 'order')} seen of {held:,} in the shop: {share}"
    if seen >= held:
        yield Finding("ok", text)
        return
    running = (facts["import"] or {}).get("state") == "running"
    remedy = "its history is coming in" if running else _bring(shop, facts)
    yield Finding("wait" if running else "warn", text, remedy)


def _unknown(shop: Shop) -> str:
    return (
        "; how many the shop has is asked within the hour" if shop.access else "; the shop is not asked how many it has"
    )


def _bring(shop: Shop, facts: dict[str, Any]) -> str:
    if facts["import"] is None:
        return f"its history was never brought: `import --shop {shop.slug}`"
    return f"`reconcile --shop {shop.slug} --wait` looks for the rest; still missing: `import --shop {shop.slug}`"


def _deliveries(shop: Shop, facts: dict[str, Any], now: datetime) -> Iterator[Finding]:
    last = facts["last_delivery_at"]
    if last is None:
        yield Finding(
            "warn", "nothing was delivered yet", "place an order in the shop; `doctor` says if something is off"
        )
        return
    yield Finding("ok", f"last delivery {ago(last, now)}" + _lag(facts))
    silent = facts.get("silent")
    if silent:
        usual = span(timedelta(seconds=silent["usual_seconds"]))
        yield Finding(
            "fail",
            f"silent since {ago(silent['since'], now)}, though an order comes every {usual} or sooner",
            f"`doctor --shop {shop.slug}`: are its webhooks active, is the shop itself open?",
        )
    if missed := facts["missed"]:
        yield Finding("ok", f"{plural(missed, 'change')} that no webhook had told of, found by asking the shop")


def _lag(facts: dict[str, Any]) -> str:
    lag = facts["lag_seconds"]
    return f", {span(timedelta(seconds=lag))} after the order changed" if lag is not None else ""


def _hooks(shop: Shop, facts: dict[str, Any]) -> Iterator[Finding]:
    states: dict[str, str] = facts["hooks"] or {}
    for state in ("disabled", "missing", "paused"):
        topics = [topic for topic, found in states.items() if found == state]
        if topics:
            yield Finding("fail", f"{state} at the shop: {', '.join(topics)}", _hook_remedy(shop, state))
    if states and set(states.values()) == {"active"}:
        yield Finding("ok", f"all {len(states)} webhooks are active")
    if facts["repairs"]:
        counts = Counter(one["why"] for one in facts["repairs"])
        reasons = ", ".join(f"{why} ({count})" for why, count in counts.most_common())
        last = facts["repairs"][-1]
        yield Finding("ok", f"{plural(sum(counts.values()), 'repair')} of webhooks, the last {last['at']}: {reasons}")


def _hook_remedy(shop: Shop, state: str) -> str:
    if state == "paused":
        return f"somebody paused them; `connect --shop {shop.slug}` switches them on again"
    return f"repaired within the hour; at once: `reconcile --shop {shop.slug} --wait`"


def _looking(shop: Shop, facts: dict[str, Any], now: datetime) -> Iterator[Finding]:
    """Does the hourly look work?"""
    trouble, checked = facts.get("trouble"), facts.get("checked_at")
    if trouble:
        yield Finding("fail", f"asking the shop does not work ({trouble['code']})", trouble["remedy"])
    elif checked and now - moment(checked) > LATE and shop.access:
        yield Finding("fail", f"the shop was last asked {ago(checked, now)}", "`doctor`: does the clock run?")
    elif checked:
        yield Finding("ok", f"the shop was asked {ago(checked, now)}")


def _set_aside(shop: Shop, facts: dict[str, Any]) -> Iterator[Finding]:
    if facts["in_quarantine"]:
        what = plural(facts["in_quarantine"], "delivery", "deliveries")
        yield Finding("warn", f"{what} in quarantine: they cannot be read", f"`replay --shop {shop.slug}` lists why")
    if facts["spooled"]:
        yield Finding(
            "wait", f"{plural(facts['spooled'], 'delivery', 'deliveries')} wait in S3", "they come back by themselves"
        )


def _secrets(shop: Shop, facts: dict[str, Any]) -> Iterator[Finding]:
    if facts["recent"]["refused"]:
        yield Finding(
            "warn",
            f"{plural(facts['refused'], 'delivery', 'deliveries')} of yesterday and today had a wrong signature",
            f"a webhook with another secret, or somebody trying; `connect --shop {shop.slug}` sets ours right",
        )
    if facts["recent"]["old_secret"]:
        yield Finding(
            "warn",
            f"{plural(facts['old_secret'], 'delivery', 'deliveries')} of yesterday and today still had an old secret",
            f"change it in the shop (`rotate`), then `rotate --shop {shop.slug} --finish`",
        )


def _import(shop: Shop, facts: dict[str, Any]) -> Iterator[Finding]:
    found = facts["import"]
    if not found:
        return
    counts = "; ".join(_counted(kind, found) for kind in found["counts"])
    if found["state"] == "running":
        yield Finding(
            "wait", f"history is coming in: {counts or 'it begins'}", (found["trouble"] or {}).get("remedy", "")
        )
    elif found["state"] == "failed":
        remedy = (found["trouble"] or {}).get("remedy", "")
        yield Finding("fail", f"the import stopped: {counts}", f"{remedy}; then `import --shop {shop.slug}` goes on")
    elif found["state"] == "stopped":
        yield Finding("warn", f"the import was stopped: {counts}", f"`import --shop {shop.slug}` goes on")
    else:
        yield Finding("ok", f"history is in: {counts}")
    if found["rejected"]:
        what = plural(len(found["rejected"]), "thing")
        yield Finding("warn", f"{what} of it could not be read", f"`import --shop {shop.slug} --watch` lists them")


def _counted(kind: str, found: dict[str, Any]) -> str:
    read, total = found["counts"][kind].get("read", 0), found["totals"].get(kind)
    return f"{read:,} of {total:,} {kind}" if total else f"{read:,} {kind}"


def _state(shop: Shop) -> Iterator[Finding]:
    if shop.state == "paused":
        yield Finding("warn", "paused: it listens and sends nothing", f"`add-shop --shop {shop.slug} … --state on`")
    if shop.state == "off":
        yield Finding(
            "fail", "switched off: its deliveries are refused", f"`connect --shop {shop.slug}` connects it again"
        )


def ago(text: str, now: datetime) -> str:
    """`3 minutes ago`."""
    return f"{span(max(now - moment(text), timedelta()))} ago"


def span(of: timedelta) -> str:
    """The largest unit that fits: `40 seconds`, `3 hours`, `12 days`."""
    seconds = int(of.total_seconds())
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size * 2 or (seconds >= size and name != "minute"):
            return plural(seconds // size, name)
    return plural(seconds, "second")
