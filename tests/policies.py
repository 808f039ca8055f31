"""Parliament, which knows every action of AWS and the resources and conditions that each of them takes.

It asks setuptools' `pkg_resources` for the paths of its own files; that module is gone from setuptools.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType


def _filename(package: str, name: str) -> str:
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin
    return str(Path(spec.origin).parent / name)


if "pkg_resources" not in sys.modules:
    stand_in = ModuleType("pkg_resources")
    stand_in.resource_filename = _filename  # type: ignore[attr-defined]
    sys.modules["pkg_resources"] = stand_in
    try:
        import parliament
    finally:
        del sys.modules["pkg_resources"]
else:
    import parliament


def complaints(policy: str) -> list[tuple[str, object]]:
    """What parliament finds wrong with a policy document."""
    return [(one.issue, one.detail) for one in parliament.analyze_policy_string(policy).findings]
