"""Which platform signs how, and whether a shop's live secrets prove a delivery: asked at the door and by ingest."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from types import ModuleType

from chalicelib import platforms
from chalicelib.directory import Entry, entry
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import moment
from chalicelib.envelope import Envelope

# A door believes a set of keys for a minute after it was replaced; then nothing new is signed with them.
ON_ITS_WAY = timedelta(minutes=5)


@lru_cache(maxsize=1)
def platform_names() -> frozenset[str]:
    """The registry, looked up once: names in addresses are anybody's."""
    return frozenset(platforms.names())


@lru_cache(maxsize=64)
def _imported(platform: str) -> ModuleType:
    return importlib.import_module(f"chalicelib.platforms.{platform}.signature")


def signature_of(platform: str) -> ModuleType | None:
    """The platform's `signature` module, or None for a name that is no platform of ours."""
    return _imported(platform) if platform in platform_names() else None


def secret_topics(signature: ModuleType, topic: str) -> list[str]:
    """Whose secrets may have signed it. A topic we do not know changes nothing here, so any of the shop's own secrets
    proves that it is authentic; a known one only its own."""
    if not signature.SECRETS_PER_TOPIC:
        return ["*"]
    return [topic] if topic in signature.TOPICS else list(signature.TOPICS)


def proves(
    known: Entry,
    master: bytes,
    shop: str,
    signature: ModuleType,
    topic: str,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
) -> bool:
    """Whether one of the shop's live secrets signed this, or one of its public keys."""
    candidates = known.candidates(master, shop, secret_topics(signature, topic))
    with_keys = getattr(signature, "verify_with_keys", None) if known.jwks else None
    return bool(
        signature.verify(headers, body, candidates, now) or (with_keys and with_keys(headers, body, known.jwks))
    )


def proven(envelope: Envelope, shop: Shop, master: bytes) -> bool:
    """Ingest's question: by what the table says now, is this a delivery of the shop? Covers a shop that was switched
    off or a secret that was retired while it waited, and envelopes that accept could not verify."""
    signature = signature_of(envelope.platform)
    if signature is None or envelope.shop != shop.slug or envelope.platform != shop.platform:
        return False
    if not listens(shop.state, signature, envelope.topic):
        return False
    at = moment(envelope.received_at)
    topic = envelope.topic if signature.SECRETS_PER_TOPIC else "*"
    said = (topic, envelope.headers, envelope.body, at)
    known = entry(shop)
    if proves(known, master, shop.slug, signature, *said):
        return True
    on_its_way = bool(shop.retired_jwks) and at <= moment(shop.retired_jwks_at) + ON_ITS_WAY
    return on_its_way and proves(replace(known, jwks=shop.retired_jwks), master, shop.slug, signature, *said)


def listens(state: str, signature: ModuleType, topic: str) -> bool:
    """A shop that is switched off is heard no more, but for what people ask of us by law after it left."""
    return state != "off" or topic in getattr(signature, "PRIVACY_TOPICS", ())
