"""The words of the customer's own pages: a file `pages.yaml` in each language's folder.

Packaging writes `pages.json` (`compiled()`), so that nothing reads YAML in the cloud.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

HERE = Path(__file__).parents[1] / "languages"
COMPILED = HERE / "pages.json"
Section = dict[str, str]
Words = dict[str, "Section | str"]


@lru_cache(maxsize=1)
def _all() -> dict[str, Words]:
    if COMPILED.exists():
        loaded: dict[str, Words] = json.loads(COMPILED.read_text(encoding="utf-8"))
        return loaded
    return _from_yaml()


def languages() -> tuple[str, ...]:
    """Those that pages are written in: ar, de, …"""
    return tuple(sorted(_all()))


def words(language: str) -> Words:
    """Sections of words, and the language's own `name`. English for a language there is not."""
    return _all().get(language) or _all()["en"]


def section(language: str, name: str) -> Section:
    """One page's words."""
    found = words(language)[name]
    assert isinstance(found, dict)  # noqa: S101 the files are tested
    return found


def names(languages: tuple[str, ...]) -> list[dict[str, str]]:
    """What these languages call themselves, each with its code: for choosing one."""
    return [{"code": code, "name": str(words(code)["name"])} for code in languages if code in _all()]


def compiled() -> str:
    """What packaging writes to `pages.json`."""
    return json.dumps(_from_yaml(), ensure_ascii=False, sort_keys=True)


def _from_yaml() -> dict[str, Words]:
    import yaml

    paths = sorted(HERE.glob("*/pages.yaml"))
    return {path.parent.name: yaml.safe_load(path.read_text(encoding="utf-8")) for path in paths}
