"""Connecting a shop that can be asked, step by step: look, register, webhooks, first sign of life, history."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from types import ModuleType
from typing import TYPE_CHECKING, Any

from chalicelib import clock
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.notices import ping_key
from chalicelib.platforms.shop_api import Denied, Link
from chalicelib.work import access, aws, hooks, sync
from webhooks import connect_agree, getting_in, waiting
from webhooks.arguments import checked_moment
from webhooks.commands.bring import ended
from webhooks.getting_in import Look
from webhooks.keeping import keep, nudge
from webhooks.outcomes import NeedsOwner, anew
from webhooks.shops import described, registered, without_secrets
from webhooks.show import plural
from webhooks.warnings import warnings

if TYPE_CHECKING:
    from webhooks.commands.connect import Job

# Platforms that send something unasked when a webhook is made, and nothing else to wait for.
GREETS = ("woocommerce",)
_NO_PING = """Nothing came from the shop yet. Usually one of:
      - this address is not public: {url}
        (a shop on the internet cannot reach a local world; WordPress refuses private addresses and odd ports)
      - a firewall or a security plugin of the shop's host stops outgoing requests
      - something before us (Cloudflare, a WAF) challenges its user agent: "WooCommerce/… Hookshot"
      More: webhooks/woocommerce/README.md. Place an order in the shop; then: {status}"""


def run(job: Job, api: ModuleType) -> int:
    """Returns the exit code. Whatever step fails, running it again goes on from there."""
    if not job.credentials:
        job.credentials = connect_agree.credentials(job, api)
        if not job.credentials:
            return 0
    with connect_agree.asleep(job):
        seen = _look(job, api)
    shop = _register(job, seen)
    made = _webhooks(job, shop, seen)
    _greeting(job, shop, any(change.why != hooks.DOUBTFUL for change in made))
    code = _history(job, shop, api)
    _end(job, shop)
    return code


def _look(job: Job, api: ModuleType) -> Look:
    screen = job.screen
    bare = registered({**job.args, "shop": job.slug}, job.old, job.settings.master, clock.now())
    screen.head(f"{job.slug}: {job.platform} at {bare.api_url}")
    seen = _asked(job, api, access.link(bare, job.credentials, job.settings))
    facts = seen.facts
    known = ", ".join(filter(None, (facts.name, facts.version, facts.currency, facts.timezone)))
    screen.mark("ok", "it lets us in" + (f": {known}" if known else ""))
    for finding in seen.findings:
        screen.mark(finding.level, finding.what, finding.remedy)
    job.answer["findings"] = [{"level": f.level, "what": f.what, "remedy": f.remedy} for f in seen.findings]
    if seen.fails:
        remedies = " ".join(f"{finding.what}: {finding.remedy}" for finding in seen.fails)
        other = f". Another key: `connect --shop {job.slug} --anew`" if job.stored else ""
        raise NeedsOwner(f"nothing was changed. {remedies}{other}")
    return seen


def _asked(job: Job, api: ModuleType, link: Link) -> Look:
    try:
        return getting_in.look(api, link)
    except Denied as error:
        remedy = error.remedy + (anew(error.code, job.slug) if job.stored else "")
        raise NeedsOwner(f"nothing was changed. {remedy}", error.code) from None


def _register(job: Job, seen: Look) -> Shop:
    """The row, written where anything in it is new."""
    args, now = {**job.args, "shop": job.slug}, clock.now()
    if job.was and job.was.state == "off":  # it may only listen, since it waited for consent
        args.setdefault("state", "on")

    def after(old: Shop | None) -> Shop:
        return getting_in.shop_after(args, old, seen.said, job.credentials, job.settings.master, now, job.first)

    shop = after(job.old)
    fresh = shop != job.old
    if fresh and not job.dry:
        shop = keep(job.slug, after)
    told = {True: "would be registered" if job.dry else "is registered", False: "is registered already"}[fresh]
    job.screen.mark("ok", f"{job.slug} {told}; it sends to {hooks.delivery_url(shop, job.settings)}")
    # what add-shop prints, in the same places
    found = [] if shop == job.old else warnings(shop, {**args, **seen.said})
    told_of = described(shop, job.settings, now)
    job.answer = {**(without_secrets(told_of) if job.dry else told_of), "warnings": found, **job.answer}
    job.answer["registered"] = fresh and not job.dry
    for warning in found:
        job.screen.mark("warn", warning)
    return shop


def _webhooks(job: Job, shop: Shop, seen: Look) -> list[hooks.Change]:
    api, link, settings = seen.api, seen.link, job.settings
    force = _may_hold_anothers(job)
    planned = hooks.mend(shop, api, link, settings, dry_run=True, force=force)
    if planned and not job.dry:
        _listen(job)
        hooks.mend(shop, api, link, settings, force=force)
    _told_of_webhooks(job, planned)
    if not planned:
        job.screen.mark("ok", f"all {len(api.HOOK_TOPICS)} webhooks are there already; nothing changed")
    job.answer["webhooks"] = [{"action": c.action, "topic": c.topic, "why": c.why} for c in planned]
    _by_hand(job, shop)
    return planned


def _may_hold_anothers(job: Job) -> bool:
    """Whether webhooks that lead here already may be from before us: made by an installation with another master. Once
    the timer runs, a connect has been through with them."""
    new = not (job.was and job.was.access) or bool(job.given.get("anew")) or connect_agree.moved(job)
    return new or sync.report(job.slug) is None


def _told_of_webhooks(job: Job, planned: list[hooks.Change]) -> None:
    counts = Counter("secret" if change.why == hooks.DOUBTFUL else change.action for change in planned)
    for action, verb in _VERBS.items():
        if counts[action]:
            done = "would be" if job.dry else "is" if counts[action] == 1 else "are"
            job.screen.mark("ok", f"{plural(counts[action], 'webhook')} {done} {verb}")


_VERBS = {
    "add": "made",
    "mend": "switched on again",
    "secret": "there already and given our secret",
    "drop": "taken away",
}


def _by_hand(job: Job, shop: Shop) -> None:
    """What no API can set."""
    if shop.platform == "shopify":
        url = hooks.delivery_url(shop, job.settings)
        job.screen.mark(
            "do",
            "in your app's settings at Shopify, enter this address for the three privacy topics",
            f"(customers/data_request, customers/redact, shop/redact): {url}",
        )


def _listen(job: Job) -> None:
    """From now on the door notes the shop's pings; an earlier note does not count."""
    if job.platform not in GREETS or not job.wait():
        return
    aws.reach().forget(ping_key(job.slug))
    until = stamp(clock.now() + timedelta(seconds=job.wait() + 60))
    keep(job.slug, lambda old: replace(old, pings_until=until) if old else _gone(job))


