"""`connect`: from nothing to a shop whose history comes in and whose webhooks arrive, in one command."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from chalicelib import clock, platforms
from chalicelib.domain.shop import Shop, place
from chalicelib.settings import Settings
from chalicelib.signatures import platform_names
from webhooks import asking, here, local
from webhooks.arguments import (
    BadArgument,
    checked,
    checked_moment,
    checked_past,
    checked_slug,
    checked_url,
    flows_switched,
    secrets_by_topic,
)
from webhooks.flags import about_shop, names_shop, said_of_shop, usual
from webhooks.outcomes import NeedsOwner
from webhooks.show import Screen
from webhooks.typed import PROGRAM

ABOUT = """Connects a shop: looks whether it lets us in, registers it with what it says of itself (name, currency, time
zone), makes our webhooks there, waits for its first sign of life, and brings its history, with a progress bar. Run it
again whenever you like: what is there already stays as it is."""
EXAMPLE = """examples:
  WooCommerce, with a REST API key (WooCommerce > Settings > Advanced > REST API, permission Read/Write); the two
  flags without a value ask for it, so that it does not stand in your shell's history:
    .venv/bin/python -m webhooks connect --shop acme --platform woocommerce --url https://acme.test --key --secret-key

  WooCommerce, without a key: prints an address, where the shop asks you whether you agree:
    .venv/bin/python -m webhooks connect --shop acme --platform woocommerce --url https://acme.test

  Shopify, with the client id and secret of your app:
    .venv/bin/python -m webhooks connect --shop acme --platform shopify --url https://acme.myshopify.com \\
      --client-id --client-secret

  Saleor: prints the address to paste into the dashboard (Extensions, or Apps in older ones):
    .venv/bin/python -m webhooks connect --shop acme --platform saleor --url https://acme.saleor.cloud

  A home-made shop: prints what to send, and where:
    .venv/bin/python -m webhooks connect --shop home --platform standard

  The shop does not take our key any more, or somebody took it back:
    .venv/bin/python -m webhooks connect --shop acme --anew

  First only look, and change nothing: --dry-run. On AWS: --stage prod.
