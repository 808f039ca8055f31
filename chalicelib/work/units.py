"""A person's place in the experiment: looked at when marketing is planned, written once, kept on her profile: another
address must not make another person of her."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from chalicelib.domain import arms, blinding
from chalicelib.domain.arms import Unit
from chalicelib.domain.customer import Node
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.table import customers, experiments
from chalicelib.table.base import Write
from chalicelib.table.follow_ups import FollowUpRow
from chalicelib.work.nodes import Nodes


class Units:
    """The unit of one node within one transaction. `identity`: what a unit is made of where she has none yet
    (`people.experiment_identity`, or `identity_of` her node)."""

    def __init__(self, shop: Shop, nodes: Nodes, node: str | None, identity: str | None, now: datetime) -> None:
        self._shop, self._nodes, self._node, self._identity, self._now = shop, nodes, node, identity, now
        self._unit: Unit | None = None
        self.writes: list[Write] = []

    def assign(self, row: FollowUpRow) -> None:
        """The arm is that of whoever is written to: an order that moves to another must not take it along."""
        assigned = self._assigned() if row.purpose == "marketing" else None
        row.unit, row.arm = (assigned.id, assigned.arm) if assigned else (None, None)

    def _assigned(self) -> Unit | None:
        name = self._name()
        if name and self._unit is None:
            unit = self._unit = experiments.read(self._shop.slug, name) or self._first(name)
            # So that whoever has read her profile knows her arm.
            self._nodes.change(str(self._node), lambda node: replace(node, share=unit.p))
        return self._unit

    def _name(self) -> str | None:
        if self._node is None or self._identity is None:
            return None
        node = self._nodes[self._node]
        # Her account and her address are one person: whichever was looked at first decides for both.
        linked = self._nodes[node.linked].unit if node.linked and not node.unit else None
        name = node.unit or linked or blinding.experiment_unit(self._shop.blind_key, self._identity)
        self._nodes.change(self._node, lambda node: replace(node, unit=name))
        return name

    def _first(self, name: str) -> Unit:
        unit = arms.assign(self._shop.salt, name, self._shop.treated_share, stamp(self._now)[:10])
        self.writes.append(experiments.first_write(self._shop.slug, unit))
        return unit


def arm_of(shop: Shop, node: Node, account: str) -> str:
    """treated | control: as it was given to this account or to its address, or would be now. Writes nothing. Raises
    Trouble."""
    holder = customers.read(shop.slug, node.linked).node if node.linked and not node.unit else node
    share = holder.share
    if holder.unit and not share:
        held = experiments.read(shop.slug, holder.unit)
        share = held.p if held else None
    unit = holder.unit or blinding.experiment_unit(shop.blind_key, identity_of(node) or f"account:{account}")
    return "treated" if arms.is_treated(shop.salt, unit, share or shop.treated_share) else "control"


def identity_of(node: Node) -> str | None:
    """What a unit of somebody is made of whom no order speaks of: her e-mail address, else her phone, else account."""
    for kind in ("email", "sms"):
        if address := node.contact.reachable(kind):
            return f"{'email' if kind == 'email' else 'phone'}:{address}"
    return node.key if node.key.startswith("account:") else None
