"""Signed requests with the standard library: the same signature as botocore's, and calm when the network is not."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime

import boto3
import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from chalicelib import thin
from chalicelib.accept import receive
from chalicelib.directory import text_of
from chalicelib.domain.shop import Shop
from chalicelib.envelope import unseal
from chalicelib.keys import webhook_secret
from chalicelib.outside import Absent, Aws
from chalicelib.platforms.woocommerce import signature as woocommerce
from chalicelib.settings import settings
from chalicelib.thin import Credentials, Thin, Trouble

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
KEY = Credentials("AKIAEXAMPLE", "wJalrXUtnFEMI/K7MDENG")


class TestTheSignature:
    @pytest.mark.parametrize("token", ["", "IQoJb3JpZ2luX2VjE/+=="])
    @pytest.mark.parametrize(
        ("service", "method", "path", "extra", "body"),
        [
            (
                "sqs",
                "POST",
                "/",
                {"content-type": "application/x-amz-json-1.0", "x-amz-target": "T.S"},
                b'{"a":"\xd8"}',
            ),
            ("s3", "PUT", "/b/spool/acme/2026-11-21T09%3A00%3A00.5Z-ab", {"content-type": "a/b"}, b"\x00\xff"),
            ("s3", "GET", "/directory.json", {}, b""),
            ("ssm", "POST", "/", {"content-type": "application/x-amz-json-1.1", "x-amz-target": "A.G"}, b"{}"),
        ],
    )
    def test_is_the_one_botocore_makes(self, service, method, path, extra, body, token, monkeypatch):
        monkeypatch.setattr("botocore.auth.get_current_datetime", lambda remove_tzinfo=True: NOW.replace(tzinfo=None))
        ours = thin.signed(
            Credentials(KEY.access_key, KEY.secret_key, token),
            "eu-west-1",
            service,
            method,
            path,
            {"host": "x.test", **extra},
            body,
            NOW,
        )
        sent = {name: value for name, value in ours.items() if name not in ("authorization", "x-amz-date", "host")}
        sent.pop("x-amz-security-token", None)
        request = AWSRequest(method, f"https://x.test{path}", headers=sent, data=body)
        request.context["payload_signing_enabled"] = True
        theirs = S3SigV4Auth if service == "s3" else SigV4Auth
        theirs(BotoCredentials(KEY.access_key, KEY.secret_key, token or None), service, "eu-west-1").add_auth(request)
        assert request.headers["X-Amz-Date"] == ours["x-amz-date"]
        assert request.headers["Authorization"] == ours["authorization"]


def whole(connection):
    """One request, headers and body; empty where the other side is gone."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0] or 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head + body


class Server:
    """A server that plays a list of acts, one per request: bytes to answer with, `close`, or `hang` until `goes_on`."""

    def __init__(self, *acts):
        self.acts, self.requests, self.connections = list(acts), [], 0
        self.goes_on = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while self.acts:
            connection, _ = self._socket.accept()
            self.connections += 1
            self._play(connection)
            connection.close()

    def _play(self, connection):
        while self.acts:
            if self.acts[0] == "close":  # as an idle connection is closed: before the next request is read
                return self.acts.pop(0)
            request = whole(connection)
            if not request:
                return None
            self.requests.append(request)
            act = self.acts.pop(0)
            if act == "hang":
                self.goes_on.wait()
                return None
            if act == "drop":
                return None
            connection.sendall(act)
        return None


def answer(status=200, body=b"{}"):
    return b"HTTP/1.1 %d X\r\ncontent-length: %d\r\n\r\n%s" % (status, len(body), body)


def client(server):
    return Thin(KEY, "eu-west-1", server.url)


