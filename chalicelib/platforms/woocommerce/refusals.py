"""What a WooCommerce shop, WordPress, or whatever stands in front of them means when it refuses.

WordPress translates its messages, so only codes and statuses are read. None of what is raised quotes the answer.
"""

from __future__ import annotations

import json
import re
from urllib.parse import urljoin, urlsplit

from chalicelib.platforms.shop_api import Denied, Trouble
from chalicelib.safe_http import Answer

_CODE = re.compile(r"[a-z0-9_-]{1,80}")
# A login of WordPress itself that took the consumer key for a user's name.
_LOGINS = ("invalid_username", "incorrect_password", "invalid_email", "application_passwords_disabled")
_LATER = (402, 408, 423, 425, 429)
_RIGHT_KEY = "WooCommerce > Settings > Advanced > REST API > Add key, for an administrator, with Read/Write"
_PERMALINKS = (
    "WooCommerce's API is not there: is this the shop's home address, is WooCommerce switched on, and is WordPress > "
    "Settings > Permalinks set to anything but Plain?"
)
_BLOCKED = (
    "Something in front of WooCommerce (a firewall, a security plugin, a password on the site) turned us away: let "
    "requests to /wp-json/wc/v3/ through"
)


class Missing(Trouble):
    """The shop has nothing with that id."""


class Taken(Trouble):
    """Another coupon has the code already."""


class Strained(Trouble):
    """The server could not do what it was asked; a smaller question may go through."""


def refusal(answer: Answer, url: str, read_only: bool = False) -> Denied | Trouble:
    """What to raise for an answer that is not 2xx. `url`: the shop's address; `read_only`: reading works."""
    status, code = answer.status, code_of(answer)
    if 300 <= status < 400:
        return _moved(answer, url)
    if read_only:
        return Denied("read_only", f"This key may only read; webhooks need a key that may write: {_RIGHT_KEY}")
    if code.endswith("_invalid_id") and status in (400, 404):
        return Missing("the shop has nothing with this id")
    if code == "woocommerce_rest_coupon_code_already_exists":
        return Taken("the shop has a coupon with this code")
    if status in _LATER or status >= 500 or status < 300:
        kind = Strained if status >= 500 else Trouble
        return kind(f"the shop's server answered {status}")
    return _denied(status, code)


def code_of(answer: Answer) -> str:
    """WordPress's word for what is wrong, "" where a page for people (or none) came instead."""
    try:
        said = json.loads(answer.body)
    except (ValueError, RecursionError):
        return ""
    code = said.get("code") if isinstance(said, dict) else None
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""


def _denied(status: int, code: str) -> Denied:
    ours = code.startswith("woocommerce_")
    if status == 401 and (ours or code in _LOGINS):
        return Denied(
            "bad_key",
            f"The shop does not know this consumer key and secret: {_RIGHT_KEY}. If they are right, its server takes "
            "the Authorization header away: ask the host to pass it on",
        )
    if status == 403 and ours:
        return Denied("rights", f"The WordPress user to whom this key belongs may not do this: {_RIGHT_KEY}")
    if status == 404:
        return Denied("no_api", _PERMALINKS)
    if status == 400 and code:
        return Denied(
            "too_old", f"The shop does not understand the question ({code}): update WooCommerce to 5.8 or later"
        )
    return Denied("blocked", _BLOCKED)


def _moved(answer: Answer, url: str) -> Denied:
    try:
        to = urlsplit(urljoin(url + "/", answer.headers.get("location", "")))
        place = f"{to.scheme}://{to.netloc.rpartition('@')[2]}"
    except ValueError:
        place = ""
    said = "somewhere else" if not re.fullmatch(r"https?://[A-Za-z0-9.:\[\]-]{1,255}", place) else place
    if said == "{0.scheme}://{0.netloc}".format(urlsplit(url)):
        said = f"another path of {said}"
    return Denied("moved", f"The shop sends us on to {said}: connect it under the address that it itself uses")
