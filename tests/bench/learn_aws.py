"""A shop made from a packed ledger, as DynamoDB shows it to a night: its indexes in pages of a megabyte, its rows, and
what the night writes, in a dict."""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from chalicelib.domain.ledger import Ledger
from chalicelib.domain.order import Line, canonical
from chalicelib.domain.times import stamp
from chalicelib.table import base
from chalicelib.table.customers import CUSTOMER_SHARDS
from tests.acme import order

SHOP, TABLE = "acme", "night"
PAGE_BYTES = 1024 * 1024
FIRST_ORDER, FIRST_PRODUCT = 6_000_000_000_000, 8_100_000_000_000
SECOND_NODE = 10  # every so many customers have an account that never bought beside their address
Row = dict[str, str]


class Index:
    """One index of the shop. `positions`: every sort key, in order; `row(n)`: what it shows of the n-th entry."""

    def __init__(self, positions: list[str], row: Callable[[int], Row]) -> None:
        self.positions, self.row = positions, row

    def page(self, first: int, end: int, most: int, wanted: set[str]) -> tuple[list[Row], int]:
        """The entries of a page, and the number of the first that is not on it: DynamoDB ends a page with the entry
        that fills the megabyte, whatever is shown of it."""
        found, size, at = list[Row](), 0, first
        while at < end and size < PAGE_BYTES and len(found) < most:
            row = self.row(at)
            size, at = size + sum(map(len, row)) + sum(map(len, row.values())), at + 1
            found.append({name: text for name, text in row.items() if name in wanted} if wanted else row)
        return found, at


