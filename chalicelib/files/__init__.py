"""CSV files as a source of events: our own columns, and what shops and newsletter services export (docs/csv.md)."""

from __future__ import annotations

from chalicelib.files.formats import Format, recognise
from chalicelib.files.pages import page, position

__all__ = ["Format", "page", "position", "recognise"]
