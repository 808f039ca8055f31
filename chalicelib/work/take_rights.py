"""A platform passes on that a person uses her rights, or that the shop ended the connection."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from chalicelib.domain.customer import Node
from chalicelib.domain.events import PrivacyAsked, ShopGone
from chalicelib.domain.shop import Shop
from chalicelib.domain.sync import Sync
from chalicelib.table import audit, base, customers, sync
from chalicelib.table.base import retried
from chalicelib.work.nodes import Nodes

# Tasks that wait in the table until they are done: an erasure may take longer than a delivery can wait.
ERASE, ERASE_SHOP = "erase:", "erase-shop"
PLATFORM = "platform"


def asked(shop: Shop, event: PrivacyAsked, now: datetime) -> str:
    """Her export is for the owner to give (it is noted); her erasure is put down as work and done within minutes."""
    found = _people(shop, event)
    if event.what == "erase":
        retried(lambda: _bar(shop, event))
    for customer in found:
        if event.what == "erase":
            later(shop.slug, ERASE + customer, now)
        else:
            audit.note(shop.slug, audit.Entry(event.at, PLATFORM, "export_asked", customer))
    return "stored" if found else "ignored"


def shop_gone(shop: Shop, event: ShopGone, now: datetime) -> str:
    """What a shop may say after we were removed from it. That we were is not believed but looked at: by asking the
    shop, which answers nobody it has removed."""
    audit.note(shop.slug, audit.Entry(event.at, PLATFORM, f"shop_{event.what}", shop.slug))
    later(shop.slug, ERASE_SHOP if event.what == "erase" else "reconcile", now)
    return "stored"


def later(slug: str, task: str, now: datetime) -> None:
    """Somebody comes by for it within two minutes. What runs already is told to look again."""
    held = sync.read(slug, task)
    if held and held.sync.state == "running":
        return
    if held is None and task == "reconcile":
        return  # never connected: there is nobody to ask
    try:
        sync.write(slug, held or sync.Held(Sync(task)), held.sync if held else Sync(task), now, now)
    except base.Conflict:  # somebody is there already
        return


def _bar(shop: Shop, event: PrivacyAsked) -> str:
    """Whoever is not known yet must not become so by an order from before that is still on its way."""
    nodes = Nodes(shop)
    for key in _keys(event):
        node = nodes.of_identity(key, event.at)
        if node == Node(node.id, node.key):
            kind = node.key.split(":")[0]
            nodes.change(node.id, lambda node, kind=kind: replace(node, key=kind, erased_at=event.at))  # type: ignore[misc]
    base.commit(nodes.writes())
    return "stored"


def _people(shop: Shop, event: PrivacyAsked) -> list[str]:
    """The customers that the platform's words lead to, by account and by address; a phone alone may be a family's."""
    found = [customers.resolve(shop, key, event.at) for key in _keys(event)]
    return sorted({read.node.id for read in found if read.rev is not None and not read.node.erased_at})


def _keys(event: PrivacyAsked) -> list[str]:
    known = (("account", event.account), ("email", event.email))
    return [f"{kind}:{value}" for kind, value in known if value]
