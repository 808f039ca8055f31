"""Where a storefront's pages come from, in the very words in which browsers say it (`Origin`)."""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from urllib.parse import SplitResult, urlsplit

import idna

_USUAL_PORTS = {"https": 443, "http": 80}
_ASCII_HOST = re.compile(r"[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?")
_FORM = "scheme and host of the shop's pages, such as https://www.acme.test"


def origin_of(line: str) -> str:
    """The origin (RFC 6454) of one line as a browser serialises it: lower case, no default port, the host in its `xn--`
    form. Raises ValueError with what to give instead; a user name or password is not repeated."""
    parts = _split(line.strip())
    if "*" in parts.netloc:
        raise ValueError("wildcards are not known: name every host; --origin may be given several times")
    origin = f"{parts.scheme}://{_host(parts)}{_port(parts)}"
    if "@" in parts.netloc:
        raise ValueError(f"without a user name in it: {origin}")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(f"without a path: {origin}")
    return origin


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        fine = parts.scheme in _USUAL_PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fine = False
    if not fine:
        raise ValueError(_FORM)
    return parts


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if ":" in host:
        return f"[{IPv6Address(host).compressed}]"
    found = host if host.isascii() else _in_ascii(host)
    if not _ASCII_HOST.fullmatch(found):
        raise ValueError(_FORM)
    return found


def _in_ascii(host: str) -> str:
    """As browsers do it (UTS #46, nontransitional): ß and the joiners of Persian stay letters, which the standard
    library's codec (IDNA 2003) drops."""
    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError:
        raise ValueError("its host in the form in which browsers send it, such as https://xn--bcher-kva.de") from None


def _port(parts: SplitResult) -> str:
    return "" if parts.port in (None, _USUAL_PORTS[parts.scheme]) else f":{parts.port}"
