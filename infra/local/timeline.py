"""The simulated clock: it ticks on in real time, stands still while the world steps, and survives a restart."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from chalicelib import clock
from chalicelib.domain.times import BadTime, moment, stamp

MINUTE = timedelta(minutes=1)
FURTHEST = timedelta(days=3660)
_SPAN = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


class BadJump(ValueError):
    """What was asked of the clock cannot be. `field` names the culprit."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


def span(text: str) -> timedelta:
    """`3d`, `90m`, `1d12h` as a timedelta. Raises ValueError."""
    found = _SPAN.fullmatch(text.strip())
    if not text.strip() or not found:
        raise ValueError(f"{text!r} is not a span such as 3d, 12h or 90m")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


def target(asked: Any, now: datetime) -> datetime:
    """The moment meant by `{"advance":"3d"}` or `{"to":"2026-12-01T09:00:00Z"}`. Raises BadJump."""
    if not isinstance(asked, dict) or len({"advance", "to"} & set(asked)) != 1:
        raise BadJump("advance", 'say {"advance":"3d"} or {"to":"2026-12-01T09:00:00Z"}')
    field = "to" if "to" in asked else "advance"
    try:
        wanted = moment(asked["to"]) if field == "to" else now + span(asked["advance"])
    except (BadTime, ValueError, AttributeError, TypeError, OverflowError):
        raise BadJump(field, "is neither a moment nor a span") from None
    if wanted < now:
        raise BadJump(field, f"the clock cannot go back; it is {stamp(now)}")
    if wanted - now > FURTHEST:
        raise BadJump(field, "is more than ten years away")
    return wanted


def pace(asked: dict[str, Any]) -> timedelta:
    """How far apart the steps of a jump are at least: `{"every":"15m"}`, a minute if not said. Raises BadJump."""
    try:
        return max(MINUTE, span(asked.get("every", "1m")))
    except (ValueError, AttributeError, TypeError, OverflowError):
        raise BadJump("every", "is not a span such as 15m") from None


def next_minute(at: datetime) -> datetime:
    """The first full minute at or after a moment: when the minute timer comes by."""
    full = at.replace(second=0, microsecond=0)
    return full if full == at else full + MINUTE


class Timeline:
    """Time in this world. `note`: where it is written down so that a restart goes on from there."""

    def __init__(self, start: datetime | None, note: Path | None = None) -> None:
        self._note = note
        saved = moment(json.loads(note.read_text())["now"]) if note and note.exists() else None
        known = [at for at in (start, saved) if at]
        self._ahead = max(known) - clock.real() if known else timedelta()
        self._held: datetime | None = None
        self.save()

    def now(self) -> datetime:
        """The aware UTC moment of this world."""
        return self._held or (clock.real() + self._ahead).astimezone(UTC)

    def hold(self, at: datetime) -> None:
        """Stand still at a moment."""
        self._held = at

    def go_on(self) -> None:
        """Tick on from where it stands."""
        if self._held:
            self._ahead, self._held = self._held - clock.real(), None
        self.save()

    def save(self) -> None:
        if self._note:
            self._note.write_text(json.dumps({"now": stamp(self.now())}))
