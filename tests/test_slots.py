"""What the storefront shows: to whom, of what, and for what reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import clock, keys
from chalicelib.domain.events import ProductGone
from chalicelib.domain.order import Buyer
from chalicelib.domain.shop import Shop
from chalicelib.domain.slot import SLOTS, at_least, bucket
from chalicelib.domain.times import stamp
from chalicelib.table import customers, learnt, shelf, shops
from chalicelib.work import page_words, privacy, remembered, rid, take_product
from tests.acme import MASTER, NOW, see_account
from tests.gateway import Answered, ask
from tests.storefront import MINA, PAGE, asks, bought, ids, items, learn, open_storefront, product, tea_shop, token


@pytest.fixture
def shop(table: str) -> Shop:
    return tea_shop()


def later(**passed: float) -> None:
    clock.use(lambda: NOW + timedelta(**passed))


# --- the answer ------------------------------------------------------------------------------------------------------


def test_an_item_says_what_it_is_and_why_it_is_there(shop: Shop) -> None:
    answer = asks(shop, "goes-with", page="product", product="tea")
    first = items(answer, "goes-with")[0]
    sealed = first.pop("rid")
    assert first == {
        "product_id": "pot",
        "title": "Pot",
        "url": f"{PAGE}/p/pot",
        "image": f"{PAGE}/p/pot.jpg",
        "price": {"amount": 1200, "currency": "EUR", "exponent": 2, "text": "€12.00"},
        "why": {
            "code": "bought_together",
            "params": {"buyers": "20+"},
            "text": "At least 20 customers bought both",
        },
    }
    opened = rid.open_rid(MASTER, "acme", sealed, NOW)
    assert (opened.slot, opened.item, opened.code, opened.day) == ("goes-with", "pot", "bought_together", "2026-11-21")
    told = answer.json
    assert (told["language"], told["direction"], told["personal"], told["arm"]) == ("en", "ltr", False, None)
    assert told["slots"][0]["title"] == "Goes well with it"


def test_slots_come_in_the_order_asked_for_and_no_product_twice(shop: Shop) -> None:
    answer = asks(shop, "popular,goes-with", page="product", product="honey")
    assert [slot["name"] for slot in answer.json["slots"]] == ["popular", "goes-with"]
    assert ids(answer, "popular") == ["tea", "cup", "biscuits"]
    assert ids(answer, "goes-with") == []


def test_what_goes_with_it_is_filled_with_what_is_popular(shop: Shop) -> None:
    answer = asks(shop, "goes-with", page="product", product="cup")
    assert [(item["product_id"], item["why"]["code"]) for item in items(answer, "goes-with")] == [
        ("pot", "bought_together"),
        ("tea", "popular"),
        ("biscuits", "popular"),
    ]


def test_a_heading_promises_only_what_is_known(shop: Shop) -> None:
    known, unknown = asks(shop, "goes-with", product="tea"), asks(shop, "goes-with", product="card")
    empty = asks(shop, "goes-with", page="cart")
    assert [answer.json["slots"][0]["title"] for answer in (known, unknown, empty)] == [
        "Goes well with it",
        "Popular now",
        "Popular now",
    ]


def test_what_was_just_chosen_is_no_basket_any_more(shop: Shop) -> None:
    (slot,) = asks(shop, "goes-with", page="confirmation", cart="tea,card").json["slots"]
    assert (slot["title"], slot["items"][0]["why"]["code"]) == ("Goes well with what you chose", "goes_with_order")


def test_a_cart_is_looked_at_as_a_whole(shop: Shop) -> None:
    answer = asks(shop, "goes-with", page="cart", cart="tea,cup")
    assert ids(answer, "goes-with") == ["pot", "honey", "biscuits"]
    assert items(answer, "goes-with")[0]["why"]["code"] == "goes_with_cart"
    assert answer.json["slots"][0]["title"] == "Goes well with your basket"


@pytest.mark.parametrize("page", ["cart", "confirmation"])
def test_nothing_is_said_to_go_with_an_empty_cart(shop: Shop, page: str) -> None:
    answer = asks(shop, "goes-with", page=page, cart="")
    assert {item["why"]["code"] for item in items(answer, "goes-with")} == {"popular"}
    assert answer.json["slots"][0]["title"] == "Popular now"


def test_of_a_very_long_cart_what_was_put_in_last_counts(shop: Shop) -> None:
    cart = ",".join(["cup", *map(str, range(19)), "tea"])
    assert "honey" in ids(asks(shop, "goes-with", page="cart", cart=cart), "goes-with")


def test_persian_pages_get_persian_words_digits_and_direction(table: str) -> None:
    clock.use(lambda: NOW)
    shop = open_storefront(currency="IRT", locale="fa-IR")
    product(shop, "chai", "چای لاهیجان", price=2_990_000, currency="IRR")
    learn(shop, popular={"chai": 57})
    answer = asks(shop, "popular")
    (item,) = items(answer, "popular")
    assert answer.json["direction"] == "rtl"
    assert item["price"]["text"].replace("\u00a0", " ") == "۲۹۹٬۰۰۰ تومان"
    assert item["why"]["text"] == "دست‌کم ۵۰ مشتری به‌تازگی آن را خریده‌اند"


@pytest.mark.parametrize("language", page_words.languages())
def test_every_slot_and_reason_is_said_in_every_language(language: str) -> None:
    words = page_words.section(language, "slots")
    assert set(words) == set(page_words.section("en", "slots"))
    assert all(text.strip() for text in words.values())
    assert {f"title_{slot.replace('-', '_')}" for slot in SLOTS} <= set(words)
    for key in ("why_bought_together", "why_goes_with_cart", "why_goes_with_order", "why_popular"):
        assert "{buyers}" in words[key]
    assert "{number}" in words["sample_product"]


def test_what_cannot_be_bought_is_not_shown(shop: Shop) -> None:
    product(shop, "pot", available=False, updated_at="2026-11-20T10:00:00Z")
    take_product.gone(shop, ProductGone("cup", "2026-11-20T11:00:00Z"), NOW)
    assert ids(asks(shop, "goes-with", product="tea"), "goes-with") == ["honey", "biscuits"]


def test_what_the_shop_keeps_out_of_its_own_lists_is_not_shown(shop: Shop) -> None:
    product(shop, "pot", listed=False, updated_at="2026-11-20T10:00:00Z")
    assert ids(asks(shop, "goes-with", product="tea"), "goes-with") == ["honey", "cup", "biscuits"]
    product(shop, "pot", updated_at="2026-11-20T11:00:00Z")
    later(seconds=61)
    assert "pot" in ids(asks(shop, "goes-with", product="tea"), "goes-with")


def test_a_price_that_changes_is_shown_within_a_minute(shop: Shop) -> None:
    assert items(asks(shop, "popular"), "popular")[0]["price"]["amount"] == 1200
    product(shop, "tea", price=1500, updated_at="2026-11-20T10:00:00Z")
    later(seconds=61)
    assert items(asks(shop, "popular"), "popular")[0]["price"]["amount"] == 1500


def test_where_pictures_are_shown_what_has_none_is_left_out(shop: Shop) -> None:
    product(shop, "tea", image=None, updated_at="2026-11-20T10:00:00Z")
    assert ids(asks(shop, "popular", pictures=1), "popular") == ["cup", "biscuits"]
    assert ids(asks(shop, "popular"), "popular") == ["tea", "cup", "biscuits"]


def test_an_address_that_is_none_never_reaches_a_page(shop: Shop) -> None:
    product(shop, "tea", url="javascript:alert(1)", image="data:text/html,x", updated_at="2026-11-20T10:00:00Z")
    first = items(asks(shop, "popular"), "popular")[0]
    assert (first["url"], first["image"]) == (None, None)


def test_a_category_page_shows_what_is_popular_in_it(shop: Shop) -> None:
    product(shop, "biscuits", categories=("Sweets",), updated_at="2026-11-20T10:00:00Z")
    assert ids(asks(shop, "popular", page="category", category="Sweets"), "popular") == ["biscuits"]


def test_a_country_of_its_own_comes_first(shop: Shop) -> None:
    learnt.put_model(
        "acme", {"learned_at": stamp(NOW), "popular": {"*": [["tea", 57]], "IR": [["honey", 5], ["tea", 3]]}}
    )
    assert ids(asks(shop, "popular", country="ir"), "popular") == ["honey", "tea"]
    assert ids(asks(shop, "popular", country="DE"), "popular") == ["tea"]


def test_a_shop_of_which_nothing_is_learnt_yet_shows_nothing(table: str) -> None:
    clock.use(lambda: NOW)
    shop = open_storefront()
    answer = asks(shop, ",".join(SLOTS), "7", product="tea")
    assert [slot["items"] for slot in answer.json["slots"]] == [[]] * len(SLOTS)
    assert answer.json["learned_at"] is None


# --- a customer ------------------------------------------------------------------------------------------------------


def test_she_is_shown_what_she_bought_to_buy_again(shop: Shop) -> None:
    bought(shop, "1", 200, "honey", "pot")
    bought(shop, "2", 90, "pot")
    answer = asks(shop, "buy-again", "7")
    assert [(item["product_id"], item["why"]["code"]) for item in items(answer, "buy-again")] == [
        ("pot", "bought_often"),
        ("honey", "bought_before"),
    ]
    assert answer.json["personal"] is True
    assert answer.json["arm"] == "treated"
    assert answer.headers["cache-control"] == "private, no-store"


def test_an_order_changes_what_is_shown_at_once(shop: Shop) -> None:
    assert ids(asks(shop, "buy-again", "7"), "buy-again") == []
    bought(shop, "1", 40, "cup")
    assert ids(asks(shop, "buy-again", "7"), "buy-again") == ["cup"]
    bought(shop, "1", 40, "cup", status="cancelled", payment="voided")


def test_a_cancelled_order_shows_nothing(shop: Shop) -> None:
    bought(shop, "1", 40, "cup", status="cancelled", payment="voided")
    assert ids(asks(shop, "buy-again", "7"), "buy-again") == []


def test_just_bought_is_not_shown_again_but_for_what_is_used_up(shop: Shop) -> None:
    bought(shop, "1", 10, "pot", "tea")
    assert ids(asks(shop, "buy-again", "7"), "buy-again") == ["tea"]


def test_what_is_still_on_its_way_is_not_offered_again(shop: Shop) -> None:
    bought(shop, "1", 40, "tea")
    bought(shop, "2", 1, "tea")
    assert ids(asks(shop, "buy-again", "7"), "buy-again") == []
    clock.use(lambda: NOW + timedelta(days=3))
    assert ids(asks(shop, "buy-again", "7"), "buy-again") == ["tea"]


def test_new_for_her_is_what_others_bought_with_hers(shop: Shop) -> None:
    bought(shop, "1", 40, "cup", "tea")
    answer = asks(shop, "new-for-you", "7")
    found = [(item["product_id"], item["why"]["text"]) for item in items(answer, "new-for-you")]
    assert found[0] == ("pot", "Goes well with Tea, which you bought")
    assert [product for product, _ in found] == ["pot", "honey", "biscuits"]


def test_nothing_personal_for_whoever_is_not_logged_in(shop: Shop) -> None:
    bought(shop, "1", 40, "cup", "tea")
    answer = asks(shop, "buy-again,new-for-you,replenish,viewed,messages,popular")
    assert [slot["items"] for slot in answer.json["slots"][:-1]] == [[]] * 5
    assert ids(answer, "popular") == ["tea", "cup", "biscuits"]


def test_the_held_out_see_the_page_without_personal_slots(shop: Shop) -> None:
    everybody = asks(shop, "buy-again,popular")
    shop = replace(shop, treated_share="0")
    shops.put(shop)
    remembered.forget_everything()
    bought(shop, "1", 40, "cup", "tea")
    answer = asks(shop, "buy-again,popular", "7")
    assert answer.json["arm"] == "control"
    assert ids(answer, "buy-again") == []
    assert items(answer, "popular") == items(everybody, "popular")


def test_her_arm_is_the_one_she_was_assigned_whatever_the_share_is_now(shop: Shop) -> None:
    bought(shop, "1", 1, "cup")
    assert customers.resolve(shop, "account:7", stamp(NOW)).node.share == "1"
    shops.put(replace(shop, treated_share="0"))
    remembered.forget_everything()
    assert asks(shop, "buy-again", "7").json["arm"] == "treated"
    assert asks(shop, "buy-again", "never-seen").json["arm"] == "control"


def test_what_is_used_up_is_shown_when_it_is_time(shop: Shop) -> None:
    """Tea lasts about 30 days; hers 60, as she bought it twice, 60 days apart."""
    bought(shop, "1", 28, "tea", "cup")
    assert [(one["product_id"], one["why"]["code"]) for one in items(asks(shop, "replenish", "7"), "replenish")] == [
        ("tea", "due")
    ]
    bought(shop, "0", 88, "tea")
    assert ids(asks(shop, "replenish", "7"), "replenish") == []
    later(days=20)
    assert ids(asks(shop, "replenish", "7"), "replenish") == ["tea"]


def test_her_messages_are_shown_newest_first(shop: Shop) -> None:
    bought(shop, "1", 40, "cup")
    node = customers.resolve(shop, "account:7", stamp(NOW)).node
    shelf.put("acme", node.id, shelf.Shown("f_1", "The cup is back", stamp(NOW - timedelta(days=2)), "Back", PAGE))
    shelf.put("acme", node.id, shelf.Shown("f_2", "Hello again", stamp(NOW - timedelta(days=1))))
    answer = asks(shop, "messages", "7", language="de")
    assert answer.json["slots"][0]["close"] == "Schließen"
    found = items(answer, "messages")
    assert [(one["id"], one["title"], one["text"], one["url"]) for one in found] == [
        ("f_2", None, "Hello again", None),
        ("f_1", "Back", "The cup is back", PAGE),
    ]


def test_a_message_is_shown_for_30_days_however_late_its_row_goes(shop: Shop) -> None:
    bought(shop, "1", 40, "cup")
    node = customers.resolve(shop, "account:7", stamp(NOW)).node
    for name, age in (("f_1", timedelta(days=30)), ("f_2", timedelta(days=29, hours=23))):
        shelf.put("acme", node.id, shelf.Shown(name, "Hello again", stamp(NOW - age)))
    assert [one["id"] for one in items(asks(shop, "messages", "7"), "messages")] == ["f_2"]


def test_an_account_is_shown_only_orders_of_its_own(shop: Shop) -> None:
    """Whoever registers with a guest's address must learn nothing of what was bought with it."""
    bought(shop, "1", 40, "cup", buyer=Buyer(email="mina@example.test"))
    see_account(shop, MINA, "2026-11-20T00:00:00Z")
    assert ids(asks(shop, "buy-again", "7"), "buy-again") == []
    assert ids(asks(shop, "buy-again", "8"), "buy-again") == []


