"""Listing what a shop holds, so that nothing is missed while the shop lives on between two of our questions.

WooCommerce pages by position, so whatever comes or goes moves everything behind it. Hence three rules:

1. Lists are read by id, from their end to their beginning. What vanishes (is deleted, or leaves the filter because it
   was changed) moves what we did not read yet only further into the part that we are still going to read. What is new
   has the greatest id and stands behind us.
2. What appears in the middle (a draft that becomes an order, one back from the bin) pushes what we did not read over
   the edge of what we did. So each part overlaps the one before by ten: as many may appear between two questions.
   What we read already is known by its id and not shown twice; whatever else has such an id is newer than the look.
3. After a first look at everything (or at what was changed since a moment) comes one at what was changed since that
   look began, and so on, until one fits on a single page: a single answer has no gaps. Filtered looks end a moment
   before they begin, so that what is changed meanwhile leaves them and is met in the next one.

Sorting by the time of the change would be shorter and wrong: older shops filter by GMT and sort by local time, in
which an hour comes twice each autumn. What was committed late, after we had passed, is left to the caller: a listing
has to begin some minutes before the one before it did. At the end comes the bin, with what went there meanwhile.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from chalicelib.domain.times import moment
from chalicelib.platforms.body import Node
from chalicelib.platforms.shop_api import Denied, Link, Trouble
from chalicelib.platforms.woocommerce import rest
from chalicelib.platforms.woocommerce.refusals import Strained
from chalicelib.safe_http import Unreachable

SIZE, SMALL = 100, 20
OVERLAP = 10
_SECOND = timedelta(seconds=1)
_OVER = timedelta(seconds=2)  # so long after it a second is over, and nothing else happens in it
_WAIT = 3
_MOST_LOOKS = 10  # then whatever is there was changed at a time to come, by a clock that is wrong
_FILTER_IGNORED = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class What:
    """A collection. `dated`: the time of its changes can be asked for; `fields`: all that we take from its members."""

    path: str
    fields: str
    dated: bool = True


@dataclass(frozen=True, slots=True)
class Part:
    """What one question brought. `next`, `total` and `wait` are those of a Page."""

    items: list[Node]
    asked_at: datetime
    next: str | None
    total: int | None
    wait: int


@dataclass(frozen=True, slots=True)
class _At:
    """Where a listing is: what its cursor holds. Times are WordPress's: GMT without saying so."""

    size: int
    left: int = 0  # the first so many were not read yet; 0: now comes a look at how many there are
    low: int = 0  # up to this id everything was read in the look,
    high: int = 0  # and from this one on after it
    after: str = ""  # changed then or later
    before: str = ""  # and earlier than then
    upto: str = ""  # where the next look begins
    first: str = ""  # where the first one began, for the bin
    looks: int = 0
    bin: bool = False
    total: int | None = None


def read(link: Link, what: What, since: str | None, cursor: str | None) -> Part:
    """The next part of a listing. Raises as `rest.get`, and ValueError for a cursor that is none."""
    at = _opened(cursor) if cursor else _begin(what, since)
    try:
        reply = rest.get(link, what.path, **_params(what, at))
    except (Strained, Unreachable) as slow:
        # A question that takes too long, or too large an answer, is answered in smaller parts by the same server.
        if at.size == SMALL or slow.wait:
            raise
        at = replace(at, size=SMALL)
        reply = rest.get(link, what.path, **_params(what, at))
    items = reply.many()
    _refuse_unfiltered(items, at)
    if at.total is None:
        at = replace(at, total=reply.total)
    ids = [number for item in items if (number := _id(item))]
    following, wait = (_after_part(what, at, ids), 0) if at.left else _after_look(what, at, reply, ids)
    fresh = [item for item in items if _is_new(item, at)]
    if since and not what.dated:
        fresh = [item for item in fresh if not _older(item, since, "date_created_gmt", "date_modified_gmt")]
        # Ids are given in order: what stands below a page that is older is older still.
        if at.left and items and all(_older(item, since, "date_created_gmt") for item in items):
            following = None
    cursor = json.dumps(asdict(following), separators=(",", ":")) if following else None
    return Part(fresh, reply.asked_at, cursor, at.total, wait)


