"""The OpenAPI document is valid, complete and true: schemathesis holds the app to it."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

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
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.domain.why import SENTENCES, sentence
from chalicelib.routes.public import OPENAPI
from chalicelib.table import base, follow_ups, ratings, tasks
from chalicelib.work import aws, read_health, read_tasks
from infra import reference
from infra import schema_words as words
from tests.acme import NOW, SARA, open_shop, order, see
from tests.fake_dynamo import instead_of_dynamodb
from tests.gateway import ask, partner, wsgi
from tests.test_api import quarantined

DOCUMENT: dict[str, Any] = json.loads(OPENAPI.read_text())
METHODS = ("get", "post", "put", "patch", "delete")
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SCHEMA = schemathesis.openapi.from_wsgi("/openapi.json", wsgi)
OURS = SCHEMA.include(path_regex="^/(v1|openapi|schemas)")
ROOT = Path(__file__).parents[1]
NOW_TEXT = stamp(NOW)


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A shop with one order, and its key."""
    with instead_of_dynamodb():
        clock.use(lambda: NOW)
        monkeypatch.setattr(aws, "journal", lambda: lambda key, data: None)
        monkeypatch.setattr(aws, "inbox", lambda: lambda text, shop: None)
        monkeypatch.setattr(aws, "for_health", lambda: read_health.Outside(lambda: 0, lambda shop: 0))
        monkeypatch.setattr(aws, "outbox", lambda: lambda messages: None)
        shop, secret = open_shop(sender="Acme <shop@acme.test>")
        see(shop, order())
        quarantined()
        yield secret


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in DOCUMENT["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def is_for_pages(operation: dict[str, Any]) -> bool:
    """Of the storefront: the key stands in the page, and the page's origin counts."""
    return "storefront" in operation["tags"]


def test_the_document_is_valid() -> None:
    SCHEMA.validate()
    for schema in DOCUMENT["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_the_reference_is_the_document() -> None:
    assert reference.REFERENCE.read_text() == reference.written(DOCUMENT), "make reference"


def sections() -> dict[str, str]:
    """The reference: what stands under each heading."""
    parts = re.split(r"^##+ (.+)$", reference.REFERENCE.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_reference_tells_what_to_send_field_by_field_with_one_example() -> None:
    told = sections()
    for path, method, operation in operations():
        taken = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        section, schema = told[f"`{method.upper()} {path}`"], taken.get("schema", {})
        if "$ref" in schema:
            assert f"](#{schema['$ref'].rpartition('/')[2].lower()})" in section
        for name, field in schema.get("properties", {}).items():
            assert f"\n| `{name}` | {words.form(field)}" in section, (path, name)
        assert (" -d '{" in section) == ("example" in taken), path
        assert ("example" in taken) or not (taken and path.startswith("/v1/")), path


@pytest.mark.parametrize(
    ("schema", "row"),
    [
        ("SlotProduct", "| `price.amount` | integer | Minor units"),
        ("SlotProduct", "| `why.text` | string | The reason"),
        ("Events", '| `events[]` | `{"type": "view", "product": "22727", "ago": 4}` | She looked at a product. |'),
        ("Events", "| `events[].query` | string, 1 to 200 characters | What she typed. |"),
        ("Events", "| `events[].ago` | integer, 0 to 3600 | may be missing. So many seconds"),
        ("Outlook", "| `second_order` | object or null | That she, who ordered once, orders again. |"),
        ("Outlook", "| `value[].orders.expected` | number |"),
        ("SlotDay", "| `slots.*.seen` | integer |"),
    ],
)
def test_the_reference_opens_what_has_no_name_of_its_own(schema: str, row: str) -> None:
    assert row in sections()[schema]


def parts(told: Any, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object in the document, with where it stands. What an example holds is none of them."""
    if isinstance(told, dict):
        yield place, told
        for name, value in told.items():
            if name not in ("example", "examples"):
                yield from parts(value, f"{place}/{name}")
    elif isinstance(told, list):
        for at, value in enumerate(told):
            yield from parts(value, f"{place}/{at}")


def examples() -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Where it stands, the example, and its schema."""
    for place, told in parts(DOCUMENT, ""):
        if "example" in told:
            yield place, told["example"], told["schema"]
        for example in told.get("examples", ()):
            yield place, example, told


def test_every_example_is_as_its_schema_says() -> None:
    found = list(examples())
    assert len(found) > 30
    for place, example, schema in found:
        whole = {**schema, "components": DOCUMENT["components"]}
        wrong = list(jsonschema.Draft202012Validator(whole).iter_errors(example))
        assert not wrong, (place, wrong[0].message)


def test_every_field_that_may_be_sent_says_what_it_means() -> None:
    taken = [operation["requestBody"]["content"] for _, _, operation in operations() if "requestBody" in operation]
    bodies = [body["application/json"].get("schema", {}) for body in taken if "application/json" in body]
    for body in [*bodies, DOCUMENT["components"]["schemas"]["Events"]]:
        for place, told in parts(body, ""):
            for name, field in told.get("properties", {}).items():
                assert "const" in field or "$ref" in field or field.get("description"), (place, name)


def test_every_route_of_the_app_is_described_and_nothing_else() -> None:
    routes = {(path, method.lower()) for path, methods in app.app.routes.items() for method in methods}
    # A browser's own question, and what GET answers without its body.
    routes = {(path, method) for path, method in routes if method not in ("options", "head")}
    assert routes == {(path, method) for path, method, _ in operations()}


def test_every_operation_says_who_may_call_it_and_what_can_go_wrong() -> None:
    for path, method, operation in operations():
        keyed = operation.get("security", DOCUMENT["security"]) == [{"secretKey": []}]
        assert keyed == (path.startswith("/v1/") and not is_for_pages(operation)), path
        if keyed:
            assert {"400", "401", "403", "405", "413", "415", "500", "503"} <= operation["responses"].keys(), path
        assert operation["summary"], (path, method)
    ids = [operation["operationId"] for _, _, operation in operations()]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("path", ["/openapi.json", "/widget.js"])
def test_a_monitor_that_asks_for_the_head_alone_gets_it(path: str) -> None:
    head, whole = ask("HEAD", path), ask("GET", path)
    assert (head.status, head.text) == (200, "")
    assert head.headers == whole.headers


def test_what_is_public_answers_without_a_key() -> None:
    assert ask("GET", "/openapi.json").json == DOCUMENT
    schema = ask("GET", "/schemas/standard-v1.json")
    assert schema.headers["content-type"] == "application/schema+json"
    jsonschema.Draft202012Validator.check_schema(schema.json)


def test_every_answer_that_succeeds_is_as_described(key: str) -> None:
    get = partner(key)
    customer = get("/v1/customers", email=SARA.email).json["items"][0]["id"]
    given = {
        "customer": customer,
        "order": "18",
        "follow_up": follow_ups.follow_up_id("18", "thank-you", "mail"),
        "delivery": get("/v1/quarantine").json["items"][0]["id"],
        "task": a_task(customer),
        "name": "come-back",
        "product": "p-1",
    }
    # Erasing comes last.
    partners = [one for one in operations() if one[0].startswith("/v1/") and not is_for_pages(one[2])]
    ours = sorted(partners, key=lambda one: one[1] == "delete")
    for path, method, operation in ours:
        names = re.findall(r"{(\w+)}", path)
        taken = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        told = {"body": taken["example"], "media_type": "application/json"} if taken else {}
        case = OURS[path][method].Case(path_parameters={name: given[name] for name in names}, **told)
        response = case.call_and_validate(headers={"Authorization": f"Bearer {key}"}, checks=CHECKS)
        assert response.status_code in (200, 202), path


def a_task(customer: str) -> str:
    """One that is open, about an order that was rated."""
    rating, task = ratings.new("acme", "18"), tasks.new("acme", customer, "rating-18")
    rating.stars, rating.at, rating.first_at = 1, NOW_TEXT, NOW_TEXT
    task.about, task.text, task.state, task.at, task.order_id = "rating", "Ask her", "open", NOW_TEXT, "18"
    base.commit([ratings.write(rating, None), *tasks.writes(task, None)])
    return read_tasks.shown(customer, "rating-18")


@OURS.parametrize()
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
def test_whatever_is_asked_the_answer_is_as_described(case: Any, key: str) -> None:
    case.call_and_validate(headers={"Authorization": f"Bearer {key}"}, checks=CHECKS)


@pytest.mark.parametrize("path", [path for path, method, _ in operations() if method == "get" and "/v1/" in path])
def test_a_stranger_gets_a_401_as_described(path: str, key: str) -> None:
    answer = ask("GET", unquote(re.sub(r"{\w+}", "x", path)))
    assert answer.status == 401
    jsonschema.validate(answer.json, DOCUMENT["components"]["schemas"]["Problem"])


# --- why ---------------------------------------------------------------------------------------------------------


def codes_in_use() -> set[str]:
    """Every code that planning, deciding, sending and feedback write down, read from the source."""
    return {code for room in ("work", "domain") for code in _codes(ROOT / "chalicelib" / room)}


def _codes(room: Path) -> Iterator[str]:
    for file in sorted(room.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.Call(func=ast.Name("because" | "_again"), args=args):
                    yield from _texts(*args)
                case ast.Call(func=ast.Name("Verdict"), args=[ast.Constant(state), code, *_]) if state != "go":
                    yield from _texts(code)
                case ast.Call(func=ast.Attribute(ast.Name("steps"), "end"), args=[_, _, _, code, *_]):
                    yield from _texts(code)
                case ast.Call(func=ast.Name("Matter"), keywords=[ast.keyword(arg="gone", value=code), *_]):
                    yield from _texts(code)
                case ast.FunctionDef("stopped" | "_reason", body=body):
                    returns = [part for step in body for part in ast.walk(step) if isinstance(part, ast.Return)]
                    yield from (text for found in returns for text in _texts(*_not_compared(found)))
                case ast.FunctionDef("_again", args=ast.arguments(defaults=defaults)):
                    yield from _texts(*defaults)
                case ast.Assign(targets=[ast.Name("_CODES")], value=ast.Dict(values=values)):
                    yield from _texts(*values)


def _not_compared(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for part in ast.iter_child_nodes(node):
        if not isinstance(part, ast.Compare):
            yield from _not_compared(part)


def _texts(*nodes: ast.AST) -> list[str]:
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def test_every_why_has_a_sentence_in_english_and_persian() -> None:
    used = codes_in_use()
    assert {
        "planned",
        "replanned",
        "order_refunded",
        "customer_gone",
        "cap",
        "bounce",
        "refused",
        "no_longer_due",
    } <= used
    assert used - SENTENCES.keys() == set()
    for code, said in SENTENCES.items():
        assert said.keys() == {"en", "fa"}, code
        assert set(re.findall(r"{\w+}", said["en"])) == set(re.findall(r"{\w+}", said["fa"])), code


def test_a_why_without_its_parameters_or_with_an_odd_one_is_still_a_sentence() -> None:
    shop = Shop("acme", "standard", "2026-01-01T00:00:00Z", locale="xx-bad", timezone="Mars/Base")
    assert sentence("planned", {}, shop).startswith("Planned for —")
    assert "no time" in sentence("planned", {"due": "no time"}, shop)
    assert sentence("planned", {"due": "2026-11-21T21:02:00Z"}, shop).startswith("Planned for November 21, 2026 21:02")
    assert sentence("nobody_knows", {"x": 1}, shop) == "nobody_knows"


def test_a_refused_mail_says_what_the_provider_said() -> None:
    english = Shop("acme", "standard", "2026-01-01T00:00:00Z")
    assert "refused it (MessageRejected)" in sentence("refused", {"reason": "MessageRejected"}, english)
    assert "no sender. Add one with add-shop --from" in sentence("refused", {"reason": "no_sender"}, english)
    persian = replace(english, locale="fa-IR")
    assert "فرستنده ندارد" in sentence("refused", {"reason": "no_sender"}, persian)
