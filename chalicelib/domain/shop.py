"""A shop: one installed online shop, our tenant. `slug` is what stands in its addresses and leads every key."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from chalicelib.domain.times import moment

SLUG = re.compile(r"[a-z0-9-]{3,40}")


@dataclass(frozen=True, slots=True)
class Shop:
    """What the owner told us about the shop. Written by `python -m webhooks add-shop`, stored in row `S#s`|`CONFIG`."""

    slug: str
    platform: str
    connected_at: str  # orders whose trigger lies before this are history: never followed up
    locale: str = "en"  # BCP 47, of the shop's mails where the customer's is unknown
    currency: str = "USD"  # the shop's own code: may be IRT
    timezone: str = "UTC"  # IANA
    country: str | None = None  # ISO 3166-1 alpha-2: the region in which national phone numbers are read
    consent: str = "strict"  # e-mail policy: strict (only after opt-in) | soft (customers until they object)
    sender: str = ""  # RFC 5322 mailbox: Acme <shop@acme.test>
    postal_address: str = ""
    source_url: str | None = None  # where the shop's deliveries come from; None: not checked
    api_url: str | None = None
    name: str = ""
    blind_key: str = field(default="", repr=False)  # hex, random, never rotated: makes ids and look-ups of this shop
    salt: str = field(default="", repr=False)  # hex, random: decides the arms of this shop's experiment
    treated_share: str = "0.5"  # decimal text: chance of treatment
    consent_meta: dict[str, str] = field(default_factory=dict)  # plugin meta key -> channel (email | sms)
    flows_off: tuple[str, ...] = ()  # switched off by the owner; `flows_on` those that ship switched off
    flows_on: tuple[str, ...] = ()
    # flow -> the version of the owner's that is live; 0: the one that ships is, and there are the owner's older ones
    own_flows: dict[str, int] = field(default_factory=dict)
    # flow -> when it was last switched on or off: what happened before is never followed up by it afterwards
    flows_since: dict[str, str] = field(default_factory=dict)
    segments: dict[str, Any] = field(default_factory=dict)  # name -> its condition as it stands in a file
    # name -> fingerprint of the condition under which everybody was looked at: from then on who comes and goes is news
    segments_known: dict[str, str] = field(default_factory=dict)
    # kind (sms, http) -> {"provider": …, "sealed": …, and what is no secret}: how messages of that kind go out
    channels: dict[str, dict[str, Any]] = field(default_factory=dict)
    coupons: dict[str, dict[str, Any]] = field(default_factory=dict)  # rule -> what a coupon of it is worth
    caps: dict[str, list[int]] = field(default_factory=dict)  # channel or "total" -> [most, days]; else the usual ones
    review_url: str = ""  # where a happy customer may say so in public
    state: str = "on"  # on | paused | off
    importing: bool = False  # marketing waits while history is coming in
    secret_generation: int = 1  # the newest webhook secrets; older ones live down to `oldest_generation`
    oldest_generation: int = 1
    rotated_at: str = ""  # when the newest were made
    key_generation: int = 1  # of the secret key
    identity_generation: int = 1  # of what customer tokens are signed with
    old_identity_until: str = ""  # until then, excluded, also with the generation before
    publishable_key: str = ""
    secret_key_hash: str = ""
    # topic or "*" -> sealed secrets that the shop brought along
    supplied_secrets: dict[str, list[str]] = field(default_factory=dict, repr=False)
    access: str = field(default="", repr=False)  # sealed: what lets us into the shop's own API
    pings_until: str = ""  # while somebody waits for the shop's first sign of life, the door notes pings
    jwks: str = ""  # JSON Web Key Set of a platform that signs with a key pair
    retired_jwks: str = ""  # the set before, for deliveries that were on their way when it changed
    retired_jwks_at: str = ""
    origins: list[str] = field(default_factory=list)  # where the storefront's pages come from


def newest_secrets(shop: Shop) -> Shop:
    """The shop as if only its newest secrets were live: of those it brought along, the one named first."""
    supplied = {topic: sealed[:1] for topic, sealed in shop.supplied_secrets.items()}
    return replace(shop, oldest_generation=shop.secret_generation, supplied_secrets=supplied)


def old_identity(shop: Shop, now: datetime) -> int | None:
    """The generation of identity secrets before the newest, while customer tokens signed with it are still taken. None
    where there is no such time, or it is over."""
    if shop.identity_generation < 2 or not shop.old_identity_until or now >= moment(shop.old_identity_until):
        return None
    return shop.identity_generation - 1


def place(url: str) -> tuple[str, str]:
    """Host, port and path of an address: a shop answers to http and https, and hosts know no case."""
    host, slash, path = url.strip().partition("://")[2].partition("/")
    return host.lower().removesuffix(":443").removesuffix(":80"), (slash + path).rstrip("/")
