"""What becomes of what visitors did: kept for whom, for how long, counted how often, and moved by nobody's tricks."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib import clock, keys
from chalicelib.domain import browsing
from chalicelib.domain.order import Buyer
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import moment, stamp
from chalicelib.domain.visits import CartLooked, Click, Search, View
from chalicelib.settings import settings as ours
from chalicelib.table import base, customers, shops, slot_counts, visitor, visits
from chalicelib.work import keep_visits, privacy, rid
from chalicelib.work.export import export
from chalicelib.work.rid import Rid
from tests.acme import MASTER, NOW, see_account
from tests.dynamo_expressions import error
from tests.fake_dynamo import FakeDynamo, instead_of_dynamodb
from tests.gateway import partner
from tests.storefront import MINA, asks, bought, ids, learn, open_storefront, product, token
from tests.visiting import LAPTOP, PHONE, Queue, in_lambda, posts, tells, view, work

OMID = Buyer(account="8", email="omid@example.test", name="Omid")
IDENTIFY = {"type": "identify"}
FORGET = {"type": "forget"}


@pytest.fixture
def shop(fake: FakeDynamo) -> Shop:
    """Mina and Omid are its customers, with an account each."""
    return people_of(open_storefront())


def people_of(shop: Shop) -> Shop:
    for buyer in (MINA, OMID):
        see_account(shop, buyer, "2026-01-01T00:00:00Z")
    return shop


def node(account: str = "7") -> str:
    return customers.look_up(open_again(), f"account:{account}")[0]


def open_again() -> Shop:
    found = shops.get("acme")
    assert found
    return found


def at(minutes: float) -> datetime:
    """The clock stands so many minutes after noon."""
    now = NOW + timedelta(minutes=minutes)
    clock.use(lambda: now)
    return now


def rows(fake: FakeDynamo, *kinds: str) -> list[dict[str, Any]]:
    found = [item for item in fake.all() if item["k"]["S"] in (kinds or ("visit", "recent"))]
    return [{name: next(iter(value.values())) for name, value in item.items()} for item in found]


def of_visitor(visitor: str = LAPTOP) -> list[str]:
    """What lies beside a visitor: the products she looked at."""
    found = visits.of_visitor("acme", visitor, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", 500)
    return [one["product"] for row in reversed(found) for one in row.happened]


def of_customer(account: str = "7") -> list[str]:
    return [one["product"] for row in reversed(visits.all_of_customer("acme", node(account))) for one in row.happened]


def viewed(account: str = "7") -> list[str]:
    found = visitor.read("acme", node(account), NOW)
    assert found
    return [product for product, _ in found.viewed]


def looks(shop: Shop, *products: str, who: str | None = None, browser: str = LAPTOP, identify: bool = False) -> None:
    """With consent, at this browser; with a token where an account is named."""
    told = [*([IDENTIFY] if identify else []), *(view(product) for product in products)]
    answer = tells(shop, *told, consent=True, visitor=browser, token=token_now(shop, who) if who else None)
    assert answer.status == 202, answer.text


def token_now(shop: Shop, account: str) -> str:
    return token(shop, account, clock.now() + timedelta(minutes=10))


# --- for whom, and for how long --------------------------------------------------------------------------------------


def test_a_visitor_is_remembered_for_30_days_and_by_no_name(shop: Shop, queue: Queue, fake: FakeDynamo) -> None:
    told = [view("tea", ago=90), {"type": "search", "query": "cups"}, {"type": "cart", "products": ["tea"]}]
    tells(shop, *told, consent=True, visitor=LAPTOP)
    queue.taken()
    (row,) = rows(fake)
    assert row["pk"] == f"S#acme#V#{LAPTOP}"
    assert row["sk"].startswith("EV#2026-11-21T12:00:00#")
    assert int(row["ttl"]) == int((NOW + timedelta(days=30)).timestamp())
    assert json.loads(row["happened"]) == [
        {"type": "view", "at": "2026-11-21T11:58:30Z", "product": "tea"},
        {"type": "search", "at": "2026-11-21T12:00:00Z", "query": "cups"},
        {"type": "cart", "at": "2026-11-21T12:00:00Z", "products": ["tea"]},
    ]


def test_a_customer_is_remembered_for_90_days_with_what_she_looked_at_last(
    shop: Shop, queue: Queue, fake: FakeDynamo
) -> None:
    tells(shop, view("tea", ago=60), view("cup"), consent=True, token=token(shop))
    queue.taken()
    at(5)
    tells(shop, view("tea"), {"type": "cart", "products": ["cup"]}, consent=True, visitor=LAPTOP, token=token(shop))
    queue.taken(clock.now())
    assert [row["pk"] for row in rows(fake)] == [f"S#acme#C#{node()}"] * 3
    kept = int((NOW + timedelta(days=90)).timestamp())
    assert sorted(int(row["ttl"]) for row in rows(fake)) == [kept, kept + 300, kept + 300]
    (recent,) = rows(fake, "recent")
    assert json.loads(recent["viewed"]) == [["tea", "2026-11-21T12:05:00Z"], ["cup", "2026-11-21T12:00:00Z"]]
    assert (json.loads(recent["cart"]), recent["cart_at"]) == (["cup"], "2026-11-21T12:05:00Z")
    assert viewed() == ["tea", "cup"]


def test_without_consent_nothing_is_kept_of_anybody(shop: Shop, queue: Queue, fake: FakeDynamo) -> None:
    seen = {"type": "seen", "rids": [a_rid()]}
    tells(shop, view("tea"), seen, IDENTIFY, visitor=LAPTOP, token=token(shop))
    before = list(fake.all())
    queue.taken()
    new = [item for item in fake.all() if item not in before]
    assert {item["k"]["S"] for item in new} == {"slot_count"}
    assert LAPTOP not in json.dumps(new)


def test_a_message_that_names_somebody_without_consent_names_nobody(shop: Shop, fake: FakeDynamo) -> None:
    forged = {"shop": "acme", "visitor": LAPTOP, "account": "7", "at": stamp(NOW), "consent": "true"}
    assert work([json.dumps({**forged, "events": [view("tea")]})]) == []
    assert rows(fake) == []


@pytest.mark.parametrize("gone", ["unknown", "erased"])
def test_nothing_is_kept_of_who_is_erased_or_was_never_heard_of(
    shop: Shop, queue: Queue, fake: FakeDynamo, gone: str
) -> None:
    if gone == "erased":
        privacy.erase(shop, node(), NOW)
    looks(shop, "tea")
    at(1)
    looks(shop, "cup", who="7" if gone == "erased" else "99", identify=True)
    before = {(item["pk"]["S"], item["sk"]["S"]) for item in fake.all()}
    queue.taken(clock.now())
    new = [row for row in rows(fake, *KINDS) if (row["pk"], row["sk"]) not in before]
    assert {row["k"] for row in new} == {"visit", "visitor_joined"}
    assert {row["pk"] for row in new} == {f"S#acme#V#{LAPTOP}"}
    assert of_visitor() == ["tea"]
    assert not [row for row in rows(fake, "profile") if "99" in row["node"]]


KINDS = ("visit", "recent", "visitor_joined", "profile", "slot_count", "pointer", "lookup", "want", "task")


def test_who_comes_back_after_an_erasure_is_somebody_new(shop: Shop, queue: Queue) -> None:
    privacy.erase(shop, node(), NOW)
    at(60 * 24)
    see_account(shop, MINA, stamp(clock.now()), now=clock.now())
    at(60 * 48)
    looks(shop, "tea", who="7")
    queue.taken(clock.now())
    assert of_customer() == viewed() == ["tea"]


def test_a_shop_that_was_switched_off_meanwhile_or_is_gone_keeps_nothing(
    shop: Shop, queue: Queue, fake: FakeDynamo
) -> None:
    looks(shop, "tea")
    looks(shop, "tea", who="7")
    texts = [text for _, text in queue.told]
    shops.put(replace(shop, state="off"))
    assert work([*texts, texts[0].replace('"acme"', '"nobody"')]) == []
    assert rows(fake) == []


# --- forgotten -------------------------------------------------------------------------------------------------------


def forgets(shop: Shop, browser: str = LAPTOP) -> None:
    """Its page hears that consent was taken back."""
    assert tells(shop, FORGET, visitor=browser).json == {"accepted": 1}


def test_who_takes_her_consent_back_leaves_nothing_at_this_browser(shop: Shop, queue: Queue, fake: FakeDynamo) -> None:
    for minute in range(3):
        at(minute)
        looks(shop, f"p{minute}")
    looks(shop, "ring", browser=PHONE)
    at(5)
    forgets(shop)
    queue.taken(clock.now())
    assert (of_visitor(), of_visitor(PHONE)) == ([], ["ring"])
    left = [row for row in rows(fake, "visit", "visitor_joined") if LAPTOP in row["pk"]]
    assert [(row["k"], row["at"]) for row in left] == [("visitor_joined", stamp(clock.now()))]
    assert int(left[0]["ttl"]) == int((clock.now() + timedelta(days=30)).timestamp())


def test_however_much_she_told_and_by_its_keys_alone(shop: Shop, fake: FakeDynamo) -> None:
    for n in range(230):
        moment_told = stamp(NOW - timedelta(minutes=n))
        base.commit([visits.for_visitor("acme", LAPTOP, moment_told, f"n{n}", [{"type": "view", "product": "tea"}])])
    calls: list[tuple[str, str]] = []
    fake.before = lambda operation, asked: calls.append((operation, str(asked)))
    assert visits.forget("acme", LAPTOP, stamp(NOW))
    assert {operation for operation, _ in calls} == {"Query", "TransactWriteItems"}
    assert all(f"S#acme#V#{LAPTOP}" in asked for _, asked in calls)
    fake.before = lambda operation, asked: None
    assert of_visitor() == []


def test_of_very_much_some_goes_each_time_and_nobody_waits_for_it(
    shop: Shop, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who told a million things, to be forgotten then, holds up none who comes with her."""
    monkeypatch.setattr(visits, "AT_ONCE", 10)
    for n in range(60):
        moment_told = stamp(NOW - timedelta(minutes=n))
        base.commit([visits.for_visitor("acme", LAPTOP, moment_told, f"n{n}", [{"type": "view", "product": "tea"}])])
    forgets(shop)
    at(1)
    looks(shop, "ring", browser=PHONE)
    forgotten, looked = [text for _, text in queue.told]
    assert work([forgotten, looked], clock.now()) == ["m-0"]
    assert (len(of_visitor()), of_visitor(PHONE)) == (60 - visits.ROUNDS * 10, ["ring"])
    assert work([forgotten], clock.now()) == []
    assert of_visitor() == []


