"""The links in a mail: looking changes nothing, clicking the button does, and nobody can make one up."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from chalice.test import Client

from app import app
from chalicelib import clock, keys
from chalicelib.domain.order import Buyer
from chalicelib.domain.wishes import Wishes, wishes_of
from chalicelib.settings import settings
from chalicelib.table import base, customers, orders, shops
from chalicelib.work import aws, page_words, preferences, privacy
from tests.post_office import NOON, SHOP, PostOffice, open_office, order

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
LATER = timedelta(minutes=1)
LANGUAGES = ("ar", "de", "en", "es", "fa", "fr")


@pytest.fixture
def office(table: str, monkeypatch: pytest.MonkeyPatch) -> PostOffice:
    office = open_office()
    monkeypatch.setattr(aws, "journal", lambda: office.journal.__setitem__)
    monkeypatch.setattr(aws, "outbox", lambda: office.queue.extend)
    office.sell(order())
    clock.use(lambda: NOON)
    return office


def her(office: PostOffice) -> str:
    return customers.look_up(office.shop, "email:sara@example.test")[0]


def token(office: PostOffice, purpose: str = "unsubscribe", days: float = 30, follow_up: str = "f_x") -> str:
    link = keys.Link("acme", her(office), follow_up)
    return keys.link_token(settings().master, purpose, link, NOON + timedelta(days=days))


def get(path: str, **headers: str) -> Any:
    with Client(app) as client:
        return client.http.get(path, headers=headers)


def post(path: str, *fields: tuple[str, str], body: bytes = b"") -> Any:
    with Client(app) as client:
        return client.http.post(path, headers=FORM, body=body or urlencode(fields).encode())


def page(office: PostOffice) -> str:
    return str(get(f"/m/{token(office, 'preferences')}").body.decode())


def save(office: PostOffice, *fields: tuple[str, str]) -> str:
    return str(post(f"/m/{token(office, 'preferences')}", ("do", "save"), *fields).body.decode())


def do(office: PostOffice, what: str) -> str:
    return str(post(f"/m/{token(office, 'preferences')}", ("do", what)).body.decode())


def wants(office: PostOffice, channel: str = "email") -> bool:
    customer = customers.person("acme", her(office))
    return bool(customer and customer.contact.allows(channel, SHOP.consent))


def wishes(office: PostOffice) -> Wishes:
    customer = customers.person("acme", her(office))
    assert customer
    return wishes_of(customer.contact, clock.now())


def with_phone(office: PostOffice) -> None:
    office.sell(order(2, buyer=Buyer(email="sara@example.test", phone="+4915112345678", name="Sara")))


# --- unsubscribing ---------------------------------------------------------------------------------------------------


def test_looking_at_the_page_changes_nothing(office: PostOffice) -> None:
    answer = get(f"/u/{token(office)}")
    assert answer.status_code == 200
    assert b"<button>Unsubscribe" in answer.body
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert wants(office)
    assert not office.journal


def test_the_one_click_of_a_mail_program_unsubscribes(office: PostOffice) -> None:
    answer = post(f"/u/{token(office)}", ("List-Unsubscribe", "One-Click"))
    assert answer.status_code == 200
    assert b"You are unsubscribed" in answer.body
    assert not wants(office)
    (noted,) = office.journal.values()
    assert b"unsubscribed" in noted
    assert b"sara" not in noted


def test_a_link_in_a_text_message_ends_text_messages(office: PostOffice) -> None:
    row = next(iter(orders.read("acme", "1").follow_ups.values()))
    row.channel = "sms"
    base.commit([base.put(row)])
    answer = post(f"/u/{token(office, follow_up=row.id)}", ("List-Unsubscribe", "One-Click"))
    assert b"by text message" in answer.body
    contact = customers.read("acme", her(office)).node.contact
    assert [key for key in contact.consents if key.endswith(":unsubscribed")] == ["sms:unsubscribed"]


def test_a_link_for_one_thing_does_not_open_another(office: PostOffice) -> None:
    for purpose, path in (("unsubscribe", "m"), ("preferences", "u"), ("preferences", "my"), ("unsubscribe", "r")):
        assert get(f"/{path}/{token(office, purpose)}").status_code == 404
        assert post(f"/{path}/{token(office, purpose)}", ("do", "stop")).status_code == 404
    assert get(f"/u/{token(office, days=-1)}").status_code == 404
    assert get(f"/u/{token(office)[:-2]}xx").status_code == 404
    assert wants(office)


def test_of_an_erased_customer_nothing_is_written(office: PostOffice) -> None:
    link, mine = token(office), token(office, "preferences")
    node = her(office)
    privacy.erase(office.shop, node, NOON, write_journal=lambda key, data: None)
    assert post(f"/u/{link}", ("List-Unsubscribe", "One-Click")).status_code == 200
    for did in ("save", "pause", "stop", "mine"):
        assert post(f"/m/{mine}", ("do", did), ("most", "1/7")).status_code == 200
    contact = customers.read("acme", node).node.contact
    assert (contact.consents, contact.notes, office.queue) == ({}, {}, [])


# --- the preference page ---------------------------------------------------------------------------------------------


def test_the_page_shows_no_more_of_her_than_a_masked_address(office: PostOffice) -> None:
    shown = page(office)
    assert "s•••@example.test" in shown
    assert not re.search(r"sara|Mug|12\.00", shown.lower())


@pytest.mark.parametrize(
    ("address", "shown"),
    [("sara@acme.test", "s•••@acme.test"), ("x@acme.test", "•••@acme.test"), (None, None), ("ü@b.test", "•••@b.test")],
)
def test_a_masked_address_tells_no_stranger_the_address(address: str | None, shown: str | None) -> None:
    assert preferences.masked(address) == shown


def test_everything_she_can_wish_for_is_stored_and_shown_again(office: PostOffice) -> None:
    with_phone(office)
    said = save(
        office,
        ("language", "de"),
        ("most", "1/7"),
        ("channel", "sms"),
        ("may", "email"),
        ("was_may", "email:on"),
        ("may", "sms"),
        ("was_may", "sms:off"),
        ("topic", "news"),
        *(("was_topic", f"{topic}:on") for topic in ("offers", "reminders", "reviews", "news")),
    )
    assert page_words.section("de", "preferences")["saved"] in said
    assert wishes(office) == Wishes("de", "sms", (1, 7), frozenset({"offers", "reminders", "reviews"}))
    assert wants(office)
    assert wants(office, "sms")
    assert re.findall(r'value="([^"]+)" checked', page(office)) == ["email", "sms", "news", "1/7", "sms"]
    assert '<option value="de" lang="de" selected>' in page(office)
    (noted,) = map(json.loads, office.journal.values())
    assert noted["notes"]["wish:topic:offers"] == "off"
    assert "sara" not in json.dumps(noted)


def test_a_saved_page_gives_no_consent_that_she_did_not_touch(office: PostOffice) -> None:
    save(office, ("may", "email"), ("was_may", "email:on"), ("most", "1/30"))
    assert customers.read("acme", her(office)).node.contact.consents == {}
    assert wishes(office).most == (1, 30)


def test_an_old_page_that_is_saved_takes_no_later_no_back(office: PostOffice) -> None:
    """It was opened while mail was wanted; she unsubscribed in a mail since."""
    post(f"/u/{token(office)}", ("List-Unsubscribe", "One-Click"))
    clock.use(lambda: NOON + LATER)
    save(office, ("may", "email"), ("was_may", "email:on"))
    assert not wants(office)


def test_marketing_goes_both_ways(office: PostOffice) -> None:
    save(office, ("was_may", "email:on"))
    assert not wants(office)
    clock.use(lambda: NOON + LATER)
    save(office, ("may", "email"), ("was_may", "email:off"))
    assert wants(office)


def test_text_messages_are_offered_where_they_are_possible(office: PostOffice) -> None:
    assert 'value="sms"' not in page(office)
    with_phone(office)
    assert 'name="may" value="sms">' in page(office)
    assert 'name="channel" value="sms">' in page(office)


def test_a_pause_ends_by_itself_or_by_her(office: PostOffice) -> None:
    said = do(office, "pause")
    assert "You have a break until December 2, 2026." in said
    assert wishes(office).paused_until == "2026-12-02T12:00:00Z"
    clock.use(lambda: NOON + timedelta(days=30))
    assert wishes(office).paused_until is None
    clock.use(lambda: NOON + timedelta(days=1))
    assert "Paused until" in page(office)
    assert "Welcome back" in do(office, "resume")
    assert wishes(office).paused_until is None
    assert wants(office)


def test_stop_everything_is_a_no_on_every_channel_and_to_questions(office: PostOffice) -> None:
    with_phone(office)
    save(office, ("may", "sms"), ("was_may", "sms:off"))
    clock.use(lambda: NOON + LATER)
    assert "only hear from us about your own orders" in do(office, "stop")
    assert not wants(office)
    assert not wants(office, "sms")
    assert wishes(office).topics_off == {"reviews"}


def test_a_no_stays_with_her_address_when_her_account_parts_from_it(office: PostOffice) -> None:
    from chalicelib.domain.events import AccountSeen
    from chalicelib.work import take_account

    account = Buyer(account="7", email="sara@example.test")
    office.sell(order(3, buyer=account))
    take_account.see(office.shop, AccountSeen(account, "2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z", ()), NOON)
    do(office, "stop")
    moved = AccountSeen(replace(account, email="new@example.test"), "2026-01-02T00:00:00Z", "2026-11-03T00:00:00Z", ())
    take_account.see(office.shop, moved, NOON)
    for node in customers.look_up(office.shop, "email:sara@example.test"):
        person = customers.person("acme", node)
        assert person
        assert not person.contact.allows("email", "soft")


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"marketing=everything", b"\xff\xfe", b"do=save&most=" + b"x" * 40_000, b"do=burn"),
        *(b"do=save&most=9/1&channel=pigeon&language=tlh&topic=orders&was_topic=orders:on&may=fax&was_may=fax:off",),
        b"do=save&language=en&channel=&most=",
    ],
)
def test_a_form_that_says_nothing_we_know_changes_nothing(office: PostOffice, body: bytes) -> None:
    assert post(f"/m/{token(office, 'preferences')}", body=body).status_code == 200
    assert (wants(office), wishes(office), office.journal) == (True, Wishes(), {})


def test_the_journal_comes_first(office: PostOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that is restored must be told again what she does not want: no journal, no change."""

    def full(key: str, data: bytes) -> None:
        raise OSError("bucket")

    monkeypatch.setattr(aws, "journal", lambda: full)
    answer = post(f"/m/{token(office, 'preferences')}", ("do", "stop"))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert wants(office)


