"""A shop's flows in the words of the partner API: what there is, and each as it was written."""

from __future__ import annotations

from chalicelib import flows, languages
from chalicelib.domain import story
from chalicelib.domain.flow import Flow, Step
from chalicelib.domain.shop import Shop
from chalicelib.domain.speech import pick_language
from chalicelib.table import flow_files
from chalicelib.table.flow_files import FlowRow
from chalicelib.work import flow_book
from chalicelib.work.read_views import Json
from chalicelib.work.wording import messages, text_name


def listed(shop: Shop) -> list[Json]:
    """Every flow, those that ship and the owner's own, by name."""
    return [summary(shop, flow) for _, flow in sorted(flow_book.every(shop).items())]


def summary(shop: Shop, flow: Flow) -> Json:
    """One flow in its live version."""
    own = shop.own_flows.get(flow.name, 0)
    row = flow_files.read(shop.slug, flow.name, own) if own else None
    return {
        "name": flow.name,
        "title": title(flow, shop),
        "purpose": flow.purpose,
        "topic": flow.topic,
        "priority": flow.priority,
        "on": flow_book.is_on(shop, flow),
        "version": flow.version,
        "is": "own" if own else "shipped",
        "starts": [start.when for start in flow.starts],
        "steps": [step_in_short(flow, step) for step in flow.steps],
        "since": shop.flows_since.get(flow.name),
        "saved_at": row.saved_at if row else None,
    }


def title(flow: Flow, shop: Shop) -> str:
    """What the owner calls the flow, in the shop's language."""
    language = pick_language(None, shop.locale, ("en", "fa"))
    return flow.called(language) if flow.titles or flow.title else story.flow(flow.name, language)


def step_in_short(flow: Flow, step: Step) -> Json:
    """`what` names the text that is sent, the tag, the coupon rule, the event that is waited for."""
    what = text_name(flow, step) if step.kind == "send" else step.value
    return {"name": step.name, "kind": step.kind, "what": what, "channels": list(step.channels)}


def one(shop: Shop, name: str, version: int | None = None) -> Json | None:
    """The flow with its source, of the live version or of another. None where there is none."""
    flow = flow_book.every(shop).get(name)
    if flow is None:
        return None
    saved = {row.version: row for row in flow_files.versions(shop.slug, name)}
    wanted = flow.version if version is None else version
    own = saved.get(wanted)
    if own is None and not _ships(name, wanted):
        return None
    texts = own.source.get("texts", {}) if own else shipped_texts(flows.shipped()[name])
    source = own.source.get("flow", "") if own else shipped_source(name)
    return {
        **summary(shop, flow),
        "shown": wanted,
        "flow": source,
        "texts": texts,
        "versions": _versions(shop, name, saved),
    }


def _ships(name: str, version: int) -> bool:
    ships = flows.shipped().get(name)
    return ships is not None and ships.version == version


def _versions(shop: Shop, name: str, saved: dict[int, FlowRow]) -> list[Json]:
    live, ships = shop.own_flows.get(name, 0), flows.shipped().get(name)
    found = [{"version": v, "is": "own", "saved_at": row.saved_at, "live": v == live} for v, row in saved.items()]
    if ships and ships.version not in saved:
        found.append({"version": ships.version, "is": "shipped", "saved_at": None, "live": not live})
    return sorted(found, key=lambda one: one["version"], reverse=True)


def shipped_source(name: str) -> str:
    """The file of a flow that ships, as text."""
    path = flows.HERE / name / "flow.yaml"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def shipped_texts(flow: Flow) -> dict[str, dict[str, str]]:
    """language -> name -> the text as it was written, of every text that the flow sends."""
    names = list(dict.fromkeys(text_name(flow, step) for step in messages(flow)))
    found = {lang: {n: text for n in names if (text := languages.source(lang, n))} for lang in languages.names()}
    return {language: texts for language, texts in found.items() if texts}
