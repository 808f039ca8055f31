"""What a night's run does, one stage after the other: who is one person, month by month the orders, part by part what
they tell, the rows of products, the model; then the products that only the orders know."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.domain import dates
from chalicelib.domain.ledger import Ledger
from chalicelib.table import learnt, order_pages, sync
from chalicelib.work import learn_catalogue, learn_model, learn_products, learn_reading
from chalicelib.work.learn_run import STEP_SECONDS, Run, TimeIsUp
from chalicelib.work.learn_timer import ERASING, LEARN

PRODUCTS, MODEL, CATALOGUE = "products", "model", "catalogue"
# To be raised with every change of what pieces in the bucket look like: a run under other pieces is begun anew.
FORMAT = "3"
# Months before the oldest that is known: only a history that comes in lies further back, and then all are looked at.
NIGHTLY_EMPTY = 3
STAGES = (*learn_model.PARTS, PRODUCTS, MODEL, CATALOGUE)
# A million orders take half a minute to load, and some minutes where a part tries many rules on them.
ORDERS_A_SECOND, MOST_SECONDS = 2_500, 600


def go_on(run: Run) -> None:
    """As much of it as there is time for. Raises Conflict, Trouble."""
    try:
        if run.sync.state == ERASING:
            _erase(run)
        else:
            _learn(run)
    except TimeIsUp:
        run.pass_on()
    except learn_reading.PieceLost:  # a run that lay for days: its pieces are gone
        run.leave(replace(run.sync, state="waiting", kinds=(), cursor=None), run.outside.now())


def _learn(run: Run) -> None:
    if run.sync.state != "running" or run.report.get("format") != FORMAT:
        _begin(run)
    _through(run)
    _finish(run)


def _begin(run: Run) -> None:
    now = run.outside.now()
    known = run.report.get("oldest")
    months = order_pages.months(run.shop.slug, now, NIGHTLY_EMPTY if known else order_pages.EMPTY_MONTHS, known)
    _discard(run)
    fresh = run.sync.begun((learn_reading.PEOPLE, *months, *STAGES), None, now)
    generation = f"{str(fresh.began_at)[:19].replace(':', '')}-{run.held.rev}"
    oldest = months[0] if months else None
    run.keep(
        replace(
            fresh,
            report={"generation": generation, "format": FORMAT, "people": 0, "orders": 0, "oldest": oldest},
        )
    )


def _through(run: Run) -> None:
    history: Ledger | None = None
    while kind := run.sync.kind:
        if kind == learn_reading.PEOPLE:
            learn_reading.read_people(run)
        elif learn_reading.is_month(kind):
            learn_reading.read_orders(run)
        else:
            run.need(STEP_SECONDS if history is not None and kind in (MODEL, CATALOGUE) else _seconds(run))
            if history is None and kind != CATALOGUE:
                history = learn_reading.ledger(run, learn_model.MOST_ORDERS)
            _stage(run, kind, history or Ledger())


def _seconds(run: Run) -> float:
    """What loading all orders and learning one part of them may take."""
    taken = run.sync.counts.get("orders", {}).get("taken", 0)
    return min(STEP_SECONDS + taken / ORDERS_A_SECOND, MOST_SECONDS)


def _stage(run: Run, kind: str, history: Ledger) -> None:
    if kind == PRODUCTS:
        learn_products.write(run, history)
    elif kind == CATALOGUE:
        learn_catalogue.write(run)
    else:
        if kind == MODEL:
            learn_model.publish(run, history)
        else:
            learn_model.learn_part(run, kind, history)
        run.advance(run.sync.kinds[1:], None)


def _finish(run: Run) -> None:
    now = run.outside.now()
    _discard(run)
    night = dates.next_night(run.shop.slug, run.shop.timezone, now)
    report = {name: value for name, value in run.report.items() if name in ("oldest", "listed")}
    run.leave(replace(run.sync.ended("waiting", now), report=report), night)


def _discard(run: Run) -> None:
    """Everything that this run, or one before it, put into the bucket."""
    if "generation" in run.report:
        for name in learn_reading.pieces(run, tuple(learn_model.PARTS)):
            run.outside.forget(run.key(name))


def _erase(run: Run) -> None:
    """The shop asked to be forgotten."""
    _discard(run)
    learn_products.erase(_named(run))
    learnt.forget_model(run.shop.slug)
    sync.forget(run.shop.slug, LEARN)


def _named(run: Run) -> Run:
    """A run that never began has no generation yet."""
    if "generation" not in run.report:
        run.keep(replace(run.sync, report={**run.report, "generation": "none", "people": 0, "orders": 0}))
    return run
