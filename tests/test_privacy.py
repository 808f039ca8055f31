"""Erased is erased: totals stay, identity goes, nobody comes back by a late delivery. And the export before it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest

from chalicelib import clock
from chalicelib.domain.customer import MOST_ADDRESSES
from chalicelib.domain.events import ConsentGiven
from chalicelib.domain.order import Buyer, Consent, Totals
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.table import audit, base, customers, follow_ups, orders, suppression
from chalicelib.work import aws, privacy, take_account
from chalicelib.work.export import export
from chalicelib.work.replan import because
from tests.acme import NOW, SARA, YES, day, open_shop, order, see, see_account
from tests.fake_dynamo import FakeDynamo, instead_of_dynamodb
from tests.gateway import partner

ACCOUNT = Buyer(account="7", email="sara@example.test", name="Sara Ahmadi")
TRACES = ("sara", "ahmadi", "15112345678", "berger")
LATER = NOW + timedelta(days=3)


@pytest.fixture(autouse=True)
def _at_noon(table: str) -> None:
    clock.use(lambda: NOW)


def everything(table: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Every row of the table, and all that is written in it, unzipped."""
    pages = boto3.client("dynamodb", "us-east-1").get_paginator("scan").paginate(TableName=table)
    for page in pages:
        for row in page["Items"]:
            yield row, " ".join(map(_text, row.values()))


def _text(value: dict[str, Any]) -> str:
    ((kind, plain),) = value.items()
    return gzip.decompress(plain).decode() if kind == "B" else str(plain)


def rows_naming_her(table: str) -> list[str]:
    found = [(row, text.lower()) for row, text in everything(table)]
    return [f"{row['pk']['S']} {row['sk']['S']}" for row, text in found if any(trace in text for trace in TRACES)]


def id_of(shop: Shop, contact: str = "email:sara@example.test") -> str:
    person = customers.person(shop.slug, customers.look_up(shop, contact)[0])
    assert person is not None
    return person.id


def a_life(shop: Shop) -> str:
    """Sara: two orders as a guest, one with her account, one under an older name; a mail was sent, another failed."""
    see(shop, order("18", replace(SARA, consents=(YES,))), order("19", placed_at=day(5)))
    see(shop, order("20", replace(SARA, account="7", email="sara.berger@example.test"), placed_at=day(7)))
    see_account(shop, ACCOUNT, "2026-09-01T00:00:00Z")
    for flow, state, code in (("thank-you", "sent", "sent"), ("how-was-it", "failed", "refused")):
        row = orders.read(shop.slug, "18").follow_ups[flow, "mail"]
        row.state, row.decided, row.sent_at = state, stamp(NOW), stamp(NOW)
        because(row, code, NOW, reason="550 sara@example.test unknown")
        base.commit([follow_ups.write(row, row.rev, NOW)])
    return id_of(shop)


def erase(shop: Shop, customer: str) -> dict[str, Any]:
    return privacy.erase(shop, customer, NOW)


# --- what goes and what stays ----------------------------------------------------------------------------------------


def test_nothing_in_the_table_names_her_any_more(table: str) -> None:
    shop, _ = open_shop()
    customer = a_life(shop)
    assert len(rows_naming_her(table)) > 8
    erase(shop, customer)
    assert rows_naming_her(table) == []


def test_nothing_leads_to_her_any_more() -> None:
    shop, key = open_shop()
    customer = a_life(shop)
    erase(shop, customer)
    for contact in ("email:sara@example.test", "email:sara.berger@example.test", "phone:+4915112345678", "account:7"):
        assert customers.look_up(shop, contact) == []
    for query in ({"email": SARA.email}, {"phone": SARA.phone}, {"q": "sara"}, {"order": "18"}, {}):
        assert partner(key)("/v1/customers", **query).json["items"] == []
    for part in ("", "/timeline", "/orders", "/follow-ups", "/export"):
        assert partner(key)(f"/v1/customers/{customer}{part}").status == 404


def test_totals_and_orders_stay_without_saying_whose() -> None:
    shop, key = open_shop()
    customer = a_life(shop)
    before = customers.person("acme", customer)
    erase(shop, customer)
    after = customers.person("acme", customer)
    assert before is not None
    assert after is not None
    assert after.totals == before.totals == {"EUR": Totals(3, 3, 7500, 0, 7500)}
    found = partner(key)("/v1/orders/18").json
    assert (found["customer_id"], found["net"]["amount"]) == (None, 2500)
    assert [item["id"] for item in partner(key)("/v1/orders").json["items"]] == ["18", "19", "20"]
    assert all(item["customer_id"] is None for item in partner(key)("/v1/orders").json["items"])


