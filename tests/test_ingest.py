"""Ingest under everything that goes wrong: nothing authentic is lost, nothing forged is believed, and nobody waits for
somebody else's fault."""

from __future__ import annotations

import base64
import json
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from chalicelib import keys, thin
from chalicelib.domain.shop import Shop
from chalicelib.envelope import Envelope, seal
from chalicelib.platforms.standard import signature as standard
from chalicelib.signatures import proven
from chalicelib.table import base, counters, customers, orders, quarantine, shops
from chalicelib.work import ingest
from tests.fake_dynamo import FakeDynamo, error

NOW = datetime(2026, 11, 21, 22, tzinfo=UTC)
MASTER = b"m" * 32
ACME = Shop("acme", "standard", "2026-01-01T00:00:00Z", currency="EUR", blind_key="ab" * 32, salt="salt")
PERSIAN = replace(ACME, slug="pooshak", platform="woocommerce", currency="IRT", timezone="Asia/Tehran")
RECORDED = Path("webhooks/woocommerce/samples/woocommerce-10.5.2")


@pytest.fixture
def dynamo(table: str) -> FakeDynamo:
    fake = FakeDynamo()
    fake.install()
    shops.put(ACME)
    shops.put(PERSIAN)
    return fake


def fetch_nothing(key: str) -> bytes:
    raise thin.Trouble("s3", 503, "SlowDown")


OUTSIDE = ingest.Outside(fetch_nothing, lambda opened, shop: proven(opened, shop, MASTER))


def order_body(number: str = "1", **fields: Any) -> bytes:
    data = {"id": number, "currency": "EUR", "total": "12.00", "status": "placed", "money": "decimal"}
    data |= {"placed_at": "2026-11-21T20:00:00Z", "updated_at": "2026-11-21T20:00:00Z"}
    data |= {"customer": {"email": "sara@example.test", "name": "Sara"}}
    return json.dumps({"type": "order.updated", "timestamp": "2026-11-21T20:00:00Z", "data": data | fields}).encode()


def sealed(body: bytes, shop: str = "acme", master: bytes = MASTER, **changes: Any) -> str:
    secret = keys.webhook_secret(master, shop, "*")
    headers = standard.sign(body, secret, topic="", now=NOW, id="msg_1")
    plain = Envelope(
        shop, "standard", "", {k.lower(): v for k, v in headers.items()}, "2026-11-21T22:00:00Z", True, body
    )
    return seal(replace(plain, **changes), None)


def record(text: str, number: int = 1, received: int = 1) -> dict[str, Any]:
    return {"messageId": f"m{number}", "body": text, "attributes": {"ApproximateReceiveCount": str(received)}}


def taken(*texts: str, received: int = 1) -> list[str]:
    """Ids of the messages that will come again."""
    records = [record(text, number, received) for number, text in enumerate(texts, 1)]
    answer = ingest.handle({"Records": records}, NOW, OUTSIDE)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_an_order_is_stored_and_counted(dynamo: FakeDynamo) -> None:
    assert taken(sealed(order_body()), sealed(order_body())) == []
    assert orders.read("acme", "1").order.total == 1200  # type: ignore[union-attr]
    found = counters.totals("acme", "2026-11-21")
    counts = found.counts
    assert (counts["received"], counts["stored"], counts["duplicate"], counts["orders"]) == (2, 1, 1, 1)
    assert found.last_delivery_at == "2026-11-21T22:00:00Z"


def test_a_duplicate_writes_no_row(dynamo: FakeDynamo) -> None:
    taken(sealed(order_body()))
    before = {item["pk"]["S"] + item["sk"]["S"]: item for item in dynamo.all() if item["k"]["S"] != "counter"}
    taken(sealed(order_body()))
    after = {item["pk"]["S"] + item["sk"]["S"]: item for item in dynamo.all() if item["k"]["S"] != "counter"}
    assert before == after


def test_what_cannot_be_read_is_kept_with_the_reason_and_acknowledged(dynamo: FakeDynamo) -> None:
    assert taken(sealed(order_body(total="a lot")), sealed(b"\xff\xfe not json"), sealed(order_body("2"))) == []
    kept = quarantine.listed("acme")
    assert {bool(one.reason) for one in kept} == {True}
    assert sorted(one.field or "" for one in kept)[-1] == "data.total"
    assert orders.read("acme", "2").order is not None


