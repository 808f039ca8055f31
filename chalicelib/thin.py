"""Signed requests to AWS with the standard library alone: what accept and the storefront's pages need, at a tenth of
a botocore client's start and half of its time for a question.

Signature Version 4: https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import re
import ssl
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlsplit

CONNECT_SECONDS, READ_SECONDS = 1.0, 2.0
LARGEST_ANSWER = 16 * 1024 * 1024
_KEY = re.compile(r"<Key>([^<]*)</Key>")
_SIZE = re.compile(r"<Size>(\d+)</Size>")
_COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
# What a kept connection says when the other side closed it while it was idle, or the function was frozen: nothing was
# taken in, so asking again is safe. OpenSSL has words of its own for it. A timeout is not among them: it is answered by
# the caller's plan B.
_STALE = (
    http.client.RemoteDisconnected,
    http.client.CannotSendRequest,
    ConnectionResetError,
    BrokenPipeError,
    ssl.SSLEOFError,
    ssl.SSLZeroReturnError,
)


class Trouble(Exception):
    """AWS said no or could not be reached. `status` is 0 where there was no answer; `code` is AWS's, or the error's."""

    def __init__(self, service: str, status: int, code: str) -> None:
        super().__init__(f"{service}: {status or 'no answer'} {code}")
        self.service, self.status, self.code = service, status, code


@dataclass(frozen=True, slots=True)
class Credentials:
    """As Lambda puts them into the environment."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str = field(default="", repr=False)


@lru_cache(maxsize=8)
def _signing_key(secret_key: str, day: str, region: str, service: str) -> bytes:
    key = b"AWS4" + secret_key.encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def signed(
    credentials: Credentials,
    region: str,
    service: str,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    at: datetime,
    query: str = "",
) -> dict[str, str]:
    """`headers` (lower-case names, with `host`) plus those that prove who asks. `path` and `query` are already
    percent-encoded, the query's names in order."""
    stamp, digest = at.strftime("%Y%m%dT%H%M%SZ"), hashlib.sha256(body).hexdigest()
    headers = {**headers, "x-amz-date": stamp, "x-amz-content-sha256": digest}
    if credentials.token:
        headers["x-amz-security-token"] = credentials.token
    names = sorted(headers)
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in names)
    request = f"{method}\n{path}\n{query}\n{lines}\n{';'.join(names)}\n{digest}"
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = _signing_key(credentials.secret_key, stamp[:8], region, service)
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={credentials.access_key}/{scope}, "
        f"SignedHeaders={';'.join(names)}, Signature={signature}"
    )
    return headers


