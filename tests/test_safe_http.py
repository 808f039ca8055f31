"""HTTP to addresses that somebody else named: where it never goes, what it never swallows, how politely it asks."""

from __future__ import annotations

import gzip
import ipaddress
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib import addresses, wire
from chalicelib.safe_http import Answer, Client, Refused, Unreachable

SHOP = "shop.acme.test"
PUBLIC, ANOTHER = "93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"
KEY = "ck_do_not_show"


def never(*args: object) -> socket.socket:
    raise AssertionError("it was connected to")


def client(**given: object) -> Client:
    """One for which every name leads to a public address and nothing may be connected to."""
    return Client(**{"resolve": lambda host, port: [PUBLIC], "connect": never, "sleep": never, **given})


class Shop:
    """A server on this machine that plays one on the internet. `play(socket)` has each connection in turn. `over`: one
    of them was closed; `goes_on`: said to whoever is silent until then."""

    def __init__(self, *plays: Callable[[socket.socket], None]) -> None:
        self._plays, self._listening = list(plays), socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.dialled: list[tuple[str, int]] = []
        self.requests: list[bytes] = []
        self.over, self.goes_on = threading.Event(), threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def connect(self, address: str, port: int, seconds: float) -> socket.socket:
        self.dialled.append((address, port))
        return wire.dial("127.0.0.1", self.port, seconds)

    def _serve(self) -> None:
        with suppress(OSError):
            for play in self._plays:
                sock, _ = self._listening.accept()
                sock.settimeout(5)
                threading.Thread(target=self._play, args=(play, sock), daemon=True).start()

    def _play(self, play: Callable[[socket.socket], None], sock: socket.socket) -> None:
        with suppress(OSError), sock:
            play(sock)
        self.over.set()

    def hears(self, sock: socket.socket) -> bool:
        """Reads one request without a body; False where there is none any more."""
        text = b""
        while b"\r\n\r\n" not in text:
            part = sock.recv(65536)
            if not part:
                return False
            text += part
        self.requests.append(text)
        return True

    def close(self) -> None:
        self.goes_on.set()
        self._listening.close()


@contextmanager
def shop(*answers: bytes | list[bytes], closing: bool = False) -> Iterator[Shop]:
    """Connections, each with the answers it gives one after the other before it closes."""

    def play(texts: list[bytes]) -> Callable[[socket.socket], None]:
        def one(sock: socket.socket) -> None:
            for text in texts:
                if not here.hears(sock):
                    return
                sock.sendall(text)
            if not closing:
                sock.recv(1)

        return one

    here = Shop(*(play([answer] if isinstance(answer, bytes) else answer) for answer in answers))
    try:
        yield here
    finally:
        here.close()