def test_whoever_was_erased_is_nobody(shop: Shop) -> None:
    bought(shop, "1", 40, "cup")
    node = customers.resolve(shop, "account:7", stamp(NOW)).node
    privacy.erase(shop, node.id, NOW, lambda key, data: None)
    erased, unknown = asks(shop, ",".join(SLOTS), "7"), asks(shop, ",".join(SLOTS), "never-seen")
    assert ids(erased, "buy-again") == []
    assert erased.json["slots"] == unknown.json["slots"]


# --- who may ask -----------------------------------------------------------------------------------------------------


def problem(answer: Answered) -> tuple[int, str | None]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status, answer.json.get("field")


def raw(query: str, **headers: str) -> Answered:
    return ask("GET", f"/v1/slots?{query}", {"Origin": PAGE, **headers})


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("slots=", "slots"),
        ("slots=wallet", "slots"),
        ("slots=popular&page=moon", "page"),
        ("slots=popular&limit=0", "limit"),
        ("slots=popular&limit=25", "limit"),
        ("slots=popular&limit=%D9%A3", "limit"),
        ("slots=popular&country=DEU", "country"),
        ("slots=popular&language=english%20please", "language"),
        ("slots=popular&pictures=yes", "pictures"),
        ("slots=popular&colour=red", "colour"),
        ("slots=popular&slots=viewed", "slots"),
        ("slots=goes-with&cart=1," + "9" * 129, "cart"),
        ("slots=goes-with&product=" + "9" * 129, "product"),
        ("slots=goes-with&product=%00", "product"),
    ],
)
def test_a_question_that_is_wrong_says_where(shop: Shop, query: str, field: str) -> None:
    answer = raw(f"key={shop.publishable_key}&{query}")
    assert problem(answer) == (400, field)
    assert answer.headers["access-control-allow-origin"] == PAGE


