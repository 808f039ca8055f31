"""What pages tell of their visitors: what is taken, from whom, and what nobody learns by telling it."""

from __future__ import annotations

import base64
import json
import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib import clock, keys
from chalicelib.domain import visit_reading
from chalicelib.domain.bots import is_bot
from chalicelib.domain.shop import Shop
from chalicelib.domain.visits import BadVisit, Batch
from chalicelib.routes import limits
from chalicelib.table import customers, shops
from chalicelib.work import privacy, remembered
from tests.acme import MASTER, NOW, see_account
from tests.fake_dynamo import FakeDynamo
from tests.gateway import Answered, ask
from tests.storefront import MINA, PAGE, bought, open_storefront, token
from tests.test_openapi import CHECKS, OURS
from tests.visiting import FIREFOX, LAPTOP, PHONE, Queue, posts, tells, view

RID = "r_WyJwb3B1bGFyIl0.AAAAAAAAAAA"
SEEN = {"type": "seen", "rids": [RID]}
CLICK = {"type": "click", "rid": RID}


@pytest.fixture
def shop(fake: FakeDynamo) -> Shop:
    return open_storefront()


def accepted(answer: Answered) -> int:
    assert answer.status == 202, answer.text
    return int(answer.json["accepted"])


def problem(answer: Answered) -> tuple[int, str | None]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    assert answer.json["status"] == answer.status
    return answer.status, answer.json.get("field")


# --- what is taken ---------------------------------------------------------------------------------------------------


def test_what_a_customer_did_lies_on_the_queue_in_our_own_words(shop: Shop, queue: Queue) -> None:
    told = [
        view("123", ago=4),
        {"type": "search", "query": "  green\ttea \u202e"},
        {"type": "cart", "products": ["1", "2", "1"]},
        CLICK,
        SEEN,
        {"type": "identify"},
    ]
    assert accepted(tells(shop, *told, consent=True, visitor=LAPTOP, token=token(shop))) == 6
    assert queue.messages == [
        {
            "shop": "acme",
            "visitor": LAPTOP,
            "account": "7",
            "at": "2026-11-21T12:00:00Z",
            "consent": True,
            "events": [
                {"type": "view", "product": "123", "ago": 4},
                {"type": "search", "query": "green tea"},
                {"type": "cart", "products": ["1", "2"]},
                CLICK,
                SEEN,
                {"type": "identify"},
            ],
        }
    ]
    assert queue.told[0][0] == "acme"


@pytest.mark.parametrize("consent", [False, None])
def test_without_consent_nobody_is_named_and_nothing_but_slots_is_counted(
    shop: Shop, queue: Queue, consent: bool | None
) -> None:
    told = [view("123"), {"type": "search", "query": "tea"}, SEEN, CLICK]
    assert accepted(tells(shop, *told, consent=consent, visitor=LAPTOP, token=token(shop))) == 2
    (message,) = queue.messages
    assert (message["visitor"], message["account"], message["consent"]) == (None, None, False)
    assert message["events"] == [SEEN, CLICK]
    assert LAPTOP not in queue.told[0][1]


def test_without_consent_looks_alone_are_not_even_told_on(shop: Shop, queue: Queue) -> None:
    assert accepted(tells(shop, view("123"), visitor=LAPTOP)) == 0
    assert queue.told == []


def test_looks_of_nobody_are_not_kept_for_anybody(shop: Shop, queue: Queue) -> None:
    assert accepted(tells(shop, view("123"), SEEN, consent=True)) == 1
    assert queue.messages[0]["events"] == [SEEN]


def test_a_token_without_consent_is_not_even_looked_at(shop: Shop, queue: Queue) -> None:
    assert accepted(tells(shop, SEEN, token="not.a.token", visitor=LAPTOP)) == 1
    assert queue.messages[0]["account"] is None


