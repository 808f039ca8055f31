"""What a message of a flow looks like: with made-up data in any language, or as a real customer would get it.

Its links lead to nobody's preferences: whoever is shown a preview must not be able to unsubscribe somebody with it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib.domain import sms
from chalicelib.domain.customer import Contact, Customer
from chalicelib.domain.flow import Step
from chalicelib.domain.order import Order
from chalicelib.domain.shop import Shop
from chalicelib.domain.speech import pick_language
from chalicelib.domain.text import Text
from chalicelib.domain.wishes import wishes_of
from chalicelib.table import products
from chalicelib.work import samples
from chalicelib.work.about import About
from chalicelib.work.read_views import Json
from chalicelib.work.wording import Wording, messages, text_name

if TYPE_CHECKING:  # loaded where something is shown: a sixth of the start of the whole API
    from chalicelib.work.render import Mail


class NoPreview(ValueError):
    """There is nothing to be shown. `field` names what was asked wrongly, the message what can be asked."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field, self.reason = field, reason


@dataclass(frozen=True, slots=True)
class Shown:
    """One message. `sms` and `onsite` are "" where its words do not say it."""

    step: Step
    language: str
    mail: Mail
    sms: str = ""
    onsite: str = ""


def message_step(words: Wording, name: str | None) -> Step:
    """The step that is meant: the first that sends, where none is named. Raises NoPreview."""
    sending = messages(words.flow)
    found = next((step for step in sending if name in (None, step.name)), None)
    if found is None:
        known = ", ".join(step.name for step in sending) or "none"
        raise NoPreview("step", f"is no step of {words.flow.name} that sends; those are: {known}")
    return found


def language_for(words: Wording, step: Step, asked: str | None, customer: Customer | None, now: datetime) -> str:
    """The language asked for; else hers, else the shop's, else English. Raises NoPreview."""
    there = words.languages(text_name(words.flow, step))
    if asked is None:
        contact = customer.contact if customer else Contact()
        told = wishes_of(contact, now).language or (contact.locale[1] if contact.locale else None)
        return pick_language(told, words.shop.locale, there)
    if asked not in there:
        raise NoPreview("language", f"there are no such words; there are some in {', '.join(there) or 'no language'}")
    return asked


def preview(
    words: Wording,
    step_name: str | None,
    language: str | None,
    now: datetime,
    public_url: str,
    order: Order | None = None,
    customer: Customer | None = None,
) -> Shown:
    """The message of a step: of that order and customer, or made up. Raises NoPreview, BadTemplate, Trouble."""
    step = message_step(words, step_name)
    spoken = language_for(words, step, language, customer, now)
    text = words.text(text_name(words.flow, step), spoken)
    if text is None:
        raise NoPreview("language", f"there are no words called {text_name(words.flow, step)}")
    about = about_of(words, step, spoken, now, public_url, order, customer)
    from chalicelib.work.render import render_mail

    return Shown(step, spoken, render_mail(text, about), *(_line(text, kind, about) for kind in ("sms", "onsite")))


def about_of(
    words: Wording,
    step: Step,
    language: str,
    now: datetime,
    public_url: str,
    order: Order | None,
    customer: Customer | None,
) -> About:
    """What the message is about: that order and customer, and made up whatever they do not say."""
    nowhere, coupon = links(words.shop, public_url), coupon_before(words, step)
    about = samples.about(words.shop, words.flow, language, now, nowhere, coupon)
    return about if order is None and customer is None else _real(about, order, customer)


def _line(text: Text, kind: str, about: About) -> str:
    from chalicelib.work.render import render_line

    return render_line(text, kind, about) if getattr(text, kind) else ""


def links(shop: Shop, public_url: str) -> dict[str, str]:
    """Addresses that are shown and do nothing; the shop's own ones as they are."""
    home = next(iter(shop.origins), shop.source_url)
    nowhere = f"{public_url}/"
    told = dict.fromkeys(("preferences", "unsubscribe", "rating"), nowhere)
    told |= {"shop": home, "cart": home} if home else {}
    return told | ({"review": shop.review_url} if shop.review_url else {})


def coupon_before(words: Wording, step: Step) -> str | None:
    """The rule of the coupon that an earlier step of the flow gets her."""
    rule = None
    for one in words.flow.steps:
        if one.kind == "coupon":
            rule = one.value
        if one.name == step.name:
            return rule
    return rule


def _real(about: About, order: Order | None, customer: Customer | None) -> About:
    contact = customer.contact if customer else Contact()
    name, locale = contact.name[1] if contact.name else "", contact.locale[1] if contact.locale else None
    plain = replace(about, name=(order.buyer.name if order else "") or name, locale=locale)
    if order is None or about.order is None:
        return plain
    lines = order.lines[:20]
    ids = [line.product_id for line in lines if line.product_id]
    shown = products.of_ids(about.shop.slug, ids) if ids else {}
    return replace(plain, order=order, products=shown, locale=order.buyer.locale or plain.locale)


def view(words: Wording, shown: Shown) -> Json:
    """The message as the partner API tells it."""
    flow, mail = words.flow, shown.mail
    return {
        "flow": flow.name,
        "version": flow.version,
        "step": shown.step.name,
        "language": shown.language,
        "languages": list(words.languages(text_name(flow, shown.step))),
        "channels": list(shown.step.channels),
        "subject": mail.subject,
        "preheader": mail.preheader,
        "html": mail.html,
        "text": mail.text,
        "sms": sms_view(shown.sms) if shown.sms else None,
        "onsite": shown.onsite or None,
    }


def sms_view(line: str) -> Json:
    """A text message as it goes out, and what it is billed as."""
    plain = sms.plain(line)
    size = sms.size(plain)
    return {"text": plain, "encoding": size.encoding, "parts": size.parts}