def test_the_page_speaks_the_readers_language(office: PostOffice) -> None:
    shops.put(replace(office.shop, locale="fa-IR", name="فروشگاه {{ 7 | times: 6 }}"))
    shown = get(f"/u/{token(office)}").body.decode()
    assert 'dir="rtl"' in shown
    assert "لغو عضویت" in shown
    assert "{{ 7 | times: 6 }}" in shown
    save(office, ("language", "fr"))
    assert '<html lang="fr" dir="ltr">' in page(office)


def test_a_broken_link_is_answered_in_the_browsers_language(office: PostOffice) -> None:
    for asked, language in (("de-AT,en;q=0.5", "de"), ("tlh, ar;q=0.4", "ar"), ("tlh", "en"), ("", "en")):
        answer = get("/m/nonsense", **{"Accept-Language": asked})
        assert answer.status_code == 404
        assert page_words.section(language, "bad_link")["title"] in answer.body.decode()


@pytest.mark.parametrize("path", ["/u/{u}", "/m/{m}", "/m/x"])
def test_a_page_loads_nothing_is_kept_nowhere_and_sends_its_address_to_nobody(office: PostOffice, path: str) -> None:
    links = {"u": token(office), "m": token(office, "preferences")}
    answer = get(path.format(**links))
    headers = answer.headers
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Robots-Tag"] == "noindex"
    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "script-src" not in policy
    assert not re.search(rb"<script|<link|<img|https?://|style=", answer.body)