def test_nor_does_a_token_beside_the_body_name_anybody_without_consent(shop: Shop, queue: Queue) -> None:
    headers: dict[str, str | None] = {"Authorization": f"Bearer {token(shop)}"}
    assert accepted(tells(shop, SEEN, view("1"), headers=headers)) == 1
    assert queue.messages[0]["account"] is None
    assert accepted(tells(shop, SEEN, view("1"), headers=headers, consent=True)) == 2
    assert queue.messages[1]["account"] == "7"


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "Text/Plain; charset=utf-8"])
def test_a_beacon_needs_no_preflight(shop: Shop, queue: Queue, kind: str) -> None:
    answer = tells(shop, SEEN, headers={"Content-Type": kind})
    assert accepted(answer) == 1
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert "access-control-allow-credentials" not in answer.headers


def test_a_preflight_is_answered(shop: Shop) -> None:
    answer = ask("OPTIONS", "/v1/events", {"Origin": PAGE, "Access-Control-Request-Method": "POST"})
    assert answer.status == 204
    assert answer.headers["access-control-allow-methods"] == "POST"


def test_the_key_may_stand_in_the_address(shop: Shop, queue: Queue) -> None:
    key = keys.publishable_key(MASTER, "acme")
    body = json.dumps({"events": [SEEN]}).encode()
    assert accepted(posts(body, query=f"?key={key}")) == 1
    both = json.dumps({"key": key, "events": [SEEN]}).encode()
    assert accepted(posts(both, query=f"?key={key}")) == 1
    assert problem(posts(both, query=f"?key={key}x")) == (400, "key")
    assert problem(posts(both, query="?shop=acme")) == (400, "shop")
    assert problem(posts(body)) == (401, "key")


# --- what is refused: the whole of it, with the field ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"events": []}, "events"),
        ({"events": [SEEN] * 21}, "events"),
        ({"events": {"0": SEEN}}, "events"),
        ({}, "events"),
        ({"events": [SEEN, "view"]}, "events[1]"),
        ({"events": [SEEN, SEEN, SEEN, {"type": "purchase"}]}, "events[3].type"),
        ({"events": [{"product": "1"}]}, "events[0].type"),
        ({"events": [{"type": ["view"], "product": "1"}]}, "events[0].type"),
        ({"events": [view("")]}, "events[0].product"),
        ({"events": [view("x" * 129)]}, "events[0].product"),
        ({"events": [{"type": "view", "product": 123}]}, "events[0].product"),
        ({"events": [view("1\u202e2")]}, "events[0].product"),
        ({"events": [view("\x00")]}, "events[0].product"),
        ({"events": [view("1", price=100)]}, "events[0].price"),
        ({"events": [view("1", ago=-1)]}, "events[0].ago"),
        ({"events": [view("1", ago=3601)]}, "events[0].ago"),
        ({"events": [view("1", ago=1.5)]}, "events[0].ago"),
        ({"events": [view("1", ago=True)]}, "events[0].ago"),
        ({"events": [view("1", ago=10**400)]}, "events[0].ago"),
        ({"events": [{"type": "search", "query": " \t\n"}]}, "events[0].query"),
        ({"events": [{"type": "search", "query": "x" * 201}]}, "events[0].query"),
        ({"events": [{"type": "cart", "products": ["1"] * 21}]}, "events[0].products"),
        ({"events": [{"type": "cart", "products": ["1", None]}]}, "events[0].products[1]"),
        ({"events": [{"type": "cart"}]}, "events[0].products"),
        ({"events": [{"type": "click", "rid": "r" * 801}]}, "events[0].rid"),
        ({"events": [{"type": "close", "rid": ""}]}, "events[0].rid"),
        ({"events": [{"type": "close", "rid": RID, "id": "f_1"}]}, "events[0].id"),
        ({"events": [{"type": "seen", "rids": []}]}, "events[0].rids"),
        ({"events": [{"type": "seen", "rids": ["r_1", ""]}]}, "events[0].rids[1]"),
        ({"events": [{"type": "identify", "account": "7"}]}, "events[0].account"),
        ({"events": [{"type": "identify"}], "consent": True, "visitor": LAPTOP}, "token"),
        ({"events": [SEEN], "consent": "yes"}, "consent"),
        ({"events": [SEEN], "consent": 1}, "consent"),
        ({"events": [SEEN], "visitor": LAPTOP[:21]}, "visitor"),
        ({"events": [SEEN], "visitor": LAPTOP + "\n"}, "visitor"),
        ({"events": [SEEN], "visitor": "../../etc/passwd#12345"}, "visitor"),
        ({"events": [SEEN], "token": ""}, "token"),
        ({"events": [SEEN], "account": "7"}, "account"),
        ({"events": [SEEN], "key": 5}, "key"),
    ],
)
def test_a_batch_with_one_mistake_is_refused_whole(shop: Shop, queue: Queue, body: Any, field: str) -> None:
    told = {"key": keys.publishable_key(MASTER, "acme"), **body}
    assert problem(posts(json.dumps(told).encode())) == (400, field)
    assert queue.told == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b"\xff\xfe{",
        '{"events": []}'.encode("utf-16"),
        b"\xef\xbb\xbf{}",
        b"[" * 8000,
        b'{"a":' * 2500 + b"1" + b"}" * 2500,
        b'{"events":[{"type":"view","product":"1","ago":NaN}]}',
        b'{"events":[{"type":"view","product":"1","ago":-Infinity}]}',
        b'{"events":[{"type":"view","product":"1","ago":' + b"9" * 9000 + b"}]}",
        b'{"events":[{"type":"view","product":"\\ud800"}]}',
        b'{"events":[{"type":"search","query":"\\udc00\\ud800"}]}',
        b'{"\\udfff":1,"events":[]}',
        b'{"consent":false,"consent":true,"events":[{"type":"view","product":"1"}]}',
        b'{"events":[{"type":"seen","type":"view","product":"1"}]}',
        b'{"__proto__":{"consent":true},"events":[{"type":"view","product":"1"}]}',
    ],
)
def test_hostile_json_is_a_400_and_nothing_else(shop: Shop, queue: Queue, body: bytes) -> None:
    status, field = problem(posts(body, query=f"?key={keys.publishable_key(MASTER, 'acme')}"))
    assert (status, field) == (400, "__proto__" if b"__proto__" in body else "body")
    assert queue.told == []


