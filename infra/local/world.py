"""Everything on this machine: emulated AWS, mail door, API, queues and clock in one process, one folder of data."""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

import boto3
from botocore.config import Config

from chalicelib import clock
from chalicelib.domain.times import stamp
from chalicelib.table import base, due
from infra import resources
from infra.local import maildoor, names, nights, outages, smsdoor
from infra.local.endpoints import Endpoints
from infra.local.engine import DueRow, Engine
from infra.local.faults import Faults
from infra.local.mail_store import MailStore
from infra.local.maildoor import MailDoor
from infra.local.ministack import REGION, Ministack
from infra.local.queues import Feed, Queues
from infra.local.server import ApiServer, InUse
from infra.local.smsdoor import SmsDoor
from infra.local.timeline import MINUTE, Timeline

PREFIX = "ecrm"
# queue of the template -> the function in app.py that reads it
READERS = {
    "Inbox": "ingest",
    "Unverified": "unverified",
    "Outbox": "send",
    "Feedback": "feedback",
    "Fetch": "fetch",
    "Learn": "learn",
    "Events": "events",
}
_OF_A_TEXT = ("shop", "from", "message")
# One message at once, as app.py says. In less time than on AWS: everything else waits here while a function works.
_LIMITS = {"Fetch": (1, 30), "Learn": (1, 60)}


