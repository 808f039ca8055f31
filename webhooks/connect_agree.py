"""Getting in without typing a key: the shop itself asks its owner, and hands us a key of its own making."""

from __future__ import annotations

from datetime import timedelta
from types import ModuleType
from typing import TYPE_CHECKING

from chalicelib import clock
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import moment
from chalicelib.table import shops
from chalicelib.work import access, connections
from webhooks import asking, waiting
from webhooks.keeping import keep
from webhooks.outcomes import NeedsOwner
from webhooks.shops import registered
from webhooks.show import plural
from webhooks.spans import span

if TYPE_CHECKING:
    from webhooks.commands.connect import Job

WAIT_SECONDS = 600
APP_NAME = "eCRM"  # as the shop's page calls whoever asks


def credentials(job: Job, api: ModuleType) -> dict[str, str]:
    """What the shop handed over; empty on a dry run. Raises NeedsOwner where nobody agreed in time, and BadArgument
    where this platform has no such way."""
    if job.platform not in _WAYS:
        job.named = True
        return asking.complete(job.platform, api, asking.asked(job.platform, api) if job.given.get("anew") else {})
    if job.dry:
        job.screen.mark("do", "without credentials an address would be printed, where the shop asks you to agree")
        if job.screen.machine:
            job.screen.json({"shop": job.slug, "platform": job.platform, "registered": False, "dry_run": True})
        return {}
    job.old = _registered(job)
    token = connections.expect(job.slug, job.platform, clock.now())
    for line in _WAYS[job.platform](job, api, job.old, token):
        _tell(job, line)
    job.old = _granted(job)
    return access.opened(job.settings.master, job.old)


def _registered(job: Job) -> Shop:
    """There has to be a shop before somebody can hand us its key."""
    args, now = {**job.args, "shop": job.slug}, clock.now()
    if job.old and job.old.state == "off":
        args.setdefault("state", "on")
    return keep(job.slug, lambda old: registered(args, old, job.settings.master, now))


def _woocommerce(job: Job, api: ModuleType, shop: Shop, token: str) -> list[str]:
    base = job.settings.public_url.rstrip("/")
    callback = f"{base}/connect/woocommerce/{job.slug}/{token}"
    lines = ["Open this in your browser, signed in as an administrator of the shop, and agree:"]
    lines.append(f"    {api.authorize_url(shop.api_url, APP_NAME, token, f'{base}/connect/done', callback)}")
    if not base.startswith("https://"):
        lines.append(
            "    A real shop hands its key over to https addresses only, and this world has none: on AWS use --stage, "
            "here name a key (--key --secret-key)."
        )
    return lines


def _saleor(job: Job, api: ModuleType, shop: Shop, token: str) -> list[str]:
    base = job.settings.public_url.rstrip("/")
    return [
        "In Saleor's dashboard, under Extensions (older ones: Apps), install an external app from this address:",
        f"    {base}/connect/saleor/{job.slug}/{token}/manifest",
    ]


_WAYS = {"woocommerce": _woocommerce, "saleor": _saleor}


def _tell(job: Job, line: str) -> None:
    """The owner has to see it, also where a machine reads the output."""
    if job.screen.machine:
        job.screen.warn(line)
    else:
        job.screen.say(line)


def _granted(job: Job) -> Shop:
    seconds = job.wait(WAIT_SECONDS)
    goes_on = f"`connect --shop {job.slug}` goes on from there"
    job.screen.mark("wait", f"waiting for it, up to {seconds} s; after Ctrl-C: agree all the same, then {goes_on}")

    def decided() -> connections.State | None:
        found = connections.state(job.slug)
        return found if found.word in ("granted", "refused") else None

    found = waiting.until(decided, seconds)
    if found is None:
        minutes = max(1, (moment(connections.state(job.slug).expires_at) - clock.now()) // timedelta(minutes=1))
        raise NeedsOwner(
            f"nobody agreed in {span(timedelta(seconds=seconds))}. The page is good for "
            f"{plural(minutes, 'more minute')}: agree there, then {goes_on}. "
            "(Before that, it makes a new page and ends this one.)"
        )
    if found.word == "refused":
        raise NeedsOwner(f"the shop's key was not taken: {found.reason}. `connect --shop {job.slug}` makes a new page")
    shop = shops.get(job.slug)
    if shop is None or not shop.access:
        raise NeedsOwner("the shop agreed, but its key is gone again; run connect again")
    job.screen.mark("ok", "the shop handed us a key")
    return shop
