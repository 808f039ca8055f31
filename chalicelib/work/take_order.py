"""Taking in what a shop says of an order: which telling wins, whose order it is, what it adds up to, what follows.

Everything is read strongly first and written in one transaction, each row on the rev it was read with; whoever loses
the race reads again. Nothing changed, nothing written.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.domain.customer import Contact
from chalicelib.domain.events import OrderChanged, OrderGone, OrderSeen
from chalicelib.domain.order import Order, anonymous, contribution, same, tied, wins
from chalicelib.domain.people import identity
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import in_order
from chalicelib.table import base, customers, orders
from chalicelib.table.base import Write, retried
from chalicelib.table.orders import Held, RefetchRow, standing
from chalicelib.work.nodes import Nodes
from chalicelib.work.replan import replan


def see(shop: Shop, event: OrderSeen, now: datetime) -> str:
    """Outcome: new | stored | duplicate | stale."""
    outcome = retried(lambda: _see(shop, event.order, now))
    _followed(shop, event.order, outcome, now)
    return outcome


def _followed(shop: Shop, order: Order, outcome: str, now: datetime) -> None:
    """What else an order sets going, once it is stored. A code that she used is looked at whenever it is told of: only
    so is a crash in between made good."""
    if order.coupons:
        from chalicelib.work import coupons_used

        coupons_used.redeemed(shop, order)
    if outcome in ("new", "stored"):
        from chalicelib.work import nudge  # it stands on this module

        nudge.stored(shop, order, now)


def _see(shop: Shop, order: Order, now: datetime) -> str:
    nodes = Nodes(shop)
    held = _nameless(nodes, orders.read(shop.slug, order.id))
    order, customer = _whose(nodes, order)
    settle = _Settling(shop, nodes, held, now)
    settle.hear(order, customer)
    if wins(order, held.told, customer, held.customer):
        settle.become(order, customer, held.gone_at)
    if tied(order, held.told):
        settle.ask_shop("tie", order.updated_at)
    base.commit(settle.writes())
    return _outcome(settle, order, customer)


def _outcome(settle: _Settling, order: Order, customer: str | None) -> str:
    """A telling that says what we knew, only read from the shop itself, is told as the duplicate it is."""
    held = settle.held
    if same(order, held.told) and customer == held.customer:
        return "duplicate"
    if settle.changed:
        return "stored" if held.rev is not None else "new"
    return "stale"


def gone(shop: Shop, event: OrderGone, now: datetime) -> str:
    """The shop deleted the order; its API is asked whether that is so."""
    return retried(lambda: _gone(shop, event, now))


def _gone(shop: Shop, event: OrderGone, now: datetime) -> str:
    held = orders.read(shop.slug, event.order_id)
    if held.gone_at and in_order(held.gone_at) >= in_order(event.at):
        return "duplicate"
    settle = _Settling(shop, Nodes(shop), held, now, event.order_id)
    settle.become(held.told, held.customer, event.at)
    settle.ask_shop("deleted", event.at)
    base.commit(settle.writes())
    return "stored"


def changed(shop: Shop, event: OrderChanged, now: datetime) -> str:
    """A partial body carries no money: it only marks the order for a refetch."""
    return retried(lambda: _changed(shop, event, now))


def _changed(shop: Shop, event: OrderChanged, now: datetime) -> str:
    held = orders.read(shop.slug, event.order_id)
    marks = orders.refetch(shop.slug, event.order_id, "partial", event.at, now, held)
    base.commit(marks)
    return "stored" if marks else "duplicate"


def asked(shop: Shop, order_id: str, found: Order | None, mark: RefetchRow | None, asked_at: str, now: datetime) -> str:
    """The shop was asked about the order at the stored moment `asked_at` and showed it, or said that it has none
    (`found` None). `mark`: the refetch mark as it stood before; one that was set since stays."""
    outcome = retried(lambda: _asked(shop, order_id, found, mark, asked_at, now))
    if found:
        _followed(shop, found, outcome, now)
    return outcome


def _asked(
    shop: Shop, order_id: str, found: Order | None, mark: RefetchRow | None, asked_at: str, now: datetime
) -> str:
    nodes = Nodes(shop)
    held = _nameless(nodes, orders.read(shop.slug, order_id))
    settle = _Settling(shop, nodes, held, now, order_id)
    same_mark = _is_same(held.refetch, mark)
    if found is None:
        settle.miss(asked_at)
    else:
        order, customer = _whose(nodes, found)
        settle.hear(order, customer)
        # It is there: whoever told us that it is gone told of an earlier moment, or of nothing at all.
        heard_since = held.gone_at and not same_mark and in_order(held.gone_at) > in_order(asked_at)
        gone_at = held.gone_at if heard_since else None
        if wins(order, held.told, customer, held.customer):
            settle.become(order, customer, gone_at)
        elif gone_at != held.gone_at:
            settle.become(held.told, held.customer, gone_at)
    if same_mark:
        settle.answered()
    base.commit(settle.writes())
    return "new" if settle.changed and held.rev is None else "stored" if settle.changed else "duplicate"


def _is_same(one: RefetchRow | None, other: RefetchRow | None) -> bool:
    """Revs begin anew with every mark, so that they alone do not tell two marks apart."""
    return bool(one and other) and (one.rev, one.asked_at) == (other.rev, other.asked_at)  # type: ignore[union-attr]


def replan_order(shop: Shop, order_id: str, now: datetime) -> str:
    """Something beside the order changed (its rating): its follow-ups are brought in line. Outcome: stored | duplicate.
    Raises Trouble."""
    return retried(lambda: _replan_order(shop, order_id, now))


def _replan_order(shop: Shop, order_id: str, now: datetime) -> str:
    held, nodes = orders.read(shop.slug, order_id), Nodes(shop)
    if held.order is None:
        return "duplicate"
    erased = bool(held.customer and nodes[held.customer].erased_at)
    customer = None if erased else held.customer
    writes = replan(shop, nodes, held, held.order, customer, now, held.rating)
    return "stored" if base.commit(nodes.writes(writes)) else "duplicate"


def anonymise(shop: Shop, order_id: str, now: datetime) -> str:
    """Take the order in again as it is held: once its customer is erased, this strips it of her."""
    return retried(lambda: _anonymise(shop, order_id, now))


def _anonymise(shop: Shop, order_id: str, now: datetime) -> str:
    held = orders.read(shop.slug, order_id)
    if held.told is None or identity(held.told.buyer) is None:
        return "duplicate"
    nodes = Nodes(shop)
    order, customer = _whose(nodes, held.told)
    settle = _Settling(shop, nodes, held, now)
    settle.become(order, customer, held.gone_at)
    base.commit(settle.writes())
    return "stored"


def _whose(nodes: Nodes, order: Order) -> tuple[Order, str | None]:
    """The order and the node it belongs to. One that an erased person placed is stripped of her."""
    key = identity(order.buyer)
    if key is None:
        return order, None
    node = nodes.of_identity(key, order.placed_at)
    return (anonymous(order) if node.erased_at else order), node.id


def _nameless(nodes: Nodes, held: Held) -> Held:
    """What is held, as it is compared: while an erasure is under way some orders still bear her name."""
    erased = held.told and held.customer and nodes[held.customer].erased_at
    return replace(held, told=anonymous(held.told)) if held.told and erased else held


@dataclass
class _Settling:
    """One order's next state and everything that has to change with it."""

    shop: Shop
    nodes: Nodes
    held: Held
    now: datetime
    order_id: str = ""
    changed: bool = False

    def __post_init__(self) -> None:
        self._writes: list[Write] = []
        self._mark: list[Write] = []

    def hear(self, order: Order, customer: str | None) -> None:
        """Even a stale telling says true things about a person; a join makes their order of arrival irrelevant."""
        if customer and not self.nodes[customer].erased_at:
            placed = Contact(last_order=order.placed_at)
            self.nodes.change(
                customer,
                lambda node: replace(node, contact=node.contact.told(order.buyer, order.updated_at).join(placed)),
            )

    def become(self, told: Order | None, customer: str | None, gone_at: str | None) -> None:
        """The order is now `told`, bought by `customer`."""
        self.changed = True
        held, order = self.held, standing(told, gone_at)
        order_id = order.id if order else self.order_id
        self._writes.append(orders.write(self.shop.slug, order_id, held, told, customer, gone_at))
        self._count(order, customer)
        self._point(order, customer)
        if order:
            self._number(order)
            erased = bool(customer and self.nodes[customer].erased_at)
            self._writes += replan(
                self.shop, self.nodes, held, order, None if erased else customer, self.now, held.rating
            )
            if held.refetch and orders.settles(order, held.refetch):
                self.answered()

    def _count(self, order: Order | None, customer: str | None) -> None:
        old, new = contribution(self.held.order), contribution(order)
        if self.held.customer == customer:
            if customer and old != new:
                self.nodes.change(customer, lambda node: node.counted(old, new))
            return
        if self.held.customer and old:
            self.nodes.change(self.held.customer, lambda node: node.counted(old, {}))
        if customer and new:
            self.nodes.change(customer, lambda node: node.counted({}, new))

    def _point(self, order: Order | None, customer: str | None) -> None:
        before = self.held.order if self.held.customer else None
        after = order if customer else None
        old = customers.pointer(self.shop.slug, self.held.customer, before) if before and self.held.customer else None
        new = customers.pointer(self.shop.slug, customer, after) if after and customer else None
        if old and (new is None or (old.row.pk, old.row.sk) != (new.row.pk, new.row.sk)):
            self._writes.append(base.remove(old.row))
        if new and (old is None or old.row.attribute_values != new.row.attribute_values):
            self._writes.append(new)

    def _number(self, order: Order) -> None:
        told = self.held.told
        before, after = told.number if told else order.id, order.number
        if before not in (order.id, after):
            self._writes.append(customers.drop_lookup(self.shop, f"number:{before}", order.id))
        if after not in (order.id, before):
            self._writes.append(customers.lookup(self.shop, f"number:{after}", order.id))

    def ask_shop(self, reason: str, about: str) -> None:
        """The mark stays or is set anew, even if this very telling answered what was asked before."""
        order_id = self.held.told.id if self.held.told else self.order_id
        self._mark = orders.refetch(self.shop.slug, order_id, reason, about, self.now, self.held)

    def miss(self, at: str) -> None:
        """The shop does not have it: gone since then, and since its own last word, whatever the two clocks say. What we
        never heard of is noted too: its creation may still be on the way."""
        told = self.held.told
        gone_at = max(filter(None, (at, self.held.gone_at, told and told.updated_at)), key=in_order)
        if gone_at != self.held.gone_at:
            self.become(told, self.held.customer, gone_at)

    def answered(self) -> None:
        """Nothing is left to be asked."""
        if self.held.refetch:
            self._mark = [orders.answered(self.held.refetch)]

    def writes(self) -> list[Write]:
        return self.nodes.writes(self._writes + self._mark)
