"""A message that she waved away stays away: on her word alone, for her alone, whatever she agreed to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock, keys
from chalicelib.domain.order import Buyer
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.table import customers, follow_ups, shelf, shops, slot_counts, visits
from chalicelib.work import privacy, rid
from chalicelib.work.rid import Rid
from tests.acme import MASTER, NOW, see_account
from tests.dynamo_expressions import error
from tests.fake_dynamo import FakeDynamo
from tests.gateway import Answered
from tests.storefront import MINA, asks, items, open_storefront, token
from tests.visiting import LAPTOP, Queue, in_lambda, tells, view, work

OMID = Buyer(account="8", email="omid@example.test", name="Omid")


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


def node(shop: Shop, account: str = "7") -> str:
    return customers.look_up(shop, f"account:{account}")[0]


def waiting(shop: Shop, account: str = "7") -> list[str]:
    """What lies on her shelf."""
    return sorted(one.follow_up for one in shelf.of_customer("acme", [node(shop, account)], NOW))


def close(
    message: str = "f_cup", slot: str = "messages", shop: str = "acme", days: int = 0, account: str = "7"
) -> dict[str, Any]:
    """With the name that her page has of a message."""
    day = rid.day_of(NOW - timedelta(days=days))
    whose = node(known(), account) if account else ""
    return {"type": "close", "rid": rid.make(MASTER, shop, Rid(slot, message, "message", day, whose))}


def known() -> Shop:
    found = shops.get("acme")
    assert found
    return found


def accepted(answer: Answered) -> int:
    assert answer.status == 202, answer.text
    return int(answer.json["accepted"])


def counted() -> dict[Any, dict[str, int]]:
    found = slot_counts.summed(slot_counts.by_day("acme", "2026-11-21", "2026-11-21"))
    return {place: dict(counts) for place, counts in found.items()}


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


def test_without_consent_nothing_of_her_token_is_looked_at(shop: Shop, queue: Queue, fake: FakeDynamo) -> None:
    before = [item for item in fake.all() if item["k"]["S"] != "shelf"]
    seen = {"type": "seen", "rids": [close("f_tea")["rid"]]}
    told = [view("ring"), {"type": "identify"}, {"type": "search", "query": "tea"}, seen, close()]
    assert accepted(tells(shop, *told, visitor=LAPTOP, token="a.b.c")) == 2
    (message,) = queue.messages
    assert (message["account"], message["visitor"], message["events"]) == (None, None, [seen, close()])
    queue.taken()
    after = [item for item in fake.all() if item["k"]["S"] != "shelf"]
    assert {item["k"]["S"] for item in after if item not in before} == {"slot_count"}
    assert waiting(shop) == ["f_tea"]


def test_with_consent_what_she_closed_is_told_beside_the_rest(shop: Shop, queue: Queue) -> None:
    assert accepted(tells(shop, view("ring"), close(), consent=True, visitor=LAPTOP, token=token(shop))) == 2
    queue.taken()
    assert waiting(shop) == ["f_tea"]
    (row,) = visits.all_of_customer("acme", node(shop))
    assert [one["type"] for one in row.happened] == ["view"]


@pytest.mark.parametrize("consent", [None, True])
def test_a_page_that_is_open_for_longer_than_its_token_lives_still_closes(
    shop: Shop, queue: Queue, consent: bool | None
) -> None:
    old = token(shop, expires=NOW - timedelta(minutes=2))
    assert accepted(tells(shop, close(days=1), consent=consent, visitor=LAPTOP, token=old)) == 1
    queue.taken()
    assert waiting(shop) == ["f_tea"]
    assert accepted(tells(shop, close("f_tea"), consent=consent, visitor=LAPTOP)) == 1
    queue.taken()
    assert (waiting(shop), waiting(shop, "8")) == ([], ["f_cup"])


def test_with_consent_a_token_that_is_not_hers_is_refused_for_this_too(shop: Shop, queue: Queue) -> None:
    open_storefront("bazaar")
    other = keys.customer_token(keys.identity_secret(MASTER, "bazaar"), "acme", "7", NOW + timedelta(minutes=5))
    for forged in (other, "a.b.c", token(shop)[:-2]):
        answer = tells(shop, close(), consent=True, token=forged)
        assert (answer.status, answer.json["field"]) == (401, "token")
    assert queue.told == []


def test_of_two_customers_each_closes_her_own(shop: Shop, queue: Queue) -> None:
    """What is closed is named by what her own page was shown, whoever is logged in meanwhile."""
    (cup,) = [one["rid"] for one in items(asks(shop, "messages", account="8"), "messages")]
    tells(shop, {"type": "close", "rid": cup}, token=token(shop, "7"), consent=True)
    queue.taken()
    assert (waiting(shop, "7"), waiting(shop, "8")) == (["f_cup", "f_tea"], [])


def test_nobody_is_shown_the_names_of_anothers_messages(shop: Shop) -> None:
    """Whoever holds one may close that message: so a page gets them for a token of its own, and nowhere else."""
    hers = {one["rid"] for one in items(asks(shop, "messages", account="7"), "messages")}
    his = {one["rid"] for one in items(asks(shop, "messages", account="8"), "messages")}
    assert (len(hers), len(his), hers & his) == (2, 1, set())
    assert items(asks(shop, "messages"), "messages") == items(asks(shop, "messages", account="99"), "messages") == []
    preview = asks(shop, "messages", account="7", key=keys.test_key(MASTER, "acme"))
    assert [one["rid"] for one in items(preview, "messages")] == [None, None]


def test_what_was_never_shown_closes_nothing(shop: Shop, queue: Queue) -> None:
    good = close()["rid"]
    forged = [
        {"type": "close", "rid": good[:-1] + ("A" if good[-1] != "A" else "B")},
        close(shop="bazaar"),
        close(days=3),
        {"type": "close", "rid": "f_cup"},
    ]
    of_nobody = [close("f_cup", slot="popular"), close("f_cup", account=""), close("f_never")]
    tells(shop, *forged, *of_nobody, token=token(shop), consent=True)
    queue.taken()
    assert waiting(shop) == ["f_cup", "f_tea"]
    assert counted()["", ""] == {"refused": len(forged)}


def test_told_twice_or_too_late_it_comes_to_the_same(shop: Shop, queue: Queue, fake: FakeDynamo) -> None:
    tells(shop, close(), token=token(shop))
    (text,) = [text for _, text in queue.told]
    assert work([text, text]) == work([text]) == []
    assert waiting(shop) == ["f_tea"]
    hers = node(shop)
    privacy.erase(shop, hers, NOW)
    left = list(fake.all())
    assert not [item for item in left if item["k"]["S"] == "shelf" and hers in item["pk"]["S"]]
    assert work([text]) == []
    assert [item for item in fake.all() if item not in left and item["k"]["S"] != "slot_count"] == []


def test_a_message_that_is_sent_again_after_she_closed_it_does_not_come_back(
    shop: Shop, queue: Queue, fake: FakeDynamo
) -> None:
    """Nobody knew whether it had been sent. Its words are gone meanwhile; its name goes after 30 days."""
    tells(shop, close())
    queue.taken()
    shelf.put("acme", node(shop), shelf.Shown("f_cup", "It is back", stamp(NOW)))
    assert waiting(shop) == ["f_tea"]
    assert [one["id"] for one in items(asks(shop, "messages", account="7"), "messages")] == ["f_tea"]
    (left,) = [one for one in fake.all() if one["sk"]["S"] == "SHELF#f_cup" and one["pk"]["S"].endswith(node(shop))]
    assert set(left) == {"pk", "sk", "k", "rev", "ttl", "at", "follow_up"}
    assert int(left["ttl"]["N"]) == int((NOW + timedelta(days=30)).timestamp())


def test_closing_costs_one_write_and_no_read(shop: Shop, queue: Queue, fake: FakeDynamo) -> None:
    tells(shop, close())
    calls: list[str] = []
    fake.before = lambda operation, asked: calls.append(operation) if "#C#" in str(asked) else None
    queue.taken()
    assert calls == ["PutItem"]


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


def test_with_the_test_key_it_is_checked_and_nothing_happens(shop: Shop, queue: Queue) -> None:
    key = keys.test_key(MASTER, "acme")
    assert tells(shop, close(), token=token(shop), key=key).json == {"accepted": 1, "preview": True, "refused": 0}
    assert queue.told == []


def test_the_function_may_take_it_off_the_shelf(queue: Queue, table: str) -> None:
    """Under its role, at an emulator."""
    clock.use(lambda: NOW)
    shop = with_messages()
    tells(shop, close(), token=token(shop))
    assert in_lambda([text for _, text in queue.told]) == {"batchItemFailures": []}
    assert waiting(shop) == ["f_tea"]


def test_of_what_a_flow_says_of_each_order_only_the_newest_is_shown_and_closes_the_others(
    shop: Shop, queue: Queue
) -> None:
    of = {order: follow_ups.follow_up_id(order, "something-new", "tell") for order in ("1", "2", "3")}
    for days_ago, order in ((3, "1"), (2, "2")):
        shelf.put("acme", node(shop), shelf.Shown(of[order], "Something is new", stamp(NOW - timedelta(days=days_ago))))
    shown = items(asks(shop, "messages", account="7"), "messages")
    assert [one["id"] for one in shown] == ["f_tea", "f_cup", of["2"]]
    accepted(tells(shop, {"type": "close", "rid": shown[2]["rid"]}))
    queue.taken()
    assert [one["id"] for one in items(asks(shop, "messages", account="7"), "messages")] == ["f_tea", "f_cup"]
    shelf.put("acme", node(shop), shelf.Shown(of["3"], "Something is new", stamp(NOW + timedelta(hours=1))))
    assert [one["id"] for one in items(asks(shop, "messages", account="7"), "messages")] == [of["3"], "f_tea", "f_cup"]


def test_what_is_told_of_a_customers_wishes_stays_side_by_side(shop: Shop) -> None:
    for product in ("ring", "card"):
        back = follow_ups.Key(follow_ups.OF_CUSTOMER, node(shop), "back-in-stock", "tell", product).id
        shelf.put("acme", node(shop), shelf.Shown(back, f"The {product} is back", stamp(NOW)))
    shown = items(asks(shop, "messages", account="7"), "messages")
    assert [one["text"] for one in shown[:2]] in (
        ["The ring is back", "The card is back"],
        ["The card is back", "The ring is back"],
    )