def _gone(job: Job) -> Shop:
    raise NeedsOwner(f"{job.slug} vanished while it was being connected; run connect again")


def _greeting(job: Job, shop: Shop, changed: bool) -> None:
    """The shop's first sign of life: only that proves that its host can reach us."""
    if job.platform not in GREETS or not changed or job.dry or not job.wait():
        return
    job.screen.mark("wait", f"waiting up to {job.wait()} s for the shop's first sign of life")
    came = waiting.until(lambda: aws.reach().get_or_none(ping_key(job.slug)), job.wait())
    job.answer["reached_us"] = came is not None
    if came is not None:
        job.screen.mark("ok", "the shop reaches us")
        return
    url = hooks.delivery_url(shop, job.settings)
    job.screen.mark("warn", _NO_PING.format(url=url, status=job.command("status")))


def _history(job: Job, shop: Shop, api: ModuleType) -> int:
    """Begin the import, unless the history is in already; show it to people."""
    held, since = sync.progress(job.slug), job.given.get("since")
    there = bool(held and held["state"] == "done" and held["source"] == "api")
    wanted = not job.given.get("no_import") and not there
    if wanted and _a_file_comes_in(held):
        return _history_follows(job, held)
    if not job.dry:
        _look_every_hour(job, at_once=not wanted)
        if wanted:
            start = checked_moment("since", since) if since else None
            try:
                held = sync.begin_import(job.slug, "api", start, clock.now())
            except sync.Running:  # somebody began with a file this very moment
                return _history_follows(job, sync.progress(job.slug))
            nudge(job.slug, "import")
    job.answer["import"] = held
    if job.dry or not wanted:
        told = "its history would be brought" if wanted else "its history is not asked for"
        job.screen.mark("ok", "its history is in already" if there else told)
        return 0
    return _watched(job)


def _a_file_comes_in(held: dict[str, Any] | None) -> bool:
    return bool(held and held["state"] == "running" and str(held["source"]).startswith(sync.CSV))


def _history_follows(job: Job, held: dict[str, Any] | None) -> int:
    """One import at a time: a file of the owner's is not thrown out for what the shop holds."""
    if not job.dry:
        _look_every_hour(job, at_once=True)
    job.answer["import"] = held
    job.screen.mark("wait", "a file is coming in just now: it goes first")
    job.screen.mark("do", f"its history follows when the file is in: {job.command('import')}")
    return 0


def _look_every_hour(job: Job, at_once: bool) -> None:
    """An import ends with a look anyway. What troubled earlier looks is over: the shop has just answered."""
    found = sync.report(job.slug)
    if found is None or found["trouble"]:
        sync.start_timer(job.slug, clock.now())
        if at_once:
            nudge(job.slug, "reconcile")


def _watched(job: Job) -> int:
    if job.screen.machine:
        return 0
    job.screen.mark("wait", "its history comes in; Ctrl-C leaves it running")
    try:
        end = waiting.follow(lambda: sync.progress(job.slug), job.screen, lambda: nudge(job.slug, "import"))
    except KeyboardInterrupt:
        job.screen.say()
        job.screen.mark("wait", f"it goes on without you; look again: {job.command('import')} --watch")
        return 0
    return ended(end, job.screen, job.slug) if end else 0


def _end(job: Job, shop: Shop) -> None:
    if job.screen.machine:
        job.screen.json({**job.answer, **({"dry_run": True} if job.dry else {})})
    elif job.dry:
        job.screen.say("Nothing was changed (--dry-run).")
    else:
        job.screen.mark("wait", "how many orders the shop has is counted within two minutes")
        job.screen.mark("do", f"how it fares: {job.command('status')}")
