"""Connections that keep to a deadline, whatever the other side does, and the few that are kept: under `safe_http`."""

from __future__ import annotations

import errno
import http.client
import io
import select
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

CONNECT_SECONDS, READ_SECONDS = 5.0, 20.0
KEPT_SECONDS = 60.0  # a connection's life: then its name is looked up, and checked, again
_MOST_KEPT = 20


def dial(address: str, port: int, seconds: float) -> socket.socket:
    """A TCP connection to a literal address: no name is looked up. Raises OSError."""
    return socket.create_connection((address, port), seconds)


def trust() -> ssl.SSLContext:
    """TLS 1.2 or newer, certificates checked for the host's name against this system's authorities."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_default_certs()
    context.set_alpn_protocols(["http/1.1"])
    return context


class Wire:
    """What `http.client` takes for a socket. Each read waits 20 s at most, and none goes on past `until`, a moment of
    the clock `seconds`. It is closed by `end`: http.client's own `close` would come before the body is read."""

    def __init__(self, sock: socket.socket, seconds: Callable[[], float]) -> None:
        self.sock, self.seconds = sock, seconds
        self.until, self.most = 0.0, 0

    def begin(self, until: float, most: int) -> None:
        """One exchange more: until then, and with at most so many bytes coming in. http.client has no such bound: a
        chunk with a negative size would be read to its end."""
        self.until, self.most = until, most

    def left(self) -> float:
        """Seconds that the next step may take. Raises TimeoutError where there are none."""
        left = self.until - self.seconds()
        if left <= 0:
            raise TimeoutError
        return min(READ_SECONDS, left)

    def sendall(self, data: bytes) -> None:
        self.sock.settimeout(self.left())
        self.sock.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Incoming(self))

    def close(self) -> None:
        """Nothing: see `end`."""

    def end(self) -> None:
        self.sock.close()

    def idle(self) -> bool:
        """Whether nothing came in since the last answer. What comes unasked is the other side's goodbye."""
        try:
            return not select.select([self.sock], [], [], 0)[0]
        except (OSError, ValueError):
            return False


class _Incoming(io.RawIOBase):
    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._wire.sock.settimeout(self._wire.left())
        size = self._wire.sock.recv_into(buffer)
        self._wire.most -= size
        if self._wire.most < 0:
            raise OSError(errno.EMSGSIZE, "answer too large")
        return size


def speak(wire: Wire) -> http.client.HTTPConnection:
    """HTTP/1.1 over this wire and no other: http.client would dial by itself once its socket is gone."""
    connection = http.client.HTTPConnection("wire.invalid")
    connection.auto_open = 0
    connection.sock = wire
    return connection


@dataclass(slots=True)
class Kept:
    """A connection to an address that was checked, open since `since` by the client's clock."""

    connection: http.client.HTTPConnection
    wire: Wire
    since: float


class Pool:
    """At most one idle connection for each (scheme, host, port), and twenty in all."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._kept: dict[tuple[str, str, int], Kept] = {}
        self._lock = threading.Lock()

    def take(self, key: tuple[str, str, int]) -> Kept | None:
        """One that is young and seems alive; nobody else gets it until it is kept again."""
        with self._lock:
            kept = self._kept.pop(key, None)
        if kept is None:
            return None
        if self._seconds() - kept.since < KEPT_SECONDS and kept.wire.idle():
            return kept
        kept.wire.end()
        return None

    def keep(self, key: tuple[str, str, int], kept: Kept) -> None:
        with self._lock:
            before = self._kept.pop(key, None)
            if before is None and len(self._kept) >= _MOST_KEPT:
                before = self._kept.pop(next(iter(self._kept)))
            self._kept[key] = kept
        if before:
            before.wire.end()

    def close(self) -> None:
        with self._lock:
            while self._kept:
                self._kept.popitem()[1].wire.end()
