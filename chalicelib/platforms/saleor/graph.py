"""How Saleor's GraphQL API is asked, and what its refusals mean.

Sources: saleor/graphql/views.py, core/exceptions.py, core/validators/query_cost.py. An app token that Saleor does not
know makes us a stranger: it then says PermissionDenied, just as for an app that lacks the right.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

from chalicelib.domain.events import Unreadable
from chalicelib.platforms.body import Node, parse
from chalicelib.platforms.shop_api import Denied, Link, Trouble
from chalicelib.safe_http import Answer

WHO = "query EcrmWho { app { id } }"
REMEDY = "make a new token for our app in Saleor's dashboard (Extensions, the app, Tokens) and connect the shop again"
_BAD_KEY = re.compile(r"\w*(Token|Signature|Decode|Key|Algorithm|Issuer|Audience|IssuedAt)\w*Error")
_RIGHT = re.compile(r"\b(?:MANAGE|HANDLE|IMPERSONATE)_[A-Z_]{1,40}\b")
_TOO_OLD = ("Cannot query field", "Unknown argument", "Unknown type", "Unknown fragment", "Unknown directive")
_COST = "The query exceeds the maximum cost"
_WORD = re.compile(r"[A-Za-z_]{1,60}")
_MOST_ERRORS = 1000
P = ParamSpec("P")
T = TypeVar("T")


class TooCostly(Trouble):
    """The shop limits what a query may cost: ask for fewer at once."""


@dataclass(frozen=True, slots=True)
class Reply:
    """`data` is GraphQL's. `spoiled`: number of the edge -> Saleor's word for what went wrong inside it: its fields may
    be null without being so. `asked_at`: before the answer was put together, by the shop's own clock."""

    data: Node
    spoiled: Mapping[int, str]
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class _Failure:
    code: str
    message: str  # decides, and is never shown: it may quote what was asked
    path: tuple[Any, ...]

    @property
    def edge(self) -> int | None:
        """The number of the edge that it lies within, None where it concerns more."""
        match self.path:
            case (_, "edges", int(number), "node", _, *_):
                return number
        return None


def address(url: str) -> str:
    """The API's address as Saleor writes it: a slash at its end (without one a POST is lost in a redirect), no default
    port; a bare host is completed. The text itself where it is no address."""
    try:
        parts = urlsplit(url.strip())
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return url
    if parts.scheme not in ("http", "https") or not host or parts.username or parts.query or parts.fragment:
        return url
    default = port in (None, {"http": 80, "https": 443}[parts.scheme])
    place = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{place}{'' if default else f':{port}'}{parts.path.rstrip('/') or '/graphql'}/"


def origin(url: str) -> str:
    """Scheme and host of the API's address."""
    parts = urlsplit(address(url))
    return f"{parts.scheme}://{parts.netloc}"


def ask(link: Link, query: str, **variables: Any) -> Reply:
    """What the shop answers. Raises Denied, Trouble (TooCostly where fewer at once may work), Refused, Unreachable."""
    began = link.now()
    answer = _posted(link, query, variables)
    took = link.now() - began
    said = _json(answer)
    failures = _failures(said)
    _judge(link, answer.status, failures)
    spoiled = {failure.edge: failure.code for failure in failures if failure.edge is not None}
    return Reply(said.at("data"), spoiled, _clock(answer, link) - took)


def readable(asks: Callable[P, T]) -> Callable[P, T]:
    """Raises Trouble where an answer has another form than Saleor's schema says."""

    @wraps(asks)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return asks(*args, **kwargs)
        except Unreadable as bad:
            raise Trouble(f"the shop's answer cannot be read ({bad})") from None

    return guarded


def within(answer: Answer) -> None:
    """Raises Denied or Trouble for every status that carries no answer of Saleor's."""
    status = answer.status
    if 300 <= status < 400:
        raise Denied("moved", "the address answers with a redirect: connect the shop with the address it leads to")
    if status == 401:
        raise Denied("bad_key", f"the shop does not know our token: {REMEDY}")
    if status == 403:
        raise Denied("blocked", "something in front of the shop refuses us (HTTP 403): let our requests through")
    if status in (408, 425, 429) or status >= 500:
        raise Trouble(f"the shop answers HTTP {status}")
    if status not in (200, 400):
        raise no_api()


def no_api() -> Denied:
    return Denied("no_api", "no Saleor answers there: give the API's address, as https://acme.saleor.cloud/graphql/")


def _posted(link: Link, query: str, variables: dict[str, Any]) -> Answer:
    token = link.credentials.get("token", "")
    if not token:
        raise Denied("bad_key", f"there is no token: {REMEDY}")
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json", "accept": "application/json"}
    body = json.dumps({"query": query, "variables": variables}).encode()
    answer = link.http.ask("POST", address(link.url), headers=headers, body=body)
    within(answer)
    return answer


def _json(answer: Answer) -> Node:
    try:
        said = parse(answer.body)
    except Unreadable:
        raise no_api() from None
    if "data" not in said.value and "errors" not in said.value:
        raise no_api()
    return said


def _failures(said: Node) -> list[_Failure]:
    try:
        return [_failure(error) for error in said.at("errors").items(_MOST_ERRORS)]
    except Unreadable:
        raise Trouble("the shop answers with errors that cannot be read") from None


def _failure(error: Node) -> _Failure:
    code = error.at("extensions").at("exception").at("code").text()
    path = tuple(part.value for part in error.at("path").items(100))
    return _Failure(code if _WORD.fullmatch(code) else "error", error.at("message").text(), path)


def _judge(link: Link, status: int, failures: list[_Failure]) -> None:
    """Raises what the failures mean; nothing for those that only spoil a single edge."""
    if any(_BAD_KEY.fullmatch(failure.code) for failure in failures):
        raise Denied("bad_key", f"the token is not valid any more: {REMEDY}")
    for failure in failures:
        if failure.code == "PermissionDenied":
            raise _forbidden(link, failure)
        if failure.message.startswith(_COST):
            raise TooCostly("the shop finds our query too costly")
        if status == 400 and failure.message.startswith(_TOO_OLD):
            raise Denied("too_old", "this Saleor does not know what we ask for: it should be 3.20 or newer")
    whole = [failure for failure in failures if failure.edge is None]
    if whole or status == 400:
        raise Trouble(f"the shop answers with an error: {whole[0].code if whole else 'HTTP 400'}")


def _forbidden(link: Link, failure: _Failure) -> Denied:
    """A stranger and an app without the right get the same words: only asking who we are tells them apart."""
    if not _known(link):
        return Denied("bad_key", f"the shop does not know our token: {REMEDY}")
    rights = ", ".join(sorted(set(_RIGHT.findall(failure.message)))) or "the right to do so"
    return Denied("missing_scope", f"our app lacks {rights}: add it in Saleor's dashboard (Extensions, the app)")


def _known(link: Link) -> bool:
    said = _json(_posted(link, WHO, {}))
    try:
        return not said.at("data").at("app").at("id").missing
    except Unreadable:
        return False


def _clock(answer: Answer, link: Link) -> datetime:
    """The shop's own clock; ours, where it does not show it."""
    try:
        shown = parsedate_to_datetime(answer.headers.get("date", ""))
        return shown.astimezone(UTC) if shown.tzinfo else link.now()
    except (ValueError, TypeError, OverflowError):
        return link.now()
