"""The flows that ship: one folder per flow, `flow.yaml` and a template per language. The folder is the registry.

Packaging writes `compiled.json` (`compiled()`), so that nothing reads YAML in the cloud.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from chalicelib.domain.flow import BadFlow, Flow, parse

HERE = Path(__file__).parent
COMPILED = HERE / "compiled.json"


@lru_cache(maxsize=1)
def shipped() -> dict[str, Flow]:
    """Every flow that ships, by name. Raises BadFlow for a broken file."""
    return {folder: _parsed(folder, raw) for folder, raw in _raw().items()}


@lru_cache(maxsize=1)
def languages() -> tuple[str, ...]:
    """The languages the mails are written in: those the layout has words for."""
    return tuple(sorted(path.name.split(".")[1] for path in HERE.glob("layout.*.words")))


@lru_cache(maxsize=256)
def template(name: str) -> str:
    """The text of a shipped template: `come-back/fa.html.liquid`, `layout.html.liquid`."""
    return (HERE / name).read_text(encoding="utf-8")


def compiled() -> str:
    """What packaging writes to `compiled.json`: every shipped flow file, checked, as one JSON object."""
    raw = _from_yaml()
    for folder, data in raw.items():
        _parsed(folder, data)
    return json.dumps(raw, ensure_ascii=False, sort_keys=True)


def _parsed(folder: str, raw: object) -> Flow:
    flow = parse(raw)
    if flow.name != folder:
        raise BadFlow("flow", f"is {flow.name!r} in the folder {folder!r}; give both one name")
    return flow


def _raw() -> dict[str, Any]:
    if COMPILED.exists():
        loaded: dict[str, Any] = json.loads(COMPILED.read_text(encoding="utf-8"))
        return loaded
    return _from_yaml()


def _from_yaml() -> dict[str, Any]:
    import yaml

    paths = sorted(HERE.glob("*/flow.yaml"))
    return {path.parent.name: yaml.safe_load(path.read_text(encoding="utf-8")) for path in paths}
