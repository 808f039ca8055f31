"""What a timeline says of orders, follow-ups and consents, in the shop's language: English or Persian."""

from __future__ import annotations

from chalicelib.domain.order import Order
from chalicelib.domain.shop import Shop
from chalicelib.domain.speech import Speech, pick_language

# In the order in which things of one moment are told.
KINDS = (
    "visited",
    "consent_unsubscribed",
    "consent_pending",
    "consent_subscribed",
    "order_started",
    "order_placed",
    "order_paid",
    "order_fulfilled",
    "order_refunded",
    "order_cancelled",
    "order_rated",
    "follow_up_planned",
    "follow_up_deferred",
    "follow_up_held_out",
    "follow_up_skipped",
    "follow_up_cancelled",
    "follow_up_failed",
    "follow_up_unknown",
    "follow_up_sent",
    "follow_up_delivered",
    "follow_up_bounce",
    "follow_up_complaint",
)
_ORDERS = {
    "order_started": {
        "en": "Order {number} begun, not placed yet: {amount}",
        "fa": "سفارش {number} آغاز شد ولی هنوز ثبت نشده است: {amount}",
    },
    "order_placed": {"en": "Order {number} placed: {amount}", "fa": "سفارش {number} ثبت شد: {amount}"},
    "order_paid": {"en": "Order {number} paid: {amount}", "fa": "سفارش {number} پرداخت شد: {amount}"},
    "order_fulfilled": {"en": "Order {number} fulfilled", "fa": "سفارش {number} آماده و ارسال شد"},
    "order_refunded": {
        "en": "{amount} given back for order {number}",
        "fa": "{amount} از سفارش {number} بازگردانده شد",
    },
    "order_cancelled": {"en": "Order {number} cancelled", "fa": "سفارش {number} لغو شد"},
}
_RATED = {"en": "Order {number} rated {stars} of 5", "fa": "سفارش {number} امتیاز {stars} از ۵ گرفت"}
_SAID = {"en": "{rated}: “{words}”", "fa": "{rated}: «{words}»"}
_CONSENTS = {
    "subscribed": {"en": "Agreed to marketing by {channel}", "fa": "با پیام تبلیغاتی از راه {channel} موافقت کرد"},
    "unsubscribed": {"en": "Declined marketing by {channel}", "fa": "پیام تبلیغاتی از راه {channel} را نخواست"},
    "pending": {"en": "Asked about marketing by {channel}", "fa": "دربارهٔ پیام تبلیغاتی از راه {channel} پرسیده شد"},
}
_FLOWS = {
    "thank-you": {"en": "Thank you", "fa": "سپاس از خرید"},
    "how-was-it": {"en": "How was it?", "fa": "خریدتان چطور بود؟"},
    "come-back": {"en": "Come back", "fa": "دوباره سر بزنید"},
    "second-order": {"en": "Second order", "fa": "خرید دوم"},
    "win-back": {"en": "Win back", "fa": "جای شما خالی است"},
    "replenish": {"en": "Time for more", "fa": "وقت سفارش دوباره"},
    "loyal": {"en": "Loyal customers", "fa": "مشتریان وفادار"},
    "birthday": {"en": "Birthday", "fa": "تولد"},
    "cart-left": {"en": "Cart left behind", "fa": "سبد خرید رهاشده"},
    "back-in-stock": {"en": "Back in stock", "fa": "دوباره موجود شد"},
    "make-it-right": {"en": "Make it right", "fa": "جبران نارضایتی"},
    "review-invite": {"en": "Invitation to review", "fa": "دعوت به نوشتن نظر"},
}
_ABOUT = {"en": "{flow} (order {number})", "fa": "«{flow}» (سفارش {number})"}
# An order in one of these was begun; nobody has ordered yet.
_BEGUN = ("draft", "pending", "failed")
_CHANNELS = {
    "email": {"en": "e-mail", "fa": "ایمیل"},
    "sms": {"en": "SMS", "fa": "پیامک"},
    "http": {"en": "webhook", "fa": "وب‌هوک"},
    "onsite": {"en": "the shop's own pages", "fa": "صفحه‌های فروشگاه"},
}
_TOPICS = {
    "orders": {"en": "orders", "fa": "سفارش‌ها"},
    "reviews": {"en": "reviews", "fa": "نظرخواهی"},
    "offers": {"en": "offers", "fa": "پیشنهادها"},
    "reminders": {"en": "reminders", "fa": "یادآوری‌ها"},
    "news": {"en": "news", "fa": "خبرها"},
}
_WAYS = {"then": {"en": "yes", "fa": "بله"}, "else": {"en": "no", "fa": "نه"}}
_EVENTS = {
    "paid": {"en": "the payment", "fa": "پرداخت"},
    "fulfilled": {"en": "the order is on its way", "fa": "ارسال سفارش"},
    "delivered": {"en": "the delivery", "fa": "تحویل سفارش"},
    "rated": {"en": "a rating", "fa": "امتیاز مشتری"},
    "ordered": {"en": "a new order", "fa": "سفارش تازه"},
    "refunded": {"en": "a refund", "fa": "بازگشت وجه"},
    "cancelled": {"en": "the cancellation", "fa": "لغو سفارش"},
}


