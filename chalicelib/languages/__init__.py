"""The languages customers are written to in: a folder each, with `words.yaml` and a file per text. The folder is the
registry.

Packaging writes `compiled/<language>.json` (`compiled()`), so that sending reads neither Markdown nor YAML.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from chalicelib.domain.text import Text

HERE = Path(__file__).parent
COMPILED = HERE / "compiled"
_NAME = re.compile(r"[a-z][a-z0-9-]{1,39}")


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """The languages there are: en, fa, …"""
    if COMPILED.is_dir():
        return tuple(sorted(path.stem for path in COMPILED.glob("*.json")))
    return tuple(sorted(path.parent.name for path in HERE.glob("*/words.yaml")))


@lru_cache(maxsize=16)
def words(language: str) -> Mapping[str, str]:
    """The words of the frame, of pages and of reasons. A list is one text with a line for each entry.

    Raises LookupError for a language there is not."""
    if language not in names():
        raise LookupError(f"there is no language {language!r}; there are {', '.join(names())}")
    told: dict[str, str] = _packed(language)["words"] if COMPILED.is_dir() else _words_file(language)
    return told


def promotion(language: str) -> tuple[str, ...]:
    """The words that promote: what no transactional text may say."""
    return tuple(words(language)["promotion"].splitlines())


@lru_cache(maxsize=256)
def text(language: str, name: str) -> Text | None:
    """A shipped text, compiled. Raises BadTemplate for a broken file, which only a source tree can hold."""
    if COMPILED.is_dir():
        told = _packed(language)["texts"].get(name) if language in names() else None
        return Text(**told) if told else None
    from chalicelib.languages.compile import compiled_text

    written = source(language, name)
    return None if written is None else compiled_text(name, language, written)


@lru_cache(maxsize=16)
def texts(language: str) -> tuple[str, ...]:
    """The names of the texts that ship in a language."""
    return tuple(sorted(path.stem for path in HERE.glob(f"{language}/*.md"))) if language in names() else ()


def source(language: str, name: str) -> str | None:
    """A shipped text as it was written: where an owner's own wording starts from."""
    if language not in names() or not _NAME.fullmatch(name):
        return None
    path = HERE / language / f"{name}.md"
    return path.read_text(encoding="utf-8") if path.exists() else None


@lru_cache(maxsize=16)
def template(name: str) -> str:
    """The source of a frame or block: `layout.html.liquid`, `coupon.text.liquid`."""
    return (HERE / name).read_text(encoding="utf-8")


def compiled(language: str) -> str:
    """What packaging writes to `compiled/<language>.json`: words and texts, checked. Raises BadTemplate."""
    found = {name: text(language, name) for name in texts(language)}
    told = {"words": dict(words(language)), "texts": {name: asdict(one) for name, one in found.items() if one}}
    return json.dumps(told, ensure_ascii=False, sort_keys=True)


@lru_cache(maxsize=16)
def _packed(language: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((COMPILED / f"{language}.json").read_text(encoding="utf-8"))
    return told


def _words_file(language: str) -> dict[str, str]:
    from chalicelib.flows.reading import read

    told = read((HERE / language / "words.yaml").read_text(encoding="utf-8"))
    return {key: "\n".join(value) if isinstance(value, list) else str(value) for key, value in told.items()}
