"""The template that is deployed, as it comes out of packaging: nothing lost, nothing open, nothing without an end."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.settings import _VARIABLES
from infra import resources
from tests.artifact import STAGE, Artifact, artifact
from tests.policies import complaints

__all__ = ["artifact"]
QUEUE_OF = {
    "Ingest": "Inbox",
    "Unverified": "Unverified",
    "Send": "Outbox",
    "Feedback": "Feedback",
    "Fetch": "Fetch",
    "Learn": "Learn",
    "Events": "Events",
}
FUNCTIONS = {"Accept", "APIHandler", "Tick", *QUEUE_OF}
DAY = 24 * 60 * 60
Json = dict[str, Any]


def all_of(stack: Json, kind: str) -> dict[str, Json]:
    return {name: one for name, one in stack["Resources"].items() if one["Type"] == kind}


@pytest.fixture(scope="module")
def stack(artifact: Artifact) -> Json:
    return artifact.json("stack")


@pytest.fixture(scope="module")
def functions(stack: Json) -> dict[str, Json]:
    return {name: one["Properties"] for name, one in all_of(stack, "AWS::Lambda::Function").items()}


@pytest.fixture(scope="module")
def mappings(stack: Json) -> dict[str, Json]:
    """Event source mappings by the function that they feed."""
    found = [one["Properties"] for one in all_of(stack, "AWS::Lambda::EventSourceMapping").values()]
    return {one["FunctionName"]["Ref"]: one for one in found}


@pytest.mark.parametrize("name", ["template", "stack"])
def test_cfn_lint_has_nothing_to_say(artifact: Artifact, name: str) -> None:
    lint = [Path(sys.executable).with_name("cfn-lint"), artifact.build / f"{name}.json"]
    done = subprocess.run(lint, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_every_function_is_there_and_nothing_is_left_of_sam(stack: Json, functions: dict[str, Json]) -> None:
    assert set(functions) == FUNCTIONS
    assert not [name for name, one in stack["Resources"].items() if "Serverless" in one["Type"]]
    assert "Transform" not in stack


def test_nothing_of_the_resources_was_lost_on_the_way(stack: Json) -> None:
    for name, one in resources.template().items():
        assert stack["Resources"][name] == one


def test_accept_is_its_own_small_function_behind_the_hooks(stack: Json, functions: dict[str, Json]) -> None:
    assert functions["Accept"]["Handler"] == "chalicelib.accept.handler"
    assert {name: one["Code"]["S3Key"]["Ref"] for name, one in functions.items()} == {
        name: "AcceptZip" if name == "Accept" else "AppZip" for name in FUNCTIONS
    }
    for path, method, said in integrations(stack):
        leads_to = re.findall(r"\$\{(\w+)\.Arn\}", said["uri"]["Fn::Sub"])
        assert leads_to == (["Accept"] if path.startswith("/hooks/") else ["APIHandler"]), (path, method)
        assert len(said["uri"]) == 1, "a merge of two ways to say it leaves both"


def test_only_the_hooks_may_call_accept(stack: Json) -> None:
    (permission,) = [
        one["Properties"]
        for one in all_of(stack, "AWS::Lambda::Permission").values()
        if one["Properties"]["FunctionName"] == {"Ref": "Accept"}
    ]
    assert permission["SourceArn"]["Fn::Sub"].endswith("${RestAPI}/*/POST/hooks/*")


def test_all_functions_run_on_the_python_that_packed_them(functions: dict[str, Json]) -> None:
    assert {one["Runtime"] for one in functions.values()} == {
        f"python{sys.version_info.major}.{sys.version_info.minor}"
    }


def test_the_handlers_that_the_template_names_exist(functions: dict[str, Json]) -> None:
    names = [one["Handler"] for one in functions.values()]
    ask = "import importlib, sys\nfor name in sys.argv[1:]:\n m, _, f = name.rpartition('.')\n"
    ask += " assert callable(getattr(importlib.import_module(m), f))"
    subprocess.run([sys.executable, "-c", ask, *names], check=True, cwd=resources.TEMPLATE.parents[1])


def test_the_handlers_past_chalice_are_those_that_the_app_calls(functions: dict[str, Json]) -> None:
    """What the template runs on AWS and what app.py runs elsewhere must not drift apart."""
    source = (resources.TEMPLATE.parents[1] / "app.py").read_text()
    for name in ("Ingest", "Unverified", "Send", "Feedback", "Fetch", "Learn", "Events", "Tick"):
        body = source.split(f"def {name.lower()}(")[1].split("\n\n\n")[0]
        module = functions[name]["Handler"].removesuffix(".handler").rpartition(".")[2]
        assert f"from chalicelib.functions import {module} as function" in body


# --- queues ----------------------------------------------------------------------------------------------------------


def test_every_reader_reports_what_failed_of_a_batch(mappings: dict[str, Json]) -> None:
    """Without it SQS deletes failed messages silently, and Chalice cannot say it."""
    assert set(mappings) == set(QUEUE_OF)
    assert all(one["FunctionResponseTypes"] == ["ReportBatchItemFailures"] for one in mappings.values())


@pytest.mark.parametrize(("function", "queue"), QUEUE_OF.items())
def test_a_queue_outlasts_its_function(
    stack: Json, functions: dict[str, Json], mappings: dict[str, Json], function: str, queue: str
) -> None:
    """Hidden for six times the function's timeout, and tried for a day before it counts as dead."""
    assert mappings[function]["EventSourceArn"] == {"Fn::Sub": f"${{{queue}Queue.Arn}}"}
    of_queue = stack["Resources"][f"{queue}Queue"]["Properties"]
    assert of_queue["VisibilityTimeout"] >= 6 * functions[function]["Timeout"]
    redrive = of_queue["RedrivePolicy"]
    assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": [f"{queue}DeadQueue", "Arn"]}
    assert redrive["maxReceiveCount"] * of_queue["VisibilityTimeout"] >= DAY
    assert redrive["maxReceiveCount"] <= 1000, "SQS takes no more"


