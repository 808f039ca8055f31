"""How strongly one product speaks for another one: rules over counts of different customers.

`confidence`, `cosine` and `jaccard` are the classics. The asymmetric cosine with locality (Aiolli, RecSys 2013, there
alpha and q) is here drawn towards nothing where few customers stand behind it, and in its `_lately` form leans to what
sells now, as it must in a season. Lift is not among them: it ranks what two people once bought.
"""

from __future__ import annotations

from collections.abc import Callable

# pair: customers who bought both in one order; these, others: who bought this one, the other one; trend: the share of
# the other one's orders that came lately, above 0 -> how strong, above 0
Rule = Callable[[int, int, int, float], float]
ALPHA, FEW = 0.7, 5


def jaccard(pair: int, these: int, others: int, trend: float) -> float:
    return pair / (these + others - pair)


def confidence(pair: int, these: int, others: int, trend: float) -> float:
    return pair / these


def cosine(pair: int, these: int, others: int, trend: float) -> float:
    return float(pair / (these * others) ** 0.5)


def asymmetric(pair: int, these: int, others: int, trend: float) -> float:
    return float((pair * pair / ((pair + FEW) * these**ALPHA * others ** (1 - ALPHA))) ** 2)


def asymmetric_lately(pair: int, these: int, others: int, trend: float) -> float:
    return float(asymmetric(pair, these, others, trend) * trend**0.5)


RULES: dict[str, Rule] = {
    "asymmetric_lately": asymmetric_lately,
    "asymmetric": asymmetric,
    "jaccard": jaccard,
    "cosine": cosine,
    "confidence": confidence,
}
DEFAULT = "asymmetric_lately"
