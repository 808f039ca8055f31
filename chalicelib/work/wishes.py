"""What she changes on her preference page: consents and wishes, in the journal first, then on her profile."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from chalicelib.domain import wishes
from chalicelib.domain.customer import Contact, Node, said
from chalicelib.domain.order import Consent
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.domain.wishes import CHANNEL, LANGUAGE, MOST, PAUSE, TOPIC
from chalicelib.table import base
from chalicelib.table.base import retried
from chalicelib.work.nodes import Nodes

Form = Mapping[str, list[str]]
WriteJournal = Callable[[str, bytes], None]


@dataclass(frozen=True, slots=True)
class Change:
    """`consents`: channel -> subscribed | unsubscribed. `notes`: what else she said (`domain.wishes`)."""

    consents: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.consents or self.notes)

    @property
    def noes(self) -> Change:
        """What of it ends a consent."""
        return Change({channel: state for channel, state in self.consents.items() if state == "unsubscribed"})


STOP = Change({"email": "unsubscribed", "sms": "unsubscribed"}, {TOPIC + "reviews": "off"})
RESUME = Change(notes={PAUSE: ""})


def pause(now: datetime) -> Change:
    return Change(notes={PAUSE: stamp(now + wishes.PAUSE_LIFE)})


def chosen(form: Form, contact: Contact, language: str, languages: tuple[str, ...]) -> Change:
    """What the saved form changes. Only what differs from what the page showed: an old page that is saved must not
    take back what she said since, nor make a consent of what she never touched. `language`: the page's."""
    notes: dict[str, str] = {}
    if _one(form, "language") in languages and _is_news(form, "language") and _one(form, "language") != language:
        notes[LANGUAGE] = _one(form, "language")
    if _one(form, "channel") in ("", *wishes.WISHABLE_CHANNELS) and _is_news(form, "channel"):
        notes[CHANNEL] = _one(form, "channel")
    if _one(form, "most") in wishes.WISHABLE_MOST and _is_news(form, "most"):
        notes[MOST] = _one(form, "most")
    notes |= {TOPIC + topic: state for topic, state in _ticked(form, "topic", wishes.WISHABLE_TOPICS, "on", "off")}
    consents = dict(_ticked(form, "may", wishes.WISHABLE_CHANNELS, "subscribed", "unsubscribed"))
    return Change(consents, {key: value for key, value in notes.items() if value != (contact.note(key) or "")})


def _one(form: Form, name: str) -> str:
    return form.get(name, [""])[0]


def _is_news(form: Form, name: str) -> bool:
    """Whether something was chosen that is not what the page showed, as `was_<name>` says."""
    return name in form and form[name][:1] != form.get(f"was_{name}")


def _ticked(form: Form, name: str, known: tuple[str, ...], yes: str, no: str) -> list[tuple[str, str]]:
    """Boxes that no longer are as they were shown: `was_<name>` lists those shown, as `email:on`."""
    ticked, shown = set(form.get(name, [])), set(form.get(f"was_{name}", []))
    return [
        (one, yes if one in ticked else no)
        for one in known
        if f"{one}:{'off' if one in ticked else 'on'}" in shown  # an unticked box sends nothing
    ]


def record(shop: Shop, node_id: str, change: Change, now: datetime, journal: WriteJournal) -> str:
    """Her own word, from now on, in the journal first: a restored table must not write to her again. Of somebody erased
    nothing is kept, so nothing is written. Returns stored | ignored."""
    if not change:
        return "ignored"
    note = {"what": "wishes", "shop": shop.slug, "customer_id": node_id, "at": stamp(now)}
    key = f"journal/{shop.slug}/{stamp(now)[:10]}/{stamp(now)}-wishes-{node_id}.json"
    told = {**note, "consents": change.consents, "notes": change.notes}
    journal(key, json.dumps(told, sort_keys=True).encode())
    return retried(lambda: _record(shop, node_id, change, now))


def _record(shop: Shop, node_id: str, change: Change, now: datetime) -> str:
    nodes = Nodes(shop)
    node = nodes[node_id]
    if node.erased_at or not node.key:
        return "ignored"
    nodes.change(node_id, lambda node: _changed(node, change, now))
    if node.linked and change.noes:
        # A no must stay with her address, should the account that it was said for part from it one day.
        nodes.change(node.linked, lambda node: _changed(node, change.noes, now))
    base.commit(nodes.writes())
    return "stored"


def _changed(node: Node, change: Change, now: datetime) -> Node:
    contact = node.contact.noted(stamp(now), change.notes)
    for channel, state in change.consents.items():
        contact = contact.join(said(Consent(channel, state, "link", stamp(now))))
    return replace(node, contact=contact)
