"""`add-shop`: register a shop by hand, or change what is named of one. Always answers in JSON, secrets included."""

from __future__ import annotations

import argparse
from typing import Any

from chalicelib import clock
from webhooks import here, local
from webhooks.arguments import MOST_HOURS_KEPT
from webhooks.flags import about_shop, names_shop, said_of_shop
from webhooks.show import Screen

ABOUT = """Registers a shop and prints where it sends its webhooks and what it signs them with. Run again with the same
--shop to see this again, or to change what you name. Where we may ask the shop's API, `connect` does this and the
rest too."""
EXAMPLE = """example, a home-made shop in the local world:
  .venv/bin/python -m webhooks add-shop --shop home --platform standard --currency EUR --locale en-GB \\
    --timezone Europe/London --from 'Home <shop@home.test>' --address '1 High Street, York'
"""
_SWITCHES = (
    ("--rotate-secrets", "make new webhook secrets; the old ones stay valid"),
    ("--retire-old-secrets", "only the newest webhook secrets stay valid"),
    ("--rotate-secret-key", "make a new secret key; the old one stops working"),
    ("--rotate-identity-secret", "make a new identity secret; the old one ends at once: see --keep-old-for"),
    ("--dry-run", "check and print, change nothing"),
)
_SWITCH_NAMES = tuple(flag.lstrip("-").replace("-", "_") for flag, _ in _SWITCHES)


def flags(parser: argparse.ArgumentParser) -> None:
    names_shop(parser)
    parser.add_argument("--platform", metavar="NAME", required=True, help="see `platforms`; standard for home-made")
    for flag, text in _SWITCHES:
        parser.add_argument(flag, help=text, action="store_true")
    parser.add_argument(
        "--keep-old-for",
        metavar="HOURS",
        help="with --rotate-identity-secret: customer tokens signed with the old one are taken for so long too: "
        f"1h to {MOST_HOURS_KEPT}h, such as 24h",
    )
    about_shop(parser)
    parser.add_argument("--json", help="as it always does", action="store_true")
    here.flags(parser)


def run(given: dict[str, Any], screen: Screen) -> int:
    args = said_of_shop(given, *_SWITCH_NAMES, "keep_old_for")
    answer = _on_aws(given["stage"], args) if given["stage"] else _locally(given["api"], args)
    for warning in answer.get("warnings", []):
        screen.warn(f"add-shop: {warning}")
    screen.json(answer)
    return 0


def _locally(api: str | None, args: dict[str, Any]) -> dict[str, Any]:
    return dict(local.asked(api or local.USUAL, "POST", "/_local/shops", args))


def _on_aws(stage: str, args: dict[str, Any]) -> dict[str, Any]:
    from chalicelib.settings import settings
    from webhooks.shops import add_shop

    here.adopt_stage(stage)
    return add_shop(args, settings(), clock.now())
