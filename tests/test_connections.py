"""A shop hands us the key to its API: who may, what is believed, and what a forger gets."""

from __future__ import annotations

import copy
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from app import app
from chalicelib import clock, signatures
from chalicelib.directory import Entry
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import moment
from chalicelib.platforms.saleor import webhook
from chalicelib.safe_http import Answer, Unreachable
from chalicelib.settings import settings
from chalicelib.table import base, shops
from chalicelib.thin import Trouble
from chalicelib.work import access, aws
from chalicelib.work import connections as work
from infra.local.doubles import saleor, woocommerce
from infra.local.doubles.saleor_shop.apps import NotInstalled
from infra.local.doubles.server import InProcess
from infra.local.doubles.woocommerce_keys import Key
from tests.acme import MASTER, NOW, open_shop
from tests.fake_dynamo import FakeDynamo, instead_of_dynamodb
from tests.gateway import Answered, ask

SALEOR, WOO = "https://acme.saleor.test", "https://acme.test"
PUBLIC = "https://ecrm.acme.test"
KEYS = {
    "key_id": 7,
    "user_id": "whoever",
    "consumer_key": "ck_" + "a1" * 20,
    "consumer_secret": "cs_" + "b2" * 20,
    "key_permissions": "read_write",
}


class World:
    """Both pretend shops, registered with us, and how they reach us. `objects` is our bucket."""

    def __init__(self, dynamo: FakeDynamo) -> None:
        self.dynamo, self.now = dynamo, NOW
        self.objects: dict[str, bytes] = {}
        self.posted: list[tuple[dict[str, str], bytes]] = []
        self.saleor = saleor.Double(SALEOR, lambda: self.now, self._deliver)
        self.woo = woocommerce.Double(WOO, lambda: self.now, lambda *_: 200)
        self.woo.keys.known[KEYS["consumer_key"]] = Key(str(KEYS["consumer_secret"]))
        self.http: Any = InProcess(self.saleor, SALEOR)
        open_shop("acme", platform="saleor", api_url=SALEOR)
        open_shop("bowls", platform="woocommerce", api_url=WOO)

    def _deliver(self, address: str, headers: dict[str, str], body: bytes) -> int:
        self.posted.append(({name.lower(): value for name, value in headers.items()}, body))
        return 200

    def shop(self, slug: str = "acme") -> Shop:
        found = shops.get(slug)
        assert found
        return found

    def reaches_us(self, method: str, address: str, headers: dict[str, str], body: bytes | None) -> tuple[int, bytes]:
        answer = ask(method, urlsplit(address).path, headers, body)
        return answer.status, answer.text.encode()

    def install(self, token: str, slug: str = "acme") -> Any:
        return self.saleor.install(f"{PUBLIC}/connect/saleor/{slug}/{token}/manifest", self.reaches_us)

    def expect(self, slug: str = "acme", platform: str = "saleor") -> str:
        return work.expect(slug, platform, self.now)


def _rows(world: World) -> dict[str, dict[str, Any]]:
    """The whole table, as it is now."""
    return copy.deepcopy(world.dynamo.rows)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with instead_of_dynamodb() as dynamo:
        made = World(dynamo)
        clock.use(lambda: made.now)
        monkeypatch.setattr(work, "_Hurried", lambda local: made.http)
        monkeypatch.setattr(aws, "reach", lambda: made)
        made.put = made.objects.__setitem__  # type: ignore[attr-defined]
        yield made


def register(token: str, auth_token: Any, api_url: str | None = f"{SALEOR}/graphql/", slug: str = "acme") -> Answered:
    headers = {"content-type": "application/json", **({"saleor-api-url": api_url} if api_url is not None else {})}
    body = json.dumps({"auth_token": auth_token}).encode()
    return ask("POST", f"/connect/saleor/{slug}/{token}/register", headers, body)


def grant(token: str, slug: str = "bowls", **other: Any) -> Answered:
    body = json.dumps({name: value for name, value in {**KEYS, **other}.items() if value is not None}).encode()
    return ask("POST", f"/connect/woocommerce/{slug}/{token}", {"content-type": "application/json"}, body)


def code(answer: Answered) -> str:
    """Of a refusal with a reason."""
    assert answer.status == 422
    assert len(answer.json["error"]["message"]) > 20
    return str(answer.json["error"]["code"])


# --- Saleor ----------------------------------------------------------------------------------------------------------


