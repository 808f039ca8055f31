"""What of the dependencies stays out of the zip: what nothing of ours ever loads. The packaged tests notice a mistake.

Each entry says why. Sizes are in docs/decisions.md.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Collection, Iterable
from pathlib import Path, PurePosixPath
from typing import Any

# AWS services that code in the zip calls through botocore, and the operations it calls.
OPERATIONS = {
    "dynamodb": {
        "BatchGetItem", "DeleteItem", "GetItem", "PutItem", "Query", "TransactGetItems", "TransactWriteItems",
        "UpdateItem",
    },
    "sesv2": {"SendEmail"},
}  # fmt: skip
_ENDPOINTS = {"dynamodb", "email"}  # what botocore calls the addresses of these services
_PACKAGES = {
    "_distutils_hack": "setuptools",
    "_yaml": "the parser in C: owners' files are small",
    "bin": "commands",
    "blessed": "Chalice's command line",
    "boto3": "botocore is enough",
    "click": "Chalice's command line",
    "dns": "addresses are checked for form, never looked up",
    "editor": "Chalice's command line",
    "inquirer": "Chalice's command line",
    "jinxed": "Chalice's command line",
    "packaging": "Chalice's command line",
    "pip": "Chalice's command line",
    "pkg_resources": "setuptools",
    "readchar": "Chalice's command line",
    "runs": "Chalice's command line",
    "s3transfer": "boto3",
    "setuptools": "Chalice's command line",
    "wcwidth": "Chalice's command line",
    "wheel": "Chalice's command line",
    "xmod": "Chalice's command line",
}
_PATHS = (
    "phonenumbers/carrierdata/*",  # whose number it is, and where: nobody asks
    "phonenumbers/geodata/*",
    "phonenumbers/tzdata/*",
    "phonenumbers/shortdata/region_*",
    "markdown_it/cli/*",  # commands
    "markdown_it/port.yaml",  # notes to its authors
    "yaml/_yaml*",  # the parser in C
    "*.pth",
)
# Folders with all that is in them: of powertools, logs are used and what logging loads.
_POWERTOOLS = (
    "batch circuit_breaker data_classes data_masking feature_flags idempotency kafka parameters parser streaming"
)
_TREES = (
    "aws_lambda_powertools/event_handler/",  # a web framework; its documentation pages alone are 1.7 MB
    *(f"aws_lambda_powertools/utilities/{name}/" for name in ("auth_alpha", "validation", *_POWERTOOLS.split())),
)
_SUFFIXES = {".pyi", ".pyc", ".exe", ".typed", ".md", ".rst", ".pxd", ".pyx", ".c", ".h"}


def wanted(path: PurePosixPath, languages: Collection[str]) -> bool:
    """Whether a dependency's file goes in. `languages`: those that mails are written in."""
    top = path.parts[0]
    if top in _PACKAGES or top.endswith(".dist-info") or path.suffix in _SUFFIXES or "tests" in path.parts:
        return False
    if any(path.match(pattern) for pattern in _PATHS) or path.as_posix().startswith(_TREES):
        return False
    if top == "chalice":
        return len(path.parts) == 2 and path.name in ("__init__.py", "app.py")  # as Chalice packs itself
    if path.parts[:2] == ("babel", "locale-data"):
        return path.stem.split("_")[0] in {"root", "en", *languages}
    if path.parts[:2] == ("botocore", "data") and len(path.parts) > 3:
        return path.parts[2] in OPERATIONS and path.name.startswith(("service-2", "endpoint-rule-set-1"))
    return True


def service(model: dict[str, Any], operations: Collection[str]) -> dict[str, Any]:
    """A botocore service model with these operations and the shapes they need, without its documentation."""
    kept = {name: model["operations"][name] for name in sorted(operations)}
    shapes: dict[str, Any] = {}
    left = list(_shapes(list(kept.values())))
    while left:
        name = left.pop()
        if name not in shapes:
            shapes[name] = model["shapes"][name]
            left += _shapes(shapes[name])
    told = {"version": model["version"], "metadata": model["metadata"], "operations": kept, "shapes": shapes}
    bare: dict[str, Any] = _undocumented(told)
    return bare


def endpoints(known: dict[str, Any]) -> dict[str, Any]:
    """botocore's `endpoints.json` with the services that are called."""
    partitions = [
        {**one, "services": {name: one["services"][name] for name in sorted(_ENDPOINTS & set(one["services"]))}}
        for one in known["partitions"]
    ]
    return {**known, "partitions": partitions}


def _shapes(told: Any) -> Iterable[str]:
    """Names of the shapes that some part of a model refers to."""
    if isinstance(told, dict):
        if isinstance(told.get("shape"), str):
            yield told["shape"]
        for value in told.values():
            yield from _shapes(value)
    elif isinstance(told, list):
        for value in told:
            yield from _shapes(value)


def _undocumented(told: Any) -> Any:
    if isinstance(told, dict):
        # a member may bear that name too: it is an object then, the documentation is a text
        return {
            name: _undocumented(value)
            for name, value in told.items()
            if not (name in ("documentation", "documentationUrl") and isinstance(value, str))
        }
    return [_undocumented(value) for value in told] if isinstance(told, list) else told


def content(path: PurePosixPath, file: Path) -> tuple[PurePosixPath, bytes]:
    """A wanted file as it goes in: botocore's data cut down and unpacked, everything else as it is."""
    data = file.read_bytes()
    if path.parts[:2] != ("botocore", "data"):
        return path, data
    if path.suffix == ".gz":
        path, data = path.with_suffix(""), gzip.decompress(data)
    if path.name == "service-2.json":
        data = _compact(service(json.loads(data), OPERATIONS[path.parts[2]]))
    elif path.name == "endpoints.json":
        data = _compact(endpoints(json.loads(data)))
    return path, data


def _compact(told: Any) -> bytes:
    return json.dumps(told, separators=(",", ":")).encode()
