"""What is remembered of a visit: what happened when, what she looked at last, and where one visit ends.

Something that happened is JSON: {"type", "at", and product | query | products | slot, item, code}.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain.times import in_order, moment, stamp
from chalicelib.domain.visits import CartLooked, Click, Event, Search, View

MOST_VIEWED = 20
# Looked at again within so long it is one look: a page that was reloaded, a picture that was enlarged.
SAME_LOOK = timedelta(minutes=5)
# A pause of half an hour ends a visit, as web analytics has it.
PAUSE = timedelta(minutes=30)
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Recent:
    """`viewed`: (product id, stored moment), newest first, each product once; `cart` as it was at `cart_at`."""

    viewed: tuple[tuple[str, str], ...] = ()
    cart: tuple[str, ...] = ()
    cart_at: str = ""

    def after(self, happened: Iterable[Json]) -> Recent:
        """With this too. In whatever order and however often it is told, it comes to the same."""
        latest = dict(self.viewed)
        cart_at, cart = self.cart_at, self.cart
        for one in happened:
            if one["type"] == "view":
                known = latest.get(one["product"], "")
                latest[one["product"]] = max(known, str(one["at"]), key=in_order)
            elif one["type"] == "cart" and (in_order(one["at"]), tuple(one["products"])) > (in_order(cart_at), cart):
                cart_at, cart = str(one["at"]), tuple(one["products"])
        newest = sorted(latest.items(), key=lambda view: (in_order(view[1]), view[0]), reverse=True)
        return Recent(tuple(newest[:MOST_VIEWED]), cart, cart_at)

    def since(self, at: datetime) -> Recent:
        """Without what is older."""
        start = in_order(stamp(at))
        viewed = tuple(view for view in self.viewed if in_order(view[1]) > start)
        return Recent(viewed, self.cart, self.cart_at) if in_order(self.cart_at) > start else Recent(viewed)


def happened(events: Iterable[Event], told_at: datetime, shown: Mapping[str, Json]) -> list[Json]:
    """What is kept of events told at that moment, oldest first: looks, searches, the last cart, clicks. `shown`: rid
    -> {"slot", "item", "code"}; a click on anything else did not happen."""
    found: list[Json] = []
    for event in sorted(events, key=lambda event: event.ago, reverse=True):
        at = stamp(told_at - timedelta(seconds=event.ago))
        match event:
            case View(product) if not _just_seen(found, product, at):
                found.append({"type": "view", "at": at, "product": product})
            case Search(query):
                found.append({"type": "search", "at": at, "query": query})
            case CartLooked(products):
                found = [one for one in found if one["type"] != "cart"]
                found.append({"type": "cart", "at": at, "products": list(products)})
            case Click(rid) if rid in shown:
                found.append({"type": "click", "at": at, **shown[rid]})
    return found


def _just_seen(found: list[Json], product: str, at: str) -> bool:
    looks = [one for one in found if one["type"] == "view" and one["product"] == product]
    return any(moment(at) - moment(look["at"]) < SAME_LOOK for look in looks)


def visits(happened: Iterable[Json]) -> list[list[Json]]:
    """One list per visit, oldest first."""
    found: list[list[Json]] = []
    for one in sorted(happened, key=lambda one: in_order(one["at"])):
        if found and moment(one["at"]) - moment(found[-1][-1]["at"]) < PAUSE:
            found[-1].append(one)
        else:
            found.append([one])
    return found
