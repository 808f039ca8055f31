"""What was learnt of each product goes into its row: some products at a time, and only what is new."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice

from chalicelib.domain.ledger import Ledger
from chalicelib.domain.rules import DEFAULT
from chalicelib.domain.together import Pick, together
from chalicelib.table import learnt
from chalicelib.table.learnt import Rec
from chalicelib.work import learn_book
from chalicelib.work.learn_model import GAPS, RULE, learnt_part
from chalicelib.work.learn_run import STEP_SECONDS, Run

CHUNK = 500  # products, at least:
MOST_CHUNKS = 100  # with each the book is put, and the book names them all
# The table answers in milliseconds: side by side a hundred thousand rows take minutes instead of half an hour.
THREADS = 8


def write(run: Run, ledger: Ledger) -> None:
    """All products from the cursor on, then those go of which nothing is told any more. Raises TimeIsUp, Conflict,
    Trouble."""
    book = learn_book.load(run)
    start = int(run.sync.cursor or 0)
    for last, recs in _chunks(run, ledger, start):
        run.need(STEP_SECONDS)
        changed = book.changed(recs)
        run.keep(run.sync)  # who is not at it any more must not write
        if changed:
            learn_book.put(run, book)
        _each(run.shop.slug, changed.items())
        book.wrote(changed)
        counts = {"read": len(recs), "listed": sum(map(bool, recs.values())), "written": len(changed)}
        if not changed:
            learn_book.put(run, book)
        run.advance(run.sync.kinds, str(last), "products", counts)
    _drop_left(run, book)


def _chunks(run: Run, ledger: Ledger, start: int) -> Iterator[tuple[int, dict[str, Rec]]]:
    """(number of the next product, what was learnt of some), product by product."""
    texts, rule, facts = ledger.products.texts, _rule(run), _facts(run)
    lists = together(ledger, rule, range(start, len(texts)))
    pending = next(lists, None)
    chunk = max(CHUNK, len(texts) // MOST_CHUNKS)
    for begin in range(start, len(texts), chunk):
        some: dict[str, Rec] = {}
        for text in texts[begin : begin + chunk]:
            picks: list[Pick] = []
            if pending and pending[0] == text:
                picks, pending = pending[1], next(lists, None)
            some[text] = replace(facts.get(text, Rec()), together=tuple(picks))
        yield min(begin + chunk, len(texts)), some


def _rule(run: Run) -> str:
    told = learnt_part(run, RULE).get("learnt") or {}
    return str((told.get("rule") or {}).get("name") or DEFAULT)


def _facts(run: Run) -> dict[str, Rec]:
    """Which products are bought again, and after how many days."""
    told = learnt_part(run, RULE).get("learnt") or {}
    found = {product: Rec(consumable=True) for product in told.get("consumables", ())}
    gaps = learnt_part(run, GAPS).get("learnt") or {"products": {}}
    for product, days in gaps["products"].items():
        found[product] = replace(found.get(product, Rec()), gap_days=days)
    return found


def _each(shop: str, rows: Iterable[tuple[str, Rec]]) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda row: learnt.put_rec(shop, *row), rows))


def _drop_left(run: Run, book: learn_book.Book) -> None:
    left = iter(book.left())
    count = 0
    while some := list(islice(left, CHUNK)):
        run.need(STEP_SECONDS)
        run.keep(run.sync)
        _each(run.shop.slug, ((product, Rec()) for product in some))
        book.drop(some)
        count += len(some)
    learn_book.put(run, book)
    report = {**run.report, "listed": len(book.written)}
    run.advance(run.sync.kinds[1:], None, "products", {"gone": count}, report)


def erase(run: Run) -> None:
    """All rows of products go. Raises TimeIsUp, Trouble."""
    book = learn_book.load(run)
    left, chunk = iter(sorted(book.written)), max(CHUNK, len(book.written) // MOST_CHUNKS)
    while some := list(islice(left, chunk)):
        run.need(STEP_SECONDS)
        _each(run.shop.slug, ((product, Rec()) for product in some))
        book.drop(some)
        learn_book.put(run, book)
        run.advance(run.sync.kinds, run.sync.cursor)
    run.outside.forget(learn_book.key(run.shop.slug))
