"""Each function may do what it does, and nothing else: its role against every call that it makes.

That no call goes beyond a role is watched in every test (conftest, `rights.py`). Here one eventful life of two shops
runs through all functions, and what a role allows beyond it needs a reason.
"""

from __future__ import annotations

import hashlib
import json
import time
import urllib.error
import urllib.request
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

import boto3
import pytest
from chalice.local import LambdaContext

from chalicelib import keys, outside
from chalicelib.domain.events import PrivacyAsked, ShopGone
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.functions import fetch, learn, tick
from chalicelib.platforms.standard import signature
from chalicelib.settings import settings
from chalicelib.table import due, learnt, shops
from chalicelib.work import connections, learn_timer, rid, sync, take_rights
from chalicelib.work.rid import Rid
from infra import trim
from infra.local.doubles.saleor import Double
from infra.local.doubles.server import Served, post
from infra.local.world import World
from tests import rights
from tests.events import batch
from tests.rights import Watch, allows, statements, watching
from webhooks.keeping import keep

PAGE = "https://shop.acme.test"
START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
FUNCTIONS = ("accept", "api", "ingest", "send", "feedback", "fetch", "learn", "events", "tick")
# (function or *, statement, action) -> why it is allowed although no call of ours shows it.
REASONS = {
    ("*", "Log", "logs:CreateLogStream"): "Lambda itself writes the logs, with the function's role",
    ("*", "Log", "logs:PutLogEvents"): "the same",
    ("*", "TakeMessages", "sqs:ReceiveMessage"): "Lambda itself reads the queue, with the function's role",
    ("*", "TakeMessages", "sqs:DeleteMessage"): "the same",
    ("*", "TakeMessages", "sqs:GetQueueAttributes"): "the same",
    ("*", "KnowWhatIsMissing", "s3:ListBucket"): "without it S3 says 403 and not 404 of a missing object: no shop yet "
    "would look like S3 being down",
    ("send", "SendText", "sns:Publish"): "only for shops that send text messages through SNS (test_channels)",
    (
        "*",
        "Master",
        "ssm:GetParameter",
    ): "read once at the start of a process; the packaged functions do (test_package)",
}


