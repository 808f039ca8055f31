"""Credentials of a shop's API: from flags, a file, standard input, or asked for unseen. Never shown or kept here."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any

from chalicelib import platforms
from webhooks.arguments import BadArgument
from webhooks.flags import text_of

_ASK = "\0ask"  # no value that could be typed
_LONGEST = 4000
# Shorter names for the command line. (`--secret` is what webhooks are signed with.)
_SHORT = {"consumer_key": "key", "consumer_secret": "secret_key"}
# What lets us in, where not all of a platform's credentials are needed together. The first is the one we advise.
_WAYS: dict[str, tuple[tuple[str, ...], ...]] = {
    "shopify": (("client_id", "client_secret"), ("token", "client_secret")),
}


def ways(platform: str, api: ModuleType) -> tuple[tuple[str, ...], ...]:
    """Which credentials are needed together: one of these."""
    return _WAYS.get(platform, (tuple(api.CREDENTIALS),))


def known() -> dict[str, str]:
    """Every credential of every platform -> what it is."""
    found: dict[str, str] = {}
    for name in platforms.names():
        api = platforms.load_api(name)
        for credential, text in (api.CREDENTIALS if api else {}).items():
            found[credential] = f"{found[credential]}; {name}: {text}" if credential in found else f"{name}: {text}"
    return found


def dest(credential: str) -> str:
    """Its name on the command line, without dashes."""
    return _SHORT.get(credential, credential)


def flag(credential: str) -> str:
    """The flag that brings a credential."""
    return "--" + dest(credential).replace("_", "-")


def flags(parser: argparse.ArgumentParser, only: Iterable[str] | None = None) -> None:
    """A flag per credential. One without a value is asked for, so that it does not stand in the shell's history."""
    group = parser.add_argument_group(
        "what lets us into the shop", "without its value, each is asked for and not shown as you type"
    )
    for name, text in known().items():
        if only is None or name in only:
            group.add_argument(flag(name), metavar="S", nargs="?", const=_ASK, help=text.replace("%", "%%"))
    group.add_argument(
        "--credentials",
        metavar="FILE",
        help="all of them from a file, JSON or name=value lines; - is standard input. What connect takes as --secret "
        "may stand there as secret",
    )


def given_credentials(
    given: Mapping[str, Any], api: ModuleType, ask: Callable[[str], str] | None = None
) -> dict[str, str]:
    """What was given for this platform; empty where nothing was. Raises BadArgument, never with a value in it."""
    file = given.get("credentials")
    found = _of_platform(file if isinstance(file, dict) else held_in(file), api) if file is not None else {}
    for name in known():
        value = given.get(dest(name))
        if value is None:
            continue
        if name not in api.CREDENTIALS:
            raise BadArgument(dest(name), f"is nothing this platform knows; it wants {_flags(api.CREDENTIALS)}")
        found[name] = (ask or _asked)(name) if value == _ASK else value
    return {name: _fine(name, value) for name, value in found.items()}


def complete(platform: str, api: ModuleType, found: Mapping[str, str]) -> dict[str, str]:
    """The credentials, if they are enough. Raises BadArgument that names what is missing."""
    needed = ways(platform, api)
    if any(set(way) <= found.keys() for way in needed):
        return dict(found)
    best = max(needed, key=lambda way: len(set(way) & found.keys()))
    missing = next(name for name in best if name not in found)
    others = " or ".join(_flags(way) for way in needed)
    where = f"wanted: {others}; where they are: webhooks/{platform}/README.md"
    raise BadArgument(dest(missing), f"is missing: {api.CREDENTIALS[missing]} ({where})")


def asked(platform: str, api: ModuleType) -> dict[str, str]:
    """All that is needed together, asked for at the terminal. Empty where there is none to ask at."""
    return {name: _fine(name, _asked(name)) for name in ways(platform, api)[0]} if sys.stdin.isatty() else {}


def held_in(path: str) -> dict[str, str]:
    """What a credentials file holds, name -> text, by the names that stand there. Raises BadArgument."""
    text = sys.stdin.read() if path == "-" else text_of(path, "credentials")
    try:
        found = json.loads(text) if text.lstrip().startswith("{") else _lines(text)
    except ValueError:
        raise BadArgument("credentials", "is neither a JSON object nor lines of name=value") from None
    # a pretend shop's line, and whatever else has them under this name
    found = found.get("credentials", found)
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise BadArgument("credentials", 'should be an object of texts, such as {"key": "ck_…", "secret_key": "cs_…"}')
    return found


def signing_secret(held: dict[str, str], api: ModuleType | None) -> str | None:
    """Takes `secret` out of what a file held: what the shop signs with. None where there is none, or where it belongs
    to a consumer's key, for want of another one."""
    consumers = api is not None and "consumer_secret" in api.CREDENTIALS
    if consumers and not held.keys() & {"consumer_secret", "secret_key"}:
        return None
    return held.pop("secret", None)


def _of_platform(held: Mapping[str, str], api: ModuleType) -> dict[str, str]:
    found = {_long(name, api): value for name, value in held.items()}
    strange = [name for name in found if name not in api.CREDENTIALS]
    if strange or not found:
        wanted = ", ".join(api.CREDENTIALS)
        raise BadArgument("credentials", f"should hold {wanted}" + (f", not {', '.join(strange)}" if strange else ""))
    return dict(found)


def _long(name: str, api: ModuleType) -> str:
    """A credential's own name for what a file calls it: `key` and `secret` of a consumer are enough."""
    long = {"key": "consumer_key", "secret": "consumer_secret", "secret_key": "consumer_secret"}.get(name, name)
    return long if long in api.CREDENTIALS else name


def _lines(text: str) -> dict[str, Any]:
    lines = [line for line in map(str.strip, text.splitlines()) if line and not line.startswith("#")]
    pairs = [line.partition("=") for line in lines]
    if not all(sign for _, sign, _ in pairs):
        raise ValueError
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _asked(name: str) -> str:
    if not sys.stdin.isatty():
        raise BadArgument(dest(name), "has no value, and there is no terminal to ask at; use --credentials FILE")
    return getpass.getpass(f"{flag(name)}: ")


def _fine(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST or not value.strip().isprintable():
        raise BadArgument(dest(name), f"must be text on one line, 1 to {_LONGEST:,} characters")
    return value.strip()


def _flags(names: Iterable[str]) -> str:
    return " and ".join(map(flag, names))
