"""Working with flows over the partner API: what an owner reads, saves and switches; what a mistake leaves alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib import clock, flows
from chalicelib.domain.order import Buyer
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.routes import flow_trials
from chalicelib.table import audit, flow_files, shops
from chalicelib.work import aws, flow_book, flow_switch, read_flows, trial
from tests.acme import NOW, day, open_shop, order, see
from tests.fake_dynamo import FakeDynamo, instead_of_dynamodb
from tests.gateway import Answered, ask
from tests.post_office import NOON, open_office
from tests.post_office import order as sold

COME_BACK = """\
flow: come-back
version: 2
purpose: marketing
starts:
  - {when: no_next_order, wait: 45d}
exits: [bought_again, refunded, cancelled]
steps:
  - {step: mail, channel: email, max_late: 7d}
"""
HELLO = """\
---
subject: "A quiet hello{% if customer.name %}, {{ customer.name }}{% endif %}"
preheader: From the people with the bowls
---
# A quiet hello

{% if order %}You bought {{ order.first_title }}.{% endif %} Come and see what is new.
"""
OWN = """\
flow: seasons
version: 1
purpose: marketing
starts:
  - {when: bought, wait: 2d}
steps:
  - {step: hello, send: seasons, channel: email}
"""


@dataclass
class Desk:
    """An owner with the shop's secret key."""

    dynamo: FakeDynamo
    key: str
    queue: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, method: str, path: str, body: Any = None) -> Answered:
        headers = {"Authorization": f"Bearer {self.key}", "content-type": "application/json"}
        return ask(method, f"/v1/{path}", headers, None if body is None else json.dumps(body).encode())

    def puts(self, flow: str, name: str = "come-back", **more: Any) -> Answered:
        return self("PUT", f"flows/{name}", {"flow": flow, **more})

    @property
    def shop(self) -> Shop:
        found = shops.get("acme")
        assert found
        return found

    def state(self) -> list[str]:
        return [json.dumps(item, default=repr, sort_keys=True) for item in self.dynamo.all()]


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with instead_of_dynamodb() as dynamo:
        flow_book.forget()
        clock.use(lambda: NOW)
        _, key = open_shop(sender="Acme <shop@acme.test>", consent="soft", treated_share="1")
        made = Desk(dynamo, key)
        monkeypatch.setattr(aws, "outbox", lambda: made.queue.extend)
        yield made
        flow_book.forget()


def later(desk: Desk, by: timedelta) -> datetime:
    now = NOW + by
    clock.use(lambda: now)
    return now


# --- reading ---------------------------------------------------------------------------------------------------------


def test_an_owner_sees_every_flow_with_its_steps_in_short(desk: Desk) -> None:
    found = {flow["name"]: flow for flow in desk("GET", "flows").json["items"]}
    assert set(found) == set(flows.shipped())
    assert {name for name, flow in found.items() if flow["on"]} == {"thank-you", "how-was-it", "come-back"}
    assert found["come-back"]["is"] == "shipped"
    assert found["come-back"]["steps"] == [{"name": "mail", "kind": "send", "what": "come-back", "channels": ["email"]}]
    assert found["birthday"]["steps"][0] == {"name": "gift", "kind": "coupon", "what": "birthday", "channels": []}


def test_titles_are_in_the_shops_language(desk: Desk) -> None:
    shops.change("acme", lambda old: replace(old or desk.shop, locale="fa-IR"))
    found = {flow["name"]: flow["title"] for flow in desk("GET", "flows").json["items"]}
    assert found["come-back"] == "دوباره سر بزنید"


@pytest.mark.parametrize("name", sorted(flows.shipped()))
def test_a_shipped_flow_can_be_read_raised_by_one_and_saved_as_ones_own(desk: Desk, name: str) -> None:
    shown = desk("GET", f"flows/{name}").json
    assert shown["flow"].count("version: 1\n") == 1
    texts = {"en": shown["texts"]["en"]}
    answer = desk.puts(shown["flow"].replace("version: 1\n", "version: 2\n"), name, texts=texts, dry_run=True)
    assert answer.status == 200, answer.text
    assert answer.json["outcome"] == "saved"


