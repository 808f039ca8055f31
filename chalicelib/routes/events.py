"""What visitors do, as the shop's pages tell it: `navigator.sendBeacon` and `fetch`, both without a preflight.

Nothing is read here of anybody, and nothing is answered but how much was taken: known, unknown and erased customers
cannot be told apart, not by the answer and not by its time. The rest is the worker's (`work/visits.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalice import Blueprint, Response
from chalice.app import Request

from chalicelib import thin
from chalicelib.domain import visit_reading
from chalicelib.domain.bots import is_bot
from chalicelib.domain.visits import BadVisit, Batch, rids_of
from chalicelib.routes.limits import Limit, Limiter
from chalicelib.routes.problems import Problem, respond, unknown
from chalicelib.routes.storefront import Visit, storefront, visit
from chalicelib.settings import settings
from chalicelib.work import aws
from chalicelib.work import rid as rids
from chalicelib.work.log import logger
from chalicelib.work.visit_messages import message

visits = Blueprint(__name__)
_TYPES = ("application/json", "text/plain")
# A page view is told in one or two requests; an office behind one address is many visitors.
_VISITORS = Limiter(Limit(burst=60, per_minute=120))
_PLACES = Limiter(Limit(burst=300, per_minute=1200))


@storefront(visits, "/v1/events", "POST")
def post_events(request: Request) -> Response:
    """Taken: put on the queue, or dropped without a word where a program tells it."""
    batch = _read(request)
    # A token without consent is not even looked at.
    seen = visit(request, _key(request, batch), batch.token, beacon=True)
    _PLACES.take(seen.now, seen.shop.slug, seen.address)
    for who in filter(None, (batch.visitor, seen.account)):
        _VISITORS.take(seen.now, seen.shop.slug, who)
    accepted = batch.kept(seen.account is not None)
    if seen.preview:
        return respond(202, {"accepted": len(accepted), "preview": True, "refused": _refused(seen, batch)})
    if not accepted or is_bot(request.headers.get("user-agent")):
        return respond(202, {"accepted": 0})
    _hand_on(seen, message(seen.shop.slug, batch, seen.account, seen.now))
    return respond(202, {"accepted": len(accepted)})


def _read(request: Request) -> Batch:
    raw: bytes = request.raw_body or b""
    if len(raw) > visit_reading.LARGEST_BODY:
        raise Problem(413, f"at most {visit_reading.LARGEST_BODY} bytes")
    kind = str(request.headers.get("content-type", "")).partition(";")[0].strip().lower()
    if kind not in _TYPES:
        raise Problem(415, f"Only {' or '.join(_TYPES)}.")
    try:
        return visit_reading.read(raw)
    except BadVisit as bad:
        raise Problem(400, bad.reason, bad.field) from None


def _key(request: Request, batch: Batch) -> str | None:
    """In the body; also in the address, for whoever tells shops apart before the body is read."""
    params: Mapping[str, Any] = request.query_params or {}
    if strange := sorted(set(params) - {"key"}):
        raise unknown(strange[0], ("key",), "query")
    asked = (params.getlist("key") if hasattr(params, "getlist") else [params["key"]]) if params else []
    named = {*asked, *((batch.key,) if batch.key else ())}
    if len(named) > 1:
        raise Problem(400, "should be given once", "key")
    return named.pop() if named else None


def _refused(seen: Visit, batch: Batch) -> int:
    """How many of the recommendations that it names are none of this shop's, or too old. Only whoever makes a page is
    told: in a shop that is open it is counted, so that nobody learns here whether a forgery would do."""
    named = {rid for event in batch.events for rid in rids_of(event)}
    return sum(not rids.is_ours(settings().master, seen.shop.slug, rid, seen.now) for rid in named)


def _hand_on(seen: Visit, text: str) -> None:
    """Lost views are no disaster; to say that they were taken would be a lie."""
    try:
        aws.reach().hand_events(text, seen.shop.slug)
    except (thin.Trouble, OSError) as trouble:
        logger.warning("not taken", extra={"shop": seen.shop.slug, "reason": type(trouble).__name__})
        raise Problem(503, "None of it was taken: tell it again in a moment.", Retry_After="5") from None
