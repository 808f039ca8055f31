"""What an owner may say about a shop, checked before anything is written: every refusal names the flag and a remedy."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from email.utils import getaddresses
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.numbers import list_currencies

from chalicelib.domain.money import BadMoney, iso
from chalicelib.domain.people import clean_email
from chalicelib.domain.shop import SLUG, place
from chalicelib.domain.times import BadTime, moment, normal, stamp
from chalicelib.flows import shipped
from chalicelib.signatures import platform_names, signature_of
from webhooks.origins import origin_of

CHANNELS = ("email", "sms")
# Fewer held out than a fifth could not show what follow-ups earn; fewer treated than half would earn less.
LEAST_TREATED, MOST_TREATED = Decimal("0.5"), Decimal("0.8")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_HOURS = re.compile(r"([0-9]{1,3})h")
_HEX_KEY = re.compile(r"[0-9a-f]{64}")


class BadArgument(ValueError):
    """An argument cannot be used. Its text is for the owner: which flag, and what to write instead."""

    def __init__(self, name: str, remedy: str) -> None:
        super().__init__(f"--{name.replace('_', '-')}: {remedy}")
        self.name = name


def _slug(text: str) -> str:
    if not SLUG.fullmatch(text):
        raise ValueError("3 to 40 of a-z, 0-9 and -, such as acme; it becomes part of addresses and keys")
    return text


def _platform(text: str) -> str:
    if text not in platform_names():
        raise ValueError(f"one of {', '.join(sorted(platform_names()))}; home-made shops use standard")
    return text


def _line(text: str) -> str:
    if len(text) > 300 or _CONTROL.search(text):
        raise ValueError("at most 300 characters on one line")
    return text.strip()


def _locale(text: str) -> str:
    try:
        return str(Locale.parse(text, sep="-")).replace("_", "-")
    except (ValueError, UnknownLocaleError):
        raise ValueError("a language tag such as en, en-GB or fa-IR") from None


def _currency(text: str) -> str:
    try:
        known = iso(text) in list_currencies()
    except BadMoney:
        known = False
    if not known:
        raise ValueError("an ISO 4217 code such as USD, or IRT, IRHT, IRHR for Toman, thousand Toman, thousand Rial")
    return text.strip().upper()


def _timezone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (KeyError, ValueError, OSError):
        raise ValueError("a name of the IANA time zone database such as Europe/Berlin or Asia/Tehran") from None


def _country(text: str) -> str:
    if len(text) != 2 or text.upper() not in Locale("en").territories:
        raise ValueError("two letters of ISO 3166-1 such as DE or IR")
    return text.upper()


def _one_of(*allowed: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"one of {', '.join(allowed)}")
        return text

    return check


def _sender(text: str) -> str:
    found = getaddresses([_line(text)])
    if len(found) != 1 or not clean_email(found[0][1]):
        raise ValueError('one mailbox such as "Acme <shop@acme.test>"')
    return text.strip()


def _url(text: str) -> str:
    try:
        parts = urlsplit(_line(text))
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username and parts.port != 0
    except ValueError:
        fine = False
    if not fine:
        raise ValueError("an address such as https://acme.test, without a user name in it")
    return text.strip()


def _origin(text: str) -> str:
    return origin_of(_line(text))


def _moment(text: str) -> str:
    try:
        return normal(text)
    except BadTime:
        raise ValueError("a moment such as 2026-11-21T09:00:00Z") from None


def _jwks(text: str) -> str:
    try:
        keys = json.loads(text)["keys"]
    except (ValueError, TypeError, KeyError):
        keys = None
    if not isinstance(keys, list) or not keys or not all(isinstance(key, dict) and key.get("kty") for key in keys):
        raise ValueError('a file with a JSON Web Key Set: {"keys":[{"kty":…}]}')
    return json.dumps({"keys": keys}, sort_keys=True)


def _share(text: str) -> str:
    try:
        share = Decimal(text.strip())
        fine = share.is_finite() and LEAST_TREATED <= share <= MOST_TREATED
    except InvalidOperation:
        fine = False
    if not fine or len(text.strip()) > 6:
        raise ValueError(f"{LEAST_TREATED} to {MOST_TREATED}: at least a fifth is held out, or nothing can be measured")
    return text.strip()


def _flow(text: str) -> str:
    if text not in shipped():
        raise ValueError(f"one of {', '.join(sorted(shipped()))}")
    return text


def _hours(text: str) -> str:
    found = _HOURS.fullmatch(text.strip())
    if not found or not 1 <= int(found[1]) <= MOST_HOURS_KEPT:
        raise ValueError(f"1h to {MOST_HOURS_KEPT}h, such as 24h")
    return found[1]


def _random_key(text: str) -> str:
    if not _HEX_KEY.fullmatch(text):
        raise ValueError("64 hex digits")
    return text


# argument -> (field of Shop, check)
TEXTS: dict[str, tuple[str, Callable[[str], str]]] = {
    "shop": ("slug", _slug),
    "platform": ("platform", _platform),
    "name": ("name", _line),
    "locale": ("locale", _locale),
    "currency": ("currency", _currency),
    "timezone": ("timezone", _timezone),
    "country": ("country", _country),
    "consent": ("consent", _one_of("strict", "soft")),
    "from": ("sender", _sender),
    "address": ("postal_address", _line),
    "source_url": ("source_url", _url),
    "api_url": ("api_url", _url),
    "review_url": ("review_url", _url),
    "connected_at": ("connected_at", _moment),
    "jwks": ("jwks", _jwks),
    "treated_share": ("treated_share", _share),
    "state": ("state", _one_of("on", "paused", "off")),
    "blind_key": ("blind_key", _random_key),
    "salt": ("salt", _random_key),
}
ROTATIONS = ("rotate_secrets", "retire_old_secrets", "rotate_secret_key", "rotate_identity_secret")
SWITCHES = (*ROTATIONS, "dry_run")
_OTHERS = ("secret", "consent_meta", "origin", "flow_off", "flow_on", "keep_old_for")
# Long enough for a weekend; a secret that is taken for longer is one that nobody changes.
MOST_HOURS_KEPT = 72


def checked(args: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of Shop from arguments; those that are None or missing are left out. Raises BadArgument."""
    for name in args:
        if name not in TEXTS and name not in SWITCHES and name not in _OTHERS:
            raise BadArgument(name, "there is no such argument; see `add-shop --help`")
    for name in ("shop", "platform"):
        if not args.get(name):
            raise BadArgument(name, "is missing; it is always needed")
    given = {name: args[name] for name in TEXTS if args.get(name) is not None}
    found: dict[str, Any] = {TEXTS[name][0]: _text(name, value) for name, value in given.items()}
    if args.get("consent_meta"):
        found["consent_meta"] = _consent_meta(args["consent_meta"])
    if args.get("origin"):
        found["origins"] = list(dict.fromkeys(_checked("origin", _origin, text) for text in args["origin"]))
    return found


