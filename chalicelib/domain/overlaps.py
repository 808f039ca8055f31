"""Where two flows wanted the same customer at once on paper, and which of them waited."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from chalicelib.domain.rehearsal import Imagined
from chalicelib.domain.times import in_order, moment, stamp

WAITED = ("one_at_a_time", "conversation")
CAPPED = ("cap", "too_often")
# A message keeps others away for so long at most; conversations are looked for in the same time.
NEAR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Overlaps:
    """How often the flow waited for another flow's message, by that flow's name, and how often others waited for it."""

    waited_for: dict[str, int] = field(default_factory=dict)
    waited_for_us: dict[str, int] = field(default_factory=dict)


def overlaps(followed: Iterable[Imagined], beside: Iterable[Imagined]) -> Overlaps:
    """`followed`: of the flow in question; `beside`: of the shop's others."""
    ours, theirs = _by_person(followed), _by_person(beside)
    we = Counter(other.flow for who, rows in ours.items() for other in _waits(rows, theirs.get(who, ())))
    they = Counter(row.flow for who, rows in theirs.items() for row in rows for _ in _waits([row], ours.get(who, ())))
    return Overlaps(dict(we), dict(they))


def _by_person(rows: Iterable[Imagined]) -> dict[str, list[Imagined]]:
    found: dict[str, list[Imagined]] = {}
    for row in rows:
        if row.facts and row.facts.customer:
            found.setdefault(row.facts.customer.id, []).append(row)
    return found


def _waits(rows: Iterable[Imagined], others: Iterable[Imagined]) -> list[Imagined]:
    """For each time that one of `rows` waited: the one of `others` whose message had gone out just before."""
    times = [at for row in rows for at, _, code in row.told if code in WAITED]
    found = (_before(at, others) for at in times)
    return [other for other in found if other]


def _before(at: str, others: Iterable[Imagined]) -> Imagined | None:
    since = in_order(stamp(moment(at) - NEAR))
    went = [
        (in_order(when), other) for other in others for when, state, _ in other.told if state in ("sent", "held_out")
    ]
    near = [(when, other) for when, other in went if since < when <= in_order(at)]
    return max(near, key=lambda one: one[0])[1] if near else None


def capped(rows: Iterable[Imagined]) -> int:
    """How often a message waited because of a cap."""
    return sum(code in CAPPED for row in rows for _, _, code in row.told)
