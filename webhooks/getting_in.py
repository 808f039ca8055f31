"""The first look at a shop: does it let us in, who does it say it is, and what follows for its registration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import ModuleType
from typing import Any

from chalicelib.domain.shop import Shop
from chalicelib.keys import seal_secret
from chalicelib.platforms.shop_api import Facts, Finding, Link
from chalicelib.work import access
from webhooks.arguments import TEXTS, BadArgument, checked
from webhooks.shops import registered

# What a shop says of itself -> the argument that says it instead.
_SAYS = {
    "name": "name",
    "currency": "currency",
    "timezone": "timezone",
    "country": "country",
    "locale": "locale",
    "address": "source_url",
}
# Platforms that sign everything with a secret of their own, and which of the credentials that is.
SIGNS_WITH = {"shopify": "client_secret"}


@dataclass(frozen=True, slots=True)
class Look:
    """What the shop said. `link` is logged in; `said` are arguments that its facts answer."""

    api: ModuleType
    link: Link
    facts: Facts
    findings: tuple[Finding, ...]
    said: dict[str, str] = field(default_factory=dict)

    @property
    def fails(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.level == "fail"]


def look(api: ModuleType, link: Link) -> Look:
    """Ask the shop who it is. Raises Denied, Trouble, Refused, Unreachable."""
    link = api.login(link)
    facts = api.facts(link)
    said, strange = _usable(facts)
    if hasattr(api, "jwks"):
        said["jwks"] = api.jwks(link)
    return Look(api, link, facts, (*api.check(link), *strange), said)


def _usable(facts: Facts) -> tuple[dict[str, str], list[Finding]]:
    said: dict[str, str] = {}
    strange: list[Finding] = []
    for name, argument in _SAYS.items():
        text = getattr(facts, name)
        if not text:
            continue
        try:
            said[argument] = checked({"shop": "any", "platform": "standard", argument: text})[TEXTS[argument][0]]
        except BadArgument:
            flag = argument.replace("_", "-")
            strange.append(Finding("warn", f"the shop's {name} is not one we know", f"say it yourself: --{flag}"))
    return said, strange


def shop_after(
    args: Mapping[str, Any],
    old: Shop | None,
    said: Mapping[str, str],
    credentials: Mapping[str, str],
    master: bytes,
    now: datetime,
    first: bool,
) -> Shop:
    """The shop as it is to be stored: what flags name, else what it was, else what the shop says of itself. Facts fill
    in only what nobody has said yet, and only at the `first` connection. Raises BadArgument."""
    if old and old.state == "off" and "state" not in args:
        args = {**args, "state": "on"}
    bare = registered(args, old, master, now)
    open_ones = {name: said[name] for name in said if first and name not in args and _unsaid(bare, TEXTS[name][0])}
    shop = registered({**args, **open_ones}, old, master, now) if open_ones else bare
    if old is None:  # random, and made anew by every look: the first one counts
        shop = replace(shop, blind_key=bare.blind_key, salt=bare.salt)
    return with_credentials(shop, credentials, master) if credentials else shop


def _unsaid(shop: Shop, name: str) -> bool:
    usual = {"name": shop.slug, "currency": "USD", "timezone": "UTC", "country": None, "locale": "en"}
    return getattr(shop, name) in (usual.get(name), None, "")


def with_credentials(shop: Shop, credentials: Mapping[str, str], master: bytes) -> Shop:
    """The shop with its credentials sealed, and with the secret it signs with where that is one of them."""
    shop = replace(shop, access=access.seal(master, shop.slug, credentials))
    name = SIGNS_WITH.get(shop.platform)
    if not name or not credentials.get(name):
        return shop
    sealed = seal_secret(master, shop.slug, "*", credentials[name])
    held = shop.supplied_secrets.get("*", [])
    return replace(
        shop, supplied_secrets={**shop.supplied_secrets, "*": held if sealed in held else [sealed, *held][:2]}
    )