def test_every_dead_letter_queue_wakes_somebody(stack: Json) -> None:
    dead = {name for name in all_of(stack, "AWS::SQS::Queue") if "Dead" in name}
    alarms = [one["Properties"] for name, one in all_of(stack, "AWS::CloudWatch::Alarm").items() if "Dead" in name]
    watched = {one["Dimensions"][0]["Value"]["Fn::GetAtt"][0] for one in alarms}
    assert watched == dead
    assert all(one["AlarmActions"] == [{"Ref": "AlarmTopic"}] for one in alarms)
    assert all((one["Threshold"], one["TreatMissingData"]) == (0, "notBreaching") for one in alarms)


def test_a_stopped_clock_an_old_inbox_and_a_refusing_door_wake_somebody_the_same_hour(stack: Json) -> None:
    alarms = {name: one["Properties"] for name, one in all_of(stack, "AWS::CloudWatch::Alarm").items()}
    early = {name: one["MetricName"] for name, one in alarms.items() if "Dead" not in name}
    wanted = {"ClockAlarm": "Errors", "InboxAgeAlarm": "ApproximateAgeOfOldestMessage", "AcceptAlarm": "failed"}
    assert early == wanted
    assert all(alarms[name]["Period"] * alarms[name]["EvaluationPeriods"] <= 3600 for name in early)
    assert all(alarms[name]["AlarmActions"] == [{"Ref": "AlarmTopic"}] for name in early)


def test_what_came_unverified_cannot_crowd_out_the_rest(mappings: dict[str, Json]) -> None:
    assert mappings["Unverified"]["ScalingConfig"] == {"MaximumConcurrency": 2}


def test_shops_are_asked_one_thing_at_a_time_by_three_at_most(
    mappings: dict[str, Json], functions: dict[str, Json]
) -> None:
    """A shop that answers slowly must not hold up the answers of others, nor use up a new account's ten functions."""
    assert mappings["Fetch"]["BatchSize"] == 1
    assert mappings["Fetch"]["ScalingConfig"] == {"MaximumConcurrency": 3}
    assert (functions["Fetch"]["Timeout"], functions["Fetch"]["MemorySize"]) == (120, 1024)


def test_learning_and_the_storefronts_noise_take_two_functions_each_at_most(
    mappings: dict[str, Json], functions: dict[str, Json]
) -> None:
    """Of a new account's ten. One shop at a time may fill a function's memory and its quarter of an hour."""
    assert (mappings["Learn"]["BatchSize"], mappings["Events"]["BatchSize"]) == (1, 10)
    for name in ("Learn", "Events"):
        assert mappings[name]["ScalingConfig"] == {"MaximumConcurrency": 2}
    assert (functions["Learn"]["Timeout"], functions["Learn"]["MemorySize"]) == (900, 2048)
    assert (functions["Events"]["Timeout"], functions["Events"]["MemorySize"]) == (30, 512)


