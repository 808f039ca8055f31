"""What was learnt from a shop's orders: one model of the shop, and one row for each product that has something to tell.

Rows of products are written before the model that goes with them, each whole in itself: whoever reads meanwhile finds
lists of last night beside lists of tonight, never half a list.
"""

from __future__ import annotations

import gzip
import json
import zlib
from base64 import b64decode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pynamodb.attributes import UnicodeAttribute

from chalicelib.domain.together import Pick
from chalicelib.table import base, lean
from chalicelib.table.base import Integer, Json, Row, Zipped

# To be raised with every change of what stands in a model, or in a part of one: of any other nobody here knows how to
# read it, and until the next night nothing is learnt of the shop.
FORMAT = 1
SCALE = 1_000_000  # scores are stored as millionths
LARGEST = 380_000  # bytes of a zipped model: DynamoDB takes items of 400 KB


class ModelRow(Row, discriminator="model"):
    """A shop's model as JSON; `learned_at` stands beside it for whoever only asks how old it is."""

    learned_at = UnicodeAttribute()
    model = Zipped()


class RecRow(Row, discriminator="rec"):
    """`together`: [[product, score in millionths, buyers], …], best first. `consumable`: its buyers buy it again.
    `gap`: usual days until they do."""

    together = Json(null=True)
    consumable = Integer(null=True)
    gap = Integer(null=True)


@dataclass(frozen=True, slots=True)
class Rec:
    """What was learnt of one product. `gap_days`: how long its buyers usually take to buy it again; None: not known."""

    together: tuple[Pick, ...] = ()
    consumable: bool = False
    gap_days: int | None = None

    def __bool__(self) -> bool:
        """Whether it says anything."""
        return bool(self.together or self.consumable or self.gap_days)


class TooLarge(ValueError):
    """The model does not fit into an item."""


def model(shop: str) -> dict[str, Any] | None:
    """The shop's model as it was published last (`work/learn_model.py` says what stands in it); None before the first,
    and where it is of another FORMAT or cannot be read. Raises Trouble."""
    row = lean.get(base.partition(shop), "MODEL")
    if row is None:
        return None
    try:
        found = json.loads(gzip.decompress(b64decode(row["model"])))
    except (KeyError, ValueError, OSError, EOFError, zlib.error):
        return None
    return found if isinstance(found, dict) and found.get("format") == FORMAT else None


def put_model(shop: str, told: dict[str, Any]) -> None:
    """In one write: readers see the old one or the new one. It gets its `format` here. Raises TooLarge, Trouble."""
    text = json.dumps({**told, "format": FORMAT}, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    if len(gzip.compress(text.encode(), mtime=0)) > LARGEST:
        raise TooLarge
    base.commit([base.put(ModelRow(base.partition(shop), "MODEL", learned_at=told["learned_at"], model=text))])


def forget_model(shop: str) -> None:
    base.commit([base.remove(ModelRow(base.partition(shop), "MODEL"))])


def recs(shop: str, product_ids: Iterable[str]) -> dict[str, Rec]:
    """What was learnt of these products, in one batch read for up to 100; without those that have nothing to tell.
    Raises Trouble."""
    wanted = {_pk(shop, product_id): product_id for product_id in product_ids}
    rows = lean.batch((pk, "REC") for pk in wanted)
    return {wanted[row["pk"]]: rec for row in rows if (rec := _rec(row))}


def put_rec(shop: str, product_id: str, rec: Rec) -> None:
    """One product's row as it is now; one that says nothing goes. Raises Trouble."""
    row = RecRow(_pk(shop, product_id), "REC")
    if not rec:
        base.commit([base.remove(row)])
        return
    row.together = plain(rec)["together"] or None
    row.consumable, row.gap = int(rec.consumable) or None, rec.gap_days
    base.commit([base.put(row)])


def plain(rec: Rec) -> dict[str, Any]:
    """The row's content as JSON: equal where nothing has to be written."""
    picks = [[pick.product, round(pick.score * SCALE), pick.buyers] for pick in rec.together]
    return {"together": picks, "consumable": rec.consumable, "gap": rec.gap_days}


def _rec(row: lean.Item) -> Rec:
    """What cannot be read tells nothing: no page may fail over a list."""
    try:
        told = json.loads(row.get("together", "[]"))
        picks = tuple([Pick(product, score / SCALE, buyers) for product, score, buyers in told])
        return Rec(picks, "consumable" in row, int(row["gap"]) if "gap" in row else None)
    except (TypeError, ValueError):
        return Rec()


def _pk(shop: str, product_id: str) -> str:
    return base.partition(shop, "P", product_id)