@pytest.mark.parametrize(
    ("slots", "named", "near"),
    [
        ("popular,viewd,buy-again", '"viewd"', "; viewed?"),
        ("buy_again", '"buy_again"', "; buy-again?"),
        ("Popular", '"Popular"', "; popular?"),
        ("new-for-yuo", '"new-for-yuo"', "; new-for-you?"),
        ("wallet", '"wallet"', ""),
        ("x%E2%80%AE%00%0Ay", '"xy"', ""),
        ("z" * 200, f'"{"z" * 60}"', ""),
    ],
)
def test_a_slot_that_there_is_not_is_named_and_what_comes_near_it(
    shop: Shop, slots: str, named: str, near: str
) -> None:
    """One misspelt name leaves all slots of its page empty: whoever makes it has to see which."""
    answer = raw(f"key={shop.publishable_key}&slots={slots}")
    assert problem(answer) == (400, "slots")
    assert answer.json["detail"] == f"names {named}, which is none of {', '.join(SLOTS)}{near}"


@pytest.mark.parametrize("key", ["", "pk_acme_" + "0" * 22, "pk_nobody_" + "0" * 22, "sk_acme_" + "0" * 43, "\u2603"])
def test_a_key_that_is_none_opens_nothing(shop: Shop, key: str) -> None:
    assert problem(raw(f"slots=popular&key={quote(key)}")) == (401, "key")


