"""Writing a shop, and telling the door: the row in the table, then the directory that accept reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from chalicelib import directory
from chalicelib.domain.shop import Shop
from chalicelib.settings import MissingSetting
from chalicelib.table import base, shops
from chalicelib.thin import Trouble
from chalicelib.work import aws


def keep(slug: str, by: Callable[[Shop | None], Shop]) -> Shop:
    """Change the shop as it stands at the moment of writing, and publish. Returns what was written."""
    base.connect()
    written = shops.change(slug, by)
    publish(slug)
    return written


def publish(newest: str) -> None:
    """The directory of every shop. A list read a moment too early may lack the newest."""
    directory.publish(lambda: everybody(newest), aws.reach().put)


def everybody(newest: str | None = None) -> Iterable[Shop]:
    """Every shop as the table has it."""
    base.connect()
    slugs = sorted({*shops.all_slugs(), *([newest] if newest else [])})
    return [shop for shop in map(shops.get, slugs) if shop]


def nudge(slug: str, task: str, **more: Any) -> None:
    """Whoever talks to the shops should look at once. A hint: what has to be done stands in the table, and the clock
    finds it there within a minute."""
    with suppress(Trouble, MissingSetting):
        aws.reach().ask_fetch([(slug, json.dumps({"shop": slug, "task": task, **more}))])
