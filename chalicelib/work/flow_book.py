"""The flows of a shop: those that ship, and the owner's own versions of them or beside them."""

from __future__ import annotations

from chalicelib import flows, languages
from chalicelib.domain.flow import Flow
from chalicelib.domain.flow_file import BadFlow, parse
from chalicelib.domain.shop import Shop
from chalicelib.domain.text import Text
from chalicelib.table import flow_files
from chalicelib.table.flow_files import FlowRow
from chalicelib.work.log import logger


def live(shop: Shop) -> dict[str, Flow]:
    """What new triggers start: switched on, in the version that is live now. Raises Trouble."""
    return {name: flow for name, flow in every(shop).items() if is_on(shop, flow)}


def every(shop: Shop) -> dict[str, Flow]:
    """All flows of the shop in their live versions, switched off ones too."""
    found = dict(flows.shipped())
    for name, version in sorted(shop.own_flows.items()):
        flow = of(shop, name, version) if version else found.get(name)
        if flow:
            found[name] = flow
        else:  # it cannot be read: the one that ships is not what the owner wanted in its place
            found.pop(name, None)
    return found


def is_on(shop: Shop, flow: Flow) -> bool:
    return flow.name not in shop.flows_off and (flow.on or flow.name in shop.flows_on)


def of(shop: Shop, name: str, version: int) -> Flow | None:
    """The version somebody started with, else the one that ships: a customer finishes what she started. None where it
    cannot be read."""
    if name in shop.own_flows and (kept := _kept(shop.slug, name, version)):
        return kept[1]
    return flows.shipped().get(name)


def text(shop: Shop, flow: Flow, name: str, language: str) -> Text | None:
    """The words called `name` in one language: the owner's with this version, else those that ship."""
    if flow.name in shop.own_flows and (kept := _kept(shop.slug, flow.name, flow.version)):
        parts = kept[0].texts.get(language, {}).get(name)
        if parts:
            return Text(name=name, language=language, **parts)
    return languages.text(language, name)


def text_languages(shop: Shop, flow: Flow, name: str) -> tuple[str, ...]:
    """The languages in which the words called `name` can be said."""
    # Which ones ship is known without reading them.
    return tuple(
        language
        for language in languages.names()
        if name in languages.texts(language) or text(shop, flow, name, language)
    )


def _kept(shop: str, name: str, version: int) -> tuple[FlowRow, Flow | None] | None:
    """A version never changes once it is there, so that one that was found is kept in memory."""
    key = (shop, name, version)
    if key not in _KEPT and (row := flow_files.read(*key)):
        if len(_KEPT) >= _MOST_KEPT:
            _KEPT.clear()
        _KEPT[key] = (row, _parsed(shop, row))
    return _KEPT.get(key)


def _parsed(shop: str, row: FlowRow) -> Flow | None:
    """None for what was saved when less was asked of a flow: it must not keep orders and other flows from going on."""
    try:
        return parse(row.flow)
    except BadFlow as bad:
        about = {"shop": shop, "flow": row.name, "version": row.version, "field": bad.field}
        logger.error("a saved flow cannot be read", extra=about)
        return None


_MOST_KEPT = 200
_KEPT: dict[tuple[str, str, int], tuple[FlowRow, Flow | None]] = {}


def forget() -> None:
    """For tests: another table may hold another text under the same name."""
    _KEPT.clear()
