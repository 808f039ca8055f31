"""A message's words in one language, compiled: what channels show, still with its values to be filled in."""

from __future__ import annotations

from dataclasses import dataclass


class BadTemplate(ValueError):
    """A template cannot be used: unknown name, broken syntax, or beyond a bound. The message says where and what."""


@dataclass(frozen=True, slots=True)
class Text:
    """One text in one language. Everything but the two names is Liquid; "" where the text does not say it.

    `html` and `text` are the two parts of a mail, made from one source; `sms` and `onsite` are one line each."""

    name: str
    language: str
    subject: str
    preheader: str = ""
    html: str = ""
    text: str = ""
    sms: str = ""
    onsite: str = ""
