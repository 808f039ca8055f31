"""The demo's figures: what came in, as the partner API says it; what became of follow-ups, as the table says it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from chalicelib.domain.shop import Shop
from chalicelib.domain.why import sentence
from infra.local.story_shops import Line
from infra.local.world import World

CAME_IN = ("received", "stored", "duplicate", "stale", "quarantined", "orders_seen")
# What the provider says of a mail that went out is no reason.
_AFTERWARDS = ("delivered", "bounce", "complaint")
HELD_BACK = ("cancelled", "held_out", "skipped", "failed", "unknown")


@dataclass(frozen=True)
class Numbers:
    """Sums over all shops. `why`: how many follow-ups were held back for which reason."""

    came_in: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    why: Counter[str] = field(default_factory=Counter)

    def since(self, before: Numbers) -> Numbers:
        """What was added."""
        return Numbers(self.came_in - before.came_in, self.states - before.states, self.why - before.why)


@dataclass(frozen=True)
class FollowUp:
    """A follow-up as it stands in the table, with the code of the last reason."""

    shop: str
    order: str
    flow: str
    state: str
    code: str
    params: dict[str, Any]


def numbers(world: World, lines: dict[str, Line]) -> Numbers:
    """As they are now."""
    came_in: Counter[str] = Counter()
    for line in lines.values():
        health = line.read("/v1/health")
        came_in.update({name: health[name] for name in CAME_IN})
    found = list(follow_ups(world))
    back = Counter(row.code for row in found if row.state in HELD_BACK)
    return Numbers(came_in, Counter(row.state for row in found), back)


def follow_ups(world: World) -> Iterator[FollowUp]:
    """All there are."""
    for row in world.rows("follow_up", ("pk", "flow", "order_id", "state", "why")):
        why = json.loads(row["why"]["S"])
        last = [entry for entry in why if entry["code"] not in _AFTERWARDS][-1]
        shop = row["pk"]["S"].split("#")[1]
        told = (row[name]["S"] for name in ("order_id", "flow", "state"))
        yield FollowUp(shop, *told, last["code"], last.get("params") or {})


def examples(world: World) -> Iterator[str]:
    """For each reason the first follow-up it held back, told to its shop's owner."""
    english, seen = Shop("", "", ""), set()
    for row in follow_ups(world):
        if row.state in HELD_BACK and row.code not in seen:
            seen.add(row.code)
            yield f"{row.shop}, order {row.order}, {row.flow}: {sentence(row.code, row.params, english)}"


def summary(lines: dict[str, Line], last: Numbers) -> dict[str, int]:
    """The line of JSON at the end."""
    return {
        "deliveries": last.came_in["received"],
        "duplicates": last.came_in["duplicate"],
        "customers": sum(_customers(line) for line in lines.values()),
        "orders": last.came_in["orders_seen"],
        "quarantined": last.came_in["quarantined"],
        "planned": last.states.total(),
        "sent": last.states["sent"],
        "cancelled": last.states["cancelled"],
        "held_out": last.states["held_out"],
    }


def _customers(line: Line) -> int:
    count, query = 0, {"limit": 100}
    while True:
        page: dict[str, Any] = line.read("/v1/customers", **query)
        count += len(page["items"])
        if page["next"] is None:
            return count
        query = {"limit": 100, "cursor": page["next"]}