class TestTheConnection:
    def test_is_kept(self):
        server = Server(answer(), answer(), answer())
        aws = client(server)
        for _ in range(3):
            aws.sqs_send("https://sqs/inbox", "x", "acme")
        assert server.connections == 1

    def test_that_was_closed_while_idle_is_made_again_once(self):
        server = Server(answer(), "close", answer())
        aws = client(server)
        aws.sqs_send("https://sqs/inbox", "one", "acme")
        time.sleep(0.05)
        aws.sqs_send("https://sqs/inbox", "two", "acme")
        assert server.connections == 2

    @pytest.mark.parametrize("gone", [ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionResetError, BrokenPipeError])
    def test_that_was_reset_while_the_function_was_frozen_is_made_again_once(self, gone, monkeypatch):
        server = Server(answer(), answer())
        aws = client(server)
        aws.sqs_send("https://sqs/inbox", "one", "acme")
        kept, _ = aws._connection(server.url)

        def send(data):  # as OpenSSL says it of a connection that the other side has reset meanwhile
            raise gone

        monkeypatch.setattr(kept, "send", send)
        aws.sqs_send("https://sqs/inbox", "two", "acme")
        assert len(server.requests) == 2

    def test_that_ends_in_the_middle_of_an_answer_is_trouble(self):
        server = Server(b"HTTP/1.1 200 X\r\ncontent-length: 20\r\nconnection: close\r\n\r\n{}", "close", answer())
        aws = client(server)
        with pytest.raises(Trouble, match="no answer IncompleteRead"):
            aws.s3_get("b", "k")

    def test_that_is_dropped_when_new_is_trouble_not_a_loop(self):
        server = Server("drop", "drop", "drop")
        with pytest.raises(Trouble) as trouble:
            client(server).s3_get("b", "directory.json")
        assert (trouble.value.service, trouble.value.status) == ("s3", 0)
        assert len(server.requests) == 1

    def test_that_answers_too_late_is_trouble_soon_and_works_again_afterwards(self, monkeypatch):
        monkeypatch.setattr(thin, "READ_SECONDS", 0.1)
        monkeypatch.setattr(thin, "CONNECT_SECONDS", 60)
        server = Server("hang", answer())
        aws = client(server)
        started = time.monotonic()
        with pytest.raises(Trouble, match="TimeoutError"):
            aws.sqs_send("https://sqs/inbox", "x", "acme")
        assert time.monotonic() - started < 30
        monkeypatch.setattr(thin, "READ_SECONDS", 60)
        server.goes_on.set()
        aws.sqs_send("https://sqs/inbox", "x", "acme")

    def test_to_nowhere_is_trouble(self):
        with pytest.raises(Trouble, match="no answer ConnectionRefusedError"):
            Thin(KEY, "eu-west-1", "http://127.0.0.1:1").s3_put("b", "k", b"")

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (b'{"__type":"com.amazonaws.sqs#QueueDoesNotExist"}', "QueueDoesNotExist"),
            (b"<Error><Code>AccessDenied</Code></Error>", "AccessDenied"),
            (b"\xff\xfe", ""),
            (b"[]", ""),
        ],
    )
    def test_says_what_aws_said(self, body, code):
        with pytest.raises(Trouble) as trouble:
            client(Server(answer(403, body))).sqs_send("https://sqs/inbox", "x", "acme")
        assert (trouble.value.status, trouble.value.code) == (403, code)

    @pytest.mark.parametrize("status", [301, 307, 500, 503])
    def test_follows_nobody_elsewhere_and_believes_no_error(self, status):
        with pytest.raises(Trouble):
            client(Server(answer(status))).s3_get("b", "k")

    def test_takes_no_endless_answer(self, monkeypatch):
        monkeypatch.setattr(thin, "LARGEST_ANSWER", 1000)
        with pytest.raises(Trouble):
            client(Server(answer(200, b"x" * 2000))).s3_get("b", "k")

    def test_goes_to_aws_by_the_buckets_own_name(self):
        aws = Thin(KEY, "eu-west-1")
        assert aws._object("bucket", "spool/a b") == ("https://bucket.s3.eu-west-1.amazonaws.com", "/spool/a%20b")
        assert aws._object("my.bucket", "k") == ("https://s3.eu-west-1.amazonaws.com", "/my.bucket/k")

    def test_goes_to_china_by_its_own_domain(self):
        aws = Thin(KEY, "cn-north-1")
        assert aws._base("dynamodb") == "https://dynamodb.cn-north-1.amazonaws.com.cn"
        assert aws._object("bucket", "k")[0] == "https://bucket.s3.cn-north-1.amazonaws.com.cn"

    def test_shows_no_secret(self):
        assert KEY.secret_key not in repr(KEY)


