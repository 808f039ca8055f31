"""Money: integer minor units of an ISO 4217 currency, never a float, never summed across currencies.

Iranian shops quote in units that ISO does not know (Toman, thousand Toman, thousand Rial). They are turned into Rial on
the way in; the shop's own code is kept beside the amount so that mails can speak as the shop does.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

# ISO 4217 minor units that differ from 2. IRR has exponent 0 here: nobody has paid in dinars for decades.
_NONE = "BIF CLP DJF GNF IRR ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_EXPONENTS = {
    **dict.fromkeys(_NONE.split(), 0),
    **dict.fromkeys(_THREE.split(), 3),
}
# code -> how many Rial one unit of it is
RIALS_PER = {"IRT": 10, "IRHR": 1_000, "IRHT": 10_000}
# An order above this is a mistake or an attack; it also keeps every sum inside DynamoDB's 38 digits.
LARGEST = 10**18


class BadMoney(ValueError):
    """The text is not an amount of money in that currency."""


@dataclass(frozen=True, slots=True)
class Money:
    """`amount` minor units of `currency`."""

    amount: int
    currency: str

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + self._same(other).amount, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - self._same(other).amount, self.currency)

    def _same(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise BadMoney(f"{self.currency} and {other.currency} cannot be added")
        return other

    def to_json(self) -> dict[str, int | str]:
        return {"amount": self.amount, "currency": self.currency, "exponent": exponent(self.currency)}


def exponent(currency: str) -> int:
    """How many decimals the ISO currency has: 2 for USD, 0 for IRR."""
    return _EXPONENTS.get(currency, 2)


def iso(code: str) -> str:
    """The ISO currency behind a shop's code: IRT -> IRR, usd -> USD. Raises BadMoney for what is no code at all."""
    code = code.strip().upper()
    if code in RIALS_PER:
        return "IRR"
    if len(code) != 3 or not code.isascii() or not code.isalpha():
        raise BadMoney(f"{code!r} is not a currency code")
    return code


def from_major(amount: str | int | Decimal, code: str) -> int:
    """Minor units of `iso(code)` for an amount in the shop's own unit: ("12.50", "USD") -> 1250, ("5", "IRT") -> 50."""
    try:
        value = Decimal(str(amount).strip() or "0")
    except InvalidOperation:
        raise BadMoney(f"{amount!r} is not an amount") from None
    if not value.is_finite() or abs(value) >= LARGEST:
        raise BadMoney(f"{amount!r} is not an amount")
    code = code.strip().upper()
    scaled = value * RIALS_PER.get(code, 1) * 10 ** exponent(iso(code))
    return int(scaled.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def to_major(money: Money, code: str) -> str:
    """The inverse of `from_major`, exactly: (1250 USD, "USD") -> "12.50", (500000 IRR, "IRT") -> "50000". Raises
    BadMoney where the shop's code stands for another currency."""
    code = code.strip().upper()
    if iso(code) != money.currency:
        raise BadMoney(f"{money.currency} cannot be said in {code}")
    value = Decimal(money.amount).scaleb(-exponent(money.currency)) / RIALS_PER.get(code, 1)
    return f"{value:f}"
