"""Our webhooks at a shop: which there should be, which there are, and making the one into the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import ModuleType

from chalicelib import keys
from chalicelib.domain.shop import Shop
from chalicelib.platforms.shop_api import Hook, Link
from chalicelib.settings import Settings

MISSING = "missing"
DOUBTFUL = "it may hold another secret"


@dataclass(frozen=True, slots=True)
class Change:
    """What is done about one webhook. `action`: add | mend | drop; `hook` the one there is."""

    action: str
    topic: str
    why: str
    hook: Hook | None = None


def delivery_url(shop: Shop, settings: Settings) -> str:
    """Where the shop sends everything."""
    return f"{settings.need('public_url').public_url.rstrip('/')}/hooks/{shop.platform}/{shop.slug}"


def states(api: ModuleType, found: Iterable[Hook]) -> dict[str, str]:
    """Topic -> active | paused | disabled | missing, of all that we want; the best one counts where there are two."""
    best = dict.fromkeys(api.HOOK_TOPICS, MISSING)
    rank = (MISSING, "disabled", "paused", "active")
    for hook in found:
        if hook.topic in best:
            best[hook.topic] = max(best[hook.topic], hook.state, key=rank.index)
    return best


def plan(api: ModuleType, found: Iterable[Hook], *, wake_paused: bool = True, force: bool = False) -> list[Change]:
    """What has to change. A webhook that somebody paused is left alone unless `wake_paused`: a shop disables, people
    pause. Of two for one topic the second is dropped: each would deliver everything. `force`: those that look right get
    our secret too, where there is one for each: nobody can see which they hold."""
    changes: list[Change] = []
    by_topic: dict[str, list[Hook]] = {}
    for hook in found:
        by_topic.setdefault(hook.topic, []).append(hook)
    for topic in api.HOOK_TOPICS:
        ours = sorted(by_topic.pop(topic, []), key=lambda hook: (hook.state != "active", hook.id))
        if not ours:
            changes.append(Change("add", topic, "there is none"))
        elif ours[0].state == "disabled" or (wake_paused and ours[0].state != "active"):
            changes.append(Change("mend", topic, f"it is {ours[0].state}", ours[0]))
        elif force and api.SECRETS_PER_TOPIC and ours[0].state == "active":
            changes.append(Change("mend", topic, DOUBTFUL, ours[0]))
        changes += [Change("drop", topic, "there are two", hook) for hook in ours[1:]]
    return changes


def mend(
    shop: Shop,
    api: ModuleType,
    link: Link,
    settings: Settings,
    dry_run: bool = False,
    wake_paused: bool = True,
    force: bool = False,
) -> list[Change]:
    """Make the shop's webhooks of ours what they should be; a second time there is nothing left to do, unless `force`
    gives our secret to all of them. Returns what was done, or, on a dry run, what would be. Raises as `api` does, with
    what was done so far being done."""
    url = delivery_url(shop, settings)
    changes = plan(api, api.hooks(link, url), wake_paused=wake_paused, force=force)
    for change in () if dry_run else changes:
        _do(change, shop, api, link, settings.master, url)
    return changes


def renew(shop: Shop, api: ModuleType, link: Link, settings: Settings) -> list[Change]:
    """Give every webhook of ours the newest secret, and change nothing else about it: what somebody paused stays so.
    Nothing for platforms that sign with a secret or key of their own."""
    if not api.SECRETS_PER_TOPIC:
        return []
    changes = []
    for hook in api.hooks(link, delivery_url(shop, settings)):
        api.renew_hook(link, hook, _secret(shop, hook.topic, api, settings.master))
        changes.append(Change("mend", hook.topic, "a new secret", hook))
    return changes


def drop(
    shop: Shop,
    api: ModuleType,
    link: Link,
    settings: Settings,
    dry_run: bool = False,
    gone: Callable[[Hook], None] = lambda _: None,
) -> list[Change]:
    """Take away every webhook that leads to us, and no other. `gone` hears of each: it may fail half-way."""
    found = api.hooks(link, delivery_url(shop, settings))
    for hook in () if dry_run else found:
        api.drop_hook(link, hook)
        gone(hook)
    return [Change("drop", hook.topic, "disconnected", hook) for hook in found]


def _do(change: Change, shop: Shop, api: ModuleType, link: Link, master: bytes, url: str) -> None:
    secret = _secret(shop, change.topic, api, master)
    if change.action == "add":
        api.add_hook(link, change.topic, url, secret)
    elif change.action == "mend" and change.hook:
        api.mend_hook(link, change.hook, url, secret)
    elif change.hook:
        api.drop_hook(link, change.hook)


def _secret(shop: Shop, topic: str, api: ModuleType, master: bytes) -> str:
    """The newest derived one. Platforms that sign with a secret of their own have no use for it."""
    place = topic if api.SECRETS_PER_TOPIC else "*"
    return keys.webhook_secret(master, shop.slug, place, shop.secret_generation)
