"""What accept reaches out to: two queues, the bucket, the shop directory. Tests put a fake in its place."""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

from chalicelib.directory import Absent, Directory
from chalicelib.settings import Settings, settings
from chalicelib.thin import Trouble


class Outside(Protocol):
    """`send*` and `put` raise where they could not; what they raise does not matter, the next plan is tried."""

    master: bytes
    directory: Directory

    def send(self, text: str, shop: str) -> None:
        """Onto the inbox queue, fairly by shop."""

    def send_unverified(self, text: str, shop: str) -> None:
        """Onto the queue whose reader has to verify first."""

    def put(self, key: str, data: bytes) -> None:
        """Into the bucket."""


class Aws:
    """The real thing, over signed requests."""

    def __init__(self, given: Settings) -> None:
        self.master = given.master
        self.directory = Directory(self.get)
        self._settings, self._thin = given, given.thin()

    def send(self, text: str, shop: str) -> None:
        self._thin.sqs_send(self._settings.inbox_url, text, shop)

    def send_unverified(self, text: str, shop: str) -> None:
        self._thin.sqs_send(self._settings.need("unverified_url").unverified_url, text, shop)

    def put(self, key: str, data: bytes) -> None:
        self._thin.s3_put(self._settings.bucket, key, data)

    def get(self, key: str) -> bytes:
        """An object's bytes. Raises Absent or Trouble."""
        try:
            return self._thin.s3_get(self._settings.bucket, key)
        except Trouble as trouble:
            if trouble.status == 404 and trouble.code == "NoSuchKey":
                raise Absent(key) from None
            raise


@lru_cache(maxsize=1)
def aws() -> Aws:
    """The one of this process. Tests: `aws.cache_clear()` after `settings.cache_clear()`."""
    return Aws(settings())
