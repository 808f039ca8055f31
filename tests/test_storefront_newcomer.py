"""What somebody trips over who makes a theme from the docs alone: the wrong key, the documented examples, a rid that
is none, a browser that leaves."""

from __future__ import annotations

import json
import logging
import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from chalicelib import clock, keys
from chalicelib.domain.shop import Shop
from chalicelib.table import shops
from chalicelib.work import remembered, rid
from chalicelib.work.rid import Rid
from infra.local.server import Answer, ApiServer
from tests.acme import MASTER, NOW
from tests.fake_dynamo import instead_of_dynamodb
from tests.gateway import Answered, ask
from tests.storefront import PAGE, asks, open_storefront, token
from tests.test_openapi import DOCUMENT
from tests.visiting import LAPTOP, Queue, tells

PUBLISHABLE = keys.publishable_key(MASTER, "acme")
SHOWN = Rid("popular", "22727", "popular", "2026-11-21")


@pytest.fixture
def shop() -> Iterator[Shop]:
    with instead_of_dynamodb():
        clock.use(lambda: NOW)
        yield open_storefront()


# --- a secret in the page ---

SECRETS = {
    "--rotate-secret-key": keys.secret_key(MASTER, "acme"),
    "--rotate-identity-secret": keys.identity_secret(MASTER, "acme"),
}


def with_key(shop: Shop, key: str) -> list[Answered]:
    return [asks(shop, "popular", key=key), tells(shop, {"type": "forget"}, key=key, visitor=LAPTOP)]


@pytest.mark.parametrize("flag", SECRETS)
def test_a_secret_in_a_page_is_called_by_its_name_and_by_what_makes_another(
    shop: Shop, queue: Queue, flag: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        for answer in with_key(shop, SECRETS[flag]):
            assert (answer.status, answer.json["field"]) == (401, "key")
            assert f"add-shop {flag}" in answer.json["detail"]
            assert "send the publishable key: key=pk_" in answer.json["detail"]
            assert SECRETS[flag] not in answer.text
            assert answer.headers["access-control-allow-origin"] == PAGE
    assert SECRETS[flag] not in " ".join(repr(record.__dict__) for record in caplog.records)
    assert queue.told == []


@pytest.mark.parametrize("right", SECRETS.values(), ids=lambda key: key[:3])
def test_whether_the_secret_opens_anything_is_not_said(shop: Shop, queue: Queue, right: str) -> None:
    other = f"{right[:3]}nobody_{'x' * 43}"
    for one, another in zip(with_key(shop, right), with_key(shop, other), strict=True):
        assert (one.status, one.text) == (another.status, another.text)


def test_a_key_that_is_no_secret_is_told_nothing_of_secrets(shop: Shop, queue: Queue) -> None:
    for answer in with_key(shop, "pk_acme_0123456789012345678901"):
        assert answer.status == 401
        assert answer.json["detail"].startswith("This key opens no shop here: ")
        assert "secret" not in answer.json["detail"]


def test_once_the_identity_secret_is_another_the_old_ones_tokens_open_nothing(shop: Shop) -> None:
    assert asks(shop, "viewed", "7").json["personal"] is True
    shops.put(replace(shop, identity_generation=2))
    remembered.forget_everything()
    assert asks(shop, "viewed", "7").status == 401
    made = keys.customer_token(keys.identity_secret(MASTER, "acme", 2), "acme", "7", NOW + timedelta(minutes=5))
    assert asks(shop, "viewed", headers={"Authorization": f"Bearer {made}"}).json["personal"] is True


# --- a refusal says what should be sent, not what was ---


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"consent": "yes"}, "consent"),
        ({"visitor": "me"}, "visitor"),
        ({"key": 7}, "key"),
        ({"events": []}, "events"),
        ({"events": ["view"]}, "events[0]"),
        ({"events": [{"type": "buy"}]}, "events[0].type"),
        ({"events": [{"type": "view", "product": 123}]}, "events[0].product"),
        ({"events": [{"type": "search", "query": " "}]}, "events[0].query"),
        ({"events": [{"type": "cart", "products": "1"}]}, "events[0].products"),
        ({"events": [{"type": "click", "rid": ""}]}, "events[0].rid"),
        ({"events": [{"type": "seen", "rids": []}]}, "events[0].rids"),
        ({"events": [{"type": "seen", "rids": [1]}]}, "events[0].rids[0]"),
        ({"events": [{"type": "forget", "ago": "soon"}]}, "events[0].ago"),
    ],
)
def test_a_refused_event_is_told_what_should_be_there(
    shop: Shop, queue: Queue, told: dict[str, Any], field: str
) -> None:
    body = json.dumps({"key": PUBLISHABLE, "events": [{"type": "forget"}], **told}).encode()
    answer = ask("POST", "/v1/events", CURL, body)
    assert (answer.status, answer.json["field"]) == (400, field)
    assert answer.json["detail"].startswith("should be ")


@pytest.mark.parametrize(
    "wrong",
    [
        {"page": "checkout"},
        {"country": "Iran"},
        {"language": "english!"},
        {"limit": "25"},
        {"product": "x" * 129},
        {"pictures": "yes"},
        {"slots": ","},
        {"category": "x" * 4001},
    ],
)
def test_a_refused_question_for_slots_is_told_what_should_be_there(shop: Shop, wrong: dict[str, str]) -> None:
    ((field, _),) = wrong.items()
    answer = asks(shop, **{"slots": "popular", **wrong})
    assert (answer.status, answer.json["field"]) == (400, field)
    assert answer.json["detail"].startswith("should be ")


