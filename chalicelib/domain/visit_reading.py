"""A storefront's request as words: read strictly, every refusal with the field at fault. A batch is taken whole or not
at all."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from chalicelib.domain.people import one_line
from chalicelib.domain.visits import (
    LONGEST_AGO,
    LONGEST_ID,
    LONGEST_QUERY,
    LONGEST_RID,
    MOST_EVENTS,
    MOST_PRODUCTS,
    MOST_RIDS,
    BadVisit,
    Batch,
    CartLooked,
    Click,
    Close,
    Event,
    Forget,
    Identify,
    Search,
    Seen,
    View,
)

LARGEST_BODY = 16 * 1024
LONGEST_KEY, LONGEST_TOKEN = 120, 4096
_VISITOR = re.compile(r"[0-9A-Za-z]{22}")
_FIELDS = ("key", "consent", "visitor", "token", "events")
_CONTROL = re.compile(r"[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]")


def read(raw: bytes) -> Batch:
    """A request's body. Raises BadVisit."""
    body = _loaded(raw)
    _known(body, _FIELDS, "")
    consent = body.get("consent", False)
    if not isinstance(consent, bool):
        raise BadVisit("consent", "should be true or false")
    key = _text(body, "key", LONGEST_KEY) if "key" in body else None
    visitor, token = _visitor(body), _text(body, "token", LONGEST_TOKEN) if body.get("token") is not None else None
    found = events(body.get("events"))
    if consent and token is None and any(isinstance(event, Identify) for event in found):
        raise BadVisit("token", "is needed to identify")
    forgets = any(isinstance(event, Forget) for event in found)
    if forgets and visitor is None:
        raise BadVisit("visitor", "is needed to be forgotten")
    agreed = consent and not forgets
    return Batch(key, agreed, visitor if consent or forgets else None, token if agreed else None, found)


def events(told: Any) -> tuple[Event, ...]:
    """1 to 20 events from JSON. Raises BadVisit."""
    if not isinstance(told, list) or not 0 < len(told) <= MOST_EVENTS:
        raise BadVisit("events", f"should be a list of 1 to {MOST_EVENTS}")
    return tuple(_event(one, f"events[{place}]") for place, one in enumerate(told))


def plain(event: Event) -> dict[str, Any]:
    """The event as JSON; `events` reads it back."""
    values = {name: getattr(event, name) for name in event.__slots__}
    told = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items() if value != 0}
    return {"type": _TYPES[type(event)], **told}


def _event(told: Any, place: str) -> Event:
    if not isinstance(told, dict):
        raise BadVisit(place, "should be an object")
    kind = told.get("type")
    if not isinstance(kind, str) or kind not in _READERS:
        raise BadVisit(f"{place}.type", f"should be one of {', '.join(_READERS)}")
    field, reader = _READERS[kind]
    _known(told, ("type", "ago", *((field,) if field else ())), f"{place}.")
    return reader(told, place, _ago(told, place))


def _ago(told: dict[str, Any], place: str) -> int:
    ago = told.get("ago", 0)
    if not isinstance(ago, int) or isinstance(ago, bool) or not 0 <= ago <= LONGEST_AGO:
        raise BadVisit(f"{place}.ago", f"should be a whole number of seconds from 0 to {LONGEST_AGO}")
    return ago


def _search(told: dict[str, Any], place: str, ago: int) -> Event:
    query = one_line(_text(told, "query", LONGEST_QUERY, place))[:LONGEST_QUERY].strip()  # NFC may make it longer
    if not query:
        raise BadVisit(f"{place}.query", "should be a text and not empty")
    return Search(query, ago)


_READERS: dict[str, tuple[str, Callable[[dict[str, Any], str, int], Event]]] = {
    "view": ("product", lambda told, place, ago: View(_id(told.get("product"), f"{place}.product"), ago)),
    "search": ("query", _search),
    "cart": ("products", lambda told, place, ago: CartLooked(_ids(told, place), ago)),
    "click": ("rid", lambda told, place, ago: Click(_text(told, "rid", LONGEST_RID, place), ago)),
    "seen": ("rids", lambda told, place, ago: Seen(_rids(told, place), ago)),
    "close": ("rid", lambda told, place, ago: Close(_text(told, "rid", LONGEST_RID, place), ago)),
    "forget": ("", lambda told, place, ago: Forget(ago)),
    "identify": ("", lambda told, place, ago: Identify(ago)),
}
_TYPES = {
    View: "view",
    Search: "search",
    CartLooked: "cart",
    Click: "click",
    Seen: "seen",
    Close: "close",
    Forget: "forget",
    Identify: "identify",
}


def _ids(told: dict[str, Any], place: str) -> tuple[str, ...]:
    found = told.get("products")
    if not isinstance(found, list) or len(found) > MOST_PRODUCTS:
        raise BadVisit(f"{place}.products", f"should be a list of at most {MOST_PRODUCTS}")
    return tuple(dict.fromkeys(_id(one, f"{place}.products[{at}]") for at, one in enumerate(found)))


def _rids(told: dict[str, Any], place: str) -> tuple[str, ...]:
    found = told.get("rids")
    if not isinstance(found, list) or not 0 < len(found) <= MOST_RIDS:
        raise BadVisit(f"{place}.rids", f"should be a list of 1 to {MOST_RIDS}")
    for at, one in enumerate(found):
        if not isinstance(one, str) or not 0 < len(one) <= LONGEST_RID:
            raise BadVisit(f"{place}.rids[{at}]", f"should be a text of 1 to {LONGEST_RID} characters")
    return tuple(dict.fromkeys(found))


def _id(found: Any, field: str) -> str:
    """Ids are text, as everywhere: of a number nobody knows how the shop writes it."""
    if not isinstance(found, str) or not 0 < len(found) <= LONGEST_ID or not found.strip() or _CONTROL.search(found):
        raise BadVisit(field, f"should be a product's id: a text of 1 to {LONGEST_ID} characters")
    return found


def _text(told: dict[str, Any], name: str, longest: int, place: str = "") -> str:
    found = told.get(name)
    if not isinstance(found, str) or not 0 < len(found) <= longest:
        raise BadVisit(f"{place}.{name}" if place else name, f"should be a text of 1 to {longest} characters")
    return found


def _visitor(body: dict[str, Any]) -> str | None:
    found = body.get("visitor")
    if found is not None and not (isinstance(found, str) and _VISITOR.fullmatch(found)):
        raise BadVisit("visitor", "should be 22 letters or digits, drawn at random")
    return found


def _known(told: dict[str, Any], names: tuple[str, ...], place: str) -> None:
    unknown = sorted(told.keys() - set(names))
    if unknown:
        name = "".join(ch for ch in unknown[0] if ch.isprintable())[:60]
        raise BadVisit(f"{place}{name}" if name else "body", f"is not known here; known: {', '.join(names)}")


def _loaded(raw: bytes) -> dict[str, Any]:
    """A JSON object in UTF-8 that every reader reads alike: no name twice, no NaN, no halves of characters."""
    try:
        body = json.loads(raw.decode(), object_pairs_hook=_once, parse_constant=_no_number)
        json.dumps(body, ensure_ascii=False).encode()
    except BadVisit:
        raise
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise BadVisit("body", "should be a JSON object in UTF-8")
    return body


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadVisit("body", "says something twice")
    return found


def _no_number(word: str) -> float:
    raise BadVisit("body", "holds NaN or Infinity, which JSON does not have")
