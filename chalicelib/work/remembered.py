"""What a process remembers for a while, so that every page view need not read it: bounded, and by the given clock."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping
from datetime import datetime, timedelta
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
_everything: list[Remembered] = []  # type: ignore[type-arg]


class Remembered(Generic[K, V]):
    """At most `most` values, each for `fresh`; the one read longest ago goes first."""

    def __init__(self, fresh: timedelta, most: int) -> None:
        self._fresh, self._most = fresh, most
        self._kept: dict[K, tuple[datetime, V]] = {}
        self._one_at_a_time = Lock()
        _everything.append(self)

    def get(self, key: K, now: datetime, read: Callable[[], V]) -> V:
        """The value, read where it is not known or no longer fresh."""
        return self.all([key], now, lambda _: {key: read()})[key]

    def all(self, keys: Collection[K], now: datetime, read: Callable[[list[K]], Mapping[K, V]]) -> dict[K, V]:
        """The values of all keys; `read` is asked once for those that are not known, and may leave some out."""
        since = now - self._fresh
        found: dict[K, V] = {}
        for key in keys:
            held = self._kept.get(key)
            if held is not None and since < held[0] <= now:
                found[key] = held[1]
        missing = [key for key in dict.fromkeys(keys) if key not in found]
        if missing:
            read_now = read(missing)
            self._keep(read_now, now)
            found.update(read_now)
        return found

    def _keep(self, values: Mapping[K, V], now: datetime) -> None:
        with self._one_at_a_time:
            for key, value in values.items():
                self._kept.pop(key, None)  # so that it stands last
                self._kept[key] = now, value
            while len(self._kept) > self._most:
                del self._kept[next(iter(self._kept))]

    def forget(self) -> None:
        self._kept.clear()


def forget_everything() -> None:
    """For tests, and for a world whose table was replaced."""
    for remembered in _everything:
        remembered.forget()
