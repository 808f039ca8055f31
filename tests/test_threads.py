"""What a process keeps for everybody, where several ask at once: the local gateway answers each in a thread."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta

from chalicelib.routes.limits import Limit, Limiter
from chalicelib.routes.problems import Problem
from chalicelib.work.remembered import Remembered
from tests.acme import NOW

THREADS = 8


@contextmanager
def interrupted() -> Iterator[None]:
    """Threads take turns as often as can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def together(do: Callable[[], None]) -> None:
    """In every thread. Raises what one of them raised."""
    with interrupted(), ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(do) for _ in range(THREADS)]:
            done.result()


def test_all_of_them_take_no_more_than_there_is() -> None:
    limiter, granted = Limiter(Limit(50, 1)), []

    def take() -> None:
        for _ in range(200):
            with suppress(Problem):
                limiter.take(NOW, "198.51.100.7")
                granted.append(1)

    together(take)
    assert len(granted) == 50


def test_all_of_them_remember_and_forget() -> None:
    kept: Remembered[int, int] = Remembered(timedelta(seconds=60), 3)

    def read() -> None:
        for n in range(1_000):
            keys = range(n % 7, n % 7 + 5)
            assert kept.all(keys, NOW, lambda missing: dict.fromkeys(missing, 1)) == dict.fromkeys(keys, 1)

    together(read)
    assert len(kept._kept) <= 3
