"""One shop platform per folder. The folder is the registry: its name is the name in the URL.

Each has two doors. `signature.py` (standard library only, all that the accept function loads):
    TOPICS             what we subscribe to and handle: topic -> name of its reader
    SECRETS_PER_TOPIC  whether each topic has its own secret (the topic is then an unsigned header)
    ALLOWED_HEADERS    lower-cased names that go into the envelope
    topic(headers, body), source(headers)      what the delivery calls itself, "" where it does not say
    is_ping(headers, body)                     an unsigned hello that is answered 200 and changes nothing
    key(secret)                                the HMAC key behind a secret, or None where it is unusable
    verify(headers, body, secrets, now)        True or False, never an exception
    sign(body, secret, *, topic, now, id)      the headers of a delivery as the platform would send it
A platform that signs with a key pair also has
    verify_with_keys(headers, body, jwks)      True or False: whether one of these public keys signed this
    unknown_key(headers, jwks)                 whether it names a key that is not among them
`webhook.py` offers the same and `read(topic, headers, body, *, received_at, shop) -> list[Event]`.
`api.py`, where the shop can be asked: `shop_api.py`.
Headers are mappings from lower-cased names to text. Every place that a new platform touches: docs/extending.md.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType


def names() -> tuple[str, ...]:
    """Every platform there is, sorted: the folders beside this file."""
    import pkgutil  # rarely needed, and never by the accept function

    return tuple(sorted(found.name for found in pkgutil.iter_modules(__path__) if found.ispkg))


def load(name: str) -> ModuleType:
    """The platform's `webhook` module. Raises LookupError for a platform that we do not have."""
    # Names come from addresses: only a plain word may become part of a module's path.
    if not (name.isascii() and name.isalpha() and name.islower()):
        raise LookupError("no such platform")
    try:
        return import_module(f"{__name__}.{name}.webhook")
    except ModuleNotFoundError as missing:
        if not (missing.name or "").startswith(f"{__name__}.{name}"):
            raise
        raise LookupError("no such platform") from None


def load_api(name: str) -> ModuleType | None:
    """The platform's `api` module, or None where its shops cannot be asked. Raises LookupError for no platform."""
    load(name)
    try:
        return import_module(f"{__name__}.{name}.api")
    except ModuleNotFoundError as missing:
        if missing.name != f"{__name__}.{name}.api":
            raise
        return None