def test_a_saleor_shop_installs_our_app_and_is_connected(world: World) -> None:
    token = world.expect()
    assert work.state("acme").word == "waiting"
    installed = world.install(token)
    assert work.state("acme").word == "granted"
    assert access.opened(MASTER, world.shop()) == {"token": installed.token}
    assert installed.token not in str(_rows(world))
    world.saleor.place_order()
    headers, body = world.posted[0]
    entry = Entry(**json.loads(world.objects["directory.json"])["shops"]["acme"])
    signature = signatures.signature_of("saleor")
    assert signature
    assert webhook.verify_with_keys(headers, body, entry.jwks)
    assert signatures.proves(entry, MASTER, "acme", signature, "order_created", headers, body, NOW)


def test_the_token_works_once(world: World) -> None:
    token = world.expect()
    installed = world.install(token)
    assert register(token, installed.token).status == 404
    assert ask("GET", f"/connect/saleor/acme/{token}/manifest").status == 404
    assert work.state("acme").word == "granted"


def test_the_manifest_can_be_read_again_and_again(world: World) -> None:
    path = f"/connect/saleor/acme/{world.expect()}/manifest"
    first, second = (ask("GET", path, {"Saleor-Schema-Version": "3.23"}) for _ in range(2))
    assert first.status == 200
    assert first.json == second.json
    assert first.headers["cache-control"] == "no-store"
    assert ["CUSTOMER_DELETED"] in [hook["asyncEvents"] for hook in first.json["webhooks"]]
    assert ["CUSTOMER_DELETED"] not in [hook["asyncEvents"] for hook in ask("GET", path).json["webhooks"]]