def test_what_is_told_late_of_who_was_forgotten_is_not_kept(shop: Shop, queue: Queue) -> None:
    """The queue has no order: what she did before may come in after it. What she agrees to later is kept."""
    looks(shop, "tea")
    ((_, late),) = queue.told
    queue.told.clear()
    at(1)
    forgets(shop)
    queue.taken(clock.now())
    assert work([late], clock.now()) == []
    assert of_visitor() == []
    at(2)
    looks(shop, "cup")
    queue.taken(clock.now())
    assert of_visitor() == ["cup"]


def test_nor_is_what_is_being_written_while_she_is_forgotten(shop: Shop, queue: Queue, fake: FakeDynamo) -> None:
    """Two workers: one has begun on what she did before, when the other one forgets her."""
    looks(shop, "tea")
    at(1)
    forgets(shop)
    looked, forgotten = [text for _, text in queue.told]
    fail_when(fake, lambda operation, asked: operation == "PutItem" and work([forgotten], clock.now()) != [])
    assert work([looked], clock.now()) == []
    assert of_visitor() == []


def test_a_shop_that_was_switched_off_meanwhile_forgets_all_the_same(shop: Shop, queue: Queue) -> None:
    looks(shop, "tea")
    queue.taken()
    at(1)
    forgets(shop)
    shops.put(replace(shop, state="off"))
    queue.taken(clock.now())
    assert of_visitor() == []


