"""A new identity secret beside the old one: for how long, for whose tokens, and what an owner is told of it."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib import clock, keys
from chalicelib.domain.shop import Shop, old_identity
from chalicelib.domain.times import stamp
from chalicelib.settings import Settings
from chalicelib.table import base, shops
from chalicelib.work import remembered
from tests.acme import MASTER, NOW
from tests.fake_dynamo import FakeDynamo, instead_of_dynamodb
from tests.gateway import Answered
from tests.outside import FakeOutside
from tests.storefront import asks, open_storefront
from tests.test_commands_newcomer import facts
from webhooks import __main__ as command
from webhooks import words
from webhooks.arguments import BadArgument
from webhooks.shops import add_shop, listed, rotated

END = NOW + timedelta(hours=24)
MOMENT = timedelta(milliseconds=1)
GENERATION = 3
SETTINGS = Settings("ecrm", "https://sqs.test/inbox", "bucket", MASTER, public_url="https://ecrm.acme.test/api/")


@pytest.fixture
def shop() -> Iterator[Shop]:
    """Its third identity secret is the newest; tokens of the second are taken until END."""
    with instead_of_dynamodb():
        clock.use(lambda: NOW)
        yield open_storefront(identity_generation=GENERATION, old_identity_until=stamp(END))


def signed(secret: str, now: datetime) -> str:
    return keys.customer_token(secret, "acme", "7", now + timedelta(minutes=10))


def asked_with(shop: Shop, secret: str, now: datetime) -> Answered:
    clock.use(lambda: now)
    return asks(shop, "viewed", headers={"Authorization": f"Bearer {signed(secret, now)}"})


def opens(shop: Shop, generation: int, now: datetime) -> bool:
    answer = asked_with(shop, keys.identity_secret(MASTER, "acme", generation), now)
    if answer.status == 401:
        assert answer.json["detail"] == "This customer token does not open anything: signature."
        return False
    assert answer.json["personal"] is True
    return True


# --- whose tokens are taken, and when ---

BEFORE, AT, AFTER = END - MOMENT, END, END + MOMENT


@pytest.mark.parametrize(
    ("generation", "before", "at", "after"),
    [
        (GENERATION - 2, False, False, False),
        (GENERATION - 1, True, False, False),
        (GENERATION, True, True, True),
        (GENERATION + 1, False, False, False),
    ],
)
def test_only_the_newest_secret_and_until_the_end_the_one_before_open(
    shop: Shop, generation: int, before: bool, at: bool, after: bool
) -> None:
    assert [opens(shop, generation, now) for now in (BEFORE, AT, AFTER)] == [before, at, after]


@pytest.mark.parametrize("until", ["", stamp(NOW), stamp(NOW - timedelta(days=400))])
def test_without_an_overlap_or_after_it_everything_is_as_if_it_never_was(shop: Shop, until: str) -> None:
    shops.put(replace(shop, old_identity_until=until))
    remembered.forget_everything()
    assert [opens(shop, generation, NOW) for generation in (1, 2, 3, 4)] == [False, False, True, False]


def test_the_first_secret_has_none_before_it(shop: Shop) -> None:
    first = replace(shop, identity_generation=1)
    assert old_identity(first, NOW) is None
    shops.put(first)
    remembered.forget_everything()
    assert [opens(first, generation, NOW) for generation in (-1, 0, 1, 2)] == [False, False, True, False]


def test_a_token_of_the_old_secret_is_held_to_every_other_rule(shop: Shop) -> None:
    secret = keys.identity_secret(MASTER, "acme", GENERATION - 1)
    for life, word in ((-2, "expired"), (60, "lives too long")):
        made = keys.customer_token(secret, "acme", "7", NOW + timedelta(minutes=life))
        answer = asks(shop, "viewed", headers={"Authorization": f"Bearer {made}"})
        assert (answer.status, answer.json["detail"].partition(": ")[2]) == (401, f"{word}.")
    with pytest.raises(keys.BadToken, match="not for this shop"):
        keys.open_customer_token("new", keys.customer_token(secret, "bazaar", "7", END), "acme", NOW, secret)


@pytest.mark.parametrize("generation", [GENERATION - 1, GENERATION])
def test_no_other_key_of_the_shop_nor_another_shops_secret_signs_for_customers(shop: Shop, generation: int) -> None:
    others = [
        keys.secret_key(MASTER, "acme", generation),
        keys.webhook_secret(MASTER, "acme", "*", generation),
        keys.identity_secret(MASTER, "bazaar", generation),
        keys.identity_secret(bytes(31) + b"!", "acme", generation),
        keys.publishable_key(MASTER, "acme"),
        keys.test_key(MASTER, "acme"),
    ]
    assert [asked_with(shop, other, NOW).status for other in others] == [401] * len(others)


@pytest.mark.parametrize("nothing", ["", None])
def test_no_old_secret_is_no_key_of_no_length(nothing: str | None) -> None:
    made = keys.customer_token("", "acme", "7", NOW + timedelta(minutes=5))
    with pytest.raises(keys.BadToken, match="signature"):
        keys.open_customer_token("new", made, "acme", NOW, nothing)


def noted(monkeypatch: pytest.MonkeyPatch, of: Any, name: str, place: int) -> list[Any]:
    """What is handed to `of.name` at `place` from now on; it does what it did."""
    found: list[Any] = []
    real = getattr(of, name)

    def noting(*handed: Any) -> Any:
        found.append(handed[place])
        return real(*handed)

    monkeypatch.setattr(of, name, noting)
    return found


@pytest.mark.parametrize("signer", ["new", "old", "forged"])
def test_how_long_it_takes_says_nothing_of_which_secret_fits(signer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    token = signed(signer, NOW)
    tried, compared = noted(monkeypatch, hmac, "digest", 0), noted(monkeypatch, hmac, "compare_digest", 1)
    with nullcontext() if signer != "forged" else pytest.raises(keys.BadToken):
        assert keys.open_customer_token("new", token, "acme", NOW, "old") == "7"
    assert (tried, len(compared)) == ([b"new", b"old"], 2)


def test_an_overlap_asks_the_table_nothing_more(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    found = noted(monkeypatch, FakeDynamo, "_make_api_call", 1)

    def asked(generation: int) -> list[str]:
        remembered.forget_everything()
        found.clear()
        assert opens(shop, generation, NOW)
        return list(found)

    during = [asked(GENERATION), asked(GENERATION - 1)]
    shops.put(replace(shop, old_identity_until=""))
    assert during == [asked(GENERATION)] * 2
    assert during[0]


def test_a_process_that_remembers_the_shop_knows_of_a_rotation_within_a_minute(shop: Shop) -> None:
    assert opens(shop, GENERATION, NOW)
    shops.put(rotated(shop, {"rotate_identity_secret": True, "keep_old_for": "1h"}, MASTER, NOW))
    taken = {
        seconds: [opens(shop, one, NOW + timedelta(seconds=seconds)) for one in (GENERATION, GENERATION + 1)]
        for seconds in (59, 60)
    }
    assert taken == {59: [True, False], 60: [True, True]}


# --- how it is stored ---


def test_the_end_is_stored_with_the_shop_and_read_by_both_clients(shop: Shop) -> None:
    for read in (shops.get, shops.lately):
        found = read("acme")
        assert found is not None
        assert (found.identity_generation, found.old_identity_until) == (GENERATION, stamp(END))


def test_a_shop_stored_by_older_code_has_no_overlap_and_one_by_newer_code_is_read(shop: Shop) -> None:
    row = base.first(shops.ShopRow, base.partition("acme"), "CONFIG")
    assert row is not None
    config = dict(row.config)
    del config["old_identity_until"]
    assert shops._shop(config, False) == replace(shop, old_identity_until="")
    assert shops._shop({**row.config, "of_next_year": {"a": 1}}, False) == shop


# --- asking for it ---


class Rows(dict[str, Shop]):
    """The table's shops."""

    def change(self, slug: str, by: Callable[[Shop | None], Shop]) -> Shop:
        self[slug] = by(self.get(slug))
        return self[slug]

    def all_slugs(self) -> list[str]:
        return list(self)


