"""Partner API: an owner's flows tried out: previewed, mailed, rehearsed; and why a customer got what she got. For the
shop's secret key."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

from chalice import Blueprint

from chalicelib.domain.flow import Flow
from chalicelib.domain.order import Order
from chalicelib.domain.text import BadTemplate
from chalicelib.routes import bodies
from chalicelib.routes.asked import Asked
from chalicelib.routes.door import partner
from chalicelib.routes.flows import NO_FLOW, draft
from chalicelib.routes.problems import Problem
from chalicelib.settings import settings
from chalicelib.table import orders
from chalicelib.work import aws, explain, flow_book, preview, read_customers, trial
from chalicelib.work.preview import NoPreview
from chalicelib.work.read_views import Json
from chalicelib.work.wording import Wording

flow_trials = Blueprint(__name__)
MOST_DAYS, USUAL_DAYS = 365, 90
# A request is answered in ten seconds; `python -m webhooks rehearse` takes the time that it needs.
MOST_PEOPLE, MOST_SECONDS = 300, 5.0
MOST_ROWS = 100
T = TypeVar("T")


@partner(flow_trials, "/v1/flows/{name}/preview", query=("step", "language", "customer", "order"))
def preview_flow(asked: Asked) -> Json:
    """A message of the flow, made up or of one of the shop's orders or customers. Sends nothing."""
    words, query = Wording(asked.shop, _flow(asked)), asked.query
    order, node = _order(asked)
    customer = (
        read_customers.one(asked.shop, query.get("customer", node or "")) if node or "customer" in query else None
    )
    if "customer" in query and customer is None:
        raise Problem(404, "The shop has no such customer.")
    public, step, language = settings().public_url, query.get("step"), query.get("language")
    shown = _shown(lambda: preview.preview(words, step, language, asked.now, public, order, customer))
    return preview.view(words, shown)


def _flow(asked: Asked) -> Flow:
    found = flow_book.every(asked.shop).get(asked.path["name"])
    if found is None:
        raise Problem(404, NO_FLOW)
    return found


def _order(asked: Asked) -> tuple[Order | None, str | None]:
    if "order" not in asked.query:
        return None, None
    found = orders.get(asked.shop.slug, asked.query["order"])
    if found is None:
        raise Problem(404, "The shop has no such order.")
    return found


def _shown(make: Callable[[], T]) -> T:
    try:
        return make()
    except NoPreview as none:
        raise Problem(400, none.reason, none.field) from None
    except BadTemplate as bad:
        raise Problem(422, str(bad)) from None


@partner(flow_trials, "/v1/flows/{name}/test", "POST", takes=True, status=202)
def try_flow(asked: Asked) -> Json:
    """Sends one message of the flow, with made-up data, to an address of the shop's own."""
    body, flow = bodies.known(asked, ("to", "step", "language")), _flow(asked)
    step, language = (bodies.optional(body, name) for name in ("step", "language"))
    words, public = Wording(asked.shop, flow), settings().public_url
    shown = _shown(lambda: preview.preview(words, step, language, asked.now, public))
    told = {"flow": flow.name, "step": shown.step.name, "language": shown.language}
    try:
        to = trial.ask(asked.shop, told, bodies.text(body, "to"), asked.now, aws.outbox())
    except trial.NotOwn as other:
        raise Problem(422, str(other), "to") from None
    except trial.TooMany as enough:
        raise Problem(429, str(enough), Retry_After="3600") from None
    return {**told, "to": to, "subject": f"{trial.MARK} {shown.mail.subject}"}


@partner(flow_trials, "/v1/flows/rehearse", "POST", takes=True)
def rehearse_flow(asked: Asked) -> Json:
    """A flow over the shop's past, on paper: nothing is sent or stored."""
    from chalicelib.work import rehearse, rehearse_view

    body = bodies.known(asked, ("flow", "texts", "name", "days"))
    if ("flow" in body) == ("name" in body):
        raise Problem(400, "say either flow, its text, or name, one that the shop has", "flow")
    made = draft(asked.shop, body, None) if "flow" in body else None
    flow = made.flow if made else flow_book.every(asked.shop).get(bodies.text(body, "name"))
    if flow is None:
        raise Problem(404, NO_FLOW)
    words = made.words(asked.shop) if made else Wording(asked.shop, flow)
    days, until = _days(body), time.monotonic() + MOST_SECONDS
    try:
        found = rehearse.rehearse(
            asked.shop, flow, days, asked.now, most=MOST_PEOPLE, enough=lambda: time.monotonic() > until
        )
    except rehearse.CannotRehearse as cannot:
        raise Problem(422, str(cannot), "starts") from None
    return rehearse_view.view(found, asked.shop, words, asked.now, settings().public_url, MOST_ROWS)


def _days(body: dict[str, Any]) -> int:
    days = body.get("days", USUAL_DAYS)
    if type(days) is not int or not 1 <= days <= MOST_DAYS:
        raise Problem(400, f"should be a whole number from 1 to {MOST_DAYS}", "days")
    return days


@partner(flow_trials, "/v1/customers/{customer}/explain", query=("flow", "order"))
def explain_customer(asked: Asked) -> Json:
    """For every flow, or one: what happened, what would happen now and next, or why nothing ever stood."""
    customer = read_customers.one(asked.shop, asked.path["customer"])
    if customer is None:
        raise Problem(404, "The shop has no such customer.")
    order = asked.query.get("order")
    known = explain.read(asked.shop, customer, asked.now, order)
    if order and (not known.orders[0].order or known.orders[0].customer not in {n.id for n in customer.nodes}):
        raise Problem(404, "She has no such order.")
    return {"customer_id": customer.id, "flows": explain.explain(known, asked.query.get("flow"))}
