"""A model that another release wrote, or that is none: pages, outlook and report go on as before the first night."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib import clock, keys
from chalicelib.domain.shop import Shop
from chalicelib.domain.slot import SLOTS
from chalicelib.domain.times import stamp
from chalicelib.table import base, learnt
from chalicelib.table.learnt import ModelRow
from chalicelib.work import read_customers, remembered
from tests.acme import MASTER, NOW
from tests.gateway import partner
from tests.learning import Learning
from tests.storefront import asks, bought, ids, learn, open_storefront, product

JUNK: list[Any] = [
    "junk",
    7,
    None,
    [],
    [[]],
    {"a": "b"},
    [["tea"]],
    {"*": 5},
    {"*": [["tea", "many"]]},
    {"*": [[4, 4]]},
]
OTHERS = [learnt.FORMAT + 1, 0, None, "1", str(learnt.FORMAT), [learnt.FORMAT]]


@pytest.fixture
def shop(table: str) -> Shop:
    """Something was learnt of it, of which nothing can be read any more."""
    clock.use(lambda: NOW)
    found = open_storefront()
    for id in ("tea", "cup", "pot"):
        product(found, id)
    told: dict[str, Any] = {"state": "learnt", "since": stamp(NOW), "orders": 9, "customers": 5, "products": 3}
    learn(found, popular={"tea": 57, "cup": 12}, together={"tea": [("pot", 23)]}, parts={}, withheld=[], **told)
    bought(found, "1", 60, "tea")
    return found


def put(told: Any) -> None:
    """As the row of the model holds it, whoever wrote that."""
    text = base.Json().serialize(told)
    base.commit([base.put(ModelRow("S#acme", "MODEL", learned_at=stamp(NOW), model=text))])
    remembered.forget_everything()


def stored() -> dict[str, Any]:
    found = learnt.model("acme")
    assert found
    return found


def hers(shop: Shop) -> dict[str, Any]:
    (found,) = read_customers.search(shop, {"email": "mina@example.test"}, 5, None).items
    answer = partner(keys.secret_key(MASTER, "acme"))(f"/v1/customers/{found['id']}/outlook")
    assert answer.status == 200, answer.text
    return dict(answer.json)


def report() -> dict[str, Any]:
    answer = partner(keys.secret_key(MASTER, "acme"))("/v1/learning")
    assert answer.status == 200, answer.text
    return dict(answer.json)


def test_what_is_published_says_its_format(shop: Shop) -> None:
    assert stored()["format"] == learnt.FORMAT


@pytest.mark.parametrize("other", OTHERS)
def test_a_model_of_another_format_is_as_none(shop: Shop, other: Any) -> None:
    told = {**stored(), "format": other}
    put({name: value for name, value in told.items() if value is not None})
    assert learnt.model("acme") is None
    answer = asks(shop, ",".join(SLOTS), "7", product="tea")
    assert answer.json["learned_at"] is None
    assert ids(answer, "popular") == []
    assert ids(answer, "goes-with") == ["pot"], "rows of products are whole in themselves"
    assert ids(asks(shop, "buy-again", "7"), "buy-again") == ["tea"], "what she bought is no model's business"
    found = hers(shop)
    assert found["learned_at"] is None
    assert {one["part"]: one["code"] for one in found["withheld"]} == dict.fromkeys(
        ("rfm", "second_order", "next_order", "value"), "no_model"
    )
    assert (report()["state"], report()["learned_at"]) == ("waiting", None)
    assert {one["code"] for one in report()["withheld"]} == {"no_model"}


def test_the_next_night_puts_it_right(shop: Shop) -> None:
    put({**stored(), "format": learnt.FORMAT + 1})
    Learning(shop, now=NOW).learns()
    assert stored()["learned_at"] == stamp(NOW)


@pytest.mark.parametrize("junk", [b"\x00", b"junk", b"\x1f\x8b\x08\x00junk", b"\x1f\x8b"])
def test_a_row_that_holds_no_model_is_as_none(shop: Shop, junk: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base.Zipped, "serialize", lambda self, value: junk)
    put({})
    assert learnt.model("acme") is None
    assert ids(asks(shop, "popular"), "popular") == []
    assert {one["code"] for one in report()["withheld"]} == {"no_model"}


def test_a_model_may_be_no_object_at_all(shop: Shop) -> None:
    for junk in JUNK:
        put(junk)
        assert ids(asks(shop, "popular"), "popular") == []


@pytest.mark.parametrize("part", ["popular", "rule", "catalogue", "learned_at", "parts"])
def test_a_part_that_cannot_be_read_never_takes_a_page_down(shop: Shop, part: str) -> None:
    whole = stored()
    for junk in JUNK:
        put({**whole, part: junk})
        answer = asks(shop, ",".join(SLOTS), "7", page="product", product="cup", country="DE")
        assert answer.status == 200, answer.text
        assert isinstance(answer.json["learned_at"], str | None)
        assert ids(asks(shop, "buy-again", "7"), "buy-again") == ["tea"]
        sample = asks(shop, "popular,new-for-you", key=keys.test_key(MASTER, "acme"))
        assert sample.status == 200, sample.text


@pytest.mark.parametrize("part", ["rfm", "second", "next", "value"])
def test_a_part_that_cannot_be_read_is_withheld_from_the_owner(shop: Shop, part: str) -> None:
    whole, name = stored(), {"second": "second_order", "next": "next_order"}.get(part, part)
    for junk in (*JUNK, {"currencies": {"EUR": {}}}, {"currencies": "EUR"}):
        put({**whole, "parts": {**whole["parts"], part: junk}})
        withheld = {one["part"]: one["code"] for one in hers(shop)["withheld"]}
        assert withheld == {
            **dict.fromkeys(("rfm", "second_order", "next_order", "value"), "no_model"),
            name: "internal",
        }
        found = report()
        assert (found["state"], found["learned_at"]) == ("learnt", whole["learned_at"])


@pytest.mark.parametrize("part", ["parts", "withheld", "popular", "state"])
def test_a_model_without_its_parts_says_so_to_the_owner(shop: Shop, part: str) -> None:
    whole = stored()
    for junk in JUNK:
        put({**whole, part: junk})
        assert {one["code"] for one in hers(shop)["withheld"]} <= {"internal", "no_model"}
        report()
    put({name: value for name, value in whole.items() if name != part})
    report()
