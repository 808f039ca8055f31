"""Invented people for real orders: the data has numbers only. The same number is always the same person."""

from __future__ import annotations

import hashlib
from typing import Any

from babel import Locale

_FIRST = (
    "Alice Amelia Anna Bella Beth Carol Clara Daisy Edith Ella Emily Emma Erin Eva Faye Fiona Flora Freya Grace Hannah "
    "Harriet Hazel Helen Holly Irene Isla Ivy Jane Jess Joan Julia Kate Laura Lily Lucy Mabel Maya Megan Mia Molly "
    "Nancy Nora Olive Poppy Rose Ruby Sarah Sophie Tess Willow Adam Arthur Ben Callum Daniel Edward Felix George Harry "
    "Hugh Jack James Leo Lewis Luke Mark Oliver Oscar Peter Ralph Robin Rory Sam Simon Theo Thomas Toby Victor Will"
)
_LAST = (
    "Abbott Archer Atkins Baker Barnes Bell Bishop Booth Brook Carter Chapman Clarke Cole Cooper Croft Dawson Drew "
    "Ellis Fisher Fletcher Ford Foster Fox Gibbs Grant Hale Harper Hart Hayes Holt Hughes Hunt Kemp Knight Lamb Lane "
    "Marsh Mason Mercer Miles Moss Nash Neal North Palmer Parker Perry Pike Porter Reed Rowe Sharp Shaw Slater Stone "
    "Tate Turner Vale Wade Walsh Ward Webb Wells West Wood Wren Wyatt York"
)
FIRST, LAST = _FIRST.split(), _LAST.split()
_COUNTRIES = {"EIRE": "IE", "Channel Islands": "JE", "USA": "US", "RSA": "ZA", "Korea": "KR"}
_BY_NAME = {name: code for code, name in Locale("en").territories.items() if len(code) == 2}


def person(customer_id: str, invoice: str, country: str) -> dict[str, Any]:
    """The buyer as a Standard Webhook names her; without a customer id a guest, known by this one order."""
    who = f"customer-{customer_id}" if customer_id else f"guest-{invoice}"
    name = f"{FIRST[chance(who, 'first', len(FIRST))]} {LAST[chance(who, 'last', len(LAST))]}"
    found = {"email": f"{_mailbox(who)}@example.test", "name": name, "locale": "en-GB"}
    code = _COUNTRIES.get(country) or _BY_NAME.get(country)
    return found | ({"id": customer_id} if customer_id else {}) | ({"country": code} if code else {})


def _mailbox(who: str) -> str:
    """Most mailboxes work; the mail door knows what to do with the others."""
    trouble = {0: "bounce+", 1: "complaint+"}.get(chance(who, "mailbox", 60), "")
    return trouble + who


def chance(who: str, what: str, of: int) -> int:
    """A number below `of` that looks random and is always the same."""
    return int.from_bytes(hashlib.sha256(f"{who} {what}".encode()).digest()[:8], "big") % of
