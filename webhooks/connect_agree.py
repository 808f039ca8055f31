"""Getting in without typing a key: the shop itself asks its owner, and hands us a key of its own making."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from types import ModuleType
from typing import TYPE_CHECKING

from chalicelib import clock
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import moment
from chalicelib.table import shops
from chalicelib.work import access, connections
from webhooks import asking, waiting
from webhooks.arguments import same_place
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
    with _as_it_was(job):
        job.old = _granted(job)
    return access.opened(job.settings.master, job.old)


def _registered(job: Job) -> Shop:
    """There has to be a shop before somebody can hand us its key. One that is switched off only listens meanwhile; at
    another address nobody is shown the key of the old one."""
    args, now = {**job.args, "shop": job.slug}, clock.now()
    if job.was:
        args.pop("state", None)
    elsewhere = moved(job)

    def waits(old: Shop | None) -> Shop:
        shop = registered(args, old, job.settings.master, now)
        shop = replace(shop, state="paused") if shop.state == "off" else shop
        return replace(shop, access="") if elsewhere else shop

    return keep(job.slug, waits)


def moved(job: Job) -> bool:
    """Whether the shop was registered at another address than this command names."""
    url = job.args.get("api_url")
    return bool(url and job.was and not same_place(url, job.was.api_url or ""))


def _changed_by_waiting(job: Job) -> bool:
    return job.was is not None and (job.was.state == "off" or moved(job))


@contextmanager
def _as_it_was(job: Job) -> Iterator[None]:
    """A shop that was switched off, or elsewhere, is so again where nobody hands us a key, and its page ends."""
    try:
        yield
    except BaseException:
        if job.was and _changed_by_waiting(job):
            was = job.was
            connections.expect(job.slug, job.platform, clock.now() - connections.LIFE)  # nobody has this token
            keep(job.slug, lambda now: _restored(now, was))
        raise


def _restored(now: Shop | None, was: Shop) -> Shop:
    if now is None:
        return was
    state = "off" if was.state == "off" else now.state
    if now.access not in ("", was.access):  # it came after all, this very moment, and opens this address only
        return replace(now, state=state)
    return replace(now, state=state, api_url=was.api_url, access=was.access)


@contextmanager
def asleep(job: Job) -> Iterator[None]:
    """A shop that was switched off, and that handed us a key with which nothing can be done, is off again."""
    try:
        yield
    except BaseException:
        was = job.was
        if was and was.state == "off" and job.old is not was:
            keep(job.slug, lambda now: replace(now or was, state="off"))
        raise


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
    later = "after Ctrl-C the page is of no use"
    if not _changed_by_waiting(job):
        later = f"after Ctrl-C: agree all the same, then {goes_on}"
    job.screen.mark("wait", f"waiting for it, up to {seconds} s; {later}")

    def decided() -> connections.State | None:
        found = connections.state(job.slug)
        return found if found.word in ("granted", "refused") else None

    found = waiting.until(decided, seconds)
    if found is None and _changed_by_waiting(job):
        raise NeedsOwner(
            f"nobody agreed in {span(timedelta(seconds=seconds))}. {job.slug} is as it was before, and the page of no "
            "use any more: the same command makes a new one"
        )
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
