"""What is to be expected of one customer: computed when it is asked for, from the shop's model and her own orders, so
that it knows the order of a minute ago."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from chalicelib.domain import next_order, rfm, second_order
from chalicelib.domain.customer import Customer
from chalicelib.domain.order import MOST_LINES, Order
from chalicelib.domain.outlook import Purchase, fullest, occasions
from chalicelib.domain.rfm_segments import MEANINGS
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import moment, stamp
from chalicelib.domain.trusting import Withheld
from chalicelib.domain.value import Expectation, Forecast, ValueModel
from chalicelib.table import customers, learnt, orders
from chalicelib.work.log import unforeseen
from chalicelib.work.outlook_words import spoken, withheld, worded
from chalicelib.work.read_views import Json, money

MONTHS = 12
Told = tuple[Json | list[Json] | None, list[Json]]  # what is told, and what is withheld


def of(shop: Shop, customer: Customer, now: datetime) -> Json:
    """`{customer_id, as_of, learned_at, orders, rfm, second_order, next_order, value, withheld}`: each part that says
    nothing is null (value: []), and `withheld` says why. Reads the model, her pointers and her orders (1,000 of them at
    most, the newest). Raises Trouble."""
    model = learnt.model(shop.slug)
    purchases = [purchase_of(order, now) for order in _bought(shop, customer)]
    seconds = int(now.timestamp())
    found: Json = {
        "customer_id": customer.id,
        "as_of": stamp(now),
        "learned_at": (model or {}).get("learned_at"),
        "orders": len(purchases),
    }
    missing: list[Json] = []
    for name, (part, tell) in PARTS.items():
        found[name], lacking = _told(model, name, part, tell, purchases, seconds)
        missing += lacking
    language = spoken(shop.locale)
    if found["rfm"]:
        found["rfm"]["meaning"] = MEANINGS[found["rfm"]["segment"]][language]
    return {**found, "withheld": worded(missing, language)}


def _bought(shop: Shop, customer: Customer) -> list[Order]:
    """Her orders that count as placed, oldest first."""
    ids = [pointer.order_id for pointer in customers.orders_of(shop.slug, customer) if pointer.counts != "no"]
    found = [order for order, _ in orders.of_ids(shop.slug, ids).values() if order.placed]
    return sorted(found, key=lambda order: moment(order.placed_at))


def purchase_of(order: Order, now: datetime) -> Purchase:
    """As the night's run reads it (`table/orders.py`). A shop's clock may be ahead of ours: then it was placed now."""
    lines = [line for line in order.lines[:MOST_LINES] if line.product_id and line.quantity > 0]
    products = tuple(dict.fromkeys(str(line.product_id) for line in lines))
    at = int(min(moment(order.placed_at), now).timestamp())
    return Purchase(at, products, order.net, order.currency, order.buyer.country or "")


def _told(
    model: Json | None,
    name: str,
    part: str,
    tell: Callable[[Any, Sequence[Purchase], int], Told],
    purchases: Sequence[Purchase],
    now: int,
) -> Told:
    nothing: Any = [] if name == "value" else None
    if not purchases:
        return nothing, [withheld(name, "nothing_ordered")]
    if model is None:
        return nothing, [withheld(name, "no_model")]
    try:
        if part not in model["parts"]:
            reasons = {one["part"]: one["reason"] for one in model["withheld"]}
            return nothing, [withheld(name, reasons.get(part, "no_model"))]
        return tell(model["parts"][part], purchases, now)
    except Exception as error:  # one part that cannot be read must not take the others with it
        unforeseen(error, part=part)
        return nothing, [withheld(name, "internal")]


def _rfm(raw: Any, purchases: Sequence[Purchase], now: int) -> Told:
    found = rfm.from_json(raw).of(purchases, now)
    if found is None:
        return None, [withheld("rfm", "nothing_ordered")]
    return {
        "segment": found.segment,
        "recency": found.recency,
        "frequency": found.frequency,
        "monetary": dict(found.monetary),
        "because": _reasons(found.because),
    }, []


def _reasons(found: Iterable[tuple[str, Mapping[str, Any]]]) -> list[Json]:
    return [{"code": code, "params": dict(params)} for code, params in found]


def _second(raw: Any, purchases: Sequence[Purchase], now: int) -> Told:
    times = occasions(one.at for one in purchases)
    if len(times) > 1:
        return None, [withheld("second_order", "ordered_again")]
    first = max((one for one in purchases if one.at == times[0]), key=fullest)
    found = second_order.from_json(raw).chance(first, max(now - times[0], 0))
    if found is None:
        return None, [withheld("second_order", "waited_too_long")]
    return {
        "chance": round(found.chance, 4),
        "base_rate": round(found.base_rate, 4),
        "until": _at(times[0] + found.days * 86400),
        "buyers": found.buyers,
        "because": _reasons(found.because),
    }, []


def _next(raw: Any, purchases: Sequence[Purchase], now: int) -> Told:
    window = next_order.from_json(raw).window([one.at for one in purchases], now)
    if window is None:
        return None, [withheld("next_order", "waited_too_long")]
    return {
        "from": _at(window.start),
        "until": _at(window.end),
        "coverage": window.coverage,
        "late": window.late,
        "due_by": _at(window.due_by),
    }, []


def _value(raw: Any, purchases: Sequence[Purchase], now: int) -> Told:
    model, hers = ValueModel.from_json(raw), [(one.at, one.net, one.currency) for one in purchases]
    found = model.expect(hers, now, MONTHS)
    told, missing = list[Json](), list[Json]()
    for currency, one in sorted(found.items()):
        months = months_told(one.orders)
        if months != MONTHS:
            one = model.expect(hers, now, months)[currency]
        told.append(_expected(currency, one, months))
        for name in ("orders", "money"):
            part = getattr(one, name)
            if isinstance(part, Withheld):
                missing.append(withheld(f"value.{name}", part.code, part.params, currency=currency))
    return told, missing if told else [withheld("value", "nothing_paid")]


def months_told(of_a_year: object) -> int:
    """As far ahead as is told, by what is said of MONTHS: where that is too far, what the history allows for."""
    most = MONTHS
    if isinstance(of_a_year, Withheld) and of_a_year.code == "too_far":
        most = int(of_a_year.params["most"])
    return most if 0 < most < MONTHS else MONTHS


def _expected(currency: str, one: Expectation, months: int) -> Json:
    orders = one.orders if isinstance(one.orders, Forecast) else None
    spent = one.money if isinstance(one.money, Forecast) else None
    return {
        "currency": currency,
        "months": months,
        "alive": None if one.alive is None else round(one.alive, 4),
        "orders": {"expected": round(orders.value, 3), "error": round(orders.error, 3)} if orders else None,
        "money": {"expected": money(round(spent.value), currency), "error": round(spent.error, 3)} if spent else None,
    }


def _at(seconds: int) -> str:
    return stamp(datetime.fromtimestamp(seconds, UTC))


# What the answer calls it -> the part of the model, and how it is told.
PARTS: dict[str, tuple[str, Callable[[Any, Sequence[Purchase], int], Told]]] = {
    "rfm": ("rfm", _rfm),
    "second_order": ("second", _second),
    "next_order": ("next", _next),
    "value": ("value", _value),
}
