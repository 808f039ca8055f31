"""What the owner is to do for a customer: a row beside her profile, and a line in the shop's list of its state.

The list is a partition of its own, so that the open tasks of a shop are one query and need no index.
"""

from __future__ import annotations

from collections.abc import Iterable

from pynamodb.attributes import UnicodeAttribute

from chalicelib.domain.times import in_order
from chalicelib.table import base
from chalicelib.table.base import Row, Write

STATES = ("open", "done")
PREFIX = "TASK#"


class TaskRow(Row, discriminator="task"):
    """`task` is an id that says what it is for (`rating-18`): made twice, it is one. `about`: rating, flow."""

    task = UnicodeAttribute()
    customer = UnicodeAttribute()  # the node
    about = UnicodeAttribute()
    text = UnicodeAttribute()
    state = UnicodeAttribute()
    at = UnicodeAttribute()
    done_at = UnicodeAttribute(null=True)
    order_id = UnicodeAttribute(null=True)


class TaskLineRow(Row, discriminator="task_line"):
    """That there is such a task in that state: keys only."""


def new(shop: str, customer: str, task: str) -> TaskRow:
    """A row to be filled and written."""
    return TaskRow(base.partition(shop, "C", customer), PREFIX + base.part(task), task=task, customer=customer)


def read(shop: str, customer: str, task: str) -> TaskRow | None:
    """Strongly."""
    return base.first(TaskRow, base.partition(shop, "C", customer), PREFIX + base.part(task))


def of_customer(shop: str, node_id: str) -> list[TaskRow]:
    """All tasks about one node, in order of their ids."""
    with base.reading():
        found = TaskRow.query(base.partition(shop, "C", node_id), TaskRow.sk.startswith(PREFIX), consistent_read=True)
        return list(found)


def writes(row: TaskRow, read_rev: int | None, was: str | None = None) -> list[Write]:
    """The row on the rev that was read (None: a new one), and its line; `was` is the state it had."""
    shop = row.pk.split("#")[1]
    moved = [base.remove(_line(shop, row, was))] if was and was != row.state else []
    return [base.replace(row, read_rev), *moved, base.put(_line(shop, row, row.state))]


def forget(row: TaskRow) -> list[Write]:
    """The task and its line go."""
    return [base.remove(row), base.remove(_line(row.pk.split("#")[1], row, row.state))]


def listed(shop: str, state: str, limit: int, after: str | None = None) -> list[tuple[str, str, str]]:
    """At most `limit` of (position, node, task id), oldest first; `after` is the last position seen."""
    condition = TaskLineRow.sk > after if after else None
    with base.reading():
        rows = TaskLineRow.query(_list(shop, state), condition, consistent_read=True, limit=limit)
        return [(row.sk, *_pointed(row.sk)) for row in rows]


def of_ids(shop: str, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], TaskRow]:
    """The tasks of these (node, task id), without those that are not there."""
    wanted = [(base.partition(shop, "C", customer), PREFIX + base.part(task)) for customer, task in keys]
    with base.reading():
        rows = TaskRow.batch_get(wanted, consistent_read=True) if wanted else ()
        return {(row.customer, row.task): row for row in rows}


def _list(shop: str, state: str) -> str:
    return base.partition(shop, "TASKS", *([] if state == "open" else [state]))


def _line(shop: str, row: TaskRow, state: str) -> TaskLineRow:
    return TaskLineRow(_list(shop, state), f"{in_order(row.at)}#{base.part(row.customer)}#{base.part(row.task)}")


def _pointed(sk: str) -> tuple[str, str]:
    _, customer, task = sk.split("#")
    return base.plain(customer), base.plain(task)
