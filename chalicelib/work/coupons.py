"""Giving a customer a coupon: never two for one follow-up, never a second one while she holds one that is good.

The row is written first, with the code that the shop will be asked for; then the shop is asked; then the row says that
it has it. Whoever dies in between is followed by another, who asks for the same code: the shop says that it is there,
and shows that it is ours. While one asks nobody else does: a shop that looks for the code before it writes it could
tell two who ask at once that it is free.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn
from zoneinfo import ZoneInfo

from chalicelib import keys, platforms, safe_http
from chalicelib.domain.coupon import Coupon, Rule, code_for
from chalicelib.domain.coupon_file import BadRule, parse
from chalicelib.domain.customer import Customer
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import in_order, moment, stamp
from chalicelib.platforms.shop_api import Denied, Trouble, Wish
from chalicelib.table import base, coupon_pools, coupons, customers
from chalicelib.table.base import Write, retried
from chalicelib.table.coupons import LIVE, MAKING, SAME, USED, CouponRow, Given
from chalicelib.table.customers import Read
from chalicelib.work.access import NotConnected
from chalicelib.work.talk import LEASE, Outside

# A coupon that she holds already is the one she gets again, if so much of its life is left.
GOOD_FOR = timedelta(days=7)
_NEWEST = 3  # of a rule's coupons that she was given: the others are used up or over
_OF_HERS = ("customer_gone", "used", "expired")  # no news for the owner


class NoCoupon(Exception):
    """There is none for her, and asking again will not help. `code` is a word: customer_gone, used, expired, no_rule,
    bad_rule, pool_empty, no_coupons, or what the shop's refusal is called; `remedy` a sentence for the owner."""

    def __init__(self, code: str, remedy: str) -> None:
        super().__init__(f"{code}: {remedy}")
        self.code, self.remedy = code, remedy


@dataclass(frozen=True, slots=True)
class _Case:
    shop: Shop
    rule: Rule
    follow_up: str
    customer_id: str
    outside: Outside


def grant(shop: Shop, rule_name: str, follow_up: str, customer_id: str, outside: Outside) -> Coupon:
    """The coupon of the rule for this follow-up and customer (a node's id), live at the shop; asked again, the same.
    Raises NoCoupon (written down where the owner sees it), and for another try later shop_api.Trouble (its `wait`),
    safe_http.Unreachable and base.Trouble."""
    try:
        case = _Case(shop, rule_of(shop, rule_name), follow_up, customer_id, outside)
        row = retried(lambda: _reserved(case))
        found = coupons.coupon(_made(case, row) if row.state == MAKING else row)
        coupons.forget_trouble(shop.slug, rule_name)
        return found
    except NoCoupon as why:
        _give_up(shop, rule_name, why, outside)
    except (NotConnected, Denied, safe_http.Refused) as denied:
        _give_up(shop, rule_name, _refusal(shop, denied), outside)


def granted(shop_slug: str, follow_up: str) -> Coupon | None:
    """What the follow-up gave, whatever became of it; None where it gave nothing that is live."""
    row = coupons.read(shop_slug, follow_up)
    if row and row.state == SAME:
        row = coupons.read(shop_slug, row.same_as)
    return coupons.coupon(row) if row and row.state in (LIVE, USED) else None


def rule_of(shop: Shop, name: str) -> Rule:
    """Raises NoCoupon."""
    if name not in shop.coupons:
        how = f"`python -m webhooks coupons --shop {shop.slug} --rule {name} --percent 10`"
        raise NoCoupon("no_rule", f"there is no coupon rule {name}: {how} makes one")
    try:
        return parse(name, shop.coupons[name])
    except BadRule as bad:
        raise NoCoupon("bad_rule", f"the coupon rule {name} cannot be used: {bad}") from None


