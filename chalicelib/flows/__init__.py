"""The flows that ship: one folder per flow with its `flow.yaml`. The folder is the registry; the words that flows say
are in `languages`.

Packaging writes `compiled.json` (`compiled()`), so that nothing reads YAML in the cloud.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from chalicelib.domain.flow import Flow
from chalicelib.domain.flow_file import BadFlow, parse

HERE = Path(__file__).parent
COMPILED = HERE / "compiled.json"


@lru_cache(maxsize=1)
def shipped() -> dict[str, Flow]:
    """Every flow that ships, by name. Raises BadFlow for a broken file."""
    return {folder: _parsed(folder, raw) for folder, raw in _raw().items()}


def parse_text(text: str | bytes) -> Flow:
    """The flow that a file's text describes. Raises BadFlow with the line, the field and the remedy."""
    from chalicelib.flows import reading

    data, lines = reading.located(text)
    try:
        return parse(data)
    except BadFlow as bad:
        raise BadFlow(bad.field, bad.reason, reading.line_of(lines, bad.field)) from None


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
    from chalicelib.flows import reading

    return {path.parent.name: reading.read(path.read_bytes()) for path in sorted(HERE.glob("*/flow.yaml"))}
