"""A CSV file of the owner's: read here to see what is wrong with it, or put where the import finds it."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from chalicelib.domain.shop import Shop
from chalicelib.settings import Settings
from webhooks.arguments import BadArgument
from webhooks.here import aws_client
from webhooks.show import Screen, plural

_CHUNK = 1 << 20
ROWS = 500
MOST_KEPT = 1000


def source_of(path: str, shop: Shop) -> str:
    """What an import of this file is called: by the hash of its bytes, so that the same file twice is one, and by its
    own name, which may say what it holds. Raises BadArgument, and Denied for a file that is of no use."""
    file = _file(path)
    _first_page(file, shop)
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", file.name)[-80:]
    return f"csv:imports/{shop.slug}/{digest.hexdigest()}/{name}"


def upload(path: str, source: str, settings: Settings, screen: Screen) -> None:
    """Put the file into the bucket, where the import from `source` finds it."""
    file = _file(path)
    size, sent = file.stat().st_size, 0

    def moved(count: int) -> None:
        nonlocal sent
        sent += count
        screen.bar("uploaded", sent, size, last=sent >= size)

    aws_client("s3", settings).upload_file(str(file), settings.bucket, source.removeprefix("csv:"), Callback=moved)


def _first_page(file: Path, shop: Shop) -> None:
    """Raises Denied for a file that is of no use as a whole: it need not be sent to find that out."""
    from chalicelib import files

    with file.open("rb") as stream:
        files.page(_parts(stream), file.stat().st_size, shop, None, 1, name=file.name)


def rehearse(path: str, shop: Shop, screen: Screen) -> int:
    """Read the whole file as the import would, write nothing, and list what it would reject. Memory does not grow
    with the file."""
    from webhooks.commands.bring import rejected

    counts, refused, lines = _read(_file(path), shop, screen)
    told = ", ".join(f"{count:,} {kind}" for kind, count in sorted(counts.items())) or "nothing"
    screen.mark("ok", f"the file would bring {told}")
    if refused:
        screen.mark("warn", f"{plural(refused, 'line')} would be rejected:")
        rejected(lines, screen)
    screen.say("Nothing was changed (--dry-run).")
    if screen.machine:
        found = {"shop": shop.slug, "would_bring": dict(counts), "rejected": refused, "lines": lines, "dry_run": True}
        screen.json(found)
    return 0


def _read(file: Path, shop: Shop, screen: Screen) -> tuple[Counter[str], int, list[dict[str, Any]]]:
    from chalicelib import files

    size, cursor = file.stat().st_size, None
    counts: Counter[str] = Counter()
    refused, lines = 0, []
    with file.open("rb") as stream:
        while True:
            page = files.page(_parts(stream), size, shop, cursor, ROWS, name=file.name)
            counts.update(_KINDS.get(type(event).__name__, "others") for event in page.events)
            refused += len(page.unread)
            lines += [_line(one) for one in page.unread[: max(0, MOST_KEPT - len(lines))]]
            screen.bar("read", files.position(page.next) if page.next else size, size, last=page.next is None)
            if page.next is None:
                return counts, refused, lines
            cursor = page.next


def _parts(stream: BinaryIO) -> Callable[[int, int], bytes]:
    def part(offset: int, count: int) -> bytes:
        stream.seek(offset)
        return stream.read(count)

    return part


_KINDS = {"OrderSeen": "orders", "AccountSeen": "customers", "ConsentGiven": "consents", "ProductSeen": "products"}


def _line(one: Any) -> dict[str, Any]:
    return {"kind": one.kind, "id": one.id, "field": one.field, "reason": one.reason}


def _file(path: str) -> Path:
    file = Path(path)
    if not file.is_file():
        raise BadArgument("csv", f"{path} is not a file here")
    if file.stat().st_size == 0:
        raise BadArgument("csv", f"{path} is empty")
    return file
