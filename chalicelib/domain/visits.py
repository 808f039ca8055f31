"""What somebody does in the storefront, as its pages tell it.

Who is behind it only counts where she has agreed to that (`consent`): without, only what became of recommendations is
counted, of nobody.
"""

from __future__ import annotations

from dataclasses import dataclass

MOST_EVENTS = 20
MOST_PRODUCTS = 20
MOST_RIDS = 200
LONGEST_ID = 128
LONGEST_QUERY = 200
LONGEST_RID = 800
LONGEST_AGO = 3600  # seconds


class BadVisit(ValueError):
    """Not what a storefront may tell. `field` is where (`events[3].type`), `reason` what is wrong, never what stood
    there."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field} {reason}")
        self.field, self.reason = field, reason


@dataclass(frozen=True, slots=True)
class View:
    """She looked at a product. `ago`, as of all of these: so many seconds before it was told."""

    product: str
    ago: int = 0


@dataclass(frozen=True, slots=True)
class Search:
    query: str
    ago: int = 0


@dataclass(frozen=True, slots=True)
class CartLooked:
    """What is in the cart now; nothing where it was emptied."""

    products: tuple[str, ...]
    ago: int = 0


@dataclass(frozen=True, slots=True)
class Click:
    """On a recommendation."""

    rid: str
    ago: int = 0


@dataclass(frozen=True, slots=True)
class Seen:
    """Recommendations that were on her screen."""

    rids: tuple[str, ...]
    ago: int = 0


@dataclass(frozen=True, slots=True)
class Close:
    """She waved a message away. Her own wish, not ours to watch: it counts whatever she agreed to. The rid says which
    message of whom, so that nobody else has to."""

    rid: str
    ago: int = 0


@dataclass(frozen=True, slots=True)
class Forget:
    """She takes back what she had agreed to: what this browser told of a guest goes. Needs `visitor`, no consent."""

    ago: int = 0


@dataclass(frozen=True, slots=True)
class Identify:
    """From here on she is the customer of the token; so is what this browser told of her before."""

    ago: int = 0


Event = View | Search | CartLooked | Click | Seen | Close | Forget | Identify


def rids_of(event: Event) -> tuple[str, ...]:
    """The recommendations that it names."""
    match event:
        case Seen(rids):
            return rids
        case Click(rid) | Close(rid):
            return (rid,)
    return ()


@dataclass(frozen=True, slots=True)
class Batch:
    """What one request tells. Without consent `token` is None, whatever was sent, and so is `visitor`, unless she is to
    be forgotten; who is to be forgotten agrees to nothing."""

    key: str | None
    consent: bool
    visitor: str | None
    token: str | None
    events: tuple[Event, ...]

    def kept(self, known: bool) -> tuple[Event, ...]:
        """The events that count. What concerns a person does where she agreed and there is somebody to keep it for:
        `known` by a token, or a visitor."""
        if self.consent and (known or self.visitor):
            return self.events if known else tuple(e for e in self.events if not isinstance(e, Identify))
        return tuple(event for event in self.events if isinstance(event, Click | Seen | Close | Forget))
