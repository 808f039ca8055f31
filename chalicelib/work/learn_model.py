"""What a night's run learns, part by part, and the model that is made of it.

The model (`table/learnt.py: model`) is one JSON object, of a `format` that is raised whenever this changes:
`generation` names the run, `learned_at` is the stored moment up to which it knows; `orders`, `customers`, `products`:
how many it rests on; `since`: when the oldest of these orders was placed; `state`: learnt | not_enough (nothing that
can be shown to visitors, nor to the owner).
`rule`: {name, leaning, table}: what the lists of products follow, and "buy again", and what each choice reached in the
backtest; null where that failed.
`popular`: {"*" or country: [[product, buyers], …]}, best first. `catalogue`: some products that at least three bought.
`parts`: part -> what it learnt, as the `to_json` of its domain module says it (value: `value.ValueModel`, second:
`second_order.SecondModel`, next: `next_order.GapModel`, rfm: `rfm`'s model; gaps: {shop: `replenishing.Gap`, products:
how many have one}). `withheld`: [{part, reason}] for each of PARTS that says nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

from chalicelib.domain.ledger import Ledger
from chalicelib.domain.outlook import NotEnough
from chalicelib.domain.times import moment, stamp
from chalicelib.table import learnt
from chalicelib.work import learn_reading
from chalicelib.work.learn_run import Run
from chalicelib.work.log import unforeseen

RULE, GAPS = "rule", "gaps"
Learner = Callable[[Ledger, int], Any]  # history, now in epoch seconds -> what it learnt, or NotEnough
MOST_ORDERS = 1_500_000  # what a function of 2 GB learns from in a quarter of an hour
MOST_BEGUN = 3  # where so many calls began with the same part and did not end it, the next will not either
TOO_LARGE = {"withheld": "too_large"}
SMALLEST = 10  # countries with a list of their own, however large the model gets


def _rule(ledger: Ledger, now: int) -> dict[str, Any]:
    from chalicelib.domain.learnt import learn

    found = learn(ledger, now, products=range(0))
    return {
        "rule": {"name": found.chosen.rule, "leaning": found.chosen.leaning, "table": plain(found.chosen.table)},
        "popular": {place: [list(one) for one in top] for place, top in found.popular.items()},
        "ever": found.ever,
        "consumables": sorted(found.consumables),
    }


def _value(ledger: Ledger, now: int) -> Any:
    from chalicelib.domain.value import learn_value

    return learn_value(ledger, now)


def _second(ledger: Ledger, now: int) -> Any:
    from chalicelib.domain.second_order_learning import learn_second

    return learn_second(ledger, now)


def _next(ledger: Ledger, now: int) -> Any:
    from chalicelib.domain.next_order_learning import learn_gaps

    return learn_gaps(ledger, now)


def _gaps(ledger: Ledger, now: int) -> Any:
    from chalicelib.domain.replenishing import learn_gaps_of_products

    found = learn_gaps_of_products(ledger, now)
    if isinstance(found, NotEnough):
        return found
    days = {product: round(gap.days) for product, gap in found.products.items()}
    return {"shop": found.shop.to_json(), "products": days}


def _rfm(ledger: Ledger, now: int) -> Any:
    from chalicelib.domain.rfm import learn_rfm

    return learn_rfm(ledger, now)


# Each is loaded only when it is its turn: what one of them lacks must not keep the others from learning.
PARTS: dict[str, Learner] = {
    RULE: _rule,
    "value": _value,
    "second": _second,
    "next": _next,
    GAPS: _gaps,
    "rfm": _rfm,
}


def learn_part(run: Run, part: str, ledger: Ledger) -> None:
    """Learn one part and put it into the bucket: `{"learnt": …}` or `{"withheld": reason}`. Raises Trouble."""
    begun = run.report.get("begun", {}).get(part, 0)
    told = attempt(part, PARTS[part], ledger, seconds(run), run.shop.slug) if begun <= MOST_BEGUN else TOO_LARGE
    learn_reading.put(run, part, told)
    run.parts[part] = told


def learnt_part(run: Run, part: str) -> dict[str, Any]:
    """What `learn_part` told. Raises PieceLost, Trouble."""
    if part not in run.parts:
        run.parts[part] = learn_reading.get(run, part)
    return run.parts[part]


def attempt(part: str, learn: Learner, ledger: Ledger, now: int, shop: str = "") -> dict[str, Any]:
    """`{"learnt": …}`, as JSON, or `{"withheld": reason}`."""
    if not len(ledger):
        return {"withheld": "no_orders"}
    try:
        found = learn(ledger, now)
        told = {"withheld": found.reason} if isinstance(found, NotEnough) else {"learnt": plain(found)}
        json.dumps(told, allow_nan=False)  # what is no number is no JSON either: nobody could read the model
    except Exception as error:  # one part that fails must not take the others with it
        unforeseen(error, shop=shop, part=part)
        return {"withheld": "internal"}
    return told


def plain(told: Any) -> Any:
    """As JSON holds it; a model that has its own way to say itself says it."""
    if hasattr(told, "to_json"):
        return told.to_json()
    if is_dataclass(told) and not isinstance(told, type):
        return plain(asdict(told))
    if isinstance(told, Mapping):
        return {str(key): plain(value) for key, value in told.items()}
    if isinstance(told, (list, tuple, set, frozenset)):
        return [plain(value) for value in (sorted(told) if isinstance(told, (set, frozenset)) else told)]
    return told


def seconds(run: Run) -> int:
    """The moment that the run knows up to, in epoch seconds: the same however often it was interrupted."""
    return int(moment(str(run.sync.began_at)).timestamp())


def publish(run: Run, ledger: Ledger) -> None:
    """Make the model of all parts and put it where everybody reads it. Raises Conflict, Trouble."""
    found = {part: learnt_part(run, part) for part in PARTS}
    told = model(run.report, str(run.sync.began_at), ledger, found)
    run.keep(run.sync)  # who is not at it any more must not write
    while True:
        try:
            return learnt.put_model(run.shop.slug, told)
        except learnt.TooLarge:
            told = smaller(told)


def model(
    report: Mapping[str, Any], learned_at: str, ledger: Ledger, found: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """The model as it is published. `found`: what `attempt` said, by part."""
    rule = found[RULE].get("learnt") or {}
    popular = rule.get("popular") or {"*": []}
    parts = {part: _in_model(part, told["learnt"]) for part, told in found.items() if part != RULE and "learnt" in told}
    return {
        "generation": report["generation"],
        "learned_at": learned_at,
        "state": "learnt" if parts or popular["*"] or report.get("listed") else "not_enough",
        "orders": len(ledger),
        "customers": len(ledger.customers),
        "products": len(ledger.products),
        "since": stamp(moment_of(ledger.at[0])) if len(ledger) else None,
        "rule": rule.get("rule"),
        "popular": popular,
        "catalogue": rule.get("ever") or [],
        "parts": parts,
        "withheld": [{"part": part, "reason": told["withheld"]} for part, told in found.items() if "withheld" in told],
    }


def _in_model(part: str, told: Any) -> Any:
    """What products have in rows of their own does not stand in the model as well."""
    return {"shop": told["shop"], "products": len(told["products"])} if part == GAPS else told


def moment_of(at: int) -> Any:
    """An aware datetime of epoch seconds."""
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at, UTC)


def smaller(told: dict[str, Any]) -> dict[str, Any]:
    """The same without what can be missed most easily: lists of the countries in which fewest was bought, then the
    largest part. Raises TooLarge where nothing is left."""
    by_buyers = sorted(told["popular"], key=lambda place: (place == "*", sum(n for _, n in told["popular"][place])))
    if len(by_buyers) > SMALLEST:
        kept = by_buyers[len(by_buyers) // 2 :]
        return {**told, "popular": {place: told["popular"][place] for place in kept}}
    if not told["parts"]:
        raise learnt.TooLarge
    largest = max(told["parts"], key=lambda part: len(str(told["parts"][part])))
    parts = {part: found for part, found in told["parts"].items() if part != largest}
    return {**told, "parts": parts, "withheld": [*told["withheld"], {"part": largest, "reason": "too_large"}]}
