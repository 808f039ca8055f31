"""One way to reach a person per file: REACHES, CONFIRMS, `send(message, settings)`. Knows no consent and no flows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from types import ModuleType
from typing import Any


class Refused(Exception):
    """The provider says no, and will again: a bad address, a blocked sender. Not retried."""


class Trouble(Exception):
    """The provider could not for the moment (throttled, unreachable before it took the message). Try later: `wait`
    seconds at the least, where it said so."""

    def __init__(self, reason: str = "", wait: float = 0) -> None:
        super().__init__(reason)
        self.wait = wait


class Unclear(Exception):
    """The answer was lost: it may or may not have been sent. What follows depends on what the channel CONFIRMS."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message for one person. `id` is the follow-up's id; `claim` tells one try from another. `text` is all that an
    SMS says; `about` goes to an http endpoint beside it: flow, step, customer, order, kind of purpose."""

    id: str
    claim: str
    shop: str
    to: str
    sender: str
    subject: str
    html: str
    text: str
    headers: dict[str, str] = field(default_factory=dict)
    language: str = ""  # BCP 47
    about: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The provider took the message. `parts`: how many it is billed as (SMS)."""

    provider_id: str
    parts: int = 1


@dataclass(frozen=True, slots=True)
class Way:
    """What a channel needs to reach somebody. `config` is the shop's for this kind, secrets opened (never logged);
    `http` speaks to addresses from outside (`safe_http.Client`); `shelve` keeps what the storefront will show."""

    settings: Any
    now: datetime
    config: Mapping[str, Any] = field(default_factory=dict, repr=False)
    http: Any = field(default=None, repr=False)
    shelve: Callable[[Message, datetime], None] | None = field(default=None, repr=False)


# kind that a flow's step names -> the providers of it, the first where the shop names none
PROVIDERS = {"email": ("ses",), "sms": ("sns", "kavenegar"), "http": ("http",), "onsite": ("onsite",)}


def provider(kind: str, name: str = "") -> ModuleType:
    """The module that reaches people by `email`, `sms`, `http` or `onsite`: `REACHES` (email | sms | person | visitor),
    `CONFIRMS` (event | query | idempotent | none), `send(message, way) -> Receipt`; where CONFIRMS is query also
    `sent(message, way) -> Receipt | None`: what became of a try whose answer was lost.

    Raises LookupError where nobody reaches people that way.
    """
    names = PROVIDERS[kind]
    if name and name not in names:
        raise LookupError(name)
    return import_module(f"{__name__}.{name or names[0]}")
