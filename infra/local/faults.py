"""Trouble on demand: how often which service fails, and how. A seed makes the same trouble again."""

from __future__ import annotations

import random
import threading
from collections import Counter
from typing import Any

# throttle: refused, try later · drop: the line breaks before anything happened · lost: done, but the answer never comes
# · error: the service itself fails.
KINDS = ("throttle", "drop", "lost", "error")
SERVICES = ("mail", "sms", "dynamodb", "sqs", "s3")


class BadFaults(ValueError):
    """What was asked for cannot be. `field` names the culprit."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


class Faults:
    """Which calls fail. None at first."""

    def __init__(self) -> None:
        self._lock, self._random = threading.Lock(), random.Random(0)
        self._rates: dict[str, dict[str, float]] = {}
        self._done: Counter[str] = Counter()

    def set(self, asked: Any) -> dict[str, Any]:
        """`{"seed": 1, "mail": {"throttle": 0.05, "lost": 0.05}, "dynamodb": {"drop": 1}}`; `{}` ends all trouble.
        Raises BadFaults and then changes nothing."""
        rates = _checked(asked)
        with self._lock:
            self._random = random.Random(asked.get("seed", 0))
            self._rates, self._done = rates, Counter()
        return self.report()

    def report(self) -> dict[str, Any]:
        """The rates in force, and how often each has struck since they were set."""
        return {**self._rates, "struck": dict(self._done)}

    def strike(self, service: str) -> str | None:
        """How this call fails, or None where it goes well."""
        with self._lock:
            at = self._random.random() if service in self._rates else 1.0
            for kind, rate in self._rates.get(service, {}).items():
                if at < rate:
                    self._done[f"{service}.{kind}"] += 1
                    return kind
                at -= rate
        return None


def _checked(asked: Any) -> dict[str, dict[str, float]]:
    if not isinstance(asked, dict):
        raise BadFaults("", "is not a JSON object")
    if not isinstance(asked.get("seed", 0), int):
        raise BadFaults("seed", "is not a whole number")
    rates = {service: kinds for service, kinds in asked.items() if service != "seed"}
    for service, kinds in rates.items():
        if service not in SERVICES:
            raise BadFaults(service, f"is none of {', '.join(SERVICES)}")
        if not isinstance(kinds, dict):
            raise BadFaults(service, "is not an object of rates")
        for kind, rate in kinds.items():
            if kind not in KINDS:
                raise BadFaults(f"{service}.{kind}", f"is none of {', '.join(KINDS)}")
            if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate <= 1:
                raise BadFaults(f"{service}.{kind}", "is not a rate from 0 to 1")
        if sum(kinds.values()) > 1:
            raise BadFaults(service, "has rates that add up to more than 1")
    return rates