def test_another_shops_key_shows_that_shops_things_only(shop: Shop) -> None:
    other = open_storefront("bolt")
    answer = asks(other, "popular,goes-with", product="tea")
    assert [slot["items"] for slot in answer.json["slots"]] == [[], []]


def test_a_page_of_elsewhere_may_not_ask(shop: Shop) -> None:
    for origin in ("https://evil.test", "null", "https://shop.acme.test.evil.test", "http://shop.acme.test"):
        answer = asks(shop, "popular", headers={"Origin": origin})
        assert problem(answer) == (403, None)
    assert asks(shop, "popular", headers={"Origin": ""}).status == 200  # a server of the shop's own


def test_a_shop_that_is_switched_off_shows_nothing(shop: Shop) -> None:
    shops.put(replace(shop, state="off"))
    assert asks(shop, "popular").status == 403


def forged(shop: Shop) -> dict[str, str]:
    good = token(shop)
    head, claims, mac = good.split(".")
    none = keys._text64(b'{"alg":"none","typ":"JWT"}')
    return {
        "expired": token(shop, expires=NOW - timedelta(minutes=2)),
        "lives too long": token(shop, expires=NOW + timedelta(hours=2)),
        "of another shop": token(shop, issuer="bolt"),
        "signed by another shop": token(replace(shop, slug="bolt"), issuer="acme"),
        "no algorithm": f"{none}.{claims}.",
        "no algorithm, old signature": f"{none}.{claims}.{mac}",
        "other claims": f"{head}.{keys._text64(b'{}')}.{mac}",
        "cut off": good[:-1],
        "empty": "",
        "long": "a" * 5000,
        "signed with the publishable key": keys.customer_token(
            shop.publishable_key, "acme", "7", NOW + timedelta(minutes=5)
        ),
    }