class Owner:
    """Runs add-shop for a shop that is there, at whatever time it is."""

    def __init__(self) -> None:
        self.rows, self.outside, self.now = Rows(), FakeOutside(), NOW
        self.adds()

    def adds(self, **args: Any) -> dict[str, Any]:
        given = {"shop": "acme", "platform": "standard", **args}
        return add_shop(given, SETTINGS, self.now, rows=self.rows, put=self.outside.put)

    def rotates(self, keep: str | None = None, **args: Any) -> dict[str, Any]:
        return self.adds(rotate_identity_secret=True, **({"keep_old_for": keep} if keep else {}), **args)

    def taken(self) -> list[int]:
        """The generations that are taken now."""
        shop = self.rows["acme"]
        return [one for one in (old_identity(shop, self.now), shop.identity_generation) if one is not None]


@pytest.fixture
def owner() -> Owner:
    return Owner()


def test_rotating_alone_ends_the_old_secret_at_once_and_says_so(owner: Owner) -> None:
    answer = owner.rotates()
    assert owner.taken() == [2]
    assert answer["old_identity_secret_until"] is None
    (first, *_) = answer["warnings"]
    assert "ends at once (within a minute everywhere)" in first
    assert "right after a leak" in first
    assert "what guests see" in first
    assert "--keep-old-for 24h" in first


