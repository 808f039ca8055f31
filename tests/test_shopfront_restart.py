"""The demo's two shops in a world that is kept: after a restart they go on where they stood, at the same hour."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chalicelib import clock
from chalicelib.domain.times import stamp
from infra.local.shopfront import past
from infra.local.shopfront.book import Book
from infra.local.shopfront.front import Front, Notice
from infra.local.shopfront.opening import Shopfronts
from infra.local.shopfront.orders import Customer, Line, Sold
from infra.local.shopfront.places import ANAR, PLACES, WREN
from infra.local.world import World

EVENING = datetime(2026, 11, 21, 20, 30, tzinfo=UTC)
NINE = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
NINA = Customer("501", "Nina", "nina@example.test", "09121234567")


def order(**changes: object) -> Sold:
    first, second = ANAR.catalogue.products[:2]
    return replace(Sold("1400", NINE, NINA, (Line(first, 2), Line(second, 1)), 75_000, True, cart="k"), **changes)


def test_what_was_written_down_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "anar.jsonl"
    assert Book(file).is_new
    assert Book(file).read(ANAR.catalogue) == ([], [])
    Book(file).write(order(), NINA)
    Book(file).write(order(sent_at=NINE + timedelta(hours=20)), replace(NINA, name="نینا"))
    assert not Book(file).is_new
    accounts, orders = Book(file).read(ANAR.catalogue)
    assert accounts == [replace(NINA, name="نینا")]
    assert orders == [order(sent_at=NINE + timedelta(hours=20))]


def test_an_order_is_read_without_what_is_sold_no_more(tmp_path: Path) -> None:
    Book(tmp_path / "book").write(order())
    _, (known,) = Book(tmp_path / "book").read(WREN.catalogue)
    assert (known.number, known.lines) == ("1400", ())


def test_a_shop_without_a_book_keeps_nothing() -> None:
    Book().write(NINA, order())
    assert Book().is_new
    assert Book().read(ANAR.catalogue) == ([], [])


def test_a_half_line_is_not_read_and_gives_way_to_the_next(tmp_path: Path) -> None:
    file = tmp_path / "book"
    Book(file).write(order())
    with file.open("ab") as lines:
        lines.write('{"id":"502","name":"نینا'.encode()[:-1])
    assert Book(file).read(ANAR.catalogue) == ([], [order()])
    Book(file).write(NINA)
    assert Book(file).read(ANAR.catalogue) == ([NINA], [order()])


def test_a_book_of_nothing_but_a_half_line_is_new(tmp_path: Path) -> None:
    (tmp_path / "book").write_text('{"id":')
    assert Book(tmp_path / "book").is_new


def test_a_name_may_hold_what_unicode_takes_for_the_end_of_a_line(tmp_path: Path) -> None:
    split = replace(NINA, name="Nina\u2028\x85Nordin")
    Book(tmp_path / "book").write(split)
    assert Book(tmp_path / "book").read(ANAR.catalogue) == ([split], [])


def test_what_was_dropped_is_new(tmp_path: Path) -> None:
    book = Book(tmp_path / "book")
    book.drop()
    book.write(NINA)
    book.drop()
    assert book.is_new
    assert book.read(ANAR.catalogue) == ([], [])


def bought(front: Front, email: str) -> Sold:
    visit = front.visits.of("")
    front.log_in(visit, "Nina", email)
    front.put(visit, front.place.window[0], 1)
    return front.sell(visit, Notice("Nina", email))


def opened(world: World, shops: Shopfronts) -> Shopfronts:
    shops.open(world, most=5)
    clock.use(world.timeline.now)
    return shops


@pytest.mark.ministack
def test_after_a_restart_the_shops_go_on_at_the_same_hour(tmp_path: Path) -> None:
    with World(tmp_path, start=EVENING, live=False) as world, Shopfronts() as shops:
        fronts = opened(world, shops).fronts
        assert NINE <= world.timeline.now() < NINE + timedelta(minutes=10), "they open in the morning"
        before = {slug: bought(front, "nina@example.test") for slug, front in fronts.items()}
        world.add_shop({"shop": "wren-marigold", "platform": "standard", "flow_off": ["replenish"]})
        world.jump(NINE + timedelta(hours=12))
        stopped, urls = world.timeline.now(), [fronts[place.slug].url for place in PLACES]
        thanked = world.store.count()
    with World(tmp_path, live=False) as world, Shopfronts() as shops:
        assert stopped <= world.timeline.now() < stopped + timedelta(minutes=1)
        fronts = opened(world, shops).fronts
        assert stopped <= world.timeline.now() < stopped + timedelta(minutes=10), "nobody moved the clock"
        world.drain()
        assert world.store.count() == thanked, "nothing is told twice"
        kept = {shop["shop"]: shop for shop in world.shops()}
        assert "replenish" not in kept["wren-marigold"]["flows_on"], "as the owner left it"
        for (slug, front), url in zip(fronts.items(), urls, strict=True):
            assert kept[slug]["origins"] == list(dict.fromkeys([front.url, url])), "where it is now comes first"
            assert len(front.orders) == 6
            again, other = bought(front, "nina@example.test"), bought(front, "olga@example.test")
            assert again.buyer.id == before[slug].buyer.id != other.buyer.id
            assert int(again.number) == int(before[slug].number) + 1
            front.move("3d")
            assert front.orders[before[slug].number].sent_at, "its parcel left"
    clock.use(None)


@pytest.mark.ministack
def test_after_a_kill_the_shops_open_anew(tmp_path: Path) -> None:
    with World(tmp_path, start=NINE, live=False) as world, Shopfronts() as shops:
        for front in opened(world, shops).fronts.values():
            bought(front, "nina@example.test")
        world._aws._process.kill()
    with World(tmp_path, live=False) as world, Shopfronts() as shops:
        assert world.shops() == [], "the emulator saves on a clean way out only"
        for slug, front in opened(world, shops).fronts.items():
            assert front.orders.keys() == {sold.number for sold in past.orders(front.place, NINE)[-5:]}
            assert "something-new" in front.wire.ask("/v1/flows/something-new")["flow"]
            kept = next(shop for shop in world.shops() if shop["shop"] == slug)
            assert kept["origins"] == [front.url]
        told = list(world.rows("order", ("pk",)))
        assert len(told) == 10, "the past is told again"
        assert world.dead() == {}
    clock.use(None)


@pytest.mark.ministack
def test_an_opening_that_was_broken_off_is_begun_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyboardInterrupt

    with World(tmp_path, start=NINE, live=False) as world:
        with monkeypatch.context() as out, Shopfronts() as shops:
            out.setattr(Front, "remember", broken)
            with pytest.raises(KeyboardInterrupt):
                shops.open(world, most=5)
        with Shopfronts() as shops:
            assert opened(world, shops).fronts["wren-marigold"].orders.keys() == {
                sold.number for sold in past.orders(WREN, NINE)[-5:]
            }
            assert world.dead() == {}
            assert stamp(world.timeline.now())[:10] == "2026-11-22"
    clock.use(None)