def test_a_token_that_is_forged_swapped_or_old_opens_nothing(shop: Shop) -> None:
    bought(shop, "1", 40, "cup")
    for what, bad in forged(shop).items():
        answer = asks(shop, "buy-again", headers={"Authorization": f"Bearer {bad}"})
        assert problem(answer) == (401, "token"), what
        assert bad[:40] not in answer.text or not bad, what
        assert answer.headers["cache-control"] == "no-store"


def test_a_browser_is_told_beforehand_what_it_may_send(shop: Shop) -> None:
    answer = ask("OPTIONS", "/v1/slots", {"Origin": PAGE, "Access-Control-Request-Method": "GET"})
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert answer.headers["access-control-allow-headers"] == "authorization,content-type"
    assert "access-control-allow-credentials" not in answer.headers


def test_too_many_questions_from_one_place_have_to_wait(shop: Shop) -> None:
    answers = [asks(shop, "popular") for _ in range(301)]
    assert [answer.status for answer in answers] == [200] * 300 + [429]
    assert int(answers[-1].headers["retry-after"]) >= 1
    later(seconds=2)
    assert asks(shop, "popular").status == 200


# --- caches ----------------------------------------------------------------------------------------------------------


def test_an_anonymous_answer_may_be_kept_and_is_not_sent_twice(shop: Shop) -> None:
    answer = asks(shop, "popular")
    assert answer.headers["cache-control"] == "public, max-age=60"
    assert answer.headers["vary"] == "Origin, Authorization"
    again = asks(shop, "popular", headers={"If-None-Match": f'W/{answer.headers["etag"]}, "other"'})
    assert (again.status, again.text) == (304, "")
    assert again.headers["etag"] == answer.headers["etag"]
    assert asks(shop, "popular", headers={"If-None-Match": '"other"'}).status == 200