def second(at: datetime) -> str:
    """The second of a moment as WordPress writes it. With an offset it would be taken for the site's local time."""
    return at.strftime("%Y-%m-%dT%H:%M:%S")


def _begin(what: What, since: str | None) -> _At:
    start = second(moment(since)) if since and what.dated else ""
    return _At(SIZE, after=start, first=start)


def _opened(cursor: str) -> _At:
    try:
        return _At(**json.loads(cursor))
    except TypeError:
        raise ValueError("this is no cursor") from None


def _params(what: What, at: _At) -> dict[str, str | int]:
    # `offset` decides; a shop that does not know it reads page by page, from the last one to the first.
    start = _start(at)
    params: dict[str, str | int] = {"per_page": at.size, "offset": start, "page": start // at.size + 1}
    params |= {"orderby": "id", "order": "asc"}
    params |= {"status": "trash" if at.bin else "any"} if what.dated else {"role": "all"}
    if at.after:  # WordPress means: later than this
        params |= {"modified_after": second(moment(at.after) - _SECOND), "dates_are_gmt": "true"}
    if at.before:
        params["modified_before"] = at.before
    return {**params, "_fields": what.fields}


def _start(at: _At) -> int:
    return max(0, at.left + OVERLAP - at.size) if at.left else 0


def _id(item: Node) -> int:
    value = item.value.get("id") if isinstance(item.value, dict) else None
    return value if isinstance(value, int) else 0


def _is_new(item: Node, at: _At) -> bool:
    number = _id(item)
    return not number or (at.low < number and (number < at.high or not at.high))


def _after_look(what: What, at: _At, reply: rest.Reply, ids: list[int]) -> tuple[_At | None, int]:
    """Where to go on after a look, and in how many seconds."""
    if reply.pages is None or reply.total is None:
        raise Trouble("the shop does not say how many pages there are")
    if reply.pages <= 1:
        return _to_the_bin(what, at), 0
    upto, last = second(reply.asked_at - _OVER), at.looks == _MOST_LOOKS
    if at.after and upto <= at.after and not last:
        return replace(at, looks=at.looks + 1), _WAIT
    walk = replace(at, left=reply.total, upto=upto, first=at.first or upto, looks=at.looks + 1)
    return replace(walk, low=max(ids, default=0), before=upto if at.after and not last else ""), 0


def _after_part(what: What, at: _At, ids: list[int]) -> _At | None:
    left = _start(at)
    if left and min(ids, default=at.low + 1) > at.low:
        return replace(at, left=left, high=min(ids, default=at.high))
    if not what.dated or at.looks > _MOST_LOOKS:
        return _to_the_bin(what, at)
    return replace(at, left=0, low=0, high=0, after=at.upto, before="", upto="")


def _to_the_bin(what: What, at: _At) -> _At | None:
    if at.bin or not what.dated or not at.first:
        return None
    return _At(at.size, after=at.first, first=at.first, bin=True, total=at.total)


def _older(item: Node, since: str, *times: str) -> bool:
    """Whether all of these times that it has are before `since`; one that has none is not old."""
    moments = [at for name in times if isinstance(at := item.at(name).value, str)]
    return bool(moments) and max(moments) < second(moment(since))


def _refuse_unfiltered(items: list[Node], at: _At) -> None:
    """Old shops do not know the filter, and show everything every time: such a listing would never end."""
    oldest = second(moment(at.after) - _FILTER_IGNORED) if at.after else ""
    changed = [item.at("date_modified_gmt").value for item in items]
    if sum(isinstance(when, str) and when < oldest for when in changed) > len(changed) / 2:
        raise Denied("too_old", "The shop cannot say what was changed lately: update WooCommerce to 5.8 or later")
