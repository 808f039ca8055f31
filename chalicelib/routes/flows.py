"""Partner API: an owner's flows: read, save, switch. For the shop's secret key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalice import Blueprint

from chalicelib.domain.flow_file import BadFlow
from chalicelib.domain.shop import Shop
from chalicelib.routes import bodies
from chalicelib.routes.asked import Asked
from chalicelib.routes.door import partner
from chalicelib.routes.problems import Problem
from chalicelib.work import flow_book, flow_saving, flow_switch, read_flows
from chalicelib.work.flow_saving import Draft, Taken, Unfit
from chalicelib.work.flow_switch import NoSuchFlow
from chalicelib.work.read_views import Json

flows = Blueprint(__name__)
WHO = "secret_key"
NO_FLOW = "The shop has no such flow."


@partner(flows, "/v1/flows")
def list_flows(asked: Asked) -> Json:
    """Those that ship and the owner's own."""
    return {"items": read_flows.listed(asked.shop)}


@partner(flows, "/v1/flows/{name}", query=("version",))
def get_flow(asked: Asked) -> Json:
    """One flow as it was written: the live version, or another."""
    version = _version(asked.query["version"]) if "version" in asked.query else None
    found = read_flows.one(asked.shop, asked.path["name"], version)
    if found is None:
        raise Problem(404, NO_FLOW)
    return found


def _version(text: str) -> int:
    if not text.isdecimal() or not text.isascii() or not 0 < int(text) < 1_000_000:
        raise Problem(400, "should be a whole number from 1 on", "version")
    return int(text)


@partner(flows, "/v1/flows/{name}", "PUT", takes=True)
def put_flow(asked: Asked) -> Json:
    """Checks the flow and its texts; with `dry_run` no more than that, else it is saved and live."""
    body = bodies.known(asked, ("flow", "texts", "dry_run"))
    made = draft(asked.shop, body, asked.path["name"])
    try:
        if bodies.flag(body, "dry_run", False):
            what, shop = flow_saving.outcome(asked.shop, made), asked.shop
        else:
            what, shop = flow_saving.save(asked.shop, made, asked.now, WHO)
    except Taken as taken:
        raise Problem(409, str(taken), "version") from None
    shown = flow_book.every(shop).get(made.flow.name, made.flow)
    told = {"outcome": what, "dry_run": bool(body.get("dry_run")), "warnings": list(made.warnings)}
    return {**told, "flow": read_flows.summary(shop, shown if what == "saved" and not told["dry_run"] else made.flow)}


def draft(shop: Shop, body: dict[str, Any], name: str | None) -> Draft:
    """The flow and texts of a body, found good. Raises Problem."""
    try:
        return flow_saving.draft(shop, bodies.text(body, "flow"), _texts(body), name)
    except BadFlow as bad:
        raise Problem(422, bad.reason, bad.field, bad.line) from None
    except Unfit as unfit:
        raise Problem(422, unfit.reason, unfit.field) from None


def _texts(body: dict[str, Any]) -> dict[str, dict[str, str]]:
    found = body.get("texts", {})
    if not isinstance(found, dict):
        raise Problem(400, 'should be {"en": {"come-back": "the text"}}', "texts")
    for language, texts in found.items():
        if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
            raise Problem(400, 'should be {"en": {"come-back": "the text"}}', f"texts.{language[:40]}")
    return found


@partner(flows, "/v1/flows/{name}", "DELETE")
def drop_flow(asked: Asked) -> Json:
    """Back to the flow that ships; one that is only the owner's is switched off. Every version stays."""
    return _changed(asked, lambda name: flow_switch.take_back(asked.shop, name, asked.now, WHO))


@partner(flows, "/v1/flows/{name}/state", "POST", takes=True)
def put_flow_state(asked: Asked) -> Json:
    """`{"on": true}` or `false`. A flow that is switched on follows up what happens from then on."""
    on = bodies.flag(bodies.known(asked, ("on",)), "on")
    return _changed(asked, lambda name: flow_switch.switch(asked.shop, name, on, asked.now, WHO))


@partner(flows, "/v1/flows/{name}/version", "POST", takes=True)
def put_flow_version(asked: Asked) -> Json:
    """`{"version": 2}`: an older version, or the one that ships, is live again."""
    version = bodies.known(asked, ("version",)).get("version")
    if type(version) is not int or not 0 < version < 1_000_000:
        raise Problem(400, "should be a whole number from 1 on", "version")
    return _changed(asked, lambda name: flow_switch.use(asked.shop, name, version, asked.now, WHO))


def _changed(asked: Asked, change: Callable[[str], Shop]) -> Json:
    try:
        shop = change(asked.path["name"])
    except NoSuchFlow:
        raise Problem(404, "The shop has no such flow, or no such version of it.") from None
    return read_flows.summary(shop, flow_book.every(shop)[asked.path["name"]])
