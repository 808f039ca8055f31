"""One standard body being read: its type, its moment, its data, and how its amounts are written."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.dates import BadDate, birthday
from chalicelib.domain.events import NotesTold
from chalicelib.domain.money import LARGEST, RIALS_PER
from chalicelib.domain.order import Buyer, Consent, Line
from chalicelib.domain.people import clean_email, clean_name, clean_phone
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import moment
from chalicelib.platforms import texts
from chalicelib.platforms.body import Node

_MOST = 1000
_LARGEST_QUANTITY = 1_000_000


@dataclass(frozen=True, slots=True)
class Told:
    """`at` is the body's timestamp, else when it was received: the time of whatever carries none of its own."""

    type: str
    at: str
    data: Node
    shop: Shop


@dataclass(frozen=True, slots=True)
class Prices:
    """How amounts are written: `money` is minor, decimal or "" (each says it by its JSON type), in units of `code`."""

    money: str
    code: str

    def of(self, node: Node, default: int | None = None) -> int:
        """Minor units of the ISO currency; `default` where it is missing."""
        if node.missing and default is not None:
            return default
        if not self._minor(node):
            return node.amount(self.code)
        return node.whole(-LARGEST, LARGEST - 1) * RIALS_PER.get(self.code, 1)

    def _minor(self, node: Node) -> bool:
        if node.missing:
            raise node.refused("is missing")
        if self.money == "minor" and node.text().lstrip("-").isdecimal():
            return True
        if self.money == "minor":
            raise node.refused("should be a whole number of minor units")
        if self.money == "" and not isinstance(node.value, (int, str)):
            raise node.refused('needs "money": "minor" or "decimal" beside it')
        return self.money == "" and isinstance(node.value, int)


def prices_of(data: Node, shop: Shop) -> Prices:
    """How this order, product or cart writes its amounts; in the shop's currency where it names none."""
    currency = data.at("currency")
    return Prices(data.at("money").text(), (Node(shop.currency) if currency.missing else currency).currency())


def id_or_none(node: Node) -> str | None:
    """The id as text; None where it is missing."""
    return node.text() or None


def buyer_of(customer: Node, shop: Shop) -> Buyer:
    """A customer in our words; nothing but "missing" where there is none."""
    country = texts.country(customer.at("country").text())
    return Buyer(
        account=id_or_none(customer.at("id")),
        email=clean_email(customer.at("email").text()),
        phone=clean_phone(customer.at("phone").text(), country or shop.country),
        name=clean_name(customer.at("name").text()),
        locale=texts.locale(customer.at("locale").text()),
        country=country,
        consents=tuple(consent_of(consent, None) for consent in customer.at("consents").items(_MOST)),
    )


def birthday_of(customer: Node, buyer: Buyer, at: str) -> list[NotesTold]:
    """Her birthday, where it is said; `at` is the stored moment of the telling."""
    said = customer.at("birthday")
    if said.missing or not said.text().strip():
        return []
    try:
        day = birthday(said.text(), moment(at).date())
    except BadDate as bad:
        raise said.refused(str(bad)) from None
    return [NotesTold(buyer.account, buyer.email, buyer.phone, at, (("birthday", day),))]


def consent_of(consent: Node, at: str | None) -> Consent:
    """One consent; `at` is its time where it carries none."""
    source = texts.plain(consent.at("source").text(), 100) or "standard"
    return Consent(consent.at("channel").text(), consent.at("state").text(), source, consent.at("at").time() or at)


def lines_of(data: Node, prices: Prices) -> tuple[Line, ...]:
    """The lines of an order or a cart."""
    return tuple(_line(line, prices) for line in data.at("lines").items(_MOST))


def _line(line: Node, prices: Prices) -> Line:
    quantity = 1 if line.at("quantity").missing else line.at("quantity").whole(0, _LARGEST_QUANTITY)
    if line.at("total").missing:
        unit_price = prices.of(line.at("unit_price"))
        total = unit_price * quantity
    else:
        total = prices.of(line.at("total"))
        unit_price = prices.of(line.at("unit_price"), total // quantity if quantity else 0)
    return Line(
        product_id=id_or_none(line.at("product_id")),
        variant_id=id_or_none(line.at("variant_id")),
        sku=texts.plain(line.at("sku").text(), 100) or None,
        title=texts.plain(line.at("title").text()),
        quantity=quantity,
        unit_price=unit_price,
        total=total,
    )
