"""Why a follow-up is as it is, said to the shop's owner: one sentence per code, in English and Persian.

`{due}`, `{until}` and `{late_after}` are moments in the shop's zone; flows, channels, topics and events are called by
their names; whatever else stands in braces is the entry's own. `why_steps` has what steps that send nothing say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chalicelib.domain import story
from chalicelib.domain.shop import Shop
from chalicelib.domain.speech import Speech, pick_language
from chalicelib.domain.times import BadTime, moment
from chalicelib.domain.why_steps import STEPS

SENTENCES: dict[str, dict[str, str]] = {
    "planned": {
        "en": "Planned for {due}.",
        "fa": "برای {due} برنامه‌ریزی شد.",
    },
    "replanned": {
        "en": "Moved to {due}, because the order changed.",
        "fa": "به {due} جابه‌جا شد، چون سفارش تغییر کرد.",
    },
    "order_refunded": {
        "en": "Not sent: money was given back for the order.",
        "fa": "فرستاده نشد: وجهی از سفارش بازگردانده شد.",
    },
    "order_cancelled": {"en": "Not sent: the order was cancelled.", "fa": "فرستاده نشد: سفارش لغو شد."},
    "order_deleted": {
        "en": "Not sent: the shop deleted the order.",
        "fa": "فرستاده نشد: فروشگاه سفارش را حذف کرد.",
    },
    "order_not_placed": {
        "en": "Not sent: the order does not count as placed.",
        "fa": "فرستاده نشد: سفارش هنوز ثبت‌شده به حساب نمی‌آید.",
    },
    "test_order": {"en": "Not sent: it is a test order.", "fa": "فرستاده نشد: سفارش آزمایشی است."},
    "customer_gone": {
        "en": "Not sent: there is nobody to write to any more.",
        "fa": "فرستاده نشد: دیگر کسی نیست که برایش نوشته شود.",
    },
    "flow_off": {"en": "Not sent: this flow is switched off.", "fa": "فرستاده نشد: این پیگیری خاموش است."},
    "no_longer_due": {
        "en": "Not sent: what started it is no longer true of the order.",
        "fa": "فرستاده نشد: آنچه آغازش کرده بود دیگر دربارهٔ سفارش درست نیست.",
    },
    "shop_off": {"en": "Not sent: the shop is switched off.", "fa": "فرستاده نشد: فروشگاه خاموش است."},
    "newer_order": {
        "en": "Not needed: the customer has ordered again.",
        "fa": "دیگر لازم نبود: مشتری دوباره سفارش داده است.",
    },
    "too_late": {
        "en": "Not sent: it was of use only until {late_after}.",
        "fa": "فرستاده نشد: تنها تا {late_after} به کار می‌آمد.",
    },
    "no_address": {
        "en": "Not sent: no address of the customer is known for this channel.",
        "fa": "فرستاده نشد: از مشتری نشانی‌ای برای این کانال در دست نیست.",
    },
    "suppressed": {
        "en": "Not sent: the address is on the list of those we do not write to.",
        "fa": "فرستاده نشد: این نشانی در فهرست کسانی است که برایشان نمی‌نویسیم.",
    },
    "no_consent": {
        "en": "Not sent: the customer has not agreed to marketing.",
        "fa": "فرستاده نشد: مشتری با پیام تبلیغاتی موافقت نکرده است.",
    },
    "unsubscribed": {
        "en": "Not sent: the customer does not want marketing.",
        "fa": "فرستاده نشد: مشتری پیام تبلیغاتی نمی‌خواهد.",
    },
    "held_out": {
        "en": "Held out: the customer is in the control group that shows what follow-ups earn.",
        "fa": "نگه داشته شد: مشتری در گروه شاهد است که سود پیگیری‌ها را نشان می‌دهد.",
    },
    "shop_paused": {
        "en": "Waits until {until}: the shop is paused.",
        "fa": "تا {until} می‌ماند: فروشگاه موقتاً متوقف است.",
    },
    "importing": {
        "en": "Waits until {until}: the shop's history is being imported.",
        "fa": "تا {until} می‌ماند: تاریخچهٔ فروشگاه در حال ورود است.",
    },
    "quiet_hours": {
        "en": "Waits until {until}: nobody is disturbed at night.",
        "fa": "تا {until} می‌ماند: شب‌ها کسی را آزار نمی‌دهیم.",
    },
    "cap": {
        "en": "Waits until {until}: at most {most} marketing messages in {days} days.",
        "fa": "تا {until} می‌ماند: در {days} روز بیش از {most} پیام تبلیغاتی فرستاده نمی‌شود.",
    },
    "one_at_a_time": {
        "en": "Waits until {until}: another message to the customer goes first.",
        "fa": "تا {until} می‌ماند: نخست پیام دیگری به مشتری می‌رسد.",
    },
    "condition": {
        "en": "Not sent: the condition {test} does not allow it.",
        "fa": "فرستاده نشد: شرط {test} اجازه نمی‌دهد.",
    },
    "rhythm": {
        "en": "Waits until {until}: the customer's own rhythm is {days} days.",
        "fa": "تا {until} می‌ماند: مشتری معمولاً هر {days} روز یک بار خرید می‌کند.",
    },
    "waits_for_rhythm": {
        "en": "Waits until {until}, as the customer's own rhythm says.",
        "fa": "تا {until} می‌ماند: آهنگ خرید مشتری چنین می‌گوید.",
    },
    "paused_by_customer": {
        "en": "Waits until {until}: the customer asked for a pause.",
        "fa": "تا {until} می‌ماند: مشتری خواسته است مدتی پیامی نگیرد.",
    },
    "topic_off": {
        "en": "Not sent: the customer wants no messages of this kind ({topic}).",
        "fa": "فرستاده نشد: مشتری پیام‌هایی از این دست ({topic}) نمی‌خواهد.",
    },
    "too_often": {
        "en": "Waits until {until}: of marketing the customer wants no more than {most} in {days} days.",
        "fa": "تا {until} می‌ماند: مشتری در {days} روز بیش از {most} پیام تبلیغاتی نمی‌خواهد.",
    },
    "unhappy": {
        "en": "Not sent: the customer was unhappy with an order; no marketing until {until}.",
        "fa": "فرستاده نشد: مشتری از سفارشی ناراضی بود؛ تا {until} پیام تبلیغاتی نمی‌گیرد.",
    },
    "no_channel": {
        "en": "Not sent: none of its channels ({wanted}) may reach the customer.",
        "fa": "فرستاده نشد: از هیچ‌یک از راه‌های آن ({wanted}) نمی‌توان به مشتری نوشت.",
    },
    "channel_off": {
        "en": "Not sent: no provider is set up for this channel ({channel}).",
        "fa": "فرستاده نشد: برای این کانال ({channel}) سرویس ارسالی تعیین نشده است.",
    },
    "conversation": {
        "en": "Waits until {until}: another conversation with the customer goes first (“{flow}”).",
        "fa": "تا {until} می‌ماند: نخست گفت‌وگوی دیگری با مشتری پیش می‌رود («{flow}»).",
    },
    "left_segment": {
        "en": "Not needed: the customer is no longer in the segment “{segment}”.",
        "fa": "دیگر لازم نبود: مشتری دیگر در بخش «{segment}» نیست.",
    },
    "bought_again": {
        "en": "Not needed: the customer has ordered again.",
        "fa": "دیگر لازم نبود: مشتری دوباره سفارش داده است.",
    },
    "cart_gone": {
        "en": "Not needed: the cart was ordered or emptied.",
        "fa": "دیگر لازم نبود: سبد خرید سفارش داده یا خالی شده است.",
    },
    "told_already": {
        "en": "Not sent: the customer was told of it under another address of hers.",
        "fa": "فرستاده نشد: همین خبر به نشانی دیگر مشتری رسیده است.",
    },
    "birthday_moved": {
        "en": "Not sent: the customer's birthday is another day.",
        "fa": "فرستاده نشد: زادروز مشتری روز دیگری است.",
    },
    "not_available": {
        "en": "Not sent: the product is sold out again.",
        "fa": "فرستاده نشد: کالا دوباره ناموجود شده است.",
    },
    "sms_too_long": {
        "en": "Not sent: as an SMS it would take {parts} parts, and the limit is {most}.",
        "fa": "فرستاده نشد: پیامک آن {parts} بخش می‌شد و بیش از {most} بخش فرستاده نمی‌شود.",
    },
    "staging": {
        "en": "Held back: this is a copy of the shop, and copies write to nobody.",
        "fa": "نگه داشته شد: این نسخه‌ای آزمایشی از فروشگاه است و برای کسی پیامی نمی‌فرستد.",
    },
    "stop_word": {
        "en": "The customer answered STOP.",
        "fa": "مشتری در پاسخ، لغو پیام‌ها را خواست.",
    },
    "soft_bounce": {
        "en": "It came back this time: the mailbox could not take it.",
        "fa": "این بار برگشت خورد: صندوق ایمیل نتوانست آن را بپذیرد.",
    },
    "claimed": {"en": "Being sent.", "fa": "در حال فرستادن."},
    "retry": {
        "en": "Tried again at {until}: the provider could not take it.",
        "fa": "در {until} دوباره تلاش می‌شود: سرویس ارسال آن را نپذیرفت.",
    },
    "waiting_for_events": {
        "en": "Waits for the provider to say whether it went out.",
        "fa": "منتظر است تا سرویس ارسال بگوید فرستاده شده یا نه.",
    },
    "unknown_outcome": {
        "en": "It may or may not have been sent. It is not sent again.",
        "fa": "شاید فرستاده شده باشد و شاید نه. دوباره فرستاده نمی‌شود.",
    },
    "template": {
        "en": "Not sent: its template has a mistake.",
        "fa": "فرستاده نشد: قالب آن ایراد دارد.",
    },
    "unforeseen": {
        "en": "Not sent: it failed each time for a reason nobody foresaw; the log says where.",
        "fa": "فرستاده نشد: هر بار به علتی پیش‌بینی‌نشده ناکام ماند؛ جای آن در گزارش سامانه آمده است.",
    },
    "refused": {
        "en": "Not sent: the provider refused it ({reason}).",
        "fa": "فرستاده نشد: سرویس ارسال آن را رد کرد ({reason}).",
    },
    "no_sender": {
        "en": "Not sent: the shop has no sender. Add one with add-shop --from.",
        "fa": "فرستاده نشد: فروشگاه فرستنده ندارد. آن را با \u2068add-shop --from\u2069 تعیین کنید.",
    },
    "sent": {"en": "Sent.", "fa": "فرستاده شد."},
    "delivered": {
        "en": "The customer's mail server took it.",
        "fa": "سرور ایمیل مشتری آن را دریافت کرد.",
    },
    "bounce": {"en": "It came back: the address does not work.", "fa": "برگشت خورد: این نشانی کار نمی‌کند."},
    "complaint": {"en": "The customer called it spam.", "fa": "مشتری آن را هرزنامه خواند."},
    **STEPS,
}
_CALLED: dict[str, Callable[[str, str], str]] = {
    "flow": story.flow,
    "channel": story.channel,
    "wanted": story.channel,
    "topic": story.topic,
    "event": story.event,
    "way": story.way,
}
MOMENTS = ("due", "until", "late_after")


class _Params(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "—"


def sentence(code: str, params: Mapping[str, Any], shop: Shop) -> str:
    """The reason as a person would say it; an unknown code is said as it is."""
    if code == "refused" and params.get("reason") in SENTENCES:
        code = str(params["reason"])  # a refusal that has a sentence of its own
    said = SENTENCES.get(code)
    if said is None:
        return code
    language = pick_language(None, shop.locale, said)
    speech = Speech(shop.locale if language != "en" or shop.locale.startswith("en") else "en")
    return said[language].format_map(_Params(_said(params, language, speech, shop.timezone)))


def _said(params: Mapping[str, Any], language: str, speech: Speech, zone: str) -> dict[str, str]:
    return {
        name: _names(_CALLED[name], value, language, speech) if name in _CALLED else _say(name, value, speech, zone)
        for name, value in params.items()
    }


def _names(called: Callable[[str, str], str], value: Any, language: str, speech: Speech) -> str:
    """One name, or several with commas between them."""
    values = value if isinstance(value, list | tuple) else str(value).split(", ")
    comma = "، " if language == "fa" else ", "
    return comma.join(speech.digits(called(str(one), language)) for one in values)


def _say(name: str, value: Any, speech: Speech, zone: str) -> str:
    if name in MOMENTS:
        try:
            return f"{speech.date(str(value), zone)} {time_of_day(speech, str(value), zone)}"
        except BadTime:
            return str(value)
    return speech.number(value) if type(value) is int else speech.isolate(str(value))


def time_of_day(speech: Speech, moment_text: str, zone: str) -> str:
    """14:30, «۱۴:۳۰»: the time of day of a stored moment in an IANA zone; an unknown zone is UTC."""
    try:
        there = moment(moment_text).astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        there = moment(moment_text)
    return f"{speech.digits(f'{there:%H}')}:{speech.digits(f'{there:%M}')}"
