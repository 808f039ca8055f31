"""A text message: how many parts it is billed as, what they cost, and the words by which people stop and start.

GSM 03.38 (3GPP TS 23.038) has 160 septets, 153 in each of several parts; one character beyond it and the whole message
is UCS-2: 70 code units, 67 in each of several. Neither an escaped character nor a surrogate pair is cut in two.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from chalicelib.domain.money import Money, from_major, iso
from chalicelib.domain.people import clean_name, latin_digits

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")  # each an escape and a character
_GSM_ALONE, _GSM_EACH, _UCS_ALONE, _UCS_EACH = 160, 153, 70, 67
# What word processors write for what GSM has: one such mark would more than double the price of the message.
_PLAIN = str.maketrans(
    {
        "‘": "'",
        "’": "'",
        "‚": "'",
        "“": '"',
        "”": '"',
        "„": '"',
        "–": "-",
        "—": "-",
        "…": "...",
        "\u00a0": " ",
        "\u202f": " ",
    }
)
_MOST_PARTS = {"fa": 3}
USUAL_MOST_PARTS = 2


@dataclass(frozen=True, slots=True)
class Size:
    """`encoding` is gsm7 or ucs2; `units` its septets or code units; `parts` how many messages are billed."""

    encoding: str
    units: int
    parts: int


def size(text: str) -> Size:
    """What a text takes. Nothing takes no part."""
    widths = [_septets(ch) for ch in text]
    if None not in widths:
        return _packed("gsm7", [width or 0 for width in widths], _GSM_ALONE, _GSM_EACH)
    return _packed("ucs2", [2 if ord(ch) > 0xFFFF else 1 for ch in text], _UCS_ALONE, _UCS_EACH)


def _septets(ch: str) -> int | None:
    if ch in _BASIC:
        return 1
    return 2 if ch in _EXTENDED else None


def _packed(encoding: str, widths: Iterable[int], alone: int, each: int) -> Size:
    widths = list(widths)
    units, parts, filled = sum(widths), 1, 0
    if units <= alone:
        return Size(encoding, units, 1 if units else 0)
    for width in widths:
        if filled + width > each:
            parts, filled = parts + 1, 0
        filled += width
    return Size(encoding, units, parts)


def plain(text: str) -> str:
    """The text with typographic quotes, dashes and dots written plainly, where that lets it go out as GSM; else as it
    is."""
    plainer = text.translate(_PLAIN)
    return plainer if size(plainer).encoding == "gsm7" else text


def most_parts(language: str, config: Mapping[str, object]) -> int:
    """How many parts a message may have: as the shop says, else 3 in Persian, which goes out as UCS-2, and 2 in every
    other language. `language` is a BCP 47 tag."""
    told = config.get("most_parts")
    if isinstance(told, int) and not isinstance(told, bool):
        return told
    return _MOST_PARTS.get(language.partition("-")[0].lower(), USUAL_MOST_PARTS)


def fitted(text: str, language: str, config: Mapping[str, object]) -> tuple[str, int] | None:
    """The text as it goes out and its parts; None where it has too many, or says nothing."""
    text = plain(text.strip())
    parts = size(text).parts
    return (text, parts) if 1 <= parts <= most_parts(language, config) else None


def price(text: str) -> Money:
    """`0.045 EUR` or `95 IRT`: in millionths of the currency's minor unit, since a part costs less than a cent.
    Raises ValueError (BadMoney among them)."""
    amount, _, code = text.strip().partition(" ")
    if not code or amount.startswith("-"):
        raise ValueError("an amount and a currency, such as 0.045 EUR")
    return Money(from_major(f"{amount}e6", code), iso(code))


def cost(parts: int, config: Mapping[str, object]) -> Money | None:
    """What so many parts cost, in millionths of a minor unit; None where the shop did not say what one costs."""
    told = config.get("cost")
    if not isinstance(told, str):
        return None
    one = price(told)
    return Money(parts * one.amount, one.currency)


# --- notices and words ------------------------------------------------------------------------------------------------

_NOTICES = {
    "en": "Reply STOP to opt out",
    "de": "Abmelden: STOP",
    "fr": "STOP pour vous désabonner",
    "es": "Responda STOP para darse de baja",
    "ar": "للإلغاء أرسل STOP",
}
_NOTICE_IRAN = "لغو۱۱"  # what the operators ask for, whatever the language


def stop_notice(language: str, country: str | None, config: Mapping[str, object]) -> str:
    """How to stop, for the end of a marketing message: the shop's own words, else the country's or the language's.

    Empty where nobody can answer, because the sender is a name and not a number: the message then needs a link.
    """
    own = config.get("stop_notice")
    if isinstance(own, str) and own.strip():
        return own.strip()
    sender = latin_digits(str(config.get("sender") or ""))
    if sender and not re.fullmatch(r"\+?[0-9]{3,15}", sender):
        return ""
    tongue = language.partition("-")[0].lower()
    return _NOTICE_IRAN if country == "IR" or tongue == "fa" else _NOTICES.get(tongue, _NOTICES["en"])


_STOP = (
    *("stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit", "optout", "opt out", "stopp", "arret"),
    *("baja", "لغو", "توقف", "انصراف", "لغو11", "لغو 11", "11", "الغاء", "ايقاف"),
)
_START = ("start", "unstop", "شروع", "آغاز")
_HELP = ("help", "info", "راهنما", "کمک")
# A sentence that begins so is a refusal too. The others may begin anything: `cancel my order`.
_STOP_FIRST = ("stop", "stopall", "unsubscribe", "انصراف")
_NO_LETTER = re.compile(r"[^\w ]+")


def _folded(text: str) -> str:
    """Keyboards differ: one form for Arabic and Persian letters, digits of any script, accents, case, joiners."""
    text = latin_digits(clean_name(text.replace("\u200c", "").replace("\u200d", ""))).casefold()
    bare = "".join(ch for ch in unicodedata.normalize("NFKD", text) if not unicodedata.combining(ch))
    return " ".join(_NO_LETTER.sub(" ", bare).split())


_WORDS = {
    _folded(word): said for said, words in (("stop", _STOP), ("start", _START), ("help", _HELP)) for word in words
}
_FIRST = frozenset(map(_folded, _STOP_FIRST))


def word(text: str) -> str | None:
    """stop | start | help, where an incoming message says that; None for anything else."""
    folded = _folded(text[:400])
    if folded in _WORDS:
        return _WORDS[folded]
    return "stop" if folded.partition(" ")[0] in _FIRST else None
