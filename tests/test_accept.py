"""The door, as an honest shop and as an attacker."""

from __future__ import annotations

import base64
import json
import random
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from chalicelib import accept, clock
from chalicelib.accept import handler, receive
from chalicelib.domain.shop import Shop
from chalicelib.envelope import unseal
from chalicelib.keys import webhook_secret
from chalicelib.platforms.saleor import signature as saleor
from chalicelib.platforms.saleor.jws import segment as saleor_segment
from chalicelib.platforms.standard import signature as standard
from chalicelib.platforms.woocommerce import signature as woocommerce
from chalicelib.signatures import platform_names, proven
from tests.outside import MASTER, FakeOutside, supplied

NOW = datetime(2026, 11, 21, 9, 0, 0, 123456, tzinfo=UTC)
ACME = Shop("acme", "woocommerce", "2026-01-01T00:00:00Z")
SARA = Shop("sara-shop", "woocommerce", "2026-01-01T00:00:00Z")
HOME = Shop("home-made", "standard", "2026-01-01T00:00:00Z")
ORDER = b'{"id":18,"billing":{"first_name":"\\u0633\\u0627\\u0631\\u0627"}}'


def woo(shop="acme", topic="order.created", body=ORDER, secret=None, sent_as=None):
    """The headers of a WooCommerce delivery, signed with the derived secret of `topic`, sent as `sent_as`."""
    headers = woocommerce.sign(
        body, secret or webhook_secret(MASTER, shop, topic), topic=sent_as or topic, now=NOW, id="d1"
    )
    return {"X-WC-Webhook-Source": "https://acme.test/", **headers}


def std(body, secret=None, now=NOW):
    return standard.sign(body, secret or webhook_secret(MASTER, "home-made", "*"), topic="", now=now, id="msg_1")


@pytest.fixture
def outside():
    return FakeOutside(ACME, SARA, HOME)


def send(outside, headers, body=ORDER, platform="woocommerce", shop="acme"):
    return receive(platform, shop, headers, body, NOW, outside=outside)


class TestAnHonestShop:
    def test_gets_200_and_its_bytes_lie_on_the_queue_unchanged(self, outside):
        status, facts = send(outside, woo())
        assert (status, facts["reason"]) == (200, "accepted")
        [(group, text)] = outside.inbox
        [envelope] = outside.received()
        assert group == envelope.shop == "acme"
        assert envelope.body == ORDER
        assert envelope.verified is True
        assert envelope.topic == "order.created"
        assert envelope.received_at == "2026-11-21T09:00:00.123Z"
        assert envelope.headers["x-wc-webhook-source"] == "https://acme.test/"
        assert json.loads(text)["v"] == 1

    def test_of_its_own_making_is_heard_with_one_secret_for_all_types(self, outside):
        body = b'{"type":"order.paid","data":{}}'
        assert send(outside, std(body), body, "standard", "home-made")[0] == 200
        assert outside.received()[0].topic == "order.paid"

    def test_sending_the_same_twice_makes_the_same_envelope(self, outside):
        send(outside, woo())
        send(outside, woo())
        assert outside.inbox[0] == outside.inbox[1]

    def test_pings_and_gets_exactly_200_and_nothing_is_kept(self, outside):
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        assert send(outside, headers, b"webhook_id=12") == (
            200,
            {"platform": "woocommerce", "bytes": 13, "shop": "acme", "topic": "other", "reason": "ping"},
        )
        assert not outside.changed()

    @pytest.mark.parametrize("kind", ["", "text/plain", "application/json; charset=utf8", "x/y\x00z", "🐞"])
    def test_may_call_its_content_what_it_likes(self, outside, kind):
        assert send(outside, {**woo(), "content-type": kind})[0] == 200

    def test_may_write_header_names_as_it_likes(self, outside):
        assert send(outside, {name.upper(): value for name, value in woo().items()})[0] == 200

    def test_may_send_a_body_that_is_no_text_at_all(self, outside):
        body = b"\xff\xfe\x00{"
        assert send(outside, woo(body=body), body)[0] == 200
        assert outside.received()[0].body == body

    def test_is_answered_200_for_a_topic_we_do_not_know_and_it_is_kept(self, outside):
        outside.publish(replace(ACME, supplied_secrets=supplied("acme", all=["my own old secret"])))
        headers = woo(topic="coupon.created", secret="my own old secret")
        status, facts = send(outside, headers)
        assert (status, facts["reason"], facts["topic"]) == (200, "unknown_topic", "other")
        assert outside.received()[0].topic == "coupon.created"

    def test_may_sign_an_unknown_topic_with_any_of_its_derived_secrets(self, outside):
        assert send(outside, woo(topic="order.updated", sent_as="coupon.created"))[0] == 200

    def test_while_paused_is_still_heard(self, outside):
        outside.publish(replace(ACME, state="paused"))
        assert send(outside, woo())[0] == 200


