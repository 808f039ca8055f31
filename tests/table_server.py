"""The table in memory, over HTTP and in DynamoDB's own JSON: it outlives whoever writes to it. Takes messages too."""

from __future__ import annotations

import json
import threading
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from tests.fake_dynamo import FakeDynamo

# Of transactions so long ago nobody asks a second time; each holds the whole of what it wrote.
MOST_TOKENS = 2_000
Said = tuple[int, dict[str, str], bytes]


class SharedDynamo(FakeDynamo):
    """One call after the other, whoever makes it. `calls`: how many there were."""

    def __init__(self) -> None:
        self._one_at_a_time = threading.RLock()
        self.calls = 0
        super().__init__()

    def _make_api_call(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        with self._one_at_a_time:
            self.calls += 1
            answer = super()._make_api_call(operation, arguments)
            while len(self._tokens) > MOST_TOKENS:
                del self._tokens[next(iter(self._tokens))]
            return answer


class TableServer:
    """To be `Served`. `sent`: the message bodies that came for a queue."""

    def __init__(self) -> None:
        self.dynamo = SharedDynamo()
        self.sent: list[str] = []

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Said:
        """One request of botocore's, or of our own thin client."""
        service, _, operation = headers.get("x-amz-target", "").rpartition(".")
        if len(body) < int(headers.get("content-length", 0)):  # whoever asked was killed over it
            return _said(400, {"__type": "SerializationException"})
        if service == "AmazonSQS":
            self.sent += [entry["MessageBody"] for entry in json.loads(body)["Entries"]]
            return _said(200, {"Successful": [], "Failed": []})
        try:
            return _said(200, self.dynamo._make_api_call(operation, json.loads(body, object_hook=_with_bytes)))
        except ClientError as refused:
            return _said(400, _refusal(refused))


def _said(status: int, answer: Any) -> Said:
    return status, {"content-type": "application/x-amz-json-1.0"}, json.dumps(answer, default=_as_text).encode()


def _refusal(refused: ClientError) -> dict[str, Any]:
    """As DynamoDB writes it: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html"""
    told = refused.response["Error"]
    found = {"__type": f"com.amazonaws.dynamodb.v20120810#{told['Code']}", "message": told["Message"]}
    reasons = refused.response.get("CancellationReasons")
    return found if reasons is None else {**found, "CancellationReasons": reasons}


def _with_bytes(found: dict[str, Any]) -> dict[str, Any]:
    """Binary values are base64 on the wire."""
    if isinstance(found.get("B"), str) and len(found) == 1:
        return {"B": b64decode(found["B"])}
    return found


def _as_text(value: bytes) -> str:
    return b64encode(value).decode()