def test_too_much_and_what_is_no_text_is_refused(shop: Shop, queue: Queue) -> None:
    assert problem(posts(b" " * (16 * 1024 + 1))) == (413, None)
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data", "text/html", "application/jsonp", None):
        assert problem(tells(shop, SEEN, headers={"Content-Type": kind})) == (415, None), kind
    assert queue.told == []


WORDS = ("events", "consent", "visitor", "token", "type", "product", "ago", "rids", "query", "products")
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=5),
    max_leaves=12,
)
KINDS = st.sampled_from(["view", "search", "cart", "click", "seen", "close", "identify", "buy"])
NEARLY = st.fixed_dictionaries(
    {"type": KINDS},
    optional={
        "product": st.text(max_size=4),
        "query": st.text(max_size=260),
        "products": st.lists(st.text(max_size=3), max_size=3),
        "rid": st.text(max_size=4),
        "rids": st.lists(st.text(max_size=3), max_size=3),
        "ago": st.integers(-1, 3601),
    },
)


@given(ANYTHING | st.lists(NEARLY, max_size=3))
@settings(max_examples=150, deadline=None, derandomize=True, database=None)
def test_whatever_is_told_is_taken_or_refused(told: Any) -> None:
    body = told if isinstance(told, dict) and "events" in told else {"events": told}
    try:
        found = visit_reading.read(json.dumps(body).encode("utf-8", "surrogatepass"))
    except BadVisit as bad:
        refusal = bad.field, bad.reason
        assert all(refusal)
    else:
        assert isinstance(found, Batch)
        assert visit_reading.events([visit_reading.plain(event) for event in found.events]) == found.events