def test_an_owner_who_asks_for_it_has_both_until_the_end_which_the_answer_says(owner: Owner) -> None:
    answer = owner.rotates("24h")
    assert answer["old_identity_secret_until"] == "2026-11-22T12:00:00Z" == stamp(END)
    assert answer["identity_secret"] == keys.identity_secret(MASTER, "acme", 2)
    (first, *others) = answer["warnings"]
    assert "taken until 2026-11-22T12:00:00Z" in first
    assert "In a minute" in first
    assert not [sentence for sentence in others if "identity" in sentence]
    assert owner.taken() == [1, 2]
    owner.now = END
    assert owner.taken() == [2]


def test_it_is_shown_again_until_it_is_over(owner: Owner) -> None:
    owner.rotates("2h")
    for hours, shown in ((1, "2026-11-21T14:00:00Z"), (2, None), (400, None)):
        owner.now = NOW + timedelta(hours=hours)
        answer = owner.adds()
        assert answer["old_identity_secret_until"] == shown
        assert not [sentence for sentence in answer["warnings"] if "identity" in sentence]
        assert listed(owner.now, owner.rows)[0]["old_identity_secret_until"] == shown
        status = words.told(owner.rows["acme"], facts(), owner.now)
        assert any(line.what.endswith(f"until {shown}") for line in status) == bool(shown)


def test_a_dry_run_says_until_when_and_changes_nothing(owner: Owner) -> None:
    before = dict(owner.rows)
    answer = owner.rotates("24h", dry_run=True)
    assert answer["old_identity_secret_until"] == stamp(END)
    assert owner.rows == before
    assert owner.adds()["old_identity_secret_until"] is None


def test_rotating_twice_keeps_only_the_last_one_before_and_says_what_ends(owner: Owner) -> None:
    owner.rotates("24h")
    owner.now = NOW + timedelta(hours=1)
    answer = owner.rotates("3h")
    assert owner.taken() == [2, 3]
    assert answer["old_identity_secret_until"] == "2026-11-21T16:00:00Z"
    assert "2026-11-22T12:00:00Z" in answer["warnings"][1]
    owner.now = NOW + timedelta(hours=4)
    assert owner.taken() == [3]


def test_a_leak_during_an_overlap_is_ended_by_rotating_alone(owner: Owner) -> None:
    owner.rotates("72h")
    owner.rotates()
    assert owner.taken() == [3]


def test_after_an_overlap_that_is_over_another_rotation_speaks_of_none(owner: Owner) -> None:
    owner.rotates("1h")
    owner.now = NOW + timedelta(hours=1)
    assert [sentence for sentence in owner.rotates("1h")["warnings"] if "one before" in sentence] == []
    assert owner.taken() == [2, 3]


def test_what_else_is_changed_leaves_the_overlap_alone(owner: Owner) -> None:
    owner.rotates("24h")
    owner.adds(rotate_secrets=True, rotate_secret_key=True, currency="EUR")
    owner.adds(retire_old_secrets=True)
    assert owner.taken() == [1, 2]
    assert rotated(owner.rows["acme"], {"rotate_secrets": True}, MASTER, NOW).old_identity_until == stamp(END)


