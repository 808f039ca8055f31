"""Which of a step's channels is hers: allowed, then preferred, then what she answers to, then the cheapest."""

from __future__ import annotations

from chalicelib.domain.customer import Contact
from chalicelib.domain.facts import OBJECTION, Option
from chalicelib.domain.times import in_order

# What a message costs, in order. A shop's own pages cost nothing, but reach only who comes by: the last resort.
COST = {"email": 0, "http": 1, "sms": 2, "onsite": 3}


def choose(options: tuple[Option, ...], contact: Contact, purpose: str, policy: str, preferred: str | None) -> Option:
    """The best of the options; the owner's first where none may be used (its refusal is then what is told)."""
    allowed = [option for option in options if objection(option, contact, purpose, policy) is None]
    if not allowed:
        return options[0]
    answered = {option.channel: in_order(_answered(contact, option.channel)) for option in allowed}
    newest = max(answered.values())
    return min(
        allowed,
        key=lambda option: (
            option.channel != preferred,
            not (newest and answered[option.channel] == newest),
            COST[option.channel.partition(":")[0]],
            options.index(option),
        ),
    )


def _answered(contact: Contact, channel: str) -> str:
    known = contact.notes.get(f"answered:{channel}")
    return known[0] if known else ""


def objection(option: Option, contact: Contact, purpose: str, policy: str) -> tuple[str, str] | None:
    """(state, why code) that keeps this channel from being used for her, or None."""
    if not option.set_up:
        return "skipped", "channel_off"
    if option.address is None:
        return "skipped", "no_address"
    if option.suppressed not in (None, OBJECTION):
        return "cancelled", "suppressed"
    if purpose != "marketing" or not option.consent:
        return None
    agreed = f"{option.consent}:subscribed" in contact.consents
    objected = f"{option.consent}:unsubscribed" in contact.consents or bool(option.suppressed and not agreed)
    if contact.allows(option.consent, policy) and (agreed or not objected):
        return None
    return ("cancelled", "unsubscribed") if objected else ("skipped", "no_consent")
