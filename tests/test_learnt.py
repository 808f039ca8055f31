"""What was learnt, as it stands in the table: rows of products, the model, products that only orders know."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from chalicelib.domain.events import Product
from chalicelib.domain.together import Pick
from chalicelib.table import base, customers, learnt, products
from chalicelib.table.learnt import Rec
from tests import acme
from tests.fake_dynamo import FakeDynamo
from tests.learning import NIGHT, rows_of, sold

TEA = Rec((Pick("cup", 0.42, 12), Pick("pot", 0.07, 3)), True, 30)
MODEL = {
    "format": learnt.FORMAT,
    "learned_at": "2026-11-22T02:10:00Z",
    "popular": {"*": [["چای", 12]]},
    "parts": {},
    "withheld": [],
}
POT = Product("pot", "Tea pot", products.FROM_ORDERS, price=4200, currency="EUR")


@pytest.fixture
def dynamo(table: str) -> FakeDynamo:
    found = FakeDynamo()
    found.install()
    return found


def test_a_row_comes_back_as_it_was_put(dynamo: FakeDynamo) -> None:
    learnt.put_rec("acme", "tea", TEA)
    learnt.put_rec("acme", "a#b%c", Rec(gap_days=7))
    assert learnt.recs("acme", ["tea", "a#b%c", "mat"]) == {"tea": TEA, "a#b%c": Rec(gap_days=7)}
    assert learnt.recs("lilac", ["tea"]) == {}
    assert learnt.recs("acme", []) == {}


def test_a_hundred_products_are_one_question(dynamo: FakeDynamo) -> None:
    learnt.put_rec("acme", "tea", TEA)
    asked: list[str] = []
    dynamo.before = lambda operation, arguments: asked.append(operation)
    learnt.recs("acme", [f"p{n}" for n in range(99)] + ["tea", "tea"])
    assert asked == ["BatchGetItem"]


def test_a_row_that_says_nothing_goes(dynamo: FakeDynamo) -> None:
    learnt.put_rec("acme", "tea", TEA)
    learnt.put_rec("acme", "tea", Rec())
    assert rows_of(dynamo) == {}


@pytest.mark.parametrize("junk", ["junk", 7, {"a": 1}, [["cup"]], [["cup", "much", 3]], [5]])
def test_a_list_that_cannot_be_read_tells_nothing(dynamo: FakeDynamo, junk: object) -> None:
    learnt.put_rec("acme", "cup", TEA)
    base.commit([base.put(learnt.RecRow("S#acme#P#tea", "REC", together=junk))])
    assert learnt.recs("acme", ["tea", "cup"]) == {"cup": TEA}


def test_the_model_is_one_item_and_comes_back_whole(dynamo: FakeDynamo) -> None:
    assert learnt.model("acme") is None
    learnt.put_model("acme", MODEL)
    assert learnt.model("acme") == MODEL
    learnt.put_model("acme", {**MODEL, "parts": {"gaps": {}}})
    assert (learnt.model("acme") or {})["parts"] == {"gaps": {}}
    assert list(rows_of(dynamo)) == [("S#acme", "MODEL")]
    learnt.forget_model("acme")
    assert learnt.model("acme") is None


def test_a_model_beyond_an_item_is_refused_and_the_old_one_stays(dynamo: FakeDynamo) -> None:
    learnt.put_model("acme", MODEL)
    noise = {f"{n:x}": [[Random(n).randbytes(400).hex(), 9]] for n in range(1_200)}
    with pytest.raises(learnt.TooLarge):
        learnt.put_model("acme", {**MODEL, "popular": noise})
    assert learnt.model("acme") == MODEL


# --- products that only orders know ----------------------------------------------------------------------------------


def test_whatever_the_shop_tells_wins_whenever_it_comes(dynamo: FakeDynamo) -> None:
    assert products.recall("acme", POT, "18")
    told = Product("pot", "Pot, blue", "1999-01-01T00:00:00Z", available=False)
    assert products.see("acme", told)
    assert not products.recall("acme", POT, "19")
    assert products.of_ids("acme", ["pot"])["pot"] == told


def test_a_product_known_from_an_order_is_not_back_when_the_shop_first_tells_of_it(dynamo: FakeDynamo) -> None:
    """Nobody who waits for it may be told that it came back: it was never away."""
    products.recall("acme", POT, "18")
    back: list[str] = []

    def also(at: str) -> list[base.Write]:
        back.append(at)
        return []

    products.see("acme", replace(POT, updated_at="2026-11-01T00:00:00Z"), also)
    assert back == []


def test_a_product_that_is_gone_stays_gone(dynamo: FakeDynamo) -> None:
    products.recall("acme", POT, "18")
    products.gone("acme", "pot", "2026-11-01T00:00:00Z")
    assert not products.recall("acme", POT, "19")
    assert products.of_ids("acme", ["pot"]) == {}


def test_only_a_newer_order_says_it_anew(dynamo: FakeDynamo) -> None:
    products.recall("acme", POT, "18")
    assert not products.recall("acme", replace(POT, price=1), "18")
    assert products.recall("acme", replace(POT, price=4500), "19")
    assert products.of_ids("acme", ["pot"])["pot"].price == 4500
    assert products.sources("acme", ["pot", "mat"]) == {"pot": "19"}
    assert products.of_ids("acme", ["pot"])["pot"].available, "nobody said that it is sold out"


# --- reading the index -----------------------------------------------------------------------------------------------


def test_months_without_orders_are_not_read_and_old_ones_are(dynamo: FakeDynamo) -> None:
    from chalicelib.table import order_pages

    shop, _ = acme.open_shop()
    for number, at in enumerate(("2024-02-10T10:00:00Z", "2024-02-11T10:00:00Z", "2026-11-01T10:00:00Z")):
        acme.see(shop, sold(number, "sara", ["tea"], NIGHT, placed_at=at))
    assert order_pages.months("acme", NIGHT) == ["2024-02", "2026-11"]
    first, position = order_pages.gists("acme", "2024-02", None, 1)
    assert [at for at, _ in first] == [position] == ["2024-02-10T10:00:00#0"]
    assert [gist["l"] for _, gist in first] == [[["tea", 1, 900]]]
    rest, position = order_pages.gists("acme", "2024-02", position, 10)
    assert ([at for at, _ in rest], position) == (["2024-02-11T10:00:00#1"], None)
    assert order_pages.gists("acme", "2024-03", None, 10) == ([], None)


def test_an_entry_that_says_nothing_hides_neither_its_month_nor_the_others(dynamo: FakeDynamo) -> None:
    from chalicelib.table import customer_pages, order_pages, orders

    feed, listed = "S#acme#F#2026-11#0", "S#acme#CL#0"
    for n, gist in enumerate((None, {"c": "c_sara"})):
        row = orders.OrderRow(
            f"S#acme#O#{n}", "ORDER", feed_pk=feed, feed_sk=f"2026-11-0{n + 1}T10:00:00#{n}", gist=gist
        )
        base.commit([base.put(row)])
    assert order_pages.months("acme", NIGHT) == ["2026-11"]
    assert order_pages.gists("acme", "2026-11", None, 1) == ([], "2026-11-01T10:00:00#0")
    assert [gist for _, gist in order_pages.gists("acme", "2026-11", None, 9)[0]] == [{"c": "c_sara"}]
    for name, card in (("c_1", {"t": {}}), ("c_2", {"t": {}, "l": "c_1"})):
        profile = customers.ProfileRow(f"S#acme#C#{name}", "PROFILE", node={"id": name}, card=card)
        profile.customers_pk, profile.customers_sk = listed, f"2026-11-01T10:00:00#{name}"
        base.commit([base.put(profile)])
    assert customer_pages.links("acme", 0, None, 9) == ([("c_1", None), ("c_2", "c_1")], None)


@pytest.mark.parametrize("most", [1, 2, 3, 7, 100])
def test_orders_of_several_shards_come_in_their_order_and_each_once(
    dynamo: FakeDynamo, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """One shard may give few at once while another gives many: nothing is passed over."""
    from chalicelib.table import order_pages, orders

    for module in (order_pages, orders):
        monkeypatch.setattr(module, "FEED_SHARDS", 3)
    shop, _ = acme.open_shop()
    for number in range(20):
        acme.see(shop, sold(number, "sara", ["tea"], NIGHT.replace(day=1 + number)))
    found, position, pages = list[str](), None, 0
    while position or not pages:
        page, position = order_pages.gists("acme", "2026-11", position, most)
        found, pages = [*found, *(at for at, _ in page)], pages + 1
        assert pages <= 21
    assert [at.partition("#")[2] for at in found] == [str(number) for number in range(20)]
