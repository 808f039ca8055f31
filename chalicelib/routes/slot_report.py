"""What the slots did: `GET /v1/slots/report`, for the secret key. What a page asks for is `GET /v1/slots`."""

from __future__ import annotations

from chalice import Blueprint

from chalicelib.domain.spans import BadSpan
from chalicelib.routes.asked import Asked
from chalicelib.routes.door import partner
from chalicelib.routes.problems import Problem
from chalicelib.work.read_views import Json

slot_report = Blueprint(__name__)


@partner(slot_report, "/v1/slots/report", query=("from", "to"))
def get_slot_report(asked: Asked) -> Json:
    from chalicelib.work import read_slots  # nothing else of the API needs its rows

    try:
        days = read_slots.span(asked.query.get("from"), asked.query.get("to"), asked.now)
    except BadSpan as bad:
        raise Problem(400, bad.reason, bad.field) from None
    return read_slots.report(asked.shop, days)
