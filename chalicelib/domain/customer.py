"""A customer: what is known of a person, joined from every telling so that the order of arrival does not matter.

Each platform account, e-mail address and phone number that ever bought is a *node* with totals and contacts of its own.
An account's own snapshot links it to its e-mail's node; the two then are one person, and whoever asks sees their sum.
Because nothing moves when a link is made or dropped, no money can be lost on the way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from chalicelib.domain.order import Buyer, Consent, Totals
from chalicelib.domain.times import in_order

# A till that files every sale under one account must not grow its row for ever. The newest stay.
MOST_ADDRESSES = 20
Known = tuple[str, str]  # (when it was said, the value): the latest telling wins, the greater value within a second


@dataclass(frozen=True, slots=True)
class Contact:
    """What orders and accounts said of a person. A join: telling the same twice, or late, changes nothing."""

    name: Known | None = None
    locale: Known | None = None
    country: Known | None = None
    emails: dict[str, str] = field(default_factory=dict)  # address -> when last said
    phones: dict[str, str] = field(default_factory=dict)
    consents: dict[str, Known] = field(default_factory=dict)  # "email:subscribed" -> (when or "", source)
    last_order: str = ""  # when the newest order that we ever heard of was placed: sorts lists, decides nothing
    # What else is known, each the latest word: `wish:language` and the other wishes of her own page, `tag:vip` (on |
    # off), `segment:lapsed` (in | out), `answered:email`, `no_selling_until`, `birthday` (MM-DD or YYYY-MM-DD).
    notes: dict[str, Known] = field(default_factory=dict)

    def told(self, buyer: Buyer, at: str) -> Contact:
        """This and what `buyer` says, said at the stored moment `at`."""
        contact = Contact(
            name=(at, buyer.name) if buyer.name else None,
            locale=(at, buyer.locale) if buyer.locale else None,
            country=(at, buyer.country) if buyer.country else None,
            emails={buyer.email: at} if buyer.email else {},
            phones={buyer.phone: at} if buyer.phone else {},
        )
        for consent in buyer.consents:
            contact = contact.join(said(consent))
        return self.join(contact)

    def join(self, other: Contact) -> Contact:
        """Commutative, associative, idempotent."""
        return Contact(
            name=_latest(self.name, other.name),
            locale=_latest(self.locale, other.locale),
            country=_latest(self.country, other.country),
            emails=_latest_of_each(self.emails, other.emails),
            phones=_latest_of_each(self.phones, other.phones),
            consents={
                key: max(filter(None, (self.consents.get(key), other.consents.get(key))), key=_age)
                for key in sorted(self.consents.keys() | other.consents.keys())
            },
            last_order=max(self.last_order, other.last_order, key=in_order),
            notes={
                key: max(filter(None, (self.notes.get(key), other.notes.get(key))), key=_age)
                for key in sorted(self.notes.keys() | other.notes.keys())
            },
        )

    def note(self, key: str) -> str | None:
        """The latest word on something, or None."""
        known = self.notes.get(key)
        return known[1] if known else None

    def noted(self, at: str, notes: Mapping[str, str]) -> Contact:
        """With these notes, said at the stored moment `at`."""
        return self.join(Contact(notes={key: (at, value) for key, value in notes.items()}))

    def allows(self, channel: str, policy: str) -> bool:
        """Whether marketing may use the channel: `strict` wants an opt-in later than the last opt-out, `soft` only the
        absence of one. SMS is always strict. An untimed consent never overrides a timed one."""
        said_yes = self.consents.get(f"{channel}:subscribed")
        said_no = self.consents.get(f"{channel}:unsubscribed")
        if said_no and said_yes:
            return bool(said_yes[0]) and in_order(said_yes[0]) > in_order(said_no[0])
        if said_no:
            return False
        return said_yes is not None or (policy == "soft" and channel == "email")

    def reachable(self, kind: str) -> str | None:
        """The address last said for `email` or `sms`."""
        known = self.emails if kind == "email" else self.phones
        return max(known, key=lambda address: (in_order(known[address]), address)) if known else None


def said(consent: Consent) -> Contact:
    """One consent as a contact that can be joined."""
    return Contact(consents={f"{consent.channel}:{consent.state}": (consent.at or "", consent.source)})


def _age(known: Known) -> tuple[str, str]:
    return in_order(known[0]), known[1]


def _latest(one: Known | None, two: Known | None) -> Known | None:
    return max(filter(None, (one, two)), key=_age, default=None)


def _latest_of_each(one: dict[str, str], two: dict[str, str]) -> dict[str, str]:
    both = {key: max(one.get(key, ""), two.get(key, ""), key=in_order) for key in one.keys() | two.keys()}
    newest = sorted(both, key=lambda key: (in_order(both[key]), key))[-MOST_ADDRESSES:]
    return {key: both[key] for key in sorted(newest)}


@dataclass(frozen=True, slots=True)
class Account:
    """A platform account's own latest snapshot. `version` orders tellings; `email` is what it claims."""

    id: str
    email: str | None
    created_at: str
    updated_at: str
    tags: tuple[str, ...] = ()

    @property
    def version(self) -> tuple[str, str, tuple[str, ...], str]:
        return in_order(self.updated_at), self.email or "", self.tags, self.created_at


