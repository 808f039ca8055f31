"""Flow files: what they say, how nested steps become one list, and that the published schema says the same."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib import flows
from chalicelib.domain.conditions import FACTS, OPERATORS
from chalicelib.domain.conditions import Test as Ask
from chalicelib.domain.flow import CHANNELS, EVENTS, EXITS, KINDS, MOMENTS, TOPICS, Flow, Rhythm, Start, Step, Wait
from chalicelib.domain.flow_file import BadFlow, parse
from chalicelib.domain.money import Money
from chalicelib.flows import reading
from tests.flow_files import ASKING, CARE, CART, FULL, OLD

SCHEMA = json.loads((flows.HERE / "schema.json").read_text(encoding="utf-8"))
PUBLISHED = jsonschema.Draft202012Validator(SCHEMA)
DAY = timedelta(days=1)
FLOW = flows.parse_text(FULL)


def test_the_head_of_a_flow_file() -> None:
    assert (FLOW.name, FLOW.version, FLOW.purpose, FLOW.topic, FLOW.on, FLOW.priority) == (
        *("second-order", 3, "marketing", "offers"),
        *(False, 60),
    )
    assert (FLOW.title, FLOW.called("fa"), FLOW.called("de")) == ("The second order", "خرید دوم", "The second order")
    assert FLOW.only_if == Ask("order.nth", "is", 1)
    assert FLOW.exits == ("bought_again", "refunded", "cancelled")
    assert FLOW.starts == (
        Start("fulfilled", Wait(14 * DAY)),
        Start("paid", Wait(21 * DAY), only_if=Ask("order.total", "at_least", Money(5000, "EUR"))),
        Start("no_next_order", rhythm=Rhythm("customer", 60 * DAY, 1.5, 14 * DAY, 180 * DAY)),
        Start("segment_entered", segment="vip"),
    )


def test_the_steps_of_a_flow_file_name_what_follows_them() -> None:
    ten = Wait(10 * DAY, time(10), (0, 1))
    agreed, spent = Ask("consent.email", "is", True), Ask("customer.spent", "at_least", Money(20000, "EUR"))
    assert FLOW.steps == (
        Step("mail", "send", "gift", max_late=7 * DAY, channels=("email",), text="second-order"),
        Step("gift", "coupon", "mail-2", ten, value="welcome-back"),
        Step("mail-2", "send", "rich", only_if=agreed, channels=("email", "sms"), text="second-order-gift"),
        Step("rich", "branch", "half", then="card", other="mark", only_if=spent),
        Step("card", "task", "half", value="Write her a card"),
        Step("mark", "tag", "half", value="loyal"),
        Step("half", "split", "again", shares=((70, "hook"), (30, "again"))),
        Step("hook", "webhook", "again", value="crm"),
        Step("again", "wait_for", "last", value="ordered", timeout=14 * DAY, then="done", other="last"),
        Step("done", "stop"),
        Step("last", "send", channels=("email",), text="second-order-last"),
    )


def test_what_a_file_leaves_out_is_as_usual() -> None:
    flow = flows.parse_text(CARE)
    assert (flow.on, flow.priority, flow.topic, flow.exits, flow.only_if) == (True, 50, "orders", ("refunded",), None)
    assert flow.steps == (Step("mail", "send", max_late=3 * DAY, channels=("email",), text="thank-you"),)
    assert flows.parse_text(CART).topic == "offers"
    assert (flow.called("en"), flow.titles) == ("thank-you", ())
    assert flows.parse_text(CARE + "title: Thanks\n").called("fa") == "Thanks"


def test_a_file_in_the_older_form_is_still_read() -> None:
    flow = flows.parse_text(OLD)
    assert flow.starts == (
        Start("placed", Wait(30 * DAY), only_if=Ask("order.cash_on_delivery", "is", True)),
        Start("paid", Wait(30 * DAY)),
    )
    assert flow.exits == ("bought_again", "refunded", "cancelled")
    assert [(step.name, step.kind, step.text, step.next) for step in flow.steps] == [
        ("mail", "send", "come-back", "again"),
        ("again", "send", "come-back", None),
    ]


def test_no_next_order_ends_when_she_buys_again_whether_the_file_says_so_or_not() -> None:
    text = CART.replace("cart_abandoned", "no_next_order").replace('only_if: {cart.total: {at_least: "20 EUR"}}\n', "")
    assert flows.parse_text(text.replace("exits: [bought_again]", "exits: [refunded]")).exits == (
        "refunded",
        "bought_again",
    )
    assert flows.parse_text(text).exits == ("bought_again",)


def ways(flow: Flow) -> Iterator[list[str]]:
    """Every way through the flow, by the names of its steps."""

    def on(name: str | None) -> Iterator[list[str]]:
        step = flow.step(name)
        if step is None:
            yield []
            return
        two = [step.then, step.other] if step.kind in ("branch", "wait_for") else [name for _, name in step.shares]
        for following in two or [step.next]:
            yield from ([step.name, *rest] for rest in on(following))

    return on(flow.steps[0].name)


def test_the_end_of_a_list_within_goes_on_after_it_and_stop_ends_everything() -> None:
    tails = sorted({tuple(way[3:]) for way in ways(FLOW)})
    assert tails == [
        ("rich", "card", "half", "again", "done"),
        ("rich", "card", "half", "again", "last"),
        ("rich", "card", "half", "hook", "again", "done"),
        ("rich", "card", "half", "hook", "again", "last"),
        ("rich", "mark", "half", "again", "done"),
        ("rich", "mark", "half", "again", "last"),
        ("rich", "mark", "half", "hook", "again", "done"),
        ("rich", "mark", "half", "hook", "again", "last"),
    ]


@pytest.mark.parametrize("text", [FULL, *(path.read_text() for path in sorted(flows.HERE.glob("*/flow.yaml")))])
def test_every_way_through_a_flow_ends_and_every_step_is_on_one(text: str) -> None:
    flow = flows.parse_text(text)
    assert {name for way in ways(flow) for name in way} == {step.name for step in flow.steps}


def test_the_twelve_flows_that_ship() -> None:
    shipped = flows.shipped()
    assert {name: (flow.purpose, flow.topic, flow.on) for name, flow in shipped.items()} == {
        "thank-you": ("transactional", "orders", True),
        "how-was-it": ("transactional", "reviews", True),
        "come-back": ("marketing", "offers", True),
        "second-order": ("marketing", "offers", False),
        "win-back": ("marketing", "offers", False),
        "replenish": ("marketing", "reminders", False),
        "loyal": ("marketing", "news", False),
        "birthday": ("marketing", "offers", False),
        "cart-left": ("marketing", "reminders", False),
        "back-in-stock": ("marketing", "reminders", False),
        "make-it-right": ("transactional", "orders", False),
        "review-invite": ("marketing", "reviews", False),
    }
    assert [(s.when, s.wait.length, s.only_if) for s in shipped["how-was-it"].starts] == [
        ("fulfilled", 3 * DAY, None),
        ("paid", 10 * DAY, None),
    ]
    assert "bought_again" in shipped["come-back"].exits
    assert "bought_again" not in shipped["thank-you"].exits
    assert all(flow.called("en") != flow.called("fa") != flow.name for flow in shipped.values())


def test_the_words_that_the_shipped_flows_send() -> None:
    said = {name: [step.text for step in flow.steps if step.kind == "send"] for name, flow in flows.shipped().items()}
    assert said.pop("second-order") == ["second-order", "second-order-gift"]
    assert said.pop("win-back") == ["win-back", "win-back-short", "win-back-gift"]
    assert said.pop("cart-left") == ["cart-left", "cart-left-again"]
    assert all(texts == [name] for name, texts in said.items())


def test_the_samples_in_the_docs_are_good_flow_files() -> None:
    told = (flows.HERE.parents[1] / "docs" / "flows.md").read_text(encoding="utf-8")
    assert (flows.HERE / "come-back" / "flow.yaml").read_text(encoding="utf-8") in told
    samples = [part.split("```")[0] for part in told.split("```yaml\n")[1:]]
    whole = [sample for sample in samples if "flow: " in sample]
    assert len(whole) >= 3
    for sample in whole:
        PUBLISHED.validate(reading.read(sample))
        flows.parse_text(sample)


def test_the_docs_name_every_word_of_a_flow_file() -> None:
    told = (flows.HERE.parents[1] / "docs" / "flows.md").read_text(encoding="utf-8")
    operators = {operator for each in OPERATORS.values() for operator in each}
    for word in (*FACTS, *operators, *MOMENTS, *EXITS, *EVENTS, *CHANNELS, *TOPICS, *KINDS):
        assert f"`{word}`" in told, word


def test_the_schema_knows_the_same_words() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    defs = SCHEMA["$defs"]
    assert set(defs["group"]["properties"]) == {"all", "any", "not", *FACTS}
    assert set(defs["start"]["properties"]["when"]["enum"]) == set(MOMENTS)
    assert set(SCHEMA["properties"]["exits"]["items"]["enum"]) == {*EXITS, "newer_order"}
    assert {kind["title"] for kind in defs["step"]["oneOf"]} == set(KINDS)
    for operator in {operator for each in OPERATORS.values() for operator in each}:
        assert f'"{operator}": ' in json.dumps(defs), operator


def test_the_published_schema_takes_what_we_take() -> None:
    for text in (FULL, CARE, CART, OLD, ASKING, *(path.read_text() for path in flows.HERE.glob("*/flow.yaml"))):
        PUBLISHED.validate(reading.read(text))


# What a JSON Schema cannot say, by words of our answers: what must agree between two places of a file, what can be
# asked where, what never happens, sums, money in full, how deep and how many in all.
ONLY_OURS = (
    *("is already the name of", "is never reached", "do nothing;", "one step too many", "deep at most"),
    *("the shares come to", "lies beyond", "never decides", "can never end", "would end it at once"),
    *("is known only where", "is not known yet when a start", "asks nothing", "is no currency", "is finer than"),
    *("sells, and a transactional", "stands twice", "use one of ordered", "cannot be compared with"),
)


def taken(data: Any) -> str:
    """Nothing where the flow is good, else what is said of it."""
    try:
        parse(data)
    except BadFlow as bad:
        return f"{bad.field}: {bad.reason}"
    return ""


def places(data: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    for key, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        yield (*at, key)
        yield from places(value, (*at, key))


def changed(data: Any, path: tuple[Any, ...], value: Any, key: str | None = None) -> Any:
    """A copy with another value there, without what is there (`...`), or with one more field beside it."""
    copied = copy.deepcopy(data)
    at = copied
    for part in path[:-1]:
        at = at[part]
    if value is ...:
        del at[path[-1]]
    elif key is not None and isinstance(at, dict):
        at[key] = value
    else:
        at[path[-1]] = value
    return copied


FILES = [reading.read(text) for text in (FULL, CARE, CART, OLD, ASKING)]
VALUES = [
    *(..., None, True, False, 0, 1, 2, 3.0, 1.5, 70, 1_000_001, "", " ", "a", "mail-3", "Ä", "x" * 201),
    *("1d", "0d", "00d", "366d", "367d", "8784h", "8785h", "0366d", "9999m", "10:00", "24:00"),
    *("mon", ["mon"], ["mon", "mon"], [], {}, [1], "email", ["email", "sms"]),
    *("50 EUR", "50  EUR", "50.1234 EUR", "5 eur", "DE", "de", "UK", "fa", "fa-IR", "-vip", "-", "a,b"),
    *({"is": 1}, {"has": "x"}, {"has_any": ["x", 7]}, {"at_least": 2, "at_most": 3}, {"at_least": "5 EUR"}),
    *({"order.nth": 2}, {"not": {"order.nth": 2}}, {"any": [{"customer.tags": "x"}]}, "cash_on_delivery"),
    *("paid", "birthday", "no_next_order", "segment_left", "rated", "transactional", "news", "newer_order"),
    *({"of": "product", "usual": "9d"}, [{"step": "new", "tag": "x"}], [{"share": 50}, {"share": 50}]),
    *({"en": "Hi"}, {"EN": "Hi"}, "line\nline", "a\u202eb"),
]
LENGTHS = ["1m", "30d", "9999m", "8784h", "8785h", "366d", "0366d", "367d", "0d", "00h", "1w", 3]
GROUPS = [
    *({"order.nth": 1}, {"order.nth": {"in": [1, 5]}}, {"order.total": {"at_least": "9.50 EUR"}}, "cash_on_delivery"),
    *(
        {"customer.tags": {"has_any": ["a", 7]}},
        {"not": {"consent.sms": True}},
        {"arm": "control"},
        {"order.coupon": 1},
    ),
    *({"any": [{"now.hour": 0}, {"now.weekday": ["mon", "sun"]}]}, {"all": []}, {"customer.segments": "vip"}, {}),
    *({"order.country": ["de", "NO"]}, {"customer.country": "UK"}, {"customer.language": {"is": "fa"}}, {"x": 1}),
    *({"cart.total": {"less_than": "5 EUR", "more_than": "1 EUR"}}, {"order.rating": 6}, {"order.coupon": 1}),
]
LISTS = [[{"step": "new", "tag": "x"}], [{"step": "new", "stop": True}], [{"step": "mail", "channel": "sms"}], [], "x"]
GROUP_LISTS = [[], *([group] for group in GROUPS), GROUPS[:4], {"order.nth": 1}]
NAMES = ["ab", "a", "x-9", "Ab", "a" * 40, "a" * 41]
# field -> what somebody might write there, right and wrong
LIKELY: dict[str, list[Any]] = {
    **dict.fromkeys(("wait", "max_late", "timeout", "usual", "least", "most"), LENGTHS),
    **dict.fromkeys(("if", "only_if", "branch", "not"), GROUPS),
    **dict.fromkeys(("all", "any"), GROUP_LISTS),
    **dict.fromkeys(("then", "else", "steps"), LISTS),
    **dict.fromkeys(("flow", "step", "send", "coupon", "webhook", "segment"), NAMES),
    "at": ["00:00", "23:59", "24:00", "9:30", 600],
    "on": [True, False, "mon", ["mon", "sun"], ["mon", "mon"], [], "monday"],
    "when": [*MOMENTS, "shipped"],
    "exits": [[exit_] for exit_ in (*EXITS, "newer_order", "x")] + [[], ["refunded", "refunded"]],
    "channel": [*CHANNELS, list(CHANNELS), ["sms"], ["sms", "sms"], [], "fax"],
    "tag": ["vip", "-vip", "مشتری ویژه", "a,b", "-", "x" * 40, "x" * 41, " x"],
    "task": ["Call her", "x" * 200, "x" * 201, " ", "a\tb"],
    "title": ["Hi", {"en": "Hi"}, {"fa": "x" * 81}, {"EN": "Hi"}, {}],
    "purpose": ["marketing", "transactional", "x"],
    "topic": [*TOPICS, "x"],
    "priority": [1, 99, 100, 0, 5.0, "5"],
    "version": [1, 999_999, 1_000_000, 1.0, 1.5],
    "rhythm": [{"of": "product", "usual": "9d"}, {"of": "customer", "usual": "9d", "factor": 11}, {"of": "customer"}],
    "factor": [0.1, 10, 0.09, True],
    "wait_for": [*EVENTS, "x"],
    "split": [[{"share": 50}, {"share": 50, "steps": []}], [{"share": 99}, {"share": 1}], [{"share": 100}], [{}, {}]],
    "share": [1, 30, 70, 0, 100],
    "stop": [True, False],
    "at_least": ["50 EUR", "50.5 IRT", "50.1234 EUR", "50", "5 IRHR", "5 IRXX", 2],
    "order.nth": [1, 0, [1, 2], {"in": [1]}, {"at_least": 1, "at_most": 1_000_000}, {"at_most": 1_000_001}],
    "consent.email": [True, {"is": False}, {}, "yes"],
}
LIKELIEST = sorted(LIKELY)


@st.composite
def mutants(draw: st.DrawFn) -> Any:
    """A good file with one or two values changed, added or taken out."""
    mutant = FILES[draw(st.integers(0, len(FILES) - 1))]
    for _ in range(draw(st.integers(1, 2))):
        path = draw(st.sampled_from(list(places(mutant)) or [("flow",)]))
        key = draw(st.none() | st.sampled_from(LIKELIEST))
        likely = LIKELY.get(key or str(path[-1]), VALUES)
        mutant = changed(mutant, path, draw(st.sampled_from(likely) | st.sampled_from(VALUES)), key)
    return mutant


@settings(max_examples=250, deadline=None)
@given(mutants())
def test_the_published_schema_and_the_reader_refuse_the_same(mutant: Any) -> None:
    said, published = taken(mutant), PUBLISHED.is_valid(mutant)
    if published and any(words in said for words in ONLY_OURS):
        return
    assert published is (said == ""), said or "the schema alone refuses it"


@pytest.mark.parametrize("field", LIKELIEST)
def test_the_published_schema_and_the_reader_agree_on_what_is_likely(field: str) -> None:
    agreed = set()
    for file in FILES:
        for path in places(file):
            if path[-1] == field:
                for value in LIKELY[field]:
                    mutant = changed(file, path, value)
                    said, published = taken(mutant), PUBLISHED.is_valid(mutant)
                    if not (published and any(words in said for words in ONLY_OURS)):
                        assert published is (said == ""), (value, said)
                        agreed.add(published)
    assert agreed == {True, False}


def test_the_compiled_form_gives_the_same_flows_without_yaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = dict(flows.shipped())
    (tmp_path / "compiled.json").write_text(flows.compiled(), encoding="utf-8")
    monkeypatch.setattr(flows, "COMPILED", tmp_path / "compiled.json")
    monkeypatch.setattr(flows, "_from_yaml", lambda: pytest.fail("YAML was read"))
    assert flows.shipped.__wrapped__() == wanted


def test_good_flows_are_read_without_what_is_only_there_to_refuse_bad_ones() -> None:
    code = (
        "import json, sys; from chalicelib.domain.flow_file import parse; "
        "[parse(raw) for raw in json.loads(sys.stdin.read()).values()]; "
        "print([name for name in ('yaml', 'difflib', 'chalicelib.domain.flow_words') if name in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        input=flows.compiled(),
        capture_output=True,
        text=True,
        check=True,
        encoding="utf-8",
    )
    assert ran.stdout == "[]\n"


def test_a_folder_that_is_called_otherwise_than_its_flow_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "compiled.json").write_text(json.dumps({"other": reading.read(CARE)}), encoding="utf-8")
    monkeypatch.setattr(flows, "COMPILED", tmp_path / "compiled.json")
    with pytest.raises(BadFlow, match="give both one name"):
        flows.shipped.__wrapped__()


def test_words_that_other_readers_of_yaml_change_stay_as_they_are() -> None:
    text = (
        "on: no\nat: 10:00\nday: 2026-01-01\nid: 007\nbig: 12345678901234567890\n"
        "yes: [on, off, ~, true, 5, 1.5, -2, 'true']"
    )
    assert reading.read(text) == {
        "on": "no",
        "at": "10:00",
        "day": "2026-01-01",
        "id": "007",
        "big": "12345678901234567890",
        "yes": ["on", "off", None, True, 5, 1.5, -2, "true"],
    }
    assert reading.read("\ufeffflow: a\r\nb: |\r\n  two\r\n  lines\r\n".encode()) == {"flow": "a", "b": "two\nlines\n"}
