"""From a case to the message that goes out: language, links, words, headers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib import flows, keys
from chalicelib.channels import Message
from chalicelib.domain.customer import Customer
from chalicelib.domain.order import Order
from chalicelib.domain.speech import pick_language
from chalicelib.keys import Link
from chalicelib.table import products
from chalicelib.work.render import render_mail
from chalicelib.work.weigh import Case

# RFC 8058 asks that unsubscribing works for long; mail stays in people's inboxes.
LINK_LIFE = timedelta(days=400)


def compose(case: Case, now: datetime, public_url: str, master: bytes) -> Message:
    """Raises BadTemplate. The case has a customer and an order: it was decided to send."""
    customer, order = _certain(case)
    contact = customer.contact
    language = pick_language(contact.locale[1] if contact.locale else None, case.shop.locale, flows.languages())
    name = order.buyer.name or (contact.name[1] if contact.name else "")
    links = _links(case, customer, now, public_url, master)
    mail = render_mail(
        case.row.flow,
        shop=case.shop,
        order=replace(order, buyer=replace(order.buyer, name=name)),
        language=language,
        links=links,
        products=products.of_ids(case.shop.slug, [line.product_id for line in order.lines[:20] if line.product_id]),
        now=now,
    )
    return Message(
        id=case.row.id,
        claim=case.row.claim or "",
        shop=case.shop.slug,
        to=case.facts.address or "",
        sender=case.shop.sender,
        subject=mail.subject,
        html=mail.html,
        text=mail.text,
        headers=_headers(case, language, links),
    )


def _certain(case: Case) -> tuple[Customer, Order]:
    if case.customer is None or case.order is None:
        raise ValueError("nobody to write to")
    return case.customer, case.order


def _links(case: Case, customer: Customer, now: datetime, public_url: str, master: bytes) -> dict[str, str]:
    """A link in a mail grants preferences only: mails are forwarded."""
    link = Link(case.shop.slug, customer.id, case.row.id)
    links = {"preferences": f"{public_url}/m/{keys.link_token(master, 'preferences', link, now + LINK_LIFE)}"}
    if case.row.purpose == "marketing":
        links["unsubscribe"] = f"{public_url}/u/{keys.link_token(master, 'unsubscribe', link, now + LINK_LIFE)}"
    if case.shop.source_url:
        links["shop"] = case.shop.source_url
    return links


def _headers(case: Case, language: str, links: dict[str, str]) -> dict[str, str]:
    headers = {"Content-Language": language, "Auto-Submitted": "auto-generated"}
    if case.row.purpose == "marketing":
        headers["List-Unsubscribe"] = f"<{links['unsubscribe']}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers
