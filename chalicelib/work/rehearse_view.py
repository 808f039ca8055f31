"""What a rehearsal found, to be read: who, what, when, how much, and why nothing was sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from chalicelib.domain.order import Order
from chalicelib.domain.overlaps import capped, overlaps
from chalicelib.domain.rehearsal import Imagined
from chalicelib.domain.shop import Shop
from chalicelib.domain.text import BadTemplate
from chalicelib.domain.times import in_order, moment
from chalicelib.domain.why_short import short
from chalicelib.domain.zones import zone
from chalicelib.table import customers, orders
from chalicelib.work import preview
from chalicelib.work.read_flows import title
from chalicelib.work.read_views import Json
from chalicelib.work.rehearse import Rehearsal
from chalicelib.work.rehearse_cost import cost
from chalicelib.work.wording import Wording

SAMPLES = 3


def view(found: Rehearsal, shop: Shop, words: Wording, now: datetime, public_url: str, most: int) -> Json:
    """Everything about a rehearsal; `most` follow-ups one by one, oldest first. Raises Trouble."""
    waits = overlaps(found.followed, found.beside)
    return {
        "flow": found.flow.name,
        "title": title(found.flow, shop),
        "version": found.flow.version,
        "since": found.since,
        "until": found.until,
        "people": found.people,
        "share": round(found.share, 4),
        "note": note(found),
        "totals": totals(found.followed),
        "weeks": weeks(found.followed, shop),
        "reasons": reasons(found, shop),
        "held_out": sum(row.state == "held_out" for row in found.followed),
        "caps_hit": capped(found.followed),
        "overlaps": {"waited_for": waits.waited_for, "waited_for_this": waits.waited_for_us},
        "cost": cost(found, shop, words, public_url, now),
        "samples": samples(found, words, public_url),
        "follow_ups": _rows(found.followed[:most], shop),
        "more": max(0, len(found.followed) - most),
    }


def note(found: Rehearsal) -> str | None:
    """Said where not everybody was looked at."""
    if found.share >= 1:
        return None
    of = round(found.people / found.share)
    return (
        f"{found.people:,} of {of:,} people were looked at, drawn by lot and always the same ones; "
        f"for all of them multiply every figure by {1 / found.share:.1f}."
    )


def totals(rows: Iterable[Imagined]) -> dict[str, dict[str, int]]:
    """step -> state -> how many follow-ups stand there at the end."""
    found: dict[str, Counter[str]] = {}
    for row in rows:
        found.setdefault(row.step, Counter())[row.state] += 1
    return {step: dict(counts.most_common()) for step, counts in found.items()}


def weeks(rows: Iterable[Imagined], shop: Shop) -> list[Json]:
    """Messages by week, each named by its Monday in the shop's zone."""
    found: dict[str, Counter[str]] = {}
    for row in rows:
        if row.state in ("sent", "held_out"):
            day = moment(row.told[-1][0]).astimezone(zone(shop.timezone)).date()
            monday = day - timedelta(days=day.weekday())
            found.setdefault(monday.isoformat(), Counter())[row.state] += 1
    return [{"week": week, "sent": n["sent"], "held_out": n["held_out"]} for week, n in sorted(found.items())]


def reasons(found: Rehearsal, shop: Shop) -> list[Json]:
    """Every decision that was not a message going out, the most frequent first."""
    counts = Counter(code for row in found.followed for _, _, code in row.told if code != "sent")
    return [{"code": code, "text": short(code, shop), "count": count} for code, count in counts.most_common()]


def _rows(rows: Iterable[Imagined], shop: Shop) -> list[Json]:
    rows = list(rows)
    sold = orders.of_ids(shop.slug, [row.order_id for row in rows])
    return [_row(row, shop, *sold.get(row.order_id, (None, None))) for row in rows]


def _row(row: Imagined, shop: Shop, order: Order | None, node: str | None) -> Json:
    customer = row.facts.customer if row.facts else None
    if customer is None and node:
        customer = customers.person(shop.slug, node)
    contact = customer.contact if customer else None
    return {
        "customer_id": customer.id if customer else None,
        "name": contact.name[1] if contact and contact.name else None,
        "order_id": row.order_id,
        "order_number": order.number if order else None,
        "step": row.step,
        "channel": row.channel,
        "state": row.state,
        "at": here(row.told[-1][0] if row.told and row.state not in ("scheduled", "deferred") else row.due_at, shop),
        "why": [{"at": at, "code": code, "text": short(code, shop)} for at, _, code in row.told],
    }


def here(at: str, shop: Shop) -> str:
    """The stored moment by the shop's clock: 2026-11-21T13:00:00+01:00."""
    return moment(at).astimezone(zone(shop.timezone)).isoformat(timespec="seconds")


def samples(found: Rehearsal, words: Wording, public_url: str) -> list[Json]:
    """A few of the messages as those customers would have read them: the first, one in the middle, the last."""
    sent = sorted(found.sent, key=lambda row: (in_order(row.sent_at or ""), row.id))
    places = sorted({0, len(sent) // 2, len(sent) - 1}) if sent else []
    return [told for place in places[:SAMPLES] if (told := _sample(sent[place], words, public_url))]


def _sample(row: Imagined, words: Wording, public_url: str) -> Json | None:
    facts = row.facts
    if facts is None or facts.step is None or not row.sent_at:
        return None
    try:
        at = moment(row.sent_at)
        shown = preview.preview(words, facts.step.name, None, at, public_url, facts.order, facts.customer)
    except (preview.NoPreview, BadTemplate) as bad:
        return {"order_id": row.order_id, "channel": row.channel, "problem": str(bad)}
    customer = facts.customer.id if facts.customer else None
    return {"order_id": row.order_id, "customer_id": customer, "channel": row.channel, **preview.view(words, shown)}
