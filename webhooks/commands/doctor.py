"""`doctor`: everything that can be wrong, looked at, with a remedy for each."""

from __future__ import annotations

import argparse
from typing import Any

from chalicelib.platforms.shop_api import Finding
from chalicelib.settings import Settings
from webhooks import here
from webhooks.flags import names_shop, usual
from webhooks.show import Screen, plural

ABOUT = """Looks at the settings, the table, the queues and what nobody could work off, the shop directory, the mails'
sender; and at each shop: does it let us in, are its webhooks active, is its clock right. Changes nothing, unless --mend
is said. Exit code 3 where something is wrong."""
EXAMPLE = """examples:
  .venv/bin/python -m webhooks doctor
  .venv/bin/python -m webhooks doctor --shop acme --stage prod
"""


def flags(parser: argparse.ArgumentParser) -> None:
    names_shop(parser, required=False, text="only this shop; all, if not said")
    parser.add_argument("--mend", action="store_true", help="write the shop directory again")
    usual(parser)


def run(given: dict[str, Any], screen: Screen) -> int:
    settings = here.enter(given)
    found = {"system": _of_system(given, settings, screen)}
    for shop in here.shops_of(given):
        found[shop.slug] = _of_shop(shop, settings, screen)
    fails = sum(finding.level == "fail" for some in found.values() for finding in some)
    if screen.machine:
        screen.json({name: [_shown(finding, screen) for finding in some] for name, some in found.items()})
    else:
        screen.say(_summary(fails, sum(finding.level == "warn" for some in found.values() for finding in some)))
    return 3 if fails else 0


def _summary(fails: int, warns: int) -> str:
    if fails:
        return f"{plural(fails, 'problem')}; the line below each says what to do."
    return f"Nothing is broken; {plural(warns, 'thing')} to know." if warns else "Nothing is wrong."


def _of_system(given: dict[str, Any], settings: Settings, screen: Screen) -> list[Finding]:
    from chalicelib.work import aws
    from webhooks import checkups as check

    access = "has this machine the rights for it, and is the stage deployed?"
    found = check.guarded("settings", access, lambda: check.settings_are_set(settings))
    found += check.guarded("the table cannot be read", access, lambda: check.table_answers(settings))
    found += check.guarded("the queues cannot be asked", access, lambda: check.queues_flow(settings))
    if given["mend"] and not given["dry_run"]:
        _publish()
    found += check.guarded(
        "the bucket cannot be read", access, lambda: check.directory_is_fresh(aws.reach().get_or_none)
    )
    _show("system", found, screen)
    return found


def _publish() -> None:
    from webhooks.keeping import everybody, publish

    for shop in list(everybody())[:1]:
        publish(shop.slug)


def _of_shop(shop: Any, settings: Settings, screen: Screen) -> list[Finding]:
    from webhooks import checkups, shop_checkup

    found = checkups.guarded(
        "it cannot be looked at", "see the text before", lambda: shop_checkup.findings(shop, settings)
    )
    found += (
        []
        if shop.state == "off"
        else checkups.guarded(
            "SES cannot be asked",
            "has this machine the rights for it?",
            lambda: checkups.sender_may_send(shop, settings),
        )
    )
    _show(f"{shop.slug} ({shop.platform})", found, screen)
    return found


def _show(title: str, found: list[Finding], screen: Screen) -> None:
    screen.head(title)
    for finding in found:
        screen.mark(finding.level, finding.what, finding.remedy)


def _shown(found: Finding, screen: Screen) -> dict[str, str]:
    return {"level": found.level, "what": found.what, "remedy": screen.typed(found.remedy)}
