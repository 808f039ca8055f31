"""`python -m webhooks flows | preview | rehearse | explain`, as an owner types them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from chalicelib.domain.order import Buyer, Consent
from chalicelib.domain.times import stamp
from chalicelib.table import base, orders, shops
from chalicelib.work import aws, flow_book, privacy, read_customers
from tests.acme import NOW, SARA, open_shop, order, see
from tests.bench_commands import Bench, bench
from tests.test_flow_api import COME_BACK, HELLO

NOUR = Buyer(email="nour@example.test", phone="+989121234567", name="نور", locale="fa", country="IR")
SMS_YES = Consent("sms", "subscribed", "checkout", "2026-01-01T08:00:00Z")


@pytest.fixture
def owner(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Bench]:
    with bench(monkeypatch, capsys) as made:
        flow_book.forget()
        open_shop(
            name="Acme", sender="Acme <shop@acme.test>", consent="soft", treated_share="1", timezone="Europe/Berlin"
        )
        yield made
        flow_book.forget()


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A folder with a flow of one's own and its words."""
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "come-back.md").write_text(HELLO)
    (tmp_path / "come-back.yaml").write_text(COME_BACK)
    return tmp_path


def buy(*days_ago: int, buyer: Buyer = SARA, start: int = 18) -> None:
    """Orders of so many days ago."""
    shop = shops.get("acme")
    assert shop
    for number, days in enumerate(days_ago, start):
        at = stamp(NOW - timedelta(days=days))
        see(shop, order(str(number), buyer, placed_at=at, paid_at=at, updated_at=at))


# --- flows -----------------------------------------------------------------------------------------------------------


def test_flows_are_listed_with_what_they_do(owner: Bench) -> None:
    ran = owner.run("flows", "--shop", "acme")
    assert ran.code == 0, ran.err
    assert "send cart-left by email, branch, send cart-left-again by sms or email" in ran.out
    assert [flow["name"] for flow in owner.run("flows", "--shop", "acme", "--json").json["flows"]] == sorted(
        flow_book.every(owner.row())
    )


