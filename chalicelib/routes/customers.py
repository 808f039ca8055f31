"""Partner API: customers, what they bought, what followed, their data (export, erase). For the shop's secret key."""

from __future__ import annotations

from chalice import Blueprint

from chalicelib.domain import flow_steps
from chalicelib.domain.customer import Customer
from chalicelib.domain.dates import BadDate, birthday
from chalicelib.domain.facts import tags_of
from chalicelib.domain.times import stamp
from chalicelib.routes import bodies
from chalicelib.routes.asked import Asked
from chalicelib.routes.door import partner
from chalicelib.routes.problems import Problem
from chalicelib.work import (
    aws,
    export,
    privacy,
    read_customers,
    read_follow_ups,
    read_orders,
    read_timeline,
    take_notes,
)
from chalicelib.work.read_views import Json

customers = Blueprint(__name__)
PAGED = ("limit", "cursor")
WHO = "secret_key"
MOST_TAGS = 100  # of one customer: they stand in her profile
MOST_NOTES = MOST_TAGS + 60  # segments and wishes stand there too


def _customer(asked: Asked) -> Customer:
    found = read_customers.one(asked.shop, asked.path["customer"])
    if found is None:
        raise Problem(404, "The shop has no such customer.")
    return found


@partner(customers, "/v1/customers", query=(*read_customers.WAYS, *PAGED))
def list_customers(asked: Asked) -> Json:
    """Everybody, or those behind an e-mail address, a phone number, an order, the beginning of a name."""
    by = {way: _meant(way, asked.query[way]) for way in read_customers.WAYS if way in asked.query}
    try:
        return asked.page(read_customers.search(asked.shop, by, asked.limit, asked.cursor))
    except read_customers.BadSearch as bad:
        raise Problem(400, bad.reason, bad.field) from None


def _meant(way: str, text: str) -> str:
    """A plus that was not escaped arrives as a blank, which no address has and no number begins with."""
    if way == "email":
        return text.replace(" ", "+")
    return f"+{text[1:]}" if way == "phone" and text.startswith(" ") else text


@partner(customers, "/v1/customers/{customer}")
def get_customer(asked: Asked) -> Json:
    return read_customers.view(asked.shop, _customer(asked))


@partner(customers, "/v1/customers/{customer}", "PATCH", takes=True)
def note_customer(asked: Asked) -> Json:
    """Her birthday, and tags of ours; what is not named stays."""
    customer, notes = _customer(asked), _notes(asked)
    if len(customer.contact.notes.keys() | notes.keys()) > MOST_NOTES:
        raise Problem(400, f"at most {MOST_TAGS} for one customer, those that were taken off among them", "tags")
    if notes:
        take_notes.note(asked.shop, customer.id, stamp(asked.now), notes, asked.now)
        customer = _customer(asked)
    return {
        "id": customer.id,
        "birthday": customer.contact.note("birthday") or None,
        "tags": sorted(tags_of(customer)),
    }


def _notes(asked: Asked) -> dict[str, str]:
    body = bodies.known(asked, ("birthday", "tags"))
    notes = {"birthday": _birthday(asked)} if "birthday" in body else {}
    tags = body.get("tags", {})
    if not isinstance(tags, dict) or len(tags) > MOST_TAGS:
        raise Problem(400, f"should be an object of at most {MOST_TAGS} tags, each true or false", "tags")
    for tag in tags:
        if not flow_steps.TAG.fullmatch(tag) or tag.startswith("-"):
            raise Problem(400, "a tag has 1 to 40 characters, no comma, and begins with no hyphen", "tags")
        notes[f"tag:{tag}"] = "on" if bodies.flag(tags, tag) else "off"
    return notes


def _birthday(asked: Asked) -> str:
    said = bodies.optional(asked.body, "birthday")
    try:
        return birthday(said, asked.now.date()) if said else ""
    except BadDate as bad:
        raise Problem(400, str(bad), "birthday") from None


@partner(customers, "/v1/customers/{customer}/timeline", query=PAGED)
def get_timeline(asked: Asked) -> Json:
    return asked.page(read_timeline.timeline(asked.shop, _customer(asked), asked.limit, asked.cursor))


@partner(customers, "/v1/customers/{customer}/follow-ups", query=PAGED)
def list_follow_ups_of_customer(asked: Asked) -> Json:
    return asked.page(read_follow_ups.of_customer(asked.shop, _customer(asked), asked.limit, asked.cursor))


@partner(customers, "/v1/customers/{customer}/orders", query=PAGED)
def list_orders_of_customer(asked: Asked) -> Json:
    return asked.page(read_orders.of_customer(asked.shop, _customer(asked), asked.limit, asked.cursor))


@partner(customers, "/v1/customers/{customer}/export")
def export_customer(asked: Asked) -> Json:
    """Everything we hold about her. Noted in the audit."""
    try:
        return export.export(asked.shop, asked.path["customer"], asked.now, who=WHO)
    except privacy.NoSuchCustomer:
        raise Problem(404, "The shop has no such customer.") from None


@partner(customers, "/v1/customers/{customer}", "DELETE", status=202)
def erase_customer(asked: Asked) -> Json:
    """Erases her; asked again, the same receipt."""
    try:
        return privacy.erase(asked.shop, asked.path["customer"], asked.now, aws.journal(), who=WHO)
    except privacy.NoSuchCustomer:
        raise Problem(404, "The shop has no such customer.") from None
