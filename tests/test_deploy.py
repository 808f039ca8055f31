"""`make deploy` against the emulator: it says what is missing, deploys, works, and finds nothing to change again."""

from __future__ import annotations

import io
import json
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from chalicelib.settings import read
from infra import deploy, missing
from infra.local.ministack import Ministack
from infra.stacks import Failed, Stack
from tests import todays_order
from tests.artifact import ROOT, STAGE, Artifact, artifact
from webhooks import stage
from webhooks.shops import add_shop

__all__ = ["artifact"]
REGION = "us-east-1"
ARCH = os.uname().machine


class Account:
    """An empty account in an emulator of its own, and `make deploy` in it."""

    def __init__(self, endpoint: str, build: Path) -> None:
        self.endpoint, self._build = endpoint, build

    def client(self, service: str) -> Any:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, region_name=REGION, endpoint_url=self.endpoint, **keys)

    def run(self, command: str, *words: str, answer: str = "") -> tuple[int, str]:
        """(exit code, what was said)."""
        said, arch = io.StringIO(), ["--arch", ARCH] if command in ("deploy", "diff") else []
        asked = [command, "--stage", STAGE, "--endpoint", self.endpoint, *arch, *words]
        return deploy.main(asked, said, lambda question: answer, lambda *_: self._build), said.getvalue()

    def furnish(self) -> None:
        """What the first deployment asked for."""
        self.client("s3").create_bucket(Bucket=f"ecrm-artifacts-000000000000-{REGION}")
        self.client("ssm").put_parameter(Name=f"/ecrm/{STAGE}/master", Value="5e" * 32, Type="SecureString")
        self.client("sesv2").create_email_identity(EmailIdentity="acme.test")

    def stacks(self) -> list[str]:
        found = self.client("cloudformation").list_stacks()["StackSummaries"]
        return [one["StackName"] for one in found if one["StackStatus"] != "DELETE_COMPLETE"]


@pytest.fixture(scope="module")
def account(artifact: Artifact) -> Iterator[Account]:
    with Ministack() as running:
        yield Account(running.url, artifact.build)


@pytest.fixture(scope="module")
def deployed(account: Account) -> Account:
    """After the whole of a first deployment, each step of which is checked."""
    code, said = account.run("deploy", "--yes")
    assert code == 2
    assert "aws s3 mb s3://ecrm-artifacts-000000000000-us-east-1" in said
    assert 'aws ssm put-parameter --name /ecrm/dev/master --type SecureString --value "$(openssl rand -hex 32)"' in said
    assert "aws sesv2 create-email-identity" in said
    assert not account.stacks()
    account.furnish()
    code, said = account.run("diff")
    assert (code, "+ Table  (AWS::DynamoDB::Table)" in said, account.stacks()) == (0, True, [])
    code, said = account.run("deploy", answer="n")
    assert (code, account.stacks()) == (1, [])
    code, said = account.run("deploy", answer="y")
    assert (code, account.stacks()) == (0, ["ecrm-dev"])
    assert "ecrm-dev: CREATE_COMPLETE" in said
    return account


def test_a_second_deployment_changes_nothing(deployed: Account) -> None:
    assert deployed.run("deploy") == (0, "ecrm-dev: no change\n")
    assert deployed.run("diff") == (0, "ecrm-dev: no change\n")


def test_a_parameter_is_changed_and_then_kept(deployed: Account) -> None:
    code, said = deployed.run("deploy", "--set", "MailRate=14", "--yes")
    assert code == 0
    assert "~ Send  (AWS::Lambda::Function)" in said
    assert "- " not in said
    assert deployed.run("deploy") == (0, "ecrm-dev: no change\n")
    functions = deployed.client("lambda").list_functions()["Functions"]
    rates = {one["Environment"]["Variables"].get("ECRM_MAIL_RATE") for one in functions}
    assert rates == {None, "14"}


def test_the_outputs_name_what_stands(deployed: Account) -> None:
    code, said = deployed.run("outputs")
    told = dict(line.split() for line in said.splitlines())
    assert code == 0
    assert told["PublicUrl"].endswith(".execute-api.us-east-1.amazonaws.com/dev")
    assert deployed.client("dynamodb").describe_table(TableName=told["Table"])["Table"]["TableStatus"] == "ACTIVE"