def test_a_flow_there_is_not_is_not_found(desk: Desk) -> None:
    assert desk("GET", "flows/nothing").status == 404
    assert desk("GET", "flows/come-back?version=7").status == 404
    assert desk("GET", "flows/come-back?version=x").json["field"] == "version"
    assert desk("POST", "flows/nothing/state", {"on": True}).status == 404
    assert desk("POST", "flows/come-back/version", {"version": 9}).status == 404
    assert desk("DELETE", "flows/nothing").status == 404


# --- saving ----------------------------------------------------------------------------------------------------------


def test_a_flow_with_its_words_is_saved_and_what_new_orders_get(desk: Desk) -> None:
    saved = desk.puts(COME_BACK, texts={"en": {"come-back": HELLO}})
    assert saved.status == 200, saved.text
    assert (saved.json["outcome"], saved.json["flow"]["version"], saved.json["flow"]["is"]) == ("saved", 2, "own")
    flow = flow_book.live(desk.shop)["come-back"]
    assert flow.starts[0].wait.length == timedelta(days=45)
    words = flow_book.text(desk.shop, flow, "come-back", "en")
    assert words
    assert "quiet hello" in words.subject
    see(desk.shop, order(paid_at=stamp(NOW), updated_at=stamp(NOW)))
    row = desk("GET", "orders/18").json
    assert row["id"] == "18"
    shown = desk("GET", "flows/come-back").json
    assert shown["flow"] == COME_BACK
    assert shown["texts"] == {"en": {"come-back": HELLO}}
    assert [(one["version"], one["live"]) for one in shown["versions"]] == [(2, True), (1, False)]
    assert desk("GET", "flows/come-back?version=1").json["flow"] == read_flows.shipped_source("come-back")


def test_an_owner_is_told_whose_words_the_other_languages_get(desk: Desk) -> None:
    warnings = desk.puts(COME_BACK, texts={"en": {"come-back": HELLO}}).json["warnings"]
    assert any("whoever reads ar, de, es, fa, fr gets those that ship" in warning for warning in warnings)


def test_a_dry_run_changes_nothing(desk: Desk) -> None:
    before = desk.state()
    answer = desk.puts(COME_BACK, texts={"en": {"come-back": HELLO}}, dry_run=True)
    assert (answer.status, answer.json["dry_run"], answer.json["flow"]["version"]) == (200, True, 2)
    assert desk.state() == before


def test_the_same_again_is_no_change_and_another_under_its_number_is_refused(desk: Desk) -> None:
    desk.puts(COME_BACK)
    before = desk.state()
    assert desk.puts(COME_BACK).json["outcome"] == "unchanged"
    taken = desk.puts(COME_BACK.replace("45d", "60d"))
    assert (taken.status, taken.json["field"]) == (409, "version")
    assert "write version: 3" in taken.json["detail"]
    assert desk.puts(COME_BACK.replace("version: 2", "version: 1")).status == 409
    assert desk.state() == before


