"""Who is who: what the owner sees and what the storefront may see, told as stories."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import platforms
from chalicelib.domain.events import AccountsMerged
from chalicelib.domain.order import Buyer
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.table import customers, orders
from chalicelib.work import ingest, read_account, read_customers, read_orders
from tests import acme
from tests.fake_dynamo import FakeDynamo, instead_of_dynamodb
from tests.pretend_api import PretendShop, Worker
from tests.test_sync import refetched

GUEST = Buyer(email="sara@example.test", phone="+4915112345678", name="Sara Ahmadi", country="DE")
SARAS_ACCOUNT = replace(GUEST, account="7")


@pytest.fixture
def dynamo() -> Iterator[FakeDynamo]:
    with instead_of_dynamodb() as fake:
        yield fake


@pytest.fixture
def shop(dynamo: FakeDynamo) -> Shop:
    return acme.open_shop()[0]


def owner_sees(shop: Shop, **by: str) -> list[list[str]]:
    """The orders of every customer that is found so."""
    found = read_customers.search(shop, by, 300, None).items
    return sorted(sorted(o["id"] for o in orders_of(shop, one["id"])) for one in found)


def orders_of(shop: Shop, customer: str) -> list[dict[str, Any]]:
    person = read_customers.one(shop, customer)
    assert person
    return read_orders.of_customer(shop, person, 300, None).items


def storefront_shows(shop: Shop, account: str) -> list[str]:
    return sorted(order["id"] for order in read_account.orders_of(shop, account, acme.NOW))


def test_sara_buys_as_a_guest_and_then_registers(shop: Shop) -> None:
    acme.see(shop, acme.order("1", GUEST))
    acme.see_account(shop, SARAS_ACCOUNT, acme.day(5))
    acme.see(shop, acme.order("2", SARAS_ACCOUNT, placed_at=acme.day(6), updated_at=acme.day(6)))
    assert owner_sees(shop, email="sara@example.test") == [["1", "2"]], "one person"
    assert storefront_shows(shop, "7") == ["2"], "what she bought as a guest is not shown to whoever registers"


def test_mallory_registers_with_saras_address_and_learns_nothing(shop: Shop) -> None:
    acme.see(shop, acme.order("1", GUEST))
    acme.see_account(shop, Buyer(account="9", email="sara@example.test", name="Mallory"), acme.day(5))
    assert storefront_shows(shop, "9") == []


def test_sara_has_an_account_and_mallory_names_its_address_as_his(shop: Shop) -> None:
    acme.see_account(shop, SARAS_ACCOUNT, acme.day(2))
    acme.see(shop, acme.order("1", SARAS_ACCOUNT, placed_at=acme.day(3), updated_at=acme.day(3)))
    acme.see_account(shop, Buyer(account="9", email="sara@example.test", name="Mallory"), acme.day(5))
    acme.see(shop, acme.order("2", Buyer(account="9"), placed_at=acme.day(6), updated_at=acme.day(6)))
    assert (storefront_shows(shop, "7"), storefront_shows(shop, "9")) == (["1"], ["2"])
    assert owner_sees(shop, order="1") == [["1"]]
    assert owner_sees(shop, order="2") == [["2"]], "two accounts are two people, whatever address they name"


def test_a_family_shares_a_phone_and_stays_several_people(shop: Shop) -> None:
    for number, who in enumerate(("sara", "reza", "mina")):
        acme.see(shop, acme.order(str(number), replace(GUEST, email=f"{who}@example.test", name=who)))
    assert owner_sees(shop, phone="+4915112345678") == [["0"], ["1"], ["2"]], "the phone finds all three"
    assert owner_sees(shop, email="reza@example.test") == [["1"]]


def test_the_staff_enter_their_own_phone_for_two_hundred_customers(shop: Shop, dynamo: FakeDynamo) -> None:
    """A till: most leave an address, some nothing but what the staff type in."""
    for number in range(200):
        buyer = replace(GUEST, email=f"buyer{number}@example.test" if number % 4 else None, name=f"Buyer {number}")
        acme.see(shop, acme.order(str(number), buyer))
    found = read_customers.search(shop, {}, 300, None).items
    assert len(found) == 151
    assert sorted(len(orders_of(shop, one["id"])) for one in found) == [1] * 150 + [50]
    till = customers.resolve(shop, "phone:+4915112345678", "").node
    assert till.totals["EUR"].placed == 50
    assert read_account.orders_of(shop, "7", acme.NOW) == []
    assert all(size < 4096 for size in _profile_sizes(dynamo)), "a till's profile does not grow with its orders"


def _profile_sizes(dynamo: FakeDynamo) -> list[int]:
    from tests.fake_dynamo import size

    return [size(item) for item in dynamo.all() if item["k"]["S"] == "profile"]


@pytest.mark.parametrize(
    ("one", "other", "people"),
    [
        ("sara@example.test", "Sara@Example.TEST", 1),
        ("sara@example.test", " sara@example.test ", 1),
        ("sara.ahmadi@example.test", "saraahmadi@example.test", 2),
        ("sara+shop@example.test", "sara@example.test", 2),
    ],
)
def test_letter_case_makes_nobody_another_person_and_dots_do(shop: Shop, one: str, other: str, people: int) -> None:
    """Dots and plus tags mean something at most providers: taking two people for one would show one's orders to the
    other, taking one for two costs a mail at most."""
    from chalicelib.domain.people import clean_email

    acme.see(shop, acme.order("1", replace(GUEST, email=clean_email(one), phone=None)))
    acme.see(shop, acme.order("2", replace(GUEST, email=clean_email(other), phone=None)))
    assert len(read_customers.search(shop, {}, 10, None).items) == people


def test_the_platform_merges_two_accounts(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platforms, "load_api", lambda _: PretendShop)
    old = Buyer(account="6", email="sara@old.test", name="Sara")
    kept = replace(SARAS_ACCOUNT, phone=None)
    acme.see_account(shop, old, acme.day(1))
    acme.see_account(shop, kept, acme.day(2))
    first = acme.order("1", old, placed_at=acme.day(3), updated_at=acme.day(3))
    acme.see(shop, first, acme.order("2", kept, placed_at=acme.day(4), updated_at=acme.day(4)))
    assert (storefront_shows(shop, "6"), storefront_shows(shop, "7")) == (["1"], ["2"])
    there = PretendShop(replace(first, buyer=kept, updated_at=acme.day(20)))
    there.passes(minutes=1)
    ingest.take(shop, AccountsMerged("7", "6", stamp(there.now())), there.now())
    refetched(there, "1", worker=Worker(there))
    assert (storefront_shows(shop, "6"), storefront_shows(shop, "7")) == ([], ["1", "2"])
    assert owner_sees(shop, email="sara@example.test") == [["1", "2"]]
    node = customers.resolve(shop, "account:6", "").node
    assert not any(node.totals.values()) or node.totals["EUR"].placed == 0, "its money went along"


def test_the_platform_takes_a_merge_back(shop: Shop) -> None:
    """The account names another address: what was bought with the old one is no longer hers."""
    acme.see(shop, acme.order("1", GUEST))
    acme.see_account(shop, SARAS_ACCOUNT, acme.day(5))
    acme.see(shop, acme.order("2", SARAS_ACCOUNT, placed_at=acme.day(6), updated_at=acme.day(6)))
    assert owner_sees(shop, order="1") == [["1", "2"]]
    acme.see_account(shop, replace(SARAS_ACCOUNT, email="sara@new.test"), acme.day(5), acme.day(9))
    assert owner_sees(shop, order="1") == [["1"]]
    assert owner_sees(shop, order="2") == [["2"]]
    assert storefront_shows(shop, "7") == ["2"]


def test_the_shop_moves_an_order_to_another_account_and_back(shop: Shop) -> None:
    other = Buyer(account="8", email="reza@example.test")
    acme.see(shop, acme.order("1", SARAS_ACCOUNT))
    for minutes, buyer in ((10, other), (20, SARAS_ACCOUNT)):
        later = stamp(acme.NOW - timedelta(minutes=60 - minutes))
        acme.see(shop, acme.order("1", buyer, updated_at=later))
        mine, others = (["1"], []) if buyer.account == "7" else ([], ["1"])
        assert (storefront_shows(shop, "7"), storefront_shows(shop, "8")) == (mine, others)
    held = orders.read("acme", "1")
    assert held.customer == customers.resolve(shop, "account:7", "").node.id


def test_whoever_was_erased_is_shown_nothing_and_found_nowhere(shop: Shop) -> None:
    from chalicelib.work import privacy

    acme.see(shop, acme.order("1", SARAS_ACCOUNT))
    privacy.erase(shop, customers.resolve(shop, "account:7", "").node.id, acme.NOW)
    assert storefront_shows(shop, "7") == []
    assert owner_sees(shop, phone="+4915112345678") == []