def _give_up(shop: Shop, rule_name: str, why: NoCoupon, outside: Outside) -> NoReturn:
    if why.code not in _OF_HERS:
        coupons.note(shop.slug, rule_name, why.code, why.remedy, stamp(outside.now()))
    raise why from None


def _refusal(shop: Shop, denied: Exception) -> NoCoupon:
    if isinstance(denied, Denied):
        return NoCoupon(denied.code, denied.remedy)
    if platforms.load_api(shop.platform) is None:
        return NoCoupon("no_coupons", f"{shop.platform} shops cannot be asked for coupons: {_own_codes(shop)}")
    return NoCoupon("not_connected", getattr(denied, "remedy", str(denied)))


def _own_codes(shop: Shop) -> str:
    return f"bring codes of your own, `python -m webhooks coupons --shop {shop.slug} --pool NAME codes.csv`"


def _reserved(case: _Case) -> CouponRow:
    """Hers: live, or `making` and ours to ask for. Raises NoCoupon, Trouble, Conflict."""
    slug, now = case.shop.slug, case.outside.now()
    people = _people(case)
    own = coupons.read(slug, case.follow_up)
    if own and own.state != SAME:
        return _good(case, own, now)
    lists = [coupons.given(slug, read.node.id) for read in people]
    held = _held(case, lists, now)
    if held is None:
        return _new(case, own, people, lists, now)
    if own is None or own.same_as != held.follow_up:
        same = coupons.new(slug, case.follow_up, case.rule.name, SAME, stamp(now))
        same.same_as = held.follow_up
        base.commit([coupons.write(same, own.rev if own else None)])
    return _good(case, held, now)


def _people(case: _Case) -> list[Read]:
    """Her nodes, the one that stands for both first."""
    people = sorted(customers.read_person(case.shop.slug, case.customer_id), key=lambda read: read.node.id)
    if not people or any(read.node.erased_at for read in people):
        raise NoCoupon("customer_gone", "the customer was erased")
    return people


def _good(case: _Case, row: CouponRow, now: datetime) -> CouponRow:
    """The row, if it is of use to her."""
    if row.state == USED:
        raise NoCoupon("used", "she has used it already")
    if row.state == MAKING:
        return _claimed(case, row, now)
    if moment(row.expires_at) <= now:
        raise NoCoupon("expired", "it is over")
    return row


def _held(case: _Case, lists: list[Given], now: datetime) -> CouponRow | None:
    """The coupon of this rule that she should get again: one that is live and good for long enough, or one that was
    asked for, and nobody knows yet whether the shop has it."""
    mine = [[it for rule, it in held.entries if rule == case.rule.name][-_NEWEST:] for held in lists]
    rows = filter(None, (coupons.read(case.shop.slug, follow_up) for some in mine for follow_up in some))
    fit = [row for row in rows if row.state == MAKING or (row.state == LIVE and _lasts(row, case.rule, now))]
    return max(fit, key=lambda row: (row.state == LIVE, in_order(row.expires_at), row.follow_up), default=None)


def _lasts(row: CouponRow, rule: Rule, now: datetime) -> bool:
    return moment(row.expires_at) - now >= min(GOOD_FOR, rule.life / 2)


def _new(case: _Case, own: CouponRow | None, people: list[Read], lists: list[Given], now: datetime) -> CouponRow:
    slug, read_rev = case.shop.slug, own.rev if own else None
    row = coupons.new(slug, case.follow_up, case.rule.name, MAKING, stamp(now))
    row.customer = people[0].node.id
    writes = [coupons.give(slug, lists[0], case.rule.name, case.follow_up)]
    # Nobody was erased or linked since: whoever gives her another coupon then writes to the same list.
    writes += [customers.unchanged(slug, read) for read in people]
    _dress(case, row, now)
    if case.rule.source == "pool":
        writes += _from_pool_for(case, row, lists[0])
    else:
        key = keys.derive(case.outside.settings.master, "coupon", slug)
        row.code, row.source = code_for(key, case.rule.prefix, case.follow_up), "shop"
        row.lease_until = stamp(now + LEASE)
        writes.append(coupons.names(slug, row.code, case.follow_up))
    base.commit([coupons.write(row, read_rev), *writes])
    return row