def told(body: bytes = b"{}", status: str = "200 OK", *headers: str, length: int | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def ask(here: Shop, url: str = f"http://{SHOP}/wp-json/", method: str = "GET", **given: object) -> Answer:
    return client(connect=here.connect, **given).ask(method, url)


# Where it never goes.

NOT_PUBLIC = {
    "the metadata address": "169.254.169.254",
    "the metadata address in IPv6": "fd00:ec2::254",
    "another cloud's metadata": "100.100.100.200",
    "loopback": "127.0.0.1",
    "all of loopback": "127.8.9.10",
    "loopback in IPv6": "::1",
    "loopback, mapped": "::ffff:127.0.0.1",
    "metadata, mapped": "::ffff:169.254.169.254",
    "metadata, IPv4-compatible": "::169.254.169.254",
    "metadata, translated": "::ffff:0:169.254.169.254",
    "metadata behind NAT64": "64:ff9b::169.254.169.254",
    "private behind NAT64": "64:ff9b::10.0.0.1",
    "a network's own NAT64": "64:ff9b:1::a9fe:a9fe",
    "a network's own NAT64 to the internet": "64:ff9b:1::5db8:d822",
    "metadata in 6to4": "2002:a9fe:a9fe::1",
    "loopback in 6to4": "2002:7f00:1::",
    "a Teredo client that is private": "2001:0:5db8:d822:0:0:f5ff:fffe",
    "a Teredo server that is private": "2001:0:a00:1:0:0:a247:27dd",
    "private, ten": "10.1.2.3",
    "private, 172": "172.31.255.255",
    "private, 192.168": "192.168.0.1",
    "private in IPv6": "fc00::1",
    "site-local": "fec0::1",
    "link-local": "169.254.1.1",
    "link-local in IPv6": "fe80::1",
    "link-local with its link": "fe80::1%eth0",
    "a provider's inside": "100.64.0.1",
    "unspecified": "0.0.0.0",
    "unspecified in IPv6": "::",
    "this network": "0.1.2.3",
    "multicast": "224.0.0.251",
    "multicast in IPv6": "ff02::1",
    "broadcast": "255.255.255.255",
    "reserved": "240.0.0.1",
    "benchmarks": "198.18.0.1",
    "benchmarks in IPv6": "2001:2::1",
    "documentation": "203.0.113.7",
    "documentation in IPv6": "2001:db8::1",
    "newer documentation in IPv6": "3fff::1",
    "protocol assignments": "192.0.0.8",
    "nothing at all": "no address",
}


@pytest.mark.parametrize("address", NOT_PUBLIC.values(), ids=NOT_PUBLIC)
def test_a_name_that_leads_inside_is_refused(address: str) -> None:
    for found in ([address], [PUBLIC, address], [address, ANOTHER]):
        with pytest.raises(Refused, match=r"^shop\.acme\.test leads to an address that is not public$"):
            client(resolve=lambda host, port, found=found: found).ask("GET", f"https://{SHOP}/")


@pytest.mark.parametrize("local", [False, True])
@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "10.0.0.1",
        "[fd00:ec2::254]",
        "[64:ff9b::a9fe:a9fe]",
        "[::ffff:169.254.169.254]",
        "[64:ff9b::127.0.0.1]",  # not this machine: a gateway would have to unpack it
        "0.0.0.0",
        "[::]",
    ],
)
def test_a_literal_address_inside_is_refused_even_on_this_machine(host: str, local: bool) -> None:
    with pytest.raises(Refused, match="not public"):
        client(local=local, resolve=never).ask("GET", f"http://{host}/latest/meta-data/")


ODD = {
    "decimal": "http://2130706433/",
    "octal": "http://0177.0.0.1/",
    "hexadecimal": "http://0x7f.0.0.1/",
    "hexadecimal in one": "http://0x7f000001/",
    "short": "http://127.1/",
    "shorter": "http://127/",
    "with a leading zero": "http://127.0.0.01/",
    "too many parts": "http://127.0.0.1.1/",
    "full-width digits, short": "http://１２７.1/",
    "a dot at its end": f"https://{SHOP}./",
    "a literal with a dot at its end": "http://127.0.0.1./",
    "no host": "https:///wp-json",
    "an empty label": "https://shop..test/",
    "a label that begins with a dash": "https://-shop.test/",
    "a name too long": f"https://{'a' * 64}.test/",
    "an address too long": f"https://{SHOP}/{'a' * 9000}",
    "a zone": "http://[fe80::1%25eth0]/",
    "no bracket": "http://::1/",
    "no scheme": f"//{SHOP}/",
    "another scheme": f"ftp://{SHOP}/",
    "a file": "file:///etc/passwd",
    "gopher": f"gopher://{SHOP}:6379/_",
    "a long s for an s": f"httpſ://{SHOP}/",
    "a user": f"https://ck@{SHOP}/",
    "a user and a password": f"https://ck:cs@{SHOP}/",
    "another host in the password": f"https://{SHOP}:443@169.254.169.254/",
    "an empty user": f"https://@{SHOP}/",
    "a fragment": f"https://{SHOP}/#x",
    "a fragment that hides a host": f"https://169.254.169.254#@{SHOP}/",
    "a backslash": f"https://{SHOP}\\@169.254.169.254/",
    "a backslash in the path": f"https://{SHOP}/\\x",
    "CRLF in the path": f"https://{SHOP}/ HTTP/1.1\r\nX: y",
    "CRLF in the host": f"https://{SHOP}\r\nX: y/",
    "a line break at its end": f"https://{SHOP}/\n",
    "a space": f"https://{SHOP}/a b",
    "a tab": f"https://{SHOP}/a\tb",
    "a leading space": f" https://{SHOP}/",
    "a null": f"https://{SHOP}/\0",
    "letters in the path that are not escaped": f"https://{SHOP}/سبد",
    "percent in the host": "https://shop%2eacme.test/",
    "port 0": f"https://{SHOP}:0/",
    "no number for a port": f"https://{SHOP}:/",
    "a port in Persian": f"https://{SHOP}:۴۴۳/",
    "a port too high": f"https://{SHOP}:65536/",
    "a letter that two standards write differently": "https://faß.test/",
    "an invisible joiner": "https://می\u200cخرم.test/",
}


