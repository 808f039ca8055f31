"""A shop's placed orders in arrays, oldest first: what everything that is learnt from history reads.

A million orders of ten lines take about 100 MB here; as objects they would take more than a Lambda function has.
"""

from __future__ import annotations

import json
import struct
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from chalicelib.domain.order import MOST_LINES

_ARRAYS = (
    ("customer", "i"), ("at", "q"), ("net", "q"), ("currency", "h"), ("country", "h"), ("end", "q"), ("product", "i"),
    ("back", "b"),
)  # fmt: skip
_NAMES = ("customers", "products", "currencies", "countries")


@dataclass(frozen=True, slots=True)
class Names:
    """Texts that stand in arrays as numbers."""

    texts: list[str] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)

    def number(self, text: str) -> int:
        """The text's number, a new one for a new text."""
        found = self.numbers.get(text)
        if found is None:
            found = self.numbers[text] = len(self.texts)
            self.texts.append(text)
        return found

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True, slots=True)
class Ledger:
    """Order n was placed by `customers.texts[customer[n]]` at `at[n]` (epoch seconds, never before order n - 1's), is
    worth `net[n]` minor units of its currency, net of refunds, and holds `products_of(n)`. `back[n]`: all of it was
    given back. A country that is not known is ""."""

    customers: Names = field(default_factory=Names)
    products: Names = field(default_factory=Names)
    currencies: Names = field(default_factory=Names)
    countries: Names = field(default_factory=Names)
    customer: array[int] = field(default_factory=lambda: array("i"))
    at: array[int] = field(default_factory=lambda: array("q"))
    net: array[int] = field(default_factory=lambda: array("q"))
    currency: array[int] = field(default_factory=lambda: array("h"))
    country: array[int] = field(default_factory=lambda: array("h"))
    end: array[int] = field(default_factory=lambda: array("q"))  # of its lines, in `product`
    product: array[int] = field(default_factory=lambda: array("i"))
    back: array[int] = field(default_factory=lambda: array("b"))

    def add(
        self,
        customer: str,
        at: int,
        products: Sequence[str],
        net: int = 0,
        currency: str = "",
        country: str = "",
        back: bool = False,
    ) -> None:
        """One more order; of its different products the first MOST_LINES. Raises ValueError for one that is older than
        the last."""
        if self.at and at < self.at[-1]:
            raise ValueError("orders are added oldest first")
        self.customer.append(self.customers.number(customer))
        self.at.append(at)
        self.net.append(net)
        self.currency.append(self.currencies.number(currency))
        self.country.append(self.countries.number(country))
        self.product.extend(self.products.number(text) for text in list(dict.fromkeys(products))[:MOST_LINES])
        self.end.append(len(self.product))
        self.back.append(back)

    def extend(self, part: Ledger, persons: Mapping[str, str] | None = None) -> None:
        """All orders of another one, none older than the last of this one. `persons`: customers who are called
        otherwise here, by what they are called there. Raises ValueError."""
        if self.at and part.at and part.at[0] < self.at[-1]:
            raise ValueError("orders are added oldest first")
        known = persons or {}
        customers = [self.customers.number(known.get(text, text)) for text in part.customers.texts]
        products = [self.products.number(text) for text in part.products.texts]
        currencies = [self.currencies.number(text) for text in part.currencies.texts]
        countries = [self.countries.number(text) for text in part.countries.texts]
        lines = len(self.product)
        self.customer.extend(customers[number] for number in part.customer)
        self.at.extend(part.at)
        self.net.extend(part.net)
        self.currency.extend(currencies[number] for number in part.currency)
        self.country.extend(countries[number] for number in part.country)
        self.end.extend(lines + end for end in part.end)
        self.product.extend(products[number] for number in part.product)
        self.back.extend(part.back)

    def __len__(self) -> int:
        return len(self.at)

    def products_of(self, order: int) -> array[int]:
        """The numbers of the different products of order n."""
        return self.product[self.end[order - 1] if order else 0 : self.end[order]]

    def kept_of(self, order: int) -> array[int]:
        """The same, none of an order that was given back: what recommendations are counted from."""
        return array("i") if self.back[order] else self.products_of(order)

    def orders(self) -> Iterator[int]:
        return iter(range(len(self)))

    def pack(self) -> bytes:
        """As bytes, for a bucket; `unpack` gives the same back."""
        head = {name: getattr(self, name).texts for name in _NAMES}
        arrays = [getattr(self, name).tobytes() for name, _ in _ARRAYS]
        text = json.dumps({**head, "sizes": [len(data) for data in arrays]}, ensure_ascii=False).encode()
        return struct.pack("<q", len(text)) + text + b"".join(arrays)


def unpack(data: bytes) -> Ledger:
    """What `pack` made, on a machine of the same byte order: all of Lambda's are little-endian."""
    (size,) = struct.unpack_from("<q", data)
    head, at = json.loads(data[8 : 8 + size]), 8 + size
    names = {name: Names(head[name], {text: n for n, text in enumerate(head[name])}) for name in _NAMES}
    found = Ledger(names["customers"], names["products"], names["currencies"], names["countries"])
    for (name, _), length in zip(_ARRAYS, head["sizes"], strict=True):
        getattr(found, name).frombytes(data[at : at + length])
        at += length
    return found