def test_what_was_quarantined_can_be_read_again_to_the_byte(dynamo: FakeDynamo) -> None:
    text = sealed(b"\xff\xfe not json")
    taken(text)
    assert quarantine.replaying("acme", quarantine.listed("acme")[0].id, "2026-11-22T00:00:00Z") == text


def test_a_forged_envelope_changes_nothing(dynamo: FakeDynamo) -> None:
    forged = sealed(order_body(), master=b"x" * 32, verified=False)
    assert taken(forged) == []
    assert orders.read("acme", "1").order is None
    assert quarantine.listed("acme") == []


def test_a_delivery_accept_could_not_verify_is_believed_once_it_is_proven(dynamo: FakeDynamo) -> None:
    assert taken(sealed(order_body(), verified=False)) == []
    assert orders.read("acme", "1").order is not None


def test_a_secret_retired_while_the_delivery_waited_loses_nothing(dynamo: FakeDynamo) -> None:
    shops.put(replace(ACME, secret_generation=2, oldest_generation=2))
    assert taken(sealed(order_body())) == []
    assert orders.read("acme", "1").order is None
    assert "retired" in quarantine.listed("acme")[0].reason


def test_one_shops_delivery_never_lands_in_another(dynamo: FakeDynamo) -> None:
    shops.put(replace(ACME, slug="other"))
    assert taken(sealed(order_body(), shop="other", verified=False).replace('"shop":"other"', '"shop":"acme"')) == []
    assert orders.read("acme", "1").order is None
    assert orders.read("other", "1").order is None


@pytest.mark.parametrize("text", ["", "{}", "not json", '{"v":2}', '{"v":1,"shop":"acme"}', "[" * 100_000])
def test_a_message_that_is_no_envelope_goes_the_way_of_the_dead_letter_queue(dynamo: FakeDynamo, text: str) -> None:
    assert taken(text, sealed(order_body())) == ["m1"]
    assert orders.read("acme", "1").order is not None


def test_a_shop_that_is_not_in_the_table_keeps_its_deliveries_in_the_queue(dynamo: FakeDynamo) -> None:
    assert taken(sealed(order_body(), shop="nobody")) == ["m1"]


def test_a_body_in_s3_that_cannot_be_fetched_comes_again(dynamo: FakeDynamo) -> None:
    text = json.loads(sealed(order_body()))
    text["body_s3"] = "bodies/acme/" + "0" * 64
    del text["body"]
    assert taken(json.dumps(text)) == ["m1"]


@pytest.mark.parametrize("moment", range(1, 9))
@pytest.mark.parametrize("kind", ["throttled", "lost", "conflict"])
def test_trouble_at_any_call_brings_only_that_message_again_and_nothing_twice(
    dynamo: FakeDynamo, moment: int, kind: str
) -> None:
    calls = 0

    def break_once(operation: str, arguments: dict[str, Any]) -> None:
        nonlocal calls
        calls += 1
        if calls == moment:
            raise {
                "throttled": error("ProvisionedThroughputExceededException", operation=operation),
                "lost": ReadTimeoutError(endpoint_url="dynamodb"),
                "conflict": error("TransactionCanceledException", operation=operation, reasons=["TransactionConflict"]),
            }[kind]

    if kind == "lost":
        dynamo.after = break_once
    else:
        dynamo.before = break_once
    again = taken(sealed(order_body("1")), sealed(order_body("2")))
    dynamo.before = dynamo.after = lambda operation, arguments: None
    assert len(again) <= 1
    taken(sealed(order_body("1")), sealed(order_body("2")))
    (node,) = customers.look_up(ACME, "email:sara@example.test")
    assert customers.person("acme", node).totals["EUR"].placed == 2  # type: ignore[union-attr]


def test_a_table_that_is_down_keeps_everything_in_the_queue(dynamo: FakeDynamo) -> None:
    def down(operation: str, arguments: dict[str, Any]) -> None:
        raise error("InternalServerError", operation=operation)

    dynamo.before = down
    assert taken(sealed(order_body("1")), sealed(order_body("2"))) == ["m1", "m2"]


