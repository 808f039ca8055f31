"""The doors, and nothing else: what comes in, and which function takes it. The whole map on one screen.

On AWS only the API runs from here; the template points Lambda at the others' own handlers, which load less.
"""

from __future__ import annotations

from typing import Any

from chalice import Chalice, Response
from chalice.app import CloudWatchEvent, SQSEvent

from chalicelib import accept
from chalicelib.routes.connections import connections
from chalicelib.routes.customers import customers
from chalicelib.routes.deliveries import deliveries
from chalicelib.routes.events import visits
from chalicelib.routes.flow_trials import flow_trials
from chalicelib.routes.flows import flows
from chalicelib.routes.learning import learning
from chalicelib.routes.mail_links import mail_links
from chalicelib.routes.my_pages import my_pages
from chalicelib.routes.orders import orders
from chalicelib.routes.products import products
from chalicelib.routes.provider_events import provider_events
from chalicelib.routes.public import public
from chalicelib.routes.ratings import rating_pages
from chalicelib.routes.slot_report import slot_report
from chalicelib.routes.slots import slots
from chalicelib.routes.tasks import tasks
from chalicelib.routes.widget import widget

app = Chalice(app_name="ecrm")
for blueprint in (
    customers,
    orders,
    products,
    tasks,
    flows,
    flow_trials,
    deliveries,
    mail_links,
    my_pages,
    rating_pages,
    connections,
    provider_events,
    learning,
    slots,
    slot_report,
    visits,
    widget,
    public,
):
    app.register_blueprint(blueprint)
Failures = dict[str, list[dict[str, str]]]


@app.route("/hooks/{platform}/{shop}", methods=["POST"], content_types=["*/*"])
def hooks(platform: str, shop: str) -> Response:
    """A shop's webhook. On AWS this address leads to accept's own small function; locally the same code answers."""
    answer: dict[str, Any] = accept.handler(app.current_request.to_original_event(), app.lambda_context)
    return Response(answer["body"], headers=answer["headers"], status_code=answer["statusCode"])


@app.on_sqs_message(queue="inbox", batch_size=10, maximum_concurrency=5)
def ingest(event: SQSEvent) -> Failures:
    """Deliveries that accept has verified."""
    from chalicelib.functions import ingest as function

    return function.handler(event.to_dict(), event.context)


@app.on_sqs_message(queue="unverified", batch_size=10, maximum_concurrency=2)
def unverified(event: SQSEvent) -> Failures:
    """Deliveries that came while accept could not know their secrets: verified before they are believed."""
    from chalicelib.functions import ingest as function

    return function.handler(event.to_dict(), event.context)


@app.on_sqs_message(queue="outbox", batch_size=10, maximum_concurrency=3)
def send(event: SQSEvent) -> Failures:
    """Follow-ups whose moment has come."""
    from chalicelib.functions import send as function

    return function.handler(event.to_dict(), event.context)


@app.on_sqs_message(queue="feedback", batch_size=10, maximum_concurrency=2)
def feedback(event: SQSEvent) -> Failures:
    """What the mail provider says became of our messages."""
    from chalicelib.functions import feedback as function

    return function.handler(event.to_dict(), event.context)


@app.on_sqs_message(queue="fetch", batch_size=1, maximum_concurrency=3)
def fetch(event: SQSEvent) -> Failures:
    """Shops whose own API has something to be asked."""
    from chalicelib.functions import fetch as function

    return function.handler(event.to_dict(), event.context)


@app.on_sqs_message(queue="learn", batch_size=1, maximum_concurrency=2)
def learn(event: SQSEvent) -> Failures:
    """Shops whose history is learnt from, at night."""
    from chalicelib.functions import learn as function

    return function.handler(event.to_dict(), event.context)


@app.on_sqs_message(queue="events", batch_size=10, maximum_concurrency=2)
def events(event: SQSEvent) -> Failures:
    """What visitors do in the storefronts: never more at once, so that its noise takes no function from the rest."""
    from chalicelib.functions import events as function

    return function.handler(event.to_dict(), event.context)


@app.schedule("rate(1 minute)")
def tick(event: CloudWatchEvent) -> None:
    """The clock: what is due goes to the outbox, what was spooled to the inbox, whom to ask to fetch."""
    from chalicelib.functions import tick as function

    function.handler(event.to_dict(), event.context)
