"""Erasures that a platform asked for: a person's, or everything that a shop told of."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from itertools import islice

from chalicelib import directory
from chalicelib.domain.times import stamp
from chalicelib.platforms.shop_api import Denied
from chalicelib.table import audit, customer_pages, shops, sync
from chalicelib.work import learn_timer, privacy
from chalicelib.work.public_keys import every_shop
from chalicelib.work.sweep import SWEEP
from chalicelib.work.sync import IMPORT, RECONCILE
from chalicelib.work.take_rights import PLATFORM
from chalicelib.work.talk import Talk

A_HANDFUL = 25
REMOVED = ("bad_key", "not_installed")


def one(talk: Talk, customer_id: str) -> None:
    """One person. A worker that dies over it is followed by another, which goes on."""
    with suppress(privacy.NoSuchCustomer):
        privacy.erase(talk.shop, customer_id, talk.outside.now(), talk.outside.put, PLATFORM)
    sync.forget(talk.shop.slug, talk.sync.task)


def whole_shop(talk: Talk) -> None:
    """Everybody, then the shop is switched off. Only for a shop that no longer lets us in: what asks for this is signed
    with a secret that all shops of an app share."""
    if _still_lets_us_in(talk):
        note = audit.Entry(stamp(talk.outside.now()), PLATFORM, "shop_erase_refused", talk.shop.slug)
        audit.note(talk.shop.slug, note)
        sync.forget(talk.shop.slug, talk.sync.task)
        return
    while people := [node for _, node in islice(customer_pages.recent(talk.shop.slug), A_HANDFUL)]:
        for customer_id in people:
            if not talk.time_left():
                talk.pass_on()
                return
            privacy.erase(talk.shop, customer_id, talk.outside.now(), talk.outside.put, PLATFORM)
    for task in (RECONCILE, IMPORT, SWEEP):
        sync.forget(talk.shop.slug, task)
    learn_timer.erase(talk.shop.slug, talk.outside.now())
    shops.set_importing(talk.shop.slug, False)
    shops.change(talk.shop.slug, lambda old: replace(old or talk.shop, state="off", access=""))
    directory.publish(every_shop, talk.outside.put)
    sync.forget(talk.shop.slug, talk.sync.task)


def _still_lets_us_in(talk: Talk) -> bool:
    """Only a shop that no longer knows our key has removed us: one that has not paid its bill, or sits behind a new
    firewall, has not. What else it answers is raised, and it is asked again."""
    if not talk.shop.access:
        return False
    try:
        api, link = talk.outside.reach(talk.shop)
        api.facts(link)
    except Denied as denied:
        if denied.code in REMOVED:
            return False
        raise
    return True
