"""`make bench-learn`: what the storefront would show, held against popularity and `implicit`, and what a night costs.

Online Retail II, year 1. Everybody is fitted to the orders before 15 September 2010 and tried on each customer's first
order after it. The contenders' settings are those that do best, for each measure, when fitted to the orders before
15 July and tried on the two months up to 15 September; ours choose their rule by their own backtest on what they learn
from. Nothing is chosen on the test. Writes `build/bench-learn.json`. `--million`: a whole night of a million orders,
too, which takes ten minutes.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from typing import Any

from tests.bench import learn_contenders, learn_cost
from tests.bench.learn_cases import Split, split
from tests.bench.learn_contenders import Counts, Popularity, Settings
from tests.bench.learn_ours import Ours
from tests.bench.learn_scores import MEASURES, Scores, best_by_measure, lead, mean, scores
from tests.real_orders import Orders, online_retail

RESULT = Path("build/bench-learn.json")
TUNED = datetime(2010, 7, 15, tzinfo=UTC).timestamp()
TESTED = datetime(2010, 9, 15, tzinfo=UTC).timestamp()
SIZES = (0.1, 1, 10)
HUNDRED_THOUSAND = 100_000


def main() -> int:
    orders = online_retail()
    if orders is None:
        print("bench-learn: skipped, for ../shared/datasets is not there", file=sys.stderr)
        return 0
    result = {"shown": shown(orders), "night": night(orders)}
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    print(f"written to {RESULT}", file=sys.stderr)
    return 0 if all(row["lead"] >= 0 for row in result["shown"]["leads"].values()) else 1


def shown(orders: Orders) -> dict[str, Any]:
    """The table of what everybody would have shown."""
    tuning, test = split(orders, TUNED, TESTED), split(orders, TESTED, inf)
    ours = Ours(test.ledger, int(TESTED))
    rows = {"ours": scores(ours, test)}
    rows["popularity"] = scores(Popularity(test.training), test)
    rows["counts"] = scores(Counts(test.training), test)
    settings = {}
    for name, family in (("implicit BM25", learn_contenders.bm25()), ("implicit ALS", learn_contenders.als())):
        settings[name] = _tuned(name, family, tuning)
        rows[name] = _of_settings(family, settings[name], test)
    others = {name: found for name, found in rows.items() if name not in ("ours", "counts")}
    best = best_by_measure(others)
    leads = {
        measure: {"best": best[measure], **lead(rows["ours"][measure], others[best[measure]][measure])}
        for measure in MEASURES
    }
    table = {name: {measure: round(mean(found[measure]), 4) for measure in MEASURES} for name, found in rows.items()}
    told = {"rule": ours.chosen.rule, "leaning": ours.chosen.leaning, "backtest": ours.chosen.table}
    sizes = {"training_orders": len(test.ledger), "customers": len(test.known), "carts": len(test.carts)}
    _show(table, leads, sizes)
    return {**sizes, "table": table, "leads": leads, "ours": told, "settings": settings}


def _tuned(name: str, family: Settings, tuning: Split) -> dict[str, str]:
    """The setting that does best, for each measure."""
    found: dict[str, Scores] = {}
    for number, (setting, fit) in enumerate(family.items(), 1):
        print(f"{name}: setting {number} of {len(family)} …", file=sys.stderr, flush=True)
        found[setting] = scores(fit(tuning), tuning)
    return best_by_measure(found)


def _of_settings(family: Settings, settings: dict[str, str], test: Split) -> Scores:
    found = {setting: scores(family[setting](test), test) for setting in sorted(set(settings.values()))}
    return {measure: found[setting][measure] for measure, setting in settings.items()}


def _show(table: dict[str, Any], leads: dict[str, Any], sizes: dict[str, int]) -> None:
    print(f"\nOnline Retail II, year 1, from 15 September 2010 on: {sizes}\n")
    print(f"{'share shown in the first 10':<32}" + "".join(f"{measure:>14}" for measure in MEASURES))
    for name, row in table.items():
        print(f"{name:<32}" + "".join(f"{row[measure]:>14.4f}" for measure in MEASURES))
    print(f"{'lead over the best':<32}" + "".join(f"{leads[measure]['lead']:>+14.4f}" for measure in MEASURES))
    print(
        f"{'  ± its standard error':<32}"
        + "".join(f"{leads[measure]['standard_error']:>14.4f}" for measure in MEASURES)
    )
    print("\n" + "\n".join(f"{measure:<14}{text}" for measure, text in MEASURES.items()) + "\n", flush=True)


def night(orders: Orders) -> dict[str, Any]:
    """Time and memory of a night, for several sizes of the shop; raises AssertionError where it does not fit."""
    found = {}
    for times in (*SIZES, learn_cost.MILLION / len(orders)):
        found[f"{times:g} x"] = row = learn_cost.measured(orders, times)
        print(f"{times:>7.4g} x  " + ", ".join(f"{key} {value}" for key, value in row.items()), flush=True)
        assert row["cpu_seconds"] < learn_cost.SECONDS, row
        assert row["peak_megabytes"] < learn_cost.MEGABYTES, row
    for many in (HUNDRED_THOUSAND, *([learn_cost.MILLION] if "--million" in sys.argv else [])):
        found[f"whole, about {many:,} orders"] = row = learn_cost.whole_night(orders, many / len(orders))
        _show_whole(row)
        assert row["orders"] > 0.9 * many, row  # every customer as often as every other
        assert row["calls"] == 1, row
        assert row["peak_megabytes"] < learn_cost.MEGABYTES, row
    return found


def _show_whole(row: dict[str, Any]) -> None:
    told = {key: value for key, value in row.items() if key not in ("stages", "asked")}
    print("\na whole night  " + ", ".join(f"{key} {value}" for key, value in told.items()))
    print(f"{'seconds':<24}{'by the clock':>14}{'of CPU':>10}")
    for stage, (wall, cpu) in row["stages"].items():
        print(f"{stage:<24}{wall:>14}{cpu:>10}")
    print(", ".join(f"{what} {count}" for what, count in row["asked"].items()), flush=True)


if __name__ == "__main__":
    sys.exit(main())