class TestAnAttacker:
    def refused(self, outside, *args, **kwargs):
        status, facts = send(outside, *args, **kwargs)
        assert status == 401, facts
        assert not outside.changed()
        return facts

    def test_cannot_forge_without_a_secret(self, outside):
        self.refused(outside, woo(secret="guess"))
        self.refused(outside, {})
        self.refused(outside, {"x-wc-webhook-topic": "order.created"})

    @pytest.mark.parametrize("at", range(len(ORDER)))
    def test_cannot_change_a_byte_of_the_body(self, outside, at):
        changed = ORDER[:at] + bytes([ORDER[at] ^ 1]) + ORDER[at + 1 :]
        self.refused(outside, woo(), changed)

    def test_cannot_change_a_character_of_the_signature(self, outside):
        good = woo()
        text = good["x-wc-webhook-signature"]
        for at in range(len(text)):
            other = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
            self.refused(outside, {**good, "x-wc-webhook-signature": other})
        for other in ("", text + "=", text.rstrip("="), text + "A", text.lower(), "v1," + text):
            self.refused(outside, {**good, "x-wc-webhook-signature": other})

    def test_cannot_replay_one_topic_as_another(self, outside):
        body = b'{"id":44}'
        self.refused(outside, woo(topic="product.deleted", sent_as="customer.deleted", body=body), body)

    def test_cannot_use_one_shops_secret_for_another(self, outside):
        self.refused(outside, woo(shop="sara-shop"))

    def test_cannot_use_one_platforms_door_for_another(self, outside):
        body = b'{"type":"order.paid"}'
        assert self.refused(outside, std(body), body, "woocommerce", "home-made")["reason"] == "unknown"
        assert self.refused(outside, woo(), ORDER, "standard", "acme")["reason"] == "unknown"

    def test_cannot_come_five_minutes_late_where_time_is_signed(self, outside):
        body = b'{"type":"order.paid"}'
        self.refused(outside, std(body, now=NOW - timedelta(seconds=302)), body, "standard", "home-made")

    def test_cannot_tell_an_unknown_shop_from_a_wrong_signature_by_the_answer(self, outside):
        assert handler_status(outside, woo(), shop="nobody-here") == handler_status(outside, woo(secret="guess"))

    def test_costs_an_unknown_shop_the_same_hmac_as_a_known_one(self, outside, monkeypatch):
        asked = []
        real = woocommerce.verify
        monkeypatch.setattr(
            woocommerce, "verify", lambda h, b, s, n: asked.append((len(s), len(b))) or real(h, b, s, n)
        )
        self.refused(outside, woo(secret="guess"))
        self.refused(outside, woo(secret="guess"), shop="nobody-here")
        assert asked == [(1, len(ORDER))] * 2

    @pytest.mark.parametrize(
        "shop", ["nobody-here", "ACME", "acme ", "ac", "a" * 41, "", "../acme", "acme#O", "ac\x00me", "سارا"]
    )
    def test_finds_no_shop_that_is_not_there(self, outside, shop):
        self.refused(outside, woo(), shop=shop)
        self.refused(outside, {}, b"webhook_id=12", shop=shop)

    @pytest.mark.parametrize(
        "platform", ["nobody", "", "..", "woocommerce.signature", "__init__", "body", "texts", "Woocommerce", "os"]
    )
    def test_finds_no_platform_that_is_not_there(self, outside, platform):
        self.refused(outside, woo(), platform=platform)
        assert f"chalicelib.platforms.{platform}.signature" not in sys.modules

    def test_does_not_get_into_a_shop_that_is_off(self, outside):
        outside.publish(replace(ACME, state="off"))
        self.refused(outside, woo())
        self.refused(outside, {}, b"webhook_id=12")

    @pytest.mark.parametrize(
        "hostile",
        [
            "\x00",
            "é",
            "\ud800",
            "=" * 100_000,
            "sha256=…",
            "\r\nx-injected: 1",
            "A" * 43 + "=",
            "🐞" * 500,
            " ",
            "AAAA" * 11,
        ],
    )
    @pytest.mark.parametrize("name", ["x-wc-webhook-signature", "x-wc-webhook-topic"])
    def test_gets_401_for_hostile_headers_never_an_error(self, outside, name, hostile):
        self.refused(outside, {**woo(secret="guess"), name: hostile})

    @pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
    @pytest.mark.parametrize(
        "hostile", ["\x00", "é", "\ud800", "9" * 5000, "-1", "1e9", "v1,", "v1," * 5000, "٠", "NaN"]
    )
    def test_gets_401_for_hostile_standard_headers(self, outside, name, hostile):
        body = b'{"type":"order.paid"}'
        self.refused(outside, {**std(body), name: hostile}, body, "standard", "home-made")

    def test_cannot_fill_the_queue_with_long_headers(self, outside):
        long = {
            **woo(),
            "x-wc-webhook-source": "\x01" * 500_000,
            "x-other": "y" * 500_000,
            "user-agent": "\U0001f41e" * 9999,
        }
        assert send(outside, long)[0] == 200
        [(_, text)] = outside.inbox
        assert len(text) < 64_000
        assert text.isascii()
        assert text.isprintable()
        assert "x-other" not in outside.received()[0].headers

    def test_cannot_send_more_than_four_mebibytes(self, outside):
        body = b"x" * (4 * 1024 * 1024 + 1)
        assert send(outside, woo(body=body), body)[0] == 413
        assert not outside.changed()


