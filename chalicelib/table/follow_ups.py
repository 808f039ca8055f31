"""Follow-ups: one row per (flow, step) of an order, beside the order it belongs to."""

from __future__ import annotations

import base64
from datetime import datetime

from pynamodb.attributes import UnicodeAttribute

from chalicelib.table import base
from chalicelib.table.base import Integer, Json, Row, Write
from chalicelib.table.due import due_keys

# States in which a follow-up still waits for its moment. `claimed` does too: when its lease ends it is due again.
WAITING = ("scheduled", "deferred", "claimed")


class FollowUpRow(Row, discriminator="follow_up"):
    """At most one message. `why` is a list of {code, params, at}, oldest first."""

    flow = UnicodeAttribute()
    step = UnicodeAttribute()
    version = Integer()
    purpose = UnicodeAttribute()
    channel = UnicodeAttribute()
    order_id = UnicodeAttribute()
    customer = UnicodeAttribute(null=True)
    state = UnicodeAttribute()
    due_at = UnicodeAttribute()
    late_after = UnicodeAttribute()
    started_at = UnicodeAttribute()
    arm = UnicodeAttribute(null=True)
    unit = UnicodeAttribute(null=True)
    sent_at = UnicodeAttribute(null=True)
    claim = UnicodeAttribute(null=True)
    claimed_at = UnicodeAttribute(null=True)
    lease_until = UnicodeAttribute(null=True)
    provider_id = UnicodeAttribute(null=True)
    language = UnicodeAttribute(null=True)
    decided = UnicodeAttribute(null=True)  # set once sending has decided: planning leaves the row alone for ever
    tries = Integer(default=0)
    why = Json(default=list)

    @property
    def id(self) -> str:
        return follow_up_id(self.order_id, self.flow, self.step)

    @property
    def shop(self) -> str:
        return self.pk.split("#")[1]


def sort_key(flow: str, step: str) -> str:
    return f"FU#{base.part(flow)}#{base.part(step)}"


def follow_up_id(order_id: str, flow: str, step: str) -> str:
    """`f_` + base64url of the row's key without the shop."""
    key = f"O#{base.part(order_id)}|{sort_key(flow, step)}"
    return "f_" + base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def key_of(follow_up: str) -> tuple[str, str, str] | None:
    """(order id, flow, step) from an id, or None where it is none."""
    try:
        text = base64.urlsafe_b64decode(follow_up.removeprefix("f_") + "==").decode()
        order, _, rest = text.partition("|")
        kind, flow, step = rest.split("#")
    except (ValueError, UnicodeDecodeError):
        return None
    if not follow_up.startswith("f_") or not order.startswith("O#") or kind != "FU":
        return None
    return base.plain(order[2:]), base.plain(flow), base.plain(step)


def write(row: FollowUpRow, read_rev: int | None, now: datetime) -> Write:
    """Put the row on the rev that was read. It stands in the due index while it waits: a claim for its lease to end."""
    at = row.lease_until if row.state == "claimed" and row.lease_until else row.due_at
    row.due_pk, row.due_sk = due_keys(row.pk, at, now) if row.state in WAITING else (None, None)
    return base.replace(row, read_rev)


def get(shop: str, follow_up: str) -> FollowUpRow | None:
    key = key_of(follow_up)
    if key is None:
        return None
    order_id, flow, step = key
    return base.first(FollowUpRow, base.partition(shop, "O", order_id), sort_key(flow, step))
