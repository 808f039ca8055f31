"""What the storefront shows: `GET /v1/slots`. For pages of the shop (publishable key, registered origin); personal with
a customer token."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from chalice import Blueprint, Response
from chalice.app import Request

from chalicelib.domain.slot import MOST_IN_CART, MOST_ITEMS, PAGES, SLOTS, USUAL_ITEMS, Ask
from chalicelib.routes.problems import Problem, shown, unknown
from chalicelib.routes.storefront import Visit, storefront, visit
from chalicelib.settings import settings
from chalicelib.work import slots as work
from chalicelib.work.remembered import Remembered
from chalicelib.work.slots import Who

slots = Blueprint(__name__)
KNOWN = ("key", "slots", "page", "product", "cart", "category", "country", "language", "limit", "pictures")
FRESH = timedelta(seconds=60)
_PUBLIC = f"public, max-age={int(FRESH.total_seconds())}"
_PRIVATE = "private, no-store"
LONGEST_ID, LONGEST_QUERY = 128, 4_000
_COUNTRY = re.compile(r"[A-Za-z]{2}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}")
# What nobody is named in is the same for everybody: (text, its ETag). As bytes, since one emoji makes every letter of a
# text take four; 300 of the largest are 70 MB.
_answers: Remembered[tuple[str, Who, Ask], tuple[bytes, str]] = Remembered(FRESH, 300)


@storefront(slots, "/v1/slots", "GET")
def get_slots(request: Request) -> Response:
    """Publishable key; personal slots with a customer token. 304 for who has the answer already."""
    query = _query(request)
    caller = visit(request, query.get("key"))
    ask = _ask(query)
    if caller.account is not None:
        told = work.answer(caller.shop, ask, _who(caller), settings().master, caller.now)
        return Response(_text(told), _headers(_PRIVATE))
    text, etag = _answers.get((caller.shop.slug, _who(caller), ask), caller.now, lambda: _made(caller, ask))
    headers = {**_headers("no-store" if caller.preview else _PUBLIC), "ETag": etag}
    if _has(request.headers.get("if-none-match"), etag):
        return Response("", headers, 304)
    return Response(text.decode(), headers)


def _made(caller: Visit, ask: Ask) -> tuple[bytes, str]:
    text = _text(work.answer(caller.shop, ask, _who(caller), settings().master, caller.now)).encode()
    return text, f'"{hashlib.blake2b(text, digest_size=12).hexdigest()}"'


def _who(caller: Visit) -> Who:
    return Who(caller.account, caller.preview, caller.origin if caller.preview else None)


def _has(if_none_match: str | None, etag: str) -> bool:
    """RFC 9110, 13.1.2: compared weakly, since whoever compressed the answer may have weakened its tag."""
    named = {tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")}
    return bool(named & {etag, "*"})


def _headers(cache: str) -> dict[str, str]:
    return {"Content-Type": "application/json; charset=utf-8", "Cache-Control": cache}


def _text(told: Any) -> str:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def _query(request: Request) -> dict[str, str]:
    """The parameters, each once. Raises Problem naming the one at fault."""
    params: Mapping[str, Any] = request.query_params or {}
    found: dict[str, str] = {}
    for name in sorted(params):
        values = params.getlist(name) if hasattr(params, "getlist") else [params[name]]
        if name not in KNOWN:
            raise unknown(name, KNOWN, "query")
        if len(values) != 1 or len(values[0]) > LONGEST_QUERY:
            raise Problem(400, "should be given once and not be too long", name)
        found[name] = values[0].strip()
    return found


def _ask(query: Mapping[str, str]) -> Ask:
    """What is asked for, in one form however it was written, so that equal questions have one answer."""
    limits = _slots(query.get("slots", ""), _limit(query.get("limit", ""), "limit"))
    return Ask(
        slots=tuple(limits),
        limits=tuple(limits.values()),
        page=_one_of(query, "page", PAGES, "other"),
        product=_id(query.get("product", ""), "product"),
        cart=_ids(query.get("cart", "")),
        category=_id(query.get("category", ""), "category"),
        country=_matching(query, "country", _COUNTRY, "a country such as GB").upper(),
        language=_matching(query, "language", _LANGUAGE, "a language such as fa or en-GB").replace("_", "-"),
        pictures=_one_of(query, "pictures", ("0", "1"), "0") == "1",
    )


def _slots(text: str, usual: int) -> dict[str, int]:
    """The slots in the order asked for, and how many items each has at most: `popular:4`, else `usual`."""
    found: dict[str, int] = {}
    for one in filter(str.strip, text.split(",")):
        name, colon, number = map(str.strip, one.partition(":"))
        if name not in SLOTS:
            raise Problem(400, _no_slot(name), "slots")
        most = _limit(number or "none", "slots", f"{name}: its number ") if colon else usual
        # A page may hold a slot twice, of different lengths: both are drawn from one answer.
        found[name] = max(most, found.get(name, 0))
    if not found:
        raise Problem(400, f"should be a list of {', '.join(SLOTS)}", "slots")
    return found


def _no_slot(name: str) -> str:
    """What to write instead of what is no slot."""
    from difflib import get_close_matches

    near = get_close_matches(name.lower().replace("_", "-")[:60], SLOTS, 1)
    return f'names "{shown(name)}", which is none of {", ".join(SLOTS)}' + (f"; {near[0]}?" if near else "")


def _one_of(query: Mapping[str, str], name: str, known: tuple[str, ...], usual: str) -> str:
    value = query.get(name) or usual
    if value not in known:
        raise Problem(400, f"should be one of {', '.join(known)}", name)
    return value


def _matching(query: Mapping[str, str], name: str, form: re.Pattern[str], what: str) -> str:
    value = query.get(name, "")
    if value and not form.fullmatch(value):
        raise Problem(400, f"should be {what}", name)
    return value


def _id(text: str, name: str) -> str:
    if len(text) > LONGEST_ID or not text.isprintable():
        raise Problem(400, f"should be an id of at most {LONGEST_ID} characters", name)
    return text


def _ids(text: str) -> tuple[str, ...]:
    """Of a very long cart what was put into it last."""
    found = dict.fromkeys(_id(one.strip(), "cart") for one in text.split(",") if one.strip())
    return tuple(found)[-MOST_IN_CART:]


def _limit(text: str, field: str, whose: str = "") -> int:
    if not text:
        return USUAL_ITEMS
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= MOST_ITEMS):
        raise Problem(400, f"{whose}should be a whole number from 1 to {MOST_ITEMS}", field)
    return int(text)
