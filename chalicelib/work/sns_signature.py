"""Whether Amazon SNS sent a message, and from which topic: its signature, by the certificate that its own host shows.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

from __future__ import annotations

import re
from binascii import Error, a2b_base64
from collections.abc import Callable, Mapping
from typing import Any

from chalicelib import rsa_verify, x509_key
from chalicelib.safe_http import Refused, Unreachable

# arn:<partition>:sns:<region>:<account>:<name>; the region's own host is the only one that may sign for it.
_TOPIC = re.compile(r"arn:aws(?:-[a-z]+)*:sns:([a-z]{2}(?:-[a-z]+)+-[0-9]):[0-9]{12}:[A-Za-z0-9_.-]{1,256}")
_CERTIFICATE = re.compile(r"https://sns\.([a-z0-9-]+)\.amazonaws\.com/SimpleNotificationService-[0-9a-zA-Z]{1,80}\.pem")
_DIGESTS = {"1": "sha1", "2": "sha256"}
_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_SIGNED = {
    "Notification": _NOTIFICATION,
    "SubscriptionConfirmation": _CONFIRMATION,
    "UnsubscribeConfirmation": _CONFIRMATION,
}
_MOST_KEPT = 8
_kept: dict[str, tuple[int, int]] = {}


class Forged(Exception):
    """Not a message of SNS, or not one of that topic. The reason is a word, never a value."""


class NotNow(Exception):
    """The certificate could not be fetched: try again."""


def region_of(topic: str) -> str:
    """The region in a topic's ARN. Raises Forged for what is no ARN of a topic."""
    found = _TOPIC.fullmatch(topic)
    if found is None:
        raise Forged("topic")
    return found[1]


def check(message: Mapping[str, Any], ask: Callable[..., Any]) -> None:
    """Raises Forged, NotNow. `ask` is `safe_http.Client.ask`. The topic is whatever the message says: the caller has to
    know it."""
    digest = _DIGESTS.get(str(message.get("SignatureVersion")))
    names = _SIGNED.get(str(message.get("Type")))
    if digest is None or names is None:
        raise Forged("form")
    signed, signature = _signed(message, names), _signature(message)
    modulus, exponent = _key(_certificate_of(message), ask)
    if not rsa_verify.made(signature, signed, modulus, exponent, digest):
        raise Forged("signature")


def _signed(message: Mapping[str, Any], names: tuple[str, ...]) -> bytes:
    pairs = [(name, message.get(name)) for name in names]
    there = [(name, value) for name, value in pairs if value is not None]
    missing = {name for name, value in pairs if value is None} - {"Subject"}
    if missing or not all(isinstance(value, str) for _, value in there):
        raise Forged("form")
    return "".join(f"{name}\n{value}\n" for name, value in there).encode("utf-8", "surrogatepass")


def _signature(message: Mapping[str, Any]) -> bytes:
    try:
        return a2b_base64(str(message.get("Signature", ""))[:4096], strict_mode=True)
    except (Error, ValueError):
        raise Forged("form") from None


def _certificate_of(message: Mapping[str, Any]) -> str:
    """Its address: of the topic's own region, and of no other form."""
    url = str(message.get("SigningCertURL", ""))
    found = _CERTIFICATE.fullmatch(url)
    if found is None or found[1] != region_of(str(message.get("TopicArn", ""))):
        raise Forged("certificate")
    return url


def _key(url: str, ask: Callable[..., Any]) -> tuple[int, int]:
    """The public key at an address, asked for once in a process's life. SNS names a new address with a new key."""
    if url not in _kept:
        try:
            answer = ask("GET", url, most=x509_key.LARGEST)
        except (Refused, Unreachable):
            raise NotNow from None
        if answer.status != 200:
            raise NotNow
        try:
            key = x509_key.rsa_key(answer.body)
        except x509_key.BadCertificate:
            raise Forged("certificate") from None
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        _kept[url] = key
    return _kept[url]
