"""`send-example`: one signed, paid order, without a shop."""

from __future__ import annotations

import argparse
from typing import Any

from webhooks import local
from webhooks.flags import names_shop
from webhooks.show import Screen

ABOUT = "Sends a signed, paid order to a standard shop of the local world, to see the whole way without a shop."
EXAMPLE = """example:
  .venv/bin/python -m webhooks add-shop --shop home --platform standard --currency EUR
  .venv/bin/python -m webhooks send-example --shop home --secret whsec_…
"""


def flags(parser: argparse.ArgumentParser) -> None:
    names_shop(parser)
    parser.add_argument("--secret", metavar="S", required=True, help='what add-shop printed under secrets["*"]')
    parser.add_argument("--to", metavar="ADDRESS", default="sara@example.test", help="whose order it is")
    parser.add_argument("--json", help="as it always does", action="store_true")
    parser.add_argument("--api", metavar="URL", default=local.USUAL, help=f"the local world (default {local.USUAL})")


def run(given: dict[str, Any], screen: Screen) -> int:
    from webhooks.example import send

    screen.json(send(given["api"].rstrip("/"), given["shop"], given["secret"], given["to"]))
    return 0