def test_on_aws_the_manifest_says_the_address_that_was_asked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The function that serves the API cannot be told its address: the API is made from it."""
    monkeypatch.delenv("ECRM_PUBLIC_URL")
    settings.cache_clear()
    token = world.expect()
    path = f"/connect/saleor/acme/{token}/manifest"
    event = {
        "resource": "/connect/saleor/{shop}/{token}/manifest",
        "path": path,
        "httpMethod": "GET",
        "headers": {},
        "multiValueHeaders": {},
        "multiValueQueryStringParameters": None,
        "pathParameters": {"shop": "acme", "token": token},
        "stageVariables": None,
        "body": None,
        "isBase64Encoded": False,
        "requestContext": {
            "resourcePath": "/connect/saleor/{shop}/{token}/manifest",
            "httpMethod": "GET",
            "path": f"/prod{path}",
            "domainName": "abc123.execute-api.eu-west-1.amazonaws.com",
        },
    }
    told = json.loads(app(event, None)["body"])
    here = "https://abc123.execute-api.eu-west-1.amazonaws.com/prod"
    assert told["tokenTargetUrl"] == f"{here}/connect/saleor/acme/{token}/register"
    assert {hook["targetUrl"] for hook in told["webhooks"]} == {f"{here}/hooks/saleor/acme"}


def _another_app(world: World) -> str:
    return world.saleor.CREDENTIALS["token"]


def _none(world: World) -> str:
    return "z" * 30


def _moved(world: World) -> str:
    world.saleor.moved_to = "https://evil.test/graphql/"
    return _another_app(world)


def _gone(world: World) -> str:
    world.http.fail(Unreachable("acme.saleor.test: nobody answers there"))
    return _another_app(world)


def _down(world: World) -> str:
    world.http.fail(500)
    return _another_app(world)


FORGED: list[tuple[Callable[[World], Any], str, str]] = [
    (_none, f"{SALEOR}/graphql/", "bad_key"),
    (_another_app, f"{SALEOR}/graphql/", "another_app"),
    (_moved, f"{SALEOR}/graphql/", "moved"),
    (_gone, f"{SALEOR}/graphql/", "unreachable"),
    (_down, f"{SALEOR}/graphql/", "trouble"),
    (_another_app, "https://evil.test/graphql/", "another_shop"),
    (_another_app, "http://acme.saleor.test/graphql/", "another_shop"),
    (_another_app, "https://acme.saleor.test.evil.test/graphql/", "another_shop"),
    (_another_app, "https://acme.saleor.test@evil.test/graphql/", "another_shop"),
    (_another_app, f"{SALEOR}:8443/graphql/", "another_shop"),
    (_another_app, "", "another_shop"),
    (_another_app, None, "another_shop"),  # type: ignore[list-item]
    (lambda world: "", f"{SALEOR}/graphql/", "no_key"),
    (lambda world: 7, f"{SALEOR}/graphql/", "no_key"),
    (lambda world: None, f"{SALEOR}/graphql/", "no_key"),
    (lambda world: "two words", f"{SALEOR}/graphql/", "no_key"),
    (lambda world: "x" * 501, f"{SALEOR}/graphql/", "no_key"),
    (lambda world: "a\r\nb: cccccccccc", f"{SALEOR}/graphql/", "no_key"),
]


@pytest.mark.parametrize(("forge", "api_url", "reason"), FORGED)
def test_a_forged_registration_is_refused_and_changes_nothing(
    world: World, forge: Callable[[World], Any], api_url: str, reason: str
) -> None:
    token, before = world.expect(), world.shop()
    answer = register(token, forge(world), api_url)
    assert code(answer) == reason
    assert world.shop() == before
    assert world.objects == {}
    assert all(url.startswith(f"{SALEOR}/") for _, url in world.http.asked)
    told = work.state("acme")
    assert (told.word, told.reason) == ("refused", answer.json["error"]["message"])


def test_where_the_address_is_another_nobody_is_asked(world: World) -> None:
    assert code(register(world.expect(), _another_app(world), "https://evil.test/graphql/")) == "another_shop"
    assert world.http.asked == []


def test_a_shop_that_shows_no_keys_is_not_connected(world: World) -> None:
    """Nothing that it sends could be verified. The dashboard shows why."""
    token, before = world.expect(), world.shop()
    world.http.fail(None, 404)
    with pytest.raises(NotInstalled, match="no Saleor answers there"):
        world.install(token)
    assert world.shop() == before
    assert world.saleor.apps == [world.saleor.app]


def test_after_a_refusal_the_owner_may_try_again(world: World) -> None:
    token = world.expect()
    world.http.fail(500)
    with pytest.raises(NotInstalled, match="try again"):
        world.install(token)
    assert work.state("acme").word == "refused"
    world.install(token)
    assert work.state("acme") == work.State("granted", "", work.state("acme").expires_at)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"[" * 10_000, b'"text"'])
def test_what_is_no_object_is_refused(world: World, body: bytes) -> None:
    headers = {"saleor-api-url": f"{SALEOR}/graphql/"}
    assert code(ask("POST", f"/connect/saleor/acme/{world.expect()}/register", headers, body)) == "not_json"


def test_a_bucket_that_fails_does_not_undo_the_connection(world: World) -> None:
    """The keys are in the shop's row: whoever renews them publishes them too."""

    def put(key: str, data: bytes) -> None:
        raise Trouble("InternalError", 500)

    world.put = put  # type: ignore[attr-defined]
    world.install(world.expect())
    assert work.state("acme").word == "granted"
    assert world.shop().jwks


def test_an_address_that_changes_meanwhile_is_another_shop(world: World) -> None:
    token, usual = world.expect(), world.http.ask

    def ask_slowly(*args: Any, **kwargs: Any) -> Answer:
        shops.change("acme", lambda shop: replace(shop or world.shop(), api_url="https://other.saleor.test"))
        answer: Answer = usual(*args, **kwargs)
        return answer

    world.http.ask = ask_slowly
    with pytest.raises(NotInstalled, match="start again"):
        world.install(token)
    assert (world.shop().access, world.shop().jwks) == ("", "")


def test_whoever_comes_second_at_the_same_time_gets_nothing(world: World) -> None:
    token, usual, second = world.expect(), world.http.ask, []

    def ask_slowly(*args: Any, **kwargs: Any) -> Answer:
        world.http.ask = usual
        second.append(register(token, "y" * 30).status)
        answer: Answer = usual(*args, **kwargs)
        return answer

    world.http.ask = ask_slowly
    world.install(token)
    assert second == [404]
    assert work.state("acme").word == "granted"


def test_a_crash_in_the_middle_blocks_the_token_for_seconds_only(world: World) -> None:
    token = world.expect()
    world.http.fail(KeyError("a bug"))
    assert register(token, "y" * 30).status == 500
    assert register(token, "y" * 30).status == 404
    world.now += work.HOLD
    world.install(token)
    assert work.state("acme").word == "granted"


# --- WooCommerce -----------------------------------------------------------------------------------------------------


@pytest.fixture
def bowls(world: World) -> World:
    world.http = InProcess(world.woo, WOO)
    return world


