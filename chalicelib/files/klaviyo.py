"""Klaviyo's exports: profiles of a list or segment with their consents, and suppressed profiles.

Whoever is suppressed gets no mail from Klaviyo whatever her consent says, so she gets none from us. Times without an
offset are read as UTC.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from chalicelib.domain.events import ConsentGiven
from chalicelib.domain.order import Consent
from chalicelib.files import columns
from chalicelib.files.columns import About, Cells, time_of
from chalicelib.files.consents import to_addresses, withdrawn
from chalicelib.platforms import texts
from chalicelib.platforms.body import Node

REASONS = ("suppression reason", "suppression reasons", "reason", "email suppressions", "suppressions")
TIMES = ("suppressed at", "suppression date", "suppressed on", "date suppressed", "suppression timestamp")
_YES, _NO = ("subscribed", "subscribe", "true", "yes"), ("unsubscribed", "unsubscribe")
_NEITHER = ("never_subscribed", "never subscribed", "not_subscribed", "false", "no", "")
_NOTHING = ("", "[]", "{}", "none", "false", "no")


def profiles(group: Sequence[Cells], about: About) -> list[ConsentGiven]:
    """What one profile said about e-mail and SMS. Raises Unreadable."""
    one = group[0]
    email, phone = columns.email_of(one.at("email")), _phone(one, about)
    if not email and not phone:
        raise one.at("email").refused("is missing")
    said = [*_email(one, about), *_consent(one, "sms", "sms marketing consent", about)]
    return [event for consent in said for event in to_addresses(email, phone, consent)]


def suppressed(group: Sequence[Cells], about: About) -> list[ConsentGiven]:
    """One suppressed profile. Raises Unreadable."""
    one = group[0]
    email = columns.email_of(one.at("email"))
    if email is None:
        raise one.at("email").refused("is missing")
    consent = withdrawn("email", _source(one.at(*REASONS)), time_of(one.at(*TIMES), "UTC"), about)
    return to_addresses(email, None, consent)


def _email(one: Cells, about: About) -> list[Consent]:
    said = _consent(one, "email", "email marketing consent", about)
    reason = one.at("email suppressions")
    if reason.text().lower() in _NOTHING or any(consent.state == "unsubscribed" for consent in said):
        return said
    # She agreed and was suppressed after that: when, this file does not say.
    agreed = time_of(one.at("email marketing consent timestamp"), "UTC")
    return [withdrawn("email", _source(reason), about.known_at or agreed, about)]


def _consent(one: Cells, channel: str, column: str, about: About) -> list[Consent]:
    word, at = one.at(column).text().lower(), time_of(one.at(f"{column} timestamp"), "UTC")
    if word in _NO:
        return [withdrawn(channel, "klaviyo", at, about)]
    if word in _YES:
        return [Consent(channel, "subscribed", "klaviyo", at)]
    if word not in _NEITHER:
        raise one.at(column).refused("should be SUBSCRIBED, UNSUBSCRIBED or NEVER_SUBSCRIBED")
    return []


def _phone(one: Cells, about: About) -> str | None:
    return columns.phone_of(one.at("phone number", "phone"), texts.country(one.at("country").text()), about.shop)


def _source(reason: Node) -> str:
    """`klaviyo:suppressed:hard_bounce`, where it is said why."""
    words = re.sub(r"[^a-z_]+", " ", reason.text().lower()).split()
    return ":".join(["klaviyo:suppressed", *words[:1]])[:100]