def test_what_became_a_customers_stays_hers(shop: Shop, queue: Queue) -> None:
    looks(shop, "tea")
    at(1)
    looks(shop, "cup", who="7", identify=True)
    at(2)
    told = tells(shop, FORGET, view("ring"), consent=True, visitor=LAPTOP, token=token_now(shop, "7"))
    assert told.json == {"accepted": 1}, "who is to be forgotten agrees to nothing"
    (message,) = queue.messages[2:]
    assert (message["account"], message["visitor"], message["forgotten"]) == (None, None, LAPTOP)
    queue.taken(clock.now())
    assert (of_customer(), of_visitor()) == (["tea", "cup"], [])
    assert viewed() == ["cup", "tea"]


def test_forgotten_twice_or_after_a_failure_it_comes_to_the_same(shop: Shop, queue: Queue, fake: FakeDynamo) -> None:
    looks(shop, "tea")
    queue.taken()
    at(1)
    forgets(shop)
    ((_, text),) = queue.told

    def before(operation: str, asked: dict[str, Any]) -> None:
        if operation in ("DeleteItem", "TransactWriteItems"):
            raise error("InternalServerError", operation=operation)

    fake.before = before
    assert work([text], clock.now()) == ["m-0"]
    fake.before = lambda operation, asked: None
    assert of_visitor() == ["tea"]
    assert work([text, text], clock.now()) == work([text], clock.now()) == []
    assert of_visitor() == []


def test_only_a_visitor_can_be_forgotten(shop: Shop, queue: Queue) -> None:
    answer = tells(shop, FORGET)
    assert (answer.status, answer.json["field"]) == (400, "visitor")
    assert tells(shop, FORGET, visitor=LAPTOP, key=keys.test_key(MASTER, "acme")).json["preview"] is True
    assert queue.told == []


def test_the_function_may_forget(queue: Queue, table: str) -> None:
    """Under its role, at an emulator."""
    shop = people_of(open_storefront())
    at(0)
    looks(shop, "tea")
    looks(shop, "cup")
    queue.taken()
    at(1)
    forgets(shop)
    assert in_lambda([text for _, text in queue.told]) == {"batchItemFailures": []}
    assert of_visitor() == []


# --- twice, late, out of order ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", [None, "7"])
def test_the_same_message_twice_is_one(shop: Shop, queue: Queue, fake: FakeDynamo, who: str | None) -> None:
    seen = {"type": "seen", "rids": [a_rid()]}
    tells(shop, view("tea"), seen, consent=True, visitor=LAPTOP, token=token(shop) if who else None)
    texts = [queue.told[0][1]] * 2
    assert work(texts) == []
    once = list(fake.all())
    assert work(texts) == []
    assert list(fake.all()) == once
    assert counted() == {("popular", "popular"): {"seen": 1}}


