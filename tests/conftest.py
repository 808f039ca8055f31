"""What tests stand on: moto in this process (fast), ministack as its own process (real), a fresh table for each."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import hypothesis
import pytest
from moto import mock_aws
from moto.dynamodb.models import DynamoDBBackend

from chalicelib import clock
from chalicelib.routes import limits
from chalicelib.settings import settings
from chalicelib.work import remembered
from infra import resources

REGION = "us-east-1"
_numbers = itertools.count(1)

# How long this machine takes over an example says nothing of what is tried.
_SLOW = [hypothesis.HealthCheck.too_slow]
hypothesis.settings.register_profile("any machine", deadline=None, suppress_health_check=_SLOW)
hypothesis.settings.load_profile("any machine")

# Before anything asks for a client: no test may reach a real account, whatever the machine is set up for.
os.environ.update(
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
    AWS_DEFAULT_REGION=REGION,
    AWS_REGION=REGION,
    AWS_CONFIG_FILE=os.devnull,
    AWS_SHARED_CREDENTIALS_FILE=os.devnull,
    AWS_EC2_METADATA_DISABLED="true",
)
for name in [name for name in os.environ if name.startswith(("AWS_ENDPOINT_URL", "AWS_PROFILE", "ECRM_"))]:
    del os.environ[name]


@pytest.fixture(scope="session")
def moto_aws() -> Iterator[None]:
    """One mock for the whole run (a fresh one costs 171 ms), its writes isolated from each other as DynamoDB's are."""
    one_at_a_time = threading.RLock()

    def isolated(write: Callable[..., Any]) -> Callable[..., Any]:
        def locked(*args: Any, **kwargs: Any) -> Any:
            with one_at_a_time:
                return write(*args, **kwargs)

        return locked

    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("transact_write_items", "put_item", "update_item", "delete_item"):
            patch.setattr(DynamoDBBackend, name, isolated(getattr(DynamoDBBackend, name)))
        yield


@pytest.fixture(scope="session", autouse=True)
def _one_table_for_both_clients() -> Iterator[None]:
    """Without an emulator's address there is only what stands in for PynamoDB's client: the thin one asks it, too."""
    from chalicelib.thin import Thin
    from tests.both_clients import through_pynamodb

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Thin, "dynamodb", through_pynamodb(Thin.dynamodb))
        yield


@pytest.fixture(scope="session", autouse=True)
def _all_the_time_there_is() -> Iterator[None]:
    """What stands in AWS's place is as slow as this machine."""
    from chalicelib import thin
    from chalicelib.table import base

    with pytest.MonkeyPatch.context() as patch:
        for name in ("CONNECT_SECONDS", "READ_SECONDS"):
            patch.setattr(thin, name, 60.0)
            patch.setattr(base.Row.Meta, name.lower().replace("_s", "_timeout_s"), 60)
        yield


@pytest.fixture(scope="session", autouse=True)
def rights_watch() -> Iterator[Any]:
    """Everything that a function calls on AWS in any test is held against its role."""
    from tests.rights import Watch, watching

    watch = Watch()
    with watching(watch):
        yield watch


@pytest.fixture(autouse=True)
def _nobody_did_what_his_role_forbids(rights_watch: Any) -> Iterator[None]:
    yield
    denied, rights_watch.denied = rights_watch.denied, []
    assert not denied


@pytest.fixture(scope="session", autouse=True)
def secrets_watch() -> Iterator[Any]:
    """Everything that any test makes us log is looked through for keys."""
    from tests.secrets_watch import watching

    with watching() as watch:
        yield watch


@pytest.fixture(autouse=True)
def _no_key_in_any_log(secrets_watch: Any) -> Iterator[None]:
    yield
    found, secrets_watch.found = secrets_watch.found, []
    assert not found


