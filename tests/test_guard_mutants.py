"""Every guard of sending is needed: without it a test that is named beside it fails, and not by an accident."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from chalicelib.work import flow_book, nudge
from tests import test_steps as at_work
from tests.fake_dynamo import instead_of_dynamodb
from tests.guard_mutants import AT_WORK, DECIDING, GUARDS, RULES
from tests.mutants import edited

ROOT = Path(__file__).parent.parent
# What a test that notices ends with; a mutant that cannot run at all proves nothing.
NOTICED = (AssertionError, ValueError, SystemExit)


def test_no_guard_is_named_twice() -> None:
    assert len(GUARDS) == len(DECIDING) + len(RULES) + len(AT_WORK)
    assert len(GUARDS) >= 100


@pytest.mark.parametrize("name", GUARDS)
def test_its_test_fails_without(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    function, old, new, test = GUARDS[name]
    edited(function, old, new)(monkeypatch)
    with pytest.raises(NOTICED):
        told(test)


def test_the_list_of_guards_says_what_each_is_for() -> None:
    listed = (ROOT / "docs" / "mutants.md").read_text(encoding="utf-8")
    missing = [line for name in GUARDS if (line := line_of(name)) not in listed]
    assert missing == []


def line_of(name: str) -> str:
    function, _, _, test = GUARDS[name]
    where = f"{function.__module__.removeprefix('chalicelib.')}.{function.__qualname__}"
    return f"| {name} | `{where}` | `{test.__name__.removeprefix('test_')}` |"


def told(test: Callable[..., None]) -> None:
    """The test with each of its parameters."""
    for arguments in _parameters(test):
        at_table = test.__module__ == at_work.__name__
        with instead_of_dynamodb() if at_table else nullcontext():
            test(**arguments)
        if at_table:
            flow_book.forget()
            nudge.forget()


def _parameters(test: Callable[..., None]) -> Iterator[dict[str, Any]]:
    marks = [mark for mark in getattr(test, "pytestmark", ()) if mark.name == "parametrize"]
    for chosen in itertools.product(*(mark.args[1] for mark in marks)):
        arguments: dict[str, Any] = {}
        for mark, values in zip(marks, chosen, strict=True):
            names = [mark.args[0]] if isinstance(mark.args[0], str) else list(mark.args[0])
            arguments.update(zip(names, values if len(names) > 1 else [values], strict=True))
        yield arguments
