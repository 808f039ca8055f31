"""A fake of what accept reaches out to: everything that was sent or stored stays readable, everything can be broken."""

from __future__ import annotations

from chalicelib.directory import Absent, Directory, text_of
from chalicelib.domain.shop import Shop
from chalicelib.envelope import Envelope, unseal
from chalicelib.keys import seal_secret
from chalicelib.notices import PREFIX, Notices, Tally, read

MASTER = bytes(range(32))


def supplied(slug: str, **secrets: list[str]) -> dict[str, list[str]]:
    """What stands in a shop that brought these along: `all=[…]` for every topic, `order_created=[…]` for one."""
    named = {"*" if name == "all" else name.replace("_", "."): found for name, found in secrets.items()}
    return {topic: [seal_secret(MASTER, slug, topic, secret) for secret in found] for topic, found in named.items()}


class Broken(Exception):
    """What a part of the fake raises once it was broken."""


class FakeOutside:
    """Queues are lists of (shop, text); `broken` names what fails: queue, unverified, put, get. `seconds` is time."""

    def __init__(self, *shops: Shop) -> None:
        self.master = MASTER
        self.inbox: list[tuple[str, str]] = []
        self.unverified: list[tuple[str, str]] = []
        self.objects: dict[str, bytes] = {}
        self.broken: set[str] = set()
        self.seconds = 1000.0
        self.reads = 0
        self.directory = Directory(self.get, lambda: self.seconds)
        self.notices = Notices(self.put, lambda: self.seconds)
        if shops:
            self.publish(*shops)

    def publish(self, *shops: Shop) -> None:
        """As another process would: this reader is not told."""
        self.objects["directory.json"] = text_of(shops)

    def send(self, text: str, shop: str) -> None:
        self._works("queue")
        self.inbox.append((shop, text))

    def send_unverified(self, text: str, shop: str) -> None:
        self._works("unverified")
        self.unverified.append((shop, text))

    def put(self, key: str, data: bytes) -> None:
        self._works("put")
        self.objects[key] = data

    def get(self, key: str) -> bytes:
        self.reads += 1
        self._works("get")
        if key not in self.objects:
            raise Absent(key)
        return self.objects[key]

    def received(self) -> list[Envelope]:
        """What ingest would read from the inbox."""
        return [unseal(text, self.get) for _, text in self.inbox]

    def spooled(self) -> dict[str, Envelope]:
        return {key: unseal(data.decode(), self.get) for key, data in self.objects.items() if key.startswith("spool/")}

    def noticed(self) -> list[Tally]:
        """What the clock would find, oldest first."""
        return [read(self.objects[key]) for key in sorted(self.objects) if key.startswith(PREFIX)]

    def changed(self) -> bool:
        """Whether anything but the directory and notices is there."""
        kept = {key for key in self.objects if not key.startswith(PREFIX)}
        return bool(self.inbox or self.unverified or kept - {"directory.json"})

    def _works(self, part: str) -> None:
        if part in self.broken:
            raise Broken(part)