def test_a_webhook_goes_in_through_the_api_and_a_mail_comes_out(deployed: Account) -> None:
    """Every function where the template put it: accept, ingest, tick, send."""
    variables = stage.variables(STAGE, deployed.client("cloudformation"))
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_ENDPOINT_URL": deployed.endpoint}
    given = read({**variables, **keys, "AWS_REGION": REGION})
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**variables, **keys}.items():
            patch.setenv(name, value)
        told = add_shop(todays_order.asked(), given, datetime.now(UTC))
    body = todays_order.body()
    assert _post(deployed, body, todays_order.signed(body, told)) == 200
    assert _post(deployed, body.replace(b"2500", b"2501"), todays_order.signed(body, told)) == 401
    _until(lambda: _rows(deployed, variables["ECRM_TABLE"], "follow_up"))
    (mail,) = _until(lambda: (_invoke(deployed, "Tick"), _mails(deployed))[1])
    assert "sara@example.test" in json.dumps(mail)
    assert _get(deployed, "/v1/orders/18", told["secret_key"])["customer_id"].startswith("c_")


def test_taking_it_down_keeps_the_data_and_says_so(deployed: Account) -> None:
    """The last of this file: nothing stands afterwards."""
    table = deployed.client("dynamodb").list_tables()["TableNames"][0]
    assert deployed.run("destroy", answer="")[0] == 1
    code, said = deployed.run("destroy", "--yes")
    assert (code, table in said) == (0, True)
    assert deployed.stacks() == []
    assert deployed.client("dynamodb").list_tables()["TableNames"] == [table]
    assert deployed.run("outputs") == (1, "there is no ecrm-dev yet: make deploy STAGE=dev\n")


def _url(account: Account, path: str) -> str:
    api = stage.variables(STAGE, account.client("cloudformation"))["ECRM_PUBLIC_URL"].split("//")[1].split(".")[0]
    return f"{account.endpoint}/_aws/execute-api/{api}/{STAGE}{path}"


def _post(account: Account, body: bytes, headers: dict[str, str]) -> int:
    request = urllib.request.Request(_url(account, "/hooks/standard/acme"), body, headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def _get(account: Account, path: str, key: str) -> Any:
    request = urllib.request.Request(_url(account, path), headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def _rows(account: Account, table: str, kind: str) -> list[Any]:
    found = account.client("dynamodb").scan(TableName=table)["Items"]
    return [row for row in found if row["k"]["S"] == kind]


def _invoke(account: Account, name: str) -> None:
    functions = account.client("lambda").list_functions()["Functions"]
    (full,) = [one["FunctionName"] for one in functions if one["FunctionName"].startswith(f"ecrm-dev-{name}-")]
    answer = account.client("lambda").invoke(FunctionName=full, Payload=b"{}")
    assert "FunctionError" not in answer, answer["Payload"].read()


def _mails(account: Account) -> list[Any]:
    with urllib.request.urlopen(f"{account.endpoint}/_ministack/ses/messages", timeout=60) as answer:
        told = json.load(answer)
    return [message for messages in told["messages"].values() for message in messages]


def _until(look: Callable[[], list[Any]], seconds: float = 180.0) -> list[Any]:
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.1)
    return found


# --- without an account ----------------------------------------------------------------------------------------------


def test_without_a_region_nothing_else_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    said = io.StringIO()
    assert deploy.main(["deploy", "--yes"], said) == 2
    assert "export AWS_DEFAULT_REGION=" in said.getvalue()


def test_credentials_that_aws_refuses_are_named() -> None:
    def refuse() -> None:
        raise ClientError({"Error": {"Code": "InvalidClientTokenId", "Message": "no"}}, "GetCallerIdentity")

    account, (gap,) = missing.credentials(lambda service: SimpleNamespace(get_caller_identity=refuse))
    assert (account, gap.needed, "aws configure" in gap.remedy) == ("", True, True)


class Broken:
    """CloudFormation, when a resource cannot be made."""

    def describe_stacks(self, StackName: str) -> Any:
        return {"Stacks": [{"StackStatus": "ROLLBACK_COMPLETE"}]}

    def execute_change_set(self, **asked: Any) -> None:
        pass

    def describe_stack_events(self, StackName: str) -> Any:
        failed = {"ResourceStatus": "CREATE_FAILED", "ResourceStatusReason": "no more tables"}
        return {"StackEvents": [{"LogicalResourceId": "Table", **failed}]}


def test_what_could_not_be_made_is_told_with_its_reason() -> None:
    with pytest.raises(Failed, match="ROLLBACK_COMPLETE\nTable: no more tables"):
        Stack(Broken(), "ecrm-dev", 0).apply(SimpleNamespace(name="x"))  # type: ignore[arg-type]


def test_the_guide_names_targets_and_parameters_that_exist(artifact: Artifact) -> None:
    guide, makefile = (ROOT / "docs" / "deploy.md").read_text(), (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^make ([a-z-]+)", guide, re.MULTILINE))
    assert targets == {"deploy", "diff", "outputs", "destroy"}
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)
    parameters = artifact.json("stack")["Parameters"]
    named = set(re.findall(r"^\| `([A-Za-z]+)` \|", guide, re.MULTILINE))
    assert named == set(parameters) - {"Artifacts", "AcceptZip", "AppZip"}
