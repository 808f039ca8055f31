"""`rotate`: new webhook secrets. The old ones stay valid until `--finish`, so that nothing is lost on the way."""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import timedelta
from types import ModuleType
from typing import Any

from chalicelib import clock, keys
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import moment, stamp
from chalicelib.settings import Settings
from webhooks import asking, here
from webhooks.arguments import BadArgument
from webhooks.flags import names_shop, usual
from webhooks.outcomes import NeedsOwner
from webhooks.show import Screen, plural
from webhooks.spans import ago

ABOUT = """Makes new webhook secrets and gives them to the shop. What is signed with an old one is taken in as before,
until `rotate --finish`, which refuses on the first day, and while the shop still used an old one in the last day."""
EXAMPLE = """examples:
  .venv/bin/python -m webhooks rotate --shop acme
  (a day later)
  .venv/bin/python -m webhooks rotate --shop acme --finish

  Shopify signs with the secret of your app. Rotate it there, then tell us; asked for, not shown:
    .venv/bin/python -m webhooks rotate --shop acme --client-secret
  A home-made shop gets its new secret printed.
"""


def flags(parser: argparse.ArgumentParser) -> None:
    names_shop(parser)
    parser.add_argument("--finish", action="store_true", help="the old secrets are not valid any more")
    parser.add_argument(
        "--force",
        action="store_true",
        help="with --finish: even though it is the first day, or an old one is still in use",
    )
    asking.flags(parser, only=("client_secret",))
    usual(parser)


def run(given: dict[str, Any], screen: Screen) -> int:
    settings = here.enter(given).need("public_url")
    shop = here.shop_of(given)
    if given["force"] and not given["finish"]:
        raise BadArgument("force", "goes with --finish only")
    answer = _finished(given, shop, screen) if given["finish"] else _rotated(given, shop, settings, screen)
    if screen.machine:
        screen.json({"shop": shop.slug, **answer, **({"dry_run": True} if given["dry_run"] else {})})
    elif given["dry_run"]:
        screen.say("Nothing was changed (--dry-run).")
    return 0


def _finished(given: dict[str, Any], shop: Shop, screen: Screen) -> dict[str, Any]:
    """Only the newest stays."""
    from webhooks.keeping import keep

    if not _has_old(shop):
        screen.mark("ok", "there is only one secret; nothing to finish")
        return {"finished": True, "old_secret_used": 0}
    used = _used_lately(shop)
    if _is_young(shop) and not given["force"]:
        raise NeedsOwner(
            f"the new secret was made {ago(shop.rotated_at, clock.now())}; nothing was changed. What is still on "
            "its way has the old one: finish a day after, or use --force"
        )
    if used and not given["force"]:
        raise NeedsOwner(
            f"{plural(used, 'delivery', 'deliveries')} of yesterday and today still had an old secret; nothing was "
            f"changed. {_where_old(shop)}, or use --force"
        )
    if not given["dry_run"]:
        keep(shop.slug, lambda old: _newest_only(old or shop))
    screen.mark("ok", "only the newest secret is valid")
    return {"finished": True, "old_secret_used": used}


def _where_old(shop: Shop) -> str:
    from chalicelib import platforms

    if platforms.load_api(shop.platform) is None:
        return "Let the shop sign with the new one, which `rotate` printed"
    return f"`doctor --shop {shop.slug}` looks for webhooks that are not as we made them"


def _has_old(shop: Shop) -> bool:
    own = shop.supplied_secrets.get("*", []) if shop.platform in ONE_OF_ITS_OWN else []
    return shop.oldest_generation < shop.secret_generation or len(own) > 1


def _is_young(shop: Shop) -> bool:
    return bool(shop.rotated_at) and clock.now() - moment(shop.rotated_at) < WAIT


def _newest_only(shop: Shop) -> Shop:
    supplied = {topic: sealed[:1] for topic, sealed in shop.supplied_secrets.items()}
    supplied = supplied if shop.platform in ONE_OF_ITS_OWN else shop.supplied_secrets
    return replace(shop, oldest_generation=shop.secret_generation, supplied_secrets=supplied)


# Platforms that sign with a secret of their own: of these the first is the newest.
ONE_OF_ITS_OWN = ("shopify",)
# So long a delivery may be on its way.
WAIT = timedelta(hours=24)


