"""What must be held after a life, worked out from the whole of it at once, in no order, without the code under test.

Only names are borrowed (ids, digests, words of a name); what counts, what wins and what follows is written again.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from typing import Any

from chalicelib.domain import blinding, events
from chalicelib.domain.order import FULFILMENTS, PAYMENTS, STATUSES, Buyer, Order, digest
from chalicelib.domain.people import identity
from chalicelib.domain.times import moment, stamp
from chalicelib.table import names
from tests.lives import SHOP, Erase, Happened, node_at

State = dict[str, Any]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def _order(text: str) -> str:
    return text.removesuffix("Z")


class Model:
    """The state that a life must end in."""

    def __init__(self, told: list[Happened]) -> None:
        self.told = told
        self.erased: dict[str, str] = {}
        self.frozen: dict[str, str] = {}
        for n, one in enumerate(told):
            if isinstance(one.what, Erase) and one.what.node not in self.erased:
                links = self._links(told[:n])
                pair = [one.what.node, *filter(None, [links.get(one.what.node)])]
                self.frozen |= {node: links[node] for node in pair if node in links}
                self.erased |= dict.fromkeys(pair, one.at)
        self.nodes: State = {}
        self.tied: set[str] = set()
        self.told_of: dict[str, Order] = {}
        self._people()
        self.orders = {order_id: self._one(order_id) for order_id in self._order_ids()}
        for order, customer, _ in filter(lambda one: one[1], self.orders.values()):
            self._count(order, self.nodes[customer]["totals"])

    def _of(self, kind: type) -> list[Any]:
        return [one.what for one in self.told if isinstance(one.what, kind)]

    def _node(self, who: str, at: str) -> str:
        return node_at(who, at, self.erased)

    def _links(self, told: list[Happened]) -> dict[str, str]:
        newest: dict[str, events.AccountSeen] = {}
        for one in told:
            if isinstance(one.what, events.AccountSeen):
                account = self._node(f"account:{one.what.buyer.account}", one.what.created_at)
                newest[account] = max(newest.get(account, one.what), one.what, key=_newest)
        self.accounts = {account: seen for account, seen in newest.items() if account not in self.erased}
        claims: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for account, seen in self.accounts.items():
            email = self._node(f"email:{seen.buyer.email}", seen.created_at)
            if seen.buyer.email and email not in self.erased:
                claims[email].append((_order(seen.created_at), account))
        self.claims = {email: sorted(who for _, who in claim) for email, claim in claims.items()}
        owners = {email: max(claim)[1] for email, claim in claims.items()}
        return owners | {account: email for email, account in owners.items()}

    def _people(self) -> None:
        links = self._links(self.told) | self.frozen
        for order in (seen.order for seen in self._of(events.OrderSeen)):
            if who := identity(order.buyer):
                self._hear(self._node(who, order.placed_at), order.buyer, order.updated_at, order.placed_at)
        for one in self.told:
            if isinstance(one.what, events.AccountSeen):
                self._hear_account(one.at, one.what)
        for given in self._of(events.ConsentGiven):
            buyer = Buyer(given.account, given.email, given.phone, consents=(given.consent,))
            self._hear(self._node(str(identity(buyer)), given.consent.at or ""), buyer, given.consent.at or "")
        for node in self.nodes:
            self.nodes[node]["linked"] = links.get(node)
            self.nodes[node]["claims"] = self.claims.get(node, [])
            self.nodes[node]["account"] = _account(self.accounts.get(node))

    def _hear_account(self, at: str, seen: events.AccountSeen) -> None:
        account = self._node(f"account:{seen.buyer.account}", seen.created_at)
        self._hear(account, seen.buyer, seen.updated_at)
        if seen.buyer.email and (account not in self.erased or _order(at) <= _order(self.erased[account])):
            email = self._node(f"email:{seen.buyer.email}", seen.created_at)
            self._hear(email, Buyer(email=seen.buyer.email), seen.created_at)

    def _hear(self, node: str, buyer: Buyer, at: str, placed: str = "") -> None:
        known = self.nodes.setdefault(node, {
            "erased": self.erased.get(node), "totals": defaultdict(lambda: [0, 0, 0, 0, 0]), "name": None,
            "locale": None, "country": None, "emails": {}, "phones": {}, "consents": {}, "last order": "",
        })  # fmt: skip
        if node in self.erased:
            return
        known["last order"] = max(known["last order"], _order(placed))
        for field in ("name", "locale", "country"):
            if value := getattr(buyer, field):
                known[field] = max(known[field] or ("", ""), (_order(at), value))
        for field, value in (("emails", buyer.email), ("phones", buyer.phone)):
            if value:
                known[field][value] = max(known[field].get(value, ""), _order(at))
        for said in buyer.consents:
            key, value = f"{said.channel}:{said.state}", (_order(said.at or ""), said.source)
            known["consents"][key] = max(known["consents"].get(key, value), value)

    def _order_ids(self) -> list[str]:
        ids = {seen.order.id for seen in self._of(events.OrderSeen)} | {g.order_id for g in self._of(events.OrderGone)}
        return sorted(ids)

    def _one(self, order_id: str) -> tuple[Order | None, str | None, str | None]:
        """The order as it stands, its node, and when the shop said it was gone."""
        views = [self._view(seen.order) for seen in self._of(events.OrderSeen) if seen.order.id == order_id]
        gone = max((g.at for g in self._of(events.OrderGone) if g.order_id == order_id), key=_order, default=None)
        if not views:
            return None, None, gone
        told, customer = max(views, key=_version)
        same = [one for one, _ in views if one.updated_at == told.updated_at and digest(one) != digest(told)]
        if same and not told.settled:
            self.tied.add(order_id)
        self.told_of[order_id] = told
        if gone and _order(gone) >= _order(told.updated_at):
            told = replace(told, status="deleted")
        return told, customer, gone

    def _view(self, order: Order) -> tuple[Order, str | None]:
        who = identity(order.buyer)
        node = self._node(who, order.placed_at) if who else None
        return (replace(order, buyer=Buyer(country=order.buyer.country)) if node in self.erased else order), node

    def _count(self, order: Order, totals: dict[str, list[int]]) -> None:
        if order.test or order.status not in ("placed", "completed"):
            return
        back = sum(refund.amount for refund in order.refunds)
        paid = _is_paid(order)
        one = [1, 1, order.total, back, max(0, order.total - back)] if paid else [1, 0, 0, 0, 0]
        totals[order.currency] = [a + b for a, b in zip(totals[order.currency], one, strict=True)]

    def pointers(self) -> set[tuple[str, str, str, str]]:
        return {
            (customer, _order(order.placed_at), order.id, _counts(order))
            for order, customer, _ in self.orders.values()
            if order and customer
        }

    def look_ups(self) -> set[tuple[str, str]]:
        found = set()
        for node, known in self.nodes.items():
            found |= {(f"email:{email}", node) for email in known["emails"]}
            found |= {(f"phone:{phone}", node) for phone in known["phones"]}
            if node not in self.erased:
                found |= {(f"account:{n}", node) for n in ("7", "8") if self._is_account(node, n)}
        found |= {(f"number:{o.number}", o.id) for o, _, _ in self.orders.values() if o and o.number != o.id}
        return {(blinding.lookup(SHOP.blind_key, contact), to) for contact, to in found}

    def _is_account(self, node: str, name: str) -> bool:
        moments = [None, *self.erased.values()]
        return node in {blinding.customer_id(SHOP.blind_key, f"account:{name}", at) for at in moments}

    def names(self) -> set[str]:
        named = [(node, known["name"][1]) for node, known in self.nodes.items() if known["name"]]
        return {f"{word}#{node}" for node, name in named for word in names.kept(name)}

    def plans(self) -> dict[tuple[str, str], tuple[str, ...]]:
        live = {}
        for order, customer, _ in self.orders.values():
            if order and customer and customer not in self.erased:
                for flow, start, due, late in _follow_ups(order):
                    live[order.id, flow] = ("scheduled", stamp(due), stamp(due + late), start, customer)
        return live

    def waiting(self) -> tuple[set[str], set[str]]:
        """Orders that must be marked for refetch, and those that may be."""
        asked = {event.order_id for event in self._of(events.OrderChanged) + self._of(events.OrderGone)}
        return asked | self.tied, asked | self._ever_tied()

    def _ever_tied(self) -> set[str]:
        seen: dict[tuple[str, str], set[str]] = defaultdict(set)
        for one in self._of(events.OrderSeen):
            seen[one.order.id, one.order.updated_at].add(digest(one.order))
        return {order_id for (order_id, _), digests in seen.items() if len(digests) > 1}


def _newest(seen: events.AccountSeen) -> tuple[str, str, tuple[str, ...]]:
    return _order(seen.updated_at), seen.buyer.email or "", seen.tags


def _account(seen: events.AccountSeen | None) -> tuple[Any, ...] | None:
    return (seen.buyer.email, seen.created_at, seen.updated_at, tuple(seen.tags)) if seen else None


def _version(view: tuple[Order, str | None]) -> tuple[Any, ...]:
    order, customer = view
    nameless = replace(order, buyer=Buyer(country=order.buyer.country))
    refunded = sum(refund.amount for refund in order.refunds)
    rank = STATUSES.index(order.status), PAYMENTS.index(order.payment), FULFILMENTS.index(order.fulfilment)
    return _order(order.updated_at), order.settled, refunded, rank, digest(nameless), customer or "", digest(order)


def _is_paid(order: Order) -> bool:
    captured = order.payment in ("paid", "partly_refunded", "refunded") and order.paid_at is not None
    return captured or (order.cash_on_delivery and order.status == "completed")


def _counts(order: Order) -> str:
    if order.test or order.status not in ("placed", "completed"):
        return "no"
    return "paid" if _is_paid(order) else "placed"


def _follow_ups(order: Order) -> list[tuple[str, str, Any, timedelta]]:
    """(flow, started at, due, max late) of the three flows that ship."""
    if order.test or order.refunds or order.status not in ("placed", "completed"):
        return []
    paid = order.paid_at if _is_paid(order) else None
    cash = order.placed_at if order.cash_on_delivery else None
    starts = {
        "thank-you": [(cash, HOUR), (paid, HOUR)],
        "how-was-it": [(order.fulfilled_at, 3 * DAY), (paid, 10 * DAY)],
        "come-back": [(cash, 30 * DAY), (paid, 30 * DAY)],
    }
    late = {"thank-you": 2 * DAY, "how-was-it": 5 * DAY, "come-back": 7 * DAY}
    found = []
    for flow, choices in starts.items():
        at, wait = next(((at, wait) for at, wait in choices if at), (None, HOUR))
        if at and _order(at) >= _order(SHOP.connected_at):
            found.append((flow, at, moment(at) + wait, late[flow]))
    return found
