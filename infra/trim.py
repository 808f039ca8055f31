"""What of the dependencies stays out of the zip: what nothing of ours ever loads. The packaged tests notice a mistake.

Each entry says why. Sizes are in docs/decisions.md.
"""

from __future__ import annotations

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
_ENDPOINTS = {"dynamodb", "email", "sts"}  # what botocore calls the addresses of these services
_PACKAGES = {
    "_distutils_hack": "setuptools",
    "_yaml": "flows are compiled when packaged",
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
    "yaml": "flows are compiled when packaged",
}
_PATHS = (
    "babel/messages/*",  # extracting texts from sources
    "phonenumbers/carrierdata/*",  # whose number it is, and where: nobody asks
    "phonenumbers/geodata/*",
    "phonenumbers/tzdata/*",
    "phonenumbers/shortdata/region_*",
    "chalice/cli/*",
    "chalice/deploy/*",
    "chalice/templates/*",
    "**/tests/*",
    "*.pth",
)
_SUFFIXES = {".pyi", ".pyc", ".exe", ".typed", ".md", ".rst", ".pxd", ".pyx", ".c", ".h"}


def wanted(path: PurePosixPath, languages: Collection[str]) -> bool:
    """Whether a dependency's file goes in. `languages`: those that mails are written in."""
    top = path.parts[0]
    if top in _PACKAGES or top.endswith(".dist-info") or path.suffix in _SUFFIXES:
        return False
    if any(path.match(pattern) for pattern in _PATHS):
        return False
    if path.parts[:2] == ("babel", "locale-data"):
        return path.stem.split("_")[0] in {"root", "en", *languages}
    if path.parts[:2] == ("botocore", "data") and len(path.parts) > 3:
        return path.parts[2] in OPERATIONS and path.name.startswith(("service-2", "endpoint-rule-set-1"))
    return True
