"""Previews and trials: every message of every flow in every language, and a mail in the owner's own box that does
nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import channels, clock, flows, languages
from chalicelib.channels import Message, Receipt
from chalicelib.domain.events import Product
from chalicelib.domain.order import Buyer
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.table import products
from chalicelib.work import flow_book, preview, read_customers, trial
from chalicelib.work.wording import Wording, messages
from tests.acme import NOW, open_shop, order, see
from tests.fake_dynamo import instead_of_dynamodb
from tests.gateway import Answered, partner
from tests.letters import Page

PUBLIC = "https://ecrm.acme.test"
EVERY = [(flow.name, step.name) for flow in flows.shipped().values() for step in messages(flow)]


@pytest.fixture
def shop() -> Iterator[Shop]:
    with instead_of_dynamodb():
        flow_book.forget()
        clock.use(lambda: NOW)
        yield open_shop(name="Acme", sender="Acme <shop@acme.test>", origins=["https://acme.test"])[0]


def words(shop: Shop, name: str) -> Wording:
    return Wording(shop, flow_book.every(shop)[name])


# --- previews --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", languages.names())
@pytest.mark.parametrize(("flow", "step"), EVERY)
def test_every_message_can_be_seen_in_every_language(shop: Shop, flow: str, step: str, language: str) -> None:
    shown = preview.preview(words(shop, flow), step, language, NOW, PUBLIC)
    told = preview.view(words(shop, flow), shown)
    page = Page(shown.mail.html)
    assert page.open == []
    assert told["language"] == language
    assert language in told["languages"]
    for part in (told["subject"], told["preheader"], told["text"], page.said):
        assert part.strip()
        assert "{{" not in part
    assert bool(told["sms"]) == ("sms" in shown.step.channels)


def test_a_preview_opens_nobodys_preferences(shop: Shop) -> None:
    see(shop, order(buyer=Buyer(email="sara@example.test", name="Sara")))
    found = preview.preview(words(shop, "come-back"), None, "en", NOW, PUBLIC, order())
    ours = {address for address in Page(found.mail.html).addresses if address.startswith(PUBLIC)}
    assert ours == {f"{PUBLIC}/"}


def test_a_sample_speaks_of_the_flows_own_matter(shop: Shop) -> None:
    shop = replace(shop, coupons={"birthday": {"percent": 25, "prefix": "PARTY"}})
    cart = preview.preview(words(shop, "cart-left"), None, "de", NOW, PUBLIC).mail.text
    assert "Schale aus Nussholz" in cart
    assert "Geschirrtuch aus Leinen" in cart
    back = preview.preview(words(shop, "back-in-stock"), None, "fr", NOW, PUBLIC).mail.text
    assert "Bol en noyer" in back
    party = preview.preview(words(shop, "birthday"), None, "en", NOW, PUBLIC).mail.text
    assert "PARTY-SAMPLE" in party
    assert "25%" in party


def test_an_order_is_shown_as_its_buyer_would_read_it(shop: Shop) -> None:
    see(shop, order("18"))
    products.see("acme", Product("p-1", "Walnut bowl", stamp(NOW), "https://acme.test/bowl"))
    customer = read_customers.search(shop, {"order": "18"}, 1, None).items[0]["id"]
    person = read_customers.one(shop, customer)
    shown = preview.preview(words(shop, "thank-you"), None, None, NOW, PUBLIC, order("18"), person)
    assert shown.language == "de", "hers"
    assert "R-18" in shown.mail.text
    assert "https://acme.test/bowl" in shown.mail.html


def test_a_shop_in_toman_sees_toman(shop: Shop) -> None:
    tehran = replace(shop, currency="IRT", locale="fa-IR")
    text = preview.preview(words(tehran, "thank-you"), None, None, NOW, PUBLIC).mail.text
    assert "تومان" in text
    assert "۲۵۰٬۰۰۰" in text


def test_over_the_api_it_is_the_same_and_needs_the_shops_key(shop: Shop) -> None:
    see(shop, order("18"))
    shop, key = open_shop(name="Acme", origins=["https://acme.test"])
    get = partner(key)
    plain = get("/v1/flows/come-back/preview", language="fa").json
    assert plain["subject"]
    assert plain["step"] == "mail"
    real = get("/v1/flows/thank-you/preview", order="18").json
    assert "R-18" in real["text"]
    customer = get("/v1/customers", order="18").json["items"][0]["id"]
    assert get("/v1/flows/come-back/preview", customer=customer).json["language"] == "de"
    assert partner("sk_acme_wrong")("/v1/flows/come-back/preview").status == 401


@pytest.mark.parametrize(
    ("query", "status", "at"),
    [
        ({"step": "gift"}, 400, "step"),
        ({"language": "xx"}, 400, "language"),
        ({"order": "404"}, 404, None),
        ({"customer": "c_nobody"}, 404, None),
    ],
)
def test_what_cannot_be_shown_is_told(shop: Shop, query: dict[str, str], status: int, at: str | None) -> None:
    _, key = open_shop()
    answer: Answered = partner(key)("/v1/flows/come-back/preview", **query)
    assert (answer.status, answer.json.get("field")) == (status, at)


# --- trials ----------------------------------------------------------------------------------------------------------


class Box:
    """The owner's mailbox. `fails` is raised once."""

    def __init__(self) -> None:
        self.mails: list[Message] = []
        self.fails: Exception | None = None

    def deliver(self, shop: Shop, kind: str, message: Message) -> Receipt:
        assert kind == "email"
        if self.fails:
            fails, self.fails = self.fails, None
            raise fails
        self.mails.append(message)
        return Receipt("1")


