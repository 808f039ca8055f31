"""Each guard of ingest taken away in turn. `tests/test_mutants.py` shows that every one of them is missed."""

from __future__ import annotations
import __future__

import inspect
import itertools
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain import customer as people
from chalicelib.domain import order as words
from chalicelib.domain.customer import Node
from chalicelib.domain.order import Totals
from chalicelib.domain.times import stamp
from chalicelib.table import base, customers, experiments, follow_ups, orders
from chalicelib.table.base import Write
from chalicelib.work import ingest, replan, take_account, take_order

Mutate = Callable[[pytest.MonkeyPatch], None]


def edited(function: Any, old: str, new: str) -> Mutate:
    """The function with one of its own words changed, wherever it was imported or put into a table."""

    def mutate(patch: pytest.MonkeyPatch) -> None:
        source = textwrap.dedent(inspect.getsource(function))
        assert source.count(old) == 1, f"{function.__qualname__} says {old!r} {source.count(old)} times"
        body = source[source.index("def ") :].replace(old, new)
        made: dict[str, Any] = {}
        flags = __future__.annotations.compiler_flag
        exec(compile(body, inspect.getfile(function), "exec", flags), function.__globals__, made)
        patch.setattr(function, "__code__", made[function.__name__].__code__)

    return mutate


def _unconditional(module: Any, name: str) -> Mutate:
    """The write no longer names the rev it was read with."""

    def mutate(patch: pytest.MonkeyPatch) -> None:
        original = getattr(module, name)
        patch.setattr(module, name, lambda *args, **kwargs: replace(original(*args, **kwargs), condition=None))

    return mutate


def _committed(change: Callable[[list[Write]], Iterable[list[Write]]]) -> Mutate:
    """What is committed together becomes these parts, one after the other."""

    def mutate(patch: pytest.MonkeyPatch) -> None:
        original = base.commit
        patch.setattr(base, "commit", lambda writes: sum(original(part) for part in change(list(writes)) if part))

    return mutate


def _set(owner: Any, name: str, value: Any) -> Mutate:
    return lambda patch: patch.setattr(owner, name, value)


def _version(*parts: int) -> Mutate:
    """The winner rule without some of its parts (updated, settled, refunded, rank)."""

    def mutate(patch: pytest.MonkeyPatch) -> None:
        original = words.version
        patch.setattr(words, "version", lambda order: tuple(original(order)[part] for part in parts))

    return mutate


def _without(kind: type, how: str) -> Mutate:
    return _committed(lambda writes: [[w for w in writes if not (isinstance(w.row, kind) and w.how == how)]])


def _refetch_apart(writes: list[Write]) -> Iterable[list[Write]]:
    marks = [write for write in writes if isinstance(write.row, orders.RefetchRow)]
    return [[write for write in writes if write not in marks], marks]


def _one_by_one(writes: list[Write]) -> Iterable[list[Write]]:
    return [[write] for write in writes if write.how != "check"]


def _old_money_stays(patch: pytest.MonkeyPatch) -> None:
    original = Node.counted
    patch.setattr(Node, "counted", lambda self, old, new: original(self, {}, new))


def _one_currency(patch: pytest.MonkeyPatch) -> None:
    original = words.contribution
    patch.setattr(take_order, "contribution", lambda order: dict(zip(["IRR"], original(order).values(), strict=False)))


def _stale_unheard(patch: pytest.MonkeyPatch) -> None:
    original = take_order._Settling.hear

    def hear(self: Any, order: Any, customer: Any) -> None:
        if words.wins(order, self.held.told, customer, self.held.customer):
            original(self, order, customer)

    patch.setattr(take_order._Settling, "hear", hear)


def _gives_up_quietly(patch: pytest.MonkeyPatch) -> None:
    def once(attempt: Callable[[], str]) -> str:
        try:
            return attempt()
        except base.Conflict:
            return "stored"

    for module in (take_order, take_account):
        patch.setattr(module, "retried", once)


def _by_arrival(patch: pytest.MonkeyPatch) -> None:
    original, arrivals = take_account._claim, itertools.count(1)

    def claim(nodes: Any, account_node: str, account: Any, *, claimed: bool) -> None:
        original(nodes, account_node, account, claimed=claimed)
        if claimed and account.email:
            email = nodes.of_identity(f"email:{account.email}", account.created_at)
            claims = {
                who: (f"{next(arrivals):09}", "") if who == account_node else at for who, at in email.claims.items()
            }
            nodes.change(email.id, lambda node: replace(node, claims=claims))
            take_account.link_owner(nodes, email.id)

    patch.setattr(take_account, "_claim", claim)


def _untimed_is_now(patch: pytest.MonkeyPatch) -> None:
    original = take_account.consent

    def consent(shop: Any, event: Any, now: Any) -> str:
        said = replace(event.consent, at=event.consent.at or stamp(now))
        return original(shop, replace(event, consent=said), now)

    patch.setitem(ingest._TAKERS, take_account.ConsentGiven, consent)


def _deleted_for_good(told: Any, gone_at: Any) -> Any:
    return replace(told, status="deleted") if told and gone_at else told


def _first_of_chain(shop: Any, identity: str, at: str) -> Any:
    kind = identity if identity.startswith("account:") else identity.split(":", 1)[0]
    return customers.read(shop.slug, customers.blinding.customer_id(shop.blind_key, identity), kind)


