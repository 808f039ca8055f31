"""Codes that an owner brought: a row per code that is still free, in an order that says nothing about the codes."""

from __future__ import annotations

import hashlib

from pynamodb.attributes import UnicodeAttribute

from chalicelib.table import base, coupons
from chalicelib.table.base import Integer, Row, Write

# Two rows for each code, and a transaction holds 100.
AT_ONCE = 45
_FEW = 5


class PoolCodeRow(Row, discriminator="pool_code"):
    """A code that nobody has yet."""

    code = UnicodeAttribute()


class PoolRow(Row, discriminator="pool"):
    """How many codes were ever loaded."""

    loaded = Integer(default=0)


def some(shop: str, rule: str, seed: str) -> list[PoolCodeRow]:
    """A few codes that are free, from a place in the pool that depends on `seed`: who takes one at the same time
    takes another."""
    at = f"FREE#{_digest(seed)}"
    return _between(shop, rule, at, "FREE#~") or _between(shop, rule, "FREE#", at)


def _between(shop: str, rule: str, least: str, most: str) -> list[PoolCodeRow]:
    condition = PoolCodeRow.sk.between(least, most)
    with base.reading():
        return list(PoolCodeRow.query(_pk(shop, rule), condition, consistent_read=True, limit=_FEW))


def take(row: PoolCodeRow) -> Write:
    """Out of the pool; fails where somebody else took it."""
    return Write(row, Row.rev == row.rev, "delete")


def add(shop: str, rule: str, codes: list[str]) -> int:
    """Put up to AT_ONCE codes into the pool, and count them. Codes that are in it, or were given to somebody, are left
    out. Returns how many are new."""
    try:
        return _add(shop, rule, codes)
    except base.Conflict:
        return sum(_add_one(shop, rule, code) for code in codes)


def counts(shop: str, rule: str) -> tuple[int, int]:
    """(codes that are free, codes ever loaded)."""
    with base.reading():
        free = PoolCodeRow.count(_pk(shop, rule), PoolCodeRow.sk.startswith("FREE#"))
    row = base.first(PoolRow, _pk(shop, rule), "POOL")
    return free, row.loaded if row else 0


def clear(shop: str, rule: str) -> int:
    """Drop every free code, and the count. Returns how many there were."""
    with base.reading():
        rows = list(PoolCodeRow.query(_pk(shop, rule), PoolCodeRow.sk.startswith("FREE#"), consistent_read=True))
    for row in rows:
        base.commit([base.remove(row)])
    base.commit([base.remove(PoolRow(_pk(shop, rule), "POOL"))])
    return len(rows)


def _add_one(shop: str, rule: str, code: str) -> int:
    def attempt() -> int:
        known = coupons.of_code(shop, code) or base.first(PoolCodeRow, _pk(shop, rule), _sk(code))
        return 0 if known else _add(shop, rule, [code])

    return base.retried(attempt)


def _add(shop: str, rule: str, codes: list[str]) -> int:
    pool = base.first(PoolRow, _pk(shop, rule), "POOL")
    writes = [base.replace(PoolCodeRow(_pk(shop, rule), _sk(code), code=code), None) for code in codes]
    writes += [coupons.unknown(shop, code) for code in codes]
    loaded = (pool.loaded if pool else 0) + len(codes)
    base.commit([*writes, base.replace(PoolRow(_pk(shop, rule), "POOL", loaded=loaded), pool.rev if pool else None)])
    return len(codes)


def _pk(shop: str, rule: str) -> str:
    return base.partition(shop, "POOL", rule)


def _sk(code: str) -> str:
    return f"FREE#{_digest(coupons.normal(code))}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]