class TestSecrets:
    def test_of_every_live_generation_are_taken_and_no_others(self, outside):
        outside.publish(replace(ACME, oldest_generation=2, secret_generation=4))
        answers = {}
        for generation in range(1, 6):
            secret = webhook_secret(MASTER, "acme", "order.created", generation)
            answers[generation] = send(outside, woo(secret=secret))[0]
        assert answers == {1: 401, 2: 200, 3: 200, 4: 200, 5: 401}

    def test_that_the_shop_brought_are_taken_beside_ours(self, outside):
        outside.publish(replace(ACME, supplied_secrets=supplied("acme", all=["رمز من"], order_created=["only here"])))
        assert send(outside, woo(secret="رمز من"))[0] == 200
        assert send(outside, woo(secret="only here"))[0] == 200
        assert send(outside, woo())[0] == 200
        assert send(outside, woo(secret="only here", topic="order.updated"))[0] == 401

    def test_that_are_new_are_looked_up_before_a_delivery_is_refused_for_good(self, outside):
        assert send(outside, woo())[0] == 200
        outside.publish(replace(ACME, supplied_secrets=supplied("acme", all=["brand new"])))
        outside.seconds += 6
        assert send(outside, woo(secret="brand new"))[0] == 200

    def test_that_were_retired_while_the_delivery_waited_are_found_out_by_ingest(self, outside):
        send(outside, woo())
        [envelope] = outside.received()
        assert proven(envelope, ACME, MASTER)
        assert not proven(envelope, replace(ACME, oldest_generation=2, secret_generation=2), MASTER)
        assert not proven(envelope, replace(ACME, state="off"), MASTER)
        assert not proven(envelope, SARA, MASTER)
        assert not proven(replace(envelope, body=b"{}"), ACME, MASTER)

    def test_prove_a_standard_delivery_again_by_the_time_it_was_received(self, outside):
        body = b'{"type":"order.paid"}'
        send(outside, std(body, now=NOW - timedelta(seconds=299)), body, "standard", "home-made")
        assert proven(outside.received()[0], HOME, MASTER)


