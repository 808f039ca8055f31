"""`coupons`: what the coupons are worth that follow-ups give, and pools of codes that the owner brought."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

from chalicelib.domain.coupon_file import parse
from chalicelib.domain.shop import Shop
from chalicelib.settings import Settings
from webhooks import here
from webhooks.arguments import BadArgument
from webhooks.code_file import codes as codes_in
from webhooks.coupon_rules import SAID, keep, merged, words
from webhooks.flags import names_shop, usual
from webhooks.outcomes import NeedsOwner
from webhooks.show import Screen, plural

ABOUT = """Says what coupons are worth that flows give away, under the name by which a flow asks for them, such as
welcome-back. The shop makes a code of its own for each customer (WooCommerce, Shopify, Saleor), or each customer gets
one of the codes that you bring in a file. Without anything but --shop it lists the rules, and what is wrong with them.
Coupons that were given stay good, whatever happens to their rule."""
EXAMPLE = """examples:
  .venv/bin/python -m webhooks coupons --shop acme
  .venv/bin/python -m webhooks coupons --shop acme --rule welcome-back --percent 10 --days 30 --least "50 EUR"
  .venv/bin/python -m webhooks coupons --shop acme --rule thanks --amount "5 EUR" --prefix THANKS
  .venv/bin/python -m webhooks coupons --shop acme --rule birthday --percent 15 --pool birthday codes.csv
  .venv/bin/python -m webhooks coupons --shop acme --rule thanks --drop
