"""Saving a flow as its owner wrote it: read, compiled, tried, and only then live. A mistake changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from chalicelib import flows
from chalicelib.domain.flow import Flow
from chalicelib.domain.shop import Shop
from chalicelib.domain.text import BadTemplate
from chalicelib.domain.times import stamp
from chalicelib.table import audit, base, flow_files, shops
from chalicelib.table.flow_files import FlowRow
from chalicelib.work import flow_checks, flow_switch
from chalicelib.work.flow_checks import Unfit
from chalicelib.work.wording import Compiled, Wording

LARGEST = 100_000  # characters of a flow and its texts together
# Of a shop, those that ship among them: all that an order starts is one transaction, and that takes a hundred rows.
MOST_FLOWS = 50
# An address of the API has this name.
RESERVED = ("rehearse",)


class Taken(ValueError):
    """That version is there already, or an older one would be saved; `free` is the next one that can be."""

    def __init__(self, free: int) -> None:
        super().__init__(f"must be {free} or more: a version that was saved never changes; write version: {free}")
        self.free = free


@dataclass(frozen=True, slots=True)
class Draft:
    """A flow that was found good. `raw`: the file's data; `texts`: compiled; `source`: as written."""

    flow: Flow
    raw: Mapping[str, Any] = field(repr=False)
    texts: Compiled = field(repr=False)
    source: Mapping[str, Any] = field(repr=False)
    warnings: tuple[str, ...] = ()

    def words(self, shop: Shop) -> Wording:
        return Wording(shop, self.flow, self.texts)


def draft(shop: Shop, written: str, texts: Mapping[str, Mapping[str, str]], name: str | None = None) -> Draft:
    """What `written` (YAML) and `texts` (language -> name -> Markdown) describe, tried with kind and with nasty data.
    `name`: what the flow must be called. Raises BadFlow, Unfit; nothing is stored."""
    from chalicelib.flows import reading

    if len(written) + sum(len(text) for some in texts.values() for text in some.values()) > LARGEST:
        raise Unfit("texts", f"the flow and its texts have more than {LARGEST:,} characters together; shorten them")
    flow = flows.parse_text(written)
    if name is not None and flow.name != name:
        raise Unfit("flow", f"is {flow.name} in the file and {name} in the address; give both one name")
    if flow.name in RESERVED:
        raise Unfit("flow", f"{flow.name} is the name of something else here; choose another")
    known = {*shop.own_flows, *flows.shipped()}
    if flow.name not in known and len(known) >= MOST_FLOWS:
        raise Unfit("flow", f"is one flow too many; a shop has at most {MOST_FLOWS}: make a new version of one of them")
    compiled = {language: _compiled(language, some) for language, some in texts.items() if some}
    found = Draft(flow, reading.read(written), compiled, {"flow": written, "texts": _plain(texts)})
    words = found.words(shop)
    flow_checks.must_hold(shop, flow, words)
    told = tuple(flow_checks.worth_knowing(shop, flow, words))
    return Draft(found.flow, found.raw, found.texts, found.source, told)


def _plain(texts: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    return {language: dict(some) for language, some in texts.items() if some}


def _compiled(language: str, texts: Mapping[str, str]) -> dict[str, dict[str, str]]:
    from chalicelib.languages.compile import compiled_text

    found = {}
    for name, source in texts.items():
        try:
            parts = asdict(compiled_text(name, language, source))
        except BadTemplate as bad:
            raise Unfit(f"texts.{language}.{name}", str(bad)) from None
        found[name] = {part: text for part, text in parts.items() if part not in ("name", "language") and text}
    return found


def newest(shop: Shop, name: str) -> int:
    """The greatest version that there is, shipped or saved; 0 where there is none."""
    saved, ships = flow_files.versions(shop.slug, name), flows.shipped().get(name)
    return max([row.version for row in saved] + ([ships.version] if ships else []), default=0)


def outcome(shop: Shop, made: Draft) -> str:
    """What `save` would do: saved | unchanged. Raises Taken, Trouble."""
    row = flow_files.read(shop.slug, made.flow.name, made.flow.version)
    if row and _same(row, made):
        return "unchanged"
    top = newest(shop, made.flow.name)
    if made.flow.version <= top:
        raise Taken(top + 1)
    return "saved"


def _same(row: FlowRow, made: Draft) -> bool:
    return bool(row.source == made.source or (row.flow == made.raw and row.texts == made.texts))


def save(shop: Shop, made: Draft, now: datetime, who: str) -> tuple[str, Shop]:
    """Stores the version and makes it live. The newest one saved again is made live where it is not: whoever was cut
    off in between says it once more. Returns (saved | unchanged, the shop as it is now). Raises Taken, Trouble."""
    flow, what = made.flow, outcome(shop, made)
    if what == "saved":
        try:
            source = dict(made.source)
            flow_files.save(shop.slug, flow.name, flow.version, made.raw, made.texts, source, stamp(now))
        except base.Conflict:  # somebody else was quicker
            return save(shop, made, now, who)
        facts = {"version": flow.version, "texts": sum(len(some) for some in made.texts.values())}
        audit.note(shop.slug, audit.Entry(stamp(now), who, "flow_saved", flow.name, facts))
    elif flow.version != newest(shop, flow.name) or shop.own_flows.get(flow.name) == flow.version:
        return what, shop
    return what, shops.change(shop.slug, lambda old: flow_switch.live(old or shop, flow.name, flow.version, now))
