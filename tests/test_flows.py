"""Flow files: what they may say, how they refuse, and that the published schema says the same."""

from __future__ import annotations

import copy
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from chalicelib import flows
from chalicelib.domain.flow import BadFlow, Flow, Start, Step, parse

SCHEMA = json.loads((flows.HERE / "schema.json").read_text(encoding="utf-8"))
GOOD: dict[str, Any] = {
    "flow": "come-back",
    "version": 3,
    "purpose": "marketing",
    "starts": [{"when": "paid", "wait": "30d"}, {"when": "placed", "if": "cash_on_delivery", "wait": "12h"}],
    "exits": ["newer_order", "refunded"],
    "steps": [
        {"step": "mail", "channel": "email", "max_late": "7d"},
        {"step": "again", "channel": "email", "wait": "5d"},
    ],
}


def test_a_flow_file_reads_into_a_flow() -> None:
    assert parse(GOOD) == Flow(
        name="come-back",
        version=3,
        purpose="marketing",
        starts=(Start("paid", timedelta(days=30)), Start("placed", timedelta(hours=12), "cash_on_delivery")),
        exits=("newer_order", "refunded"),
        steps=(
            Step("mail", "email", timedelta(0), timedelta(days=7)),
            Step("again", "email", timedelta(days=5), timedelta(days=3)),
        ),
    )


def test_the_three_flows_that_ship() -> None:
    shipped = flows.shipped()
    assert {name: flow.purpose for name, flow in shipped.items()} == {
        "thank-you": "transactional",
        "how-was-it": "transactional",
        "come-back": "marketing",
    }
    assert [(s.when, s.wait, s.only_if) for s in shipped["how-was-it"].starts] == [
        ("fulfilled", timedelta(days=3), None),
        ("paid", timedelta(days=10), None),
    ]
    assert "newer_order" in shipped["come-back"].exits
    assert "newer_order" not in shipped["thank-you"].exits


def test_the_sample_in_the_docs_is_the_file_itself() -> None:
    told = (flows.HERE.parents[1] / "docs" / "flows.md").read_text(encoding="utf-8")
    assert (flows.HERE / "come-back" / "flow.yaml").read_text(encoding="utf-8") in told


# (path to change, new value or None to remove, the field the error names, a word of its remedy)
BROKEN: list[tuple[tuple[Any, ...], Any, str, str]] = [
    (("flow",), None, "flow", "add it"),
    (("flow",), "Come Back", "flow", "small letters"),
    (("version",), "1", "version", "whole number"),
    (("version",), True, "version", "whole number"),
    (("version",), 0, "version", "whole number"),
    (("purpose",), "spam", "purpose", "transactional, marketing"),
    (("starts",), [], "starts", "1 to 20"),
    (("starts",), {"when": "paid"}, "starts", "list"),
    (("starts", 0), "paid", "starts[0]", "group of fields"),
    (("starts", 0, "when"), "shipped", "starts[0].when", "fulfilled"),
    (("starts", 0, "when"), None, "starts[0].when", "add it"),
    (("starts", 1, "if"), "vip", "starts[1].if", "cash_on_delivery"),
    (("starts", 0, "wait"), "30 days", "starts[0].wait", "10d"),
    (("starts", 0, "wait"), 30, "starts[0].wait", "10d"),
    (("starts", 0, "wait"), "-1d", "starts[0].wait", "10d"),
    (("starts", 0, "wait"), "9999d", "starts[0].wait", "365d"),
    (("starts", 0, "wait"), "٣d", "starts[0].wait", "10d"),
    (("exits",), ["bored"], "exits[0]", "newer_order"),
    (("exits",), ["refunded", "refunded"], "exits", "keep one"),
    (("steps",), None, "steps", "add it"),
    (("steps", 0, "step"), "m", "steps[0].step", "2 to 40"),
    (("steps", 1, "step"), "mail", "steps", "keep one"),
    (("steps", 0, "channel"), None, "steps[0].channel", "add it"),
    (("steps", 0, "max_late"), "0d", "steps[0].max_late", "longer"),
    (("steps", 0, "subject"), "Hi", "steps[0].subject", "channel"),
    (("colour",), "red", "colour", "purpose"),
]


def changed(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    data = copy.deepcopy(GOOD)
    at: Any = data
    for key in path[:-1]:
        at = at[key]
    if value is None:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return data


@pytest.mark.parametrize(("path", "value", "field", "remedy"), BROKEN)
def test_a_broken_flow_is_refused_with_the_field_and_the_remedy(
    path: tuple[Any, ...], value: Any, field: str, remedy: str
) -> None:
    with pytest.raises(BadFlow) as refused:
        parse(changed(path, value))
    assert refused.value.field == field
    assert remedy in str(refused.value)


@pytest.mark.parametrize("odd", [None, [], "flow", 7, {1: 2}])
def test_what_is_no_flow_at_all_is_refused(odd: object) -> None:
    with pytest.raises(BadFlow):
        parse(odd)


# What a JSON Schema cannot say: names unique among the steps, a year as the longest wait.
ONLY_OURS = [(("steps", 1, "step"), "mail"), (("starts", 0, "wait"), "9999d")]


@pytest.mark.parametrize(("path", "value"), [(path, value) for path, value, *_ in BROKEN])
def test_the_published_schema_refuses_what_we_refuse(path: tuple[Any, ...], value: Any) -> None:
    ours_only = (path, value) in ONLY_OURS
    assert jsonschema.Draft202012Validator(SCHEMA).is_valid(changed(path, value)) is ours_only


def test_the_published_schema_takes_what_we_take() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(GOOD, SCHEMA)
    for path in flows.HERE.glob("*/flow.yaml"):
        jsonschema.validate(yaml.safe_load(path.read_text(encoding="utf-8")), SCHEMA)


def test_the_compiled_form_gives_the_same_flows_without_yaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = dict(flows.shipped())
    (tmp_path / "compiled.json").write_text(flows.compiled(), encoding="utf-8")
    monkeypatch.setattr(flows, "COMPILED", tmp_path / "compiled.json")
    monkeypatch.setattr(flows, "_from_yaml", lambda: pytest.fail("YAML was read"))
    assert flows.shipped.__wrapped__() == wanted


def test_a_folder_that_is_called_otherwise_than_its_flow_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "compiled.json").write_text(json.dumps({"other": GOOD}), encoding="utf-8")
    monkeypatch.setattr(flows, "COMPILED", tmp_path / "compiled.json")
    with pytest.raises(BadFlow, match="give both one name"):
        flows.shipped.__wrapped__()


def test_every_flow_has_both_parts_in_every_language() -> None:
    for name in flows.shipped():
        for language in flows.languages():
            for kind in ("html", "text"):
                assert flows.template(f"{name}/{language}.{kind}.liquid").strip()


def test_the_layouts_words_are_the_same_in_every_language() -> None:
    keys = [
        {line.split(":")[0] for line in flows.template(f"layout.{language}.words").splitlines()}
        for language in flows.languages()
    ]
    assert all(each == keys[0] for each in keys)