def beginning(order: Order) -> str:
    """The kind of an order's first entry: it was placed, or only begun."""
    return "order_started" if order.status in _BEGUN else "order_placed"


def flow(name: str, language: str) -> str:
    """What a flow is called; one of the owner's own by its name."""
    return _FLOWS.get(name, {}).get(language) or name.replace("-", " ").capitalize()


def follow_up(flow_name: str, number: str, said: str, shop: Shop) -> str:
    """What happened to a follow-up (`said`), with its flow and the number of its order in front; `number` is "" where
    no order started it."""
    language, speech = speech_of(shop)
    if not number:
        return f"{flow(flow_name, language)}: {said}"
    about = _ABOUT[language].format(flow=flow(flow_name, language), number=speech.digits(number))
    return f"{about}: {said}"


def order(kind: str, order: Order, amount: int | None, shop: Shop) -> str:
    """One of the KINDS of orders as a sentence; `amount` in minor units of the order's currency."""
    language, speech = speech_of(shop)
    said = "" if amount is None else speech.money(amount, order.currency, order.currency_original)
    return _ORDERS[kind][language].format(number=speech.digits(order.number), amount=said)


def rating(order: Order, stars: int, words: str, shop: Shop) -> str:
    """How she rated an order, with what she wrote, if anything."""
    language, speech = speech_of(shop)
    rated = _RATED[language].format(number=speech.digits(order.number), stars=speech.number(stars))
    return _SAID[language].format(rated=rated, words=speech.isolate(words)) if words else rated


def consent(channel: str, state: str, shop: Shop) -> str:
    language, _ = speech_of(shop)
    return _CONSENTS[state][language].format(channel=_CHANNELS.get(channel, {}).get(language, channel))


def channel(name: str, language: str) -> str:
    """E-mail, SMS: what a channel is called."""
    return _CHANNELS.get(name, {}).get(language, name)


def topic(name: str, language: str) -> str:
    """Offers, reminders, news: what a topic of `flow.TOPICS` is called."""
    return _TOPICS.get(name, {}).get(language, name)


def event(name: str, language: str) -> str:
    """A new order, a rating: what one of `flow.EVENTS` is called."""
    return _EVENTS.get(name, {}).get(language, name)


def way(name: str, language: str) -> str:
    """Yes or no of a branch; a split's way by its number."""
    return _WAYS.get(name, {}).get(language, name)


def speech_of(shop: Shop) -> tuple[str, Speech]:
    """English or Persian, and how the shop's locale says numbers and names."""
    language = pick_language(None, shop.locale, ("en", "fa"))
    return language, Speech(shop.locale if shop.locale.startswith(language) else language)
