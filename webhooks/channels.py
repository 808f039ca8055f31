"""A shop's channels as its owner names them: checked before anything is written, listed without their secrets."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from chalicelib import keys
from chalicelib.domain import sms
from chalicelib.domain.shop import Shop
from chalicelib.settings import Settings
from chalicelib.signatures import signature_of
from chalicelib.work import ways
from webhooks.arguments import BadArgument, checked_url

Ask = Callable[[str, str], str]  # (name, what was typed) -> the secret
PROVIDERS = {"sms": ("sns", "kavenegar"), "http": ("http",), "onsite": ("onsite",)}
# provider -> what to do with the address at which it tells us something
WHERE = {
    "kavenegar": "in Kavenegar's panel, for incoming messages and for delivery reports of the line:",
    "sns": "subscribe this to the topic (HTTPS, without raw delivery):",
    "http": "subscribe this to the topic (HTTPS, without raw delivery):",
}
_KIND = re.compile(r"sms|http|onsite|http:[a-z0-9-]{1,40}")
_KEY = re.compile(r"[A-Za-z0-9]{8,200}")
_TOPIC = re.compile(r"arn:aws(-[a-z]+)*:sns:[a-z]{2}(-[a-z]+)+-[0-9]:[0-9]{12}:[A-Za-z0-9_.-]{1,256}")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")
_SENDERS = {
    "kavenegar": (re.compile(r"[0-9]{3,20}"), "the number of a line of yours, such as 10008663"),
    "sns": (
        re.compile(r"\+?[0-9]{3,15}|(?=.*[A-Za-z])[A-Za-z0-9-]{1,11}"),
        "a number of yours, or a name of 1 to 11 letters and digits",
    ),
}
# provider -> the flags that are about it
_OF = {
    "kavenegar": ("sender", "most_parts", "cost", "stop_notice", "key"),
    "sns": ("sender", "region", "topic", "most_parts", "cost", "stop_notice"),
    "http": ("url", "to", "consent", "topic", "secret"),
    "onsite": (),
}
_SECRET = {"kavenegar": "key", "http": "secret"}


def checked_kind(text: str) -> str:
    """Raises BadArgument."""
    if not _KIND.fullmatch(text):
        raise BadArgument("kind", "sms, http, http:NAME (small letters, digits, dashes) or onsite")
    return text


def checked(shop: Shop, kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """What is no secret: what was there and what was said now, on top. Raises BadArgument."""
    before = shop.channels.get(kind, {})
    provider = _provider(kind, given.get("provider") or before.get("provider"))
    _strange(provider, given)
    kept = before if before.get("provider") == provider else {}
    told = {name: value for name, value in kept.items() if name not in ("sealed", "provider")}
    for name in _OF[provider]:
        if given.get(name) is not None and name != _SECRET.get(provider):
            told[name] = _CHECKS[name](provider, str(given[name]))
    if provider == "http" and "url" not in told:
        raise BadArgument("url", "is missing: where it goes to, such as https://n8n.acme.test/hook")
    return {"provider": provider, **told}


def secrets_of(
    shop: Shop, kind: str, told: Mapping[str, Any], given: Mapping[str, Any], ask: Ask, master: bytes
) -> dict[str, str]:
    """The secrets that were said now; one of ours for an endpoint that has none yet. Raises BadArgument."""
    provider = str(told["provider"])
    name, before = _SECRET.get(provider, ""), shop.channels.get(kind, {})
    has = bool(before.get("sealed")) and before.get("provider") == provider
    if not name or (given.get(name) is None and has):
        return {}
    if given.get(name) is None and provider == "http":
        return {"secret": keys.outgoing_secret(master, shop.slug, kind)}
    if given.get(name) is None:
        raise BadArgument(name, "is missing: the API key, from Kavenegar's panel")
    return {name: _fine(name, ask(name, str(given[name])).strip())}


def _fine(name: str, value: str) -> str:
    standard = signature_of("standard")
    fine = _KEY.fullmatch(value) if name == "key" else standard is not None and standard.key(value)
    if not fine:
        raise BadArgument(name, "letters and digits only" if name == "key" else "whsec_ and base64")
    return value


def sealed(master: bytes, shop: Shop, kind: str, told: Mapping[str, Any], secrets: Mapping[str, str]) -> dict[str, Any]:
    """As it stands in the shop's row. Without new secrets the old ones stay."""
    before = shop.channels.get(kind, {})
    if secrets:
        return {**told, "sealed": ways.seal(master, shop.slug, kind, secrets)}
    same = before.get("provider") == told["provider"] and before.get("sealed")
    return {**told, **({"sealed": before["sealed"]} if same else {})}