class World:
    """A running world. `data`: the folder that keeps it; None: a passing one. `start`: what its clock says at first.
    `doors`: the module with the Chalice app and the functions (app.py). `live` False: nothing happens by itself, only
    by `jump` and `drain`."""

    def __init__(
        self,
        data: Path | None = None,
        port: int = 0,
        start: datetime | None = None,
        doors: ModuleType | None = None,
        live: bool = True,
    ) -> None:
        self._undo: list[Callable[[], Any]] = []
        try:
            self._build(data, port, start, doors)
        except BaseException:
            self.stop()
            raise
        if live:
            self.engine.start()

    def _build(self, data: Path | None, port: int, start: datetime | None, doors: ModuleType | None) -> None:
        server = ApiServer(port)
        self._undo.append(server.stop)
        self.url, self.mailbox = server.url, f"{server.url}/_local/mailbox"
        self.port = int(server.url.rpartition(":")[2])
        self.storefronts: dict[str, str] = {}  # slug -> where its pages are, of shops that run here too
        self.data = self._folder(data)
        self.timeline = Timeline(start, self.data / "clock.json")
        self._undo.append(self.timeline.save)
        self.faults = Faults()
        self._aws = Ministack(self.data / "aws")
        self._undo.append(self._aws.stop)
        self.made = resources.create(self._client, PREFIX)
        self._open_mail()
        self._furnish()
        self.doors = doors or _doors()
        self._wind_up()
        server.start(self.doors.app, Endpoints(self))

    def __enter__(self) -> World:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """End everything, the last begun first; what is kept is saved."""
        while self._undo:
            self._undo.pop()()

    def jump(self, to: datetime, every: timedelta = MINUTE, once: bool = False) -> dict[str, Any]:
        """Run up to a moment and say what happened: follow-ups by state they came to, mails, messages worked off.
        `once`: the shops are learnt from at the end, not in every night."""
        if once:
            nights.postpone((shop["shop"] for shop in self.shops()), to, self.timeline.now())
        began, before, mails, since = time.monotonic(), self.follow_ups(), self.store.count(), self.timeline.now()
        steps, worked = self.engine.jump(to, every)
        changed = self.follow_ups()
        changed.subtract(before)
        return {
            "from": stamp(since),
            "now": stamp(self.timeline.now()),
            "steps": steps,
            "seconds": round(time.monotonic() - began, 2),
            "follow_ups": {state: count for state, count in sorted(changed.items()) if count},
            "messages": self.store.count() - mails,
            "worked": dict(worked),
            "dead": self.dead(),
        }

    def drain(self) -> dict[str, Any]:
        """Work off all queues now and say what happened."""
        mails, worked = self.store.count(), self.engine.drain()
        messages = self.store.count() - mails
        return {"now": stamp(self.timeline.now()), "messages": messages, "worked": dict(worked), "dead": self.dead()}

    def follow_ups(self) -> Counter[str]:
        """How many follow-ups are in which state."""
        return Counter(row["state"]["S"] for row in self.rows("follow_up", ("state",)))

    def rows(self, kind: str, wanted: tuple[str, ...]) -> Iterator[dict[str, Any]]:
        """Some attributes of all rows of a kind, as DynamoDB writes them: what only the whole table can tell."""
        return self._scan(
            ProjectionExpression=", ".join(f"#{name}" for name in wanted),
            FilterExpression="k = :kind",
            ExpressionAttributeNames={f"#{name}": name for name in wanted},
            ExpressionAttributeValues={":kind": {"S": kind}},
        )

    def dead(self) -> dict[str, int]:
        """Messages that nobody could work off, by queue."""
        wanted = ["ApproximateNumberOfMessages"]
        found = {}
        for name in READERS:
            url = self.made.queues[f"{name}Dead"]
            answer = self._client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=wanted)
            found[name.lower()] = int(answer["Attributes"][wanted[0]])
        return {name: count for name, count in found.items() if count}

    def environment(self) -> dict[str, str]:
        """The variables with which any process of this machine works in this world as its functions do."""
        doors = names.Doors(self._aws.url, self._mail_server.url, self._sms_server.url, self.url)
        return names.variables(self.made, doors, self.data / "master")

    def add_shop(self, asked: Any) -> Any:
        """Register a shop as `python -m webhooks add-shop` does. Raises ValueError."""
        from chalicelib.settings import settings
        from webhooks.shops import add_shop

        return add_shop(asked, settings(), clock.now())

    def answer_sms(self, asked: Any) -> dict[str, str]:
        """Somebody answers a text message: `{"shop", "from", "message"}`. Raises ValueError."""
        from chalicelib.work import aws

        if not isinstance(asked, dict) or not all(isinstance(asked.get(name), str) for name in _OF_A_TEXT):
            raise ValueError(f"an object with {', '.join(_OF_A_TEXT)}, all of them texts")
        body = {"from": asked["from"], "message": asked["message"]}
        event = {"door": "kavenegar", "shop": asked["shop"], "at": stamp(self.timeline.now()), "body": body}
        aws.reach().hand_feedback(json.dumps(event, ensure_ascii=False), asked["shop"])
        return {"outcome": "taken"}

    def shops(self) -> list[dict[str, Any]]:
        """Every registered shop, without its secrets."""
        from webhooks.shops import listed

        return listed(clock.now())

    def _folder(self, data: Path | None) -> Path:
        if data is None:
            passing = tempfile.TemporaryDirectory(prefix="ecrm-")
            self._undo.append(passing.cleanup)
            return Path(passing.name)
        data.mkdir(parents=True, exist_ok=True)
        self._lock(data)
        return data

    def _lock(self, data: Path) -> None:
        """Two worlds in one folder would write over each other. The lock falls with the process, however it ends."""
        lock = (data / "lock").open("w")
        self._undo.append(lock.close)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUse(f"{data} is in use by another `make serve`: end it, or choose another with DATA=.") from None

    def _client(self, service: str) -> Any:
        # Asking twice for a client would cost 10 ms each time.
        clients: dict[str, Any] = self.__dict__.setdefault("_clients", {})
        if service not in clients:
            clients[service] = boto3.client(
                service,
                region_name=REGION,
                endpoint_url=self._aws.url,
                aws_access_key_id="test",
                aws_secret_access_key="test",  # noqa: S106
                config=Config(user_agent_extra=outages.UNHARMED, max_pool_connections=20),
            )
        return clients[service]

    def _open_mail(self) -> None:
        self.store = MailStore(self.data / "mail.sqlite")
        self._undo.append(self.store.close)
        door = MailDoor(self.store, self.faults, self._publish, self.timeline.now, self.made.mail_set)
        self._mail_server = maildoor.served(door)
        self._undo.append(self._mail_server.stop)
        self._sms_server = smsdoor.served(SmsDoor(self.store, self.faults, self.timeline.now))
        self._undo.append(self._sms_server.stop)

    def _publish(self, event: dict[str, Any]) -> None:
        self._client("sns").publish(TopicArn=self.made.topic_arn, Message=json.dumps(event, ensure_ascii=False))

    def _furnish(self) -> None:
        """The environment, clock and connections that the functions find."""
        before = dict(os.environ)
        self._undo.append(lambda: (os.environ.clear(), os.environ.update(before), _fresh()))
        for name in [name for name in os.environ if name.startswith(("AWS_", "ECRM_"))]:
            del os.environ[name]
        os.environ.update(self.environment())
        clock.use(self.timeline.now)
        self._undo.append(lambda: clock.use(None))
        self._undo.append(outages.install(self.faults))
        _fresh()

    def _wind_up(self) -> None:
        feeds = [
            Feed(
                name,
                self.made.queues[name],
                self.made.arns[name],
                getattr(self.doors, reader),
                *_LIMITS.get(name, ()),
            )
            for name, reader in READERS.items()
        ]
        hidden = {
            name: timedelta(seconds=resources.template()[f"{name}Queue"]["Properties"]["VisibilityTimeout"])
            for name in READERS
        }
        queues = Queues(self._client("sqs"), feeds, hidden)
        self.engine = Engine(self.timeline, queues, self._tick, self._due_rows, self._skip)
        self._undo.append(self.engine.stop)

    def _tick(self, event: dict[str, Any], context: Any) -> None:
        """The minute timer. Before it the door tells what it still keeps in mind: a Lambda process would do so with its
        next delivery, which may here be days of this world's clock away."""
        from chalicelib import outside

        outside.aws().notices.tell_at_once(clock.now())
        self.doors.tick(event, context)

    def _skip(self, at: datetime, rows: list[DueRow]) -> None:
        """Move the timer's cursor over hours in which nothing waits, as coming by every minute would have done; and
        back to what a command, whose clock stood still during a jump, has put behind it."""
        hour = min([stamp(at)[:13], *(row.hour for row in rows)])
        base.connect()
        if hour != due.cursor(at):
            due.advance(hour)

    def _due_rows(self) -> list[DueRow]:
        rows = self._scan(IndexName="due", ProjectionExpression="pk, sk, due_sk, due_pk")
        texts = ([row[name]["S"] for name in ("pk", "sk", "due_sk", "due_pk")] for row in rows)
        return [DueRow(pk, sk, at, bucket.split("#")[1]) for pk, sk, at, bucket in texts]

    def _scan(self, **asked: Any) -> Iterator[dict[str, Any]]:
        pages = self._client("dynamodb").get_paginator("scan").paginate(TableName=self.made.table, **asked)
        return (row for page in pages for row in page["Items"])


def _doors() -> ModuleType:
    import app

    return app


def _fresh() -> None:
    """Settings and connections are read again."""
    from chalicelib import outside
    from chalicelib.settings import settings

    settings.cache_clear()
    outside.aws.cache_clear()
