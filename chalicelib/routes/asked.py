"""What a partner asked for, after the door: the shop, path and query as plain text, and the signed cursor."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from chalice.app import Request

from chalicelib import clock, keys
from chalicelib.domain.shop import Shop
from chalicelib.routes.problems import Problem, unknown
from chalicelib.settings import settings
from chalicelib.work.read_views import Json, Page

USUAL_LIMIT, LARGEST_LIMIT = 20, 100
LONGEST_TEXT = 200
# Ids of ours hold those of the shop: they are longer than anything that it says.
_LONGEST_ID = {"task": 450, "follow_up": 450}
_LIMIT = re.compile(r"[1-9][0-9]{0,2}")


@dataclass(frozen=True)
class Asked:
    """A partner's request after the door: the shop whose key it is, path and query as plain text."""

    shop: Shop
    now: datetime
    path: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    listing: str = ""
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def limit(self) -> int:
        text = self.query.get("limit", str(USUAL_LIMIT))
        if not _LIMIT.fullmatch(text) or int(text) > LARGEST_LIMIT:
            raise Problem(400, f"should be a whole number from 1 to {LARGEST_LIMIT}", "limit")
        return int(text)

    @property
    def cursor(self) -> Any:
        """Where the page before ended, or None. A cursor opens nothing but the list it was made for."""
        if "cursor" not in self.query:
            return None
        try:
            return keys.open_cursor(settings().master, self.shop.slug, self.query["cursor"], self.listing)
        except keys.BadToken:
            raise Problem(400, "is not a cursor of this list; start again without it", "cursor") from None

    def page(self, page: Page) -> Json:
        sealed = None
        if page.next is not None:
            sealed = keys.seal_cursor(settings().master, self.shop.slug, page.next, self.listing)
        return {"items": page.items, "next": sealed}


def read(shop: Shop, request: Request, given: dict[str, str], known: tuple[str, ...]) -> Asked:
    """The request with path parameters `given` and query parameters `known`. Raises Problem naming the field."""
    query = _query(request.query_params or {}, known)
    # API Gateway hands the path on as it was sent.
    path = {name: unquote(value) for name, value in given.items()}
    if any(not 0 < len(value) <= _LONGEST_ID.get(name, LONGEST_TEXT) for name, value in path.items()):
        raise Problem(404)
    filters = {name: value for name, value in query.items() if name not in ("limit", "cursor")}
    listing = json.dumps([request.path, path, filters], sort_keys=True)
    return Asked(shop, clock.now(), path, query, listing)


def _query(params: Mapping[str, Any], known: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in sorted(params):
        values = params.getlist(name) if hasattr(params, "getlist") else [params[name]]
        if name not in known:
            raise unknown(name, known, "query")
        if len(values) != 1 or not values[0]:
            raise Problem(400, "should be given once and not be empty", name)
        if len(values[0]) > (keys.LONGEST_TOKEN if name == "cursor" else LONGEST_TEXT):
            raise Problem(400, "is too long", name)
        found[name] = values[0]
    return found
