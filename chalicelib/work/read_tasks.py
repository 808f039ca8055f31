"""What the owner is to do for customers: the open ones and those that are done, and closing one."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime

from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.table import base, customer_pages, customers, ratings, tasks
from chalicelib.table.base import retried
from chalicelib.table.tasks import TaskRow
from chalicelib.work.read_orders import person_id
from chalicelib.work.read_views import Json, Page


def listed(shop: Shop, state: str, limit: int, after: str | None) -> Page:
    """Oldest first: {id, state, kind, text, customer_id, order_id, rating, at, done_at}."""
    lines = tasks.listed(shop.slug, state, limit + 1, after)
    page = lines[:limit]
    found = tasks.of_ids(shop.slug, [(node, task) for _, node, task in page])
    people = customer_pages.persons(shop.slug, [node for _, node, _ in page])
    rows = [found[node, task] for _, node, task in page if (node, task) in found]
    items = [view(shop, row, person_id(people.get(row.customer))) for row in rows]
    return Page(items, page[-1][0] if len(lines) > limit else None)


def put(shop: Shop, task_id: str, state: str, now: datetime) -> Json | None:
    """The task, now in that state; None where there is none."""
    key = _hidden(task_id)
    if key is None or retried(lambda: _put(shop, key, state, now)) == "none":
        return None
    row = tasks.read(shop.slug, *key)
    return view(shop, row, person_id(customers.person(shop.slug, row.customer))) if row else None


def _put(shop: Shop, key: tuple[str, str], state: str, now: datetime) -> str:
    row = tasks.read(shop.slug, *key)
    if row is None:
        return "none"
    if row.state == state:
        return "duplicate"
    was, row.state, row.done_at = row.state, state, stamp(now) if state == "done" else None
    base.commit(tasks.writes(row, row.rev, was))
    return "stored"


def view(shop: Shop, row: TaskRow, customer_id: str | None) -> Json:
    """`rating`: of a task that a rating opened, what she gave and wrote, as it stands."""
    return {
        "id": shown(row.customer, row.task),
        "state": row.state,
        "kind": row.about,
        "text": row.text,
        "customer_id": customer_id,
        "order_id": row.order_id,
        "rating": _rating(shop, row),
        "at": row.at,
        "done_at": row.done_at,
    }


def _rating(shop: Shop, row: TaskRow) -> Json | None:
    found = ratings.read(shop.slug, row.order_id) if row.about == "rating" and row.order_id else None
    return rating_view(found) if found else None


def rating_view(row: ratings.RatingRow) -> Json:
    return {"stars": row.stars, "words": row.words, "at": row.at, "language": row.language}


def shown(node: str, task: str) -> str:
    """`t_` + base64url of the row's key without the shop."""
    key = f"{base.part(node)}#{base.part(task)}"
    return "t_" + base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def _hidden(task_id: str) -> tuple[str, str] | None:
    text = task_id.removeprefix("t_")
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    node, _, task = key.partition("#")
    found = base.plain(node), base.plain(task)
    return found if node and task and task_id == shown(*found) else None