@pytest.fixture(scope="module")
def pair():
    """(modulus, private exponent) of a shop's key."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_numbers()
    return made.public_numbers.n, made.d


class TestAPlatformThatSignsWithAKeyPair:
    def jwks(self, pair, kid="now"):
        number = pair[0].to_bytes(256, "big")
        return json.dumps({"keys": [{"kty": "RSA", "kid": kid, "n": saleor_segment(number), "e": "AQAB"}]})

    def shop(self, pair):
        return Shop("lilac", "saleor", "2026-01-01T00:00:00Z", jwks=self.jwks(pair))

    def ask(self, outside, headers, shop="lilac", body=ORDER):
        return receive("saleor", shop, headers, body, NOW, outside=outside)

    def signed(self, pair, kid="now"):
        return saleor.sign_with_key(ORDER, *pair, kid, topic="order_created")

    def test_is_believed_by_its_public_keys_here_and_again_by_ingest(self, pair):
        outside = FakeOutside(self.shop(pair))
        assert self.ask(outside, self.signed(pair))[0] == 200
        [envelope] = outside.received()
        assert proven(envelope, self.shop(pair), MASTER)
        assert not proven(replace(envelope, body=b"{}"), self.shop(pair), MASTER)
        assert not proven(envelope, replace(self.shop(pair), jwks=self.jwks(pair, "next")), MASTER)

    def test_is_not_believed_with_another_body_or_somebody_elses_key(self, pair):
        outside = FakeOutside(self.shop(pair))
        assert self.ask(outside, self.signed(pair), body=b"{}")[0] == 401
        forged = saleor.sign_with_key(ORDER, pair[0] - 2, pair[1], "now", topic="order_created")
        assert self.ask(outside, forged)[0] == 401
        assert not outside.changed()

    def test_is_asked_to_come_again_when_it_has_a_new_key_and_then_is_believed(self, pair):
        outside = FakeOutside(self.shop(pair))
        assert self.ask(outside, self.signed(pair, "next"))[0] == 503
        assert not outside.changed()
        outside.publish(replace(self.shop(pair), jwks=self.jwks(pair, "next")))
        outside.seconds += 10
        assert self.ask(outside, self.signed(pair, "next"))[0] == 200


class TestWhenThingsAreDown:
    def test_the_spool_takes_what_the_queue_does_not(self, outside):
        outside.broken = {"queue"}
        assert send(outside, woo())[0] == 200
        [(key, envelope)] = outside.spooled().items()
        assert key.startswith("spool/acme/2026-11-21T09:00:00.123Z-")
        assert envelope.body == ORDER
        assert envelope.verified

    def test_without_queue_and_spool_the_shop_is_told_to_come_back(self, outside):
        outside.directory.find("acme")
        outside.broken = {"queue", "put"}
        assert send(outside, woo())[0] == 503
        assert not outside.changed()

    def test_a_forger_is_refused_as_ever(self, outside):
        outside.directory.find("acme")
        outside.broken = {"queue", "put", "get"}
        assert send(outside, woo(secret="guess"))[0] == 401

    def test_a_large_body_goes_to_the_bucket_and_back(self, outside):
        body = random.Random(7).randbytes(4 * 1024 * 1024)
        assert send(outside, woo(body=body), body)[0] == 200
        [(_, text)] = outside.inbox
        assert len(text) < 2000
        assert json.loads(text)["body_s3"].startswith("bodies/acme/")
        assert outside.received()[0].body == body

    def test_a_large_body_that_cannot_be_stored_is_503_not_lost(self, outside):
        outside.directory.find("acme")
        body = random.Random(7).randbytes(1024 * 1024)
        outside.broken = {"put"}
        assert send(outside, woo(body=body), body)[0] == 503

    def test_an_old_directory_serves_while_s3_is_down(self, outside):
        assert send(outside, woo())[0] == 200
        outside.broken = {"get"}
        outside.seconds += 3600
        assert send(outside, woo())[0] == 200
        assert send(outside, woo(secret="guess"))[0] == 401

    def test_without_any_directory_the_delivery_waits_for_somebody_who_can_verify(self, outside):
        outside.broken = {"get"}
        assert send(outside, woo())[1]["reason"] == "unverified"
        assert send(outside, woo(secret="guess"))[0] == 200
        assert outside.inbox == []
        outside.broken = set()
        good, bad = (unseal(text, outside.get) for _, text in outside.unverified)
        assert not good.verified
        assert proven(good, ACME, MASTER)
        assert not proven(bad, ACME, MASTER)

    def test_without_any_directory_and_without_that_queue_it_is_503(self, outside):
        outside.broken = {"get", "unverified"}
        assert send(outside, woo())[0] == 503
        assert send(outside, {}, b"webhook_id=12")[0] == 503

    def test_nothing_unverified_is_ever_put_into_the_bucket(self, outside):
        outside.broken = {"get"}
        body = random.Random(7).randbytes(2 * 1024 * 1024)
        assert send(outside, woo(body=body), body)[0] == 503
        assert outside.objects.keys() == {"directory.json"}

    def test_the_last_resort_is_503_with_an_id_and_no_word_of_the_delivery(self, outside, monkeypatch):
        def fails(*_):
            raise RuntimeError("sara@example.test")

        monkeypatch.setattr(woocommerce, "verify", fails)
        status, facts = send(outside, woo())
        assert status == 503
        assert len(facts["id"]) == 12
        assert "sara" not in json.dumps(facts)


def event(headers, body=ORDER, shop="acme", platform="woocommerce", **more):
    return {
        "resource": "/hooks/{platform}/{shop}",
        "path": f"/hooks/{platform}/{shop}",
        "httpMethod": "POST",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "pathParameters": {"platform": platform, "shop": shop},
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
        **more,
    }


def handler_status(outside, headers, **kwargs):
    """What the outside sees: the whole answer."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accept, "aws", lambda: outside)
        clock.use(lambda: NOW)
        try:
            return handler(event(headers, **kwargs), None)
        finally:
            clock.use(None)


