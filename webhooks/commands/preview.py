"""`preview`: a flow's message as it would be read, or in your own mailbox."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from chalicelib import clock
from chalicelib.domain.shop import Shop
from chalicelib.settings import Settings
from webhooks import here
from webhooks.arguments import BadArgument
from webhooks.flags import names_shop, usual
from webhooks.show import Screen

ABOUT = """Shows a message of a flow, with made-up data or of an order of the shop (--order): subject, text and SMS
here, the mail itself as a file (--to). Of a flow that is not saved yet, too (--file). With --send-to it comes by mail,
marked [Test], to an address of the shop's own; at most 20 an hour."""
EXAMPLE = """examples:
  .venv/bin/python -m webhooks preview --shop acme --flow come-back
  .venv/bin/python -m webhooks preview --shop acme --flow come-back --language fa --to come-back.html
  .venv/bin/python -m webhooks preview --shop acme --file my-flows/come-back.yaml --texts my-flows --order 18
  .venv/bin/python -m webhooks preview --shop acme --flow come-back --send-to me@acme.test
"""


def flags(parser: argparse.ArgumentParser) -> None:
    names_shop(parser)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--flow", metavar="NAME", help="a flow of the shop")
    which.add_argument("--file", metavar="FILE", help="a flow file that is not saved")
    parser.add_argument("--texts", metavar="FOLDER", help="with --file: its texts, as LANGUAGE/NAME.md")
    parser.add_argument("--step", metavar="NAME", help="a step that sends; the first one, if not said")
    parser.add_argument("--language", metavar="CODE", help="en, fa, de, …; the shop's or hers, if not said")
    parser.add_argument("--order", metavar="NUMBER", help="as its buyer would read it")
    parser.add_argument("--to", metavar="FILE", help="write the mail's HTML there, to be opened in a browser")
    parser.add_argument("--send-to", metavar="ADDRESS", help="send it there: an address of the shop's own")
    usual(parser)


def run(given: dict[str, Any], screen: Screen) -> int:
    from chalicelib.domain.text import BadTemplate
    from chalicelib.work import preview

    settings = here.enter(given)
    shop = here.shop_of(given)
    words = _words(given, shop)
    try:
        order, customer = _order(given, shop)
        asked = given["step"], given["language"]
        shown = preview.preview(words, *asked, clock.now(), settings.public_url, order, customer)
    except preview.NoPreview as none:
        raise BadArgument(none.field, none.reason) from None
    except BadTemplate as bad:
        raise BadArgument("order" if given["order"] else "flow", str(bad)) from None
    told = preview.view(words, shown)
    _say(told, screen)
    told |= _kept(given, told, screen)
    told |= _sent(given, shop, told, settings, screen)
    if screen.machine:
        screen.json({"shop": shop.slug, **told})
    return 0


def _words(given: dict[str, Any], shop: Shop) -> Any:
    from chalicelib.work import flow_book
    from chalicelib.work.wording import Wording
    from webhooks.commands.flows import drafted

    if given["file"]:
        if given["send_to"]:
            raise BadArgument("send-to", "goes with --flow: what is mailed is what is saved")
        return drafted(given, "file", shop).words(shop)
    if given["texts"]:
        raise BadArgument("texts", "goes with --file only")
    flow = flow_book.every(shop).get(given["flow"])
    if flow is None:
        raise BadArgument("flow", f"{shop.slug} has no flow {given['flow']}; `flows --shop {shop.slug}` lists them")
    return Wording(shop, flow)


def _order(given: dict[str, Any], shop: Shop) -> tuple[Any, Any]:
    """The order of that number and its buyer."""
    from chalicelib.table import customers, orders
    from webhooks.finding import order_of

    if not given["order"]:
        return None, None
    held = orders.get(shop.slug, order_of(shop, given["order"]))
    order, node = held or (None, None)
    return order, customers.person(shop.slug, node) if node else None


def _say(told: dict[str, Any], screen: Screen) -> None:
    screen.head(f"{told['flow']}, {told['step']}, in {told['language']}")
    screen.say(f"  {told['subject']}")
    screen.say(f"  {screen.dim(told['preheader'])}")
    screen.say()
    screen.say(told["text"].rstrip())
    if told["sms"]:
        screen.say()
        parts, encoding = told["sms"]["parts"], told["sms"]["encoding"].upper()
        screen.head(f"SMS, {parts} {'part' if parts == 1 else 'parts'} ({encoding})")
        screen.say(told["sms"]["text"])
    if told["onsite"]:
        screen.say()
        screen.head("on the shop's pages")
        screen.say(told["onsite"])


def _kept(given: dict[str, Any], told: dict[str, Any], screen: Screen) -> dict[str, Any]:
    if not given["to"] or given["dry_run"]:
        return {}
    file = Path(given["to"])
    if not file.parent.is_dir():
        raise BadArgument("to", f"there is no folder {file.parent}")
    file.write_text(told["html"], encoding="utf-8")
    screen.mark("ok", f"{file} is written")
    return {"to": str(file)}


def _sent(
    given: dict[str, Any], shop: Shop, told: dict[str, Any], settings: Settings, screen: Screen
) -> dict[str, Any]:
    from chalicelib.work import aws, trial

    if not given["send_to"]:
        return {}
    asked = {name: told[name] for name in ("flow", "step", "language")}
    try:
        if given["dry_run"]:
            to = trial.checked(shop, given["send_to"])
        else:
            to = trial.ask(shop, asked, given["send_to"], clock.now(), aws.outbox())
    except (trial.NotOwn, trial.TooMany) as no:
        raise BadArgument("send-to", str(no)) from None
    screen.mark("ok", f"{to}: {'would be sent' if given['dry_run'] else 'on its way'}")
    return {"sent_to": to}