class Life:
    """Two shops and their customers in a world of their own; what happens is told by the methods."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._told = {slug: world.add_shop(_asked(slug)) for slug in ("acme", "lilac")}

    def told(self, shop: str) -> dict[str, Any]:
        """What its owner was told when it was registered."""
        found: dict[str, Any] = self._told[shop]
        return found

    def order(self, number: str, email: str, shop: str = "acme", **more: Any) -> None:
        now = self.world.timeline.now()
        at = stamp(now)
        line = {"product_id": "p-1", "title": "Walnut bowl", "quantity": 1, "unit_price": 2500, "total": 2500}
        consent = {"channel": "email", "state": "subscribed", "source": "checkout", "at": at}
        customer = {"id": f"u-{email}", "email": email, "name": "Leyla Amini", "locale": "en", "consents": [consent]}
        order = {"id": number, "number": number, "status": "placed", "payment": "paid", "money": "minor"}
        money = {"currency": "EUR", "total": 2500, "placed_at": at, "paid_at": at, "updated_at": at}
        self.deliver("order.paid", {**order, **money, "lines": [line], "customer": customer, **more}, shop)

    def deliver(self, kind: str, data: dict[str, Any], shop: str = "acme") -> int:
        now = self.world.timeline.now()
        body = json.dumps({"type": kind, "timestamp": stamp(now), "data": data}).encode()
        (secret,) = self._told[shop]["secrets"].values()
        headers = signature.sign(body, secret, topic=kind, now=now, id=f"msg_{time.monotonic_ns()}")
        return self.ask("POST", f"/hooks/standard/{shop}", body, headers)[0]

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        key = {"Authorization": f"Bearer {self._told['acme']['secret_key']}"}
        request = urllib.request.Request(self.world.url + path, body, headers or key, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def listed(self, path: str) -> list[Any]:
        status, text = self.ask("GET", path)
        assert status == 200, text
        found: list[Any] = json.loads(text)["items"]
        return found

    def run(self, days: float) -> None:
        self.world.jump(self.world.timeline.now() + timedelta(days=days), timedelta(minutes=30))

    def forget_the_directory(self) -> None:
        """As a new process that never saw it."""
        outside.aws.cache_clear()


def _asked(slug: str) -> dict[str, Any]:
    return {
        "shop": slug,
        "platform": "standard",
        "currency": "EUR",
        "timezone": "Europe/Berlin",
        "from": f"{slug} <shop@{slug}.test>",
        "address": "1 Main Street",
        "connected_at": "2026-01-01T00:00:00Z",
        "flow_on": ["birthday"],  # so that everybody is looked at at night
        "origin": [PAGE],
    }


@pytest.fixture(scope="module")
def watch() -> Watch:
    """What all functions called in one eventful life."""
    told = Watch()
    with watching(told), World(start=START, live=False) as world:
        live(Life(world))
    return told


def live(life: Life) -> None:
    """Everything that can happen to a shop, once."""
    life.order("1", "sara@example.test")
    life.order("2", "bounce@example.test")
    life.order("3", "complaint@example.test", "lilac")
    life.order("4", "leyla@example.test", note="x" * 40)
    assert life.deliver("order.refunded", {"id": "4"}) == 200
    life.deliver("product.updated", {"id": "p-1", "title": "Walnut bowl", "available": True, "currency": "EUR"})
    life.deliver("order.updated", {"id": "5", "text": _noise(1_200_000)})
    life.world.faults.set({"sqs": {"error": 1}})
    life.order("6", "nima@example.test")
    life.world.faults.set({})
    life.forget_the_directory()
    life.world.faults.set({"s3": {"error": 1}})
    life.order("7", "ava@example.test")
    life.world.faults.set({})
    life.forget_the_directory()
    life.run(0.2)
    _become_one_customer(life)
    life.run(12)
    life.order("9", "bahar@example.test")
    life.world.faults.set({"mail": {"drop": 1}})
    life.run(0.06)
    life.world.faults.set({})
    life.run(1)
    _stand_at_the_door(life)
    _ask_a_shop(life)
    _come_by_alone(life)
    _learn(life)
    _visit(life)
    _ask_everything(life)


def _stand_at_the_door(life: Life) -> None:
    """Somebody forges, and a shop says hello while its owner waits for it."""
    now = life.world.timeline.now()
    forged = signature.sign(b"{}", "whsec_Z3Vlc3M=", topic="order.paid", now=now, id="msg_1")
    assert life.ask("POST", "/hooks/standard/acme", b"{}", forged)[0] == 401
    life.world.add_shop({**_asked("woo"), "platform": "woocommerce"})
    keep("woo", lambda shop: replace(_there(shop), pings_until=stamp(now + timedelta(minutes=5))))
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert life.ask("POST", "/hooks/woocommerce/woo", b"webhook_id=12", form)[0] == 200
    keep("woo", lambda shop: replace(_there(shop), channels={"sms": {"provider": "kavenegar"}}))
    token = keys.provider_token(settings().master, "kavenegar", "woo")
    said = b"from=09121234567&message=STOP&messageid=7"
    assert life.ask("POST", f"/provider/kavenegar/woo/{token}", said, form)[0] == 200


def _learn(life: Life) -> None:
    """Once more, after the nights that went by: with too little time for it all; and a shop that asks to be forgotten
    is."""
    now = life.world.timeline.now()
    learn_timer.soon("acme", now)
    hint = batch(json.dumps({"shop": "acme", "task": "learn"}))
    learn.handler(hint, LambdaContext("learn", 2048, 1_000))
    life.run(0.01)
    assert (learnt.model("acme") or {})["orders"] > 4


def _visit(life: Life) -> None:
    """Somebody looks around in the storefront, then says who she is."""
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    key, secret = life.told("acme")["publishable_key"], keys.identity_secret(settings().master, "acme")
    page = {"Origin": PAGE, "User-Agent": agent, "Content-Type": "text/plain"}
    assert life.ask("GET", f"/v1/slots?key={key}&slots=popular,goes-with&product=p-1", headers=page)[0] == 200
    token = keys.customer_token(secret, "acme", "u-sara", life.world.timeline.now() + timedelta(minutes=10))
    events: list[dict[str, Any]] = [{"type": "view", "product": "p-1"}, {"type": "cart", "products": ["p-1"]}]
    seen: dict[str, Any] = {"key": key, "consent": True, "visitor": "0" * 22, "events": events}
    shown = rid.make(settings().master, "acme", Rid("popular", "p-1", "popular", rid.day_of(life.world.timeline.now())))
    events += [{"type": "seen", "rids": [shown]}, {"type": "click", "rid": shown}]
    known = {**seen, "token": token, "events": [{"type": "identify"}, *events]}
    for told in (seen, known, known):
        assert life.ask("POST", "/v1/events", json.dumps(told).encode(), page)[0] == 202
        life.world.drain()


def _there(shop: Shop | None) -> Shop:
    assert shop
    return shop


def _come_by_alone(life: Life) -> None:
    """On AWS the clock itself moves its cursor over empty hours; the local world has done so for it."""
    due.advance((life.world.timeline.now() - timedelta(hours=6)).strftime("%Y-%m-%dT%H"))
    tick.handler({}, None)


def _ask_a_shop(life: Life) -> None:
    """A shop with an API of its own: installed, looked at, imported from there and from a file; it has a new key, a
    single order is asked for, a person erased; in the end the shop itself."""
    world = life.world
    with Served(lambda url: Double(url, world.timeline.now, post)) as served:
        double = served.double
        assert isinstance(double, Double)
        double.fill(8, 20)
        shop = {**_asked("sea"), "platform": "saleor", "api_url": f"{served.url}/graphql/"}
        world.add_shop(shop)
        token = connections.expect("sea", "saleor", world.timeline.now())
        double.install(f"{world.url}/connect/saleor/sea/{token}/manifest")
        sync.begin_import("sea", "api", None, world.timeline.now())
        hint = batch(json.dumps({"shop": "sea", "task": "import"}))
        fetch.handler(hint, LambdaContext("fetch", 1024, 1_000))  # too little time for a page: the next one goes on
        sync.start_timer("sea", world.timeline.now())
        life.run(0.01)
        imported = sync.progress("sea")
        assert imported
        assert imported["state"] == "done", imported
        double.new_key()
        order = double.place_order(email="mina@example.test")
        assert {status for _, status in double.sent} == {503}
        life.run(0.01)
        double.tick()
        assert double.sent[-1][1] == 200
        _from_a_file(life)
        found = _there(shops.get("sea"))
        sync.refetch(found, [order], world.timeline.now())
        at = stamp(world.timeline.now())
        erased = PrivacyAsked("erase", None, "mina@example.test", None, at)
        assert take_rights.asked(found, erased, world.timeline.now()) == "stored"
        life.run(0.1)
        double.apps.clear()
        take_rights.shop_gone(found, ShopGone("erase", at), world.timeline.now())
        life.run(0.01)
        assert _there(shops.get("sea")).state == "off"


def _from_a_file(life: Life) -> None:
    told = boto3.client("s3")
    body = b"email,consent,consent_at\nbahar@example.test,unsubscribed,2026-11-01T09:00:00Z\n"
    told.put_object(Bucket=life.world.made.bucket, Key="imports/sea/list.csv", Body=body)
    sync.begin_import("sea", "csv:imports/sea/list.csv", None, life.world.timeline.now())
    life.run(0.01)


def _become_one_customer(life: Life) -> None:
    """A guest who opens an account under her address, is called otherwise, and corrects when she had ordered."""
    guest = {"email": "sara@example.test", "name": "Sara Ahmadi"}
    life.order("8", "sara@example.test", customer=guest)
    life.run(0.01)
    at = stamp(life.world.timeline.now())
    account = {"id": "u-sara", "email": "sara@example.test", "created_at": at, "updated_at": at}
    life.deliver("customer.created", {**account, "name": "Sara Ahmadi"})
    life.run(0.01)
    later = stamp(life.world.timeline.now())
    life.deliver("customer.updated", {**account, "name": "Mina Karimi", "updated_at": later})
    life.order("8", "sara@example.test", customer=guest, placed_at="2026-11-20T09:00:00Z")
    life.order("10", "sara@example.test", customer={**guest, "id": "u-sara"})


def _noise(size: int) -> str:
    """Text that does not get shorter when it is packed."""
    return "".join(hashlib.sha256(str(n).encode()).hexdigest() for n in range(size // 64))


def _ask_everything(life: Life) -> None:
    customers = life.listed("/v1/customers?limit=10")
    assert len(life.listed("/v1/orders?placed_since=2026-11-01T00:00:00Z")) >= 4
    for one in customers:
        for part in ("", "/timeline", "/follow-ups", "/orders", "/export"):
            assert life.ask("GET", f"/v1/customers/{one['id']}{part}")[0] == 200
    assert life.listed("/v1/customers?email=sara@example.test")
    life.listed("/v1/customers?q=sara")
    assert life.ask("GET", "/v1/health")[0] == 200
    for held in life.listed("/v1/quarantine"):
        assert life.ask("POST", f"/v1/quarantine/{held['id']}/replay", b"")[0] in (200, 202)
    mail = life.world.store.list()[0]
    text = json.dumps(life.world.store.get(mail["id"]) if "id" in mail else mail)
    for path in {part.split('"')[0].split("\\")[0].split(">")[0] for part in text.split(life.world.url)[1:]}:
        if path.startswith(("/m/", "/u/", "/r/")):
            assert life.ask("GET", path, headers={"Accept": "text/html"})[0] == 200
            form = {"content-type": "application/x-www-form-urlencoded"}
            for body in (b"do=mine", b"do=stop", b"stars=2"):
                assert life.ask("POST", path.partition("?")[0], body, form)[0] == 200
    assert life.ask("GET", "/v1/tasks")[0] == 200
    assert life.ask("GET", "/v1/slots/report")[0] == 200
    assert life.ask("DELETE", f"/v1/customers/{customers[0]['id']}")[0] == 202
    life.run(1)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_did_something_and_nothing_beyond_its_role(watch: Watch, function: str) -> None:
    assert watch.made[function]
    assert [denied for denied in watch.denied if denied[0] == function] == []


@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_a_role_allows_is_used_or_has_a_reason(watch: Watch, function: str) -> None:
    idle = [
        (sid, action, resource)
        for sid, actions, resources in statements(function)
        for action in sorted(actions)
        for resource in resources
        if not {("*", sid, action), (function, sid, action)} & REASONS.keys()
        and not any(done == action and fnmatchcase(one, resource) for done, one in watch.made[function])
    ]
    assert not idle


def test_the_reader_of_unverified_deliveries_has_the_rights_of_the_other_but_for_its_queue() -> None:
    swapped = json.dumps([(sid, sorted(actions), resources) for sid, actions, resources in statements("unverified")])
    plain = json.dumps([(sid, sorted(actions), resources) for sid, actions, resources in statements("ingest")])
    assert swapped.replace("UnverifiedQueue", "InboxQueue").replace("UnverifiedLog", "IngestLog") == plain


def test_every_operation_that_is_called_is_in_the_zip_and_no_other(watch: Watch) -> None:
    """What `trim` leaves in botocore's models: whatever a test calls must be there."""
    assert watch.operations <= {(service, one) for service, kept in trim.OPERATIONS.items() for one in kept}
    assert {service for service, _ in watch.operations} == set(trim.OPERATIONS)


# --- the watch itself ------------------------------------------------------------------------------------------------


def test_a_call_beyond_the_role_is_noticed() -> None:
    assert allows("accept", "s3:PutObject", "${Bucket.Arn}/spool/acme/1")
    assert not allows("accept", "s3:PutObject", "${Bucket.Arn}/directory.json")
    assert not allows("accept", "dynamodb:GetItem", "${Table.Arn}")
    assert not allows("tick", "dynamodb:Query", "${Table.Arn}/index/customers")
    assert not allows("ingest", "ses:SendEmail", "anything")


def test_only_what_runs_inside_a_function_counts(moto_aws: None) -> None:
    told = Watch()
    with watching(told):
        boto3.client("sqs", region_name="us-east-1").list_queues()
    assert told.made == {}


def test_a_transaction_needs_the_right_for_each_of_its_items() -> None:
    asked = {"TransactItems": [{"Put": {}}, {"ConditionCheck": {}}, {"Delete": {}}]}
    assert {action for action, _ in rights.of_botocore("dynamodb", "TransactWriteItems", asked)} == {
        "dynamodb:PutItem",
        "dynamodb:ConditionCheckItem",
        "dynamodb:DeleteItem",
    }
