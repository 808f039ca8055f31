"""Who somebody is: addresses brought to one form, and the key under which a buyer's orders are filed.

Persian keyboards write ي ك ٠٩ ۰۹ where a database wants ی ک 09; all are folded before anything is compared or hashed.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from chalicelib.domain.order import Buyer

# Both libraries take long to load, and most who import this file only ask for keys: the functions below load them.
_LETTERS = str.maketrans({"ي": "ی", "ى": "ی", "ك": "ک", "ة": "ه", "\u0640": None})
# Bidirectional overrides and isolates can make a name show as something else; control characters break headers.
_UNSAFE = re.compile(r"[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]")
LONGEST_NAME = 200


def latin_digits(text: str) -> str:
    """Any script's decimal digits as 0-9."""
    return "".join(str(unicodedata.digit(ch)) if ch.isdecimal() else ch for ch in text)


def clean_name(text: str) -> str:
    """A name as it may be shown: NFC, no control or bidi-override characters, Persian letters unified, not too long."""
    return one_line(persian_letters(text))[:LONGEST_NAME]


def one_line(text: str) -> str:
    """`text` without control and bidi-override characters, its blanks single; letters as they were."""
    return " ".join(_UNSAFE.sub(" ", unicodedata.normalize("NFC", text)).split())


def persian_letters(text: str) -> str:
    """Arabic ي ك ة as Persian writes them."""
    return unicodedata.normalize("NFC", text).translate(_LETTERS)


@lru_cache(maxsize=4096)
def clean_email(text: str) -> str | None:
    """The address in lower case with an IDNA domain, or None where it is none. Dots and plus tags are kept: they differ
    at most providers."""
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(text.strip().lower(), check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        return None


@lru_cache(maxsize=4096)
def clean_phone(text: str, country: str | None) -> str | None:
    """E.164, or None where it is no phone number. `country` (ISO 3166-1) reads national numbers."""
    import phonenumbers

    digits = latin_digits(text)
    try:
        number = phonenumbers.parse(digits, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def identity(buyer: Buyer) -> str | None:
    """The one key that decides whose order this is, whatever else arrived before: the platform account, else the e-mail
    address, else the phone. None for a buyer who left nothing."""
    if buyer.account:
        return f"account:{buyer.account}"
    if buyer.email:
        return f"email:{buyer.email}"
    if buyer.phone:
        return f"phone:{buyer.phone}"
    return None


def contact_keys(buyer: Buyer) -> list[str]:
    """Everything she may be looked up by."""
    keys = [f"{kind}:{value}" for kind, value in (("account", buyer.account), ("email", buyer.email)) if value]
    return keys + ([f"phone:{buyer.phone}"] if buyer.phone else [])


def experiment_identity(buyer: Buyer) -> str | None:
    """What an experiment unit is made of: the e-mail address, else the phone, else the account."""
    if buyer.email:
        return f"email:{buyer.email}"
    if buyer.phone:
        return f"phone:{buyer.phone}"
    return f"account:{buyer.account}" if buyer.account else None
