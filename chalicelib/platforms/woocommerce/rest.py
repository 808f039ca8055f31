"""Asking WooCommerce's REST API v3: how we say who we are, and what each of its refusals means.

Over https the key goes into the Authorization header. Over plain http WooCommerce takes only OAuth 1.0a in the query,
where the secret itself never travels. WordPress's own root is asked without a key: its login would refuse it there.
Source: woocommerce/woocommerce, plugins/woocommerce/includes/class-wc-rest-authentication.php.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from chalicelib.domain.events import Unreadable
from chalicelib.platforms.body import Node, parse, parse_list
from chalicelib.platforms.shop_api import Link, Trouble
from chalicelib.platforms.woocommerce.refusals import code_of, refusal
from chalicelib.safe_http import Answer

SHOP = "wc/v3/"
AGENT = "ecrm-plugin/1.0 (WooCommerce REST API v3)"
_MOST_MEMBERS = 1000
_OAUTH_TOLERANCE = timedelta(minutes=10)  # WooCommerce allows 15
_NO_RIGHT_TO_WRITE = "woocommerce_rest_authentication_error"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is no refusal. `asked_at`: the shop's own time before it began to look for what it says."""

    body: bytes
    total: int | None
    pages: int | None
    asked_at: datetime

    def one(self) -> Node:
        """The object in it. Raises Trouble: where a page for people stands today, JSON may stand tomorrow."""
        try:
            return parse(self.body)
        except Unreadable as wrong:
            raise _no_json(wrong) from None

    def many(self) -> list[Node]:
        """The members of the list in it. Raises Trouble."""
        try:
            return parse_list(self.body, _MOST_MEMBERS)
        except Unreadable as wrong:
            raise _no_json(wrong) from None


def root(link: Link, **params: str) -> Reply:
    """What WordPress says of itself to anybody. Raises as `get`."""
    url = f"{link.url}/wp-json/?{urlencode(params, quote_via=quote)}"
    asked_at = link.now()
    answer = link.http.ask("GET", url, headers={"user-agent": AGENT, "accept": "application/json"})
    return _reply(link, answer, "GET", asked_at)


def get(link: Link, path: str, **params: str | int) -> Reply:
    """`path` such as orders/44. Raises Denied, Trouble, Missing (the shop has no such thing), Refused, Unreachable."""
    asked_at = link.now()
    return _reply(link, _ask(link, "GET", path, params), "GET", asked_at)


def write(link: Link, method: str, path: str, said: Mapping[str, Any] | None = None, **params: str) -> Reply:
    """The same for POST, PUT and DELETE; `said` becomes the JSON body."""
    asked_at = link.now()
    answer = _ask(link, method, path, params, None if said is None else json.dumps(said).encode())
    if answer.status == 401 and code_of(answer) == _NO_RIGHT_TO_WRITE:
        # A wrong secret and a key that may only read are refused with the same code: only reading tells them apart.
        get(link, "webhooks", per_page=1, _fields="id")
        raise refusal(answer, link.url, read_only=True)
    return _reply(link, answer, method, asked_at)


def _ask(link: Link, method: str, path: str, params: Mapping[str, str | int], body: bytes | None = None) -> Answer:
    query = urlencode(params, quote_via=quote)
    url = f"{link.url}/wp-json/{SHOP}{path}" + (f"?{query}" if query else "")
    headers = {"user-agent": AGENT, "accept": "application/json"}
    if body is not None:
        headers["content-type"] = "application/json"
    if urlsplit(url).scheme == "https":
        return link.http.ask(method, url, headers={**headers, "authorization": _basic(link)}, body=body)
    answer = link.http.ask(method, _signed(link, method, url, link.now()), headers=headers, body=body)
    told = _date(answer)
    if answer.status == 401 and told and abs(told - link.now()) > _OAUTH_TOLERANCE:
        # One of the two clocks is wrong, and WooCommerce believes its own.
        answer = link.http.ask(method, _signed(link, method, url, told), headers=headers, body=body)
    return answer


def _basic(link: Link) -> str:
    pair = f"{_credential(link, 'consumer_key')}:{_credential(link, 'consumer_secret')}"
    return "Basic " + b64encode(pair.encode()).decode()


def _signed(link: Link, method: str, url: str, at: datetime) -> str:
    # Only shops without https need it, and it takes a while to load.
    from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256, SIGNATURE_TYPE_QUERY, Client

    client = Client(
        _credential(link, "consumer_key"),
        client_secret=_credential(link, "consumer_secret"),
        signature_method=SIGNATURE_HMAC_SHA256,
        signature_type=SIGNATURE_TYPE_QUERY,
        timestamp=str(int(at.timestamp())),
    )
    signed: str = client.sign(url, method)[0]
    return signed


def _credential(link: Link, name: str) -> str:
    return link.credentials.get(name, "").strip()


def _reply(link: Link, answer: Answer, method: str, began: datetime) -> Reply:
    if not 200 <= answer.status < 300:
        raise refusal(answer, link.url)
    told = _date(answer)
    # The Date may be that of the end of a long answer; what it says was read at its beginning.
    asked_at = min(told - (link.now() - began), told) if told else began
    return Reply(answer.body, _count(answer, "x-wp-total"), _count(answer, "x-wp-totalpages"), asked_at)


def _date(answer: Answer) -> datetime | None:
    try:
        at = parsedate_to_datetime(answer.headers.get("date", ""))
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def _count(answer: Answer, header: str) -> int | None:
    text = answer.headers.get(header, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None


def _no_json(wrong: Unreadable) -> Trouble:
    return Trouble(f"the shop answered with something that is not what its API promises: {wrong.reason}")
