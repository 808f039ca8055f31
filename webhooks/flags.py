"""The flags that several commands share, and how they are read."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from webhooks import here
from webhooks.arguments import BadArgument

_TEXTS = (
    ("--name", "TEXT", "the shop's name as customers know it"),
    ("--locale", "TAG", "language of the mails where a customer's is unknown: en, fa-IR"),
    ("--currency", "CODE", "the shop's currency: USD, EUR, IRT"),
    ("--timezone", "ZONE", "Europe/Berlin, Asia/Tehran"),
    ("--country", "CC", "where national phone numbers are from (default: of --locale)"),
    ("--consent", "POLICY", "strict: mail marketing only after opt-in; soft: to customers until they object"),
    ("--from", "MAILBOX", 'sender of the mails: "Acme <shop@acme.test>"'),
    ("--address", "TEXT", "postal address for the foot of the mails"),
    ("--review-url", "URL", "where a happy customer may say so in public; asked for after four or five stars"),
    ("--source-url", "URL", "address of the shop; deliveries from another (a staging copy) are set aside"),
    ("--api-url", "URL", "address of the shop's API"),
    ("--connected-at", "TIME", "orders before this are history and never followed up (default: now)"),
    ("--jwks", "FILE", "public keys of a platform that signs with a key pair"),
    ("--treated-share", "SHARE", "how many get marketing: 0.5 (if not said) to 0.8; the rest is the control group"),
    ("--state", "STATE", "on, paused (listens, sends nothing) or off"),
    ("--blind-key", "HEX", "only to restore an exported shop: what its ids were made with"),
    ("--salt", "HEX", "only to restore an exported shop: what its arms were drawn with"),
)
_LISTS = (
    ("--secret", "S", "a secret the shop already signs with, for all topics or TOPIC=S; repeatable; replaces earlier"),
    ("--consent-meta", "KEY=CHANNEL", "order meta key of a newsletter plugin, and email or sms; repeatable"),
    ("--flow-off", "NAME", "a flow this shop does not want, such as come-back; repeatable"),
    ("--flow-on", "NAME", "a flow it wants, such as win-back; `flows` lists them; repeatable"),
    ("--origin", "URL", "where the storefront's pages come from; repeatable"),
)


def names_shop(parser: argparse.ArgumentParser, required: bool = True, text: str = "") -> None:
    """`--shop`."""
    parser.add_argument(
        "--shop", metavar="SLUG", required=required, help=text or "short name: 3 to 40 of a-z, 0-9 and -"
    )


def about_shop(parser: argparse.ArgumentParser) -> None:
    """All that an owner may say about a shop."""
    group = parser.add_argument_group("about the shop")
    for flag, metavar, text in _TEXTS:
        group.add_argument(flag, metavar=metavar, help=text)
    for flag, metavar, text in _LISTS:
        group.add_argument(flag, metavar=metavar, help=text, action="append")


def usual(parser: argparse.ArgumentParser, changes: bool = True) -> None:
    """Where it works, how it answers and, of a command that changes something, --dry-run."""
    if changes:
        parser.add_argument("--dry-run", help="say what would be done, change nothing", action="store_true")
    parser.add_argument("--json", help="one JSON document on the output, for programs", action="store_true")
    here.flags(parser)


def said_of_shop(given: dict[str, Any], *more: str) -> dict[str, Any]:
    """The command line as `add_shop` takes it: files read, pairs split, what was not said left out. Of `given` only
    what is about the shop, and `more`."""
    names = {flag.lstrip("-").replace("-", "_") for flag, _, _ in (*_TEXTS, *_LISTS)} | {"shop", "platform", *more}
    args = {name: value for name, value in given.items() if name in names and value not in (None, False)}
    if "jwks" in args:
        args["jwks"] = text_of(args["jwks"], "jwks")
    if "consent_meta" in args:
        pairs = [text.rpartition("=") for text in args["consent_meta"]]
        args["consent_meta"] = {key: channel for key, _, channel in pairs}
    return args


def text_of(path: str, flag: str) -> str:
    """A file's text. Raises BadArgument."""
    try:
        return Path(path).read_text("utf-8")
    except FileNotFoundError:
        raise BadArgument(flag, f"there is no file {path}") from None
    except (OSError, ValueError) as error:
        raise BadArgument(flag, f"{path} cannot be read ({type(error).__name__})") from None
