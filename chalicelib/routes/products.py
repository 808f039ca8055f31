"""Partner API: who waits for a product that is sold out. For the shop's secret key."""

from __future__ import annotations

from typing import Any

from chalice import Blueprint

from chalicelib.domain.people import clean_email
from chalicelib.routes import bodies
from chalicelib.routes.asked import Asked
from chalicelib.routes.door import partner
from chalicelib.routes.problems import Problem
from chalicelib.work import read_customers, wants
from chalicelib.work.read_views import Json

products = Blueprint(__name__)
WAYS = ("customer_id", "platform_customer_id", "email")
LONGEST_ID = 128


@partner(products, "/v1/products/{product}/waiting")
def count_waiting(asked: Asked) -> Json:
    """How many wait for it to be back."""
    return _waiting(asked)


@partner(products, "/v1/products/{product}/waiting", "PUT", takes=True)
def put_waiting(asked: Asked) -> Json:
    """A customer wants to be told when it is back, for 180 days."""
    person = _who(asked)
    try:
        wants.want(asked.shop, _product(asked), person, asked.now)
    except LookupError:
        raise Problem(404, "The shop has no such customer.") from None
    except wants.TooMany as many:
        raise Problem(400, f"waits for too many: {many}", _way(asked.body)) from None
    return _waiting(asked)


@partner(products, "/v1/products/{product}/waiting/{customer}", "DELETE")
def delete_waiting(asked: Asked) -> Json:
    """She does not want to be told any more, or never did."""
    wants.unwant(asked.shop, _product(asked), asked.path["customer"])
    return _waiting(asked)


def _waiting(asked: Asked) -> Json:
    product = _product(asked)
    return {"product_id": product, "waiting": wants.count(asked.shop, product, asked.now)}


def _product(asked: Asked) -> str:
    product = asked.path["product"]
    if len(product) > LONGEST_ID:
        raise Problem(404, "The shop has no such product.")
    return product


def _way(body: dict[str, Any]) -> str:
    named = [way for way in WAYS if way in body]
    if len(named) != 1:
        raise Problem(400, f"say who with one of {', '.join(WAYS)}", named[1] if named else WAYS[0])
    return named[0]


def _who(asked: Asked) -> str:
    """Her id here. An address leads to whoever is filed under it, else to the one customer who uses it; to nobody where
    several do."""
    body = bodies.known(asked, WAYS)
    way = _way(body)
    text = bodies.optional(body, way)
    if text is None:
        raise Problem(400, "should be a short text", way)
    if way == "customer_id":
        return text
    address = clean_email(text) if way == "email" else text
    if not address:
        raise Problem(400, "should be an e-mail address", way)
    found = read_customers.of_identity(asked.shop, f"{'email' if way == 'email' else 'account'}:{address}", asked.now)
    if found is None and way == "email":
        found = read_customers.only_one(asked.shop, f"email:{address}")
    if found is None:
        raise Problem(404, "The shop has no such customer.")
    return found.id