def test_a_name_from_outside_is_text(office: PostOffice) -> None:
    shops.put(replace(office.shop, name="<script>alert(1)</script>"))
    assert "<script>" not in page(office)


def test_no_log_and_no_page_holds_the_token(office: PostOffice, caplog: pytest.LogCaptureFixture) -> None:
    link = token(office, "preferences")
    shown = get(f"/m/{link}").body.decode() + get(f"/m/{link}xx").body.decode()
    assert link[:40] not in shown + caplog.text


def test_an_error_nobody_foresaw_is_a_page_and_tells_the_log_no_token(
    office: PostOffice, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capsys: Any
) -> None:
    link = token(office, "preferences")

    def broken(*args: Any) -> None:
        raise RuntimeError(link)

    monkeypatch.setattr(preferences, "view_of", broken)
    answer = get(f"/m/{link}")
    assert (answer.status_code, b"<h1>" in answer.body) == (500, True)
    assert link not in caplog.text + "".join(capsys.readouterr())


# --- the words -------------------------------------------------------------------------------------------------------


def _flat(words: Any) -> dict[str, str]:
    found = {"name": words["name"]}
    return found | {f"{s}.{k}": v for s, part in words.items() if isinstance(part, dict) for k, v in part.items()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_everything_with_the_same_values(language: str) -> None:
    english, other = _flat(page_words.words("en")), _flat(page_words.words(language))
    assert page_words.languages() == LANGUAGES
    assert other.keys() == english.keys()
    for key, said in other.items():
        assert said.strip() == said, key
        assert said, key
        assert set(re.findall(r"{\w+}", said)) == set(re.findall(r"{\w+}", english[key])), key


def test_what_is_packaged_says_the_same_without_yaml(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    packed = tmp_path / "pages.json"
    packed.write_text(page_words.compiled(), encoding="utf-8")
    before = page_words.words("fa")
    monkeypatch.setattr(page_words, "COMPILED", packed)
    monkeypatch.setattr(page_words, "_from_yaml", None)
    page_words._all.cache_clear()
    try:
        assert page_words.words("fa") == before
    finally:
        page_words._all.cache_clear()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_stands_in_every_language(office: PostOffice, language: str) -> None:
    with_phone(office)
    shops.put(replace(office.shop, locale=language))
    for link in (f"/u/{token(office)}", f"/m/{token(office, 'preferences')}"):
        for shown in (get(link), post(link, ("do", "pause")), post(link, ("do", "mine")), post(link, ("do", "stop"))):
            text = shown.body.decode()
            assert shown.status_code == 200
            assert f'<html lang="{language}"' in text
            assert not re.search(r"\{\w*\}|\{\{|\{%|None", text.split("</style>")[1])
