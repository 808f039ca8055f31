"""Through whom a shop's messages of a kind go out, and with what: its config with the secrets opened.

A kind is `email`, `sms`, `http`, `onsite`, `http:<name>` for one more endpoint that the shop named, or `webhook:<name>`
where a flow only tells that endpoint that somebody has come to a step.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from types import ModuleType
from typing import Any

from chalicelib import channels, keys
from chalicelib.channels import Message, Receipt, Refused, Trouble, Way
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.settings import Settings
from chalicelib.table import base
from chalicelib.work.log import logger

# A provider that has not answered by then is asked later: a worker has more to do.
ANSWER_SECONDS = 15.0
# Providers that tell of a message by a number of their own.
_TELLS_BY_NUMBER = ("kavenegar",)
_TO = {"email": "email", "phone": "sms"}
_STEP = "webhook:"
_CALLED_FROM_OUTSIDE = ("kavenegar", "http")


def provider_of(shop: Shop, kind: str) -> ModuleType:
    """The channel: REACHES, CONFIRMS, `send`. Raises LookupError where nobody reaches people that way."""
    plain = "http" if kind.startswith(_STEP) else plain_kind(kind)
    return channels.provider(plain, str(_told(shop, kind).get("provider", "")))


def plain_kind(kind: str) -> str:
    """`http` of `http:slack`."""
    return kind.partition(":")[0]


def set_up(shop: Shop) -> set[str]:
    """The kinds that can be used: e-mail where the shop has a sender, all else that it configured."""
    return ({"email"} if shop.sender else set()) | (shop.channels.keys() - {"email"})


def reaches(shop: Shop, kind: str) -> str:
    """Which address the channel wants: email | sms | person (none) | visitor (none). An endpoint says it in `to`."""
    if plain_kind(kind) == "http":
        return _TO.get(str(_told(shop, kind).get("to", "")), "person")
    return str(provider_of(shop, kind).REACHES)


def consent(shop: Shop, kind: str) -> str:
    """Whose consent marketing needs on this channel: email | sms. An endpoint that says nothing needs that for the
    address it is told, else that of e-mail; "" on the shop's own pages, which disturb nobody."""
    plain, told = plain_kind(kind), _told(shop, kind)
    if plain in ("onsite", "webhook"):
        return ""
    if plain == "http":
        usual = "sms" if told.get("to") == "phone" else "email"
        return "sms" if told.get("consent", usual) == "sms" else "email"
    return "sms" if plain == "sms" else "email"


def way(
    shop: Shop,
    kind: str,
    settings: Settings,
    now: datetime,
    http: Any = None,
    shelve: Callable[[Message, datetime], None] | None = None,
) -> Way:
    """What the channel needs. `http` and `shelve` are the real ones where they are not given. Raises Refused where the
    shop's secrets were sealed under another master."""
    told = _told(shop, kind)
    plain = {name: value for name, value in told.items() if name != "sealed"}
    config = {"country": shop.country, **plain, **_opened(settings.master, shop, _key(shop, kind), told)}
    if kind.startswith(_STEP):
        config["type"] = "flow.step"
    if http is None and told.get("provider") in _CALLED_FROM_OUTSIDE:
        http = _client(settings.local)
    return Way(settings, now, config, http, shelve or _shelve)


def _key(shop: Shop, kind: str) -> str:
    """Under which the shop keeps it: of `webhook:crm` the endpoint `crm`, of `webhook:` the one without a name."""
    if not kind.startswith(_STEP):
        return kind
    name = kind.removeprefix(_STEP)
    return "http" if name in ("", "http") else f"http:{name}"


def _told(shop: Shop, kind: str) -> Mapping[str, Any]:
    return shop.channels.get(_key(shop, kind), {})


def seal(master: bytes, shop: str, kind: str, secrets: Mapping[str, str]) -> str:
    """Secrets of a channel as they are stored in the shop's row."""
    return keys.seal_secret(master, shop, _place(kind), json.dumps(dict(secrets), sort_keys=True))


def deliver(shop: Shop, kind: str, message: Message, now: datetime, settings: Settings, http: Any = None) -> Receipt:
    """Hand a message to the shop's provider. Raises Refused, Trouble, Unclear."""
    if kind != "email" and not _told(shop, kind):
        raise Refused("no_channel")
    try:
        channel = provider_of(shop, kind)
    except LookupError:
        raise Refused("no_channel") from None
    receipt: Receipt = channel.send(message, way(shop, kind, settings, now, http))
    _remember(shop, kind, message.id, receipt, now)
    return receipt


def find(shop: Shop, kind: str, follow_up: str, now: datetime, settings: Settings, http: Any = None) -> Receipt | None:
    """Of a channel that CONFIRMS by query: what became of a try whose answer was lost; None: it never left, or failed
    there, so that it may be tried again. Raises table.base.Trouble: ask later."""
    asked = Message(follow_up, "", shop.slug, "", "", "", "", "")
    try:
        receipt: Receipt | None = provider_of(shop, kind).sent(asked, way(shop, kind, settings, now, http))
    except Refused:
        return None
    except Trouble as trouble:
        raise base.Trouble(str(trouble)) from None
    if receipt:
        _remember(shop, kind, follow_up, receipt, now)
    return receipt


def _remember(shop: Shop, kind: str, follow_up: str, receipt: Receipt, now: datetime) -> None:
    """Whose message the provider's report will be about. It is out: no trouble of ours may look like the provider's."""
    provider = str(_told(shop, kind).get("provider", ""))
    if provider not in _TELLS_BY_NUMBER:
        return
    from chalicelib.table import provider_messages

    try:
        provider_messages.remember(shop.slug, provider, receipt.provider_id, follow_up, now)
    except (base.Trouble, base.Conflict, base.Refused) as trouble:
        logger.warning("its report will not be understood", extra={"follow_up": follow_up, "reason": str(trouble)})


def _opened(master: bytes, shop: Shop, kind: str, told: Mapping[str, Any]) -> dict[str, str]:
    if not told.get("sealed"):
        return {}
    try:
        return dict(json.loads(keys.open_secret(master, shop.slug, _place(kind), str(told["sealed"]))))
    except keys.BadToken:
        raise Refused("its key was sealed under another master: set the channel up again") from None


def _place(kind: str) -> str:
    """Where a sealed secret belongs is part of its seal; no platform has a topic of this name."""
    return f"channel-{kind}"


def _shelve(message: Message, now: datetime) -> None:
    from chalicelib.table import shelf

    about = message.about
    if not about.get("visitor"):
        raise Refused("nobody to show it to")
    link = about.get("link", "")
    shown = shelf.Shown(message.id, message.text.strip(), stamp(now), message.subject, link, message.language)
    try:
        shelf.put(message.shop, about["visitor"], shown)
    except base.Trouble as trouble:
        raise Trouble(str(trouble)) from None


@lru_cache(maxsize=2)
def _client(local: bool) -> Any:
    """One of a process. It waits for nobody: who is busy is asked later."""
    from chalicelib.safe_http import Client

    return Client(local=local, total=ANSWER_SECONDS, patience=0)
