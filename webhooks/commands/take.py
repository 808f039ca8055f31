"""`export`: a shop's orders or customers as a CSV file."""

from __future__ import annotations

import argparse
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chalicelib import clock
from chalicelib.domain.shop import Shop
from webhooks import here
from webhooks.arguments import BadArgument
from webhooks.flags import names_shop, usual
from webhooks.show import Screen, plural

ABOUT = """Writes a shop's orders or customers to a CSV file that `import --csv` reads again, and that opens in a
spreadsheet. It holds people's addresses: keep it where nobody else reads it."""
EXAMPLE = """examples:
  .venv/bin/python -m webhooks export --shop acme --what orders --to orders.csv
  .venv/bin/python -m webhooks export --shop acme --what customers --to - | head
"""
WHAT = ("orders", "customers")


def flags(parser: argparse.ArgumentParser) -> None:
    names_shop(parser)
    parser.add_argument("--what", metavar="WHAT", required=True, help=" or ".join(WHAT))
    parser.add_argument("--to", metavar="FILE", required=True, help="a new file; - is the output")
    parser.add_argument("--force", action="store_true", help="write over a file that is there")
    usual(parser)


def run(given: dict[str, Any], screen: Screen) -> int:
    here.enter(given)
    shop = here.shop_of(given)
    if given["what"] not in WHAT:
        raise BadArgument("what", f"{given['what']} is not one of {', '.join(WHAT)}")
    if given["to"] == "-" and given["json"]:
        raise BadArgument("json", "does not go with --to -: the output is the file")
    if given["to"] == "-":
        return _piped(given, shop)
    file = _file(given)
    count = _counted(given, shop) if given["dry_run"] else _written(given, shop, file, screen)
    done = "would be written" if given["dry_run"] else "written"
    screen.mark("ok", f"{file}: {plural(count, given['what'][:-1])} {done}")
    if screen.machine:
        answer = {"shop": shop.slug, "what": given["what"], "to": str(file), "count": count}
        screen.json({**answer, **({"dry_run": True} if given["dry_run"] else {})})
    return 0


def _file(given: dict[str, Any]) -> Path:
    file = Path(given["to"])
    if file.exists() and not given["force"]:
        raise BadArgument("to", f"{file} is there already; another name, or --force")
    if not file.parent.is_dir():
        raise BadArgument("to", f"there is no folder {file.parent}")
    return file


def _counted(given: dict[str, Any], shop: Shop) -> int:
    return sum(1 for _ in _things(given, shop))


def _things(given: dict[str, Any], shop: Shop) -> Iterator[Any]:
    """Orders, or customers: one at a time."""
    from chalicelib.table import order_pages
    from chalicelib.work import read_customers

    if given["what"] == "orders":
        return order_pages.every(shop.slug, clock.now())
    return read_customers.every(shop)


def _pieces(given: dict[str, Any], shop: Shop, things: Iterator[Any]) -> Iterator[str]:
    from chalicelib.files import writing
    from chalicelib.work.read_customers import barred

    if given["what"] == "orders":
        return writing.orders(things)
    return writing.customers(line for customer in things for line in writing.told_of(customer, barred(shop, customer)))


def _written(given: dict[str, Any], shop: Shop, file: Path, screen: Screen) -> int:
    """Beside the file first, then in its place: what is there is never half a file. Others cannot read it."""
    count = 0

    def counted() -> Iterator[Any]:
        nonlocal count
        for thing in _things(given, shop):
            count += 1
            screen.bar(given["what"], count, None)
            yield thing

    part = file.with_name(file.name + ".part")
    opened = _new(part)
    try:
        with os.fdopen(opened, "w", encoding="utf-8", newline="") as stream:
            stream.writelines(_pieces(given, shop, counted()))
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    screen.bar(given["what"], count, count, last=True)
    return count


def _new(part: Path) -> int:
    """An open file of our own that nobody else can read: what lies there from a run that died goes first, and nothing
    is written through a link. Raises BadArgument."""
    try:
        left = part.lstat()
        if not stat.S_ISREG(left.st_mode) or left.st_uid != os.getuid():
            raise BadArgument("to", f"{part} is in the way, and is not ours: remove it, or use another name")
        part.unlink()
    except FileNotFoundError:
        pass
    try:
        return os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise BadArgument("to", f"{part} is being written by somebody else: use another name") from None


def _piped(given: dict[str, Any], shop: Shop) -> int:
    for piece in _pieces(given, shop, _things(given, shop)):
        sys.stdout.write(piece)
    return 0
