"""Our webhooks at a Saleor shop, one per topic: an app sees and changes its own. Without a secret key Saleor signs with
its key pair. It never switches an asynchronous webhook off by itself."""

from __future__ import annotations

from typing import Any

from chalicelib.platforms.body import Node
from chalicelib.platforms.saleor import graph
from chalicelib.platforms.saleor.queries import SINCE, SUBSCRIPTIONS
from chalicelib.platforms.shop_api import Denied, Hook, Link

# What an older shop does not know would fail for ever. The manifest asks for it, where the shop says that it is newer.
HOOK_TOPICS = tuple(topic for topic in SUBSCRIPTIONS if topic not in SINCE)
LIST = """query EcrmHooks {
  app { id webhooks { id isActive targetUrl subscriptionQuery asyncEvents { eventType } } }
}"""
ADD = """mutation EcrmAddHook($input: WebhookCreateInput!) {
  webhookCreate(input: $input) { webhook { id } errors { field code } }
}"""
MEND = """mutation EcrmMendHook($id: ID!, $input: WebhookUpdateInput!) {
  webhookUpdate(id: $id, input: $input) { webhook { id } errors { field code } }
}"""
DROP = """mutation EcrmDropHook($id: ID!) {
  webhookDelete(id: $id) { webhook { id } errors { field code } }
}"""
_MOST = 1000


@graph.readable
def hooks(link: Link, delivery_url: str) -> list[Hook]:
    """Ours, that is: those that lead to `delivery_url`. One that is active but asks for something else than we read now
    counts as disabled: mending it gives it our query. One for several events has them all in its topic, joined by `+`:
    no topic of ours."""
    app = graph.ask(link, LIST).data.at("app")
    if app.missing:
        raise Denied("bad_key", f"the shop does not know our token: {graph.REMEDY}")
    return [_hook(found) for found in app.at("webhooks").items(_MOST) if found.at("targetUrl").text() == delivery_url]


@graph.readable
def add_hook(link: Link, topic: str, delivery_url: str, secret: str) -> None:
    """Saleor signs with its own key: `secret` is of no use here."""
    _done(graph.ask(link, ADD, input=described(topic, delivery_url)).data.at("webhookCreate"))


@graph.readable
def mend_hook(link: Link, hook: Hook, delivery_url: str, secret: str) -> None:
    """Active again, with our query. One that is for several events only becomes active."""
    wanted = described(hook.topic, delivery_url) if hook.topic in SUBSCRIPTIONS else {"isActive": True}
    _done(graph.ask(link, MEND, id=hook.id, input=wanted).data.at("webhookUpdate"))


@graph.readable
def drop_hook(link: Link, hook: Hook) -> None:
    """Gone already is as good."""
    _done(graph.ask(link, DROP, id=hook.id).data.at("webhookDelete"), gone_is_fine=True)


def described(topic: str, delivery_url: str) -> dict[str, Any]:
    """A webhook as both a manifest and a mutation want it."""
    return {
        "name": f"eCRM {topic}",
        "asyncEvents": [topic.upper()],
        "query": SUBSCRIPTIONS[topic],
        "targetUrl": delivery_url,
        "isActive": True,
    }


def _hook(found: Node) -> Hook:
    events = [event.at("eventType").text().lower() for event in found.at("asyncEvents").items(_MOST)]
    topic = "+".join(sorted(events))
    asks = " ".join(found.at("subscriptionQuery").text().split())
    if found.at("isActive").missing:
        state = "paused"
    else:
        state = "active" if asks == " ".join(SUBSCRIPTIONS.get(topic, asks).split()) else "disabled"
    return Hook(found.at("id").text(), topic, found.at("targetUrl").text(), state)


def _done(payload: Node, gone_is_fine: bool = False) -> None:
    """Raises Denied where the shop did not do it. Its codes are words of its schema, such as NOT_FOUND."""
    codes = [error.at("code").text() for error in payload.at("errors").items(_MOST)]
    if codes and not (gone_is_fine and set(codes) == {"NOT_FOUND"}):
        remedy = f"the shop did not do it ({codes[0][:60]}): look at our app in Saleor's dashboard"
        raise Denied("hook_refused", remedy)
