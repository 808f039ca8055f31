"""Signatures by Saleor's key pair: only what the one right key made over just these bytes passes."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from typing import NamedTuple

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.platforms.saleor import jws, signature, webhook

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Pair(NamedTuple):
    """A key pair of our own: `public` as a member of a key set."""

    private: rsa.RSAPrivateKey
    public: dict[str, str]

    @property
    def numbers(self) -> tuple[int, int]:
        numbers = self.private.private_numbers()
        return numbers.public_numbers.n, numbers.d


def made(bits: int, name: str) -> Pair:
    private = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    return Pair(private, public_of(private.public_key().public_numbers().n, 65537, name))


def public_of(modulus: int, exponent: int, name: str) -> dict[str, str]:
    return {"kty": "RSA", "kid": name, "use": "sig", "n": _number(modulus), "e": _number(exponent)}


def _number(value: int) -> str:
    return jws.segment(value.to_bytes((value.bit_length() + 7) // 8, "big"))


PAIR = next(pair for pair in iter(lambda: made(2048, "shop-key"), None) if pair.numbers[0] < 2**2048 * 9 // 10)
HEAD = {"alg": "RS256", "b64": False, "crit": ["b64"], "kid": "shop-key", "typ": "JWT"}
BODY = '{"__typename": "OrderCreated", "نام": "زهرا 🎁"}'.encode()


def keyset(*keys: dict) -> str:
    return json.dumps({"keys": list(keys)})


def signed(head: object, body: bytes = BODY, pair: Pair = PAIR) -> str:
    """A token by another library, whatever its header says."""
    text = head if isinstance(head, bytes) else json.dumps(head, separators=(",", ":")).encode()
    start = jws.segment(text)
    made = pair.private.sign(start.encode() + b"." + body, padding.PKCS1v15(), hashes.SHA256())
    return f"{start}..{jws.segment(made)}"


@pytest.mark.parametrize("bits", [2048, 2049, 3072, 4096])
@pytest.mark.parametrize("body", [b"", b"{}", BODY, b"\xff\x00", b"x" * 100_000], ids=range(5))
def test_what_another_library_signs_verifies_and_what_we_sign_verifies_there(bits, body, pairs):
    pair = pairs[bits]
    assert jws.verifies(signed({**HEAD, "kid": str(bits)}, body, pair), body, keyset(PAIR.public, pair.public))
    headers = signature.sign_with_key(body, *pair.numbers, str(bits), topic="order_created")
    head, _, tail = headers["saleor-signature"].split(".")
    raw = base64.urlsafe_b64decode(tail + "==")
    pair.private.public_key().verify(raw, head.encode() + b"." + body, padding.PKCS1v15(), hashes.SHA256())
    assert webhook.verify_with_keys(headers, body, keyset(pair.public))
    assert not webhook.verify_with_keys(headers, body + b" ", keyset(pair.public))


@pytest.fixture(scope="module")
def pairs() -> dict[int, Pair]:
    return {bits: made(bits, str(bits)) for bits in (2048, 2049, 3072, 4096)}


@pytest.mark.parametrize(
    "change",
    [
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "rs256"},
        {"alg": "RS512"},
        {"alg": "PS256"},
        {"alg": None},
        {"alg": ["RS256"]},
        {"b64": True},
        {"b64": 0},
        {"b64": None},
        {"b64": "false"},
        {"crit": None},
        {"crit": []},
        {"crit": "b64"},
        {"crit": ["b64", "exp"]},
        {"crit": ["b64", "b64"]},
        {"crit": ["exp"]},
        {"kid": None},
        {"kid": ""},
        {"kid": 7},
        {"kid": "another"},
        {"kid": "k" * 201},
    ],
    ids=json.dumps,
)
def test_a_header_that_says_anything_else_is_refused_even_where_the_key_signed_it(change):
    assert jws.verifies(signed(HEAD), BODY, keyset(PAIR.public))
    assert not jws.verifies(signed({**HEAD, **change}), BODY, keyset(PAIR.public))
    left_out = {name: value for name, value in HEAD.items() if name not in change}
    assert not jws.verifies(signed(left_out), BODY, keyset(PAIR.public))


def test_a_key_in_the_header_is_never_followed():
    stranger = made(2048, "shop-key")
    lure = {**HEAD, "jwk": stranger.public, "jku": "https://evil.test/jwks.json", "x5u": "https://evil.test/"}
    assert not jws.verifies(signed(lure, pair=stranger), BODY, keyset(PAIR.public))
    assert jws.verifies(signed(lure), BODY, keyset(PAIR.public))


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"null",
        b"[]",
        b'"RS256"',
        b"{",
        b"[" * 3000,
        b"\xff\xfe",
        b'{"alg":"none","alg":"RS256","b64":false,"crit":["b64"],"kid":"shop-key"}',
        json.dumps(HEAD).encode("utf-16"),
        json.dumps({**HEAD, "x": "y" * 4000}).encode(),
    ],
    ids=range(10),
)
def test_a_header_that_is_no_plain_object_is_refused(head):
    assert not jws.verifies(signed(head), BODY, keyset(PAIR.public))


def test_a_token_has_one_form_only():
    head, _, tail = signed(HEAD).split(".")
    payload = jws.segment(BODY)
    others = [
        f"{head}.{payload}.{tail}",
        f"{head}.{tail}",
        f"{head}...{tail}",
        f"{head}..{tail}.",
        f"{head}=..{tail}",
        f"{head}..{tail}==",
        f"{head}.. {tail}",
        f"{head}..{tail[:-1]}",
        f"{head}..{tail}AA",
        f"..{tail}",
        f"{head}..",
        "..",
        "",
        f"{head}..{tail.translate(str.maketrans('-_', '+/'))}" if set(tail) & set("-_") else "",
    ]
    assert not any(jws.verifies(other, BODY, keyset(PAIR.public)) for other in others)
    assert not jws.verifies(f"{head}..{tail}", jws.segment(BODY).encode(), keyset(PAIR.public))


def test_no_other_character_fits_anywhere_in_a_token():
    token, keys = signed(HEAD), keyset(PAIR.public)
    for at, was in enumerate(token):
        for other in "AQgw_-.=é\n":
            assert other == was or not jws.verifies(token[:at] + other + token[at + 1 :], BODY, keys), at
    # 2,048 bits leave four bits of the last character without a meaning: they must be zero all the same
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert [last for last in alphabet if jws.verifies(token[:-1] + last, BODY, keys)] == [token[-1]]


def test_the_public_key_is_no_secret():
    """The classic confusion: an RSA key that everybody knows, used as the key of an HMAC."""
    numbers = PAIR.private.public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    pem = numbers.public_bytes(serialization.Encoding.PEM, form).decode()
    for text in (pem, json.dumps(PAIR.public), keyset(PAIR.public)):
        assert webhook.key(text) is None
        mac = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
        assert not webhook.verify({"saleor-signature": mac}, BODY, [text], NOON)
        forged = f"{jws.segment(json.dumps({**HEAD, 'alg': 'HS256'}).encode())}..{mac}"
        assert not webhook.verify_with_keys({"saleor-signature": forged}, BODY, keyset(PAIR.public))
        with pytest.raises(ValueError, match="secret"):
            webhook.sign(BODY, text, topic="order_created", now=NOON, id="1")


@pytest.mark.parametrize(
    "change",
    [
        {"kty": "oct"},
        {"kty": "EC"},
        {"kty": None},
        {"use": "enc"},
        {"alg": "RS512"},
        {"key_ops": ["sign"]},
        {"key_ops": "verify"},
        {"n": ""},
        {"n": None},
        {"n": PAIR.public["n"] + "="},
        {"n": _number(PAIR.numbers[0] * 2)},
        {"e": _number(1)},
        {"e": _number(65536)},
        {"e": _number(2**32 + 1)},
        {"e": 65537},
        {"e": None},
    ],
    ids=range(16),
)
def test_a_key_that_may_not_verify_verifies_nothing(change):
    assert not jws.verifies(signed(HEAD), BODY, keyset({**PAIR.public, **change}))
    assert jws.verifies(signed(HEAD), BODY, keyset({**PAIR.public, **change}, PAIR.public))


@pytest.mark.parametrize(
    "jwks", ["", "null", "[]", "{", '{"keys":null}', '{"keys":{"n":1}}', '{"keys":[1,null]}', "\ud800"]
)
def test_a_key_set_that_is_none_verifies_nothing(jwks):
    assert not jws.verifies(signed(HEAD), BODY, jwks)
    assert jws.names_unknown_key(signed(HEAD), jwks)


def test_a_key_too_short_is_refused_even_where_it_signed():
    short = made(1024, "shop-key")
    assert not jws.verifies(signed(HEAD, pair=short), BODY, keyset(short.public))


def test_a_key_too_long_is_not_even_tried():
    long = public_of(2**9000 + 1, 65537, "shop-key")
    token = f"{jws.segment(json.dumps(HEAD).encode())}..{jws.segment(b'1' * 1126)}"
    assert jws.names_unknown_key(token, keyset(long))
    assert not jws.names_unknown_key(token, keyset(long, PAIR.public))


def test_with_the_exponent_one_everybody_could_sign():
    head = jws.segment(json.dumps(HEAD).encode())
    token = f"{head}..{jws.segment(jws.encoded(head.encode() + b'.' + BODY, 256))}"
    assert not jws.verifies(token, BODY, keyset({**PAIR.public, "e": _number(1)}))


def _raised(encoded: bytes) -> str:
    """A token whose signature opens to just these bytes."""
    modulus, exponent = PAIR.numbers
    number = pow(int.from_bytes(encoded, "big"), exponent, modulus)
    return f"{jws.segment(json.dumps(HEAD).encode())}..{jws.segment(number.to_bytes(256, 'big'))}"


def test_only_the_one_right_padding_opens():
    right = jws.encoded(jws.segment(json.dumps(HEAD).encode()).encode() + b"." + BODY, 256)
    assert jws.verifies(_raised(right), BODY, keyset(PAIR.public))
    digest, info = right[-32:], right[-51:-32]
    without_null = bytes.fromhex("302f300b0609608648016503040201") + b"\x04\x20"
    wrong = [
        b"\x00\x02" + right[2:],
        b"\x00\x01" + b"\xff" * 8 + b"\x00" + info + digest + b"\x00" * (256 - 62),
        b"\x00\x01" + b"\xff" * 7 + b"\x00" + b"\x11" * (256 - 61) + info + digest,
        b"\x00\x01" + b"\xff" * (256 - 3 - len(without_null) - 32) + b"\x00" + without_null + digest,
        b"\x00\x01" + b"\xff" * (256 - 35) + b"\x00" + digest,
        right[:2] + b"\xfe" + right[3:],
        b"\x00" * 224 + digest,
    ]
    assert all(len(encoded) == 256 for encoded in wrong)
    assert not any(jws.verifies(_raised(encoded), BODY, keyset(PAIR.public)) for encoded in wrong)


def test_a_cube_root_forges_nothing_against_a_small_exponent():
    """Who reads only the start of what comes out takes this for a signature; nobody had the private key."""
    modulus = made(2048, "small").numbers[0]
    head = jws.segment(json.dumps(HEAD).encode())
    digest = hashlib.sha256(head.encode() + b"." + BODY).digest()
    info = jws.encoded(b"", 256)[-51:-32]
    start = b"\x00\x01" + b"\xff" * 8 + b"\x00" + info + digest
    root = _cube_root(int.from_bytes(start + b"\xff" * (256 - len(start)), "big"))
    opened = pow(root, 3, modulus).to_bytes(256, "big")
    assert opened.startswith(start)
    token = f"{head}..{jws.segment(root.to_bytes(256, 'big'))}"
    assert not jws.verifies(token, BODY, keyset(public_of(modulus, 3, "shop-key")))


def _cube_root(value: int) -> int:
    low, high = 0, 1 << (value.bit_length() // 3 + 2)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**3 <= value else (low, middle - 1)
    return low


def test_a_signature_has_the_length_of_its_key_and_is_smaller_than_it():
    head, _, tail = signed(HEAD).split(".")
    raw = base64.urlsafe_b64decode(tail + "==")
    keys, modulus = keyset(PAIR.public), PAIR.numbers[0]
    bigger = int.from_bytes(raw, "big") + modulus
    others = [raw[1:], b"\x00" + raw, raw[:-1], raw + b"\x00", b"\x00" * 256, modulus.to_bytes(256, "big")]
    others.append(bigger.to_bytes(257, "big"))
    assert not any(jws.verifies(f"{head}..{jws.segment(other)}", BODY, keys) for other in others)


def test_the_same_signature_by_a_greater_number_is_refused():
    """s and s + n open to the same; where s is small enough both have the key's length."""
    keys, modulus = keyset(PAIR.public), PAIR.numbers[0]
    for attempt in range(200):
        body = str(attempt).encode()
        head, _, tail = signed(HEAD, body).split(".")
        greater = int.from_bytes(base64.urlsafe_b64decode(tail + "=="), "big") + modulus
        if greater < 2**2048:
            assert not jws.verifies(f"{head}..{jws.segment(greater.to_bytes(256, 'big'))}", body, keys)
            return
    pytest.fail("no signature was small enough")


