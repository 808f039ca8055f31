"""Text messages, endpoints, the shop's own pages: over real HTTP, to a server that answers as a test wants."""

from __future__ import annotations

import json
import logging
import threading
import traceback
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest

from chalicelib import keys
from chalicelib.channels import Message, Refused, Trouble, Unclear, Way, kavenegar, onsite, sns
from chalicelib.channels import http as endpoint
from chalicelib.domain.shop import Shop
from chalicelib.platforms.standard import signature
from chalicelib.safe_http import Client
from chalicelib.settings import Settings
from chalicelib.table import provider_messages, shelf
from chalicelib.thin import Credentials
from chalicelib.work import ways
from tests.fake_dynamo import FakeDynamo, instead_of_dynamodb
from tests.post_office import NOON, SHOP

MASTER = b"m" * 32
KEY = "4F6B79S3cretS3cretS3cret"
SECRET = keys.outgoing_secret(MASTER, "acme", "http")
TEXT = Message(
    id="f_Tzo0MjA0Mg",
    claim="k1",
    shop="acme",
    to="+989121234567",
    sender="Acme <shop@acme.test>",
    subject="",
    html="",
    text="سلام سارا، سفارش شما رسید؟",
    language="fa",
    about={"purpose": "marketing", "flow": "replenish", "step": "ask", "customer": "c_1"},
)
Reply = tuple[int, bytes, dict[str, str]]


@dataclass
class Web:
    """Answers every request with `reply`; None: drops the line without a word."""

    reply: Reply | None = (200, b"{}", {})
    held_up: threading.Event = field(default_factory=threading.Event)  # where `silent`: until then
    silent: bool = False
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""

    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.asked[-1][3].decode()).items()}


@pytest.fixture
def web() -> Iterator[Web]:
    told = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            told.asked.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            if told.silent:
                told.held_up.wait()
            if told.reply is None:
                self.close_connection = True
                return
            status, data, headers = told.reply
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(OSError):  # who has not waited is gone
                self.wfile.write(data)

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    told.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield told
    told.held_up.set()
    server.shutdown()
    server.server_close()


def settings(url: str = "http://127.0.0.1:9") -> Settings:
    return Settings(
        table="t",
        inbox_url="q",
        bucket="b",
        master=MASTER,
        local=True,
        sms_endpoint_url=url,
        kavenegar_url=url,
        credentials=Credentials("AKID", "secret"),
    )


def way(provider: str, /, seconds: float = 60.0, **config: Any) -> Way:
    """`seconds`: how long an answer is waited for."""
    return Way(settings(provider), NOON, config, Client(local=True, patience=0, total=seconds))


# --- Kavenegar --------------------------------------------------------------------------------------------------------


def said(status: int, *entries: dict[str, Any], http_status: int = 0) -> Reply:
    body = {"return": {"status": status, "message": "…"}, "entries": list(entries) or None}
    return (http_status or (200 if status == 200 else status), json.dumps(body).encode(), {})


QUEUED = {"messageid": 8792343, "status": 1, "receptor": "09121234567", "cost": 120}


def test_kavenegar_gets_number_text_line_and_our_own_id(web: Web) -> None:
    web.reply = said(200, QUEUED)
    receipt = kavenegar.send(TEXT, way(web.url, key=KEY, sender="10008663"))
    assert (receipt.provider_id, receipt.parts) == ("8792343", 1)
    method, path, _, _ = web.asked[0]
    assert (method, path) == ("POST", f"/v1/{KEY}/sms/send.json")
    assert web.form() == {
        "receptor": "09121234567",
        "message": TEXT.text,
        "sender": "10008663",
        "localid": str(kavenegar.local_id(TEXT)),
    }


def test_our_id_is_one_number_of_the_follow_up_whatever_the_try() -> None:
    assert kavenegar.local_id(TEXT) == kavenegar.local_id(replace(TEXT, claim="k2", text="x"))
    assert kavenegar.local_id(TEXT) != kavenegar.local_id(replace(TEXT, shop="lilac"))
    assert 0 < kavenegar.local_id(TEXT) < 2**63


def test_a_number_abroad_is_dialled_from_iran(web: Web) -> None:
    web.reply = said(200, QUEUED)
    kavenegar.send(replace(TEXT, to="+4915112345678"), way(web.url, key=KEY))
    assert web.form()["receptor"] == "004915112345678"
    assert "sender" not in web.form(), "the account's own line"


