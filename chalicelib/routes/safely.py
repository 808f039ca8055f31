"""Whatever goes wrong behind a route becomes a problem: ours to be tried again, or a fault of ours that is logged."""

from __future__ import annotations

from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError
from chalice import Response

from chalicelib import thin
from chalicelib.routes.problems import Problem, answer
from chalicelib.table import base
from chalicelib.work.log import logger, unforeseen

BUSY = (base.Trouble, base.Conflict, thin.Trouble, BotoCoreError, ClientError, OSError)


def safely(route: str, do: Callable[[], Response]) -> Response:
    """What `do` answers, with the table at hand. Never raises, and logs no more than `route`: a token may stand in the
    address."""
    try:
        base.connect()
        return do()
    except Problem as problem:
        return answer(problem)
    except BUSY as trouble:
        logger.warning("busy", extra={"route": route, "reason": type(trouble).__name__})
        return answer(Problem(503, "Try again in a moment.", Retry_After="5"))
    except Exception as error:
        unforeseen(error, route=route)
        return answer(Problem(500))
