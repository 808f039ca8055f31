"""What the door notices beside its deliveries, and what the clock makes of it: as an owner, and as somebody who tries
addresses and secrets."""

from __future__ import annotations

import json
import threading
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.accept import receive
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.http_event import log_line
from chalicelib.keys import webhook_secret
from chalicelib.notices import MOST_SHOPS, NOTHING, Notices, Tally, ping_key, read, text_of
from chalicelib.platforms.woocommerce import signature as woocommerce
from chalicelib.table import base, counters, shops
from chalicelib.thin import Trouble
from chalicelib.work import notices
from tests.outside import MASTER, FakeOutside

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
ACME = Shop("acme", "woocommerce", "2026-01-01T00:00:00Z")
SARA = Shop("sara-shop", "woocommerce", "2026-01-01T00:00:00Z")
ORDER = b'{"id":18}'
PING = ({"content-type": "application/x-www-form-urlencoded"}, b"webhook_id=12")


def signed(shop="acme", secret=None):
    secret = secret or webhook_secret(MASTER, shop, "order.created")
    return woocommerce.sign(ORDER, secret, topic="order.created", now=NOW, id="d1")


@pytest.fixture
def outside():
    return FakeOutside(ACME, SARA)


def send(outside, headers, body=ORDER, shop="acme", now=NOW):
    return receive("woocommerce", shop, headers, body, now, outside=outside)


class Puts:
    """Writes into a bucket; `broken` makes the next ones fail."""

    def __init__(self):
        self.written, self.tried, self.broken, self.seconds = [], 0, False, 0.0

    def __call__(self, key, data):
        self.tried += 1
        if self.broken:
            raise OSError("no bucket")
        self.written.append((key, read(data)))

    def notices(self):
        return Notices(self, lambda: self.seconds)


