"""A message sent to the owner, to be looked at in a real mailbox: to an address of the shop's own, a few an hour.

The partner API only asks for it: `ask` puts it on the outbox, `send_test` runs where mails are sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import parseaddr
from typing import Any

from chalicelib import channels
from chalicelib.channels import Message
from chalicelib.domain.people import clean_email
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import moment, stamp
from chalicelib.table import base, trial_mails
from chalicelib.table.base import retried
from chalicelib.work import flow_book
from chalicelib.work.wording import Wording

MOST_AN_HOUR = 20
MARK = "[Test]"
# Where everybody has an address: there a domain says nothing about whose it is.
_SHARED = """
msn.com icloud.com me.com mac.com web.de t-online.de freenet.de arcor.de mail.de posteo.de mailbox.org proton.me pm.me
protonmail.com tutanota.com mail.com email.com zoho.com zohomail.eu mail.ru bk.ru inbox.ru list.ru rambler.ru ya.ru
orange.fr free.fr sfr.fr laposte.net wanadoo.fr neuf.fr bbox.fr libero.it virgilio.it alice.it tiscali.it bluewin.ch
seznam.cz wp.pl onet.pl o2.pl interia.pl terra.es telefonica.net ziggo.nl kpnmail.nl comcast.net verizon.net att.net
cox.net btinternet.com hey.com qq.com foxmail.com 163.com 126.com sina.com naver.com daum.net rediffmail.com chmail.ir
mailfa.com
"""
SHARED = frozenset(_SHARED.split())
# Those that are there under the ends of many countries.
_EVERYWHERE = (
    "gmail",
    "googlemail",
    "yahoo",
    "ymail",
    "outlook",
    "hotmail",
    "live",
    "aol",
    "gmx",
    "yandex",
    "fastmail",
)
Enqueue = Callable[[list[tuple[str, str]]], None]
Deliver = Callable[[Shop, str, Message], channels.Receipt]


class NotOwn(ValueError):
    """The address is not one of the shop's own. The message says which are."""


class TooMany(ValueError):
    """Enough were asked for within the hour."""


def checked(shop: Shop, to: str) -> str:
    """The address, if it is the sender's or one of the sender's domain. Raises NotOwn."""
    sender, wanted = clean_email(parseaddr(shop.sender)[1]), clean_email(to)
    if sender is None:
        raise NotOwn("the shop has no sender yet; add one with add-shop --from")
    domain = sender.rpartition("@")[2]
    same = wanted is not None and wanted.rpartition("@")[2] == domain and not _is_shared(domain)
    if wanted is None or not (wanted == sender or same):
        own = sender if _is_shared(domain) else f"{sender}, or another address at {domain}"
        raise NotOwn(f"must be an address of the shop's own: {own}")
    return wanted


def _is_shared(domain: str) -> bool:
    name, _, end = domain.partition(".")
    return domain in SHARED or (name in _EVERYWHERE and len(end) <= len("com.br"))


def ask(shop: Shop, told: Mapping[str, str | None], to: str, now: datetime, enqueue: Enqueue) -> str:
    """Asks for a trial of `{"flow", "step", "language"}`: `enqueue([(shop, message)])` onto the outbox. Returns the
    address. Raises NotOwn, TooMany, Trouble."""
    address = checked(shop, to)
    at = retried(lambda: _noted(shop, now))
    test = {**{name: value for name, value in told.items() if value}, "to": address, "at": at}
    enqueue([(shop.slug, json.dumps({"shop": shop.slug, "test": test}))])
    return address


def _noted(shop: Shop, now: datetime) -> str:
    """One more within the hour. Several of one moment are told apart by a number behind it."""
    row = trial_mails.read(shop.slug, now)
    if len(row.asked) >= MOST_AN_HOUR:
        raise TooMany(f"at most {MOST_AN_HOUR} trial mails an hour")
    at = stamp(now)
    row.asked = [*row.asked, at]
    base.commit([trial_mails.write(row, now)])
    return f"{at}/{row.asked.count(at)}"


def send_test(shop: Shop, told: Mapping[str, Any], now: datetime, deliver: Deliver, public_url: str) -> str:
    """Mails one trial that `ask` noted within the last hour, at most once. `deliver(shop, kind, message)`. Returns
    sent, ignored, refused, unclear or template; raises Trouble (also the channel's): nothing was sent, try again."""
    at = str(told.get("at", ""))
    message = _message(shop, told, at, now, public_url)
    if message is None:
        return "template"
    if shop.state == "off" or retried(lambda: _claimed(shop, at, now)) != "claimed":
        return "ignored"
    try:
        deliver(shop, "email", message)
    except channels.Refused:
        return "refused"
    except channels.Unclear:
        return "unclear"
    except Exception:
        retried(lambda: _unclaimed(shop, at, now))
        raise
    return "sent"


def _claimed(shop: Shop, at: str, now: datetime) -> str:
    row, (asked, number) = trial_mails.read(shop.slug, now), _place(at)
    if row.asked.count(asked) < number or at in row.mailed:
        return "known"
    row.mailed = [*row.mailed, at]
    base.commit([trial_mails.write(row, now)])
    return "claimed"


def _unclaimed(shop: Shop, at: str, now: datetime) -> str:
    row = trial_mails.read(shop.slug, now)
    row.mailed = [one for one in row.mailed if one != at]
    base.commit([trial_mails.write(row, now)])
    return "unclaimed"


def _place(at: str) -> tuple[str, int]:
    asked, _, number = at.partition("/")
    return asked, int(number) if number.isdecimal() else 0


def _message(shop: Shop, told: Mapping[str, Any], at: str, now: datetime, public_url: str) -> Message | None:
    """What renders mails is loaded where one is rendered."""
    from chalicelib.domain.text import BadTemplate
    from chalicelib.work.preview import NoPreview, preview

    flow, (asked, number) = flow_book.every(shop).get(str(told.get("flow"))), _place(at)
    if flow is None or not number:
        return None
    try:
        shown = preview(Wording(shop, flow), told.get("step"), told.get("language"), now, public_url)
        to = checked(shop, str(told.get("to", "")))
    except (NoPreview, BadTemplate, NotOwn):
        return None
    return Message(
        id=f"test_{int(moment(asked).timestamp())}_{number}",
        claim="1",
        shop=shop.slug,
        to=to,
        sender=shop.sender,
        subject=f"{MARK} {shown.mail.subject}",
        html=shown.mail.html,
        text=shown.mail.text,
        headers={"Content-Language": shown.language, "Auto-Submitted": "auto-generated"},
        language=shown.language,
    )