MOMENTS = st.integers(0, 500)
HAPPENED = st.lists(
    st.builds(
        lambda p, m: {"type": "view", "product": f"p{p}", "at": stamp(NOW + timedelta(minutes=m))}, MOMENTS, MOMENTS
    )
    | st.builds(
        lambda p, m: {"type": "cart", "products": [f"p{p}"], "at": stamp(NOW + timedelta(minutes=m))}, MOMENTS, MOMENTS
    ),
    max_size=40,
)


@given(HAPPENED, st.randoms(use_true_random=False), st.integers(1, 40))
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
def test_what_was_looked_at_last_is_the_same_in_whatever_order_it_comes(happened: Any, chance: Any, cut: int) -> None:
    whole = browsing.Recent().after(happened)
    chance.shuffle(mixed := [*happened, *happened[:5]])
    assert browsing.Recent().after(mixed[:cut]).after(mixed[cut:]) == whole
    assert len(whole.viewed) <= browsing.MOST_VIEWED


def test_a_page_that_is_reloaded_is_one_look_and_only_the_last_cart_counts() -> None:
    told = [
        View("tea", 900),
        View("tea", 700),
        View("tea", 10),
        CartLooked(("tea",), 800),
        CartLooked((), 5),
        Search("cups", 60),
        Click("r_forged", 3),
        Click("r_ours", 2),
    ]
    found = browsing.happened(told, NOW, {"r_ours": {"slot": "popular", "item": "cup", "code": "popular"}})
    assert [(one["type"], one["at"][11:19]) for one in found] == [
        ("view", "11:45:00"),
        ("search", "11:59:00"),
        ("view", "11:59:50"),
        ("cart", "11:59:55"),
        ("click", "11:59:58"),
    ]
    assert found[-1]["item"] == "cup"


# --- who she is ------------------------------------------------------------------------------------------------------


def test_what_a_visitor_did_becomes_hers_when_she_says_who_she_is(shop: Shop, queue: Queue, fake: FakeDynamo) -> None:
    looks(shop, "tea")
    at(1)
    looks(shop, "cup")
    at(2)
    looks(shop, "pot", browser=PHONE)
    at(3)
    looks(shop, "spoon", who="7", identify=True)
    queue.taken(clock.now())
    assert of_customer() == ["tea", "cup", "spoon"]
    assert viewed() == ["spoon", "cup", "tea"]
    assert (of_visitor(), of_visitor(PHONE)) == ([], ["pot"])
    assert {int(row["ttl"]) for row in rows(fake) if row["pk"].endswith(node())} == {
        int((NOW + timedelta(days=90, minutes=minute)).timestamp()) for minute in (0, 1, 3)
    }


def test_nothing_beside_a_visitor_says_whose_it_became(shop: Shop, queue: Queue, fake: FakeDynamo) -> None:
    looks(shop, "tea")
    looks(shop, "cup", who="7", identify=True)
    queue.taken()
    beside = [row for row in rows(fake, *KINDS) if LAPTOP in row["pk"]]
    assert [(row["k"], set(row)) for row in beside] == [("visitor_joined", {"pk", "sk", "k", "rev", "ttl", "at"})]
    assert not [row for row in rows(fake, *KINDS) if LAPTOP in json.dumps({**row, "pk": ""})]


def test_what_is_told_later_without_a_token_stays_nobodys(shop: Shop, queue: Queue) -> None:
    looks(shop, "tea", who="7", identify=True)
    queue.taken()
    at(5)
    looks(shop, "cup")
    queue.taken(clock.now())
    assert (of_customer(), of_visitor()) == (["tea"], ["cup"])


def test_the_next_one_at_a_shared_computer_gets_only_what_came_since(shop: Shop, queue: Queue) -> None:
    looks(shop, "ring")
    at(1)
    looks(shop, who="7", identify=True)
    at(2)
    looks(shop, "tea")
    at(3)
    looks(shop, who="8", identify=True)
    queue.taken(clock.now())
    assert (of_customer("7"), of_customer("8")) == (["ring"], ["tea"])
    assert (viewed("7"), viewed("8")) == (["ring"], ["tea"])


def test_a_ring_that_comes_in_late_is_not_shown_to_who_logs_in_next(shop: Shop, queue: Queue) -> None:
    """Queues promise no order: what happened before she said who she was comes in after it."""
    looks(shop, "ring")
    (ring,) = [text for _, text in queue.told]
    queue.told.clear()
    at(1)
    looks(shop, who="7", identify=True)
    queue.taken(clock.now())
    assert work([ring]) == []
    assert of_visitor() == []
    at(2)
    looks(shop, who="8", identify=True)
    queue.taken(clock.now())
    assert of_customer("8") == []