def test_what_was_still_to_be_sent_is_cancelled_and_what_was_sent_stays_sent() -> None:
    shop, _ = open_shop()
    customer = a_life(shop)
    receipt = erase(shop, customer)
    rows = [row for number in ("18", "19", "20") for row in orders.read("acme", number).follow_ups.values()]
    assert sorted(row.state for row in rows) == ["cancelled"] * 7 + ["failed", "sent"]
    assert {row.why[-1]["code"] for row in rows if row.state == "cancelled"} == {"customer_gone"}
    assert receipt == {"customer_id": customer, "erased_at": stamp(NOW), "orders": 3, "follow_ups_cancelled": 7}


def test_the_experiment_keeps_its_result_and_loses_her_name(table: str) -> None:
    shop, _ = open_shop()
    customer = a_life(shop)
    units = [row for row, _ in everything(table) if row["k"]["S"] == "unit"]
    erase(shop, customer)
    after = [row for row, _ in everything(table) if row["k"]["S"] == "unit"]
    assert sorted(row["arm"]["S"] for row in after) == sorted(row["arm"]["S"] for row in units)
    assert all(row["sk"]["S"].startswith("gone_") for row in after)
    named = [row for row in after for _, text in everything(table) if row["sk"]["S"] in text]
    assert len(named) == len(after)


def test_no_follow_up_and_no_profile_says_who_she_was() -> None:
    shop, _ = open_shop()
    customer = a_life(shop)
    erase(shop, customer)
    rows = [row for number in ("18", "19", "20") for row in orders.read("acme", number).follow_ups.values()]
    assert {row.unit for row in rows} == {None}
    person = customers.person("acme", customer)
    assert person is not None
    assert {node.key for node in person.nodes} == {"account", "email"}
    assert [node.account for node in person.nodes] == [None, None]
    assert [node.claims for node in person.nodes] == [{}, {}]


def test_addresses_that_were_too_many_to_keep_are_forgotten_too(table: str) -> None:
    """A profile keeps the newest twenty; every order has one of its own."""
    shop, _ = open_shop()
    buyers = [replace(ACCOUNT, email=f"sara+{number}@example.test") for number in range(MOST_ADDRESSES + 2)]
    see(shop, *(order(str(n), buyer, updated_at=f"2026-11-01T10:{n:02d}:00Z") for n, buyer in enumerate(buyers)))
    erase(shop, id_of(shop, "account:7"))
    rows = [row for row, _ in everything(table)]
    assert {row["sk"]["S"].split("_")[0] for row in rows if row["k"]["S"] == "unit"} == {"gone"}
    assert {row["to"]["S"][:2] for row in rows if row["k"]["S"] == "lookup"} == {*(str(n) for n in range(22))}
    assert rows_naming_her(table) == []


def test_erasing_one_leaves_the_experiment_of_another_alone(table: str) -> None:
    """The shop moved an order from Omid to Sara; its follow-up was first planned for him."""
    shop, _ = open_shop()
    omid = Buyer(email="omid@example.test", name="Omid")
    see(shop, order("1", omid), order("1", SARA, updated_at=day(2)))
    erase(shop, id_of(shop))
    units = [row["sk"]["S"] for row, _ in everything(table) if row["k"]["S"] == "unit"]
    assert len([unit for unit in units if not unit.startswith("gone_")]) == 1


def test_nobody_is_written_to_whose_address_was_suppressed_before() -> None:
    shop, _ = open_shop()
    customer = a_life(shop)
    suppression.add(shop, "email:sara@example.test", "complaint", day(10))
    erase(shop, customer)
    assert suppression.reason(shop, "email:sara@example.test") == "complaint"


def test_a_family_that_shares_a_phone_loses_only_her() -> None:
    shop, _ = open_shop()
    customer = a_life(shop)
    see(shop, order("30", Buyer(email="omid@example.test", phone=SARA.phone, name="Omid Ahmadi")))
    erase(shop, customer)
    (omid,) = customers.look_up(shop, f"phone:{SARA.phone}")
    assert customers.look_up(shop, "email:omid@example.test") == [omid]
    person = customers.person("acme", omid)
    assert person is not None
    assert person.contact.phones == {SARA.phone: "2026-11-01T10:05:00Z"}


