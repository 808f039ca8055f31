"""What a message can say of people, shops, products and coupons, as texts in its language. Of orders: `order_values`.

Everything that came from outside is cleaned and cut here, so that no template has to think of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parseaddr
from typing import Any
from urllib.parse import urlsplit

from chalicelib.domain.coupon import Coupon
from chalicelib.domain.money import Money, iso
from chalicelib.domain.people import LONGEST_NAME, one_line, persian_letters
from chalicelib.domain.shop import Shop
from chalicelib.domain.speech import Speech
from chalicelib.domain.times import moment
from chalicelib.work.about import Pick

PICKS_SHOWN = 6
LONGEST_TITLE = 120
LONGEST_GREETING = 40
LONGEST_ADDRESS = 2_000
LONGEST_CODE = 60
BEST = 5  # of the ratings, 1 being the worst
LINKS = ("shop", "order", "rating", "preferences", "unsubscribe", "review", "cart", "access")
# Whoever types an address for a name wants our mail to carry it.
_ADDRESS = re.compile(
    r"[@/\\<>|]|www\.|\.\w{2,}$|\.[a-z]{2,}\b|\w{2}\.\w{2,}|[\u3002\uff0e\uff61]\w{2,}|\d{5}|:", re.IGNORECASE
)


def clip(text: str, most: int) -> str:
    """`text` on one line, without control characters, at most `most` characters; cut between words where there are."""
    text = one_line(text[: most * 4])
    if len(text) <= most:
        return text
    cut = text[: most - 1]
    words, blank, _ = cut.rpartition(" ")
    return (words if blank and len(words) > most // 2 else cut).rstrip() + "…"


def said(text: str, most: int, speech: Speech) -> str:
    """What came from outside, as it may stand between this language's words."""
    text = clip(text, most)
    return speech.isolate(persian_letters(text) if speech.persian else text)


def greeting_name(name: str, *, whole: bool) -> str:
    """What to call her by: her whole name (usual in Persian) or the first word of it; empty where it had better be left
    out: too long, an address, no letters."""
    name = one_line(name)[:LONGEST_NAME]
    if _ADDRESS.search(name) or not any(ch.isalpha() for ch in name):
        return ""
    first = name.split()[0]
    if not whole and len(first) >= 2 and not first.endswith((".", ",")):
        name = first
    return name if len(name) <= LONGEST_GREETING else ""


def web_address(url: str | None) -> str | None:
    """An http(s) address that may stand in a mail, or None."""
    if not url or len(url) > LONGEST_ADDRESS or re.search(r"[\s\"'<>\\\x00-\x1f\x7f]", url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.hostname else None


def shop_name(shop: Shop) -> str:
    """The shop's name, else its sender's, else its slug in words."""
    return clip(shop.name or parseaddr(shop.sender)[0] or shop.slug.replace("-", " ").title(), 80)


def shop_values(shop: Shop, speech: Speech) -> dict[str, object]:
    """`shop.name`, `shop.address` (None where there is none)."""
    address = ", ".join(line.strip() for line in shop.postal_address.splitlines() if line.strip())
    return {"name": said(shop_name(shop), 80, speech), "address": said(address, 200, speech) or None}


def customer_values(name: str, speech: Speech) -> dict[str, object]:
    """`customer.name`: None where she left none that can be used."""
    return {"name": said(greeting_name(name, whole=speech.whole_names), LONGEST_GREETING, speech) or None}


def link_values(links: Mapping[str, str]) -> dict[str, str | None]:
    """Every link a template may ask for; None for those not given."""
    return {name: web_address(links.get(name)) for name in LINKS}


def pick_values(pick: Pick, shop: Shop, speech: Speech, words: Mapping[str, str]) -> dict[str, Any]:
    """A product shown with its reason: `title`, `letter`, and `url`, `image`, `price`, `why` where they are known."""
    title = clip(pick.title or words["item"], LONGEST_TITLE)
    price = pick.price and speech.money(pick.price.amount, pick.price.currency, pick.currency_original)
    return {
        "title": said(title, LONGEST_TITLE, speech),
        "letter": letter(title),
        "url": web_address(pick.url),
        "image": web_address(pick.image),
        "price": price,
        "why": _why(pick, shop, speech, words),
    }


def letter(title: str) -> str:
    """What stands where a picture would."""
    return next((ch.upper() for ch in title if ch.isalnum()), "•")


def _why(pick: Pick, shop: Shop, speech: Speech, words: Mapping[str, str]) -> str | None:
    """None for a reason that this language has no sentence for, or whose sentence would have a hole."""
    params = {name: _param(value, shop, speech) for name, value in pick.params.items()}
    try:
        return words[pick.why].format_map(params)
    except (LookupError, ValueError):
        return None


def _param(value: str, shop: Shop, speech: Speech) -> str:
    try:
        moment(value)
    except ValueError:
        return speech.digits(value) if value.isdigit() else said(value, LONGEST_TITLE, speech)
    return speech.date(value, shop.timezone)


def coupon_values(coupon: Coupon, shop: Shop, speech: Speech, words: Mapping[str, str]) -> dict[str, Any]:
    """`coupon.code`, `.worth` (20%, or an amount), `.expires` (a day); for its card `.headline`, `.until`, `.least`."""
    worth = (
        words["percent"].format(n=speech.number(coupon.percent))
        if coupon.percent
        else coupon.amount and _money(coupon.amount, shop, speech)
    )
    expires = speech.date(coupon.expires_at, shop.timezone)
    code = clip(coupon.code, LONGEST_CODE)
    return {
        "code": code,
        "plain_code": code,
        "worth": worth or words["coupon_code"],
        "expires": expires,
        "headline": words["coupon_worth"].format(worth=worth) if worth else None,
        "until": words["coupon_until"].format(date=expires),
        "least": words["coupon_least"].format(amount=_money(coupon.least, shop, speech)) if coupon.least else None,
    }


def _money(money: Money, shop: Shop, speech: Speech) -> str:
    original = shop.currency if iso(shop.currency) == money.currency else ""
    return speech.money(money.amount, money.currency, original)


def star_values(address: str, speech: Speech, words: Mapping[str, str]) -> list[dict[str, str]]:
    """Five links from worst to best: `number`, `label` (3 of 5), `url`."""
    mark = "&" if "?" in address else "?"
    most = speech.number(BEST)
    return [
        {
            "number": speech.number(n),
            "label": words["rating_of"].format(n=speech.number(n), most=most),
            "url": f"{address}{mark}stars={n}",
        }
        for n in range(1, BEST + 1)
    ]
