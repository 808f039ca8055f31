"""Why something is not told, for the owner: each code of the learning modules as a sentence, in English and Persian."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.domain.speech import pick_language

SENTENCES: dict[str, dict[str, str]] = {
    "en": {
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
        "few_to_try": "The trial on the shop's own past rests on too few orders to be believed.",
        "too_far": "The history is too short for a forecast so far ahead.",
        "missed": "Tried on the shop's own past, the forecast was off by more than a third.",
        "wrong_by_half": "Tried on the shop's own past, the forecast was off by more than half.",
        "nothing_ordered": "She has placed no order that counts.",
        "ordered_again": "She has ordered a second time already.",
        "waited_too_long": "She has waited longer than nearly all who came back had waited.",
        "nothing_paid": "Nothing she ordered has left money with the shop.",
    },
    "fa": {
        "no_orders": "هنوز سفارشی از مشتری شناخته‌شده‌ای نرسیده است.",
        "no_model": "هنوز چیزی از این فروشگاه آموخته نشده است.",
        "internal": "این بخش به‌سبب خطایی از ما ناتمام ماند. گزارش آموختن بیشتر می‌گوید.",
        "too_large": "فروشگاه بزرگ‌تر از آن است که این بخش در یک شب آموخته شود.",
        "few_buyers": "تا امروز کسان کمی خرید کرده‌اند.",
        "few_second_orders": "تا امروز کسان کمی برای بار دوم سفارش داده‌اند.",
        "few_customers": "تا امروز کسان کمی خرید کرده‌اند.",
        "few_repeats": "کسان کمی بیش از یک بار خرید کرده‌اند.",
        "few_gaps": "کسان کمی دوباره خرید کرده‌اند؛ نمی‌توان گفت بازگشت چقدر طول می‌کشد.",
        "few_bought_again": "هیچ کالایی را شمار کافی از خریدارانش دوباره نخریده‌اند.",
        "all_repeat": "همه دوباره خرید کرده‌اند: چیزی نشان نمی‌دهد چه کسی می‌ماند و چه کسی می‌رود.",
        "one_day": "همهٔ سفارش‌ها از یک روزند.",
        "unsettled": "از سفارش‌های گذشته پاسخ روشنی به دست نمی‌آید.",
        "uneven_spend": "مبلغ خریدها از سفارشی به سفارش دیگر بیش از اندازه فرق دارد.",
        "too_young": "پیشینهٔ فروشگاه کوتاه‌تر از آن است که بتوان پیش‌بینی را بر آن آزمود.",
        "few_to_try": "آزمون پیش‌بینی بر گذشتهٔ فروشگاه بر سفارش‌هایی کمتر از آن بود که بتوان به آن اعتماد کرد.",
        "too_far": "پیشینهٔ فروشگاه برای پیش‌بینی تا این اندازه دور کوتاه است.",
        "missed": "پیش‌بینی بر گذشتهٔ خود فروشگاه آزموده شد و بیش از یک‌سوم خطا داشت.",
        "wrong_by_half": "پیش‌بینی بر گذشتهٔ خود فروشگاه آزموده شد و بیش از نیم خطا داشت.",
        "nothing_ordered": "این مشتری سفارشی ندارد که به حساب آید.",
        "ordered_again": "این مشتری سفارش دوم را داده است.",
        "waited_too_long": "بیش از زمانی گذشته است که تقریباً همهٔ بازگشتگان در آن برگشته‌اند.",
        "nothing_paid": "از سفارش‌های این مشتری پولی برای فروشگاه نمانده است.",
    },
}


def withheld(part: str, code: str, params: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """`{part, code, params, …}`; `worded` says it as the API does."""
    return {"part": part, "code": code, "params": dict(params or {}), **more}


def worded(found: Iterable[Mapping[str, Any]], language: str) -> list[dict[str, Any]]:
    """The same with `text`: a sentence for the owner."""
    return [{**one, "text": sentence(one["code"], language)} for one in found]


def spoken(locale: str) -> str:
    """The language of SENTENCES in which the owner of a shop of that locale is told."""
    return pick_language(None, locale, SENTENCES.keys())


def sentence(code: str, language: str = "en") -> str:
    return SENTENCES[language].get(code, code.replace("_", " ").capitalize() + ".")
