"""What the table holds after a life, in the words of `tests/life_model.py`, and row by row."""

from __future__ import annotations

import gzip
import json
from typing import Any

from chalicelib.domain.order import canonical
from tests.fake_dynamo import Item
from tests.life_model import Model

Rows = dict[tuple[str, str], dict[str, Any]]
# How often a row was written, and what was said on the way, may differ; so may the bucket, which depends on the day.
PASSING = {"rev", "why", "due_pk", "unit", "arm", "ttl"}
# An objection outlives an erasure if it was heard before it: what comes later is not heard at all.
PASSING_KINDS = {"unit", "refetch", "audit", "counter", "quarantine", "suppression"}


def rows(items: list[Item]) -> Rows:
    """Everything that the order of arrival must not change."""
    kept: Rows = {}
    for item in items:
        plain = {name: next(iter(value.values())) for name, value in item.items()}
        dead = plain["k"] == "follow_up" and plain["state"] == "cancelled"
        if plain["k"] not in PASSING_KINDS and not dead:
            if plain["k"] == "profile":
                plain["node"] = json.dumps(
                    {key: value for key, value in json.loads(plain["node"]).items() if key not in ("unit", "share")}
                )
            kept[plain["pk"], plain["sk"]] = {name: plain[name] for name in sorted(plain.keys() - PASSING)}
    return kept


def of_kind(held: Rows, kind: str) -> Rows:
    return {key: row for key, row in held.items() if row["k"] == kind}


def marked(items: list[Item]) -> set[str]:
    """Orders that wait to be asked about."""
    return {item["pk"]["S"].split("#")[-1] for item in items if item["k"]["S"] == "refetch"}


def differences(held: Rows, model: Model) -> list[str]:
    """Where the table says something else than the model; empty if nowhere."""
    parts = {
        "profiles": (_profiles(held), _expected_profiles(model)),
        "orders": (_orders(held), _expected_orders(model)),
        "pointers": (_pointers(held), model.pointers()),
        "look-ups": (
            {(pk.split("#")[3], row["to"]) for (pk, _), row in of_kind(held, "lookup").items()},
            model.look_ups(),
        ),
        "names": ({sk for _, sk in of_kind(held, "name")}, model.names()),
        "plans": (_plans(held), model.plans()),
    }
    return [f"{name}: held {held}\n  wanted {wanted}" for name, (held, wanted) in parts.items() if held != wanted]


def _profiles(held: Rows) -> dict[str, Any]:
    return {pk.split("#")[-1]: _profile(json.loads(row["node"])) for (pk, _), row in of_kind(held, "profile").items()}


def _profile(node: dict[str, Any]) -> dict[str, Any]:
    contact, account = node.get("contact", {}), node.get("account")
    said = {field: _timed(contact[field]) if field in contact else None for field in ("name", "locale", "country")}
    return said | {
        "erased": node.get("erased_at"),
        "totals": node.get("totals", {}),
        "linked": node.get("linked"),
        "claims": sorted(node.get("claims", {})),
        "account": (account["email"], account["created_at"], account["updated_at"], tuple(account["tags"]))
        if account
        else None,
        "emails": {key: at.removesuffix("Z") for key, at in contact.get("emails", {}).items()},
        "phones": {key: at.removesuffix("Z") for key, at in contact.get("phones", {}).items()},
        "last order": contact.get("last_order", "").removesuffix("Z"),
        "consents": {key: _timed(value) for key, value in contact.get("consents", {}).items()},
    }


def _timed(value: list[str]) -> tuple[str, str]:
    return value[0].removesuffix("Z"), value[1]


def _expected_profiles(model: Model) -> dict[str, Any]:
    return {
        node: known | {"totals": {c: t for c, t in known["totals"].items() if any(t)}}
        for node, known in model.nodes.items()
    }


def _orders(held: Rows) -> dict[str, Any]:
    return {
        pk.split("#")[-1]: (
            gzip.decompress(row["snapshot"]).decode() if "snapshot" in row else None,
            row.get("customer"),
            row.get("gone_at"),
        )
        for (pk, _), row in of_kind(held, "order").items()
    }


def _expected_orders(model: Model) -> dict[str, Any]:
    return {
        order_id: (canonical(model.told_of[order_id]) if order else None, customer, gone)
        for order_id, (order, customer, gone) in model.orders.items()
    }


def _pointers(held: Rows) -> set[tuple[str, str, str, str]]:
    return {
        (pk.split("#")[-1], row["placed_at"].removesuffix("Z"), row["order_id"], row["counts"])
        for (pk, _), row in of_kind(held, "pointer").items()
    }


def _plans(held: Rows) -> dict[tuple[str, str], tuple[str, ...]]:
    return {
        (row["order_id"], row["flow"]): (
            row["state"],
            row["due_at"],
            row["late_after"],
            row["started_at"],
            row["customer"],
        )
        for row in of_kind(held, "follow_up").values()
    }
