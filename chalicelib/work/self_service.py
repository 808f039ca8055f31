"""My orders, my data, erase me: behind a link that is mailed to the stored address and works for fifteen minutes.

A link in any other mail only asks for it: mails are forwarded. Nobody is told whether there is an address.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta

from chalicelib import channels, keys
from chalicelib.channels import Message
from chalicelib.domain import blinding
from chalicelib.domain.customer import Customer
from chalicelib.domain.facts import OBJECTION
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import moment, stamp
from chalicelib.keys import BadToken, Link
from chalicelib.table import access_asked, base, customers, suppression
from chalicelib.table.base import retried
from chalicelib.work import preferences
from chalicelib.work.preferences import View

LINK_LIFE = timedelta(minutes=15)
MOST_AN_HOUR = 3
TEXT = "access-link"
Enqueue = Callable[[list[tuple[str, str]]], None]
Deliver = Callable[[Shop, str, Message], channels.Receipt]


def address_of(customer: Customer) -> str | None:
    """Where her link may go: her account's own address, else the only one she ever gave. Never one of several: an order
    may have left a friend's address with her account, and the link opens everything."""
    own = {node.account.email for node in customer.nodes if node.account and node.account.email}
    known = own or set(customer.contact.emails)
    return next(iter(known)) if len(known) == 1 else None


def ask(view: View, now: datetime, enqueue: Enqueue) -> str:
    """Asks for a link: `enqueue([(shop, message)])` onto the outbox. Returns asked | too_often | nobody; the page
    says the same of all of them. Raises Trouble."""
    customer = view.customer
    if customer is None or address_of(customer) is None:
        return "nobody"
    outcome = retried(lambda: _noted(view.shop, customer.id, now))
    if outcome == "asked":
        told = {"shop": view.shop.slug, "access": {"customer": customer.id, "at": stamp(now)}}
        enqueue([(view.shop.slug, json.dumps(told))])
    return outcome


def _noted(shop: Shop, customer: str, now: datetime) -> str:
    row = access_asked.read(shop.slug, customer, now)
    if len(row.asked) >= MOST_AN_HOUR:
        return "too_often"
    row.asked = [*row.asked, stamp(now)]
    base.commit([access_asked.write(row, now)])
    return "asked"


def send_access(
    shop: Shop, customer: str, at: str, now: datetime, deliver: Deliver, public_url: str, master: bytes
) -> str:
    """Mails the link that `customer` asked for at the stored moment `at`: at most once for each request, and only for
    one that `ask` noted in the last hour. `deliver(shop, kind, message)`. Returns sent | ignored | refused | unclear;
    raises Trouble (also the channel's): nothing was sent, try again."""
    person = customers.person(shop.slug, customer)
    address = address_of(person) if person and not person.erased else None
    if person is None or address is None or shop.state == "off" or _barred(shop, address):
        return "ignored"
    message = _message(shop, person, address, at, now, public_url, master)
    if retried(lambda: _claimed(shop, person.id, at, now)) != "claimed":
        return "ignored"
    try:
        deliver(shop, "email", message)
    except channels.Refused:
        return "refused"
    except channels.Unclear:
        return "unclear"  # she can ask again; twice the same link would help nobody
    except Exception:
        retried(lambda: _unclaimed(shop, person.id, at, now))
        raise
    return "sent"


def _barred(shop: Shop, address: str) -> bool:
    return suppression.reason(shop, f"email:{address}") not in (None, OBJECTION)


def _claimed(shop: Shop, customer: str, at: str, now: datetime) -> str:
    row = access_asked.read(shop.slug, customer, now)
    if at not in row.asked or at in row.mailed:
        return "known"
    row.mailed = [*row.mailed, at]
    base.commit([access_asked.write(row, now)])
    return "claimed"


def _unclaimed(shop: Shop, customer: str, at: str, now: datetime) -> str:
    row = access_asked.read(shop.slug, customer, now)
    row.mailed = [one for one in row.mailed if one != at]
    base.commit([access_asked.write(row, now)])
    return "unclaimed"


def link_for(shop: Shop, customer: Customer, address: str) -> Link:
    """Holds the address as a fingerprint: where she has another one by the time it is opened, it opens nothing."""
    return Link(shop.slug, customer.id, blinding.blind(shop.blind_key, "access", address))


def open_mine(token: str, now: datetime, master: bytes) -> View:
    """Raises BadToken: not one of these links, too old, or of an address that is no longer hers. Somebody who was
    erased is shown as nobody."""
    view = preferences.open_view("access", token, now, master)
    if view.customer is None:
        return view
    address = address_of(view.customer)
    if address is None or link_for(view.shop, view.customer, address).follow_up != view.link.follow_up:
        raise BadToken("address")
    return view


def _message(
    shop: Shop, customer: Customer, address: str, at: str, now: datetime, public_url: str, master: bytes
) -> Message:
    link = link_for(shop, customer, address)
    url = f"{public_url}/my/{keys.link_token(master, 'access', link, now + LINK_LIFE)}"
    language, subject, html, text = _written(shop, customer, url, now)
    return Message(
        id=f"access_{customer.id}_{int(moment(at).timestamp())}",
        claim="1",
        shop=shop.slug,
        to=address,
        sender=shop.sender,
        subject=subject,
        html=html,
        text=text,
        headers={"Content-Language": language, "Auto-Submitted": "auto-generated"},
        language=language,
    )


def _written(shop: Shop, customer: Customer, url: str, now: datetime) -> tuple[str, str, str, str]:
    """(language, subject, html, text). What renders mails is loaded where one is rendered."""
    from chalicelib import languages
    from chalicelib.work.about import About
    from chalicelib.work.render import render_mail

    contact = customer.contact
    language = preferences.language_of(contact, shop, now)
    text = languages.text(language, TEXT)
    assert text is not None  # noqa: S101 the files are tested
    about = About(
        shop=shop,
        language=language,
        purpose="transactional",
        now=now,
        name=contact.name[1] if contact.name else "",
        locale=contact.locale[1] if contact.locale else None,
        links={"access": url},
    )
    mail = render_mail(text, about)
    return language, mail.subject, mail.html, mail.text
