"""Secrets and tokens: what each opens, and that it opens nothing else."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import keys
from chalicelib.keys import BadToken, Link

MASTER = bytes(range(32))
OTHER_MASTER = bytes(range(1, 33))
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
SOON = NOW + timedelta(minutes=10)


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def jwt(claims: object, header: object = None, secret: str = "s", algorithm: str = "sha256") -> str:
    """A JWT made by hand, as a shop's own library would."""
    signed = ".".join(b64(json.dumps(part).encode()) for part in (header or {"alg": "HS256", "typ": "JWT"}, claims))
    return f"{signed}.{b64(hmac.digest(secret.encode(), signed.encode(), algorithm))}"


def claims(**changes: object) -> dict[str, object]:
    return {"iss": "acme", "sub": "42", "exp": int(SOON.timestamp()), "aud": "ecrm", **changes}


class TestDerivedSecrets:
    def test_are_the_hmac_that_the_documents_say(self):
        expected = hmac.new(MASTER, b"webhook|acme|order.created|1", hashlib.sha256).digest()
        assert keys.derive(MASTER, "webhook", "acme", "order.created", 1) == expected
        assert keys.webhook_secret(MASTER, "acme", "order.created") == "whsec_" + base64.b64encode(expected).decode()

    def test_differ_in_every_part(self):
        base = (MASTER, "webhook", "acme", "order.created", 1)
        others = [
            (OTHER_MASTER, *base[1:]),
            (MASTER, "cursor", "acme", "order.created", 1),
            (MASTER, "webhook", "acme2", "order.created", 1),
            (MASTER, "webhook", "acme", "order.updated", 1),
            (MASTER, "webhook", "acme", "order.created", 2),
        ]
        assert len({keys.derive(*parts) for parts in [base, *others]}) == 6

    @given(st.text(max_size=6), st.text(max_size=6), st.integers(0, 99), st.integers(0, 99))
    def test_cannot_be_moved_from_one_topic_to_another_by_a_separator(self, one, two, g1, g2):
        same = keys.derive(MASTER, "p", "s", one, g1) == keys.derive(MASTER, "p", "s", two, g2)
        assert same == ((one, g1) == (two, g2))

    def test_refuse_a_separator_in_purpose_or_shop(self):
        with pytest.raises(ValueError, match="must not contain"):
            keys.derive(MASTER, "webhook|acme", "x")
        with pytest.raises(ValueError, match="must not contain"):
            keys.derive(MASTER, "webhook", "acme|order")


class TestApiKeys:
    def test_say_whose_they_are(self):
        assert keys.shop_of_key(keys.publishable_key(MASTER, "acme-2")) == "acme-2"
        assert keys.shop_of_key(keys.secret_key(MASTER, "acme")) == "acme"

    @pytest.mark.parametrize(
        "text",
        ["", "pk_", "pk_acme", "pk_acme_", "pk_acme_x", "xx_acme_" + "a" * 43, "pk_ACME_" + "a" * 22, "سارا" * 9],
    )
    def test_that_are_none_are_nobodys(self, text):
        assert keys.shop_of_key(text) is None

    def test_open_only_against_their_own_hash(self):
        key = keys.secret_key(MASTER, "acme")
        stored = keys.hash_secret_key(key)
        assert key not in stored
        assert keys.is_secret_key(key, stored)
        for wrong in (
            key[:-1],
            key + "a",
            keys.secret_key(MASTER, "acme", 2),
            keys.secret_key(MASTER, "other"),
            "",
            "\ud800",
        ):
            assert not keys.is_secret_key(wrong, stored)
        assert not keys.is_secret_key("", "")

    def test_of_all_kinds_and_generations_are_different_and_always_the_same(self):
        made = [keys.publishable_key(MASTER, "a-1"), keys.secret_key(MASTER, "a-1"), keys.secret_key(MASTER, "a-1", 2)]
        made.append(keys.identity_secret(MASTER, "a-1"))
        assert len(set(made)) == 4
        assert made[1] == keys.secret_key(MASTER, "a-1")
        assert [len(key.rpartition("_")[2]) for key in made] == [22, 43, 43, 43]


