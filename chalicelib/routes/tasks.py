"""Partner API: what the owner is to do for customers. For the shop's secret key."""

from __future__ import annotations

from chalice import Blueprint

from chalicelib.routes.asked import Asked
from chalicelib.routes.bodies import known
from chalicelib.routes.door import partner
from chalicelib.routes.problems import Problem
from chalicelib.table.tasks import STATES
from chalicelib.work import read_tasks
from chalicelib.work.read_views import Json

tasks = Blueprint(__name__)
_WHICH = f"should be one of {', '.join(STATES)}"


@partner(tasks, "/v1/tasks", query=("state", "limit", "cursor"))
def list_tasks(asked: Asked) -> Json:
    """The open ones, or with `state=done` those that are done; oldest first."""
    state = asked.query.get("state", "open")
    if state not in STATES:
        raise Problem(400, _WHICH, "state")
    return asked.page(read_tasks.listed(asked.shop, state, asked.limit, asked.cursor))


@partner(tasks, "/v1/tasks/{task}", "POST", takes=True)
def put_task(asked: Asked) -> Json:
    """`{"state": "done"}`, or `open` again."""
    state = known(asked, ("state",)).get("state")
    if state not in STATES:
        raise Problem(400, _WHICH, "state")
    found = read_tasks.put(asked.shop, asked.path["task"], str(state), asked.now)
    if found is None:
        raise Problem(404, "The shop has no such task.")
    return found
