"""The OpenAPI document is valid, complete and true: schemathesis holds the app to it."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

import app
from chalicelib import clock
from chalicelib.domain.why import SENTENCES
from chalicelib.routes.public import OPENAPI
from chalicelib.table import customers
from chalicelib.work import aws, read_health
from tests.acme import NOW, SARA, order, open_shop, see
from tests.fake_dynamo import instead_of_dynamodb
from tests.gateway import ask, wsgi
from tests.test_api import quarantined

DOCUMENT: dict[str, Any] = json.loads(OPENAPI.read_text())
METHODS = ("get", "post", "put", "patch", "delete")
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
SCHEMA.app = wsgi
OURS = SCHEMA.include(path_regex="^/(v1|openapi|schemas)")
EXAMPLES = settings(
    max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
)
