"""Makes the table, queues, bucket and topic of `template.json` through plain API calls, for local world and tests.

CloudFormation makes them from the same file on AWS, so there is one definition of each.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TEMPLATE = Path(__file__).with_name("template.json")
QUEUES = ("Inbox", "Unverified", "Outbox", "Feedback", "Fetch", "Learn", "Events")
# What guards data worth keeping is left off where data is thrown away.
_TABLE_PARTS = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")

Clients = Callable[[str], Any]


@dataclass(frozen=True)
class Resources:
    """Names and addresses of what was made. `queues` and `arns` by name: Inbox, InboxDead, …"""

    table: str
    bucket: str
    topic_arn: str
    mail_set: str
    queues: dict[str, str]
    arns: dict[str, str]


def template() -> dict[str, Any]:
    """The resources of the template by name."""
    found: dict[str, Any] = json.loads(TEMPLATE.read_text())["Resources"]
    return found


def create(client: Clients, prefix: str) -> Resources:
    """Make everything, or find it made already. `client("sqs")` gives a boto3 client; all names start with `prefix`."""
    table, bucket = create_table(client("dynamodb"), f"{prefix}-table"), f"{prefix}-bucket"
    with suppress(client("s3").exceptions.BucketAlreadyOwnedByYou):
        client("s3").create_bucket(Bucket=bucket)
    queues, arns = create_queues(client("sqs"), prefix)
    topic = client("sns").create_topic(Name=f"{prefix}-mail")["TopicArn"]
    _subscribe(client("sns"), topic, arns["Feedback"])
    return Resources(table, bucket, topic, f"{prefix}-mail-set", queues, arns)


def create_table(dynamodb: Any, name: str) -> str:
    """The table with its indexes and time to live, under this name. Returns the name."""
    properties = template()["Table"]["Properties"]
    with suppress(dynamodb.exceptions.ResourceInUseException):
        dynamodb.create_table(TableName=name, **{part: properties[part] for part in _TABLE_PARTS})
        dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=properties["TimeToLiveSpecification"])
    return name


def create_queues(sqs: Any, prefix: str) -> tuple[dict[str, str], dict[str, str]]:
    """Every queue with its dead-letter queue. Returns their addresses and their ARNs by name."""
    urls: dict[str, str] = {}
    arns: dict[str, str] = {}
    for name in [f"{queue}Dead" for queue in QUEUES] + list(QUEUES):
        attributes = _queue_attributes(template()[f"{name}Queue"]["Properties"], arns)
        urls[name] = sqs.create_queue(QueueName=f"{prefix}-{name.lower()}", Attributes=attributes)["QueueUrl"]
        answer = sqs.get_queue_attributes(QueueUrl=urls[name], AttributeNames=["QueueArn"])
        arns[name] = answer["Attributes"]["QueueArn"]
    return urls, arns


def _queue_attributes(properties: dict[str, Any], arns: dict[str, str]) -> dict[str, str]:
    plain = {key: str(value) for key, value in properties.items() if isinstance(value, int) and value is not True}
    redrive = properties.get("RedrivePolicy")
    if redrive:
        dead = redrive["deadLetterTargetArn"]["Fn::GetAtt"][0].removesuffix("Queue")
        plain["RedrivePolicy"] = json.dumps({**redrive, "deadLetterTargetArn": arns[dead]})
    return plain


def _subscribe(sns: Any, topic: str, queue_arn: str) -> None:
    raw = template()["MailTopicToFeedback"]["Properties"]["RawMessageDelivery"]
    sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=queue_arn, Attributes={"RawMessageDelivery": str(raw).lower()}
    )