def asked(shop: Shop, **told: Any) -> dict[str, Any]:
    queue: list[tuple[str, str]] = []
    trial.ask(shop, {"flow": "come-back", **told}, "me@acme.test", NOW, queue.extend)
    return dict(json.loads(queue[0][1])["test"])


def test_a_trial_arrives_once_and_is_marked_as_one(shop: Shop) -> None:
    box, told = Box(), asked(shop, language="fa", step="mail")
    assert trial.send_test(shop, told, NOW, box.deliver, PUBLIC) == "sent"
    assert trial.send_test(shop, told, NOW, box.deliver, PUBLIC) == "ignored", "the queue may bring it twice"
    (mail,) = box.mails
    assert (mail.to, mail.sender) == ("me@acme.test", shop.sender)
    assert mail.subject.startswith("[Test] ")
    assert "List-Unsubscribe" not in mail.headers
    assert mail.language == "fa"


def test_two_trials_of_one_second_are_two_mails(shop: Shop) -> None:
    box = Box()
    for told in (asked(shop), asked(shop)):
        assert trial.send_test(shop, told, NOW, box.deliver, PUBLIC) == "sent"
    assert len({mail.id for mail in box.mails}) == 2


def test_a_trial_that_nobody_asked_for_or_that_is_old_is_not_sent(shop: Shop) -> None:
    box, told = Box(), asked(shop)
    assert trial.send_test(shop, {**told, "at": f"{stamp(NOW)}/7"}, NOW, box.deliver, PUBLIC) == "ignored"
    assert trial.send_test(shop, {**told, "to": "me@other.test"}, NOW, box.deliver, PUBLIC) == "template"
    assert trial.send_test(shop, told, NOW + timedelta(hours=2), box.deliver, PUBLIC) == "ignored"
    assert trial.send_test(replace(shop, state="off"), told, NOW, box.deliver, PUBLIC) == "ignored"
    assert box.mails == []


def test_a_provider_in_trouble_is_asked_again_and_a_refusal_is_not(shop: Shop) -> None:
    box, told = Box(), asked(shop)
    box.fails = channels.Trouble("busy")
    with pytest.raises(channels.Trouble):
        trial.send_test(shop, told, NOW, box.deliver, PUBLIC)
    assert trial.send_test(shop, told, NOW, box.deliver, PUBLIC) == "sent"
    other = asked(shop)
    box.fails = channels.Refused("MessageRejected")
    assert trial.send_test(shop, other, NOW, box.deliver, PUBLIC) == "refused"
    assert trial.send_test(shop, other, NOW, box.deliver, PUBLIC) == "ignored"


def test_where_everybody_has_an_address_only_the_senders_own_will_do(shop: Shop) -> None:
    small = replace(shop, sender="Acme <acme.bowls@gmail.com>")
    assert trial.checked(small, "acme.bowls@gmail.com")
    with pytest.raises(trial.NotOwn, match="own: acme"):
        trial.checked(small, "somebody@gmail.com")
    with pytest.raises(trial.NotOwn, match="--from"):
        trial.checked(replace(shop, sender=""), "me@acme.test")