def test_a_key_that_we_do_not_hold_is_told_from_a_forgery():
    known, token = keyset(PAIR.public), signed({**HEAD, "kid": "new"})
    assert webhook.unknown_key({"saleor-signature": token}, known)
    assert webhook.unknown_key({"saleor-signature": signed(HEAD)}, "")
    assert not webhook.unknown_key({"saleor-signature": signed(HEAD)}, known)
    for other in ("", "a" * 64, token.replace("..", "."), signed({**HEAD, "kid": "new", "alg": "none"})):
        assert not webhook.unknown_key({"saleor-signature": other}, known)
    assert not webhook.unknown_key({}, known)


@settings(max_examples=150, deadline=None)
@given(st.text(), st.text(alphabet="AZaz09-_.=\n é", max_size=400), st.binary(max_size=50))
def test_hostile_signatures_are_refused_and_never_raise(one, other, body):
    for text in (one, other, f"{other}..{one}", f"{jws.segment(json.dumps(HEAD).encode())}..{other}"):
        headers = {"saleor-signature": text, "saleor-event": one, "saleor-domain": other}
        assert not webhook.verify(headers, body, ["secret", one], NOON)
        assert not webhook.verify_with_keys(headers, body, keyset(PAIR.public))
        assert webhook.unknown_key(headers, keyset(PAIR.public)) in (True, False)
        assert isinstance(webhook.topic(headers, body) + webhook.source(headers), str)