@pytest.mark.parametrize("url", ODD.values(), ids=ODD)
def test_an_address_that_two_programs_could_read_differently_is_refused(url: str) -> None:
    for local in (False, True):
        with pytest.raises(Refused) as refused:
            client(local=local, resolve=never).ask("GET", url)
        assert not any(word in str(refused.value) for word in ("ck", "cs@", "passwd", "wp-json", "169.254"))


@pytest.mark.parametrize(
    "url", [f"https://{SHOP}:80/", f"http://{SHOP}:443/", f"http://{SHOP}:8080/", f"https://{SHOP}:22/"]
)
def test_only_the_usual_ports_are_spoken_to(url: str) -> None:
    for local in (False, True):
        with pytest.raises(Refused, match="only the usual ports"):
            client(local=local).ask("GET", url)


def test_localhost_is_what_it_leads_to() -> None:
    with pytest.raises(Refused):
        client(resolve=lambda host, port: ["127.0.0.1", "::1"]).ask("GET", "http://localhost/")


def test_this_machine_is_spoken_to_on_any_port_where_the_world_is_local() -> None:
    with shop(told(b"hello")) as here:
        answer = Client(local=True).ask("GET", f"http://127.0.0.1:{here.port}/")
    assert (answer.status, answer.body) == (200, b"hello")
    assert f"Host: 127.0.0.1:{here.port}".lower().encode() in here.requests[0].lower()


@pytest.mark.parametrize("inside", ["10.0.0.1", "192.168.1.1", PUBLIC])
def test_a_local_world_has_odd_ports_on_this_machine_only(inside: str) -> None:
    local = client(local=True, resolve=lambda host, port: ["127.0.0.1", inside])
    with pytest.raises(Refused):
        local.ask("GET", f"http://{SHOP}:8101/")


