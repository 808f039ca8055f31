"""What one customer will buy in the months to come, per currency, out of her own orders and a small model of the shop.

The model is learnt at night and tried on the shop's own last months. A forecast that was off by more than a third there
is withheld with the reason; any other is told with the error that was measured.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from chalicelib.domain import bg_nbd, gamma_gamma
from chalicelib.domain.buying import WEEK, Book, History, book, history
from chalicelib.domain.forecast import Compared, Trial, models, trials
from chalicelib.domain.ledger import Ledger
from chalicelib.domain.outlook import NotEnough
from chalicelib.domain.trusting import WEEKS_PER_MONTH, Withheld, error_of

Fitted = TypeVar("Fitted")


@dataclass(frozen=True, slots=True)
class Forecast:
    """`value`: purchases, or whole minor units. `error`: 0.25 when the trial's total over all customers was off by a
    quarter; what one customer does scatters far more around it."""

    value: float
    error: float


@dataclass(frozen=True, slots=True)
class Expectation:
    """`alive`: the chance that she is still a customer; None where the forecast of orders is withheld, and before her
    first return: the model holds everybody for one until then, after however many years."""

    orders: Forecast | Withheld
    money: Forecast | Withheld
    alive: float | None


@dataclass(frozen=True, slots=True)
class CurrencyModel:
    """`weeks`: of history, in whole ones. `trials`: shortest first."""

    orders: bg_nbd.Fit | Withheld
    money: gamma_gamma.Fit | Withheld
    weeks: int = 0
    trials: tuple[Trial, ...] = ()

    def expect(self, her: History, now: int, months: float) -> Expectation:
        """Of a customer with that history, from `now` (epoch seconds) on."""
        if isinstance(self.orders, Withheld):
            return Expectation(self.orders, self.orders, None)
        error = error_of("orders", months, self.trials, self.weeks)
        if isinstance(error, Withheld):
            return Expectation(error, error, None)
        recency, age = (her.last - her.first) / WEEK, (now - her.first) / WEEK
        bought = self.orders.expected(her.repeats, recency, age, months * WEEKS_PER_MONTH)
        alive = self.orders.alive(her.repeats, recency, age) if her.repeats else None
        return Expectation(Forecast(bought, error), self._money(her, bought, months), alive)

    def _money(self, her: History, bought: float, months: float) -> Forecast | Withheld:
        if isinstance(self.money, Withheld):
            return self.money
        error = error_of("money", months, self.trials, self.weeks)
        if isinstance(error, Withheld):
            return error
        return Forecast(round(bought * self.money.spend(her.repeats, her.spent)), error)


@dataclass(frozen=True, slots=True)
class ValueModel:
    """By ISO currency."""

    currencies: Mapping[str, CurrencyModel]

    def expect(
        self, orders: Iterable[tuple[int, int, str]], now_seconds: int, months: float = 12
    ) -> dict[str, Expectation]:
        """Per currency of her orders up to now (placed at, net in minor units, currency; in any order); months are of
        13 / 3 weeks. Raises ValueError for no months."""
        if not months > 0:
            raise ValueError("a forecast needs some months")
        hers: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        for at, net, currency in orders:
            hers[currency].append((at, net))
        found = {currency: history(rows, now_seconds) for currency, rows in hers.items()}
        return {
            currency: self.currencies.get(currency, _UNKNOWN).expect(her, now_seconds, months)
            for currency, her in found.items()
            if her
        }

    def to_json(self) -> dict[str, Any]:
        """Some hundred bytes a currency."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ValueModel:
        """The inverse of `to_json`."""
        return cls({currency: _currency_model(model) for currency, model in data["currencies"].items()})


_NOBODY = Withheld("few_customers", {"customers": 0, "repeated": 0})
_UNKNOWN = CurrencyModel(_NOBODY, _NOBODY)


def learn_value(ledger: Ledger, now_seconds: int) -> ValueModel:
    """From all orders placed by now. Takes some seconds for a million."""
    names = enumerate(ledger.currencies.texts)
    return ValueModel({name: _learn(ledger, number, book(ledger, number, now_seconds)) for number, name in names})


def _learn(ledger: Ledger, currency: int, whole: Book) -> CurrencyModel:
    fitted = models(whole)
    orders, money = _or_withheld(fitted.orders, whole), _or_withheld(fitted.money, whole)
    tried = () if isinstance(orders, Withheld) else tuple(trials(ledger, currency, whole))
    return CurrencyModel(orders, money, int(whole.weeks()), tried)


def _or_withheld(fitted: Fitted | NotEnough, whole: Book) -> Fitted | Withheld:
    if isinstance(fitted, NotEnough):
        repeated = sum(repeats > 0 for repeats in whole.repeats)
        return Withheld(fitted.reason, {"customers": len(whole), "repeated": repeated})
    return fitted


def _currency_model(data: Mapping[str, Any]) -> CurrencyModel:
    orders, money = data["orders"], data["money"]
    return CurrencyModel(
        Withheld(**orders) if "code" in orders else bg_nbd.Fit(**orders),
        Withheld(**money) if "code" in money else gamma_gamma.Fit(**money),
        data["weeks"],
        tuple(Trial(one["weeks"], _compared(one["orders"]), _compared(one["money"])) for one in data["trials"]),
    )


def _compared(data: Mapping[str, float] | None) -> Compared | None:
    return Compared(**data) if data else None