class TestSuppliedSecrets:
    @given(st.text(min_size=1, max_size=200).filter(lambda text: text.isprintable()))
    def test_come_back_as_they_were(self, secret):
        sealed = keys.seal_secret(MASTER, "acme", "*", secret)
        assert keys.open_secret(MASTER, "acme", "*", sealed) == secret
        assert sealed == keys.seal_secret(MASTER, "acme", "*", secret)
        assert sealed.isascii()

    def test_open_only_for_the_shop_and_topic_and_master_they_were_sealed_for(self):
        sealed = keys.seal_secret(MASTER, "acme", "order.created", "رمز")
        for place in (
            (OTHER_MASTER, "acme", "order.created"),
            (MASTER, "other", "order.created"),
            (MASTER, "acme", "*"),
        ):
            with pytest.raises(BadToken):
                keys.open_secret(*place, sealed)

    def test_do_not_open_when_a_character_was_changed(self):
        sealed = keys.seal_secret(MASTER, "acme", "*", "a secret of more than thirty-two bytes, so two blocks")
        for at in range(len(sealed) - 1):
            changed = sealed[:at] + ("A" if sealed[at] != "A" else "B") + sealed[at + 1 :]
            with pytest.raises(BadToken):
                keys.open_secret(MASTER, "acme", "*", changed)
        for junk in ("", "A", "%%%", "é"):
            with pytest.raises(BadToken):
                keys.open_secret(MASTER, "acme", "*", junk)

    def test_show_nothing_of_themselves(self):
        one = base64.urlsafe_b64decode(keys.seal_secret(MASTER, "acme", "*", "a" * 64) + "=" * 2)
        two = base64.urlsafe_b64decode(keys.seal_secret(MASTER, "acme", "*", "a" * 63 + "b") + "=" * 2)
        assert b"aaaa" not in one
        assert sum(x == y for x, y in zip(one, two, strict=True)) < 12


class TestCustomerTokens:
    def open(self, token: str, shop: str = "acme", secret: str = "s", now: datetime = NOW) -> str:
        return keys.open_customer_token(secret, token, shop, now)

    def test_that_a_shop_makes_by_hand_open(self):
        assert self.open(jwt(claims())) == "42"

    def test_that_we_make_open(self):
        assert self.open(keys.customer_token("s", "acme", "42", SOON)) == "42"

    @pytest.mark.parametrize(
        "changes",
        [
            {"iss": "other"},
            {"iss": None},
            {"aud": "other"},
            {"aud": ["ecrm"]},
            {"sub": ""},
            {"sub": 42},
            {"sub": None},
            {"sub": "x" * 201},
            {"exp": None},
            {"exp": "1"},
            {"exp": True},
            {"exp": 1.0e300},
            {"exp": int((NOW - timedelta(seconds=61)).timestamp())},
            {"exp": int((NOW + timedelta(minutes=17)).timestamp())},
            {"exp": 10**400},
        ],
    )
    def test_with_a_wrong_claim_do_not_open(self, changes):
        with pytest.raises(BadToken):
            self.open(jwt(claims(**changes)))

    @pytest.mark.parametrize("seconds", [-59, 0, 960])
    def test_may_be_off_by_a_minute(self, seconds):
        assert self.open(jwt(claims(exp=int(NOW.timestamp()) + seconds))) == "42"

    @pytest.mark.parametrize(
        "header", [{"alg": "none"}, {"alg": "hs256"}, {"alg": "RS256"}, {}, [], {"alg": "HS256", "crit": []}]
    )
    def test_of_another_algorithm_do_not_open(self, header):
        with pytest.raises(BadToken):
            self.open(jwt(claims(), header or {"typ": "JWT"}))

    def test_with_another_secret_or_none_do_not_open(self):
        good = jwt(claims())
        head, body, signature = good.split(".")
        for bad in (jwt(claims(), secret="t"), f"{head}.{body}.", f"{head}.{body}", jwt(claims(), algorithm="sha512")):
            with pytest.raises(BadToken):
                self.open(bad)
        unsigned = f"{b64(b'{}')}.{body}.{signature}"
        with pytest.raises(BadToken):
            self.open(unsigned)

    def test_that_are_anything_else_do_not_open(self):
        deep = b64(b"[" * 2000)
        for junk in ("", ".", "..", "....", "a.b.c", "é.é.é", "\x00", "a" * 5000, f"{deep}.{deep}.{deep}"):
            with pytest.raises(BadToken):
                self.open(junk)

    def test_with_deep_json_behind_a_right_signature_do_not_break_anything(self):
        signed = f"{b64(b'[' * 1000)}.{b64(b'[' * 1000)}"
        with pytest.raises(BadToken):
            self.open(f"{signed}.{b64(hmac.digest(b's', signed.encode(), 'sha256'))}")