def test_a_page_that_was_asked_for_lately_reads_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    first = asks(shop, "popular,goes-with", product="tea")
    reads: list[Any] = []
    monkeypatch.setattr("pynamodb.connection.Connection.dispatch", lambda *a, **k: reads.append(a))
    assert asks(shop, "popular,goes-with", product="tea").text == first.text
    assert reads == []


def test_equal_questions_have_one_answer_however_they_are_written(shop: Shop) -> None:
    one = asks(shop, "popular", country="de", cart="tea, cup")
    other = asks(shop, " popular ,popular", country="DE", cart="tea,cup,tea", limit=8)
    assert one.headers["etag"] == other.headers["etag"]


# --- preview ---------------------------------------------------------------------------------------------------------


def test_a_theme_that_is_being_made_sees_samples_from_any_origin(shop: Shop) -> None:
    key = keys.test_key(MASTER, "acme")
    answer = asks(shop, "buy-again,goes-with", key=key, product="pot", headers={"Origin": "http://localhost:9999"})
    assert answer.json["preview"] is True
    assert {item["why"]["code"] for item in items(answer, "buy-again")} == {"sample"}
    assert all(item["rid"] is None for slot in answer.json["slots"] for item in slot["items"])
    assert answer.headers["cache-control"] == "no-store"


def before(shop: Shop, slot: str, **q: Any) -> list[dict[str, Any]]:
    """What a theme developer sees of the slot, before the page is live."""
    remembered.forget_everything()
    return items(asks(shop, slot, key=keys.test_key(MASTER, "acme"), **q), slot)