def test_a_name_that_leads_nowhere_is_unreachable() -> None:
    def failing(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    for resolve in (failing, lambda host, port: []):
        with pytest.raises(Unreachable, match=r"shop\.acme\.test: this name leads nowhere"):
            client(resolve=resolve).ask("GET", f"https://{SHOP}/?consumer_secret={KEY}")


def test_a_name_in_persian_is_looked_up_as_dns_writes_it() -> None:
    asked = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return ["10.0.0.1"]

    with pytest.raises(Refused):
        client(resolve=resolve).ask("GET", "https://فروشگاه.Test/")
    assert asked == [("xn--mgbtj4c7ad63e.test", 443)]


def test_a_name_that_changes_where_it_leads_is_looked_up_once_and_pinned() -> None:
    """Rebinding: the check sees a public address, the connection would go inside."""
    asked = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return [PUBLIC] if len(asked) == 1 else ["169.254.169.254"]

    with shop([told(b"one"), told(b"two")]) as here:
        asking = client(resolve=resolve, connect=here.connect)
        bodies = [asking.ask("GET", f"http://{SHOP}/{n}").body for n in (1, 2)]
    assert bodies == [b"one", b"two"]
    assert (asked, here.dialled) == ([SHOP], [(PUBLIC, 80)])


def test_a_new_connection_is_checked_anew() -> None:
    found = [[PUBLIC], ["169.254.169.254"]]
    with shop(told(), closing=True) as here:
        asking = client(resolve=lambda host, port: found.pop(0), connect=here.connect)
        asking.ask("GET", f"http://{SHOP}/")
        here.over.wait()
        with pytest.raises(Refused):
            asking.ask("GET", f"http://{SHOP}/")


def test_the_next_address_is_tried_where_one_is_down() -> None:
    with shop(told(b"here")) as here:

        def connect(address: str, port: int, seconds: float) -> socket.socket:
            if address == ANOTHER:
                raise OSError(101, "Network is unreachable")
            return here.connect(address, port, seconds)

        answer = client(resolve=lambda host, port: [ANOTHER, PUBLIC], connect=connect).ask("GET", f"http://{SHOP}/")
    assert answer.body == b"here"
    assert here.dialled == [(PUBLIC, 80)]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer(status: int) -> None:
    with shop(told(b"", f"{status} Moved", "Location: http://169.254.169.254/latest/meta-data/")) as here:
        answer = ask(here)
    assert answer.status == status
    assert answer.headers["location"] == "http://169.254.169.254/latest/meta-data/"
    assert len(here.dialled) == 1


def test_the_environment_names_no_proxy_for_us(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://169.254.169.254:3128")
    with shop(told()) as here:
        assert ask(here).status == 200
    assert here.dialled == [(PUBLIC, 80)]


_EMBEDDINGS: dict[str, Callable[[int], ipaddress.IPv6Address | ipaddress.IPv4Address]] = {
    "itself": ipaddress.IPv4Address,
    "mapped": lambda v4: ipaddress.IPv6Address((0xFFFF << 32) | v4),
    "NAT64": lambda v4: ipaddress.IPv6Address((0x64FF9B << 96) | v4),
    "6to4": lambda v4: ipaddress.IPv6Address((0x2002 << 112) | (v4 << 80) | 0xABCD),
    "Teredo": lambda v4: ipaddress.IPv6Address((0x20010000 << 96) | (0x08080808 << 64) | (~v4 & 0xFFFFFFFF)),
}
# Not on the internet for us though Python's list (which differs between its versions) may have them there.
_STRICTER = [ipaddress.ip_network(net) for net in ("224.0.0.0/4", "192.0.0.0/24", "192.88.99.0/24")]


@settings(deadline=None)
@given(st.ip_addresses(v=4), st.sampled_from(sorted(_EMBEDDINGS)))
def test_an_address_is_as_public_as_the_one_it_carries(v4: ipaddress.IPv4Address, how: str) -> None:
    carrier = _EMBEDDINGS[how](int(v4))
    expected = v4.is_global and not any(v4 in net for net in _STRICTER)
    assert addresses.public(str(carrier)) == expected, carrier


@settings(deadline=None)
@given(st.ip_addresses(v=6))
def test_an_address_of_its_own_is_never_more_public_than_python_says(v6: ipaddress.IPv6Address) -> None:
    inner = addresses.innermost(v6)
    assert not addresses.public(str(v6)) or all(one.is_global and not one.is_multicast for one in inner)
    if inner == (v6,) and v6 in ipaddress.ip_network("2000::/3") and v6 not in ipaddress.ip_network("3fff::/20"):
        assert addresses.public(str(v6)) == v6.is_global


# Who answers there.


def certificate(folder: Path, name: str) -> tuple[Path, ssl.SSLContext]:
    """A certificate for this name, signed by itself: its file, and a server's context that shows it."""
    key = ec.generate_private_key(ec.SECP256R1())
    named = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(named).issuer_name(named).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    file = folder / f"{name}.pem"
    own = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(own + builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(file)
    return file, serving


@contextmanager
def tls_shop(serving: ssl.SSLContext, answer: bytes) -> Iterator[Shop]:
    def play(sock: socket.socket) -> None:
        with serving.wrap_socket(sock, server_side=True) as safe:
            here.hears(safe)
            safe.sendall(answer)
            safe.recv(1)

    here = Shop(play)
    try:
        yield here
    finally:
        here.close()


def trusting(file: Path) -> ssl.SSLContext:
    context = wire.trust()
    context.load_verify_locations(file)
    return context


def test_https_asks_whoever_has_the_certificate_of_that_name(tmp_path: Path) -> None:
    file, serving = certificate(tmp_path, SHOP)
    seen = []
    serving.sni_callback = lambda sock, name, context: seen.append(name)
    with tls_shop(serving, told(b"safe")) as here:
        answer = ask(here, f"https://{SHOP}/", tls=trusting(file))
    assert (answer.body, here.dialled, seen) == (b"safe", [(PUBLIC, 443)], [SHOP])


def test_a_certificate_for_another_host_is_refused(tmp_path: Path) -> None:
    file, serving = certificate(tmp_path, "another.test")
    with tls_shop(serving, told()) as here:
        with pytest.raises(Unreachable, match=r"^shop\.acme\.test: its certificate is not good"):
            ask(here, f"https://{SHOP}/", tls=trusting(file))
        assert here.requests == []


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    _, serving = certificate(tmp_path, SHOP)
    with tls_shop(serving, told()) as here:
        with pytest.raises(Unreachable, match="its certificate is not good"):
            ask(here, f"https://{SHOP}/")
        assert here.requests == []


def test_older_tls_is_not_spoken() -> None:
    context = wire.trust()
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert context.check_hostname
    assert context.verify_mode == ssl.CERT_REQUIRED


def test_what_speaks_no_tls_is_unreachable() -> None:
    here = Shop(lambda sock: sock.sendall(told()))
    with pytest.raises(Unreachable, match="no secure connection"):
        ask(here, f"https://{SHOP}/")
    here.close()


def test_a_closed_port_is_unreachable() -> None:
    def connect(*args: object) -> socket.socket:
        raise ConnectionRefusedError(111, "Connection refused")

    with pytest.raises(Unreachable, match=r"^shop\.acme\.test: Connection refused$"):
        client(connect=connect).ask("GET", f"https://{SHOP}/")


# What it says.


def test_a_request_says_what_it_was_given_and_who_asks() -> None:
    with shop(told()) as here:
        asking = client(connect=here.connect)
        asking.ask("GET", f"http://{SHOP}?page=2", headers={"Authorization": f"Basic {KEY}", "Host": "evil.test"})
    lines = here.requests[0].decode().lower().split("\r\n")
    assert lines[0] == "get /?page=2 http/1.1"
    assert f"host: {SHOP}" in lines
    assert "host: evil.test" not in lines
    assert f"authorization: basic {KEY}" in lines
    assert any(line.startswith("user-agent: ecrm-plugin/") for line in lines)


def test_a_body_is_sent_with_its_length() -> None:
    heard = []

    def play(sock: socket.socket) -> None:
        text = b""
        while not text.endswith(b'{"a":1}'):
            text += sock.recv(65536)
        heard.append(text)
        sock.sendall(told(b"", "201 Created"))

    here = Shop(play)
    answer = client(connect=here.connect).ask(
        "POST", f"http://{SHOP}/", headers={"content-type": "application/json"}, body=b'{"a":1}'
    )
    here.close()
    assert answer.status == 201
    assert b"content-length: 7" in heard[0].lower()
    assert heard[0].endswith(b'\r\n\r\n{"a":1}')


@pytest.mark.parametrize(
    "header", [("X-Key", f"{KEY}\r\nX: y"), ("X: y\r\nZ", KEY), ("X-Key", f"{KEY}\n"), ("X", "کلید")]
)
def test_a_header_cannot_bring_another(header: tuple[str, str]) -> None:
    with pytest.raises(Refused) as refused:
        client().ask("GET", f"http://{SHOP}/", headers=dict([header]))
    assert KEY not in str(refused.value)


@pytest.mark.parametrize("method", ["get", "GET /x HTTP/1.1\r\nX:", "", "G E T"])
def test_a_method_is_a_word(method: str) -> None:
    with pytest.raises(Refused):
        client().ask(method, f"http://{SHOP}/")


# What it never swallows.


def test_a_body_that_says_that_it_is_too_large_is_not_read() -> None:
    with shop(told(b"", length=9_000_000_000)) as here, pytest.raises(Unreachable, match="answer too large"):
        ask(here)


@pytest.mark.parametrize("size", [1000, 1001])
def test_the_largest_answer_is_as_large_as_was_said(size: int) -> None:
    for text in (told(b"x" * size), b"HTTP/1.0 200 OK\r\n\r\n" + b"x" * size, _chunked(b"x" * size)):
        with shop(text, closing=True) as here:
            asking = client(connect=here.connect)
            if size <= 1000:
                assert len(asking.ask("GET", f"http://{SHOP}/", most=1000).body) == size
            else:
                with pytest.raises(Unreachable, match="answer too large"):
                    asking.ask("GET", f"http://{SHOP}/", most=1000)


def _chunked(body: bytes) -> bytes:
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:300], body[300:]))
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"