def test_whoever_was_cut_off_after_storing_says_it_once_more(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(slug: str, by: Any) -> Any:
        raise shops.base.Trouble("cut off")

    with monkeypatch.context() as patch:
        patch.setattr(shops, "change", cut)
        assert desk.puts(COME_BACK).status == 503
    assert desk.shop.own_flows == {}
    assert desk.puts(COME_BACK).json["outcome"] == "unchanged"
    assert desk.shop.own_flows == {"come-back": 2}


MISTAKES: dict[str, tuple[dict[str, Any], str, str]] = {
    "no YAML": ({"flow": "flow: [come-back"}, "(file)", "bracket"),
    "an unknown field": ({"flow": COME_BACK + "wen: now\n"}, "wen", "not known"),
    "a wrong word": ({"flow": COME_BACK.replace("marketing", "promotion")}, "purpose", "marketing"),
    "another name than the address": ({"flow": COME_BACK.replace("come-back", "come-home")}, "flow", "one name"),
    "words that nobody sends": (
        {"flow": COME_BACK, "texts": {"en": {"comeback": HELLO}}},
        "texts.en.comeback",
        "come-back",
    ),
    "a language there is not": ({"flow": COME_BACK, "texts": {"xx": {"come-back": HELLO}}}, "texts.xx", "en"),
    "words without a subject": (
        {"flow": COME_BACK, "texts": {"en": {"come-back": HELLO.replace("subject", "title")}}},
        "texts.en.come-back",
        "title",
    ),
    "a value there is not": (
        {"flow": COME_BACK, "texts": {"en": {"come-back": HELLO + "\n{{ customer.shoe }}\n"}}},
        "texts.en.come-back",
        "customer.shoe",
    ),
    "a coupon that the flow does not give": (
        {"flow": COME_BACK, "texts": {"en": {"come-back": HELLO + "\n{{ coupon.card }}\n"}}},
        "texts.en.come-back",
        "{% if coupon %}",
    ),
    "a promotion among what is owed": (
        {"flow": COME_BACK.replace("marketing", "transactional").replace("no_next_order", "bought"),
         "texts": {"en": {"come-back": HELLO + "\nNow with a discount.\n"}}},
        "texts.en.come-back",
        "promotes",
    ),
    "an SMS without a line for it": (
        {"flow": COME_BACK.replace("channel: email", "channel: [email, sms]"), "texts": {"en": {"come-back": HELLO}}},
        "texts.en.come-back",
        "sms:",
    ),
    "words there are none of": (
        {"flow": COME_BACK.replace("channel", "send: autumn, channel")},
        "texts.en.autumn",
        "write it",
    ),
    "a segment there is not": (
        {"flow": COME_BACK.replace("steps:", "only_if: {customer.segments: {has: regulars}}\nsteps:")},
        "segment",
        "regulars",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_with_its_place_and_remedy_and_changes_nothing(desk: Desk, mistake: str) -> None:
    body, at, said = MISTAKES[mistake]
    before = desk.state()
    answer = desk("PUT", "flows/come-back", body)
    assert answer.status == 422, answer.text
    assert answer.json["field"] == at
    assert said in answer.json["detail"]
    assert desk.state() == before


def test_a_mistake_in_the_file_names_its_line(desk: Desk) -> None:
    assert desk.puts(COME_BACK.replace("wait: 45d", "wait: soon")).json["line"] == 5


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ({}, "flow"),
        ({"flow": 7}, "flow"),
        ({"flow": COME_BACK, "texts": []}, "texts"),
        ({"flow": COME_BACK, "texts": {"en": "text"}}, "texts.en"),
        ({"flow": COME_BACK, "dry_run": "yes"}, "dry_run"),
        ({"flow": COME_BACK, "dryrun": True}, "dryrun"),
    ],
)
def test_a_body_of_another_form_is_refused_by_field(desk: Desk, body: Any, at: str) -> None:
    answer = desk("PUT", "flows/come-back", body)
    assert (answer.status, answer.json["field"]) == (400, at)


def test_what_the_shop_does_not_have_yet_is_a_warning(desk: Desk) -> None:
    gift = "  - {step: gift, coupon: autumn}\n  - {step: told, webhook: crm}\n"
    flow = COME_BACK + gift + "  - {step: mail-2, channel: sms, send: replenish}\n"
    warnings = " ".join(desk.puts(flow, dry_run=True).json["warnings"])
    assert "no coupon rule autumn" in warnings
    assert "no endpoint crm" in warnings
    assert "no provider is set up for sms" in warnings


def test_a_flow_of_ones_own_needs_words_and_is_then_on(desk: Desk) -> None:
    assert desk.puts(OWN, "seasons").status == 422
    answer = desk.puts(OWN, "seasons", texts={"en": {"seasons": HELLO}})
    assert (answer.status, answer.json["flow"]["on"], answer.json["flow"]["since"]) == (200, True, stamp(NOW))


# --- switching -------------------------------------------------------------------------------------------------------


def test_a_flow_is_switched_on_and_off_and_says_since_when(desk: Desk) -> None:
    on = desk("POST", "flows/win-back/state", {"on": True}).json
    assert (on["on"], on["since"]) == (True, stamp(NOW))
    later(desk, timedelta(hours=1))
    assert desk("POST", "flows/win-back/state", {"on": True}).json["since"] == stamp(NOW), "it is on already"
    off = desk("POST", "flows/win-back/state", {"on": False}).json
    assert (off["on"], off["since"]) == (False, stamp(NOW + timedelta(hours=1)))
    assert desk.shop.flows_on == ()
    assert desk.shop.flows_off == ("win-back",)


def test_undo_makes_an_older_version_live_again_and_every_version_stays(desk: Desk) -> None:
    desk.puts(COME_BACK)
    desk.puts(COME_BACK.replace("version: 2", "version: 3").replace("45d", "60d"))
    assert desk("POST", "flows/come-back/version", {"version": 2}).json["version"] == 2
    assert flow_book.live(desk.shop)["come-back"].starts[0].wait.length == timedelta(days=45)
    assert desk("POST", "flows/come-back/version", {"version": 1}).json["is"] == "shipped"
    assert [row.version for row in flow_files.versions("acme", "come-back")] == [3, 2]


def test_dropping_ones_own_version_brings_back_the_one_that_ships(desk: Desk) -> None:
    desk.puts(COME_BACK, texts={"en": {"come-back": HELLO}})
    dropped = desk("DELETE", "flows/come-back").json
    assert (dropped["is"], dropped["version"], dropped["on"]) == ("shipped", 1, True)
    begun = flow_book.of(desk.shop, "come-back", 2)
    assert begun
    assert begun.starts[0].wait.length == timedelta(days=45), "whoever began with it goes on with it"
    assert desk.puts(COME_BACK).status == 409, "its number stays taken: those words were others"


def test_dropping_a_flow_that_is_only_ones_own_switches_it_off(desk: Desk) -> None:
    desk.puts(OWN, "seasons", texts={"en": {"seasons": HELLO}})
    assert desk("DELETE", "flows/seasons").json["on"] is False
    assert "seasons" not in flow_book.live(desk.shop)


def test_a_flow_switched_on_by_another_version_begins_then(desk: Desk) -> None:
    answer = desk.puts(
        read_flows.shipped_source("birthday").replace("version: 1", "version: 2").replace("on: false", "on: true"),
        "birthday",
    )
    assert answer.json["flow"]["since"] == stamp(NOW)
    desk("DELETE", "flows/birthday")
    assert desk.shop.own_flows == {"birthday": 0}
    assert not flow_book.is_on(desk.shop, flow_book.every(desk.shop)["birthday"])


def test_every_change_is_in_the_audit_and_none_where_nothing_changed(desk: Desk) -> None:
    desk.puts(COME_BACK)
    desk.puts(COME_BACK)
    desk("POST", "flows/win-back/state", {"on": True})
    desk("POST", "flows/win-back/state", {"on": True})
    desk("POST", "flows/come-back/version", {"version": 1})
    noted = [(entry.what, entry.subject, entry.who) for entry in audit.of_month("acme", stamp(NOW)[:7])]
    assert sorted(noted) == [
        ("flow_on", "win-back", "secret_key"),
        ("flow_saved", "come-back", "secret_key"),
        ("flow_version", "come-back", "secret_key"),
    ]


def test_switching_is_a_function_of_the_shop(desk: Desk) -> None:
    flow = flows.shipped()["win-back"]
    once = flow_switch.switched(desk.shop, flow, True, NOW)
    assert flow_switch.switched(once, flow, True, NOW + timedelta(days=1)) is once


# --- a trial in the mailbox ------------------------------------------------------------------------------------------


def test_a_trial_is_only_asked_for_here(desk: Desk) -> None:
    answer = desk("POST", "flows/come-back/test", {"to": "Me@acme.test", "language": "fa"})
    assert answer.status == 202, answer.text
    assert answer.json["subject"].startswith("[Test] ")
    ((shop, body),) = desk.queue
    assert shop == "acme"
    assert json.loads(body)["test"] == {
        "flow": "come-back", "step": "mail", "language": "fa", "to": "me@acme.test", "at": f"{stamp(NOW)}/1",
    }  # fmt: skip


@pytest.mark.parametrize(
    "to", ["me@acme.test.evil.test", "me@other.test", "shop@acme.test, me@other.test", "nobody", ""]
)
def test_a_trial_goes_nowhere_but_to_the_shop(desk: Desk, to: str) -> None:
    answer = desk("POST", "flows/come-back/test", {"to": to})
    assert (answer.status, answer.json["field"]) == (400 if not to else 422, "to")
    assert desk.queue == []


def test_twenty_trials_an_hour_are_enough(desk: Desk) -> None:
    for _ in range(trial.MOST_AN_HOUR):
        assert desk("POST", "flows/come-back/test", {"to": "shop@acme.test"}).status == 202
    full = desk("POST", "flows/come-back/test", {"to": "shop@acme.test"})
    assert (full.status, full.headers["retry-after"]) == (429, "3600")
    assert len(desk.queue) == trial.MOST_AN_HOUR
    later(desk, timedelta(minutes=61))
    assert desk("POST", "flows/come-back/test", {"to": "shop@acme.test"}).status == 202


# --- rehearsing ------------------------------------------------------------------------------------------------------


def test_a_rehearsal_says_who_would_have_got_what_and_stores_nothing(desk: Desk) -> None:
    see(desk.shop, order("17", paid_at=day(2), placed_at=day(2)), order("18", paid_at=day(20), placed_at=day(20)))
    before = desk.state()
    answer = desk("POST", "flows/rehearse", {"flow": COME_BACK.replace("45d", "5d"), "days": 30})
    assert answer.status == 200, answer.text
    found = answer.json
    assert desk.state() == before
    assert desk.queue == []
    assert (found["people"], found["share"], found["note"]) == (1, 1.0, None)
    assert found["totals"] == {"mail": {"sent": 1, "scheduled": 1}}
    first = found["follow_ups"][0]
    assert (first["order_number"], first["name"], first["state"]) == ("R-17", "Sara Ahmadi", "sent")
    assert found["cost"]["email"]["messages"] == 1
    (sample,) = found["samples"]
    assert sample["language"] == "de", "as she would have read it"
    assert "Sara" in sample["text"]


def test_what_cannot_be_rehearsed_says_so(desk: Desk) -> None:
    no_past = desk("POST", "flows/rehearse", {"name": "birthday"})
    assert (no_past.status, no_past.json["field"]) == (422, "starts")
    assert desk("POST", "flows/rehearse", {"name": "nothing"}).status == 404
    assert desk("POST", "flows/rehearse", {}).json["field"] == "flow"
    assert desk("POST", "flows/rehearse", {"name": "come-back", "days": 1000}).json["field"] == "days"


def test_a_request_looks_at_few_people_and_says_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(8):
        buyer = Buyer(email=f"buyer{number}@example.test", name=f"Buyer {number}")
        see(desk.shop, order(str(number), buyer, paid_at=day(2), placed_at=day(2)))
    monkeypatch.setattr(flow_trials, "MOST_PEOPLE", 4)
    found = desk("POST", "flows/rehearse", {"name": "come-back", "days": 30}).json
    assert (found["people"], found["share"]) == (4, 0.5)
    assert found["note"].startswith("4 of 8 people were looked at")
    assert desk("POST", "flows/rehearse", {"name": "come-back", "days": 30}).json == found, "the same ones again"
    monkeypatch.setattr(flow_trials, "MOST_SECONDS", 0.0)
    assert desk("POST", "flows/rehearse", {"name": "come-back", "days": 30}).json["people"] == 1


def test_nothing_of_the_past_is_followed_up_when_a_flow_is_switched_on() -> None:
    with instead_of_dynamodb():
        flow_book.forget()
        office = open_office()
        office.shop = flow_switch.switch(office.shop, "come-back", False, NOON - timedelta(days=90), "test")
        for days in (5, 29, 31, 36):
            office.sell(sold(days, NOON - timedelta(days=days), f"buyer{days}@example.test"))
        office.shop = flow_switch.switch(office.shop, "come-back", True, NOON, "test")
        for days in (5, 29, 31, 36):
            at = NOON - timedelta(days=days)
            told = sold(days, at, f"buyer{days}@example.test", updated_at=stamp(NOON), fulfilment="partial")
            office.sell(told)
        office.sell(sold(0, NOON, "new@example.test"))
        office.run(NOON + timedelta(days=40))
        assert [mail.to for mail in office.sent("come-back")] == ["new@example.test"]
