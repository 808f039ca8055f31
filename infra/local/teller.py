"""How the demo speaks to whoever watches: plain lines, headings in bold where it is a terminal."""

from __future__ import annotations

import os
from collections import Counter
from datetime import datetime
from typing import TextIO

from infra.local.story_numbers import Numbers

# Why a follow-up was held back, in a word or two for a line of figures.
_SHORT = {
    "newer_order": "ordered again",
    "held_out": "control group",
    "order_refunded": "refunded",
    "order_cancelled": "order cancelled",
    "order_deleted": "order deleted",
    "order_not_placed": "no order any more",
    "unsubscribed": "unsubscribed",
    "suppressed": "address blocked",
    "too_late": "too late",
    "no_address": "no address",
    "no_consent": "no consent",
    "no_longer_due": "replaced",
    "customer_gone": "customer gone",
}


class Teller:
    """`out` is where it is said."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._bold = out.isatty() and "NO_COLOR" not in os.environ

    def chapter(self, title: str) -> None:
        self.say(f"\n\033[1m{title}\033[0m" if self._bold else f"\n{title}")

    def say(self, text: str = "") -> None:
        print(text, file=self._out, flush=True)

    def legend(self) -> None:
        """What the words of `head` mean."""
        self.say(
            "  of the webhooks received: stored, sent twice, overtaken by a newer one (late), set aside as unreadable;"
        )
        self.say("  then the mails that went out, and the follow-ups held back, with why")

    def head(self) -> None:
        """What the columns of `week` are."""
        columns = f"{'received':>8} {'stored':>7} {'twice':>6} {'late':>5} {'set aside':>10} {'mails':>6}"
        self.say(f"  {'week of':<11} {columns}  held back")

    def week(self, day: datetime, added: Numbers) -> None:
        came, sent = added.came_in, added.states["sent"]
        figures = f"{came['received']:>8} {came['stored']:>7} {came['duplicate']:>6} {came['stale']:>5}"
        figures += f" {came['quarantined']:>10} {sent:>6}"
        self.say(f"  {day:%d %b %Y} {figures}  {reasons(added.why)}")


def reasons(why: Counter[str]) -> str:
    """`9: 5 control group, 4 ordered again`."""
    if not why:
        return "0"
    parts = [f"{count} {_SHORT.get(code, code.replace('_', ' '))}" for code, count in why.most_common()]
    return f"{why.total()}: {', '.join(parts)}"
