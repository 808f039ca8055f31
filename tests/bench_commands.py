"""A place to run commands in: a table in memory, a bucket that is a dictionary, and a pretend shop to talk to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib import clock, platforms
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.platforms.shop_api import Facts, Finding, Hook, Link
from chalicelib.settings import settings
from chalicelib.table import shops
from chalicelib.work import aws, connections
from infra.resources import Resources
from tests import acme
from tests.conftest import environment
from tests.fake_dynamo import instead_of_dynamodb
from tests.pretend_api import URL, PretendShop, bought
from webhooks import __main__ as command
from webhooks import local

KEY, SECRET = "ck_of_the_shop", "cs_of_the_shop"
DELIVERIES = "https://ecrm.acme.test/hooks/woocommerce/acme"


class Shopfront(PretendShop):
    """A shop with a door: wrong keys are refused, and what it says of itself can be set."""

    CREDENTIALS = {"consumer_key": "the consumer key", "consumer_secret": "the consumer secret"}  # noqa: RUF012

    def __init__(self, orders: int = 3) -> None:
        super().__init__(*map(bought, range(orders)))
        self.says = Facts(URL, "Acme", "EUR", "Europe/Berlin", "DE", "de", "WooCommerce 10.5.2")
        self.findings = [Finding("ok", "the key may write")]
        self.secrets: dict[str, str] = {}
        self.opens_with = {"consumer_key": KEY, "consumer_secret": SECRET}
        self.on_add: Any = lambda: None

    def login(self, link: Link) -> Link:
        from chalicelib.platforms.shop_api import Denied

        if dict(link.credentials) != self.opens_with:
            raise Denied("bad_key", "the shop does not know this key: make a new one, with Read/Write")
        return link

    def facts(self, link: Link) -> Facts:
        self._answer("facts")
        return self.says

    def check(self, link: Link) -> list[Finding]:
        return list(self.findings)

    def authorize_url(self, shop_url: str, app_name: str, token: str, return_url: str, callback_url: str) -> str:
        return f"{shop_url}/wc-auth/v1/authorize?callback_url={callback_url}"

    def add_hook(self, link: Link, topic: str, delivery_url: str, secret: str) -> None:
        self.webhooks[topic] = Hook(topic, topic, delivery_url, "active")
        self.secrets[topic] = secret
        self.on_add()

    def mend_hook(self, link: Link, hook: Hook, delivery_url: str, secret: str) -> None:
        super().mend_hook(link, hook, delivery_url, secret)
        self.secrets[hook.topic] = secret

    def renew_hook(self, link: Link, hook: Hook, secret: str) -> None:
        self.secrets[hook.topic] = secret

    def __getattribute__(self, name: str) -> Any:
        if name == "jwks":  # woocommerce has no keys of its own
            raise AttributeError(name)
        return super().__getattribute__(name)


@dataclass
class Bucket:
    """The bucket and the queues. `hints`: (shop, task) for whoever talks to the shops."""

    objects: dict[str, bytes] = field(default_factory=dict)
    hints: list[tuple[str, str]] = field(default_factory=list)
    inbox: list[tuple[str, str]] = field(default_factory=list)

    def put(self, key: str, data: bytes) -> None:
        self.objects[key] = data

    def get_or_none(self, key: str) -> bytes | None:
        return self.objects.get(key)

    def forget(self, key: str) -> None:
        self.objects.pop(key, None)

    def keys(self, prefix: str, most: int = 1000) -> list[str]:
        return [key for key in sorted(self.objects) if key.startswith(prefix)][:most]

    def waiting(self, url: str) -> int:
        return 0

    def send(self, text: str, shop: str) -> None:
        self.inbox.append((shop, text))

    def ask_fetch(self, messages: list[tuple[str, str]]) -> None:
        self.hints += [(shop, json.loads(body)["task"]) for shop, body in messages]

    def ask_learn(self, messages: list[tuple[str, str]]) -> None:
        self.ask_fetch(messages)


@dataclass
class Ran:
    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        return self.out + self.err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Bench:
    """Runs commands against a local world whose clock says `now`."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        dynamo: Any,
        made: Resources | None = None,
    ) -> None:
        self.shop, self.bucket, self.dynamo = Shopfront(), Bucket(), dynamo
        self.now: datetime = acme.NOW
        self._capsys, self._patch = capsys, monkeypatch
        self.apis: dict[str, Any] = {"woocommerce": self.shop}
        self._names = self._environment(made)
        for name in self._names:
            monkeypatch.setenv(name, self._names[name])
        monkeypatch.setattr(local, "asked", self._asked)
        monkeypatch.setattr(platforms, "load_api", lambda name: self.apis.get(name))
        monkeypatch.setattr(aws, "reach", lambda: self.bucket)
        monkeypatch.setattr("webhooks.waiting.time", self)
        self.on_sleep: Any = lambda: None

    def run(self, *argv: str) -> Ran:
        self._capsys.readouterr()
        code = command.main(list(argv))
        said = self._capsys.readouterr()
        return Ran(code, said.out, said.err)

    def connects(self, *more: str) -> Ran:
        """As an owner with a key does, without waiting for anything."""
        return self.run(*CONNECT, "--key", KEY, "--secret-key", SECRET, "--no-import", "--wait", "0", *more)

    def row(self, slug: str = "acme") -> Shop:
        found = shops.get(slug)
        assert found
        return found

    def state(self) -> Any:
        """All that a dry run must leave as it is."""
        kept = [json.dumps(item, default=repr, sort_keys=True) for item in self.dynamo.all()]
        return kept, dict(self.bucket.objects), list(self.bucket.hints), dict(self.shop.webhooks)

    def patch_state(self, word: str, reason: str = "") -> None:
        """As the shop's handing over its key would have ended."""
        self._patch.setattr(connections, "state", lambda _: connections.State(word, reason))

    def monotonic(self) -> float:
        """In time's place: nobody waits here."""
        return self.now.timestamp()

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.on_sleep()

    def _asked(self, api: str, method: str, path: str, body: Any = None) -> Any:
        if path == "/_local/environment":
            return self._names
        if path == "/_local/clock":
            return {"now": stamp(self.now)}
        raise AssertionError(path)

    def _environment(self, made: Resources | None) -> dict[str, str]:
        fetch = made.queues["Fetch"] if made else "https://sqs.test/fetch"
        return {**environment(settings().table, made), "ECRM_FETCH_URL": fetch, "ECRM_LOCAL": "1"}


CONNECT = ("connect", "--shop", "acme", "--platform", "woocommerce", "--url", URL)


@contextmanager
def bench(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], made: Resources | None = None
) -> Iterator[Bench]:
    """`made`: real queues and a real bucket, for what asks them with boto3."""
    with instead_of_dynamodb() as dynamo:
        here = Bench(monkeypatch, capsys, dynamo, made)
        clock.use(lambda: here.now)
        yield here
