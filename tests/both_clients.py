"""What our thin client asks of the table, where the table is a mock that only PynamoDB's client knows."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.table import base
from chalicelib.thin import Thin, Trouble

Asking = Callable[[Thin, str, dict[str, Any]], Any]


def through_pynamodb(thin: Asking) -> Asking:
    """An emulator, which has an address, is asked as ever."""

    def dynamodb(self: Thin, operation: str, asked: dict[str, Any]) -> Any:
        if self._endpoint:
            return thin(self, operation, asked)
        try:
            answer = base.Row._get_connection().connection.client._make_api_call(operation, asked)
        except ClientError as refused:
            status = refused.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
            raise Trouble("dynamodb", status, refused.response["Error"]["Code"]) from refused
        except BotoCoreError as trouble:
            raise Trouble("dynamodb", 0, type(trouble).__name__) from trouble
        return json.loads(json.dumps(answer, default=lambda binary: b64encode(bytes(binary)).decode()))

    return dynamodb
