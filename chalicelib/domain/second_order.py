"""The chance that somebody who has ordered once orders again: the model, asked when a page or a person asks.

The shop's own rate by the time that has passed since the first order, times what is special about that first order
(proportional hazards, Cox 1972, with effects shrunk towards none). `second_order_learning` learns it every night.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import exp, log
from typing import Any

from chalicelib.domain.effects import Factors, Level, times
from chalicelib.domain.first_order import ELSE, FACTORS, Buckets
from chalicelib.domain.outlook import DAY, Purchase
from chalicelib.domain.waiting import Curve

TELLING = log(1.1)  # an effect smaller than this is no reason
Reason = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Proof:
    """How the model did on the shop's own last months: of `tested` waits `happened` ended with a second order where
    `expected` were foretold; Brier scores of the shop's rate alone and with the factors; `gain` in standard errors."""

    tested: int = 0
    happened: int = 0
    expected: float = 0.0
    brier_rate: float = 0.0
    brier_factors: float = 0.0
    gain: float = 0.0


@dataclass(frozen=True, slots=True)
class Chance:
    """`chance` of a second order from now until `days` after the first; `base_rate` is the shop's for anybody who has
    waited as long. `buyers`: how many it is learnt from. `because`: codes and numbers, the strongest reason first."""

    chance: float
    base_rate: float
    days: int
    buyers: int
    because: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class SecondModel:
    """`factors` is empty where the shop's rate alone is as good; `alone` then says why."""

    curve: Curve
    buyers: int
    again: int  # of the buyers
    buckets: Buckets
    factors: Factors
    alone: str | None  # "nothing_differs" | "too_few_to_tell" | "factors_do_not_help"
    proof: Proof

    def chance(self, first: Purchase, elapsed: int, until: int | None = None) -> Chance | None:
        """For a buyer with this first order and no other, `elapsed` seconds later, of one until `until` seconds after
        it (at most the horizon, which is the default). None from then on: nothing is known of so long a wait."""
        end = min(until or self.curve.horizon, self.curve.horizon)
        if elapsed >= end:
            return None
        ahead = self.curve.height(end) - self.curve.height(elapsed)
        levels = self.buckets.levels(first)
        chance = 1 - exp(-ahead * times(self.factors, levels))
        return Chance(chance, 1 - exp(-ahead), end // DAY, self.buyers, self._because(levels, elapsed))

    def _because(self, levels: Mapping[str, str], elapsed: int) -> tuple[Reason, ...]:
        found = []
        for name, known in self.factors.items():
            level = known.get(levels[name])
            if level and levels[name] != ELSE and abs(log(level.times)) >= TELLING:
                about = self._about(name, levels[name])
                found.append((f"first_{name}", about | {"times": level.times, "buyers": level.buyers}))
        reasons = sorted(found, key=lambda reason: (-abs(log(reason[1]["times"])), reason[0]))
        if elapsed >= DAY:
            reasons.append(("waited", {"days": elapsed // DAY}))
        if self.alone:
            reasons.append(("shop_rate", {"buyers": self.buyers, "why": self.alone}))
        return tuple(reasons)

    def _about(self, name: str, level: str) -> dict[str, Any]:
        return dict(self.buckets.range_of(level)) if name == "value" else {name: level}

    def to_json(self) -> dict[str, Any]:
        """As JSON, under 20 KB; `from_json` gives a model with the same answers."""
        of_product, of_country = self.factors.get("product", {}), self.factors.get("country", {})
        return {
            "curve": [list(self.curve.bounds), list(self.curve.heights)],
            "buyers": [self.buyers, self.again],
            "values": {currency: list(bounds) for currency, bounds in self.buckets.bounds.items()},
            "products": sorted(self.buckets.products, key=self.buckets.products.__getitem__) if of_product else [],
            "countries": sorted(self.buckets.countries) if of_country else [],
            "factors": {
                name: {level: [known.times, known.buyers] for level, known in levels.items()}
                for name, levels in self.factors.items()
            },
            "alone": self.alone,
            "proof": asdict(self.proof),
        }


def from_json(raw: Mapping[str, Any]) -> SecondModel:
    """What `to_json` made."""
    bounds, heights = raw["curve"]
    places = {product: place for place, product in enumerate(raw["products"])}
    values = {currency: tuple(int(bound) for bound in found) for currency, found in raw["values"].items()}
    factors = {
        name: {level: Level(float(effect), int(buyers)) for level, (effect, buyers) in raw["factors"][name].items()}
        for name in FACTORS
        if name in raw["factors"]
    }
    return SecondModel(
        Curve(tuple(int(bound) for bound in bounds), tuple(float(height) for height in heights)),
        int(raw["buyers"][0]),
        int(raw["buyers"][1]),
        Buckets(values, places, frozenset(raw["countries"])),
        factors,
        raw["alone"],
        _proof(raw["proof"]),
    )


def _proof(raw: Mapping[str, Any]) -> Proof:
    counts = int(raw["tested"]), int(raw["happened"])
    scores = (float(raw[name]) for name in ("expected", "brier_rate", "brier_factors", "gain"))
    return Proof(*counts, *scores)
