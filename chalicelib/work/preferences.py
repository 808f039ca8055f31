"""What a link in a mail can do: show and change what its receiver wants to hear. No more: mails are forwarded."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib import flows, keys
from chalicelib.domain.customer import said
from chalicelib.domain.order import Consent
from chalicelib.domain.shop import Shop
from chalicelib.domain.speech import pick_language
from chalicelib.domain.times import stamp
from chalicelib.keys import BadToken, Link
from chalicelib.table import base, customers, shops
from chalicelib.work.nodes import Nodes
from chalicelib.work.take_order import retried

STATES = ("subscribed", "unsubscribed")


@dataclass(frozen=True)
class Choice:
    """What the page shows: the shop, its reader's language, and whether marketing mail is wanted."""

    shop: Shop
    language: str
    wanted: bool


def open_choice(purpose: str, token: str, now: datetime, master: bytes) -> tuple[Choice, Link]:
    """Raises BadToken, also for a shop that is gone."""
    base.connect()
    link = keys.open_link(master, purpose, token, now)
    shop = shops.get(link.shop)
    if shop is None:
        raise BadToken("no such shop")
    customer = customers.person(shop.slug, link.customer)
    contact = customer.contact if customer and not customer.erased else None
    locale = contact.locale[1] if contact and contact.locale else None
    language = pick_language(locale, shop.locale, flows.languages())
    return Choice(shop, language, bool(contact and contact.allows("email", shop.consent))), link


def choose(shop: Shop, link: Link, state: str, now: datetime, journal: Callable[[str, bytes], None]) -> None:
    """Her own word, from now on, in the journal first: a restored table must not write to her again. Of somebody erased
    nothing is kept, so nothing is written."""
    note = {"what": "consent", "shop": shop.slug, "customer_id": link.customer, "state": state, "at": stamp(now)}
    key = f"journal/{shop.slug}/{stamp(now)[:10]}/{stamp(now)}-consent-{link.customer}.json"
    journal(key, json.dumps(note, sort_keys=True).encode())
    consent = Consent("email", state, "link", stamp(now))
    retried(lambda: _choose(shop, link.customer, consent))


def _choose(shop: Shop, node_id: str, consent: Consent) -> str:
    nodes = Nodes(shop)
    node = nodes[node_id]
    if node.erased_at or not node.key:
        return "ignored"
    nodes.change(node_id, lambda node: replace(node, contact=node.contact.join(said(consent))))
    base.commit(nodes.writes())
    return "stored"