@dataclass(frozen=True, slots=True)
class LastSend:
    """A message claimed for a person, or that would have been, had she not been held out."""

    at: str
    purpose: str
    follow_up: str
    channel: str = "email"

    @property
    def is_capped(self) -> bool:
        return self.purpose == "marketing" and self.channel != "onsite"


# Enough for every cap; older ones decide nothing any more.
MOST_SENDS = 10


@dataclass(frozen=True, slots=True)
class Node:
    """One PROFILE row. `id` is `c_…`; `key` says what it was made of: `account:<platform id>`, `email` or `phone`."""

    id: str
    key: str
    contact: Contact = Contact()
    totals: dict[str, Totals] = field(default_factory=dict)
    account: Account | None = None  # of an account's node
    claims: dict[str, Known] = field(default_factory=dict)  # of an e-mail's node: account node -> (updated, "")
    linked: str | None = None  # the other node of this person
    erased_at: str | None = None
    last_sends: tuple[LastSend, ...] = ()  # newest last
    unit: str | None = None  # of the experiment: made of the first address seen, and kept whatever she writes later
    share: str | None = None  # the chance of treatment with which that unit was assigned, decimal text

    def counted(self, old: dict[str, Totals], new: dict[str, Totals]) -> Node:
        """With one order's old contribution taken off and its new one put on."""
        totals = dict(self.totals)
        for currency in old.keys() | new.keys():
            now = totals.get(currency, Totals()).minus(old.get(currency, Totals())).plus(new.get(currency, Totals()))
            totals[currency] = now
        return replace(self, totals={c: t for c, t in sorted(totals.items()) if t != Totals()})

    def sending(self, at: str, purpose: str, follow_up: str, channel: str = "email") -> Node:
        """With one more message on record; the same follow-up tried again replaces its earlier try."""
        others = [send for send in self.last_sends if send.follow_up != follow_up]
        if len(others) >= MOST_SENDS:
            # What no cap counts goes first: mail about many orders must not make room for more marketing.
            others.remove(next((send for send in others if not send.is_capped), others[0]))
        return replace(self, last_sends=(*others, LastSend(at, purpose, follow_up, channel)))

    @property
    def owner(self) -> str | None:
        """The account an e-mail belongs to: the one whose claim is newest."""
        return max(self.claims, key=lambda account: (_age(self.claims[account]), account)) if self.claims else None


@dataclass(frozen=True, slots=True)
class Customer:
    """A person: one node or two linked ones. The smaller id stands for both."""

    nodes: tuple[Node, ...]

    @property
    def id(self) -> str:
        return min(node.id for node in self.nodes)

    @property
    def contact(self) -> Contact:
        contact = Contact()
        for node in self.nodes:
            contact = contact.join(node.contact)
        return contact

    @property
    def totals(self) -> dict[str, Totals]:
        sums: dict[str, Totals] = {}
        for node in self.nodes:
            for currency, totals in node.totals.items():
                sums[currency] = sums.get(currency, Totals()).plus(totals)
        return dict(sorted(sums.items()))

    @property
    def erased(self) -> bool:
        return any(node.erased_at for node in self.nodes)

    @property
    def accounts(self) -> list[str]:
        """Platform ids of her accounts."""
        return [node.key.removeprefix("account:") for node in self.nodes if node.key.startswith("account:")]

    @property
    def account_node(self) -> str | None:
        """The node by which the storefront knows her when she is logged in."""
        return next((node.id for node in self.nodes if node.key.startswith("account:")), None)

    @property
    def last_sends(self) -> list[LastSend]:
        return sorted((send for node in self.nodes for send in node.last_sends), key=lambda send: in_order(send.at))

    @property
    def survivor(self) -> Node:
        return min(self.nodes, key=lambda node: node.id)
