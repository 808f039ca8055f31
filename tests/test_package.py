"""The two zips: small, the same every time, with all that they need and nothing that they do not."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest

from chalicelib import flows, languages, settings
from chalicelib.table import learnt, sync
from chalicelib.work import learn_timer
from chalicelib.work import sync as talks
from infra import package, resources, trim
from tests import todays_order
from tests.artifact import ROOT, Artifact, artifact, make
from tests.conftest import environment
from tests.events import batch, delivery, rest
from tests.small_lambda import Died, SmallLambda
from webhooks.shops import add_shop

__all__ = ["artifact"]


def files(code: Path) -> set[str]:
    return {file.relative_to(code).as_posix() for file in code.rglob("*") if file.is_file()}


# --- what is in them -------------------------------------------------------------------------------------------------


def test_they_are_small(artifact: Artifact) -> None:
    assert (artifact.build / "accept.zip").stat().st_size <= 1.5e6
    assert (artifact.build / "app.zip").stat().st_size <= 12e6


def test_packing_again_gives_the_same_bytes(artifact: Artifact, tmp_path: Path) -> None:
    again = make(tmp_path / "again")
    assert again.json("package") == artifact.json("package")
    for name in ("accept.zip", "app.zip", "template.json", "stack.json"):
        assert (again.build / name).read_bytes() == (artifact.build / name).read_bytes(), name


def test_there_are_no_commands_no_installers_and_no_tests_in_it(artifact: Artifact) -> None:
    unwanted = {"pip", "setuptools", "wheel", "boto3", "moto", "pytest", "_yaml", "bin", "tests", "infra", "webhooks"}
    assert not {name.split("/")[0] for name in files(artifact.app)} & unwanted
    assert not [name for name in files(artifact.app) if "/tests/" in name or ".dist-info/" in name or "/cli/" in name]


def test_accept_holds_nothing_but_what_accept_loads(artifact: Artifact) -> None:
    sources = {name for name in files(artifact.accept) if name.endswith(".py")}
    assert {name.split("/")[0] for name in sources} == {"chalicelib"}
    assert "chalicelib/accept.py" in sources
    assert not {name for name in sources if name.split("/")[1] in ("routes", "table", "work", "functions", "flows")}


def test_templates_words_schemas_and_compiled_flows_are_in_it(artifact: Artifact) -> None:
    ours = {
        file.relative_to(ROOT).as_posix()
        for file in (ROOT / "chalicelib").rglob("*")
        if file.suffix in (".liquid", ".md", ".json") and "samples" not in file.parts
    }
    assert len(ours) > 20
    assert not ours - files(artifact.app)
    assert (artifact.app / "chalicelib/flows/compiled.json").read_text() == flows.compiled()
    packed = artifact.app / "chalicelib/languages"
    assert (packed / "pages.json").exists()
    assert {file.stem for file in (packed / "compiled").iterdir()} == set(languages.names())
    for language in languages.names():
        assert (packed / "compiled" / f"{language}.json").read_text() == languages.compiled(language)


def test_every_module_is_compiled_and_the_bytecode_is_never_checked_against_dates(artifact: Artifact) -> None:
    for code in (artifact.app, artifact.accept):
        for source in code.rglob("*.py"):
            compiled = source.parent / "__pycache__" / f"{source.stem}.cpython-311.pyc"
            flags = int.from_bytes(compiled.read_bytes()[4:8], "little")
            assert flags == 0b01, f"{compiled}: hash-based, unchecked"


def test_a_zip_bears_no_dates_and_no_owners(artifact: Artifact) -> None:
    with zipfile.ZipFile(artifact.build / "app.zip") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {entry.external_attr for entry in archive.infolist()} == {0o100644 << 16}
        assert archive.namelist() == sorted(archive.namelist())


def test_botocore_knows_the_services_and_operations_that_are_called(artifact: Artifact) -> None:
    data = artifact.app / "botocore" / "data"
    assert {folder.name for folder in data.iterdir() if folder.is_dir()} == set(trim.OPERATIONS)
    for service, operations in trim.OPERATIONS.items():
        (model,) = data.glob(f"{service}/*/service-2.json")
        assert set(json.loads(model.read_text())["operations"]) == operations


def test_a_cut_down_model_keeps_every_shape_that_it_names() -> None:
    model = {
        "version": "2.0",
        "metadata": {},
        "documentation": "<p>long</p>",
        "operations": {"Put": {"input": {"shape": "In"}, "documentation": "x"}, "Drop": {"input": {"shape": "Out"}}},
        "shapes": {
            "In": {"type": "structure", "members": {"documentation": {"shape": "Text", "documentation": "y"}}},
            "Text": {"type": "string"},
            "Out": {"type": "structure", "members": {}},
        },
    }
    cut = trim.service(model, {"Put"})
    assert set(cut["operations"]) == {"Put"}
    assert cut["shapes"] == {
        "In": {"type": "structure", "members": {"documentation": {"shape": "Text"}}},
        "Text": {"type": "string"},
    }


def test_the_languages_of_the_mails_are_in_it_and_no_others(artifact: Artifact) -> None:
    locales = {file.stem.split("_")[0] for file in (artifact.app / "babel" / "locale-data").glob("*.dat")}
    assert locales == {"root", "en", *languages.names()}


@pytest.mark.slow
def test_both_machines_get_their_own_libraries(tmp_path: Path) -> None:
    for arch, machine in (("x86_64", b"\x3e\x00"), ("arm64", b"\xb7\x00")):
        facts = package.package(tmp_path / arch, arch, "prod", ROOT / "build")
        with zipfile.ZipFile(tmp_path / arch / "app.zip") as archive:
            libraries = [name for name in archive.namelist() if name.endswith(".so")]
            assert {archive.read(name)[18:20] for name in libraries} == {machine}
        assert facts["app"]["bytes"] < 12e6
        template = json.loads((tmp_path / arch / "stack.json").read_text())
        functions = [r for r in template["Resources"].values() if r["Type"] == "AWS::Lambda::Function"]
        assert {tuple(one["Properties"]["Architectures"]) for one in functions} == {(arch,)}


def test_an_unknown_stage_is_told_what_to_do() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "infra.package", "--stage", "moon"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "'moon' is not one of ['dev', 'prod']: add it to .chalice/config.json" in done.stderr


# --- run with nothing else on the path -------------------------------------------------------------------------------


class Shop:
    """A registered shop in the emulator, and the variables of functions that serve it."""

    def __init__(self, made: resources.Resources, endpoint: str) -> None:
        master = "5e" * 32
        boto3.client("ssm", endpoint_url=endpoint).put_parameter(
            Name=f"/{made.table}/master", Value=master, Type="SecureString", Overwrite=True
        )
        boto3.client("sesv2", endpoint_url=endpoint).create_email_identity(EmailIdentity="acme.test")
        told = environment(made.table, made, endpoint) | {"ECRM_MASTER_PARAMETER": f"/{made.table}/master"}
        self.variables = {name: value for name, value in told.items() if name != "ECRM_MASTER"}
        self.told = add_shop(todays_order.asked(), settings.settings(), datetime.now(UTC))
        self.made = made


@pytest.fixture
def shop(ministack: resources.Resources, ministack_process: str) -> Shop:
    return Shop(ministack, ministack_process)


def received(shop: Shop, name: str, endpoint: str) -> list[str]:
    answer = boto3.client("sqs", endpoint_url=endpoint).receive_message(
        QueueUrl=shop.made.queues[name], MaxNumberOfMessages=10
    )
    return [message["Body"] for message in answer.get("Messages", [])]


@pytest.fixture
def memory() -> Iterator[dict[str, float]]:
    used: dict[str, float] = {}
    yield used
    # Lambda gives 512 MB; what comes near it is a leak or a mistake.
    assert max(used.values()) < 200, used


def test_a_delivery_becomes_an_order_and_a_mail_with_each_function_alone(
    artifact: Artifact, shop: Shop, ministack_process: str, memory: dict[str, float]
) -> None:
    """accept → ingest → tick → send → feedback, then fetch, then learn: each twice, cold and warm, from its zip."""
    with SmallLambda(artifact.accept, "chalicelib.accept.handler", shop.variables) as accept:
        for _ in ("cold", "warm"):
            assert accept.invoke(delivery(shop.told))["statusCode"] == 200, accept.log()
        memory["accept"] = accept.memory_mb()
    envelopes = received(shop, "Inbox", ministack_process)
    assert len(envelopes) == 2
    with SmallLambda(artifact.app, "chalicelib.functions.ingest.handler", shop.variables) as ingest:
        for envelope in envelopes:
            assert ingest.invoke(batch(envelope)) == {"batchItemFailures": []}
        assert '"level":"ERROR"' not in ingest.log()
        memory["ingest"] = ingest.memory_mb()
    todays_order.wait_out_the_hours_last_minute()
    with SmallLambda(artifact.app, "chalicelib.functions.tick.handler", shop.variables) as tick:
        for _ in ("cold", "warm"):
            tick.invoke({})
        due = received(shop, "Outbox", ministack_process)
        if not due:  # the hour's last minute began meanwhile
            todays_order.wait_out_the_hours_last_minute()
            tick.invoke({})
            due = received(shop, "Outbox", ministack_process)
        memory["tick"] = tick.memory_mb()
    assert due
    with SmallLambda(artifact.app, "chalicelib.functions.send.handler", shop.variables) as send:
        for message in due:
            assert send.invoke(batch(message)) == {"batchItemFailures": []}
        assert '"outcome":"sent"' in send.log(), send.log()
        memory["send"] = send.memory_mb()
    with SmallLambda(artifact.app, "chalicelib.functions.feedback.handler", shop.variables) as feedback:
        event = json.dumps({"eventType": "Send", "mail": {"tags": {}, "timestamp": "2026-11-21T09:00:00Z"}, "send": {}})
        for _ in ("cold", "warm"):
            assert feedback.invoke(batch(event)) == {"batchItemFailures": []}
        memory["feedback"] = feedback.memory_mb()
    talks.start_timer("acme", datetime.now(UTC))
    with SmallLambda(artifact.app, "chalicelib.functions.fetch.handler", shop.variables) as fetch:
        for _ in ("cold", "warm"):
            assert fetch.invoke(batch(json.dumps({"shop": "acme", "task": "reconcile"}))) == {"batchItemFailures": []}
        assert '"level":"ERROR"' not in fetch.log()
        memory["fetch"] = fetch.memory_mb()
    assert sync.read("acme", "reconcile").sync.trouble["code"] == "not_connected"
    learn_timer.soon("acme", datetime.now(UTC))
    with SmallLambda(artifact.app, "chalicelib.functions.learn.handler", shop.variables) as learn:
        for _ in ("cold", "warm"):
            assert learn.invoke(batch(json.dumps({"shop": "acme", "task": "learn"}))) == {"batchItemFailures": []}
        assert '"level":"ERROR"' not in learn.log(), learn.log()
        memory["learn"] = learn.memory_mb()
    assert (learnt.model("acme") or {})["orders"] == 1


def test_the_api_answers_every_kind_of_question(artifact: Artifact, shop: Shop, memory: dict[str, float]) -> None:
    bearer = {"Authorization": f"Bearer {shop.told['secret_key']}"}
    asked = [
        rest("GET", "/v1/health", {}, bearer),
        rest("GET", "/v1/customers", {}, bearer),
        rest("GET", "/v1/orders", {}, bearer),
        rest("GET", "/v1/quarantine", {}, bearer),
        rest("GET", "/openapi.json", {}, {}),
        rest("GET", "/schemas/standard-v1.json", {}, {}),
    ]
    with SmallLambda(artifact.app, "app.app", shop.variables) as api:
        for event in asked:
            for _ in ("cold", "warm"):
                answered = api.invoke(event)
                assert answered["statusCode"] == 200, (event["path"], answered, api.log())
        page = api.invoke(rest("GET", "/u/{token}", {"token": "x.y"}, {}))
        assert (page["statusCode"], "<html" in page["body"]) == (404, True)
        memory["api"] = api.memory_mb()


@pytest.mark.parametrize(
    ("missing", "handler"),
    [
        ("pynamodb", "chalicelib.functions.tick.handler"),
        ("phonenumbers", "chalicelib.functions.ingest.handler"),
        ("liquid", "chalicelib.functions.send.handler"),
        ("css_inline", "chalicelib.functions.send.handler"),
        ("chalicelib/safe_http.py", "chalicelib.functions.fetch.handler"),
        ("babel", "app.app"),
        ("chalicelib/thin.py", "chalicelib.accept.handler"),
    ],
)
def test_a_missing_dependency_does_not_stay_hidden(
    artifact: Artifact, missing: str, handler: str, tmp_path: Path
) -> None:
    """The environment of these tests lends nothing: what is not in the zip is not there."""
    code = tmp_path / "code"
    shutil.copytree(artifact.accept if "accept" in handler else artifact.app, code, symlinks=True)
    taken = code / missing
    if taken.is_dir():
        shutil.rmtree(taken)
    else:
        taken.unlink()
    with pytest.raises(Died, match=missing.replace("/", ".").removesuffix(".py")), SmallLambda(code, handler, {}):
        pass
