"""Mailchimp's audience exports: files for subscribed, unsubscribed and cleaned contacts, each with columns of its own.

A file of contacts who never subscribed looks like one of subscribers, so only a time of opting in makes a consent.
Times have no offset; they are read as UTC.
"""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.domain.events import ConsentGiven
from chalicelib.domain.order import Consent
from chalicelib.files import columns
from chalicelib.files.columns import About, Cells, time_of
from chalicelib.files.consents import to_addresses, withdrawn

TIMES = ("optin_time", "confirm_time", "unsub_time", "clean_time")


def read(group: Sequence[Cells], about: About) -> list[ConsentGiven]:
    """What one contact said, under her e-mail address. Raises Unreadable."""
    one = group[0]
    email = columns.email_of(one.at("email address"))
    if email is None:
        raise one.at("email address").refused("is missing")
    said = [*_withdrawals(one, about), *_opt_in(one, about)]
    return [event for consent in said for event in to_addresses(email, None, consent)]


def _withdrawals(one: Cells, about: About) -> list[Consent]:
    """A file of one kind says it of everybody in it, be the time missing or not."""
    unsubscribed, cleaned = time_of(one.at("unsub_time"), "UTC"), time_of(one.at("clean_time"), "UTC")
    found = []
    if unsubscribed or (one.has("unsub_time") and not one.has("clean_time", "last_changed")):
        found.append(withdrawn("email", "mailchimp:unsubscribed", unsubscribed, about))
    if cleaned or (one.has("clean_time") and not one.has("unsub_time", "last_changed")):
        found.append(withdrawn("email", "mailchimp:cleaned", cleaned, about))
    return found


def _opt_in(one: Cells, about: About) -> list[Consent]:
    if one.has("unsub_time", "clean_time") and not one.has("last_changed"):
        return []
    name = about.name.lower()
    at = time_of(one.at("optin_time"), "UTC")
    if at is None and name.startswith("subscribed"):
        at = time_of(one.at("confirm_time"), "UTC")
    if name.startswith("nonsubscribed"):
        return []
    if at is None and not one.at("unsub_time", "clean_time").missing:
        return []
    if at is None:
        raise one.at("optin_time").refused("is missing: without the time at which she agreed, it is no consent")
    return [Consent("email", "subscribed", "mailchimp", at)]