def test_an_error_nobody_foresaw_is_tried_again_and_then_quarantined(
    dynamo: FakeDynamo, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug(*_: object, **__: object) -> None:
        raise KeyError("sara@example.test")

    monkeypatch.setattr("chalicelib.platforms.standard.webhook.read", bug)
    assert taken(sealed(order_body()), received=1) == ["m1"]
    assert taken(sealed(order_body()), received=ingest.POISONED_AFTER) == []
    (kept,) = quarantine.listed("acme")
    assert "KeyError" in kept.reason
    assert "sara" not in kept.reason


def test_a_copy_of_the_shop_is_quarantined_not_mixed_in(dynamo: FakeDynamo) -> None:
    shops.put(replace(PERSIAN, source_url="https://pooshak.test"))
    text = woocommerce("027-order.updated.json")
    assert taken(text) == []
    assert orders.read("pooshak", "16").order is None
    (kept,) = quarantine.listed("pooshak")
    assert kept.field == "source"
    assert "comes from http" in kept.reason
    assert "the shop is https://pooshak.test" in kept.reason
    assert "--source-url" in kept.reason


@pytest.mark.parametrize(
    ("said", "same"),
    [
        ("https://shop.test", True),
        ("http://shop.test/", True),
        ("https://SHOP.test", True),
        ("https://shop.test:443", True),
        ("https://www.shop.test", False),
        ("https://staging.shop.test", False),
        ("https://shop.test/staging", False),
        ("https://shop.test:8443", False),
        ("shop.test", False),
        ("", True),
    ],
)
def test_a_shops_own_address_may_be_written_in_several_ways(said: str, same: bool) -> None:
    assert (ingest._from_elsewhere(replace(ACME, source_url="https://shop.test"), said) == "") is same


def woocommerce(name: str) -> str:
    """A recorded request of a real shop, as accept would have sealed it."""
    recorded = json.loads((RECORDED / name).read_text())
    headers = {key.lower(): value for key, value in recorded["headers"]}
    body = base64.b64decode(recorded["body_base64"])
    kept = {key: value for key, value in headers.items() if key.startswith("x-wc-")}
    sealed_secret = keys.seal_secret(MASTER, "pooshak", "*", recorded["secret"])
    shop = shops.get("pooshak")
    assert shop is not None
    known = dict.fromkeys([*shop.supplied_secrets.get("*", []), sealed_secret])
    shops.put(replace(shop, supplied_secrets={"*": list(known)}))
    topic = headers["x-wc-webhook-topic"]
    return seal(Envelope("pooshak", "woocommerce", topic, kept, "2026-11-21T21:10:00Z", True, body), None)


def test_a_recorded_order_of_a_real_shop_ends_as_rials_with_its_refund(dynamo: FakeDynamo) -> None:
    texts = [woocommerce(path.name) for path in sorted(RECORDED.glob("*-order.updated.json"))]
    assert [again for text in texts for again in taken(text)] == []
    order = orders.read("pooshak", "18").order
    assert order is not None
    assert (order.currency, order.currency_original, order.total, order.refunded) == (
        "IRR",
        "IRT",
        54_420_000,
        2_990_000,
    )
    customer = customers.person("pooshak", orders.read("pooshak", "18").customer or "")
    assert customer is not None
    assert customer.totals["IRR"].net == 51_430_000


def test_logs_name_no_person_and_no_signature(
    dynamo: FakeDynamo, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="ecrm")
    taken(sealed(order_body(total="a lot")), sealed(order_body(), master=b"x" * 32, verified=False), "{}")
    said = capsys.readouterr().out + caplog.text
    assert "quarantined" in said
    assert "sara" not in said.lower()
    assert "v1," not in said


def test_each_delivery_is_proven_at_the_moment_it_was_received(dynamo: FakeDynamo) -> None:
    """A queue that stood for a day must not turn good signatures into stale ones."""
    text = sealed(order_body())
    answer = ingest.handle({"Records": [record(text)]}, NOW + timedelta(days=1), OUTSIDE)
    assert answer == {"batchItemFailures": []}
    assert orders.read("acme", "1").order is not None


def test_the_table_is_reached_through_one_client(dynamo: FakeDynamo) -> None:
    assert orders.OrderRow._get_connection() is base.Row._get_connection()