def test_nor_is_one_that_was_being_written_just_then(shop: Shop, queue: Queue) -> None:
    at(1)
    looks(shop, who="7", identify=True)
    queue.taken(clock.now())
    ring = [{"type": "view", "product": "ring", "at": stamp(NOW)}]
    base.commit([visits.for_visitor("acme", LAPTOP, stamp(NOW), "x", ring)])
    at(2)
    looks(shop, who="8", identify=True)
    queue.taken(clock.now())
    assert of_customer("8") == []


def test_what_came_before_is_nobodys_even_where_we_do_not_know_who_she_was(shop: Shop, queue: Queue) -> None:
    looks(shop, "ring")
    at(1)
    looks(shop, who="99", identify=True)
    at(2)
    looks(shop, "tea")
    looks(shop, who="8", identify=True)
    queue.taken(clock.now())
    assert of_customer("8") == ["tea"]


def test_an_older_login_that_comes_late_takes_nothing_back(shop: Shop, queue: Queue) -> None:
    looks(shop, who="7", identify=True)
    (late,) = [text for _, text in queue.told]
    queue.told.clear()
    at(2)
    looks(shop, "tea")
    looks(shop, who="8", identify=True)
    queue.taken(clock.now())
    assert work([late]) == []
    ring = [{"type": "view", "product": "ring", "at": stamp(NOW)}]
    base.commit([visits.for_visitor("acme", LAPTOP, stamp(NOW + timedelta(minutes=1)), "x", ring)])
    at(3)
    looks(shop, "cup")
    looks(shop, who="8", identify=True)
    queue.taken(clock.now())
    assert (of_customer("7"), of_customer("8")) == ([], ["tea", "cup"])


def test_what_is_older_than_30_days_or_beyond_the_newest_200_does_not_join(shop: Shop, queue: Queue) -> None:
    at(-60 * 24 * 31)
    looks(shop, "old")
    queue.taken(clock.now())
    most = keep_visits.AT_ONCE * keep_visits.ROUNDS
    for number in range(most + 10):
        now = NOW + timedelta(seconds=number)
        base.commit(
            [
                visits.for_visitor(
                    "acme", LAPTOP, stamp(now), "x", [{"type": "view", "product": f"p{number}", "at": stamp(now)}]
                )
            ]
        )
    at(60)
    looks(shop, who="7", identify=True)
    queue.taken(clock.now())
    assert of_customer() == [f"p{number}" for number in range(10, most + 10)]
    at(61)
    looks(shop, who="8", identify=True)
    queue.taken(clock.now())
    assert of_customer("8") == []


def test_two_who_log_in_at_once_do_not_both_get_it(shop: Shop, queue: Queue, fake: FakeDynamo) -> None:
    for number in range(keep_visits.AT_ONCE + 5):
        now = NOW + timedelta(seconds=number)
        happened = [{"type": "view", "product": f"p{number}", "at": stamp(now)}]
        base.commit([visits.for_visitor("acme", LAPTOP, stamp(now), "x", happened)])
    at(60)
    looks(shop, who="7", identify=True)
    looks(shop, who="8", identify=True)
    hers, his = [text for _, text in queue.told]

    def before(operation: str, asked: dict[str, Any]) -> None:
        if operation == "TransactWriteItems":
            fake.before = nothing
            assert work([his]) == []

    fake.before = before
    assert work([hers]) == []
    assert of_customer("7") == []
    assert len(of_customer("8")) == keep_visits.AT_ONCE + 5


def test_whoever_waits_for_a_retry_is_not_overtaken_by_the_next_one(shop: Shop, queue: Queue, fake: FakeDynamo) -> None:
    """Her login could not be written: who logged in after her must not get what she looked at."""
    looks(shop, "ring")
    at(1)
    looks(shop, who="7", identify=True)
    at(2)
    looks(shop, who="8", identify=True)
    looks(shop, "cup", browser=PHONE)
    texts = [text for _, text in queue.told]
    fail_when(fake, lambda operation, asked: operation == "GetItem" and node("7") in str(asked))
    assert work(texts) == ["m-1", "m-2"]
    fake.before = nothing
    assert work(texts[1:3]) == []
    assert (of_customer("7"), of_customer("8"), of_visitor(PHONE)) == (["ring"], [], ["cup"])


def test_an_erasure_in_between_is_not_overlooked(shop: Shop, queue: Queue, fake: FakeDynamo) -> None:
    looks(shop, "tea")
    looks(shop, "cup", who="7", identify=True)
    her, erased = node(), []

    def before(operation: str, asked: dict[str, Any]) -> None:
        if operation == "TransactWriteItems" and not erased:
            erased.append(True)
            privacy.erase(open_again(), her, clock.now())

    fake.before = before
    texts = [text for _, text in queue.told]
    assert work(texts) == []
    assert erased
    assert [row for row in rows(fake) if her in row["pk"]] == []


