"""`rotate`: new webhook secrets. The old ones stay valid until `--finish`, so that nothing is lost on the way."""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import timedelta
from types import ModuleType
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from chalicelib.table.counters import Totals

ABOUT = """Makes new webhook secrets and gives them to the shop. What is signed with an old one is taken in as before,
until `rotate --finish`, which refuses on the first day, and while the shop still used an old one in the last day. One
that failed half-way goes on when it is run again on the same day: no further secret is made."""
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
        help="with --finish: even though it is the first day, an old one is in use, or nobody can see whether it is",
    )
    parser.add_argument(
        "--drop-supplied",
        action="store_true",
        help="with --finish: secrets that were named with --secret are not valid any more either",
    )
    asking.flags(parser, only=("client_secret",))
    usual(parser)


def run(given: dict[str, Any], screen: Screen) -> int:
    settings = here.enter(given).need("public_url")
    shop = here.shop_of(given)
    if given["force"] and not given["finish"]:
        raise BadArgument("force", "goes with --finish only")
    if given["drop_supplied"] and not given["finish"]:
        raise BadArgument("drop_supplied", "goes with --finish only")
    if given["drop_supplied"] and shop.platform in ONE_OF_ITS_OWN:
        raise BadArgument("drop_supplied", f"{shop.slug} signs with its own secret: without it nothing would be valid")
    answer = _finished(given, shop, settings, screen) if given["finish"] else _rotated(given, shop, settings, screen)
    if screen.machine:
        screen.json({"shop": shop.slug, **answer, **({"dry_run": True} if given["dry_run"] else {})})
    elif given["dry_run"]:
        screen.say("Nothing was changed (--dry-run).")
    return 0


def _finished(given: dict[str, Any], shop: Shop, settings: Settings, screen: Screen) -> dict[str, Any]:
    """Only the newest stays."""
    from webhooks.keeping import keep

    drops = bool(given["drop_supplied"] and shop.supplied_secrets)
    if not _has_old(shop) and not drops:
        screen.mark("ok", "there is only one secret of ours; nothing to finish")
        return {"finished": True, "old_secret_used": 0, "supplied_valid": _supplied_ones(shop, screen)}
    used = _used_lately(shop)
    if not given["force"]:
        _in_use(shop, used)
        _unheard(shop, drops)
    after = _newest_only(shop, drops)
    if not given["dry_run"]:
        if _gives(shop):
            _given_to_all(shop, settings)
        after = keep(shop.slug, lambda old: _newest_only(old or shop, drops))
    screen.mark("ok", "only the newest secret is valid" + (" of those that we made" if after.supplied_secrets else ""))
    return {"finished": True, "old_secret_used": used, "supplied_valid": _supplied_ones(after, screen)}


def _in_use(shop: Shop, used: int) -> None:
    if _is_young(shop):
        raise NeedsOwner(
            f"the new secret was made {ago(shop.rotated_at, clock.now())}; nothing was changed. What is still on "
            "its way has the old one: finish a day after, or use --force"
        )
    if used:
        raise NeedsOwner(
            f"{plural(used, 'delivery', 'deliveries')} of yesterday and today still had an old secret; nothing was "
            f"changed. {_where_old(shop)}, or use --force"
        )


def _unheard(shop: Shop, drops: bool) -> None:
    """Where we cannot give the shop its secret ourselves, only a delivery shows that it has the new one."""
    from chalicelib import platforms

    if _gives(shop):
        return
    if drops:
        raise NeedsOwner(
            "nobody can see from here whether the shop still signs with a secret that you named; nothing was changed. "
            "If you are sure: --force"
        )
    api = platforms.load_api(shop.platform)
    if api is not None and not api.SECRETS_PER_TOPIC:
        return
    last = _totals(shop).last_delivery_at
    if last is None or (shop.rotated_at and moment(last) <= moment(shop.rotated_at)):
        raise NeedsOwner(
            "nothing came from the shop since the new secret was made, so nobody knows whether it has it; nothing was "
            "changed. Finish after its next delivery, or use --force"
        )


def _gives(shop: Shop) -> bool:
    """Whether we may set the secrets of its webhooks."""
    from chalicelib import platforms

    api = platforms.load_api(shop.platform)
    return bool(api and api.SECRETS_PER_TOPIC and shop.access)


def _given_to_all(shop: Shop, settings: Settings) -> None:
    """Once more, since a webhook may have been missed, or set back by somebody: what holds an old one is lost later."""
    from chalicelib.work import access, hooks

    api, link = access.reach(shop, settings)
    hooks.renew(shop, api, link, settings)


def _supplied_ones(shop: Shop, screen: Screen) -> list[str]:
    """Say which secrets that the owner named stay valid; returns their topics."""
    if shop.platform in ONE_OF_ITS_OWN or not shop.supplied_secrets:
        return []
    count = sum(map(len, shop.supplied_secrets.values()))
    topics = sorted(shop.supplied_secrets)
    where = ", ".join("all topics" if topic == "*" else topic for topic in topics)
    screen.mark(
        "warn",
        f"{plural(count, 'secret')} that you named stay{'s' if count == 1 else ''} valid, for {where}",
        f"`rotate --shop {shop.slug} --finish --drop-supplied` retires {'it' if count == 1 else 'them'}",
    )
    return topics


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


def _newest_only(shop: Shop, drops: bool) -> Shop:
    supplied = {topic: sealed[:1] for topic, sealed in shop.supplied_secrets.items()}
    if shop.platform not in ONE_OF_ITS_OWN:
        supplied = {} if drops else shop.supplied_secrets
    return replace(shop, oldest_generation=shop.secret_generation, supplied_secrets=supplied)


# Platforms that sign with a secret of their own: of these the first is the newest.
ONE_OF_ITS_OWN = ("shopify",)
# So long a delivery may be on its way.
WAIT = timedelta(hours=24)


def _used_lately(shop: Shop) -> int:
    return int(_totals(shop).recent["old_secret"])


def _totals(shop: Shop) -> Totals:
    from chalicelib.table import counters

    return counters.totals(shop.slug, stamp(clock.now())[:10])


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
    if api and _gives(shop) and shop.oldest_generation < shop.secret_generation and _is_young(shop):
        return _renewed(given, shop, api, settings, screen)
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


def _renewed(given: dict[str, Any], shop: Shop, api: ModuleType, settings: Settings, screen: Screen) -> dict[str, Any]:
    """The last one may have failed half-way: its secret is good, and whichever webhook lacks it gets it now."""
    from chalicelib.work import access, hooks

    _, link = access.reach(shop, settings)
    if given["dry_run"]:
        topics = [hook.topic for hook in api.hooks(link, hooks.delivery_url(shop, settings))]
    else:
        topics = [change.topic for change in hooks.renew(shop, api, link, settings)]
    done = "would get" if given["dry_run"] else "got"
    when = ago(shop.rotated_at, clock.now())
    screen.mark("ok", f"{plural(len(topics), 'webhook')} {done} the secret that was made {when}; no other was made")
    return {"generation": shop.secret_generation, "webhooks": topics, "renewed": True}


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
