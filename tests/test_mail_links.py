"""The links in a mail: looking changes nothing, clicking the button does, and nobody can make one up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from chalice.test import Client

from app import app
from chalicelib import clock, keys
from chalicelib.settings import settings
from chalicelib.table import customers, shops
from chalicelib.work import aws, privacy
from tests.post_office import NOON, SHOP, PostOffice, open_office, order

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def office(table: str, monkeypatch: pytest.MonkeyPatch) -> PostOffice:
    office = open_office()
    monkeypatch.setattr(aws, "journal", lambda: office.journal.__setitem__)
    office.sell(order())
    clock.use(lambda: NOON)
    return office


def her(office: PostOffice) -> str:
    return customers.look_up(office.shop, "email:sara@example.test")[0]


def token(office: PostOffice, purpose: str = "unsubscribe", days: int = 30) -> str:
    link = keys.Link("acme", her(office), "f_x")
    return keys.link_token(settings().master, purpose, link, NOON + timedelta(days=days))


def wants_marketing(office: PostOffice) -> bool:
    customer = customers.person("acme", her(office))
    return bool(customer and customer.contact.allows("email", SHOP.consent))


def test_looking_at_the_page_changes_nothing(office: PostOffice) -> None:
    with Client(app) as client:
        answer = client.http.get(f"/u/{token(office)}")
    assert answer.status_code == 200
    assert b"<button>Unsubscribe" in answer.body
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert wants_marketing(office)


def test_the_one_click_of_a_mail_program_unsubscribes(office: PostOffice) -> None:
    with Client(app) as client:
        answer = client.http.post(f"/u/{token(office)}", headers=FORM, body=b"List-Unsubscribe=One-Click")
    assert answer.status_code == 200
    assert b"You are unsubscribed" in answer.body
    assert not wants_marketing(office)
    (noted,) = office.journal.values()
    assert b"unsubscribed" in noted
    assert b"sara" not in noted


def test_preferences_go_both_ways(office: PostOffice) -> None:
    with Client(app) as client:
        off = client.http.post(f"/m/{token(office, 'preferences')}", headers=FORM, body=b"marketing=unsubscribed")
        assert b"You are unsubscribed" in off.body
        assert not wants_marketing(office)
        clock.use(lambda: NOON + timedelta(minutes=1))
        back = client.http.post(f"/m/{token(office, 'preferences')}", headers=FORM, body=b"marketing=subscribed")
    assert b"again" in back.body
    assert wants_marketing(office)


@pytest.mark.parametrize("body", [b"", b"marketing=everything", b"\xff\xfe", b"marketing=" + b"x" * 20_000])
def test_a_form_that_says_nothing_we_know_changes_nothing(office: PostOffice, body: bytes) -> None:
    with Client(app) as client:
        answer = client.http.post(f"/m/{token(office, 'preferences')}", headers=FORM, body=body)
    assert answer.status_code == 200
    assert wants_marketing(office)


def test_a_link_for_one_thing_does_not_open_another(office: PostOffice) -> None:
    with Client(app) as client:
        assert client.http.post(f"/m/{token(office)}", headers=FORM, body=b"marketing=subscribed").status_code == 404
        assert client.http.get(f"/u/{token(office, days=-1)}").status_code == 404
        assert client.http.get(f"/u/{token(office)[:-2]}xx").status_code == 404


def test_the_page_speaks_the_readers_language(office: PostOffice) -> None:
    office.sell(order(2, email="zahra@example.test"))
    shops.put(replace(office.shop, locale="fa-IR", name="فروشگاه {{ 7 | times: 6 }}"))
    with Client(app) as client:
        page = client.http.get(f"/u/{token(office)}").body.decode()
    assert 'dir="rtl"' in page
    assert "لغو عضویت" in page
    assert "{{ 7 | times: 6 }}" in page


def test_of_an_erased_customer_nothing_is_written(office: PostOffice) -> None:
    link = token(office)
    node = her(office)
    privacy.erase(office.shop, node, NOON, write_journal=lambda key, data: None)
    with Client(app) as client:
        assert client.http.post(f"/u/{link}", headers=FORM, body=b"List-Unsubscribe=One-Click").status_code == 200
    assert customers.read("acme", node).node.contact.consents == {}
