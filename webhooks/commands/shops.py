"""`shops`: what is registered, without secrets."""

from __future__ import annotations

import argparse
from typing import Any

from chalicelib import clock
from webhooks import here, local
from webhooks.flags import usual
from webhooks.show import Screen

ABOUT = "Lists the shops that are registered, with what was said about each; shows no secrets."
EXAMPLE = """example:
  .venv/bin/python -m webhooks shops
  .venv/bin/python -m webhooks shops --json --stage prod
"""


def flags(parser: argparse.ArgumentParser) -> None:
    usual(parser, changes=False)


def run(given: dict[str, Any], screen: Screen) -> int:
    shops = _on_aws(given["stage"]) if given["stage"] else _locally(given["api"])
    if given["json"]:
        screen.json(shops)
        return 0
    for shop in shops:
        screen.say("  ".join([shop["shop"], *_said(shop)]))
    if not shops:
        screen.warn("no shops yet; connect one with `connect`, or register one with `add-shop`")
    return 0


def _said(shop: dict[str, Any]) -> list[str]:
    return [f"{name}={value}" for name, value in shop.items() if name != "shop" and value is not None]


def _locally(api: str | None) -> list[dict[str, Any]]:
    return list(local.asked(api or local.USUAL, "GET", "/_local/shops"))


def _on_aws(stage: str) -> list[dict[str, Any]]:
    from webhooks.shops import listed

    here.adopt_stage(stage)
    return listed(clock.now())