def test_a_chunk_of_negative_size_is_bounded() -> None:
    flood = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n" + b"x" * 3_000_000
    with shop(flood, closing=True) as here, pytest.raises(Unreachable):
        client(connect=here.connect).ask("GET", f"http://{SHOP}/", most=1000)


def test_a_packed_answer_is_unpacked() -> None:
    for packed in (gzip.compress(b"orders"), gzip.compress(b"ord") + gzip.compress(b"ers")):
        with shop(told(packed, "200 OK", "Content-Encoding: gzip")) as here:
            assert ask(here).body == b"orders"


def test_a_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    assert len(bomb) < 60_000
    with shop(told(bomb, "200 OK", "Content-Encoding: gzip")) as here, pytest.raises(Unreachable, match="too large"):
        ask(here)
    many = gzip.compress(b"") * 5000
    with shop(told(many, "200 OK", "Content-Encoding: gzip")) as here, pytest.raises(Unreachable, match="badly packed"):
        ask(here)


BROKEN = {
    "cut off": told(b"half", length=100),
    "cut off within a chunk": _chunked(b"x" * 500)[:-100],
    "badly packed": told(b"no gzip", "200 OK", "Content-Encoding: gzip"),
    "packed and cut off": told(gzip.compress(b"orders" * 100)[:-9], "200 OK", "Content-Encoding: gzip"),
    "packed otherwise": told(b"x", "200 OK", "Content-Encoding: br"),
    "no HTTP": b"220 mail.acme.test ESMTP\r\n",
    "nothing": b"",
    "too many headers": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
    "a header too long": b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
    "a status line without end": b"HTTP/1.1 200 " + b"O" * 100_000,
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_a_broken_answer_is_no_answer(text: bytes) -> None:
    with shop(text, closing=True) as here, pytest.raises(Unreachable, match=r"^shop\.acme\.test: "):
        ask(here)


def test_an_answer_that_trickles_ends_with_the_time_there_is() -> None:
    """Each byte comes in time, the whole never does. The clock makes 5 s of each of its steps."""

    def trickle(before: bytes, bit: bytes) -> Callable[[socket.socket], None]:
        def play(sock: socket.socket) -> None:
            sock.recv(65536)
            sock.sendall(before)
            for _ in range(200):
                sock.sendall(bit)
                time.sleep(0.002)

        return play

    ok = b"HTTP/1.1 200 OK\r\n"
    for before, bit in ((ok + b"Content-Length: 5000\r\n\r\n", b"x"), (ok, b"X: y\r\n"), (b"", b"H")):
        ticks = iter(range(0, 10_000, 5))
        here = Shop(trickle(before, bit))
        with pytest.raises(Unreachable, match=r"^shop\.acme\.test: no answer in time$"):
            ask(here, seconds=lambda ticks=ticks: float(next(ticks)))
        here.close()


def test_silence_is_waited_for_only_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "READ_SECONDS", 0.05)
    here = Shop(lambda sock: silent(here))
    started = time.monotonic()
    with pytest.raises(Unreachable, match="no answer in time"):
        ask(here)
    assert time.monotonic() - started < 30  # of 60 for the whole call
    here.close()