def test_every_function_is_told_what_its_handler_needs(functions: dict[str, Json]) -> None:
    """`settings().need(...)` fails at the first message, in somebody's account. The API's own cannot be told its
    address: the API is made from it."""
    for name, one in functions.items():
        source = resources.TEMPLATE.parents[1] / f"{one['Handler'].removesuffix('.handler').replace('.', '/')}.py"
        needed = re.findall(r"\.need\(([^)]*)\)", source.read_text()) if name != "APIHandler" else []
        variables = {_VARIABLES[word][0] for words in needed for word in re.findall(r'"(\w+)"', words)}
        assert variables <= set(one["Environment"]["Variables"]), name


def test_no_function_reserves_concurrency(functions: dict[str, Json]) -> None:
    """A new account has ten in all, and may reserve none of them: the stack would not come up."""
    assert not [name for name, one in functions.items() if "ReservedConcurrentExecutions" in one]


def test_the_clock_strikes_every_minute_and_never_twice(stack: Json, functions: dict[str, Json]) -> None:
    (rule,) = all_of(stack, "AWS::Events::Rule").values()
    assert rule["Properties"]["ScheduleExpression"] == "rate(1 minute)"
    assert functions["Tick"]["Timeout"] < 60
    (config,) = all_of(stack, "AWS::Lambda::EventInvokeConfig").values()
    assert (config["Properties"]["FunctionName"], config["Properties"]["MaximumRetryAttempts"]) == ({"Ref": "Tick"}, 0)


# --- data ------------------------------------------------------------------------------------------------------------


def test_the_table_can_be_restored_and_is_not_deleted_by_accident(stack: Json) -> None:
    table = stack["Resources"]["Table"]["Properties"]
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["DeletionProtectionEnabled"] is True
    assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}


def test_what_holds_data_outlives_the_stack(stack: Json) -> None:
    kinds = ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::SQS::Queue")
    held = {name: one for kind in kinds for name, one in all_of(stack, kind).items()}
    assert len(held) == 16
    for name, one in held.items():
        assert (one["DeletionPolicy"], one["UpdateReplacePolicy"]) == ("Retain", "Retain"), name


