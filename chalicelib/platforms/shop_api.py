"""The words of a platform's `api.py`, which asks a shop what its webhooks may not have told.

A platform that can be asked has a module `api` beside its `webhook`, with
    CREDENTIALS        credential -> one sentence for the owner: what it is and where to find it
    KINDS              what can be listed, in the order in which an import takes it, such as ("products", "orders")
    HOOK_TOPICS        the topics that we subscribe to through the API, a part of TOPICS
    login(link)        the link with a fresh short-lived token, where the platform needs one; else the link itself
    facts(link)        -> Facts: who the shop says it is
    check(link)        -> list[Finding]: what an owner should know before relying on it (rights, address, version)
    count(link)        -> how many orders the shop holds that we would hold too: without unfinished and deleted ones
    page(link, shop, kind, since, cursor)   -> Page: what changed at or after the stored moment `since` (None: all)
    orders(link, shop, ids)                 -> Found: these orders as they are now
    hooks(link, delivery_url)               -> list[Hook]: ours, that is: those that lead to `delivery_url`
    add_hook(link, topic, delivery_url, secret) · mend_hook(link, hook, delivery_url, secret) · drop_hook(link, hook)
    renew_hook(link, hook, secret)     where SECRETS_PER_TOPIC (of the platform's `signature`, offered here too)
and, where the shop can make coupons for us,
    make_coupon(link, shop, wish)           -> the shop's id of it; one of ours that is there already is made as wished
    drop_coupon(link, provider_id)          gone already is fine
    check_coupons(link)                     -> list[Finding]: whether it may make coupons, and whether they are of use
Each may raise Denied (the owner has to do something), Trouble (later it may work), safe_http.Refused (an address that
we never speak to) or safe_http.Unreachable (nobody answers). None of them changes anything but those for webhooks and
coupons.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from chalicelib.domain.coupon import Coupon
from chalicelib.domain.events import Event
from chalicelib.domain.money import BadMoney, Money, to_major
from chalicelib.domain.order import Order
from chalicelib.domain.times import moment
from chalicelib.safe_http import Answer

# A shop's clock has seconds: what it said about a second that is not over may still change within it.
SETTLED_AFTER = timedelta(seconds=2)


class Denied(Exception):
    """The shop does not let us, and asking again will not help. `code` is a word such as bad_key, read_only,
    missing_scope, protected_data, moved, no_api; `remedy` a sentence for the owner. Neither holds a secret."""

    def __init__(self, code: str, remedy: str) -> None:
        super().__init__(f"{code}: {remedy}")
        self.code, self.remedy = code, remedy


class Trouble(Exception):
    """It did not work, and later it may. `wait`: the seconds that the shop asked us to wait, else 0."""

    def __init__(self, reason: str, wait: float = 0) -> None:
        super().__init__(reason)
        self.reason, self.wait = reason, wait


class Asks(Protocol):
    """What speaks HTTP for us: `safe_http.Client`, or a double in a test."""

    def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        most: int = ...,
    ) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Link:
    """How we reach one shop. `url` has no slash at its end."""

    url: str
    credentials: Mapping[str, str] = field(repr=False)
    http: Asks = field(repr=False)
    now: Callable[[], datetime] = field(repr=False)
    local: bool = False  # a pretend shop on this machine may speak http

    def with_credential(self, name: str, value: str) -> Link:
        return replace(self, credentials={**self.credentials, name: value})


@dataclass(frozen=True, slots=True)
class Facts:
    """What the shop says of itself; "" where it does not say. `address` is its own idea of where it lives."""

    address: str
    name: str = ""
    currency: str = ""
    timezone: str = ""  # IANA
    country: str = ""
    locale: str = ""
    version: str = ""  # of the shop's software, for people to read


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `level`: ok | warn | fail; `remedy` says what to do, unless all is well."""

    level: str
    what: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Unread:
    """Something the shop holds that we cannot read. The reason never holds a value."""

    kind: str
    id: str
    reason: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing. `next` is None at the end, else opaque text of at most 2,000 characters from which any
    process can go on, today or tomorrow. `total`: how many there are, where the shop says. `wait`: seconds before the
    next page can be there."""

    events: tuple[Event, ...] = ()
    unread: tuple[Unread, ...] = ()
    next: str | None = None
    total: int | None = None
    wait: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """Orders that were asked for by id. `gone` are those that the shop says it does not have."""

    orders: tuple[Order, ...] = ()
    unread: tuple[Unread, ...] = ()
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hook:
    """One webhook of ours at the shop. `state`: active | paused | disabled, in our words."""

    id: str
    topic: str
    url: str
    state: str


@dataclass(frozen=True, slots=True)
class Wish:
    """A coupon that a shop is to make, for one order of one person. `title` and `mark` (of the follow-up) tell ours
    from others; `emails`, newest first, and `accounts` (the platform's ids) are whose it is, as far as we know."""

    coupon: Coupon
    title: str
    mark: str
    emails: tuple[str, ...] = field(default=(), repr=False)
    accounts: tuple[str, ...] = ()


def in_units(money: Money, currency: str) -> str:
    """The amount as a shop that sells in `currency` (its own code) writes it. Raises Denied."""
    try:
        return to_major(money, currency)
    except BadMoney:
        remedy = f"the coupon's rule is in {money.currency} and the shop sells in {currency}: write the rule anew"
        raise Denied("other_currency", remedy) from None


def code_taken() -> Denied:
    """What to raise where the code is somebody else's."""
    return Denied("code_taken", "the shop has another coupon with the code that ours would get: delete or rename it")


def settled(order: Order, asked_at: datetime) -> Order:
    """The order, marked as settled if the shop said so at least two seconds after it last changed. `asked_at` is the
    shop's own clock where it shows it (the Date header), so that ours does not matter."""
    return replace(order, settled=asked_at >= moment(order.updated_at) + SETTLED_AFTER)