class TestLinks:
    LINK = Link("acme", "c_sara", "f_thanks")

    def test_open_for_what_they_were_made(self):
        token = keys.link_token(MASTER, "unsubscribe", self.LINK, SOON)
        assert keys.open_link(MASTER, "unsubscribe", token, NOW) == self.LINK
        assert all(ch.isalnum() or ch in "-_." for ch in token)
        assert len(token) < 120

    def test_open_nothing_else(self):
        token = keys.link_token(MASTER, "unsubscribe", self.LINK, SOON)
        for master, purpose, now in (
            (MASTER, "preferences", NOW),
            (OTHER_MASTER, "unsubscribe", NOW),
            (MASTER, "unsubscribe", SOON),
        ):
            with pytest.raises(BadToken):
                keys.open_link(master, purpose, token, now)

    def test_cannot_be_rewritten_for_somebody_else(self):
        fields, mac = keys.link_token(MASTER, "unsubscribe", self.LINK, SOON).split(".")
        for stolen in (["acme", "c_ali", "f_thanks"], ["other", "c_sara", "f_thanks"]):
            forged = b64(json.dumps([*stolen, int(SOON.timestamp())]).encode())
            with pytest.raises(BadToken):
                keys.open_link(MASTER, "unsubscribe", f"{forged}.{mac}", NOW)
        for junk in (
            fields,
            f"{fields}.",
            f".{mac}",
            f"{fields}.{mac}A",
            f"{fields}=.{mac}",
            "x.y",
            f"{b64(b'null')}.{mac}",
            "",
        ):
            with pytest.raises(BadToken):
                keys.open_link(MASTER, "unsubscribe", junk, NOW)

    def test_of_an_unknown_purpose_are_a_mistake_of_ours(self):
        with pytest.raises(ValueError, match="not one of"):
            keys.link_token(MASTER, "everything", self.LINK, SOON)


class TestCursors:
    def test_open_for_their_shop_and_listing_only(self):
        cursor = keys.seal_cursor(MASTER, "acme", {"sk": "O#1", "n": 2}, "orders?paid=1")
        assert keys.open_cursor(MASTER, "acme", cursor, "orders?paid=1") == {"sk": "O#1", "n": 2}
        for shop, listing in (("other", "orders?paid=1"), ("acme", "orders"), ("acme", "customers")):
            with pytest.raises(BadToken):
                keys.open_cursor(MASTER, shop, cursor, listing)

    @pytest.mark.parametrize("junk", ["", "x", "x.y", "e30.", "é.é", "e30.AAAAAAAAAAAAAAAAAAAAAA"])
    def test_made_up_do_not_open(self, junk):
        with pytest.raises(BadToken):
            keys.open_cursor(MASTER, "acme", junk)

    def test_are_not_links_and_links_are_not_cursors(self):
        link = keys.link_token(MASTER, "preferences", TestLinks.LINK, SOON)
        with pytest.raises(BadToken):
            keys.open_cursor(MASTER, "acme", link)
        cursor = keys.seal_cursor(MASTER, "acme", ["acme", "c_sara", "f_thanks", int(SOON.timestamp())])
        with pytest.raises(BadToken):
            keys.open_link(MASTER, "preferences", cursor, NOW)
