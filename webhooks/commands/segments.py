"""`segments`: who belongs together, by what is known of them. Lists, defines, counts and removes them."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from chalicelib import clock
from chalicelib.domain.shop import Shop
from webhooks import here
from webhooks.arguments import BadArgument
from webhooks.flags import names_shop, text_of, usual
from webhooks.show import Screen, plural

ABOUT = """Lists a shop's segments: names for conditions on what is known of a customer. Flows start when somebody comes
into one or leaves it, and ask who is in it. Whoever is in a new segment from the first look on has not entered it."""
EXAMPLE = """examples:
  .venv/bin/python -m webhooks segments --shop acme
  .venv/bin/python -m webhooks segments --shop acme --count
  .venv/bin/python -m webhooks segments --shop acme --set vip.yaml
  .venv/bin/python -m webhooks segments --shop acme --set regulars --if '{"customer.orders": {"at_least": 3}}'
  .venv/bin/python -m webhooks segments --shop acme --remove regulars

vip.yaml (the file's name is the segment's):
  customer.spent: {at_least: 500 EUR}
  customer.days_since_order: {at_most: 365}
"""


def flags(parser: argparse.ArgumentParser) -> None:
    names_shop(parser)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--set", metavar="FILE|NAME", help="define a segment: a YAML or JSON file, or a name with --if")
    what.add_argument("--remove", metavar="NAME", help="forget a segment; flows that start from it start no more")
    what.add_argument("--count", action="store_true", help="how many are in each now; reads every customer")
    parser.add_argument("--if", dest="condition", metavar="JSON", help="the condition, with --set NAME")
    usual(parser)


def run(given: dict[str, Any], screen: Screen) -> int:
    wanted = _defined(given) if given.get("set") else None
    here.enter(given)
    shop = here.shop_of(given)
    if wanted:
        shop = _kept(shop, wanted, given, screen)
    elif given.get("remove"):
        shop = _removed(shop, given, screen)
    counts = _counts(shop) if given.get("count") else None
    _show(shop, counts, screen)
    return 0


def _defined(given: dict[str, Any]) -> tuple[str, Any]:
    """(name, condition as it stands in a file). Raises BadArgument."""
    from chalicelib.domain import segments
    from chalicelib.domain.flow_fields import BadFlow

    if given.get("condition"):
        name, raw = given["set"], _json(given["condition"])
    else:
        name, raw = Path(given["set"]).stem, _yaml(text_of(given["set"], "set"))
    try:
        segments.read(name, raw)
    except BadFlow as bad:
        raise BadArgument("if" if given.get("condition") else "set", str(bad)) from None
    return name, raw


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise BadArgument("if", 'is no JSON; write {"customer.orders": {"at_least": 3}}') from None


def _yaml(text: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        raise BadArgument("set", "is no YAML" + ("" if line is None else f", line {line + 1}")) from None


def _kept(shop: Shop, wanted: tuple[str, Any], given: dict[str, Any], screen: Screen) -> Shop:
    from chalicelib.domain.segments import MOST

    name, raw = wanted
    if name not in shop.segments and len(shop.segments) >= MOST:
        raise BadArgument("set", f"a shop has at most {MOST} segments; remove one first")
    same = shop.segments.get(name) == raw
    screen.mark("ok", f"{name}: as it was" if same else f"{name} {'would be' if given['dry_run'] else 'is'} kept")
    return shop if same or given["dry_run"] else _changed(shop, {**shop.segments, name: raw})


def _removed(shop: Shop, given: dict[str, Any], screen: Screen) -> Shop:
    name = given["remove"]
    if name not in shop.segments:
        raise BadArgument(
            "remove", f"{shop.slug} has no segment {name} (there are: {', '.join(shop.segments) or 'none'})"
        )
    for flow in _users(shop, name):
        screen.warn(f"the flow {flow} asks for {name}: nobody comes into it or leaves it any more")
    screen.mark("ok", f"{name} {'would be' if given['dry_run'] else 'is'} removed")
    left = {other: raw for other, raw in shop.segments.items() if other != name}
    return shop if given["dry_run"] else _changed(shop, left)


def _users(shop: Shop, name: str) -> list[str]:
    from chalicelib.domain import segments
    from chalicelib.work import flow_book

    return [flow.name for flow in flow_book.live(shop).values() if name in segments.mentioned([flow])]


def _changed(shop: Shop, wanted: dict[str, Any]) -> Shop:
    """Kept, and everybody looked at within two minutes where a live flow asks."""
    from chalicelib.work import sweep
    from webhooks.keeping import keep, nudge

    kept = keep(shop.slug, lambda old: replace(old or shop, segments=wanted))
    if sweep.ensure(kept, clock.now()):
        nudge(shop.slug, sweep.SWEEP)
    return kept


def _counts(shop: Shop) -> dict[str, int]:
    """How many are in each segment at this moment, whatever is noted of them."""
    from chalicelib.domain import segments
    from chalicelib.domain.conditions import holds
    from chalicelib.work import membership

    wanted = segments.conditions(shop, shop.segments)
    found: Counter[str] = Counter(dict.fromkeys(wanted, 0))
    for person in _everybody(shop):
        facts = membership.facts(shop, person, wanted, clock.now())
        found.update(name for name, condition in wanted.items() if holds(condition, facts))
    return dict(found)


def _everybody(shop: Shop) -> Iterator[Any]:
    from chalicelib.table import customer_pages

    for shard in range(customer_pages.CUSTOMER_SHARDS):
        after: str | None = None
        while page := customer_pages.page(shop.slug, shard, after, 100):
            people = customer_pages.persons(shop.slug, [node for _, node in page])
            yield from (person for node, person in people.items() if node == person.id)
            after = page[-1][0]


def _show(shop: Shop, counts: dict[str, int] | None, screen: Screen) -> None:
    from chalicelib.work import membership

    needed = membership.needed(shop)
    shown = [
        {
            "segment": name,
            "if": raw,
            "flows": _users(shop, name),
            "known": name in needed and membership.is_known(shop, name),
            **({"customers": counts[name]} if counts else {}),
        }
        for name, raw in sorted(shop.segments.items())
    ]
    if screen.machine:
        screen.json({"shop": shop.slug, "segments": shown})
        return
    for one in shown:
        screen.head(one["segment"])
        screen.say(f"  {json.dumps(one['if'], ensure_ascii=False)}")
        screen.say(f"  {_of(one)}")
    if not shown:
        screen.say(f"{shop.slug} has no segments yet; `segments --shop {shop.slug} --set FILE` defines one")


def _of(one: dict[str, Any]) -> str:
    """What is known of it, in a line."""
    many = f"{plural(one['customers'], 'customer')} now; " if "customers" in one else ""
    if not one["flows"]:
        return many + "no live flow asks for it"
    state = "everybody was looked at" if one["known"] else "everybody is looked at now; nobody has entered it yet"
    return f"{many}asked for by {', '.join(one['flows'])}; {state}"
