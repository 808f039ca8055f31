"""Planning what a birthday starts, a day ahead: from the nightly look, and when one is told that is near."""

from __future__ import annotations

from datetime import date, datetime

from chalicelib.domain import dates
from chalicelib.domain.customer import Customer, Node
from chalicelib.domain.shop import Shop
from chalicelib.domain.zones import zone_of
from chalicelib.work import occasions
from chalicelib.work.nodes import Nodes
from chalicelib.work.occasions import Occasion, Turn, country_of


def is_near(shop: Shop, person: Customer, now: datetime, since: datetime | None = None) -> bool:
    """Whether there is something to plan for her, by what is known of her already."""
    return bool(_coming(shop, person.nodes, now, since))


def plan(shop: Shop, node: str, now: datetime, since: datetime | None = None) -> int:
    """Her birthday, if it is today or begins within 36 hours, or began after `since`. Returns how many follow-ups
    changed. Raises Trouble."""
    if not occasions.wanted(shop, "birthday"):
        return 0

    def by(nodes: Nodes) -> Turn:
        person = occasions.nodes_of(nodes, node)
        zone = _zone(shop, person)
        return Turn(tuple(_occasion(day, zone) for day in _coming(shop, person, now, since)))

    return occasions.turn(shop, node, by, now)


def _coming(shop: Shop, person: tuple[Node, ...], now: datetime, since: datetime | None) -> list[date]:
    note = Customer(person).contact.note("birthday")
    return list(dates.coming(note, _zone(shop, person), now, since)) if note else []


def _zone(shop: Shop, person: tuple[Node, ...]) -> str:
    return zone_of(country_of(person), shop.country, shop.timezone)


def _occasion(day: date, zone: str) -> Occasion:
    about = {"birthday": day.isoformat()}
    return Occasion("birthday", f"birthday-{day.year}", dates.midnight(day, zone), about=about)
