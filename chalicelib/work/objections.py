"""A no, or a yes again, that comes by an address or a number: for everybody who has it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.domain.customer import Contact, said
from chalicelib.domain.order import Consent
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.table import base, customers
from chalicelib.table.base import retried
from chalicelib.work.nodes import Nodes

Journal = Callable[[str, bytes], None]
_BY_NUMBER = ("stop", "provider")  # sources of a no


@dataclass(frozen=True, slots=True)
class No:
    """Nothing is sold to her by `channel` (email | sms) from the stored moment `at` on. `source` is where it was said:
    complaint, stop, provider."""

    channel: str
    source: str
    at: str


def object_to(shop: Shop, contact: str, no: No, now: datetime, journal: Journal) -> int:
    """For everybody who has `contact` (`email:…` or `phone:…`); how many those are. A complaint is noted as such."""
    told = said(Consent(no.channel, "unsubscribed", no.source, no.at))
    if no.source == "complaint":
        told = told.noted(no.at, {"complained": no.channel})
    return _told_to_all(shop, contact, lambda _: told, no.channel, "unsubscribed", now, journal)


def agree_again(shop: Shop, contact: str, channel: str, source: str, at: str, now: datetime, journal: Journal) -> int:
    """Takes a no back that came by the number, for those who had once agreed. Who never did has not done so by this:
    the word is an answer to a message, not to the question whether she wants to be sold to. And a no of her own page
    is hers alone: a number may have several owners, one after the other too."""
    yes = said(Consent(channel, "subscribed", source, at))

    def told(contact: Contact) -> Contact | None:
        no = contact.consents.get(f"{channel}:unsubscribed")
        back = no is None or no[1] in _BY_NUMBER
        return yes if back and f"{channel}:subscribed" in contact.consents else None

    return _told_to_all(shop, contact, told, channel, "subscribed", now, journal)


def _told_to_all(
    shop: Shop,
    contact: str,
    told: Callable[[Contact], Contact | None],
    channel: str,
    state: str,
    now: datetime,
    journal: Journal,
) -> int:
    outcomes = [
        retried(lambda node_id=node_id: _tell(shop, node_id, told, channel, state, now, journal))  # type: ignore[misc]
        for node_id in customers.look_up(shop, contact)
    ]
    return outcomes.count("stored") + outcomes.count("known")


def _tell(
    shop: Shop,
    node_id: str,
    told: Callable[[Contact], Contact | None],
    channel: str,
    state: str,
    now: datetime,
    journal: Journal,
) -> str:
    nodes = Nodes(shop)
    node = nodes[node_id]
    person = customers.person(shop.slug, node_id)
    more = told(person.contact) if person and not person.erased and node.key else None
    if more is None:
        return "ignored"
    nodes.change(node_id, lambda node: replace(node, contact=node.contact.join(more)))
    writes = nodes.writes()
    if not writes:
        return "known"
    _journal(shop, node_id, channel, state, now, journal)
    base.commit(writes)
    return "stored"


def _journal(shop: Shop, node_id: str, channel: str, state: str, now: datetime, journal: Journal) -> None:
    """First: a restored table must not write to her again."""
    note = {"what": "consent", "channel": channel, "shop": shop.slug, "customer_id": node_id, "state": state}
    key = f"journal/{shop.slug}/{stamp(now)[:10]}/{stamp(now)}-consent-{channel}-{node_id}.json"
    journal(key, json.dumps({**note, "at": stamp(now)}, sort_keys=True).encode())
