"""What each dependency costs: its share of the zip, compressed, and of the API's start."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
import zipfile
from collections import Counter
from pathlib import Path
from statistics import median
from typing import Any

from tests.artifact import make
from tests.small_lambda import PYTHON

ROUNDS = 5
_LINE = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)")
# everything that some function loads
LOADED = (
    "app",
    *(f"chalicelib.functions.{name}" for name in ("ingest", "send", "feedback", "fetch", "learn", "events", "tick")),
)


def run() -> dict[str, Any]:
    """`kb`: in the zip, compressed. `import_ms`: what importing all of its modules takes, each counted by itself."""
    with tempfile.TemporaryDirectory(prefix="ecrm-bench-") as folder:
        artifact = make(Path(folder) / "build")
        sizes = _sizes(artifact.build / "app.zip")
        times = [_times(artifact.app) for _ in range(ROUNDS)]
    names = sorted(sizes, key=lambda name: -sizes[name])
    return {
        name: {
            "kb": round(sizes[name] / 1e3, 1),
            "import_ms": round(median(one.get(name, 0) for one in times) / 1e3, 1),
        }
        for name in names
        if sizes[name] > 20_000
    }


def _sizes(zipped: Path) -> Counter[str]:
    found: Counter[str] = Counter()
    with zipfile.ZipFile(zipped) as archive:
        for entry in archive.infolist():
            found[entry.filename.split("/")[0].removesuffix(".py")] += entry.compress_size
    return found


def _times(code: Path) -> Counter[str]:
    """Microseconds by package."""
    ask = [PYTHON, "-X", "importtime", "-c", f"import {', '.join(LOADED)}"]
    environment = {"PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1", "AWS_DEFAULT_REGION": "us-east-1"}
    done = subprocess.run(ask, cwd=code, env=environment, capture_output=True, text=True, check=True)
    found: Counter[str] = Counter()
    for took, module in _LINE.findall(done.stderr):
        found[module.split(".")[0]] += int(took)
    return found


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
