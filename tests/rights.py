"""Which function calls what on AWS, and whether its role allows it: watched in every test, as IAM would.

No emulator here enforces roles; a call that a role lacks would first fail in somebody's account.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from fnmatch import fnmatchcase
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from botocore.client import BaseClient

from chalicelib.thin import Thin

IAM = Path(__file__).resolve().parents[1] / "infra" / "iam"
Call = tuple[str, str]  # action, resource: ("s3:PutObject", "${Bucket.Arn}/spool/acme/1")
_running: ContextVar[str] = ContextVar("_running", default="")
_TRANSACTED = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}


class Watch:
    """What was called while it watched, by function; and what of it no role allows."""

    def __init__(self) -> None:
        self.made: dict[str, set[Call]] = {}
        self.denied: list[tuple[str, str, str]] = []
        self.operations: set[tuple[str, str]] = set()  # of botocore's clients: (service, operation)

    def note(self, calls: list[Call]) -> None:
        function = _running.get()
        for action, resource in calls if function else ():
            self.made.setdefault(function, set()).add((action, resource))
            if not allows(function, action, resource):
                self.denied.append((function, action, resource))


@lru_cache(maxsize=16)
def statements(function: str) -> tuple[tuple[str, frozenset[str], tuple[str, ...]], ...]:
    """(sid, actions, resources) of a function's role; resources as the template writes them: `${Table.Arn}`."""
    policy = json.loads((IAM / f"{function}.json").read_text())
    return tuple(
        (one["Sid"], frozenset(_listed(one["Action"])), tuple(_text(told) for told in _listed(one["Resource"])))
        for one in policy["Statement"]
        if one["Effect"] == "Allow"
    )


def allows(function: str, action: str, resource: str) -> bool:
    return any(
        action in actions and any(fnmatchcase(resource, _pattern(allowed)) for allowed in resources)
        for _, actions, resources in statements(function)
    )


def _pattern(allowed: str) -> str:
    """`*` and nothing else is special."""
    return allowed.replace("[", "[[]")


def _listed(told: Any) -> list[Any]:
    return told if isinstance(told, list) else [told]


def _text(told: Any) -> str:
    if isinstance(told, str):
        return told
    return str(told["Fn::Sub"]) if "Fn::Sub" in told else f"${{{'.'.join(told['Fn::GetAtt'])}}}"


# --- what is called --------------------------------------------------------------------------------------------------


def of_botocore(service: str, operation: str, asked: dict[str, Any]) -> list[Call]:
    """The actions that IAM asks about for one call of a botocore client."""
    if service == "dynamodb":
        return _of_table(operation, asked)
    if service == "sesv2":
        account = "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:"
        return [
            (f"ses:{operation}", f"{account}identity/x"),
            (f"ses:{operation}", f"{account}configuration-set/${{MailSet}}"),
        ]
    return [(f"{service}:{operation}", json.dumps(asked, default=str)[:200])]


def _of_table(operation: str, asked: dict[str, Any]) -> list[Call]:
    if operation == "TransactWriteItems":
        return [(f"dynamodb:{_TRANSACTED[kind]}", "${Table.Arn}") for item in asked["TransactItems"] for kind in item]
    if operation == "TransactGetItems":
        return [("dynamodb:GetItem", "${Table.Arn}")]
    index = f"/index/{asked['IndexName']}" if asked.get("IndexName") else ""
    return [(f"dynamodb:{operation}", f"${{Table.Arn}}{index}")]


def of_thin(
    service: str, method: str, base: str, path: str, headers: dict[str, str], body: bytes, query: str
) -> list[Call]:
    """The same for a signed request of our own."""
    if service == "sqs":
        action = headers["x-amz-target"].rpartition(".")[2].removesuffix("Batch")
        queue = json.loads(body)["QueueUrl"].rpartition("/")[2].rpartition("-")[2].capitalize()
        return [(f"sqs:{action}", f"${{{queue}Queue.Arn}}")]
    if service == "dynamodb":
        return _of_table(headers["x-amz-target"].rpartition(".")[2], json.loads(body))
    if service == "ssm":
        arn = "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter${MasterParameter}"
        return [("ssm:GetParameter", arn)]
    # the bucket leads the path, or the host
    key = unquote(path).lstrip("/") if ".s3." in urlsplit(base).netloc else unquote(path).lstrip("/").partition("/")[2]
    if query:
        return [("s3:ListBucket", "${Bucket.Arn}")]
    action = {"GET": "GetObject", "PUT": "PutObject", "DELETE": "DeleteObject"}[method]
    return [(f"s3:{action}", f"${{Bucket.Arn}}/{key}")]


@contextmanager
def watching(watch: Watch) -> Iterator[None]:
    """From now on everything that a function calls is noted."""
    import chalice

    from chalicelib import accept
    from chalicelib.channels import sns
    from chalicelib.functions import events, feedback, fetch, ingest, learn, send, tick

    call, request = BaseClient._make_api_call, Thin._request

    def called(self: Any, operation: str, asked: dict[str, Any]) -> Any:
        if _running.get():
            watch.operations.add((self.meta.service_model.service_name, operation))
        watch.note(of_botocore(self.meta.service_model.service_name, operation, asked))
        return call(self, operation, asked)

    def requested(
        self: Thin, service: str, method: str, base: str, path: str, headers: Any, body: bytes, query: str = ""
    ) -> bytes:
        watch.note(of_thin(service, method, base, path, headers, body, query))
        return request(self, service, method, base, path, headers, body, query)

    texted = sns._exchange

    def texting(*args: Any) -> tuple[int, bytes]:
        watch.note([("sns:Publish", "a number")])
        return texted(*args)

    kept: list[tuple[Any, str, Any]] = []

    def put(place: Any, name: str, new: Any) -> None:
        kept.append((place, name, getattr(place, name)))
        setattr(place, name, new)

    put(BaseClient, "_make_api_call", called)
    put(Thin, "_request", requested)
    put(sns, "_exchange", texting)
    put(chalice.Chalice, "__call__", _as("api", chalice.Chalice.__call__))
    put(accept, "handler", _as("accept", accept.handler))
    for module in (ingest, send, feedback, fetch, learn, events, tick):
        put(module, "handler", _as(module.__name__.rpartition(".")[2], module.handler))
    try:
        yield
    finally:
        for place, name, old in reversed(kept):
            setattr(place, name, old)


def _as(function: str, handler: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(handler)
    def running(*args: Any, **kwargs: Any) -> Any:
        token = _running.set(function)
        try:
            return handler(*args, **kwargs)
        finally:
            _running.reset(token)

    return running
