"""What every folder in platforms/ promises, held against every recorded delivery: being there is being tested."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest

from chalicelib import platforms
from chalicelib.domain.events import Event, Unreadable
from chalicelib.domain.shop import Shop

WEBHOOKS = Path(__file__).parents[1] / "webhooks"
CONTRACT = {"TOPICS", "SECRETS_PER_TOPIC", "ALLOWED_HEADERS", "topic", "source", "is_ping", "key", "verify", "sign"}
BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
SECRETS = {
    "woocommerce": "رمز whsec_1 & <2>",
    "standard": "whsec_bWVtb3JhYmxlLWtleS1vZi1hLWhvbWUtbWFkZS1zaG9w",
    "shopify": "رمز shpss_1 & <2>",
    "saleor": "saleor-secret-راز",
}
# Beside the signature, what a platform's verify reads; every other header may say what it likes.
READ_TOO = {"webhook-id", "webhook-timestamp", "svix-id", "svix-timestamp", "x-saleor-signature"}
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Recording(NamedTuple):
    """One recorded delivery: `now` is a moment at which it verified; `keys`: the key set of one without a secret."""

    name: str
    platform: str
    headers: dict[str, str]
    body: bytes
    secret: str
    received_at: str
    now: datetime
    keys: str


def recordings(platform: str) -> list[Recording]:
    files = sorted((WEBHOOKS / platform / "samples").glob("*/*.json"))
    return [_recording(platform, file, json.loads(file.read_text())) for file in files]


def _recording(platform: str, file: Path, raw: dict) -> Recording:
    headers = {name.lower(): value for name, value in raw["headers"]}
    headers.pop("x-saleor-signature", None)  # says the same again; that the two must agree is in test_saleor.py
    timestamp = headers.get("webhook-timestamp")
    now = datetime.fromtimestamp(int(timestamp), UTC) if timestamp else NOON
    name = f"{platform}/{file.parent.name}/{file.stem}"
    body = base64.b64decode(raw["body_base64"])
    jwks = file.parents[1] / "jwks.json"
    keys = jwks.read_text() if raw["secret"] is None and jwks.is_file() else ""
    return Recording(name, platform, headers, body, raw["secret"] or "", raw["received_at"], now, keys)


ALL = [recording for name in platforms.names() for recording in recordings(name)]
PINGS = [r for r in ALL if platforms.load(r.platform).is_ping(r.headers, r.body)]
SIGNED = [r for r in ALL if r not in PINGS]
# One of each folder and topic gets the long treatment: every byte, every character.
TYPICAL = list({(r.name.rpartition("-")[0][:25], r.body[:40], len(r.body)): r for r in SIGNED}.values())[::5]
# A public key is a thousand times slower than a secret: one recording of those stands for all.
TYPICAL = [r for r in TYPICAL if not r.keys] + [r for r in SIGNED if r.keys][:1]

every_platform = pytest.mark.parametrize("name", platforms.names())


def shop(platform: str) -> Shop:
    return Shop("acme", platform, "2026-01-01T00:00:00Z", currency="IRT", timezone="Asia/Tehran", country="IR")


def verifies(r: Recording, body: bytes | None = None, **changed: str) -> bool:
    platform = platforms.load(r.platform)
    headers, body = {**r.headers, **changed}, r.body if body is None else body
    if r.keys:
        return platform.verify_with_keys(headers, body, r.keys)
    return platform.verify(headers, body, [r.secret], r.now)


def signature_header(r: Recording) -> str:
    return next(name for name in r.headers if name.endswith(("-signature", "-hmac-sha256")))


def test_the_folders_are_the_registry():
    assert {"standard", "woocommerce"} <= set(platforms.names())
    assert all((WEBHOOKS / name / "samples").is_dir() for name in platforms.names())


@every_platform
def test_every_platform_offers_the_whole_contract(name):
    webhook, signature = platforms.load(name), import_module(f"chalicelib.platforms.{name}.signature")
    assert set(vars(signature)) >= CONTRACT
    assert all(getattr(webhook, word) is getattr(signature, word) for word in CONTRACT)
    assert set(webhook.READERS) == set(signature.TOPICS.values())
    assert all(header == header.lower() for header in signature.ALLOWED_HEADERS)


@pytest.mark.parametrize("name", ["shopware", "", "..", "woocommerce.orders", "os", "WooCommerce", "ووکامرس", "body"])
def test_a_platform_that_we_do_not_have_is_a_lookup_error(name):
    with pytest.raises(LookupError):
        platforms.load(name)


@every_platform
def test_the_signature_alone_imports_nothing_heavy(name):
    heavy = "phonenumbers email_validator fastjsonschema babel pynamodb boto3 botocore chalice decimal zoneinfo typing"
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({heavy.split()!r}))\n"
        f"import chalicelib.platforms.{name}.signature\n"
        "print(*sorted(m for m in sys.modules if m.startswith('chalicelib') or sys.modules[m] is None))"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, cwd=WEBHOOKS.parent)
    ours = ["", ".platforms", f".platforms.{name}", f".platforms.{name}.signature"]
    # what a signature is made of may lie beside it
    parts = {f"chalicelib.platforms.{name}.jws", "chalicelib.rsa_verify"}
    loaded = set(done.stdout.split()) - parts
    assert done.stderr == ""
    assert loaded == {f"chalicelib{module}" for module in ours} | set(heavy.split())


def test_there_are_recordings_of_both_kinds():
    assert len(PINGS) >= 41
    assert len(SIGNED) >= 142


@pytest.mark.parametrize("r", SIGNED, ids=lambda r: r.name)
def test_a_recorded_delivery_verifies_and_a_changed_one_does_not(r):
    assert verifies(r)
    for at in {*range(0, len(r.body), max(1, len(r.body) // 40)), len(r.body) - 1}:
        assert not verifies(r, _flipped(r.body, at)), f"byte {at}"
    assert not any(verifies(r, body) for body in (b"", r.body + b" ", r.body[:-1], b" " + r.body))


@pytest.mark.parametrize("r", [r for r in SIGNED if not r.keys or r in TYPICAL], ids=lambda r: r.name)
def test_every_character_of_the_signature_counts(r):
    header = signature_header(r)
    text = r.headers[header]
    for at, was in enumerate(text):
        other = "B" if was != "B" else "C"
        assert not verifies(r, **{header: text[:at] + other + text[at + 1 :]}), f"character {at}"
    # The last character before "=" carries two bits that mean nothing: they must count all the same.
    last = [text[:-2] + other + "=" for other in BASE64 if other != text[-2]]
    assert not any(verifies(r, **{header: forged}) for forged in last)


@pytest.mark.parametrize("r", TYPICAL, ids=lambda r: r.name)
def test_every_byte_of_the_body_counts(r):
    assert not any(verifies(r, _flipped(r.body, at)) for at in range(len(r.body)))


@pytest.mark.parametrize("r", [r for r in TYPICAL if not r.keys], ids=lambda r: r.name)
def test_no_other_character_fits_anywhere_in_the_signature(r):
    header = signature_header(r)
    text = r.headers[header]
    swaps = [
        text[:at] + ch + text[at + 1 :] for at in range(len(text)) for ch in BASE64 + "-_ ~\n\x00é" if ch != text[at]
    ]
    forged = [swap for swap in swaps if swap.strip() != text]
    assert [swap for swap in forged if verifies(r, **{header: swap})] == []


@pytest.mark.parametrize("r", SIGNED[::20], ids=lambda r: r.name)
def test_a_signature_with_a_newline_behind_it_is_the_same_signature(r):
    header = signature_header(r)
    assert verifies(r, **{header: f" {r.headers[header]}\r\n"})


@pytest.mark.parametrize("r", PINGS, ids=lambda r: r.name)
def test_a_ping_is_known_as_one_and_verifies_with_nothing(r):
    assert not verifies(r)


@every_platform
def test_a_signed_delivery_is_no_ping(name):
    platform = platforms.load(name)
    assert not any(platform.is_ping(r.headers, r.body) for r in SIGNED if r.platform == name)
    assert not platform.is_ping({"x-wc-webhook-signature": "AAAA"}, b"webhook_id=12")
    for body in (b"", b"webhook_id=", b"webhook_id=1&x=2", b"webhook_id=" + b"9" * 50, b'{"id":1}'):
        assert not platform.is_ping({}, body)


@every_platform
@pytest.mark.parametrize("body", [b"", b"{}", '{"نام":"زهرا 🎁"}'.encode(), b"\xff\x00 not text", b"x" * 100_000])
def test_what_we_sign_verifies_and_only_with_that_secret(name, body):
    platform, secret = platforms.load(name), SECRETS[name]
    for topic in platform.TOPICS:
        headers = platform.sign(body, secret, topic=topic, now=NOON, id="msg_1")
        assert platform.verify(headers, body, ["whsec_b3RoZXI=", secret], NOON + timedelta(minutes=4))
        assert not platform.verify(headers, body, ["whsec_b3RoZXI="], NOON)
        assert not platform.verify(headers, body, [], NOON)
        assert set(headers) <= set(platform.ALLOWED_HEADERS)


@every_platform
def test_a_secret_that_is_none_opens_nothing_and_signs_nothing(name):
    """An empty key is known to everybody: a delivery signed with it must not pass."""
    platform = platforms.load(name)
    headers = platform.sign(b"{}", SECRETS[name], topic="order.updated", now=NOON, id="msg_1")
    assert platform.key("") is None
    assert not platform.verify(headers, b"{}", ["", "\ud800", "whsec_", "whsec_%%%", "whsec_é", "="], NOON)
    with pytest.raises(ValueError, match="secret"):
        platform.sign(b"{}", "", topic="order.updated", now=NOON, id="msg_1")


HOSTILE = [
    "",
    " ",
    "garbage",
    "v1,",
    "v1",
    ",",
    "=",
    "====",
    "v1,====",
    "a" * 44,
    "A" * 43 + "=",
    "v1," + "A" * 43 + "=",
    "v1,AAAA",
    "v1a,AAAA v1,",
    "ا" * 44,
    "v1,é",
    "\ud800",
    "\x00" * 44,
    "٠١٢٣٤٥٦٧٨٩",
    "\u00a0" * 44,
    "A" * 1_000_000,
    "v1, " * 100_000,
    "-1",
    "1e9",
    "9" * 400,
    "+1795296049",
    "1795296049.0",
]


@pytest.mark.parametrize("r", SIGNED[::25], ids=lambda r: r.name)
@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_headers_are_refused_and_never_raise(r, value):
    for header in r.headers:
        unread = header != signature_header(r) and header not in READ_TOO
        assert verifies(r, **{header: value}) is unread


@pytest.mark.parametrize("r", SIGNED[::25], ids=lambda r: r.name)
def test_missing_headers_are_refused_and_never_raise(r):
    platform = platforms.load(r.platform)
    assert not platform.verify({}, r.body, [r.secret], r.now)
    without = {name: value for name, value in r.headers.items() if name != signature_header(r)}
    assert not platform.verify(without, r.body, [r.secret], r.now)
    assert platform.topic({}, b"") == platform.source({}) == ""
    assert all(isinstance(platform.topic(dict.fromkeys(r.headers, value), b""), str) for value in HOSTILE)


@pytest.mark.parametrize("r", SIGNED, ids=lambda r: r.name)
def test_a_recorded_delivery_is_read_into_events_or_refused_with_a_reason(r):
    platform = platforms.load(r.platform)
    topic = platform.topic(r.headers, r.body)
    told = _read(platform, topic, r)
    if isinstance(told, Unreadable):
        assert told.reason
        assert told.field
    else:
        assert all(isinstance(event, Event) for event in told)
        assert told or topic not in platform.TOPICS


@every_platform
@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b"1", b'"text"', b"{", b"\xff\xfe", b"\x80", b"NaN", b'{"id":NaN}', b'{"id":Infinity}'],
)
def test_what_is_no_json_object_is_refused(name, body):
    for topic in platforms.load(name).TOPICS:
        with pytest.raises(Unreadable):
            platforms.load(name).read(topic, {}, body, received_at="2026-11-21T12:00:00Z", shop=shop(name))


@every_platform
def test_bombs_are_refused(name):
    bombs = [
        b'{"a":' * 200_000,
        b"[" * 200_000,
        b'{"id":' + b"9" * 1_000_000 + b"}",
        b'{"id":1.' + b"9" * 1_000_000 + b"}",
        b'{"id":1e99999999999999999999}',
    ]
    for body in bombs:
        for topic in platforms.load(name).TOPICS:
            with pytest.raises(Unreadable):
                platforms.load(name).read(topic, {}, body, received_at="2026-11-21T12:00:00Z", shop=shop(name))


@every_platform
def test_the_published_signatures_agree(name):
    """Made by the platforms' own code and public test suites: ours cannot be wrong on both sides at once."""
    vectors = json.loads((WEBHOOKS / name / "samples" / "signatures.json").read_text())
    judged = [vector for vector in vectors if vector["expect"] is not None]
    assert {vector["expect"] for vector in judged} == {True, False}
    for vector in judged:
        headers = {header.lower(): value for header, value in vector["headers"].items()}
        stamped = [int(value) for header, value in headers.items() if header.endswith("-timestamp")]
        now = datetime.fromtimestamp(stamped[0], UTC) if stamped else NOON
        platform, body = platforms.load(name), vector["body"].encode()
        got = platform.verify(headers, body, [vector["secret"]], now)
        if "jwks" in vector:
            got = platform.verify_with_keys(headers, body, json.dumps(vector["jwks"]))
        assert got is vector["expect"], vector["name"]


def _read(platform: ModuleType, topic: str, r: Recording) -> list[Event] | Unreadable:
    try:
        return platform.read(topic, r.headers, r.body, received_at=r.received_at, shop=shop(r.platform))
    except Unreadable as unreadable:
        return unreadable


def _flipped(body: bytes, at: int) -> bytes:
    return body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
