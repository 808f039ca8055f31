"""`replay`: what could not be taken in, tried again once the reason is gone."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from chalicelib import clock
from chalicelib.domain.shop import Shop
from chalicelib.settings import Settings
from webhooks import here
from webhooks.arguments import BadArgument
from webhooks.flags import names_shop, usual
from webhooks.show import Screen, be, plural

ABOUT = """Puts deliveries that stand in quarantine on the inbox again (--id or --all), or messages that nobody could
work off back on their queue (--dead). Twice does no harm. Without any of these: lists what stands there."""
EXAMPLE = """examples:
  .venv/bin/python -m webhooks replay --shop acme
  .venv/bin/python -m webhooks replay --shop acme --all
  .venv/bin/python -m webhooks replay --shop acme --id q_MjAyNi0xMS0yMVQwOTowMDowMCNhYmM
  .venv/bin/python -m webhooks replay --shop all --dead
"""


def flags(parser: argparse.ArgumentParser) -> None:
    names_shop(parser, text="which shop; with --dead also: all")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--id", metavar="ID", action="append", help="one of the quarantine, as listed; repeatable")
    which.add_argument("--all", action="store_true", help="everything in quarantine that was not tried again yet")
    parser.add_argument("--dead", action="store_true", help="the dead-letter queues")
    usual(parser)


def run(given: dict[str, Any], screen: Screen) -> int:
    settings = here.enter(given)
    answer: dict[str, Any] = {"shop": given["shop"]}
    if given["dead"]:
        answer["dead"] = _dead(given, settings, screen)
    if given["shop"] == "all" and (given["id"] or given["all"] or not given["dead"]):
        raise BadArgument("shop", "`all` goes with --dead only; a quarantine belongs to a shop")
    if given["id"] or given["all"]:
        answer["quarantine"] = _quarantine(given, here.shop_of(given), screen)
    elif not given["dead"]:
        answer["quarantine"] = _listed(here.shop_of(given), screen)
    if given["dry_run"]:
        answer["dry_run"] = True
        screen.say("Nothing was changed (--dry-run).")
    if screen.machine:
        screen.json(answer)
    return 0


def _rows(shop: Shop) -> Iterator[dict[str, Any]]:
    """The whole quarantine, newest first, page by page."""
    from chalicelib.work import read_quarantine

    before: str | None = None
    while True:
        page = read_quarantine.listed(shop, 100, before)
        yield from page.items
        if page.next is None:
            return
        before = page.next


def _listed(shop: Shop, screen: Screen) -> list[dict[str, Any]]:
    rows = list(_rows(shop))
    if not rows:
        screen.mark("ok", f"nothing of {shop.slug} stands in quarantine")
        return rows
    screen.head(f"{plural(len(rows), 'delivery', 'deliveries')} of {shop.slug} in quarantine")
    screen.table(
        [row["received_at"], row["topic"] or "-", row["field"] or "-", row["reason"], row["id"]] for row in rows
    )
    screen.mark("do", f"once the reason is gone: `replay --shop {shop.slug} --all`")
    _tell_of_retired(rows, shop, screen)
    return rows


def _quarantine(given: dict[str, Any], shop: Shop, screen: Screen) -> dict[str, int]:
    wanted = given["id"] or [row["id"] for row in _rows(shop) if not row["replayed_at"]]
    known = {row["id"] for row in _rows(shop)} if given["id"] else set(wanted)
    unknown = [one for one in wanted if one not in known]
    if unknown:
        raise BadArgument("id", f"{unknown[0]} is not in the quarantine of {shop.slug}")
    retired = [row for row in _rows(shop) if row["id"] in set(wanted)]
    done = len(wanted) if given["dry_run"] else _replayed(shop, wanted, screen)
    would = "would be" if given["dry_run"] else be(done)
    screen.mark("ok", f"{plural(done, 'delivery', 'deliveries')} {would} on the inbox again")
    if done < len(wanted):
        left = len(wanted) - done
        remedy = f"`reconcile --shop {shop.slug} --order ID` fetches an order"
        screen.mark("warn", f"{left} {'was' if left == 1 else 'were'} too large to keep", remedy)
    _tell_of_retired(retired, shop, screen)
    return {"wanted": len(wanted), "replayed": done}


# As `work.ingest` words it.
_RETIRED = "its secret was retired"


def _tell_of_retired(rows: list[dict[str, Any]], shop: Shop, screen: Screen) -> None:
    """What is signed with a secret that nobody takes any more comes back from every replay."""
    from chalicelib import platforms

    found = [row for row in rows if row["reason"].startswith(_RETIRED)]
    if not found:
        return
    if shop.state == "off":
        screen.mark("do", "the shop is switched off: switch it on first, or they come back", str(here.off(shop)))
        return
    what = (
        f"{plural(len(found), 'delivery', 'deliveries')} whose secret was retired {be(len(found))} not believed again"
    )
    since = min(row["received_at"] for row in found)
    if platforms.load_api(shop.platform) and shop.access:
        remedy = f"ask the shop itself for what they told: `reconcile --shop {shop.slug} --since {since} --wait`"
    else:
        remedy = f"let the shop send again what it sent since {since}, signed with the secret of today"
    screen.mark("do", f"{what}: replayed, they come back", remedy)


def _replayed(shop: Shop, wanted: list[str], screen: Screen) -> int:
    from chalicelib.work import aws, read_quarantine

    done, send = 0, aws.inbox()
    for number, one in enumerate(wanted, 1):
        done += read_quarantine.replay(shop, one, clock.now(), send) is not None
        screen.bar("replayed", number, len(wanted), last=number == len(wanted))
    return done


def _dead(given: dict[str, Any], settings: Settings, screen: Screen) -> dict[str, Any]:
    from webhooks.queues import bring_back, queues

    shop = None if given["shop"] == "all" else here.shop_of(given).slug
    sqs = here.aws_client("sqs", settings)
    answer: dict[str, Any] = {}
    would = "would go" if given["dry_run"] else "went"
    for queue in queues(settings, sqs):
        if not queue.dead_url:
            continue
        brought, left = bring_back(sqs, queue, shop, given["dry_run"])
        answer[queue.name] = {"brought_back": brought, "left": left}
        if brought or left:
            others = f", {left} of others stay" if left else ""
            screen.mark("ok", f"{queue.name}: {plural(brought, 'message')} {would} back{others}")
    if not any(found["brought_back"] or found["left"] for found in answer.values()):
        screen.mark("ok", "the dead-letter queues are empty")
    return answer
