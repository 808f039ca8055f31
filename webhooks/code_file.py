"""A file of coupon codes, one a line: the first column of a CSV, with or without a heading."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from webhooks.arguments import BadArgument

MOST = 50_000
_LARGEST = 5_000_000  # bytes
_CODE = re.compile(r"[^\s,;\"'<>]{3,64}")
_HEADINGS = ("code", "codes", "coupon", "coupon code", "discount code", "voucher")


def codes(path: str) -> list[str]:
    """Each code once, in the order of the file. Raises BadArgument naming the line."""
    found: dict[str, str] = {}
    for number, row in enumerate(csv.reader(_text(path).splitlines()), 1):
        code = row[0].strip() if row else ""
        if not code or (number == 1 and code.lower() in _HEADINGS):
            continue
        if not _CODE.fullmatch(code) or not code.isprintable():
            raise BadArgument("pool", f"line {number} is no code: 3 to 64 letters, digits or signs without spaces")
        found.setdefault(code.upper(), code)
    if not 0 < len(found) <= MOST:
        raise BadArgument("pool", f"the file has {len(found):,} codes: it may have 1 to {MOST:,}")
    return list(found.values())


def _text(path: str) -> str:
    try:
        file = Path(path)
        if file.stat().st_size > _LARGEST:
            raise BadArgument("pool", f"{path} is too large: at most {MOST:,} codes, one a line")
        return file.read_text("utf-8-sig")
    except FileNotFoundError:
        raise BadArgument("pool", f"there is no file {path}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadArgument("pool", f"{path} cannot be read as text ({type(error).__name__})") from None
