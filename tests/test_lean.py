"""Rows read without PynamoDB: the same rows, and the same trouble."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.domain.events import Product
from chalicelib.table import base, customers, lean, learnt, products
from chalicelib.thin import Thin, Trouble

Asked = list[tuple[str, dict[str, Any]]]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lean, "PAUSE", 0.0)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """What is asked."""
    told: Asked = []
    ask = Thin.dynamodb

    def dynamodb(self: Thin, operation: str, arguments: dict[str, Any]) -> Any:
        told.append((operation, arguments))
        return ask(self, operation, arguments)

    monkeypatch.setattr(Thin, "dynamodb", dynamodb)
    return told


def failing(monkeypatch: pytest.MonkeyPatch, *troubles: Trouble) -> list[str]:
    """The next questions end so; those after them are answered."""
    left, told, ask = list(troubles), [], Thin.dynamodb

    def dynamodb(self: Thin, operation: str, arguments: dict[str, Any]) -> Any:
        told.append(operation)
        if left:
            raise left.pop(0)
        return ask(self, operation, arguments)

    monkeypatch.setattr(Thin, "dynamodb", dynamodb)
    return told


def put(*ids: str) -> None:
    for id in ids:
        products.see("acme", Product(id, id.title(), price=1200, currency="EUR", updated_at="2026-11-01T10:00:00Z"))


def test_a_row_comes_as_it_is_stored(table: str) -> None:
    put("tea")
    row = lean.get(base.partition("acme", "P", "tea"), "PRODUCT")
    assert row is not None
    assert (row["k"], row["rev"], json.loads(row["product"])["title"]) == ("product", "1", "Tea")
    assert lean.get(base.partition("acme", "P", "cup"), "PRODUCT") is None


def test_a_batch_of_any_size_is_asked_for_by_the_hundred_and_each_row_once(table: str, asked: Asked) -> None:
    put(*(f"p{n}" for n in range(7)))
    keys = [(base.partition("acme", "P", f"p{n}"), "PRODUCT") for n in range(230)]
    found = lean.batch([*keys, *keys])
    assert sorted(row["pk"] for row in found) == sorted(pk for pk, _ in keys[:7])
    assert [len(one["RequestItems"][table]["Keys"]) for _, one in asked] == [100, 100, 30]
    assert lean.batch([]) == []


def test_what_did_not_fit_into_an_answer_is_asked_for_again(table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    put("a", "b", "c")
    ask = Thin.dynamodb

    def one_at_a_time(self: Thin, operation: str, arguments: dict[str, Any]) -> Any:
        keys = arguments["RequestItems"][table]["Keys"]
        answer = ask(self, operation, {"RequestItems": {table: {"Keys": keys[:1]}}})
        return {**answer, "UnprocessedKeys": {table: {"Keys": keys[1:]}} if keys[1:] else {}}

    monkeypatch.setattr(Thin, "dynamodb", one_at_a_time)
    assert set(products.of_ids("acme", ["a", "b", "gone", "c"])) == {"a", "b", "c"}


def test_a_batch_of_which_nothing_ever_comes_is_trouble(table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(self: Thin, operation: str, arguments: dict[str, Any]) -> Any:
        return {"Responses": {}, "UnprocessedKeys": arguments["RequestItems"]}

    monkeypatch.setattr(Thin, "dynamodb", never)
    with pytest.raises(base.Trouble, match="UnprocessedKeys"):
        lean.batch([("S#acme#P#tea", "PRODUCT")])


@pytest.mark.parametrize(
    "passing",
    [
        Trouble("dynamodb", 400, "ProvisionedThroughputExceededException"),
        Trouble("dynamodb", 400, "ThrottlingException"),
        Trouble("dynamodb", 500, "InternalServerError"),
        Trouble("dynamodb", 503, ""),
    ],
)
def test_what_passes_is_tried_again_but_not_for_ever(
    table: str, monkeypatch: pytest.MonkeyPatch, passing: Trouble
) -> None:
    put("tea")
    told = failing(monkeypatch, *[passing] * (lean.TRIES - 1))
    assert products.of_ids("acme", ["tea"])["tea"].title == "Tea"
    assert len(told) == lean.TRIES
    told = failing(monkeypatch, *[passing] * lean.TRIES)
    with pytest.raises(base.Trouble):
        products.of_ids("acme", ["tea"])
    assert len(told) == lean.TRIES


@pytest.mark.parametrize(
    "lasting",
    [
        Trouble("dynamodb", 400, "ResourceNotFoundException"),
        Trouble("dynamodb", 400, "AccessDeniedException"),
        Trouble("dynamodb", 0, "TimeoutError"),
    ],
)
def test_what_does_not_pass_is_trouble_at_once(table: str, monkeypatch: pytest.MonkeyPatch, lasting: Trouble) -> None:
    told = failing(monkeypatch, lasting)
    with pytest.raises(base.Trouble, match=lasting.code):
        lean.get("S#acme", "MODEL")
    assert len(told) == 1


def test_the_newest_come_first_and_it_says_whether_they_are_all(table: str) -> None:
    for n in range(5):
        pk = base.partition("acme", "C", "c_1")
        base.commit([base.put(customers.LookupRow(pk, f"O#{n}", to=str(n)))])
    found, is_all = lean.newest(pk, "O#", "O#~", 3)
    assert ([row["to"] for row in found], is_all) == (["4", "3", "2"], False)
    found, is_all = lean.newest(pk, "O#", "O#~", 9)
    assert ([row["to"] for row in found], is_all) == (["4", "3", "2", "1", "0"], True)
    assert lean.newest(pk, "P#", "P#~", 9) == ([], True)


def test_the_emulator_gives_the_same_over_the_wire(ministack: Any) -> None:
    put("tea", "سیب#1")
    learnt.put_model("acme", {"learned_at": "2026-11-22T00:00:00Z", "popular": {"*": [["tea", 4]]}})
    found = products.of_ids("acme", ["tea", "سیب#1", "none"])
    assert {id: one.price for id, one in found.items()} == {"tea": 1200, "سیب#1": 1200}
    assert (learnt.model("acme") or {})["popular"] == {"*": [["tea", 4]]}
    rows, is_all = lean.newest(base.partition("acme", "P", "tea"), "A", "Z", 5)
    assert ([row["k"] for row in rows], is_all) == (["product"], True)
    with pytest.raises(base.Trouble, match="ValidationException"):
        lean.newest("", "A", "Z", 5)
