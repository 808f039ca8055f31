"""No key in any log: everything that is logged or printed at the door in any test is looked through."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from chalicelib import http_event
from chalicelib.work.log import logger
from infra.local.doubles.server import double_of, platforms

# The forms of all that opens anything: ours, the platforms', and what travels in their headers.
FORMS = re.compile(
    r"whsec_[A-Za-z0-9+/]{20}|[si]k_[a-z0-9-]{3,40}_[0-9A-Za-z]{20}|c[ks]_[0-9a-f]{40}|shp(at|ca|pa|ss)_\w{20}"
    r"|(Bearer|Basic) [\w+/=.-]{8}|oauth_(signature|token)|auth_token|eyJ[\w-]{20}|(5e){32}|AKIA[0-9A-Z]{16}"
)


class SecretsWatch(logging.Handler):
    """`found`: the records that held a secret, since somebody last looked."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._known = {
            value
            for name in platforms()
            for value in double_of(name).CREDENTIALS.values()
            if len(value) > 8 and not value.startswith("http")
        }

    def emit(self, record: logging.LogRecord) -> None:
        self.look(f"{record.getMessage()} {record.__dict__!r}")

    def look(self, text: str) -> None:
        if FORMS.search(text) or any(secret in text for secret in self._known):
            self.found.append(text[:300])


@contextmanager
def watching() -> Iterator[SecretsWatch]:
    """Stands behind our logger, every other one, and the door's own lines."""
    watch, real = SecretsWatch(), http_event.log_line

    def line(*args: Any) -> str:
        said = real(*args)
        watch.look(said)
        return said

    places = [logging.getLogger(logger.name), logging.getLogger()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(http_event, "log_line", line)
        for place in places:
            place.addHandler(watch)
        yield watch
        for place in places:
            place.removeHandler(watch)
