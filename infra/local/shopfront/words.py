"""What a shop's pages say, in its language."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("words.yaml")


@cache
def _all() -> dict[str, dict[str, Any]]:
    return dict(yaml.safe_load(FILE.read_text("utf-8")))


def words(language: str) -> dict[str, Any]:
    """Every text of a language by its name; some hold `{…}` to be filled in."""
    return _all()[language]
