"""Finding customers by the beginning of a name's words: one row per word and node, gone when the name is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from chalicelib.domain.people import clean_name, latin_digits
from chalicelib.table import base
from chalicelib.table.base import Row, Write

# What a new customer's name may cost; of longer names the first two words and the last one count.
MOST_WORDS = 3
LONGEST_WORD = 40
SHORTEST_WORD = 2
_JOINERS = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060"))
_WORD = re.compile(r"[^\W_]+")


class NameRow(Row, discriminator="name"):
    """`S#acme#N#sa` | `sara#c_…`: says nothing but that."""


def words(text: str) -> list[str]:
    """The words of a name as they are compared: no case, accents, joiners; one form for every Persian letter."""
    bare = "".join(ch for ch in unicodedata.normalize("NFKD", text) if not unicodedata.combining(ch))
    folded = latin_digits(clean_name(bare.translate(_JOINERS)).casefold())
    found = [word[:LONGEST_WORD] for word in _WORD.findall(folded)]
    return [word for word in found if len(word) >= SHORTEST_WORD]


def kept(name: str) -> set[str]:
    """Those words of a name that it is found by."""
    found = words(name)
    return set(found[: MOST_WORDS - 1] + found[-1:])


def changes(shop: str, node_id: str, before: str, now: str) -> list[Write]:
    """Rows to add and to drop when a node's name becomes another one."""
    old, new = kept(before), kept(now)
    added = [base.put(_row(shop, word, node_id)) for word in sorted(new - old)]
    return added + [base.remove(_row(shop, word, node_id)) for word in sorted(old - new)]


def _row(shop: str, word: str, node_id: str) -> NameRow:
    return NameRow(_pk(shop, word), f"{word}#{node_id}")


def _pk(shop: str, word: str) -> str:
    return base.partition(shop, "N", word[:SHORTEST_WORD])


def starting(shop: str, beginning: str, after: str | None = None) -> Iterator[tuple[str, str]]:
    """(row key, node id) of every name with a word that starts so, by word; `after` is the last row key seen."""
    start = f"{after}\x00" if after else beginning
    condition = NameRow.sk.between(start, f"{beginning}\U0010ffff")
    with base.reading():
        for row in NameRow.query(_pk(shop, beginning), condition):
            yield row.sk, row.sk.rpartition("#")[2]