@pytest.mark.parametrize(("language", "named"), [("en", "Sample product 1"), ("fa", "کالای نمونهٔ ۱")])
def test_on_the_first_day_a_theme_sees_samples_that_are_named_so(table: str, language: str, named: str) -> None:
    clock.use(lambda: NOW)
    open_storefront(currency="IRT")
    key, headers = keys.test_key(MASTER, "acme"), {"Origin": "http://localhost:9999"}
    answer = ask("GET", f"/v1/slots?key={key}&slots=popular,viewed,messages&language={language}", headers)
    one = items(answer, "popular")[0]
    assert (one["title"], one["url"], one["image"], one["rid"]) == (named, "http://localhost:9999/", None, None)
    assert (one["price"]["currency"], one["why"]["code"]) == ("IRR", "sample")
    assert [len(slot["items"]) for slot in answer.json["slots"]] == [8, 8, 1]
    assert len({item["product_id"] for item in items(answer, "popular")}) == 8


def test_samples_lead_to_a_page_that_there_is(table: str) -> None:
    """What leads nowhere the script does not show. A file on the disk has no origin."""
    clock.use(lambda: NOW)
    shop = open_storefront()
    key = keys.test_key(MASTER, "acme")
    urls = {}
    for origin in ("http://localhost:1", "http://localhost:2", "null", "javascript:alert(1)"):
        urls[origin] = {
            one["url"] for one in items(asks(shop, "popular", key=key, headers={"Origin": origin}), "popular")
        }
    own = {f"{PAGE}/"}
    assert list(urls.values()) == [{"http://localhost:1/"}, {"http://localhost:2/"}, own, own]


def test_products_of_the_page_come_before_samples_that_are_made_up(table: str) -> None:
    clock.use(lambda: NOW)
    shop = open_storefront()
    for id in ("pot", "cup"):
        product(shop, id)
    found = before(shop, "goes-with", product="pot", cart="cup,gone")
    assert [one["product_id"] for one in found[:3]] == ["pot", "cup", "sample-1"]
    assert len(found) == 8
    assert len(before(shop, "goes-with", product="pot", limit=2)) == 2
    assert [one["product_id"] for one in before(shop, "goes-with", product="pot", pictures=1)] == ["pot"]


def test_nobody_but_a_preview_is_shown_a_sample(table: str) -> None:
    clock.use(lambda: NOW)
    shop = open_storefront()
    assert items(asks(shop, "popular"), "popular") == items(asks(shop, "popular", "7"), "popular") == []


def test_once_the_shop_was_learnt_from_its_own_products_are_the_samples(shop: Shop) -> None:
    assert [one["product_id"] for one in before(shop, "buy-again")] == ["tea", "cup", "biscuits"]


def test_a_preview_shows_a_customer_of_the_control_what_the_others_see(shop: Shop) -> None:
    shop = replace(shop, treated_share="0")
    shops.put(shop)
    bought(shop, "1", 40, "cup")
    answer = asks(shop, "buy-again", "7", key=keys.test_key(MASTER, "acme"))
    assert ids(answer, "buy-again") == ["cup"]
    assert answer.json["arm"] == "control"


# --- numbers ---------------------------------------------------------------------------------------------------------


@given(st.integers(3, 10**9))
def test_a_number_of_people_is_told_as_the_lower_end_of_its_bucket(count: int) -> None:
    assert bucket(count) <= count < 2.6 * bucket(count)
    assert at_least(count) == f"{bucket(count)}+"
    assert bucket(count + 1) >= bucket(count)


def test_one_more_buyer_changes_nothing_on_the_page(shop: Shop) -> None:
    before = asks(shop, "goes-with", product="tea").text
    learn(shop, popular={"tea": 58, "cup": 13, "biscuits": 8}, together={"tea": [("pot", 24), ("honey", 4)]})
    remembered.forget_everything()
    assert asks(shop, "goes-with", product="tea").text == before