def test_a_shipped_flow_is_taken_out_changed_and_saved(owner: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    assert owner.run("flows", "--shop", "acme", "--show", "come-back", "--to", str(folder)).code == 0
    file = folder / "come-back.yaml"
    file.write_text(file.read_text().replace("version: 1", "version: 2").replace("30d", "40d"))
    again = owner.run("flows", "--shop", "acme", "--show", "come-back", "--to", str(folder))
    assert (again.code, "is there already" in again.err) == (2, True)
    before = owner.state()
    tried = owner.run("flows", "--shop", "acme", "--save", str(file), "--texts", str(folder), "--dry-run")
    assert (tried.code, "would be saved" in tried.out) == (0, True)
    assert owner.state() == before
    ran = owner.run("flows", "--shop", "acme", "--save", str(file), "--texts", str(folder), "--json")
    assert ran.json["outcome"] == "saved"
    assert flow_book.live(owner.row())["come-back"].starts[0].wait.length == timedelta(days=40)
    assert "is there already" in owner.run("flows", "--shop", "acme", "--save", str(file), "--texts", str(folder)).out


def test_a_mistake_in_a_file_is_told_with_its_line(owner: Bench, mine: Path) -> None:
    file = mine / "come-back.yaml"
    file.write_text(COME_BACK.replace("wait: 45d", "wait: soon"))
    before = owner.state()
    ran = owner.run("flows", "--shop", "acme", "--save", str(file))
    assert ran.code == 2
    assert "line 5" in ran.err
    (mine / "en" / "come-back.md").write_text(HELLO + "\n{{ customer.shoe }}\n")
    file.write_text(COME_BACK)
    ran = owner.run("flows", "--shop", "acme", "--save", str(file), "--texts", str(mine))
    assert (ran.code, "customer.shoe" in ran.err) == (2, True)
    assert owner.state() == before


def test_switching_undo_and_back_to_what_ships(owner: Bench, mine: Path) -> None:
    assert "win-back: on" in owner.run("flows", "--shop", "acme", "--on", "win-back").out
    assert "win-back: off" in owner.run("flows", "--shop", "acme", "--off", "win-back").out
    owner.run("flows", "--shop", "acme", "--save", str(mine / "come-back.yaml"), "--texts", str(mine))
    assert owner.run("flows", "--shop", "acme", "--use", "come-back", "--version", "1").code == 0
    assert owner.row().own_flows == {"come-back": 0}
    assert owner.run("flows", "--shop", "acme", "--use", "come-back", "--version", "2").code == 0
    assert owner.run("flows", "--shop", "acme", "--reset", "come-back").code == 0
    assert owner.row().own_flows == {"come-back": 0}


@pytest.mark.parametrize(
    "words",
    [
        ("--on", "nothing"),
        ("--use", "come-back"),
        ("--use", "come-back", "--version", "9"),
        ("--show", "come-back", "--version", "9"),
        ("--on", "win-back", "--texts", "."),
        ("--save", "no-such-file.yaml"),
    ],
)
def test_what_cannot_be_done_with_flows_names_the_flag(owner: Bench, words: tuple[str, ...]) -> None:
    before = owner.state()
    ran = owner.run("flows", "--shop", "acme", *words)
    assert (ran.code, "--" in ran.err) == (2, True)
    assert owner.state() == before


# --- preview ---------------------------------------------------------------------------------------------------------


def test_a_preview_is_read_here_and_opened_in_a_browser(owner: Bench, tmp_path: Path) -> None:
    file = tmp_path / "come-back.html"
    ran = owner.run("preview", "--shop", "acme", "--flow", "replenish", "--language", "fa", "--to", str(file))
    assert ran.code == 0, ran.err
    assert "UCS2" in ran.out
    assert 'dir="rtl"' in file.read_text()


def test_a_draft_and_a_real_order_can_be_previewed(owner: Bench, mine: Path) -> None:
    buy(3)
    before = owner.state()
    ran = owner.run(
        "preview", "--shop", "acme", "--file", str(mine / "come-back.yaml"), "--texts", str(mine),
        "--language", "en", "--order", "R-18",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert "A quiet hello, Sara" in ran.out
    assert "You bought Walnut bowl." in ran.out
    assert owner.state() == before


def test_a_trial_is_asked_for_and_only_for_the_shop_itself(owner: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    queue: list[tuple[str, str]] = []
    monkeypatch.setattr(aws, "outbox", lambda: queue.extend)
    assert (
        owner.run("preview", "--shop", "acme", "--flow", "come-back", "--send-to", "me@acme.test", "--dry-run").code
        == 0
    )
    assert queue == []
    assert owner.run("preview", "--shop", "acme", "--flow", "come-back", "--send-to", "me@acme.test").code == 0
    assert json.loads(queue[0][1])["test"]["to"] == "me@acme.test"
    other = owner.run("preview", "--shop", "acme", "--flow", "come-back", "--send-to", "me@other.test")
    assert (other.code, "@acme.test" in other.err) == (2, True)


def test_what_cannot_be_previewed_names_the_flag(owner: Bench) -> None:
    for more in (
        ("--flow", "nothing"),
        ("--flow", "come-back", "--step", "x"),
        ("--flow", "come-back", "--order", "9"),
    ):
        assert owner.run("preview", "--shop", "acme", *more).code == 2


# --- rehearse --------------------------------------------------------------------------------------------------------


def test_a_rehearsal_says_everything_and_leaves_everything_as_it_was(owner: Bench, mine: Path) -> None:
    buy(80, 12)
    buy(70, buyer=NOUR, start=30)
    before = [dict(item) for item in owner.dynamo.all()]
    file = mine / "come-back.yaml"
    (mine / "en").rename(mine / "de")
    ran = owner.run("rehearse", str(file), "--texts", str(mine), "--shop", "acme", "--days", "90")
    assert ran.code == 0, ran.err
    assert "2 people with an order" in ran.out
    assert "people  ████" in ran.err
    assert "A quiet hello, Sara" in ran.out
    assert "at Amazon SES's list price" in ran.out
    assert "Nothing was sent, nothing was stored." in ran.out
    assert [dict(item) for item in owner.dynamo.all()] == before
    assert owner.bucket.objects == {}
    assert owner.bucket.inbox == []


def test_its_figures_add_up(owner: Bench) -> None:
    buy(80, 12)
    buy(70, buyer=NOUR, start=30)
    found = owner.run("rehearse", "--flow", "come-back", "--shop", "acme", "--json", "--sample", "1").json
    assert sum(sum(states.values()) for states in found["totals"].values()) == 3
    assert (len(found["follow_ups"]), found["more"]) == (1, 2)
    sent = found["totals"]["mail"]["sent"]
    assert sum(week["sent"] for week in found["weeks"]) == sent == found["cost"]["email"]["messages"]
    assert found["follow_ups"][0]["at"].endswith(("+01:00", "+02:00")), "by the shop's clock"
    languages = {sample["customer_id"]: sample["language"] for sample in found["samples"]}
    assert set(languages.values()) <= {"de", "fa"}


def test_what_an_sms_and_a_coupon_would_cost_is_said(owner: Bench, tmp_path: Path) -> None:
    sms = {"provider": "sns", "cost": "0.05 EUR"}
    told = {"channels": {"sms": sms}, "coupons": {"autumn": {"percent": 20}}, "origins": ["https://acme.test/bowls"]}
    shops.change("acme", lambda old: replace(old or owner.row(), **told))
    file = tmp_path / "gift.yaml"
    file.write_text(
        "flow: autumn\nversion: 1\npurpose: marketing\nstarts: [{when: bought, wait: 3d}]\n"
        "steps:\n  - {step: gift, coupon: autumn}\n"
        "  - {step: line, send: win-back-gift, channel: sms}\n"
    )
    buy(20, buyer=replace(NOUR, consents=(SMS_YES,)))
    ran = owner.run("rehearse", str(file), "--shop", "acme", "--json")
    assert ran.code == 0, ran.err
    cost = ran.json["cost"]
    assert cost["coupons"] == [
        {"rule": "autumn", "count": 1, "at_most": [{"amount": 500, "currency": "EUR", "exponent": 2}]}
    ]
    assert (cost["sms"]["messages"], cost["sms"]["parts"] > 1) == (1, True)
    assert cost["sms"]["cost"]["amount"] == 5 * cost["sms"]["parts"]


def test_who_waits_for_whom_is_counted(owner: Bench, tmp_path: Path) -> None:
    file = tmp_path / "loud.yaml"
    file.write_text(
        "flow: loud\nversion: 1\npurpose: marketing\npriority: 99\nstarts: [{when: bought, wait: 30d}]\n"
        "steps: [{step: mail, send: come-back, channel: email}]\n"
    )
    buy(60)
    found = owner.run("rehearse", str(file), "--shop", "acme", "--json").json
    assert found["overlaps"] == {"waited_for": {}, "waited_for_this": {"come-back": 1}}
    quiet = tmp_path / "quiet.yaml"
    quiet.write_text(file.read_text().replace("priority: 99", "priority: 1"))
    found = owner.run("rehearse", str(quiet), "--shop", "acme", "--json").json
    assert found["overlaps"]["waited_for"] == {"come-back": 1}
    assert found["reasons"][0]["text"].startswith("waited: another message")


def test_the_held_out_are_counted(owner: Bench) -> None:
    shops.change("acme", lambda old: replace(old or owner.row(), treated_share="0"))
    buy(60)
    found = owner.run("rehearse", "--flow", "come-back", "--shop", "acme", "--json").json
    assert (found["held_out"], found["cost"]["email"]["messages"], found["samples"]) == (1, 0, [])


def test_what_cannot_be_rehearsed_says_why(owner: Bench) -> None:
    for words in (("--flow", "birthday"), (), ("--flow", "nothing"), ("--flow", "come-back", "--days", "0")):
        assert owner.run("rehearse", "--shop", "acme", *words).code == 2


# --- replay ----------------------------------------------------------------------------------------------------------


def test_stored_orders_are_planned_again_and_compared(owner: Bench) -> None:
    buy(40, 10)
    ran = owner.run("rehearse", "--replay", "--shop", "acme")
    assert (ran.code, "6 follow-ups of 2 orders: planned again, all the same" in ran.out) == (0, True)
    one = owner.run("rehearse", "--replay", "--shop", "acme", "--order", "R-19", "--json")
    assert one.json == {"shop": "acme", "orders": 1, "follow_ups": 3, "differences": []}
    base.commit([base.remove(orders.read("acme", "19").follow_ups["come-back", "mail"])])
    ran = owner.run("rehearse", "--replay", "--shop", "acme", "--order", "19")
    assert (ran.code, "come-back, mail: missing" in ran.out) == (3, True)


# --- explain ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "who",
    [("--customer", "sara@example.test"), ("--customer", "+4915112345678"), ("--order", "R-18"), ("--order", "18")],
)
def test_a_customer_is_named_as_an_owner_knows_her(owner: Bench, who: tuple[str, str]) -> None:
    buy(1)
    ran = owner.run("explain", "--shop", "acme", *who)
    assert ran.code == 0, ran.err
    assert "Come back (come-back, on)" in ran.out.replace("?", "")
    assert "Planned for" in ran.out
    assert "Were it due now" in ran.out
    assert "This flow is switched off." in ran.out
    found = owner.run("explain", "--shop", "acme", *who, "--flow", "come-back", "--json").json
    assert [entry["flow"] for entry in found["flows"]] == ["come-back"]


def test_somebody_unknown_or_erased_is_told_as_such(owner: Bench) -> None:
    buy(1)
    customer = read_customers.search(owner.row(), {"order": "18"}, 1, None).items[0]["id"]
    assert owner.run("explain", "--shop", "acme", "--customer", "nobody@example.test").code == 2
    assert owner.run("explain", "--shop", "acme", "--customer", "c_nobody").code == 2
    assert owner.run("explain", "--shop", "acme", "--order", "99").code == 2
    assert owner.run("explain", "--shop", "acme", "--order", "18", "--flow", "nothing").code == 2
    privacy.erase(owner.row(), customer, NOW, lambda key, data: None, who="test")
    ran = owner.run("explain", "--shop", "acme", "--customer", customer)
    assert (ran.code, "erased" in ran.err) == (2, True)
    told = owner.run("explain", "--shop", "acme", "--order", "18", "--flow", "come-back")
    assert (told.code, "nobody to write to any more" in told.out) == (0, True)
