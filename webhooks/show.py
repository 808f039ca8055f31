"""What a command shows: words, colours and bars for people, JSON for machines. Progress goes to the error stream, so
that what is piped on is the result alone."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TextIO

from chalicelib.settings import colourless
from webhooks.typed import whole

_MARKS = {"ok": ("✓", "32"), "warn": ("!", "33"), "fail": ("✗", "31"), "wait": ("…", "36"), "do": ("→", "36")}
_BAR = 24
_REDRAW_SECONDS = 0.1


@dataclass
class Screen:
    """Where one command's words go. `machine`: --json was asked for, so people's words are left out. `world`: the flag
    that commands which we tell people to type need to lead to the same place."""

    machine: bool = False
    out: TextIO = field(default_factory=lambda: sys.stdout)
    err: TextIO = field(default_factory=lambda: sys.stderr)
    seconds: Any = time.monotonic
    world: str = ""
    _drawn: bool = False
    _drawn_at: float = -1.0

    def say(self, text: str = "") -> None:
        """A line for people; nothing where a machine listens."""
        if not self.machine:
            self._wipe()
            print(self.typed(text), file=self.out, flush=True)

    def typed(self, text: str) -> str:
        """The text with every `command` in it as it can be typed."""
        return whole(text, self.world)

    def mark(self, level: str, text: str, remedy: str = "") -> None:
        """A line with its mark: ok, warn, fail, wait (it takes time) or do (it is yours to do); `remedy` below it."""
        sign, colour = _MARKS[level]
        self.say(f"  {self.paint(sign, colour)} {text}")
        if remedy:
            self.say(f"      {remedy}")

    def head(self, text: str) -> None:
        """A heading."""
        self.say(self.paint(text, "1"))

    def dim(self, text: str) -> str:
        """The text, less loud."""
        return self.paint(text, "2")

    def paint(self, text: str, code: str) -> str:
        """The text in a colour, where the output is a terminal that wants one (https://no-color.org)."""
        return f"\x1b[{code}m{text}\x1b[0m" if _colours(self.out) else text

    def warn(self, text: str) -> None:
        """A line on the error stream, also for machines."""
        self._wipe()
        print(self.typed(text), file=self.err, flush=True)

    def json(self, value: Any) -> None:
        """The document of a machine."""
        print(json.dumps(value, ensure_ascii=False, indent=2), file=self.out, flush=True)

    def line(self, value: Any) -> None:
        """One step of long work, as one line of JSON."""
        if self.machine:
            print(json.dumps(value, ensure_ascii=False), file=self.out, flush=True)

    def bar(self, text: str, done: int, total: int | None, last: bool = False) -> None:
        """A progress bar that is drawn over itself on a terminal; elsewhere only its last state is a line."""
        if self.machine:
            return
        if not _terminal(self.err):
            if last:
                print(bar_text(text, done, total), file=self.err, flush=True)
            return
        if not last and self.seconds() - self._drawn_at < _REDRAW_SECONDS:
            return
        self._drawn_at, self._drawn = self.seconds(), not last
        print(f"\r\x1b[2K{bar_text(text, done, total)}", end="\n" if last else "", file=self.err, flush=True)

    def _wipe(self) -> None:
        if self._drawn:
            print("\r\x1b[2K", end="", file=self.err, flush=True)
            self._drawn = False

    def table(self, rows: Iterable[Sequence[str]]) -> None:
        """Rows in columns as wide as they need."""
        held = [list(map(str, row)) for row in rows]
        widths = [max(map(len, column)) for column in zip(*held, strict=True)] if held else []
        for row in held:
            padded = [text.ljust(width) for text, width in zip(row[:-1], widths, strict=False)]
            self.say("  " + "  ".join([*padded, row[-1]]))


def bar_text(text: str, done: int, total: int | None) -> str:
    """`orders  ████████░░░░  1,203 of 4,000  30 %`; without a total only how many."""
    if not total:
        return f"{text}  {done:,}"
    filled = min(_BAR, _BAR * done // total)
    return f"{text}  {'█' * filled}{'░' * (_BAR - filled)}  {done:,} of {total:,}  {percent(done, total)}"


def percent(part: int, whole: int) -> str:
    """`99.9 %`: 100 only where nothing is missing."""
    if not whole:
        return "100 %"
    share = part / whole * 100
    if part < whole:
        share = min(share, 99.9)
    return f"{share:.0f} %" if share >= 100 or share == int(share) else f"{share:.1f} %"


def plural(count: int, one: str, many: str = "") -> str:
    """`1 order`, `2 orders`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def be(count: int) -> str:
    """`1 webhook is`, `2 webhooks are`."""
    return "is" if count == 1 else "are"


def _terminal(stream: TextIO) -> bool:
    return bool(getattr(stream, "isatty", lambda: False)())


def _colours(stream: TextIO) -> bool:
    return _terminal(stream) and not colourless()
