"""From a case to the message that goes out: language, links, words, headers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib import keys
from chalicelib.channels import Message
from chalicelib.domain import sms
from chalicelib.domain.coupon import Coupon
from chalicelib.domain.customer import Customer
from chalicelib.domain.flow import Flow, Step
from chalicelib.domain.money import Money
from chalicelib.domain.shop import Shop
from chalicelib.domain.speech import pick_language
from chalicelib.domain.text import Text
from chalicelib.domain.times import stamp
from chalicelib.domain.wishes import wishes_of
from chalicelib.keys import Link
from chalicelib.table import products
from chalicelib.work import flow_book
from chalicelib.work.about import About
from chalicelib.work.liquid_bounds import BadTemplate
from chalicelib.work.mail_values import web_address
from chalicelib.work.render import render_line, render_mail, render_title
from chalicelib.work.weigh import Case

# RFC 8058 asks that unsubscribing works for long; mail stays in people's inboxes.
LINK_LIFE = timedelta(days=400)


def compose(case: Case, now: datetime, public_url: str, master: bytes) -> Message:
    """The message of a send step, for the channel that was chosen. Raises BadTemplate."""
    customer, flow, step, channel = _certain(case)
    language = language_of(case.shop, flow, step, customer, now)
    text = flow_book.text(case.shop, flow, step.text or flow.name, language)
    if text is None:
        raise BadTemplate(f"{step.text or flow.name}: there are no such words")
    about = about_of(case, customer, language, now, public_url, master)
    message = _plain(case, channel, language)
    if channel in ("sms", "onsite"):
        message = replace(message, text=render_line(text, channel, about))
        return _on_page(message, text, about) if channel == "onsite" else message
    return _with_mail(message, text, about, case)


def _certain(case: Case) -> tuple[Customer, Flow, Step, str]:
    flow, step, customer = case.facts.flow, case.facts.step, case.customer
    if customer is None or flow is None or step is None or case.option is None:
        raise ValueError("nobody to write to")
    return customer, flow, step, case.option.channel


def _plain(case: Case, channel: str, language: str) -> Message:
    row = case.row
    return Message(
        id=row.id,
        claim=row.claim or "",
        shop=case.shop.slug,
        to=(case.option.address if case.option else None) or "",
        sender=case.shop.sender,
        subject="",
        html="",
        text="",
        language=language,
        about=_in_short(case, channel),
    )


def _in_short(case: Case, channel: str) -> dict[str, str]:
    row = case.row
    known = {
        "flow": row.flow,
        "step": row.step,
        "trigger": row.trigger_id,
        "purpose": row.purpose,
        "customer": case.customer.id if case.customer else None,
        "order": row.order_id,
        "channel": channel,
        "visitor": case.customer.account_node if case.customer and channel == "onsite" else None,
    }
    return {name: str(value) for name, value in known.items() if value}


def _on_page(message: Message, text: Text, about: About) -> Message:
    link = leads_to(about)
    return replace(
        message,
        subject=render_title(text, about),
        about={**message.about, "link": link} if link else message.about,
    )


def leads_to(about: About) -> str | None:
    """To the product that it is about, else, where it sells something, to the shop: whoever reads of her parcel on a
    page of the shop is there already."""
    if len(about.picks) == 1 and (page := web_address(about.picks[0].url)):
        return page
    return web_address(about.links.get("shop")) if about.purpose == "marketing" else None


def _with_mail(message: Message, text: Text, about: About, case: Case) -> Message:
    mail = render_mail(text, about)
    return replace(
        message,
        subject=mail.subject,
        html=mail.html,
        text=mail.text,
        headers=_headers(case, about.language, dict(about.links)),
    )


def knock(case: Case, now: datetime) -> Message:
    """What an endpoint of the owner's is told: that this customer came to this step. No address, no words."""
    return replace(_plain(case, "webhook", ""), about={**_in_short(case, "webhook"), "at": stamp(now)})


def language_of(shop: Shop, flow: Flow, step: Step, customer: Customer, now: datetime) -> str:
    """Hers if there are words in it: as she wished, else as the shop knows her; else the shop's."""
    available = flow_book.text_languages(shop, flow, step.text or flow.name) or ("en",)
    contact = customer.contact
    told = contact.locale[1] if contact.locale else None
    return pick_language(wishes_of(contact, now).language or told, shop.locale, available)


def about_of(case: Case, customer: Customer, language: str, now: datetime, public_url: str, master: bytes) -> About:
    """Everything the words may speak of."""
    contact, order, shop = customer.contact, case.order, case.shop
    links = links_of(case, customer, now, public_url, master)
    lines = order.lines[:20] if order else ()
    locale = order.buyer.locale if order else None
    return About(
        shop=shop,
        language=language,
        purpose=case.row.purpose,
        now=now,
        name=(order.buyer.name if order else "") or (contact.name[1] if contact.name else ""),
        locale=locale or (contact.locale[1] if contact.locale else None),
        links=links,
        order=order,
        products=products.of_ids(shop.slug, [line.product_id for line in lines if line.product_id]) if lines else {},
        picks=case.matter.picks,
        stop=_stop(case, language, links) if _is_sold_by_sms(case) else "",
        coupon=coupon_of((case.row.about or {}).get("coupon")),
    )


def _stop(case: Case, language: str, links: dict[str, str]) -> str:
    """A sender that is a name cannot be answered: then the link has to be there."""
    told = sms.stop_notice(language, case.facts.country, case.shop.channels.get("sms", {}))
    return told or links.get("unsubscribe", "")


def _is_sold_by_sms(case: Case) -> bool:
    return case.row.purpose == "marketing" and case.option is not None and case.option.channel == "sms"


def links_of(case: Case, customer: Customer, now: datetime, public_url: str, master: bytes) -> dict[str, str]:
    """A link in a mail grants preferences only: mails are forwarded."""
    link, until, shop = Link(case.shop.slug, customer.id, case.row.id), now + LINK_LIFE, case.shop
    links = {"preferences": f"{public_url}/m/{keys.link_token(master, 'preferences', link, until)}"}
    if case.row.purpose == "marketing":
        links["unsubscribe"] = f"{public_url}/u/{keys.link_token(master, 'unsubscribe', link, until)}"
    if case.order:
        links["rating"] = f"{public_url}/r/{keys.link_token(master, 'rating', link, until)}"
    if home := next(iter(shop.origins), shop.source_url):
        links["shop"] = home
    if shop.review_url:
        links["review"] = shop.review_url
    return links


def coupon_of(raw: dict[str, object] | None) -> Coupon | None:
    """The coupon that an earlier step of the flow got for her, from the follow-up's row."""
    if not raw:
        return None
    money = {name: Money(**raw[name]) if raw.get(name) else None for name in ("amount", "least")}  # type: ignore[arg-type]
    return Coupon(**{**raw, **money})  # type: ignore[arg-type]


def _headers(case: Case, language: str, links: dict[str, str]) -> dict[str, str]:
    headers = {"Content-Language": language, "Auto-Submitted": "auto-generated"}
    if case.row.purpose == "marketing":
        headers["List-Unsubscribe"] = f"<{links['unsubscribe']}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers
