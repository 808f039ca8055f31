"""`doctor`, `replay --dead` and `import --csv`: what asks the queues and the bucket themselves."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from chalicelib.domain.events import OrderSeen
from chalicelib.platforms.shop_api import Denied, Finding
from chalicelib.safe_http import Answer, Unreachable
from chalicelib.table import shops
from chalicelib.work import sync, take_order
from infra.resources import Resources
from tests.bench_commands import Bench, bench
from tests.pretend_api import bought
from webhooks import checkups, shop_checkup


@pytest.fixture
def owner(cloud: Resources, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Bench]:
    with bench(monkeypatch, capsys, cloud) as made:
        yield made


@pytest.fixture
def sqs(cloud: Resources) -> Any:
    return boto3.client("sqs", region_name="us-east-1")


def held(sqs: Any, url: str) -> list[str]:
    return [
        message["Body"] for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    ]


def test_dead_letters_of_one_shop_go_back_to_their_queue_and_no_others(
    owner: Bench, cloud: Resources, sqs: Any
) -> None:
    owner.connects()
    letters = [json.dumps({"shop": "acme", "n": n}) for n in range(12)]
    other = json.dumps({"shop": "other"})
    for text in (*letters, other, "no json"):
        sqs.send_message(QueueUrl=cloud.queues["InboxDead"], MessageBody=text, MessageGroupId="g")
    dry = owner.run("replay", "--shop", "acme", "--dead", "--dry-run", "--json").json
    assert dry["dead"]["inbox"] == {"brought_back": 12, "left": 2}
    assert held(sqs, cloud.queues["Inbox"]) == []
    ran = owner.run("replay", "--shop", "acme", "--dead", "--json").json
    assert ran["dead"]["inbox"] == {"brought_back": 12, "left": 2}
    back = held(sqs, cloud.queues["Inbox"]) + held(sqs, cloud.queues["Inbox"])
    assert sorted(back) == sorted(letters)
    assert sorted(held(sqs, cloud.queues["InboxDead"])) == sorted([other, "no json"])


def test_dead_letters_of_all_shops_go_back(owner: Bench, cloud: Resources, sqs: Any) -> None:
    sqs.send_message(QueueUrl=cloud.queues["FeedbackDead"], MessageBody="{}")
    assert "feedback: 1 message went back" in owner.run("replay", "--shop", "all", "--dead").out
    assert held(sqs, cloud.queues["Feedback"]) == ["{}"]
    assert "are empty" in owner.run("replay", "--shop", "all", "--dead").out
    assert owner.run("replay", "--shop", "all", "--all").code == 2


def test_a_healthy_world_gets_a_clean_bill(owner: Bench) -> None:
    owner.connects("--from", "Acme <shop@acme.test>")
    ran = owner.run("doctor")
    assert ran.code == 0, ran.out
    for words in ("settings: stage dev", "1 shop", "queues: inbox 0", "directory says what the table says"):
        assert words in ran.out
    assert "all 2 webhooks of ours are active" in ran.out
    assert "Nothing is wrong." in ran.out


def test_every_finding_of_the_doctor_has_a_remedy_and_the_exit_code_says_so(
    owner: Bench, cloud: Resources, sqs: Any
) -> None:
    owner.connects()
    sqs.send_message(QueueUrl=cloud.queues["InboxDead"], MessageBody="{}")
    owner.shop.webhooks.pop("order.created")
    owner.bucket.objects["directory.json"] = b"of long ago"
    owner.shop.says = replace(owner.shop.says, address="https://copy.test")
    ran = owner.run("doctor", "--json")
    assert ran.code == 3
    found = [finding for some in ran.json.values() for finding in some]
    wrong = [finding for finding in found if finding["level"] != "ok"]
    assert all(finding["remedy"] for finding in wrong)
    told = " ".join(finding["what"] for finding in wrong)
    for words in (
        "1 message of inbox could not be worked off",
        "order.created is missing",
        "the shop directory is not what the table says",
        "it says it lives at https://copy.test",
        "no sender: no mail goes out",
    ):
        assert words in told


def test_the_doctor_writes_the_directory_again_only_when_told(owner: Bench) -> None:
    owner.connects()
    owner.bucket.objects["directory.json"] = b"of long ago"
    assert owner.run("doctor").code == 3
    assert owner.run("doctor", "--mend", "--dry-run").code == 3
    assert owner.run("doctor", "--mend").code == 0


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Denied("bad_key", "make a new key"), "make a new key"),
        (Unreachable("acme.test does not answer"), "does not answer"),
        (RuntimeError("boom"), "it cannot be looked at: RuntimeError"),
    ],
)
def test_whatever_the_shop_does_the_doctor_goes_on(owner: Bench, error: Exception, said: str) -> None:
    owner.connects()
    owner.shop.fails = [error]
    ran = owner.run("doctor", "--shop", "acme")
    assert ran.code == 3
    assert said in ran.out


def test_a_clock_that_is_off_is_told_with_its_direction(owner: Bench) -> None:
    class Dated:
        def ask(self, method: str, url: str, **how: Any) -> Answer:
            return Answer(200, {"date": "Sat, 21 Nov 2026 12:10:00 GMT"}, b"")

    noting = shop_checkup.Noting(Dated())
    noting.ask("GET", "https://acme.test")
    (found,) = shop_checkup._clock(noting.date, owner.now)
    assert (found.level, found.what) == ("warn", "its clock is 10 minutes ahead of ours")
    assert list(shop_checkup._clock("", owner.now)) == []


def test_on_aws_the_sender_has_to_be_verified(owner: Bench) -> None:
    from chalicelib.settings import settings

    class Ses:
        class exceptions:
            class NotFoundException(Exception):
                pass

        def get_email_identity(self, EmailIdentity: str) -> dict[str, bool]:
            if EmailIdentity != "acme.test":
                raise self.exceptions.NotFoundException
            return {"VerifiedForSendingStatus": True}

    owner.connects()
    shop, given = owner.row(), replace(settings(), local=False)

    def looked(sender: str) -> Finding:
        (found,) = checkups.sender_may_send(replace(shop, sender=sender), given, Ses())
        return found

    assert looked("Acme <shop@acme.test>").level == "ok"
    assert looked("Acme <shop@elsewhere.test>").level == "fail"
    assert looked("").level == "warn"


def test_a_shop_that_is_off_is_said_to_be(owner: Bench) -> None:
    owner.connects()
    shops.change("acme", lambda old: replace(old, state="paused"))
    assert "it is switched paused" in owner.run("doctor").out


# --- files -----------------------------------------------------------------------------------------------------------


def test_an_export_reads_back_to_the_same_and_is_for_nobody_else(owner: Bench, tmp_path: Path) -> None:
    owner.connects()
    for number in range(3):
        take_order.see(owner.row(), OrderSeen(bought(number)), owner.now)
    file = tmp_path / "orders.csv"
    ran = owner.run("export", "--shop", "acme", "--what", "orders", "--to", str(file), "--json")
    assert (ran.code, ran.json["count"]) == (0, 3)
    assert file.stat().st_mode & 0o777 == 0o600
    assert sorted(tmp_path.iterdir()) == [file]
    dry = owner.run("import", "--shop", "acme", "--csv", str(file), "--dry-run", "--json").json
    assert (dry["would_bring"], dry["rejected"]) == ({"orders": 3}, 0)
    people = owner.run("export", "--shop", "acme", "--what", "customers", "--to", "-").out
    assert "buyer1@example.test" in people


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("--what", "secrets", "--to", "x"), "--what: secrets is not one of orders, customers"),
        (("--what", "orders", "--to", "/nowhere/x"), "--to: there is no folder /nowhere"),
        (("--what", "orders", "--to", "/dev/null"), "--to: /dev/null is there already"),
        (("--what", "orders", "--to", "-", "--json"), "--json: does not go with"),
    ],
)
def test_a_bad_argument_of_export_is_named(owner: Bench, argv: tuple[str, ...], said: str) -> None:
    owner.connects()
    ran = owner.run("export", "--shop", "acme", *argv)
    assert ran.code == 2
    assert said in ran.err


def test_a_file_is_rehearsed_with_line_column_and_reason_and_nothing_is_written(owner: Bench, tmp_path: Path) -> None:
    owner.connects()
    file = tmp_path / "unsubscribes.csv"
    file.write_text(
        "email,channel,state,at\nsara@example.test,email,unsubscribed,2026-01-01\nno address,email,maybe,\n"
    )
    before = owner.state()
    ran = owner.run("import", "--shop", "acme", "--csv", str(file), "--dry-run", "--json")
    assert (ran.code, ran.json["would_bring"], ran.json["rejected"]) == (0, {"consents": 1}, 1)
    assert ran.json["lines"][0]["id"] == "3"
    assert ran.json["lines"][0]["reason"]
    told = owner.run("import", "--shop", "acme", "--csv", str(file), "--dry-run").out
    assert "1 line would be rejected" in told
    assert "line 3" in told
    assert owner.state() == before


def test_a_file_goes_where_the_import_finds_it_and_twice_is_once(
    owner: Bench, cloud: Resources, tmp_path: Path
) -> None:
    owner.connects()
    file = tmp_path / "people.csv"
    file.write_text("email,channel,state,at\nsara@example.test,email,unsubscribed,2026-01-01\n")
    for _ in range(2):
        ran = owner.run("import", "--shop", "acme", "--csv", str(file), "--no-wait", "--json")
        assert ran.code == 0, ran.err
    s3 = boto3.client("s3", region_name="us-east-1")
    (found,) = s3.list_objects_v2(Bucket=cloud.bucket, Prefix="imports/acme/")["Contents"]
    assert found["Key"] == f"imports/acme/{hashlib.sha256(file.read_bytes()).hexdigest()}/people.csv"
    assert ran.json["source"] == f"csv:{found['Key']}"


def test_a_file_that_is_no_use_is_refused_before_it_is_sent(owner: Bench, tmp_path: Path) -> None:
    owner.connects()
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "strange.csv").write_text("colour,size\nred,3\n")
    for name, code, said in (
        ("empty.csv", 2, "is empty"),
        ("none.csv", 2, "is not a file"),
        ("strange.csv", 3, "colum"),
    ):
        ran = owner.run("import", "--shop", "acme", "--csv", str(tmp_path / name))
        assert ran.code == code
        assert said in ran.err
    assert sync.progress("acme") is None
