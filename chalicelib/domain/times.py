"""Moments are RFC 3339 text in UTC: `2026-11-21T21:02:00Z`, with milliseconds only where there are any.

Such texts sort by time once the `Z` is off (`in_order`): "00.500Z" < "00Z", but "00" < "00.500".
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class BadTime(ValueError):
    """The text is not a moment."""


def moment(text: str) -> datetime:
    """An aware UTC datetime from ISO 8601 text; a text without an offset is UTC."""
    try:
        at = datetime.fromisoformat(text.strip())
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, AttributeError, OverflowError):
        raise BadTime(f"{text!r} is not a time") from None


def stamp(at: datetime) -> str:
    """The one form in which moments are stored and shown."""
    at = at.astimezone(UTC)
    fraction = f".{at.microsecond // 1000:03d}" if at.microsecond // 1000 else ""
    return at.strftime("%Y-%m-%dT%H:%M:%S") + fraction + "Z"


def normal(text: str) -> str:
    """Any ISO 8601 text in the stored form. Raises BadTime."""
    return stamp(moment(text))


def in_order(text: str) -> str:
    """A sort key for a stored moment."""
    return text.removesuffix("Z")


def later(text: str, by: timedelta) -> str:
    """The stored moment `by` after a stored moment."""
    return stamp(moment(text) + by)
