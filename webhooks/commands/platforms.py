"""`platforms`: what we can connect, and what each wants from the owner."""

from __future__ import annotations

import argparse
from typing import Any

from chalicelib import platforms
from webhooks import asking
from webhooks.flags import usual
from webhooks.show import Screen

ABOUT = "Lists the shop platforms that can be connected, what each needs, and what it can do."
EXAMPLE = """example:
  .venv/bin/python -m webhooks platforms
"""


def flags(parser: argparse.ArgumentParser) -> None:
    usual(parser, changes=False)


def run(given: dict[str, Any], screen: Screen) -> int:
    found = [_about(name) for name in platforms.names()]
    if screen.machine:
        screen.json(found)
        return 0
    for one in found:
        screen.head(one["platform"])
        for credential, text in one["credentials"].items():
            screen.say(f"    {asking.flag(credential):<16} {text}")
        if len(one["needs"]) > 1:
            screen.say("    needed: " + ", or ".join(" and ".join(map(asking.flag, way)) for way in one["needs"]))
        screen.say("    " + _abilities(one))
        screen.say()
    screen.mark("do", "connect one: `connect --help`")
    return 0


def _about(name: str) -> dict[str, Any]:
    api, webhook = platforms.load_api(name), platforms.load(name)
    return {
        "platform": name,
        "credentials": dict(api.CREDENTIALS) if api else {},
        "needs": [list(way) for way in asking.ways(name, api)] if api else [],
        "history": list(api.KINDS) if api else [],
        "webhooks_by_api": list(api.HOOK_TOPICS) if api else [],
        "reconciles": api is not None,
        "topics": list(webhook.TOPICS),
    }


def _abilities(one: dict[str, Any]) -> str:
    if not one["reconciles"]:
        return "sends signed webhooks by itself; history from CSV files; cannot be asked for what it missed"
    return (
        f"history: {', '.join(one['history'])}; {len(one['webhooks_by_api'])} webhooks made for you; "
        "asked every hour for what its webhooks missed"
    )
