"""What providers tell: who may, what is believed, and what follows for the person it is about."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from chalice.test import Client
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from chalicelib import keys, rsa_verify, x509_key
from chalicelib.domain.events import OrderSeen
from chalicelib.domain.order import Buyer, Consent
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.safe_http import Answer, Unreachable
from chalicelib.table import customers, follow_ups, progress, provider_messages, shops, suppression
from chalicelib.work import feedback, sns_signature, stop_words, take_order
from chalicelib.work import provider_events as doors
from tests.fake_dynamo import FakeDynamo, instead_of_dynamodb
from tests.post_office import MASTER, NOON, SHOP, order

TOPIC = "arn:aws:sns:eu-central-1:123456789012:acme-texts"
CERTIFICATE = "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-9c6465fa7f48f5cacd23014631ec1136.pem"
TOKEN = keys.provider_token(MASTER, "kavenegar", "acme")
ACME = replace(SHOP, channels={"sms": {"provider": "kavenegar", "topic": TOPIC}}, country="IR")
SARA = Buyer(email="sara@example.test", phone="+989121234567", name="Sara")
YES = Consent("sms", "subscribed", "checkout", "2026-10-01T08:00:00Z")


def certificate(key: Any, digest: Any = hashes.SHA256) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(77).not_valid_before(NOON).not_valid_after(NOON + timedelta(days=400))
    signed = made.sign(key, digest())
    return signed.public_bytes(serialization.Encoding.PEM)


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@dataclass
class Net:
    """What is out there: addresses and what they answer."""

    pages: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    queue: list[str] = field(default_factory=list)

    def ask(self, method: str, url: str, **_: Any) -> Answer:
        self.asked.append(url)
        if url not in self.pages:
            raise Unreachable("nobody is there")
        return self.pages[url]

    @property
    def outside(self) -> doors.Outside:
        return doors.Outside(self.ask, lambda text, shop: self.queue.append(text), MASTER)


@pytest.fixture
def net(key: rsa.RSAPrivateKey) -> Net:
    sns_signature._kept.clear()
    return Net({CERTIFICATE: Answer(200, {}, certificate(key))})


@pytest.fixture
def dynamo() -> Iterator[FakeDynamo]:
    with instead_of_dynamodb() as made:
        shops.put(ACME)
        yield made


def signed(key: rsa.RSAPrivateKey, version: str = "2", **changes: Any) -> dict[str, Any]:
    """A message as SNS writes and signs it; `changes` before the signature."""
    message = {
        "Type": "Notification",
        "MessageId": "m-1",
        "TopicArn": TOPIC,
        "Message": json.dumps({"originationNumber": "+989121234567", "messageBody": "STOP"}),
        "Timestamp": "2026-11-02T11:59:00.000Z",
        "SignatureVersion": version,
        "SigningCertURL": CERTIFICATE,
        **changes,
    }
    names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    if message["Type"] != "Notification":
        names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    text = "".join(f"{name}\n{message[name]}\n" for name in names if message.get(name) is not None)
    digest = hashes.SHA1() if version == "1" else hashes.SHA256()
    message["Signature"] = b64encode(key.sign(text.encode(), padding.PKCS1v15(), digest)).decode()
    return message


def take(net: Net, message: Any, slug: str = "acme") -> str:
    return doors.take_sns(slug, json.dumps(message).encode(), NOON, net.outside)


def work_off(net: Net, now: Any = NOON) -> list[str]:
    journal: dict[str, bytes] = {}
    told = [feedback.hear(json.loads(text), now, feedback.Outside(journal.__setitem__)) for text in net.queue]
    net.queue.clear()
    return told


# --- certificates -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("bits", "exponent"), [(2048, 65537), (3072, 65537), (2048, 3)])
def test_the_key_in_a_certificate_is_found(bits: int, exponent: int) -> None:
    made = rsa.generate_private_key(exponent, bits)
    numbers = made.public_key().public_numbers()
    assert x509_key.rsa_key(certificate(made)) == (numbers.n, numbers.e)


def test_what_is_no_certificate_with_an_rsa_key_is_refused(key: rsa.RSAPrivateKey) -> None:
    good = certificate(key)
    weak = rsa.generate_private_key(65537, 1024)
    curve = certificate(ec.generate_private_key(ec.SECP256R1()))
    for bad in (b"", b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----", curve, certificate(weak), good[:600]):
        with pytest.raises(x509_key.BadCertificate):
            x509_key.rsa_key(bad)


def test_no_cut_or_changed_certificate_does_more_than_refuse(key: rsa.RSAPrivateKey) -> None:
    der = x509_key._der(certificate(key))
    for at in range(0, len(der), 3):
        for bad in (der[:at], der[:at] + bytes([der[at] ^ 0x80]) + der[at + 1 :]):
            pem = b"-----BEGIN CERTIFICATE-----\n" + b64encode(bad) + b"\n-----END CERTIFICATE-----"
            try:
                modulus, exponent = x509_key.rsa_key(pem)
            except x509_key.BadCertificate:
                continue
            assert rsa_verify.usable(modulus, exponent)


# --- the door of SNS --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("subject", [None, "Re: mug"])
def test_a_signed_message_of_a_known_topic_is_taken(
    net: Net, dynamo: FakeDynamo, key: rsa.RSAPrivateKey, version: str, subject: str | None
) -> None:
    assert take(net, signed(key, version, Subject=subject)) == "taken"
    assert take(net, signed(key, version, MessageId="m-2")) == "taken"
    assert net.asked == [CERTIFICATE], "a certificate is asked for once"
    assert json.loads(net.queue[0])["at"] == "2026-11-02T11:59:00Z"


def test_what_was_changed_after_signing_is_forged(net: Net, dynamo: FakeDynamo, key: rsa.RSAPrivateKey) -> None:
    for change in (
        {"Message": "{}"},
        {"Timestamp": "2026-11-02T12:00:00.000Z"},
        {"MessageId": "other"},
        {"Subject": "x"},
        {"Type": "UnsubscribeConfirmation"},
        {"SignatureVersion": "1"},
        {"SignatureVersion": "3"},
        {"Signature": ""},
        {"Signature": "AAAA"},
        {"Signature": None},
        {"Message": 7},
        {"Message": None},
    ):
        with pytest.raises(doors.Forged):
            take(net, {**signed(key), **change})
    assert not net.queue


def test_somebody_elses_key_signs_nothing(net: Net, dynamo: FakeDynamo) -> None:
    with pytest.raises(doors.Forged):
        take(net, signed(rsa.generate_private_key(65537, 2048)))


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-central-1.amazonaws.com/SimpleNotificationService-1.pem",
        "https://sns.eu-central-1.amazonaws.com.evil.test/SimpleNotificationService-1.pem",
        "https://evil.test/SimpleNotificationService-1.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem",  # not the topic's region
        "https://sns.eu-central-1.amazonaws.com/evil/SimpleNotificationService-1.pem",
        "https://sns.eu-central-1.amazonaws.com@evil.test/SimpleNotificationService-1.pem",
        "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-1.pem?x=1",
        "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-1.pem\n",
        "",
    ],
)
def test_a_certificate_comes_from_the_regions_own_host_or_not_at_all(
    net: Net, dynamo: FakeDynamo, key: rsa.RSAPrivateKey, url: str
) -> None:
    net.pages[url] = net.pages[CERTIFICATE]
    with pytest.raises(doors.Forged):
        take(net, signed(key, SigningCertURL=url))
    assert net.asked == []


def test_a_topic_that_nobody_named_costs_nothing(net: Net, dynamo: FakeDynamo, key: rsa.RSAPrivateKey) -> None:
    for slug, topic in (("acme", TOPIC + "2"), ("lilac", TOPIC), ("acme", ""), ("a|b", TOPIC)):
        with pytest.raises(doors.Unknown):
            take(net, signed(key, TopicArn=topic), slug)
    assert net.asked == []


def test_a_certificate_that_cannot_be_had_means_later(net: Net, dynamo: FakeDynamo, key: rsa.RSAPrivateKey) -> None:
    for answer in (None, Answer(503, {}, b"")):
        net.pages = {CERTIFICATE: answer} if answer else {}
        with pytest.raises(doors.NotNow):
            take(net, signed(key))
    net.pages = {CERTIFICATE: Answer(200, {}, b"<html>")}
    with pytest.raises(doors.Forged):
        take(net, signed(key))


ASKED = urlencode({"Action": "ConfirmSubscription", "TopicArn": TOPIC, "Token": "t0"})
CONFIRM = f"https://sns.eu-central-1.amazonaws.com/?{ASKED}"


def test_a_subscription_is_confirmed_where_sns_says(net: Net, dynamo: FakeDynamo, key: rsa.RSAPrivateKey) -> None:
    net.pages[CONFIRM] = Answer(200, {}, b"<ok/>")
    told = signed(key, Type="SubscriptionConfirmation", SubscribeURL=CONFIRM, Token="t0", Message="please")
    assert take(net, told) == "subscribed"
    assert net.asked == [CERTIFICATE, CONFIRM]
    assert not net.queue


@pytest.mark.parametrize(
    "url",
    [
        CONFIRM.replace("amazonaws.com", "amazonaws.com.evil.test"),
        CONFIRM.replace("https", "http"),
        CONFIRM.replace("ConfirmSubscription", "DeleteTopic"),
        CONFIRM.replace("acme-texts", "other"),
        "https://169.254.169.254/",
    ],
)
def test_a_subscription_is_confirmed_nowhere_else(
    net: Net, dynamo: FakeDynamo, key: rsa.RSAPrivateKey, url: str
) -> None:
    told = signed(key, Type="SubscriptionConfirmation", SubscribeURL=url, Token="t0", Message="please")
    with pytest.raises(doors.Forged):
        take(net, told)
    assert net.asked == [CERTIFICATE]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b"\xff", b"[" * 100_000])
def test_a_body_that_is_none_is_turned_away(net: Net, dynamo: FakeDynamo, body: bytes) -> None:
    with pytest.raises((doors.Forged, doors.Unknown)):
        doors.take_sns("acme", body, NOON, net.outside)


# --- the door of Kavenegar --------------------------------------------------------------------------------------------


def from_kavenegar(net: Net, body: bytes = b"", query: dict[str, str] | None = None, token: str = TOKEN) -> str:
    return doors.take_kavenegar("acme", token, query or {}, body, NOON, net.outside)


def test_only_the_shops_own_token_opens(net: Net, dynamo: FakeDynamo) -> None:
    said = urlencode({"from": "09121234567", "message": "hi"}).encode()
    shops.put(replace(SHOP, slug="lilac"))
    for slug, token in (
        ("acme", ""),
        ("acme", TOKEN[:-1]),
        ("acme", "é" * 32),
        ("acme", keys.provider_token(MASTER, "kavenegar", "lilac")),
        ("lilac", keys.provider_token(MASTER, "kavenegar", "lilac")),  # sends nothing through Kavenegar
        ("nobody", keys.provider_token(MASTER, "kavenegar", "nobody")),
        ("a|b", TOKEN),
    ):
        with pytest.raises(doors.Unknown):
            doors.take_kavenegar(slug, token, {}, said, NOON, net.outside)
    assert not net.queue
    assert from_kavenegar(net, said) == "taken"


def test_a_text_is_read_from_a_form_a_query_or_json(net: Net, dynamo: FakeDynamo) -> None:
    said = {"from": "09121234567", "to": "10008663", "message": "لغو۱۱", "messageid": "7"}
    assert from_kavenegar(net, urlencode(said).encode()) == "taken"
    assert from_kavenegar(net, query=said) == "taken"
    assert from_kavenegar(net, json.dumps(said).encode()) == "taken"
    assert {json.dumps(json.loads(text)["body"], sort_keys=True) for text in net.queue} == {
        json.dumps(said, sort_keys=True)
    }


def test_what_tells_nothing_is_ignored(net: Net, dynamo: FakeDynamo) -> None:
    for body in (b"", b"from=0912", b"status=10", b"a=b", b"\xff\xfe"):
        assert from_kavenegar(net, body) == "ignored"
    assert not net.queue


# --- what follows: STOP -----------------------------------------------------------------------------------------------


def buy(email: str = "sara@example.test", phone: str = "+989121234567", consents: tuple[Consent, ...] = (YES,)) -> str:
    sold = order(email, buyer=Buyer(email=email, phone=phone, name="Sara", consents=consents))
    take_order.see(ACME, OrderSeen(sold), NOON)
    return customers.look_up(ACME, f"email:{email}")[0]


def agrees(customer: str, channel: str = "sms", shop: Shop = ACME) -> bool:
    person = customers.person("acme", customer)
    assert person
    return person.contact.allows(channel, shop.consent)


def answer(text: str, at: str = "2026-11-02T12:00:00Z", phone: str = "09121234567") -> str:
    journal: dict[str, bytes] = {}
    outcome = stop_words.hear(ACME, phone, text, at, NOON, journal.__setitem__)
    assert bool(journal) == (outcome in ("stopped", "started") and "again" not in text)
    assert "912" not in json.dumps({k: v.decode() for k, v in journal.items()}), "no number in the journal"
    return outcome


def test_a_stop_word_ends_marketing_by_sms_for_everybody_with_that_number(dynamo: FakeDynamo) -> None:
    sara, leyla, other = buy(), buy("leyla@example.test"), buy("nima@example.test", "+989120000000")
    assert agrees(sara)
    assert answer("لغو ۱۱") == "stopped"
    assert not agrees(sara)
    assert not agrees(leyla), "a family may share a phone"
    assert agrees(other)
    assert agrees(sara, "email"), "she spoke of texts"


@pytest.mark.parametrize("phone", ["09121234567", "+989121234567", "00989121234567", "989121234567", "۰۹۱۲۱۲۳۴۵۶۷"])
def test_a_number_is_known_however_a_provider_writes_it(phone: str) -> None:
    assert stop_words.number_of(phone, "IR") == "+989121234567"
    assert stop_words.number_of("STOPBOT", "IR") is None


def test_start_takes_a_stop_back_for_who_had_agreed_before(dynamo: FakeDynamo) -> None:
    sara = buy()
    answer("STOP", "2026-11-02T10:00:00Z")
    assert answer("START", "2026-11-02T11:00:00Z") == "started"
    assert agrees(sara)


def test_start_agrees_to_nothing_by_itself(dynamo: FakeDynamo) -> None:
    sara = buy(consents=())
    assert answer("START") == "nobody"
    assert not agrees(sara)


def test_an_old_stop_that_comes_again_undoes_nothing(dynamo: FakeDynamo) -> None:
    sara = buy()
    answer("STOP", "2026-11-02T10:00:00Z")
    answer("START", "2026-11-02T11:00:00Z")
    journal: dict[str, bytes] = {}
    stop_words.hear(ACME, "09121234567", "STOP", "2026-11-02T10:00:00Z", NOON, journal.__setitem__)
    assert agrees(sara)
    assert not journal


def test_an_answer_that_is_no_word_changes_nothing(dynamo: FakeDynamo) -> None:
    sara = buy()
    assert [answer("thanks!"), answer("help"), answer("STOP", phone="10")] == ["unread", "help", "no_number"]
    assert answer("STOP", phone="09351111111") == "nobody"
    assert agrees(sara)


def test_a_stop_by_each_door_reaches_her(net: Net, dynamo: FakeDynamo, key: rsa.RSAPrivateKey) -> None:
    sara = buy()
    take(net, signed(key))
    assert work_off(net) == ["stopped"]
    assert not agrees(sara)
    from_kavenegar(net, query={"from": "09121234567", "message": "شروع"})
    assert work_off(net) == ["started"]
    assert agrees(sara)
    from_kavenegar(net, query={"from": "09121234567", "message": "لغو"})
    assert work_off(net, NOON + timedelta(seconds=1)) == ["stopped"]


# --- what follows: reports --------------------------------------------------------------------------------------------


def _sent(customer: str) -> follow_ups.FollowUpRow:
    row = next(
        found
        for found in (follow_ups.get("acme", id) for id in _ids())
        if found is not None and found.customer == customer
    )
    provider_messages.remember("acme", "kavenegar", "8792343", row.id, NOON)
    return row


def _ids() -> list[str]:
    from chalicelib.table import orders

    return [row.id for row in orders.read("acme", "sara@example.test").follow_ups.values()]


@pytest.mark.parametrize(("status", "code"), [("10", "delivered"), ("11", "bounce"), ("6", "bounce"), ("14", "bounce")])
def test_a_report_is_noted_at_its_follow_up_once(net: Net, dynamo: FakeDynamo, status: str, code: str) -> None:
    sara = buy()
    row = _sent(sara)
    for _ in range(2):
        from_kavenegar(net, urlencode({"messageid": "8792343", "status": status}).encode())
        assert work_off(net) == [code]
    codes = [entry["code"] for entry in follow_ups.get("acme", row.id).why]
    assert codes.count(code) == 1
    assert agrees(sara) == (status != "14"), "14: she lets her operator block advertising"


def test_a_report_of_a_stranger_is_ignored(net: Net, dynamo: FakeDynamo) -> None:
    buy()
    for query in ({"messageid": "999", "status": "10"}, {"messageid": "999", "status": "1"}):
        from_kavenegar(net, query=query)
    assert work_off(net) == ["ignored", "ignored"]


# --- what follows: SES ------------------------------------------------------------------------------------------------


def ses(kind: str, number: int = 1, at: str = "2026-11-02T11:00:00Z", **more: Any) -> dict[str, Any]:
    tags = {"shop": ["acme"], "follow_up": ["f_none"], "claim": ["k"]}
    mail = {"timestamp": at, "messageId": f"ses-{number}", "tags": tags}
    return {"eventType": kind, "mail": mail, **more}


def soft(number: int, at: str, subtype: str = "MailboxFull") -> dict[str, Any]:
    who = [{"emailAddress": "Sara@example.test"}]
    told = {"bounceType": "Transient", "bounceSubType": subtype, "bouncedRecipients": who, "timestamp": at}
    return ses("Bounce", number, at, bounce=told)


def arrived(number: int, at: str) -> dict[str, Any]:
    return ses("Delivery", number, at, delivery={"recipients": ["sara@example.test"], "timestamp": at})


def complaint() -> dict[str, Any]:
    told = {"complainedRecipients": [{"emailAddress": "sara@example.test"}], "timestamp": "2026-11-02T11:00:00Z"}
    return ses("Complaint", complaint=told)


def hear(*events: dict[str, Any]) -> dict[str, bytes]:
    journal: dict[str, bytes] = {}
    for event in events:
        feedback.hear(event, NOON, feedback.Outside(journal.__setitem__))
    return journal


def barred(address: str = "sara@example.test") -> str | None:
    return suppression.reason(ACME, f"email:{address}")


def day(number: int) -> str:
    return stamp(NOON + timedelta(days=number))


def test_the_fifth_soft_bounce_in_a_row_bars_an_address(dynamo: FakeDynamo) -> None:
    hear(*(soft(n, day(n)) for n in range(4)))
    assert barred() is None
    journal = hear(soft(4, day(4)))
    assert barred() == "soft_bounces"
    assert any("soft_bounces" in name for name in journal)


def test_a_soft_bounce_told_twice_counts_once(dynamo: FakeDynamo) -> None:
    hear(*(soft(n, day(n)) for n in range(4)), *(soft(n, day(n)) for n in range(4)))
    assert barred() is None


def test_a_delivery_between_them_begins_the_count_anew(dynamo: FakeDynamo) -> None:
    hear(*(soft(n, day(n)) for n in range(4)), arrived(9, day(4)), *(soft(n, day(n)) for n in range(5, 9)))
    assert barred() is None
    hear(soft(10, day(9)))
    assert barred() == "soft_bounces"


def test_a_delivery_of_before_changes_nothing_and_a_late_bounce_of_before_it_does_not_count(dynamo: FakeDynamo) -> None:
    hear(soft(1, day(1)), arrived(9, day(4)), *(soft(n, day(n)) for n in (2, 3, 5, 6, 7, 8)))
    assert barred() is None
    hear(arrived(8, day(3)), soft(10, day(9)))
    assert barred() == "soft_bounces"


def test_soft_bounces_of_more_than_thirty_days_do_not_add_up(dynamo: FakeDynamo) -> None:
    hear(*(soft(n, day(n * 8)) for n in range(9)))
    assert barred() is None


def test_what_was_wrong_with_the_mail_is_not_held_against_her(dynamo: FakeDynamo) -> None:
    hear(*(soft(n, day(n), "MessageTooLarge") for n in range(6)))
    assert barred() is None


def test_a_delivery_to_an_address_that_never_bounced_writes_nothing(dynamo: FakeDynamo) -> None:
    before = len(list(dynamo.all()))
    hear(arrived(1, day(1)))
    assert len(list(dynamo.all())) == before


def test_a_complaint_ends_mail_to_that_address_and_marketing_to_her(dynamo: FakeDynamo) -> None:
    said = Consent("email", "subscribed", "checkout", "2026-10-01T08:00:00Z")
    sara, nima = buy(consents=(said,)), buy("nima@example.test", "+989120000000", (said,))
    assert agrees(sara, "email")
    journal = hear(complaint())
    assert barred() == "complaint"
    assert not agrees(sara, "email"), "by no other address of hers either"
    assert agrees(nima, "email")
    assert customers.person("acme", sara).contact.note("complained") == "email"
    assert "sara" not in json.dumps([*journal, *(text.decode() for text in journal.values())])


def test_an_event_is_the_same_raw_wrapped_and_from_eventbridge(dynamo: FakeDynamo) -> None:
    event = complaint()
    for number, told in enumerate(
        (
            event,
            {"Type": "Notification", "Message": json.dumps(event)},
            {"version": "0", "detail-type": "Email Complaint Received", "source": "aws.ses", "detail": event},
        )
    ):
        dynamo.clear()
        shops.put(ACME)
        hear(told)
        assert barred() == "complaint", number


def _records(*events: dict[str, Any]) -> dict[str, Any]:
    return {"Records": [{"messageId": str(n), "body": json.dumps(event)} for n, event in enumerate(events)]}


def test_only_our_own_topic_proves_anything_by_its_silence(dynamo: FakeDynamo) -> None:
    send, outside = ses("Send", send={}), feedback.Outside({}.__setitem__)
    bridged = {"source": "aws.ses", "detail": send}
    foreign = {"door": "sns", "shop": "acme", "at": day(0), "body": json.dumps(send)}
    feedback.handle(_records(bridged, foreign), NOON, outside)
    assert progress.reached() == ""
    feedback.handle(_records(send), NOON, outside)
    assert progress.reached() == "2026-11-02T11:00:00Z"


def test_a_shops_topic_speaks_of_no_other_shop(net: Net, dynamo: FakeDynamo, key: rsa.RSAPrivateKey) -> None:
    shops.put(replace(SHOP, slug="lilac"))
    event = complaint()
    event["mail"]["tags"]["shop"] = ["lilac"]
    take(net, signed(key, Message=json.dumps(event)))
    assert work_off(net) == ["ignored"]
    assert suppression.reason(replace(SHOP, slug="lilac"), "email:sara@example.test") is None
    take(net, signed(key, Message=json.dumps(complaint())))
    work_off(net)
    assert barred() == "complaint"


def test_no_event_stops_the_others(dynamo: FakeDynamo) -> None:
    strange = [
        {"door": "x", "shop": "acme", "at": "", "body": None},
        {"door": "sns", "shop": "acme", "at": "", "body": "["},
    ]
    strange += [{"door": "kavenegar", "shop": "nobody", "at": "", "body": {}}, {}, {"detail": {}}]
    told = feedback.handle(_records(*strange, complaint()), NOON, feedback.Outside({}.__setitem__))
    assert told == {"batchItemFailures": []}
    assert barred() == "complaint"


# --- the doors as they are reached ------------------------------------------------------------------------------------


class Queues:
    """The feedback queue: (shop, what it was told)."""

    def __init__(self) -> None:
        self.held: list[tuple[str, dict[str, Any]]] = []

    def hand_feedback(self, text: str, shop: str) -> None:
        self.held.append((shop, json.loads(text)))


@pytest.fixture
def queues() -> Queues:
    return Queues()


@pytest.fixture
def api(dynamo: FakeDynamo, net: Net, queues: Queues, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    import app
    from chalicelib.routes import provider_events as routes

    monkeypatch.setattr(routes, "_client", lambda local: net)
    monkeypatch.setattr(routes.aws, "reach", lambda: queues)
    with Client(app.app) as client:
        yield client


def test_what_comes_in_by_the_doors_waits_on_the_feedback_queue(
    api: Client, queues: Queues, key: rsa.RSAPrivateKey, caplog: pytest.LogCaptureFixture
) -> None:
    token = keys.provider_token(bytes.fromhex("5e" * 32), "kavenegar", "acme")
    form = {"content-type": "application/x-www-form-urlencoded"}
    said = urlencode({"from": "09121234567", "message": "لغو"}).encode()
    assert api.http.post(f"/provider/kavenegar/acme/{token}", body=said, headers=form).status_code == 200
    assert api.http.get(f"/provider/kavenegar/acme/{token}?messageid=7&status=10").status_code == 200
    sns = {"content-type": "text/plain; charset=UTF-8"}
    assert api.http.post("/provider/sns/acme", body=json.dumps(signed(key)).encode(), headers=sns).status_code == 200
    assert [(shop, event["door"]) for shop, event in queues.held] == [
        *(("acme", "kavenegar"), ("acme", "kavenegar"), ("acme", "sns"))
    ]
    assert token not in caplog.text
    assert "912" not in caplog.text


def test_whoever_may_not_tell_is_told_nothing(
    api: Client, queues: Queues, net: Net, key: rsa.RSAPrivateKey, caplog: pytest.LogCaptureFixture
) -> None:
    plain = {"content-type": "text/plain"}

    def post(path: str, message: Any) -> int:
        return int(api.http.post(path, body=json.dumps(message).encode(), headers=plain).status_code)

    assert post("/provider/kavenegar/acme/wrong-token", {"from": "0912", "message": "STOP"}) == 404
    assert post("/provider/sns/lilac", signed(key)) == 404
    assert post("/provider/sns/acme", {**signed(key), "Message": "{}"}) == 403
    assert post("/provider/sns/acme", "x" * doors.LARGEST_BODY) == 413
    net.pages = {}
    sns_signature._kept.clear()
    assert post("/provider/sns/acme", signed(key)) == 503, "SNS tries again"
    assert queues.held == []
    assert "wrong-token" not in caplog.text
