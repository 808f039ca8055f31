"""A shop that is about to hand us the key to its API: who may do so, until when, and what came of it. One row."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import timedelta

from chalicelib.domain.times import moment
from chalicelib.table import base
from chalicelib.table.base import Json, Row

_KEPT = timedelta(days=1)


class ConnectRow(Row, discriminator="connect"):
    """Gone a day after it expired."""

    expected = Json()


@dataclass(frozen=True, slots=True)
class Expected:
    """`state`: waiting | refused (why: `reason`; another try is welcome) | granted. Moments are stored moments.
    `token_hash` is "" once the token was used; until `held_until` somebody is looking at what was handed over."""

    platform: str
    expires_at: str
    token_hash: str = field(default="", repr=False)
    state: str = "waiting"
    reason: str = ""
    held_until: str = ""


def read(shop: str) -> tuple[Expected, int] | None:
    """What is expected of the shop and the row's rev, or None."""
    row = base.first(ConnectRow, base.partition(shop), "CONNECT")
    return (Expected(**row.expected), row.rev) if row else None


def start(shop: str, expected: Expected) -> None:
    """Whatever was expected before is not any more."""

    def attempt() -> int:
        held = read(shop)
        return write(shop, expected, held[1] if held else None)

    base.retried(attempt)


def write(shop: str, expected: Expected, read_rev: int | None) -> int:
    """Replace what was read at `read_rev`; returns the new rev. Raises Conflict: somebody else was faster."""
    row = ConnectRow(base.partition(shop), "CONNECT", expected=asdict(expected))
    row.ttl = int((moment(expected.expires_at) + _KEPT).timestamp())
    base.commit([base.replace(row, read_rev)])
    return int(row.rev)