def listed(shop: Shop, settings: Settings) -> list[dict[str, Any]]:
    """Each channel without its secrets, and where its provider tells us of answers and reports."""
    rows = [{"kind": "email", "provider": "ses", "sender": shop.sender, "tells_us_at": []}] if shop.sender else []
    for kind, told in sorted(shop.channels.items()):
        plain = {name: value for name, value in told.items() if name != "sealed"}
        row = {"kind": kind, **plain, "has_secret": bool(told.get("sealed"))}
        rows.append({**row, "tells_us_at": _doors(shop, told, settings)})
    return rows


def _doors(shop: Shop, told: Mapping[str, Any], settings: Settings) -> list[str]:
    if told.get("provider") == "kavenegar":
        token = keys.provider_token(settings.master, "kavenegar", shop.slug)
        return [f"{settings.need('public_url').public_url}/provider/kavenegar/{shop.slug}/{token}"]
    if told.get("topic"):
        return [f"{settings.need('public_url').public_url}/provider/sns/{shop.slug}"]
    return []


def in_words(row: Mapping[str, Any]) -> str:
    """`sms through kavenegar, sender 10008663, cost 95 IRT`; `onsite`, which nobody but us brings."""
    left = ("kind", "provider", "tells_us_at", "has_secret", "secret")
    more = [f"{name.replace('_', ' ')} {value}" for name, value in row.items() if name not in left]
    kind, provider = row["kind"], row["provider"]
    return ", ".join([kind if kind == provider else f"{kind} through {provider}", *more])


def _provider(kind: str, named: Any) -> str:
    known = PROVIDERS[ways.plain_kind(kind)]
    if named is None and len(known) > 1:
        raise BadArgument("provider", f"is missing: {' or '.join(known)}")
    if named is not None and named not in known:
        raise BadArgument("provider", f"of {kind}: {' or '.join(known)}")
    return str(named or known[0])


def _strange(provider: str, given: Mapping[str, Any]) -> None:
    everything = {name for names in _OF.values() for name in names}
    for name in sorted(everything - set(_OF[provider])):
        if given.get(name) is not None:
            raise BadArgument(name, f"is nothing that {provider} knows")


def _sender(provider: str, text: str) -> str:
    form, remedy = _SENDERS[provider]
    if not form.fullmatch(text.strip()):
        raise BadArgument("sender", remedy)
    return text.strip()


def _parts(provider: str, text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 10:
        raise BadArgument("most_parts", "1 to 10")
    return int(text)


def _cost(provider: str, text: str) -> str:
    try:
        sms.price(text)
    except ValueError:
        raise BadArgument("cost", 'what one part costs, such as "0.045 EUR" or "95 IRT"') from None
    return text.strip()


def _notice(provider: str, text: str) -> str:
    if not text.strip() or sms.size(text.strip()).parts != 1 or not text.strip().isprintable():
        raise BadArgument("stop_notice", "a few words on one line, such as: Reply STOP to opt out")
    return text.strip()


def _form(name: str, form: re.Pattern[str], remedy: str) -> Callable[[str, str], str]:
    def check(provider: str, text: str) -> str:
        if not form.fullmatch(text.strip()):
            raise BadArgument(name, remedy)
        return text.strip()

    return check


def _one_of(name: str, *allowed: str) -> Callable[[str, str], str]:
    return _form(name, re.compile("|".join(allowed)), f"one of {', '.join(allowed)}")


_CHECKS: dict[str, Callable[[str, str], Any]] = {
    "sender": _sender,
    "region": _form("region", _REGION, "an AWS region such as eu-central-1"),
    "topic": _form("topic", _TOPIC, "the topic's ARN: arn:aws:sns:eu-central-1:123456789012:acme-texts"),
    "most_parts": _parts,
    "cost": _cost,
    "stop_notice": _notice,
    "url": lambda provider, text: checked_url("url", text),
    "to": _one_of("to", "email", "phone", "none"),
    "consent": _one_of("consent", "email", "sms"),
}
