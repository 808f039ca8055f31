"""What exists under `/_local/` in this world and nowhere else: clock, queues, mails, faults, shops, names."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from chalicelib.domain.times import stamp
from infra.local import customer_page, index_page, mailbox
from infra.local.server import Answer, problem
from infra.local.timeline import pace, target

if TYPE_CHECKING:
    from infra.local.world import World

_CUSTOMERS = "/_local/customers/"
_HOSTS = ("127.0.0.1", "localhost")


class Endpoints:
    """Answers for a world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._exact: dict[tuple[str, str], Callable[[Any, dict[str, str]], Any]] = {
            ("GET", "/_local/environment"): lambda _, __: world.environment(),
            ("GET", "/_local/clock"): lambda _, __: {"now": stamp(world.timeline.now())},
            ("POST", "/_local/clock"): lambda asked, _: _jump(world, asked),
            ("POST", "/_local/drain"): lambda _, __: world.drain(),
            ("GET", "/_local/mail"): lambda _, query: world.store.list(query.get("to", "")),
            ("POST", "/_local/sms"): lambda asked, _: world.answer_sms(asked),
            ("GET", "/_local/faults"): lambda _, __: world.faults.report(),
            ("POST", "/_local/faults"): lambda asked, _: world.faults.set(asked),
            ("GET", "/_local/shops"): lambda _, __: world.shops(),
            ("POST", "/_local/shops"): lambda asked, _: world.add_shop(asked),
        }

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        """The answer to one request; a page of another origin gets none."""
        if not _from_here(headers):
            return problem(403, "Only for pages and programs of this machine")
        parts = urlsplit(target)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        if method == "GET" and (page := mailbox.page(self._world.store, parts.path, query)):
            return page
        if method == "GET" and parts.path in ("/", index_page.ROOT):
            return self._index()
        if method == "GET" and parts.path.startswith(_CUSTOMERS):
            return _customers(parts.path)
        if found := self._exact.get((method, parts.path)):
            return _answered(found, body, query)
        return problem(404, "Nothing is here")

    def _index(self) -> Answer:
        world = self._world
        now, log = world.timeline.now(), str(world.data / "log.jsonl")
        shops = [{**shop, "pages": world.storefronts.get(shop["shop"])} for shop in world.shops()]
        return mailbox.shown(index_page.page(world.url, now, world.store.count(), shops, log))


def _jump(world: World, asked: Any) -> dict[str, Any]:
    to = target(asked, world.timeline.now())
    return world.jump(to, pace(asked), asked.get("learn") == "once")


def _customers(path: str) -> Answer:
    """`/_local/customers/{shop}`: all of them; `/_local/customers/{shop}/{id}`: one's story."""
    shop, _, customer = path.removeprefix(_CUSTOMERS).rstrip("/").partition("/")
    page = customer_page.page(shop, customer) if customer else customer_page.index(shop)
    return mailbox.shown(page) if page else problem(404, "Nothing is here")


def _answered(endpoint: Callable[[Any, dict[str, str]], Any], body: bytes, query: dict[str, str]) -> Answer:
    try:
        asked = json.loads(body) if body.strip() else {}
    except ValueError:
        return problem(400, "The body is not JSON")
    try:
        answer = endpoint(asked, query)
    except ValueError as error:
        field = getattr(error, "field", getattr(error, "name", ""))
        return problem(400, str(error), **({"field": field} if field else {}))
    except Exception as error:  # whoever asked shall hear of it; a dropped connection says nothing
        traceback.print_exc()
        return problem(500, f"{type(error).__name__} in this world itself; its trace is where it was started")
    return Answer(200, json.dumps(answer, ensure_ascii=False).encode())


def _from_here(headers: dict[str, str]) -> bool:
    """A web page elsewhere must not drive this world through a visitor's browser."""
    given = {name.lower(): value for name, value in headers.items()}
    host = urlsplit(f"//{given.get('host', '')}").hostname
    origin = given.get("origin")
    return host in _HOSTS and (origin is None or urlsplit(origin).hostname in _HOSTS)
