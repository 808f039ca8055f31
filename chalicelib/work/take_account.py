"""Taking in what a shop says of a customer's account: the only thing that makes an account and an e-mail one person."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from chalicelib.domain.customer import Account, Node, said
from chalicelib.domain.events import AccountSeen, AccountsMerged, ConsentGiven, OrderChanged
from chalicelib.domain.order import Buyer
from chalicelib.domain.people import identity
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import in_order
from chalicelib.table import base, customers
from chalicelib.table.base import retried
from chalicelib.work.nodes import Nodes
from chalicelib.work.take_order import changed

# They stand in the profile, which is written with every order.
MOST_TAGS = 50


def see(shop: Shop, event: AccountSeen, now: datetime) -> str:
    """Outcome: stored | duplicate | stale (older than what is held, or erased)."""
    return retried(lambda: _see(shop, event))


def _see(shop: Shop, event: AccountSeen) -> str:
    nodes = Nodes(shop)
    node = nodes.of_identity(f"account:{event.buyer.account}", event.created_at)
    if node.erased_at:
        return "stale"
    account = Account(
        str(event.buyer.account), event.buyer.email, event.created_at, event.updated_at, event.tags[:MOST_TAGS]
    )
    if _of_erased(nodes, node, account):
        base.commit(nodes.writes())
        return "stale"
    told = node.contact.told(event.buyer, event.updated_at)
    nodes.change(node.id, lambda node: replace(node, contact=told))
    _hear_of_address(nodes, account)
    newest = node.account is None or account.version > node.account.version
    if newest:
        nodes.change(node.id, lambda node: replace(node, account=account))
        _relink(nodes, node.id, node.account, account)
    writes = nodes.writes()
    base.commit(writes)
    return "stored" if writes else "duplicate" if newest or node.account == account else "stale"


def _of_erased(nodes: Nodes, node: Node, account: Account) -> bool:
    """Whether the account is that of somebody who was erased by her address before we heard of it. An account of which
    nothing is known yet is then erased with her, so that no late order of it brings her back either."""
    email = nodes.of_identity(f"email:{account.email}", account.created_at) if account.email else None
    if email is None or email.erased_at is None:
        return False
    if node == Node(node.id, node.key):
        nodes.change(node.id, lambda node: replace(node, key="account", erased_at=email.erased_at))
        return True
    return in_order(account.updated_at) <= in_order(email.erased_at)


def _hear_of_address(nodes: Nodes, account: Account) -> None:
    """Even a stale telling says that the address is somebody's; whose, only the newest says."""
    if not account.email:
        return
    email = nodes.of_identity(f"email:{account.email}", account.created_at)
    if not email.erased_at:
        told = email.contact.told(Buyer(email=account.email), account.created_at)
        nodes.change(email.id, lambda node: replace(node, contact=told))


def _relink(nodes: Nodes, account_node: str, old: Account | None, new: Account) -> None:
    if old and old.email != new.email:
        _claim(nodes, account_node, old, claimed=False)
    _claim(nodes, account_node, new, claimed=True)


def _claim(nodes: Nodes, account_node: str, account: Account, *, claimed: bool) -> None:
    """An address belongs to the account made last: two accounts with one address are one re-used address."""
    if not account.email:
        return
    email = nodes.of_identity(f"email:{account.email}", account.created_at)
    if email.erased_at:
        return
    claims = {who: since for who, since in email.claims.items() if who != account_node}
    if claimed:
        claims[account_node] = (account.created_at, "")
    nodes.change(email.id, lambda node: replace(node, claims=dict(sorted(claims.items()))))
    link_owner(nodes, email.id)


def link_owner(nodes: Nodes, email_node: str) -> None:
    """Links an e-mail's node with the account that owns it now, and drops the link to the one that did."""
    email: Node = nodes[email_node]
    owner, before = email.owner, email.linked
    if before and before != owner and nodes[before].linked == email_node:
        nodes.change(before, lambda node: replace(node, linked=None))
    nodes.change(email_node, lambda node: replace(node, linked=owner))
    if owner:
        nodes.change(owner, lambda node: replace(node, linked=email_node))


def merged(shop: Shop, event: AccountsMerged, now: datetime) -> str:
    """The platform made two accounts one. Whose an order is, the order itself says: all that the one that went had are
    asked for again."""
    node = Nodes(shop).of_identity(f"account:{event.gone}", event.at)
    pointers = customers.every_order(shop.slug, node.id)
    for pointer in pointers:
        changed(shop, OrderChanged(pointer.order_id, event.at), now)
    return "stored" if pointers else "ignored"


def consent(shop: Shop, event: ConsentGiven, now: datetime) -> str:
    """A consent given outside an order; one from before an erasure, or that may be, is not heard."""
    return retried(lambda: _consent(shop, event))


def _consent(shop: Shop, event: ConsentGiven) -> str:
    buyer = Buyer(account=event.account, email=event.email, phone=event.phone)
    key = identity(buyer)
    if key is None:
        return "ignored"
    nodes = Nodes(shop)
    at = event.consent.at or ""
    node = nodes.of_identity(key, at)
    if node.erased_at:
        return "stale"
    told = node.contact.told(buyer, at).join(said(event.consent))
    nodes.change(node.id, lambda node: replace(node, contact=told))
    writes = nodes.writes()
    base.commit(writes)
    return "stored" if writes else "duplicate"