"""
WAIT_SECONDS = 60


def flags(parser: argparse.ArgumentParser) -> None:
    names_shop(parser)
    parser.add_argument("--platform", metavar="NAME", help=f"one of {', '.join(sorted(platform_names()))}")
    parser.add_argument("--url", metavar="URL", help="where the shop is: https://acme.test")
    asking.flags(parser)
    parser.add_argument("--anew", help="forget the credentials we have and ask for new ones", action="store_true")
    parser.add_argument(
        "--twice", help="though a shop of another name is connected to the same address", action="store_true"
    )
    parser.add_argument("--no-import", help="leave the shop's history where it is", action="store_true")
    parser.add_argument("--since", metavar="TIME", help="history only from here on, such as 2025-01-01T00:00:00Z")
    parser.add_argument(
        "--wait", metavar="SECONDS", type=int, default=None, help="how long to wait for the shop's first sign of life"
    )
    about_shop(parser)
    usual(parser)


def run(given: dict[str, Any], screen: Screen) -> int:
    _read(given)
    settings = here.enter(given).need("public_url")
    job = _job(given, settings, screen)
    if job.api is None:
        from webhooks import connect_standard

        return connect_standard.run(job)
    from webhooks import connect_steps

    return connect_steps.run(job, job.api)


@dataclass
class Job:
    """One connecting: what was typed, the shop as it was, and what is said about it. `answer` is what --json shows."""

    given: dict[str, Any]
    settings: Settings
    screen: Screen
    slug: str
    args: dict[str, Any]  # as `add_shop` takes them
    old: Shop | None
    api: ModuleType | None
    was: Shop | None  # before this command
    credentials: dict[str, str] = field(repr=False, default_factory=dict)
    named: bool = False  # the credentials, by this command
    answer: dict[str, Any] = field(repr=False, default_factory=dict)

    @property
    def first(self) -> bool:
        """Whether the shop was never asked who it is: then what it says of itself counts. One that was registered and
        never got that far still bears its short name as its name."""
        return self.was is None or not self.was.access or self.was.name == self.was.slug

    @property
    def stored(self) -> bool:
        """Whether we go in with credentials from before."""
        return not self.named and not self.given.get("anew") and bool(self.was and self.was.access)

    @property
    def dry(self) -> bool:
        return bool(self.given.get("dry_run"))

    @property
    def platform(self) -> str:
        return str(self.args["platform"])

    def wait(self, usual: int = WAIT_SECONDS) -> int:
        """Seconds that the owner is ready to wait."""
        return usual if self.given.get("wait") is None else max(0, self.given["wait"])

    def command(self, words: str) -> str:
        """Another command about this shop, to type."""
        return f"{PROGRAM} {words} --shop {self.slug}{here.again(self.given)}"


def _read(given: dict[str, Any]) -> None:
    """Everything that was typed, before anybody is asked anything. Raises BadArgument."""
    args = said_of_shop(given)
    platform = given.get("platform") or next(iter(sorted(platform_names())))
    checked({**args, "platform": platform})
    flows_switched(args)
    if given.get("platform") and args.get("secret"):
        secrets_by_topic(platform, args["secret"])
    if given.get("url"):
        checked_url("url", given["url"])
    if given.get("since"):
        checked_moment("since", given["since"])
    if given.get("since") and given.get("no_import"):
        raise BadArgument("since", "does not go with --no-import: it says how far back the history is brought")
    if (given.get("wait") or 0) < 0:
        raise BadArgument("wait", "seconds, 0 or more")


def _job(given: dict[str, Any], settings: Settings, screen: Screen) -> Job:
    from chalicelib.table import base, shops

    base.connect()
    slug = checked_slug(given["shop"])
    old = shops.get(slug)
    args = said_of_shop(given)
    given = _with_file(given)
    args["platform"] = given.get("platform") or (old.platform if old else None)
    if args["platform"] is None:
        raise BadArgument("platform", f"is missing; one of {', '.join(sorted(platform_names()))}")
    if given.get("url"):
        args["api_url"] = checked_url("url", given["url"])
    checked(args)
    if given.get("since"):
        checked_past("since", given["since"], clock.now())
    api = platforms.load_api(args["platform"])
    _secret_of_file(given, args, api)
    job = Job(given, settings, screen, slug, args, old, api, old)
    if api is None and given.get("anew"):
        raise BadArgument("anew", f"{slug} holds no key of ours; a new secret to sign with: `rotate --shop {slug}`")
    if api:
        _address(job)
        job.credentials = _credentials(job, api)
    return job


def _with_file(given: dict[str, Any]) -> dict[str, Any]:
    """The credentials file is read once: it may be standard input."""
    return (
        {**given, "credentials": asking.held_in(given["credentials"])}
        if given.get("credentials") is not None
        else given
    )


def _secret_of_file(given: dict[str, Any], args: dict[str, Any], api: ModuleType | None) -> None:
    """What the shop signs with may stand there too, beside what lets us in."""
    held = given.get("credentials")
    if held is None:
        return
    secret = asking.signing_secret(held, api)
    if api is None and (held or secret is None):
        raise BadArgument("credentials", f"should hold secret only: {args['platform']} shops cannot be asked")
    if secret is not None:
        given["credentials"] = held or None
        args["secret"] = [*args.get("secret", []), secret]
        secrets_by_topic(args["platform"], args["secret"])


def _address(job: Job) -> None:
    """Where the shop is: known, one that its platform can have, and not another shop's."""
    url = job.args.get("api_url")
    if not url and not (job.old and job.old.api_url):
        raise BadArgument("url", "is missing: where the shop is, such as https://acme.test")
    if not url:
        return
    host = urlsplit(url).hostname or ""
    pretend = job.settings.local and local.is_loopback(host)
    if job.platform == "shopify" and not host.endswith(".myshopify.com") and not pretend:
        raise BadArgument(
            "url",
            f"Shopify's API is not at {host}: name the shop's own address, which ends in .myshopify.com, such as "
            "https://acme.myshopify.com (Shopify admin > Settings > Domains)",
        )
    known = job.old and job.old.access and place(job.old.api_url or "") == place(url)
    if not known and not job.given.get("twice"):
        _nobody_elses(job, url)


def _nobody_elses(job: Job, url: str) -> None:
    """One shop under two names would have every order, and write every mail, twice."""
    from webhooks.keeping import everybody

    for other in everybody():
        if (
            other.slug != job.slug
            and other.access
            and other.state != "off"
            and place(other.api_url or "") == place(url)
        ):
            raise BadArgument(
                "url", f"{url} is connected already, as {other.slug}: `connect --shop {other.slug}`, or insist: --twice"
            )


def _credentials(job: Job, api: ModuleType) -> dict[str, str]:
    """Those that were named now, beside those that are known from before; empty where there are none."""
    from chalicelib import keys
    from chalicelib.work import access
    from webhooks.connect_agree import moved

    found = asking.given_credentials(job.given, api)
    if found:
        job.named = True
        return asking.complete(job.platform, api, found)
    if job.given.get("anew"):
        return {}
    if job.old and job.old.access and moved(job):
        raise BadArgument(
            "url", f"another address than before ({job.old.api_url}): name the credentials too, or use --anew"
        )
    try:
        return access.opened(job.settings.master, job.old) if job.old else {}
    except keys.BadToken:
        raise NeedsOwner("the credentials we have were sealed under another master; name them again") from None