# --- from whom -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key",
    [
        keys.publishable_key(MASTER, "acme")[:-1] + "x",
        keys.publishable_key(MASTER, "nobody-here"),
        keys.publishable_key(bytes(32), "acme"),
        keys.secret_key(MASTER, "acme"),
        keys.identity_secret(MASTER, "acme"),
        "pk_acme_",
        "acme",
        "pk_acme_é" + "a" * 20,
    ],
)
def test_no_other_key_opens_it(shop: Shop, queue: Queue, key: str) -> None:
    assert problem(tells(shop, SEEN, key=key)) == (401, "key")
    assert queue.told == []


def test_another_shops_key_speaks_for_the_other_shop_and_its_pages_only(shop: Shop, queue: Queue) -> None:
    open_storefront("bazaar", origins=["https://bazaar.test"])
    theirs = keys.publishable_key(MASTER, "bazaar")
    assert problem(tells(shop, SEEN, key=theirs)) == (403, None)
    assert queue.told == []
    assert accepted(tells(shop, SEEN, key=theirs, headers={"Origin": "https://bazaar.test"})) == 1
    assert queue.told[0][0] == queue.messages[0]["shop"] == "bazaar"


def test_a_shop_that_was_switched_off_takes_nothing(shop: Shop, queue: Queue) -> None:
    shops.put(replace(shop, state="off"))
    remembered.forget_everything()
    assert problem(tells(shop, SEEN)) == (403, None)
    assert problem(tells(shop, SEEN, key=keys.test_key(MASTER, "acme"))) == (403, None)
    assert queue.told == []


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "https://evil.test",
        "https://shop.acme.test.evil.test",
        "https://evil.test#https://shop.acme.test",
        "http://shop.acme.test",
        "https://shop.acme.test:8443",
        "https://shop.acme.test/",
        "https://sub.shop.acme.test",
        "HTTPS://SHOP.ACME.TEST",
        "*",
        "https://shop.acme.test, https://evil.test",
    ],
)
def test_only_the_shops_own_pages_may_tell(shop: Shop, queue: Queue, origin: str | None) -> None:
    answer = tells(shop, SEEN, headers={"Origin": origin})
    assert problem(answer) == (403, None)
    assert answer.headers.get("access-control-allow-origin") != "*"
    assert queue.told == []


@pytest.mark.parametrize("origin", [None, "null", "http://localhost:5173", "https://preview.theme.test"])
def test_the_test_key_may_be_tried_from_anywhere_and_nothing_is_kept(
    shop: Shop, queue: Queue, origin: str | None
) -> None:
    key, headers = keys.test_key(MASTER, "acme"), {"Origin": origin, "User-Agent": "curl/8.9.1"}
    answer = tells(shop, view("1"), SEEN, key=key, headers=headers, consent=True, visitor=LAPTOP)
    assert (answer.status, answer.json) == (202, {"accepted": 2, "preview": True, "refused": 1})
    assert problem(tells(shop, view(""), key=key, headers=headers)) == (400, "events[0].product")
    assert problem(tells(shop, view("1"), key=key, headers=headers, consent=True, token="x.y.z")) == (401, "token")
    assert queue.told == []


def unsigned(claims: dict[str, Any], alg: str = "none") -> str:
    parts = [json.dumps({"alg": alg, "typ": "JWT"}), json.dumps(claims)]
    return ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts) + "."


def spoiled(text: str) -> str:
    head, claims, signature = text.split(".")
    return f"{head}.{claims[:-2]}{'AA' if claims[-2:] != 'AA' else 'BB'}.{signature}"


CLAIMS = {"iss": "acme", "sub": "7", "exp": int((NOW + timedelta(minutes=5)).timestamp()), "aud": "ecrm"}
TOKENS = {
    "none": lambda shop: unsigned(CLAIMS),
    "none in capitals": lambda shop: unsigned(CLAIMS, "NONE"),
    "lives too long": lambda shop: token(shop, expires=NOW + timedelta(days=30)),
    "of another shop": lambda shop: token(replace(shop, slug="bazaar")),
    "another shop's in our name": lambda shop: token(replace(shop, slug="bazaar"), issuer="acme"),
    "ours in another's name": lambda shop: token(shop, issuer="bazaar"),
    "signed with the key of the page": lambda shop: keys.customer_token(
        keys.publishable_key(MASTER, "acme"), "acme", "7", NOW + timedelta(minutes=5)
    ),
    "spoiled": lambda shop: spoiled(token(shop)),
    "a preferences link": lambda shop: keys.link_token(
        MASTER, "preferences", keys.Link("acme", "c_1", "f_1"), NOW + timedelta(minutes=5)
    ),
    "no text of a token": lambda shop: "é" * 30,
}


