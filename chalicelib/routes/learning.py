"""Partner API: what was learnt from the shop's orders, and what is to be expected of one customer. For the secret
key."""

from __future__ import annotations

from chalice import Blueprint

from chalicelib.routes.asked import Asked
from chalicelib.routes.door import partner
from chalicelib.routes.problems import Problem
from chalicelib.work import read_customers
from chalicelib.work.read_views import Json

# What is said here takes models to load that nothing else of the API needs: with the first question, not at its start.
learning = Blueprint(__name__)


@partner(learning, "/v1/learning")
def get_learning(asked: Asked) -> Json:
    from chalicelib.work import read_learning

    return read_learning.seen_to(asked.shop, asked.now)


@partner(learning, "/v1/learning", "POST", status=202)
def learn_now(asked: Asked) -> Json:
    """Within two minutes; a run that is under way goes on."""
    from chalicelib.work import read_learning

    return read_learning.now_please(asked.shop, asked.now)


@partner(learning, "/v1/customers/{customer}/outlook")
def get_outlook(asked: Asked) -> Json:
    from chalicelib.work import outlook

    found = read_customers.one(asked.shop, asked.path["customer"])
    if found is None:
        raise Problem(404, "The shop has no such customer.")
    return outlook.of(asked.shop, found, asked.now)
