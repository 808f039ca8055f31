"""What all of Saleor's things have in common: global ids, metadata, languages."""

from __future__ import annotations

import re
from binascii import Error, a2b_base64, b2a_base64

from chalicelib.platforms import texts
from chalicelib.platforms.body import Node

_GLOBAL_ID = re.compile(r"[A-Za-z0-9+/]{4,200}={0,2}")
_MOST_METADATA = 1000


def id_of(node: Node, kind: str) -> str:
    """A global id as it stands (`T3JkZXI6…`, base64 of `Order:…`), if it is one of a `kind`."""
    text = node.value
    if not isinstance(text, str) or not _GLOBAL_ID.fullmatch(text):
        raise node.refused("is missing" if node.missing else "should be a global id")
    try:
        raw = a2b_base64(text)
    except Error:
        raise node.refused("should be a global id") from None
    if b2a_base64(raw, newline=False).decode() != text:
        raise node.refused("should be a global id")
    if not raw.startswith(f"{kind}:".encode()):
        raise node.refused(f"should be the id of a {kind}")
    return text


def id_or_none(node: Node, kind: str) -> str | None:
    """A global id, None where the thing is not there or not any more."""
    return None if node.missing else id_of(node, kind)


def metadata(thing: Node) -> dict[str, Node]:
    """Public metadata as key -> value."""
    return {entry.at("key").text(): entry.at("value") for entry in thing.at("metadata").items(_MOST_METADATA)}


def locale(thing: Node) -> str | None:
    """BCP 47 from a LanguageCodeEnum (FA, EN_US, ZH_HANS) or, in older bodies, a language code (fa, en-us)."""
    code = thing.at("languageCodeEnum").text() or thing.at("languageCode").text()
    found = texts.locale(code)
    if found is None:
        return None
    language, *rest = found.split("-")
    return "-".join([language, *(part.title() if len(part) == 4 and part.isalpha() else part for part in rest)])


def amount(taxed: Node) -> Node:
    """The amount in the gross of a TaxedMoney."""
    return taxed.at("gross").at("amount")