@pytest.mark.parametrize("what", TOKENS)
def test_no_other_token_names_anybody_and_nothing_of_the_batch_is_kept(shop: Shop, queue: Queue, what: str) -> None:
    answer = tells(shop, SEEN, {"type": "identify"}, consent=True, visitor=LAPTOP, token=TOKENS[what](shop))
    assert problem(answer) == (401, "token")
    assert queue.told == []


def test_a_token_that_ran_out_while_the_page_was_open_is_nobodys(shop: Shop, queue: Queue) -> None:
    """A beacon hears no answer: a refusal would lose what was seen and clicked, and nobody would know."""
    old = token(shop, expires=NOW - timedelta(minutes=2))
    answer = tells(shop, SEEN, {"type": "identify"}, consent=True, visitor=LAPTOP, token=old)
    assert (answer.status, answer.json) == (202, {"accepted": 1})
    (message,) = queue.messages
    assert message["account"] is None
    assert [event["type"] for event in message["events"]] == ["seen"]


# --- what nobody learns ----------------------------------------------------------------------------------------------


def test_known_unknown_and_erased_customers_cannot_be_told_apart(shop: Shop, queue: Queue, fake: FakeDynamo) -> None:
    """Same answer, and the same work: none at the table."""
    see_account(shop, MINA, "2026-01-01T00:00:00Z")
    bought(shop, "1", 20, "tea")
    see_account(shop, replace(MINA, account="8", email="omid@example.test"), "2026-01-01T00:00:00Z")
    (erased,) = customers.look_up(shop, "account:8")
    privacy.erase(shop, erased, NOW)
    tells(shop, SEEN)
    calls: list[str] = []
    fake.before = lambda operation, arguments: calls.append(operation)
    answers = [
        tells(shop, view("tea"), {"type": "identify"}, consent=True, visitor=LAPTOP, token=token(shop, account))
        for account in ("7", "8", "99")
    ]
    assert calls == []
    assert len({(one.status, one.text, tuple(sorted(one.headers.items()))) for one in answers}) == 1
    assert [len(text) for _, text in queue.told[1:3]] == [len(queue.told[1][1])] * 2


def test_somebody_elses_visitor_id_tells_nothing(shop: Shop, queue: Queue) -> None:
    """Whoever knows it can add to it: neither is anything ever read by it, nor is it told from one just drawn."""
    tells(shop, view("ring"), consent=True, visitor=LAPTOP)
    mine, fresh = (tells(shop, view("tea"), consent=True, visitor=visitor) for visitor in (LAPTOP, PHONE))
    assert (mine.status, mine.text, mine.headers) == (fresh.status, fresh.text, fresh.headers)


def test_nothing_of_it_is_logged(shop: Shop, queue: Queue, caplog: pytest.LogCaptureFixture) -> None:
    queue.broken = True
    with caplog.at_level(logging.DEBUG):
        tells(shop, {"type": "search", "query": "hemorrhoid cream"}, consent=True, visitor=LAPTOP, token=token(shop))
        tells(shop, {"type": "search", "query": "hemorrhoid cream", "x": 1}, consent=True, visitor=LAPTOP)
        tells(shop, SEEN, consent=True, visitor=LAPTOP, token="a.b.c")
    said = " ".join(f"{record.getMessage()} {record.__dict__!r}" for record in caplog.records)
    for word in ("hemorrhoid", LAPTOP, "127.0.0.1", "a.b.c", RID):
        assert word not in said


# --- too much, and nobody --------------------------------------------------------------------------------------------


