"""The profiles one transaction touches: each read once, changed in memory, written once on the rev it was read with."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from chalicelib.domain.customer import Node
from chalicelib.domain.shop import Shop
from chalicelib.table import customers, names
from chalicelib.table.base import Write
from chalicelib.table.customers import Read


class Nodes:
    """A small unit of work over PROFILE rows."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._read: dict[str, Read] = {}
        self._now: dict[str, Node] = {}

    def of_identity(self, identity: str, at: str) -> Node:
        """The node that `identity` means at the stored moment `at`."""
        return self._keep(customers.resolve(self._shop, identity, at))

    def __getitem__(self, node_id: str) -> Node:
        if node_id not in self._read:
            self._keep(customers.read(self._shop.slug, node_id))
        return self._now[node_id]

    def change(self, node_id: str, by: Callable[[Node], Node]) -> None:
        self._now[node_id] = by(self[node_id])

    def _keep(self, found: Read) -> Node:
        self._read.setdefault(found.node.id, found)
        return self._now.setdefault(found.node.id, found.node)

    def writes(self, others: Iterable[Write] = ()) -> list[Write]:
        """`others`, and what has changed here: profiles, their look-ups, the words of their names. Where anything is
        written, profiles that were only read must still be the same: an erasure in between would be overlooked."""
        writes, rested = list(others), []
        for node_id, node in sorted(self._now.items()):
            before = self._read[node_id]
            if node != before.node:
                writes += self._changes(before, node)
            else:
                rested.append(customers.unchanged(self._shop.slug, before))
        return writes + rested if writes else []

    def _changes(self, before: Read, node: Node) -> list[Write]:
        was, now = contacts_of(before.node) if before.rev is not None else set(), contacts_of(node)
        return [
            customers.write(self._shop.slug, before, node),
            *(customers.lookup(self._shop, contact, node.id) for contact in sorted(now - was)),
            *(customers.drop_lookup(self._shop, contact, node.id) for contact in sorted(was - now)),
            *names.changes(self._shop.slug, node.id, _name(before.node), _name(node)),
        ]


def contacts_of(node: Node) -> set[str]:
    """Everything the node can be found by."""
    found = {f"email:{address}" for address in node.contact.emails}
    found |= {f"phone:{number}" for number in node.contact.phones}
    return found | ({node.key} if node.key.startswith("account:") else set())


def _name(node: Node) -> str:
    return node.contact.name[1] if node.contact.name else ""
