"""Shopify's own Admin schema, out of the package that Shopify publishes it in; fetched once, kept in build/."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
from functools import lru_cache
from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_client_schema

from chalicelib.platforms.shopify.queries import VERSION

PACKAGE = "@shopify/dev-mcp@1.16.0"
SHA512 = (
    "b6a8119caeec4218dec3e86dc6d95e4c7db79d70797d972cae15a0124a26b28a"
    "c65ef2ce0769a1daea70666f2ecee4c3353667aad2cc7bae3223087ab366b0b7"
)
FOLDER = Path(__file__).resolve().parents[1] / "build" / "shopify"
TARBALL = FOLDER / "shopify-dev-mcp-1.16.0.tgz"
MEMBER = f"package/dist/data/admin_{VERSION}.json.gz"
LARGEST = 100_000_000


class NoSchema(Exception):
    """It could not be had; the text says why."""


def schema() -> GraphQLSchema:
    """The schema. Where it cannot be had: a failure on the build server, a visible skip anywhere else."""
    try:
        return _schema()
    except NoSchema as reason:
        if os.environ.get("CI"):
            pytest.fail(f"Shopify's schema is needed here: {reason}")
        pytest.skip(f"Shopify's schema is not there: {reason}")


@lru_cache
def _schema() -> GraphQLSchema:
    # Shopify deprecates fields of a type whose interface keeps them, which the specification does not allow.
    return build_client_schema(introspection(fetched())["data"], assume_valid=True)


def introspection(tarball: bytes) -> dict:
    """The one member that we want. Raises NoSchema for a tarball that is not the one we know."""
    if hashlib.sha512(tarball).hexdigest() != SHA512:
        raise NoSchema(f"{PACKAGE} is not the package that it was")
    with tarfile.open(fileobj=io.BytesIO(tarball)) as packed:
        member = packed.extractfile(MEMBER)
        if member is None:
            raise NoSchema(f"{PACKAGE} has no {MEMBER}")
        return json.loads(gzip.decompress(member.read(LARGEST)))


def fetched() -> bytes:
    """The package, from build/ or from npm. Raises NoSchema."""
    if not TARBALL.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        _pack()
    return TARBALL.read_bytes()


def _pack() -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise NoSchema("npm is not installed")
    # Packed beside its place and then moved: a run that is interrupted leaves no half tarball behind.
    aside = FOLDER / f"{os.getpid()}"
    aside.mkdir(exist_ok=True)
    try:
        asked = [npm, "pack", PACKAGE, "--silent", "--pack-destination", str(aside)]
        done = subprocess.run(asked, cwd=aside, capture_output=True, text=True, timeout=300)
        if done.returncode:
            raise NoSchema(f"npm pack {PACKAGE} ended with {done.returncode}")
        (aside / TARBALL.name).replace(TARBALL)
    except subprocess.TimeoutExpired:
        raise NoSchema(f"npm pack {PACKAGE} took too long") from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)
