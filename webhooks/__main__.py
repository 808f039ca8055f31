"""`python -m webhooks add-shop …`: what a shop's owner runs. Prints JSON; 2 where an argument cannot be used."""

from __future__ import annotations

import argparse
import http.client
import ipaddress
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from chalicelib import clock
from webhooks.arguments import BadArgument

LOCAL = "http://127.0.0.1:8000"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0 done, 1 could not reach something, 2 a bad argument."""
    given = vars(_parser().parse_args(argv))
    given.pop("command")
    try:
        answer = _run(given.pop("api"), given.pop("stage"), _arguments(given))
    except BadArgument as error:
        print(f"add-shop: {error}", file=sys.stderr)
        return 2
    except Exception as error:  # a command shows one line, not a trace; the kind says where to look
        print(f"add-shop: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    print(json.dumps(answer, ensure_ascii=False, indent=2))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m webhooks", description="Connect an online shop.")
    add = parser.add_subparsers(dest="command", required=True).add_parser(
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
    where = add.add_mutually_exclusive_group()
    where.add_argument("--api", metavar="URL", help=f"the local world (default {LOCAL})")
    where.add_argument("--stage", metavar="NAME", help="a stage deployed to AWS, with this machine's AWS credentials")
    return parser


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
    ("--state", "STATE", "on, paused (listens, sends nothing) or off"),
    ("--blind-key", "HEX", "only to restore an exported shop: what its ids were made with"),
    ("--salt", "HEX", "only to restore an exported shop: what its arms were drawn with"),
)
_LISTS = (
    ("--secret", "S", "a secret the shop already signs with, for all topics or TOPIC=S; repeatable; replaces earlier"),
    ("--consent-meta", "KEY=CHANNEL", "order meta key of a newsletter plugin, and email or sms; repeatable"),
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


def _run(api: str | None, stage: str | None, args: dict[str, Any]) -> dict[str, Any]:
    return _on_aws(stage, args) if stage else _locally(api or LOCAL, args)


def _locally(api: str, args: dict[str, Any]) -> dict[str, Any]:
    """Ask the local world to do it: table and bucket are its own."""
    parts = urlsplit(api)
    if parts.scheme != "http" or not parts.hostname or not _loopback(parts.hostname):
        raise BadArgument("api", f"only the local world is registered over HTTP ({LOCAL}); on AWS use --stage")
    status, text = _posted(parts, json.dumps(args).encode())
    try:
        answer = json.loads(text)
    except ValueError:
        answer = {}
    if status == 200 and isinstance(answer, dict):
        return answer
    said = (answer.get("detail") or answer.get("title")) if isinstance(answer, dict) else None
    raise BadArgument("api", f"{api} answered {status}") if not said else Refused(said)


class Refused(BadArgument):
    """The other side's own words about an argument."""

    def __init__(self, said: str) -> None:
        ValueError.__init__(self, said)


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _posted(parts: SplitResult, body: bytes) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    try:
        connection.request("POST", "/_local/shops", body, {"content-type": "application/json"})
        response = connection.getresponse()
        return response.status, response.read()
    except OSError:
        raise BadArgument("api", f"nothing answers at {parts.geturl()}; start it with `make serve`") from None
    finally:
        connection.close()


def _on_aws(stage: str, args: dict[str, Any]) -> dict[str, Any]:
    # only here: the local world needs none of it
    import boto3

    from chalicelib.settings import adopt, settings
    from webhooks.shops import add_shop
    from webhooks.stage import credentials, variables

    session = boto3.Session()
    if session.get_credentials() is None:
        raise BadArgument("stage", "this machine has no AWS credentials; sign in first, as for the AWS CLI")
    adopt({**variables(stage, session.client("cloudformation")), **credentials(session)})
    return add_shop(args, settings(), clock.now())


if __name__ == "__main__":
    sys.exit(main())
