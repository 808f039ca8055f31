"""What a link in a mail can do: show and change what its receiver wants to hear. No more: mails are forwarded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib import keys
from chalicelib.domain.customer import Contact, Customer
from chalicelib.domain.shop import Shop
from chalicelib.domain.speech import pick_language
from chalicelib.domain.wishes import Wishes, wishes_of
from chalicelib.keys import BadToken, Link
from chalicelib.table import base, customers, follow_ups, shops
from chalicelib.work import page_words, ways
from chalicelib.work.wishes import Change, WriteJournal, record

CHANNELS = ("email", "sms")


@dataclass(frozen=True)
class View:
    """Whose link it is. `customer` None: nobody we know, or not any more. `language`: the page's."""

    shop: Shop
    link: Link
    language: str
    customer: Customer | None
    wishes: Wishes

    @property
    def contact(self) -> Contact:
        return self.customer.contact if self.customer else Contact()

    def wants(self, channel: str) -> bool:
        """Whether marketing may use the channel."""
        return self.customer is not None and self.contact.allows(channel, self.shop.consent)

    @property
    def channels(self) -> tuple[str, ...]:
        """Those she can decide about: text messages only where they were ever possible."""
        known = self.contact.phones or "sms:subscribed" in self.contact.consents
        return CHANNELS if known else CHANNELS[:1]


def open_view(purpose: str, token: str, now: datetime, master: bytes) -> View:
    """Raises BadToken, also for a shop that is gone."""
    base.connect()
    return view_of(keys.open_link(master, purpose, token, now), now)


def view_of(link: Link, now: datetime) -> View:
    """What the link leads to. Raises BadToken for a shop that is gone."""
    shop = shops.get(link.shop)
    if shop is None:
        raise BadToken("no such shop")
    customer = customers.person(shop.slug, link.customer)
    known = customer if customer and not customer.erased else None
    contact = known.contact if known else Contact()
    return View(shop, link, language_of(contact, shop, now), known, wishes_of(contact, now))


def language_of(contact: Contact, shop: Shop, now: datetime) -> str:
    """Of those that pages are written in: the one she wished for, else hers, else the shop's."""
    hers = wishes_of(contact, now).language or (contact.locale[1] if contact.locale else None)
    return pick_language(hers, shop.locale, page_words.languages())


def channel_of(shop: Shop, follow_up: str) -> str:
    """By whose consent the message with the link came: email | sms."""
    row = follow_ups.get(shop.slug, follow_up)
    return (ways.consent(shop, row.channel) if row and row.channel else "") or "email"


def unsubscribe(view: View, channel: str, now: datetime, journal: WriteJournal) -> str:
    """Ends marketing by the channel that the link came by."""
    return record(view.shop, view.link.customer, Change({channel: "unsubscribed"}), now, journal)


def masked(address: str | None) -> str | None:
    """`s•••@acme.test`: enough to know one's own address by, not to learn another's."""
    if not address:
        return None
    local, _, domain = address.rpartition("@")
    return f"{local[0] if len(local) > 1 else ''}•••@{domain}"
