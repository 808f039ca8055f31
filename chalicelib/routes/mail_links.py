"""The two links of every mail. Whoever holds the link may use it. GET only shows, so that a scanner that follows every
link changes nothing; POST acts, also for the one click of RFC 8058."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from chalice import Blueprint, Response

from chalicelib import clock
from chalicelib.domain import wishes as domain
from chalicelib.domain.speech import Speech
from chalicelib.routes.page import FORM_TYPES, answered, form, notice, page, shop_name
from chalicelib.settings import settings
from chalicelib.work import aws, page_words, preferences, self_service, wishes
from chalicelib.work.preferences import View
from chalicelib.work.wishes import Change, Form

mail_links = Blueprint(__name__)
_MOST_WORDS = ("most_any", "most_7", "most_30")  # as WISHABLE_MOST
_Choice = dict[str, object]


@mail_links.route("/u/{token}", methods=["GET"], content_types=FORM_TYPES)
def ask_unsubscribe(token: str) -> Response:
    """Shows one button."""
    return _for("unsubscribe", token, lambda view, now: _unsubscribe_page(view, done=False))


@mail_links.route("/u/{token}", methods=["POST"], content_types=FORM_TYPES)
def unsubscribe(token: str) -> Response:
    """One click of the mail program, or the page's button."""

    def done(view: View, now: datetime) -> Response:
        channel = preferences.channel_of(view.shop, view.link.follow_up)
        preferences.unsubscribe(view, channel, now, aws.journal())
        return _unsubscribe_page(view, done=True)

    return _for("unsubscribe", token, done)


@mail_links.route("/m/{token}", methods=["GET"], content_types=FORM_TYPES)
def show_preferences(token: str) -> Response:
    """Shows what she gets."""
    return _for("preferences", token, lambda view, now: _preferences_page(view, ""))


@mail_links.route("/m/{token}", methods=["POST"], content_types=FORM_TYPES)
def change_preferences(token: str) -> Response:
    """`do`: save | pause | resume | stop | mine."""

    def changed(view: View, now: datetime) -> Response:
        sent = form(mail_links.current_request)
        did = sent.get("do", [""])[0]
        if did == "mine":
            self_service.ask(view, now, aws.outbox())
            return _preferences_page(view, "asked")
        change = _change(did, sent, view, now)
        if change is None:
            return _preferences_page(view, "")
        wishes.record(view.shop, view.link.customer, change, now, aws.journal())
        return _preferences_page(preferences.view_of(view.link, now), _DONE[did])

    return _for("preferences", token, changed)


_DONE = {"save": "saved", "pause": "paused", "resume": "resumed", "stop": "stopped"}


def _change(did: str, sent: Form, view: View, now: datetime) -> Change | None:
    if did == "save":
        return wishes.chosen(sent, view.contact, view.language, page_words.languages())
    return {"pause": wishes.pause(now), "resume": wishes.RESUME, "stop": wishes.STOP}.get(did)


def _for(purpose: str, token: str, show: Callable[[View, datetime], Response]) -> Response:
    def opened() -> Response:
        now = clock.now()
        return show(preferences.open_view(purpose, token, now, settings().master), now)

    return answered(purpose, mail_links.current_request, opened)


def _unsubscribe_page(view: View, *, done: bool) -> Response:
    words = page_words.section(view.language, "unsubscribe")
    channel = preferences.channel_of(view.shop, view.link.follow_up)
    asks = not done and view.wants(channel)
    button = None if done else words["button" if asks else "again"]
    values = {"title": words["title" if asks else "done"], "text": words[channel if asks else f"done_{channel}"]}
    return page("unsubscribe", view.language, {**values, "button": button}, shop_name(view.shop))


def _preferences_page(view: View, did: str) -> Response:
    if view.customer is None and did != "asked":
        return notice("gone", view.language, shop_name(view.shop))
    words, speech = page_words.section(view.language, "preferences"), Speech(view.language)
    paused = view.wishes.paused_until
    date = speech.date(paused, view.shop.timezone) if paused else ""
    address = preferences.masked(view.contact.reachable("email"))
    values = {
        "title": words["title"],
        "words": words,
        "said": words[did].format(date=date) if did else None,
        "address": words["address"].format(address=speech.isolate(address)) if address else None,
        "paused_until": words["paused_until"].format(date=date) if paused else None,
        "languages": page_words.names(page_words.languages()),
        "was_most": view.contact.note(domain.MOST) or "",
        "was_channel": view.wishes.channel or "",
        **_choices(view, words),
    }
    return page("preferences", view.language, values, shop_name(view.shop))


def _choices(view: View, words: dict[str, str]) -> dict[str, list[_Choice]]:
    """What can be ticked, as it stands now."""
    her, most = view.wishes, view.contact.note(domain.MOST) or ""
    prefer = [("", "channel_any"), ("email", "email"), ("sms", "sms")] if "sms" in view.channels else []
    return {
        "channels": [_choice(one, words[one], view.wants(one)) for one in view.channels],
        "topics": [_choice(one, words[f"topic_{one}"], one not in her.topics_off) for one in domain.WISHABLE_TOPICS],
        "most": [
            _choice(one, words[word], one == most) for one, word in zip(domain.WISHABLE_MOST, _MOST_WORDS, strict=True)
        ],
        "prefer": [_choice(one, words[word], one == (her.channel or "")) for one, word in prefer],
    }


def _choice(name: str, label: str, on: bool) -> _Choice:
    return {"name": name, "label": label, "on": on}
