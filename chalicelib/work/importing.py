"""An import: a shop's history, page by page, from its API or from a file, while its webhooks go on coming in."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from chalicelib.directory import Absent
from chalicelib.domain.sync import Sync, Turned
from chalicelib.platforms.shop_api import Denied, Page
from chalicelib.table import shops
from chalicelib.work import intake, learn_timer, sweep, sync
from chalicelib.work.talk import Talk

ROWS = 500  # of a file, in one page


def work(talk: Talk) -> None:
    """As many pages as there is time for."""
    if talk.sync.state != "running":
        talk.leave(talk.sync, None)
        return
    shops.set_importing(talk.shop.slug, True)
    source = _Source(talk)
    while talk.sync.kind:
        if not talk.time_left():
            talk.pass_on()
            return
        if wait := turn(talk, source.page(talk.sync)):
            talk.leave(talk.sync, talk.outside.now() + wait)
            return
    end(talk, talk.sync, "done")


def turn(talk: Talk, page: Page) -> timedelta | None:
    """Take one page in, and write down that it was. Returns how long to wait for the next one."""
    now = talk.outside.now()
    taken = intake.take_all(talk.shop, talk.sync.kind or "", page.events, page.unread, now, talk.outside.threads)
    if talk.sync.task == sync.IMPORT:
        taken = replace(taken, missed=0)  # history was not missed: nobody could have told us of it
    talk.keep(talk.sync.turned(Turned(_counts(taken), page.next, page.total, taken.rejected), now))
    talk.count(taken)
    return timedelta(seconds=page.wait) if page.wait else None


def end(talk: Talk, last: Sync, state: str) -> None:
    """Marketing need not wait any longer, there is more to learn from, and from where the import began, the hourly look
    goes on."""
    now = talk.outside.now()
    sweep.anew(talk.shop.slug, now)
    learn_timer.anew(talk.shop.slug, now)
    shops.set_importing(talk.shop.slug, False)
    if state == "done" and last.source == "api":
        sync.reconcile_soon(talk.shop.slug, last.began_at, now)
    talk.leave(last.ended(state, now), None)


def align(slug: str) -> None:
    """After a stop under a worker's hands: marketing waits for an import that runs, and for nothing else."""
    progress = sync.progress(slug)
    shops.set_importing(slug, bool(progress and progress["state"] == "running"))


def _counts(taken: intake.Taken) -> dict[str, int]:
    return {name: count for name, count in (*taken.outcomes.items(), ("missed", taken.missed)) if count}


class _Source:
    """Pages from the shop's API, or from a file in the bucket."""

    def __init__(self, talk: Talk) -> None:
        self._talk, self._file = talk, talk.sync.source.removeprefix(sync.CSV)
        self._is_file = talk.sync.source.startswith(sync.CSV)
        self._size = _size(talk, self._file) if self._is_file else 0
        self._reached = None if self._is_file else talk.outside.reach(talk.shop)

    def page(self, at: Sync) -> Page:
        if self._reached:
            api, link = self._reached
            page: Page = api.page(link, self._talk.shop, at.kind, at.since, at.cursor)
            return page
        from chalicelib import files  # reading files is rare, and what it needs takes a while to load

        name = self._file.rpartition("/")[2]
        return files.page(self._part, self._size, self._talk.shop, at.cursor, ROWS, known_at=at.began_at, name=name)

    def _part(self, offset: int, size: int) -> bytes:
        return self._talk.outside.file_part(self._file, offset, size)


def _size(talk: Talk, file: str) -> int:
    try:
        return talk.outside.file_size(file)
    except Absent:
        raise Denied("no_file", "the file is not there any more: it is kept for 30 days. Import it again") from None
