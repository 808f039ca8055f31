"""`make package`: Chalice's artifact and template, with what Chalice does not make, into build/.

`template.json` holds the resources; `doors.json` what is added to the functions that Chalice makes.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "arm64": "arm64", "aarch64": "arm64"}


def merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Both, objects within objects; where both say something else, `other` does."""
    result = dict(one)
    for key, value in other.items():
        both = isinstance(value, dict) and isinstance(one.get(key), dict)
        result[key] = merged(one[key], value) if both else value
    return result


def additions() -> dict[str, Any]:
    """What is merged into Chalice's template."""
    texts = [json.loads((ROOT / "infra" / name).read_text()) for name in ("template.json", "doors.json")]
    return merged(*texts)


def package(build: Path, arch: str, stage: str = "prod") -> Path:
    """Fill `build` for machines of `arch`. Returns the template's path."""
    shutil.rmtree(build, ignore_errors=True)
    project = build / "project"
    _copy(project, ARCHITECTURES[arch])
    (project / "additions.json").write_text(json.dumps(additions()))
    chalice = Path(sys.executable).with_name("chalice")
    asked = ["package", "--stage", stage, "--merge-template", "additions.json", str(build)]
    # Chalice wants a region and no credentials; the template names neither.
    environment = {**os.environ, "AWS_DEFAULT_REGION": "us-east-1"}
    subprocess.run([chalice, *asked], check=True, env=environment, cwd=project)  # noqa: S603
    shutil.rmtree(project)
    return build / "sam.json"


def _copy(project: Path, architecture: str) -> None:
    """What Chalice packs, told which machines it is for: it has no option for that."""
    project.mkdir(parents=True)
    for name in ("app.py", "requirements.txt"):
        shutil.copy(ROOT / name, project)
    for name in ("chalicelib", ".chalice", "infra/iam"):
        shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__", "deploy*"))
    config = project / ".chalice" / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "lambda_architecture": architecture}))


def main(words: list[str]) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.package")
    parser.add_argument("--arch", choices=sorted(ARCHITECTURES), default=os.uname().machine)
    print(package(ROOT / "build" / "app", parser.parse_args(words).arch).relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
