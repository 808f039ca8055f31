"""Partner API: how the shop's deliveries fare, and those that could not be taken in. For the shop's secret key."""

from __future__ import annotations

from chalice import Blueprint

from chalicelib.routes.asked import Asked
from chalicelib.routes.door import partner
from chalicelib.routes.problems import Problem
from chalicelib.work import aws, read_health, read_quarantine
from chalicelib.work.read_views import Json

deliveries = Blueprint(__name__)


@partner(deliveries, "/v1/health")
def get_health(asked: Asked) -> Json:
    return read_health.health(asked.shop, aws.for_health(), asked.now)


@partner(deliveries, "/v1/quarantine", query=("limit", "cursor"))
def list_quarantine(asked: Asked) -> Json:
    return asked.page(read_quarantine.listed(asked.shop, asked.limit, asked.cursor))


@partner(deliveries, "/v1/quarantine/{delivery}/replay", "POST", status=202)
def replay_delivery(asked: Asked) -> Json:
    """Takes the delivery in once more."""
    found = read_quarantine.replay(asked.shop, asked.path["delivery"], asked.now, aws.inbox())
    if found is None:
        raise Problem(404, "There is no such delivery, or it was too large to keep.")
    return found
