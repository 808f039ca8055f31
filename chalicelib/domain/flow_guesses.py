"""What somebody may have meant by what stands in a flow file. A guess helps whoever reads it and decides nothing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from difflib import get_close_matches

# What people write who know another tool, and our words for it. One counts only where it is allowed.
_ALSO_CALLED = """
name:flow id:flow trigger:starts,when triggers:starts actions:steps condition:if,only_if conditions:only_if,if
filter:only_if,if only_if:if if:only_if enabled:on active:on weekday:on weekdays:on days:on time:at hour:at
category:topic type:purpose kind:purpose delay:wait after:wait sleep:wait template:send text:send via:channel
email:channel sms:channel event:when expires:max_late deadline:max_late otherwise:else other:else
discount:coupon todo:task until:wait_for max_wait:timeout end:stop exit:exits,stop hook:webhook percent:share
weight:share min:least,at_least max:most,at_most default:usual newer_order:bought_again reordered:bought_again
ordered:placed,bought_again refund:refunded shipped:fulfilled sent:fulfilled purchased:bought
abandoned_cart:cart_abandoned mail:email e-mail:email webhook:http whatsapp:http telegram:http text_message:sms
promotional:marketing promotion:marketing service:transactional unsubscribe:unsubscribed =:is ==:is equals:is
eq:is >=:at_least gte:at_least minimum:at_least <=:at_most lte:at_most maximum:at_most >:more_than gt:more_than
<:less_than lt:less_than contains:has includes:has any_of:has_any all_of:has_all or:any and:all none:not
order.number:order.nth order.value:order.total order.amount:order.total customer.value:customer.spent
customer.total:customer.spent segment:customer.segments tag:customer.tags tags:customer.tags
country:customer.country language:customer.language customer.locale:customer.language spent:customer.spent
monday:mon tuesday:tue wednesday:wed thursday:thu friday:fri saturday:sat sunday:sun
"""
_YES = ("yes", "on", "true", "1", "y", "بله")
_NO = ("no", "off", "false", "0", "n", "خیر")
# beginning of a unit -> (ours, how many of ours)
_UNITS = {
    "month": ("d", 30),
    "mo": ("d", 30),
    "w": ("d", 7),
    "y": ("d", 365),
    "m": ("m", 1),
    "h": ("h", 1),
    "d": ("d", 1),
    "ماه": ("d", 30),
    "سال": ("d", 365),
    "هفته": ("d", 7),
    "روز": ("d", 1),
    "ساعت": ("h", 1),
    "دقیقه": ("m", 1),
}
_MOST = {"m": 9999, "h": 8784, "d": 366}
_MONEY = {
    "€": "EUR",
    "$": "USD",
    "£": "GBP",
    "تومان": "IRT",
    "toman": "IRT",
    "ریال": "IRR",
    "rial": "IRR",
    "euro": "EUR",
}
_QUOTES = "\"'“”„«»‘’"


def meant(word: object, known: Collection[str]) -> str:
    """The known word nearest to this one, or an empty text."""
    if not isinstance(word, str):
        return ""
    asked = plain(word).lower()
    also = dict(pair.split(":") for pair in _ALSO_CALLED.split())
    for other in also.get(asked, "").split(","):
        if other in known:
            return other
    asked = re.sub(r"[\s-]+", "_", asked)
    first, dot, rest = asked.rpartition(".")
    if not any(other.startswith(first + dot) for other in known):
        first, dot, rest = "", "", asked
    alike = [other.removeprefix(first + dot) for other in known if other.startswith(first + dot)]
    return "".join(first + dot + near for near in get_close_matches(rest, alike, n=1, cutoff=0.6))


def plain(value: object) -> str:
    """Text with plain digits and without quotation marks: ۳ is 3, “10:00” is 10:00."""
    text = value[:60] if isinstance(value, str) else str(value)[:60] if isinstance(value, int | float) else ""
    digits = "".join(c if unicodedata.digit(c, None) is None else str(unicodedata.digit(c)) for c in text)
    return digits.strip().strip(_QUOTES).strip().replace("٫", ".").replace("٬", ",")


def name(value: object) -> str:
    """`Come Back!` as come-back."""
    slug = re.sub(r"[^a-z0-9]+", "-", plain(value).lower()).strip("-")[:40].strip("-")
    return slug if re.fullmatch(r"[a-z][a-z0-9-]{1,39}", slug) else ""


def flag(value: object) -> str:
    """`yes`, `off`, `بله` as true or false."""
    text = plain(value).lower()
    return "true" if text in _YES else "false" if text in _NO else ""


def length(value: object) -> str:
    """`30 days`, `2w`, `۳ روز` or 30 as 30d, 14d, 3d, 30d."""
    match = re.fullmatch(r"([0-9]{1,4})\s*(\D{0,12})", "" if isinstance(value, bool) else plain(value).lower())
    if match is None:
        return ""
    beginning = next((unit for unit in _UNITS if match[2].startswith(unit)), None)
    if match[2] and beginning is None:
        return ""
    ours, times = _UNITS[beginning] if beginning else ("d", 1)
    count = int(match[1]) * times
    return f"{count}{ours}" if count <= _MOST[ours] else ""


def clock(value: object) -> str:
    """`9:00`, `6 pm` or 600 as 09:00, 18:00, 10:00: many programs read an unquoted 10:00 as ten times sixty."""
    if type(value) is int and 60 <= value < 24 * 60:
        return f"{value // 60:02d}:{value % 60:02d}"
    match = re.fullmatch(r"([0-9]{1,2})(?:[:.]([0-5][0-9]))?(?::[0-9]{2})?\s*(am|pm)?", plain(value).lower())
    if match is None or int(match[1]) > (12 if match[3] else 24):
        return ""
    hour = int(match[1]) % 12 + 12 * (match[3] == "pm") if match[3] else int(match[1]) % 24
    return f"{hour:02d}:{match[2] or '00'}"


def money(value: object) -> tuple[str, str]:
    """(amount, currency) of `€50`, `1,000 eur`, `۵۰۰ تومان`; empty texts for what there is no telling."""
    text = plain(value)
    for word, code in _MONEY.items():
        text = re.sub(re.escape(word) + "s?", f" {code} ", text, flags=re.IGNORECASE)
    codes = re.findall(r"[A-Za-z]{3,4}", text)
    figures = "".join(re.findall(r"[0-9][0-9.,_']*", text)[:1]).rstrip(".,")
    if re.search(r",[0-9]{1,2}$", figures):  # a comma before one or two digits is where others put a point
        figures = figures.replace(".", "").replace(",", ".")
    return re.sub(r"[,_']", "", figures), codes[0].upper() if codes else ""