# --- an rid that is none ---


@pytest.mark.parametrize(
    ("rids", "refused"),
    [
        (["r_x"], 1),
        (["r_x", "r_y", "r_x"], 2),
        ([rid.make(MASTER, "acme", SHOWN)], 0),
        ([rid.make(MASTER, "acme", SHOWN), "r_x"], 1),
        ([rid.make(MASTER, "bazaar", SHOWN)], 1),
        ([rid.make(MASTER, "acme", SHOWN._replace(day="2026-11-18"))], 1),
        ([rid.make(MASTER, "acme", SHOWN)[:-1] + "!"], 1),
    ],
)
def test_who_makes_a_page_is_told_of_recommendations_that_would_not_count(
    shop: Shop, queue: Queue, rids: list[str], refused: int
) -> None:
    told = {"type": "seen", "rids": rids}, {"type": "click", "rid": rids[0]}
    answer = tells(shop, *told, key=keys.test_key(MASTER, "acme"))
    assert (answer.status, answer.json) == (202, {"accepted": 2, "preview": True, "refused": refused})
    assert queue.told == []


def test_an_open_shop_does_not_say_whether_a_recommendation_was_forged(shop: Shop, queue: Queue) -> None:
    forged, ours = (tells(shop, {"type": "click", "rid": text}) for text in ("r_x", rid.make(MASTER, "acme", SHOWN)))
    assert (forged.status, forged.text) == (ours.status, ours.text) == (202, '{"accepted":1}')


# --- the documented examples are taken ---

KINDS = DOCUMENT["components"]["schemas"]["Events"]["properties"]["events"]["items"]["oneOf"]


# As the reference's examples are typed into a shell.
CURL = {"Origin": "https://acme.test", "Content-Type": "application/json", "User-Agent": "curl/8.9.1"}


def typed(key: str) -> str:
    """Acme's own key in place of one that is only hinted at."""
    return {"tk_acme_…": keys.test_key(MASTER, "acme"), "pk_acme_…": PUBLISHABLE}[key]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind["properties"]["type"]["const"])
def test_every_kind_of_event_has_an_example_and_it_counts(shop: Shop, queue: Queue, kind: dict[str, Any]) -> None:
    (example,) = kind["examples"]
    answer = tells(shop, example, consent=True, visitor=LAPTOP, token=token(shop))
    assert (answer.status, answer.json) == (202, {"accepted": 1})


def test_the_example_of_a_body_counts_as_a_whole(shop: Shop, queue: Queue) -> None:
    taken = DOCUMENT["paths"]["/v1/events"]["post"]["requestBody"]["content"]["application/json"]["example"]
    body = json.dumps({**taken, "key": typed(taken["key"])}).encode()
    answer = ask("POST", "/v1/events", CURL, body)
    assert (answer.status, answer.json) == (202, {"accepted": len(taken["events"]), "preview": True, "refused": 0})


def test_the_example_of_a_question_for_slots_is_answered(shop: Shop) -> None:
    told = DOCUMENT["paths"]["/v1/slots"]["get"]["parameters"]
    query = {one["name"]: one["example"] for one in told if "example" in one}
    asked = {**query, "key": typed(query["key"]), "slots": ",".join(query["slots"])}
    answer = ask("GET", f"/v1/slots?{urlencode(asked)}", CURL)
    assert answer.status == 200, answer.text
    assert [slot["name"] for slot in answer.json["slots"]] == [one.partition(":")[0] for one in query["slots"]]
    assert all(slot["items"] for slot in answer.json["slots"])


@pytest.mark.parametrize("empty", ["page", "product", "cart", "category", "country", "language", "limit", "pictures"])
def test_an_empty_parameter_of_slots_is_one_that_was_left_out(shop: Shop, empty: str) -> None:
    assert asks(shop, "popular", **{empty: ""}).json == asks(shop, "popular").json


# --- a browser that leaves ---


class Slow:
    """Answers when nobody is there any more, or not at all."""

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        if target == "/_local/broken":
            raise ValueError("a mistake of ours")
        time.sleep(0.1)
        return Answer(200, b"x" * 10_000_000)


def asked_and_left(url: str, path: str, at_once: bool) -> None:
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as browser:
        browser.sendall(f"GET {path} HTTP/1.1\r\nHost: here\r\n\r\n".encode())
        # Closing with nothing lingering resets the connection, as browsers do with what they no longer want.
        browser.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if not at_once:
            browser.recv(1)


@pytest.mark.parametrize(("path", "noisy"), [("/_local/slow", False), ("/_local/broken", True)])
def test_a_browser_that_leaves_is_no_news_and_a_mistake_of_ours_is(
    capfd: pytest.CaptureFixture[str], path: str, noisy: bool
) -> None:
    import app

    server = ApiServer(0)
    server.start(app.app, Slow())
    for at_once in (True, not noisy):
        asked_and_left(server.url, path, at_once)
    time.sleep(0.4)
    server.stop()
    assert ("Traceback" in capfd.readouterr().err) == noisy
