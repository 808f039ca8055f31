"""What goes into the zips: the app with its dependencies for one kind of machine, and the few files that accept needs.

Dependencies are installed by their hashes and kept per lock and machine: packing again costs no download.
"""

from __future__ import annotations

import ast
import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

# Lambda's Python 3.11 stands on Amazon Linux 2, glibc 2.26: what was built for newer ones does not load there.
_PLATFORMS = ("manylinux2014", *(f"manylinux_2_{minor}" for minor in range(17, 27)))
_MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}


def dependencies(lock: Path, architecture: str, kept: Path) -> Path:
    """A folder with everything that `lock` pins, for Lambda's `x86_64` or `arm64`. Raises CalledProcessError."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    named = hashlib.sha256(lock.read_bytes() + f"{architecture}{python}".encode()).hexdigest()[:16]
    folder = kept / f"{architecture}-{named}"
    if not folder.exists():
        kept.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept) as fetching:
            subprocess.run(_install(lock, architecture, python, Path(fetching, "all")), check=True)  # noqa: S603
            # somebody else may have been faster
            with suppress(OSError):
                Path(fetching, "all").rename(folder)
    return folder


def _install(lock: Path, architecture: str, python: str, target: Path) -> list[str | Path]:
    platforms = [word for name in _PLATFORMS for word in ("--platform", f"{name}_{_MACHINES[architecture]}")]
    how = ["--require-hashes", "--only-binary=:all:", "--no-deps", "--no-compile", "--implementation", "cp"]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    return [*pip, *how, "--python-version", python, *platforms, "--target", target, "-r", lock]


def accept_files(project: Path) -> list[Path]:
    """The modules that `chalicelib/accept.py` can ever import, all of them ours, relative to `project`."""
    # Which platform it is stands in the address: these are imported by name, out of their folders.
    platforms = [
        file for name in ("signature", "__init__") for file in project.glob(f"chalicelib/platforms/*/{name}.py")
    ]
    found: set[Path] = set()
    left = [project / "chalicelib" / "accept.py", *platforms]
    while left:
        file = left.pop()
        if file not in found:
            found |= {file}
            left += [known for name in _imported(file) for known in _files(project, name)]
    return sorted(file.relative_to(project) for file in found)


def _imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _files(project: Path, module: str) -> Iterator[Path]:
    """The files behind a module's name: every package on the way, and the module; nothing for others' modules."""
    parts = module.split(".")
    for count in range(1, len(parts) + 1):
        path = project.joinpath(*parts[:count])
        yield from (one for one in (path / "__init__.py", path.with_suffix(".py")) if one.exists())