def test_keys_that_the_owner_granted_are_tried_and_kept(bowls: World) -> None:
    answer = grant(bowls.expect("bowls", "woocommerce"))
    assert answer.status == 200
    assert work.state("bowls").word == "granted"
    kept = access.opened(MASTER, bowls.shop("bowls"))
    assert kept == {name: KEYS[name] for name in ("consumer_key", "consumer_secret")}
    assert bowls.http.asked
    assert all(url.startswith(f"{WOO}/") for _, url in bowls.http.asked)
    assert str(KEYS["consumer_secret"]) not in str(_rows(bowls))


@pytest.mark.parametrize("permissions", ["read", "", None, 7])
def test_keys_that_may_only_read_are_refused_with_the_reason(bowls: World, permissions: Any) -> None:
    before = bowls.shop("bowls")
    token = bowls.expect("bowls", "woocommerce")
    assert code(grant(token, key_permissions=permissions)) == "read_only"
    assert work.state("bowls").word == "refused"
    assert "read" in work.state("bowls").reason
    assert bowls.shop("bowls") == before
    assert bowls.http.asked == []


def test_keys_that_do_not_work_at_the_registered_shop_are_refused(bowls: World) -> None:
    before = bowls.shop("bowls")
    answer = grant(bowls.expect("bowls", "woocommerce"), consumer_secret="cs_" + "00" * 20)
    assert answer.status == 422
    assert bowls.shop("bowls") == before
    assert work.state("bowls").word == "refused"


@pytest.mark.parametrize("missing", ["consumer_key", "consumer_secret"])
def test_a_callback_without_keys_is_refused(bowls: World, missing: str) -> None:
    assert grant(bowls.expect("bowls", "woocommerce"), **{missing: None}).status == 422
    assert bowls.shop("bowls").access == ""


def test_granted_keys_are_taken_once(bowls: World) -> None:
    token = bowls.expect("bowls", "woocommerce")
    assert grant(token).status == 200
    before = bowls.shop("bowls")
    bowls.woo.keys.known["ck_" + "c3" * 20] = Key("cs_" + "d4" * 20)
    assert grant(token, consumer_key="ck_" + "c3" * 20, consumer_secret="cs_" + "d4" * 20).status == 404
    assert bowls.shop("bowls") == before


# --- whoever has no token --------------------------------------------------------------------------------------------


def _wrong(world: World) -> str:
    world.expect()
    return "A" * 43


def _replaced(world: World) -> str:
    token = world.expect()
    world.expect()
    return token


def _late(world: World) -> str:
    token = world.expect()
    world.now += work.LIFE
    return token


def _for_another_platform(world: World) -> str:
    return work.expect("acme", "woocommerce", world.now)


def _for_another_shop(world: World) -> str:
    world.expect()
    return work.expect("bowls", "saleor", world.now)


def _of_a_shop_that_is_off(world: World) -> str:
    token = world.expect()
    shops.change("acme", lambda shop: replace(shop or world.shop(), state="off"))
    return token


def _nothing_expected(world: World) -> str:
    return "A" * 43


def _empty_hash(world: World) -> str:
    return "%20"


STRANGERS = [
    _wrong,
    _replaced,
    _late,
    _for_another_platform,
    _for_another_shop,
    _of_a_shop_that_is_off,
    _nothing_expected,
    _empty_hash,
]


@pytest.mark.parametrize("stranger", STRANGERS)
def test_without_the_right_token_nothing_happens_and_nothing_is_learned(
    world: World, stranger: Callable[[World], str]
) -> None:
    token = stranger(world)
    before = _rows(world)
    answers = [
        register(token, _another_app(world)),
        ask("GET", f"/connect/saleor/acme/{token}/manifest"),
        grant(token, slug="acme") if stranger is not _for_another_platform else register(token, "x" * 30),
        register(token, _another_app(world), slug="nobody-knows-it"),
        register(token, _another_app(world), slug="Not%20A%20Slug%23CONNECT"),
    ]
    assert {(answer.status, answer.text) for answer in answers} == {(404, answers[0].text)}
    assert world.http.asked == []
    assert world.objects == {}
    assert _rows(world) == before


