"""Where a listing stands, as text that any process can go on from: a byte of a bulk file, or a page."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace


@dataclass(frozen=True, slots=True)
class Place:
    """`way`: start (a bulk operation is wanted), bulk (`bulk` runs or is read from byte `byte` on) or pages."""

    way: str
    bulk: str = ""  # the operation's id
    byte: int = 0  # the first that is not read yet
    tries: int = 0  # how often Shopify had no room for an operation
    after: str = ""  # Shopify's own cursor within the window
    since: str = ""  # where the window starts: an id for a history, a moment for changes
    depth: int = 0  # pages read within the window
    at_once: int = 0  # 0: as many as usual
    alone: bool = False  # the next row is too large to be read beside others

    def on(self, **changes: object) -> Place:
        return replace(self, **changes)  # type: ignore[arg-type]


def written(place: Place) -> str:
    """The cursor: only what differs from the usual."""
    usual = asdict(Place(""))
    return json.dumps({name: value for name, value in asdict(place).items() if value != usual[name]})


def opened(cursor: str) -> Place:
    """The inverse. Raises ValueError for text that we did not write."""
    said = json.loads(cursor)
    if not isinstance(said, dict) or not set(said) <= {field.name for field in fields(Place)} or "way" not in said:
        raise ValueError("not a cursor of ours")
    return Place(**said)
