"""Our webhook subscriptions at Shopify. It deletes one after eight failures in a row: what is broken is missing."""

from __future__ import annotations

from typing import Any

from chalicelib.platforms.body import Node
from chalicelib.platforms.shop_api import Denied, Hook, Link, Trouble
from chalicelib.platforms.shopify import queries, refusals
from chalicelib.platforms.shopify.graph import ask, user_errors
from chalicelib.platforms.shopify.signature import TOPICS

# Shopify sends these to the address in the app's configuration, and lets nobody subscribe to them through the API.
BY_CONFIGURATION = ("customers/data_request", "customers/redact", "shop/redact")
_MOST_PAGES = 20
_MOST_FIELDS = 1000


def enum_of(topic: str) -> str:
    """The topic as the API writes it: orders/create is ORDERS_CREATE."""
    return topic.replace("/", "_").replace(".", "_").upper()


# Some topics have two spellings: the first, which Shopify sends, is ours. Words without a slash are no topics here.
_TOPIC_OF = {enum_of(topic): topic for topic in reversed(TOPICS) if "/" in topic and topic not in BY_CONFIGURATION}
HOOK_TOPICS = tuple(topic for topic in TOPICS if topic in _TOPIC_OF.values())


def listed(link: Link, delivery_url: str) -> list[Hook]:
    """Those that lead to `delivery_url`. One that says less than everything counts as paused: mending it helps."""
    found: list[Hook] = []
    after = None
    for _ in range(_MOST_PAGES):
        page = ask(link, queries.HOOKS, {"first": queries.HOOKS_AT_ONCE, "after": after}).data.at(
            "webhookSubscriptions"
        )
        nodes = [edge.at("node") for edge in page.at("edges").items(queries.HOOKS_AT_ONCE)]
        found += [_hook(node) for node in nodes if node.at("uri").text() == delivery_url]
        if page.at("pageInfo").at("hasNextPage").missing:
            break
        after = page.at("pageInfo").at("endCursor").text()
    return found


def add(link: Link, topic: str, delivery_url: str) -> Hook:
    """Subscribe to a topic; the app's client secret signs what it sends. One that is there already is that one."""
    variables = {"topic": enum_of(topic), "hook": _wish(delivery_url)}
    payload = ask(link, queries.ADD_HOOK, variables).data.at("webhookSubscriptionCreate")
    errors = user_errors(payload)
    if any("already been taken" in message for _, message in errors):
        there = [hook for hook in listed(link, delivery_url) if hook.topic == topic]
        if there:
            return there[0]
    _refuse(errors)
    return Hook(payload.at("webhookSubscription").at("id").text(), topic, delivery_url, "active")


def mend(link: Link, hook: Hook, delivery_url: str) -> Hook:
    """Lead a subscription of ours to `delivery_url` with everything in it; a new one where it is gone."""
    variables = {"id": hook.id, "hook": _wish(delivery_url) | {"filter": None, "includeFields": None}}
    errors = user_errors(ask(link, queries.MEND_HOOK, variables).data.at("webhookSubscriptionUpdate"))
    if _gone(errors):
        return add(link, hook.topic, delivery_url)
    _refuse(errors)
    return Hook(hook.id, hook.topic, delivery_url, "active")


def drop(link: Link, hook: Hook) -> None:
    """Take a subscription of ours away; one that is gone already is no error."""
    errors = user_errors(ask(link, queries.DROP_HOOK, {"id": hook.id}).data.at("webhookSubscriptionDelete"))
    if not _gone(errors):
        _refuse(errors)


def _wish(delivery_url: str) -> dict[str, Any]:
    return {"uri": delivery_url, "format": "JSON"}


def _hook(node: Node) -> Hook:
    whole = node.at("filter").missing and not node.at("includeFields").items(_MOST_FIELDS)
    state = "active" if whole and node.at("format").text() == "JSON" else "paused"
    topic = node.at("topic").text()
    return Hook(node.at("id").text(), _TOPIC_OF.get(topic, topic.lower()), node.at("uri").text(), state)


def _gone(errors: list[tuple[str, str]]) -> bool:
    return any("does not exist" in message or "not found" in message.lower() for _, message in errors)


def _refuse(errors: list[tuple[str, str]]) -> None:
    """Raise what the first error means. Raises Denied and Trouble."""
    if not errors:
        return
    message = errors[0][1].lower()
    if "address" in message or "uri" in message or "callback" in message or "url" in message:
        raise Denied(
            "bad_address", "Shopify does not accept our address: it has to be https, reachable from everywhere"
        )
    refusal = refusals.by_words(errors[0][1])
    if isinstance(refusal, Trouble) and "topic" in message:
        raise Denied("no_topic", "Shopify does not know this kind of webhook any more")
    raise refusal
