"""`make bench`: runs every `bench_*.py`, shows a table, writes `build/bench.json`.

Read ratios, not absolutes: each file measures its own floor in the same run, on whatever machine this is.
"""

from __future__ import annotations

import json
import platform
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULT = Path("build/bench.json")


def main() -> int:
    results: dict[str, Any] = {"python": platform.python_version(), "machine": platform.machine()}
    for path in sorted(HERE.glob("bench_*.py")):
        name = path.stem.removeprefix("bench_")
        print(f"{name} …", file=sys.stderr, flush=True)
        results[name] = import_module(f"tests.bench.{path.stem}").run()
        show(name, results[name])
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(results, indent=2, sort_keys=True) + "\n")
    print(f"written to {RESULT}", file=sys.stderr)
    return 0


def show(name: str, figures: dict[str, Any], indent: str = "") -> None:
    """A line per figure, groups indented."""
    print(f"{indent}{name}")
    for key, value in figures.items():
        if isinstance(value, dict):
            show(key, value, indent + "  ")
        else:
            shown = f"{value:.3f}" if isinstance(value, float) else json.dumps(value)
            print(f"{indent}  {key:<44}{shown:>12}")


if __name__ == "__main__":
    sys.exit(main())
