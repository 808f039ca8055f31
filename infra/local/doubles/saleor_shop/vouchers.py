"""The vouchers of a pretend Saleor shop: made, listed in channels, found by their codes, and refused as the real one
refuses them. Source: saleor/graphql/discount/mutations/voucher."""

from __future__ import annotations

import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from infra.local.doubles.saleor_shop.goods import Thing, global_id

_KEPT = ("name", "type", "discountValueType", "endDate", "usageLimit")
_FLAGS = ("applyOncePerCustomer", "applyOncePerOrder", "onlyForStaff", "singleUse")


class Vouchers:
    """`kept`: id -> voucher, with its `codes` and its `listings` (channel id -> value and least)."""

    def __init__(self, channels: list[Thing]) -> None:
        self.kept: dict[str, Thing] = {}
        self.gift_cards: set[str] = set()
        self._channels, self._made, self._lock = channels, 0, threading.Lock()

    def of_code(self, code: str) -> list[Thing]:
        """Those that have the code: never more than one, or something is wrong here."""
        return [voucher for voucher in self.kept.values() if code in voucher["codeTexts"]]

    def resolvers(self) -> dict[str, Callable[..., Any]]:
        """What can be asked for, by name."""
        return {
            "vouchers": self._listed,
            "voucherCreate": self._create,
            "voucherUpdate": self._update,
            "voucherDelete": self._delete,
            "voucherChannelListingUpdate": self._list_in,
        }

    def _create(self, _: Any, input: Thing) -> Thing:
        with self._lock:
            codes = [code.strip() for code in input.get("addCodes") or []]
            if not codes:
                return _refused("code", "REQUIRED")
            if any(self.of_code(code) or code in self.gift_cards for code in codes):
                return _refused("codes", "ALREADY_EXISTS")
            self._made += 1
            made = {"id": global_id("Voucher", self._made), "codeTexts": codes, "listings": {}}
            made |= {name: input.get(name) for name in _KEPT} | {name: bool(input.get(name)) for name in _FLAGS}
            made["codes"] = _connection([{"id": code, "code": code, "used": 0} for code in codes])
            self.kept[made["id"]] = made
            return {"voucher": made, "errors": []}

    def _update(self, _: Any, id: str, input: Thing) -> Thing:
        if (voucher := self.kept.get(id)) is None:
            return _refused("id", "NOT_FOUND")
        voucher |= {name: input[name] for name in (*_KEPT, *_FLAGS) if name in input}
        return {"voucher": voucher, "errors": []}

    def _delete(self, _: Any, id: str) -> Thing:
        if (voucher := self.kept.pop(id, None)) is None:
            return _refused("id", "NOT_FOUND")
        return {"voucher": voucher, "errors": []}

    def _list_in(self, _: Any, id: str, input: Thing) -> Thing:
        if (voucher := self.kept.get(id)) is None:
            return _refused("id", "NOT_FOUND")
        known = {channel["id"]: channel for channel in self._channels}
        for offer in input.get("addChannels") or []:
            if offer["channelId"] not in known:
                return _refused("addChannels", "NOT_FOUND")
            if voucher["discountValueType"] == "PERCENTAGE" and Decimal(str(offer["discountValue"])) > 100:
                return _refused("discountValue", "INVALID")
            voucher["listings"][offer["channelId"]] = {k: v for k, v in offer.items() if k != "channelId"}
        return {"voucher": voucher, "errors": []}

    def _listed(self, _: Any, **args: Any) -> Thing:
        """As Saleor searches: the text is anywhere in the name or in a code."""
        text = ((args.get("filter") or {}).get("search") or "").lower()
        found = [one for one in self.kept.values() if any(text in said.lower() for said in (one["name"], *_texts(one)))]
        return _connection(found[: args.get("first") or 0])


def _texts(voucher: Thing) -> list[str]:
    return list(voucher["codeTexts"])


def _connection(found: list[Thing]) -> Thing:
    edges = [{"node": one, "cursor": str(number)} for number, one in enumerate(found)]
    return {"edges": edges, "totalCount": len(found), "pageInfo": {"hasNextPage": False, "hasPreviousPage": False}}


def _refused(field: str, code: str) -> Thing:
    return {"voucher": None, "errors": [{"field": field, "code": code, "message": code.capitalize()}]}