"""


def flags(parser: argparse.ArgumentParser) -> None:
    names_shop(parser)
    parser.add_argument("--rule", metavar="NAME", help="the rule that is made or changed")
    worth = parser.add_mutually_exclusive_group()
    worth.add_argument("--percent", metavar="N", help="off one order: 1 to 100")
    worth.add_argument("--amount", metavar="MONEY", help='off one order: "5 EUR", "50000 IRT"')
    parser.add_argument("--days", metavar="N", help="how long a coupon is good: 1 to 365 (30)")
    parser.add_argument("--least", metavar="MONEY", help='what the order must come to: "50 EUR"')
    parser.add_argument("--prefix", metavar="TEXT", help="the codes begin with it: BACK-7K3MQ9AB")
    parser.add_argument(
        "--pool", nargs=2, metavar=("NAME", "FILE"), help="this rule gives the codes in FILE, one a line"
    )
    parser.add_argument("--drop", action="store_true", help="the rule goes, and those codes of its pool that are free")
    usual(parser)


def run(given: dict[str, Any], screen: Screen) -> int:
    name = _name(given)
    codes = codes_in(given["pool"][1]) if given["pool"] else []
    settings = here.enter(given)
    shop = here.shop_of(given)
    if name is None:
        return _listed(shop, screen)
    answer = _dropped(given, shop, name, screen) if given["drop"] else _set(given, shop, name, codes, settings, screen)
    if screen.machine:
        screen.json({"shop": shop.slug, "rule": name, **answer, **({"dry_run": True} if given["dry_run"] else {})})
    elif given["dry_run"]:
        screen.say("Nothing was changed (--dry-run).")
    return 0


def _name(given: dict[str, Any]) -> str | None:
    """The rule that is meant; None where all are only listed."""
    name, pool = given["rule"], given["pool"]
    said = [flag for flag in SAID if given[flag] is not None]
    if pool and name and name != pool[0]:
        raise BadArgument("pool", f"names {pool[0]} and --rule names {name}: one at a time")
    if given["drop"] and (pool or said):
        raise BadArgument("drop", "goes with --rule only")
    if not (name or pool) and (said or given["drop"]):
        raise BadArgument("rule", f"say which rule is meant: --rule welcome-back (for --{(said or ['drop'])[0]})")
    return name or (pool[0] if pool else None)


def _set(
    given: dict[str, Any], shop: Shop, name: str, codes: list[str], settings: Settings, screen: Screen
) -> dict[str, Any]:
    """Make or change the rule, then put the codes into its pool."""
    raw = merged(given, shop, name)
    if not given["dry_run"]:
        keep(shop.slug, name, raw)
    screen.mark("ok", f"{name}: {words(raw)}")
    if not given["pool"]:
        _warn(replace(shop, coupons={**shop.coupons, name: raw}), name, settings, screen)
        return {"is": raw}
    new = 0 if given["dry_run"] else _loaded(shop, name, codes, screen)
    screen.mark(
        "ok", f"{plural(len(codes), 'code')} in the file" + ("" if given["dry_run"] else f", {new} of them new")
    )
    return {"is": raw, "codes": len(codes), "new": new}


def _warn(shop: Shop, name: str, settings: Settings, screen: Screen) -> None:
    """Whether the shop would make such coupons: it is asked, where it can be."""
    from chalicelib import platforms, safe_http
    from chalicelib.platforms.shop_api import Denied, Trouble
    from chalicelib.work import access

    if parse(name, shop.coupons[name]).source == "pool":
        return
    if not hasattr(platforms.load_api(shop.platform), "make_coupon"):
        screen.mark("warn", f"{shop.platform} shops cannot be asked for coupons", _bring(shop, name))
        return
    try:
        api, link = access.reach(shop, settings)
        found = [one for one in api.check_coupons(link) if one.level != "ok"]
    except (access.NotConnected, Denied) as error:
        screen.mark("warn", "the shop does not let us make coupons yet", error.remedy)
        return
    except (Trouble, safe_http.Unreachable, safe_http.Refused) as error:
        screen.mark("warn", f"whether the shop makes coupons for us could not be seen: {error}")
        return
    for one in found:
        screen.mark(one.level, one.what, one.remedy)


def _bring(shop: Shop, name: str) -> str:
    return f"bring codes of your own: `coupons --shop {shop.slug} --pool {name} codes.csv`"


def _loaded(shop: Shop, name: str, codes: list[str], screen: Screen) -> int:
    from chalicelib.table import coupon_pools

    new = 0
    for start in range(0, len(codes), coupon_pools.AT_ONCE):
        new += coupon_pools.add(shop.slug, name, codes[start : start + coupon_pools.AT_ONCE])
        done = min(start + coupon_pools.AT_ONCE, len(codes))
        screen.bar("loaded", done, len(codes), last=done == len(codes))
    return new


def _dropped(given: dict[str, Any], shop: Shop, name: str, screen: Screen) -> dict[str, Any]:
    from chalicelib.table import coupon_pools

    if name not in shop.coupons:
        raise NeedsOwner(f"{shop.slug} has no coupon rule {name}: `coupons --shop {shop.slug}` lists them", "no_rule")
    free = coupon_pools.counts(shop.slug, name)[0]
    if not given["dry_run"]:
        keep(shop.slug, name, None)
        coupon_pools.clear(shop.slug, name)
    screen.mark("ok", f"{name} is gone" + (f", and {plural(free, 'code')} that nobody had" if free else ""))
    screen.say("  Flows that ask for it go on without a coupon, or stop there.")
    return {"is": None, "codes_dropped": free}


def _listed(shop: Shop, screen: Screen) -> int:
    from chalicelib.work import coupons_used

    found = coupons_used.findings(shop)
    if screen.machine:
        told = [{"level": one.level, "what": one.what, "remedy": screen.typed(one.remedy)} for one in found]
        screen.json({"shop": shop.slug, "rules": shop.coupons, "told": told})
    else:
        screen.head(f"{shop.slug} ({shop.platform})")
        for name, raw in sorted(shop.coupons.items()):
            screen.say(f"  {name}: {words(raw)}")
        for one in found:
            screen.mark(one.level, one.what, one.remedy)
        if not shop.coupons:
            screen.mark("do", f"no rule yet: `coupons --shop {shop.slug} --rule welcome-back --percent 10` makes one")
    return 3 if any(one.level == "fail" for one in found) else 0
