"""Who may come into a pretend WooCommerce shop: its API keys, and the page on which an owner makes one.

Basic only over https; OAuth 1.0a in the query over both. Sources: woocommerce/woocommerce,
class-wc-rest-authentication.php and class-wc-auth.php.
"""

from __future__ import annotations

import hashlib
import hmac
import html
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

_WINDOW = 15 * 60
_READING = ("GET", "HEAD")
_ASKED = ("app_name", "user_id", "return_url", "callback_url", "scope")


class Unknown(Exception):
    """WooCommerce says what is wrong: woocommerce_rest_authentication_error."""


@dataclass
class Key:
    """`may`: read | write | read_write."""

    secret: str
    may: str = "read_write"

    def allows(self, method: str) -> bool:
        return self.may == "read_write" or self.may == ("read" if method in _READING else "write")


class Keys:
    """Consumer keys by their name."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.known: dict[str, Key] = {}
        self._nonces: set[str] = set()
        self._made = 0

    def key_of(self, method: str, base: str, query: str, headers: Mapping[str, str]) -> Key | None:
        """The key that this request proves to have; None for a stranger. Raises Unknown. `base`: scheme, host, path."""
        params = dict(parse_qsl(query, keep_blank_values=True))
        if base.startswith("https://"):
            name, secret = params.get("consumer_key", ""), params.get("consumer_secret", "")
            name, secret = (name, secret) if name and secret else _basic(headers.get("authorization", ""))
            key = self.known.get(name)
            if key and secret == key.secret:
                return key
            if key:
                raise Unknown("Consumer secret is invalid.")
        return self._oauth(method, base, params) if "oauth_consumer_key" in params else None

    def make(self, may: str) -> dict[str, str]:
        """A new key, as the shop would tell of it."""
        self._made += 1
        seed = hashlib.sha1(f"pretend {self._made}".encode(), usedforsecurity=False).hexdigest()
        self.known[f"ck_{seed}"] = Key(f"cs_{seed[::-1]}", may)
        return {"consumer_key": f"ck_{seed}", "consumer_secret": f"cs_{seed[::-1]}", "key_permissions": may}

    def _oauth(self, method: str, base: str, params: dict[str, str]) -> Key:
        key = self.known.get(params["oauth_consumer_key"])
        if key is None:
            raise Unknown("Consumer key is invalid.")
        given = params.pop("oauth_signature", "")
        if params.get("oauth_signature_method") != "HMAC-SHA256" or given != _signed(method, base, params, key.secret):
            raise Unknown("Invalid signature - provided signature does not match.")
        if abs(int(params.get("oauth_timestamp", "0")) - self._now().timestamp()) > _WINDOW:
            raise Unknown("Invalid timestamp.")
        if params["oauth_nonce"] in self._nonces:
            raise Unknown("Invalid nonce - nonce has already been used.")
        self._nonces.add(params["oauth_nonce"])
        return key


class GrantPage:
    """/wc-auth/v1/authorize: the owner is logged in, and says yes or no."""

    def __init__(self, keys: Keys, url: str, deliver: Callable[[str, dict[str, str], bytes], int]) -> None:
        self._keys, self._url, self._deliver = keys, url, deliver

    def answer(self, method: str, route: str, query: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """The page, what follows from its link "Approve" (or a POST, or ?approve=1), or why not."""
        asked = dict(parse_qsl(f"{query}&{body.decode(errors='replace')}", keep_blank_values=True))
        wrong = _refused(asked)
        if wrong:
            return _page(401, f"<p>Error: {html.escape(wrong)}.</p>")
        if route == "access_granted" or method == "POST" or asked.get("approve") == "1":
            return self._grant(asked)
        return _page(200, self._question(asked)) if route == "authorize" else _page(401, "<p>Error.</p>")

    def _question(self, asked: dict[str, str]) -> str:
        yes = f"{self._url}/wc-auth/v1/access_granted?{urlencode({name: asked[name] for name in _ASKED})}"
        no = _back(asked, 0)
        return (
            f"<h1>{html.escape(asked['app_name'])} would like to connect to your store</h1>"
            f'<p>Access: {html.escape(asked["scope"])}</p><p><a href="{html.escape(yes)}">Approve</a> '
            f'<a href="{html.escape(no)}">No thanks</a></p>'
        )

    def _grant(self, asked: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        made = self._keys.make(asked["scope"])
        told = {"key_id": len(self._keys.known), "user_id": asked["user_id"], **made}
        headers = {"content-type": "application/json;charset=UTF-8", "user-agent": f"WordPress/6.9.1; {self._url}"}
        if self._deliver(asked["callback_url"], headers, json.dumps(told).encode()) != 200:
            del self._keys.known[made["consumer_key"]]
            return _page(401, "<p>Error: An error occurred in the request and at the time were unable to send it.</p>")
        return 302, {"location": _back(asked, 1), "content-type": "text/html"}, b""


def _refused(asked: Mapping[str, str]) -> str:
    missing = next((name for name in _ASKED if not asked.get(name)), None)
    if missing:
        return f"Missing parameter {missing}"
    if asked["scope"] not in ("read", "write", "read_write"):
        return "Invalid scope"
    callback = urlsplit(asked["callback_url"])
    # The one thing that is let through here and nowhere else: a world on this machine has no certificate.
    if callback.scheme != "https" and callback.hostname not in ("127.0.0.1", "localhost"):
        return "The callback_url needs to be over SSL"
    return ""


def _back(asked: Mapping[str, str], success: int) -> str:
    to = asked["return_url"]
    return f"{to}{'&' if '?' in to else '?'}{urlencode({'success': success, 'user_id': asked['user_id']})}"


def _page(status: int, content: str) -> tuple[int, dict[str, str], bytes]:
    text = f"<!doctype html><meta charset=utf-8><title>Pretend WooCommerce</title>{content}"
    return status, {"content-type": "text/html; charset=UTF-8"}, text.encode()


def _basic(header: str) -> tuple[str, str]:
    try:
        kind, _, text = header.partition(" ")
        name, _, secret = b64decode(text, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return (name, secret) if kind.lower() == "basic" else ("", "")


def _signed(method: str, base: str, params: Mapping[str, str], secret: str) -> str:
    pairs = [f"{_escaped(name)}={_escaped(params[name])}" for name in sorted(params)]
    text = "&".join((method, _escaped(base), _escaped("&".join(pairs))))
    return b64encode(hmac.digest(f"{secret}&".encode(), text.encode(), "sha256")).decode()


def _escaped(text: str) -> str:
    return quote(unquote(text), safe="~") if "%" in text and "&" not in text else quote(text, safe="~")
