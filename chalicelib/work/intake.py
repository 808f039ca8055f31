"""Taking in what a shop's API or a file shows: the same takers as for its webhooks, several at a time."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from zlib import crc32

from chalicelib.domain.events import AccountSeen, ConsentGiven, Event, OrderSeen
from chalicelib.domain.people import identity
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import in_order, stamp
from chalicelib.platforms.shop_api import Unread
from chalicelib.table import base, quarantine
from chalicelib.work import ingest
from chalicelib.work.log import unforeseen

# A webhook may be under way for so long; what is older and unknown to us, none told us of.
UNDER_WAY = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Taken:
    """`outcomes`: {read, new, stored, duplicate, stale, ignored, unread} -> how many; `missed`: changes that no webhook
    had told us of, though there was time; `rejected`: {kind, id, field, reason} each."""

    outcomes: Counter[str]
    missed: int
    new_orders: int
    rejected: tuple[dict[str, str], ...]


def take_all(
    shop: Shop, kind: str, events: Sequence[Event], unread: Iterable[Unread], now: datetime, threads: int = 1
) -> Taken:
    """One page into the table. Raises Trouble or Conflict where the table fails: then the page is taken again, which
    does no harm."""
    groups: dict[int, list[Event]] = defaultdict(list)
    for event in events:
        groups[_lane(event, threads)].append(event)
    outcomes: Counter[str] = Counter(read=len(events))
    rejected = [{"kind": one.kind, "id": one.id, "field": one.field, "reason": one.reason} for one in unread]
    missed = new_orders = 0
    for taken in _side_by_side(shop, kind, list(groups.values()), now, threads):
        outcomes += taken.outcomes
        missed, new_orders = missed + taken.missed, new_orders + taken.new_orders
        rejected += taken.rejected
    for one in rejected if kind != "lines" else ():
        quarantine.add_unread(shop.slug, one["kind"], one["id"], one["reason"], one["field"], now)
    outcomes["unread"] += len(rejected)
    return Taken(outcomes, missed, new_orders, tuple(rejected))


def _side_by_side(shop: Shop, kind: str, groups: list[list[Event]], now: datetime, threads: int) -> list[Taken]:
    if threads == 1 or len(groups) < 2:
        return [_in_turn(shop, kind, group, now) for group in groups]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda group: _in_turn(shop, kind, group, now), groups))


def _in_turn(shop: Shop, kind: str, events: list[Event], now: datetime) -> Taken:
    outcomes: Counter[str] = Counter()
    rejected, missed, new_orders = [], 0, 0
    for event in events:
        try:
            outcome = ingest.take(shop, event, now)
        except (base.Trouble, base.Conflict):
            raise
        except base.Refused:
            rejected.append(_rejected(kind, event, "is too large for the table"))
            continue
        except Exception as error:  # one bad order must not end an import
            unforeseen(error, shop=shop.slug)
            rejected.append(_rejected(kind, event, f"we could not take it in: {type(error).__name__}"))
            continue
        outcomes[outcome] += 1
        missed += _missed(event, outcome, now)
        new_orders += outcome == "new"
    return Taken(outcomes, missed, new_orders, tuple(rejected))


def _missed(event: Event, outcome: str, now: datetime) -> bool:
    late = isinstance(event, OrderSeen) and in_order(event.order.updated_at) < in_order(stamp(now - UNDER_WAY))
    return late and outcome in ("new", "stored")


def _rejected(kind: str, event: Event, reason: str) -> dict[str, str]:
    thing = event.order.id if isinstance(event, OrderSeen) else type(event).__name__
    return {"kind": kind, "id": thing, "field": "", "reason": reason}


def _lane(event: Event, threads: int) -> int:
    """One person's events stay in their order and in one thread: side by side they would only meet in her profile."""
    if isinstance(event, OrderSeen):
        buyer = event.order.buyer
    elif isinstance(event, AccountSeen):
        buyer = event.buyer
    else:
        who = event.account or event.email or event.phone if isinstance(event, ConsentGiven) else repr(event)
        return crc32(str(who).encode()) % threads
    return crc32((buyer.email or identity(buyer) or repr(event)).encode()) % threads