class TestTheLambdaFunction:
    def test_takes_api_gateways_event(self, outside, capsys):
        assert handler_status(outside, woo())["statusCode"] == 200
        assert outside.received()[0].body == ORDER
        assert "é".encode() not in ORDER
        line = json.loads(capsys.readouterr().out)
        assert line["received"] == 1
        assert line["_aws"]["CloudWatchMetrics"][0]["Metrics"] == [{"Name": "received"}]
        assert (line["shop"], line["topic"], line["bytes"]) == ("acme", "order.created", len(ORDER))

    def test_takes_a_body_that_is_text(self, outside):
        text = '{"name":"سارا"}'
        answer = handler_status(outside, woo(body=text.encode()), body=b"")
        assert answer["statusCode"] == 401
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(accept, "aws", lambda: outside)
            answer = handler(event(woo(body=text.encode()), isBase64Encoded=False) | {"body": text}, None)
        assert answer["statusCode"] == 200

    def test_logs_no_body_no_signature_and_nobodys_invention(self, outside, capsys):
        handler_status(outside, woo(secret="guess", topic="sara@example.test"), shop="nobody-here")
        handler_status(outside, woo(), platform="evil\nplatform")
        said = capsys.readouterr().out
        for word in ("sara", "nobody", "evil", "guess", woo()["x-wc-webhook-signature"], "billing"):
            assert word not in said
        assert [json.loads(line)["refused"] for line in said.splitlines()] == [1, 1]

    @pytest.mark.parametrize(
        ("change", "status"),
        [
            ({"body": "%%%not base64"}, 401),
            ({"body": "A"}, 401),
            ({"body": "é"}, 401),
            ({"body": None}, 401),
            ({"body": 12}, 401),
            ({"body": "A" * (7 * 1024 * 1024)}, 413),
            ({"headers": None, "multiValueHeaders": None}, 401),
            ({"multiValueHeaders": {"a": None, "b": [None, 3], "": [""]}}, 401),
            ({"pathParameters": None, "path": "/"}, 401),
            ({"pathParameters": None, "path": "/hooks/woocommerce/acme/more"}, 401),
            ({"pathParameters": None, "path": "/hooks//acme"}, 401),
            ({"pathParameters": None, "path": None}, 401),
            ({"pathParameters": {"platform": None, "shop": 3}, "path": "/hooks"}, 401),
            ({"pathParameters": None}, 200),
            ({"multiValueHeaders": None}, 200),
        ],
    )
    def test_never_fails_whatever_the_event(self, outside, change, status):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(accept, "aws", lambda: outside)
            answer = handler({**event(woo()), **change}, None)
        assert answer["statusCode"] == status
        assert answer["body"] == ""

    def test_takes_a_signature_header_that_a_proxy_doubled_but_not_two_different_ones(self, outside):
        good = event(woo())
        signature = good["headers"]["x-wc-webhook-signature"]
        for values, status in (([signature] * 2, 200), (["x", signature], 401), ([signature, "x"], 401)):
            doubled = {**good["multiValueHeaders"], "x-wc-webhook-signature": values}
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(accept, "aws", lambda: outside)
                assert handler({**good, "multiValueHeaders": doubled}, None)["statusCode"] == status

    def test_says_503_and_when_to_come_back_where_it_was_never_set_up(self, monkeypatch, capsys):
        def unset():
            raise RuntimeError("ECRM_BUCKET is not set")

        monkeypatch.setattr(accept, "aws", unset)
        answer = handler(event(woo()), None)
        assert (answer["statusCode"], answer["headers"]["retry-after"]) == (503, "30")
        assert json.loads(capsys.readouterr().out)["failed"] == 1

    def test_imports_nothing_but_the_standard_library_and_these(self):
        script = (
            "import sys; import chalicelib.accept, chalicelib.signatures as s\n"
            "[s.signature_of(name) for name in s.platform_names()]\n"
            "print(*sorted(m for m in sys.modules if m.split('.')[0] not in sys.stdlib_module_names))"
        )
        said = subprocess.run(
            [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, '.')\n{script}"],
            capture_output=True,
            text=True,
            check=True,
        )
        names = (
            "accept clock directory domain domain.shop domain.times envelope http_event keys notices outside platforms "
            "settings signatures thin"
        )
        platforms = sorted(platform_names())
        signatures = [f"platforms.{name}{part}" for name in platforms for part in ("", ".signature")]
        expected = {
            "chalicelib",
            *(f"chalicelib.{name}" for name in [*names.split(), *signatures, "platforms.saleor.jws", "rsa_verify"]),
        }
        assert set(said.stdout.split()) - {"__main__"} == expected