class Thin:
    """SQS, S3, SSM and DynamoDB over connections that are kept, one per thread and host."""

    def __init__(self, credentials: Credentials, region: str, endpoint: str = "") -> None:
        self._credentials, self._region, self._endpoint = credentials, region, endpoint
        self._domain = f"{region}.amazonaws.com" + (".cn" if region.startswith("cn-") else "")
        self._kept = threading.local()

    def sqs_send(self, url: str, body: str, group: str) -> None:
        """Put one message on the queue; `group` makes a standard queue fair between shops."""
        message = {"QueueUrl": url, "MessageBody": body, "MessageGroupId": group}
        self._call("sqs", "AmazonSQS.SendMessage", "application/x-amz-json-1.0", message)

    def sqs_send_all(self, url: str, entries: list[dict[str, str]]) -> None:
        """Put up to ten messages on the queue: `Id`, `MessageBody`, `MessageGroupId`. SQS may take only some."""
        message = {"QueueUrl": url, "Entries": entries}
        self._call("sqs", "AmazonSQS.SendMessageBatch", "application/x-amz-json-1.0", message)

    def sqs_waiting(self, url: str) -> int:
        """About how many messages are on the queue, hidden and delayed ones included."""
        message = {"QueueUrl": url, "AttributeNames": list(_COUNTS)}
        answer = self._call("sqs", "AmazonSQS.GetQueueAttributes", "application/x-amz-json-1.0", message)
        return sum(int(answer["Attributes"].get(name, 0)) for name in _COUNTS)

    def dynamodb(self, operation: str, asked: dict[str, Any]) -> Any:
        """One operation of DynamoDB's, in its own JSON: only such as may be asked twice."""
        return self._call("dynamodb", f"DynamoDB_20120810.{operation}", "application/x-amz-json-1.0", asked)

    def ssm_parameter(self, name: str) -> str:
        """The decrypted value of a parameter."""
        wanted = {"Name": name, "WithDecryption": True}
        answer = self._call("ssm", "AmazonSSM.GetParameter", "application/x-amz-json-1.1", wanted)
        return str(answer["Parameter"]["Value"])

    def s3_put(self, bucket: str, key: str, data: bytes) -> None:
        """Create or replace an object."""
        self._request("s3", "PUT", *self._object(bucket, key), {"content-type": "application/octet-stream"}, data)

    def s3_get(self, bucket: str, key: str) -> bytes:
        """The object's bytes. Trouble with status 404 where there is none."""
        return self._request("s3", "GET", *self._object(bucket, key), {}, b"")

    def s3_get_range(self, bucket: str, key: str, start: int, size: int) -> bytes:
        """Some of the object's bytes; fewer at its end. Trouble InvalidRange where it ends before `start`."""
        headers = {"range": f"bytes={start}-{start + size - 1}"}
        return self._request("s3", "GET", *self._object(bucket, key), headers, b"")

    def s3_size(self, bucket: str, key: str) -> int | None:
        """How many bytes the object has, None where there is none. Asked of the list: the object itself would tell it
        in a header only. Where it exists it leads all keys that begin as it does."""
        listing = self._listing(bucket, key, 1)
        if self._keys_of(listing) != [key]:
            return None
        return int(_SIZE.findall(listing)[0])

    def s3_keys(self, bucket: str, prefix: str, most: int = 1000) -> list[str]:
        """The first keys that begin so, in their order: at most 1000."""
        return self._keys_of(self._listing(bucket, prefix, most))

    def _listing(self, bucket: str, prefix: str, most: int) -> str:
        query = f"list-type=2&max-keys={most}&prefix={quote(prefix, safe='-_.~')}"
        base, path = self._object(bucket, "")
        return self._request("s3", "GET", base, path, {}, b"", query).decode()

    @staticmethod
    def _keys_of(listing: str) -> list[str]:
        from html import unescape  # knows two thousand names, which accept need not load

        return [unescape(key) for key in _KEY.findall(listing)]

    def s3_delete(self, bucket: str, key: str) -> None:
        """Remove an object, if it is there."""
        self._request("s3", "DELETE", *self._object(bucket, key), {}, b"")

    def _object(self, bucket: str, key: str) -> tuple[str, str]:
        path = quote(f"/{key}", safe="/-_.~")
        if self._endpoint or "." in bucket:
            return self._base("s3"), f"/{bucket}{path}"
        return f"https://{bucket}.s3.{self._domain}", path

    def _base(self, service: str) -> str:
        return self._endpoint or f"https://{service}.{self._domain}"

    def _call(self, service: str, target: str, kind: str, message: dict[str, Any]) -> Any:
        headers = {"content-type": kind, "x-amz-target": target}
        return json.loads(
            self._request(service, "POST", self._base(service), "/", headers, json.dumps(message).encode()) or b"{}"
        )

    def _request(
        self, service: str, method: str, base: str, path: str, headers: dict[str, str], body: bytes, query: str = ""
    ) -> bytes:
        headers = {"host": urlsplit(base).netloc, **headers}
        now = datetime.now(UTC)
        headers = signed(self._credentials, self._region, service, method, path, headers, body, now, query)
        target = f"{path}?{query}" if query else path
        try:
            status, answer = self._exchange(base, method, target, headers, body)
        except (OSError, http.client.HTTPException) as error:
            self._forget(base)
            raise Trouble(service, 0, type(error).__name__) from error
        if status >= 300:
            raise Trouble(service, status, _code(answer))
        return answer

    def _exchange(self, base: str, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        connection, kept = self._connection(base)
        try:
            return _ask(connection, method, path, headers, body)
        except _STALE:
            self._forget(base)
            if not kept:
                raise
        return _ask(self._connection(base)[0], method, path, headers, body)

    def _connection(self, base: str) -> tuple[http.client.HTTPConnection, bool]:
        kept: dict[str, http.client.HTTPConnection] = self._kept.__dict__.setdefault("connections", {})
        if base in kept:
            return kept[base], True
        kept[base] = connection = _connect(base)
        return connection, False

    def _forget(self, base: str) -> None:
        connection = self._kept.__dict__.get("connections", {}).pop(base, None)
        if connection:
            connection.close()


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


class _AtOnce(http.client.HTTPConnection):
    """Sends a request in one piece. In two, the head and the body, whoever listens wakes twice for it."""

    _held: list[bytes] | None = None

    def request(self, *args: Any, **kwargs: Any) -> None:
        self._held = []
        try:
            super().request(*args, **kwargs)
            whole = b"".join(self._held)
        finally:
            self._held = None
        super().send(whole)

    def send(self, data: Any) -> None:
        if self._held is None:
            super().send(data)
        else:
            self._held.append(data)


class _TlsAtOnce(_AtOnce, http.client.HTTPSConnection):
    """The same with TLS."""


def _connect(base: str) -> http.client.HTTPConnection:
    parts = urlsplit(base)
    if parts.scheme == "https":
        return _TlsAtOnce(parts.netloc, timeout=CONNECT_SECONDS, context=_tls())
    return _AtOnce(parts.netloc, timeout=CONNECT_SECONDS)


def _ask(
    connection: http.client.HTTPConnection, method: str, path: str, headers: dict[str, str], body: bytes
) -> tuple[int, bytes]:
    if connection.sock is None:
        connection.connect()
        if connection.sock:  # the connecting was timed by the shorter limit
            connection.sock.settimeout(READ_SECONDS)
    connection.request(method, path, body=body, headers=headers)
    response = connection.getresponse()
    answer = response.read(LARGEST_ANSWER + 1)
    if len(answer) > LARGEST_ANSWER:
        raise http.client.HTTPException("answer too large")
    if response.length:  # what did not come: `read` says nothing of it where it is told how much to read
        raise http.client.IncompleteRead(b"", response.length)
    return response.status, answer


def _code(answer: bytes) -> str:
    """AWS's own name for what went wrong, from JSON (`__type`) or XML (`<Code>`)."""
    text = answer[:2000].decode("utf-8", "replace")
    if "<Code>" in text:
        return text.split("<Code>", 1)[1].split("<", 1)[0][:80]
    try:
        return str(json.loads(text).get("__type", "")).rpartition("#")[2][:80]
    except (ValueError, AttributeError):
        return ""
