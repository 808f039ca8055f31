"""What accept reaches out to: two queues, the bucket, the shop directory. Tests put a fake in its place."""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

from chalicelib.directory import Absent, Directory
from chalicelib.notices import Notices
from chalicelib.settings import Settings, settings
from chalicelib.thin import Trouble

BATCH = 10  # SQS takes so many messages in one call


class Outside(Protocol):
    """`send*` and `put` raise where they could not; what they raise does not matter, the next plan is tried."""

    master: bytes
    directory: Directory
    notices: Notices

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
        self.notices = Notices(self.put)
        self._settings, self._thin = given, given.thin()

    def send(self, text: str, shop: str) -> None:
        self._thin.sqs_send(self._settings.inbox_url, text, shop)

    def send_unverified(self, text: str, shop: str) -> None:
        self._thin.sqs_send(self._settings.need("unverified_url").unverified_url, text, shop)

    def hand_feedback(self, text: str, shop: str) -> None:
        """Onto the queue of what providers tell."""
        self._thin.sqs_send(self._settings.need("feedback_url").feedback_url, text, shop)

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

    def get_range(self, key: str, start: int, size: int) -> bytes:
        """`size` bytes of an object from `start` on, fewer at its end. Raises Absent or Trouble."""
        try:
            return self._thin.s3_get_range(self._settings.bucket, key, start, size)
        except Trouble as trouble:
            if trouble.code == "InvalidRange":
                return b""
            if trouble.code == "NoSuchKey":
                raise Absent(key) from None
            raise

    def size(self, key: str) -> int:
        """How many bytes an object has. Raises Absent or Trouble."""
        found = self._thin.s3_size(self._settings.bucket, key)
        if found is None:
            raise Absent(key)
        return found

    def get_or_none(self, key: str) -> bytes | None:
        """An object's bytes, None for no object. Raises Trouble."""
        try:
            return self.get(key)
        except Absent:
            return None

    def keys(self, prefix: str, most: int = 1000) -> list[str]:
        """The keys of the first objects whose keys begin so."""
        return self._thin.s3_keys(self._settings.bucket, prefix, most)

    def forget(self, key: str) -> None:
        """Remove an object."""
        self._thin.s3_delete(self._settings.bucket, key)

    def waiting(self, url: str) -> int:
        """About how many messages wait on a queue or are being worked off."""
        return self._thin.sqs_waiting(url)

    def send_due(self, messages: list[tuple[str, str]]) -> None:
        """(shop, message) each onto the outbox. What SQS does not take is still due in the table."""
        self._send_all(self._settings.need("outbox_url").outbox_url, messages)

    def ask_fetch(self, messages: list[tuple[str, str]]) -> None:
        """(shop, message) each onto the queue of questions for the shops: import, reconcile, refetch, keys. Hints:
        whatever has to be done stands in the table."""
        self._send_all(self._settings.need("fetch_url").fetch_url, messages)

    def ask_learn(self, messages: list[tuple[str, str]]) -> None:
        """(shop, message) each onto the queue of shops that are to be learnt from. Hints, as `ask_fetch`'s are."""
        self._send_all(self._settings.need("learn_url").learn_url, messages)

    def hand_events(self, text: str, shop: str) -> None:
        """Onto the queue of what visitors do in the storefronts."""
        self._thin.sqs_send(self._settings.need("events_url").events_url, text, shop)

    def _send_all(self, url: str, messages: list[tuple[str, str]]) -> None:
        for start in range(0, len(messages), BATCH):
            some = enumerate(messages[start : start + BATCH])
            entries = [{"Id": str(i), "MessageBody": body, "MessageGroupId": shop} for i, (shop, body) in some]
            self._thin.sqs_send_all(url, entries)


@lru_cache(maxsize=1)
def aws() -> Aws:
    """The one of this process. Tests: `aws.cache_clear()` after `settings.cache_clear()`."""
    return Aws(settings())