def test_erased_is_erased_and_told_before(shop: Shop, queue: Queue, fake: FakeDynamo) -> None:
    looks(shop, "tea", who="7")
    tells(shop, {"type": "cart", "products": ["cup"]}, consent=True, token=token(shop))
    queue.taken()
    told = export(shop, node(), NOW)
    assert sorted((visit["at"], one["type"]) for visit in told["visits"] for one in visit["happened"]) == [
        ("2026-11-21T12:00:00Z", "cart"),
        ("2026-11-21T12:00:00Z", "view"),
    ]
    (last,) = [one for one in told["last_seen"] if one["viewed"]]
    assert last["viewed"] == [{"product_id": "tea", "at": "2026-11-21T12:00:00Z"}]
    assert (last["cart"], last["cart_at"]) == (["cup"], "2026-11-21T12:00:00Z")
    privacy.erase(shop, node(), NOW)
    assert rows(fake) == []


# --- crashes and trouble ---------------------------------------------------------------------------------------------


def nothing(operation: str, asked: dict[str, Any]) -> None:
    return None


def fail_when(fake: FakeDynamo, when: Callable[[str, dict[str, Any]], bool]) -> None:
    looking: list[bool] = []

    def before(operation: str, asked: dict[str, Any]) -> None:
        if looking:
            return
        looking.append(True)
        try:
            fails = when(operation, asked)
        finally:
            looking.pop()
        if fails:
            raise error("ProvisionedThroughputExceededException", operation=operation)

    fake.before = before


def evening(shop: Shop, queue: Queue) -> list[str]:
    """A visitor looks around, says who she is, goes on; somebody else looks around."""
    queue.told.clear()
    at(0)
    seen = {"type": "seen", "rids": [a_rid()]}
    looks(shop, "tea")
    at(1)
    looks(shop, "cup")
    at(2)
    tells(shop, IDENTIFY, view("pot"), seen, consent=True, visitor=LAPTOP, token=token(shop))
    at(3)
    tells(shop, {"type": "search", "query": "spoons"}, consent=True, visitor=LAPTOP, token=token(shop))
    looks(shop, "bowl", browser=PHONE)
    return [text for _, text in queue.told]


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("how", ["trouble", "crash"])
def test_whatever_fails_wherever_comes_again_and_comes_to_the_same(queue: Queue, moment: str, how: str) -> None:
    """At every call of the table, before it or with its answer lost; the queue brings back what was not taken."""
    with instead_of_dynamodb() as fake:
        whole, calls = _worked(fake, queue, moment, how, fail_at=10_000)
        assert calls > 15
        for fail_at in range(1, calls + 1):
            found, _ = _worked(fake, queue, moment, how, fail_at)
            assert found == whole, fail_at


def _worked(fake: FakeDynamo, queue: Queue, moment: str, how: str, fail_at: int) -> tuple[list[Any], int]:
    """The rows about visits, counters aside, after trouble at that call; and how many calls there were."""
    fake.clear()
    shop = people_of(open_storefront())
    texts, calls = evening(shop, queue), 0

    def count(operation: str, asked: dict[str, Any]) -> None:
        nonlocal calls
        calls += 1
        if calls == fail_at:
            raise KeyboardInterrupt if how == "crash" else error("InternalServerError", operation=operation)

    setattr(fake, moment, count)
    try:
        left = [texts[int(name[2:])] for name in work(texts)]
    except KeyboardInterrupt:
        left = texts
    setattr(fake, moment, nothing)
    assert work(left) == []
    return [{**row, "rev": None} for row in rows(fake, "visit", "recent", "visitor_joined")], calls


