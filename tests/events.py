"""What Lambda hands to the functions: REST proxy events and SQS batches."""

from __future__ import annotations

import base64
from typing import Any

from tests import todays_order


def rest(
    method: str, resource: str, parameters: dict[str, str], headers: dict[str, str], body: bytes | None = None
) -> dict[str, Any]:
    """API Gateway's REST proxy event for a route such as `/v1/orders/{order}`."""
    path = resource.format(**parameters)
    return {
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": parameters or None,
        "stageVariables": None,
        "requestContext": {"resourcePath": resource, "httpMethod": method, "path": path, "stage": "dev"},
        "body": base64.b64encode(body).decode() if body else None,
        "isBase64Encoded": bool(body),
    }


def delivery(told: dict[str, Any]) -> dict[str, Any]:
    """Today's order, as it reaches accept; `told` is what `add_shop` said."""
    body = todays_order.body()
    parameters = {"platform": "standard", "shop": "acme"}
    return rest("POST", "/hooks/{platform}/{shop}", parameters, todays_order.signed(body, told), body)


def batch(*bodies: str) -> dict[str, Any]:
    """An SQS event with these messages."""
    return {"Records": [{"messageId": str(number), "body": body} for number, body in enumerate(bodies)]}
