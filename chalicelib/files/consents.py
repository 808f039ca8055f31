"""Our own columns for customers: an account on a line, what she said about one channel, or both."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.domain.events import AccountSeen, ConsentGiven
from chalicelib.domain.order import Buyer, Consent
from chalicelib.domain.people import clean_name
from chalicelib.files import columns
from chalicelib.files.columns import LONG_AGO, About, Cells, blaming, time_of
from chalicelib.files.orders import CHANNELS, STATES
from chalicelib.platforms import texts

COLUMNS = (
    *("account_id", "email", "phone", "name", "locale", "country", "tags", "created_at", "updated_at"),
    *("channel", "state", "at", "source"),
)


def read(group: Sequence[Cells], about: About) -> list[AccountSeen | ConsentGiven]:
    """The account on these lines, and every consent under the address that it is about. Raises Unreadable."""
    buyer = _buyer(group[0], about)
    if not (buyer.account or buyer.email or buyer.phone):
        raise group[0].at("email").refused("is missing: a line needs an email, a phone or an account_id")
    said: list[Consent] = []
    for one in group:
        with blaming(one):
            said += _consent(one, about)
    given = [event for consent in said for event in to_addresses(buyer.email, buyer.phone, consent)]
    return [*_account(group[0], buyer, tuple(said), about), *given]


def _account(one: Cells, buyer: Buyer, said: tuple[Consent, ...], about: About) -> list[AccountSeen]:
    if not buyer.account:
        return []
    zone = about.shop.timezone
    created = time_of(one.at("created_at"), zone) or LONG_AGO
    updated = time_of(one.at("updated_at"), zone) or created
    return [account_seen(buyer, said, created, updated, columns.list_of(one.at("tags")))]


def account_seen(
    buyer: Buyer, said: tuple[Consent, ...], created: str, updated: str, tags: tuple[str, ...]
) -> AccountSeen:
    """The account with what she said."""
    known = Buyer(buyer.account, buyer.email, buyer.phone, buyer.name, buyer.locale, buyer.country, said)
    return AccountSeen(known, created, updated, tags)


def _buyer(one: Cells, about: About) -> Buyer:
    country = texts.country(one.at("country").text())
    return Buyer(
        account=columns.id_or_none(one.at("account_id")),
        email=columns.email_of(one.at("email")),
        phone=columns.phone_of(one.at("phone"), country, about.shop),
        name=clean_name(one.at("name").text()),
        locale=texts.locale(one.at("locale").text()),
        country=country,
    )


def _consent(one: Cells, about: About) -> list[Consent]:
    if one.at("channel").missing and one.at("state").missing:
        return []
    channel = columns.word_of(one.at("channel"), CHANNELS, "")
    state = columns.word_of(one.at("state"), STATES, "")
    at = time_of(one.at("at"), about.shop.timezone)
    source = texts.plain(one.at("source").text(), 100) or "csv"
    return [withdrawn(channel, source, at, about) if state == "unsubscribed" else Consent(channel, state, source, at)]


def withdrawn(channel: str, source: str, at: str | None, about: About) -> Consent:
    """An unsubscribe. Without a time of its own it was said before the file was made, if it is known when that was."""
    return Consent(channel, "unsubscribed", source, at or about.known_at)


def to_addresses(email: str | None, phone: str | None, consent: Consent) -> list[ConsentGiven]:
    """The consent under every address that it is about, so that it is found whichever of them she orders with."""
    found = [ConsentGiven(None, email, phone if consent.channel == "sms" else None, consent)] if email else []
    if phone and (consent.channel == "sms" or not email):
        found.append(ConsentGiven(None, None, phone, consent))
    return found
