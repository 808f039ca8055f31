"""What shops write for people, brought into the form in which it may be kept and shown."""

from __future__ import annotations

import html
import re
from urllib.parse import urlsplit

# Control characters and bidirectional overrides: they break headers and can make a text show as something else.
_UNSAFE = re.compile(r"[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]")
_LOCALE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
_COUNTRY = re.compile(r"[A-Za-z]{2}")
_LONGEST_ADDRESS = 2000


def plain(text: str, most: int = 300) -> str:
    """One line of text as it may be shown: no control or bidi-override characters, at most `most` characters."""
    return " ".join(_UNSAFE.sub(" ", text[: 4 * most]).split())[:most]


def plain_html(text: str, most: int = 300) -> str:
    """The same for text that was stored with HTML entities: `&amp;` becomes `&`. Tags stay as they were typed."""
    return plain(html.unescape(text[: 8 * most]), most)


def web_address(text: str) -> str | None:
    """An http or https address, or None: everything else (javascript:, data:, relative) has no place in a mail."""
    text = text.strip()
    if len(text) > _LONGEST_ADDRESS or _UNSAFE.search(text) or any(ch in text for ch in ' "<>\\'):
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    return text if parts.scheme in ("http", "https") and parts.netloc else None


def locale(text: str) -> str | None:
    """BCP 47 from `fa_IR`, `fa-IR` or `fa`; None for what is no locale."""
    text = text.strip().replace("_", "-")
    if not _LOCALE.fullmatch(text):
        return None
    language, *rest = text.split("-")
    return "-".join([language.lower(), *(part.upper() if len(part) == 2 else part for part in rest)])


def country(text: str) -> str | None:
    """ISO 3166-1 alpha-2 in capitals, or None."""
    text = text.strip()
    return text.upper() if _COUNTRY.fullmatch(text) else None