@pytest.mark.parametrize(
    ("reply", "meant"),
    [
        (said(411), Refused),
        (said(413), Refused),
        (said(400), Refused),
        (said(401), Trouble),
        (said(402), Trouble),
        (said(403), Trouble),
        (said(407), Trouble),
        (said(409), Trouble),
        (said(412), Trouble),
        (said(418), Trouble),
        (said(418, http_status=200), Trouble),
        (said(200, {**QUEUED, "status": 14}), Refused),
        (said(200, {**QUEUED, "status": 6}), Refused),
        (said(200), Unclear),
        ((200, b"<html>", {}), Unclear),
        ((200, b'{"return":[]}', {}), Unclear),
        ((502, b"bad gateway", {}), Unclear),
        ((503, b"", {}), Trouble),
        ((503, b"", {"retry-after": "120"}), Trouble),
        ((400, b"<html>proxy</html>", {}), Trouble),
        ((404, b"", {}), Trouble),
        ((301, b"", {"location": "https://elsewhere.test/"}), Trouble),
        (None, Unclear),
    ],
    ids=str,
)
def test_each_answer_of_kavenegar_has_one_meaning_and_none_shows_the_key(
    web: Web, reply: Reply | None, meant: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    web.reply = reply
    with pytest.raises(meant) as raised:
        kavenegar.send(TEXT, way(web.url, key=KEY))
    assert len(web.asked) == 1, "nothing here tries twice"
    _shows_nothing(raised.value, caplog.text)


def _shows_nothing(error: BaseException, logged: str) -> None:
    """Neither in words nor in what an error carries with it."""
    told = "".join(traceback.format_exception(error)) + repr(error) + logged
    chain: BaseException | None = error
    while chain is not None:
        told += repr(chain.args) + repr(vars(chain))
        chain = chain.__cause__
    for secret in (KEY, "9121234567", TEXT.text):
        assert secret not in told


def test_a_slow_answer_is_unclear_and_shows_no_key(web: Web, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    web.silent = True
    with pytest.raises(Unclear) as raised:
        kavenegar.send(TEXT, way(web.url, seconds=0.6, key=KEY))
    _shows_nothing(raised.value, caplog.text)


def test_nobody_listening_is_trouble_and_shows_no_key(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Trouble) as raised:
        kavenegar.send(TEXT, way("http://127.0.0.1:9", key=KEY))
    _shows_nothing(raised.value, caplog.text)


def test_an_address_that_may_not_be_asked_is_trouble_and_shows_no_key() -> None:
    closed = replace(way("http://10.0.0.1", key=KEY), http=Client(patience=0))
    with pytest.raises(Trouble) as raised:
        kavenegar.send(TEXT, closed)
    _shows_nothing(raised.value, "")


def test_how_long_to_wait_is_handed_on(web: Web) -> None:
    web.reply = (503, b"", {"retry-after": "120"})
    with pytest.raises(Trouble) as raised:
        kavenegar.send(TEXT, way(web.url, key=KEY))
    assert raised.value.wait == 120


@pytest.mark.parametrize("key", ["", "a/../../b", "x" * 201, "key?a=b"])
def test_a_key_that_is_none_never_becomes_an_address(web: Web, key: str) -> None:
    with pytest.raises(Trouble):
        kavenegar.send(TEXT, way(web.url, key=key))
    assert not web.asked


@pytest.mark.parametrize(
    "change", [{"to": "09121234567"}, {"to": "+98 912"}, {"to": ""}, {"text": ""}, {"text": "س" * 300}], ids=repr
)
def test_what_cannot_go_out_is_refused_before_anything_is_sent(web: Web, change: dict[str, str]) -> None:
    for channel in (kavenegar, sns):
        with pytest.raises(Refused):
            channel.send(replace(TEXT, **change), way(web.url, key=KEY))
    assert not web.asked


def test_a_lost_try_is_found_again_by_our_id(web: Web) -> None:
    web.reply = said(200, {"messageid": 85463238, "localid": "450", "status": 10})
    assert kavenegar.sent(TEXT, way(web.url, key=KEY)).provider_id == "85463238"
    assert web.asked[0][1] == f"/v1/{KEY}/sms/statuslocalmessageid.json"
    assert web.form() == {"localid": str(kavenegar.local_id(TEXT))}


def test_a_try_that_never_arrived_is_not_found(web: Web) -> None:
    web.reply = said(200, {"messageid": 1, "localid": "450", "status": 100})
    assert kavenegar.sent(TEXT, way(web.url, key=KEY)) is None
    web.reply = said(200)
    assert kavenegar.sent(TEXT, way(web.url, key=KEY)) is None


def test_a_question_that_is_not_answered_is_asked_later(web: Web) -> None:
    web.reply = None
    with pytest.raises(Trouble):
        kavenegar.sent(TEXT, way(web.url, key=KEY))


# --- SNS --------------------------------------------------------------------------------------------------------------

TAKEN = b"<PublishResponse><PublishResult><MessageId>94f20ce6-13c5</MessageId></PublishResult></PublishResponse>"


def _no(code: str) -> bytes:
    return f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code></Error></ErrorResponse>".encode()


def test_sns_publishes_to_a_number_signed(web: Web) -> None:
    web.reply = (200, TAKEN, {})
    text = replace(TEXT, to="+4915112345678", text="Hi Sara – back in stock", language="en")
    receipt = sns.send(text, way(web.url, sender="ACME"))
    assert (receipt.provider_id, receipt.parts) == ("94f20ce6-13c5", 1)
    form = web.form()
    assert (form["Action"], form["PhoneNumber"], form["Message"]) == (
        "Publish",
        "+4915112345678",
        "Hi Sara - back in stock",
    )
    attributes = {
        form[f"MessageAttributes.entry.{n}.Name"]: form[f"MessageAttributes.entry.{n}.Value.StringValue"]
        for n in (1, 2)
    }
    assert attributes == {"AWS.SNS.SMS.SMSType": "Promotional", "AWS.SNS.SMS.SenderID": "ACME"}
    assert web.asked[0][2]["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKID/")
    assert "/sns/aws4_request" in web.asked[0][2]["authorization"]


def test_about_an_order_sns_sends_as_transactional_and_from_a_number(web: Web) -> None:
    web.reply = (200, TAKEN, {})
    sns.send(replace(TEXT, about={"purpose": "transactional"}), way(web.url, sender="+12065550100"))
    assert "Transactional" in web.form().values()
    assert "AWS.MM.SMS.OriginationNumber" in web.form().values()


@pytest.mark.parametrize(
    ("reply", "meant"),
    [
        ((400, _no("OptedOut"), {}), Refused),
        ((400, _no("InvalidParameter"), {}), Refused),
        ((400, _no("Throttling"), {}), Trouble),
        ((429, _no("Throttled"), {}), Trouble),
        ((403, _no("AuthorizationError"), {}), Trouble),
        ((503, _no("ServiceUnavailable"), {}), Trouble),
        ((500, _no("InternalError"), {}), Unclear),
        ((200, b"<PublishResponse/>", {}), Unclear),
        (None, Unclear),
    ],
    ids=str,
)
def test_each_answer_of_sns_has_one_meaning_and_is_never_tried_twice(
    web: Web, reply: Reply | None, meant: type[Exception]
) -> None:
    web.reply = reply
    with pytest.raises(meant) as raised:
        sns.send(TEXT, way(web.url))
    assert len(web.asked) == 1
    _shows_nothing(raised.value, "")


def test_an_answer_of_sns_that_does_not_come_is_unclear(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sns, "READ_SECONDS", 0.2)
    web.silent = True
    with pytest.raises(Unclear):
        sns.send(TEXT, way(web.url))


def test_nobody_listening_at_sns_is_trouble() -> None:
    with pytest.raises(Trouble):
        sns.send(TEXT, way("http://127.0.0.1:9"))


def test_a_sender_that_no_operator_takes_is_refused(web: Web) -> None:
    with pytest.raises(Refused):
        sns.send(TEXT, way(web.url, sender="Acme & Söhne"))
    assert not web.asked


# --- any endpoint -----------------------------------------------------------------------------------------------------


def test_an_endpoint_gets_a_webhook_that_it_can_verify_and_tell_from_a_repeat(web: Web) -> None:
    receipt = endpoint.send(replace(TEXT, subject="Hello"), way(f"{web.url}/in", url=f"{web.url}/in", secret=SECRET))
    _, path, headers, body = web.asked[0]
    assert (receipt.provider_id, path, headers["webhook-id"]) == (TEXT.id, "/in", TEXT.id)
    from chalicelib import clock

    assert signature.verify(headers, body, [SECRET], clock.real())
    told = json.loads(body)
    assert (told["type"], told["timestamp"]) == ("message.send", "2026-11-02T12:00:00Z")
    wanted = {"follow_up": TEXT.id, "flow": "replenish", "step": "ask", "shop": "acme", "customer": "c_1"}
    assert wanted.items() <= told["data"].items()
    assert (told["data"]["to"], told["data"]["text"], told["data"]["language"]) == (TEXT.to, TEXT.text, "fa")
    assert "html" not in told["data"]


def test_a_step_that_only_tells_sends_no_words_and_no_address(web: Web) -> None:
    endpoint.send(TEXT, way(web.url, url=web.url, secret=SECRET, type="flow.step"))
    told = json.loads(web.asked[0][3])
    assert told["type"] == "flow.step"
    assert told["data"].keys() == {"follow_up", "shop", "purpose", "flow", "step", "customer", "language"}


@pytest.mark.parametrize(
    ("status", "meant"),
    [*((status, Refused) for status in (301, 308, 400, 404, 410)), *((s, Trouble) for s in (408, 425, 429, 500, 503))],
)
def test_each_answer_of_an_endpoint_has_one_meaning(web: Web, status: int, meant: type[Exception]) -> None:
    web.reply = (status, b"", {"location": "https://elsewhere.test/"})
    with pytest.raises(meant):
        endpoint.send(TEXT, way(web.url, url=web.url, secret=SECRET))
    assert len(web.asked) == 1


def test_an_endpoint_may_say_when_to_come_again(web: Web) -> None:
    web.reply = (429, b"", {"retry-after": "90"})
    with pytest.raises(Trouble) as raised:
        endpoint.send(TEXT, way(web.url, url=web.url, secret=SECRET))
    assert raised.value.wait == 90


def test_an_endpoint_that_says_nothing_may_have_got_it(web: Web) -> None:
    web.reply = None
    with pytest.raises(Unclear):
        endpoint.send(TEXT, way(web.url, url=web.url, secret=SECRET))


@pytest.mark.parametrize("url", ["http://169.254.169.254/latest", "http://127.0.0.1:9/", "file:///etc/passwd", ""])
def test_no_endpoint_leads_into_our_own_house(url: str) -> None:
    closed = replace(way("", url=url, secret=SECRET), http=Client(patience=0))
    with pytest.raises(Refused):
        endpoint.send(TEXT, closed)


def test_without_a_secret_nothing_is_sent(web: Web) -> None:
    for config in ({"url": web.url}, {"url": web.url, "secret": "???"}):
        with pytest.raises(Refused):
            endpoint.send(TEXT, way(web.url, **config))
    assert not web.asked


# --- the shop's own pages, and ways -----------------------------------------------------------------------------------


@pytest.fixture
def dynamo() -> Iterator[FakeDynamo]:
    with instead_of_dynamodb() as made:
        yield made


def configured(**channels: dict[str, Any]) -> Shop:
    return replace(SHOP, channels=channels)


def test_a_message_lies_on_her_shelf_once_for_thirty_days(dynamo: FakeDynamo) -> None:
    about = {**TEXT.about, "visitor": "c_1", "link": "https://acme.test/mug"}
    shop = configured(onsite={"provider": "onsite"})
    message = replace(TEXT, text=" Your mug is back ", subject="New", about=about)
    for _ in range(2):
        assert ways.deliver(shop, "onsite", message, NOON, settings()).provider_id == TEXT.id
    (shown,) = shelf.of_customer("acme", ["c_1", "c_2"], NOON)
    assert (shown.text, shown.subject, shown.follow_up) == ("Your mug is back", "New", TEXT.id)
    assert shown.link == "https://acme.test/mug"
    assert shelf.of_customer("acme", ["c_2"], NOON) == []
    assert shelf.of_customer("acme", ["c_1"], NOON + timedelta(days=30, seconds=1)) == []
    shelf.close("acme", "c_1", TEXT.id, "2026-11-02T12:00:00Z")
    assert shelf.of_customer("acme", ["c_1"], NOON) == []
    assert ways.deliver(shop, "onsite", message, NOON, settings()).provider_id == TEXT.id
    assert shelf.of_customer("acme", ["c_1"], NOON) == [], "sent again, it stays closed"


def test_the_newest_on_a_shelf_comes_first_and_clearing_leaves_nothing(dynamo: FakeDynamo) -> None:
    for hour, name in ((10, "a"), (12, "c"), (11, "b")):
        shelf.put("acme", "c_1", shelf.Shown(f"f_{name}", name, f"2026-11-02T{hour}:00:00Z"))
    assert [one.text for one in shelf.of_customer("acme", ["c_1"], NOON)] == ["c", "b", "a"]
    shelf.clear("acme", "c_1")
    assert shelf.of_customer("acme", ["c_1"], NOON) == []


def test_nobody_shows_nothing() -> None:
    with pytest.raises(Refused):
        onsite.send(replace(TEXT, text=" "), Way(settings(), NOON, shelve=lambda message, now: None))


def test_a_sealed_key_is_opened_for_its_own_shop_and_kind_only(web: Web, dynamo: FakeDynamo) -> None:
    sealed = ways.seal(MASTER, "acme", "sms", {"key": KEY})
    shop = configured(sms={"provider": "kavenegar", "sender": "10008663", "sealed": sealed})
    assert KEY not in sealed
    web.reply = said(200, QUEUED)
    receipt = ways.deliver(shop, "sms", TEXT, NOON, settings(web.url), Client(local=True))
    assert receipt.provider_id == "8792343"
    assert provider_messages.follow_up_of("acme", "kavenegar", "8792343") == TEXT.id
    assert KEY not in repr(ways.way(shop, "sms", settings(), NOON)) + repr(shop)
    for other in (replace(shop, slug="lilac"), replace(shop, channels={"http": shop.channels["sms"]})):
        with pytest.raises(Refused):
            ways.way(other, next(iter(other.channels)), settings(), NOON)


def test_a_lost_try_is_found_by_its_follow_up_alone(web: Web, dynamo: FakeDynamo) -> None:
    shop = configured(sms={"provider": "kavenegar", "sealed": ways.seal(MASTER, "acme", "sms", {"key": KEY})})
    web.reply = said(200, {"messageid": 7, "localid": "1", "status": 4})
    found = ways.find(shop, "sms", TEXT.id, NOON, settings(web.url), Client(local=True))
    assert found
    assert found.provider_id == "7"
    assert web.form() == {"localid": str(kavenegar.local_id(TEXT))}
    web.reply = said(200, {"messageid": 7, "status": 6})
    assert ways.find(shop, "sms", TEXT.id, NOON, settings(web.url), Client(local=True)) is None


def test_what_is_out_stays_out_though_we_cannot_remember_its_number(
    web: Web, dynamo: FakeDynamo, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chalicelib.table import base

    def broken(*_: object) -> None:
        raise base.Trouble("no table")

    monkeypatch.setattr(provider_messages, "remember", broken)
    shop = configured(sms={"provider": "kavenegar", "sealed": ways.seal(MASTER, "acme", "sms", {"key": KEY})})
    web.reply = said(200, QUEUED)
    assert ways.deliver(shop, "sms", TEXT, NOON, settings(web.url), Client(local=True)).provider_id == "8792343"


def test_a_kind_says_what_it_reaches_and_whose_consent_it_needs() -> None:
    shop = configured(
        sms={"provider": "sns"},
        http={"provider": "http", "to": "phone", "consent": "sms"},
        onsite={"provider": "onsite"},
    )
    shop = replace(shop, channels={**shop.channels, "http:slack": {"provider": "http", "to": "none"}})
    assert ways.set_up(shop) == {"email", "sms", "http", "http:slack", "onsite"}
    assert ways.set_up(replace(SHOP, sender="")) == set()
    assert [ways.reaches(shop, kind) for kind in ("email", "sms", "http", "http:slack", "onsite")] == [
        *("email", "sms", "sms", "person", "visitor")
    ]
    assert [ways.consent(shop, kind) for kind in ("email", "sms", "http", "http:slack", "onsite")] == [
        *("email", "sms", "sms", "email", "")
    ]
    assert ways.provider_of(shop, "sms") is sns
    assert ways.provider_of(shop, "http:slack") is endpoint


def test_a_webhook_step_calls_the_endpoint_of_its_name(web: Web) -> None:
    sealed = ways.seal(MASTER, "acme", "http:crm", {"secret": SECRET})
    shop = replace(SHOP, channels={"http:crm": {"provider": "http", "url": f"{web.url}/crm", "sealed": sealed}})
    ways.deliver(shop, "webhook:crm", TEXT, NOON, settings(), Client(local=True))
    assert web.asked[0][1] == "/crm"
    assert json.loads(web.asked[0][3])["type"] == "flow.step"
    assert ways.provider_of(shop, "webhook:crm") is endpoint
    with pytest.raises(Refused, match="no_channel"):
        ways.deliver(shop, "webhook:other", TEXT, NOON, settings())


def test_a_kind_that_was_never_set_up_is_refused() -> None:
    for kind in ("sms", "http", "onsite", "pigeon"):
        with pytest.raises(Refused, match="no_channel"):
            ways.deliver(SHOP, kind, TEXT, NOON, settings())
