"""What an owner is told who asks why somebody got nothing, or what comes next: in English and Persian."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.domain import story
from chalicelib.domain.shop import Shop
from chalicelib.domain.speech import Speech, pick_language
from chalicelib.domain.why import SENTENCES as WHYS
from chalicelib.domain.why import sentence, time_of_day

SENTENCES: dict[str, dict[str, str]] = {
    "off": {"en": "This flow is switched off.", "fa": "این پیگیری خاموش است."},
    "off_since": {"en": "This flow has been off since {since}.", "fa": "این پیگیری از {since} خاموش است."},
    "not_begun": {
        "en": "It has not begun. What starts it has not happened: {moments}.",
        "fa": "آغاز نشده است. آنچه آغازش می‌کند رخ نداده است: {moments}.",
    },
    "before_connected": {
        "en": "It is history: this was on {at}, and the shop was connected on {since}.",
        "fa": "به گذشته تعلق دارد: در {at} رخ داد و فروشگاه در {since} متصل شد.",
    },
    "before_on": {
        "en": "It is history: this was on {at}, and the flow was switched on on {since}.",
        "fa": "به گذشته تعلق دارد: در {at} رخ داد و این پیگیری در {since} روشن شد.",
    },
    "says_no": {
        "en": "Not meant for this: the condition {test} is not met.",
        "fa": "برای این مورد نیست: شرط {test} برقرار نیست.",
    },
    "next_telling": {
        "en": "It will be planned for {due} as soon as the shop tells of the order again.",
        "fa": "همین که فروشگاه بار دیگر از این سفارش خبر بدهد، برای {due} برنامه‌ریزی می‌شود.",
    },
    "older_version": {
        "en": "Goes on with version {version}; whoever begins now gets version {live}.",
        "fa": "با نسخهٔ {version} ادامه می‌دهد؛ هر که اکنون آغاز کند نسخهٔ {live} را می‌گیرد.",
    },
    "would_go": {"en": "It would go out by {channel}.", "fa": "از راه {channel} فرستاده می‌شد."},
    "would_be_done": {"en": "It would be done.", "fa": "انجام می‌شد."},
}
_MOMENTS = {
    "placed": {"en": "an order is placed", "fa": "ثبت سفارش"},
    "paid": {"en": "the order is paid", "fa": "پرداخت سفارش"},
    "bought": {"en": "the order is paid, or placed where it is paid at the door", "fa": "خرید"},
    "fulfilled": {"en": "the order is on its way", "fa": "ارسال سفارش"},
    "completed": {"en": "the order is completed", "fa": "تکمیل سفارش"},
    "delivered": {"en": "the order is delivered", "fa": "تحویل سفارش"},
    "refunded": {"en": "money is given back", "fa": "بازگشت وجه"},
    "cancelled": {"en": "the order is cancelled", "fa": "لغو سفارش"},
    "rated": {"en": "the customer rates the order", "fa": "امتیاز دادن به سفارش"},
    "no_next_order": {"en": "the order is paid and no other follows", "fa": "خرید، بی‌آنکه خرید دیگری در پی آن بیاید"},
    "first_order_anniversary": {"en": "a year after the first order", "fa": "سالگرد نخستین سفارش"},
    "birthday": {"en": "the customer's birthday comes", "fa": "روز تولد مشتری"},
    "segment_entered": {"en": "the customer comes into the segment", "fa": "ورود مشتری به بخش"},
    "segment_left": {"en": "the customer leaves the segment", "fa": "خروج مشتری از بخش"},
    "cart_abandoned": {"en": "a cart is left behind", "fa": "رها شدن سبد خرید"},
    "back_in_stock": {"en": "a product that was wanted is back", "fa": "موجود شدن دوبارهٔ کالای دلخواه"},
}
_TIMES = ("at", "since", "due")


def told(code: str, params: Mapping[str, Any], shop: Shop) -> str:
    """One of SENTENCES, or a why code's own, in the shop's language."""
    if code not in SENTENCES:
        return sentence(code, params, shop) if code in WHYS else code
    language = pick_language(None, shop.locale, ("en", "fa"))
    speech = Speech(shop.locale if shop.locale.startswith(language) else language)
    said = {name: _said(name, value, speech, language, shop.timezone) for name, value in params.items()}
    return SENTENCES[code][language].format_map(said)


def _said(name: str, value: Any, speech: Speech, language: str, zone: str) -> str:
    if name in _TIMES:
        return f"{speech.date(str(value), zone)} {time_of_day(speech, str(value), zone)}"
    if name == "moments":
        comma = "؛ " if language == "fa" else "; "
        return comma.join(_MOMENTS[one][language] if one in _MOMENTS else one for one in value)
    if name == "channel":
        return story.channel(str(value), language)
    return speech.number(value) if type(value) is int else speech.isolate(str(value))