class World:
    """The shop's orders and customers, and what the night writes."""

    def __init__(self, ledger: Ledger, most_lines: int) -> None:
        self.ledger, self.most_lines = ledger, most_lines
        self.rows: dict[tuple[str, str], Any] = {}
        self.asked: Counter[str] = Counter()
        orders = [
            f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S}#{FIRST_ORDER + n}" for n, at in enumerate(ledger.at)
        ]
        self.feed = Index(orders, self._entry)
        self._lines = [f'["{FIRST_PRODUCT + n}",1,{100 + n % 9000}]' for n in range(len(ledger.products))]
        self.customers = self._shards()

    def _entry(self, n: int) -> Row:
        ledger, sk = self.ledger, self.feed.positions[n]
        lines = ",".join([self._lines[p] for p in ledger.products_of(n)[: self.most_lines]])
        currency, country = ledger.currencies.texts[ledger.currency[n]], chr(65 + ledger.country[n] % 26) * 2
        whose, net = node(ledger.customer[n]), ledger.net[n]
        gist = f'{{"c":"{whose}","cur":"{currency}","k":"{country}","l":[{lines}],"net":{net}}}'
        feed = base.partition(SHOP, "F", sk[:7], "0")
        return {"pk": f"S#{SHOP}#O#{sk[20:]}", "sk": "ORDER", "feed_pk": feed, "feed_sk": sk, "gist": gist}

    def _shards(self) -> list[Index]:
        last = dict(zip(self.ledger.customer, self.ledger.at, strict=True))
        entries: list[list[tuple[str, str]]] = [[] for _ in range(CUSTOMER_SHARDS)]
        for n, at in last.items():
            other = second_node(n) if n % SECOND_NODE == 0 else None
            for one, linked in ((node(n), other), (other, node(n))):
                if one:
                    sk = f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S}#{one}"
                    card = json.dumps({"l": linked, "t": {"GBP": [3, 12345, 0]}}, separators=(",", ":"))
                    entries[base.shard(one, CUSTOMER_SHARDS)].append((sk, card))
        return [_customers(number, sorted(some)) for number, some in enumerate(entries)]

    def dynamodb(self, operation: str, asked: dict[str, Any]) -> Any:
        self.asked[operation] += 1
        return getattr(self, f"_{operation}")(asked)

    def _Query(self, asked: dict[str, Any]) -> Any:
        values = sorted((value["S"] for value in asked["ExpressionAttributeValues"].values()), reverse=True)
        pk, after = values[0], values[1] if len(values) > 1 else ""  # "S#…" is greater than any moment
        index, first, end = self._within(pk.split("#")[2:])
        after = asked.get("ExclusiveStartKey", {}).get(f"{asked['IndexName']}_sk", {}).get("S", after)
        first = max(first, bisect_right(index.positions, after)) if after else first
        names = asked.get("ExpressionAttributeNames", {})
        wanted = {names[name.strip()] for name in asked.get("ProjectionExpression", "").split(",") if name.strip()}
        found, at = index.page(first, end, asked.get("Limit", 1_000_000), wanted)
        shown = [{name: {"S": text} for name, text in row.items()} for row in found]
        last = index.row(at - 1) if found and at < end else {}
        told = {"Items": shown, "Count": len(shown), "ScannedCount": len(shown)}
        position = {name: {"S": text} for name, text in last.items() if name not in ("gist", "card")}
        return {**told, "LastEvaluatedKey": position} if position else told

    def _within(self, parts: list[str]) -> tuple[Index, int, int]:
        if parts[0] == "CL":
            index = self.customers[int(parts[1])]
            return index, 0, len(index.positions)
        if parts[0] != "F":
            return self.feed, 0, 0
        at = self.feed.positions
        return self.feed, bisect_left(at, parts[1]), bisect_left(at, parts[1] + "~")

    def _GetItem(self, asked: dict[str, Any]) -> Any:
        item = self._row(asked["Key"])
        return {"Item": item} if item else {}

    def _BatchGetItem(self, asked: dict[str, Any]) -> Any:
        ((table, wanted),) = asked["RequestItems"].items()
        return {"Responses": {table: [row for row in map(self._row, wanted["Keys"]) if row]}, "UnprocessedKeys": {}}

    def _row(self, key: Any) -> Any:
        pk, sk = key["pk"]["S"], key["sk"]["S"]
        return self._order(pk) if sk == "ORDER" else self.rows.get((pk, sk))

    def _order(self, pk: str) -> Any:
        """The whole order: only those are asked for that are the newest of some product."""
        n = int(pk.rpartition("#")[2]) - FIRST_ORDER
        lines = [
            Line(str(FIRST_PRODUCT + p), None, None, f"Product {p}", 1, 100, 100) for p in self.ledger.products_of(n)
        ]
        at = stamp(datetime.fromtimestamp(self.ledger.at[n], UTC))
        told = replace(order(str(FIRST_ORDER + n)), lines=tuple(lines), placed_at=at, updated_at=at)
        snapshot = b64encode(gzip.compress(canonical(told).encode())).decode()
        return {"pk": {"S": pk}, "sk": {"S": "ORDER"}, "k": {"S": "order"}, "snapshot": {"B": snapshot}}

    def _PutItem(self, asked: dict[str, Any]) -> Any:
        item = asked["Item"]
        self.rows[item["pk"]["S"], item["sk"]["S"]] = item
        return {}

    def _TransactWriteItems(self, asked: dict[str, Any]) -> Any:
        for step in asked["TransactItems"]:
            self._PutItem(step["Put"])
        return {}

    def _DeleteItem(self, asked: dict[str, Any]) -> Any:
        self.rows.pop((asked["Key"]["pk"]["S"], asked["Key"]["sk"]["S"]), None)
        return {}


def node(customer: int) -> str:
    return f"c_{customer:026d}"


def second_node(customer: int) -> str:
    return f"c_{customer:025d}x"


def _customers(shard: int, entries: list[tuple[str, str]]) -> Index:
    def row(n: int) -> Row:
        sk, card = entries[n]
        pk = f"S#{SHOP}#C#{sk.partition('#')[2]}"
        of = base.partition(SHOP, "CL", str(shard))
        return {"pk": pk, "sk": "PROFILE", "customers_pk": of, "customers_sk": sk, "card": card}

    return Index([sk for sk, _ in entries], row)
