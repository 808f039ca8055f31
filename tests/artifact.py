"""What `make package` makes, made once for all tests of a run, and unpacked."""

from __future__ import annotations

import fcntl
import json
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra import package

ROOT = Path(__file__).resolve().parents[1]
STAGE = "dev"


@dataclass(frozen=True)
class Artifact:
    """A filled build folder for this machine; `app` and `accept` are the unpacked zips."""

    build: Path

    @property
    def app(self) -> Path:
        return self.build / "app"

    @property
    def accept(self) -> Path:
        return self.build / "accept"

    def json(self, name: str) -> dict[str, Any]:
        """`template`, `stack` or `package`."""
        told: dict[str, Any] = json.loads((self.build / f"{name}.json").read_text())
        return told


def make(build: Path) -> Artifact:
    """Package for this machine; what pip installs is kept in the project's own build folder."""
    package.package(build, os.uname().machine, STAGE, ROOT / "build")
    for name in ("accept", "app"):
        with zipfile.ZipFile(build / f"{name}.zip") as archive:
            archive.extractall(build / name)
    return Artifact(build)


@pytest.fixture(scope="session")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """Whichever worker comes first makes it."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "artifact"
    with (shared.parent / "artifact.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return Artifact(shared) if (shared / "app").exists() else make(shared)