def test_counters_that_cannot_be_added_to_bring_nothing_back(shop: Shop, queue: Queue, fake: FakeDynamo) -> None:
    texts = evening(shop, queue)
    fail_when(fake, lambda operation, asked: operation == "UpdateItem")
    assert work(texts) == []
    fake.before = nothing
    assert counted() == {}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        '{"shop":"acme"}',
        '{"shop":"acme","consent":true,"visitor":null,"account":null,"at":"2026-11-21T12:00:00Z","events":[]}',
        '{"shop":"acme","consent":true,"visitor":null,"account":null,"at":"2026-11-21T12:00:00Z","events":[{"type":"x"}]}',
        '{"shop":"acme","consent":true,"visitor":null,"account":null,"at":5,"events":[{"type":"view","product":"x"}]}',
        '{"shop":"acme","consent":true,"visitor":null,"account":null,"at":"noon","events":[{"type":"view","product":"x"}]}',
        '{"shop":["a"],"consent":true,"visitor":null,"account":null,"at":"2026-11-21T12:00:00Z","events":[{"type":"forget"}]}',
    ],
)
def test_what_is_no_message_is_dropped_and_holds_nothing_up(
    shop: Shop, queue: Queue, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    looks(shop, "tea")
    assert work([text, queue.told[0][1]]) == []
    assert "unreadable" in caplog.text
    assert of_visitor() == ["tea"]


def test_the_function_may_do_all_that_it_does(shop: Shop, queue: Queue, table: str) -> None:
    """Under its role, at an emulator."""
    clock.use(lambda: NOW)
    shop = people_of(open_storefront())
    texts = evening(shop, queue)
    assert in_lambda([*texts, texts[0]]) == {"batchItemFailures": []}
    assert viewed() == ["pot", "cup", "tea"]


# --- what is counted -------------------------------------------------------------------------------------------------


def a_rid(slot: str = "popular", item: str = "tea", code: str = "popular", shop: str = "acme", days: int = 0) -> str:
    return rid.make(MASTER, shop, Rid(slot, item, code, rid.day_of(NOW - timedelta(days=days))))


def counted(shop: str = "acme") -> dict[Any, dict[str, int]]:
    found = slot_counts.summed(slot_counts.by_day(shop, "2026-11-20", "2026-11-22"))
    return {place: dict(counts) for place, counts in found.items()}


def test_recommendations_are_counted_by_day_slot_and_reason(shop: Shop, queue: Queue) -> None:
    tea, cup, pot = a_rid(), a_rid(item="cup"), a_rid("goes-with", "pot", "bought_together")
    tells(
        shop, {"type": "seen", "rids": [tea, cup, tea]}, {"type": "seen", "rids": [tea]}, {"type": "click", "rid": tea}
    )
    tells(shop, {"type": "seen", "rids": [tea, pot]}, consent=True, visitor=LAPTOP)
    tells(shop, {"type": "seen", "rids": [tea, pot]}, {"type": "click", "rid": pot}, consent=True, visitor=LAPTOP)
    queue.taken()
    assert counted() == {
        ("popular", "popular"): {"seen": 3, "clicks": 1},
        ("goes-with", "bought_together"): {"seen": 1, "clicks": 1},
    }
    assert slot_counts.by_day("acme", "2026-11-22", "2026-11-30") == {}


def test_what_was_never_shown_is_not_counted(shop: Shop, queue: Queue) -> None:
    open_storefront("bazaar")
    tea = a_rid()
    forged = [tea[:-1] + ("A" if tea[-1] != "A" else "B"), a_rid(shop="bazaar"), a_rid(days=3), "r_", "x" * 800, "٣.٤"]
    tells(shop, {"type": "seen", "rids": [*forged, tea]}, *({"type": "click", "rid": one} for one in forged))
    queue.taken()
    assert counted() == {("popular", "popular"): {"seen": 1}, ("", ""): {"refused": len(forged)}}
    assert counted("bazaar") == {}


def test_a_click_of_hers_says_on_what(shop: Shop, queue: Queue) -> None:
    clicks = [{"type": "click", "rid": one} for one in (a_rid(item="cup"), a_rid(shop="bazaar", item="ring"))]
    tells(shop, *clicks, consent=True, token=token(shop))
    queue.taken()
    ((row,),) = [visits.all_of_customer("acme", node())]
    at_noon = "2026-11-21T12:00:00Z"
    assert row.happened == [{"type": "click", "at": at_noon, "slot": "popular", "item": "cup", "code": "popular"}]


# --- nothing moved ---------------------------------------------------------------------------------------------------


def test_a_flood_of_fake_visits_moves_no_recommendation(shop: Shop, queue: Queue, fake: FakeDynamo) -> None:
    """Looks, carts and clicks by the thousand, by strangers and by a customer: what is learnt from stays as it was."""
    for id in ("tea", "cup", "junk"):
        product(shop, id)
    learn(shop, popular={"tea": 57, "cup": 12}, together={"tea": [("cup", 23)]})
    bought(shop, "1", 20, "tea")
    before = [item for item in fake.all() if item["k"]["S"] not in ("profile",)]
    slots = "popular,goes-with,buy-again,new-for-you,replenish"
    shown = [asks(shop, slots, page="product", product="tea", account=who).json for who in (None, "8")]
    junk = [
        *(view("junk") for _ in range(10)),
        {"type": "cart", "products": ["junk", "tea"]},
        {"type": "search", "query": "junk"},
        *({"type": "click", "rid": a_rid(item="junk")} for _ in range(4)),
        {"type": "seen", "rids": [a_rid(item="junk"), "r_fake"]},
    ]
    for number in range(100):
        tells(shop, *junk, consent=True, visitor=f"{number % 50:022d}")
        tells(shop, *junk, consent=number % 2 == 0, visitor=PHONE, token=token(shop, "8"))
    queue.taken()
    own = ("visit", "recent", "slot_count", "visitor_joined")
    after = [item for item in fake.all() if item["k"]["S"] not in ("profile", *own)]
    assert after == before
    assert {item["k"]["S"] for item in fake.all() if item not in before} <= {*own, "profile"}
    assert [asks(shop, slots, page="product", product="tea", account=who).json for who in (None, "8")] == shown
    assert counted()["popular", "popular"]["clicks"] > 50


def test_she_is_shown_what_she_looked_at_and_nobody_else_is(shop: Shop, queue: Queue) -> None:
    for id in ("tea", "cup"):
        product(shop, id)
    learn(shop, popular={"tea": 57})
    looks(shop, "cup", who="7")
    queue.taken()
    assert ids(asks(shop, "viewed", account="7"), "viewed") == ["cup"]
    assert ids(asks(shop, "viewed", account="8"), "viewed") == []
    assert ids(asks(shop, "viewed"), "viewed") == []


# --- what her shop is told -------------------------------------------------------------------------------------------


def timeline(shop: Shop) -> list[dict[str, Any]]:
    answer = partner(keys.secret_key(MASTER, shop.slug))(f"/v1/customers/{node()}/timeline")
    assert answer.status == 200, answer.text
    return list(answer.json["items"])


def test_the_timeline_tells_her_visits_in_short_newest_first(shop: Shop, queue: Queue) -> None:
    product(shop, "tea", "Green tea")
    bought(shop, "1", 0, "tea")
    at(10)
    tells(shop, *(view(id) for id in ("tea", "2", "3", "4", "5")), consent=True, token=token_now(shop, "7"))
    at(30)
    tells(
        shop,
        {"type": "search", "query": "cups"},
        {"type": "click", "rid": a_rid()},
        consent=True,
        token=token_now(shop, "7"),
    )
    at(90)
    tells(shop, {"type": "cart", "products": ["tea", "2"]}, consent=True, token=token_now(shop, "7"))
    queue.taken(clock.now())
    told = [(one["at"][11:16], one["text"]) for one in timeline(shop) if one["kind"] in ("visited", "order_placed")]
    assert told == [
        ("13:30", "Visited the shop: 2 in the cart"),
        (
            "12:10",
            "Visited the shop: looked at “Green tea”, “2”, “3” and 2 more; searched for “cups”; "
            "one recommendation clicked",
        ),
        ("12:00", "Order R-1 placed: €25.00"),
    ]


def test_a_persian_shop_reads_them_in_persian(fake: FakeDynamo, queue: Queue) -> None:
    shop = people_of(open_storefront(locale="fa-IR"))
    tells(shop, view("چای"), {"type": "cart", "products": []}, consent=True, token=token(shop))
    queue.taken()
    (told,) = [one["text"] for one in timeline(shop) if one["kind"] == "visited"]
    assert told == "از فروشگاه دیدن کرد: «چای» را دید؛ سبد خرید را خالی کرد"


@pytest.mark.parametrize(
    "query", ['=cmd|"/C calc"!A0', "<script>alert(1)</script>", "{{ 7 * 7 }} {text}", "a,b;c\td", "'; DROP TABLE --"]
)
def test_what_was_searched_for_is_text_wherever_it_goes(shop: Shop, queue: Queue, query: str) -> None:
    tells(shop, {"type": "search", "query": query}, consent=True, token=token(shop))
    queue.taken()
    plain = query.replace("\t", " ")
    (told,) = [one["text"] for one in timeline(shop) if one["kind"] == "visited"]
    assert told == f"Visited the shop: searched for “{plain}”"
    answer = partner(keys.secret_key(MASTER, "acme"))(f"/v1/customers/{node()}/timeline")
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert export(shop, node(), NOW)["visits"][0]["happened"][0]["query"] == plain


def test_a_replayed_request_adds_to_her_own_visits_and_to_nothing_else(shop: Shop, queue: Queue) -> None:
    body = {"key": keys.publishable_key(MASTER, "acme"), "events": [view("tea")], "consent": True, "token": token(shop)}
    for minute in range(3):
        at(minute)
        assert posts(json.dumps(body).encode()).status == 202
    queue.taken(clock.now())
    assert viewed() == ["tea"]
    assert viewed("8") == []
    at(20)
    assert posts(json.dumps(body).encode()).json == {"accepted": 0}
    assert queue.told == []


def test_moments_are_as_stored(shop: Shop, queue: Queue) -> None:
    """Half a second does not upset the order of keys."""
    clock.use(lambda: moment("2026-11-21T12:00:00.500Z"))
    looks(shop, "late")
    queue.taken()
    clock.use(lambda: moment("2026-11-21T12:00:00Z"))
    looks(shop, "early")
    looks(shop, who="7", identify=True)
    queue.taken()
    assert (of_customer(), of_visitor()) == (["early"], ["late"])


@pytest.mark.parametrize("item", ["گ" * 128, "f_" + "18-" * 149], ids=["the longest product", "the longest message"])
def test_a_recommendation_with_the_longest_name_is_counted_too(shop: Shop, queue: Queue, item: str) -> None:
    tells(shop, {"type": "seen", "rids": [a_rid("messages", item, "message")]})
    queue.taken()
    assert counted() == {("messages", "message"): {"seen": 1}}


def test_what_a_page_tells_goes_through_the_real_queue(ministack: Any) -> None:
    clock.use(lambda: NOW)
    shop = people_of(open_storefront())
    looks(shop, "tea", who="7")
    sqs = boto3.client("sqs", "us-east-1", endpoint_url=ours().endpoint_url)
    (found,) = sqs.receive_message(QueueUrl=ours().events_url, WaitTimeSeconds=5)["Messages"]
    assert in_lambda([found["Body"]]) == {"batchItemFailures": []}
    assert viewed() == ["tea"]
