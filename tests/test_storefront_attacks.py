"""Somebody in a browser who wants to know more than the shop shows: about a customer, about a single buyer."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import timedelta
from random import Random
from urllib.parse import quote

import pytest

from chalicelib import clock, keys
from chalicelib.domain.learnt import learn as learn_from
from chalicelib.domain.ledger import Ledger
from chalicelib.domain.order import Buyer
from chalicelib.domain.popular import EVERYWHERE
from chalicelib.domain.shop import Shop
from chalicelib.domain.slot import PERSONAL, SLOTS
from chalicelib.domain.times import stamp
from chalicelib.table import customers
from chalicelib.work import privacy, remembered
from tests.acme import MASTER, NOW
from tests.gateway import ask
from tests.storefront import PAGE, asks, bought, ids, learn, open_storefront, product, reads, token

EVERYTHING = ",".join(SLOTS)


@pytest.fixture
def shop(table: str) -> Shop:
    clock.use(lambda: NOW)
    found = open_storefront()
    for id in ("tea", "cup", "ring", "card"):
        product(found, id)
    learn(found, popular={"tea": 40}, together={"tea": [("cup", 12)]})
    return found


def test_without_a_token_nothing_depends_on_any_customer(shop: Shop) -> None:
    before = asks(shop, EVERYTHING, product="tea")
    bought(shop, "1", 40, "ring", "card")
    remembered.forget_everything()
    after = asks(shop, EVERYTHING, product="tea")
    assert after.text == before.text
    assert after.headers["etag"] == before.headers["etag"]


def test_who_is_known_and_who_is_not_cost_the_same_reads(shop: Shop) -> None:
    bought(shop, "1", 40, "ring")
    asks(shop, EVERYTHING)
    costs = {}
    for account in ("7", "8", "' OR 1=1", "7#PROFILE", "c_" + "a" * 26):
        asks(shop, "popular", account)
        with reads() as found:
            asks(shop, "messages,viewed,popular", account)
        costs[account] = found
    assert set(map(tuple, costs.values())) == {("Query",)}


@pytest.mark.parametrize(
    "account", ["8", "7 ", "07", "٧", "7\u0000", "account:7", "mina@example.test", "7#PROFILE", "../7"]
)
def test_no_spelling_of_an_id_is_somebody_elses(shop: Shop, account: str) -> None:
    bought(shop, "1", 40, "ring")
    answer = asks(shop, EVERYTHING, account)
    assert answer.status == 200
    assert [slot["items"] for slot in answer.json["slots"] if slot["name"] in PERSONAL] == [[]] * len(PERSONAL)


def test_the_erased_look_like_those_nobody_ever_knew(shop: Shop) -> None:
    bought(shop, "1", 40, "ring")
    node = customers.resolve(shop, "account:7", stamp(NOW)).node
    privacy.erase(shop, node.id, NOW, lambda key, data: None)
    erased, stranger = (json.loads(asks(shop, EVERYTHING, account).text) for account in ("7", "8"))
    assert {**erased, "arm": None} == {**stranger, "arm": None}


def test_a_token_of_one_customer_shows_nothing_of_another(shop: Shop) -> None:
    bought(shop, "1", 40, "ring")
    bought(shop, "2", 40, "card", buyer=Buyer(account="8", email="omid@example.test"))
    assert ids(asks(shop, "buy-again", "7"), "buy-again") == ["ring"]
    assert ids(asks(shop, "buy-again", "8"), "buy-again") == ["card"]


def test_a_token_that_was_overheard_is_dead_after_a_quarter_of_an_hour(shop: Shop) -> None:
    bought(shop, "1", 40, "ring")
    heard = {"Authorization": f"Bearer {token(shop, expires=NOW + timedelta(minutes=15))}"}
    assert ids(asks(shop, "buy-again", headers=heard), "buy-again") == ["ring"]
    clock.use(lambda: NOW + timedelta(minutes=17))
    assert asks(shop, "buy-again", headers=heard).status == 401


def test_a_token_opens_its_own_shop_only_even_for_the_same_account(shop: Shop) -> None:
    other = open_storefront("bolt")
    bought(shop, "1", 40, "ring")
    heard = {"Authorization": f"Bearer {token(shop)}"}
    assert asks(other, "buy-again", headers=heard).status == 401


def test_a_test_key_shows_no_customer_without_her_token(shop: Shop) -> None:
    bought(shop, "1", 40, "ring")
    answer = asks(shop, EVERYTHING, key=keys.test_key(MASTER, "acme"))
    assert "ring" not in [item["product_id"] for slot in answer.json["slots"][:-1] for item in slot["items"]]


def test_a_personal_answer_is_never_kept_by_anybody(shop: Shop) -> None:
    bought(shop, "1", 40, "ring")
    mine = asks(shop, "buy-again", "7")
    assert mine.headers["cache-control"] == "private, no-store"
    assert "etag" not in mine.headers
    assert ids(asks(shop, "buy-again"), "buy-again") == []


def test_a_page_of_elsewhere_cannot_read_an_answer_even_with_a_good_token(shop: Shop) -> None:
    bought(shop, "1", 40, "ring")
    answer = asks(shop, "buy-again", "7", headers={"Origin": "https://evil.test"})
    assert answer.status == 403
    assert "ring" not in answer.text


def test_what_stood_in_a_question_never_stands_in_a_refusal(shop: Shop) -> None:
    evil = "<script>alert(1)</script>"
    for field in ("page", "limit", "country", "language", "slots"):
        answer = ask(
            "GET", f"/v1/slots?key={shop.publishable_key}&slots=popular&{field}={quote(evil)}", {"Origin": PAGE}
        )
        assert answer.status == 400
        assert "alert" not in answer.text


def test_shops_cannot_be_told_from_strangers_by_their_keys(shop: Shop) -> None:
    wrong = [f"pk_{slug}_{'0' * 22}" for slug in ("acme", "never-there")]
    answers = [ask("GET", f"/v1/slots?key={key}&slots=popular", {"Origin": PAGE}) for key in wrong]
    assert answers[0] == answers[1]


def test_nothing_on_a_product_page_rests_on_fewer_than_three_people() -> None:
    """Everything that is learnt of random orders, counted again by hand."""
    rnd, ledger = Random(3), Ledger()
    pairs: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for n in range(150):
        who, what = f"c{rnd.randint(0, 40)}", rnd.sample([f"p{i}" for i in range(25)], rnd.randint(1, 4))
        country = rnd.choice(["DE", "IR", ""])
        ledger.add(who, int(NOW.timestamp()) - 86_400 * 20 + n, what, 100, "EUR", country)
        for one in what:
            pairs[EVERYWHERE, one].add(who)
            pairs[country, one].add(who)
            for other in what:
                pairs[one, other].add(who)
    found = learn_from(ledger, int(NOW.timestamp()))
    told = [(product, pick) for product, picks in found.together for pick in picks]
    assert told
    assert found.popular[EVERYWHERE]
    for one, pick in told:
        assert pick.buyers == len(pairs[one, pick.product]) >= 3
    for place, top in found.popular.items():
        assert all(len(pairs[place, one]) >= 3 for one, _ in top), place
