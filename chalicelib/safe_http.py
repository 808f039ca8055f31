"""HTTP to addresses that somebody else named: a shop's API, its public keys, a file it made for us.

A name is looked up once, every address behind it has to be public (`addresses`), and exactly such an address is
connected to. Proxies and redirects are not followed. Nothing is logged: what goes over here are other people's keys.
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from chalicelib.addresses import Place, Refused, check, place
from chalicelib.answers import BadAnswer, headers_of, retry_after, whole_body
from chalicelib.wire import CONNECT_SECONDS, Kept, Pool, Wire, dial, speak, trust

__all__ = ["LARGEST_ANSWER", "Answer", "Client", "Refused", "Unreachable"]

LARGEST_ANSWER = 8 * 1024 * 1024
USER_AGENT = "ecrm-plugin/1.0 (fetches for the shop's owner)"
TOTAL_SECONDS = 60.0  # one call with its waiting and repeating
LONGEST_WAIT = 3600.0
_MOST_DIALS = 3
_MOST_HEADERS = 1024 * 1024
_BUSY = (429, 503)
_METHOD = re.compile(r"[A-Z]{3,10}")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_HEADER_VALUE = re.compile(r"[\t -~]*")
_STALE = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError, ssl.SSLEOFError)


class Unreachable(Exception):
    """Nobody answers there now. The text names the host and the reason; `wait`: seconds, where the other side said;
    `begun`: the request may have arrived, only its answer did not."""

    def __init__(self, reason: str, wait: float = 0, begun: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.wait, self.begun = reason, wait, begun


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers` have lower-case names. Redirects are answers like any other: they are never followed."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def look_up(host: str, port: int) -> list[str]:
    """Every address of a name, in the order in which this system would try them. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Client:
    """`local`: this machine's own world may be asked too. `patience`: seconds to wait in all where the other side is
    busy. `total`: seconds that one call may take with its waiting. `tls`: whom to trust instead of this system's
    authorities. Threads may share one."""

    def __init__(
        self,
        local: bool = False,
        resolve: Callable[[str, int], Sequence[str]] = look_up,
        connect: Callable[[str, int, float], socket.socket] = dial,
        sleep: Callable[[float], None] = time.sleep,
        seconds: Callable[[], float] = time.monotonic,
        patience: float = 20.0,
        tls: ssl.SSLContext | None = None,
        total: float = TOTAL_SECONDS,
    ) -> None:
        self._local, self._resolve, self._connect = local, resolve, connect
        self._sleep, self._seconds, self._patience, self._given_tls = sleep, seconds, patience, tls
        self._total = total
        self._pool = Pool(seconds)

    def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        most: int = LARGEST_ANSWER,
    ) -> Answer:
        """What the other side answers, at most `most` bytes once unpacked. Waits and asks again where it is told
        `Retry-After` (429, 503). Raises Refused or Unreachable."""
        to = place(url)
        call = _Call(to, method, _checked(to, method, headers or {}), body, most, self._seconds() + self._total)
        patience = self._patience
        while True:
            answer = self._once(call)
            wait = retry_after(answer.headers) if answer.status in _BUSY else None
            if wait is None:
                return answer
            if wait > patience or self._seconds() + wait >= call.until:
                raise Unreachable(f"{to.host} is busy and asks to be left alone for a while", min(wait, LONGEST_WAIT))
            patience -= wait
            self._sleep(wait)

    def close(self) -> None:
        """Ends every kept connection."""
        self._pool.close()

    def _once(self, call: _Call) -> Answer:
        kept = self._pool.take(_key(call.to))
        begun = False
        try:
            if kept:
                begun = True
                try:
                    return self._exchange(call, kept)
                except _STALE:
                    # It was closed while it was idle. Only what changes nothing may be said twice.
                    if call.method != "GET":
                        raise
            begun = False
            fresh = self._open(call)
            begun = True
            return self._exchange(call, fresh)
        except (BadAnswer, OSError, http.client.HTTPException) as error:
            raise Unreachable(f"{call.to.host}: {_reason(error)}", begun=begun) from None

    def _exchange(self, call: _Call, kept: Kept) -> Answer:
        kept.wire.begin(call.until, 4 * call.most + _MOST_HEADERS)
        whole = False
        try:
            kept.connection.request(call.method, call.to.target, body=call.body, headers=call.headers)
            with kept.connection.getresponse() as response:
                said = headers_of(response)
                answer = Answer(response.status, said, whole_body(response, said, call.most))
                whole = not response.will_close
        finally:
            if whole:
                self._pool.keep(_key(call.to), kept)
            else:
                kept.wire.end()
        return answer

    def _open(self, call: _Call) -> Kept:
        trouble: OSError = TimeoutError()
        for address in self._checked_addresses(call.to)[:_MOST_DIALS]:
            left = call.until - self._seconds()
            if left <= 0:
                break
            try:
                wire = Wire(self._dial(call.to, address, min(CONNECT_SECONDS, left)), self._seconds)
                return Kept(speak(wire), wire, self._seconds())
            except OSError as error:
                trouble = error
        raise trouble

    def _checked_addresses(self, to: Place) -> list[str]:
        if to.literal:
            found = [to.host]
        else:
            try:
                found = list(self._resolve(to.host, to.port))
            except (OSError, UnicodeError):
                found = []
            if not found:
                raise Unreachable(f"{to.host}: this name leads nowhere (DNS)")
        check(to, found, self._local)
        return found

    def _dial(self, to: Place, address: str, seconds: float) -> socket.socket:
        sock = self._connect(address, to.port, seconds)
        try:
            sock.settimeout(seconds)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return self._tls.wrap_socket(sock, server_hostname=to.host) if to.scheme == "https" else sock
        except BaseException:
            sock.close()
            raise

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return self._given_tls or trust()


@dataclass(frozen=True, slots=True)
class _Call:
    to: Place
    method: str
    headers: Mapping[str, str]
    body: bytes | None
    most: int
    until: float  # by the client's own clock


def _key(to: Place) -> tuple[str, str, int]:
    return to.scheme, to.host, to.port


def _checked(to: Place, method: str, headers: Mapping[str, str]) -> dict[str, str]:
    """All headers of a request. http.client refuses bad ones too, but quotes them: there are keys among them."""
    if not _METHOD.fullmatch(method):
        raise Refused(f"{to.host}: this is no method")
    given = {name.lower(): value for name, value in headers.items()}
    for name, value in given.items():
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            raise Refused(f"{to.host}: a header has a character that no header may have")
    standing = {"user-agent": USER_AGENT, "accept": "*/*", "accept-encoding": "gzip"}
    return {"host": to.name, **standing, **{name: value for name, value in given.items() if name != "host"}}


def _reason(error: Exception) -> str:
    if isinstance(error, BadAnswer):
        return str(error)
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not good: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return "no secure connection could be made (TLS)"
    if isinstance(error, (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)):
        return "the connection was cut off"
    if isinstance(error, http.client.HTTPException):
        return "what answers there does not speak HTTP"
    return (error.strerror if isinstance(error, OSError) else None) or "nobody answers there"
