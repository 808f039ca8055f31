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
    """Who stands in a file of those who left has left, be the time missing or not."""
    found = []
    for column, kind in (("unsub_time", "unsubscribed"), ("clean_time", "cleaned")):
        at = time_of(one.at(column), "UTC")
        if at or _kind(about) == kind or (one.has(column) and _says_nothing_else(one, about)):
            found.append(withdrawn("email", f"mailchimp:{kind}", at, about))
    return found


def _kind(about: About) -> str:
    """Mailchimp writes a file for each kind of contact, and names it so."""
    kinds = ("subscribed", "unsubscribed", "cleaned", "nonsubscribed")
    return next((kind for kind in kinds if about.name.lower().startswith(kind)), "")


def _says_nothing_else(one: Cells, about: About) -> bool:
    """A file that was cut down to those who left. One with all of Mailchimp's columns, whose name is lost, may be of
    either: lists that were made of others carry their columns along."""
    other = one.at("clean_time" if one.has("unsub_time") else "unsub_time")
    return not _kind(about) and not one.has("last_changed") and other.missing


def _opt_in(one: Cells, about: About) -> list[Consent]:
    kind, may_have_left = _kind(about), one.has("unsub_time", "clean_time")
    if kind not in ("", "subscribed") or (may_have_left and not kind and not one.has("last_changed")):
        return []
    at = time_of(one.at("optin_time"), "UTC")
    if at is None and kind:
        at = time_of(one.at("confirm_time"), "UTC")
    left = not (one.at("unsub_time").missing and one.at("clean_time").missing)
    if may_have_left and not kind:
        if left:
            return []
        raise one.at("unsub_time").refused(
            "is missing: keep the name that Mailchimp gave the file: subscribed_… or unsubscribed_…"
        )
    if at is None and left:
        return []
    if at is None:
        raise one.at("optin_time").refused("is missing: without the time at which she agreed, it is no consent")
    return [Consent("email", "subscribed", "mailchimp", at)]