SAMPLES = Path(__file__).parent.parent / "webhooks"


def recorded(platform):
    for file in sorted(SAMPLES.glob(f"{platform}/samples/*/*.json")):
        sample = json.loads(file.read_text())
        if sample.get("body_base64"):
            headers = {name.lower(): value for name, value in sample["headers"]}
            yield file.name, headers, base64.b64decode(sample["body_base64"]), sample["secret"]


class TestRealShopsRequests:
    def test_of_woocommerce_are_taken_and_with_one_byte_changed_refused(self):
        found = list(recorded("woocommerce"))
        secrets = sorted({secret for *_, secret in found if secret})
        outside = FakeOutside(replace(ACME, supplied_secrets=supplied("acme", all=secrets)))
        signed = [one for one in found if "x-wc-webhook-signature" in one[1]]
        assert len(signed) > 60
        for name, headers, body, _ in signed:
            assert send(outside, headers, body)[0] == 200, name
            at = len(body) // 2
            assert send(outside, headers, body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :])[0] == 401, name
        assert [envelope.body for envelope in outside.received()] == [body for _, _, body, _ in signed]

    def test_of_woocommerce_that_are_pings_get_200_and_leave_nothing(self):
        outside = FakeOutside(ACME)
        pings = [one for one in recorded("woocommerce") if one[2].startswith(b"webhook_id=")]
        assert len(pings) > 10
        assert {send(outside, headers, body)[0] for _, headers, body, _ in pings} == {200}
        assert not outside.changed()

    def test_of_engines_that_speak_standard_webhooks_are_taken_in_their_time_only(self):
        found = [one for one in recorded("standard") if one[3]]
        assert len(found) > 20
        for name, headers, body, secret in found:
            outside = FakeOutside(replace(HOME, supplied_secrets=supplied("home-made", all=[secret])))
            at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
            assert receive("standard", "home-made", headers, body, at, outside=outside)[0] == 200, name
            late = at + timedelta(minutes=6)
            assert receive("standard", "home-made", headers, body, late, outside=outside)[0] == 401, name
