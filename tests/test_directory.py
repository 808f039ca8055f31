"""The shop directory, the envelope and the spool's format: what accept remembers and what it hands on."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import random

import pytest

from chalicelib import directory
from chalicelib.directory import Absent, Directory, Entry, NeverLoaded, text_of
from chalicelib.domain.shop import Shop
from chalicelib.envelope import LARGEST_BODY, BadEnvelope, Envelope, TooLarge, seal, unseal
from tests.outside import MASTER, FakeOutside, supplied

ACME = Shop("acme", "woocommerce", "2026-01-01T00:00:00Z")
SARA = Shop("sara-shop", "standard", "2026-01-01T00:00:00Z", state="paused", oldest_generation=2, secret_generation=3)


class TestTheDirectory:
    def test_says_of_each_shop_what_the_door_needs_and_no_more(self):
        shops = json.loads(text_of([SARA, ACME]))["shops"]
        assert shops["acme"] == {"platform": "woocommerce", "state": "on", "oldest": 1, "newest": 1}
        assert shops["sara-shop"] == {"platform": "standard", "state": "paused", "oldest": 2, "newest": 3}
        assert text_of([SARA, ACME]) == text_of([ACME, SARA])

    def test_says_until_when_somebody_waits_for_a_hello_only_while_somebody_does(self):
        waiting = Shop("acme", "woocommerce", "", pings_until="2026-11-21T09:05:00Z")
        outside = FakeOutside(waiting, SARA)
        assert outside.directory.find("acme").pings == "2026-11-21T09:05:00Z"
        assert outside.directory.find("sara-shop").pings == ""
        assert "pings" not in json.loads(text_of([SARA]))["shops"]["sara-shop"]
        assert (
            "pings" not in json.loads(text_of([Shop("acme", "woocommerce", "", pings_until="9" * 31)]))["shops"]["acme"]
        )

    def test_holds_no_secret_that_can_be_read(self):
        shop = Shop("acme", "woocommerce", "", supplied_secrets=supplied("acme", all=["my old secret"]))
        text = text_of([shop]).decode()
        assert "my old" not in text
        assert base64.b64encode(b"my old secret").decode()[:8] not in text
        assert "my old secret" in directory.entry(shop).candidates(MASTER, "acme", ["order.created"])

    def test_that_somebody_else_wrote_gives_no_secret_of_theirs(self):
        planted = Entry("woocommerce", "on", secrets={"*": ["attackers own", *supplied("other", all=["x"])["*"]]})
        assert len(planted.candidates(MASTER, "acme", ["order.created"])) == 1

    def test_is_read_once_a_minute(self):
        outside = FakeOutside(ACME)
        for seconds in (0, 10, 49):
            outside.seconds = 1000.0 + seconds
            assert outside.directory.find("acme") == Entry("woocommerce", "on")
        assert outside.reads == 1
        outside.seconds = 1061.0
        outside.directory.find("acme")
        assert outside.reads == 2

    def test_is_asked_again_for_an_unknown_shop_but_not_more_than_every_five_seconds(self):
        outside = FakeOutside(ACME)
        outside.directory.find("acme")
        for _ in range(1000):
            assert outside.directory.find("nobody") is None
        assert outside.reads == 1
        outside.seconds += 5
        for _ in range(1000):
            outside.directory.find("nobody")
        assert outside.reads == 2

    def test_finds_a_shop_that_was_added_since(self):
        outside = FakeOutside(ACME)
        outside.directory.find("acme")
        outside.publish(ACME, SARA)
        outside.seconds += 5
        assert outside.directory.find("sara-shop")

    def test_is_seen_at_once_by_the_process_that_published_it(self):
        outside = FakeOutside(ACME)
        assert outside.directory.find("sara-shop") is None
        directory.publish(lambda: [ACME, SARA], outside.put)
        assert outside.directory.find("sara-shop")

    @pytest.mark.parametrize(
        "broken", [b"", b"{}", b"[]", b'{"v":2,"shops":{}}', b'{"v":1,"shops":{"acme":{"x":1}}}', b"\xff"]
    )
    def test_that_cannot_be_read_leaves_the_old_one_standing(self, broken):
        outside = FakeOutside(ACME)
        outside.directory.find("acme")
        outside.objects["directory.json"] = broken
        outside.seconds += 61
        assert outside.directory.find("acme")
        assert outside.directory.find("nobody") is None

    def test_that_never_came_is_said_to_be_so_and_asked_for_again_after_five_seconds(self):
        outside = FakeOutside(ACME)
        outside.broken = {"get"}
        for _ in range(10):
            with pytest.raises(NeverLoaded):
                outside.directory.find("acme")
        assert outside.reads == 1
        outside.broken = set()
        outside.seconds += 5
        assert outside.directory.find("acme")

    def test_that_was_never_published_knows_nobody(self):
        def absent(key):
            raise Absent(key)

        assert Directory(absent).find("acme") is None

    def test_of_two_commands_at_once_ends_with_both_shops(self):
        table, written = [ACME], []

        def put(key, data):
            if not written:
                table.append(SARA)  # the other command comes between reading and writing
            written.append(data)

        directory.publish(lambda: list(table), put)
        assert json.loads(written[-1])["shops"].keys() == {"acme", "sara-shop"}


def envelope(body=b"{}", **changes):
    facts = {"shop": "acme", "platform": "woocommerce", "topic": "order.created", "headers": {}, "verified": True}
    return Envelope(**{**facts, "received_at": "2026-11-21T09:00:00Z", "body": body, **changes})


class TestTheEnvelope:
    def test_brings_back_what_was_put_in(self):
        outside = FakeOutside()
        sent = envelope("سارا\x00".encode() + b"\xff", headers={"x": "\ud800\x00\u2028é"}, verified=False)
        text = seal(sent, outside.put)
        assert text.isascii()
        assert text.isprintable()
        assert unseal(text, outside.get) == sent
        assert outside.objects == {}

    @pytest.mark.parametrize("size", [0, 1, 600_000, 700_000, LARGEST_BODY])
    def test_always_fits_into_a_message(self, size):
        outside = FakeOutside()
        sent = envelope(random.Random(size).randbytes(size), headers={f"h{n}": "\x01" * 2048 for n in range(10)})
        text = seal(sent, outside.put)
        assert len(text) <= 900_000
        assert unseal(text, outside.get) == sent

    def test_that_may_not_use_the_bucket_says_that_it_is_too_large(self):
        with pytest.raises(TooLarge):
            seal(envelope(random.Random(1).randbytes(800_000)), None)

    @pytest.mark.parametrize(
        "change",
        [
            {"v": 2},
            {"v": None},
            {"shop": 1},
            {"topic": None},
            {"verified": "yes"},
            {"headers": []},
            {"headers": {"a": 1}},
            {"body": None},
            {"body": "%%%"},
            {"body": "e30="},
            {"body": base64.b64encode(gzip.compress(b"{}")[:-9]).decode()},
            {"body_s3": "bodies/other/" + "0" * 64},
            {"body_s3": "bodies/acme/../../directory.json"},
            {"body_s3": "directory.json"},
            {"body_s3": None},
        ],
    )
    def test_that_is_not_ours_is_refused(self, change):
        raw = {**json.loads(seal(envelope(), None)), **change}
        with pytest.raises(BadEnvelope):
            unseal(json.dumps(raw), FakeOutside().get)
        for text in ("", "[]", "null", "[" * 100_000):
            with pytest.raises(BadEnvelope):
                unseal(text, FakeOutside().get)

    def test_does_not_unpack_a_bomb(self):
        bomb = gzip.compress(bytes(300 * 1024 * 1024), 1)
        assert len(bomb) < 2_000_000
        raw = {**json.loads(seal(envelope(), None)), "body": base64.b64encode(bomb).decode()}
        with pytest.raises(BadEnvelope, match="too large"):
            unseal(json.dumps(raw), FakeOutside().get)

    def test_takes_from_the_bucket_only_what_was_put_there(self):
        outside = FakeOutside()
        text = seal(envelope(random.Random(1).randbytes(800_000)), outside.put)
        [key] = outside.objects
        assert key == "bodies/acme/" + hashlib.sha256(random.Random(1).randbytes(800_000)).hexdigest()
        outside.objects[key] = gzip.compress(b"other")
        with pytest.raises(BadEnvelope, match="something else"):
            unseal(text, outside.get)