def _used_lately(shop: Shop) -> int:
    from chalicelib.table import counters

    return int(counters.totals(shop.slug, stamp(clock.now())[:10]).recent["old_secret"])


def _rotated(given: dict[str, Any], shop: Shop, settings: Settings, screen: Screen) -> dict[str, Any]:
    if shop.platform == "shopify":
        return _supplied(given, shop, settings, screen)
    if given.get("client_secret"):
        raise BadArgument("client_secret", f"is for Shopify; {shop.slug} is {shop.platform}")
    if shop.platform == "saleor":
        return _public_keys(given, shop, screen)
    return _generation(given, shop, settings, screen)


def _generation(given: dict[str, Any], shop: Shop, settings: Settings, screen: Screen) -> dict[str, Any]:
    """A new generation of the secrets that we make. First it is valid here, then the shop gets it."""
    from chalicelib import platforms
    from webhooks.keeping import keep
    from webhooks.shops import MOST_GENERATIONS, rotated

    api = platforms.load_api(shop.platform)
    if shop.secret_generation - shop.oldest_generation + 1 >= MOST_GENERATIONS:
        raise NeedsOwner(f"{MOST_GENERATIONS} secrets are valid at once; first `rotate --shop {shop.slug} --finish`")
    after = rotated(shop, {"rotate_secrets": True}, settings.master, clock.now())
    changes: list[Any] = []
    if api:
        changes = _at_the_shop(given, shop, after, api, settings)
    elif not given["dry_run"]:
        keep(shop.slug, lambda old: rotated(old or shop, {"rotate_secrets": True}, settings.master, clock.now()))
    answer: dict[str, Any] = {"generation": after.secret_generation, "webhooks": [c.topic for c in changes]}
    done = "would get" if given["dry_run"] else "got"
    if api:
        screen.mark("ok", f"{plural(len(changes), 'webhook')} {done} a new secret; the old one is valid until --finish")
    else:
        secret = keys.webhook_secret(settings.master, shop.slug, "*", after.secret_generation)
        answer["secrets"] = {"*": secret}
        screen.mark("ok", "sign with this from now on; the old one is valid until --finish", secret)
    return answer


def _at_the_shop(given: dict[str, Any], shop: Shop, after: Shop, api: ModuleType, settings: Settings) -> list[Any]:
    """Ask first: a shop that does not let us in keeps its secrets."""
    from chalicelib.work import access, hooks
    from webhooks.keeping import keep
    from webhooks.shops import rotated

    _, link = access.reach(shop, settings)
    found = api.hooks(link, hooks.delivery_url(shop, settings))
    if given["dry_run"]:
        return list(found)
    keep(shop.slug, lambda old: rotated(old or shop, {"rotate_secrets": True}, settings.master, clock.now()))
    return list(hooks.renew(after, api, link, settings))


def _supplied(given: dict[str, Any], shop: Shop, settings: Settings, screen: Screen) -> dict[str, Any]:
    """The app's own secret: the new one beside the old, and for asking too."""
    from chalicelib import platforms
    from chalicelib.work import access
    from webhooks.getting_in import with_credentials
    from webhooks.keeping import keep

    api = platforms.load_api(shop.platform)
    found = asking.given_credentials(given, api) if api else {}
    if "client_secret" not in found or not api:
        raise BadArgument("client_secret", "rotate it in your app's settings at Shopify, then name it here")
    credentials = {**access.opened(settings.master, shop), **found}
    after = with_credentials(shop, credentials, settings.master)
    api.login(access.link(after, credentials, settings))

    def changed(old: Shop | None) -> Shop:
        fresh = with_credentials(old or shop, credentials, settings.master)
        newer = old is None or fresh.supplied_secrets != old.supplied_secrets
        return replace(fresh, rotated_at=stamp(clock.now())) if newer else fresh

    if not given["dry_run"]:
        keep(shop.slug, changed)
    screen.mark("ok", "the new secret is valid beside the old one; Shopify may use the old one for another hour")
    return {"supplied": True}


def _public_keys(given: dict[str, Any], shop: Shop, screen: Screen) -> dict[str, Any]:
    """Saleor signs with a key pair of its own: we only look again at the public half."""
    from webhooks.keeping import nudge

    if not given["dry_run"]:
        nudge(shop.slug, "keys")
    screen.mark("ok", "its public keys are fetched again within a minute; Saleor makes them, we only look")
    return {"keys": "asked for"}
