"""The template that AWS gets is sound, and what tests and the local world make from it is the same."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra import resources

ROOT = Path(__file__).resolve().parents[1]
CONFIG = json.loads((ROOT / ".chalice" / "config.json").read_text())
READERS = {
    "Inbox": "ingest",
    "Unverified": "unverified",
    "Outbox": "send",
    "Feedback": "feedback",
    "Fetch": "fetch",
    "Learn": "learn",
    "Events": "events",
}
TWO_WEEKS = timedelta(days=14).total_seconds()


def properties(name: str) -> dict[str, Any]:
    found: dict[str, Any] = resources.template()[name]["Properties"]
    return found


def test_cfn_lint_has_nothing_to_say_about_the_template() -> None:
    lint = [Path(sys.executable).with_name("cfn-lint"), resources.TEMPLATE]
    done = subprocess.run(lint, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("queue", resources.QUEUES)
def test_a_queue_hides_a_message_for_six_times_its_functions_timeout(queue: str) -> None:
    timeout = CONFIG["lambda_functions"][READERS[queue]]["lambda_timeout"]
    assert properties(f"{queue}Queue")["VisibilityTimeout"] >= 6 * timeout


@pytest.mark.parametrize("queue", resources.QUEUES)
def test_a_message_is_tried_for_a_day_before_it_counts_as_dead(queue: str) -> None:
    tries = properties(f"{queue}Queue")["RedrivePolicy"]["maxReceiveCount"]
    assert tries * properties(f"{queue}Queue")["VisibilityTimeout"] >= timedelta(hours=24).total_seconds()
    assert tries <= 1000, "SQS takes no more"


@pytest.mark.parametrize("queue", resources.QUEUES)
def test_messages_live_for_two_weeks_and_the_dead_stay_as_long(queue: str) -> None:
    """What visitors do in a storefront is worth less: four days."""
    lives = timedelta(days=4).total_seconds() if queue == "Events" else TWO_WEEKS
    assert properties(f"{queue}Queue")["MessageRetentionPeriod"] == lives
    assert properties(f"{queue}DeadQueue")["MessageRetentionPeriod"] == TWO_WEEKS
    assert properties(f"{queue}Queue")["RedrivePolicy"]["deadLetterTargetArn"] == {
        "Fn::GetAtt": [f"{queue}DeadQueue", "Arn"]
    }


@pytest.mark.parametrize("name", ["Table", "Bucket", *[f"{queue}Queue" for queue in resources.QUEUES]])
def test_what_holds_data_outlives_the_stack(name: str) -> None:
    whole = resources.template()[name]
    assert (whole["DeletionPolicy"], whole["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_the_table_can_be_restored_and_is_not_deleted_by_accident() -> None:
    table = properties("Table")
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["DeletionProtectionEnabled"] is True
    assert table["BillingMode"] == "PAY_PER_REQUEST"


def test_the_indexes_are_those_that_the_rows_declare() -> None:
    from chalicelib.table.base import Row

    for index in properties("Table")["GlobalSecondaryIndexes"]:
        declared = getattr(Row, index["IndexName"])._get_schema()
        keys = [(key["AttributeName"], key["KeyType"]) for key in declared["key_schema"]]
        assert [(key["AttributeName"], key["KeyType"]) for key in index["KeySchema"]] == keys
        assert index["Projection"] == declared["projection"]


def test_a_made_table_forgets_rows_by_ttl_and_has_all_indexes(table: str) -> None:
    dynamodb = boto3.client("dynamodb", region_name="us-east-1")
    made = dynamodb.describe_table(TableName=table)["Table"]
    kept = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    assert {index["IndexName"] for index in made["GlobalSecondaryIndexes"]} == {"due", "customers", "feed"}
    assert (kept["TimeToLiveStatus"], kept["AttributeName"]) == ("ENABLED", "ttl")


def test_making_everything_twice_finds_it_made(cloud: resources.Resources) -> None:
    prefix = cloud.table.removesuffix("-table")
    again = resources.create(lambda service: boto3.client(service, region_name="us-east-1"), prefix)
    assert again == cloud


def test_no_resource_takes_the_name_of_a_function() -> None:
    """Chalice would merge the two into one."""
    functions = {name.title().replace("_", "") for name in CONFIG["lambda_functions"]}
    assert not functions & set(resources.template())


def test_every_function_of_the_app_has_its_size_and_its_own_rights() -> None:
    """In a process of its own: a world of another test may have the app in hand."""
    names = "import app; print(*sorted(r.name for r in app.app.pure_lambda_functions + app.app.event_sources))"
    done = subprocess.run([sys.executable, "-c", names], cwd=ROOT, capture_output=True, text=True, check=True)
    configured = CONFIG["lambda_functions"]
    assert set(done.stdout.split()) | {"api_handler"} == set(configured)
    for function in configured.values():
        policy = json.loads((ROOT / ".chalice" / function["iam_policy_file"]).read_text())
        broad = [statement for statement in policy["Statement"] if statement["Resource"] == "*"]
        # a phone number has no ARN; topics are denied (test_template)
        assert {statement["Action"] for statement in broad} <= {"sns:Publish"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "lock",
    ["requirements.txt", *(f"requirements/{name}.txt" for name in ("dev", "ministack", "lambda", "bench-learn"))],
)
def test_a_lock_installs_by_its_hashes_in_an_empty_environment(lock: str, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", tmp_path], check=True)
    pip = [tmp_path / "bin" / "python", "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", "--require-hashes", "-r", ROOT / lock], check=True)
    subprocess.run([*pip, "check"], check=True)


def test_mail_events_reach_the_feedback_queue_as_they_are(ministack: resources.Resources) -> None:
    """On the real emulator: moto wraps what should be raw."""
    sns, sqs = _real("sns"), _real("sqs")
    sns.publish(TopicArn=ministack.topic_arn, Message=json.dumps({"eventType": "Send", "to": "سارا"}))
    found = sqs.receive_message(QueueUrl=ministack.queues["Feedback"])["Messages"]
    assert [json.loads(message["Body"]) for message in found] == [{"eventType": "Send", "to": "سارا"}]


def _real(service: str) -> Any:
    return boto3.client(service)


def test_nothing_in_the_bucket_stays_for_ever_but_what_is_worked_off() -> None:
    rules = resources.template()["Bucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    kept = {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "Prefix" in rule}
    # bodies: 14 days in the queue, 14 in quarantine; the journal: as long as a follow-up looks back; imports: files
    # full of people, longer than any import takes; learn: what a night's run works with, thrown away at its end
    days = {"bodies/": 30, "journal/": 400, "notices/": 14, "pings/": 7, "imports/": 30, "learn/": 7}
    assert kept == days
