"""What an owner sees of the learning: how far tonight's run is, what the last one found, how well that did on the
shop's own past, and what is withheld and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from math import isfinite
from typing import Any

from chalicelib.domain.forecast import Compared, Trial
from chalicelib.domain.shop import Shop
from chalicelib.domain.sync import Sync
from chalicelib.domain.times import moment
from chalicelib.domain.trusting import Of, Withheld, error_of
from chalicelib.domain.value import CurrencyModel, ValueModel
from chalicelib.table import learnt, sync
from chalicelib.work import learn_timer
from chalicelib.work.learn_timer import LEARN
from chalicelib.work.log import unforeseen
from chalicelib.work.outlook import MONTHS, months_told
from chalicelib.work.outlook_words import spoken, withheld, worded
from chalicelib.work.read_views import Json, money

_KNOWN = ("learned_at", "since", "orders", "customers", "products")
# The parts of the model that go by another name where they are told of.
_CALLED = {"second": "second_order", "next": "next_order", "gaps": "replenish"}
_LEARNT = ("learnt", "not_enough")  # what a model says of itself
_NOTHING: dict[str, Any] = {"learned_at": None, "since": None, "orders": 0, "customers": 0, "products": 0}


def seen_to(shop: Shop, now: datetime) -> Json:
    """The report. A shop that nobody has learnt from is put up for it. Raises Trouble."""
    learn_timer.ensure(shop.slug, now)
    return report(shop)


def report(shop: Shop) -> Json:
    """`{state, progress, next_at, last_run, trouble, learned_at, since, orders, customers, products, rule, popular,
    forecasts, proofs, withheld}`. Raises Trouble."""
    held, model = sync.read(shop.slug, LEARN), learnt.model(shop.slug)
    run = held.sync if held else Sync(LEARN)
    try:
        found = _learnt(shop, model)
    except Exception as error:  # how far the run is can be told all the same
        unforeseen(error, shop=shop.slug, part="model")
        model, found = None, _learnt(shop, None)
    return {
        "state": _state(shop, run, model),
        "progress": _progress(run) if run.state == "running" else None,
        "next_at": held.until if held and run.state != "running" else None,
        "last_run": _last(run),
        "trouble": run.trouble,
        **found,
    }


def _learnt(shop: Shop, model: Json | None) -> Json:
    """What the last run found, and what is withheld."""
    forecasts, missing = _forecasts(model)
    return {
        **{name: (model or _NOTHING)[name] for name in _KNOWN},
        "rule": (model or {}).get("rule"),
        "popular": {place: len(found) for place, found in sorted(((model or {}).get("popular") or {}).items())},
        "forecasts": forecasts,
        "proofs": _proofs(model),
        "withheld": worded([*_withheld(model), *missing], spoken(shop.locale)),
    }


def now_please(shop: Shop, now: datetime) -> Json:
    """Learn within two minutes. The report as it stands then. Raises Trouble."""
    learn_timer.soon(shop.slug, now)
    return report(shop)


def _state(shop: Shop, run: Sync, model: Json | None) -> str:
    if shop.state == "off":
        return "off"
    if run.state == "running":
        return "learning"
    said = str((model or {}).get("state"))
    return said if said in _LEARNT else "waiting"


def _progress(run: Sync) -> Json:
    """`stage`: people, a month whose orders are read, a part that is learnt, products, model, catalogue."""
    counts = run.counts
    return {
        "stage": run.kind,
        "stages_left": len(run.kinds),
        "customers_read": counts.get("customers", {}).get("read", 0),
        "orders_read": counts.get("orders", {}).get("read", 0),
        "products_read": counts.get("products", {}).get("read", 0),
        "products_written": counts.get("products", {}).get("written", 0),
        "began_at": run.began_at,
        "updated_at": run.updated_at,
    }


def _last(run: Sync) -> Json | None:
    if run.state == "running" or run.began_at is None or run.finished_at is None:
        return None
    counts = {what: dict(found) for what, found in sorted(run.counts.items())}
    seconds = int((moment(run.finished_at) - moment(run.began_at)).total_seconds())
    return {"began_at": run.began_at, "finished_at": run.finished_at, "seconds": seconds, "counts": counts}


def _withheld(model: Json | None) -> list[Json]:
    if model is None:
        return [withheld("model", "no_model")]
    return [withheld(_CALLED.get(one["part"], one["part"]), one["reason"]) for one in model["withheld"]]


def _forecasts(model: Json | None) -> tuple[list[Json], list[Json]]:
    """By currency: as many months ahead as an outlook speaks of, and how far off that would be, by the trials on the
    shop's own past. What is withheld here is withheld there."""
    raw = (model or {}).get("parts", {}).get("value")
    if raw is None:
        return [], []
    try:
        return _by_currency(ValueModel.from_json(raw).currencies)
    except Exception as error:  # one part that cannot be read must not take the others with it
        unforeseen(error, part="value")
        return [], [withheld("value", "internal")]


def _by_currency(currencies: Mapping[str, CurrencyModel]) -> tuple[list[Json], list[Json]]:
    found, missing = list[Json](), list[Json]()
    for currency, one in sorted(currencies.items()):
        months = months_told(_error(one, "orders", MONTHS))
        told: Json = {"currency": currency, "months": months, "weeks": one.weeks}
        for of in ("orders", "money"):
            error = _error(one, of, months)
            told[f"{of}_error"] = None if isinstance(error, Withheld) else round(error, 3)
            if isinstance(error, Withheld):
                missing.append(withheld(f"value.{of}", error.code, error.params, currency=currency))
        found.append({**told, "trials": [_trial(trial, currency) for trial in one.trials]})
    return found, missing


def _error(one: CurrencyModel, of: Of, months: int) -> float | Withheld:
    """Of a forecast so many months ahead; money rests on the forecast of orders."""
    orders = one.orders if isinstance(one.orders, Withheld) else error_of("orders", months, one.trials, one.weeks)
    if of == "orders" or isinstance(orders, Withheld):
        return orders
    return one.money if isinstance(one.money, Withheld) else error_of("money", months, one.trials, one.weeks)


def _trial(trial: Trial, currency: str) -> Json:
    return {
        "weeks": trial.weeks,
        "orders": _compared(trial.orders, round),
        "money": _compared(trial.money, lambda amount: money(round(amount), currency)),
    }


def _compared(found: Compared | None, say: Callable[[float], Any]) -> Json | None:
    """Of all customers who were known when the trial began."""
    if found is None:
        return None
    error = round(found.error, 3) if isfinite(found.error) else None
    return {"forecast": say(found.forecast), "actual": say(found.actual), "error": error}


def _proofs(model: Json | None) -> Json:
    """How the other two did on the shop's own last months, as their modules say it (`Proof`, `Tried`)."""
    parts = (model or {}).get("parts", {})
    return {"second_order": _proof(parts.get("second"), "proof"), "next_order": _proof(parts.get("next"), "tried")}


def _proof(part: Any, name: str) -> Json | None:
    found = part.get(name) if isinstance(part, dict) else None
    return found if isinstance(found, dict) else None
