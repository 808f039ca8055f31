"""Connecting a home-made shop: there is nothing to ask, only something to say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib import clock
from chalicelib.work import aws
from webhooks.shops import add_shop, without_secrets

if TYPE_CHECKING:
    from webhooks.commands.connect import Job


def run(job: Job) -> int:
    """Register, and print what to send: address and secret, by design."""
    given = {**job.args, "shop": job.slug, "dry_run": job.dry}
    answer = add_shop(given, job.settings, clock.now(), put=aws.reach().put)
    screen = job.screen
    if job.dry:
        answer = {**without_secrets(answer), "registered": False, "dry_run": True}
    if screen.machine:
        screen.json(answer)
        return 0
    screen.head(f"{job.slug} would be registered" if job.dry else f"{job.slug} is registered")
    screen.say("  Your shop sends each order, customer and product as JSON, signed as https://www.standardwebhooks.com")
    screen.say(f"    to      {answer['delivery_url']}")
    screen.say(f"    secret  {'(it is printed once the shop is registered)' if job.dry else answer['secrets']['*']}")
    screen.say("  What the JSON looks like: webhooks/standard/README.md, and the schema at /schemas/standard-v1.json")
    for warning in answer["warnings"]:
        screen.mark("warn", warning)
    screen.say()
    if job.dry:
        screen.say("Nothing was changed (--dry-run).")
        return 0
    if not job.given.get("stage"):
        screen.mark("do", f"try it: {job.command('send-example')} --secret whsec_…")
    screen.mark("do", f"its history, from a file: {job.command('import')} --csv FILE")
    return 0
