"""Registering a shop: what `python -m webhooks add-shop` and the local world's `/_local/shops` do."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from chalicelib import directory, keys
from chalicelib.domain.shop import Shop, old_identity
from chalicelib.domain.times import stamp
from chalicelib.settings import Settings
from chalicelib.signatures import signature_of
from webhooks.arguments import ROTATIONS, BadArgument, checked, flows_switched, kept_for, secrets_by_topic
from webhooks.warnings import mistyped, of_rotation, warnings

# More live generations than this would only be forgotten ones; each costs an HMAC per delivery.
MOST_GENERATIONS = 4


class Rows(Protocol):
    """Where shops are kept: `chalicelib.table.shops`."""

    def get(self, slug: str) -> Shop | None: ...
    def change(self, slug: str, by: Callable[[Shop | None], Shop]) -> Shop: ...
    def all_slugs(self) -> list[str]: ...


def add_shop(
    args: Mapping[str, Any],
    settings: Settings,
    now: datetime,
    *,
    rows: Rows | None = None,
    put: Callable[[str, bytes], None] | None = None,
) -> dict[str, Any]:
    """Create the shop, or change what the arguments name; publish the directory; return what the owner needs (as in
    `described`) with `warnings`. Raises BadArgument, with nothing written."""
    settings.need("public_url")
    kept, rows = rows is None, _table() if rows is None else rows
    slug = checked(args)["slug"]
    old = rows.get(slug)

    def after(held: Shop | None) -> Shop:
        nonlocal old
        old = held  # somebody else may have changed it meanwhile: a secret that leaked must not come back
        return registered(args, held, settings.master, now)

    shop = after(old) if args.get("dry_run") else rows.change(slug, after)
    near = [] if old else mistyped(slug, rows.all_slugs())
    if not args.get("dry_run"):
        if kept:
            _learn(slug, now)
        thin = settings.thin()
        directory.publish(lambda: _all(rows, shop), put or (lambda key, data: thin.s3_put(settings.bucket, key, data)))
    return {**described(shop, settings, now), "warnings": [*near, *of_rotation(old, shop, now), *warnings(shop, args)]}


def listed(now: datetime, rows: Rows | None = None) -> list[dict[str, Any]]:
    """Every shop, by slug, without its secrets."""
    rows = _table() if rows is None else rows
    return [_line(shop, now) for shop in map(rows.get, sorted(rows.all_slugs())) if shop]


def _line(shop: Shop, now: datetime) -> dict[str, Any]:
    shown = ("platform", "state", "connected_at", "sender", "consent", "currency", "timezone", "treated_share")
    return {
        "shop": shop.slug,
        **{name: getattr(shop, name) for name in shown},
        "flows_off": list(shop.flows_off),
        "flows_on": list(shop.flows_on),
        "origins": list(shop.origins),
        "old_identity_secret_until": _old_identity_until(shop, now),
    }


def _old_identity_until(shop: Shop, now: datetime) -> str | None:
    return shop.old_identity_until if old_identity(shop, now) is not None else None


def _table() -> Rows:
    # PynamoDB takes a while to load, and `--help` does not need it
    from chalicelib.table import base, shops

    base.connect()
    return shops


def _learn(slug: str, now: datetime) -> None:
    """From now on it is learnt from, every night."""
    from chalicelib.work import learn_timer

    learn_timer.ensure(slug, now)


def _all(rows: Rows, new: Shop) -> Iterable[Shop]:
    """Every shop as the table has it. A list read a moment too early may lack the newest."""
    slugs = sorted({*rows.all_slugs(), new.slug})
    return [shop for shop in map(rows.get, slugs) if shop]


def registered(args: Mapping[str, Any], old: Shop | None, master: bytes, now: datetime) -> Shop:
    """The shop after this command. What the arguments do not name stays; ids and arms never change."""
    given = checked(args)
    rotates = [name for name in ROTATIONS if args.get(name)]
    if old is None and rotates:
        raise BadArgument(rotates[0], f"there is no shop {given['slug']} yet; `shops` lists those there are")
    if old and given["platform"] != old.platform:
        raise BadArgument("platform", f"{old.slug} is {old.platform}; register another shop with another --shop")
    for name in ("blind_key", "salt"):
        if old and given.get(name, getattr(old, name)) != getattr(old, name):
            raise BadArgument(name, "cannot change: every id and every arm of this shop was made with it")
    shop = replace(old or _new(given["slug"], given["platform"], master, now), **given)
    shop = _switched(shop, flows_switched(args), old is None, now)
    if old is None and "country" not in given and shop.locale[-3:-2] == "-":
        shop = replace(shop, country=shop.locale[-2:])
    if args.get("secret"):
        shop = replace(shop, supplied_secrets=_sealed(shop, secrets_by_topic(shop.platform, args["secret"]), master))
    return rotated(shop, args, master, now)


def _switched(shop: Shop, wanted: Mapping[str, bool], new: bool, now: datetime) -> Shop:
    """With flows on and off. In a new shop they were never otherwise."""
    if not wanted:
        return shop
    from chalicelib.flows import shipped
    from chalicelib.work import flow_switch  # loads the table

    for name, on in wanted.items():
        shop = flow_switch.switched(shop, shipped()[name], on, now)
    return replace(shop, flows_since={}) if new else shop


def _new(slug: str, platform: str, master: bytes, now: datetime) -> Shop:
    return Shop(
        slug,
        platform,
        stamp(now),
        name=slug,
        blind_key=secrets.token_hex(32),
        salt=secrets.token_hex(32),
        publishable_key=keys.publishable_key(master, slug),
    )


def _sealed(shop: Shop, plain: dict[str, list[str]], master: bytes) -> dict[str, list[str]]:
    return {
        topic: [keys.seal_secret(master, shop.slug, topic, secret) for secret in found]
        for topic, found in plain.items()
    }


def rotated(shop: Shop, args: Mapping[str, Any], master: bytes, now: datetime) -> Shop:
    """Rotating makes a new generation beside the old ones; retiring leaves only the newest. Raises BadArgument."""
    newest = shop.secret_generation + bool(args.get("rotate_secrets"))
    oldest = newest if args.get("retire_old_secrets") else shop.oldest_generation
    if newest - oldest >= MOST_GENERATIONS:
        raise BadArgument("rotate_secrets", f"{MOST_GENERATIONS} generations are live; first --retire-old-secrets")
    key = shop.key_generation + bool(args.get("rotate_secret_key"))
    hashed = keys.hash_secret_key(keys.secret_key(master, shop.slug, key))
    if newest != shop.secret_generation:
        shop = replace(shop, rotated_at=stamp(now))
    shop = replace(shop, secret_generation=newest, oldest_generation=oldest, key_generation=key, secret_key_hash=hashed)
    return _identity_rotated(shop, args, now)


def _identity_rotated(shop: Shop, args: Mapping[str, Any], now: datetime) -> Shop:
    """Of these two at most are taken: the newest and, where the owner asks for it, the one before."""
    kept = kept_for(args)
    if not args.get("rotate_identity_secret"):
        return shop
    until = stamp(now + kept) if kept else ""
    return replace(shop, identity_generation=shop.identity_generation + 1, old_identity_until=until)


def described(shop: Shop, settings: Settings, now: datetime) -> dict[str, Any]:
    """What the owner needs to connect the shop: where to send, what to sign with, the keys of API and storefront."""
    master = settings.master
    return {
        "shop": shop.slug,
        "platform": shop.platform,
        "delivery_url": f"{settings.public_url.rstrip('/')}/hooks/{shop.platform}/{shop.slug}",
        "secrets": {
            topic: keys.webhook_secret(master, shop.slug, topic, shop.secret_generation) for topic in _topics(shop)
        },
        "publishable_key": shop.publishable_key,
        "secret_key": keys.secret_key(master, shop.slug, shop.key_generation),
        "identity_secret": keys.identity_secret(master, shop.slug, shop.identity_generation),
        "old_identity_secret_until": _old_identity_until(shop, now),
        "test_key": keys.test_key(master, shop.slug),
    }


def without_secrets(answer: dict[str, Any]) -> dict[str, Any]:
    """The same, of a command that changes nothing: what is not there yet should not be copied from it."""
    return {name: value for name, value in answer.items() if name not in ("secrets", "secret_key", "identity_secret")}


def _topics(shop: Shop) -> list[str]:
    signature = signature_of(shop.platform)
    return list(signature.TOPICS) if signature and signature.SECRETS_PER_TOPIC else ["*"]