def test_one_silence_does_not_outlast_the_whole_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "READ_SECONDS", 60)
    here = Shop(lambda sock: silent(here))
    started = time.monotonic()
    with pytest.raises(Unreachable, match="no answer in time"):
        ask(here, total=0.05)
    assert time.monotonic() - started < 30
    here.close()


def silent(here: Shop) -> None:
    here.goes_on.wait()


# How politely it asks.


def busy(wait: str, status: str = "429 Too Many Requests", *headers: str) -> bytes:
    return told(b"", status, f"Retry-After: {wait}", *headers)


@pytest.mark.parametrize(
    ("text", "waited"),
    [
        (busy("3"), 3.0),
        (busy("2.0"), 2.0),  # as Shopify writes it
        (busy("0"), 1.0),
        (busy("7", "503 Service Unavailable"), 7.0),
        (busy("Wed, 25 Nov 2026 10:00:09 GMT", "503 Busy", "Date: Wed, 25 Nov 2026 10:00:00 GMT"), 9.0),
        (busy("Wed, 25 Nov 2026 09:59:00 GMT", "503 Busy", "Date: Wed, 25 Nov 2026 10:00:00 GMT"), 1.0),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_busy_shop_is_left_alone_for_as_long_as_it_asks(text: bytes, waited: float, method: str) -> None:
    slept: list[float] = []
    with shop([text, told(b"now")]) as here:
        assert ask(here, method=method, sleep=slept.append).body == b"now"
    assert slept == [waited]


@pytest.mark.parametrize(
    ("wait", "said"),
    [
        ("21", 21),
        ("120", 120),
        ("86400", 3600),
        ("999999999", 3600),
        ("soon", 60),
        ("Wed, 25 Nov 2026 10:00:09 GMT", 60),
    ],
)
def test_a_long_wait_is_the_callers(wait: str, said: float) -> None:
    with shop(busy(wait)) as here, pytest.raises(Unreachable, match=r"shop\.acme\.test is busy") as trouble:
        ask(here)
    assert trouble.value.wait == said


def test_waiting_ends_when_patience_does() -> None:
    slept: list[float] = []
    with shop([busy("8")] * 5) as here, pytest.raises(Unreachable) as trouble:
        ask(here, sleep=slept.append)
    assert (slept, trouble.value.wait) == ([8.0, 8.0], 8.0)


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Busy"])
def test_who_asks_for_no_wait_has_answered(status: str) -> None:
    with shop(told(b"busy", status)) as here:
        assert ask(here).body == b"busy"


def test_an_error_is_an_answer_even_with_a_time() -> None:
    with shop(busy("3", "500 Error")) as here:
        assert ask(here).status == 500


# Connections that are kept.


def test_a_connection_serves_again_and_for_a_minute() -> None:
    clock = [1000.0]
    with shop([told(b"1"), told(b"2"), told(b"never")], told(b"3")) as here:
        asking = client(connect=here.connect, seconds=lambda: clock[0])
        bodies = []
        for moment in (1000.0, 1059.0, 1061.0):
            clock[0] = moment
            bodies.append(asking.ask("GET", f"http://{SHOP}/").body)
        asking.close()
    assert bodies == [b"1", b"2", b"3"]
    assert len(here.dialled) == 2


def test_a_connection_serves_one_host_only() -> None:
    with shop(told(b"1"), told(b"2"), told(b"3")) as here:
        asking = client(connect=here.connect)
        for url in (f"http://{SHOP}/", "http://another.test/"):
            asking.ask("GET", url)
        asking.close()
    assert len(here.dialled) == 2


def test_a_connection_whose_answer_was_not_read_is_not_used_again() -> None:
    with shop([told(b"x" * 2000)], [told(b"fresh")]) as here:
        asking = client(connect=here.connect)
        with pytest.raises(Unreachable):
            asking.ask("GET", f"http://{SHOP}/", most=1000)
        assert asking.ask("GET", f"http://{SHOP}/").body == b"fresh"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_connection_that_was_closed_while_idle_is_replaced(method: str) -> None:
    with shop([told(b"1")], [told(b"2")], closing=True) as here:
        asking = client(connect=here.connect)
        asking.ask("GET", f"http://{SHOP}/")
        here.over.wait()
        assert asking.ask(method, f"http://{SHOP}/").body == b"2"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_connection_that_closes_instead_of_answering_is_tried_again_where_that_is_safe(method: str) -> None:
    """It closes after it has heard the request: whether it has acted on it, nobody knows."""

    def hangs_up(sock: socket.socket) -> None:
        here.hears(sock)
        sock.sendall(told(b"1"))
        here.hears(sock)

    def answers(sock: socket.socket) -> None:
        here.hears(sock)
        sock.sendall(told(b"2"))

    here = Shop(hangs_up, answers)
    asking = client(connect=here.connect)
    asking.ask("GET", f"http://{SHOP}/")
    if method == "GET":
        assert asking.ask(method, f"http://{SHOP}/").body == b"2"
    else:
        with pytest.raises(Unreachable, match="cut off"):
            asking.ask(method, f"http://{SHOP}/")
        assert len(here.dialled) == 1
    here.close()


def test_a_fresh_connection_that_closes_is_not_tried_again() -> None:
    with shop(b"", told(b"second"), closing=True) as here, pytest.raises(Unreachable, match="cut off"):
        ask(here)
    assert len(here.dialled) == 1


def test_many_hosts_do_not_keep_many_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "_MOST_KEPT", 2)
    with shop(*([told()] * 5)) as here:
        asking = client(connect=here.connect)
        for n in range(4):
            asking.ask("GET", f"http://shop{n}.test/")
        assert len(asking._pool._kept) == 2
        asking.close()


# What it never tells.


def test_nothing_secret_is_logged_or_told(caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> None:
    caplog.set_level(logging.DEBUG)
    secret = {"Authorization": f"Basic {KEY}"}
    for text in (told(b"half", length=100), b"nonsense", told(f"{KEY}".encode(), "200 OK", "Content-Encoding: br")):
        with shop(text, closing=True) as here, pytest.raises(Unreachable) as trouble:
            client(connect=here.connect).ask(
                "POST", f"http://{SHOP}/path/{KEY}?key={KEY}", headers=secret, body=KEY.encode()
            )
        assert KEY not in str(trouble.value) + repr(trouble.value) + str(trouble.value.__cause__)
        assert trouble.value.__suppress_context__
    assert KEY not in caplog.text + "".join(capsys.readouterr())
