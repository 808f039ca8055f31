"""How a shop fares, in words: one line per matter, with a remedy where something is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from chalicelib import platforms
from chalicelib.domain.shop import Shop, old_identity
from chalicelib.domain.times import moment
from chalicelib.platforms.shop_api import Finding
from webhooks import one_number
from webhooks.outcomes import anew
from webhooks.show import be, plural
from webhooks.spans import ago, span


def told(shop: Shop, facts: dict[str, Any], now: datetime) -> list[Finding]:
    """`facts`: as `status.gather` finds them."""
    if shop.state == "off":
        return list(_off(shop, facts))
    asked = platforms.load_api(shop.platform) is not None
    lines = list(_orders(shop, facts, asked, now))
    if shop.access or facts["last_delivery_at"] or not asked:
        lines += _deliveries(shop, facts, now)
    lines += _hooks(shop, facts, asked)
    if shop.access:
        lines += one_number.looking(shop, facts, now)
    lines += [*_set_aside(shop, facts), *_secrets(shop, facts, asked), *_import(shop, facts, now)]
    return [*lines, *_identity(shop, now), *_sending(shop)]


def _off(shop: Shop, facts: dict[str, Any]) -> Iterator[Finding]:
    """Somebody wanted it so."""
    kept = f"{plural(facts['orders_seen'], 'order')} of it {be(facts['orders_seen'])} kept"
    remedy = f"`connect --shop {shop.slug}` connects it again"
    if platforms.load_api(shop.platform) is None:
        remedy = f"`{_add_shop(shop)} --state on` switches it on"
    yield Finding("warn", f"switched off: its deliveries are refused; {kept}", remedy)


def _orders(shop: Shop, facts: dict[str, Any], asked: bool, now: datetime) -> Iterator[Finding]:
    seen = plural(facts["orders_seen"], "order")
    if not asked:
        yield Finding("ok", f"{seen} seen; a home-made shop is not asked how many it has")
    elif shop.access:
        yield from one_number.orders(shop, facts, now)
    elif facts["last_delivery_at"]:
        what = f"{seen} seen; without a key to its API nobody knows how many the shop has"
        yield Finding("warn", what, f"`connect --shop {shop.slug}`, so that what no webhook tells is found")
    else:
        yield Finding("fail", "not connected yet: we have no key to its API", f"`connect --shop {shop.slug}`")


def _add_shop(shop: Shop) -> str:
    return f"add-shop --shop {shop.slug} --platform {shop.platform}"


def _deliveries(shop: Shop, facts: dict[str, Any], now: datetime) -> Iterator[Finding]:
    last = facts["last_delivery_at"]
    if last is None:
        remedy = f"place an order in the shop; `doctor --shop {shop.slug}` says if something is off"
        yield Finding("warn", "nothing was delivered yet", remedy)
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


def _hooks(shop: Shop, facts: dict[str, Any], asked: bool) -> Iterator[Finding]:
    states: dict[str, str] = facts["hooks"] or {}
    for state in ("disabled", "missing", "paused") if asked else ():
        topics = [topic for topic, found in states.items() if found == state]
        if topics and len(topics) == len(states):
            yield Finding("fail", f"all {len(topics)} webhooks are {state} at the shop", _hook_remedy(shop, state))
        elif topics:
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


def _set_aside(shop: Shop, facts: dict[str, Any]) -> Iterator[Finding]:
    if count := facts["in_quarantine"]:
        what = f"{plural(count, 'delivery', 'deliveries')} {be(count)} in quarantine and cannot be read"
        yield Finding("warn", what, f"`replay --shop {shop.slug}` lists why")
    if count := facts["spooled"]:
        waits = "waits in S3: it comes back by itself" if count == 1 else "wait in S3: they come back by themselves"
        yield Finding("wait", f"{plural(count, 'delivery', 'deliveries')} {waits}")


def _secrets(shop: Shop, facts: dict[str, Any], asked: bool) -> Iterator[Finding]:
    if facts["recent"]["refused"]:
        right = f"`rotate --shop {shop.slug}` gives it ours again" if asked else f"`{_add_shop(shop)}` prints ours"
        yield Finding(
            "warn",
            f"{plural(facts['refused'], 'delivery', 'deliveries')} of yesterday and today had a wrong signature",
            f"a webhook with another secret, or somebody trying; {right}",
        )
    if facts["recent"]["old_secret"]:
        yield Finding(
            "warn",
            f"{plural(facts['old_secret'], 'delivery', 'deliveries')} of yesterday and today still had an old secret",
            f"change it in the shop, then `rotate --shop {shop.slug} --finish`",
        )


def _identity(shop: Shop, now: datetime) -> Iterator[Finding]:
    """While two identity secrets are taken."""
    if old_identity(shop, now) is None:
        return
    left = span(moment(shop.old_identity_until) - now)
    yield Finding(
        "wait",
        f"the old identity secret is taken for another {left}, until {shop.old_identity_until}",
        "a quarter of an hour before that, the shop's server has to have the new one, which "
        f"`{_add_shop(shop)} --dry-run` prints",
    )


def _import(shop: Shop, facts: dict[str, Any], now: datetime) -> Iterator[Finding]:
    found = facts["import"]
    if not found:
        return
    what = name_of(found)
    counts = "; ".join(_counted(kind, found) for kind in found["counts"])
    so_far = f": {counts}" if counts else ""
    if found["state"] == "running":
        yield _running(found, what, so_far, now)
    elif found["state"] == "failed":
        trouble = found["trouble"] or {}
        remedies = (trouble.get("remedy", "") + anew(trouble.get("code", ""), shop.slug), _goes_on(shop, found))
        yield Finding("fail", f"the import of {what} stopped{so_far}", "; then ".join(filter(None, remedies)))
    elif found["state"] == "stopped":
        yield Finding("warn", f"the import of {what} was stopped{so_far}", _goes_on(shop, found))
    else:
        yield Finding("ok", f"{what} is in{so_far}")
    if found["rejected"]:
        things = plural(len(found["rejected"]), "thing")
        yield Finding("warn", f"{things} of it could not be read", f"`import --shop {shop.slug} --watch` lists them")


def _running(found: dict[str, Any], what: str, so_far: str, now: datetime) -> Finding:
    trouble = found["trouble"]
    if not trouble:
        return Finding("wait", f"{what} is coming in{so_far or ': it begins'}")
    level = one_number.level_of(trouble["code"], found["updated_at"] or found["began_at"], one_number.PATIENCE, now)
    moved = f", {ago(found['updated_at'], now)}" if found["updated_at"] else ""
    by_itself = "; it goes on by itself" if trouble["code"] in one_number.PASSING else ""
    return Finding(level, f"{what} does not come in just now{so_far}{moved}", f"{trouble['remedy']}{by_itself}")


def name_of(found: dict[str, Any]) -> str:
    """What an import brings."""
    return "the file" if str(found.get("source", "")).startswith("csv:") else "the history"


def _goes_on(shop: Shop, found: dict[str, Any]) -> str:
    return f"`import --shop {shop.slug}{' --csv FILE' if name_of(found) == 'the file' else ''}` goes on"


def _counted(kind: str, found: dict[str, Any]) -> str:
    read, total = found["counts"][kind].get("read", 0), found["totals"].get(kind)
    return f"{read:,} of {total:,} {kind}" if total else f"{read:,} {kind}"


def _sending(shop: Shop) -> Iterator[Finding]:
    """What keeps mails from going out."""
    if shop.state == "paused":
        yield Finding("warn", "paused: it listens and sends nothing", f"`{_add_shop(shop)} --state on`")
    if not shop.sender:
        yield no_sender(shop)


def no_sender(shop: Shop) -> Finding:
    return Finding("warn", "no sender: no mail goes out", f"`{_add_shop(shop)} --from 'Acme <shop@acme.test>'`")
