"""How much customers will spend on a purchase: the Gamma-Gamma model, for one currency.

P. S. Fader, B. G. S. Hardie: The Gamma-Gamma Model of Monetary Value (2013), http://brucehardie.com/notes/025/; after
R. Colombo, W. Jiang: A stochastic RFM model. Journal of Interactive Marketing 13 (1999), 2-12. Her purchases vary
around a mean of her own (gamma, shape p), and the means differ between customers (gamma again, q and v). As published,
only repeat purchases count, and only customers who have some feed the fit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, lgamma, log, log1p

from chalicelib.domain.minimise import minimise
from chalicelib.domain.outlook import NotEnough
from chalicelib.domain.special import digamma

# (repeat purchases, minor units spent on all of them) -> how many customers; both positive
Spending = Mapping[tuple[int, float], int]

FEWEST = 30  # customers with repeat purchases
_SMALLEST = log(1e-3)
_LARGEST = log(1e5)
UNEVEN = 2.0  # times the mean spend that was seen: more is the work of a few huge amounts


@dataclass(frozen=True, slots=True)
class Fit:
    """`v` in minor units; `log_likelihood` is of average spends in minor units."""

    p: float
    q: float
    v: float
    log_likelihood: float = 0.0

    def spend(self, x: int, total: float) -> float:
        """Minor units she will spend on a purchase, after x repeat purchases that came to `total`."""
        return self.p * (self.v + total) / (self.p * x + self.q - 1)


def fit(spending: Spending) -> Fit | NotEnough:
    """The parameters that make what was spent most likely. NotEnough: `few_repeats`, `uneven_spend` (so few customers
    spent so much that no mean can be trusted), `unsettled`."""
    customers = sum(spending.values())
    if customers < FEWEST:
        return NotEnough("few_repeats")
    mean = sum(n * total for (_, total), n in spending.items()) / sum(n * x for (x, _), n in spending.items())
    low, high = (_SMALLEST, _SMALLEST, _SMALLEST + log(mean)), (_LARGEST, _LARGEST, _LARGEST + log(mean))
    lowest = minimise(likelihood(spending), (log(2.0), log(3.0), log(mean)), low, high)
    if not lowest.settled:
        return NotEnough("unsettled")
    p, q, v = map(exp, lowest.point)
    if q <= 1 or p * v / (q - 1) > UNEVEN * mean:
        return NotEnough("uneven_spend")
    return Fit(p, q, v, -lowest.value * customers)


def likelihood(spending: Spending) -> Callable[[Sequence[float]], tuple[float, list[float]]]:
    """The negative log-likelihood per customer as a function of the logs of (p, q, v), with its gradient."""
    groups: defaultdict[int, list[tuple[float, int]]] = defaultdict(list)
    for (x, total), n in spending.items():
        groups[x].append((total, n))
    sizes = {x: sum(n for _, n in group) for x, group in groups.items()}
    customers = sum(sizes.values())
    spent = sum(n * (log(x) - log(total)) for (x, total), n in spending.items())

    def at(point: Sequence[float]) -> tuple[float, list[float]]:
        p, q, v = map(exp, point)
        value = spent - customers * lgamma(q)
        along_p, along_q, along_v = 0.0, -customers * digamma(q), customers * q / v
        for x, group in groups.items():
            n, shape = sizes[x], p * x + q
            hers, others, drawn = _shares(group, v)
            value += n * (lgamma(shape) - lgamma(p * x)) - p * x * hers - q * others
            both = digamma(shape)
            along_p += x * (n * (both - digamma(p * x)) - hers)
            along_q += n * both - others
            along_v -= shape * drawn
        slopes = (along_p * p, along_q * q, along_v * v)
        return -value / customers, [-slope / customers for slope in slopes]

    return at


def _shares(group: Sequence[tuple[float, int]], v: float) -> tuple[float, float, float]:
    """Over customers: -log of her total's share of v + total, -log of v's share, and 1 / (v + total)."""
    hers = others = drawn = 0.0
    for total, n in group:
        hers += n * log1p(v / total)
        others += n * log1p(total / v)
        drawn += n / (v + total)
    return hers, others, drawn
