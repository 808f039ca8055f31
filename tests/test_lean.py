"""Rows read without PynamoDB: the same rows, and the same trouble."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.domain.events import Product
from chalicelib.table import base, customers, lean, learnt, orders, products
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
    assert set(products.on_pages("acme", ["a", "b", "gone", "c"])) == {"a", "b", "c"}


def test_a_batch_of_which_nothing_is_there_is_no_trouble_however_large(table: str, asked: Asked) -> None:
    assert lean.batch((base.partition("acme", "P", f"p{n}"), "PRODUCT") for n in range(450)) == []
    assert len(asked) == 5


def test_between_two_questions_for_what_did_not_fit_there_is_a_pause(
    table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("a", "b", "c")
    pauses: list[float] = []
    monkeypatch.setattr(lean, "PAUSE", 0.01)
    monkeypatch.setattr(lean, "time", SimpleNamespace(monotonic=time.monotonic, sleep=pauses.append))
    ask = Thin.dynamodb

    def nothing_then_one(self: Thin, operation: str, arguments: dict[str, Any]) -> Any:
        keys = arguments["RequestItems"][table]["Keys"]
        if len(pauses) % 2 == 0:
            return {"Responses": {}, "UnprocessedKeys": arguments["RequestItems"]}
        answer = ask(self, operation, {"RequestItems": {table: {"Keys": keys[:1]}}})
        return {**answer, "UnprocessedKeys": {table: {"Keys": keys[1:]}} if keys[1:] else {}}

    monkeypatch.setattr(Thin, "dynamodb", nothing_then_one)
    assert set(products.on_pages("acme", ["a", "b", "c"])) == {"a", "b", "c"}
    assert len(pauses) == 5, "one for each question but the last"


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
        Trouble("dynamodb", 0, "RemoteDisconnected"),
        Trouble("dynamodb", 0, "IncompleteRead"),
        Trouble("dynamodb", 0, "gaierror"),
    ],
)
def test_what_passes_is_tried_again_but_not_for_ever(
    table: str, monkeypatch: pytest.MonkeyPatch, passing: Trouble
) -> None:
    put("tea")
    told = failing(monkeypatch, *[passing] * (lean.TRIES - 1))
    assert products.on_pages("acme", ["tea"])["tea"].title == "Tea"
    assert len(told) == lean.TRIES
    told = failing(monkeypatch, *[passing] * lean.TRIES)
    with pytest.raises(base.Trouble):
        products.on_pages("acme", ["tea"])
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


def test_what_has_only_so_long_asks_nothing_afterwards(table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    at = 0.0
    monkeypatch.setattr(lean, "time", SimpleNamespace(monotonic=lambda: at))
    with lean.within(2.5):
        assert lean.get("S#acme", "MODEL") is None
        at = 2.4
        with lean.within(9):  # is no longer than what is around it
            assert lean.get("S#acme", "MODEL") is None
            at = 2.6
            with pytest.raises(base.Trouble, match="TooLate"):
                lean.get("S#acme", "MODEL")
    assert lean.get("S#acme", "MODEL") is None


def test_nothing_is_tried_again_once_it_is_too_late(table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told = failing(monkeypatch, *[Trouble("dynamodb", 503, "")] * lean.TRIES)
    at = iter([0.0, 1.0, 3.0])
    monkeypatch.setattr(lean, "time", SimpleNamespace(monotonic=lambda: next(at), sleep=lambda seconds: None))
    with lean.within(2.5), pytest.raises(base.Trouble, match="TooLate"):
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


def bought(many: int) -> list[str]:
    """Orders of one partition of the feed index; their sort keys."""
    keys = [f"2026-11-01T10:00:{n:02d}#{n}" for n in range(many)]
    for n, key in enumerate(keys):
        row = orders.OrderRow(f"S#acme#O#{n}", "ORDER", feed_pk="S#acme#F#2026-11#0", feed_sk=key, gist={"net": n})
        base.commit([base.put(row)])
    return keys


def test_an_index_is_read_page_by_page_and_tells_where_to_go_on(table: str) -> None:
    keys = bought(5)
    page, position = lean.onward("feed", "S#acme#F#2026-11#0", None, "gist", 3)
    assert (page, position) == ([(keys[n], f'{{"net":{n}}}') for n in range(3)], keys[2])
    page, position = lean.onward("feed", "S#acme#F#2026-11#0", position, "gist", 3)
    assert ([key for key, _ in page], position) == (keys[3:], None)
    assert lean.onward("feed", "S#acme#F#2026-12#0", None, "gist", 3) == ([], None)


@pytest.mark.parametrize(
    "passing", [Trouble("dynamodb", 400, "ThrottlingException"), Trouble("dynamodb", 0, "TimeoutError")]
)
def test_a_night_waits_longer_than_a_page(table: str, monkeypatch: pytest.MonkeyPatch, passing: Trouble) -> None:
    bought(1)
    told = failing(monkeypatch, *[passing] * (lean.PATIENT_TRIES - 1))
    assert lean.onward("feed", "S#acme#F#2026-11#0", None, "gist", 9)[0]
    assert len(told) == lean.PATIENT_TRIES
    told = failing(monkeypatch, *[passing] * lean.PATIENT_TRIES)
    with pytest.raises(base.Trouble, match=passing.code):
        lean.onward("feed", "S#acme#F#2026-11#0", None, "gist", 9)
    assert len(told) == lean.PATIENT_TRIES


def test_a_night_is_refused_at_once_what_its_role_forbids(table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told = failing(monkeypatch, Trouble("dynamodb", 400, "AccessDeniedException"))
    with pytest.raises(base.Trouble, match="AccessDenied"):
        lean.onward("feed", "S#acme#F#2026-11#0", None, "gist", 9)
    assert len(told) == 1


def test_the_emulator_gives_the_same_over_the_wire(ministack: Any) -> None:
    put("tea", "سیب#1")
    learnt.put_model("acme", {"learned_at": "2026-11-22T00:00:00Z", "popular": {"*": [["tea", 4]]}})
    found = products.on_pages("acme", ["tea", "سیب#1", "none"])
    assert {id: one.price for id, one in found.items()} == {"tea": 1200, "سیب#1": 1200}
    assert (learnt.model("acme") or {})["popular"] == {"*": [["tea", 4]]}
    rows, is_all = lean.newest(base.partition("acme", "P", "tea"), "A", "Z", 5)
    assert ([row["k"] for row in rows], is_all) == (["product"], True)
    with pytest.raises(base.Trouble, match="ValidationException"):
        lean.newest("", "A", "Z", 5)
    keys = bought(3)
    page, position = lean.onward("feed", "S#acme#F#2026-11#0", None, "gist", 2)
    assert ([key for key, _ in page], position) == (keys[:2], keys[1])
    assert lean.onward("feed", "S#acme#F#2026-11#0", position, "gist", 2) == ([(keys[2], '{"net":2}')], None)
