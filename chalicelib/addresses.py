"""Which addresses we speak to: plain http and https ones that lead to the public internet, and nowhere else.

What is public: https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry, read
strictly. Addresses that carry another one inside (RFC 4291 mapped, RFC 6052 NAT64, RFC 3056 6to4, RFC 4380 Teredo) are
as public as that one; a network's own NAT64 (RFC 8215, 64:ff9b:1::/48) is never public.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_PORTS = {"http": 80, "https": 443}
_LONGEST_TARGET = 8000
_URL = re.compile(
    r"(https?)://([^/?#\\@:\[\]]+|\[[0-9A-Fa-f:.]+\])(?::([1-9][0-9]{0,4}))?([/?].*)?", re.IGNORECASE | re.ASCII
)
_TARGET = re.compile(r"[!-~]*")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
# The last label of a name is never a number: `2130706433`, `0x7f.1`, `127.1` are addresses in disguise.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
# Two standards write these letters of a name differently, so they could lead to two different places.
_AMBIGUOUS = "ßẞς\u200c\u200d"

_V4_CLOSED = [
    IPv4Network(net)
    for net in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"),
        *("192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
        "224.0.0.0/3",  # multicast, reserved, broadcast
    )
]
_V6_OPEN = IPv6Network("2000::/3")
_V6_CLOSED = [IPv6Network(net) for net in ("2001::/23", "2001:db8::/32", "3fff::/20")]
_MAPPED, _NAT64 = IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96")
_SIX_TO_FOUR, _TEREDO = IPv6Network("2002::/16"), IPv6Network("2001::/32")


class Refused(ValueError):
    """An address that we do not speak to. The text names the host and the reason, for the owner."""


@dataclass(frozen=True, slots=True)
class Place:
    """An address, taken apart. `host` is a name in ASCII or a literal address without brackets; `target` the path with
    its query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def usual(self) -> bool:
        """Whether the port is the one that the scheme has on the internet."""
        return self.port == _PORTS[self.scheme]

    @property
    def name(self) -> str:
        """The host and an unusual port as they stand in a Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.usual else f"{host}:{self.port}"

    @property
    def literal(self) -> bool:
        """Whether the host is an address, so that nobody needs to be asked for one."""
        return ":" in self.host or _NUMBER.fullmatch(self.host.rpartition(".")[2]) is not None


def place(url: str) -> Place:
    """The parts of an address. Raises Refused for anything that two programs could read differently."""
    found = _URL.fullmatch(url)
    if found is None:
        raise Refused(_why(url))
    scheme, host, port, target = found.group(1).lower(), _host(found.group(2)), found.group(3), found.group(4) or "/"
    if not _TARGET.fullmatch(target) or "#" in target or "\\" in target or len(target) > _LONGEST_TARGET:
        raise Refused(f"{host}: the address has characters that do not belong into it, or is too long")
    number = int(port or _PORTS[scheme])
    if number > 65535:
        raise Refused(f"{host}: there is no such port")
    return Place(scheme, host, number, target if target.startswith("/") else f"/{target}")


def _why(url: str) -> str:
    """What is wrong, without quoting it: there may be a password in it."""
    scheme, found, rest = url.partition("://")
    if not found or scheme.lower() not in _PORTS:
        return "the address should begin with https://"
    if "@" in re.split(r"[/?#]", rest)[0]:
        return "the address should not have a user's name or password in it"
    return "the address is not in the form https://shop.example/path"


def _host(text: str) -> str:
    if text.startswith("["):
        return str(_literal(IPv6Address, text[1:-1]))
    host = _ascii(text)
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise Refused("the address does not name its host plainly")
    return str(_literal(IPv4Address, host)) if _NUMBER.fullmatch(labels[-1]) else host


def _ascii(text: str) -> str:
    if any(letter in text for letter in _AMBIGUOUS):
        raise Refused("the host's name has a letter that is read in two ways: write the name in its xn-- form")
    try:
        return text.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise Refused("the address does not name its host plainly") from None


def _literal(kind: type[IPv4Address] | type[IPv6Address], text: str) -> IPv4Address | IPv6Address:
    try:
        return kind(text)
    except ValueError:
        raise Refused("the address writes its host as a number in a form that we do not read") from None


def check(to: Place, addresses: Sequence[str], local: bool) -> None:
    """Raises Refused unless every address is public and the port is the usual one. `local`: this machine itself will do
    too, on any port."""
    at_home = local and all(loopback(address) for address in addresses)
    if not to.usual and not at_home:
        raise Refused(f"{to.host}: only the usual ports are spoken to, 443 for https and 80 for http")
    if not all(public(address) or (local and loopback(address)) for address in addresses):
        raise Refused(f"{to.host} leads to an address that is not public")


def public(address: str) -> bool:
    """Whether a literal address is on the public internet, and so is whatever it carries inside."""
    try:
        found = [ip_address(address)] if "%" not in address else []
    except ValueError:
        return False
    inner = [part for one in found for part in innermost(one)]
    return bool(inner) and all(_public_v4(one) if one.version == 4 else _public_v6(one) for one in inner)


def loopback(address: str) -> bool:
    """Whether a literal address is this machine. What a gateway would have to unpack is not."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return found.is_loopback or (found in _MAPPED and innermost(found)[0].is_loopback)


def innermost(address: IPv4Address | IPv6Address) -> tuple[IPv4Address | IPv6Address, ...]:
    """The addresses that packets to this one reach in the end: itself, or what it carries (Teredo: server, client)."""
    if isinstance(address, IPv4Address):
        return (address,)
    if address in _MAPPED or address in _NAT64:
        return (IPv4Address(int(address) & 0xFFFFFFFF),)
    if address in _SIX_TO_FOUR:
        return (IPv4Address(int(address) >> 80 & 0xFFFFFFFF),)
    if address in _TEREDO:
        return (IPv4Address(int(address) >> 64 & 0xFFFFFFFF), IPv4Address(~int(address) & 0xFFFFFFFF))
    return (address,)


def _public_v4(address: IPv4Address) -> bool:
    return not any(address in net for net in _V4_CLOSED)


def _public_v6(address: IPv6Address) -> bool:
    return address in _V6_OPEN and not any(address in net for net in _V6_CLOSED)
