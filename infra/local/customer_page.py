"""A customer's story as a plain page of this world: who she is, what she bought, what followed and why."""

from __future__ import annotations

from html import escape
from itertools import groupby
from typing import Any

from chalicelib.domain import story
from chalicelib.domain.customer import Customer
from chalicelib.domain.shop import Shop
from chalicelib.domain.speech import Speech, pick_language
from chalicelib.domain.times import moment, stamp
from chalicelib.domain.why import time_of_day
from chalicelib.table import base, shops
from chalicelib.work import read_customers, read_timeline
from chalicelib.work.read_views import Json

SHOWN = 200
_WORDS = {
    "en": {
        "customers": "Customers",
        "orders": "Orders",
        "one order": "order",
        "many orders": "orders",
        "paid": "of them paid",
        "net": "Kept",
        "first": "First order",
        "last": "Last order",
        "contacts": "Contacts",
        "marketing": "Marketing",
        "subscribed": "yes",
        "unsubscribed": "no",
        "pending": "asked",
        "nobody": "Without a name",
        "nothing": "Nothing here yet.",
    },
    "fa": {
        "customers": "مشتریان",
        "orders": "سفارش‌ها",
        "one order": "سفارش",
        "many orders": "سفارش",
        "paid": "پرداخت‌شده",
        "net": "درآمد خالص",
        "first": "نخستین سفارش",
        "last": "آخرین سفارش",
        "contacts": "راه‌های تماس",
        "marketing": "پیام تبلیغاتی",
        "subscribed": "بله",
        "unsubscribed": "نه",
        "pending": "پرسیده شده",
        "nobody": "بی‌نام",
        "nothing": "هنوز چیزی اینجا نیست.",
    },
}
_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --good: #2a7d4f; --bad: #b3412e; --plan: #3b6ea8 }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 46rem; padding: 1.5rem 1rem 4rem; font: 16px/1.6 system-ui, "Vazirmatn", sans-serif }
a { color: inherit } h1 { font-size: 1.5rem; margin: .2rem 0 1rem }
h2 { font-size: .9rem; opacity: .65; margin: 1.6rem 0 .4rem }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .8rem; margin: 0 }
dl > div { background: var(--soft); border-radius: .5rem; padding: .5rem .8rem }
dt { opacity: .65; font-size: .8rem } dd { margin: 0; overflow-wrap: anywhere }
ol { list-style: none; margin: 0; padding: 0; border-inline-start: 2px solid var(--line) }
li { position: relative; padding: .3rem 1.1rem; display: grid; grid-template-columns: 1fr auto; gap: 0 1rem }
li::before { content: ""; position: absolute; inset-inline-start: -6px; top: .85rem; width: 10px; height: 10px;
  border-radius: 50%; background: var(--dot, #888) }
li small { grid-column: 1; opacity: .65 } li time { grid-column: 2; grid-row: 1; opacity: .65; font-size: .85rem }
.order { --dot: var(--good) } .lost { --dot: var(--bad) } .follow { --dot: var(--plan) } .sent { --dot: var(--good) }
.people a { display: grid; grid-template-columns: 1fr auto; gap: 0 1rem; text-decoration: none }
.people li { display: block } .people a:hover { text-decoration: underline }
"""
_LOOKS = {
    "order_placed": "order",
    "order_paid": "order",
    "order_fulfilled": "order",
    "order_refunded": "lost",
    "order_cancelled": "lost",
    "order_rated": "order",
    "follow_up_sent": "sent",
    "follow_up_delivered": "sent",
    "follow_up_bounce": "lost",
    "follow_up_complaint": "lost",
    "follow_up_failed": "lost",
}


class _Book:
    """How one shop's pages speak."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.language = pick_language(None, shop.locale, _WORDS)
        self.speech = Speech(shop.locale if shop.locale.startswith(self.language) else self.language)
        self.words = _WORDS[self.language]

    def day(self, at: str) -> str:
        return self.speech.date(at, self.shop.timezone)

    def page(self, title: str, body: str) -> str:
        return (
            f'<!doctype html><html lang="{self.language}" dir="{self.speech.direction}"><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
            f"<style>{_STYLE}</style>{body}"
        )


def page(slug: str, customer_id: str) -> str | None:
    """The page of one customer, or None where the shop has none of that id (any more)."""
    base.connect()
    shop = shops.get(slug)
    customer = read_customers.one(shop, customer_id) if shop else None
    if shop is None or customer is None:
        return None
    book, seen = _Book(shop), read_customers.view(shop, customer)
    entries = read_timeline.timeline(shop, customer, SHOWN).items
    title = seen["name"] or book.words["nobody"]
    head = (
        f'<a href="/_local/customers/{escape(slug)}">{book.words["customers"]}</a><h1><bdi>{escape(title)}</bdi></h1>'
    )
    return book.page(title, head + _facts(book, customer, seen) + _days(book, entries))


def index(slug: str) -> str | None:
    """The shop's customers, the one last heard of first, or None where there is no such shop."""
    base.connect()
    shop = shops.get(slug)
    if shop is None:
        return None
    book = _Book(shop)
    found = read_customers.search(shop, {}, SHOWN, None).items
    rows = "".join(_person(book, slug, seen) for seen in found) or f"<li>{book.words['nothing']}"
    customers, name = book.words["customers"], shop.name or slug
    head = f"<h1>{customers} · <bdi>{escape(name)}</bdi></h1>"
    return book.page(f"{customers} · {name}", f'{head}<ol class="people">{rows}</ol>')


def _person(book: _Book, slug: str, seen: Json) -> str:
    name = seen["name"] or next(iter([*seen["emails"], *seen["phones"]]), book.words["nobody"])
    count = seen["orders"]["placed"]
    orders = f"{book.speech.number(count)} {book.words['one order' if count == 1 else 'many orders']}"
    return (
        f'<li class="order"><a href="/_local/customers/{escape(slug)}/{escape(seen["id"])}">'
        f"<span><bdi>{escape(name)}</bdi></span><span><bdi>{orders}</bdi></span></a>"
    )


def _facts(book: _Book, customer: Customer, seen: Json) -> str:
    words, number = book.words, book.speech.number
    orders = f"{number(seen['orders']['placed'])} ({number(seen['orders']['paid'])} {words['paid']})"
    kept = [book.speech.money(totals.net, currency, book.shop.currency) for currency, totals in customer.totals.items()]
    facts = [(words["orders"], [orders]), (words["net"], kept)]
    for name, at in (("first", seen["first_order_at"]), ("last", seen["last_order_at"])):
        facts.append((words[name], [book.day(at)] if at else []))
    facts.append((words["contacts"], [*seen["emails"], *seen["phones"]]))
    states = {consent["channel"]: words[consent["state"]] for consent in reversed(seen["consents"])}
    said = [f"{story.channel(channel, book.language)}: {state}" for channel, state in sorted(states.items())]
    facts.append((words["marketing"], said))
    return "<dl>" + "".join(_fact(name, values) for name, values in facts if values) + "</dl>"


def _fact(name: str, values: list[str]) -> str:
    return f"<div><dt>{name}</dt>" + "".join(f"<dd><bdi>{escape(value)}</bdi></dd>" for value in values) + "</div>"


def _days(book: _Book, entries: list[Json]) -> str:
    parts = []
    for day, of_day in groupby(entries, key=lambda entry: book.day(entry["at"])):
        parts.append(f"<h2>{escape(day)}</h2><ol>{''.join(_entry(book, entry) for entry in of_day)}</ol>")
    return "".join(parts) or f"<p>{book.words['nothing']}</p>"


def _entry(book: _Book, entry: dict[str, Any]) -> str:
    look = _LOOKS.get(entry["kind"], "follow" if entry["kind"].startswith("follow_up") else "")
    by = story.channel(entry["channel"], book.language) if entry["flow"] and entry["channel"] else ""
    small = f"<small><bdi>{escape(by)}</bdi></small>" if by else ""
    at = stamp(moment(entry["at"]))
    said = time_of_day(book.speech, at, book.shop.timezone)
    text = f'<span dir="auto">{escape(entry["text"])}</span>'
    return f'<li class="{look}">{text}{small}<time datetime="{at}">{said}</time></li>'