def test_one_visitor_cannot_tell_without_end(shop: Shop, queue: Queue) -> None:
    answers = [tells(shop, view("1"), consent=True, visitor=LAPTOP) for _ in range(70)]
    refused = [answer for answer in answers if answer.status != 202]
    assert {problem(answer) for answer in refused} == {(429, None)}
    assert len(queue.told) == 60
    wait = int(refused[0].headers["retry-after"])
    assert 1 <= wait <= 60
    assert refused[0].headers["access-control-allow-origin"] == PAGE
    assert accepted(tells(shop, view("1"), consent=True, visitor=PHONE)) == 1
    clock.use(lambda: NOW + timedelta(seconds=wait))
    assert accepted(tells(shop, view("1"), consent=True, visitor=LAPTOP)) == 1


def test_one_account_cannot_tell_without_end_however_many_browsers_it_claims(shop: Shop, queue: Queue) -> None:
    """Else its own data could not be copied or erased any more in the time that there is for it."""
    for visitors in (dict.fromkeys(range(70)), {n: f"{n:022d}" for n in range(70)}):
        limits.forget_everything()
        told = [tells(shop, view("1"), consent=True, token=token(shop), visitor=one) for one in visitors.values()]
        assert [answer.status for answer in told].count(202) == 60
    assert accepted(tells(shop, view("1"), consent=True, token=token(shop, "8"))) == 1


def test_new_visitors_without_end_from_one_address_are_refused_too(shop: Shop, queue: Queue) -> None:
    answers = [tells(shop, view("1"), consent=True, visitor=f"{n:022d}") for n in range(320)]
    assert {answer.status for answer in answers} == {202, 429}
    assert len(queue.told) <= 300


@pytest.mark.parametrize(
    "agent",
    [
        None,
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/140.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Linux; Android 11) AppleWebKit/537.36 Chrome/119.0 Mobile Safari/537.36 Chrome-Lighthouse",
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/138.0 Safari/537.36 DatadogSynthetics",
        "python-requests/2.32.3",
        "curl/8.9.1",
        "Go-http-client/2.0",
        "WhatsApp/2.23.20.0",
    ],
)
def test_programs_are_thanked_and_forgotten(shop: Shop, queue: Queue, agent: str | None) -> None:
    assert tells(shop, SEEN, headers={"User-Agent": agent}).json == {"accepted": 0}
    assert queue.told == []


@pytest.mark.parametrize(
    "agent",
    [
        FIREFOX,
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 "
        "Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (Linux; Android 8.0.0; CUBOT_P20) AppleWebKit/537.36 Chrome/70.0 Safari/537.36",
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/111.0 Mobile Safari/537.36 "
        "(Ecosia android@111.0.5563.116)",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "
        "Instagram 390.0.0.28.85 (iPhone15,2; iOS 18_5; de_DE; de; scale=3.00; 1179x2556; 775)",
        "Mozilla/5.0 (Linux; Android 14; SM-S918B; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/130.0 "
        "Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/480.0.0.0;]",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 "
        "Edg/140.0.0.0",
    ],
)
def test_people_are_no_programs(agent: str) -> None:
    assert not is_bot(agent)


def test_a_queue_that_cannot_be_reached_is_admitted(shop: Shop, queue: Queue) -> None:
    queue.broken = True
    answer = tells(shop, SEEN)
    assert problem(answer) == (503, None)
    assert answer.headers["retry-after"] == "5"
    assert "None of it was taken" in answer.json["detail"]


def test_the_answer_is_as_described(shop: Shop, queue: Queue) -> None:
    headers = {"Origin": PAGE, "User-Agent": FIREFOX}
    for body in (
        {"key": keys.publishable_key(MASTER, "acme"), "consent": True, "visitor": LAPTOP, "events": [view("1"), SEEN]},
        {"key": keys.test_key(MASTER, "acme"), "events": [SEEN]},
        {"key": "pk_acme_x", "events": [SEEN]},
        {"events": []},
    ):
        case = OURS["/v1/events"]["POST"].Case(body=body, media_type="application/json")
        case.call_and_validate(headers=headers, checks=CHECKS)
    assert len(queue.told) == 1
