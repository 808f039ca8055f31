"""What somebody with bad intentions, an old page or a second address would try around the sending of follow-ups."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from chalice.test import Client

from app import app
from chalicelib import clock, keys
from chalicelib.domain.order import Buyer, Consent
from chalicelib.domain.shop import Shop
from chalicelib.domain.text import BadTemplate, Text
from chalicelib.domain.times import stamp
from chalicelib.domain.wishes import wishes_of
from chalicelib.languages.compile import compiled_text
from chalicelib.settings import settings
from chalicelib.table import base, customers, orders, ratings, shelf, shops, tasks, wants
from chalicelib.work import answers, aws, checking, export, mail_values, privacy, stop_words, trial, ways
from chalicelib.work import ratings as rating_work
from chalicelib.work.render import render_line
from tests.acme import open_shop
from tests.gateway import ask
from tests.post_office import SHOP, PostOffice, open_office, order

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
MINUTE = timedelta(minutes=1)
PHONE = "+4915112345678"


@pytest.fixture
def office(table: str, monkeypatch: pytest.MonkeyPatch) -> PostOffice:
    office = open_office()
    monkeypatch.setattr(aws, "journal", lambda: office.journal.__setitem__)
    clock.use(lambda: office.now)
    yes = Consent("sms", "subscribed", "checkout", "2026-10-01T08:00:00Z")
    office.sell(order(buyer=Buyer(email="sara@example.test", phone=PHONE, name="Sara", consents=(yes,))))
    return office


def her(office: PostOffice) -> str:
    return customers.look_up(office.shop, "email:sara@example.test")[0]


def post(office: PostOffice, path: str, purpose: str, *fields: tuple[str, str], follow_up: str = "f_x") -> str:
    link = keys.Link("acme", her(office), follow_up)
    token = keys.link_token(settings().master, purpose, link, office.now + timedelta(days=30))
    with Client(app) as client:
        return str(client.http.post(f"/{path}/{token}", headers=FORM, body=urlencode(fields).encode()).body.decode())


def allows(office: PostOffice, channel: str) -> bool:
    person = customers.person("acme", her(office))
    assert person
    return person.contact.allows(channel, "soft")


# --- how to stop ------------------------------------------------------------------------------------------------------


def sold_by_sms(line: str, sender: str, stop: str = "") -> str:
    shop = replace(SHOP, country="DE", channels={"sms": {"provider": "sns", "sender": sender}})
    about = replace(checking._plain("en", "marketing"), shop=shop, stop=stop)
    return render_line(Text("mine", "en", "x", sms=line), "sms", about)


def test_a_sender_that_is_a_name_cannot_be_answered_so_the_text_has_the_link() -> None:
    assert sold_by_sms("New bowls. {{ stop }}", "ACME") == "New bowls. https://shop.example/unsubscribe"
    assert sold_by_sms("New bowls. {{ stop }}", "ACME", "https://a.test/u/1") == "New bowls. https://a.test/u/1"


def test_a_text_that_forgets_to_say_how_to_stop_says_it_all_the_same() -> None:
    assert sold_by_sms("New bowls.", "+4915100000000") == "New bowls. Reply STOP to opt out"
    assert sold_by_sms("New bowls.{% if customer.name == 'x' %} {{ stop }}{% endif %}", "ACME").endswith("/unsubscribe")
    long = sold_by_sms("W" * 990, "+4915100000000")
    assert long.endswith(" Reply STOP to opt out"), "what is cut off is never the way out"


@pytest.mark.parametrize(
    ("kind", "told", "ended"),
    [
        ("http", {"provider": "http", "to": "phone", "consent": "sms"}, "sms"),
        ("http:wa", {"provider": "http", "to": "phone", "consent": "sms"}, "sms"),
        ("http", {"provider": "http", "to": "none"}, "email"),
        ("sms", {"provider": "sns"}, "sms"),
    ],
)
def test_a_link_ends_that_consent_by_which_the_message_came(
    office: PostOffice, kind: str, told: dict[str, Any], ended: str
) -> None:
    shops.put(replace(office.shop, channels={kind: told}))
    row = next(iter(orders.read("acme", "1").follow_ups.values()))
    row.channel = kind
    base.commit([base.put(row)])
    office.now += MINUTE
    post(office, "u", "unsubscribe", ("List-Unsubscribe", "One-Click"), follow_up=row.id)
    assert [channel for channel in ("email", "sms") if not allows(office, channel)] == [ended]


def test_selling_to_her_phone_through_an_endpoint_needs_the_consent_for_her_phone() -> None:
    told: dict[str, Any] = {"provider": "http", "url": "https://n8n.acme.test/hook", "to": "phone"}
    assert ways.consent(replace(SHOP, channels={"http": told}), "http") == "sms"
    assert ways.consent(replace(SHOP, channels={"http": {**told, "consent": "email"}}), "http") == "email"
    assert ways.consent(replace(SHOP, channels={"http": {**told, "to": "email"}}), "http") == "email"


def test_start_takes_back_a_stop_and_no_other_no(office: PostOffice) -> None:
    post(office, "m", "preferences", ("do", "stop"))
    office.now += MINUTE
    said = stop_words.hear(office.shop, PHONE, "START", stamp(office.now), office.now, office.journal.__setitem__)
    assert said == "nobody"
    assert not allows(office, "sms"), "whoever else has that number speaks for the number, not for her"


@pytest.mark.parametrize("country", [None, "DE"])
def test_a_stop_by_an_iranian_line_is_heard_wherever_the_shop_says_it_is(
    office: PostOffice, country: str | None
) -> None:
    yes = Consent("sms", "subscribed", "checkout", "2026-10-01T08:00:00Z")
    office.sell(order(2, buyer=Buyer(email="leyla@example.test", phone="+989121234567", consents=(yes,))))
    shops.put(replace(office.shop, country=country))
    body = {"from": "09121234567", "message": "لغو۱۱"}
    event = {"door": "kavenegar", "shop": "acme", "at": stamp(office.now), "body": body}
    assert answers.hear(event, office.now, office.journal.__setitem__) == "stopped"


def test_an_old_page_that_is_saved_takes_no_later_wish_back(office: PostOffice) -> None:
    old = (("do", "save"), ("most", ""), ("was_most", ""), ("channel", ""), ("was_channel", ""))
    old = (*old, ("language", "en"), ("was_language", "en"))
    post(office, "m", "preferences", ("do", "save"), ("most", "1/30"), ("channel", "email"), ("language", "de"))
    office.now += MINUTE
    post(office, "m", "preferences", *old)
    person = customers.person("acme", her(office))
    assert person
    kept = wishes_of(person.contact, office.now)
    assert (kept.most, kept.channel, kept.language) == ((1, 30), "email", "de")
    shown = post(office, "m", "preferences")
    assert re.findall(r'name="was_(most|channel|language)" value="([^"]*)"', shown) == [
        ("most", "1/30"),
        ("channel", "email"),
        ("language", "de"),
    ]


# --- what is held and what goes ---------------------------------------------------------------------------------------


def test_what_she_waits_for_and_what_lies_on_her_shelf_is_exported_and_erased(office: PostOffice) -> None:
    node = her(office)
    wants.put("acme", "bowl-1", node, office.now)
    shelf.put("acme", node, shelf.Shown("f_1", "Sara, the bowl is back", stamp(office.now)))
    told = export.export(office.shop, node, office.now)
    assert [one["product_id"] for one in told["waiting_for"]] == ["bowl-1"]
    assert [one["text"] for one in told["on_site"]] == ["Sara, the bowl is back"]
    privacy.erase(office.shop, node, office.now, office.journal.__setitem__)
    assert wants.of_customer("acme", node) == []
    assert wants.count("acme", "bowl-1", office.now) == 0
    assert shelf.of_customer("acme", [node], office.now) == []


def test_a_rating_without_words_names_nobody_either_once_she_is_erased(office: PostOffice) -> None:
    node = her(office)
    link = keys.Link("acme", node, next(iter(orders.read("acme", "1").follow_ups.values())).id)
    token = keys.link_token(settings().master, "rating", link, office.now + timedelta(days=30))
    rating_work.rate(rating_work.open_rating(token, office.now, settings().master), 4, "", office.now)
    privacy.erase(office.shop, node, office.now, office.journal.__setitem__)
    row = ratings.read("acme", "1")
    assert row
    assert (row.stars, row.customer, row.language) == (4, None, None)


# --- what an owner, or who has her key, may send ----------------------------------------------------------------------


def test_blanks_between_hyphens_keep_no_worker_busy() -> None:
    line = "-" + " " * 6_000 + "-" + " " * 6_000 + "x"
    began = time.thread_time()
    with pytest.raises(BadTemplate):
        compiled_text("mine", "en", f"---\nsubject: a\n---\n{line}\n")
    assert time.thread_time() - began < 1
    with pytest.raises(BadTemplate, match="puts a list or quotation into another"):
        compiled_text("mine", "en", "---\nsubject: a\n---\n- - - a\n")


def test_half_a_character_is_a_mistake_of_the_sender(table: str) -> None:
    _, key = open_shop(sender="Acme <shop@acme.test>")
    headers = {"Authorization": f"Bearer {key}", "content-type": "application/json"}
    for body in (b'{"platform_customer_id": "\\ud800"}', b'{"platform_customer_id": ["\\uDC00"]}', b'{"\\ud83d": 1}'):
        answer = ask("PUT", "/v1/products/p1/waiting", headers, body)
        assert (answer.status, answer.json["field"]) == (400, "body")
    whole = ask("PUT", "/v1/products/p1/waiting", headers, b'{"platform_customer_id": "\\ud83d\\ude00"}')
    assert whole.status == 404


def test_a_task_of_a_long_name_can_be_closed(table: str) -> None:
    _, key = open_shop(sender="Acme <shop@acme.test>")
    row = tasks.new(
        "acme", "c_frqprw2afxgbeoy4s2ia2nurii", f"back-in-stock-stock-{'p' * 128}-2026-11-02-write-her-a-card"
    )
    row.about, row.state, row.at, row.text = "flow", "open", "2026-11-02T12:00:00Z", "write her a card"
    base.commit(tasks.writes(row, None))
    headers = {"Authorization": f"Bearer {key}", "content-type": "application/json"}
    (listed,) = ask("GET", "/v1/tasks", headers).json["items"]
    closed = ask("POST", f"/v1/tasks/{listed['id']}", headers, b'{"state": "done"}')
    assert (closed.status, closed.json["state"]) == (200, "done")
    assert ask("POST", f"/v1/tasks/t_{'A' * 900}", headers, b'{"state": "done"}').status == 404


@pytest.mark.parametrize("domain", ["gmx.at", "yahoo.fr", "hotmail.de", "live.nl", "fastmail.com", "qq.com", "sfr.fr"])
def test_a_trial_goes_to_no_stranger_who_has_the_same_mail_provider(domain: str) -> None:
    shop: Shop = replace(SHOP, sender=f"Acme <acme@{domain}>")
    assert trial.checked(shop, f"acme@{domain}") == f"acme@{domain}"
    with pytest.raises(trial.NotOwn):
        trial.checked(shop, f"stranger@{domain}")


@pytest.mark.parametrize("name", ["evil.рф now", "evil\uff0ecom", "evil。com", "gift evil\uff61jp"])
def test_no_address_in_any_script_greets_as_a_name(name: str) -> None:
    assert mail_values.greeting_name(name, whole=True) == ""
