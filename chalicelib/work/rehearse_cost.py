"""What a flow would have cost: text messages by their parts, mails by SES's list price, coupons at their worst."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from chalicelib.domain import sms
from chalicelib.domain.coupon_file import BadRule, parse
from chalicelib.domain.money import Money
from chalicelib.domain.rehearsal import Imagined
from chalicelib.domain.shop import Shop
from chalicelib.domain.text import BadTemplate
from chalicelib.domain.times import moment
from chalicelib.work import preview
from chalicelib.work.read_views import Json
from chalicelib.work.rehearse import Rehearsal
from chalicelib.work.render import render_line
from chalicelib.work.wording import Wording, text_name

# Amazon SES's list price: 0.10 USD for 1,000 mails (https://aws.amazon.com/ses/pricing/).
MAIL_USD_CENTS_PER_THOUSAND = 10
# So many text messages are written out to count their parts; of more, the rest is taken to be like them.
MOST_WRITTEN = 200
MICRO = 1_000_000


def cost(found: Rehearsal, shop: Shop, words: Wording, public_url: str, now: datetime) -> Json:
    """{"email": …, "sms": …, "coupons": [...]}, of the people that were looked at."""
    by_channel = Counter(row.channel for row in found.sent)
    mails = by_channel["email"]
    return {
        "email": {"messages": mails, "cost": Money(-(-mails * MAIL_USD_CENTS_PER_THOUSAND // 1000), "USD").to_json()},
        "sms": _sms(found, shop, words, public_url, now),
        "coupons": list(_coupons(found, shop)),
    }


def _sms(found: Rehearsal, shop: Shop, words: Wording, public_url: str, now: datetime) -> Json:
    rows = [row for row in found.sent if row.channel == "sms"]
    written = [parts for row in rows[:MOST_WRITTEN] if (parts := _parts(row, words, public_url, now))]
    parts = -(-sum(written) * len(rows) // len(written)) if written else 0
    price = sms.cost(parts, shop.channels.get("sms", {}))
    shown = Money(-(-price.amount // MICRO), price.currency).to_json() if price else None
    return {"messages": len(rows), "parts": parts, "cost": shown}


def _parts(row: Imagined, words: Wording, public_url: str, now: datetime) -> int:
    facts = row.facts
    step = facts.step if facts else None
    if facts is None or step is None:
        return 0
    at = moment(row.sent_at) if row.sent_at else now
    language = preview.language_for(words, step, None, facts.customer, at)
    text = words.text(text_name(words.flow, step), language)
    if text is None:
        return 0
    about = preview.about_of(words, step, language, at, public_url, facts.order, facts.customer)
    try:
        return sms.size(sms.plain(render_line(text, "sms", about))).parts
    except BadTemplate:
        return 0


def _coupons(found: Rehearsal, shop: Shop) -> Iterator[Json]:
    """Each rule with how many were made, and what they take off if every one of them is used: of a percentage, for a
    next order as large as the one that it followed."""
    made: dict[str, list[Imagined]] = {}
    for row in found.followed:
        step = row.facts.step if row.facts else None
        if step and step.kind == "coupon" and row.state == "done":
            made.setdefault(step.value, []).append(row)
    for rule, rows in sorted(made.items()):
        worth = _worth(shop, rule, rows)
        yield {"rule": rule, "count": len(rows), "at_most": [money.to_json() for money in worth]}


def _worth(shop: Shop, name: str, rows: list[Imagined]) -> list[Money]:
    try:
        rule = parse(name, shop.coupons[name])
    except (KeyError, BadRule):
        return []
    if rule.amount:
        return [Money(rule.amount.amount * len(rows), rule.amount.currency)]
    sums: Counter[str] = Counter()
    for row in rows:
        order = row.facts.order if row.facts else None
        if order:
            sums[order.currency] += order.total * (rule.percent or 0) // 100
    return [Money(amount, currency) for currency, amount in sorted(sums.items())]