def _claimed(case: _Case, row: CouponRow, now: datetime) -> CouponRow:
    """One that was asked for, now in our hands, and of today's worth: if the shop has it, it is made so."""
    if row.lease_until and moment(row.lease_until) > now:
        wait = (moment(row.lease_until) - now).total_seconds()
        raise Trouble("somebody else is asking the shop for this coupon", wait)
    read_rev = row.rev
    _dress(case, row, now)
    row.lease_until = stamp(now + LEASE)
    writes = _from_pool(case, row) if case.rule.source == "pool" else []
    base.commit([coupons.write(row, read_rev), *writes])
    return row


def _dress(case: _Case, row: CouponRow, now: datetime) -> None:
    row.worth = coupons.worth_of(case.rule)
    if not row.expires_at or not _lasts(row, case.rule, now):
        row.expires_at = stamp(expiry(case.shop, case.rule, now))


def expiry(shop: Shop, rule: Rule, now: datetime) -> datetime:
    """A coupon is good until the end of a day, where the shop is: people read a date, not an hour."""
    last = (now + rule.life).astimezone(ZoneInfo(shop.timezone))
    return last.replace(hour=23, minute=59, second=59, microsecond=0)


def _from_pool_for(case: _Case, row: CouponRow, held: Given) -> list[Write]:
    """The last code may have gone to herself, by another worker: then there is one for her."""
    try:
        return _from_pool(case, row)
    except NoCoupon:
        base.commit([coupons.still(case.shop.slug, held)])
        raise


def _from_pool(case: _Case, row: CouponRow) -> list[Write]:
    """Put a free code into the row, and take it out of the pool with what is returned. Raises NoCoupon."""
    slug = case.shop.slug
    while free := coupon_pools.some(slug, case.rule.name, case.follow_up):
        for code in free:
            if coupons.of_code(slug, code.code) is None:
                row.code, row.source, row.state, row.lease_until = code.code, "pool", LIVE, None
                return [coupon_pools.take(code), coupons.names(slug, code.code, row.follow_up)]
            base.commit([base.remove(code)])  # of two pools: somebody got it out of the other one
    raise NoCoupon("pool_empty", f"no code of {case.rule.name} is left: {_own_codes(case.shop)}")


def _made(case: _Case, row: CouponRow) -> CouponRow:
    """Ask the shop for it, and write down that it has it."""
    api, link = case.outside.reach(case.shop)
    make = getattr(api, "make_coupon", None)
    if make is None:
        raise Denied("no_coupons", f"{case.shop.platform} shops cannot be asked for coupons: {_own_codes(case.shop)}")
    provider_id = make(link, case.shop, _wish(case, row))
    return retried(lambda: _live(case.shop.slug, row.follow_up, provider_id))


def _wish(case: _Case, row: CouponRow) -> Wish:
    """`emails`: all that are known, the one last heard of first; she may use any of them at the till."""
    customer = customers.person(case.shop.slug, case.customer_id) or Customer(())
    known = customer.contact.emails
    emails = sorted(known, key=lambda email: (in_order(known[email]), email), reverse=True)
    title = f"eCRM {case.rule.name}"
    return Wish(coupons.coupon(row), title, row.follow_up, tuple(emails), tuple(customer.accounts))


def _live(slug: str, follow_up: str, provider_id: str) -> CouponRow:
    row = coupons.read(slug, follow_up)
    if row is None:
        raise base.Trouble("the coupon's row is gone")
    if row.state == MAKING:
        read_rev = row.rev
        row.state, row.provider_id, row.lease_until = LIVE, provider_id, None
        base.commit([coupons.write(row, read_rev)])
    return row