def test_an_unknown_shop_costs_what_a_wrong_token_costs(world: World) -> None:
    world.expect()
    calls: list[str] = []
    world.dynamo.before = lambda operation, arguments: calls.append(operation)
    costs = []
    for slug in ("acme", "bowls", "nobody-knows-it", "-", "x" * 200, "%23"):
        calls.clear()
        assert register("A" * 43, "x" * 30, slug=slug).status == 404
        costs.append(list(calls))
    assert costs == [["GetItem"]] * len(costs)


def test_a_token_ends_after_half_an_hour(world: World) -> None:
    token = world.expect()
    assert moment(work.state("acme").expires_at) == NOW + timedelta(minutes=30)
    world.now += timedelta(minutes=29, seconds=59)
    assert ask("GET", f"/connect/saleor/acme/{token}/manifest").status == 200
    world.now += timedelta(seconds=1)
    assert ask("GET", f"/connect/saleor/acme/{token}/manifest").status == 404


def test_tokens_are_random_and_only_their_hash_is_kept(world: World) -> None:
    tokens = {world.expect() for _ in range(5)}
    assert len(tokens) == 5
    assert all(len(token) >= 43 for token in tokens)
    stored = str(_rows(world))
    assert not [token for token in tokens if token in stored]
    assert "ttl" in stored


def test_of_a_shop_for_which_nobody_waits_there_is_no_state(world: World) -> None:
    assert work.state("acme") == work.State("none")


@pytest.mark.parametrize("path", ["/connect/saleor/acme/{}/register", "/connect/woocommerce/bowls/{}"])
def test_a_large_body_is_not_even_looked_at(world: World, path: str) -> None:
    token = world.expect("acme") if "saleor" in path else world.expect("bowls", "woocommerce")
    body = b'{"auth_token": "' + b"x" * work.LARGEST_BODY + b'"}'
    assert ask("POST", path.format(token), {}, body).status == 413
    assert world.http.asked == []


# --- what is written down --------------------------------------------------------------------------------------------


def test_no_token_and_no_key_in_any_line(
    world: World, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    told = [world.expect(), world.expect("bowls", "woocommerce"), *map(str, KEYS.values()), _another_app(world)]
    answers = [register(told[0], _another_app(world)), register(told[0], "w" * 30, "https://evil.test/")]
    for trouble in (KeyError(told[0]), Unreachable("x"), base.Trouble("x"), 500):
        world.http.fail(trouble)
        answers.append(register(told[0], "w" * 30))
        world.now += work.HOLD
    installed = world.install(told[0])
    world.http = InProcess(world.woo, WOO)
    answers += [grant(told[1], key_permissions="read"), grant(told[1], consumer_secret="cs_" + "00" * 20)]
    answers += [grant(told[1]), grant(told[1])]
    assert {500, 503, 404, 422, 200} == {answer.status for answer in answers}
    said = caplog.text + "".join(str(vars(record)) for record in caplog.records) + "".join(capsys.readouterr())
    said += "".join(answer.text for answer in answers)
    assert "connection refused" in said
    secrets = [*told, installed.token, "w" * 30, "cs_" + "00" * 20]
    assert [one for one in secrets if len(one) > 10 and one in said] == []


def test_keys_are_asked_for_with_little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """The function that waits for them ends after ten seconds."""
    from chalicelib import safe_http

    made: list[dict[str, Any]] = []

    class Patient:
        def __init__(self, **given: Any) -> None:
            made.append(given)

        def ask(self, *args: Any, **kwargs: Any) -> Answer:
            return Answer(200, {}, b"")

    seconds = [100.0]
    monkeypatch.setattr(work, "Client", Patient)
    monkeypatch.setattr(work.time, "monotonic", lambda: seconds[0])
    hurried = work._Hurried(local=True)
    hurried.ask("GET", "https://acme.test/")
    seconds[0] += 6
    hurried.ask("GET", "https://acme.test/")
    seconds[0] += 1
    with pytest.raises(Unreachable):
        hurried.ask("GET", "https://acme.test/")
    assert made == [{"local": True, "patience": 0.0, "total": 7.0}, {"local": True, "patience": 0.0, "total": 1.0}]
    assert safe_http.Client(**made[0])


@pytest.mark.parametrize(
    ("query", "said"), [("?success=1&user_id=x", "Thank you"), ("?success=0", "Nothing was changed")]
)
def test_the_owner_lands_on_a_page_that_says_how_to_go_on(query: str, said: str) -> None:
    found = ask("GET", f"/connect/done{query}")
    assert (found.status, found.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert said in found.text
    assert 'dir="rtl"' in found.text