@pytest.mark.parametrize("wrong", ["73h", "0h", "00h", "24", "-1h", "1.5h", "3d", "٢٤h", "24h ago", "1000h", "h", 24])
def test_so_many_hours_only(owner: Owner, wrong: Any) -> None:
    before = dict(owner.rows)
    with pytest.raises(BadArgument, match=r"--keep-old-for: (1h to 72h, such as 24h|must be text)"):
        owner.adds(rotate_identity_secret=True, keep_old_for=wrong)
    assert owner.rows == before


@pytest.mark.parametrize("right", ["1h", "24h", "72h", "072h", " 24h "])
def test_from_one_hour_to_three_days(owner: Owner, right: str) -> None:
    hours = int(right.strip().removesuffix("h"))
    assert owner.rotates(right)["old_identity_secret_until"] == stamp(NOW + timedelta(hours=hours))


@pytest.mark.parametrize("other", [{}, {"rotate_secrets": True}, {"rotate_secret_key": True}, {"dry_run": True}])
@pytest.mark.parametrize("hours", ["24h", "73h"])
def test_nothing_is_kept_where_no_identity_secret_is_made(owner: Owner, other: dict[str, Any], hours: str) -> None:
    before = dict(owner.rows)
    with pytest.raises(BadArgument, match="--keep-old-for: goes with --rotate-identity-secret only"):
        owner.adds(keep_old_for=hours, **other)
    assert owner.rows == before


def test_a_new_shop_has_nothing_to_keep(owner: Owner) -> None:
    with pytest.raises(BadArgument, match="there is no shop bazaar yet"):
        owner.rotates("24h", shop="bazaar")
    with pytest.raises(BadArgument, match="goes with --rotate-identity-secret only"):
        owner.adds(shop="bazaar", keep_old_for="24h")
    assert list(owner.rows) == ["acme"]


STEPS = st.lists(
    st.tuples(st.sampled_from(["alone", "1h", "24h", "72h"]), st.integers(0, 100 * 60)), min_size=1, max_size=6
)


@given(STEPS, st.integers(0, 100 * 60))
@settings(max_examples=200, deadline=None, derandomize=True, database=None)
def test_however_often_it_is_rotated_the_last_rotation_alone_decides(steps: list[tuple[str, int]], wait: int) -> None:
    shop, now = Shop("acme", "standard", stamp(NOW)), NOW
    for how, minutes in steps:
        now += timedelta(minutes=minutes)
        asked = {"rotate_identity_secret": True, **({} if how == "alone" else {"keep_old_for": how})}
        shop = rotated(shop, asked, MASTER, now)
    newest = 1 + len(steps)
    hours = 0 if steps[-1][0] == "alone" else int(steps[-1][0][:-1])
    assert shop.identity_generation == newest
    assert old_identity(shop, now + timedelta(minutes=wait)) == (newest - 1 if wait < hours * 60 else None)


# --- at the terminal ---


def test_the_command_hands_it_on_and_the_list_says_it_only_while_it_lasts(
    owner: Owner, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("webhooks.local.asked", lambda api, method, path, args=None: _world(owner, method, args))
    said = ["add-shop", "--shop", "acme", "--platform", "standard", "--rotate-identity-secret"]
    assert command.main([*said, "--keep-old-for", "24h", "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["old_identity_secret_until"] == stamp(END)
    assert command.main([*said, "--keep-old-for", "24h"]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["old_identity_secret_until"] == stamp(END)
    assert "add-shop: The identity secret is a new one; customer tokens signed with the old one" in shown.err
    assert f"are taken until {stamp(END)}." in shown.err
    for now, lasts in ((NOW, True), (END, False)):
        owner.now = now
        assert command.main(["shops"]) == 0
        assert (f"old_identity_secret_until={stamp(END)}" in capsys.readouterr().out) == lasts
        assert command.main(["shops", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)[0]["old_identity_secret_until"] == (stamp(END) if lasts else None)
    owner.now = END
    command.main(["shops"])
    assert "old_identity" not in capsys.readouterr().out


def _world(owner: Owner, method: str, args: Any) -> Any:
    return owner.adds(**args) if method == "POST" else listed(owner.now, owner.rows)