# --- twice, in pieces, too late --------------------------------------------------------------------------------------


def test_asked_twice_she_is_erased_once_and_the_receipt_is_the_same() -> None:
    shop, _ = open_shop()
    customer = a_life(shop)
    first = erase(shop, customer)
    see(shop, order("40", placed_at=day(9)))
    assert privacy.erase(shop, customer, LATER) == first
    noted = audit.of_month("acme", "2026-11")
    assert [(entry.who, entry.what, entry.subject) for entry in noted] == [("owner", "erase", customer)]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_at_any_call_is_made_good_by_asking_again(moment: str) -> None:
    """Before the call, or after it was done and nobody heard of it."""
    with instead_of_dynamodb() as fake:
        whole, calls = _erased(fake, moment, crash_at=10_000)
        marking = next(number for number, operation in enumerate(calls, 1) if "Write" in operation)
        assert len(calls) > 40
        for crash_at in range(1, len(calls) + 1):
            receipt, _ = _erased(fake, moment, crash_at)
            was_marked = crash_at > marking or (crash_at == marking and moment == "after")
            assert receipt == whole | {"erased_at": stamp(NOW if was_marked else LATER)}, crash_at
            assert not any(trace in _text_of(fake) for trace in TRACES), crash_at


def _erased(fake: FakeDynamo, moment: str, crash_at: int) -> tuple[dict[str, Any], list[str]]:
    """Erased with a crash at that call and asked again three days later: the receipt, and the calls up to the crash."""
    fake.clear()
    shop, _ = open_shop()
    customer, calls = a_life(shop), []

    def count(operation: str, arguments: dict[str, Any]) -> None:
        calls.append(operation)
        if len(calls) == crash_at:
            raise KeyboardInterrupt

    setattr(fake, moment, count)
    try:
        return erase(shop, customer), calls
    except KeyboardInterrupt:
        setattr(fake, moment, _nothing)
        return privacy.erase(shop, customer, LATER), calls
    finally:
        setattr(fake, moment, _nothing)


def _nothing(operation: str, arguments: dict[str, Any]) -> None:
    return None


def _text_of(fake: FakeDynamo) -> str:
    return " ".join(_text(value) for item in fake.all() for value in item.values()).lower()


def test_a_late_delivery_joins_the_erased_and_says_nothing_of_her(table: str) -> None:
    shop, _ = open_shop()
    customer = a_life(shop)
    erase(shop, customer)
    see(shop, order("40", placed_at=day(9)), order("18", updated_at=day(12), status="completed"), now=LATER)
    see_account(shop, ACCOUNT, "2026-09-01T00:00:00Z", day(15), now=LATER)
    said = ConsentGiven("7", SARA.email, None, Consent("email", "subscribed", "form", day(15)))
    assert take_account.consent(shop, said, LATER) == "stale"
    assert rows_naming_her(table) == []
    person = customers.person("acme", customer)
    assert person is not None
    assert person.totals["EUR"].placed == 4
    assert all(row.state != "scheduled" for row in orders.read("acme", "40").follow_ups.values())


def test_who_orders_again_afterwards_is_somebody_new() -> None:
    shop, key = open_shop()
    customer = a_life(shop)
    erase(shop, customer)
    see(shop, order("50", placed_at=stamp(LATER), updated_at=stamp(LATER), paid_at=stamp(LATER)), now=LATER)
    (found,) = partner(key)("/v1/customers", email=SARA.email).json["items"]
    assert found["id"] != customer
    assert found["orders"] == {"placed": 1, "paid": 1}
    second = privacy.erase(shop, found["id"], LATER + timedelta(days=1))
    assert (second["orders"], second["customer_id"]) == (1, found["id"])
    assert partner(key)("/v1/customers", email=SARA.email).json["items"] == []


def test_a_shop_whose_clock_is_ahead_does_not_keep_her_alive(table: str) -> None:
    shop, _ = open_shop()
    ahead = stamp(NOW + timedelta(minutes=9))
    see(shop, order("18", placed_at=ahead, updated_at=ahead, paid_at=ahead))
    receipt = erase(shop, id_of(shop))
    assert receipt["erased_at"] == ahead
    assert rows_naming_her(table) == []


