"""`channel`: how a shop's messages go out besides e-mail: text messages, endpoints, its own pages."""

from __future__ import annotations

import argparse
from typing import Any

from chalicelib.domain.shop import Shop
from chalicelib.settings import Settings
from webhooks import here
from webhooks.flags import names_shop, usual
from webhooks.show import Screen

ABOUT = """Shows, sets up, changes and removes a shop's channels. E-mail needs none of this: it goes out through SES as
soon as the shop has a sender (add-shop --from). Keys are sealed in the shop's row and never shown."""
EXAMPLE = """examples:
  what there is:
    .venv/bin/python -m webhooks channel --shop acme
  text messages through Kavenegar; its key is asked for:
    .venv/bin/python -m webhooks channel --shop acme --kind sms --provider kavenegar --sender 10008663 --key \\
        --cost "95 IRT"
  through Amazon SNS, with the topic that carries the answers:
    .venv/bin/python -m webhooks channel --shop acme --kind sms --provider sns --sender ACME \\
        --topic arn:aws:sns:eu-central-1:123456789012:acme-texts
  any endpoint (WhatsApp, Telegram, Slack, n8n), and one more by name, for a flow's webhook step:
    .venv/bin/python -m webhooks channel --shop acme --kind http --url https://n8n.acme.test/hook --to phone
    .venv/bin/python -m webhooks channel --shop acme --kind http:crm --url https://crm.acme.test/in
  the shop's own pages:
    .venv/bin/python -m webhooks channel --shop acme --kind onsite
  no more of it:
    .venv/bin/python -m webhooks channel --shop acme --kind sms --remove
"""
_ASK = "\0ask"  # no value that could be typed


def flags(parser: argparse.ArgumentParser) -> None:
    names_shop(parser)
    parser.add_argument("--kind", metavar="KIND", help="sms, http, http:NAME or onsite; without it all are listed")
    parser.add_argument("--remove", action="store_true", help="this kind goes out no more; its key is forgotten")
    group = parser.add_argument_group("how it goes out")
    group.add_argument("--provider", metavar="NAME", help="of sms: sns or kavenegar")
    group.add_argument("--sender", metavar="TEXT", help="of sms: the line's number, or a name of 1 to 11 letters (sns)")
    group.add_argument("--region", metavar="REGION", help="of sns: another AWS region than the stage's")
    group.add_argument("--topic", metavar="ARN", help="the SNS topic that carries answers, or events of SES")
    group.add_argument("--most-parts", metavar="N", help="of sms: a longer text is not sent (3 in Persian, else 2)")
    group.add_argument("--cost", metavar="MONEY", help='of sms: what one part costs, for reports: "0.045 EUR"')
    group.add_argument("--stop-notice", metavar="TEXT", help="of sms: how to stop, in your own words")
    group.add_argument("--url", metavar="URL", help="of http: the endpoint")
    group.add_argument("--to", metavar="WHAT", help="of http: email, phone or none: which address it is told")
    group.add_argument("--consent", metavar="WHOSE", help="of http: email or sms: whose consent selling by it needs")
    secrets = parser.add_argument_group(
        "secrets", "without its value, each is asked for and not shown as you type; - reads it from standard input"
    )
    secrets.add_argument("--key", metavar="S", nargs="?", const=_ASK, help="of kavenegar: the API key")
    secrets.add_argument(
        "--secret", metavar="S", nargs="?", const=_ASK, help="of http: whsec_… to sign with; without it we make one"
    )
    usual(parser)


def run(given: dict[str, Any], screen: Screen) -> int:
    from webhooks import channels

    settings = here.enter(given)
    shop = here.shop_of(given)
    if not given["kind"]:
        return _listed(shop, settings, screen)
    kind = channels.checked_kind(given["kind"])
    if given["remove"]:
        return _removed(shop, kind, given["dry_run"], screen)
    told = channels.checked(shop, kind, given)
    secrets = channels.secrets_of(shop, kind, told, given, _asked, settings.master)
    return _kept(shop, kind, told, secrets, settings, given["dry_run"], screen)


def _listed(shop: Shop, settings: Settings, screen: Screen) -> int:
    from webhooks import channels

    rows = channels.listed(shop, settings)
    if screen.machine:
        screen.json({"shop": shop.slug, "channels": rows})
        return 0
    screen.head(f"{shop.slug}: {', '.join(row['kind'] for row in rows)}" if rows else f"{shop.slug} has no channel yet")
    for row in rows:
        screen.mark("ok", channels.in_words(row))
        for door in row["tells_us_at"]:
            screen.say(f"      answers and reports: {door}")
    return 0


def _removed(shop: Shop, kind: str, dry_run: bool, screen: Screen) -> int:
    from dataclasses import replace

    from webhooks.arguments import BadArgument
    from webhooks.keeping import keep

    if kind not in shop.channels:
        raise BadArgument("kind", f"{shop.slug} has no {kind}; it has {', '.join(sorted(shop.channels)) or 'none'}")

    def without(old: Shop | None) -> Shop:
        there = old or shop
        return replace(there, channels={name: told for name, told in there.channels.items() if name != kind})

    if not dry_run:
        keep(shop.slug, without)
    screen.mark("ok", f"nothing {'would go' if dry_run else 'goes'} out by {kind} any more; its key is forgotten")
    return _told(shop, {"kind": kind, "removed": True}, dry_run, screen)


def _kept(
    shop: Shop,
    kind: str,
    told: dict[str, Any],
    secrets: dict[str, str],
    settings: Settings,
    dry_run: bool,
    screen: Screen,
) -> int:
    from dataclasses import replace

    from webhooks import channels
    from webhooks.keeping import keep

    config = channels.sealed(settings.master, shop, kind, told, secrets)

    def with_it(old: Shop | None) -> Shop:
        there = old or shop
        return replace(there, channels={**there.channels, kind: config})

    after = with_it(shop) if dry_run else keep(shop.slug, with_it)
    row = next(row for row in channels.listed(after, settings) if row["kind"] == kind)
    screen.mark("ok", channels.in_words(row))
    if "secret" in secrets:
        row = {**row, "secret": secrets["secret"]}
        screen.mark("do", "whoever gets it verifies with this (Standard Webhooks):", secrets["secret"])
    for door in row["tells_us_at"]:
        screen.mark("do", channels.WHERE[str(row["provider"])], door)
    return _told(shop, row, dry_run, screen)


def _told(shop: Shop, row: dict[str, Any], dry_run: bool, screen: Screen) -> int:
    if screen.machine:
        screen.json({"shop": shop.slug, **row, **({"dry_run": True} if dry_run else {})})
    elif dry_run:
        screen.say("Nothing was changed (--dry-run).")
    return 0


def _asked(name: str, value: str) -> str:
    """A secret that was typed, asked for, or stands on standard input."""
    import getpass
    import sys

    from webhooks.arguments import BadArgument

    if value == "-":
        return sys.stdin.readline().strip()
    if value != _ASK:
        return value
    if not sys.stdin.isatty():
        raise BadArgument(name, f"has no value, and there is no terminal to ask at; --{name} - reads standard input")
    return getpass.getpass(f"--{name}: ")
