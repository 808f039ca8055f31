"""The channels. SES is spoken to over real HTTP, by a server that answers as each test wants."""

from __future__ import annotations

import importlib
import json
import pkgutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.header import decode_header, make_header
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from chalicelib import channels, flows
from chalicelib.channels import Message, Receipt, Refused, Trouble, Unclear, Way, ses

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
MESSAGE = Message(
    id="f_Tzo0MjA0Mg",
    claim="k1",
    shop="linden-home",
    to="sara@example.test",
    sender="Linden Home <shop@linden.test>",
    subject="ممنون از خریدتان",
    html="<p>سلام</p>",
    text="سلام",
    headers={
        "List-Unsubscribe": "<https://api.test/u/x>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    },
)


@dataclass(frozen=True)
class Settings:
    mail_endpoint_url: str
    mail_configuration_set: str = "ecrm-mail"
    region: str = "eu-central-1"


class Post:
    """Takes what is sent and answers with `answer(handler)`."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.answer: Callable[[BaseHTTPRequestHandler], None] = _ok
        post = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                post.taken.append(json.loads(body))
                post.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.way = Way(Settings(f"http://127.0.0.1:{self.server.server_address[1]}"), NOON)


def _reply(handler: BaseHTTPRequestHandler, status: int, body: bytes, error: str = "") -> None:
    handler.send_response(status)
    if error:
        handler.send_header("x-amzn-ErrorType", error)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def _ok(handler: BaseHTTPRequestHandler) -> None:
    _reply(handler, 200, b'{"MessageId":"0100018f-1"}')


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    ses._client.cache_clear()
    post = Post()
    yield post
    post.server.shutdown()
    post.server.server_close()
    ses._client.cache_clear()


def test_every_channel_says_whom_it_reaches_and_what_confirms_it() -> None:
    for found in pkgutil.iter_modules(channels.__path__):
        channel = importlib.import_module(f"chalicelib.channels.{found.name}")
        assert channel.REACHES in {"email", "sms", "person", "visitor"}
        assert channel.CONFIRMS in {"event", "query", "idempotent", "none"}
        assert callable(channel.send)


def test_every_provider_is_a_channel_and_each_kind_reaches_alike() -> None:
    assert {name for names in channels.PROVIDERS.values() for name in names} == {
        found.name for found in pkgutil.iter_modules(channels.__path__)
    }
    for kind, names in channels.PROVIDERS.items():
        assert len({channels.provider(kind, name).REACHES for name in names}) == 1
        assert channels.provider(kind) is channels.provider(kind, names[0])
    with pytest.raises(LookupError):
        channels.provider("sms", "ses")
    with pytest.raises(LookupError):
        channels.provider("pigeon")


def test_every_step_that_ships_has_a_channel() -> None:
    wanted = {channel for flow in flows.shipped().values() for step in flow.steps for channel in step.channels}
    assert wanted
    assert wanted <= channels.PROVIDERS.keys()


def test_a_message_arrives_whole(post: Post) -> None:
    assert ses.send(MESSAGE, post.way) == Receipt("0100018f-1")
    (sent,) = post.taken
    simple = sent["Content"]["Simple"]
    assert sent["Destination"] == {"ToAddresses": ["sara@example.test"]}
    assert sent["FromEmailAddress"] == '"Linden Home" <shop@linden.test>'
    assert sent["ConfigurationSetName"] == "ecrm-mail"
    assert {tag["Name"]: tag["Value"] for tag in sent["EmailTags"]} == {
        "follow_up": "f_Tzo0MjA0Mg",
        "claim": "k1",
        "shop": "linden-home",
    }
    assert simple["Subject"] == {"Data": "ممنون از خریدتان", "Charset": "UTF-8"}
    assert simple["Body"]["Html"]["Data"] == "<p>سلام</p>"
    assert simple["Body"]["Text"]["Data"] == "سلام"
    assert {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"} in simple["Headers"]


@pytest.mark.parametrize(
    ("status", "code", "meant"),
    [
        (429, "TooManyRequestsException", Trouble),
        (400, "ThrottlingException", Trouble),
        (400, "LimitExceededException", Trouble),
        (400, "SendingPausedException", Trouble),
        (400, "AccountSuspendedException", Trouble),
        (404, "NotFoundException", Trouble),
        (403, "AccessDeniedException", Trouble),
        (503, "ServiceUnavailable", Trouble),
        (400, "MessageRejected", Refused),
        (400, "MailFromDomainNotVerifiedException", Trouble),
        (400, "BadRequestException", Refused),
        (500, "InternalFailure", Unclear),
        (504, "GatewayTimeout", Unclear),
    ],
)
def test_each_answer_of_ses_has_one_meaning_and_is_never_tried_twice(
    post: Post, status: int, code: str, meant: type[Exception]
) -> None:
    post.answer = lambda handler: _reply(handler, status, b'{"message":"no"}', code)
    with pytest.raises(meant):
        ses.send(MESSAGE, post.way)
    assert len(post.taken) == 1


def test_an_answer_that_does_not_come_in_time_is_unclear(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ses, "READ_SECONDS", 0.3)
    done = threading.Event()
    post.answer = lambda handler: (done.wait(), None)[1]
    with pytest.raises(Unclear):
        ses.send(MESSAGE, post.way)
    done.set()
    assert len(post.taken) == 1


def _drop(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True
    handler.connection.close()


@pytest.mark.parametrize(
    "answer",
    [
        _drop,
        lambda handler: _reply(handler, 200, b"{}"),
        lambda handler: _reply(handler, 200, b'{"MessageId":'),
    ],
    ids=["dropped", "no id", "half an answer"],
)
def test_a_lost_answer_is_unclear(post: Post, answer: Callable[[BaseHTTPRequestHandler], None]) -> None:
    post.answer = answer
    with pytest.raises(Unclear):
        ses.send(MESSAGE, post.way)
    assert len(post.taken) == 1


def test_nobody_listening_is_trouble(post: Post) -> None:
    post.server.shutdown()
    post.server.server_close()
    with pytest.raises(Trouble):
        ses.send(MESSAGE, post.way)


def test_a_shop_without_a_sender_has_a_reason_of_its_own(post: Post) -> None:
    with pytest.raises(Refused, match=r"^no_sender$"):
        ses.send(replace(MESSAGE, sender=" "), post.way)
    assert not post.taken


def test_a_persian_sender_is_encoded_and_reads_back(post: Post) -> None:
    name = "فروشگاه پوشاک ترنج، نمایندگی خیابان ولی‌عصر تهران"
    ses.send(replace(MESSAGE, sender=f"{name} <shop@toranj.test>"), post.way)
    sender = post.taken[0]["FromEmailAddress"]
    assert sender.isascii()
    words, _, address = sender.rpartition(" ")
    assert address == "<shop@toranj.test>"
    assert str(make_header(decode_header(words))) == name
    assert all(len(word) <= 75 for word in words.split())


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("Acme, Inc. <shop@acme.test>", '"Acme, Inc." <shop@acme.test>'),
        ('"Acme \\"A\\"" <shop@acme.test>', '"Acme \\"A\\"" <shop@acme.test>'),
        ("shop@acme.test", "shop@acme.test"),
        ("<shop@bücher.test>", "shop@xn--bcher-kva.test"),
    ],
)
def test_senders_are_written_as_mailboxes(post: Post, given: str, sent: str) -> None:
    ses.send(replace(MESSAGE, sender=given), post.way)
    assert post.taken[0]["FromEmailAddress"] == sent


BAD = {
    "two recipients": {"to": "a@b.test, c@d.test"},
    "a line break in the address": {"to": "a@b.test\r\nBcc: c@d.test"},
    "a Persian local part": {"to": "سارا@example.test"},
    "no address": {"to": ""},
    "a display name as address": {"to": "Sara <a@b.test>"},
    "a line break in the sender": {"sender": "Acme\r\nBcc: x <shop@acme.test>"},
    "no sender": {"sender": ""},
    "a line break in the subject": {"subject": "Hi\nBcc: x@y.test"},
    "no subject": {"subject": " "},
    "an id that is no tag": {"id": "f_é"},
    "an empty claim": {"claim": ""},
    "an endless shop": {"shop": "s" * 257},
    "a line break in a header": {"headers": {"X-A": "a\r\nBcc: x@y.test"}},
    "NUL in a header": {"headers": {"X-A": "a\0"}},
    "Persian in a header": {"headers": {"X-A": "سلام"}},
    "a colon in a header's name": {"headers": {"X-A: b": "c"}},
    "a second From": {"headers": {"From": "x@y.test"}},
    "an empty header": {"headers": {"X-A": ""}},
    "an endless header": {"headers": {"X-A": "a" * 871}},
    "sixteen headers": {"headers": {f"X-{i}": "a" for i in range(16)}},
}


@pytest.mark.parametrize("change", BAD.values(), ids=BAD.keys())
def test_what_could_smuggle_headers_or_lose_events_is_refused_before_anything_is_sent(
    post: Post, change: dict[str, Any]
) -> None:
    with pytest.raises(Refused) as refused:
        ses.send(replace(MESSAGE, **change), post.way)
    assert post.taken == []
    assert "@" not in str(refused.value), "a reason is logged and shows no address"


def test_fifteen_headers_are_sent(post: Post) -> None:
    ses.send(replace(MESSAGE, headers={f"X-{i}": "a" for i in range(15)}), post.way)
    assert len(post.taken[0]["Content"]["Simple"]["Headers"]) == 15


def test_one_client_serves_all_messages(post: Post) -> None:
    for _ in range(3):
        ses.send(MESSAGE, post.way)
    assert ses._client.cache_info().misses == 1
