"""Reasons in a few words, for tables that count them: without the moments and names of a single follow-up."""

from __future__ import annotations

from chalicelib.domain.shop import Shop
from chalicelib.domain.speech import pick_language
from chalicelib.domain.why import sentence

SHORT: dict[str, dict[str, str]] = {
    "sent": {"en": "sent", "fa": "فرستاده شد"},
    "held_out": {"en": "held out: in the control group", "fa": "نگه داشته شد: در گروه شاهد"},
    "order_refunded": {"en": "money was given back", "fa": "وجهی بازگردانده شد"},
    "order_cancelled": {"en": "the order was cancelled", "fa": "سفارش لغو شد"},
    "order_deleted": {"en": "the shop deleted the order", "fa": "فروشگاه سفارش را حذف کرد"},
    "order_not_placed": {"en": "the order does not count as placed", "fa": "سفارش ثبت‌شده به حساب نمی‌آید"},
    "test_order": {"en": "a test order", "fa": "سفارش آزمایشی"},
    "customer_gone": {"en": "nobody to write to any more", "fa": "دیگر کسی نیست که برایش نوشته شود"},
    "flow_off": {"en": "the flow is switched off", "fa": "پیگیری خاموش است"},
    "flow_changed": {"en": "the step is no longer in the flow", "fa": "این گام دیگر در پیگیری نیست"},
    "no_longer_due": {"en": "what started it is no longer true", "fa": "آنچه آغازش کرده بود دیگر درست نیست"},
    "newer_order": {"en": "ordered again", "fa": "دوباره سفارش داد"},
    "too_late": {"en": "too late to be of use", "fa": "دیر شد"},
    "no_address": {"en": "no address for the channel", "fa": "نشانی‌ای برای این کانال نیست"},
    "suppressed": {"en": "the address is barred", "fa": "به این نشانی نوشته نمی‌شود"},
    "no_consent": {"en": "has not agreed to marketing", "fa": "با پیام تبلیغاتی موافقت نکرده است"},
    "unsubscribed": {"en": "does not want marketing", "fa": "پیام تبلیغاتی نمی‌خواهد"},
    "quiet_hours": {"en": "waited: it was night", "fa": "ماند: شب بود"},
    "cap": {"en": "waited: enough messages in that time", "fa": "ماند: پیام‌های آن مدت بس بود"},
    "too_often": {"en": "waited: the customer wants fewer", "fa": "ماند: مشتری پیام کمتری می‌خواهد"},
    "one_at_a_time": {"en": "waited: another message went first", "fa": "ماند: پیام دیگری پیش‌تر رفت"},
    "conversation": {"en": "waited: another conversation was under way", "fa": "ماند: گفت‌وگوی دیگری در جریان بود"},
    "waits_for_rhythm": {"en": "waited for the customer's own rhythm", "fa": "ماند: به آهنگ خرید مشتری"},
    "paused_by_customer": {"en": "waited: the customer asked for a pause", "fa": "ماند: مشتری مکث خواسته بود"},
    "condition": {"en": "a condition was not met", "fa": "شرطی برقرار نبود"},
    "topic_off": {"en": "wants no messages of this kind", "fa": "پیام‌هایی از این دست نمی‌خواهد"},
    "unhappy": {"en": "was unhappy with an order", "fa": "از سفارشی ناراضی بود"},
    "no_channel": {"en": "no channel may reach the customer", "fa": "از هیچ راهی نمی‌توان به مشتری نوشت"},
    "channel_off": {"en": "no provider is set up", "fa": "سرویس ارسالی تعیین نشده است"},
    "left_segment": {"en": "left the segment", "fa": "از بخش بیرون رفت"},
    "staging": {"en": "a staging copy of the shop", "fa": "نسخهٔ آزمایشی فروشگاه"},
    "branch": {"en": "took its way at a branch", "fa": "از دوراهی گذشت"},
    "split": {"en": "drawn by lot", "fa": "به قید قرعه"},
    "happened": {"en": "what was waited for came", "fa": "آنچه منتظرش بود رسید"},
    "did_not_happen": {"en": "what was waited for did not come", "fa": "آنچه منتظرش بود نرسید"},
    "tag": {"en": "tagged", "fa": "برچسب خورد"},
    "coupon": {"en": "a coupon was made", "fa": "کد تخفیف ساخته شد"},
    "webhook": {"en": "a webhook was called", "fa": "وب‌هوک فراخوانده شد"},
    "task": {"en": "a task was opened", "fa": "کاری ثبت شد"},
}


def short(code: str, shop: Shop) -> str:
    """A few words in the shop's language; the sentence of a code that has none."""
    said = SHORT.get(code)
    return said[pick_language(None, shop.locale, ("en", "fa"))] if said else sentence(code, {}, shop)
