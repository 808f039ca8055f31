"""A message that she waved away stays away: on her word alone, for her alone, whatever she agreed to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock, keys
from chalicelib.domain.order import Buyer
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.table import customers, shelf, slot_counts
from chalicelib.work import aws, privacy, rid
from chalicelib.work.rid import Rid
from tests.acme import MASTER, NOW, see_account
from tests.dynamo_expressions import error
from tests.fake_dynamo import FakeDynamo, instead_of_dynamodb
from tests.gateway import Answered
from tests.storefront import MINA, asks, items, open_storefront, token
from tests.visiting import LAPTOP, Queue, in_lambda, tells, view, work

OMID = Buyer(account="8", email="omid@example.test", name="Omid")


@pytest.fixture
def fake() -> Iterator[FakeDynamo]:
    with instead_of_dynamodb() as fake:
        clock.use(lambda: NOW)
        yield fake


@pytest.fixture
def shop(fake: FakeDynamo) -> Shop:
    return with_messages()


def with_messages() -> Shop:
    """Two messages wait for Mina, one of them for Omid too."""
    shop = open_storefront()
    for buyer in (MINA, OMID):
        see_account(shop, buyer, "2026-01-01T00:00:00Z")
    for account, follow_up in (("7", "f_cup"), ("7", "f_tea"), ("8", "f_cup")):
        shelf.put("acme", node(shop, account), shelf.Shown(follow_up, "It is back", stamp(NOW - timedelta(days=1))))
    return shop


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Queue:
    found = Queue()
    monkeypatch.setattr(aws, "reach", lambda: found)
    return found


def node(shop: Shop, account: str = "7") -> str:
    return customers.look_up(shop, f"account:{account}")[0]


def waiting(shop: Shop, account: str = "7") -> list[str]:
    """What lies on her shelf."""
    return sorted(one.follow_up for one in shelf.of_customer("acme", [node(shop, account)], NOW))


def close(message: str = "f_cup", slot: str = "messages", shop: str = "acme", days: int = 0) -> dict[str, Any]:
    return {
        "type": "close",
        "rid": rid.make(MASTER, shop, Rid(slot, message, "message", rid.day_of(NOW - timedelta(days=days)))),
    }


def accepted(answer: Answered) -> int:
    assert answer.status == 202, answer.text
    return int(answer.json["accepted"])


def counted() -> dict[Any, dict[str, int]]:
    return {place: dict(counts) for place, counts in slot_counts.between("acme", "2026-11-21", "2026-11-21").items()}


@pytest.mark.parametrize("consent", [None, False, True])
def test_what_the_page_shows_and_she_closes_is_not_shown_again(shop: Shop, queue: Queue, consent: bool | None) -> None:
    shown = items(asks(shop, "messages", account="7"), "messages")
    assert sorted(one["id"] for one in shown) == ["f_cup", "f_tea"]
    (cup,) = [one["rid"] for one in shown if one["id"] == "f_cup"]
    assert accepted(tells(shop, {"type": "close", "rid": cup}, consent=consent, token=token(shop))) == 1
    queue.taken()
    assert [one["id"] for one in items(asks(shop, "messages", account="7"), "messages")] == ["f_tea"]
    assert waiting(shop, "8") == ["f_cup"]
    assert counted() == {("messages", "message"): {"closed": 1}}


def test_without_consent_nothing_else_is_taken_from_her_token(shop: Shop, queue: Queue, fake: FakeDynamo) -> None:
    before = list(fake.all())
    seen = {"type": "seen", "rids": [close("f_tea")["rid"]]}
    told = [view("ring"), {"type": "identify"}, {"type": "search", "query": "tea"}, seen, close()]
    assert accepted(tells(shop, *told, visitor=LAPTOP, token=token(shop))) == 2
    closed, rest = queue.messages
    assert (closed["closer"], closed["account"], closed["events"]) == ("7", None, [close()])
    assert (rest.get("closer"), rest["account"], rest["visitor"], rest["events"]) == (None, None, None, [seen])
    queue.taken()
    assert {item["k"]["S"] for item in fake.all() if item not in before} == {"slot_count"}
    assert waiting(shop) == ["f_tea"]


def test_with_consent_what_she_closed_is_told_beside_the_rest(shop: Shop, queue: Queue) -> None:
    assert accepted(tells(shop, view("ring"), close(), consent=True, visitor=LAPTOP, token=token(shop))) == 2
    assert [(one.get("closer"), one["account"], one["visitor"]) for one in queue.messages] == [
        ("7", None, None),
        (None, "7", LAPTOP),
    ]
    queue.taken()
    assert waiting(shop) == ["f_tea"]


@pytest.mark.parametrize("consent", [None, True])
def test_nobody_closes_anything(shop: Shop, queue: Queue, consent: bool | None) -> None:
    assert accepted(tells(shop, close(), consent=consent, visitor=LAPTOP)) == 0
    old = token(shop, expires=NOW - timedelta(minutes=2))
    assert accepted(tells(shop, close(), consent=consent, visitor=LAPTOP, token=old)) == 0
    assert queue.told == []


def test_a_token_that_is_not_hers_is_refused_for_this_too(shop: Shop, queue: Queue) -> None:
    open_storefront("bazaar")
    other = keys.customer_token(keys.identity_secret(MASTER, "bazaar"), "acme", "7", NOW + timedelta(minutes=5))
    for forged in (other, "a.b.c", token(shop)[:-2]):
        answer = tells(shop, close(), token=forged)
        assert (answer.status, answer.json["field"]) == (401, "token")
    assert queue.told == []


def test_another_customers_messages_stay_where_they_are(shop: Shop, queue: Queue) -> None:
    """Omid hands in the name of a message that only Mina has, and of one that both have."""
    tells(shop, close("f_tea"), close("f_cup"), token=token(shop, "8"))
    queue.taken()
    assert (waiting(shop, "7"), waiting(shop, "8")) == (["f_cup", "f_tea"], [])


def test_what_was_never_shown_closes_nothing(shop: Shop, queue: Queue) -> None:
    good = close()["rid"]
    forged = [
        {"type": "close", "rid": good[:-1] + ("A" if good[-1] != "A" else "B")},
        close(shop="bazaar"),
        close(days=3),
        {"type": "close", "rid": "f_cup"},
    ]
    product = close("f_cup", slot="popular")
    tells(shop, *forged, product, token=token(shop))
    queue.taken()
    assert waiting(shop) == ["f_cup", "f_tea"]
    assert counted()["", ""] == {"refused": len(forged)}


def test_told_twice_or_too_late_it_comes_to_the_same(shop: Shop, queue: Queue, fake: FakeDynamo) -> None:
    tells(shop, close(), token=token(shop))
    (text,) = [text for _, text in queue.told]
    assert work([text, text]) == work([text]) == []
    assert waiting(shop) == ["f_tea"]
    privacy.erase(shop, node(shop), NOW)
    left = list(fake.all())
    assert work([text]) == []
    assert [item for item in fake.all() if item not in left and item["k"]["S"] != "slot_count"] == []


def test_of_somebody_we_were_never_told_of_nothing_is_kept(shop: Shop, queue: Queue, fake: FakeDynamo) -> None:
    before = list(fake.all())
    tells(shop, close(), token=token(shop, "99"))
    queue.taken()
    assert {item["k"]["S"] for item in fake.all() if item not in before} == {"slot_count"}
    assert (waiting(shop, "7"), waiting(shop, "8")) == (["f_cup", "f_tea"], ["f_cup"])


def test_a_close_that_fails_comes_again(shop: Shop, queue: Queue, fake: FakeDynamo) -> None:
    tells(shop, close(), token=token(shop))
    (text,) = [text for _, text in queue.told]

    def before(operation: str, asked: dict[str, Any]) -> None:
        if "SHELF#" in str(asked):
            raise error("InternalServerError", operation=operation)

    fake.before = before
    assert work([text]) == ["m-0"]
    fake.before = lambda operation, asked: None
    assert (waiting(shop), counted()) == (["f_cup", "f_tea"], {})
    assert work([text]) == []
    assert (waiting(shop), counted()) == (["f_tea"], {("messages", "message"): {"closed": 1}})


def test_a_name_on_the_queue_closes_messages_and_nothing_else(shop: Shop, fake: FakeDynamo) -> None:
    facts = {"shop": "acme", "visitor": LAPTOP, "account": "7", "at": stamp(NOW), "consent": False, "closer": "7"}
    before = list(fake.all())
    assert work([json.dumps({**facts, "events": [view("ring"), {"type": "identify"}]})]) == []
    assert list(fake.all()) == before


def test_with_the_test_key_it_is_checked_and_nothing_happens(shop: Shop, queue: Queue) -> None:
    key = keys.test_key(MASTER, "acme")
    assert tells(shop, close(), token=token(shop), key=key).json == {"accepted": 1, "preview": True}
    assert queue.told == []


def test_the_function_may_take_it_off_the_shelf(queue: Queue, table: str) -> None:
    """Under its role, at an emulator."""
    clock.use(lambda: NOW)
    shop = with_messages()
    tells(shop, close(), token=token(shop))
    assert in_lambda([text for _, text in queue.told]) == {"batchItemFailures": []}
    assert waiting(shop) == ["f_tea"]