def _erased_are_written_to(patch: pytest.MonkeyPatch) -> None:
    original = replan.replan

    def planned(shop: Any, nodes: Any, held: Any, order: Any, customer: Any, now: Any, rating: Any = None) -> Any:
        return original(shop, nodes, held, order, customer or held.customer, now, rating)

    patch.setattr(take_order, "replan", planned)


def _history_is_followed_up(patch: pytest.MonkeyPatch) -> None:
    original = replan.plan
    patch.setattr(replan, "plan", lambda flow, order, connected_at, *rest: original(flow, order, "", *rest))


def _planned_when_heard(patch: pytest.MonkeyPatch) -> None:
    original = replan.replan
    patch.setattr(
        take_order, "replan",
        lambda shop, nodes, held, order, customer, now, rating=None: original(
            shop, nodes, held, replace(order, paid_at=order.paid_at and stamp(now)), customer, now, rating
        ),
    )  # fmt: skip


def _order_time_unheard(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(take_order, "Contact", lambda last_order: people.Contact())


def _negative_net(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(words.Order, "net", property(lambda order: order.total - order.refunded if order.paid else 0))


def _timeouts_unknown(error: BaseException) -> str:
    return str(error.cause_response_code)  # type: ignore[attr-defined]


def _always(*args: Any) -> bool:
    return True


def _never(*args: Any) -> bool:
    return False


def _no_floats(patch: pytest.MonkeyPatch) -> None:
    original = Totals.plus
    patch.setattr(
        Totals, "plus", lambda self, other: Totals(*(int(float(value)) for value in original(self, other).values()))
    )


LIVES: dict[str, Mutate] = {
    "order: written without its rev": _unconditional(orders, "write"),
    "profile: written without its rev": _unconditional(customers, "write"),
    "winner: updated ignored": _version(1, 2, 3),
    "winner: settled ignored": _version(0, 2, 3),
    "winner: refunded ignored": _version(0, 1, 3),
    "winner: rank ignored": _version(0, 1, 2),
    "winner: digest ignored, first come stays": _set(words, "_said", lambda order, customer: ("", "", "")),
    "winner: digest of the buyer too, so that an erasure changes who wins": _set(
        words, "_said", lambda order, customer: (words.digest(order), "", "")
    ),
    "winner: last come stays": _set(take_order, "wins", _always),
    "tie: nobody is asked": _set(take_order, "tied", _never),
    "refetch: marked after the transaction": _committed(_refetch_apart),
    "refetch: any settled telling takes the mark away": _set(orders, "settles", lambda order, mark: order.settled),
    "totals: old contribution stays": _old_money_stays,
    "totals: currencies summed": _one_currency,
    "totals: net below zero": _negative_net,
    "totals: floats": _no_floats,
    "transaction: written one by one": _committed(_one_by_one),
    "retry: a lost race is taken for success": _gives_up_quietly,
    "timeouts: not understood as trouble": _set(base, "_code", _timeouts_unknown),
    "pointer: the old customer's stays": _without(customers.PointerRow, "delete"),
    "pointer: not written": _without(customers.PointerRow, "put"),
    "look-up: of an old number stays": _without(customers.LookupRow, "delete"),
    "look-up: not written": _without(customers.LookupRow, "put"),
    "deleted: for good, whatever is said later": _set(orders, "standing", _deleted_for_good),
    "deleted: not noticed": _set(orders, "standing", lambda told, gone_at: told),
    "contacts: stale tellings unheard": _stale_unheard,
    "profile: none for a buyer who left nothing, as her order's time is unheard": _order_time_unheard,
    "erased: chain of those who came back ignored": _set(customers, "resolve", _first_of_chain),
    "erased: not stripped": _set(take_order, "anonymous", lambda order: order),
    "erased: still written to": _erased_are_written_to,
    "accounts: links ignored": _set(take_account, "_relink", lambda *args: None),
    "accounts: first telling stays": _set(people.Account, "version", ""),
    "accounts: address belongs to whoever came last": _by_arrival,
    "accounts: stale telling's address unheard": _set(take_account, "_hear_of_address", lambda *args: None),
    "consent: untimed means now": _untimed_is_now,
    "plans: history is followed up": _history_is_followed_up,
    "plans: counted from when we heard": _planned_when_heard,
    "plans: not moved with the order": edited(replan._brought_up, "moved = first and", "moved = False and"),
}
DIRECTED: dict[str, Mutate] = {
    "follow-up: written without its rev": _unconditional(follow_ups, "write"),
    "follow-up: decided ones planned again": edited(replan.replan, " or row.decided is not None", ""),
    "follow-up: sent ones planned again": edited(replan.replan, "if row.state not in OPEN or", "if False and"),
    "follow-up: deferral forgotten": edited(replan._brought_up, "moved = first and", "moved = True or"),
    "experiment: unit written twice": _unconditional(experiments, "first_write"),
    "transaction: profiles that were only read are not checked": _committed(
        lambda writes: [[write for write in writes if write.how != "check"]]
    ),
    "accounts: tellings of one who was erased are heard": _set(take_account, "_of_erased", _never),
    "retry: gives up at once": _set(base, "TRIES", 1),
}
# Lives in which the guard matters more often, where it would take long to meet one.
FOCUS: dict[str, tuple[str, ...]] = {
    "refetch: marked after the transaction": ("order", "order", "gone"),
    "winner: refunded ignored": ("order",),
    "winner: rank ignored": ("order",),
    "totals: net below zero": ("order",),
    "totals: floats": ("order",),
    "totals: currencies summed": ("order",),
}
