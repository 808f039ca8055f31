"""Where providers tell of a shop's messages. Open to everybody: SNS signs, Kavenegar knows the token in the address."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from chalice import Blueprint, Response

from chalicelib import clock, thin
from chalicelib.routes.problems import Problem, answer, respond
from chalicelib.settings import settings
from chalicelib.table import base
from chalicelib.work import aws
from chalicelib.work.log import logger, unforeseen

provider_events = Blueprint(__name__)
_BUSY = (base.Trouble, thin.Trouble, OSError)


@provider_events.route("/provider/sns/{shop}", methods=["POST"], content_types=["*/*"])
def take_sns(shop: str) -> Response:
    """A topic's HTTPS subscription: incoming text messages, events of SES."""

    def taken() -> Response:
        from chalicelib.work import provider_events as work

        return respond(200, {"outcome": work.take_sns(shop, _body(work.LARGEST_BODY), clock.now(), _outside())})

    return _answered("sns", taken)


@provider_events.route("/provider/kavenegar/{shop}/{token}", methods=["GET", "POST"], content_types=["*/*"])
def take_kavenegar(shop: str, token: str) -> Response:
    """An incoming text message, or what became of one of ours."""

    def taken() -> Response:
        from chalicelib.work import provider_events as work

        query = dict(provider_events.current_request.query_params or {})
        body = _body(work.LARGEST_BODY)
        return respond(200, {"outcome": work.take_kavenegar(shop, token, query, body, clock.now(), _outside())})

    return _answered("kavenegar", taken)


def _outside() -> Any:
    from chalicelib.work.provider_events import Outside

    given = settings().need("feedback_url")
    return Outside(_client(given.local).ask, aws.reach().hand_feedback, given.master)


@lru_cache(maxsize=2)
def _client(local: bool) -> Any:
    from chalicelib.safe_http import Client

    return Client(local=local, total=8.0, patience=0)


def _body(most: int) -> bytes:
    body: bytes = provider_events.current_request.raw_body or b""
    if len(body) > most:
        raise Problem(413, f"at most {most} bytes")
    return body


def _answered(door: str, do: Callable[[], Response]) -> Response:
    """Never raises, and never logs the address: Chalice would, and a token stands in it."""
    from chalicelib.work import provider_events as work

    try:
        base.connect()
        return do()
    except work.Unknown:
        return answer(Problem(404, "Nobody is told anything here."))
    except work.Forged as forged:
        logger.warning("forged", extra={"door": door, "reason": str(forged)})
        return answer(Problem(403, "This is not signed by whom it says."))
    except Problem as problem:
        return answer(problem)
    except (work.NotNow, *_BUSY) as trouble:
        logger.warning("busy", extra={"door": door, "reason": type(trouble).__name__})
        return answer(Problem(503, "Try again in a moment.", Retry_After="5"))
    except Exception as error:
        unforeseen(error, door=door)
        return answer(Problem(500))
