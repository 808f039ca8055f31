"""One way to reach a person per file: REACHES, CONFIRMS, `send(message, settings)`. Knows no consent and no flows."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from types import ModuleType


class Refused(Exception):
    """The provider says no, and will again: a bad address, a blocked sender. Not retried."""


class Trouble(Exception):
    """The provider could not for the moment (throttled, unreachable before it took the message). Try later."""


class Unclear(Exception):
    """The answer was lost: it may or may not have been sent. What follows depends on what the channel CONFIRMS."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message for one person. `id` is the follow-up's id; `claim` tells one try from another."""

    id: str
    claim: str
    shop: str
    to: str
    sender: str
    subject: str
    html: str
    text: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The provider took the message."""

    provider_id: str


# What a flow's step names is what reaches a person; this says through whom.
PROVIDERS = {"email": "ses"}


def reaching(kind: str) -> ModuleType:
    """The provider for `email` (or `sms`): `REACHES`, `CONFIRMS` (event | query | idempotent | none), `send`.

    Raises LookupError where nobody reaches people that way.
    """
    return import_module(f"{__name__}.{PROVIDERS[kind]}")
