"""What `doctor` looks at in a shop: does it let us in, do its webhooks stand, do its clock and ours agree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from types import ModuleType
from typing import Any

from chalicelib.domain.shop import Shop, place
from chalicelib.platforms.shop_api import Denied, Finding, Link, Trouble
from chalicelib.safe_http import Answer, Refused, Unreachable
from chalicelib.settings import Settings
from chalicelib.work import access, hooks
from webhooks.here import off
from webhooks.outcomes import anew
from webhooks.show import plural

# A shop's clock that is further off makes its "changed since" unreliable.
MOST_SKEW_SECONDS = 120


class Noting:
    """Asks as another does, and remembers the shop's clock."""

    def __init__(self, http: Any) -> None:
        self._http, self.date = http, ""

    def ask(self, method: str, url: str, **how: Any) -> Answer:
        answer: Answer = self._http.ask(method, url, **how)
        self.date = answer.headers.get("date", self.date)
        return answer


def findings(shop: Shop, settings: Settings) -> Iterator[Finding]:
    """All of them, worst things included; never raises for what the shop does."""
    if shop.state == "off":
        yield Finding("warn", "it is switched off: nothing of it is taken in, and it is not asked", str(off(shop)))
        return
    if shop.state != "on":
        on = f"`add-shop --shop {shop.slug} --platform {shop.platform} --state on`"
        yield Finding("warn", f"it is switched {shop.state}", on)
    try:
        yield from _asked(shop, settings)
    except Denied as error:
        yield Finding("fail", "the shop does not let us in", error.remedy + anew(error.code, shop.slug))
    except access.NotConnected as error:
        yield Finding("fail", "not connected yet", error.remedy)
    except Unreachable as error:
        if error.wait:
            yield Finding("warn", f"the shop is busy: {error.reason}", f"later it may work (in {error.wait:.0f} s)")
        else:
            yield Finding("fail", f"the shop does not answer: {error.reason}", "is it up? is its name spelt right?")
    except Trouble as error:
        yield Finding("fail", f"asking the shop did not work: {error.reason}", "later it may work")
    except Refused as error:
        yield Finding(
            "fail",
            str(error),
            f"we speak to public addresses only: `connect --shop {shop.slug} --url URL` names another",
        )


def _asked(shop: Shop, settings: Settings) -> Iterator[Finding]:
    from chalicelib import platforms

    if platforms.load_api(shop.platform) is None:
        yield Finding("ok", "it sends by itself and is never asked")
        return
    api, link = access.reach(shop, settings)
    noting = Noting(link.http)
    link = replace(link, http=noting)
    facts = api.facts(link)
    yield Finding("ok", f"it lets us in: {', '.join(filter(None, (facts.name, facts.version))) or link.url}")
    if shop.source_url and facts.address and place(facts.address) != place(shop.source_url):
        remedy = f"a copy? else `add-shop --shop {shop.slug} --platform {shop.platform} --source-url {facts.address}`"
        yield Finding("fail", f"it says it lives at {facts.address}, registered is {shop.source_url}", remedy)
    looked = list(api.check(link))
    yield from looked
    yield from _coupons(shop, api, link)
    yield from _webhooks(shop, api, link, settings)
    if not any("clock" in finding.what for finding in looked):
        yield from _clock(noting.date, link.now())


def _coupons(shop: Shop, api: ModuleType, link: Link) -> Iterator[Finding]:
    """Only of a shop whose owner wants coupons."""
    from chalicelib.work import coupons_used

    if not shop.coupons:
        return
    if coupons_used.made_by_shop(shop) and hasattr(api, "check_coupons"):
        yield from api.check_coupons(link)
    yield from coupons_used.findings(shop)


def _webhooks(shop: Shop, api: ModuleType, link: Link, settings: Settings) -> Iterator[Finding]:
    states = hooks.states(api, api.hooks(link, hooks.delivery_url(shop, settings)))
    wrong = {topic: state for topic, state in states.items() if state != "active"}
    if not wrong:
        yield Finding("ok", f"all {plural(len(states), 'webhook')} of ours are active")
        return
    told = ", ".join(f"{topic} is {state}" for topic, state in wrong.items())
    yield Finding("fail", told, f"`connect --shop {shop.slug}` makes them right; those that are not paused heal hourly")


def _clock(date: str, now: datetime) -> Iterator[Finding]:
    """By the Date of the shop's last answer."""
    try:
        off = (parsedate_to_datetime(date) - now).total_seconds()
    except (ValueError, TypeError):
        return
    if abs(off) <= MOST_SKEW_SECONDS:
        yield Finding("ok", "its clock agrees with ours")
    else:
        way = "ahead of" if off > 0 else "behind"
        remedy = "set the clock of the shop's server (NTP); in a local world its clock may have been moved on purpose"
        yield Finding("warn", f"its clock is {abs(off) / 60:.0f} minutes {way} ours", remedy)