def checked_slug(value: Any) -> str:
    """A shop's short name. Raises BadArgument."""
    return _text("shop", value) if value is not None else _missing("shop")


def checked_moment(name: str, value: Any) -> str:
    """A moment in the stored form. Raises BadArgument."""
    return _checked(name, _moment, value)


def checked_past(name: str, value: Any, now: datetime) -> str:
    """A moment that is over, in the stored form. Raises BadArgument."""
    at = checked_moment(name, value)
    if moment(at) > now:
        raise BadArgument(name, f"lies ahead: it is {stamp(now)}")
    return at


def checked_url(name: str, value: Any) -> str:
    """An address without a slash at its end. Raises BadArgument."""
    return _checked(name, _url, value).rstrip("/")


def same_place(one: str, other: str) -> bool:
    """Whether two addresses are one: scheme, host, port and path. What opens the one may be told to the other."""
    return _place(one) == _place(other)


def _place(url: str) -> tuple[str, tuple[str, str], int | None]:
    parts = urlsplit(url.strip())
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, place(url), parts.port or usual


def _missing(name: str) -> str:
    raise BadArgument(name, "is missing; it is always needed")


def flows_switched(args: Mapping[str, Any]) -> dict[str, bool]:
    """flow -> on or off, as `flow_off` and `flow_on` say. Raises BadArgument."""
    off, on = (
        {_checked(name, _flow, text) for text in _list(name, args.get(name))} for name in ("flow_off", "flow_on")
    )
    if off & on:
        raise BadArgument("flow_on", f"{', '.join(sorted(off & on))} cannot be on and off at once")
    return {**dict.fromkeys(sorted(off), False), **dict.fromkeys(sorted(on), True)}


def _list(name: str, value: Any) -> list[Any]:
    if value is not None and not isinstance(value, list):
        raise BadArgument(name, "must be a list")
    return value or []


def _text(name: str, value: Any) -> str:
    return _checked(name, TEXTS[name][1], value)


def _checked(name: str, check: Callable[[str], str], value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise BadArgument(name, "must be text and not empty")
    try:
        return check(value)
    except ValueError as error:
        raise BadArgument(name, str(error)) from None


def _consent_meta(pairs: Mapping[str, str]) -> dict[str, str]:
    for key, channel in pairs.items():
        if not key or channel not in CHANNELS:
            raise BadArgument("consent_meta", "key=email or key=sms, such as _newsletter_optin=email")
    return dict(pairs)


def kept_for(args: Mapping[str, Any]) -> timedelta | None:
    """For how long the old identity secret is still taken; None: not at all. Raises BadArgument."""
    if args.get("keep_old_for") is None:
        return None
    if not args.get("rotate_identity_secret"):
        raise BadArgument("keep_old_for", "goes with --rotate-identity-secret only")
    return timedelta(hours=int(_checked("keep_old_for", _hours, args["keep_old_for"])))


def secrets_by_topic(platform: str, texts: list[str]) -> dict[str, list[str]]:
    """Supplied secrets by the topic they are for: `order.created=S` is for one topic, anything else for all (`*`)."""
    signature = signature_of(platform)
    topics = signature.TOPICS if signature and signature.SECRETS_PER_TOPIC else ()
    found: dict[str, list[str]] = {}
    for text in texts:
        if not isinstance(text, str) or not text.strip() or len(text) > 1000 or _CONTROL.search(text):
            raise BadArgument("secret", "must be text, 1 to 1000 characters on one line")
        topic, sign, secret = text.partition("=")
        place, secret = (topic, secret) if sign and topic in topics else ("*", text)
        if not signature or signature.key(secret) is None:
            raise BadArgument("secret", f"not a secret as {platform} uses it (standard: whsec_ and base64)")
        if secret not in found.setdefault(place, []):
            found[place].append(secret)
    return found
