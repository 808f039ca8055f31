"""Follow-ups: one row per (flow, trigger, step). Of an order's trigger it lies beside the order, of any other (a
birthday, a cart) beside the customer."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime

from pynamodb.attributes import UnicodeAttribute

from chalicelib.table import base
from chalicelib.table.base import Integer, Json, Row, Write
from chalicelib.table.due import due_keys

# States in which a follow-up still waits for its moment. `claimed` does too: when its lease ends it is due again.
WAITING = ("scheduled", "deferred", "claimed")
OF_ORDER, OF_CUSTOMER = "O", "C"


class FollowUpRow(Row, discriminator="follow_up"):
    """At most one message. `why` is a list of {code, params, at}, oldest first."""

    flow = UnicodeAttribute()
    step = UnicodeAttribute()
    version = Integer()
    purpose = UnicodeAttribute()
    channel = UnicodeAttribute()
    order_id = UnicodeAttribute(null=True)  # what it is about, of a customer's trigger perhaps nothing
    trigger = UnicodeAttribute(null=True)  # of a customer's: birthday-2026, cart-77
    about = Json(null=True)  # of a customer's: {"cart": …}, {"product": …}, {"segment": …}
    customer = UnicodeAttribute(null=True)
    state = UnicodeAttribute()
    due_at = UnicodeAttribute()
    late_after = UnicodeAttribute()
    started_at = UnicodeAttribute()
    zone = UnicodeAttribute(null=True)  # by whose clock the next step is due
    arm = UnicodeAttribute(null=True)
    unit = UnicodeAttribute(null=True)
    sent_at = UnicodeAttribute(null=True)
    claim = UnicodeAttribute(null=True)
    claimed_at = UnicodeAttribute(null=True)
    lease_until = UnicodeAttribute(null=True)
    provider_id = UnicodeAttribute(null=True)
    language = UnicodeAttribute(null=True)
    decided = UnicodeAttribute(null=True)  # set once its step was decided: planning leaves the row alone for ever
    tries = Integer(default=0)
    why = Json(default=list)

    @property
    def id(self) -> str:
        return id_of(self.pk, self.sk)

    @property
    def shop(self) -> str:
        return str(self.pk.split("#")[1])

    @property
    def trigger_id(self) -> str:
        """What started it: the order's id, or the customer's trigger."""
        return str(self.trigger or self.order_id)

    @property
    def lot(self) -> str:
        """What lots are drawn of: the order's id; of a trigger that many have on one day (a birthday, a segment), whose
        it is as well."""
        return str(self.order_id) if self.trigger is None else f"{self.pk.split('#')[3]}|{self.trigger}"


@dataclass(frozen=True, slots=True)
class Key:
    """Where a follow-up lies: of an order (`holder` its id, no `trigger`) or of a customer's node."""

    kind: str  # O | C
    holder: str
    flow: str
    step: str
    trigger: str | None = None

    @property
    def id(self) -> str:
        return _id(f"{self.kind}#{base.part(self.holder)}", self.sk)

    @property
    def sk(self) -> str:
        return sort_key(self.flow, self.step, self.trigger)

    def pk(self, shop: str) -> str:
        return base.partition(shop, self.kind, self.holder)


def sort_key(flow: str, step: str, trigger: str | None = None) -> str:
    parts = (flow, step) if trigger is None else (flow, trigger, step)
    return "#".join(("FU", *(base.part(text) for text in parts)))


def follow_up_id(order_id: str, flow: str, step: str) -> str:
    """`f_` + base64url of the row's key without the shop."""
    return Key(OF_ORDER, order_id, flow, step).id


def id_of(pk: str, sk: str) -> str:
    """The id of the row with these keys."""
    return _id(pk.split("#", 2)[2], sk)


def _id(pk: str, sk: str) -> str:
    return "f_" + base64.urlsafe_b64encode(f"{pk}|{sk}".encode()).decode().rstrip("=")


def key_of(follow_up: str) -> Key | None:
    """Where the follow-up of this id lies, or None where it is no id of one."""
    try:
        text = base64.urlsafe_b64decode(follow_up.removeprefix("f_") + "==").decode()
        holder, _, sk = text.partition("|")
        kind, owner = holder.split("#")
        parts = [base.plain(part) for part in sk.split("#")]
    except (ValueError, UnicodeDecodeError):
        return None
    if (
        not follow_up.startswith("f_")
        or parts[0] != "FU"
        or (kind, len(parts)) not in ((OF_ORDER, 3), (OF_CUSTOMER, 4))
    ):
        return None
    return Key(kind, base.plain(owner), parts[1], parts[-1], parts[2] if kind == OF_CUSTOMER else None)


def new(shop: str, key: Key) -> FollowUpRow:
    return FollowUpRow(key.pk(shop), key.sk, flow=key.flow, step=key.step, trigger=key.trigger)


def write(row: FollowUpRow, read_rev: int | None, now: datetime) -> Write:
    """Put the row on the rev that was read. It stands in the due index while it waits: a claim for its lease to end."""
    at = row.lease_until if row.state == "claimed" and row.lease_until else row.due_at
    row.due_pk, row.due_sk = due_keys(row.pk, at, now) if row.state in WAITING else (None, None)
    return base.replace(row, read_rev)


def get(shop: str, follow_up: str) -> FollowUpRow | None:
    key = key_of(follow_up)
    return base.first(FollowUpRow, key.pk(shop), key.sk) if key else None


def of_customer(shop: str, node: str) -> list[FollowUpRow]:
    """Those that a customer's own triggers started (not her orders'), of one node. One strong query."""
    with base.reading():
        rows = FollowUpRow.query(
            base.partition(shop, OF_CUSTOMER, node), FollowUpRow.sk.startswith("FU#"), consistent_read=True
        )
        return list(rows)


def of_trigger(shop: str, node: str, flow: str, trigger: str) -> list[FollowUpRow]:
    """The steps of one flow that one trigger of a customer's node has reached. One strong query."""
    prefix = "#".join(("FU", base.part(flow), base.part(trigger), ""))
    with base.reading():
        rows = FollowUpRow.query(
            base.partition(shop, OF_CUSTOMER, node), FollowUpRow.sk.startswith(prefix), consistent_read=True
        )
        return list(rows)
