"""Why something is not told, for the owner: each code of the learning modules as an English sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SENTENCES = {
    "no_orders": "No order with a known customer has come in yet.",
    "no_model": "Nothing has been learnt from the shop yet.",
    "internal": "This part failed: a fault of ours. The log of learn says more.",
    "too_large": "The shop is too large for this part to be learnt in one night.",
    "few_buyers": "Too few people have bought so far.",
    "few_second_orders": "Too few people have ordered a second time so far.",
    "few_customers": "Too few people have bought so far.",
    "few_repeats": "Too few people have bought more than once.",
    "few_gaps": "Too few people have come back to say how long that takes.",
    "few_bought_again": "No product was bought again by enough of its buyers.",
    "all_repeat": "Everybody has bought again: nothing tells who stays from who goes.",
    "one_day": "All orders are of one day.",
    "unsettled": "The history does not settle on one answer.",
    "uneven_spend": "What people spend differs too much from order to order.",
    "too_young": "The history is too short to try a forecast on.",
    "few_to_try": "Too few orders to try the forecast on the shop's own past.",
    "too_far": "The history is too short for a forecast so far ahead.",
    "missed": "Tried on the shop's own past, the forecast was off by more than a third.",
    "wrong_by_half": "Tried on the shop's own past, the forecast was off by more than half.",
    "nothing_ordered": "She has placed no order that counts.",
    "ordered_again": "She has ordered a second time already.",
    "waited_too_long": "She has waited longer than anybody who is known to have come back.",
    "nothing_paid": "Nothing she ordered has left money with the shop.",
}


def withheld(part: str, code: str, params: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """`{part, code, params, text, …}` as the API says it."""
    return {"part": part, "code": code, "params": dict(params or {}), "text": sentence(code), **more}


def sentence(code: str) -> str:
    return _SENTENCES.get(code, code.replace("_", " ").capitalize() + ".")