class TestTheTally:
    def test_is_told_in_one_object_and_begins_anew(self):
        puts = Puts()
        door = puts.notices()
        for shop in ("acme", "acme", "sara-shop"):
            door.refused(shop)
        door.unknown_key("lilac")
        door.tell(NOW, turned_away=True)
        puts.seconds += 10
        door.tell(NOW, turned_away=False)
        [(key, told)] = puts.written
        assert key.startswith("notices/2026-11-21T09:00:00Z-")
        assert told == Tally(Counter({"acme": 2, "sara-shop": 1}), {"lilac"})

    def test_is_told_at_most_every_ten_seconds_however_much_is_refused(self):
        puts = Puts()
        door = puts.notices()
        for second in range(60):
            puts.seconds = float(second)
            for _ in range(50):
                door.refused("acme")
                door.tell(NOW, turned_away=True)
        assert puts.tried == 6
        door.tell_at_once(NOW)
        assert sum(told.refused["acme"] for _, told in puts.written) == 60 * 50
        assert len({key for key, _ in puts.written}) == 7

    def test_stays_where_it_cannot_be_told_and_is_not_tried_again_at_once(self):
        puts = Puts()
        door = puts.notices()
        puts.broken = True
        door.refused("acme")
        for _ in range(5):
            door.tell(NOW, turned_away=True)
        assert puts.tried == 1
        puts.broken, puts.seconds = False, 10.0
        door.refused("acme")
        door.tell(NOW, turned_away=False)
        assert [told.refused["acme"] for _, told in puts.written] == [2]

    def test_has_room_for_so_many_shops_and_goes_on_counting_those(self):
        puts = Puts()
        door = puts.notices()
        for n in range(MOST_SHOPS + 500):
            door.refused(f"shop-{n}")
            door.unknown_key(f"shop-{n}")
        door.refused("shop-7")
        door.tell(NOW, turned_away=True)
        [(_, told)] = puts.written
        assert (len(told.refused), len(told.keys), told.refused["shop-7"]) == (MOST_SHOPS, MOST_SHOPS, 2)

    def test_loses_nothing_when_many_are_refused_at_once(self):
        puts = Puts()
        door = puts.notices()

        def refuse():
            for _ in range(500):
                door.refused("acme")
                puts.seconds += 1
                door.tell(NOW, turned_away=True)

        threads = [threading.Thread(target=refuse) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        door.tell_at_once(NOW)
        assert sum(told.refused["acme"] for _, told in puts.written) == 2000

    @pytest.mark.parametrize(
        "broken",
        [
            b"",
            b"[]",
            b"{}",
            b'{"refused":{"acme":1}}',
            b'{"refused":[],"keys":[]}',
            b'{"refused":{"acme":"1"},"keys":[]}',
            b'{"refused":{"acme":true},"keys":[]}',
            b'{"refused":{"acme":-1},"keys":[]}',
            b'{"refused":{"acme#O":1},"keys":[]}',
            b'{"refused":{},"keys":[1]}',
            b'{"refused":{},"keys":["../x"]}',
            b"[" * 100_000,
            b"\xff",
        ],
    )
    def test_that_is_not_ours_is_refused(self, broken):
        with pytest.raises(ValueError):
            read(broken)

    def test_comes_back_as_it_was(self):
        told = Tally(Counter({"acme": 3}), {"sara-shop", "acme"})
        assert read(text_of(told)) == told


class TestARefusedSignature:
    def test_of_a_known_shop_is_counted_for_it(self, outside):
        send(outside, signed(secret="guess"))
        outside.seconds += 10
        send(outside, signed(secret="guess"), shop="sara-shop")
        assert sum((told.refused for told in outside.noticed()), Counter()) == {"acme": 1, "sara-shop": 1}

    def test_is_told_with_the_next_good_delivery_if_none_is_refused_again(self, outside):
        for _ in range(3):
            send(outside, signed(secret="guess"))
        assert sum(told.refused["acme"] for told in outside.noticed()) == 1
        outside.seconds += 10
        assert send(outside, signed())[0] == 200
        assert sum(told.refused["acme"] for told in outside.noticed()) == 3

    def test_of_nobody_costs_the_door_the_same_writes_as_one_of_a_shop(self):
        """Else whoever looks at how long it takes learns which shops there are."""
        writes = {}
        for shop in ("acme", "nobody-here", "NO SLUG", ""):
            outside = FakeOutside(ACME)
            outside.put, tried = _counting(outside.put)
            outside.notices = Notices(outside.put, lambda outside=outside: outside.seconds)
            for second in (0, 1, 9, 10, 11, 35):
                outside.seconds = 1000.0 + second
                assert send(outside, signed(secret="guess"), shop=shop)[0] == 401
                writes.setdefault(shop, []).append(len(tried))
        assert writes["acme"] == [1, 1, 1, 2, 2, 3]
        assert set(map(tuple, writes.values())) == {tuple(writes["acme"])}

    def test_of_nobody_leaves_one_object_for_good_that_tells_nothing(self, outside):
        for second in range(0, 600, 10):
            outside.seconds = 1000.0 + second
            send(outside, signed(secret="guess"), shop=f"nobody-{second}")
        kept = outside.objects.keys() - {"directory.json"}
        assert kept == {NOTHING}
        assert outside.noticed() == [Tally()]

    def test_is_401_whatever_is_wrong_with_the_bucket(self, outside):
        outside.directory.find("acme")
        outside.broken = {"put"}
        assert send(outside, signed(secret="guess"))[0] == 401
        assert send(outside, {}, shop="nobody-here")[0] == 401
        outside.broken, outside.seconds = set(), outside.seconds + 10
        send(outside, signed(secret="guess"))
        assert [told.refused for told in outside.noticed()] == [{"acme": 2}]

    def test_is_not_what_an_honest_shop_pays_for(self, outside):
        outside.put, tried = _counting(outside.put)
        outside.notices = Notices(outside.put, lambda: outside.seconds)
        for second in range(0, 100, 10):
            outside.seconds = 1000.0 + second
            assert send(outside, signed())[0] == 200
            assert send(outside, *PING)[0] == 200
        assert tried == []


def _counting(put):
    tried = []

    def counting(key, data):
        tried.append(key)
        put(key, data)

    return counting, tried


class TestAKeyThatWeDoNotKnow:
    """A platform that signs with a key pair: for these tests WooCommerce names one in a header."""

    @pytest.fixture(autouse=True)
    def _with_keys(self, monkeypatch):
        def unknown_key(headers, jwks):
            return "x-key" in headers and headers["x-key"] not in jwks.split()

        monkeypatch.setattr(woocommerce, "unknown_key", unknown_key, raising=False)

    @pytest.fixture
    def outside(self):
        return FakeOutside(replace(ACME, jwks="old spare"))

    def test_is_503_so_that_it_comes_again_and_somebody_fetches_it(self, outside):
        status, facts = send(outside, {"x-key": "new"})
        assert (status, facts["reason"], facts["shop"]) == (503, "unknown_key", "acme")
        assert outside.noticed() == [Tally(keys={"acme"})]
        assert not outside.changed()

    def test_is_401_once_it_is_known_and_did_not_sign_this(self, outside):
        assert send(outside, {"x-key": "old"})[0] == 401
        assert send(outside, {})[0] == 401
        outside.seconds += 10
        send(outside, {"x-key": "spare"})
        assert Counter({"acme": 3}) == sum((told.refused for told in outside.noticed()), Counter())

    def test_is_looked_up_in_a_fresh_directory_first(self, outside):
        outside.directory.find("acme")
        outside.publish(replace(ACME, jwks="old spare new"))
        outside.seconds += 6
        assert send(outside, {"x-key": "new"})[0] == 401

    def test_of_a_shop_that_is_not_there_is_401_and_leaves_no_name(self, outside):
        status, facts = send(outside, {"x-key": "new"}, shop="nobody-here")
        assert (status, facts["shop"]) == (401, "")
        assert outside.noticed() == [Tally()]

    def test_is_nothing_that_wakes_us_at_night(self, outside):
        line = json.loads(log_line(*send(outside, {"x-key": "new"}), NOW))
        assert (line["status"], line["refused"]) == (503, 1)
        assert "failed" not in line


class TestAPing:
    def test_changes_nothing_while_nobody_waits(self, outside):
        assert send(outside, *PING)[0] == 200
        assert outside.objects.keys() == {"directory.json"}

    def test_is_put_down_while_somebody_waits(self, outside):
        outside.publish(replace(ACME, pings_until=stamp(NOW + timedelta(minutes=5))))
        assert send(outside, *PING)[0] == 200
        assert outside.objects[ping_key("acme")] == b"2026-11-21T09:00:00Z"
        later = NOW + timedelta(minutes=4, seconds=59)
        send(outside, *PING, now=later)
        assert outside.objects[ping_key("acme")] == stamp(later).encode()

    def test_is_not_put_down_any_more_when_the_wait_is_over(self, outside):
        outside.publish(replace(ACME, pings_until=stamp(NOW)))
        assert send(outside, *PING)[0] == 200
        assert ping_key("acme") not in outside.objects

    def test_that_comes_right_after_somebody_began_to_wait_is_put_down_too(self, outside):
        """The directory that this process remembers is half a minute old."""
        outside.directory.find("acme")
        outside.seconds += 30
        outside.publish(replace(ACME, pings_until=stamp(NOW + timedelta(minutes=5))))
        send(outside, *PING)
        assert ping_key("acme") in outside.objects

    def test_gets_its_200_whatever_is_wrong_with_the_bucket(self, outside):
        outside.publish(replace(ACME, pings_until=stamp(NOW + timedelta(minutes=5))))
        outside.directory.find("acme")
        outside.broken = {"put"}
        assert send(outside, *PING)[0] == 200

    def test_for_another_shop_is_not_this_ones(self, outside):
        outside.publish(replace(ACME, pings_until=stamp(NOW + timedelta(minutes=5))), SARA)
        send(outside, *PING, shop="sara-shop")
        assert not outside.changed()


class TestTheClock:
    """What it makes of the notices that lie in the bucket."""

    @pytest.fixture(autouse=True)
    def _two_shops(self, table):
        shops.put(ACME)
        shops.put(SARA)

    @pytest.fixture
    def kept(self):
        return {}

    @pytest.fixture
    def asked(self):
        return []

    @pytest.fixture
    def outside(self, kept, asked):
        def listed(most):
            return sorted(kept)[:most]

        return notices.Outside(listed, kept.get, lambda key: kept.pop(key, None), asked.extend)

    def refused(self, shop, day="2026-11-21"):
        base.connect()
        row = base.first(counters.CounterRow, base.partition(shop, "ST"), day)
        return row.refused if row else None

    def test_counts_what_was_refused_on_its_day_and_forgets_it(self, outside, kept):
        kept["notices/2026-11-20T23:59:58Z-a.json"] = text_of(Tally(Counter(acme=2)))
        kept["notices/2026-11-21T00:00:08Z-b.json"] = text_of(Tally(Counter({"acme": 1, "sara-shop": 5})))
        kept["notices/2026-11-21T00:00:09Z-c.json"] = text_of(Tally(Counter(acme=4)))
        assert notices.drain(outside) == 3
        assert kept == {}
        assert notices.drain(outside) == 0
        assert [self.refused("acme", f"2026-11-{day}") for day in (20, 21)] == [2, 5]
        assert self.refused("sara-shop") == 5

    def test_asks_once_for_the_keys_of_each_shop(self, outside, kept, asked):
        for n in range(3):
            kept[f"notices/2026-11-21T09:00:0{n}Z-a.json"] = text_of(Tally(keys={"acme", "sara-shop"}))
        notices.drain(outside)
        assert [(shop, json.loads(body)) for shop, body in asked] == [
            (shop, {"shop": shop, "task": "keys"}) for shop in ("acme", "sara-shop")
        ]

    def test_makes_no_row_and_asks_nobody_for_a_shop_that_is_not_there(self, outside, kept, asked):
        kept["notices/2026-11-21T09:00:00Z-a.json"] = text_of(Tally(Counter({"nobody-here": 9}), {"nobody-here"}))
        assert notices.drain(outside) == 1
        assert (self.refused("nobody-here"), asked, kept) == (None, [], {})

    def test_throws_away_what_it_can_never_read(self, outside, kept, asked):
        good = "notices/2026-11-21T09:00:00Z-z.json"
        kept.update({"notices/2026-11-21T09:00:00Z-a.json": b"{", "notices/who-knows": text_of(Tally()), good: b""})
        kept[good] = text_of(Tally(Counter(acme=1)))
        assert notices.drain(outside) == 1
        assert (kept, self.refused("acme")) == ({}, 1)

    def test_leaves_what_tells_nothing_where_it_is_unread(self, outside, kept):
        kept[NOTHING] = b"never read"
        assert notices.drain(outside) == 0
        assert kept == {NOTHING: b"never read"}

    def test_keeps_everything_while_the_queue_is_down(self, outside, kept, asked):
        kept["notices/2026-11-21T09:00:00Z-a.json"] = text_of(Tally(Counter(acme=3), {"acme"}))

        def down(_):
            raise Trouble("sqs", 503, "down")

        assert notices.drain(replace(outside, ask=down)) == 0
        assert (len(kept), self.refused("acme")) == (1, None)
        notices.drain(outside)
        assert (kept, self.refused("acme"), len(asked)) == ({}, 3, 1)

    def test_is_not_stopped_by_a_bucket_that_is_down(self, outside):
        def down(_):
            raise Trouble("s3", 503, "SlowDown")

        assert notices.drain(replace(outside, listed=down)) == 0

    def test_takes_so_many_at_once_and_the_rest_the_next_minute(self, outside, kept):
        for n in range(250):
            kept[f"notices/2026-11-21T09:00:00.{n:03d}Z-a.json"] = text_of(Tally(Counter(acme=1)))
        assert [notices.drain(outside), notices.drain(outside)] == [200, 50]
        assert self.refused("acme") == 250