def test_nothing_is_public_and_nothing_goes_unencrypted(stack: Json) -> None:
    bucket = stack["Resources"]["Bucket"]["Properties"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert "BucketEncryption" in bucket
    for queue in all_of(stack, "AWS::SQS::Queue").values():
        assert queue["Properties"]["SqsManagedSseEnabled"] is True


def test_every_function_logs_into_its_own_group_that_forgets(stack: Json, functions: dict[str, Json]) -> None:
    groups = [one["LoggingConfig"]["LogGroup"]["Ref"] for one in functions.values()]
    assert len(set(groups)) == len(FUNCTIONS)
    assert {stack["Resources"][name]["Properties"]["RetentionInDays"] for name in groups} == {30}


# --- the API ---------------------------------------------------------------------------------------------------------


def integrations(stack: Json) -> Iterator[tuple[str, str, Json]]:
    paths = stack["Resources"]["RestAPI"]["Properties"]["Body"]["paths"]
    for path, methods in paths.items():
        for method, told in methods.items():
            yield path, method, told["x-amazon-apigateway-integration"]


def test_the_api_is_regional_and_has_one_stage(stack: Json) -> None:
    assert stack["Resources"]["RestAPI"]["Properties"]["EndpointConfiguration"] == {"Types": ["REGIONAL"]}
    (stage,) = all_of(stack, "AWS::ApiGateway::Stage").values()
    assert stage["Properties"]["StageName"] == STAGE


def test_every_route_is_throttled(stack: Json) -> None:
    (stage,) = all_of(stack, "AWS::ApiGateway::Stage").values()
    settings = stage["Properties"]["MethodSettings"]
    assert all(one["ThrottlingRateLimit"] > 0 and one["ThrottlingBurstLimit"] > 0 for one in settings)
    named = {one["ResourcePath"] for one in settings}
    assert "/*" in named, "what no entry names"
    existing = {"/~1" + path[1:].replace("/", "~1") for path, _, _ in integrations(stack)}
    assert named - {"/*"} <= existing, "a setting for a route that is not there throttles nothing"
    public = {path for path in existing if re.match(r"/~1(hooks|m|u|connect|v1~1slots$|v1~1events$)", path)}
    assert len(public) >= 6
    assert public <= named, "what strangers may call has its own limit, so that they cannot use up the partners'"


def test_a_browsers_question_beforehand_is_throttled_like_what_it_asks_for(stack: Json) -> None:
    """A personal page view asks twice: a preflight is remembered by address, and every product has its own."""
    (stage,) = all_of(stack, "AWS::ApiGateway::Stage").values()
    limits = {
        (s["ResourcePath"], s["HttpMethod"]): s["ThrottlingRateLimit"] for s in stage["Properties"]["MethodSettings"]
    }
    for path, method in (("/~1v1~1slots", "GET"), ("/~1v1~1events", "POST")):
        assert limits[path, "OPTIONS"] == limits[path, method]


def test_who_is_throttled_is_told_when_to_come_again_and_a_page_may_read_it(stack: Json) -> None:
    body = stack["Resources"]["RestAPI"]["Properties"]["Body"]
    throttled = body["x-amazon-apigateway-gateway-responses"]["THROTTLED"]
    headers = throttled["responseParameters"]
    assert int(headers["gatewayresponse.header.Retry-After"].strip("'")) > 0
    assert headers["gatewayresponse.header.Access-Control-Allow-Origin"] == "'*'"
    assert "Retry-After" in headers["gatewayresponse.header.Access-Control-Expose-Headers"]
    (text,) = throttled["responseTemplates"].values()
    assert (throttled["statusCode"], json.loads(text)["status"]) == (429, 429)


@pytest.mark.parametrize("kind", ["DEFAULT_4XX", "DEFAULT_5XX"])
def test_what_the_gateway_itself_refuses_a_page_may_read_too(stack: Json, kind: str) -> None:
    """Timeouts, 5xx, what has no route: else its maker sees nothing but "CORS error". Their status stays their own.
    They stand within the API: as resources beside it, they are lost whenever the API is imported anew."""
    told = stack["Resources"]["RestAPI"]["Properties"]["Body"]["x-amazon-apigateway-gateway-responses"][kind]
    assert told["responseParameters"]["gatewayresponse.header.Access-Control-Allow-Origin"] == "'*'"
    assert not {"statusCode", "responseTemplates"} & set(told)
    assert not all_of(stack, "AWS::ApiGateway::GatewayResponse")


def test_json_is_text_to_the_api(stack: Json) -> None:
    """As a binary type it makes Chalice answer 400 after the work was done."""
    types = stack["Resources"]["RestAPI"]["Properties"]["Body"]["x-amazon-apigateway-binary-media-types"]
    assert not [one for one in types if "json" in one or one == "*/*"]


# --- names and rights ------------------------------------------------------------------------------------------------


def test_the_stage_stands_in_every_name_that_has_one(stack: Json, functions: dict[str, Json]) -> None:
    assert stack["Parameters"]["MasterParameter"]["Default"] == f"/ecrm/{STAGE}/master"
    assert {one["Environment"]["Variables"]["ECRM_STAGE"] for one in functions.values()} == {STAGE}
    assert "<stage>" not in json.dumps(stack)
    assert "prod" not in json.dumps([stack["Outputs"], [one["Environment"] for one in functions.values()]])


def test_the_outputs_are_those_that_the_command_line_reads(stack: Json) -> None:
    from webhooks import stage

    assert set(stage._VARIABLES) <= set(stack["Outputs"])


def test_no_secret_stands_in_the_template(functions: dict[str, Json]) -> None:
    for one in functions.values():
        assert one["Environment"]["Variables"]["ECRM_MASTER_PARAMETER"] == {"Ref": "MasterParameter"}
        assert "ECRM_MASTER" not in one["Environment"]["Variables"]


def policies(stack: Json) -> Iterator[tuple[str, Json]]:
    for name, role in all_of(stack, "AWS::IAM::Role").items():
        for policy in role["Properties"]["Policies"]:
            yield name, policy["PolicyDocument"]


def test_every_function_has_a_role_of_its_own(stack: Json, functions: dict[str, Json]) -> None:
    roles = [one["Role"]["Fn::GetAtt"][0] for one in functions.values()]
    assert set(roles) == {name for name, _ in policies(stack)}
    assert len(set(roles)) == len(FUNCTIONS)
    assert not [one for one in all_of(stack, "AWS::IAM::Role").values() if one["Properties"].get("ManagedPolicyArns")]


def test_the_roles_are_those_that_the_tests_watch(stack: Json) -> None:
    """`rights.py` reads the files; AWS gets the template."""
    files = {"APIHandler": "api", **{name: name.lower() for name in FUNCTIONS - {"APIHandler"}}}
    roles = {"APIHandler": "ApiHandlerRole"}
    told = dict(policies(stack))
    for function, file in files.items():
        written = json.loads((resources.TEMPLATE.parent / "iam" / f"{file}.json").read_text())
        assert told[roles.get(function, f"{function}Role")] == written


def test_no_right_is_for_everything(stack: Json) -> None:
    for name, policy in policies(stack):
        allowing = [statement for statement in policy["Statement"] if statement["Effect"] == "Allow"]
        for statement in allowing:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            assert not [action for action in actions if "*" in action], name
            if actions == ["sns:Publish"]:
                continue  # a phone number has no ARN; see the next test
            for resource in _texts(statement["Resource"]):
                assert resource not in ("*", "arn:*"), name
                assert not resource.endswith((":*", "${AWS::AccountId}:*")), (name, resource)


def test_what_may_send_texts_may_publish_to_no_topic(stack: Json) -> None:
    texting = {name: policy for name, policy in policies(stack) if "sns:Publish" in json.dumps(policy)}
    assert texting.keys() == {"SendRole"}
    allow, deny = [one for one in texting["SendRole"]["Statement"] if one["Action"] == "sns:Publish"]
    assert (allow["Effect"], allow["Resource"]) == ("Allow", "*")
    assert (deny["Effect"], deny["Resource"]) == ("Deny", {"Fn::Sub": "arn:${AWS::Partition}:sns:*:*:*"})


def test_the_feedback_queue_takes_from_our_topic_and_from_rules_of_this_account_only(stack: Json) -> None:
    (queue,) = all_of(stack, "AWS::SQS::QueuePolicy").values()
    told = {one["Principal"]["Service"]: one["Condition"] for one in queue["Properties"]["PolicyDocument"]["Statement"]}
    assert told.keys() == {"sns.amazonaws.com", "events.amazonaws.com"}
    assert told["sns.amazonaws.com"] == {"ArnEquals": {"aws:SourceArn": {"Ref": "MailTopic"}}}
    rules = {"Fn::Sub": "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/*"}
    assert told["events.amazonaws.com"] == {"ArnLike": {"aws:SourceArn": rules}}


def _texts(resource: Any) -> list[str]:
    """The resources of a statement as texts: `${Table.Arn}` for a reference."""
    if isinstance(resource, list):
        return [text for one in resource for text in _texts(one)]
    if isinstance(resource, dict):
        return [resource["Fn::Sub"] if "Fn::Sub" in resource else f"${{{'.'.join(resource['Fn::GetAtt'])}}}"]
    return [resource]


def test_parliament_finds_nothing_in_the_policies(stack: Json) -> None:
    for name, policy in policies(stack):
        # a phone number has no ARN: what may send texts may publish to everything but topics
        known = [("RESOURCE_STAR", ["sns:Publish"])] if name == "SendRole" else []
        assert complaints(json.dumps(_resolved(policy))) == known, name


ARNS = {
    "Table": "arn:aws:dynamodb:eu-west-1:123456789012:table/t",
    "Bucket": "arn:aws:s3:::b",
    "Log": "arn:aws:logs:eu-west-1:123456789012:log-group:l:*",
    "Queue": "arn:aws:sqs:eu-west-1:123456789012:q",
}
NAMES = {"AWS::Partition": "aws", "AWS::Region": "eu-west-1", "AWS::AccountId": "123456789012", "MailSet": "m"}


def _resolved(told: Any) -> Any:
    if isinstance(told, list):
        return [_resolved(one) for one in told]
    if isinstance(told, dict) and set(told) & {"Fn::Sub", "Fn::GetAtt"}:
        return re.sub(r"\$\{([^}]+)\}", lambda found: _value(found[1]), _texts(told)[0])
    return {key: _resolved(value) for key, value in told.items()} if isinstance(told, dict) else told


def _value(name: str) -> str:
    if name.endswith(".Arn"):
        return next(arn for kind, arn in ARNS.items() if name.removesuffix(".Arn").endswith(kind))
    return "/ecrm/dev/master" if name == "MasterParameter" else NAMES[name]
