"""What an owner should know about a shop as it is registered: nothing is wrong, and something will surprise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from chalicelib.domain.shop import Shop, old_identity

# Platforms whose deliveries carry no consent of their own, and those that say which address they come from.
_NO_CONSENT = {"woocommerce": "WooCommerce", "saleor": "Saleor"}
_SAYS_SOURCE = ("woocommerce", "shopify", "saleor")
_ENDS = (
    "The identity secret is a new one and the old one ends at once (within a minute everywhere), which is right after "
    "a leak: until the shop's server signs customer tokens with the new one, whoever is logged in sees what guests "
    "see. Where nothing leaked: --keep-old-for 24h."
)
_OVERLAPS = (
    "The identity secret is a new one; customer tokens signed with the old one are taken until {until}. In a minute, "
    "when the new one is known everywhere, give it to the shop's server. If somebody has seen the old one, rotate "
    "again without --keep-old-for."
)
_CUT_SHORT = "The one before the old one would have been taken until {until}; it ends within a minute."


def warnings(shop: Shop, args: Mapping[str, Any]) -> list[str]:
    """One sentence each, with the flag that ends it. `args`: what this command named; that is never warned of."""
    found = {
        "from": not shop.sender
        and "NO MAIL GOES OUT: the shop has no sender. Add one: --from 'Acme <shop@acme.test>'.",
        "currency": shop.currency == "USD"
        and "The shop's currency is taken to be USD; if it is another, say so: --currency EUR.",
        "timezone": shop.timezone == "UTC"
        and "Quiet hours (no marketing at night) and dates go by UTC; say where the shop is: --timezone Europe/Berlin.",
        "address": not shop.postal_address
        and "Mails have no postal address at their foot, which many countries require of marketing: --address.",
        "consent_meta": _nobody_agrees(shop)
        and f"Nobody gets marketing: {_NO_CONSENT[shop.platform]} has no consent of its own, and the policy is strict. "
        "Name the field in which your shop keeps it (--consent-meta _newsletter_optin=email), or use --consent soft "
        "where that is lawful.",
        "source_url": shop.platform in _SAYS_SOURCE
        and not shop.source_url
        and "A copy of the shop (staging) that sends real orders is not noticed: --source-url https://acme.test.",
    }
    return [sentence for name, sentence in found.items() if sentence and args.get(name) is None]


def of_rotation(old: Shop | None, new: Shop, now: datetime) -> list[str]:
    """Sentences about the identity secret, where this command made a new one."""
    if old is None or new.identity_generation == old.identity_generation:
        return []
    overlaps = old_identity(new, now) is not None
    told = [_OVERLAPS.format(until=new.old_identity_until) if overlaps else _ENDS]
    if old_identity(old, now) is not None:
        told.append(_CUT_SHORT.format(until=old.old_identity_until))
    return told


def mistyped(slug: str, others: Iterable[str]) -> list[str]:
    """A sentence where the name of a new shop is that of another with one letter more, less, changed or misplaced."""
    near = sorted(other for other in others if other != slug and _less_a_letter(other) & _less_a_letter(slug))
    told = "This makes a NEW shop, {0}, beside {1}. If you meant {1}: --shop {1}; `disconnect --shop {0}` ends {0}."
    return [told.format(slug, other) for other in near[:1]]


def _less_a_letter(slug: str) -> set[str]:
    return {slug, *(slug[:at] + slug[at + 1 :] for at in range(len(slug)))}


def _nobody_agrees(shop: Shop) -> bool:
    return shop.platform in _NO_CONSENT and shop.consent == "strict" and not shop.consent_meta
