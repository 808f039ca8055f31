"""`python -m webhooks …`: what a shop's owner runs. Prints JSON; 2 where an argument cannot be used."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chalicelib import clock
from webhooks import local
from webhooks.arguments import BadArgument


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0 done, 1 could not reach something, 2 a bad argument."""
    given = vars(_parser().parse_args(argv))
    command = given.pop("command")
    try:
        answer = _COMMANDS[command](given)
    except BadArgument as error:
        print(f"{command}: {error}", file=sys.stderr)
        return 2
    except Exception as error:  # a command shows one line, not a trace; the kind says where to look
        print(f"{command}: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    if answer is not None:
        print(json.dumps(answer, ensure_ascii=False, indent=2))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m webhooks", description="Connect an online shop.")
    commands = parser.add_subparsers(dest="command", required=True)
    _add_shop_flags(commands)
    listing = commands.add_parser("shops", help="list the shops that are registered; shows no secrets")
    listing.add_argument("--json", help="as JSON", action="store_true")
    _where(listing)
    example = commands.add_parser(
        "send-example", help="send a signed, paid order to a standard shop of the local world"
    )
    example.add_argument("--shop", metavar="SLUG", required=True)
    example.add_argument("--secret", metavar="S", required=True, help='what add-shop printed under secrets["*"]')
    example.add_argument("--to", metavar="ADDRESS", default="sara@example.test", help="whose order it is")
    example.add_argument("--api", metavar="URL", default=local.USUAL, help=f"the local world (default {local.USUAL})")
    return parser


def _add_shop_flags(commands: Any) -> None:
    add = commands.add_parser(
        "add-shop",
        help="register a shop, or change what you name of one that is registered",
        description="Registers a shop and prints where it sends its webhooks and what it signs them with. Run again "
        "with the same --shop to see this again, or to change what you name.",
    )
    for flag, metavar, text in _TEXTS:
        add.add_argument(flag, metavar=metavar, help=text, required=flag in ("--shop", "--platform"))
    for flag, metavar, text in _LISTS:
        add.add_argument(flag, metavar=metavar, help=text, action="append")
    for flag, text in _SWITCHES:
        add.add_argument(flag, help=text, action="store_true")
    _where(add)


def _where(parser: argparse.ArgumentParser) -> None:
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--api", metavar="URL", help=f"the local world (default {local.USUAL})")
    where.add_argument("--stage", metavar="NAME", help="a stage deployed to AWS, with this machine's AWS credentials")


_TEXTS = (
    ("--shop", "SLUG", "short name: 3 to 40 of a-z, 0-9 and -"),
    ("--platform", "NAME", "woocommerce, or standard for anything home-made"),
    ("--name", "TEXT", "the shop's name as customers know it"),
    ("--locale", "TAG", "language of the mails where a customer's is unknown: en, fa-IR"),
    ("--currency", "CODE", "the shop's currency: USD, EUR, IRT"),
    ("--timezone", "ZONE", "Europe/Berlin, Asia/Tehran"),
    ("--country", "CC", "where national phone numbers are from (default: of --locale)"),
    ("--consent", "POLICY", "strict: mail marketing only after opt-in; soft: to customers until they object"),
    ("--from", "MAILBOX", 'sender of the mails: "Acme <shop@acme.test>"'),
    ("--address", "TEXT", "postal address for the foot of the mails"),
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
    ("--flow-off", "NAME", "a flow this shop does not want: come-back, how-was-it, thank-you; repeatable"),
    ("--flow-on", "NAME", "a flow it wants again; repeatable"),
    ("--origin", "URL", "where the storefront's pages come from; repeatable"),
)
_SWITCHES = (
    ("--rotate-secrets", "make new webhook secrets; the old ones stay valid"),
    ("--retire-old-secrets", "only the newest webhook secrets stay valid"),
    ("--rotate-secret-key", "make a new secret key; the old one stops working"),
    ("--dry-run", "check and print, change nothing"),
)


def _arguments(given: dict[str, Any]) -> dict[str, Any]:
    """The command line as `add_shop` takes it: files read, pairs split, what was not said left out."""
    args = {name: value for name, value in given.items() if value not in (None, False)}
    if "jwks" in args:
        args["jwks"] = _file(args["jwks"])
    if "consent_meta" in args:
        pairs = [text.rpartition("=") for text in args["consent_meta"]]
        args["consent_meta"] = {key: channel for key, _, channel in pairs}
    return args


def _file(path: str) -> str:
    try:
        return Path(path).read_text("utf-8")
    except (OSError, ValueError) as error:
        raise BadArgument("jwks", f"{path} cannot be read ({type(error).__name__})") from None


def _add(given: dict[str, Any]) -> dict[str, Any]:
    api, stage = given.pop("api"), given.pop("stage")
    args = _arguments(given)
    answer: dict[str, Any] = _on_aws(stage, args) if stage else local.asked(api or local.USUAL, "POST", _SHOPS, args)
    for warning in answer.get("warnings", []):
        print(f"add-shop: {warning}", file=sys.stderr)
    return answer


def _list(given: dict[str, Any]) -> list[dict[str, Any]] | None:
    api, stage = given["api"], given["stage"]
    shops = _listed_on_aws(stage) if stage else local.asked(api or local.USUAL, "GET", _SHOPS)
    if given["json"]:
        return list(shops)
    for shop in shops:
        print("  ".join([shop["shop"], *(f"{name}={shop[name]}" for name in shop if name != "shop")]))
    if not shops:
        print("no shops yet; register one with add-shop", file=sys.stderr)
    return None


def _example(given: dict[str, Any]) -> dict[str, Any]:
    from webhooks.example import send

    return send(given["api"].rstrip("/"), given["shop"], given["secret"], given["to"])


_SHOPS = "/_local/shops"
_COMMANDS = {"add-shop": _add, "shops": _list, "send-example": _example}


def _on_aws(stage: str, args: dict[str, Any]) -> dict[str, Any]:
    from chalicelib.settings import settings
    from webhooks.shops import add_shop

    _adopt(stage)
    return add_shop(args, settings(), clock.now())


def _listed_on_aws(stage: str) -> list[dict[str, Any]]:
    from webhooks.shops import listed

    _adopt(stage)
    return listed()


def _adopt(stage: str) -> None:
    # only here: the local world needs none of it
    import boto3

    from chalicelib.settings import adopt
    from webhooks.stage import credentials, variables

    session = boto3.Session()
    if session.get_credentials() is None:
        raise BadArgument("stage", "this machine has no AWS credentials; sign in first, as for the AWS CLI")
    adopt({**variables(stage, session.client("cloudformation")), **credentials(session)})


if __name__ == "__main__":
    sys.exit(main())
