"""The RSA key inside an X.509 certificate (RFC 5280), found by walking its DER. Whom the certificate comes from and
whether it is to be believed is not judged here: the caller fetched it over TLS from the one host that may name it."""

from __future__ import annotations

import re
from binascii import Error, a2b_base64

from chalicelib.rsa_verify import usable

LARGEST = 64 * 1024
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----")
_SEQUENCE, _INTEGER, _BITS, _OBJECT, _VERSION = 0x30, 0x02, 0x03, 0x06, 0xA0
_RSA = bytes.fromhex("2a864886f70d010101")  # 1.2.840.113549.1.1.1, rsaEncryption
_BEFORE_KEY = 5  # serial number, algorithm, issuer, validity, subject


class BadCertificate(ValueError):
    """Not a certificate with an RSA key that can be used."""


def rsa_key(pem: bytes) -> tuple[int, int]:
    """(modulus, exponent) of the first certificate in a PEM text. Raises BadCertificate."""
    try:
        modulus, exponent = _key(_der(pem))
    except (Error, IndexError, ValueError):
        raise BadCertificate("no certificate with an RSA key") from None
    if not usable(modulus, exponent):
        raise BadCertificate("its key is too small, too large or even")
    return modulus, exponent


def _der(pem: bytes) -> bytes:
    found = _PEM.search(pem[:LARGEST])
    if found is None:
        raise ValueError
    return a2b_base64(b"".join(found[1].split()), strict_mode=True)


def _key(der: bytes) -> tuple[int, int]:
    fields = _parts(_parts(der, _SEQUENCE)[0][1], _SEQUENCE)
    told = _members(fields[0][1])
    told = told[1:] if told[0][0] == _VERSION else told
    algorithm, bits = _members(_of(told[_BEFORE_KEY], _SEQUENCE))[:2]
    if _of(_members(_of(algorithm, _SEQUENCE))[0], _OBJECT) != _RSA:
        raise ValueError
    held = _of(bits, _BITS)
    if held[0] != 0:  # unused bits
        raise ValueError
    modulus, exponent = (_of(one, _INTEGER) for one in _members(_parts(held[1:], _SEQUENCE)[0][1]))
    return int.from_bytes(modulus, "big"), int.from_bytes(exponent, "big")


def _parts(data: bytes, first: int) -> list[tuple[int, bytes]]:
    members = _members(data)
    _of(members[0], first)
    return members


def _of(member: tuple[int, bytes], tag: int) -> bytes:
    if member[0] != tag:
        raise ValueError
    return member[1]


def _members(data: bytes) -> list[tuple[int, bytes]]:
    """(tag, content) of each element, one level deep. Raises ValueError, IndexError where a length lies."""
    found, at = [], 0
    while at < len(data):
        tag, size, at = data[at], data[at + 1], at + 2
        if size >= 0x80:
            octets = size & 0x7F
            if not 1 <= octets <= 4:
                raise ValueError
            size, at = int.from_bytes(data[at : at + octets], "big"), at + octets
        if at + size > len(data):
            raise ValueError
        found.append((tag, data[at : at + size]))
        at += size
    return found