@pytest.fixture(autouse=True)
def _nothing_left_over() -> Iterator[None]:
    """Every test reads its own settings and finds the clock as it is."""
    settings.cache_clear()
    remembered.forget_everything()
    limits.forget_everything()
    yield
    settings.cache_clear()
    clock.use(None)


def environment(table: str, made: resources.Resources | None = None, endpoint: str = "") -> dict[str, str]:
    """The variables of a function that uses this table and, where given, these queues and this bucket."""
    queues = made.queues if made else {}
    return {
        "ECRM_TABLE": table,
        "ECRM_BUCKET": made.bucket if made else "no-bucket",
        "ECRM_INBOX_URL": queues.get("Inbox", "https://sqs.test/inbox"),
        "ECRM_UNVERIFIED_URL": queues.get("Unverified", "https://sqs.test/unverified"),
        "ECRM_OUTBOX_URL": queues.get("Outbox", "https://sqs.test/outbox"),
        "ECRM_FEEDBACK_URL": queues.get("Feedback", "https://sqs.test/feedback"),
        "ECRM_FETCH_URL": queues.get("Fetch", "https://sqs.test/fetch"),
        "ECRM_LEARN_URL": queues.get("Learn", "https://sqs.test/learn"),
        "ECRM_EVENTS_URL": queues.get("Events", "https://sqs.test/events"),
        "ECRM_MASTER": "5e" * 32,
        "ECRM_PUBLIC_URL": "https://ecrm.acme.test",
        "ECRM_MAIL_CONFIGURATION_SET": made.mail_set if made else "mail-set",
        **({"AWS_ENDPOINT_URL": endpoint} if endpoint else {}),
    }


def _set(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    settings.cache_clear()


@pytest.fixture
def table(moto_aws: None, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of an empty table in moto; the settings and PynamoDB point at it. Milliseconds."""
    name = resources.create_table(boto3.client("dynamodb", region_name=REGION), f"t{os.getpid()}-{next(_numbers)}")
    _set(monkeypatch, environment(name))
    _connect()
    return name


@pytest.fixture
def fake() -> Iterator[Any]:
    """A table in memory at Acme's noon: a `FakeDynamo`. Microseconds."""
    from tests.acme import NOW
    from tests.fake_dynamo import instead_of_dynamodb

    with instead_of_dynamodb() as fake:
        clock.use(lambda: NOW)
        yield fake


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What pages hand on: a `tests.visiting.Queue` in the place of everything outside."""
    from chalicelib.work import aws
    from tests.visiting import Queue

    found = Queue()
    monkeypatch.setattr(aws, "reach", lambda: found)
    return found


@pytest.fixture
def cloud(moto_aws: None, monkeypatch: pytest.MonkeyPatch) -> resources.Resources:
    """Empty table, queues, bucket and topic in moto; the settings and PynamoDB point at them."""
    made = resources.create(_clients(""), f"t{os.getpid()}-{next(_numbers)}")
    _set(monkeypatch, environment(made.table, made))
    _connect()
    return made


@pytest.fixture(scope="session")
def ministack_process() -> Iterator[str]:
    """The address of a real emulator process of this run."""
    from infra.local.ministack import Ministack

    with Ministack() as running:
        yield running.url


@pytest.fixture
def ministack(ministack_process: str, monkeypatch: pytest.MonkeyPatch) -> resources.Resources:
    """Empty table, queues, bucket and topic in the real emulator; the settings and PynamoDB point at them."""
    made = resources.create(_clients(ministack_process), f"t{os.getpid()}-{next(_numbers)}")
    _set(monkeypatch, environment(made.table, made, ministack_process))
    _connect()
    return made


def _clients(endpoint: str) -> Callable[[str], Any]:
    return lambda service: boto3.client(service, region_name=REGION, endpoint_url=endpoint or None)


def _connect() -> None:
    from chalicelib.table import base

    base.connect()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever uses the real emulator is marked so."""
    for item in items:
        if {"ministack", "ministack_process", "world"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.ministack)
