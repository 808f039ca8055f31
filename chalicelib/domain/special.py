"""The digamma function, which the standard library has no word for."""

from __future__ import annotations

from math import log

# Bernoulli numbers B2k / 2k, for the asymptotic series (Abramowitz & Stegun 6.3.18).
_SERIES = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12)
_FAR = 8.0  # from here on the series has every digit of a float


def digamma(x: float) -> float:
    """The slope of `math.lgamma` at x > 0, with an absolute error below 1e-13 where its value is below 100.

    Raises ValueError for x <= 0."""
    if not x > 0:
        raise ValueError("digamma is for positive numbers here")
    nearer = 0.0
    while x < _FAR:  # psi(x) = psi(x + 1) - 1 / x
        nearer += 1 / x
        x += 1
    square = 1 / (x * x)
    tail = 0.0
    for term in reversed(_SERIES):
        tail = (tail + term) * square
    return log(x) - 0.5 / x - tail - nearer