class TestOnTheRealEmulator:
    def test_a_parameter_an_object_and_a_message_come_back(self, ministack):
        given = settings()
        endpoint = {"endpoint_url": given.endpoint_url, "region_name": given.region}
        boto3.client("ssm", **endpoint).put_parameter(
            Name="/ecrm/master", Value="s", Type="SecureString", Overwrite=True
        )
        aws = given.thin()
        assert aws.ssm_parameter("/ecrm/master") == "s"
        key = "spool/acme/2026-11-21T09:00:00.123Z-0a b+c"
        aws.s3_put(given.bucket, key, b"\x00\xff")
        assert aws.s3_get(given.bucket, key) == b"\x00\xff"
        with pytest.raises(Absent):
            Aws(given).get("directory.json")
        aws.sqs_send(given.inbox_url, '{"a":"é"}', "acme")
        sqs = boto3.client("sqs", **endpoint)
        [message] = sqs.receive_message(QueueUrl=given.inbox_url, MessageSystemAttributeNames=["All"])["Messages"]
        assert message["Body"] == '{"a":"é"}'
        assert message["Attributes"]["MessageGroupId"] == "acme"

    def test_a_delivery_lies_on_the_queue_and_in_the_spool_when_there_is_none(self, ministack):
        given = settings()
        outside = Aws(given)
        outside.put("directory.json", text_of([Shop("acme", "woocommerce", "")]))
        secret = webhook_secret(given.master, "acme", "order.created")
        headers = woocommerce.sign(b"{}", secret, topic="order.created", now=NOW, id="1")
        assert receive("woocommerce", "acme", headers, b"{}", NOW, outside=outside)[1]["reason"] == "accepted"
        gone = Aws(replace(given, inbox_url=given.inbox_url + "-gone"))
        assert receive("woocommerce", "acme", headers, b"{}", NOW, outside=gone)[1]["reason"] == "spooled"
        s3 = boto3.client("s3", endpoint_url=given.endpoint_url, region_name=given.region)
        [spooled] = s3.list_objects_v2(Bucket=given.bucket, Prefix="spool/acme/")["Contents"]
        assert unseal(outside.get(spooled["Key"]).decode(), outside.get).body == b"{}"

    def test_a_part_of_an_object_and_its_size_come_without_the_rest(self, ministack):
        aws = Aws(settings())
        aws.put("imports/acme/orders.csv", b"0123456789")
        aws.put("imports/acme/orders.csv.other", b"x" * 99)
        assert aws.get_range("imports/acme/orders.csv", 2, 3) == b"234"
        assert aws.get_range("imports/acme/orders.csv", 8, 100) == b"89"
        assert aws.get_range("imports/acme/orders.csv", 10, 5) == b""
        assert aws.size("imports/acme/orders.csv") == 10
        aws.put("imports/acme/empty & <odd>.csv", b"")
        assert aws.size("imports/acme/empty & <odd>.csv") == 0
        for gone in (lambda key: aws.size(key), lambda key: aws.get_range(key, 0, 5)):
            with pytest.raises(Absent):
                gone("imports/acme/orders")

    def test_questions_for_shops_lie_on_their_queue_fairly_by_shop(self, ministack):
        given = settings()
        Aws(given).ask_fetch([(f"shop-{n}", f'{{"n":{n}}}') for n in range(12)])
        sqs = boto3.client("sqs", endpoint_url=given.endpoint_url, region_name=given.region)
        asked = {"QueueUrl": given.fetch_url, "MaxNumberOfMessages": 10, "MessageSystemAttributeNames": ["All"]}
        found = [message for _ in range(3) for message in sqs.receive_message(**asked).get("Messages", [])]
        told = {message["Attributes"]["MessageGroupId"]: message["Body"] for message in found}
        assert told == {f"shop-{n}": f'{{"n":{n}}}' for n in range(12)}


class TestPartsOfObjects:
    def test_are_asked_for_by_their_bytes(self):
        server = Server(answer(206, b"234"))
        assert client(server).s3_get_range("b", "k", 2, 3) == b"234"
        assert b"range: bytes=2-4" in server.requests[0].lower()

    def test_that_lie_behind_the_end_are_empty(self):
        server = Server(answer(416, b"<Error><Code>InvalidRange</Code></Error>"))
        with pytest.raises(Trouble, match="InvalidRange"):
            client(server).s3_get_range("b", "k", 99, 3)
