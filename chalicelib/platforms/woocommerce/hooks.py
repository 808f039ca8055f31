"""Our webhooks at a WooCommerce shop, and the page on which its owner lets us make them.

WooCommerce retries nothing and switches a webhook off at the seventh failure in a row, without a word to anybody. One
that was switched on again still has its six failures: the next one switches it off again, the next success forgets
them. Sources: woocommerce/woocommerce, class-wc-webhook.php, class-wc-webhook-data-store.php, class-wc-auth.php.
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlencode

from chalicelib.domain.events import Unreadable
from chalicelib.platforms.body import Node, parse
from chalicelib.platforms.shop_api import Denied, Hook, Link, Trouble
from chalicelib.platforms.woocommerce import rest
from chalicelib.platforms.woocommerce.fields import id_of
from chalicelib.platforms.woocommerce.refusals import Missing
from chalicelib.platforms.woocommerce.signature import TOPICS

# An action's body says less than order.updated, which comes for refunds too.
HOOK_TOPICS = tuple(topic for topic in TOPICS if not topic.startswith("action."))
_FIELDS = "id,topic,delivery_url,status"
_STATES = ("active", "paused", "disabled")
_AT_ONCE, _MOST_PAGES = 100, 20
# WooCommerce puts the token into addresses without encoding it.
_TOKEN = re.compile(r"[A-Za-z0-9._~-]{1,200}")
_MAY_WRITE = ("write", "read_write")


def hooks(link: Link, delivery_url: str) -> list[Hook]:
    """Ours: those that lead to `delivery_url`. Raises as `rest.get`."""
    found: dict[str, Hook] = {}
    for number in range(1, _MOST_PAGES + 1):
        reply = rest.get(link, "webhooks", per_page=_AT_ONCE, page=number, _fields=_FIELDS)
        items = reply.many()
        mine = [_hook(item) for item in items if item.at("delivery_url").value == delivery_url]
        found |= {hook.id: hook for hook in mine}
        if len(items) < _AT_ONCE:
            break
    return list(found.values())


def add_hook(link: Link, topic: str, delivery_url: str, secret: str) -> Hook:
    """A new one, active. The shop knocks at once (its ping). Raises as `rest.write`."""
    wanted = {"name": f"eCRM {topic}", "topic": topic, "delivery_url": delivery_url, "secret": secret}
    return _hook(rest.write(link, "POST", "webhooks", {**wanted, "status": "active"}).one())


def mend_hook(link: Link, hook: Hook, delivery_url: str, secret: str) -> Hook:
    """Active, with this address and secret, whatever it was; made anew where it is gone. Raises as `rest.write`."""
    wanted = {"status": "active", "topic": hook.topic, "delivery_url": delivery_url, "secret": secret}
    try:
        return _hook(rest.write(link, "PUT", f"webhooks/{hook.id}", wanted).one())
    except Missing:
        return add_hook(link, hook.topic, delivery_url, secret)


def renew_hook(link: Link, hook: Hook, secret: str) -> None:
    """Another secret, and nothing else; one that is gone is left to the next look. Raises as `rest.write`."""
    try:
        rest.write(link, "PUT", f"webhooks/{hook.id}", {"secret": secret})
    except Missing:
        return


def drop_hook(link: Link, hook: Hook) -> None:
    """Gone for good; one that is gone already stays so. Raises as `rest.write`."""
    try:
        rest.write(link, "DELETE", f"webhooks/{hook.id}", force="true")
    except Missing:
        return


def may_write(link: Link) -> None:
    """Raises Denied where the key, or the user whose it is, may not make webhooks. Changes nothing: no webhook is
    number 0, and WooCommerce looks at the rights before it looks for the webhook."""
    try:
        rest.write(link, "PUT", "webhooks/0", {"status": "active"})
    except Missing:
        return


def authorize_url(shop_url: str, app_name: str, token: str, return_url: str, callback_url: str) -> str:
    """The page of the shop where its owner, logged in, approves a key that may read and write. The shop then posts the
    key to `callback_url` (https; it has to be answered with 200) with `token` as its `user_id`, and sends the owner to
    `return_url` with success=1 or 0. Raises ValueError for a token that would not come back as it is."""
    if not _TOKEN.fullmatch(token):
        raise ValueError("a token is made of letters, digits and . _ ~ -")
    asked = {"app_name": app_name, "scope": "read_write", "user_id": token}
    asked |= {"return_url": return_url, "callback_url": callback_url}
    return f"{shop_url.rstrip('/')}/wc-auth/v1/authorize?{urlencode(asked, quote_via=quote)}"


def granted(body: bytes) -> dict[str, str]:
    """The credentials in what the shop posts after the owner approved. Anybody can post this: only the token in it
    (`token_of`), or one in the address it came to, makes it believable. Raises Denied."""
    said = _callback(body)
    found = {name: said.at(name).value for name in ("consumer_key", "consumer_secret")}
    if not all(isinstance(value, str) and _TOKEN.fullmatch(value) for value in found.values()):
        raise Denied("bad_key", "The shop sent no key: approve the connection once more")
    if said.at("key_permissions").value not in _MAY_WRITE:
        raise Denied("read_only", "The shop sent a key that may only read: approve the connection once more")
    return found


def token_of(body: bytes) -> str:
    """The token that `authorize_url` was given, from the same body; "" where it has none. Raises Denied."""
    value = _callback(body).at("user_id").value
    return value if isinstance(value, str) else ""


def _callback(body: bytes) -> Node:
    try:
        return parse(body)
    except Unreadable:
        raise Denied("bad_key", "The shop sent no key: approve the connection once more") from None


def _hook(said: Node) -> Hook:
    try:
        state = said.at("status").text()
        return Hook(
            id=id_of(said.at("id")),
            topic=said.at("topic").text(),
            url=said.at("delivery_url").text(),
            state=state if state in _STATES else "disabled",
        )
    except Unreadable as wrong:
        raise Trouble(f"a webhook of the shop cannot be read: {wrong}") from None
