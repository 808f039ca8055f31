"""The local world: its mail door is as strict as SES, its clock jumps, its queues behave as Lambda's, it survives a
restart. The functions behind the doors are recorders here; the journey tests the real ones."""

from __future__ import annotations

import fcntl
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from chalice import Chalice, Response

from chalicelib import clock
from chalicelib.notices import read as read_notice
from chalicelib.settings import read, settings
from chalicelib.table import due
from infra.local.__main__ import main
from infra.local.faults import BadFaults, Faults
from infra.local.mail_rules import Refused, check
from infra.local.server import InUse
from infra.local.timeline import BadJump, Timeline, span, target
from infra.local.world import World

START = datetime(2026, 11, 1, 9, 0, 30, tzinfo=UTC)


class Doors(SimpleNamespace):
    """An app.py whose functions write down what they were called with. `fails`: bodies that do not succeed."""

    def __init__(self) -> None:
        super().__init__(app=Chalice(app_name="recorder"), ticks=[], taken=[], batches=[], fails=set())
        self.app.route("/hooks/{platform}/{shop}", methods=["POST"], content_types=["*/*"])(self._hook)
        self.ingest = self.unverified = self.send = self.feedback = self.fetch = self._take
        self.learn = self.events = self._take

    def tick(self, event: dict[str, Any], context: Any) -> None:
        self.ticks.append(clock.now())

    def _take(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        self.taken += event["Records"]
        self.batches.append(len(event["Records"]))
        failed = [record["messageId"] for record in event["Records"] if record["body"] in self.fails]
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}

    def _hook(self, platform: str, shop: str) -> Response:
        request = self.app.current_request
        self.taken.append((platform, shop, request.raw_body, request.to_original_event()["multiValueHeaders"]))
        return Response("", status_code=202)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One world for all tests that leave no trace another would trip over."""
    with World(tmp_path_factory.mktemp("world"), start=START, doors=Doors(), live=False) as running:  # type: ignore[arg-type]
        yield running


@pytest.fixture
def world(shared: World) -> Iterator[World]:
    """The shared world, its recorder empty, nothing failing."""
    clock.use(shared.timeline.now)
    yield shared
    shared.faults.set({})
    shared.doors.fails.clear()
    shared.drain()
    shared.doors.ticks.clear()
    shared.doors.taken.clear()
    shared.doors.batches.clear()


def ask(world: World, path: str, body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    """(status, JSON or text) of a request to the world; with a body it is a POST."""
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    request = urllib.request.Request(world.url + path, data, headers or {})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            status, kind, raw = answer.status, answer.headers["content-type"] or "", answer.read()
    except urllib.error.HTTPError as error:
        status, kind, raw = error.code, error.headers["content-type"], error.read()
    return status, json.loads(raw) if raw and "json" in kind else raw.decode()


def mail(to: str = "sara@acme.test", **simple: Any) -> dict[str, Any]:
    content = {"Subject": {"Data": "سلام سارا"}, "Body": {"Text": {"Data": "Hi"}, "Html": {"Data": "<p>Hi</p>"}}}
    return {
        "FromEmailAddress": "Acme <shop@acme.test>",
        "Destination": {"ToAddresses": [to]},
        "Content": {"Simple": {**content, **simple}},
        "EmailTags": [{"Name": "follow_up", "Value": "f_44"}],
    }


def ses() -> Any:
    """As the channel makes it: the environment says where, and boto must not try again by itself."""
    return boto3.client("sesv2", config=Config(retries={"total_max_attempts": 1}))


def send(world: World, to: str = "sara@acme.test", **simple: Any) -> str:
    sent = ses().send_email(**mail(to, **simple), ConfigurationSetName=world.made.mail_set)
    return str(sent["MessageId"])


def events(world: World) -> list[dict[str, Any]]:
    """What the feedback function gets to hear."""
    world.drain()
    return [json.loads(record["body"]) for record in world.doors.taken]


def test_a_mail_is_kept_whole_and_can_be_read_back(world: World) -> None:
    message_id = send(world, "Sara@acme.test", Headers=[{"Name": "List-Unsubscribe", "Value": "<https://a.test/u>"}])
    _, mails = ask(world, "/_local/mail?to=sara@ACME.test")
    (found,) = [found for found in mails if found["id"] == message_id]
    assert (found["subject"], found["text"], found["html"]) == ("سلام سارا", "Hi", "<p>Hi</p>")
    assert found["headers"]["List-Unsubscribe"] == "<https://a.test/u>"
    assert found["tags"] == {"follow_up": "f_44"}
    for other in ("nobody@acme.test", "ara@acme.test", "sara@acme.tes"):
        assert ask(world, f"/_local/mail?to={other}") == (200, [])


@pytest.mark.parametrize(
    ("to", "told"),
    [
        ("sara@acme.test", ["Send", "Delivery"]),
        ("bounce+1@acme.test", ["Send", "Bounce"]),
        ("complaint@acme.test", ["Send", "Delivery", "Complaint"]),
    ],
)
def test_feedback_hears_of_a_mail_what_ses_would_say(world: World, to: str, told: list[str]) -> None:
    message_id = send(world, to)
    heard = events(world)
    assert sorted(event["eventType"] for event in heard) == sorted(told)
    assert {event["mail"]["messageId"] for event in heard} == {message_id}
    assert all(event["mail"]["tags"]["follow_up"] == ["f_44"] for event in heard)


def test_a_bounce_says_whether_it_is_for_good(world: World) -> None:
    send(world, "bounce@acme.test")
    send(world, "softbounce@acme.test")
    kinds = {e["mail"]["destination"][0]: e["bounce"]["bounceType"] for e in events(world) if "bounce" in e}
    assert kinds == {"bounce@acme.test": "Permanent", "softbounce@acme.test": "Transient"}


def test_without_a_configuration_set_ses_tells_nobody(world: World) -> None:
    ses().send_email(**mail())
    assert events(world) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"Headers": [{"Name": f"X-{n}", "Value": "v"} for n in range(16)]},
        {"Headers": [{"Name": "X-A", "Value": "a\r\nBcc: eve@evil.test"}]},
        {"Headers": [{"Name": "X A", "Value": "v"}]},
        {"Headers": [{"Name": "X-A", "Value": "é"}]},
        {"Subject": {"Data": "a\nb"}},
        {"Body": {}},
    ],
)
def test_the_mail_door_refuses_what_ses_refuses(wrong: dict[str, Any]) -> None:
    check(mail(), "set")
    with pytest.raises(Refused):
        check(mail(**wrong), "set")


def test_the_mail_door_knows_one_configuration_set_only(world: World) -> None:
    with pytest.raises(ClientError) as refused:
        ses().send_email(**mail(), ConfigurationSetName="another")
    assert refused.value.response["Error"]["Code"] == "NotFoundException"


def test_other_calls_of_ses_are_not_there(world: World) -> None:
    with pytest.raises(ClientError) as refused:
        ses().get_account()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_a_throttled_mail_was_not_sent(world: World) -> None:
    before = world.store.count()
    assert ask(world, "/_local/faults", {"mail": {"throttle": 1}})[0] == 200
    with pytest.raises(ClientError) as refused:
        send(world)
    assert refused.value.response["Error"]["Code"] == "TooManyRequestsException"
    assert (world.store.count(), world.faults.report()["struck"]) == (before, {"mail.throttle": 1})


@pytest.mark.parametrize(("kind", "sent"), [("lost", 1), ("drop", 0)])
def test_a_broken_line_leaves_the_mail_sent_or_not(world: World, kind: str, sent: int) -> None:
    before = world.store.count()
    world.faults.set({"mail": {kind: 1}})
    with pytest.raises(BotoCoreError):
        send(world)
    assert world.store.count() - before == sent


def test_the_same_seed_makes_the_same_trouble() -> None:
    def troubles(seed: int) -> list[str | None]:
        faults = Faults()
        faults.set({"seed": seed, "mail": {"lost": 0.2, "throttle": 0.2}})
        return [faults.strike("mail") for _ in range(100)]

    assert troubles(1) == troubles(1) != troubles(2)
    assert 20 < sum(trouble is not None for trouble in troubles(1)) < 60


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"mial": {}}, "mial"),
        ({"mail": {"lost": 2}}, "mail.lost"),
        ({"mail": {"late": 1}}, "mail.late"),
        ({"seed": "x"}, "seed"),
        ({"mail": {"lost": 0.6, "drop": 0.6}}, "mail"),
    ],
)
def test_faults_that_cannot_be_are_refused_by_name(world: World, asked: dict[str, Any], field: str) -> None:
    status, problem = ask(world, "/_local/faults", asked)
    assert (status, problem["field"]) == (400, field)
    with pytest.raises(BadFaults):
        Faults().set(asked)


def test_calls_to_aws_fail_on_demand_but_never_the_worlds_own(world: World) -> None:
    dynamodb = boto3.client("dynamodb", config=Config(retries={"total_max_attempts": 1}))
    row = {"TableName": world.made.table, "Key": {"pk": {"S": "lost"}, "sk": {"S": "#"}}}
    world.faults.set({"dynamodb": {"throttle": 1}, "sqs": {"drop": 1}})
    with pytest.raises(ClientError) as refused:
        dynamodb.get_item(**row)
    assert refused.value.response["Error"]["Code"] == "ThrottlingException"
    with pytest.raises(BotoCoreError):
        boto3.client("sqs", config=Config(retries={"total_max_attempts": 1})).list_queues()
    world.drain()
    world.faults.set({"dynamodb": {"lost": 1}})
    with pytest.raises(BotoCoreError):
        dynamodb.put_item(TableName=world.made.table, Item=row["Key"])
    world.faults.set({})
    assert dynamodb.get_item(**row)["Item"] == row["Key"]


def test_accepts_own_requests_fail_on_demand_too(world: World) -> None:
    from chalicelib.settings import settings
    from chalicelib.thin import Trouble

    thin = settings().thin()
    thin.s3_put(settings().bucket, "a", b"\x00\xff")
    world.faults.set({"s3": {"error": 1}})
    with pytest.raises(Trouble):
        thin.s3_get(settings().bucket, "a")
    world.faults.set({})
    assert thin.s3_get(settings().bucket, "a") == b"\x00\xff"


def put_due(world: World, name: str, due: str, sk: str = "FU#thanks#1") -> None:
    item = {"pk": f"S#acme#O#{name}", "sk": sk, "due_pk": f"D#{due[:13]}#00", "due_sk": due.rstrip("Z")}
    attributes = {key: {"S": value} for key, value in item.items()}
    boto3.client("dynamodb").put_item(TableName=world.made.table, Item=attributes)


def done_with(world: World, name: str, sk: str = "FU#thanks#1") -> None:
    key = {"pk": {"S": f"S#acme#O#{name}"}, "sk": {"S": sk}}
    boto3.client("dynamodb").delete_item(TableName=world.made.table, Key=key)


def test_the_clock_starts_where_it_was_told_and_ticks_on(world: World) -> None:
    status, answer = ask(world, "/_local/clock")
    assert status == 200
    assert answer["now"].startswith("2026-11-")
    assert clock.now() >= START


def test_a_jump_comes_by_at_every_moment_that_matters(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    now = world.timeline.now()
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    at = [day.replace(hour=20) + (now - day) * 0, day.replace(hour=22, minute=10, second=20)]
    for n, moment in enumerate(at):
        put_due(world, f"row{n}", moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
    work = Doors.tick

    def tick(event: dict[str, Any], context: Any) -> None:
        work(world.doors, event, context)
        for n, moment in enumerate(at):
            if moment <= clock.now():
                done_with(world, f"row{n}")

    monkeypatch.setattr(world.engine, "_tick", tick)
    status, report = ask(world, "/_local/clock", {"advance": "1d"})
    assert status == 200
    assert [moment.strftime("%H:%M:%S") for moment in world.doors.ticks[:-1]] == ["20:00:00", "22:11:00"]
    assert report["steps"] == 3
    assert (world.doors.ticks[-1] - now).total_seconds() == pytest.approx(86_400, abs=5)


def test_a_row_that_nobody_works_off_does_not_hold_the_clock_up(world: World) -> None:
    put_due(world, "stuck", world.timeline.now().strftime("%Y-%m-%dT%H:%M:%SZ"))
    _, report = ask(world, "/_local/clock", {"advance": "30d"})
    done_with(world, "stuck")
    assert report["steps"] <= 3


def test_a_talk_with_a_shop_waits_like_any_other_row(world: World) -> None:
    """Nothing is skipped over it, and the clock comes by at its moment."""
    now = world.timeline.now()
    moment = (now + timedelta(hours=30)).replace(minute=17, second=5, microsecond=0)
    put_due(world, "talk", moment.strftime("%Y-%m-%dT%H:%M:%SZ"), "SYNC#reconcile")
    ask(world, "/_local/clock", {"advance": "2d"})
    assert moment.replace(minute=18, second=0) in world.doors.ticks
    assert due.cursor(world.timeline.now()) == moment.strftime("%Y-%m-%dT%H")
    done_with(world, "talk", "SYNC#reconcile")


def test_what_a_command_of_another_process_puts_behind_the_clock_is_found(world: World) -> None:
    before = world.timeline.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    ask(world, "/_local/clock", {"advance": "1d"})
    assert due.cursor(world.timeline.now()) > before[:13]
    put_due(world, "late", before, "SYNC#import")
    ask(world, "/_local/clock", {"advance": "1m"})
    assert due.cursor(world.timeline.now()) == before[:13]
    done_with(world, "late", "SYNC#import")


@pytest.mark.parametrize(
    "asked",
    [{}, {"advance": "soon"}, {"advance": 3}, {"to": "x"}, {"to": "2001-01-01T00:00:00Z"}, {"advance": "9999w"}, []],
)
def test_a_jump_that_cannot_be_is_refused_and_changes_nothing(world: World, asked: Any) -> None:
    status, problem = ask(world, "/_local/clock", asked)
    assert (status, problem["field"]) == (400, "to" if "to" in asked else "advance")
    assert world.doors.ticks == []


def test_spans_read_as_people_write_them() -> None:
    assert span("1w2d3h4m5s").total_seconds() == ((9 * 24 + 3) * 60 + 4) * 60 + 5
    assert target({"to": "2026-12-01T09:00:00Z"}, START) == datetime(2026, 12, 1, 9, tzinfo=UTC)
    with pytest.raises(BadJump):
        target({"advance": "3d", "to": "2026-12-01T09:00:00Z"}, START)


def test_only_what_failed_stays_on_the_queue_and_comes_back_on_the_worlds_clock(world: World) -> None:
    sqs, inbox = boto3.client("sqs"), world.made.queues["Inbox"]
    for body in ("good", "bad", "good"):
        sqs.send_message(QueueUrl=inbox, MessageBody=body, MessageGroupId="acme")
    world.doors.fails.add("bad")
    assert world.drain()["worked"] == {"Inbox": 2, "Inbox_failed": 1}
    assert world.drain()["worked"] == {}
    world.doors.fails.clear()
    world.doors.taken.clear()
    _, report = ask(world, "/_local/clock", {"advance": "10m"})
    assert report["worked"] == {"Inbox": 1}
    (record,) = world.doors.taken
    assert (record["body"], record["attributes"]["ApproximateReceiveCount"]) == ("bad", "2")


def test_a_record_looks_as_lambda_makes_it(world: World) -> None:
    attribute = {"kind": {"DataType": "String", "StringValue": "x"}}
    boto3.client("sqs").send_message(
        QueueUrl=world.made.queues["Outbox"], MessageBody="{}", MessageGroupId="acme", MessageAttributes=attribute
    )
    world.drain()
    (record,) = world.doors.taken
    assert record["eventSource"] == "aws:sqs"
    assert record["eventSourceARN"].endswith(":ecrm-outbox")
    assert record["attributes"]["MessageGroupId"] == "acme"
    assert record["messageAttributes"]["kind"]["stringValue"] == "x"


def test_a_webhook_arrives_byte_for_byte_with_every_header(world: World) -> None:
    raw = bytes(range(256)) * 3
    sent = {"Content-Type": "odd/thing", "X-Sig": "سلام".encode().decode("latin-1")}
    status, _ = ask(world, "/hooks/woocommerce/acme?x=1", raw, sent)
    assert status == 202
    platform, shop, body, headers = world.doors.taken[0]
    assert (platform, shop, body, headers["content-type"]) == ("woocommerce", "acme", raw, ["odd/thing"])
    assert headers["x-sig"] == [sent["X-Sig"]]


def test_elsewhere_is_nothing(world: World) -> None:
    for path in ("/_local", "/_local/nothing", "/hooks/woocommerce", "/_local/mailbox/no-such-mail"):
        assert ask(world, path, headers={"Authorization": "Bearer é"})[0] == 404


def test_questions_for_shops_are_worked_off_one_by_one(world: World) -> None:
    for shop in ("acme", "lilac", "acme"):
        boto3.client("sqs").send_message(QueueUrl=world.made.queues["Fetch"], MessageBody=shop, MessageGroupId=shop)
    assert world.drain()["worked"] == {"Fetch": 3}
    assert world.doors.batches == [1, 1, 1]


def test_a_command_of_this_machine_learns_the_worlds_names(world: World) -> None:
    """As a process of its own: it finds the same table, queues and secrets as the functions do."""
    status, told = ask(world, "/_local/environment")
    assert status == 200
    assert all(name.startswith(("ECRM_", "AWS_")) for name in told)
    found, here = read(told), settings()
    assert found == here
    assert found.need("fetch_url", "outbox_url", "public_url").local is True


@pytest.mark.parametrize("headers", [{"Host": "evil.test"}, {"Origin": "https://evil.test"}])
def test_a_page_of_another_origin_can_neither_drive_the_world_nor_learn_its_secrets(
    world: World, headers: dict[str, str]
) -> None:
    assert ask(world, "/_local/clock", {"advance": "1d"}, headers)[0] == 403
    assert ask(world, "/_local/environment", headers=headers)[0] == 403


def test_what_the_door_keeps_in_mind_is_told_before_the_clock_comes_by(world: World) -> None:
    """Also what came within ten seconds after it last told."""
    from chalicelib import outside

    notices = outside.aws().notices
    for _ in range(3):
        notices.refused("acme")
        notices.tell(clock.now(), turned_away=True)
    ask(world, "/_local/clock", {"advance": "1m"})
    aws = outside.aws()
    told = [read_notice(aws.get(key)) for key in aws.keys("notices/2")]
    assert sum(one.refused["acme"] for one in told) == 3


def test_the_mailbox_shows_a_mail_without_letting_it_act(world: World) -> None:
    hostile = "<script>alert(1)</script>"
    message_id = send(world, Subject={"Data": hostile}, Body={"Html": {"Data": hostile}})
    _, listed = ask(world, "/_local/mailbox")
    _, shown = ask(world, f"/_local/mailbox/{message_id}")
    assert message_id in listed
    assert hostile not in listed + shown
    assert "sandbox=" in shown
    with urllib.request.urlopen(f"{world.url}/_local/mailbox/{message_id}/html", timeout=60) as answer:
        policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "allow-scripts" not in policy


def test_a_world_goes_on_after_a_restart_where_it_stood(tmp_path: Path) -> None:
    first = World(tmp_path, start=START, doors=Doors(), live=False)  # type: ignore[arg-type]
    with first:
        send(first)
        first.drain()
        put_due(first, "kept", "2027-01-01T00:00:00Z")
        boto3.client("sqs").send_message(QueueUrl=first.made.queues["Inbox"], MessageBody="waits")
        first.jump(target({"advance": "3d"}, first.timeline.now()))
        boto3.client("sqs").send_message(QueueUrl=first.made.queues["Inbox"], MessageBody="still waits")
        first_key = first.environment()["ECRM_MASTER"]
    with World(tmp_path, start=START, doors=Doors(), live=False) as second:  # type: ignore[arg-type]
        assert second.timeline.now() >= target({"advance": "3d"}, START)
        assert [found["to"] for found in second.store.list()] == [["sara@acme.test"]]
        assert second._due_rows() == [("S#acme#O#kept", "FU#thanks#1", "2027-01-01T00:00:00", "2027-01-01T00")]
        second.drain()
        assert [record["body"] for record in second.doors.taken] == ["still waits"]
        assert second.environment()["ECRM_MASTER"] == first_key


def test_a_folder_holds_one_world_at_a_time(tmp_path: Path) -> None:
    (tmp_path / "lock").touch()
    with (tmp_path / "lock").open() as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(InUse, match="in use by another `make serve`"):
            World(tmp_path, doors=Doors(), live=False)  # type: ignore[arg-type]
    with World(tmp_path, doors=Doors(), live=False) as free:  # type: ignore[arg-type]
        assert free.follow_ups() == {}


def test_a_port_that_is_taken_is_said_with_a_way_out(shared: World, tmp_path: Path) -> None:
    port = int(shared.url.rpartition(":")[2])
    with pytest.raises(InUse, match=f"Port {port} is in use: choose another, such as PORT={port + 1}"):
        World(tmp_path, port, doors=Doors(), live=False)  # type: ignore[arg-type]


def test_a_start_that_is_no_moment_is_said_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["serve", "--start", "tomorrow"])
    assert "such as 2026-12-01T09:00:00Z" in capsys.readouterr().err


@pytest.mark.parametrize("path", ["/", "/_local/"])
def test_the_first_page_leads_to_everything(world: World, path: str) -> None:
    asked = {"shop": "acme", "platform": "standard", "from": '"<b>Acme" <shop@acme.test>'}
    assert ask(world, "/_local/shops", asked)[0] == 200
    status, page = ask(world, path)
    assert status == 200
    for link in ("/_local/mailbox", "/_local/customers/acme", "/_local/clock", "{&quot;advance&quot;:&quot;2h&quot;}"):
        assert link in page
    assert f"{world.timeline.now():%d %b %Y}" in page
    assert "<b>Acme" not in page
    assert [shop["shop"] for shop in ask(world, "/_local/shops")[1]] == ["acme"]


def test_a_live_world_works_by_itself(tmp_path: Path) -> None:
    with World(tmp_path, start=START, doors=Doors()) as live:  # type: ignore[arg-type]
        boto3.client("sqs").send_message(QueueUrl=live.made.queues["Inbox"], MessageBody="hello")
        deadline = time.monotonic() + 60
        while not live.doors.taken and time.monotonic() < deadline:
            time.sleep(0.02)
        assert [record["body"] for record in live.doors.taken] == ["hello"]


def test_a_world_leaves_the_process_as_it_found_it(tmp_path: Path) -> None:
    doors, before = Doors(), dict(os.environ)
    with World(tmp_path, doors=doors, live=False):  # type: ignore[arg-type]
        assert os.environ["ECRM_LOCAL"] == "1"
    assert dict(os.environ) == before


def test_time_never_runs_backwards_over_a_restart(tmp_path: Path) -> None:
    note = tmp_path / "clock.json"
    first = Timeline(START, note)
    first.hold(datetime(2026, 12, 1, tzinfo=UTC))
    first.go_on()
    assert Timeline(START, note).now() >= datetime(2026, 12, 1, tzinfo=UTC)


def test_a_text_message_lands_in_the_mailbox_and_can_be_answered(world: World) -> None:
    """Kavenegar and SNS as they are here: the same texts, once each, beside the mails."""
    from chalicelib.channels import Message
    from chalicelib.table import shops
    from chalicelib.work import ways

    world.add_shop({"shop": "texts", "platform": "standard", "from": "Texts <shop@texts.test>"})
    given, now, plain = settings(), world.timeline.now(), shops.get("texts")
    assert plain
    sealed = ways.seal(given.master, "texts", "sms", {"key": "AnyKeyWorksHere"})
    line = replace(plain, channels={"sms": {"provider": "kavenegar", "sender": "10008663", "sealed": sealed}})
    topic = replace(plain, channels={"sms": {"provider": "sns"}})
    text = Message("f_1", "k", "texts", "+989121234567", "", "", "", "سلام سارا", language="fa")
    first = ways.deliver(line, "sms", text, now, given)
    assert ways.deliver(line, "sms", text, now, given) == first, "its own id keeps it from going out twice"
    found = ways.find(line, "sms", "f_1", now, given)
    assert found
    assert found.provider_id == first.provider_id
    assert ways.find(line, "sms", "f_2", now, given) is None
    ways.deliver(topic, "sms", replace(text, id="f_3", to="+4915112345678", text="Hi"), now, given)
    (persian,), (english,) = (ask(world, f"/_local/mail?to={to}")[1] for to in ("%2B989121234567", "+4915112345678"))
    assert (persian["channel"], persian["from"], persian["text"], persian["parts"]) == (
        *("sms", "10008663", "سلام سارا", 1),
    )
    assert (english["channel"], english["text"]) == ("sms", "Hi")
    assert ask(world, "/_local/mailbox")[0] == 200
    shops.put(line)
    said = {"shop": "texts", "from": "09121234567", "message": "لغو"}
    assert ask(world, "/_local/sms", said)[0] == 200
    assert ask(world, "/_local/sms", {"shop": "texts"})[0] == 400
    assert world.drain()["worked"] == {"Feedback": 1}
