"""The owner's own flows: every version that was ever live, as it was checked, with its texts. Never changed."""

from __future__ import annotations

from typing import Any

from pynamodb.attributes import UnicodeAttribute

from chalicelib.table import base
from chalicelib.table.base import Integer, Json, Row


class FlowRow(Row, discriminator="flow"):
    """`flow` is the file's data; `texts` are language -> text's name -> its compiled parts."""

    name = UnicodeAttribute()
    version = Integer()
    flow = Json()
    texts = Json(default=dict)
    source = Json(default=dict)  # what the owner wrote, to be shown and exported again
    saved_at = UnicodeAttribute()


def _sk(name: str, version: int) -> str:
    return f"FLOW#{base.part(name)}#{version:06d}"


def save(shop: str, name: str, version: int, flow: Any, texts: Any, source: Any, at: str) -> None:
    """Raises Conflict where this version is known: a version never changes."""
    row = FlowRow(base.partition(shop), _sk(name, version), name=name, version=version, flow=flow, texts=texts)
    row.source, row.saved_at = source, at
    base.commit([base.replace(row, None)])


def read(shop: str, name: str, version: int) -> FlowRow | None:
    return base.first(FlowRow, base.partition(shop), _sk(name, version))


def versions(shop: str, name: str) -> list[FlowRow]:
    """Newest first."""
    with base.reading():
        rows = FlowRow.query(
            base.partition(shop), FlowRow.sk.startswith(f"FLOW#{base.part(name)}#"), scan_index_forward=False
        )
        return list(rows)