# --- accounts and addresses ------------------------------------------------------------------------------------------


def test_either_id_of_a_merged_customer_erases_the_whole_of_her(table: str) -> None:
    shop, _ = open_shop()
    customer = a_life(shop)
    person = customers.person("acme", customer)
    assert person is not None
    other = next(node.id for node in person.nodes if node.id != customer)
    assert erase(shop, other)["customer_id"] == customer
    assert rows_naming_her(table) == []


def test_an_address_goes_back_to_the_account_that_claimed_it_before() -> None:
    """Two accounts with one address: the newer one owns it. Once the newer is erased with it, the older stays as it is;
    and an erased account that owned nothing leaves no claim behind."""
    shop, _ = open_shop()
    see_account(shop, replace(ACCOUNT, account="7"), "2026-09-01T00:00:00Z")
    see_account(shop, replace(ACCOUNT, account="8"), "2026-10-01T00:00:00Z")
    (older,) = customers.look_up(shop, "account:7")
    (newer,) = customers.look_up(shop, "account:8")
    erase(shop, older)
    person = customers.person("acme", newer)
    assert person is not None
    assert not person.erased
    (email,) = [node for node in person.nodes if node.key == "email"]
    assert set(email.claims) == {newer}
    see_account(shop, replace(ACCOUNT, account="8", email="new@example.test"), "2026-10-01T00:00:00Z", day(20))
    again = customers.read("acme", email.id).node
    assert again.linked is None


# --- who may, and what is noted --------------------------------------------------------------------------------------


def test_delete_answers_with_a_receipt_and_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    shop, key = open_shop()
    customer = a_life(shop)
    journal: dict[str, bytes] = {}
    monkeypatch.setattr(aws, "journal", lambda: journal.__setitem__)
    answer = partner(key, "DELETE")(f"/v1/customers/{customer}")
    assert (answer.status, answer.json["customer_id"], answer.json["orders"]) == (202, customer, 3)
    assert partner(key, "DELETE")(f"/v1/customers/{customer}").json == answer.json
    (entry,) = audit.of_month("acme", "2026-11")
    assert (entry.who, entry.what) == ("secret_key", "erase")
    ((name, written),) = journal.items()
    assert name.startswith("journal/acme/2026-11-21/")
    assert json.loads(written)["customer_id"] == customer


def test_nothing_is_erased_that_could_not_be_journalled_first(table: str) -> None:
    shop, _ = open_shop()
    customer = a_life(shop)
    before = sorted(text for _, text in everything(table))

    def broken(key: str, data: bytes) -> None:
        raise OSError("no bucket")

    with pytest.raises(OSError, match="no bucket"):
        privacy.erase(shop, customer, NOW, broken)
    assert sorted(text for _, text in everything(table)) == before


def test_an_unknown_customer_cannot_be_erased_and_leaves_no_trace(table: str) -> None:
    shop, _ = open_shop()
    with pytest.raises(privacy.NoSuchCustomer):
        erase(shop, "c_aaaaaaaaaaaaaaaaaaaaaaaaaa")
    assert {row["k"]["S"] for row, _ in everything(table)} == {"shop", "shop_name"}


def test_another_shop_cannot_erase_her(table: str) -> None:
    acme, _ = open_shop()
    bazaar, _ = open_shop("bazaar")
    customer = a_life(acme)
    with pytest.raises(privacy.NoSuchCustomer):
        erase(bazaar, customer)
    assert rows_naming_her(table) != []


def test_the_export_holds_everything_and_is_noted() -> None:
    shop, _ = open_shop()
    customer = a_life(shop)
    found = export(shop, customer, NOW)
    assert set(found["customer"]["emails"]) == {"sara@example.test", "sara.berger@example.test"}
    assert [one["id"] for one in found["orders"]] == ["20", "19", "18"]
    assert found["orders"][0]["buyer"]["email"] == "sara.berger@example.test"
    assert len(found["follow_ups"]) == 9
    assert [one["arm"] in ("treated", "control") for one in found["experiment"]] == [True, True]
    assert {node["account"]["id"] for node in found["contacts"] if node["account"]} == {"7"}
    assert [(entry.what, entry.subject) for entry in audit.of_month("acme", "2026-11")] == [("export", customer)]
    json.dumps(found)
